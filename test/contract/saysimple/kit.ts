import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect } from 'vitest'
import { addSigningKey, createApiKey, type Scope, type Viewer } from '../../../src/domains/auth/index.ts'
import { updateMessageSettings } from '../../../src/domains/messaging/index.ts'
import type { World } from '../../../src/domains/world.ts'
import { FakeClock } from '../../../src/platform/clock.ts'
import { type TestApp, type TestAppOptions, testApp } from '../../kit/app.ts'
import { worldOn } from '../../kit/world.ts'
import { holdAgainstDocument, type Reply, send, tenantOf } from '../wire.ts'
import { ADD_MESSAGE } from './literals.ts'

export type { Reply } from '../wire.ts'

export const BASE = '/insights/v1'
export const TOKEN_PATH = '/messaging/v1/auth/authenticate'
export const MESSAGES = `${BASE}/messages`
export const RESOLVE_PATH = `${BASE}/events/conversations/resolve`
/** What `moreInfo` begins with. */
export const DOCUMENTATION = 'https://say.example.com/docs/intelligence'

export const METRIC_PATHS = [
  'messages/sum',
  'messages/sent-paid-templates/sum',
  'messages/distribution',
  'messages/response-times/average',
  'active-contacts/sum',
  'active-contacts/distribution',
  'conversations/first-reply-times/median',
  'conversations/first-reply-times/average',
  'conversations/first-reply-times-business-hours/median',
  'conversations/first-reply-times-business-hours/average',
  'conversations/resolved',
  'conversations/tags',
  'conversations/resolve-times/median',
  'conversations/resolve-times/average',
  'conversations/messages/average',
  'conversations/unique',
].map((path) => `${BASE}/metrics/${path}`)

export const LIST_PATHS = ['agents', 'channels', 'tags', 'teams'].map((path) => `${BASE}/${path}`)

/** Every operation (contract/saysimple.md 4). */
export const OPERATIONS: [method: string, path: string][] = [
  ['POST', MESSAGES],
  ...METRIC_PATHS.map((path): [string, string] => ['GET', path]),
  ...LIST_PATHS.map((path): [string, string] => ['GET', path]),
  ['POST', RESOLVE_PATH],
  ['POST', TOKEN_PATH],
]

/** Made as the documentation says, but by Node. */
export const [clientKeys, strangerKeys] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2_048 })) as [
  KeyPair,
  KeyPair,
]
type KeyPair = { publicKey: KeyObject; privateKey: KeyObject }

export const publicPem = ({ publicKey }: KeyPair) => publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** A JSON Web Token as a client signs it, by nothing but what Node has. */
export function signedToken(claims: object, { privateKey }: KeyPair = clientKeys, header: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(claims)}`
  return `${content}.${sign('RSA-SHA256', Buffer.from(content), privateKey).toString('base64url')}`
}

export interface CallOptions {
  /** Null: none. Default: an access token of all scopes, of the workspace `acme`, that is valid now. */
  token?: string | null
  /** Sent as JSON; a string or bytes as they are. */
  body?: unknown
  headers?: Record<string, string>
}

export interface Tenant {
  viewer: Viewer
  workspaceId: string
  /** An API key with `clientKeys` as signing key. */
  key: string
  apiKeyId: string
  signingKeyId: string
}

export interface SaysimpleServer {
  app: TestApp
  world: World
  clock: FakeClock
  acme: Tenant
  other: Tenant
  /** One request as the clients of the product send it; what comes is held against the document. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** The same; fails unless status and body are these. */
  answers(status: number, text: string, method: string, path: string, options?: CallOptions): Promise<Reply>
  /** Swaps what a client signed; the answer's access token. */
  accessToken(key: string): Promise<string>
  /** An access token of acme with these scopes only. */
  tokenWith(...scopes: Scope[]): Promise<string>
  /** Adds the documented message, changed. */
  add(changes?: object, options?: CallOptions): Promise<void>
  /** Reads a metric, its path below `/metrics`. */
  metric(path: string, query?: Record<string, string | string[]> | string, options?: CallOptions): Promise<any>
  tenants(...names: string[]): Promise<void>
}

/** The whole server with the workspaces `acme` and `other`, at a time of the documentation's examples. */
export async function saysimpleServer(
  env: Record<string, string> = {},
  options: TestAppOptions = {},
): Promise<SaysimpleServer> {
  const clock = new FakeClock('2020-06-10T12:00:00.000Z')
  const app = await testApp({ PUBLIC_URL: 'https://say.example.com', ...env }, clock, { role: 'api', ...options })
  const world = worldOn(app.db, clock)

  async function tenant(slug: string): Promise<Tenant> {
    const { viewer, workspaceId } = await tenantOf(app, world, slug)
    return { viewer, workspaceId, ...(await withKey(viewer)) }
  }
  async function withKey(viewer: Viewer, scopes?: Scope[]) {
    const { id, key } = await createApiKey(world, viewer, { name: 'A client', ...(scopes ? { scopes } : {}) })
    const input = { apiKeyId: id, publicKey: publicPem(clientKeys) }
    return { key, apiKeyId: id, signingKeyId: (await addSigningKey(world, viewer, input)).id }
  }
  const acme = await tenant('acme')
  const other = await tenant('other')
  const canonical = (path: string) =>
    path
      .replace(/^\/saysimple(?=\/)/, '')
      .replace(/\/$/, '')
      .replace(/^\/v1\/auth\//, '/messaging/v1/auth/')
      .replace(/^\/v1\//, `${BASE}/`)
  const conforms = await holdAgainstDocument(app, 'saysimple', canonical)

  let current: { token: string; until: number } | undefined
  async function currentToken(): Promise<string> {
    const now = clock.now().getTime()
    if (!current || now > current.until || now < current.until - 240_000) {
      current = { token: await accessToken(acme.key), until: now + 240_000 }
    }
    return current.token
  }

  async function call(method: string, path: string, { token, body, headers = {} }: CallOptions = {}) {
    const credential = token === undefined ? await currentToken() : token
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined
    const reply = await send(app.localUrl, method, path, isRaw ? body : JSON.stringify(body), {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
      ...headers,
    })
    conforms(method, path, reply)
    return reply
  }

  async function answers(status: number, text: string, method: string, path: string, rest?: CallOptions) {
    const reply = await call(method, path, rest)
    expect(reply.text, `${method} ${path}`).toBe(text)
    expect([method, path, reply.status]).toEqual([method, path, status])
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    return reply
  }

  async function accessToken(key: string): Promise<string> {
    const seconds = Math.floor(clock.now().getTime() / 1_000)
    const token = signedToken({ key, iat: seconds, exp: seconds + 300 })
    const { status, json, text } = await call('POST', TOKEN_PATH, { token })
    expect(status, text).toBe(200)
    return json.accessToken
  }

  return {
    ...{ app, world, clock, acme, other, call, answers, accessToken },
    async tokenWith(...scopes) {
      return accessToken((await withKey(acme.viewer, scopes)).key)
    },
    async add(changes = {}, rest) {
      await answers(201, '""', 'POST', MESSAGES, { ...rest, body: { ...JSON.parse(ADD_MESSAGE), ...changes } })
    },
    async metric(path, query = {}, rest) {
      const pairs =
        typeof query === 'string'
          ? []
          : Object.entries(query).flatMap(([name, value]) => [value].flat().map((each) => [name, each]))
      const search = typeof query === 'string' ? query : new URLSearchParams(pairs as [string, string][]).toString()
      const { status, json, text } = await call('GET', `${BASE}/metrics/${path}?${search}`, rest)
      expect(status, text).toBe(200)
      return json
    },
    async tenants(...names) {
      await updateMessageSettings(world, acme.viewer, { tenants: names })
    },
  }
}

/** A refusal as this API writes it. */
export function failure(code: number, message: string): string {
  return JSON.stringify({ code, message, moreInfo: `${DOCUMENTATION}/errors/${code}` })
}

/** What is said of wrong fields, in their order. */
export function malformed(fields: Record<string, string>): string {
  const pairs = Object.entries(fields).map(([name, text]) => `fields[${name}]=${encodeURIComponent(text)}`)
  const moreInfo = `${DOCUMENTATION}/errors/1536?${pairs.join('&')}`
  return JSON.stringify({ code: 1536, message: 'Malformed query parameters', moreInfo })
}

export const UNAUTHORIZED = failure(401, 'Unauthorized')
export const FORBIDDEN = failure(403, 'Forbidden')
export const CONFLICT = failure(409, 'Conflict')
export const UNKNOWN = failure(404, 'Resource not found')
