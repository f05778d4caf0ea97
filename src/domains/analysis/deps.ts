import type { Audio } from '../../providers/audio/index.ts'
import type { InsightProvider } from '../../providers/insight/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import type { Transcription } from '../../providers/transcription/index.ts'
import type { Queue } from '../../queue/index.ts'
import type { World } from '../world.ts'

export interface AnalysisDeps {
  world: World
  queue: Pick<Queue, 'send'>
  storage: Storage
  audio: Audio
  transcription: Transcription
  /** Null: nothing is analysed here; findings may still be recorded by an analyser of the workspace's own. */
  insight: InsightProvider | null
  /** What stands in when the workspace's budget is used up or `insight` fails for good; costs nothing. */
  fallback: InsightProvider | null
  /** What a workspace without a budget of its own may use in a month; null or absent: as many tokens as it wants. */
  monthlyTokens?: number | null | undefined
}

export interface WorkOptions {
  signal: AbortSignal
  /** Whether nobody will try again, so that whatever goes wrong is settled. */
  last: boolean
}
