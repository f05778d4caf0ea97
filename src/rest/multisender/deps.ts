import type { LoginDeps, Viewer } from '../../domains/auth/index.ts'
import type { CampaignDeps } from '../../domains/campaigns/index.ts'
import type { VoiceFileDeps, VoiceFileForm } from '../../domains/voice-files/index.ts'
import type { World } from '../../domains/world.ts'
import type { Logger } from '../../platform/logger.ts'

export interface MultisenderDeps {
  world: World
  logger: Logger
  /** The viewer that an API key or a user's legacy token stands for. Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Counts failed logins. */
  limiter: LoginDeps['limiter']
  voiceFiles: VoiceFileDeps
  /** An address of a voice file that does not expire: clients keep it. */
  voiceFileUrl(workspaceId: string, voiceFileId: string, form: VoiceFileForm): string
  campaigns: CampaignDeps
  /** Of the hours in which campaigns call, IANA (contract/multisender.md A5). */
  timeZone: string
  maxBodyBytes: number
}
