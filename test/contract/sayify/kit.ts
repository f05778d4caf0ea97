import { expect } from 'vitest'
import type { Database } from '../../../src/db/database.ts'
import { sql } from '../../../src/db/sql.ts'
import { createApiKey, type Scope, type Viewer } from '../../../src/domains/auth/index.ts'
import { type CreateLinkInput, createLink } from '../../../src/domains/links/index.ts'
import { tokenSigner } from '../../../src/domains/responses/index.ts'
import type { World } from '../../../src/domains/world.ts'
import { FakeClock } from '../../../src/platform/clock.ts'
import { deriveKey } from '../../../src/platform/secret.ts'
import { type TestApp, testApp } from '../../kit/app.ts'
import { worldOn } from '../../kit/world.ts'
import { holdAgainstDocument, type Reply, send, tenantOf } from '../wire.ts'

export type { Reply } from '../wire.ts'

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
  const tenant = (slug: string): Promise<Tenant> => tenantOf(app, world, slug)
  const acme = await tenant('acme-corp')
  const other = await tenant('other')
  const conforms = await holdAgainstDocument(app, 'sayify')

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

/** Empties links and what hangs on them. The server's jobs lock some of the tables in another order, for a moment. */
export async function wipe({ script }: Pick<Database, 'script'>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await script('TRUNCATE link, question, transcript, insight, webhook, legacy_counter CASCADE')
    } catch (error) {
      if (attempt === 3 || !String(error).includes('deadlock detected')) throw error
    }
  }
}
