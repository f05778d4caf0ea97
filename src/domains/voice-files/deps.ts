import type { Speech } from '../../providers/speech/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import type { Queue } from '../../queue/index.ts'
import type { World } from '../world.ts'

/** What making a voice file stands on; what prepares it later has more (prepare-voice-file.ts). */
export interface VoiceFileDeps {
  world: World
  queue: Pick<Queue, 'send'>
  speech: Pick<Speech, 'voices'>
  storage: Storage
  /** The most bytes of one file. */
  maxUploadBytes: number
}

/** A voice file that is still pending after this long will never be anything else: it has failed. */
export const PENDING_MS = 24 * 3_600_000
