import type { CalendarRules } from '../../src/domains/calendars/index.ts'
import type { MessageInput, ResolveInput } from '../../src/domains/messaging/index.ts'
import type { MetricFilter, MetricName, MetricRequest } from '../../src/domains/metrics/index.ts'
import { naiveBuckets } from './naive-buckets.ts'
import { naiveOpenTime } from './naive-hours.ts'

// Every metric a second time, from its definition (docs/metrics.md) alone, over arrays: slow, and shared with nothing.

export interface NaiveMessage extends MessageInput {
  time: Date
  /** In the order of arrival. */
  seq: number
}

export interface NaiveResolution extends ResolveInput {
  time: Date
}

/** What was taken in. */
export interface NaivePool {
  messages: readonly NaiveMessage[]
  resolutions: readonly NaiveResolution[]
  /** Versions of the business calendar, as they were set. */
  calendars: readonly { rules: CalendarRules; effectiveFrom: Date }[]
  /** Of customers whose identifier is a telephone number. */
  countries: Readonly<Record<string, string>>
}

/** Something that a metric counts, with all that it can be filtered and grouped by. */
export interface Item {
  at: number
  /** Milliseconds for times, else 1. */
  value: number
  message?: NaiveMessage
  conversation?: NaiveConversation
  /** Of which only one of a kind counts. */
  same?: string
  channel: string
  provider: string
  agents: string[]
  /** With prefixes. */
  tags: string[]
  identifiers: string[]
  conversationName?: string | null | undefined
  direction?: 'in' | 'out'
  initiatedBy?: 'user' | 'business'
  country?: string | undefined
  /** From 1, of the business calendar in force. */
  calendarVersion?: number | undefined
}

export interface NaiveConversation {
  key: string
  messages: NaiveMessage[]
  resolution: NaiveResolution | undefined
}

export interface NaiveResult {
  value: number | null
  /** Undefined unless it was asked for. */
  previousValue: number | null | undefined
  points: { start: number; end: number; value: number | null }[]
  groups: { key: string; value: number | null }[]
  calendarVersions: number[]
  /** What the value was computed from. */
  items: Item[]
}

const DAY = 24 * 3_600_000

/** Reads a metric, with the clock at `now`. */
export function naiveMetric(pool: NaivePool, request: MetricRequest, now: Date): NaiveResult {
  const { metric, granularity, timeZone = 'UTC', groupBy } = request
  const items = ITEMS[metric](pool, now.getTime()).filter((item) => passes(metric, item, request.filter ?? {}))
  const between = (from: number, to: number) => items.filter(({ at }) => from <= at && at < to)
  const measure = VALUES[metric]
  const from = request.from.getTime()
  const to = request.to.getTime()
  const all = between(from, to)
  const keysOf = (item: Item): string[] => {
    switch (groupBy) {
      case undefined:
        return []
      case 'agent':
        return item.agents
      case 'channel':
        return [item.channel]
      case 'provider':
        return [item.provider]
      case 'tag':
        return named(item.tags, 'user:')
      case 'team':
        return named(item.tags, 'team:')
      case 'country':
        return item.country === undefined ? [] : [item.country]
    }
  }
  const keys = unique(all.flatMap(keysOf)).sort()
  const groups = keys.map((key) => ({ key, value: measure(all.filter((item) => keysOf(item).includes(key))) }))
  return {
    value: measure(all),
    previousValue: request.withPrevious ? measure(between(from - (to - from), from)) : undefined,
    points: granularity
      ? naiveBuckets(granularity, timeZone, from, to).map(({ start, end }) => ({
          start,
          end,
          value: measure(all.filter(({ at }) => start <= at && at < end)),
        }))
      : [],
    groups: groups.sort((a, b) => (b.value ?? 0) - (a.value ?? 0)),
    calendarVersions: unique(all.flatMap((item) => some(item.calendarVersion))).sort((a, b) => a - b),
    items: all,
  }
}

type Items = (pool: NaivePool, now: number) => Item[]

const ITEMS: Record<MetricName, Items> = {
  messages: ({ messages }) => messages.map((message) => ofMessage(message)),

  paidTemplates: ({ messages }) =>
    messages
      .filter((message) => message.direction === 'out' && tagsOf(message).includes('system:paid_template'))
      .map((message) => ofMessage(message)),

  responseTimeAverage: ({ messages }) =>
    lanesOf(messages).flatMap((lane) =>
      lane.flatMap((message, n) => {
        const before = lane[n - 1]
        if (!before || before.direction === message.direction) return []
        const agent = message.direction === 'out' ? message.agent : before.agent
        return [{ ...ofMessage(message), value: Number(message.time) - Number(before.time), agents: some(agent) }]
      }),
    ),

  activeContacts: ({ messages, countries }) =>
    messages
      .filter(({ direction }) => direction === 'in')
      .map((message) => ({
        ...ofMessage(message),
        same: threadOf(message),
        country: countries[message.customerChannelIdentifier],
      })),

  firstReplyTimeMedian: firstReplies,
  firstReplyTimeAverage: firstReplies,
  openFirstReplyTimeMedian: openFirstReplies,
  openFirstReplyTimeAverage: openFirstReplies,

  resolvedConversations: (pool) =>
    conversationsOf(pool).flatMap((conversation) =>
      conversation.resolution
        ? [{ ...ofConversation(conversation), at: Number(conversation.resolution.time), value: 1 }]
        : [],
    ),

  taggedConversations: (pool) =>
    conversationsOf(pool).flatMap((conversation) => {
      const { key, messages, resolution } = conversation
      const carriers = [
        ...messages.map(ofMessage),
        ...some(resolution).map((event) => ({
          ...ofConversation(conversation),
          at: Number(event.time),
          value: 1,
          agents: some(event.agent),
          tags: tagsOf(event),
        })),
      ]
      return carriers
        .filter(({ tags }) => tags.some((tag) => tag.startsWith('user:')))
        .map((carrier) => ({ ...carrier, same: key }))
    }),

  resolveTimeMedian: resolveTimes,
  resolveTimeAverage: resolveTimes,

  messagesPerConversation: (pool) =>
    conversationsOf(pool).flatMap((conversation) =>
      conversation.messages.map((message) => ({
        ...ofMessage(message),
        same: conversation.key,
        tags: tagsOfConversation(conversation),
      })),
    ),

  uniqueConversations: (pool) => {
    const conversations = conversationsOf(pool)
    return threadsOf(pool.messages).flatMap((thread) => {
      const sessions: Item[] = []
      let end = Number.NEGATIVE_INFINITY
      for (const [n, message] of thread.entries()) {
        const at = Number(message.time)
        if (message.direction === 'in' || at < end) continue
        const lastIn = thread.slice(0, n).findLast(({ direction }) => direction === 'in')
        const conversation = conversations.find(({ messages }) => messages.includes(message))
        sessions.push({
          ...ofMessage(message),
          initiatedBy: lastIn && at - Number(lastIn.time) < DAY ? 'user' : 'business',
          tags: unique([...tagsOf(message), ...(conversation ? tagsOfConversation(conversation) : [])]),
        })
        end = at + DAY
      }
      return sessions
    })
  },
}

function firstReplies(pool: NaivePool): Item[] {
  return repliesOf(pool).map(({ conversation, asked, reply }) => ({
    ...ofConversation(conversation),
    at: Number(reply.time),
    value: Number(reply.time) - Number(asked.time),
    agents: some(reply.agent),
  }))
}

function openFirstReplies(pool: NaivePool): Item[] {
  return repliesOf(pool).map(({ conversation, asked, reply }) => {
    const from = Number(asked.time)
    const inForce = pool.calendars.filter(({ effectiveFrom }) => Number(effectiveFrom) <= from)
    const latest = Math.max(...inForce.map(({ effectiveFrom }) => Number(effectiveFrom)))
    const calendar = inForce.findLast(({ effectiveFrom }) => Number(effectiveFrom) === latest)
    return {
      ...ofConversation(conversation),
      at: Number(reply.time),
      value: naiveOpenTime(hoursOf(asked) ?? hoursOf(reply), calendar?.rules ?? null, from, Number(reply.time)),
      calendarVersion: calendar && pool.calendars.indexOf(calendar) + 1,
      agents: some(reply.agent),
    }
  })
}

function repliesOf(pool: NaivePool) {
  return conversationsOf(pool).flatMap((conversation) => {
    const first = conversation.messages.findIndex(({ direction }) => direction === 'in')
    if (first < 0) return []
    const reply = conversation.messages
      .slice(first + 1)
      .find((message) => message.direction === 'out' && !tagsOf(message).includes('system:automatic_reply'))
    return reply ? [{ conversation, asked: conversation.messages[first]!, reply }] : []
  })
}

function resolveTimes(pool: NaivePool, now: number): Item[] {
  return conversationsOf(pool).flatMap((conversation) => {
    const times = conversation.messages.map(({ time }) => Number(time))
    const first = Math.min(...times)
    const last = Math.max(...times)
    if (conversation.resolution) {
      const at = Number(conversation.resolution.time)
      return [{ ...ofConversation(conversation), at, value: Math.max(0, at - first) }]
    }
    return now - last >= DAY ? [{ ...ofConversation(conversation), at: last, value: last - first }] : []
  })
}

const VALUES: Record<MetricName, (items: Item[]) => number | null> = {
  messages: count,
  paidTemplates: count,
  responseTimeAverage: average,
  activeContacts: distinct,
  firstReplyTimeMedian: median,
  firstReplyTimeAverage: average,
  openFirstReplyTimeMedian: median,
  openFirstReplyTimeAverage: average,
  resolvedConversations: count,
  taggedConversations: distinct,
  resolveTimeMedian: median,
  resolveTimeAverage: average,
  messagesPerConversation: (items) => (items.length === 0 ? null : items.length / distinct(items)),
  uniqueConversations: count,
}

function count(items: Item[]): number {
  return items.length
}

function distinct(items: Item[]): number {
  return unique(items.map(({ same }) => same)).length
}

function average(items: Item[]): number | null {
  if (items.length === 0) return null
  return items.reduce((sum, { value }) => sum + value, 0) / items.length / 1000
}

function median(items: Item[]): number | null {
  if (items.length === 0) return null
  const values = items.map(({ value }) => value).sort((a, b) => a - b)
  const middle = values.length / 2
  const value = Number.isInteger(middle) ? (values[middle - 1]! + values[middle]!) / 2 : values[Math.floor(middle)]!
  return value / 1000
}

const WITH_DIRECTION: readonly MetricName[] = ['messages', 'responseTimeAverage', 'messagesPerConversation']

function passes(metric: MetricName, item: Item, filter: MetricFilter): boolean {
  const has = (wanted: readonly string[] | undefined, own: readonly string[]) =>
    wanted === undefined || wanted.length === 0 || wanted.some((value) => own.includes(value))
  const capitals = (values: readonly string[] | undefined) => values?.map((value) => value.toUpperCase())
  return (
    (!filter.direction || !WITH_DIRECTION.includes(metric) || filter.direction === item.direction) &&
    (!filter.initiatedBy || metric !== 'uniqueConversations' || filter.initiatedBy === item.initiatedBy) &&
    (metric === 'taggedConversations' || has(filter.tags?.map(prefixed), item.tags)) &&
    has(filter.agents, item.agents) &&
    has(capitals(filter.channels), [item.channel]) &&
    has(capitals(filter.providers), [item.provider]) &&
    has(filter.identifiers, item.identifiers) &&
    has(filter.conversations, some(item.conversationName))
  )
}

function ofMessage(message: NaiveMessage): Item {
  return {
    at: Number(message.time),
    value: 1,
    message,
    channel: message.channel,
    provider: message.provider,
    agents: some(message.agent),
    tags: tagsOf(message),
    identifiers: [message.tenantChannelIdentifier, message.customerChannelIdentifier],
    conversationName: message.conversation,
    direction: message.direction,
  }
}

function ofConversation(conversation: NaiveConversation): Omit<Item, 'at' | 'value'> {
  const { messages, resolution } = conversation
  const { channel, provider, tenantChannelIdentifier, conversation: conversationName } = messages[0]!
  return {
    conversation,
    channel,
    provider,
    conversationName,
    agents: unique([...messages.flatMap(({ agent }) => some(agent)), ...some(resolution?.agent)]),
    tags: tagsOfConversation(conversation),
    identifiers: [tenantChannelIdentifier, ...messages.map((message) => message.customerChannelIdentifier)],
  }
}

/** The conversations, each with its messages in order. */
export function conversationsOf({ messages, resolutions }: Pick<NaivePool, 'messages' | 'resolutions'>) {
  const named = inOrder(messages).filter(({ conversation }) => some(conversation).length > 0)
  return [...Map.groupBy(named, conversationKey)].map(
    ([key, own]): NaiveConversation => ({
      key,
      messages: own,
      resolution: resolutions.find((resolution) => conversationKey(resolution) === key),
    }),
  )
}

export function conversationKey(one: NaiveMessage | NaiveResolution): string {
  return JSON.stringify([one.provider, one.channel, one.tenantChannelIdentifier, one.conversation])
}

function threadOf({ channel, tenantChannelIdentifier, customerChannelIdentifier }: NaiveMessage): string {
  return JSON.stringify([channel, tenantChannelIdentifier, customerChannelIdentifier])
}

function threadsOf(messages: readonly NaiveMessage[]): NaiveMessage[][] {
  return [...Map.groupBy(inOrder(messages), threadOf).values()]
}

function lanesOf(messages: readonly NaiveMessage[]): NaiveMessage[][] {
  const laneOf = (message: NaiveMessage) =>
    some(message.conversation).length > 0 ? `c${conversationKey(message)}` : `t${threadOf(message)}`
  return [...Map.groupBy(inOrder(messages), laneOf).values()]
}

function inOrder(messages: readonly NaiveMessage[]): NaiveMessage[] {
  return [...messages].sort((a, b) => Number(a.time) - Number(b.time) || a.seq - b.seq)
}

function tagsOfConversation({ messages, resolution }: NaiveConversation): string[] {
  return unique([...messages, ...some(resolution)].flatMap(tagsOf))
}

/** With prefixes, each once, of the team's only the first. */
function tagsOf({ tags }: NaiveMessage | NaiveResolution): string[] {
  const all = unique((tags ?? []).map(prefixed))
  const team = all.find((tag) => tag.startsWith('team:'))
  return all.filter((tag) => !tag.startsWith('team:') || tag === team)
}

function prefixed(tag: string): string {
  return /^(user|team|system):/.test(tag) ? tag : `user:${tag}`
}

/** Those with a prefix, without it. */
function named(tags: readonly string[], prefix: string): string[] {
  return tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length))
}

function hoursOf({ businessHours, timeZone }: NaiveMessage) {
  if (!businessHours || Object.keys(businessHours).length === 0) return null
  return { hours: businessHours, timeZone: timeZone ?? 'UTC' }
}

/** One or none, as a list. */
function some<Value>(value: Value | null | undefined): Value[] {
  return value === null || value === undefined ? [] : [value]
}

function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)]
}
