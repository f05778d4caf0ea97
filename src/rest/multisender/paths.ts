/** The prefix below which everything is served as well is `/multisender`. */
export const NAME = 'multisender'

/** What paths begin with after their base path (contract/README.md): other APIs have the rest of `/v1`. */
const FIRST_SEGMENTS = [
  'accounts',
  'groups',
  'calls',
  'click_to_calls',
  'emails',
  'login',
  'rsvp_calls',
  'smses',
  'subusers',
  'voice_files',
]

/** The documentation's one example has `/vi`, with a letter; both it and no base path at all are equals of `/v1`. */
const BASE_PATHS = ['/v1', '/vi', '']

export const OWNED = ['/vi', ...FIRST_SEGMENTS.flatMap((segment) => [`/v1/${segment}`, `/${segment}`])]

/** The same path below the other base paths. */
export function aliases(path: string): string[] {
  const [first, ...others] = BASE_PATHS
  return others.map((base) => path.replace(first!, base))
}
