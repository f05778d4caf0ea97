import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { createWebhook } from '../../../src/domains/webhooks/index.ts'
import { byForm, sayifyServer } from './kit.ts'

const server = await sayifyServer()
const { app, world, acme, other, call } = server
const HOOKS = `/api/v1/workspaces/${acme.workspaceId}/webhooks/`
const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const BODY = { url: 'https://example.com/webhook', events: ['response.started', 'response.submitted'] }
const WRITTEN =
  '{"uuid":"uuid","url":"https://example.com/webhook","events":["response.started","response.submitted"],"enabled":true,' +
  '"date_created":"date","date_updated":"date"}'

describe('webhooks', () => {
  it('are created, listed and deleted', async () => {
    const made = await call('POST', HOOKS, { body: BODY })
    expect([made.status, byForm(made.text)]).toEqual([201, WRITTEN])
    const list = await call('GET', HOOKS)
    expect([list.status, list.text]).toEqual([200, `[${made.text}]`])
    const gone = await call('DELETE', `${HOOKS}${made.json.uuid}/`)
    expect([gone.status, gone.text]).toEqual([200, '{"message":"Webhook deleted successfully"}'])
    const again = await call('DELETE', `${HOOKS}${made.json.uuid}/`)
    expect([again.status, again.text]).toEqual([404, '{"detail":"Not found."}'])
    expect((await call('GET', HOOKS)).text).toBe('[]')
  })

  it('can be made disabled, and for one event', async () => {
    const { json } = await call('POST', HOOKS, { body: { ...BODY, events: ['response.started'], enabled: false } })
    expect([json.events, json.enabled]).toEqual([['response.started'], false])
    await call('DELETE', `${HOOKS}${json.uuid}/`)
  })

  it('show those of on_finished, and not those that speak another format', async () => {
    await createWebhook(world, acme.viewer, { url: 'https://example.com/standard', eventTypes: ['link.created'] })
    const standard = await createWebhook(world, acme.viewer, {
      url: 'https://example.com/standard',
      eventTypes: ['response.submitted'],
    })
    await call('POST', '/api/v1/links/', {
      body: { name: 'x', on_finished: { webhook_url: 'https://example.com/done' } },
    })
    const { json } = await call('GET', HOOKS)
    expect(json.map(({ url, events }: any) => [url, events])).toEqual([
      ['https://example.com/done', ['response.submitted']],
    ])
    expect((await call('DELETE', `${HOOKS}${standard.id}/`)).status).toBe(404)
    expect(await app.db.query(sql`SELECT id FROM webhook WHERE id = ${standard.id}::uuid`)).toHaveLength(1)
    const paged = await call('GET', `${HOOKS}?page_size=1`)
    expect([paged.json.count, paged.json.next, paged.json.results]).toEqual([1, null, json])
    expect((await call('GET', `${HOOKS}?page=2`)).text).toBe('{"detail":"Invalid page."}')
    await call('DELETE', `${HOOKS}${json[0].uuid}/`)
  })

  it.each<[string, unknown, unknown]>([
    ['no https', { ...BODY, url: 'http://example.com/' }, { url: ['Webhook URL must use HTTPS.'] }],
    ['no address', { ...BODY, url: 'example.com' }, { url: ['Enter a valid URL.'] }],
    [
      'an unknown event',
      { ...BODY, events: ['response.deleted'] },
      { events: ['"response.deleted" is not a valid choice.'] },
    ],
    [
      'an event of the graph',
      { ...BODY, events: ['link.created'] },
      { events: ['"link.created" is not a valid choice.'] },
    ],
    ['no event', { ...BODY, events: [] }, { events: ['This list may not be empty.'] }],
    [
      'events that are no list',
      { ...BODY, events: 'response.started' },
      { events: ['Expected a list of items but got type "str".'] },
    ],
    ['nothing', {}, { url: ['This field is required.'], events: ['This field is required.'] }],
    ['no body', undefined, { url: ['This field is required.'], events: ['This field is required.'] }],
    [
      'null',
      { url: null, events: null, enabled: null },
      {
        url: ['This field may not be null.'],
        events: ['This field may not be null.'],
        enabled: ['This field may not be null.'],
      },
    ],
    [
      'other types',
      { url: 5, events: [5], enabled: 'yes' },
      { url: ['Not a valid string.'], events: ['"5" is not a valid choice.'], enabled: ['Must be a valid boolean.'] },
    ],
    ['a list', [], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
  ])('are refused with %s', async (_, body, expected) => {
    const reply = await call('POST', HOOKS, { body })
    expect([reply.status, reply.json]).toEqual([400, expected])
    expect((await call('GET', HOOKS)).text).toBe('[]')
  })

  it('belong to a workspace: of any other nothing is known, whatever the body', async () => {
    const theirs = await createWebhook(world, other.viewer, {
      url: 'https://example.com/theirs',
      eventTypes: ['response.started'],
      format: 'sayify',
    })
    for (const workspace of [other.workspaceId, UNKNOWN, 'nonsense', '%00', acme.workspaceId.toUpperCase()]) {
      const path = `/api/v1/workspaces/${workspace}/webhooks/`
      for (const [method, at, body] of [
        ['GET', path, undefined],
        ['POST', path, {}],
        ['POST', path, '{'],
        ['DELETE', `${path}${theirs.id}/`, undefined],
      ] as const) {
        const reply = await call(method, at, { body })
        expect([reply.status, reply.text], `${method} ${at}`).toEqual([404, '{"detail":"Not found."}'])
      }
    }
    for (const id of [theirs.id, UNKNOWN, 'nonsense', '%00']) {
      expect((await call('DELETE', `${HOOKS}${id}/`)).text).toBe('{"detail":"Not found."}')
    }
    expect(
      (await call('GET', `/api/v1/workspaces/${other.workspaceId}/webhooks/`, { key: other.key })).json,
    ).toHaveLength(1)
  })
})
