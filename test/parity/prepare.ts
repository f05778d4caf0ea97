import type { Bindings } from './bindings.ts'
import { kindOfSegment, mapLeaves, singular } from './bindings.ts'
import { withCredentials } from './credentials.ts'
import type { Entry, Json, RequestBody } from './entry.ts'
import { isIdList } from './match-text.ts'
import { fill, fillJson, type Values } from './templates.ts'
import { isOwnUrl, readPathAndQuery } from './urls.ts'

export interface Prepared {
  method: string
  /** Where to connect to, with path and query. */
  url: URL
  headers: Record<string, string>
  body: Buffer | FormData | undefined
  /** The kind of thing that the path is about. */
  about: string
}

export interface Addresses {
  server: URL
  /** Recorded origins and where their requests go. Empty: all go to the server. */
  from: ReadonlyMap<string, URL>
}

/** Recorded requests of other origins than the chosen ones are left alone. */
export function isWanted({ url }: Entry, { from }: Addresses): boolean {
  return from.size === 0 || !URL.canParse(url) || from.has(new URL(url).origin)
}

/** The request as this server must get it: names filled in, credentials and ids replaced. Throws UnknownName. */
export function prepare(
  entry: Entry,
  addresses: Addresses,
  values: Values,
  bindings: Bindings,
  key?: string,
): Prepared {
  const filled = {
    url: fill(entry.url, values),
    headers: Object.fromEntries(Object.entries(entry.headers).map(([name, text]) => [name, fill(text, values)])),
    body: filledBody(entry.body, values),
  }
  // What was refused for its credential must be refused again.
  const kept = entry.key === null || (entry.key === undefined && entry.expect?.status === 401)
  const own = entry.key ? fill(entry.key, values) : key
  const credentialed = kept ? filled : withCredentials(filled, own, bindings)
  const path = boundPath(pathOf(credentialed.url), bindings)
  const about = aboutOf(path)
  const { url, host } = locate(credentialed.url, path, addresses)
  const { body, type } = written(boundBody(credentialed.body, bindings, about))
  const headers = Object.fromEntries(
    Object.entries(credentialed.headers).map(([name, text]) => [name, bindings.actualText(text)]),
  )
  return {
    method: entry.method,
    url,
    headers: { ...(type ? { 'content-type': type } : {}), ...headers, ...(host ? { host } : {}) },
    body,
    about,
  }
}

/** What the last words of a path say it is about: `contact` for `/v1/contacts/12`. */
export function aboutOf(path: string): string {
  const words = readPathAndQuery(path).segments.filter((segment) => /^[A-Za-z][A-Za-z_-]*$/.test(segment))
  return singular(words.at(-1) ?? '')
}

function pathOf(url: string): string {
  if (!URL.canParse(url)) return url
  const { pathname, search } = new URL(url)
  return pathname + search
}

function locate(recorded: string, path: string, { server, from }: Addresses): { url: URL; host?: string } {
  const absolute = URL.canParse(recorded) ? new URL(recorded) : undefined
  const base = (absolute && from.get(absolute.origin)) ?? server
  // An address that this server gave out, often of a host below its own, which need not resolve here.
  if (absolute && isOwnUrl(absolute, server)) return { url: new URL(path, server), host: absolute.host }
  return { url: new URL(base.pathname.replace(/\/$/, '') + path, base) }
}

/** Ids of the path and the query replaced, all else as it was recorded. */
function boundPath(text: string, bindings: Bindings): string {
  const [, path = '', search] = /^([^?#]*)(?:\?([^#]*))?/.exec(text)!
  const segments = path.split('/')
  const bound = segments.map((segment, index) => {
    if (/^\d+$/.test(segment)) return bindings.actualNumber(kindOfSegment(segments, index), segment)
    const plain = decoded(segment)
    const actual = bindings.actualText(plain)
    return actual === plain ? segment : encodeURIComponent(actual)
  })
  if (search === undefined) return bound.join('/')
  const parameters = search.split('&').map((parameter) => {
    const [name, value] = [...new URLSearchParams(parameter)][0] ?? []
    if (name === undefined || value === undefined) return parameter
    const actual = boundLeaf(value, name, '', bindings)
    return actual === value
      ? parameter
      : `${parameter.slice(0, parameter.indexOf('=') + 1)}${encodeURIComponent(actual)}`
  })
  return `${bound.join('/')}?${parameters.join('&')}`
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function boundLeaf(leaf: string, key: string, around: string, bindings: Bindings): string {
  bindings.sent(leaf)
  const kind = bindings.kindOf(key, around)
  if (kind !== undefined && isIdList(leaf))
    return leaf
      .split(',')
      .map((id) => bindings.actualNumber(kind, id))
      .join(',')
  return bindings.actualText(leaf)
}

function boundBody(body: RequestBody, bindings: Bindings, about: string): RequestBody {
  switch (body.kind) {
    case 'json': {
      const bound = (leaf: string | number, key: string, around: string): Json => {
        if (typeof leaf === 'string') return boundLeaf(leaf, key, around, bindings)
        const kind = bindings.kindOf(key, around)
        return kind !== undefined && Number.isInteger(leaf) ? numberOr(bindings.actualNumber(kind, String(leaf))) : leaf
      }
      return { kind: 'json', value: mapLeaves(body.value, bound, '', about) }
    }
    case 'form':
      return {
        kind: 'form',
        fields: body.fields.map(([name, value]) => [name, boundLeaf(value, name, about, bindings)]),
      }
    case 'multipart': {
      const bound = (value: string, name: string) => boundLeaf(value, name, about, bindings)
      return { kind: 'multipart', parts: body.parts.map((part) => ({ ...part, value: bound(part.value, part.name) })) }
    }
    case 'text':
      return { kind: 'text', text: bindings.actualText(body.text) }
    default:
      return body
  }
}

/** A number may have become a decimal text on the way. */
function numberOr(text: string): Json {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

function filledBody(body: RequestBody, values: Values): RequestBody {
  switch (body.kind) {
    case 'json':
      return { kind: 'json', value: fillJson(body.value, values) }
    case 'text':
      return { kind: 'text', text: fill(body.text, values) }
    case 'form':
      return { kind: 'form', fields: body.fields.map(([name, value]) => [name, fill(value, values)]) }
    default:
      return body
  }
}

/** `type`: what the content is said to be unless the recording says it. */
function written(body: RequestBody): { body?: Buffer | FormData; type?: string } {
  switch (body.kind) {
    case 'none':
      return {}
    case 'json':
      return { body: Buffer.from(JSON.stringify(body.value)), type: 'application/json' }
    case 'text':
      return { body: Buffer.from(body.text) }
    case 'bytes':
      return { body: body.bytes }
    case 'form':
      return {
        body: Buffer.from(new URLSearchParams(body.fields).toString()),
        type: 'application/x-www-form-urlencoded',
      }
    case 'multipart': {
      const form = new FormData()
      for (const { name, value, fileName, contentType } of body.parts) {
        if (fileName === undefined) form.append(name, value)
        else form.append(name, new Blob([value], { type: contentType }), fileName)
      }
      return { body: form }
    }
  }
}
