import { beforeAll, describe, expect, test } from 'vitest'
import { readyVoiceFile, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, phones } from '../../../test/kit/outreach.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { type CallEvent, TelephonyUnavailableError } from '../../providers/telephony/index.ts'
import { LATE_NEWS_MS } from '../campaigns/index.ts'
import { applyNews } from './apply-news.ts'
import { createSwitchboard, LEASE_MS } from './index.ts'
import { LATE_REPLIES_MS } from './seats.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>

beforeAll(async () => {
  t = await testWorld()
  kit = outreachKit(t, await readyVoiceFile(t))
}, 60_000)

test('the seat of a process that died is taken when its lease is over, and its calls are followed at once', async () => {
  const engine = await testEngine(t)
  await kit.rsvp(engine, { receivers: phones(3), acceptsWanted: 3 })
  const dying = createSwitchboard(engine.deps)
  await dying.keepSeats()
  await dying.dial()
  await dying.settled()
  const diedAt = t.clock.now().getTime()

  let taken = 0
  const heir = createSwitchboard(engine.deps, { onTaken: () => taken++ })
  await heir.keepSeats()
  expect(taken).toBe(0)
  for (let looks = 0; taken === 0 && looks < 20; looks++) {
    const next = await heir.nextKeep()
    await engine.fake.advance(Math.max(1, next!.getTime() - t.clock.now().getTime()))
    await heir.keepSeats()
  }
  expect(taken).toBe(1)
  expect(t.clock.now().getTime() - diedAt).toBeLessThanOrEqual(LEASE_MS + 2)
  // All three are due now, not when their news would have been.
  expect(await heir.follow()).toBe(3)
  await heir.stop()
  await dying.stop()
})

describe('a call that ended with an open question when its process died', () => {
  /** The end came first; then the process died. Returns how to tell more of the call, and who has taken it over. */
  async function takeOver() {
    const engine = await testEngine(t)
    const id = await kit.rsvp(engine, { receivers: phones(1), acceptsWanted: 1, maxAttempts: 1 })
    const dying = createSwitchboard(engine.deps)
    await dying.keepSeats()
    while ((await dying.dial()) > 0);
    await dying.settled()
    const [call] = await t.db.query<{ id: string }>(sql`SELECT id FROM call WHERE campaign_id = ${id}::uuid`)
    const callId = call!.id
    const at = t.clock.now()
    const tell = (news: object) => {
      const event = { callId, at, ...news } as CallEvent
      return applyNews(engine.deps, t.workspaceId, [{ callId, type: 'event', event }], [id])
    }
    await tell({ type: 'ended', eventId: '1', cause: 'answered', answeredAt: at, endedAt: at, codes: {} })
    await engine.fake.advance(LEASE_MS + LATE_NEWS_MS)
    const heir = createSwitchboard(engine.deps)
    await heir.keepSeats()
    await heir.follow()
    return { engine, id, tell, heir, end: () => Promise.all([heir.stop(), dying.stop()]) }
  }

  test('is not taken for final before what the provider kept for its seat is heard', async () => {
    const { id, tell, end } = await takeOver()
    expect((await kit.receiversOf(id)).map(({ state }) => state)).toEqual(['in_progress'])
    await tell({ type: 'keypress', eventId: '2', digit: '1' })
    expect(await kit.outcomes(id)).toEqual(['accepted 1'])
    expect(await kit.campaignOf(id)).toMatchObject({ accepts: 1, surplus_accepts: 0 })
    await end()
  })

  test('is not waited for without end when nothing was kept', async () => {
    const { engine, id, heir, end } = await takeOver()
    await engine.fake.advance(LATE_NEWS_MS)
    await heir.follow()
    expect(await kit.outcomes(id)).toEqual(['no_reply 1'])
    await end()
  })
})

test('a seat whose calls are all settled is listened to for a while after its process died: replies may be late', async () => {
  const engine = await testEngine(t)
  const dying = createSwitchboard(engine.deps)
  await dying.keepSeats()
  const holders = async () =>
    new Map(
      (await t.db.query<{ name: string; holder: string }>(sql`SELECT name, holder FROM seat`)).map((seat) => [
        seat.name,
        seat.holder,
      ]),
    )
  const before = await holders()
  const heir = createSwitchboard(engine.deps)
  await heir.keepSeats()
  const [own] = [...(await holders()).keys()].filter((name) => !before.has(name))
  await engine.fake.advance(LEASE_MS + 1)
  await heir.keepSeats()
  const taken = await holders()
  expect(taken.size).toBeGreaterThan(1)
  expect(new Set(taken.values())).toEqual(new Set([taken.get(own!)]))
  for (let waited = 0; waited <= LATE_REPLIES_MS; waited += LEASE_MS / 2) {
    await engine.fake.advance(LEASE_MS / 2)
    await heir.keepSeats()
  }
  expect([...(await holders()).keys()]).toEqual([own])
  await heir.stop()
  await dying.stop()
})

describe('a call that nobody follows', () => {
  const LONG = { ringTimeoutMs: 600_000, maxDurationMs: 600_000 }

  async function seated() {
    const engine = await testEngine(t)
    await engine.board.keepSeats()
    await engine.board.settled()
    const [seat] = await t.db.query<{ name: string }>(
      // Names grow with time.
      sql`SELECT name FROM seat ORDER BY name DESC LIMIT 1`,
    )
    const isLive = async (callId: string) => (await engine.fake.active()).some((call) => call.callId === callId)
    /** Lets time pass as the process lives it. */
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 3_000) {
        await engine.fake.advance(3_000)
        await engine.board.keepSeats()
        await engine.board.settled()
      }
    }
    return { engine, seat: seat!.name, isLive, pass }
  }

  test('is hung up when it is ours and no call was ever written down; those of others are left alone', async () => {
    const { engine, seat, isLive, pass } = await seated()
    const [ours, theirs] = [t.world.newId(), t.world.newId()]
    const to = '+358401230480'
    await engine.fake.dial({ callId: ours, seat, to, ...LONG })
    await engine.fake.dial({ callId: theirs, seat: 'seat-of-another-installation', to, ...LONG })
    await pass(63_000)
    // Seen once: it may be about to be written down.
    expect(await isLive(ours)).toBe(true)
    await pass(63_000)
    expect([await isLive(ours), await isLive(theirs)]).toEqual([false, true])
    await engine.board.stop()
  })

  test('is hung up when it was given up and goes on', async () => {
    const { engine, isLive } = await seated()
    const id = await kit.rsvp(engine, { receivers: [{ phone: '+358401230480' }], acceptsWanted: 1, maxAttempts: 1 })
    await engine.board.dial()
    await engine.board.settled()
    const [call] = await t.db.query<{ id: string }>(sql`SELECT id FROM call WHERE campaign_id = ${id}::uuid`)
    await applyNews(engine.deps, t.workspaceId, [{ callId: call!.id, type: 'lost' }], [id])
    expect(await isLive(call!.id)).toBe(true)
    // A process that starts looks for such calls.
    const starting = createSwitchboard(engine.deps)
    await starting.keepSeats()
    await starting.settled()
    expect(await isLive(call!.id)).toBe(false)
    const ended = engine.fake.calls().find(({ callId }) => callId === call!.id)
    expect(ended!.cause).toBe('cancelled')
    await starting.stop()
    await engine.board.stop()
  })
})

test('a provider that is out of reach is told of once a minute, and when it is back', async () => {
  const engine = await testEngine(t)
  const told: string[] = []
  let isThere = false
  const board = createSwitchboard({
    ...engine.deps,
    logger: { ...engine.deps.logger, warn: (_fields: object, message: string) => void told.push(message) },
    telephony: {
      ...engine.fake,
      async capabilities() {
        if (!isThere) throw new TelephonyUnavailableError('connect ECONNREFUSED')
        return engine.fake.capabilities()
      },
    },
  })
  for (let n = 0; n < 25; n++) {
    await board.keepSeats()
    await engine.fake.advance(3_000)
  }
  expect(told).toEqual(Array(2).fill('the telephony provider cannot be reached'))
  isThere = true
  await board.keepSeats()
  await board.keepSeats()
  expect(told.slice(2)).toEqual(['the telephony provider can be reached again'])
  await board.stop()
})
