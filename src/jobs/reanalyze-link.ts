import { reanalyzeLink as reanalyze, reanalyzeLinkTask } from '../domains/analysis/index.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function reanalyzeLink(world: World): Implementation {
  return implementTask(reanalyzeLinkTask, (asked, { signal }) => reanalyze(world, asked, signal))
}
