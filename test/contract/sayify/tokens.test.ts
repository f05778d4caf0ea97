import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { byForm, sayifyServer } from './kit.ts'

const server = await sayifyServer()
const { app, acme, other, call } = server
const TOKENS = '/api/v1/tokens/'
const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'

describe('tokens', () => {
  it('are created with a key that is shown once, listed masked, and revoked at once', async () => {
    const made = await call('POST', TOKENS, { body: { name: 'Production Key' } })
    const { uuid, key } = made.json
    expect(key).toMatch(/^sk_live_[A-Za-z0-9]{40}$/)
    expect([made.status, byForm(made.text)]).toEqual([
      201,
      `{"uuid":"uuid","name":"Production Key","key":"${key}","date_created":"date","last_used":null}`,
    ])
    expect(made.headers['cache-control']).toBe('no-store')
    const list = await call('GET', TOKENS)
    expect(list.text).not.toContain(key)
    const masked = { ...made.json, key: `sk_live_…${key.slice(-4)}` }
    expect(list.json.find((each: any) => each.uuid === uuid)).toEqual(masked)

    // It has the scopes of the key that made it.
    expect((await call('GET', '/api/v1/links/', { key })).status).toBe(200)
    const gone = await call('DELETE', `${TOKENS}${uuid}/`)
    expect([gone.status, gone.text]).toEqual([200, '{"message":"Token revoked successfully"}'])
    const refused = await call('GET', '/api/v1/links/', { key })
    expect([refused.status, refused.text]).toEqual([401, '{"detail":"Invalid API key."}'])
    expect((await call('DELETE', `${TOKENS}${uuid}/`)).text).toBe('{"detail":"Not found."}')
    expect((await call('GET', TOKENS)).json.some((each: any) => each.uuid === uuid)).toBe(false)
  })

  it('may revoke themselves; the answer still comes', async () => {
    const { uuid, key } = (await call('POST', TOKENS, { body: { name: 'Short-lived' } })).json
    const gone = await call('DELETE', `${TOKENS}${uuid}/`, { key })
    expect([gone.status, gone.text]).toEqual([200, '{"message":"Token revoked successfully"}'])
    expect((await call('GET', TOKENS, { key })).status).toBe(401)
  })

  it('say when they were last used, and are listed newest first', async () => {
    server.clock.advance(60_000)
    const { uuid, key } = (await call('POST', TOKENS, { body: { name: 'Used' } })).json
    server.clock.advance(1_500)
    await call('GET', TOKENS, { key })
    // It is noted beside the answer.
    await expect.poll(async () => (await call('GET', TOKENS)).json[0].last_used, { timeout: 15_000 }).not.toBe(null)
    const [first, ...rest] = (await call('GET', TOKENS)).json
    expect([first.uuid, first.date_created, first.last_used]).toEqual([
      uuid,
      '2026-02-10T13:31:00Z',
      '2026-02-10T13:31:01.500000Z',
    ])
    expect(rest.length).toBeGreaterThan(0)
    const paged = await call('GET', `${TOKENS}?page=2&page_size=1`)
    // The key that asks is itself used in between.
    expect([paged.json.count, paged.json.previous, paged.json.results]).toEqual([
      rest.length + 1,
      'https://sayify.pro/api/v1/tokens/?page_size=1',
      [{ ...rest[0], last_used: expect.anything() }],
    ])
  })

  const nameRequired = { error: 'name is required', code: 'NAME_REQUIRED' }
  it.each<[string, unknown, unknown]>([
    ['no name', {}, nameRequired],
    ['a null name', { name: null }, nameRequired],
    ['a blank name', { name: '' }, nameRequired],
    ['no body', undefined, nameRequired],
    ['a name of another type', { name: ['x'] }, { name: ['Not a valid string.'] }],
    ['a long name', { name: 'x'.repeat(201) }, { name: ['Must have at most 200 characters.'] }],
    ['a list', [], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
  ])('are refused with %s', async (_, body, expected) => {
    const before = (await call('GET', TOKENS)).json.length
    const reply = await call('POST', TOKENS, { body })
    expect([reply.status, reply.json]).toEqual([400, expected])
    expect((await call('GET', TOKENS)).json.length).toBe(before)
  })

  it('of another workspace are unknown', async () => {
    const [theirs] = await app.db.query<{ id: string }>(
      sql`SELECT id FROM api_key WHERE workspace_id = ${other.workspaceId}::uuid`,
    )
    for (const id of [theirs!.id, UNKNOWN, 'nonsense', '%00']) {
      const reply = await call('DELETE', `${TOKENS}${id}/`)
      expect([reply.status, reply.text], id).toEqual([404, '{"detail":"Not found."}'])
    }
    expect((await call('GET', TOKENS, { key: other.key })).json.map(({ uuid }: any) => uuid)).toEqual([theirs!.id])
    expect((await call('GET', TOKENS)).text).not.toContain(theirs!.id)
    expect(acme.key).not.toBe(other.key)
  })

  it('gives no more than the scopes of the key that makes it', async () => {
    const key = await server.keyWith('tokens:write')
    const made = await call('POST', TOKENS, { key, body: { name: 'Narrow' } })
    expect(made.status).toBe(201)
    const reply = await call('GET', '/api/v1/links/', { key: made.json.key })
    expect([reply.status, reply.json]).toEqual([
      403,
      { error: 'API key missing scope: links:read.', code: 'INSUFFICIENT_SCOPE' },
    ])
  })
})
