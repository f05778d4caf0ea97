/** The prefix below which everything is served as well is `/saysimple`. */
export const NAME = 'saysimple'

/** As documented, and as the released client library has them (contract/saysimple.md 1). */
const BASE_PATHS = ['/insights/v1', '/messaging/v1']
const SHORT_BASE_PATH = '/v1'

export const TOKEN_PATH = '/messaging/v1/auth/authenticate'
export const API_PATH = '/insights/v1'

/** What paths begin with after the short base path: other APIs have the rest of `/v1`, `/v1/auth` included. */
const FIRST_SEGMENTS = ['messages', 'metrics', 'agents', 'channels', 'tags', 'teams', 'events', 'auth/authenticate']

export const OWNED = [...BASE_PATHS, ...FIRST_SEGMENTS.map((segment) => `${SHORT_BASE_PATH}/${segment}`)]

/** The same path below the other base path. */
export function aliases(path: string): string[] {
  const base = BASE_PATHS.find((each) => path.startsWith(each))
  return base === undefined ? [] : [SHORT_BASE_PATH + path.slice(base.length)]
}
