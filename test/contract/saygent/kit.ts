import { expect } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { createApiKey, type Scope, type Viewer } from '../../../src/domains/auth/index.ts'
import { type CreateLinkInput, createLink } from '../../../src/domains/links/index.ts'
import type { RespondentStatus } from '../../../src/domains/responses/index.ts'
import type { World } from '../../../src/domains/world.ts'
import { FakeClock } from '../../../src/platform/clock.ts'
import { type TestApp, testApp } from '../../kit/app.ts'
import { worldOn } from '../../kit/world.ts'
import { holdAgainstDocument, type Reply, send, tenantOf } from '../wire.ts'

export type { Reply } from '../wire.ts'

export const RESPONDENTS = '/api/v1/respondents'
export const CALL = '/api/v1/call'
export const STATUS = '/api/v1/status'
export const MODES = ['always-200', 'matching'] as const
export type Mode = (typeof MODES)[number]

/** Every operation, with a request that is whole. */
export const OPERATIONS: [method: string, path: string, input: Record<string, unknown>][] = [
  ['POST', RESPONDENTS, { survey_id: 1234, respondents: [{ phone: '111-111-1111' }] }],
  ['GET', RESPONDENTS, { survey_id: 1234, respondent_ids: '1' }],
  ['POST', CALL, { respondent_ids: [1] }],
  ['GET', STATUS, { respondent_ids: '1' }],
]

export interface CallOptions {
  /** Null: none. Default: one of all scopes, of the workspace `acme`. */
  token?: string | null
  /** Sent as JSON with the token in it; a string or bytes as they are. */
  body?: unknown
  headers?: Record<string, string>
}

export interface Tenant {
  viewer: Viewer
  workspaceId: string
  token: string
}

export interface SaygentServer {
  app: TestApp
  world: World
  clock: FakeClock
  mode: Mode
  acme: Tenant
  other: Tenant
  /** One request as the clients of the product send it; what comes is held against the document. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** The same; fails unless the body is `text`, and HTTP says `status` where it does not always say 200. */
  answers(status: number, text: string, method: string, path: string, options?: CallOptions): Promise<Reply>
  /** A key of acme with these scopes only. */
  tokenWith(...scopes: Scope[]): Promise<string>
  /** A survey with this number and a question that a phone can ask. */
  survey(number: number, changes?: Partial<CreateLinkInput> & { tenant?: Tenant }): Promise<string>
  /** Adds a respondent; gives the id. */
  respondent(surveyId: number | string, fields?: object, tenant?: Tenant): Promise<number>
  /** Puts respondents of acme into a state, as calls would. */
  become(status: RespondentStatus, ...ids: number[]): Promise<void>
  /** The ids of those who are to be called, of acme. */
  waiting(): Promise<number[]>
}

/** The whole server with the workspaces `acme` and `other`; nobody is called. */
export async function saygentServer(
  mode: Mode = 'always-200',
  env: Record<string, string> = {},
): Promise<SaygentServer> {
  const clock = new FakeClock('2012-06-01T12:00:00.000Z')
  const settings = { SAYGENT_HTTP_STATUS: mode, SAYGENT_RATE_LIMIT: '0', ...env }
  const app = await testApp(settings, clock, { role: 'api' })
  const world = worldOn(app.db, clock)
  async function tenant(slug: string): Promise<Tenant> {
    const { key: token, ...rest } = await tenantOf(app, world, slug)
    return { ...rest, token }
  }
  const acme = await tenant('acme')
  const other = await tenant('other')
  const canonical = (path: string) => path.replace(/^\/saygent(?=\/)/, '').replace(/(\.json)?\/?$/, '')
  const conforms = await holdAgainstDocument(app, 'saygent', canonical)

  async function call(method: string, path: string, { token = acme.token, body, headers = {} }: CallOptions = {}) {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const sent = isRaw
      ? body
      : JSON.stringify({ ...(token === null ? {} : { auth_token: token }), ...(body as object) })
    const reply = await send(app.localUrl, method, path, sent, { 'content-type': 'application/json', ...headers })
    conforms(method, path, reply)
    return reply
  }

  return {
    ...{ app, world, clock, mode, acme, other, call },
    async answers(status, text, method, path, options) {
      const reply = await call(method, path, options)
      expect(reply.text, `${method} ${path}`).toBe(text)
      expect([method, path, reply.status]).toEqual([method, path, mode === 'matching' ? status : 200])
      expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
      return reply
    },
    async tokenWith(...scopes) {
      return (await createApiKey(world, acme.viewer, { name: 'A key of some scopes', scopes })).key
    },
    async survey(number, { tenant: { viewer } = acme, ...changes } = {}) {
      const questions = [{ prompt: 'How was it?', type: 'rating' as const, fieldKey: 'rating' }]
      const { id } = await createLink(world, viewer, { name: `Survey ${number}`, questions, ...changes })
      await app.db.query(sql`UPDATE link SET legacy_id = ${number}::int WHERE id = ${id}::uuid`)
      return id
    },
    async respondent(surveyId, fields = {}, { token } = acme) {
      const body = { survey_id: surveyId, respondents: [{ phone: '111-111-1111', ...fields }] }
      const { json, text } = await call('POST', RESPONDENTS, { token, body })
      expect(json.status, text).toBe('success')
      return json.respondents[0].id
    },
    async become(status, ...ids) {
      await app.db.query(sql`UPDATE respondent SET status = ${status}::respondent_status
                             WHERE workspace_id = ${acme.workspaceId}::uuid AND legacy_id = ANY(${ids}::int[])`)
    },
    async waiting() {
      const rows = await app.db.query<{ id: number }>(
        sql`SELECT p.legacy_id AS id FROM receiver r JOIN respondent p ON p.id = r.respondent_id
            WHERE r.workspace_id = ${acme.workspaceId}::uuid AND r.state = 'waiting' ORDER BY r.position`,
      )
      return rows.map(({ id }) => id)
    },
  }
}

/** A refusal of the whole request as this API writes it. */
export function failure(messages: Record<string, string>): string {
  return JSON.stringify({ status: 'failure', messages })
}

/** `success`, or what it is else, with these entries. */
export function answer(status: 'success' | 'warning' | 'failure', ...respondents: object[]): string {
  return JSON.stringify({ status, respondents })
}

export const unknown = (id: number | string) => ({ id, status: 'invalid', messages: { id: 'Respondent id invalid' } })
