import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { CONFLICT, FORBIDDEN, MESSAGES, malformed, RESOLVE_PATH, saysimpleServer, UNKNOWN } from './kit.ts'
import { ADD_MESSAGE, compact, DONE, RESOLVE } from './literals.ts'

const server = await saysimpleServer()
const { app, acme, other, answers, call, clock, metric } = server
const message = (changes: object = {}) => ({ ...JSON.parse(ADD_MESSAGE), ...changes })
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(message()).filter(([name]) => !names.includes(name)))
const resolution = (changes: object = {}) => ({ ...JSON.parse(RESOLVE), ...changes })
const refused = (fields: Record<string, string>, body: unknown, path = MESSAGES) =>
  answers(400, malformed(fields), 'POST', path, { body })
const CAPITALS = (most: number) => `must have 2 to ${most} of the capital letters A to Z and _`
const NOT_ISO = 'Date is not formated as ISO8601'

async function stored(): Promise<number> {
  const [row] = await app.db.query<{ n: number }>(sql`SELECT count(*)::int AS n FROM message`)
  return row!.n
}
async function last(): Promise<{
  time: Date
  sent: boolean
  content: unknown
  extra: any
  conversation: string | null
}> {
  const [row] = await app.db.query(
    sql`SELECT m.time, m.sent, m.content, m.extra, c.key AS conversation
        FROM message m LEFT JOIN conversation c ON c.id = m.conversation_id ORDER BY m.workspace_id = ${acme.workspaceId}::uuid DESC, m.seq DESC LIMIT 1`,
  )
  return row as never
}
let number = 0
const fresh = () => `conversation ${++number}`

describe('POST /messages', () => {
  it("takes the documentation's sample and answers as it says, at each address", async () => {
    const before = await stored()
    const paths = [
      MESSAGES,
      '/v1/messages',
      `/saysimple${MESSAGES}`,
      '/saysimple/v1/messages',
      `${MESSAGES}?`,
      `${MESSAGES}/`,
    ]
    for (const path of paths) await answers(201, DONE, 'POST', path, { body: compact(ADD_MESSAGE) })
    // Each adds one: there is no protection against sending it twice.
    expect(await stored()).toBe(before + paths.length)
    expect(await last()).toMatchObject({
      time: new Date('2020-02-14T12:03:59Z'),
      sent: true,
      content: {},
      conversation: '42',
    })
  })

  it('keeps what is in the message, and whatever else is', async () => {
    const content = {
      textContent: 'Bär 🐻',
      media: [{ type: 'IMAGE', url: 'https://example.com/bear.png', alt: 'a bear' }],
      more: { a: [1, null] },
    }
    await answers(201, DONE, 'POST', MESSAGES, { body: message({ message: content, actor: 'bot', unknown: 'field' }) })
    expect(await last()).toMatchObject({ content, extra: { actor: 'bot' } })
  })

  it('is of now without a time, and of any zone with one', async () => {
    for (const time of [undefined, null]) {
      await answers(201, DONE, 'POST', MESSAGES, { body: message({ time, conversation: fresh() }) })
      expect((await last()).time).toEqual(clock.now())
    }
    await answers(201, DONE, 'POST', MESSAGES, {
      body: message({ time: '2019-10-08T15:00:21+01:00', conversation: fresh() }),
    })
    expect((await last()).time).toEqual(new Date('2019-10-08T14:00:21Z'))
  })

  it('takes directions in any case, and leaves out what is null or blank', async () => {
    for (const [direction, sent] of [
      ['in', false],
      ['Out', true],
      ['IN', false],
    ] as const) {
      await answers(201, DONE, 'POST', MESSAGES, { body: message({ direction }) })
      expect((await last()).sent).toBe(sent)
    }
    const nothing = { agent: null, tags: null, conversation: null, businessHours: null, timeZone: null, actor: null }
    await answers(201, DONE, 'POST', MESSAGES, { body: message(nothing) })
    await answers(201, DONE, 'POST', MESSAGES, {
      body: message({ agent: '', conversation: ' ', timeZone: '', actor: '' }),
    })
    expect(await last()).toMatchObject({ conversation: null, extra: null })
  })

  it('takes tags as a list or, as the documentation has it, an object', async () => {
    await answers(201, DONE, 'POST', MESSAGES, {
      body: message({ conversation: fresh(), tags: ['user:Listed', 'Plain', 'team:A', 'team:B', 'system:new'] }),
    })
    await answers(201, DONE, 'POST', MESSAGES, {
      body: message({ conversation: fresh(), tags: { first: 'user:Named', 7: 'Numbered' } }),
    })
    for (const tags of [[], {}]) await answers(201, DONE, 'POST', MESSAGES, { body: message({ tags }) })
    const { json: tags } = await call('GET', '/v1/tags')
    expect(tags).toEqual(expect.arrayContaining(['Listed', 'Plain', 'Named', 'Numbered']))
    expect((await call('GET', '/v1/teams')).json).toEqual(['A'])
  })

  it.each([
    [{ '0': ['08:00', '12:00', '13:00', '17:00'] }],
    [{ '1': ['08:00-17:00'], '6': [] }],
    [{ '1': ['08:00:00', '17:00:00'] }],
    [{}],
  ])('takes business hours as %j', async (businessHours) => {
    await answers(201, DONE, 'POST', MESSAGES, { body: message({ businessHours, timeZone: 'Europe/Amsterdam' }) })
  })

  it.each<[label: string, fields: Record<string, string>, body: unknown]>([
    [
      'everything missing',
      {
        tenant: 'Tenant is required',
        direction: 'Direction is required',
        channel: 'Channel is required',
        tenantChannelIdentifier: 'Tenant channel identifier is required',
        provider: 'Provider is required',
        customerChannelIdentifier: 'Customer channel identifier is required',
        message: 'Message is required',
      },
      {},
    ],
    [
      'null where a text is required',
      { tenant: 'Tenant is required', message: 'Message is required' },
      message({ tenant: null, message: null }),
    ],
    ['the documented fault of a channel', { channel: 'Channel should be a string' }, message({ channel: 5 })],
    [
      'another type',
      {
        direction: 'Direction should be a string',
        message: 'Message should be an object',
        agent: 'Agent should be a string',
      },
      message({ direction: 1, message: 'Hello', agent: ['a'] }),
    ],
    ['a list as message', { message: 'Message should be an object' }, message({ message: [] })],
    ['a direction', { direction: 'Direction should be one of IN, OUT' }, message({ direction: 'ALL' })],
    ['a date without its T', { time: NOT_ISO }, message({ time: '2020-01-15 01:12:41' })],
    ['a date that is none', { time: NOT_ISO }, message({ time: '2020-02-30T00:00:00Z' })],
    ['seconds', { time: 'Time should be a string' }, message({ time: 1581681839 })],
    ['a time of day', { time: NOT_ISO }, message({ time: '12:03' })],
    ['a channel in small letters', { channel: `Channel ${CAPITALS(30)}` }, message({ channel: 'sms' })],
    ['a long channel', { channel: `Channel ${CAPITALS(30)}` }, message({ channel: 'A'.repeat(31) })],
    ['a short provider', { provider: `Provider ${CAPITALS(100)}` }, message({ provider: 'A' })],
    [
      'long texts',
      {
        customerChannelIdentifier: 'Customer channel identifier must have at most 100 characters',
        conversation: 'Conversation must have at most 100 characters',
      },
      message({ customerChannelIdentifier: 'x'.repeat(101), conversation: 'x'.repeat(101) }),
    ],
    [
      'a blank identifier',
      { tenantChannelIdentifier: 'Tenant channel identifier must not be blank' },
      message({ tenantChannelIdentifier: ' ' }),
    ],
    ['tags of another type', { tags: 'Tags should be an array of strings' }, message({ tags: 'VIP' })],
    ['a tag of another type', { 'tags.1': 'Tags should be an array of strings' }, message({ tags: ['a', 2] })],
    [
      'a zone',
      { timeZone: 'Time zone must be an IANA time zone such as Europe/Helsinki' },
      message({ timeZone: '+01:00' }),
    ],
    [
      'business hours of another type',
      { businessHours: 'Business hours should be an object' },
      message({ businessHours: ['08:00'] }),
    ],
    [
      'what cannot be stored',
      {
        customerChannelIdentifier:
          'Customer channel identifier must not contain NUL characters or broken surrogate pairs',
      },
      message({ customerChannelIdentifier: 'a\0b' }),
    ],
    [
      'a time of business hours',
      { 'businessHours.1.1': 'Business hours must be a time such as 08:00 or 08:00:00' },
      message({ businessHours: { '1': ['08:00', '25:00'] } }),
    ],
    ['no object', { body: 'Body should be a JSON object' }, []],
    ['a number', { body: 'Body should be a JSON object' }, 7],
    ['null', { body: 'Body should be a JSON object' }, null],
  ])('says what is wrong: %s', async (_label, fields, body) => {
    const before = await stored()
    await refused(fields, JSON.stringify(body))
    expect(await stored()).toBe(before)
  })

  it('asks for each required field by its name', async () => {
    const names = [
      'tenant',
      'direction',
      'channel',
      'tenantChannelIdentifier',
      'customerChannelIdentifier',
      'message',
      'provider',
    ]
    for (const name of names) {
      const { status, json } = await call('POST', MESSAGES, { body: without(name) })
      expect([name, status, json.code, decodeURIComponent(json.moreInfo).split('?')[1]]).toEqual([
        ...[name, 400, 1536],
        expect.stringMatching(new RegExp(`^fields\\[${name}\\]=[A-Z][a-z ]+ is required$`)),
      ])
    }
  })

  it('names no more faults than an address holds', async () => {
    const { json } = await call('POST', MESSAGES, { body: message({ tags: Array(5_000).fill(1) }) })
    expect(json.moreInfo.match(/fields\[/g)).toHaveLength(20)
    expect(json.moreInfo.length).toBeLessThan(2_000)
  })

  it('is for a tenant that the workspace knows, when it knows any', async () => {
    await server.tenants('teddies', 'bears')
    const before = await stored()
    await answers(201, DONE, 'POST', MESSAGES, { body: message({ tenant: 'bears' }) })
    for (const tenant of ['Teddies', 'others', 'teddies '])
      await answers(403, FORBIDDEN, 'POST', MESSAGES, { body: message({ tenant }) })
    await answers(201, DONE, 'POST', MESSAGES, { token: other.key, body: message({ tenant: 'others' }) })
    await server.tenants()
    await answers(201, DONE, 'POST', MESSAGES, { body: message({ tenant: 'others' }) })
    expect(await stored()).toBe(before + 3)
  })
})

describe('POST /events/conversations/resolve', () => {
  async function begun(changes: object = {}): Promise<string> {
    const conversation = fresh()
    await server.add({ conversation, time: '2020-02-14T11:00:00Z', ...changes })
    return conversation
  }

  it("takes the documentation's sample and answers as it says, at each address", async () => {
    for (const path of [RESOLVE_PATH, '/v1/events/conversations/resolve', `/saysimple${RESOLVE_PATH}`]) {
      const conversation = await begun()
      await answers(201, DONE, 'POST', path, { body: resolution({ conversation }) })
      const { data } = await metric('conversations/resolved', {
        between: '2020-02-14T12:00:00Z',
        and: '2020-02-14T12:59:59Z',
        conversation,
      })
      expect(data).toEqual({ '2020-02-14T12:00:00.000Z': 1 })
    }
  })

  it.each([
    ['11:30', '2020-06-10T11:30:00.000Z'],
    ['12:00', '2020-06-10T12:00:00.000Z'],
    ['9:5', '2020-06-10T09:05:00.000Z'],
    ['12:01', '2020-06-09T12:01:00.000Z'],
    ['2020-06-10T13:00:00+02:00', '2020-06-10T11:00:00.000Z'],
  ])('at %s is at %s', async (time, instant) => {
    const conversation = await begun()
    await answers(201, DONE, 'POST', RESOLVE_PATH, { body: resolution({ conversation, time }) })
    const [row] = await app.db.query<{ at: Date }>(
      sql`SELECT resolved_at AS at FROM conversation WHERE key = ${conversation}`,
    )
    expect(row!.at.toISOString()).toBe(instant)
  })

  it('is final: neither is it done twice, nor do more messages come, but late ones', async () => {
    const conversation = await begun()
    const body = resolution({ conversation, tags: { a: 'Done' } })
    await answers(201, DONE, 'POST', RESOLVE_PATH, { body })
    await answers(409, CONFLICT, 'POST', RESOLVE_PATH, { body })
    const before = await stored()
    await answers(409, CONFLICT, 'POST', MESSAGES, { body: message({ conversation, time: '2020-02-14T12:04:00Z' }) })
    await answers(409, CONFLICT, 'POST', MESSAGES, { body: message({ conversation, time: undefined }) })
    expect(await stored()).toBe(before)
    await answers(201, DONE, 'POST', MESSAGES, { body: message({ conversation, time: '2020-02-14T12:03:58Z' }) })
    expect((await call('GET', '/v1/tags')).json).toContain('Done')
  })

  it('of what does not exist, or is another workspace’s, is not found', async () => {
    const conversation = await begun()
    await server.add({ conversation: 'theirs', time: '2020-02-14T11:00:00Z' }, { token: other.key })
    const facts: Record<string, string> = {
      provider: 'TWILIO',
      channel: 'WHATSAPP',
      tenantChannelIdentifier: '+31600000009',
      conversation: 'none',
    }
    for (const [name, value] of Object.entries(facts)) {
      await answers(404, UNKNOWN, 'POST', RESOLVE_PATH, { body: resolution({ conversation, [name]: value }) })
    }
    await answers(404, UNKNOWN, 'POST', RESOLVE_PATH, { body: resolution({ conversation: 'theirs' }) })
    await answers(404, UNKNOWN, 'POST', RESOLVE_PATH, { token: other.key, body: resolution({ conversation }) })
    await answers(201, DONE, 'POST', RESOLVE_PATH, { token: other.key, body: resolution({ conversation: 'theirs' }) })
    await answers(201, DONE, 'POST', RESOLVE_PATH, { body: resolution({ conversation }) })
  })

  it.each<[label: string, fields: Record<string, string>, body: object]>([
    [
      'everything missing',
      {
        conversation: 'Conversation is required',
        channel: 'Channel is required',
        tenantChannelIdentifier: 'Tenant channel identifier is required',
        provider: 'Provider is required',
        time: 'Time is required',
      },
      {},
    ],
    ['a time', { time: NOT_ISO }, resolution({ time: '25:00' })],
    ['a date without its T', { time: NOT_ISO }, resolution({ time: '2020-02-14 12:03:59' })],
    ['a time that is no text', { time: 'Time should be a string' }, resolution({ time: 12 })],
    ['a blank conversation', { conversation: 'Conversation must not be blank' }, resolution({ conversation: '' })],
    ['a long channel', { channel: `Channel ${CAPITALS(30)}` }, resolution({ channel: 'A'.repeat(31) })],
  ])('says what is wrong: %s', async (_label, fields, body) => {
    await refused(fields, body, RESOLVE_PATH)
  })
})
