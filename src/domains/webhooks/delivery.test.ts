import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { type Received, startReceiver } from '../../../test/kit/receiver.ts'
import { until } from '../../../test/kit/world.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type EventType, encodeEventCursor } from '../../events/index.ts'
import { createLogger } from '../../platform/logger.ts'
import { createSealer } from '../../platform/sealed.ts'
import { createOutbound, type Outbound, parseAllow } from '../../providers/outbound/index.ts'
import { insertAttempt } from './delivery-store.ts'
import { insertDeliveries, takeFeed, webhooksWithNews } from './feed-store.ts'
import { MAX_PENDING } from './feed-webhooks.ts'
import { FORMAT_RULES } from './format.ts'
import {
  createDispatcher,
  deleteWebhook,
  enableWebhook,
  feedWebhooks,
  moveIdleWebhooks,
  pruneDeliveries,
  redeliver,
  replayWebhook,
  updateWebhook,
} from './index.ts'
import { noteFailure } from './store.ts'
import { TIMEOUT_MS, type WebhookBench, webhookBench } from './test-webhooks.ts'

let bench: WebhookBench
beforeAll(async () => {
  bench = await webhookBench({ poolSize: 12 })
})
beforeEach(() => bench.db.script('DELETE FROM webhook'))

const URL = 'http://127.0.0.1:9/'
const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 1_440 * MINUTE
const LEASE_MS = TIMEOUT_MS + 5_000
const idOf = ({ headers }: Received) => String(headers['webhook-id'])
const dataOf = ({ body }: Received) => JSON.parse(body).data as Record<string, string>

/** What the log says of webhooks after a position. */
async function said(after: number, ...types: EventType[]): Promise<unknown[]> {
  const { events } = await bench.world.events.read(bench.workspaceId, after, 1_000, { types })
  return events.map(({ type, payload }) => [type, payload])
}

function dispatcherWith(change: { world?: Partial<WebhookBench['world']>; outbound?: Outbound; timeoutMs?: number }) {
  const { outbound = createOutbound({ allow: parseAllow('127.0.0.0/8').rules, timeoutMs: TIMEOUT_MS }) } = change
  const world = { ...bench.world, ...change.world }
  const { builders } = bench
  const logger = createLogger('silent')
  return createDispatcher({
    outbound,
    builders,
    logger,
    timeoutMs: TIMEOUT_MS,
    random: () => 0,
    ...change,
    world,
  })
}

describe('order', () => {
  test('the events of one response arrive one after another, whatever fails; others do not wait', async () => {
    const [a, b] = [bench.world.newId(), bench.world.newId()]
    const failures = new Map([[a, 2]])
    const receiver = await startReceiver((request, response) => {
      const { responseId } = dataOf(request)
      const left = failures.get(responseId!) ?? 0
      failures.set(responseId!, left - 1)
      response.writeHead(left > 0 ? 503 : 200).end()
    })
    await bench.make({ url: receiver.url, eventTypes: ['response.started', 'response.submitted', 'response.analyzed'] })
    for (const type of ['response.started', 'response.submitted', 'response.analyzed'] as const) {
      await bench.happen(type, { responseId: a })
      await bench.happen(type, { responseId: b })
    }
    await bench.work()
    const seen = () =>
      receiver.requests.map(
        (request) => `${dataOf(request).responseId === a ? 'a' : 'b'} ${JSON.parse(request.body).type.slice(9)}`,
      )
    expect(seen()).toEqual(expect.arrayContaining(['a started', 'b started', 'b submitted', 'b analyzed']))
    expect(seen().filter((one) => one.startsWith('a'))).toEqual(['a started'])
    for (const seconds of FORMAT_RULES.standard.retryAfterSeconds.slice(0, 2)) {
      bench.clock.advance(seconds * SECOND)
      await bench.work()
    }
    expect(seen().filter((one) => one.startsWith('a'))).toEqual([
      'a started',
      'a started',
      'a started',
      'a submitted',
      'a analyzed',
    ])
  })
})

describe('one receiver and the others', () => {
  test('one that hangs takes no room from one that works', async () => {
    const hanging = await startReceiver(() => {})
    const working = await startReceiver()
    await bench.make({ url: hanging.url })
    await bench.make({ url: working.url })
    for (let n = 0; n < 60; n++) await bench.happen()
    await bench.feed()
    while (working.requests.length < 60) {
      await bench.dispatcher.run()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    // All is done for the one before the first attempt at the other has come to its end.
    await until(() => hanging.open() === 20, 'its attempts are under way')
    await bench.dispatcher.settled()
    expect(hanging.peak()).toBe(20)
    // It has shown what it is: only so many are risked on it from now on.
    bench.clock.advance(5 * SECOND)
    const before = hanging.requests.length
    await bench.dispatcher.run()
    await until(() => hanging.open() === 2, 'two more attempts')
    expect(await bench.dispatcher.run()).toBe(0)
    await bench.dispatcher.settled()
    expect(hanging.requests.length - before).toBe(2)
  }, 60_000)

  test('a receiver that is away for long fills its part of the table and no more; the log keeps the rest', async () => {
    const { id } = await bench.make({ url: 'http://127.0.0.1:9/' })
    const { world, workspaceId } = bench
    await world.events.write(workspaceId, async (_, emit) => {
      for (let n = 0; n < MAX_PENDING + 300; n++) {
        const ids = { linkId: world.newId(), responseId: world.newId(), respondentId: world.newId() }
        emit('response.started', { ...ids, channel: 'web' })
      }
    })
    while ((await bench.feed()) > 0);
    expect(await bench.deliveries(id)).toHaveLength(MAX_PENDING)
    await bench.db.query(
      sql`UPDATE webhook_delivery SET state = 'succeeded', due_at = NULL, settled_at = now()
          WHERE webhook_id = ${id}::uuid AND position % 2 = 0`,
    )
    while ((await bench.feed()) > 0);
    const positions = (await bench.deliveries(id)).map(({ position }) => position)
    expect(positions).toHaveLength(MAX_PENDING + 300)
    expect(positions.at(-1)! - positions[0]!).toBe(MAX_PENDING + 299)
  })
})

describe('feeding many', () => {
  test('one that is full takes no turn, and of the others none is always beyond the limit', async () => {
    const [full, ...others] = [
      await bench.make({ url: URL }),
      await bench.make({ url: URL }),
      await bench.make({ url: URL }),
    ]
    await bench.happen()
    await bench.feed()
    const idsOf = (webhooks: { id: string }[]) => webhooks.map(({ id }) => id).toSorted()
    await bench.db.query(sql`DELETE FROM webhook_delivery WHERE webhook_id <> ${full.id}::uuid`)
    await bench.happen()
    const turn = async (room: { limit: number; full: number }) =>
      (await webhooksWithNews(bench.db, room)).map(({ webhook_id }) => webhook_id)
    expect((await turn({ limit: 10, full: 1 })).toSorted()).toEqual(idsOf(others))
    expect((await turn({ limit: 10, full: 2 })).toSorted()).toEqual(idsOf([full, ...others]))
    const seen = new Set<string>()
    for (let n = 0; n < 100; n++) for (const id of await turn({ limit: 1, full: 2 })) seen.add(id)
    expect([...seen].toSorted()).toEqual(idsOf([full, ...others]))
  })

  test('one that cannot be fed is tried again, and the others are fed', async () => {
    const types: EventType[] = ['response.submitted']
    const [before, broken, after] = [
      await bench.make({ url: URL, eventTypes: types }),
      await bench.make({ url: 'https://127.0.0.1:9/', format: 'sayify', eventTypes: types }),
      await bench.make({ url: URL, eventTypes: types }),
    ]
    await bench.happen('response.submitted')
    const deps = { ...bench.feedDeps, analysisWaitMs: MINUTE }
    const awaitingAnalysis = () => Promise.reject(new Error('a fault'))
    expect(await feedWebhooks(bench.world, { ...deps, awaitingAnalysis })).toBe(2)
    const made = async () =>
      Promise.all([before, broken, after].map(async ({ id }) => (await bench.deliveries(id)).length))
    expect(await made()).toEqual([1, 0, 1])
    expect(await feedWebhooks(bench.world, deps)).toBe(1)
    expect(await made()).toEqual([1, 1, 1])
  })

  test('nothing is fed or sent of a workspace that was given up', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    const giveUp = (at: Date | null) =>
      bench.db.query(
        sql`UPDATE workspace SET deactivated_at = ${at}::timestamptz WHERE id = ${bench.workspaceId}::uuid`,
      )
    await giveUp(bench.clock.now())
    await bench.happen()
    await bench.work()
    expect([receiver.requests.length, (await bench.deliveries(id)).length]).toEqual([0, 1])
    await giveUp(null)
    await bench.work()
    expect(receiver.requests).toHaveLength(2)
  })
})

describe.runIf(onPostgres)('a change of a webhook', () => {
  /** Begins `first` and, once it pauses, `second`; goes on with `first` when `second` waits for one of its locks. */
  async function meet(first: (tx: Tx, pause: () => Promise<void>) => Promise<void>, second: () => Promise<void>) {
    const [paused, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const one = bench.db.transaction((tx) =>
      first(tx, async () => {
        paused.resolve()
        await go.promise
      }),
    )
    await Promise.race([paused.promise, one])
    const two = second()
    await until(async () => {
      const [row] = await bench.db.query<{ n: number }>(
        sql`SELECT count(*)::int AS n FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return row!.n > 0
    }, 'one waits for the other')
    go.resolve()
    return (await Promise.allSettled([one, two])).map((result) => (result.status === 'rejected' ? result.reason : 'ok'))
  }

  const changes: [string, (id: string) => Promise<void>][] = [
    ['an update', (id) => updateWebhook(bench.world, bench.viewer, id, { name: 'Other' })],
    ['a replay', (id) => replayWebhook(bench.world, bench.viewer, id, encodeEventCursor(bench.workspaceId, 0))],
    ['a deletion', (id) => deleteWebhook(bench.world, bench.viewer, id)],
  ]
  test.each(changes)('%s and its feed wait for each other in one order', async (_what, change) => {
    const { id } = await bench.make({ url: URL })
    const { world, workspaceId } = bench
    const now = bench.clock.now()
    const feed = async (tx: Tx, pause: () => Promise<void>) => {
      expect(await takeFeed(tx, workspaceId, id)).toBeDefined()
      await pause()
      const ids = { id: world.newId(), eventId: world.newId(), orderKey: world.newId() }
      const delivery = { ...ids, position: 1, occurredAt: now, payload: {}, dueAt: now, heldBack: false }
      await insertDeliveries(tx, workspaceId, id, [{ ...delivery, eventType: 'response.started' }], now)
    }
    expect(await meet(feed, () => change(id))).toEqual(['ok', 'ok'])
  })

  test('that deletes it and the recording of an attempt wait for each other in one order', async () => {
    const { id } = await bench.make({ url: URL })
    await bench.happen()
    await bench.feed()
    const { world, workspaceId } = bench
    const [delivery] = await bench.deliveries(id)
    const record = async (tx: Tx, pause: () => Promise<void>) => {
      const about = { id: world.newId(), workspaceId, deliveryId: delivery!.id, url: URL, startedAt: bench.clock.now() }
      const outcome = { durationMs: 1, statusCode: 500, failure: 'status', message: null, responseBody: null }
      expect(await insertAttempt(tx, { ...about, ...outcome })).toBe(true)
      await pause()
      await noteFailure(tx, workspaceId, id, bench.clock.now())
    }
    expect(await meet(record, () => deleteWebhook(world, bench.viewer, id))).toEqual(['ok', 'ok'])
    expect(await bench.deliveries(id)).toEqual([])
  })
})

describe('failing', () => {
  test('an attempt is repeated by the schedule until none is left; five days of it disable the webhook', async () => {
    const receiver = await startReceiver((_, response) => void response.writeHead(500).end('out of order'))
    const { id } = await bench.make({ url: receiver.url })
    const start = await bench.happen()
    await bench.work()
    const { retryAfterSeconds } = FORMAT_RULES.standard
    for (const [n, seconds] of retryAfterSeconds.entries()) {
      expect(await bench.deliveries(id)).toMatchObject([{ state: 'pending', attempt_count: n + 1 }])
      bench.clock.advance(seconds * SECOND - 1)
      await bench.work()
      expect(receiver.requests).toHaveLength(n + 1)
      bench.clock.advance(1)
      await bench.work()
      expect(receiver.requests).toHaveLength(n + 2)
    }
    const [delivery] = await bench.deliveries(id)
    expect(delivery).toMatchObject({ state: 'dead', attempt_count: retryAfterSeconds.length + 1, due_at: null })
    expect(new Set(receiver.requests.map(idOf))).toEqual(new Set([delivery!.id]))
    expect(await bench.attempts(id)).toEqual(
      receiver.requests.map((_, n) => ({
        delivery_id: delivery!.id,
        number: n + 1,
        status_code: 500,
        failure: 'status',
        message: 'the receiver answered 500',
        response_body: 'out of order',
      })),
    )
    expect(await said(start, 'webhook.deliveryFailed', 'webhook.disabled')).toEqual([
      ['webhook.deliveryFailed', { webhookId: id, deliveryId: delivery!.id }],
      ['webhook.disabled', { webhookId: id, reason: 'failing' }],
    ])
    await bench.happen()
    await bench.work()
    expect(receiver.requests).toHaveLength(retryAfterSeconds.length + 1)
  })

  test('one success in between begins the five days anew', async () => {
    let status = 500
    const receiver = await startReceiver((_, response) => void response.writeHead(status).end())
    const { id } = await bench.make({ url: receiver.url })
    const start = await bench.happen()
    await bench.work()
    const failingSince = async () => {
      const [row] = await bench.db.query<{ failing_since: Date | null }>(
        sql`SELECT failing_since FROM webhook WHERE id = ${id}::uuid`,
      )
      return row!.failing_since
    }
    expect(await failingSince()).toEqual(bench.clock.now())
    bench.clock.advance(4 * DAY)
    status = 200
    await bench.happen()
    await bench.work()
    expect(await failingSince()).toBeNull()
    status = 500
    await bench.happen()
    await bench.work()
    expect(await failingSince()).toEqual(bench.clock.now())
    await bench.db.query(
      sql`UPDATE webhook_delivery SET attempts_since_start = 100 WHERE webhook_id = ${id}::uuid AND state = 'pending'`,
    )
    bench.clock.advance(2 * DAY)
    await bench.work()
    expect(await said(start, 'webhook.disabled')).toEqual([])
    expect((await said(start, 'webhook.deliveryFailed')).length).toBe(1)
  })

  test('410 Gone ends a webhook at once', async () => {
    const receiver = await startReceiver((_, response) => void response.writeHead(410).end())
    const { id } = await bench.make({ url: receiver.url })
    const start = await bench.happen()
    await bench.work()
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'dead', attempt_count: 1 }])
    expect(await said(start, 'webhook.disabled')).toEqual([['webhook.disabled', { webhookId: id, reason: 'gone' }]])
  })

  test.each([
    [
      'reset',
      (_: Received, response: any) => response.socket.resetAndDestroy(),
      { failure: 'reset', status_code: null },
    ],
    ['hang', () => {}, { failure: 'timeout', status_code: null }],
    [
      'redirect',
      (_: Received, response: any) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      { failure: 'redirect' },
    ],
    [
      'refuse',
      (_: Received, response: any) => response.writeHead(401).end('who?'),
      { failure: 'status', status_code: 401, response_body: 'who?' },
    ],
    [
      'answer with a NUL',
      (_: Received, response: any) => response.writeHead(400).end('a\0b'),
      { failure: 'status', status_code: 400 },
    ],
  ])('receivers that %s are told apart in the log', async (_, answer, expected) => {
    const receiver = await startReceiver(answer)
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.work()
    expect(await bench.attempts(id)).toMatchObject([expected])
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'pending', attempt_count: 1 }])
  })

  test('an answer of 100 MB is a success of which the beginning is kept', async () => {
    let written = 0
    const receiver = await startReceiver((_, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(1_000_000, 'x')
      const more = () => {
        while (written < 100_000_000 && !response.destroyed) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.work()
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'succeeded' }])
    const [attempt] = await bench.attempts(id)
    expect(attempt!.response_body).toMatch(/^x{100,10000}$/)
    expect(written).toBeLessThan(50_000_000)
  })

  test('an address that is not allowed is said to be', async () => {
    const receiver = await startReceiver()
    const outbound = createOutbound({ allow: [], timeoutMs: TIMEOUT_MS })
    const dispatcher = dispatcherWith({ outbound })
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    await dispatcher.run()
    await dispatcher.settled()
    await outbound.close()
    expect(receiver.requests).toHaveLength(0)
    expect(await bench.attempts(id)).toMatchObject([
      { failure: 'blocked', message: expect.stringContaining('127.0.0.1') },
    ])
  })

  test('with another APP_SECRET nothing is sent, and the reason is named', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    const dispatcher = dispatcherWith({ world: { sealer: createSealer(new Uint8Array(32).fill(1)) } })
    await dispatcher.run()
    await dispatcher.settled()
    expect(receiver.requests).toHaveLength(0)
    expect(await bench.attempts(id)).toMatchObject([
      { failure: 'unbuildable', message: expect.stringContaining('APP_SECRET') },
    ])
    bench.clock.advance(5 * SECOND)
    await bench.work()
    expect(receiver.requests).toHaveLength(1)
  })

  test('what was erased is not sent', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    const dispatcher = createDispatcher({
      ...{ world: bench.world, logger: createLogger('silent'), timeoutMs: TIMEOUT_MS },
      outbound: createOutbound({ allow: [], timeoutMs: TIMEOUT_MS }),
      builders: { ...bench.builders, standard: async () => undefined },
    })
    await dispatcher.run()
    await dispatcher.settled()
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'cancelled', attempt_count: 0, due_at: null }])
  })
})

describe('dying in between', () => {
  test('what was sent but not recorded is sent again under the same id', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    const dying = dispatcherWith({
      world: {
        db: {
          ...bench.db,
          query: async (statement) => {
            if (statement.text.includes('INSERT INTO webhook_attempt')) throw new Error('the process died')
            return bench.db.query(statement)
          },
        },
      },
    })
    await dying.run()
    await dying.settled()
    expect(receiver.requests).toHaveLength(1)
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'pending', attempt_count: 0 }])
    bench.clock.advance(LEASE_MS - 1)
    await bench.work()
    expect(receiver.requests).toHaveLength(1)
    bench.clock.advance(1)
    await bench.work()
    expect(receiver.requests.map(idOf)).toEqual([idOf(receiver.requests[0]!), idOf(receiver.requests[0]!)])
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'succeeded', attempt_count: 1 }])
  })

  test('an attempt that outlives its lease does not undo what came after it', async () => {
    const answers: ((status: number) => void)[] = []
    const receiver = await startReceiver(
      (_, response) => void answers.push((status) => response.writeHead(status).end()),
    )
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    const [slow, quick] = [dispatcherWith({}), dispatcherWith({})]
    await slow.run()
    await until(() => answers.length === 1, 'the first attempt')
    bench.clock.advance(LEASE_MS)
    await quick.run()
    await until(() => answers.length === 2, 'the second attempt')
    answers[1]!(200)
    await quick.settled()
    answers[0]!(500)
    await slow.settled()
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'succeeded', attempt_count: 2, due_at: null }])
    expect((await bench.attempts(id)).map(({ number, status_code }) => [number, status_code])).toEqual([
      [1, 200],
      [2, 500],
    ])
  })

  test('two processes send nothing twice', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    for (let n = 0; n < 40; n++) await bench.happen()
    const [one, two] = [dispatcherWith({}), dispatcherWith({})]
    const feeds = () => Promise.all([bench.feed(), feedWebhooks(bench.world, bench.feedDeps)])
    while ((await feeds()).some((taken) => taken > 0));
    while (receiver.requests.length < 40) {
      await Promise.all([one.run(), two.run()])
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await Promise.all([one.settled(), two.settled()])
    expect(receiver.requests).toHaveLength(40)
    expect(new Set(receiver.requests.map(idOf)).size).toBe(40)
    expect(
      (await bench.deliveries(id)).every(({ state, attempt_count }) => state === 'succeeded' && attempt_count === 1),
    ).toBe(true)
  })

  test.runIf(onPostgres)('a feed that is taken is passed over, not waited for', async () => {
    const { id } = await bench.make({ url: 'http://127.0.0.1:9/' })
    await bench.happen()
    const [taken, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const other = bench.db.transaction(async (tx) => {
      await tx.query(sql`SELECT 1 FROM webhook_feed WHERE webhook_id = ${id}::uuid FOR UPDATE`)
      taken.resolve()
      await free.promise
    })
    await taken.promise
    expect(await bench.feed()).toBe(0)
    free.resolve()
    await other
    expect(await bench.feed()).toBe(1)
  })

  test('a stopping dispatcher begins nothing and waits for what runs, up to a limit', async () => {
    const answers: (() => void)[] = []
    const receiver = await startReceiver((_, response) => void answers.push(() => response.writeHead(200).end()))
    await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.feed()
    const dispatcher = dispatcherWith({})
    await dispatcher.run()
    await until(() => answers.length === 1, 'the attempt')
    await dispatcher.stop(1)
    expect(dispatcher.inFlight()).toBe(1)
    await bench.happen()
    await bench.feed()
    expect(await dispatcher.run()).toBe(0)
    const stopping = dispatcher.stop(60_000)
    answers[0]!()
    await stopping
    expect(dispatcher.inFlight()).toBe(0)
  })
})

describe('waiting for an analysis', () => {
  const make = () =>
    bench.make({
      url: 'https://127.0.0.1:9/',
      format: 'sayify',
      eventTypes: ['response.started', 'response.submitted'],
    })
  const feed = (analysisWaitMs: number, awaiting: string[] = []) =>
    feedWebhooks(bench.world, {
      logger: createLogger('silent'),
      analysisWaitMs,
      awaitingAnalysis: async (_tx, _workspaceId, ids) => new Set(ids.filter((id) => awaiting.includes(id))),
    })

  test('a submission is held back for as long as configured, the event in the log is not', async () => {
    const { id } = await make()
    const [spoken, written] = [bench.world.newId(), bench.world.newId()]
    await bench.happen('response.submitted', { responseId: spoken })
    await bench.happen('response.submitted', { responseId: written })
    await feed(MINUTE, [spoken])
    const now = bench.clock.now().getTime()
    expect((await bench.deliveries(id)).map(({ due_at }) => due_at!.getTime() - now)).toEqual([MINUTE, 0])
  })

  test('it goes when the analysis is there, also when both are met at once', async () => {
    const { id } = await make()
    const [first, second] = [bench.world.newId(), bench.world.newId()]
    await bench.happen('response.submitted', { responseId: first })
    await feed(MINUTE, [first, second])
    bench.clock.advance(SECOND)
    await bench.happen('response.analyzed', { responseId: first })
    await bench.happen('response.submitted', { responseId: second })
    await bench.happen('response.analyzed', { responseId: second })
    await feed(MINUTE, [first, second])
    const deliveries = await bench.deliveries(id)
    expect(deliveries.map(({ event_type }) => event_type)).toEqual(['response.submitted', 'response.submitted'])
    expect(deliveries.map(({ due_at }) => due_at)).toEqual([bench.clock.now(), bench.clock.now()])
  })

  test('one that is being sent is not sent a second time when the analysis is there', async () => {
    const { id } = await make()
    const responseId = bench.world.newId()
    await bench.happen('response.submitted', { responseId })
    await feed(MINUTE, [responseId])
    bench.clock.advance(MINUTE)
    let posts = 0
    const answer = Promise.withResolvers<void>()
    const dispatcher = dispatcherWith({
      outbound: {
        async post() {
          posts++
          await answer.promise
          return { outcome: 'answered', status: 200, headers: {}, body: '', truncated: false, durationMs: 1 }
        },
        close: async () => {},
      },
    })
    await dispatcher.run()
    await bench.happen('response.analyzed', { responseId })
    await feed(MINUTE)
    await dispatcher.run()
    answer.resolve()
    await dispatcher.settled()
    expect(posts).toBe(1)
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'succeeded', attempt_count: 1 }])
  })

  test('it goes when its analysis has come to an end without all of it, unless somebody else may find the rest', async () => {
    const { id } = await make()
    const [left, elsewhere] = [bench.world.newId(), bench.world.newId()]
    for (const responseId of [left, elsewhere]) await bench.happen('response.submitted', { responseId })
    await feed(MINUTE, [left, elsewhere])
    bench.clock.advance(SECOND)
    for (const responseId of [left, elsewhere]) await bench.happen('response.analysisIncomplete', { responseId })
    await feed(MINUTE, [elsewhere])
    const now = bench.clock.now().getTime()
    expect((await bench.deliveries(id)).map(({ due_at }) => due_at!.getTime() - now)).toEqual([0, MINUTE - SECOND])
  })

  test('without a wait, and for other formats, nothing is held back', async () => {
    const { id } = await make()
    const standard = await bench.make({ url: 'http://127.0.0.1:9/', eventTypes: ['response.submitted'] })
    const responseId = bench.world.newId()
    await bench.happen('response.submitted', { responseId })
    await feed(0, [responseId])
    await feed(MINUTE, [responseId])
    for (const webhook of [id, standard.id]) {
      expect((await bench.deliveries(webhook)).map(({ due_at }) => due_at)).toEqual([bench.clock.now()])
    }
  })
})

describe('retention', () => {
  test('a webhook that was passed says so, and goes on with what is left', async () => {
    const { id } = await bench.make({ url: 'http://127.0.0.1:9/' })
    const lost = await bench.happen()
    bench.clock.advance(31 * DAY)
    await bench.happen()
    while ((await bench.world.events.prune()) > 0);
    await bench.feed()
    await bench.feed()
    expect((await bench.deliveries(id)).map(({ position }) => position)).toEqual([lost + 1])
    expect(await said(lost, 'webhook.eventsMissed')).toEqual([['webhook.eventsMissed', { webhookId: id }]])
  })

  test('one that nothing concerns is moved along, one that has something to read is not', async () => {
    const idle = await bench.make({ url: 'http://127.0.0.1:9/', eventTypes: ['contact.created'] })
    const behind = await bench.make({ url: 'http://127.0.0.1:9/' })
    await bench.world.events.write(bench.workspaceId, async (_, emit) => {
      for (let n = 0; n < 1_100; n++) emit('link.updated', { linkId: bench.world.newId() })
    })
    const position = await bench.happen()
    expect(await moveIdleWebhooks(bench.world)).toBe(1)
    const rows = await bench.db.query<{ webhook_id: string; position: number }>(
      sql`SELECT webhook_id, position FROM webhook_feed`,
    )
    expect(rows.find(({ webhook_id }) => webhook_id === idle.id)!.position).toBe(position)
    await bench.feed()
    expect(await bench.deliveries(behind.id)).toHaveLength(1)
  })

  test('settled deliveries go with their attempts when the events do; what waits stays', async () => {
    const receiver = await startReceiver()
    const { id } = await bench.make({ url: receiver.url })
    await bench.happen()
    await bench.work()
    await bench.happen()
    await bench.feed()
    bench.clock.advance(30 * DAY)
    await pruneDeliveries(bench.world)
    expect(await bench.deliveries(id)).toHaveLength(2)
    bench.clock.advance(1)
    await pruneDeliveries(bench.world)
    expect(await bench.deliveries(id)).toMatchObject([{ state: 'pending' }])
    expect(await bench.attempts(id)).toEqual([])
  })
})

test('a dead letter that is sent again has the whole schedule before it', async () => {
  let status = 500
  const receiver = await startReceiver((_, response) => void response.writeHead(status).end())
  const { id } = await bench.make({ url: receiver.url })
  await bench.happen()
  await bench.feed()
  await bench.db.query(sql`UPDATE webhook_delivery SET attempts_since_start = 100 WHERE webhook_id = ${id}::uuid`)
  await bench.work()
  const [dead] = await bench.deliveries(id)
  expect(dead!.state).toBe('dead')
  await redeliver(bench.world, bench.viewer, dead!.id)
  await bench.work()
  expect(await bench.deliveries(id)).toMatchObject([{ state: 'pending', attempt_count: 2 }])
  status = 200
  await enableWebhook(bench.world, bench.viewer, id)
  bench.clock.advance(5 * SECOND)
  await bench.work()
  expect(await bench.deliveries(id)).toMatchObject([{ id: dead!.id, state: 'succeeded', attempt_count: 3 }])
})
