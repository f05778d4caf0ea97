import { type Bindings, kindOfSegment } from './bindings.ts'
import { readDate } from './dates.ts'
import { isIdLike, isUuid } from './forms.ts'

/** Parameters of addresses that are signed or secret: only that they are there can be compared. */
const BY_FORM: ReadonlySet<string> = new Set(['signature', 'expires', 'token', 'access_token', 'auth_token'])

export interface UrlContext {
  bindings: Bindings
  hosts: readonly string[]
  /** Where the requests go. Its own host, any below it, and below a path that it has. */
  server: URL
}

/** Whether the text is an address of the recorded server. */
export function isRecordedUrl(text: string, hosts: readonly string[]): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const { host, hostname } = new URL(text)
  return hosts.some((pattern) => {
    if (!pattern.startsWith('*.')) return pattern === host || pattern === hostname
    const end = pattern.slice(1)
    return hostname.endsWith(end) && !hostname.slice(0, -end.length).includes('.')
  })
}

/** Whether the address is one of this server or of a host below it. All names of this machine are one. */
export function isOwnUrl(url: URL, server: URL): boolean {
  if (portOf(url) !== portOf(server)) return false
  if (url.hostname === server.hostname || url.hostname.endsWith(`.${server.hostname}`)) return true
  return isThisMachine(url.hostname) && isThisMachine(server.hostname)
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80')
}

/** What is different about an address of the recorded server and its counterpart; undefined: nothing. */
export function urlFault(recorded: string, actual: string, context: UrlContext): string | undefined {
  if (!URL.canParse(actual)) return 'not an absolute URL'
  const url = new URL(actual)
  if (!isOwnUrl(url, context.server)) return `not an address of ${context.server.host} or below it`
  return pathFault(pathOf(recorded), withoutPrefix(pathOf(actual), context.server), context)
}

function pathOf(absolute: string): string {
  const { pathname, search } = new URL(absolute)
  return pathname + search
}

/** A server may be mounted below a path. */
function withoutPrefix(path: string, server: URL): string {
  const prefix = server.pathname.replace(/\/$/, '')
  return prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
}

/** The same of a path and its query, ids bound. */
export function pathFault(recorded: string, actual: string, { bindings }: UrlContext): string | undefined {
  const [there, here] = [readPathAndQuery(recorded), readPathAndQuery(actual)]
  if (there.segments.length !== here.segments.length) return 'another path'
  for (const [index, segment] of there.segments.entries()) {
    const kind = kindOfSegment(there.segments, index)
    const fault = partFault(segment, here.segments[index]!, kind, bindings)
    if (fault) return `path segment ${index}: ${fault}`
  }
  for (const name of new Set(there.query.keys())) {
    const [values, others] = [there.query.getAll(name), here.query.getAll(name)]
    if (values.length !== others.length) return `query parameter ${name} is missing, or not as often there`
    const kind = bindings.kindOf(name, '')
    if (BY_FORM.has(name)) continue
    const faults = values.map((value, index) => partFault(value, others[index]!, kind, bindings))
    const fault = faults.find((text) => text !== undefined)
    if (fault) return `query parameter ${name}: ${fault}`
  }
  const extra = [...here.query.keys()].find((name) => !there.query.has(name))
  return extra === undefined ? undefined : `query parameter ${extra} is extra`
}

export function readPathAndQuery(text: string) {
  const [, path = '', search = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(text)!
  return { segments: path.split('/').map(decoded), query: new URLSearchParams(search) }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function partFault(recorded: string, actual: string, kind: string | undefined, bindings: Bindings): string | undefined {
  if (bindings.isListed(recorded)) {
    return isIdLike(actual) || recorded === actual ? bindings.bind(recorded, actual) : `${actual} is no id`
  }
  if (isUuid(recorded)) return isUuid(actual) ? bindings.bind(recorded, actual) : `${actual} is no UUID`
  const numbers = kind !== undefined && kind !== '' && /^\d+$/.test(recorded) && /^\d+$/.test(actual)
  if (numbers) return bindings.bind(recorded, actual, kind)
  if (recorded === actual) return undefined
  const [then, now] = [readDate(recorded), readDate(actual)]
  if (then && now && !bindings.isChosen(then.instant)) return undefined
  return `${recorded} became ${actual}`
}
