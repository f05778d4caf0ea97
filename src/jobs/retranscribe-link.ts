import { retranscribeLink as retranscribe, retranscribeLinkTask } from '../domains/analysis/index.ts'
import type { World } from '../domains/world.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function retranscribeLink(world: World): Implementation {
  return implementTask(retranscribeLinkTask, (asked, { signal }) => retranscribe(world, asked, signal))
}
