import { describe, expect, it } from 'vitest'
import { addHistory, days, PERIOD } from './history.ts'
import { BASE, DOCUMENTATION, METRIC_PATHS, malformed, saysimpleServer } from './kit.ts'
import { CORRECT_DATES, errorAt, HOURLY, INCORRECT_DATE, MALFORMED, SERIES, WITHOUT_VALUES } from './literals.ts'

const server = await saysimpleServer()
const { acme, other, answers, call, clock, metric } = server
await addHistory(server)

const OCCURRENCES = {
  aggregatedBy: 'DAY',
  firstDataOccurrence: '2020-06-01T00:00:00.000Z',
  lastDataOccurrence: '2020-06-10T00:00:00.000Z',
}
const query = (parameters: object) => new URLSearchParams({ ...PERIOD, ...parameters }).toString()
/** The whole body for a metric of the period. */
const whole = (data: Record<string, number>, value?: number, previous?: number) =>
  JSON.stringify({
    ...OCCURRENCES,
    data,
    ...(value === undefined ? {} : { aggregatedValue: value, previousAggregatedValue: previous }),
  })
const total = async (parameters: Record<string, string | string[]> | string, path = 'messages/sum') =>
  (
    await metric(
      path,
      typeof parameters === 'string'
        ? `between=${PERIOD.between}&and=${PERIOD.and}&${parameters}`
        : { ...PERIOD, ...parameters },
    )
  ).aggregatedValue

describe('each metric, in the body of its sample', () => {
  it.each<[path: string, parameters: object, body: string]>([
    // 2
    ['messages/sum', {}, whole(days({ '01': 3, '02': 2, '03': 2, '04': 3, '05': 1, '08': 1, '09': 1 }), 13, 3)],
    ['messages/sum', { direction: 'IN' }, whole(days({ '01': 1, '02': 1, '03': 1, '04': 3, '08': 1 }), 7, 2)],
    ['messages/sum', { direction: 'OUT' }, whole(days({ '01': 2, '02': 1, '03': 1, '05': 1, '09': 1 }), 6, 1)],
    // 3
    ['messages/sent-paid-templates/sum', {}, whole(days({ '05': 1 }), 1, 0)],
    // 4
    [
      'messages/distribution',
      {},
      whole(days({ '01': 3, '02': 2, '03': 2, '04': 3, '05': 1, '08': 1, '09': 1 }), 13, 3),
    ],
    // 5
    [
      'messages/response-times/average',
      {},
      whole(days({ '01': 60, '02': 37_998, '03': 1_800, '09': 54_600 }), 26_491, 10_546),
    ],
    [
      'messages/response-times/average',
      { direction: 'OUT' },
      whole(days({ '01': 60, '02': 1_200, '03': 1_800, '09': 54_600 }), 14_415, 10_546),
    ],
    ['messages/response-times/average', { direction: 'IN' }, whole(days({ '02': 74_795 }), 74_795, 0)],
    // 6: Frank counts three times.
    ['active-contacts/sum', {}, whole(days({ '01': 1, '02': 1, '03': 1, '04': 3, '08': 1 }), 6, 2)],
    // 7: who has no telephone is in no country.
    ['active-contacts/distribution', {}, whole({ NL: 4, BE: 1 })],
    // 12, with the values of the documentation's sample.
    [
      'conversations/first-reply-times/median',
      {},
      whole(days({ '01': 8_005, '03': 1_800, '09': 54_600 }), 8_005, 10_546),
    ],
    // 13
    [
      'conversations/first-reply-times/average',
      {},
      whole(days({ '01': 8_005, '03': 1_800, '09': 54_600 }), 21_468, 10_546),
    ],
    // 14, 15: from 16:55 to 08:05 are ten minutes.
    [
      'conversations/first-reply-times-business-hours/median',
      {},
      whole(days({ '01': 8_005, '03': 1_800, '09': 600 }), 1_800, 10_546),
    ],
    [
      'conversations/first-reply-times-business-hours/average',
      {},
      whole(days({ '01': 8_005, '03': 1_800, '09': 600 }), 3_468, 10_546),
    ],
    // 16
    ['conversations/resolved', {}, whole(days({ '03': 1 }))],
    // 17
    ['conversations/tags', {}, whole({ VIP: 2, Finance: 1 })],
    // 18, 19
    ['conversations/resolve-times/median', {}, whole(days({ '02': 84_000, '03': 7_930, '09': 54_600 }), 54_600, 8_668)],
    [
      'conversations/resolve-times/average',
      {},
      whole(days({ '02': 84_000, '03': 7_930, '09': 54_600 }), 48_843, 8_668),
    ],
    ['conversations/resolve-times/median', { agent: 'bert' }, whole(days({ '03': 7_930 }), 7_930, 6_789)],
    // 20
    ['conversations/messages/average', {}, whole(days({ '01': 3, '02': 2, '03': 2, '08': 1, '09': 1 }), 3, 1.5)],
    [
      'conversations/messages/average',
      { direction: 'IN' },
      whole(days({ '01': 1, '02': 1, '03': 1, '08': 1 }), 1.33, 1),
    ],
    [
      'conversations/messages/average',
      { direction: 'OUT' },
      whole(days({ '01': 2, '02': 1, '03': 1, '09': 1 }), 1.67, 1),
    ],
    // 21
    ['conversations/unique', {}, whole(days({ '01': 1, '03': 1, '05': 1, '09': 1 }), 4, 1)],
    ['conversations/unique', { initiatedBy: 'USER' }, whole(days({ '01': 1, '03': 1, '09': 1 }), 3, 1)],
    ['conversations/unique', { initiatedBy: 'BUSINESS' }, whole(days({ '05': 1 }), 1, 0)],
  ])('%s %j', async (path, parameters, body) => {
    const asked = `metrics/${path}?${query(parameters)}`
    await answers(200, body, 'GET', `${BASE}/${asked}`)
    for (const other of [`/v1/${asked}`, `/saysimple/v1/${asked}`, `/saysimple${BASE}/${asked}`]) {
      await answers(200, body, 'GET', other)
    }
    // The documentation's sample, but for the values of a workspace that is not this one, and what it shows collapsed.
    const sample = JSON.parse(body.includes('aggregatedValue') ? SERIES : WITHOUT_VALUES)
    const { aggregatedValue: _, previousAggregatedValue: __, data: ___, ...told } = sample
    expect([JSON.parse(body), Object.keys(JSON.parse(body))]).toEqual([
      expect.objectContaining(told),
      Object.keys(sample),
    ])
  })

  it('answers the sample of response times by the hour to the letter', async () => {
    const { data, ...told } = await metric(
      'messages/response-times/average',
      { between: '2020-06-01T00:00:00Z', and: '2020-06-01T13:00:00Z', direction: 'OUT' },
      { token: other.key },
    )
    const { data: _, ...sample } = JSON.parse(HOURLY)
    expect(told).toEqual(sample)
    expect(Object.keys(data)).toHaveLength(14)
    expect(Object.entries(data).filter(([, value]) => value !== 0)).toEqual([['2020-06-01T08:00:00.000Z', 1_200]])
  })

  it.each(METRIC_PATHS)('%s of nothing has no buckets, and 0 where it has a value', async (path) => {
    const isBare = /distribution$|resolved$|tags$/.test(path) && !path.includes('messages/')
    const values = isBare ? {} : { aggregatedValue: 0, previousAggregatedValue: 0 }
    const nothing = JSON.stringify({ aggregatedBy: 'DAY', data: {}, ...values })
    await answers(200, nothing, 'GET', `${path}?between=2010-06-01T00:00:00Z&and=2010-06-10T00:00:00Z`)
    await answers(200, nothing, 'GET', `${path}?${query({ agent: 'nobody' })}`)
  })
})

describe('filters', () => {
  it.each<[parameters: Record<string, string>, messages: number]>([
    [{ agent: 'anna' }, 3],
    [{ channel: 'SMS' }, 1],
    [{ provider: 'SMOOCH' }, 2],
    [{ tag: 'VIP' }, 2],
    [{ tag: 'user:VIP' }, 2],
    [{ tag: 'team:Sales' }, 1],
    [{ tag: 'Sales' }, 0],
    [{ tag: 'system:automatic_reply' }, 1],
    [{ identifier: '+31611111111' }, 5],
    [{ identifier: '+31600000002' }, 1],
    [{ identifier: '@frank' }, 1],
    [{ conversation: 'c2' }, 2],
    [{ agent: 'anna', direction: 'IN' }, 0],
    [{ tag: 'VIP', channel: 'WHATSAPP', provider: 'TWILIO', direction: 'IN', identifier: '+31633333333' }, 1],
    [{ tag: 'VIP', channel: 'SMS' }, 0],
  ])('%j', async (parameters, messages) => {
    expect(await total(parameters)).toBe(messages)
  })

  it('take several values in each of the spellings', async () => {
    for (const spelling of [
      'agent=anna&agent=bert',
      'agent=anna,bert',
      'agent=anna%2C%20bert',
      'agent[]=anna&agent[]=bert',
      'agent%5B%5D=anna&agent%5B%5D=bert',
      'agent[0]=anna&agent[1]=bert',
      'agent[]=anna,bert',
      'agent=anna&agent[]=bert&agent=anna',
      'agent=,anna,,bert,',
    ]) {
      expect([spelling, await total(spelling)]).toEqual([spelling, 4])
    }
    for (const spelling of [
      'channel=SMS,TWITTER_DM',
      'channel=SMS&channel=TWITTER_DM',
      'channel[]=SMS&channel[]=TWITTER_DM',
    ]) {
      expect([spelling, await total(spelling)]).toEqual([spelling, 2])
    }
    for (const spelling of [
      'identifier=%2B31611111111,@frank',
      'tag=VIP,team:Sales&tag=x',
      'conversation=c1&conversation=c2',
    ]) {
      expect([spelling, await total(spelling)]).toEqual([
        spelling,
        spelling.startsWith('tag') ? 2 : spelling.startsWith('c') ? 7 : 6,
      ])
    }
  })

  it('find a value that has a comma itself, and take long lists', async () => {
    const many = Array.from({ length: 50 }, (_, n) => `agent${n}@teddies.co.uk`).join(',')
    expect(await total({ agent: `${many},anna` })).toBe(3)
    expect(await total('agent=Doe%2C%20John')).toBe(1)
    expect(await total('agent=Doe%2C%20John&agent=anna')).toBe(4)
  })

  it('mean all when they are a star, empty, or absent', async () => {
    for (const all of ['*', '', 'anna,*', ',', ' ']) expect([all, await total({ agent: all })]).toEqual([all, 13])
    for (const name of ['channel', 'tag', 'provider', 'identifier', 'conversation']) {
      expect([name, await total({ [name]: '*' })]).toEqual([name, 13])
    }
    for (const all of ['ALL', 'all']) expect(await total({ direction: all })).toBe(13)
    expect(await total({ initiatedBy: 'all' }, 'conversations/unique')).toBe(4)
  })

  it('take words in any case, as the client library sends them', async () => {
    expect(await total({ direction: 'in' })).toBe(7)
    expect(await total({ direction: 'Out' })).toBe(6)
    expect(await total({ channel: 'twitter_dm,Sms' })).toBe(2)
    expect(await total({ provider: 'smooch' })).toBe(2)
    expect(await total({ channel: 'faceBOOK_Messenger' })).toBe(0)
    expect(await total({ initiatedBy: 'business' }, 'conversations/unique')).toBe(1)
    // Names are as they are.
    expect(await total({ agent: 'Anna' })).toBe(0)
    expect(await total({ tag: 'vip' })).toBe(0)
  })

  it('are passed over by metrics that do not list them, whatever they hold', async () => {
    for (const wrong of ['OUT', 'sideways', '']) {
      expect(await total({ direction: wrong }, 'active-contacts/sum')).toBe(6)
      expect(await total({ direction: wrong }, 'conversations/unique')).toBe(4)
      expect(await total({ initiatedBy: wrong })).toBe(13)
    }
    expect((await metric('conversations/tags', { ...PERIOD, tag: 'Finance' })).data).toEqual({ VIP: 2, Finance: 1 })
    expect(await total({ unique: 'true' }, 'active-contacts/sum')).toBe(6)
    expect(await total('team=Sales&limit=1&constructor=x&__proto__=y&agent.x=1')).toBe(13)
  })

  it('narrow lists of groups as well', async () => {
    expect((await metric('conversations/tags', { ...PERIOD, agent: 'bert' })).data).toEqual({ Finance: 1 })
    expect((await metric('active-contacts/distribution', { ...PERIOD, provider: 'SMOOCH' })).data).toEqual({ BE: 1 })
  })
})

describe('periods', () => {
  it('are the last thirty days, or thirty days from their start', async () => {
    const byDefault = await metric('messages/sum')
    expect(byDefault).toEqual(
      await metric('messages/sum', { between: '2020-05-11T12:00:00Z', and: '2020-06-10T12:00:00Z' }),
    )
    expect([byDefault.aggregatedBy, Object.keys(byDefault.data).length]).toEqual(['DAY', 31])
    expect(byDefault.firstDataOccurrence).toBe('2020-05-11T00:00:00.000Z')
    expect(byDefault.lastDataOccurrence).toBe('2020-06-10T00:00:00.000Z')
    expect(await metric('messages/sum', { between: '2020-05-20T00:00:00Z' })).toEqual(
      await metric('messages/sum', { between: '2020-05-20T00:00:00Z', and: '2020-06-19T00:00:00Z' }),
    )
    expect(await metric('messages/sum', { and: '2020-06-02T00:00:00Z' })).toEqual(
      await metric('messages/sum', { between: '2020-05-11T12:00:00Z', and: '2020-06-02T00:00:00Z' }),
    )
    clock.advance(1_000)
    expect((await metric('messages/sum')).aggregatedValue).toBe(16)
    clock.advance(-1_000)
  })

  it('include both of their ends', async () => {
    const of = async (between: string, and: string) => (await metric('messages/sum', { between, and })).aggregatedValue
    expect(await of('2020-06-04T10:00:00Z', '2020-06-04T10:00:02Z')).toBe(3)
    expect(await of('2020-06-04T10:00:00.001Z', '2020-06-04T10:00:01.999Z')).toBe(1)
    expect(await of('2020-06-04T10:00:00Z', '2020-06-04T10:00:00Z')).toBe(1)
  })

  it.each<[path: string, between: string, and: string, by: string, first: string | undefined]>([
    ['messages/distribution', '2020-06-01T00:00:00Z', '2020-06-02T00:00:00Z', 'HOUR', '2020-06-01T10:00:00.000Z'],
    ['messages/distribution', '2020-06-01T00:00:00Z', '2020-06-15T00:00:00.001Z', 'WEEK', '2020-23'],
    ['messages/distribution', '2020-06-01T00:00:00Z', '2020-07-02T00:00:00Z', 'WEEK', '2020-23'],
    ['messages/distribution', '2020-06-01T00:00:00Z', '2020-07-02T00:00:00.001Z', 'MONTH', '2020-06-01T00:00:00.000Z'],
    ['messages/distribution', '2019-01-01T00:00:00Z', '2021-01-01T00:00:00.001Z', 'QUARTER', '2020-2'],
    ['messages/distribution', '2017-01-01T00:00:00Z', '2021-01-01T00:00:00.001Z', 'YEAR', '2020-01-01T00:00:00.000Z'],
    ['messages/sum', '2020-06-01T00:00:00Z', '2020-06-03T00:00:00Z', 'HOUR', '2020-06-01T10:00:00.000Z'],
    ['messages/sum', '2020-06-01T00:00:00Z', '2020-07-02T00:00:00Z', 'DAY', '2020-06-01T00:00:00.000Z'],
    ['messages/sum', '2020-05-01T00:00:00Z', '2020-06-11T00:00:00Z', 'WEEK', '2020-22'],
    ['messages/sum', '2020-01-01T00:00:00Z', '2021-06-01T00:00:00Z', 'MONTH', '2020-05-01T00:00:00.000Z'],
    ['conversations/resolved', '2017-01-01T00:00:00Z', '2022-01-01T00:00:00Z', 'QUARTER', '2020-2'],
    ['conversations/unique', '2017-01-01T00:00:00Z', '2022-01-01T00:00:00.001Z', 'YEAR', '2020-01-01T00:00:00.000Z'],
    ['conversations/tags', '2020-06-01T09:00:00Z', '2020-06-01T11:00:00Z', 'MINUTE', undefined],
    ['conversations/tags', '2020-06-01T09:00:00Z', '2020-06-01T11:00:00.001Z', 'HOUR', undefined],
    ['active-contacts/distribution', '2020-06-01T09:00:00Z', '2020-06-01T11:00:00Z', 'HOUR', undefined],
  ])('%s from %s to %s is told by %s', async (path, between, and, by, first) => {
    const told = await metric(path, { between, and })
    expect(told.aggregatedBy).toBe(by)
    if (first !== undefined) {
      expect(Object.entries(told.data).find(([, value]) => value !== 0)![0]).toBe(first)
      for (const each of [told.firstDataOccurrence, told.lastDataOccurrence]) {
        expect(each).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/)
      }
    }
  })

  it('tells weeks and quarters by their numbers, with whole dates for the first and last', async () => {
    const weeks = await metric('messages/sum', {
      between: '2019-12-20T00:00:00Z',
      and: '2020-02-01T00:00:00Z',
      agent: 'anna',
    })
    expect(weeks).toEqual({ aggregatedBy: 'WEEK', data: {}, aggregatedValue: 0, previousAggregatedValue: 0 })
    const told = await metric('messages/sum', { between: '2020-05-20T00:00:00Z', and: '2020-06-21T00:00:00Z' })
    expect(told).toMatchObject({
      aggregatedBy: 'WEEK',
      firstDataOccurrence: '2020-05-18T00:00:00.000Z',
      lastDataOccurrence: '2020-06-15T00:00:00.000Z',
    })
    expect(Object.entries(told.data)).toEqual([
      ['2020-21', 0],
      ['2020-22', 3],
      ['2020-23', 11],
      ['2020-24', 2],
      ['2020-25', 0],
    ])
  })

  it('take the dates that the documentation takes, and a plus that was not encoded', async () => {
    for (const date of CORRECT_DATES) expect((await metric('messages/sum', { between: date })).aggregatedBy).toBe('DAY')
    const [, withZone] = CORRECT_DATES
    expect(await metric('messages/sum', `between=${withZone}`)).toEqual(
      await metric('messages/sum', { between: '2019-10-08T14:00:21Z' }),
    )
    expect(await total('between=2020-06-04T12:00:00+02:00&and=2020-06-04T12:00:01%2B02:00')).toBe(2)
  })
})

describe('wrong parameters', () => {
  const at = (path: string, search: string) => `${BASE}/metrics/${path}?${search}`

  it("are told as in the documentation's sample, to the letter", async () => {
    const search = `between=${encodeURIComponent(INCORRECT_DATE)}&channel=123`
    for (const path of METRIC_PATHS) {
      await answers(400, errorAt(DOCUMENTATION, MALFORMED), 'GET', `${path}?${search}`)
    }
    await answers(400, errorAt(DOCUMENTATION, MALFORMED), 'GET', at('messages/sum', 'channel[a]=b&between=2020-01-15'))
  })

  it.each<[search: string, fields: Record<string, string>]>([
    ['between=yesterday', { between: 'Date is not formated as ISO8601' }],
    ['between=', { between: 'Date is not formated as ISO8601' }],
    ['and=2020-02-30T00:00:00Z', { and: 'Date is not formated as ISO8601' }],
    ['between=1&and=2', { between: 'Date is not formated as ISO8601', and: 'Date is not formated as ISO8601' }],
    ['between=2020-06-02T00:00:00Z&and=2020-06-01T00:00:00Z', { and: 'And should not be before between' }],
    ['and=2020-05-11T11:59:59Z', { and: 'And should not be before between' }],
    ['direction=SIDEWAYS', { direction: 'Direction should be one of IN, OUT, ALL' }],
    ['channel=WHATS%20APP', { channel: 'Channel should be of 2 to 100 letters A to Z and underscores' }],
    ['channel=S', { channel: 'Channel should be of 2 to 100 letters A to Z and underscores' }],
    [`provider=${'A'.repeat(101)}`, { provider: 'Provider should be of 2 to 100 letters A to Z and underscores' }],
    ['provider=TWILIO,7', { provider: 'Provider should be a string' }],
    ['agent=a%00b', { agent: 'Agent should be a string' }],
    [
      'identifier=%00&conversation[x]=y',
      { identifier: 'Identifier should be a string', conversation: 'Conversation should be a string' },
    ],
  ])('%s', async (search, fields) => {
    await answers(400, malformed(fields), 'GET', at('messages/sum', search))
  })

  it('name the initiator as well', async () => {
    const text = malformed({ initiatedBy: 'Initiated by should be one of USER, BUSINESS, ALL' })
    await answers(400, text, 'GET', at('conversations/unique', 'initiatedBy=ME'))
  })

  it.each<[search: string, fields: Record<string, string>]>([
    ['between=1969-12-31T23:59:59Z', { between: 'Between must be between 1970 and 9998' }],
    ['and=9999-01-01T00:00:00Z', { and: 'And must be between 1970 and 9998' }],
    [`agent=${'x'.repeat(201)}`, { agent: 'Agent must have at most 200 characters' }],
    [`tag=${Array.from({ length: 201 }, (_, n) => n).join('&tag=')}`, { tag: 'Tag must be at most 200' }],
  ])('are limited: %#', async (search, fields) => {
    for (const path of ['messages/sum', 'conversations/unique', 'active-contacts/distribution']) {
      await answers(400, malformed(fields), 'GET', at(path, search))
    }
  })

  it('are no failures of the server, however far', async () => {
    for (const search of [
      'between=0001-01-01T00:00:00Z&and=9999-12-31T23:59:59.999Z',
      'between=9999-12-31T00:00:00Z',
      'between=0000-01-01T00:00:00Z',
      'and=9999-12-31T23:59:59.999Z',
      `agent=${'a,'.repeat(3_000)}`,
      `tag=${'%F0%9F%90%BB'.repeat(500)}`,
    ]) {
      for (const path of METRIC_PATHS) {
        const { status } = await call('GET', `${path}?${search}`, { token: acme.key })
        expect([path, search.slice(0, 40), status < 500]).toEqual([path, search.slice(0, 40), true])
      }
    }
  })
})
