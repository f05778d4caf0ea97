import { expect } from 'vitest'
import { createApiKey, createUser, type Scope, type Viewer } from '../../../src/domains/auth/index.ts'
import type { World } from '../../../src/domains/world.ts'
import { FakeClock } from '../../../src/platform/clock.ts'
import { createSealer } from '../../../src/platform/sealed.ts'
import { deriveKey } from '../../../src/platform/secret.ts'
import { type TestApp, type TestAppOptions, testApp } from '../../kit/app.ts'
import { worldOn } from '../../kit/world.ts'
import { holdAgainstDocument, type Reply, send, tenantOf } from '../wire.ts'

export type { Reply } from '../wire.ts'

export interface CallOptions {
  /** Null: none. Default: one of all scopes, of the workspace `acme`. */
  token?: string | null
  /** Sent as JSON; a string or bytes as they are. */
  body?: unknown
  headers?: Record<string, string>
}

export interface Tenant {
  viewer: Viewer
  workspaceId: string
  /** An API key of all scopes. */
  token: string
}

export interface MultisenderServer {
  app: TestApp
  world: World
  clock: FakeClock
  acme: Tenant
  other: Tenant
  /** One request as the clients of the product send it, to the host `api.multisender.net`; what comes is held against the document. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** The same; fails unless the status is `status`. Gives the body. */
  ok(status: number, method: string, path: string, options?: CallOptions): Promise<any>
  /** A key of acme with these scopes only. */
  tokenWith(...scopes: Scope[]): Promise<string>
  /** A user of a tenant, who can log in. */
  user(tenant: Tenant, email: string, password: string): Promise<void>
}

export const HOST = 'https://api.multisender.net'
/** When the tests begin. */
export const START = '2017-01-01T12:00:00.000Z'
/** The same as this API writes it. */
export const NOW = '2017-01-01 12:00:00'

const SECRET = 'a secret that only these tests know, really'
const BASE = /^(\/multisender)?(\/v1|\/vi)?(?=\/)/

/** The whole server with the workspaces `acme` and `other`. */
export async function multisenderServer(
  env: Record<string, string> = {},
  options: TestAppOptions = {},
): Promise<MultisenderServer> {
  const clock = new FakeClock(START)
  const app = await testApp({ PUBLIC_URL: HOST, TRUST_PROXY: 'on', APP_SECRET: SECRET, ...env }, clock, options)
  const world = { ...worldOn(app.db, clock), sealer: createSealer(deriveKey(SECRET, 'sealed')) }
  async function tenant(slug: string): Promise<Tenant> {
    const { key: token, ...rest } = await tenantOf(app, world, slug)
    return { ...rest, token }
  }
  const acme = await tenant('acme')
  const other = await tenant('other')
  const conforms = await holdAgainstDocument(app, 'multisender', (path) => path.replace(BASE, '/v1'))

  async function call(method: string, path: string, { token = acme.token, body, headers = {} }: CallOptions = {}) {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    // As the tables of the documentation have it: one name of the header for reading and creating, one for the rest.
    const name = method === 'PUT' || method === 'DELETE' ? 'x-authentication-token' : 'x-access-token'
    const reply = await send(app.localUrl, method, path, isRaw || body === undefined ? body : JSON.stringify(body), {
      host: 'api.multisender.net',
      'x-forwarded-proto': 'https',
      accept: 'application/json',
      'content-type': 'application/json',
      ...(token === null ? {} : { [name]: token }),
      ...headers,
    })
    conforms(method, path, reply)
    return reply
  }

  return {
    app,
    world,
    clock,
    acme,
    other,
    call,
    async ok(status, method, path, options) {
      const reply = await call(method, path, options)
      expect([reply.status, reply.status === status ? '' : reply.text], `${method} ${path}`).toEqual([status, ''])
      return reply.json
    },
    async tokenWith(...scopes) {
      return (await createApiKey(world, acme.viewer, { name: 'A key of some scopes', scopes })).key
    },
    async user({ viewer }, email, password) {
      await createUser(world, viewer, { email, password })
    },
  }
}

/** A failure as this API writes it, to the letter. */
export function failure(status: number, message: string, errors?: Record<string, string[]>): string {
  return JSON.stringify({ status, message, ...(errors ? { errors } : {}) })
}

const FORMS: [RegExp, (value: unknown) => boolean][] = [
  [/^string or null$|^string, if receiver is/, (value) => value === null || typeof value === 'string'],
  [/^int, if receiver is group/, (value) => value === null || Number.isInteger(value)],
  [/YYYY-MM-DD HH:MM:SS$/i, (value) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(String(value))],
  [/^HH:MM:SS$/, (value) => /^\d\d:\d\d:\d\d$/.test(String(value))],
  [/^string/, (value) => typeof value === 'string'],
  [/^int, 1 or 0$/, (value) => value === 0 || value === 1],
  [/^int/, (value) => Number.isInteger(value)],
  [/^float$/, (value) => typeof value === 'number'],
  [/^array$/, (value) => Array.isArray(value)],
]

/**
 * Holds a body against a literal of the documentation, such as `{ 'filterId':'int' }`: the same keys in the same order
 * at every level, values of the types that it names. Lists may have any length, but not none; beyond those of the literal, elements are like
 * its first. `unset`: keys that may be null all the same.
 */
export function fitsLiteral(value: unknown, literal: string, unset: readonly string[] = []): void {
  const parsed = JSON.parse(literal.replaceAll("'", '"').replace(/,(\s*[}\]])/g, '$1'))
  compare(value, parsed, '$', unset)
}

function compare(value: unknown, model: unknown, at: string, unset: readonly string[]): void {
  if (Array.isArray(model)) {
    expect(Array.isArray(value) && value.length > 0, `${at} is a list with something in it`).toBe(true)
    for (const [index, item] of (value as unknown[]).entries())
      compare(item, model[index] ?? model[0], `${at}[${index}]`, unset)
  } else if (typeof model === 'object' && model !== null) {
    expect(Object.keys(value as object), at).toEqual(Object.keys(model))
    for (const [key, inner] of Object.entries(model)) {
      const given = (value as Record<string, unknown>)[key]
      if (given !== null || !unset.includes(key)) compare(given, inner, `${at}.${key}`, unset)
    }
  } else {
    const form = FORMS.find(([pattern]) => pattern.test(String(model)))
    // What is of no type in the documentation is an example; it only has to be a text.
    const fits = form ? form[1](value) : typeof value === 'string'
    expect(fits, `${at}: ${JSON.stringify(value)} is ${model}`).toBe(true)
  }
}
