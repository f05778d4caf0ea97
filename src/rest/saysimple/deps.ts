import type { IssuedAccessToken, Viewer } from '../../domains/auth/index.ts'
import type { MessagingDeps } from '../../domains/messaging/index.ts'
import type { World } from '../../domains/world.ts'
import type { Logger } from '../../platform/logger.ts'

export interface SaysimpleDeps {
  world: World
  logger: Logger
  messaging: MessagingDeps
  /** The viewer that an access token or an API key stands for. Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** An access token for what a client signed. Throws UNAUTHENTICATED. */
  exchange(signed: string): Promise<IssuedAccessToken>
  /** Where `moreInfo` leads to. */
  publicUrl: URL
  maxBodyBytes: number
}
