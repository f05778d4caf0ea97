import type { Viewer } from '../../domains/auth/index.ts'
import type { World } from '../../domains/world.ts'
import type { Logger } from '../../platform/logger.ts'

export interface SayifyDeps {
  world: World
  logger: Logger
  /** The viewer that a key or a browser token stands for. Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Counts a request. Throws RATE_LIMITED. Absent: no limit. */
  limit?(viewer: Viewer): Promise<void>
  /** The public page of a link. */
  linkUrl(workspaceSlug: string, linkSlug: string): string
  /** An address of an upload that does not expire: clients keep it. */
  mediaUrl(workspaceId: string, uploadId: string, mediaType: string): string
  maxBodyBytes: number
}
