import type { Logger } from '../../platform/logger.ts'
import type { Media, Telephony } from '../../providers/telephony/index.ts'
import type { CampaignDeps } from '../campaigns/index.ts'

/** What dialling needs beyond campaigns. */
export interface CallDeps extends CampaignDeps {
  telephony: Telephony
  logger: Logger
  /** Where a provider finds the audio of a voice file. */
  voiceFileMedia(workspaceId: string, voiceFileId: string, durationMs: number | undefined): Media
  /** A recording is to be fetched. */
  onRecorded?(): void
  /** A voice is to say something that a call waits for. */
  onSpeech?(): void
}

/** News travel, and a provider may be slow: so much longer than it should take. */
export const NEWS_MARGIN_MS = 5_000

/** How soon somebody looks again at a call whose look-after died on the way. */
export const LOOK_AGAIN_MS = 15_000

/** When nobody could ask the provider for so long, nobody can tell what became of a call. */
export const GIVE_UP_MS = 2 * 3_600_000
