import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { numbers, type PostOffice, postKit, postOffice } from '../../../test/kit/post.ts'
import { tablesWith } from '../../../test/kit/tables-with.ts'
import { eventsAfter, headOf, type TestWorld, testWorld, worldOn } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { SmsEvent, SmsResult } from '../../providers/sms/index.ts'
import { NO_LIMITS } from '../campaigns/index.ts'
import { isOptedOut } from '../contacts/index.ts'
import { hearSms, recordBounce, recordInbound, recordReceipt, recoverMessages, sweepOutboxes } from './index.ts'
import { planMessages } from './plan-messages.ts'

const LEASE_MS = 15 * 60_000

let t: TestWorld
let kit: ReturnType<typeof postKit>
beforeAll(async () => {
  t = await testWorld()
  kit = postKit(t)
})

/** A process that commits messages and dies before it hands them over. */
const die = (office: PostOffice) => planMessages(office.deps, { sms: 100, email: 100 })
const receipt = (
  providerId: string,
  type: 'delivered' | 'failed' = 'delivered',
): Extract<SmsEvent, { type: 'delivered' | 'failed' }> =>
  type === 'delivered'
    ? { type, providerId, at: t.clock.now() }
    : { type, providerId, cause: 'undeliverable', code: '11', at: t.clock.now() }

describe('a process that died between the commit and the sending', () => {
  test('leaves its messages to a provider that knows them again, under their ids', async () => {
    const office = postOffice(t)
    const id = await kit.texts(office)
    const planned = await die(office)
    expect(planned).toHaveLength(3)
    // One of them was handed over, and nobody recorded it.
    await office.sms.send({ id: planned![0]!.id, from: 'Saygraph', to: planned![0]!.address, text: 'Hello' })
    t.clock.advance(LEASE_MS - 1)
    await office.work()
    expect(office.sms.history).toHaveLength(1)
    t.clock.advance(1)
    await office.work()
    expect(office.sms.history.map((sms) => sms.id).sort()).toEqual(planned!.map((each) => each.id).sort())
    expect(await kit.outcomes(id)).toEqual(['sent 2', 'sent 2', 'sent 2'])
    await kit.expectExactStats(id)
  })

  test('and with its last attempt leaves them unknown, as a provider does that would send twice', async () => {
    for (const options of [{ sendsOnce: true }, { sendsOnce: false }]) {
      const office = postOffice(t, {
        ...options,
        changes: { prices: { call: {}, sms: { '': { perSegmentCents: 1 } }, emailCents: 0 } },
      })
      const before = await kit.spent()
      const id = await kit.texts(office, options.sendsOnce ? { maxAttempts: 1 } : {})
      await die(office)
      t.clock.advance(LEASE_MS)
      await office.run()
      expect(office.sms.history).toEqual([])
      expect(await kit.outcomes(id)).toEqual(['unknown 1', 'unknown 1', 'unknown 1'])
      expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', messages_sent: 0, messages_failed: 0 })
      // It may have been sent, so it keeps what it may cost.
      expect(await kit.spent()).toBe(before + 30_000)
      await kit.expectExactStats(id)
    }
  })

  test('is not believed dead for good: what it did after all counts', async () => {
    const office = postOffice(t, { sendsOnce: false })
    const slow = Promise.withResolvers<SmsResult>()
    office.deps.sms.send = () => slow.promise
    const id = await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }] })
    await office.sender.run()
    t.clock.advance(LEASE_MS)
    expect(await recoverMessages(office.deps)).toBe(1)
    expect(await kit.outcomes(id)).toEqual(['unknown 1'])
    slow.resolve({ outcome: 'accepted', providerIds: ['late'] })
    await office.sender.settled()
    expect(await kit.outcomes(id)).toEqual(['sent 1'])
    expect(await kit.messagesOf(id)).toMatchObject([{ state: 'sent', provider_id: 'late', failure: null }])
    await kit.expectExactStats(id)
  })

  test('and a campaign that ended meanwhile keeps them unknown', async () => {
    const office = postOffice(t)
    const id = await kit.texts(office, { endsAt: new Date(t.clock.now().getTime() + LEASE_MS / 2) })
    await die(office)
    await office.run()
    expect(office.sms.history).toEqual([])
    expect(await kit.outcomes(id)).toEqual(['unknown 1', 'unknown 1', 'unknown 1'])
    expect(await kit.statsOf(id)).toMatchObject({ state: 'completed' })
    await kit.expectExactStats(id)
  })
})

test('a lost connection leaves a message unknown, and it is never sent again', async () => {
  const office = postOffice(t)
  office.sms.answers.push({ outcome: 'unknown', providerIds: ['p-1'], message: 'the connection was lost' })
  const id = await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }] })
  await office.run()
  expect(await kit.outcomes(id)).toEqual(['unknown 1'])
  t.clock.advance(10 * LEASE_MS)
  await office.run()
  expect(office.sms.history).toHaveLength(1)
  expect(await kit.messagesOf(id)).toMatchObject([
    { state: 'unknown', failure: 'the connection was lost', sent_at: null },
  ])
  // A receipt tells.
  expect(await recordReceipt(t.world, receipt('p-1'))).toBe('recorded')
  expect(await kit.outcomes(id)).toEqual(['delivered 1'])
  await kit.expectExactStats(id)
})

describe('receipts', () => {
  test('count once, doubled and out of order', async () => {
    const office = postOffice(t)
    const id = await kit.texts(office)
    await office.run()
    const [a, b, c] = (await kit.messagesOf(id)).map((row) => row.id as string)
    const head = await headOf(t.world, t.workspaceId)
    for (const each of [receipt(a!), receipt(a!), receipt(a!, 'failed')]) await recordReceipt(t.world, each)
    for (const each of [receipt(b!, 'failed'), receipt(b!, 'failed')]) await recordReceipt(t.world, each)
    for (const each of [receipt(c!, 'failed'), receipt(c!)]) await recordReceipt(t.world, each)
    expect(await kit.outcomes(id)).toEqual(['delivered 1', 'failed undeliverable 1', 'delivered 1'])
    expect(await kit.messagesOf(id)).toMatchObject([
      { state: 'delivered', failure: null, failed_at: null },
      { state: 'failed', failure: 'undeliverable (11)', delivered_at: null },
      { state: 'delivered', failure: null, failed_at: null },
    ])
    expect(await kit.statsOf(id)).toMatchObject({ messages_sent: 3, messages_delivered: 2, messages_failed: 1 })
    await kit.expectExactStats(id)
    const events = await eventsAfter(t.world, t.workspaceId, head)
    const told = events.map(([, type]) => type)
    expect(told.filter((type) => type.startsWith('outboundMessage.')).sort()).toEqual([
      ...['outboundMessage.delivered', 'outboundMessage.delivered'],
      ...['outboundMessage.failed', 'outboundMessage.failed'],
    ])
    // Who was told of already is told of as a correction.
    const corrections = events.flatMap(([, type, payload]) => {
      const { outcome, previousOutcome } = payload as { outcome?: string; previousOutcome?: string | null }
      return type === 'receiver.settled' ? [[outcome, previousOutcome]] : []
    })
    expect(corrections).toEqual([
      ['delivered', 'sent'],
      ['failed', 'sent'],
      ['failed', 'sent'],
      ['delivered', 'failed'],
    ])
  })

  test('of several parts make a delivery when all are in', async () => {
    const office = postOffice(t)
    office.sms.answers.push({ outcome: 'accepted', providerIds: ['x-1', 'x-2', 'x-3'] })
    const id = await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }] })
    await office.run()
    for (const part of ['x-2', 'x-2', 'x-1']) await recordReceipt(t.world, receipt(part))
    expect(await kit.outcomes(id)).toEqual(['sent 1'])
    await recordReceipt(t.world, receipt('x-3'))
    expect(await kit.outcomes(id)).toEqual(['delivered 1'])
    await kit.expectExactStats(id)
  })

  test('for the parts of a torn message make no delivery', async () => {
    const office = postOffice(t)
    const torn = { outcome: 'unknown', message: '2 of 3 parts were accepted', torn: true } as const
    office.sms.answers.push({ ...torn, providerIds: ['t-1'] }, { ...torn, providerIds: ['u-1', 'u-2'] })
    const id = await kit.texts(office, { receivers: numbers(2).map((phone) => ({ phone })) })
    await office.run()
    for (const part of ['t-1', 'u-1', 'u-2']) expect(await recordReceipt(t.world, receipt(part))).toBe('recorded')
    expect(await kit.outcomes(id)).toEqual(['unknown 1', 'unknown 1'])
    expect(await kit.messagesOf(id)).toMatchObject(Array(2).fill({ state: 'unknown', delivered_at: null }))
    // That a part of it did not arrive is certain, too.
    await recordReceipt(t.world, receipt('t-1', 'failed'))
    expect(await kit.outcomes(id)).toEqual(['failed undeliverable 1', 'unknown 1'])
    await kit.expectExactStats(id)
  })

  test('that overtake the answer are waited for; those of nobody are let go', async () => {
    const office = postOffice(t)
    const end = hearSms(office.deps, office.sender)
    const answer = Promise.withResolvers<SmsResult>()
    office.deps.sms.send = () => answer.promise
    const id = await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }] })
    await office.sender.run()
    const early = office.sms.emit(receipt('early'))
    answer.resolve({ outcome: 'accepted', providerIds: ['early'] })
    await early
    expect(await kit.outcomes(id)).toEqual(['delivered 1'])
    expect(await recordReceipt(t.world, receipt('nobody'))).toBe('unknown')
    await office.sms.emit(receipt('nobody'))

    // On its way from another process: the provider is to say it again.
    await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }] })
    await die(office)
    expect(await recordReceipt(t.world, receipt('nobody'))).toBe('early')
    await expect(office.sms.emit(receipt('nobody'))).rejects.toThrow('not recorded yet')
    end()
    t.clock.advance(LEASE_MS)
    await recoverMessages(postOffice(t, { sendsOnce: false }).deps)
  })
})

describe('STOP', () => {
  const said = (from: string, text: string, more = {}) =>
    recordInbound(t.world, { type: 'inbound', from, to: 'Saygraph', text, at: t.clock.now(), ...more })
  const isOut = (address: string, workspaceId = t.workspaceId) =>
    isOptedOut(t.world, t.db, workspaceId, { channel: 'sms', address })

  test.each([
    'STOP',
    ' stop. ',
    'Stopp!',
    '"unsubscribe"',
    'END',
    'quit',
    'Cancel\n',
    'lopeta',
    'ＳＴＯＰ',
    'StopAll',
    'OPTOUT',
    'Revoke',
  ])('is %j', async (text) => {
    const office = postOffice(t)
    const [phone] = numbers(1)
    const id = await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    const head = await headOf(t.world, t.workspaceId)
    expect(await said(phone!, text)).toBe(1)
    expect(await said(phone!, text)).toBe(1)
    expect(await isOut(phone!)).toBe(true)
    const events = await eventsAfter(t.world, t.workspaceId, head)
    const [message] = await kit.messagesOf(id)
    const received = {
      ...{ campaignId: id, receiverId: message!.receiver_id, outboundMessageId: message!.id },
      inboundMessageId: expect.any(String),
    }
    expect(events.map(([, type, payload]) => [type, payload])).toEqual([
      ['contact.optedOut', { contactId: expect.any(String), channel: 'sms' }],
      ['inboundMessage.received', received],
      ['inboundMessage.received', received],
    ])
    const again = await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    expect(await kit.outcomes(again)).toEqual(['not_called OPTED_OUT 0'])
    expect(await said(phone!, 'start')).toBe(1)
    expect(await isOut(phone!)).toBe(false)
  })

  test('is nothing else, from nobody else, and not for workspaces that texted long ago or never', async () => {
    const office = postOffice(t)
    const [phone, stranger] = numbers(2)
    await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    for (const text of ['Please do not stop', 'STOP IT', '', 'stopping', 'THE END'])
      expect(await said(phone!, text)).toBe(0)
    expect(await said(phone!, 'STOP', { part: { reference: 1, number: 1, total: 2 } })).toBe(0)
    expect(await said(stranger!, 'STOP')).toBe(0)
    expect(await said('Saygraph', 'STOP')).toBe(0)
    expect(await isOut(phone!)).toBe(false)
    t.clock.advance(90 * 86_400_000)
    expect(await said(phone!, 'STOP')).toBe(0)
    t.clock.advance(-1)
    expect(await said(phone!, 'STOP')).toBe(1)
    expect([await isOut(phone!), await isOut(phone!, t.otherViewer.workspaceId)]).toEqual([true, false])
  })
})

describe('an answer', () => {
  const ids = async (after: number, workspaceId = t.workspaceId) =>
    (await eventsAfter(t.world, workspaceId, after)).map(([, , payload]) => payload as Record<string, string>)

  test('is told to whoever texted the number last, under one id however often it comes, and not kept', async () => {
    const office = postOffice(t)
    const [phone, stranger] = numbers(2)
    await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    t.clock.advance(1_000)
    const last = await kit.texts(office, { receivers: [{ phone: phone! }] })
    await office.run()
    const [message] = await kit.messagesOf(last)
    const head = await headOf(t.world, t.workspaceId)
    const said = (from: string, more: object) =>
      recordInbound(t.world, {
        ...{ type: 'inbound', from, to: 'Saygraph', text: 'My secret', at: t.clock.now(), ...more },
      })
    await said(phone!, { providerId: 'a' })
    await said(phone!, { providerId: 'a' })
    await said(phone!, { providerId: 'b' })
    for (const number of [1, 2, 3]) await said(phone!, { part: { reference: 7, number, total: 3 } })
    await said(stranger!, { providerId: 'c' })
    const told = await ids(head)
    expect(told.map(({ outboundMessageId }) => outboundMessageId)).toEqual(Array(4).fill(message!.id))
    const [a, again, b, parts] = told.map(({ inboundMessageId }) => inboundMessageId)
    expect(again).toBe(a)
    expect(new Set([a, b, parts]).size).toBe(3)
    expect(await tablesWith(t.db, 'My secret')).toEqual([])
  })
})

describe('a bounce', () => {
  const report = (
    status: { recipient: string; action: string; code: string },
    ids: { envelope?: string; messageId?: string },
  ) =>
    Buffer.from(
      [
        'From: MAILER-DAEMON@relay.example',
        'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
        '',
        '--b',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; relay.example',
        ...(ids.envelope ? [`Original-Envelope-Id: ${ids.envelope}`] : []),
        '',
        `Final-Recipient: rfc822; ${status.recipient}`,
        `Action: ${status.action}`,
        `Status: ${status.code}`,
        `Diagnostic-Code: smtp; 550 ${status.code} <${status.recipient}> is nobody`,
        '',
        ...(ids.messageId ? ['--b', 'Content-Type: text/rfc822-headers', '', `Message-ID: ${ids.messageId}`, ''] : []),
        '--b--',
        '',
      ].join('\r\n'),
    )

  test('fails the message that it names, once, and only when it was sent there', async () => {
    const office = postOffice(t)
    const [byEnvelope, byMessageId] = [await kit.mails(office), await kit.mails(office)]
    await office.run()
    const [a] = await kit.messagesOf(byEnvelope)
    const [b] = await kit.messagesOf(byMessageId)
    const bounce = (recipient: string, action = 'failed', code = '5.1.1') =>
      recordBounce(t.world, report({ recipient, action, code }, { envelope: a!.id }))
    expect(await bounce('other@example.com')).toBe('unknown')
    expect(await bounce(a!.address, 'delayed', '4.4.1')).toBe('recorded')
    expect(await kit.outcomes(byEnvelope)).toEqual(['sent 1'])
    expect(await bounce(a!.address.toUpperCase())).toBe('recorded')
    expect(await bounce(a!.address)).toBe('recorded')
    expect(await kit.outcomes(byEnvelope)).toEqual(['failed bounced 1'])
    const failed = { recipient: b!.address, action: 'failed', code: '5.2.1' }
    expect(await recordBounce(t.world, report(failed, { messageId: b!.provider_id }))).toBe('recorded')
    expect(await kit.messagesOf(byMessageId)).toMatchObject([
      { state: 'failed', failure: `5.2.1 550 5.2.1 <${b!.address}> is nobody`, sent_at: expect.any(Date) },
    ])
    await kit.expectExactStats(byEnvelope)
    await kit.expectExactStats(byMessageId)
    for (const raw of ['', 'Subject: Out of office\r\n\r\nI am away', 'x'.repeat(10_000)]) {
      expect(await recordBounce(t.world, Buffer.from(raw))).toBe('unknown')
    }
    const nobody = { envelope: t.world.newId() }
    expect(
      await recordBounce(t.world, report({ recipient: a!.address, action: 'failed', code: '5.1.1' }, nobody)),
    ).toBe('unknown')
  })

  test('that is a complaint opts out', async () => {
    const office = postOffice(t)
    const id = await kit.mails(office)
    await office.run()
    const [message] = await kit.messagesOf(id)
    const complaint = (recipient: string) =>
      Buffer.from(
        [
          'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
          '',
          '--b',
          'Content-Type: message/feedback-report',
          '',
          'Feedback-Type: abuse',
          `Original-Rcpt-To: <${recipient}>`,
          '',
          '--b',
          'Content-Type: message/rfc822',
          '',
          `Message-ID: ${message!.provider_id}`,
          '',
          'x',
          '--b--',
          '',
        ].join('\r\n'),
      )
    const isOut = () => isOptedOut(t.world, t.db, t.workspaceId, { channel: 'email', address: message!.address })
    expect(await recordBounce(t.world, complaint('other@example.com'))).toBe('unknown')
    expect(await isOut()).toBe(false)
    expect(await recordBounce(t.world, complaint(message!.address))).toBe('recorded')
    expect(await isOut()).toBe(true)
  })
})

test('outboxes forget what is no longer on its way', async () => {
  const forgotten: string[] = []
  const office = postOffice(t)
  office.deps.sms.forget = async (ids) => void forgotten.push(...ids)
  const id = await kit.texts(office, { receivers: [{ phone: numbers(1)[0]! }] })
  await die(office)
  const [message] = await kit.messagesOf(id)
  await t.db.query(
    sql`INSERT INTO outbox_erasure (message_id, workspace_id) VALUES (${message!.id}::uuid, ${t.workspaceId}::uuid)`,
  )
  expect(await sweepOutboxes(t.world, office.deps)).toBe(0)
  t.clock.advance(LEASE_MS)
  await office.run()
  expect(await sweepOutboxes(t.world, office.deps)).toBe(1)
  expect(await sweepOutboxes(t.world, office.deps)).toBe(0)
  expect(forgotten).toEqual([message!.id])
})

test.runIf(onPostgres)(
  'workers that work at once send nothing twice, and respect caps together',
  async () => {
    const offices = Array.from({ length: 3 }, () => postOffice(t, { world: worldOn(t.db, t.clock) }))
    const limited = { policy: { ...NO_LIMITS, contactCap: { contacts: 1, days: 7 } } }
    const capped = Array.from({ length: 3 }, () => postOffice(t, { world: worldOn(t.db, t.clock), changes: limited }))
    const phones = numbers(400)
    const receivers = phones.map((phone) => ({ phone }))
    const ids = await Promise.all([0, 1, 2].map(() => kit.texts(offices[0]!, { receivers: receivers.slice(0, 200) })))
    const finish = async (workers: PostOffice[]) => {
      const isIdle = async () =>
        (await t.db.query(sql`SELECT 1 FROM campaign WHERE due_at <= ${t.clock.now()}::timestamptz LIMIT 1`)).length ===
        0
      while (!(await isIdle())) await Promise.all(workers.map((worker) => worker.work()))
    }
    await finish(offices)
    const sent = offices.flatMap(({ sms }) => sms.history)
    expect(sent).toHaveLength(600)
    expect(new Set(sent.map((sms) => sms.id)).size).toBe(600)
    expect(offices.filter(({ sms }) => sms.history.length > 0).length).toBeGreaterThan(1)
    for (const id of ids) {
      expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', messages_sent: 200 })
      await kit.expectExactStats(id)
    }
    const again = await Promise.all([0, 1, 2].map(() => kit.texts(capped[0]!, { receivers: receivers.slice(200) })))
    await finish(capped)
    const once = capped.flatMap(({ sms }) => sms.history).map(({ to }) => to)
    expect(once.toSorted()).toEqual(phones.slice(200).toSorted())
    expect(again).toHaveLength(3)
  },
  60_000,
)
