import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isObjectType } from 'graphql'
import { Webhook as Verifier } from 'standardwebhooks'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import type { Scope } from '../../src/domains/auth/index.ts'
import { FORMAT_RULES } from '../../src/domains/webhooks/format.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { testApp } from '../kit/app.ts'
import { type Received, startReceiver } from '../kit/receiver.ts'
import { until } from '../kit/world.ts'
import { addDelivery } from './deliveries.ts'

vi.setConfig({ testTimeout: 90_000 })

/** Webhooks as a client of the graph meets them, with a real receiver where something is sent. */
const app = await testApp({ WEBHOOK_ALLOW: '127.0.0.1' })
/** What is not news to the server is looked for every five seconds. */
const TURN_MS = 20_000
const DAY_MS = 24 * 3_600_000

const WEBHOOK = `id name url format eventTypes enabled disabledReason disabledAt failingSince link { id }`
const FIELDS: Record<string, string> = {
  createWebhook: `webhook { ${WEBHOOK} } secret`,
  updateWebhook: `webhook { ${WEBHOOK} }`,
  deleteWebhook: 'deletedWebhookId',
  enableWebhook: `webhook { ${WEBHOOK} }`,
  disableWebhook: `webhook { ${WEBHOOK} }`,
  rotateWebhookSecret: 'webhook { id } secret previousValidUntil',
  redeliverWebhook: 'delivery { id uuid state settledAt }',
  replayWebhook: 'webhook { id }',
  dryRunWebhook: 'method url headers { name value } body event { id type }',
  createLink: `link { id slug webhooks(first: 5) { totalCount nodes { ${WEBHOOK} } } }`,
}

const CURSOR_EXPIRED = new Set(['replayWebhook', 'dryRunWebhook'])

/** A workspace of its own for each test, so that none is told of what another did. */
let spaces = 0
async function workspace() {
  const slug = `hooks-${++spaces}`
  const { workspaceId, key } = await app.otherWorkspace(slug)
  const ask = async (query: string, variables: Record<string, unknown> = {}, as = key) => {
    const { data, errors } = await app.graphql(query, variables, as)
    if (errors) throw new Error(JSON.stringify(errors))
    return data!
  }
  async function mutate(name: string, input: object, as = key): Promise<Record<string, any>> {
    const type = name[0]!.toUpperCase() + name.slice(1)
    const data = await ask(
      `mutation ($input: ${type}Input!) { ${name}(input: $input) {
        __typename ... on ${type}Payload { ${FIELDS[name]} } ... on Error { code path message } ${CURSOR_EXPIRED.has(name) ? '... on CursorExpiredError { oldestCursor }' : ''}
      } }`,
      { input },
      as,
    )
    return data[name]
  }
  return {
    workspaceId,
    slug,
    key,
    ask,
    mutate,
    /** Whose key has no other scope. */
    async keyWith(...scopes: Scope[]): Promise<string> {
      const { createApiKey } = await ask(
        'mutation ($scopes: [Scope!]) { createApiKey(input: { name: "narrow", scopes: $scopes }) { ... on CreateApiKeyPayload { key } } }',
        { scopes: scopes.map((scope) => scope.toUpperCase().replace(':', '_')) },
      )
      return createApiKey.key
    },
    makeLink: async (name = 'Asked'): Promise<string> => (await mutate('createLink', { name })).link.id,
    cursor: async (): Promise<string> => (await ask('{ eventCursor }')).eventCursor,
    events: async (types: string[]): Promise<Record<string, any>[]> =>
      (
        await ask(
          `query ($types: [EventType!]) { events(first: 100, types: $types) { ... on EventPage {
            events { id type cursor payload webhook { id } webhookDelivery { id webhook { id } } } } } }`,
          { types },
        )
      ).events.events,
  }
}

type Space = Awaited<ReturnType<typeof workspace>>
const HOOK = { url: 'https://hooks.invalid/', eventTypes: ['LINK_CREATED'] }

function verified(secret: string, { body, headers }: Pick<Received, 'body'> & { headers: object }) {
  return new Verifier(secret).verify(body, headers as Record<string, string>) as Record<string, any>
}

const uuidOf = (globalId: string) => decodeGlobalId(globalId).id

describe('a webhook', () => {
  it('is made, changed, stopped, started and deleted, and each is told', async () => {
    const space = await workspace()
    const { mutate, ask } = space
    const made = await mutate('createWebhook', { ...HOOK, name: 'CRM' })
    const { webhook } = made
    expect(made).toEqual({
      __typename: 'CreateWebhookPayload',
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      webhook: {
        ...{ id: expect.any(String), name: 'CRM', url: HOOK.url, format: 'STANDARD', eventTypes: ['LINK_CREATED'] },
        ...{ enabled: true, disabledReason: null, disabledAt: null, failingSince: null, link: null },
      },
    })
    const { id } = webhook
    expect(await ask(`query ($id: ID!) { webhook(id: $id) { ${WEBHOOK} } }`, { id })).toEqual({ webhook })

    const changes = { url: 'https://hooks.invalid/new', eventTypes: ['LINK_UPDATED', 'LINK_CREATED'] }
    const changed = await mutate('updateWebhook', { id, ...changes })
    expect(changed.webhook).toEqual({ ...webhook, ...changes })
    expect((await mutate('updateWebhook', { id, name: null, url: null })).webhook).toEqual({
      ...changed.webhook,
      name: null,
    })

    const stopped = (await mutate('disableWebhook', { id })).webhook
    expect(stopped).toMatchObject({ enabled: false, disabledReason: 'REQUESTED', disabledAt: expect.any(String) })
    expect((await mutate('disableWebhook', { id })).webhook).toEqual(stopped)
    expect((await mutate('enableWebhook', { id })).webhook).toEqual({ ...changed.webhook, name: null })

    const types = ['CREATED', 'UPDATED', 'DISABLED', 'ENABLED'].map((type) => `WEBHOOK_${type}`)
    const told = await space.events(types)
    expect(told.map(({ type, webhook }) => [type, webhook])).toEqual(
      ['CREATED', 'UPDATED', 'UPDATED', 'DISABLED', 'ENABLED'].map((type) => [`WEBHOOK_${type}`, { id }]),
    )

    expect(await mutate('deleteWebhook', { id })).toEqual({ __typename: 'DeleteWebhookPayload', deletedWebhookId: id })
    expect(await mutate('deleteWebhook', { id })).toMatchObject({ code: 'NOT_FOUND', path: ['id'] })
    expect(await ask('query ($id: ID!) { webhook(id: $id) { id } }', { id })).toEqual({ webhook: null })
    const [deleted] = await space.events(['WEBHOOK_DELETED'])
    expect(deleted).toMatchObject({ payload: { webhookId: uuidOf(id) }, webhook: null })
  })

  it('is of one link and disabled when so asked', async () => {
    const { mutate, makeLink } = await workspace()
    const linkId = await makeLink()
    const { webhook } = await mutate('createWebhook', { ...HOOK, linkId, enabled: false })
    expect(webhook).toMatchObject({ link: { id: linkId }, enabled: false, disabledReason: 'REQUESTED' })
  })

  it('is not made twice under one idempotency key, and says its secret again', async () => {
    const { mutate, ask } = await workspace()
    const input = { ...HOOK, idempotencyKey: 'once' }
    const first = await mutate('createWebhook', input)
    expect(await mutate('createWebhook', input)).toEqual(first)
    expect((await ask('{ webhooks(first: 9) { totalCount } }')).webhooks.totalCount).toBe(1)
    await mutate('deleteWebhook', { id: first.webhook.id })
    await expect(mutate('createWebhook', input)).rejects.toThrow('NOT_FOUND')
  })

  it('comes with a link that is to tell when it is finished', async () => {
    const { mutate, ask } = await workspace()
    const onFinished = { webhookUrl: 'https://hooks.invalid/done', webhookSecret: 'only-mine' }
    const { link } = await mutate('createLink', { name: 'Asked', onFinished })
    expect(link.webhooks).toEqual({
      totalCount: 1,
      nodes: [
        expect.objectContaining({
          ...{ url: onFinished.webhookUrl, format: 'SAYIFY', eventTypes: ['RESPONSE_SUBMITTED'] },
          ...{ enabled: true, link: { id: link.id } },
        }),
      ],
    })
    const [{ id }] = link.webhooks.nodes
    const byUuid = 'query ($id: String!) { nodeByLegacyId(system: SAYIFY, type: WEBHOOK, id: $id) { id } }'
    expect(await ask(byUuid, { id: uuidOf(id) })).toEqual({ nodeByLegacyId: { id } })
    const other = 'query ($id: String!) { nodeByLegacyId(system: SAYGENT, type: WEBHOOK, id: $id) { id } }'
    expect(await ask(other, { id: uuidOf(id) })).toEqual({ nodeByLegacyId: null })

    const alone = await mutate('createLink', { name: 'Asked', onFinished: { webhookSecret: 'of nobody' } })
    expect(alone).toMatchObject({ code: 'VALIDATION_FAILED', path: ['onFinished', 'webhookUrl'] })
    expect((await mutate('createLink', { name: 'Asked', onFinished: {} })).link.webhooks.totalCount).toBe(0)
  })

  it('of a link ends with it, and its deliveries stay readable until it is removed', async () => {
    const space = await workspace()
    const { mutate, ask, workspaceId } = space
    const { link } = await mutate('createLink', {
      name: 'Asked',
      onFinished: { webhookUrl: 'https://hooks.invalid/done' },
    })
    const [{ id }] = link.webhooks.nodes
    const at = new Date()
    const delivery = await addDelivery(app.db, {
      ...{ workspaceId, webhookId: uuidOf(id), state: 'pending', at: new Date(at.getTime() + DAY_MS), attempts: [500] },
    })
    await app.db.query(
      sql`UPDATE webhook SET retired_at = ${at} WHERE workspace_id = ${workspaceId}::uuid AND id = ${uuidOf(id)}::uuid`,
    )
    const read = await ask(
      `query ($id: ID!, $uuid: String!, $link: ID!) {
        webhook(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } webhooks(first: 5) { totalCount nodes { id } }
        nodeByLegacyId(system: SAYIFY, type: WEBHOOK, id: $uuid) { id }
        link(id: $link) { webhooks(first: 5) { totalCount nodes { id } } }
        webhookDeliveries(first: 5, webhookId: $id) { totalCount nodes { uuid state webhook { id url } } }
      }`,
      { id, uuid: uuidOf(id), link: link.id },
    )
    const none = { totalCount: 0, nodes: [] }
    expect(read).toEqual({
      ...{ webhook: null, node: null, nodes: [null], webhooks: none, nodeByLegacyId: null, link: { webhooks: none } },
      webhookDeliveries: {
        totalCount: 1,
        nodes: [{ uuid: delivery.id, state: 'PENDING', webhook: { id, url: 'https://hooks.invalid/done' } }],
      },
    })
    const [created] = await space.events(['WEBHOOK_CREATED'])
    expect(created).toMatchObject({ payload: { webhookId: uuidOf(id) }, webhook: null })
    for (const name of ['updateWebhook', 'deleteWebhook', 'enableWebhook', 'disableWebhook', 'rotateWebhookSecret']) {
      expect(await mutate(name, { id }), name).toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})

describe('the secret of a webhook', () => {
  it('has no field but in what making and rotating give', () => {
    const fields = Object.values(buildSchema().getTypeMap()).flatMap((type) =>
      isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
    )
    expect(fields.filter((name) => /\..*secret/i.test(name)).filter((name) => !/^Mutation\./.test(name))).toEqual([
      'CreateWebhookPayload.secret',
      'RotateWebhookSecretPayload.secret',
    ])
  })

  it('is of the kind that its format wants', async () => {
    const { mutate } = await workspace()
    const sayify = { ...HOOK, eventTypes: ['RESPONSE_SUBMITTED'], format: 'SAYIFY' }
    expect(await mutate('createWebhook', sayify)).toMatchObject({ secret: null })
    const chosen = await mutate('createWebhook', { ...sayify, secret: 'open sesame' })
    expect(chosen.secret).toBe('open sesame')
    const rotated = await mutate('rotateWebhookSecret', { id: chosen.webhook.id, secret: 'close sesame' })
    expect(rotated.secret).toBe('close sesame')
  })

  it('is rotated: requests are signed with both for a day', async () => {
    const { mutate, makeLink } = await workspace()
    const { webhook, secret } = await mutate('createWebhook', HOOK)
    const { id } = webhook
    await makeLink()
    const before = Date.now()
    const rotated = await mutate('rotateWebhookSecret', { id })
    const after = Date.now()
    expect(rotated).toMatchObject({ webhook: { id }, secret: expect.stringMatching(/^whsec_/) })
    expect(rotated.secret).not.toBe(secret)
    const until = new Date(rotated.previousValidUntil).getTime() - DAY_MS
    expect(until).toBeGreaterThanOrEqual(before)
    expect(until).toBeLessThanOrEqual(after)

    const { headers, body } = await mutate('dryRunWebhook', { id })
    const request = { body, headers: asObject(headers) }
    expect(verified(secret, request)).toEqual(verified(rotated.secret, request))
    const third = await mutate('rotateWebhookSecret', { id })
    const now = await mutate('dryRunWebhook', { id })
    const later = { body: now.body, headers: asObject(now.headers) }
    expect(verified(third.secret, later)).toEqual(verified(rotated.secret, later))
    expect(() => verified(secret, later)).toThrow('No matching signature')
  })
})

function asObject(headers: { name: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value]))
}

const DELIVERY = `id uuid eventType eventId eventCursor occurredAt payload state attemptCount nextAttemptAt settledAt createdAt
  webhook { id } attempts(first: 20) { totalCount nodes {
    id number url startedAt durationMs statusCode failure message responseBody delivery { uuid } } }`

async function deliveriesOf({ ask }: Space, id: string): Promise<Record<string, any>[]> {
  const { webhook } = await ask(
    `query ($id: ID!) { webhook(id: $id) { deliveries(first: 100) { nodes { ${DELIVERY} } } } }`,
    { id },
  )
  return webhook.deliveries.nodes
}

describe('what is sent', () => {
  it('is a delivery with its attempts, and what a dry run shows', async () => {
    const space = await workspace()
    const receiver = await startReceiver((_, response) => void response.end('thanks'))
    const { webhook, secret } = await space.mutate('createWebhook', { ...HOOK, url: receiver.url })
    const { id } = webhook
    expect(await space.mutate('dryRunWebhook', { id })).toMatchObject({ code: 'NOT_FOUND', path: ['cursor'] })

    const linkId = await space.makeLink()
    const arrived = async () => (await deliveriesOf(space, id))[0]?.state === 'SUCCEEDED'
    await until(arrived, 'the delivery', TURN_MS)
    const [delivery] = await deliveriesOf(space, id)
    const [event] = await space.events(['LINK_CREATED'])
    const [request] = receiver.requests
    expect(request!.headers['webhook-id']).toBe(delivery!.uuid)
    expect(verified(secret, request!)).toEqual({
      ...{ type: 'link.created', timestamp: delivery!.occurredAt, eventId: event!.id, cursor: event!.cursor },
      data: { linkId: uuidOf(linkId) },
    })
    const instant = expect.stringMatching(/^\d{4}-.*Z$/)
    expect(delivery).toEqual({
      ...{ id: expect.any(String), uuid: uuidOf(delivery!.id), webhook: { id } },
      ...{ eventType: 'LINK_CREATED', eventId: event!.id, eventCursor: event!.cursor, payload: event!.payload },
      ...{ occurredAt: instant, createdAt: instant, settledAt: instant, nextAttemptAt: null },
      ...{ state: 'SUCCEEDED', attemptCount: 1 },
      attempts: {
        totalCount: 1,
        nodes: [
          {
            ...{ id: expect.any(String), number: 1, url: receiver.url, startedAt: instant },
            ...{ durationMs: expect.any(Number), statusCode: 200, failure: null, message: null },
            ...{ responseBody: 'thanks', delivery: { uuid: delivery!.uuid } },
          },
        ],
      },
    })

    for (const input of [{ id }, { id, cursor: event!.cursor }]) {
      const shown = await space.mutate('dryRunWebhook', input)
      expect(shown).toMatchObject({
        ...{ method: 'POST', url: receiver.url, body: request!.body },
        event: { id: event!.id, type: 'LINK_CREATED' },
      })
      const headers = asObject(shown.headers)
      expect(headers).toMatchObject({ 'webhook-id': delivery!.uuid, 'content-type': 'application/json' })
      expect(verified(secret, { body: shown.body, headers })).toEqual(verified(secret, request!))
    }
    const [unconcerned] = await space.events(['WEBHOOK_CREATED'])
    expect(await space.mutate('dryRunWebhook', { id, cursor: unconcerned!.cursor })).toMatchObject({
      ...{ code: 'NOT_FOUND', path: ['cursor'] },
    })
    expect(receiver.requests).toHaveLength(1)
  })

  it('says why it failed, and is sent again when told to, under the id that it has', async () => {
    const space = await workspace()
    const receiver = await startReceiver(({ n }, response) => void response.writeHead(n === 0 ? 410 : 204).end('moved'))
    const { webhook } = await space.mutate('createWebhook', { ...HOOK, url: receiver.url })
    const { id } = webhook
    await space.makeLink()
    const dead = async () => (await space.ask('{ deadLetters(first: 5) { totalCount } }')).deadLetters.totalCount === 1
    await until(dead, 'the dead letter', TURN_MS)
    const { deadLetters } = await space.ask(`{ deadLetters(first: 5) { nodes { ${DELIVERY} } } }`)
    const [letter] = deadLetters.nodes
    expect(letter).toMatchObject({
      ...{ state: 'DEAD', attemptCount: 1, nextAttemptAt: null, webhook: { id } },
      attempts: {
        nodes: [{ statusCode: 410, failure: 'STATUS', message: 'the receiver answered 410', responseBody: 'moved' }],
      },
    })
    const { webhook: ended } = await space.ask(`query ($id: ID!) { webhook(id: $id) { ${WEBHOOK} } }`, { id })
    expect(ended).toMatchObject({ enabled: false, disabledReason: 'GONE', disabledAt: expect.any(String) })
    const [failed] = await space.events(['WEBHOOK_DELIVERY_FAILED'])
    expect(failed).toMatchObject({ webhook: { id }, webhookDelivery: { id: letter.id, webhook: { id } } })

    const again = { deliveryId: letter.id }
    expect(await space.mutate('redeliverWebhook', again)).toMatchObject({
      ...{ __typename: 'ConflictError', code: 'WEBHOOK_DISABLED' },
    })
    await space.mutate('enableWebhook', { id })
    expect(await space.mutate('redeliverWebhook', again)).toEqual({
      __typename: 'RedeliverWebhookPayload',
      delivery: { id: letter.id, uuid: letter.uuid, state: 'PENDING', settledAt: null },
    })
    const arrived = async () => (await deliveriesOf(space, id))[0]?.state === 'SUCCEEDED'
    await until(arrived, 'the redelivery', TURN_MS)
    expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([letter.uuid, letter.uuid])
    const [delivery] = await deliveriesOf(space, id)
    expect(delivery!.attempts.nodes.map((attempt: { number: number }) => attempt.number)).toEqual([1, 2])
    expect(await dead()).toBe(false)
  })

  it('is what happened while it was disabled only when it is to catch up', async () => {
    const space = await workspace()
    const receiver = await startReceiver()
    const hooks: string[] = []
    for (const path of ['none', 'all']) {
      const input = { ...HOOK, url: `${receiver.url}${path}`, enabled: false }
      hooks.push((await space.mutate('createWebhook', input)).webhook.id)
    }
    await space.makeLink('Missed')
    await space.mutate('enableWebhook', { id: hooks[0] })
    await space.mutate('enableWebhook', { id: hooks[1], catchUp: true })
    await space.makeLink('Told')
    const paths = () => receiver.requests.map(({ path }) => path).sort()
    await until(() => paths().length >= 3, 'what is told', TURN_MS)
    expect(paths()).toEqual(['/all', '/all', '/none'])
  })

  it('is everything after a cursor again, under the ids that it had', async () => {
    const space = await workspace()
    const receiver = await startReceiver()
    const { webhook } = await space.mutate('createWebhook', { ...HOOK, url: receiver.url })
    const { id } = webhook
    await space.makeLink('Before')
    const after = await space.cursor()
    await space.makeLink('After')
    await until(() => receiver.requests.length === 2, 'both', TURN_MS)
    const settled = async () => (await deliveriesOf(space, id)).every(({ state }) => state === 'SUCCEEDED')
    await until(settled, 'both recorded')
    const [late] = await deliveriesOf(space, id)

    expect(await space.mutate('replayWebhook', { id, after })).toEqual({
      ...{ __typename: 'ReplayWebhookPayload', webhook: { id } },
    })
    await until(() => receiver.requests.length === 3, 'the replay', TURN_MS)
    expect(receiver.requests[2]!.headers['webhook-id']).toBe(late!.uuid)
    await until(settled, 'the replay recorded')
    expect((await deliveriesOf(space, id)).map(({ attemptCount }) => attemptCount)).toEqual([2, 1])
  })

  it('cannot be replayed from where the log keeps nothing', async () => {
    const space = await workspace()
    const { webhook } = await space.mutate('createWebhook', HOOK)
    const { id } = webhook
    const [{ cursor: first }] = (await space.events(['WEBHOOK_CREATED'])) as [{ cursor: string }]
    await space.makeLink()
    const oldest = await space.cursor()
    const { workspaceId } = space
    await app.db.query(sql`DELETE FROM event WHERE workspace_id = ${workspaceId}::uuid`)
    await app.db.query(sql`UPDATE event_head SET pruned = position WHERE workspace_id = ${workspaceId}::uuid`)
    const expired = { __typename: 'CursorExpiredError', code: 'CURSOR_EXPIRED', oldestCursor: oldest }
    expect(await space.mutate('replayWebhook', { id, after: first })).toMatchObject({ ...expired, path: ['after'] })
    expect(await space.mutate('dryRunWebhook', { id, cursor: first })).toMatchObject({ ...expired, path: ['cursor'] })
    expect(await space.mutate('replayWebhook', { id, after: oldest })).toMatchObject({ webhook: { id } })
    const other = await (await workspace()).cursor()
    for (const after of [other, 'nonsense', '']) {
      expect(await space.mutate('replayWebhook', { id, after })).toMatchObject({
        ...{ __typename: 'InvalidCursorError', code: 'INVALID_CURSOR', path: ['after'] },
      })
    }
  })
})

describe('scopes', () => {
  it('of a reader let nothing be done', async () => {
    const { mutate, keyWith, ask } = await workspace()
    const { webhook } = await mutate('createWebhook', HOOK)
    const { id } = webhook
    const reader = await keyWith('webhooks:read')
    expect(await ask('{ webhooks(first: 1) { nodes { id } } }', {}, reader)).toEqual({ webhooks: { nodes: [{ id }] } })
    for (const name of ['deleteWebhook', 'enableWebhook', 'disableWebhook', 'rotateWebhookSecret', 'dryRunWebhook']) {
      expect(await mutate(name, { id }, reader), name).toMatchObject({
        ...{ __typename: 'ForbiddenError', message: 'API key missing scope: webhooks:write.' },
      })
    }
  })

  it('of a writer let what was written be seen, and nothing below it', async () => {
    const { mutate, keyWith, key } = await workspace()
    const writer = await keyWith('webhooks:write')
    const create = (below: string) =>
      app.graphql(
        `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) {
          ... on CreateWebhookPayload { secret webhook { url ${below} } } } }`,
        { input: HOOK },
        writer,
      )
    expect((await create('')).data!.createWebhook).toEqual({
      ...{ secret: expect.stringMatching(/^whsec_/), webhook: { url: HOOK.url } },
    })
    const { errors } = await create('deliveries(first: 1) { totalCount }')
    expect(errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'webhooks:read' })
    const listed = await app.graphql('{ webhooks(first: 1) { totalCount } }', {}, writer)
    expect(listed.errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'webhooks:read' })
    const seen = await app.graphql('{ webhooks(first: 1) { totalCount } }', {}, key)
    expect(seen.data!.webhooks.totalCount).toBe(2)
    expect(await mutate('createLink', { name: 'x' }, writer)).toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
  })
})

describe('lists', () => {
  it('page through deliveries and attempts, newest delivery and oldest attempt first', async () => {
    const space = await workspace()
    const { workspaceId, ask, mutate } = space
    const hooks: string[] = []
    for (const n of [1, 2]) {
      hooks.push((await mutate('createWebhook', { ...HOOK, name: `Hook ${n}`, enabled: false })).webhook.id)
    }
    const start = Date.now() - DAY_MS
    const rows: { uuid: string; hook: number; state: string }[] = []
    for (let n = 0; n < 23; n++) {
      const state = (['dead', 'succeeded', 'cancelled'] as const)[n % 3]!
      // Some at the same moment: ties go by id.
      const at = new Date(start + Math.floor(n / 4) * 1_000)
      const delivery = { workspaceId, webhookId: uuidOf(hooks[n % 2]!), state, at, attempts: n === 0 ? NINE : [200] }
      rows.unshift({ uuid: (await addDelivery(app.db, delivery)).id, hook: n % 2, state: state.toUpperCase() })
    }

    async function walk(list: string, backward = false) {
      const found: string[] = []
      for (let cursor: string | null = null; ; ) {
        const bounds: string = backward
          ? `last: 4${cursor ? `, before: "${cursor}"` : ''}`
          : `first: 4${cursor ? `, after: "${cursor}"` : ''}`
        const of = list.includes('$id')
        const text = `query ${of ? '($id: ID!)' : ''} { page: ${list.replace('PAGE', bounds)} }`
        const data = await ask(text, of ? { id: hooks[0] } : {})
        const page = data.page.nodes ? data.page : data.page.deliveries
        const uuids = page.nodes.map(({ uuid }: { uuid: string }) => uuid)
        if (backward) found.unshift(...uuids)
        else found.push(...uuids)
        if (!(backward ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage)) return found
        cursor = backward ? page.pageInfo.startCursor : page.pageInfo.endCursor
      }
    }
    const PAGE = '{ nodes { uuid } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }'
    const uuids = (which: (row: (typeof rows)[number]) => boolean) => rows.filter(which).map(({ uuid }) => uuid)
    const lists: [string, string[]][] = [
      [`webhookDeliveries(PAGE) ${PAGE}`, uuids(() => true)],
      [`webhookDeliveries(state: SUCCEEDED, PAGE) ${PAGE}`, uuids(({ state }) => state === 'SUCCEEDED')],
      [`webhookDeliveries(webhookId: $id, PAGE) ${PAGE}`, uuids(({ hook }) => hook === 0)],
      [`deadLetters(PAGE) ${PAGE}`, uuids(({ state }) => state === 'DEAD')],
      [`webhook(id: $id) { deliveries(PAGE) ${PAGE} }`, uuids(({ hook }) => hook === 0)],
      [
        `webhook(id: $id) { deliveries(state: DEAD, PAGE) ${PAGE} }`,
        uuids(({ hook, state }) => hook === 0 && state === 'DEAD'),
      ],
    ]
    for (const [list, expected] of lists) {
      expect(expected.length).toBeGreaterThan(3)
      expect(await walk(list), list).toEqual(expected)
      expect(await walk(list, true), list).toEqual(expected)
    }

    const id = Buffer.from(`WebhookDelivery:${rows.at(-1)!.uuid}`).toString('base64url')
    const attempts = async (bounds: string) =>
      (
        await ask(
          `query ($id: ID!) { webhookDelivery(id: $id) {
            attempts(${bounds}) { totalCount nodes { number statusCode failure } pageInfo { hasNextPage endCursor } } } }`,
          { id },
        )
      ).webhookDelivery.attempts
    const first = await attempts('first: 5')
    const rest = await attempts(`first: 5, after: "${first.pageInfo.endCursor}"`)
    expect(first.totalCount).toBe(NINE.length)
    expect([...first.nodes, ...rest.nodes]).toEqual(
      NINE.map((statusCode, index) => ({
        ...{ number: index + 1, statusCode },
        failure: statusCode === null ? 'TIMEOUT' : statusCode < 300 ? null : 'STATUS',
      })),
    )
    expect(rest.pageInfo.hasNextPage).toBe(false)

    const { webhooks } = await ask('{ webhooks(first: 5) { totalCount nodes { name } } }')
    expect(webhooks).toEqual({ totalCount: 2, nodes: [{ name: 'Hook 2' }, { name: 'Hook 1' }] })
  })

  it('are of one workspace', async () => {
    const [mine, theirs] = [await workspace(), await workspace()]
    const { webhook } = await theirs.mutate('createWebhook', { ...HOOK, enabled: false })
    const row = { workspaceId: theirs.workspaceId, webhookId: uuidOf(webhook.id), at: new Date(), attempts: [500] }
    await addDelivery(app.db, { ...row, state: 'dead' })
    const lists = `query ($id: ID!) { webhooks(first: 5) { totalCount nodes { id } } deadLetters(first: 5) { totalCount nodes { id } }
      webhookDeliveries(first: 5) { totalCount nodes { id } } of: webhookDeliveries(first: 5, webhookId: $id) { totalCount nodes { id } } }`
    const { id } = webhook
    const none = { totalCount: 0, nodes: [] }
    expect(await mine.ask(lists, { id })).toEqual({
      ...{ webhooks: none, deadLetters: none, webhookDeliveries: none, of: none },
    })
    const own = await theirs.ask(lists, { id })
    expect(Object.values(own).map(({ totalCount }) => totalCount)).toEqual([1, 1, 1, 1])
  })
})

describe('docs/webhooks.md', async () => {
  const text = await readFile(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-docs-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const [byPackage, byHand, sayify] = await Promise.all(
    [...text.matchAll(/^```js\n(.*?)^```/gms)].map(async ([, code], index) => {
      const file = join(folder, `${index}.mjs`)
      // A file outside of the project finds no packages by name.
      await writeFile(
        file,
        code!.replace("'standardwebhooks'", JSON.stringify(import.meta.resolve('standardwebhooks'))),
      )
      const { verify, verifySayify } = await import(file)
      return (verify ?? verifySayify) as (secret: string, headers: object, body: string) => Record<string, any>
    }),
  )

  it('shows how to verify what is sent', async () => {
    const { mutate, makeLink } = await workspace()
    const { webhook, secret } = await mutate('createWebhook', HOOK)
    const linkId = await makeLink()
    const { id } = webhook
    const other = await mutate('createWebhook', HOOK)
    const rotated = await mutate('rotateWebhookSecret', { id })
    const { headers: list, body } = await mutate('dryRunWebhook', { id })
    const headers = asObject(list)
    for (const verify of [byPackage!, byHand!]) {
      for (const valid of [secret, rotated.secret]) {
        expect(verify(valid, headers, body)).toMatchObject({ type: 'link.created', data: { linkId: uuidOf(linkId) } })
      }
      expect(() => verify(other.secret, headers, body)).toThrow()
      expect(() => verify(secret, headers, `${body} `)).toThrow()
      expect(() => verify(secret, { ...headers, 'webhook-id': 'another' }, body)).toThrow()
      const old = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 301) }
      expect(() => verify(secret, old, body)).toThrow(/old/)
      expect(() => verify(secret, { ...headers, 'webhook-timestamp': 'soon' }, body)).toThrow()
    }
  })

  it("shows how to verify what is sent in Sayify's format", async () => {
    const { mutate, slug } = await workspace()
    const { link } = await mutate('createLink', { name: 'Asked' })
    const { webhook, secret } = await mutate('createWebhook', {
      ...{ url: HOOK.url, eventTypes: ['RESPONSE_STARTED'], format: 'SAYIFY', secret: 'open sesame' },
    })
    const page = new URL(`/w/${slug}/i/${link.slug}/sessions`, app.localUrl)
    const { responseId } = (await (await fetch(page, { method: 'POST' })).json()) as { responseId: string }
    const { headers: list, body } = await mutate('dryRunWebhook', { id: webhook.id })
    const headers = Object.fromEntries(
      Object.entries(asObject(list)).map(([name, value]) => [name.toLowerCase(), value]),
    )
    expect(headers).toMatchObject({ 'x-sayify-event': 'response.started', 'x-sayify-delivery-id': expect.any(String) })
    expect(sayify!(secret, headers, body)).toMatchObject({ response: { uuid: responseId } })
    expect(() => sayify!('close sesame', headers, body)).toThrow()
    expect(() => sayify!(secret, headers, `${body} `)).toThrow()
    expect(() => sayify!(secret, {}, body)).toThrow()
  })

  it('has the delays of the formats', () => {
    const seconds = { s: 1, min: 60, h: 3_600 }
    for (const [name, { retryAfterSeconds }] of Object.entries(FORMAT_RULES)) {
      const rows = text.split('\n').map((line) => line.slice(2, -2).split(' | '))
      // Formats that wait alike share a row.
      const [, ...cells] = rows.find(([head]) => / waits?$/.test(head!) && head!.includes(`\`${name.toUpperCase()}\``))!
      const delays = cells.slice(0, cells.indexOf('dead')).map((cell) => {
        const [count, unit] = cell.split(' ') as [string, keyof typeof seconds]
        return Number(count) * seconds[unit]
      })
      expect(delays, name).toEqual(retryAfterSeconds)
    }
  })
})

const NINE = [500, null, 503, 404, null, 500, 302, null, 204]
