import { request } from 'node:http'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { createApiKey, SCOPES, type Scope, type Viewer } from '../../../src/domains/auth/index.ts'
import { type CreateLinkInput, createLink } from '../../../src/domains/links/index.ts'
import { tokenSigner } from '../../../src/domains/responses/index.ts'
import type { World } from '../../../src/domains/world.ts'
import { FakeClock } from '../../../src/platform/clock.ts'
import { deriveKey } from '../../../src/platform/secret.ts'
import { type TestApp, testApp } from '../../kit/app.ts'
import { worldOn } from '../../kit/world.ts'

export interface Reply {
  status: number
  headers: Record<string, string | undefined>
  /** Exactly what came. */
  text: string
  json: any
}

export interface CallOptions {
  /** Null: none. Default: one of all scopes, of the workspace `acme-corp`. */
  key?: string | null
  /** Sent as JSON; a string or bytes as they are. */
  body?: unknown
  headers?: Record<string, string>
}

export interface Tenant {
  viewer: Viewer
  workspaceId: string
  key: string
}

export interface SayifyServer {
  app: TestApp
  world: World
  clock: FakeClock
  acme: Tenant
  other: Tenant
  /** One request as the clients of the product send it, to the host `sayify.pro`; what comes is held against the document. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** A key of acme-corp with these scopes only. */
  keyWith(...scopes: Scope[]): Promise<string>
  /** A link with these ids (its own first, then those of its questions). */
  linkWithIds(ids: string[], input: CreateLinkInput): Promise<void>
  /** The token of a personal address. */
  personalToken(respondentId: string): string
}

const SECRET = 'a secret that only these tests know, really'

/** The whole server, called what the documentation calls it, with the workspace `acme-corp` and another one. */
export async function sayifyServer(
  env: Record<string, string> = {},
  start = '2026-02-10T13:30:00Z',
): Promise<SayifyServer> {
  const clock = new FakeClock(start)
  const app = await testApp(
    {
      PUBLIC_URL: 'https://sayify.pro',
      LINK_ADDRESSES: 'subdomain',
      TRUST_PROXY: 'on',
      APP_SECRET: SECRET,
      SAYIFY_RATE_LIMIT: '0',
      ...env,
    },
    clock,
  )
  const world = worldOn(app.db, clock)
  async function tenant(slug: string): Promise<Tenant> {
    const { workspaceId, key } = await app.otherWorkspace(slug)
    const viewer: Viewer = {
      workspaceId,
      workspaceSlug: slug,
      apiKeyId: world.newId(),
      credential: 'apiKey',
      scopes: new Set(SCOPES),
      expiresAt: null,
    }
    return { viewer, workspaceId, key }
  }
  const acme = await tenant('acme-corp')
  const other = await tenant('other')
  const conforms = await documented(app)

  return {
    app,
    world,
    clock,
    acme,
    other,
    async call(method, path, { key = acme.key, body, headers = {} } = {}) {
      const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
      const reply = await send(app.localUrl, method, path, isRaw || body === undefined ? body : JSON.stringify(body), {
        host: 'sayify.pro',
        'x-forwarded-proto': 'https',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      })
      conforms(method, path, reply)
      return reply
    },
    async keyWith(...scopes) {
      return (await createApiKey(world, acme.viewer, { name: 'A key of some scopes', scopes })).key
    },
    async linkWithIds(ids, input) {
      const rest = [...ids]
      await createLink({ ...world, newId: () => rest.shift()! }, acme.viewer, input)
      expect(rest).toEqual([])
    },
    personalToken: (respondentId) => tokenSigner(deriveKey(SECRET, 'public-token')).sign('respondent', respondentId),
  }
}

function send(
  server: URL,
  method: string,
  path: string,
  body: string | Buffer | undefined,
  headers: Record<string, string>,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    // Not fetch: it names the host itself, and sends no body with GET.
    const length: Record<string, string> =
      body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { host: server.hostname, port: server.port, method, path, headers: { ...length, ...headers } }
    const sent = request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const isJson = String(response.headers['content-type']).startsWith('application/json') && text !== ''
        const json = isJson ? JSON.parse(text) : undefined
        resolve({ status: response.statusCode!, headers: response.headers as Reply['headers'], text, json })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Holds answers of documented operations against the document: the status must be there, the body must fit. */
async function documented(app: TestApp): Promise<(method: string, path: string, reply: Reply) => void> {
  const document = (await (await fetch(new URL('/sayify/openapi.json', app.localUrl))).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>>
  }
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'sayify')
  const templates = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^(/sayify)?${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  }))
  return (method, path, { status, json }) => {
    const template = templates.find(({ pattern }) => pattern.test(path.split('?')[0]!))?.path
    const operation = template && document.paths[template]![method.toLowerCase()]
    if (!operation) return
    expect(Object.keys(operation.responses), `${method} ${template} documents ${status}`).toContain(String(status))
    if (!operation.responses[String(status)]!.content) return
    const place = [
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      status,
      'content',
      'application/json',
      'schema',
    ]
    const pointer = place.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    const validate = ajv.getSchema(`sayify#/${encodeURI(pointer)}`)
    if (!validate) throw new Error(`no schema at ${pointer}`)
    validate(json)
    expect(validate.errors ?? [], `${method} ${path} ${status} against the document`).toEqual([])
  }
}

/** Sets the moments of a row, to the microsecond. */
export async function setDates(
  { app }: Pick<SayifyServer, 'app'>,
  table: 'link' | 'question',
  id: string,
  { date_created, date_updated }: { date_created: string; date_updated: string },
): Promise<void> {
  const dates = sql`created_at = ${date_created}::text::timestamptz, updated_at = ${date_updated}::text::timestamptz`
  await app.db.query(
    table === 'link'
      ? sql`UPDATE link SET ${dates} WHERE id = ${id}::uuid`
      : sql`UPDATE question SET ${dates} WHERE id = ${id}::uuid`,
  )
}

/** The same text with every UUID and every instant replaced by `uuid` and `date`. */
export function byForm(text: string): string {
  return text
    .replace(/"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"/g, '"uuid"')
    .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"/g, '"date"')
}
