import type { MessageInput, ResolveInput } from '../../src/domains/messaging/index.ts'
import { Arrivals } from './arrivals.ts'
import { Random, zipf } from './random.ts'
import {
  AGENTS,
  AUTOMATIC_REPLY,
  CHANNELS,
  type Customer,
  contentOf,
  customerOn,
  FIRST_TEAM_TAG,
  HOURS,
  PAID_TEMPLATE,
  TAGS,
  TEAMS,
  USER_TAGS,
} from './workspace.ts'

/** Two years, a leap day among them. */
export const FROM = Date.UTC(2024, 0, 1)
export const TO = Date.UTC(2026, 0, 1)

const SEED = 20_241_101
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const MESSAGES_PER_CONVERSATION = 10
/** Conversations have so many messages more or fewer at the most. */
const DEVIATION = 8
const LEAST_DURATION = 2 * MINUTE
const GREATEST_DURATION = 2 * DAY
/** Conversations begin early enough to end in time. */
const LAST_START = TO - GREATEST_DURATION - DAY
const PERSONS_PER_CONVERSATION = 0.3

const SHARE = {
  secondChannel: 0.1,
  begunByBusiness: 0.12,
  paidTemplate: 0.6,
  automaticReply: 0.15,
  sameDirectionAgain: 0.3,
  sameMoment: 0.01,
  otherAgent: 0.04,
  withoutAgent: 0.05,
  userTag: 0.35,
  secondUserTag: 0.3,
  teamTag: 0.2,
  tagsFromTheStart: 0.85,
  hours: 0.3,
  hoursOfTheBusiness: 0.05,
  resolved: 0.6,
  tagOfResolution: 0.05,
  late: 0.02,
} as const

const anyAgent = zipf(AGENTS.length)
const anyUserTag = zipf(USER_TAGS)

export interface GeneratedConversation {
  /** From 0; its decimal digits are the client's name of it. */
  n: number
  /** Of CHANNELS. */
  channel: number
  person: number
  customer: Customer
}

export interface GeneratedMessage {
  kind: 'message'
  /** In the order of arrival, from 0. */
  n: number
  conversation: GeneratedConversation
  /** In milliseconds. */
  time: number
  sent: boolean
  /** Of AGENTS. */
  agent: number | null
  /** Of TAGS. */
  tags: readonly number[]
  /** Of HOURS. */
  hours: number | null
}

export interface GeneratedResolution {
  kind: 'resolution'
  conversation: GeneratedConversation
  time: number
  agent: number | null
  tags: readonly number[]
}

export type Generated = GeneratedMessage | GeneratedResolution

/**
 * Messages and resolutions as they come in: by time, but for some that are late. The same for the same number of
 * messages, which must be a multiple of 20; memory does not grow with it.
 */
export function* generate(messages: number): Generator<Generated, void, undefined> {
  if (messages % (2 * MESSAGES_PER_CONVERSATION) !== 0) throw new Error('a multiple of 20 messages is needed')
  const random = new Random(SEED)
  const arrivals = new Arrivals<Generated>()
  const conversations = messages / MESSAGES_PER_CONVERSATION
  const step = (LAST_START - FROM) / conversations
  let count = 0
  let deviation = 0
  function* until(moment: number) {
    for (let item = arrivals.takeBefore(moment); item; item = arrivals.takeBefore(moment)) {
      if (item.kind === 'message') item.n = count++
      yield item
    }
  }
  for (let n = 0; n < conversations; n++) {
    // One is as much too long as the next is too short, so that the sum is known beforehand.
    deviation = n % 2 === 0 ? random.below(2 * DEVIATION + 1) - DEVIATION : -deviation
    const start = Math.floor(FROM + (n + random.next()) * step)
    yield* until(start)
    converse(random, arrivals, {
      conversation: conversationOf(random, n, conversations),
      start,
      length: MESSAGES_PER_CONVERSATION + deviation,
    })
  }
  yield* until(Number.POSITIVE_INFINITY)
}

function conversationOf(random: Random, n: number, conversations: number): GeneratedConversation {
  const person = random.below(Math.ceil(conversations * PERSONS_PER_CONVERSATION))
  const channel = random.chance(SHARE.secondChannel) ? random.below(CHANNELS.length) : (person * 31) % CHANNELS.length
  return { n, channel, person, customer: customerOn(CHANNELS[channel]!, person) }
}

/** Lets everything of one conversation arrive. */
function converse(
  random: Random,
  arrivals: Arrivals<Generated>,
  { conversation, start, length }: { conversation: GeneratedConversation; start: number; length: number },
): void {
  const byBusiness = random.chance(SHARE.begunByBusiness)
  const isPaid = byBusiness && random.chance(SHARE.paidTemplate)
  const hasAutomaticReply = !byBusiness && random.chance(SHARE.automaticReply)
  const labels = labelsOf(random, length)
  const hours = random.chance(SHARE.hours) ? random.below(HOURS.length) : null
  const hoursAreOfBusiness = random.chance(SHARE.hoursOfTheBusiness)
  const times = timesOf(random, start, length)
  let agent = anyAgent(random)
  let isAssigned = false
  let sent = byBusiness
  for (let index = 0; index < length; index++) {
    if (index > 0 && !random.chance(SHARE.sameDirectionAgain)) sent = !sent
    const isAutomatic = index === 1 && hasAutomaticReply
    if (isAutomatic) {
      sent = true
      times[1] = Math.min(times[0]! + SECOND, times[2] ?? Number.POSITIVE_INFINITY)
    }
    if (random.chance(SHARE.otherAgent)) agent = anyAgent(random)
    const isNamed = !isAutomatic && (sent || isAssigned) && !random.chance(SHARE.withoutAgent)
    if (sent && !isAutomatic) isAssigned = true
    const tags = labels.filter(({ since }) => since <= index).map(({ tag }) => tag)
    if (isAutomatic) tags.push(AUTOMATIC_REPLY)
    if (index === 0 && isPaid) tags.push(PAID_TEMPLATE)
    const time = times[index]!
    // The first one never is, so that a conversation is there when it is resolved.
    const delay = index > 0 && random.chance(SHARE.late) ? Math.floor(random.logUniform(SECOND, 6 * HOUR)) : 0
    arrivals.add(time + delay, {
      ...{ kind: 'message', n: 0, conversation, time, sent, tags },
      agent: isNamed ? agent : null,
      hours: sent === hoursAreOfBusiness ? hours : null,
    })
  }
  if (!random.chance(SHARE.resolved)) return
  const time = times.at(-1)! + Math.floor(random.logUniform(MINUTE, 8 * HOUR))
  arrivals.add(time, {
    ...{ kind: 'resolution', conversation, time },
    agent: random.chance(SHARE.withoutAgent) ? null : agent,
    tags: random.chance(SHARE.tagOfResolution) ? [anyUserTag(random)] : [],
  })
}

/** Tags of a conversation, each with the message from which on all carry it. */
function labelsOf(random: Random, length: number): { tag: number; since: number }[] {
  const since = () => (random.chance(SHARE.tagsFromTheStart) ? 0 : random.below(length))
  const labels: { tag: number; since: number }[] = []
  if (random.chance(SHARE.userTag)) {
    labels.push({ tag: anyUserTag(random), since: since() })
    const second = random.chance(SHARE.secondUserTag) ? anyUserTag(random) : labels[0]!.tag
    if (second !== labels[0]!.tag) labels.push({ tag: second, since: since() })
  }
  if (random.chance(SHARE.teamTag)) labels.push({ tag: FIRST_TEAM_TAG + random.below(TEAMS), since: since() })
  return labels
}

/** Moments that rise over minutes to days, some of them equal. */
function timesOf(random: Random, start: number, length: number): number[] {
  const duration = random.logUniform(LEAST_DURATION, GREATEST_DURATION)
  const gaps = Array.from({ length: length - 1 }, () =>
    random.chance(SHARE.sameMoment) ? 0 : -Math.log(1 - random.next()),
  )
  const whole = gaps.reduce((sum, gap) => sum + gap, 0) || 1
  const times = [start]
  let passed = 0
  for (const gap of gaps) {
    passed += gap
    times.push(start + Math.floor((passed / whole) * duration))
  }
  return times
}

export function messageInput(message: GeneratedMessage): MessageInput {
  const { channel, customer, n } = message.conversation
  const hours = message.hours === null ? null : HOURS[message.hours]!
  return {
    ...addressOf(channel),
    direction: message.sent ? 'out' : 'in',
    customerChannelIdentifier: customer.identifier,
    content: contentOf(message.n),
    time: new Date(message.time),
    agent: message.agent === null ? null : AGENTS[message.agent]!,
    tags: message.tags.map((tag) => TAGS[tag]!),
    conversation: String(n),
    businessHours: hours?.days ?? null,
    timeZone: hours?.timeZone ?? null,
  }
}

export function resolveInput(resolution: GeneratedResolution): ResolveInput {
  return {
    ...addressOf(resolution.conversation.channel),
    conversation: String(resolution.conversation.n),
    time: new Date(resolution.time),
    agent: resolution.agent === null ? null : AGENTS[resolution.agent]!,
    tags: resolution.tags.map((tag) => TAGS[tag]!),
  }
}

function addressOf(channel: number) {
  const { channel: name, provider, tenantChannelIdentifier } = CHANNELS[channel]!
  return { channel: name, provider, tenantChannelIdentifier }
}
