import { beforeAll, describe, expect, test } from 'vitest'
import { numbers, type PostOffice, postKit, postOffice } from '../../../test/kit/post.ts'
import { eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import {
  type CampaignDeps,
  createCampaign,
  deleteCampaign,
  explainReceivers,
  NO_LIMITS,
  NO_PRICES,
  setCampaignState,
  updateCampaign,
} from '../campaigns/index.ts'
import {
  addToContactList,
  createContact,
  createContactList,
  deleteContact,
  optOut,
  removeFromContactList,
} from '../contacts/index.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let t: TestWorld
let kit: ReturnType<typeof postKit>
beforeAll(async () => {
  t = await testWorld()
  kit = postKit(t)
})

type Wish = { state?: 'active' | 'halted'; startsAt?: null; startsIn?: number }
const limited = (policy: Partial<CampaignDeps['policy']>) => ({ changes: { policy: { ...NO_LIMITS, ...policy } } })
const priced = (perSegmentCents: number, policy: Partial<CampaignDeps['policy']> = {}) => ({
  changes: { prices: { ...NO_PRICES, sms: { '': { perSegmentCents } } }, policy: { ...NO_LIMITS, ...policy } },
})
const whereTo = ({ sms }: PostOffice) => sms.history.map(({ to }) => to)

describe('an SMS broadcast', () => {
  test('texts everybody once, and tells each step', async () => {
    const office = postOffice(t, priced(6.9))
    const phones = numbers(3)
    const receivers = [...phones, phones[0]!].map((phone) => ({ phone }))
    const head = await headOf(t.world, t.workspaceId)
    const before = await kit.spent()
    const id = await kit.texts(office, { receivers, content: { message: 'x'.repeat(161), sender: 'Acme' } })
    await office.run()
    expect(office.sms.history).toEqual(
      phones.map((to) => ({ id: expect.any(String), from: 'Acme', to, text: 'x'.repeat(161) })),
    )
    expect(await kit.outcomes(id)).toEqual(['sent 1', 'sent 1', 'sent 1'])
    const rows = await kit.messagesOf(id)
    expect(rows).toMatchObject(
      phones.map((address, n) => ({
        ...{ id: office.sms.history[n]!.id, state: 'sent', address, provider_id: office.sms.history[n]!.id },
        ...{ segments: 2, cost: 138_000, failure: null, due_at: null, sent_at: t.clock.now() },
      })),
    )
    expect(await kit.spent()).toBe(before + 3 * 138_000)
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', due_at: null, messages_sent: 3 })
    await kit.expectExactStats(id)
    const events = await eventsAfter(t.world, t.workspaceId, head)
    const about = events.filter(
      ([, , payload]) => (payload as { receiverId?: string }).receiverId === rows[0]!.receiver_id,
    )
    expect(about.map(([, type, payload]) => [type, payload])).toEqual([
      ['outboundMessage.queued', { campaignId: id, receiverId: rows[0]!.receiver_id, outboundMessageId: rows[0]!.id }],
      ['receiver.inProgress', { campaignId: id, receiverId: rows[0]!.receiver_id, attempts: 1 }],
      ['outboundMessage.sent', { campaignId: id, receiverId: rows[0]!.receiver_id, outboundMessageId: rows[0]!.id }],
      [
        'receiver.settled',
        {
          campaignId: id,
          receiverId: rows[0]!.receiver_id,
          attempts: 1,
          outcome: 'sent',
          reason: null,
          previousOutcome: null,
        },
      ],
    ])
    expect(events.at(-1)).toMatchObject([expect.any(Number), 'campaign.stateChanged', { to: 'completed' }])
  })

  test('comes from the server when it names no sender', async () => {
    const office = postOffice(t)
    await kit.texts(office)
    await office.run()
    expect(office.sms.history.map(({ from }) => from)).toEqual(['Saygraph', 'Saygraph', 'Saygraph'])
  })

  test('begins when it is told to, with those who are on its lists by then', async () => {
    const office = postOffice(t)
    const list = await createContactList(t.world, t.viewer, { name: 'List' })
    const [old, young] = await Promise.all(
      numbers(2).map(async (phone) => (await createContact(t.world, t.viewer, { phone })).id),
    )
    await addToContactList(t.world, t.viewer, list.id, [old!])
    const startsAt = new Date(t.clock.now().getTime() + HOUR)
    const id = await kit.texts(office, { receivers: [{ listId: list.id }], startsAt })
    await office.work()
    expect(await kit.statsOf(id)).toMatchObject({ state: 'scheduled', due_at: startsAt, receivers: 1 })
    // For a moment nobody who was there is there any more.
    await removeFromContactList(t.world, t.viewer, list.id, [old!])
    await addToContactList(t.world, t.viewer, list.id, [young!])
    t.clock.set(new Date(startsAt.getTime() - 1))
    await office.work()
    expect(office.sms.history).toEqual([])
    t.clock.set(startsAt)
    await office.work()
    expect(office.sms.history).toHaveLength(1)
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', receivers: 1, settled_receivers: 1 })
    const [row] = await kit.messagesOf(id)
    expect(row).toMatchObject({ contact_id: young })
    await kit.expectExactStats(id)
  })

  test.each([
    ['was halted until after its start', { state: 'halted' }, { state: 'active' }],
    ['begins at once after all', { startsIn: HOUR }, { startsAt: null }],
    ['begins a moment ago after all', { startsIn: HOUR }, { startsIn: -MINUTE }],
  ] as const)('that %s finds who is on its lists by then', async (_, made: Wish, changed: Wish) => {
    const office = postOffice(t)
    const list = await createContactList(t.world, t.viewer, { name: 'List' })
    const [phone] = numbers(1)
    const contact = await createContact(t.world, t.viewer, { phone })
    const given = ({ startsIn, ...wish }: Wish) => ({
      ...wish,
      ...(startsIn === undefined ? {} : { startsAt: new Date(t.clock.now().getTime() + startsIn) }),
    })
    const id = await kit.texts(office, { receivers: [{ listId: list.id }], ...given(made) })
    await office.work()
    await addToContactList(t.world, t.viewer, list.id, [contact.id])
    await updateCampaign(office.deps, t.viewer, { id, ...given(changed) })
    await office.run()
    expect(whereTo(office)).toEqual([phone])
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', receivers: 1, settled_receivers: 1 })
    await kit.expectExactStats(id)
  })

  test('that begins with nobody on its lists is completed, once', async () => {
    const office = postOffice(t)
    const list = await createContactList(t.world, t.viewer, { name: 'List' })
    const contact = await createContact(t.world, t.viewer, { phone: numbers(1)[0]! })
    await addToContactList(t.world, t.viewer, list.id, [contact.id])
    const startsAt = new Date(t.clock.now().getTime() + HOUR)
    const id = await kit.texts(office, { receivers: [{ listId: list.id }], startsAt })
    await removeFromContactList(t.world, t.viewer, list.id, [contact.id])
    const head = await headOf(t.world, t.workspaceId)
    await updateCampaign(office.deps, t.viewer, { id, startsAt: null })
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', receivers: 0, settled_receivers: 0 })
    const states = (await eventsAfter(t.world, t.workspaceId, head)).filter(
      ([, type]) => type === 'campaign.stateChanged',
    )
    expect(states.map(([, , payload]) => payload)).toMatchObject([{ from: 'scheduled', to: 'completed' }])
  })

  test('whose step fails holds up no other', async () => {
    const office = postOffice(t)
    const poisoned = await kit.texts(office)
    const id = await kit.texts(office)
    await t.db.query(
      sql`UPDATE campaign SET content = '{"message": null}', due_at = due_at - interval '1 minute' WHERE id = ${poisoned}::uuid`,
    )
    await office.work()
    expect(office.sms.history).toHaveLength(3)
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed' })
    const { due_at: dueAt } = await kit.statsOf(poisoned)
    expect(dueAt.getTime()).toBe(t.clock.now().getTime() + 10_000)
    await deleteCampaign(office.deps, t.viewer, poisoned)
  })

  test('keeps to its window', async () => {
    const office = postOffice(t)
    t.clock.set('2026-11-24T20:00:00Z')
    const weekly = { wednesday: [{ from: '09:00:00', to: '10:00:00' }] }
    const id = await kit.texts(office, { calendar: { timeZone: 'Europe/Helsinki', weekly } })
    await office.work()
    expect(office.sms.history).toEqual([])
    expect(await kit.statsOf(id)).toMatchObject({ state: 'active', due_at: new Date('2026-11-25T07:00:00Z') })
    await office.run()
    expect(t.clock.now()).toEqual(new Date('2026-11-25T07:00:00Z'))
    expect(office.sms.history).toHaveLength(3)
  })

  test('leaves people alone at night, where they are, and says why', async () => {
    const office = postOffice(t, limited({ quietHours: { from: '21:00', to: '08:00' } }))
    t.clock.set('2026-11-25T20:30:00Z')
    const id = await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }, { phone: '+61491570156' }] })
    await office.work()
    // Half past ten in Helsinki, half past four to half past seven in Australia.
    expect(office.sms.history).toEqual([])
    const rows = await t.db.query<{ id: string; ready_at: Date }>(
      sql`SELECT id, ready_at FROM receiver WHERE campaign_id = ${id}::uuid ORDER BY position`,
    )
    expect(rows[0]!.ready_at).toEqual(new Date('2026-11-26T06:00:00Z'))
    const why = await explainReceivers(office.deps, t.viewer, [rows[0]!.id])
    expect(why).toMatchObject([
      { blockers: [{ rule: 'QUIET_HOURS' }], nextAttemptAt: new Date('2026-11-26T06:00:00Z') },
    ])
    await office.run()
    expect(whereTo(office)).toEqual(['+61491570156', expect.stringMatching(/^\+358/)])
    expect(t.clock.now()).toEqual(new Date('2026-11-26T06:00:00Z'))
  })

  test('does not text who opted out, is gone, or lives where nobody may be texted', async () => {
    const office = postOffice(t, limited({ countries: ['FI'] }))
    const [out, gone, fine] = numbers(3)
    await optOut(t.world, t.viewer, { phone: out!, channels: ['sms'] })
    const contact = await createContact(t.world, t.viewer, { phone: gone! })
    const id = await kit.texts(office, {
      receivers: [{ phone: out! }, { contactId: contact.id }, { phone: '+46701740605' }, { phone: fine! }],
    })
    await deleteContact(t.world, t.viewer, contact.id)
    await office.run()
    expect(whereTo(office)).toEqual([fine])
    expect(await kit.outcomes(id)).toEqual([
      'not_called OPTED_OUT 0',
      'not_called NO_NUMBER 0',
      'not_called COUNTRY_NOT_ALLOWED 0',
      'sent 1',
    ])
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed' })
    await kit.expectExactStats(id)
  })

  test('counts contacts of all campaigns of a person, but none that reached nobody', async () => {
    const office = postOffice(t, limited({ contactCap: { contacts: 1, days: 7 } }))
    const [phone] = numbers(1)
    office.sms.answers.push({ outcome: 'refused', reason: 'rejected', retryable: false, message: 'no' })
    const refused = await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    expect(await kit.outcomes(refused)).toEqual(['failed rejected 1'])
    const sentAt = t.clock.now()
    await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    expect(whereTo(office)).toEqual([phone])
    const capped = await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.work()
    expect(await kit.outcomes(capped)).toEqual(['waiting 0'])
    await office.run()
    expect(t.clock.now()).toEqual(new Date(sentAt.getTime() + 7 * 24 * HOUR))
    expect(await kit.outcomes(capped)).toEqual(['sent 1'])
  })

  test('spends no more than may be spent, and goes on with the month', async () => {
    t.clock.set('2026-12-31T20:00:00Z')
    const spent = await kit.spent()
    const office = postOffice(t, priced(10, { monthlySpendCapCents: 25 }))
    const id = await kit.texts(office, { receivers: numbers(5).map((phone) => ({ phone })) })
    await office.work()
    expect(office.sms.history).toHaveLength(2)
    expect(await kit.spent()).toBe(spent + 200_000)
    await office.run(new Date('2026-12-31T23:59:59Z'))
    expect(office.sms.history).toHaveLength(2)
    await office.run(new Date('2027-01-01T00:00:00Z'))
    expect(office.sms.history).toHaveLength(4)
    await kit.expectExactStats(id)
    await deleteCampaign(office.deps, t.viewer, id)
    await office.run()
    expect(office.sms.history).toHaveLength(4)
  })

  test('stops when it is halted or over, and settles who waits', async () => {
    const office = postOffice(t)
    const later = new Date(t.clock.now().getTime() + HOUR)
    const id = await kit.texts(office, { startsAt: later, endsAt: new Date(later.getTime() + HOUR) })
    await office.work()
    await setCampaignState(office.deps, t.viewer, { id, state: 'halted' })
    t.clock.set(new Date(later.getTime() + MINUTE))
    await office.work()
    expect(office.sms.history).toEqual([])
    await office.run()
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', due_at: null })
    expect(await kit.outcomes(id)).toEqual(Array(3).fill('not_called CAMPAIGN_COMPLETED 0'))
    await kit.expectExactStats(id)
  })
})

describe('a refusal', () => {
  test('for good settles the receiver, gives the money back, and says why', async () => {
    const office = postOffice(t, priced(10))
    const before = await kit.spent()
    office.sms.answers.push({
      outcome: 'refused',
      reason: 'invalid_number',
      retryable: false,
      message: 'no such number',
    })
    const id = await kit.texts(office)
    await office.run()
    expect(await kit.outcomes(id)).toEqual(['failed invalid_number 1', 'sent 1', 'sent 1'])
    expect(await kit.messagesOf(id)).toMatchObject([
      { state: 'failed', failure: 'no such number', cost: 0, sent_at: null, failed_at: t.clock.now() },
      { state: 'sent' },
      { state: 'sent' },
    ])
    expect(await kit.spent()).toBe(before + 200_000)
    await kit.expectExactStats(id)
  })

  test('for now is tried again under the same id, later each time, as often as allowed', async () => {
    const office = postOffice(t)
    const start = t.clock.now().getTime()
    const deferred = { outcome: 'refused', reason: 'deferred', retryable: true, message: 'greylisted' } as const
    office.email.answers.push(deferred, deferred)
    const id = await kit.mails(office)
    await office.work()
    expect(await kit.outcomes(id)).toEqual(['waiting 1'])
    const [resting] = await kit.messagesOf(id)
    expect(resting).toMatchObject({ state: 'queued', due_at: null, failure: 'greylisted', cost: 0 })
    await office.run()
    expect(t.clock.now().getTime()).toBe(start + 45 * MINUTE)
    expect(await kit.outcomes(id)).toEqual(['sent 3'])
    expect(office.email.history.map((email) => email.id)).toEqual([resting!.id])

    office.email.answers.push(deferred, deferred, deferred)
    const vain = await kit.mails(office)
    await office.run()
    expect(await kit.outcomes(vain)).toEqual(['failed deferred 3'])
    expect(await kit.messagesOf(vain)).toMatchObject([{ state: 'failed', failure: 'greylisted' }])
    await kit.expectExactStats(vain)
  })

  test('of an ill provider costs no attempt, and it is left alone longer each time', async () => {
    const office = postOffice(t)
    const start = t.clock.now().getTime()
    const down = { outcome: 'refused', reason: 'unreachable', retryable: true, message: 'connection refused' } as const
    office.sms.answers.push(...Array(3).fill(down), down, down)
    const id = await kit.texts(office)
    await office.work()
    expect(await kit.outcomes(id)).toEqual(['waiting 0', 'waiting 0', 'waiting 0'])
    const provider = async () =>
      (await t.db.query(sql`SELECT paused_until, detail FROM provider_state WHERE port = 'sms'`))[0]
    expect(await provider()).toEqual({ paused_until: new Date(start + 5_000), detail: 'connection refused' })
    // Another campaign keeps to it as well, in another process too.
    const elsewhere = postOffice(t)
    const other = await kit.texts(elsewhere)
    await elsewhere.work()
    expect(elsewhere.sms.history).toEqual([])
    await deleteCampaign(elsewhere.deps, t.viewer, other)
    await office.run()
    // Alone, one finds out: after 5 s and 10 s in vain, after 20 s that it is well.
    expect(t.clock.now().getTime()).toBe(start + 35_000)
    expect(office.sms.history).toHaveLength(3)
    expect(await kit.outcomes(id)).toEqual(['sent 1', 'sent 1', 'sent 1'])
    expect(await provider()).toEqual({ paused_until: null, detail: null })
    await kit.expectExactStats(id)
  })

  test('of a provider that takes others does', async () => {
    const office = postOffice(t)
    const down = { outcome: 'refused', reason: 'unreachable', retryable: true, message: 'status 500' } as const
    const id = await kit.texts(office, { maxAttempts: 2 })
    // The first of three is poison.
    const send = office.sms.send
    office.deps.sms.send = async (sms) => (sms.to === first ? down : send(sms))
    const [{ address: first }] = (await t.db.query<{ address: string }>(
      sql`SELECT k.phone AS address FROM receiver r JOIN contact k ON k.id = r.contact_id
          WHERE r.campaign_id = ${id}::uuid ORDER BY r.position`,
    )) as [{ address: string }]
    await office.run()
    expect(await kit.outcomes(id)).toEqual(['failed unreachable 2', 'sent 1', 'sent 1'])
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed' })
    await kit.expectExactStats(id)
  })

  test('that the end of a campaign overtakes has failed', async () => {
    const office = postOffice(t)
    const deferred = { outcome: 'refused', reason: 'deferred', retryable: true, message: 'greylisted' } as const
    office.email.answers.push(deferred)
    const id = await kit.mails(office, { endsAt: new Date(t.clock.now().getTime() + MINUTE) })
    await office.run()
    expect(await kit.outcomes(id)).toEqual(['failed 1'])
    expect(await kit.messagesOf(id)).toMatchObject([{ state: 'failed', failure: 'greylisted' }])
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed' })
    await kit.expectExactStats(id)
  })

  test('is judged anew: who opted out meanwhile is not written to', async () => {
    const office = postOffice(t)
    office.email.answers.push({ outcome: 'refused', reason: 'deferred', retryable: true, message: 'greylisted' })
    const id = await kit.mails(office, { receivers: [{ email: 'goner@example.com' }] })
    await office.work()
    await optOut(t.world, t.viewer, { email: 'goner@example.com', channels: ['email'] })
    await office.run()
    expect(office.email.history).toEqual([])
    expect(await kit.outcomes(id)).toEqual(['failed OPTED_OUT 1'])
    await kit.expectExactStats(id)
  })
})

describe('an e-mail broadcast', () => {
  test('carries both bodies, its sender, and the way out', async () => {
    const office = postOffice(t)
    const [plain, named] = [
      await kit.mails(office),
      await kit.mails(office, {
        content: { subject: 'S', html: '<i>a</i>', text: 'b', fromEmail: 'ann@acme.example', fromName: 'Ann' },
      }),
    ]
    await office.run()
    const sent = new Map(office.email.history.map((email) => [email.subject, email]))
    const [message] = await kit.messagesOf(plain)
    expect(sent.get('News')).toEqual({
      id: message!.id,
      from: { address: 'noreply@say.example', name: 'Saygraph' },
      to: { address: message!.address },
      subject: 'News',
      text: 'Hello you',
      html: '<p>Hello <b>you</b></p>',
      listUnsubscribe: { url: `https://say.example/unsubscribe/${message!.id}` },
      headers: { Precedence: 'bulk' },
    })
    expect(sent.get('S')).toMatchObject({
      from: { address: 'ann@acme.example', name: 'Ann' },
      html: '<i>a</i>',
      text: 'b',
    })
    expect(await kit.messagesOf(named)).toMatchObject([
      { segments: null, provider_id: expect.stringContaining('@acme.example>') },
    ])
  })
})

describe('what a workspace does not see of another', () => {
  test('campaigns of two workspaces do not mix', async () => {
    const office = postOffice(t)
    const [phone] = numbers(1)
    await createCampaign(office.deps, t.otherViewer, {
      ...{ kind: 'sms_broadcast', receivers: [{ phone: phone! }], content: { message: 'Other' } },
    })
    await optOut(t.world, t.viewer, { phone: phone!, channels: ['sms'] })
    await office.run()
    expect(whereTo(office)).toEqual([phone])
  })
})
