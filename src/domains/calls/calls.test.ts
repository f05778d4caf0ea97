import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readyVoiceFile, type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { BUTTONS, concurrency, outreachKit, people, phones } from '../../../test/kit/outreach.ts'
import { eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Script } from '../../providers/telephony/index.ts'
import {
  addReceivers,
  type CampaignDeps,
  createCampaign,
  deleteCampaign,
  explainReceivers,
  NO_LIMITS,
  setCampaignState,
  updateCampaign,
  updateOutreachPolicy,
} from '../campaigns/index.ts'
import { isOptedOut, optOut } from '../contacts/index.ts'
import { applyNews } from './apply-news.ts'
import { dialDue } from './dial-due.ts'

let t: TestWorld
let voiceFileId: string
const engines: TestEngine[] = []
let kit: ReturnType<typeof outreachKit>

beforeAll(async () => {
  t = await testWorld()
  voiceFileId = await readyVoiceFile(t)
  kit = outreachKit(t, voiceFileId)
}, 60_000)

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.board.stop()
})

async function open(options: Parameters<typeof testEngine>[1] = {}): Promise<TestEngine> {
  const engine = await testEngine(t, options)
  engines.push(engine)
  return engine
}

const limited = (policy: Partial<CampaignDeps['policy']>) => ({ changes: { policy: { ...NO_LIMITS, ...policy } } })

describe('an RSVP campaign', () => {
  test('calls until as many accepted as were wanted, and not one more', async () => {
    const engine = await open()
    const head = await headOf(t.world, t.workspaceId)
    const id = await kit.rsvp(engine)
    await engine.run()
    expect(await kit.campaignOf(id)).toMatchObject({
      state: 'completed',
      dialed_calls: 2,
      answered_calls: 2,
      accepts: 2,
    })
    expect(await kit.outcomes(id)).toEqual(['accepted 1', 'accepted 1', 'not_called 0', 'not_called 0', 'not_called 0'])
    expect(engine.fake.calls()).toHaveLength(2)
    await kit.expectExactStats(id)
    // Every state of a call is told, in its order.
    const [first] = await t.db.query<{ id: string }>(
      sql`SELECT id FROM call WHERE campaign_id = ${id}::uuid ORDER BY created_at, id LIMIT 1`,
    )
    const told = (await eventsAfter(t.world, t.workspaceId, head))
      .filter(([, , payload]) => (payload as { callId?: string }).callId === first!.id)
      .map(([, type]) => type)
    expect(told).toEqual([
      ...['call.queued', 'call.dialing', 'call.ringing', 'call.answered', 'call.replied', 'call.ended', 'call.settled'],
    ])
  })

  test('redials who does not answer, as often as allowed and not sooner', async () => {
    const engine = await open({ people: people({ busy: 1, keys: {} }) })
    const receivers = phones(2)
    const id = await kit.rsvp(engine, { receivers, maxAttempts: 3 })
    await engine.run()
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', dialed_calls: 6, not_answered_calls: 6 })
    expect(await kit.receiversOf(id)).toMatchObject([
      { state: 'settled', outcome: 'no_answer', attempts: 3, reason: 'busy' },
      { state: 'settled', outcome: 'no_answer', attempts: 3, reason: 'busy' },
    ])
    const first = engine.fake.calls().filter(({ to }) => to === receivers[0]!.phone)
    expect(first.slice(1).map((call, n) => call.dialledAt - first[n]!.endedAt!)).toEqual([900_000, 900_000])
    await kit.expectExactStats(id)
  })

  test('halts: nothing more is dialled, what is in progress finishes and counts', async () => {
    const engine = await open()
    const id = await kit.rsvp(engine, { acceptsWanted: 5, lines: 1 })
    await engine.run(new Date(t.clock.now().getTime() + 100))
    expect(engine.fake.calls()).toHaveLength(1)
    await setCampaignState(engine.deps, t.viewer, { id, state: 'halted' })
    await engine.run(new Date(t.clock.now().getTime() + 3_600_000))
    expect(engine.fake.calls()).toHaveLength(1)
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'halted', accepts: 1, settled_receivers: 1 })
    await setCampaignState(engine.deps, t.viewer, { id, state: 'active' })
    await engine.run()
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', accepts: 5, dialed_calls: 5 })
  })

  test('reserves a place among the accepts for each call under way', async () => {
    const engine = await open({ people: people({ keys: { '1': 0.3, '2': 0.3 } }) })
    const id = await kit.rsvp(engine, { receivers: phones(40), acceptsWanted: 6 })
    await engine.run()
    const { accepts, dialed_calls: dialed } = (await kit.campaignOf(id)) as { accepts: number; dialed_calls: number }
    expect(accepts).toBe(6)
    expect(dialed).toBeGreaterThan(6)
    expect(Math.max(...concurrency(engine))).toBeLessThanOrEqual(6)
    await kit.expectExactStats(id)
  })

  test('tells declines, opt-outs, silence and hang-ups apart, and redials none of them', async () => {
    const scripts: Script[] = [
      { endsWith: '1', calls: [{ replies: [{ digits: '1', afterMs: 500 }] }] },
      { endsWith: '2', calls: [{ replies: [{ digits: '2', afterMs: 500 }] }] },
      { endsWith: '3', calls: [{ replies: [{ digits: '9', afterMs: 500 }] }] },
      { endsWith: '4', calls: [{ replies: [{ digits: '7', afterMs: 500 }] }] },
      { endsWith: '5', calls: [{ replies: [] }] },
      { endsWith: '6', calls: [{ replies: [], hangsUp: { prompt: 0, afterMs: 300 } }] },
    ]
    const engine = await open({ people: people({ scripts }) })
    const receivers = [1, 2, 3, 4, 5, 6].map((digit) => ({ phone: `+35840555444${digit}` }))
    const id = await kit.rsvp(engine, { receivers, acceptsWanted: 6 })
    await engine.run()
    expect(await kit.outcomes(id)).toEqual([
      ...['accepted 1', 'declined 1', 'opted_out 1', 'no_reply 1', 'no_reply 1', 'no_reply 1'],
    ])
    const isOut = (address: string) => isOptedOut(t.world, t.db, t.workspaceId, { channel: 'call', address })
    expect(await Promise.all(receivers.map(({ phone }) => isOut(phone)))).toEqual([
      ...[false, false, true, false, false, false],
    ])
    expect(await kit.campaignOf(id)).toMatchObject({ accepts: 1, declines: 1, opt_outs: 1, no_replies: 3 })
    await kit.expectExactStats(id)
  })

  test('begins, opens its window and ends by the clock', async () => {
    const engine = await open({ people: people({ busy: 1, keys: {} }) })
    const now = t.clock.now().getTime()
    const at = (minutes: number) => new Date(now + minutes * 60_000)
    const time = (date: Date) => date.toISOString().slice(11, 19)
    const daily = [{ from: time(at(60)), to: time(at(90)) }]
    const weekly = Object.fromEntries(
      ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].map((day) => [day, daily]),
    )
    const id = await kit.rsvp(engine, {
      ...{ receivers: phones(1), maxAttempts: 20, startsAt: at(30), endsAt: at(60 * 24 + 70) },
      calendar: { timeZone: 'UTC', weekly },
    })
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'scheduled' })
    await engine.run(at(59))
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'active', dialed_calls: 0 })
    await engine.run()
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed' })
    const minutes = engine.fake.calls().map(({ dialledAt }) => Math.round((dialledAt - now) / 60_000))
    expect(minutes).toEqual([60, 75, 1_500])
  })

  test('is deleted: it dials no more, and what is under way finishes without a word of its state', async () => {
    const engine = await open()
    const id = await kit.rsvp(engine, { lines: 1, acceptsWanted: 5 })
    await engine.run(new Date(t.clock.now().getTime() + 100))
    const head = await headOf(t.world, t.workspaceId)
    await deleteCampaign(engine.deps, t.viewer, id)
    await engine.run(new Date(t.clock.now().getTime() + 60_000))
    expect(engine.fake.calls()).toHaveLength(1)
    const types = (await eventsAfter(t.world, t.workspaceId, head)).map(([, type]) => type)
    expect(types).toContain('call.settled')
    expect(types).not.toContain('campaign.stateChanged')
  })

  test('lowered to what is reached already it is completed at once; receivers can be added until then', async () => {
    const engine = await open()
    const id = await kit.rsvp(engine, { receivers: phones(3), acceptsWanted: 5, lines: 1 })
    await engine.run(new Date(t.clock.now().getTime() + 40_000))
    const { accepts } = (await kit.campaignOf(id)) as { accepts: number }
    expect(accepts).toBeGreaterThan(0)
    await addReceivers(engine.deps, t.viewer, { id, receivers: phones(2) })
    expect(await kit.receiversOf(id)).toHaveLength(5)
    await updateCampaign(engine.deps, t.viewer, { id, acceptsWanted: accepts })
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed' })
    await engine.run()
    await kit.expectExactStats(id)
  })
})

describe('a click to call', () => {
  test('calls in strict order, one at a time, in passes, until one accepts', async () => {
    const scripts: Script[] = [
      { endsWith: '61', calls: [{ outcome: 'busy' }, { outcome: 'busy' }, { outcome: 'busy' }] },
      { endsWith: '62', calls: [{ outcome: 'rings_out' }, { replies: [{ digits: '1', afterMs: 900 }] }] },
      { endsWith: '63', calls: [{ replies: [{ digits: '2', afterMs: 900 }] }] },
    ]
    const engine = await open({ people: people({ scripts }) })
    const numbers = ['+358405554461', '+358405554462', '+358405554463']
    const { id } = await createCampaign(engine.deps, t.viewer, {
      kind: 'click_to_call',
      receivers: numbers.map((phone) => ({ phone })),
      content: { voiceFileId, actionButtons: BUTTONS },
    })
    await engine.run()
    expect(engine.fake.calls().map(({ to }) => to.slice(-2))).toEqual(['61', '62', '63', '61', '62'])
    expect(concurrency(engine)).toEqual([1, 1, 1, 1, 1])
    expect(await kit.outcomes(id)).toEqual(['no_answer 2', 'accepted 2', 'declined 1'])
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', accepts: 1, declines: 1 })
  })
})

describe('the rules of law and decency', () => {
  test('who opted out, has no number or lives elsewhere is never called, and the reason is told', async () => {
    const engine = await open(limited({ countries: ['FI'] }))
    const [out] = phones(1)
    const id = await kit.rsvp(engine, {
      receivers: [out!, { phone: '+4915123456789' }, { email: 'nobody@example.com' }, ...phones(1)],
      state: 'halted',
      acceptsWanted: 4,
    })
    await optOut(t.world, t.viewer, { phone: out!.phone, channels: ['call'] })
    await setCampaignState(engine.deps, t.viewer, { id, state: 'active' })
    await engine.run()
    expect((await kit.receiversOf(id)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['not_called', 'OPTED_OUT'],
      ['not_called', 'COUNTRY_NOT_ALLOWED'],
      ['not_called', 'NO_NUMBER'],
      ['accepted', null],
    ])
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', dialed_calls: 1 })
  })

  test('nobody is called in quiet hours where they are', async () => {
    // Quiet for the next two hours in Helsinki.
    const local = (hours: number) =>
      new Date(t.clock.now().getTime() + hours * 3_600_000).toLocaleTimeString('sv', {
        ...{ timeZone: 'Europe/Helsinki', hour: '2-digit', minute: '2-digit' },
      })
    const engine = await open(limited({ quietHours: { from: local(-1), to: local(2) } }))
    const begin = t.clock.now().getTime()
    const id = await kit.rsvp(engine, { receivers: [...phones(1), { phone: '+13035550123' }], acceptsWanted: 2 })
    await engine.run()
    const minutes = engine.fake.calls().map(({ to, dialledAt }) => [to.slice(0, 3), (dialledAt - begin) / 60_000])
    expect(minutes).toEqual([
      ['+13', 0],
      ['+35', expect.closeTo(120, 0)],
    ])
    expect(await kit.campaignOf(id)).toMatchObject({ accepts: 2 })
  })

  test('nobody is contacted more often than the cap allows, by all campaigns together', async () => {
    const engine = await open({
      ...limited({ contactCap: { contacts: 2, days: 7 } }),
      people: people({ busy: 1, keys: {} }),
    })
    const receivers = phones(1)
    const begin = t.clock.now().getTime()
    await kit.rsvp(engine, { receivers, maxAttempts: 2 })
    const second = await kit.rsvp(engine, { receivers, maxAttempts: 1 })
    await engine.run()
    expect(engine.fake.calls().map(({ dialledAt }) => Math.floor((dialledAt - begin) / 86_400_000))).toEqual([0, 0, 7])
    expect(await kit.outcomes(second)).toEqual(['no_answer 1'])
  })

  test('no more is spent than the cap allows, counting the most that calls under way can cost', async () => {
    const prices = {
      call: { '+358': { perCallCents: 10, perMinuteCents: 60, incrementSeconds: 1 } },
      sms: {},
      emailCents: 0,
    }
    const engine = await open({ changes: { prices, policy: { ...NO_LIMITS, monthlySpendCapCents: 100 } } })
    const id = await kit.rsvp(engine, { receivers: phones(20), acceptsWanted: 20 })
    await engine.run(new Date(t.clock.now().getTime() + 3_600_000))
    const spent = await spendOf()
    expect(spent).toBeLessThanOrEqual(100 * 10_000)
    expect(engine.fake.calls().length).toBeGreaterThan(3)
    expect(engine.fake.calls().length).toBeLessThan(20)
    const waiting = (await kit.receiversOf(id)).find(({ state }) => state === 'waiting')!
    const [why] = await explainReceivers(engine.deps, t.viewer, [waiting.id])
    expect(why!.blockers).toEqual([{ rule: 'SPEND_CAP', until: null }])
    expect(Number((await kit.campaignOf(id)).cost)).toBe(spent)
    await deleteCampaign(engine.deps, t.viewer, id)
  })

  test('a campaign that nothing is left for is looked at once, and finds whom enough is left for', async () => {
    const priceOf = (perCallCents: number) => ({ perCallCents, perMinuteCents: 0, incrementSeconds: 1 })
    const prices = { call: { '+358': priceOf(10), '+46': priceOf(1) }, sms: {}, emailCents: 0 }
    const spent = (await spendOf()) / 10_000
    const engine = await open({ changes: { prices, policy: { ...NO_LIMITS, monthlySpendCapCents: spent + 1.5 } } })
    const dear = Array.from({ length: 250 }, (_, n) => ({ phone: `+3584012${70_000 + n}` }))
    const id = await kit.rsvp(engine, { receivers: [...dear, { phone: '+46701740605' }], acceptsWanted: 9 })
    const step = async () => (await dialDue(engine.deps, 'a seat', 0))?.map(({ phone }) => phone)
    const dueIn = async () => {
      const [row] = await t.db.query<{ due_at: Date }>(sql`SELECT due_at FROM campaign WHERE id = ${id}::uuid`)
      return row!.due_at.getTime() - t.clock.now().getTime()
    }
    // Behind all those for whom it is not.
    expect(await step()).toEqual(['+46701740605'])
    // A call under way may give back a part of what it holds.
    expect([await step(), await dueIn()]).toEqual([undefined, 60_000])
    const [call] = await t.db.query<{ id: string }>(sql`SELECT id FROM call WHERE campaign_id = ${id}::uuid`)
    const refused = { callId: call!.id, type: 'not_dialed', cause: 'invalid_number', retryAfterMs: 0 } as const
    await applyNews(engine.deps, t.workspaceId, [refused], [id])
    expect([await step(), await step(), await dueIn()]).toEqual([[], undefined, 600_000])
    await updateOutreachPolicy(engine.deps, t.viewer, { monthlySpendCapCents: spent + 1 })
    expect(await dueIn()).toBe(0)
    await updateOutreachPolicy(engine.deps, t.viewer, { monthlySpendCapCents: null })
    await deleteCampaign(engine.deps, t.viewer, id)
  })

  async function spendOf() {
    const [row] = await t.db.query<{ amount: string }>(
      sql`SELECT coalesce(sum(amount), 0)::text AS amount FROM spend WHERE workspace_id = ${t.workspaceId}::uuid`,
    )
    return Number(row!.amount)
  }
})

describe('lines', () => {
  test.each([
    ['of the campaign', { campaign: 3 }],
    ['of the workspace', { workspace: 3 }],
    ['of the provider', { provider: 3 }],
  ])('%s are never exceeded', async (_, limit: { campaign?: number; workspace?: number; provider?: number }) => {
    const engine = await open({
      ...(limit.provider ? { lines: limit.provider } : {}),
      ...(limit.workspace ? limited({ lines: limit.workspace }) : {}),
    })
    const one = { receivers: phones(6), acceptsWanted: 6, lines: limit.campaign ?? null }
    const ids = [
      await kit.rsvp(engine, one),
      ...(limit.campaign ? [] : [await kit.rsvp(engine, { ...one, receivers: phones(6) })]),
    ]
    await engine.run()
    expect(Math.max(...concurrency(engine))).toBe(3)
    for (const id of ids) expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', accepts: 6 })
    expect(engine.fake.history.some((entry) => entry.what === 'dial' && entry.result === 'congested')).toBe(false)
  })
})
