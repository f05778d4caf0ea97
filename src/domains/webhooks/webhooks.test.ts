import { Webhook } from 'standardwebhooks'
import { beforeAll, describe, expect, test } from 'vitest'
import { startReceiver } from '../../../test/kit/receiver.ts'
import { brokenRules, codeOf, eventsAfter, headOf, refusal } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { encodeEventCursor } from '../../events/index.ts'
import { createLink, deleteLink } from '../links/index.ts'
import {
  createWebhook,
  deleteWebhook,
  disableWebhook,
  dryRunWebhook,
  enableWebhook,
  getWebhook,
  listWebhooks,
  pruneDeliveries,
  redeliver,
  replayWebhook,
  rotateWebhookSecret,
  updateWebhook,
} from './index.ts'
import { type WebhookBench, webhookBench } from './test-webhooks.ts'

let bench: WebhookBench
beforeAll(async () => {
  bench = await webhookBench()
})
// Nobody listens there, so that what is sent to it fails at once.
const URL = 'https://127.0.0.1:9/hook'
const DAY = 86_400_000

describe('making one', () => {
  test('a webhook has what was asked for, and a secret that is shown once and stored encrypted', async () => {
    const { world, viewer, workspaceId } = bench
    const before = await headOf(world, workspaceId)
    const { id, secret } = await bench.make({ url: URL, name: ' Ours ', eventTypes: ['link.created', 'link.created'] })
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(await getWebhook(world, viewer, id)).toEqual({
      id,
      name: 'Ours',
      url: URL,
      format: 'standard',
      eventTypes: ['link.created'],
      linkId: null,
      enabled: true,
      createdAt: bench.clock.now().toISOString().replace('Z', '000Z'),
      updatedAt: bench.clock.now().toISOString().replace('Z', '000Z'),
    })
    expect(await eventsAfter(world, workspaceId, before)).toEqual([[before + 1, 'webhook.created', { webhookId: id }]])
    const [row] = await bench.db.query<{ sealed: string }>(
      sql`SELECT sealed FROM webhook_secret WHERE webhook_id = ${id}::uuid`,
    )
    expect(row!.sealed).not.toContain(secret!.slice(6, 20))
    expect(world.sealer.open(row!.sealed, id)).toBe(secret)
  })

  test('the same idempotency key makes one, with one secret', async () => {
    const make = () => bench.make({ url: URL, idempotencyKey: 'once' })
    const first = await make()
    expect(await make()).toEqual(first)
    expect(await codeOf(bench.make({ url: `${URL}/2`, idempotencyKey: 'once' }))).toBe('IDEMPOTENCY_CONFLICT')
  })

  test.each([
    [{ url: 'example.com' }, ['url url']],
    [{ url: 'ftp://example.com/' }, ['url url']],
    [{ url: 'https://user:pass@example.com/' }, ['url url']],
    [{ url: `https://example.com/${'x'.repeat(2000)}` }, ['url too_long']],
    [{ url: URL, eventTypes: [] }, ['eventTypes too_short']],
    [{ url: 'x', eventTypes: ['link.burnt'] }, ['url url', 'eventTypes.0 unknown_option']],
    [{ url: URL, secret: 'short' }, ['secret secret_form']],
    [{ url: URL, secret: `whsec_${Buffer.alloc(65).toString('base64')}` }, ['secret secret_form']],
    [{ url: URL, name: '' }, ['name too_short']],
    [{ url: 'http://example.com/', format: 'sayify' }, ['url https_required']],
    [
      { url: 'http://example.com/', format: 'sayify', eventTypes: ['response.started', 'link.created'] },
      ['url https_required', 'eventTypes.1 unknown_option'],
    ],
  ])('%o is refused', async (input, rules) => {
    const before = (await listWebhooks(bench.world, bench.viewer)).length
    expect(await brokenRules(bench.make(input as never))).toEqual(rules)
    expect(await listWebhooks(bench.world, bench.viewer)).toHaveLength(before)
  })

  test("a link must be the workspace's own", async () => {
    const { id } = await createLink(bench.world, bench.otherViewer, { name: 'Theirs' })
    const deleted = await createLink(bench.world, bench.viewer, { name: 'Gone' })
    await deleteLink(bench.world, bench.viewer, deleted.id)
    for (const linkId of [id, deleted.id, bench.world.newId(), 'nonsense']) {
      expect(await refusal(bench.make({ url: URL, linkId }))).toMatchObject({ code: 'NOT_FOUND', path: ['linkId'] })
    }
  })

  test('a legacy format takes any secret, or none', async () => {
    const make = (secret?: string) =>
      bench.make({ url: URL, format: 'sayify', eventTypes: ['response.submitted'], ...(secret ? { secret } : {}) })
    expect((await make()).secret).toBeNull()
    expect((await make('my-webhook-secret')).secret).toBe('my-webhook-secret')
  })

  test('every verb needs webhooks:write, every read webhooks:read, and a webhook of the workspace', async () => {
    const { world, viewer, otherViewer, builders } = bench
    const { id } = await bench.make({ url: URL })
    const cursor = encodeEventCursor(bench.workspaceId, 0)
    const verbs = [
      (who: typeof viewer) => updateWebhook(world, who, id, { name: 'x' }),
      (who: typeof viewer) => disableWebhook(world, who, id),
      (who: typeof viewer) => enableWebhook(world, who, id),
      (who: typeof viewer) => rotateWebhookSecret(world, who, id),
      (who: typeof viewer) => replayWebhook(world, who, id, cursor),
      (who: typeof viewer) => dryRunWebhook(world, builders, who, id),
      (who: typeof viewer) => deleteWebhook(world, who, id),
      (who: typeof viewer) => redeliver(world, who, id),
    ]
    for (const verb of verbs) {
      expect(await codeOf(() => verb({ ...viewer, scopes: new Set(['webhooks:read']) }))).toBe('INSUFFICIENT_SCOPE')
      expect(['NOT_FOUND', 'INVALID_CURSOR']).toContain(await codeOf(() => verb(otherViewer)))
    }
    const noRead = { ...viewer, scopes: new Set(['links:read' as const]) }
    expect(await codeOf(() => listWebhooks(world, noRead))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(() => getWebhook(world, noRead, id))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(() => createWebhook(world, noRead, { url: URL, eventTypes: ['link.created'] }))).toBe(
      'INSUFFICIENT_SCOPE',
    )
    expect(await codeOf(() => getWebhook(world, otherViewer, id))).toBe('NOT_FOUND')
    expect((await listWebhooks(world, otherViewer)).map((webhook) => webhook.id)).not.toContain(id)
  })
})

describe('what is sent', () => {
  test('verifies with the library of Standard Webhooks, and says what happened', async () => {
    const receiver = await startReceiver()
    const { secret } = await bench.make({ url: `${receiver.url}hook?a=1` })
    const responseId = bench.world.newId()
    const position = await bench.happen('response.started', { responseId })
    await bench.work()
    const [request] = receiver.requests
    expect(receiver.requests).toHaveLength(1)
    expect(request!.path).toBe('/hook?a=1')
    expect(Math.floor(bench.clock.now().getTime() / 1000)).toBe(Number(request!.headers['webhook-timestamp']))
    // The library compares with the system clock, so it is told the time of the test by way of its header.
    const headers = { ...request!.headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) }
    expect(() => new Webhook(secret!).verify(request!.body, headers as never)).toThrow()
    const signed = `${request!.headers['webhook-id']}.${request!.headers['webhook-timestamp']}.${request!.body}`
    expect(new Webhook(secret!).sign(String(request!.headers['webhook-id']), bench.clock.now(), request!.body)).toBe(
      request!.headers['webhook-signature'],
    )
    expect(signed).toContain(responseId)
    const [event] = (await bench.world.events.read(bench.workspaceId, position - 1, 1)).events
    expect(JSON.parse(request!.body)).toEqual({
      type: 'response.started',
      timestamp: event!.occurredAt.toISOString(),
      eventId: event!.id,
      cursor: encodeEventCursor(bench.workspaceId, position),
      data: event!.payload,
    })
  })

  test('after a rotation both secrets verify for a day, then only the new one', async () => {
    const receiver = await startReceiver()
    const { id, secret: old } = await bench.make({ url: receiver.url })
    const { secret, previousValidUntil } = await rotateWebhookSecret(bench.world, bench.viewer, id)
    expect(previousValidUntil!.getTime() - bench.clock.now().getTime()).toBe(DAY)
    const signaturesOf = (n: number) => String(receiver.requests[n]!.headers['webhook-signature']).split(' ')
    const signatureBy = (key: string, n: number) => {
      const { headers, body } = receiver.requests[n]!
      return new Webhook(key).sign(String(headers['webhook-id']), bench.clock.now(), body)
    }
    await bench.happen()
    await bench.work()
    expect(signaturesOf(0)).toEqual([signatureBy(secret, 0), signatureBy(old!, 0)])
    bench.clock.advance(DAY)
    await bench.happen()
    await bench.work()
    expect(signaturesOf(1)).toEqual([signatureBy(secret, 1)])
    expect(await brokenRules(rotateWebhookSecret(bench.world, bench.viewer, id, { secret: 'x' }))).toEqual([
      'secret secret_form',
    ])
  })

  test('a rotation says nothing of a secret before when there was none', async () => {
    const { id } = await bench.make({ url: URL, format: 'sayify', eventTypes: ['response.submitted'] })
    const rotate = async () => (await rotateWebhookSecret(bench.world, bench.viewer, id)).previousValidUntil
    expect(await rotate()).toBeNull()
    expect(await rotate()).toEqual(new Date(bench.clock.now().getTime() + DAY))
  })

  test('only events of its types, of its link, after its making, and not of itself', async () => {
    const receiver = await startReceiver()
    const { id: linkId } = await createLink(bench.world, bench.viewer, { name: 'Bound' })
    await bench.happen('response.started', { linkId })
    await bench.make({ url: receiver.url, linkId, eventTypes: ['response.started', 'webhook.updated'] })
    const all = await bench.make({ url: `${receiver.url}all`, eventTypes: ['webhook.updated', 'response.started'] })
    await bench.happen('response.started')
    await bench.happen('response.submitted', { linkId })
    await bench.happen('response.started', { linkId })
    await updateWebhook(bench.world, bench.viewer, all.id, { name: 'Renamed' })
    await bench.work()
    const got = receiver.requests.map(
      ({ path, body }) => `${path} ${JSON.parse(body).type} ${JSON.parse(body).data.linkId === linkId}`,
    )
    expect(got.sort()).toEqual(['/ response.started true', '/all response.started false', '/all response.started true'])
  })
})

describe('changing one', () => {
  test('what waits goes to the new address; types count from then on', async () => {
    const bad = await startReceiver((_, response) => void response.writeHead(500).end('no'))
    const good = await startReceiver()
    const { id } = await bench.make({ url: bad.url })
    await bench.happen()
    await bench.work()
    expect(bad.requests).toHaveLength(1)
    await updateWebhook(bench.world, bench.viewer, id, { url: good.url, eventTypes: ['link.updated'], name: null })
    await bench.happen()
    bench.clock.advance(5_000)
    await bench.work()
    expect(good.requests.map(({ headers }) => headers['webhook-id'])).toEqual([bad.requests[0]!.headers['webhook-id']])
    expect(await brokenRules(updateWebhook(bench.world, bench.viewer, id, { url: '', eventTypes: [] }))).toEqual([
      'url url',
      'eventTypes too_short',
    ])
  })

  test('a disabled one is sent nothing; enabled again it has what waited, and what it missed when asked for', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    await disableWebhook(bench.world, bench.viewer, id)
    await disableWebhook(bench.world, bench.viewer, id)
    await bench.happen()
    await bench.work()
    expect(receiver.requests).toHaveLength(0)
    expect(await codeOf(replayWebhook(bench.world, bench.viewer, id, encodeEventCursor(bench.workspaceId, 0)))).toBe(
      'WEBHOOK_DISABLED',
    )
    const [waiting] = await bench.deliveries(id)
    expect(await codeOf(redeliver(bench.world, bench.viewer, waiting!.id))).toBe('WEBHOOK_DISABLED')
    await enableWebhook(bench.world, bench.viewer, id)
    await bench.work()
    expect(receiver.requests).toHaveLength(1)
    await disableWebhook(bench.world, bench.viewer, id)
    await bench.happen()
    await bench.happen()
    await enableWebhook(bench.world, bench.viewer, id, { catchUp: true })
    await enableWebhook(bench.world, bench.viewer, id)
    await bench.work()
    expect(receiver.requests).toHaveLength(3)
    const { events } = await bench.world.events.read(bench.workspaceId, 0, 10_000, {
      types: ['webhook.disabled', 'webhook.enabled'],
    })
    expect(
      events.filter(({ payload }) => 'webhookId' in payload && payload.webhookId === id).map(({ type }) => type),
    ).toEqual(['webhook.disabled', 'webhook.enabled', 'webhook.disabled', 'webhook.enabled'])
  })

  test('a deleted one is gone with its deliveries', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    await deleteWebhook(bench.world, bench.viewer, id)
    expect(await codeOf(deleteWebhook(bench.world, bench.viewer, id))).toBe('NOT_FOUND')
    await bench.work()
    expect(receiver.requests).toHaveLength(0)
    expect(await bench.deliveries(id)).toEqual([])
  })
})

describe('sending again', () => {
  test('one delivery goes out again under its id, whatever became of it', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.work()
    const [delivery] = await bench.deliveries(id)
    expect(delivery!.state).toBe('succeeded')
    await redeliver(bench.world, bench.viewer, delivery!.id)
    await bench.work()
    expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([delivery!.id, delivery!.id])
    expect((await bench.attempts(id)).map(({ number, status_code }) => [number, status_code])).toEqual([
      [1, 204],
      [2, 204],
    ])
  })

  test('a replay sends all after the cursor again under the same ids, and what had not been sent', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    const from = await bench.happen()
    await bench.happen()
    await bench.happen('response.submitted')
    await bench.happen()
    await bench.work()
    const [, ...after] = await bench.deliveries(id)
    expect(receiver.requests).toHaveLength(3)
    await replayWebhook(bench.world, bench.viewer, id, encodeEventCursor(bench.workspaceId, from))
    await bench.happen()
    await bench.work()
    const ids = (await bench.deliveries(id)).map((delivery) => delivery.id)
    expect(ids.slice(1, 3)).toEqual(after.map((delivery) => delivery.id))
    const again = receiver.requests.slice(3).map(({ headers }) => headers['webhook-id'])
    expect(again.sort()).toEqual(ids.slice(1).sort())
  })

  test('a cursor of another log, of the future, and one that has expired are refused', async () => {
    const { world, viewer, workspaceId } = bench
    const { id } = await bench.make({ url: URL })
    const replay = (cursor: string) => codeOf(replayWebhook(world, viewer, id, cursor))
    expect(await replay(encodeEventCursor(bench.otherViewer.workspaceId, 1))).toBe('INVALID_CURSOR')
    expect(await replay(encodeEventCursor(workspaceId, 1_000_000))).toBe('INVALID_CURSOR')
    expect(await replay('x')).toBe('INVALID_CURSOR')
  })
})

describe('a dry run', () => {
  test('shows the request that is then sent, and sends nothing', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    expect(await codeOf(dryRunWebhook(bench.world, bench.builders, bench.viewer, bench.world.newId()))).toBe(
      'NOT_FOUND',
    )
    const position = await bench.happen()
    await bench.happen('response.submitted')
    await bench.feed()
    const run = await dryRunWebhook(bench.world, bench.builders, bench.viewer, id)
    expect(run.event.position).toBe(position)
    const cursor = encodeEventCursor(bench.workspaceId, position)
    expect(await dryRunWebhook(bench.world, bench.builders, bench.viewer, id, { cursor })).toEqual(run)
    expect(receiver.requests).toHaveLength(0)
    await bench.work()
    const [sent] = receiver.requests
    expect(sent!.body).toBe(run.body)
    expect(sent!.headers).toMatchObject(run.headers)
    const notOurs = encodeEventCursor(bench.workspaceId, position + 1)
    expect(await codeOf(dryRunWebhook(bench.world, bench.builders, bench.viewer, id, { cursor: notOurs }))).toBe(
      'NOT_FOUND',
    )
  })
})

describe('with a link', () => {
  test('comes into being with it, fires for its submissions only, and goes with it when all is delivered', async () => {
    const { world, viewer } = bench
    const onFinished = { webhookUrl: 'https://127.0.0.1:9/hook', webhookSecret: 'my-webhook-secret' }
    const { id: linkId } = await createLink(world, viewer, { name: 'Finished', onFinished })
    const [webhook] = (await listWebhooks(world, viewer)).filter((each) => each.linkId === linkId)
    expect(webhook).toMatchObject({ url: onFinished.webhookUrl, format: 'sayify', eventTypes: ['response.submitted'] })
    await bench.happen('response.started', { linkId })
    await bench.happen('response.submitted', { linkId })
    await bench.happen('response.submitted')
    await deleteLink(world, viewer, linkId)
    await bench.feed()
    expect((await listWebhooks(world, viewer)).map(({ id }) => id)).not.toContain(webhook!.id)
    expect(await bench.deliveries(webhook!.id)).toMatchObject([{ event_type: 'response.submitted', state: 'pending' }])
    await pruneDeliveries(world)
    expect(await bench.deliveries(webhook!.id)).toHaveLength(1)
    for (const minutes of [0, 1, 5, 30]) {
      bench.clock.advance(minutes * 60_000)
      await bench.work()
    }
    expect(await bench.deliveries(webhook!.id)).toMatchObject([{ state: 'dead', attempt_count: 4 }])
    await pruneDeliveries(world)
    const [dead] = await bench.deliveries(webhook!.id)
    await redeliver(world, viewer, dead!.id)
    await bench.work()
    expect(await bench.deliveries(webhook!.id)).toMatchObject([{ state: 'pending', attempt_count: 5 }])
    await bench.db.query(
      sql`UPDATE webhook_delivery SET state = 'dead', due_at = NULL, settled_at = ${bench.clock.now()}::timestamptz
          WHERE id = ${dead!.id}::uuid`,
    )
    bench.clock.advance(30 * DAY + 1)
    await pruneDeliveries(world)
    expect(await bench.db.query(sql`SELECT id FROM webhook WHERE id = ${webhook!.id}::uuid`)).toEqual([])
  })

  test('a fault of it is told with the link, and nothing is made', async () => {
    const make = (onFinished: object) => createLink(bench.world, bench.viewer, { name: 'Half', onFinished })
    const links = () => bench.db.query(sql`SELECT id FROM link WHERE name = 'Half'`)
    const webhooks = (await listWebhooks(bench.world, bench.viewer)).length
    expect(await brokenRules(make({ webhookUrl: 'http://example.com/' }))).toEqual([
      'onFinished.webhookUrl https_required',
    ])
    expect(await brokenRules(make({ webhookUrl: 'nonsense' }))).toEqual(['onFinished.webhookUrl url'])
    expect(await brokenRules(make({ webhookUrl: 7 }))).toEqual(['onFinished.webhookUrl type'])
    expect(await brokenRules(make({ webhookSecret: 'x' }))).toEqual(['onFinished.webhookUrl required'])
    expect(await brokenRules(make({ webhookUrl: URL, webhookSecret: 'a\0' }))).toEqual([
      'onFinished.webhookSecret unstorable_character',
    ])
    expect(await links()).toEqual([])
    await make({ webhookUrl: '', webhookSecret: '' })
    await make({})
    expect(await listWebhooks(bench.world, bench.viewer)).toHaveLength(webhooks)
  })
})
