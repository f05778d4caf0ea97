import { describe, expect, test } from 'vitest'
import type { MetricName, MetricRequest } from '../../src/domains/metrics/index.ts'
import { type NaiveMessage, type NaivePool, type NaiveResolution, naiveMetric } from './naive.ts'
import { naiveBuckets } from './naive-buckets.ts'
import { naiveOpenTime } from './naive-hours.ts'

const NOW = new Date('2020-07-01T00:00:00Z')

/** A message in words: `in 10:00` on 1 June 2020, `out 2020-06-02T08:05:00Z`. */
function said(...lines: [text: string, more?: Partial<NaiveMessage>][]): NaivePool {
  const messages = lines.map(([text, more], seq): NaiveMessage => {
    const [direction, time] = text.split(' ') as ['in' | 'out', string]
    return {
      ...{ direction, time: moment(time), seq, channel: 'WHATSAPP', provider: 'SAYSIMPLE' },
      ...{ tenantChannelIdentifier: '+31612345678', customerChannelIdentifier: '+31687654321', ...more },
    }
  })
  return { messages, resolutions: [], calendars: [], countries: { '+31687654321': 'NL', '+358401234567': 'FI' } }
}

function moment(time: string): Date {
  return new Date(time.includes('T') ? time : `2020-06-01T${time}Z`)
}

function resolved(time: string, more: Partial<NaiveResolution> = {}): NaiveResolution {
  return {
    ...{ conversation: '1', provider: 'SAYSIMPLE', channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678' },
    ...{ time: moment(time), ...more },
  }
}

const JUNE = { from: moment('2020-06-01T00:00Z'), to: NOW }
const read = (pool: NaivePool, metric: MetricName, more: Partial<MetricRequest> = {}) =>
  naiveMetric(pool, { metric, ...JUNE, ...more }, NOW)
const value = (pool: NaivePool, metric: MetricName, filter: MetricRequest['filter'] = {}) =>
  read(pool, metric, { filter }).value

const ONE = { conversation: '1' }

describe('by hand', () => {
  test('messages, by filter, bucket and group', () => {
    const pool = said(
      ['in 10:00', { agent: 'a', tags: ['VIP'] }],
      ['out 10:30', { agent: 'b', tags: ['team:Sales', 'team:Support'] }],
      ['out 12:00', { agent: 'b', channel: 'SMS' }],
      ['in 2020-05-31T23:59:59.999Z'],
    )
    const day = { from: moment('00:00'), to: moment('2020-06-02T00:00Z') }
    const all = read(pool, 'messages', { ...day, granularity: 'hour', groupBy: 'agent', withPrevious: true })
    expect(all.value).toBe(3)
    expect(all.previousValue).toBe(1)
    expect(all.points).toHaveLength(24)
    expect(all.points.filter((point) => point.value !== 0)).toEqual([
      { start: Number(moment('10:00')), end: Number(moment('11:00')), value: 2 },
      { start: Number(moment('12:00')), end: Number(moment('13:00')), value: 1 },
    ])
    expect(all.groups).toEqual([
      { key: 'b', value: 2 },
      { key: 'a', value: 1 },
    ])
    expect(read(pool, 'messages', { groupBy: 'team' }).groups).toEqual([{ key: 'Sales', value: 1 }])
    expect(read(pool, 'messages', { groupBy: 'tag' }).groups).toEqual([{ key: 'VIP', value: 1 }])
    expect(value(pool, 'messages', { direction: 'out' })).toBe(2)
    expect(value(pool, 'messages', { direction: 'out', channels: ['sms'], agents: ['b'] })).toBe(1)
    expect(value(pool, 'messages', { tags: ['user:VIP', 'team:Support'] })).toBe(1)
    expect(value(pool, 'messages', { identifiers: ['+31687654321'], providers: ['other'] })).toBe(0)
  })

  test('paid templates are sent ones', () => {
    const tags = ['system:paid_template']
    expect(value(said(['out 10:00', { tags }], ['in 11:00', { tags }], ['out 12:00']), 'paidTemplates')).toBe(1)
  })

  test('response times are from the last message before the change of direction', () => {
    const pool = said(
      ['in 10:00', { agent: 'a' }],
      ['in 10:10', { agent: 'b' }],
      ['out 10:15', { agent: 'c' }],
      ['out 10:20', { agent: 'd' }],
      ['in 10:50'],
    )
    expect(value(pool, 'responseTimeAverage')).toBe((5 * 60 + 30 * 60) / 2)
    expect(value(pool, 'responseTimeAverage', { direction: 'out' })).toBe(300)
    expect(value(pool, 'responseTimeAverage', { direction: 'out', agents: ['c'] })).toBe(300)
    expect(value(pool, 'responseTimeAverage', { direction: 'out', agents: ['b'] })).toBeNull()
    expect(value(pool, 'responseTimeAverage', { direction: 'in', agents: ['d'] })).toBe(1800)
    // A conversation is a lane of its own.
    expect(value(said(['in 10:00'], ['out 10:01', ONE]), 'responseTimeAverage')).toBeNull()
  })

  test('Frank is three contacts', () => {
    const pool = said(
      ['in 10:00:00', { tenantChannelIdentifier: 'general' }],
      ['in 10:00:01', { tenantChannelIdentifier: 'orders' }],
      ['in 10:05:00', { tenantChannelIdentifier: 'orders' }],
      ['in 11:00:00', { tenantChannelIdentifier: 'teddies', channel: 'TWITTER_DM' }],
      ['out 11:00:00', { tenantChannelIdentifier: 'teddies', channel: 'EMAIL' }],
    )
    const { value, points, groups } = read(pool, 'activeContacts', { granularity: 'day', groupBy: 'country' })
    expect(value).toBe(3)
    expect(points[0]?.value).toBe(3)
    expect(groups).toEqual([{ key: 'NL', value: 3 }])
  })

  test('first replies are no automatic ones, and nothing before the first message in', () => {
    const pool = said(
      ['out 09:00', ONE],
      ['in 10:00', ONE],
      ['out 10:00', { ...ONE, tags: ['system:automatic_reply'] }],
      ['in 10:05', ONE],
      ['out 10:10', { ...ONE, agent: 'a' }],
      ['in 10:00', { conversation: '2' }],
      ['out 10:20', { conversation: '2', agent: 'b', tags: ['late'] }],
      ['in 10:00', { conversation: '3' }],
      ['out 11:00', { conversation: '3' }],
      ['out 10:00', { conversation: '4' }],
      ['in 10:00'],
      ['out 10:00'],
    )
    expect(value(pool, 'firstReplyTimeAverage')).toBe((600 + 1200 + 3600) / 3)
    expect(value(pool, 'firstReplyTimeMedian')).toBe(1200)
    expect(value(pool, 'firstReplyTimeMedian', { agents: ['a', 'b'] })).toBe(900)
    expect(value(pool, 'firstReplyTimeMedian', { tags: ['late'], conversations: ['2'] })).toBe(1200)
  })

  test('of a night, ten minutes are business hours', () => {
    const businessHours = Object.fromEntries(
      ['0', '1', '2', '3', '4', '5', '6'].map((d) => [d, ['08:00:00', '17:00:00']]),
    )
    const pool = said(['in 16:55:00', { ...ONE, businessHours }], ['out 2020-06-02T08:05:00Z', ONE])
    expect(value(pool, 'openFirstReplyTimeAverage')).toBe(600)
    expect(value(pool, 'firstReplyTimeAverage')).toBe(15 * 3600 + 600)
    // Without hours of the message in, those of the reply; without either, those of the calendar; without any, all.
    const byReply = said(['in 16:55:00', ONE], ['out 2020-06-02T08:05:00Z', { ...ONE, businessHours }])
    expect(value(byReply, 'openFirstReplyTimeMedian')).toBe(600)
    const without = said(['in 16:55:00', ONE], ['out 2020-06-02T08:05:00Z', { ...ONE, businessHours: {} }])
    expect(value(without, 'openFirstReplyTimeMedian')).toBe(15 * 3600 + 600)
    const rules = { timeZone: 'UTC', weekly: { tuesday: [{ from: '08:04', to: '17:00' }] } }
    const calendars = [
      { rules, effectiveFrom: moment('16:55') },
      { rules: { timeZone: 'UTC', weekly: {} }, effectiveFrom: moment('16:55:01') },
    ]
    expect(value({ ...without, calendars }, 'openFirstReplyTimeMedian')).toBe(60)
    const holiday = { ...rules, exceptions: { '2020-06-02': [] } }
    const closed = [{ rules: holiday, effectiveFrom: moment('2020-01-01T00:00Z') }]
    expect(value({ ...pool, calendars: closed }, 'openFirstReplyTimeMedian')).toBe(300)
  })

  test('conversations are resolved by an event, or by silence', () => {
    const pool = said(
      ['in 10:00', { ...ONE, agent: 'a' }],
      ['out 12:00', { ...ONE, agent: 'b', tags: ['VIP'] }],
      ['in 2020-06-02T10:00Z', { conversation: '2', agent: 'b' }],
      ['in 2020-06-30T00:00:00.000Z', { conversation: '3' }],
      ['in 2020-06-30T00:00:00.001Z', { conversation: '4' }],
      ['in 2020-06-30T10:00:00Z', { conversation: '5' }],
    )
    const resolutions = [resolved('11:00', { agent: 'c' }), resolved('2020-06-02T09:00Z', { conversation: '2' })]
    const one = { ...pool, resolutions }
    expect(value(one, 'resolvedConversations')).toBe(2)
    expect(value(one, 'resolvedConversations', { agents: ['c'] })).toBe(1)
    expect(value(one, 'resolvedConversations', { agents: ['b'] })).toBe(2)
    expect(value(one, 'resolvedConversations', { tags: ['VIP'] })).toBe(1)
    // An hour, nothing since it was resolved before it began, and one message followed by a whole day of silence.
    expect(read(one, 'resolveTimeAverage').items.map((item) => item.value)).toEqual([3_600_000, 0, 0])
    expect(value(one, 'resolveTimeAverage')).toBe(1200)
    expect(value(pool, 'resolveTimeMedian')).toBe(0)
    expect(value(pool, 'resolveTimeMedian', { conversations: ['1'] })).toBe(7200)
  })

  test('conversations carry tags', () => {
    const pool = said(
      ['in 10:00', { ...ONE, tags: ['VIP', 'Finance'] }],
      ['in 10:01', { ...ONE, tags: ['user:VIP'] }],
      ['in 10:02', { conversation: '2', tags: ['team:Sales'] }],
      ['in 10:03', { tags: ['VIP'] }],
    )
    const one = { ...pool, resolutions: [resolved('11:00', { conversation: '2', tags: ['Finance'] })] }
    expect(read(one, 'taggedConversations', { groupBy: 'tag' })).toMatchObject({
      value: 2,
      groups: [
        { key: 'Finance', value: 2 },
        { key: 'VIP', value: 1 },
      ],
    })
    expect(value(pool, 'taggedConversations', { tags: ['nobody'] })).toBe(1)
  })

  test('messages per conversation', () => {
    const pool = said(
      ['in 10:00', ONE],
      ['out 10:01', { ...ONE, tags: ['VIP'] }],
      ['out 10:02', ONE],
      ['in 10:03', { conversation: '2' }],
      ['in 10:04'],
    )
    expect(value(pool, 'messagesPerConversation')).toBe(2)
    expect(value(pool, 'messagesPerConversation', { direction: 'in' })).toBe(1)
    expect(value(pool, 'messagesPerConversation', { tags: ['VIP'] })).toBe(3)
    expect(value(said(['in 10:00']), 'messagesPerConversation')).toBeNull()
  })

  test('sessions last a day', () => {
    const pool = said(
      ['in 2020-06-01T10:00:00.000Z'],
      // Within a day of that message: by the user.
      ['out 2020-06-02T09:59:59.999Z', { agent: 'a' }],
      ['out 2020-06-03T09:59:59.998Z'],
      // A day later to the millisecond, and the customer has been silent for longer: by the business.
      ['out 2020-06-03T09:59:59.999Z', { agent: 'b' }],
      ['in 2020-06-04T10:00:00.000Z'],
      ['out 2020-06-05T10:00:00.000Z', { agent: 'c' }],
      ['out 2020-06-01T10:00:00.000Z', { customerChannelIdentifier: '+358401234567' }],
    )
    expect(read(pool, 'uniqueConversations').items.map((item) => [item.message?.agent, item.initiatedBy])).toEqual([
      ['a', 'user'],
      ['b', 'business'],
      ['c', 'business'],
      [undefined, 'business'],
    ])
    expect(value(pool, 'uniqueConversations', { initiatedBy: 'user' })).toBe(1)
    expect(value(pool, 'uniqueConversations', { initiatedBy: 'business' })).toBe(3)
    // Of one moment, what arrived first comes first.
    expect(value(said(['in 10:00'], ['out 10:00']), 'uniqueConversations', { initiatedBy: 'user' })).toBe(1)
    expect(value(said(['out 10:00'], ['in 10:00']), 'uniqueConversations', { initiatedBy: 'user' })).toBe(0)
  })
})

const ms = (text: string) => Date.parse(text)

test.each([
  ['Europe/Helsinki', '2026-03-28T22:00Z', '2026-03-29T21:00Z', 23],
  ['Europe/Helsinki', '2026-10-24T21:00Z', '2026-10-25T22:00Z', 25],
  ['Asia/Kolkata', '2026-06-01T18:30Z', '2026-06-02T18:30Z', 24],
])('a day in %s begins at %s and ends at %s, after %i hours', (timeZone, start, end, hours) => {
  expect(naiveBuckets('day', timeZone, ms(start), ms(end))).toEqual([{ start: ms(start), end: ms(end) }])
  expect(naiveBuckets('hour', timeZone, ms(start), ms(end))).toHaveLength(hours)
  expect(naiveBuckets('minute', timeZone, ms(start), ms(end))).toHaveLength(hours * 60)
})

test.each([
  ['week', '2020-12-28', '2021-01-04'],
  ['month', '2024-02-01', '2024-03-01'],
  ['quarter', '2020-10-01', '2021-01-01'],
  ['year', '2020-01-01', '2021-01-01'],
] as const)('a %s begins on %s and ends on %s', (granularity, start, end) => {
  expect(naiveBuckets(granularity, 'UTC', ms(start), ms(end))).toEqual([{ start: ms(start), end: ms(end) }])
  expect(naiveBuckets(granularity, 'UTC', ms(end) - 1, ms(end) + 1)).toHaveLength(2)
})

test('business hours in the hours that are skipped and come twice', () => {
  const hours = Object.fromEntries(['0', '1', '2', '3', '4', '5', '6'].map((day) => [day, ['02:30-03:30']]))
  const own = { hours, timeZone: 'Europe/Helsinki' }
  expect(naiveOpenTime(own, null, ms('2026-03-28T22:00Z'), ms('2026-03-29T20:00Z'))).toBe(1_800_000)
  expect(naiveOpenTime(own, null, ms('2026-10-24T21:00Z'), ms('2026-10-25T20:00Z'))).toBe(7_200_000 - 1_800_000)
  const night = {
    hours: { '1': ['22:00', '24:00'], '2': ['00:00', '00:00'], '4': ['23:00', '01:00'] },
    timeZone: 'UTC',
  }
  expect(naiveOpenTime(night, null, ms('2026-06-01T00:00Z'), ms('2026-06-08T00:00Z'))).toBe((2 + 24 + 2) * 3_600_000)
})
