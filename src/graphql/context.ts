import type { WorkspaceReader } from '../db/reader/index.ts'
import type { ReanalyzeDeps } from '../domains/analysis/index.ts'
import type { BrowserTokens, Viewer } from '../domains/auth/index.ts'
import type { CampaignDeps } from '../domains/campaigns/index.ts'
import type { MessagingDeps } from '../domains/messaging/index.ts'
import type { ResponseFilter } from '../domains/reporting/index.ts'
import type { SoundForm, TokenSigner } from '../domains/responses/index.ts'
import type { VoiceFileDeps, VoiceFileForm } from '../domains/voice-files/index.ts'
import type { RequestBuilders } from '../domains/webhooks/index.ts'
import type { World } from '../domains/world.ts'
import type { Tailer } from '../events/index.ts'
import type { RateLimiter } from '../platform/rate-limiter.ts'
import type { Batches } from './batches.ts'

/** What resolvers translate to: made once by compose.ts. */
export interface Services {
  world: World
  tailer: Tailer
  browserTokens: BrowserTokens
  /** Counts attempts to sign in. */
  limiter: RateLimiter
  signer: TokenSigner
  /** The public address of a link's page; `query` is appended when given. */
  linkUrl(workspaceSlug: string, linkSlug: string, query?: Record<string, string>): string
  /** An address that plays or downloads an upload, or what was made of a recording, for an hour. */
  mediaUrl(workspaceId: string, uploadId: string, form?: SoundForm): string
  /** What campaigns stand on. */
  campaigns: CampaignDeps
  /** What queues the work of listening and understanding again. */
  analysis: ReanalyzeDeps
  /** What takes messages of conversations. */
  messaging: MessagingDeps
  voiceFiles: VoiceFileDeps
  /** What a workspace without a budget of its own may have an analyser use in a month; null: any number of tokens. */
  insightTokens: number | null
  /** An address that plays a form of a voice file for an hour. */
  voiceFileUrl(workspaceId: string, voiceFileId: string, form: VoiceFileForm): string
  /** An address that plays a recording of a call for an hour. */
  recordingUrl(workspaceId: string, recordingId: string): string
  /** An address that downloads the responses to a link, until it expires. */
  exportUrl(
    workspaceId: string,
    linkId: string,
    format: 'csv' | 'ndjson' | 'zip',
    filter: ResponseFilter | null | undefined,
  ): { url: string; expiresAt: Date }
  /** How webhooks make their requests, for showing one without sending it. */
  webhookBuilders: RequestBuilders
}

export interface Context extends Services {
  requestId: string
  /** The client's IP address; undefined where a subscription runs for many, and where it is not known. */
  readonly address: string | undefined
  /** Who asks. Reading it throws UNAUTHENTICATED when no credential was given. */
  readonly viewer: Viewer
  /** Every read of rows goes through it: it is bound to the viewer's workspace. */
  readonly reader: WorkspaceReader
  /** Loads that many resolvers of one operation share. */
  readonly batches: Batches
}
