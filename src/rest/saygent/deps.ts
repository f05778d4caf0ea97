import type { Viewer } from '../../domains/auth/index.ts'
import type { CampaignDeps } from '../../domains/campaigns/index.ts'
import type { World } from '../../domains/world.ts'
import type { Logger } from '../../platform/logger.ts'
import type { HttpStatusMode } from './http-status.ts'

export interface SaygentDeps {
  world: World
  logger: Logger
  /** The viewer that a key or a browser token stands for. Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Counts a request. Throws RATE_LIMITED. */
  limit(viewer: Viewer): Promise<void>
  campaigns: CampaignDeps
  httpStatus: HttpStatusMode
  maxBodyBytes: number
}
