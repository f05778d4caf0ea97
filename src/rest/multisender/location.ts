import type { LegacyRequest } from '../legacy/index.ts'
import { NAME } from './paths.ts'

/**
 * `Location` of something that was just made: an absolute address below `/v1`, whatever base path the caller used, but
 * below the prefix when the caller used that.
 */
export function location({ origin, path }: LegacyRequest, resource: string): { location: string } {
  const prefix = path.startsWith(`/${NAME}/`) ? `/${NAME}` : ''
  return { location: `${origin}${prefix}/v1${resource}` }
}
