import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Multipart } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Refused } from './refusal.ts'

/** How an API reads what is sent. */
export interface ReadingRules {
  /**
   * By media type, lower case; an empty one is for a body whose type is not said, `*` for all that have no other. A body of
   * another type is refused.
   */
  parsers: Readonly<Record<string, (body: RequestBody) => Promise<unknown>>>
  /** The most bytes of a body that is read whole; a parser that streams judges by itself. */
  maxBodyBytes: number
  /** By default each name once, the last one counts. */
  parseQuery?(query: string): Record<string, unknown>
}

/** A request as the parts of a legacy API see it. */
export interface LegacyRequest {
  id: string
  method: string
  headers: IncomingHttpHeaders
  /** Address of the caller. */
  ip: string
  /** Scheme and host as the caller used them, such as `https://sayify.pro`. */
  origin: string
  /** As sent, without the query. */
  path: string
  /** As sent, without the question mark; empty when there is none. */
  search: string
  query: Record<string, unknown>
  /** The parsed body; undefined when there is none. Read at the first call, by the API's parser. Throws `Refused`. */
  body(): Promise<unknown>
}

/** A body that has not been read. */
export interface RequestBody {
  /** The whole header, empty when it is missing. */
  contentType: string
  stream: AsyncIterable<Uint8Array>
  /** All of it. Throws `Refused` when it is larger than the API accepts or does not arrive. */
  bytes(): Promise<Buffer>
  /** Of a multipart body: its parts as they arrive. Each file is read, or left, before the next part is asked for. */
  parts(limits: PartLimits): AsyncIterable<Multipart>
}

export type PartLimits = NonNullable<NonNullable<Parameters<FastifyRequest['parts']>[0]>['limits']>

export function legacyRequest(rules: ReadingRules, request: FastifyRequest): LegacyRequest {
  const at = request.url.indexOf('?')
  const search = at < 0 ? '' : request.url.slice(at + 1)
  let parsed: Promise<unknown> | undefined
  return {
    id: request.id,
    method: request.method,
    headers: request.headers,
    ip: request.ip,
    origin: `${request.protocol}://${request.host}`,
    path: at < 0 ? request.url : request.url.slice(0, at),
    search,
    query: (rules.parseQuery ?? lastOfEach)(search),
    body() {
      parsed ??= readBody(rules, request)
      return parsed
    },
  }
}

function lastOfEach(search: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(search))
}

async function readBody(rules: ReadingRules, request: FastifyRequest): Promise<unknown> {
  const { raw, headers } = request
  const announced = Number(headers['content-length'] ?? 0)
  if (announced === 0 && headers['transfer-encoding'] === undefined) return undefined
  const contentType = headers['content-type'] ?? ''
  const mediaType = contentType.split(';', 1)[0]!.trim().toLowerCase()
  const parser = Object.hasOwn(rules.parsers, mediaType) ? rules.parsers[mediaType] : rules.parsers['*']
  if (!parser) {
    const supported = Object.keys(rules.parsers)
    throw new Refused({ kind: 'unsupported_media_type', mediaType: contentType, supported })
  }
  return parser({
    contentType,
    stream: raw,
    bytes: () => readAll(raw, announced, rules.maxBodyBytes),
    parts(limits) {
      // What Fastify would find out by itself, had the request not been answered before it looks at bodies.
      request.isMultipart = () => true
      return request.parts({ limits })
    },
  })
}

async function readAll(raw: IncomingMessage, announced: number, maxBytes: number): Promise<Buffer> {
  if (announced > maxBytes) throw new Refused({ kind: 'too_large' })
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > maxBytes) throw new Refused({ kind: 'too_large' })
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Refused) throw error
    throw new Refused({ kind: 'malformed_body', message: 'The body did not arrive.' })
  }
  return Buffer.concat(chunks)
}

/** The parser of a JSON body. An empty one is none. Throws `Refused` for what is not JSON in UTF-8. */
export async function parseJson(body: RequestBody): Promise<unknown> {
  const bytes = await body.bytes()
  if (bytes.length === 0) return undefined
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const message = error instanceof SyntaxError ? error.message : 'The body is not UTF-8.'
    throw new Refused({ kind: 'malformed_body', message })
  }
}

/** The parser of an HTML form without files: an object of texts, lists for names given more than once. */
export async function parseForm(body: RequestBody): Promise<unknown> {
  const fields = new URLSearchParams((await body.bytes()).toString('utf8'))
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const values = fields.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}
