import fc from 'fast-check'
import type { CalendarRules } from '../../src/domains/calendars/index.ts'
import type { MessageInput, ResolveInput } from '../../src/domains/messaging/index.ts'
import {
  GRANULARITIES,
  type Granularity,
  type Grouping,
  METRICS,
  type MetricFilter,
  type MetricName,
  type MetricRequest,
} from '../../src/domains/metrics/index.ts'

/** One thing that is handed over: a message, or that a conversation is over. */
export type Entry =
  | { type: 'message'; input: MessageInput & { time: Date } }
  | { type: 'resolution'; input: ResolveInput & { time: Date } }

export interface History {
  /** In the order of arrival. */
  entries: Entry[]
  /** How many messages are handed over at once, again and again from the front. */
  batches: number[]
  /** After which batches what is quiet is settled, and how long after the moment at which metrics are read (milliseconds). */
  settling: { after: number; later: number }[]
  /** Versions of the business calendar, set before anything arrives. */
  calendars: { rules: CalendarRules; effectiveFrom: Date }[]
  /** What the clock shows while metrics are read. */
  now: Date
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Around which a history plays: days on which clocks change, a leap day, turns of years. */
const SCENES = [
  '2026-03-29', // Europe/Helsinki, one hour forward
  '2026-10-25', // and back
  '2026-03-08', // America/New_York, forward
  '2026-11-01', // and back
  '2026-04-05', // Australia/Lord_Howe, half an hour back
  '2026-10-04', // and forward
  '2024-02-29',
  '2025-12-31',
  '2026-06-15',
].map((day) => Date.parse(day))

const ZONES = [
  'UTC',
  'Europe/Helsinki',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/St_Johns',
]

/** Where messages are exchanged; two differ in nothing but the provider. */
const PLACES = [
  { channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678', provider: 'TWILIO' },
  { channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678', provider: 'SMOOCH' },
  { channel: 'WHATSAPP', tenantChannelIdentifier: '+31600000001', provider: 'TWILIO' },
  { channel: 'SMS', tenantChannelIdentifier: '+31612345678', provider: 'SAYSIMPLE' },
]

const CUSTOMERS = ['+31687654321', '+358401234567', '@frank', '+358409999999']

/** Of CUSTOMERS. */
export const COUNTRIES = { '+31687654321': 'NL', '+358401234567': 'FI', '+358409999999': 'FI' }

const AGENTS = ['ada', 'bob', 'cyd']
const CONVERSATIONS = ['1', '2', '42']
const TAGS = [
  'VIP',
  'user:VIP',
  'Finance',
  'team:Sales',
  'team:Support',
  'system:automatic_reply',
  'system:paid_template',
  'system:free_template',
]

const HOURS: NonNullable<MessageInput['businessHours']>[] = [
  week(['08:00', '17:00']),
  week(['08:00:00', '12:00:00', '13:00:00', '17:00:00']),
  week(['09:30-12:15', '13:00-18:00']),
  week(['22:00', '06:00']),
  week(['01:30', '03:15']),
  week(['00:00', '24:00']),
  { '1': ['08:00', '00:00'], '0': ['10:00', '12:00'], '6': [] },
  {},
]

/** Often none of it, as in life; what comes first is what a failure shrinks to. */
const rarely = <Value>(weight: number, value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 10 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary: value })

const tags = fc.oneof(
  { weight: 5, arbitrary: fc.constant<string[]>([]) },
  { weight: 4, arbitrary: fc.subarray(TAGS, { minLength: 1, maxLength: 3 }) },
)

/** Since the message before: none, so that both are of one moment; a day, give or take a millisecond. */
const gap = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 1_000, MINUTE - 1, MINUTE, 15 * MINUTE, HOUR, 7 * HOUR) },
  { weight: 2, arbitrary: fc.constantFrom(DAY - 1, DAY, DAY + 1, 2 * DAY) },
  { weight: 2, arbitrary: fc.nat(10 * HOUR) },
)

/** From the scene on or back: hours of the clock, give or take a millisecond, or any moment. */
const offset = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.integer({ min: -72, max: 72 }), fc.constantFrom(0, 0, 0, -1, 1, 30 * MINUTE, 15 * MINUTE))
      .map(([hours, more]) => hours * HOUR + more),
  },
  { weight: 3, arbitrary: fc.integer({ min: -4 * DAY, max: 4 * DAY }) },
  { weight: 1, arbitrary: fc.integer({ min: -400 * DAY, max: 400 * DAY }) },
)

const step = fc.record({
  gap,
  direction: fc.constantFrom('in', 'out'),
  agent: rarely(7, fc.constantFrom(...AGENTS)),
  tags,
  /** Another customer in the same conversation. */
  otherCustomer: rarely(1, fc.constantFrom(...CUSTOMERS)),
  hours: rarely(3, fc.record({ businessHours: fc.constantFrom(...HOURS), timeZone: fc.constantFrom(...ZONES) })),
  /** How many places later it arrives than it should. */
  delay: fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(40) }),
})

const burst = fc.record({
  place: fc.constantFrom(...PLACES),
  customer: fc.constantFrom(...CUSTOMERS),
  conversation: rarely(8, fc.constantFrom(...CONVERSATIONS)),
  start: offset,
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
})

const resolution = fc.record({
  /** The burst whose conversation it ends, if it has one. */
  burst: fc.nat(),
  otherwise: fc.constantFrom(...CONVERSATIONS),
  /** Since the last message of the burst; also before it, so that later messages are refused or were there already. */
  since: fc.oneof(gap, fc.constantFrom(-1, -HOUR, -3 * DAY)),
  agent: rarely(5, fc.constantFrom(...AGENTS)),
  tags,
  /** How many places after that message it arrives. */
  delay: fc.integer({ min: -5, max: 20 }),
})

const calendar = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  from: fc.constantFrom('08:00', '22:00', '00:00', '02:15'),
  to: fc.constantFrom('17:00', '04:00', '00:00', '02:45'),
  /** How the day of the scene is an exception: closed, or open at other times. */
  exception: rarely(5, fc.constantFrom([], [{ from: '10:00', to: '11:00' }], [{ from: '23:00', to: '03:30' }])),
  effective: fc.oneof(fc.constant(-500 * DAY), offset),
})

export const histories: fc.Arbitrary<History> = fc
  .record({
    scene: fc.constantFrom(...SCENES),
    bursts: fc.oneof(
      { weight: 1, arbitrary: fc.array(burst, { maxLength: 0 }) },
      { weight: 20, arbitrary: fc.array(burst, { minLength: 1, maxLength: 9 }) },
    ),
    resolutions: fc.array(resolution, { maxLength: 4 }),
    isSorted: fc.boolean(),
    batches: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 4 }),
    settling: fc.array(
      fc.record({ after: fc.nat(12), later: fc.constantFrom(0, -DAY, DAY, -30 * DAY, 10 * DAY, 1_000 * DAY) }),
      { maxLength: 3 },
    ),
    calendars: fc.oneof(
      { weight: 2, arbitrary: fc.array(calendar, { maxLength: 0 }) },
      { weight: 3, arbitrary: fc.array(calendar, { minLength: 1, maxLength: 4 }) },
    ),
    now: fc.record({ after: fc.nat(), more: fc.constantFrom(30 * DAY, DAY, DAY - 1, DAY + 1, 0) }),
  })
  .map(({ scene, bursts, resolutions, isSorted, batches, settling, calendars, now }) => {
    const dated = bursts.flatMap(({ place, customer, conversation, start, steps }, burst) => {
      let time = scene + start
      return steps.map(({ gap, direction, agent, tags, otherCustomer, hours, delay }) => {
        time += gap
        const customerChannelIdentifier = otherCustomer ?? customer
        const input = { ...place, customerChannelIdentifier, conversation, direction, agent, tags, ...hours }
        return { burst, delay, entry: { type: 'message', input: { ...input, time: new Date(time) } } satisfies Entry }
      })
    })
    if (isSorted) dated.sort((a, b) => Number(a.entry.input.time) - Number(b.entry.input.time))
    const ended = resolutions.map(({ burst, otherwise, since, agent, tags, delay }) => {
      const last = dated.findLastIndex((one) => one.burst === burst % bursts.length)
      const { place, conversation = otherwise } = bursts[burst % bursts.length] ?? { place: PLACES[0]! }
      const time = new Date(Number(dated[last]?.entry.input.time ?? scene) + since)
      const entry: Entry = { type: 'resolution', input: { ...place, conversation, agent, tags, time } }
      return { place: last + delay, entry }
    })
    const arriving: { place: number; entry: Entry }[] = [
      ...dated.map(({ delay, entry }, n) => ({ place: n + delay, entry })),
      ...ended,
    ]
    const entries = arriving.sort((a, b) => a.place - b.place).map(({ entry }) => entry)
    const times = entries.map(({ input }) => Number(input.time))
    return {
      entries,
      batches,
      settling,
      calendars: calendars.map(({ timeZone, from, to, exception, effective }) => ({
        rules: {
          timeZone,
          weekly: Object.fromEntries(
            (['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'sunday'] as const).map((day) => [
              day,
              [{ from, to }],
            ]),
          ),
          ...(exception && { exceptions: { [new Date(scene).toISOString().slice(0, 10)]: exception } }),
        },
        effectiveFrom: new Date(scene + effective),
      })),
      now: new Date((times[now.after % times.length] ?? scene) + now.more),
    }
  })

/** The moment of the last thing in a history, or of reading, where that is later. */
export function lastOf({ entries, now }: Pick<History, 'entries' | 'now'>): Date {
  return new Date(Math.max(Number(now), ...entries.map(({ input }) => Number(input.time))))
}

/** A moment by what is in a history. */
const moment = fc.oneof(
  { weight: 3, arbitrary: fc.record({ entry: fc.nat(), more: fc.constantFrom(0, 1, -1) }) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: -6, max: 6 }).map((days) => ({ entry: undefined, more: days * DAY })),
  },
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: -500, max: 500 })
      .map((quarters) => ({ entry: undefined, more: quarters * 15 * MINUTE })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -400, max: 400 }).map((days) => ({ entry: undefined, more: days * DAY })),
  },
  { weight: 1, arbitrary: fc.integer({ min: -7 * DAY, max: 7 * DAY }).map((more) => ({ entry: undefined, more })) },
  { weight: 2, arbitrary: fc.integer({ min: -13, max: 1 }).map((month) => ({ entry: undefined, month, more: 0 })) },
)

const several = <Value>(...values: Value[]) => rarely(2, fc.subarray(values, { maxLength: 2 }))

const filter: fc.Arbitrary<MetricFilter> = fc.record({
  direction: rarely(2, fc.constantFrom('in', 'out')),
  agents: several(...AGENTS, 'nobody'),
  channels: several('WHATSAPP', 'whatsapp', 'Sms', 'LETTER'),
  providers: several('TWILIO', 'smooch', 'SAYSIMPLE', 'NOBODY'),
  tags: several('VIP', 'user:Finance', 'team:Sales', 'team:Support', 'system:automatic_reply', 'nothing'),
  identifiers: several('+31612345678', '+31600000001', ...CUSTOMERS, 'nobody'),
  conversations: several(...CONVERSATIONS, 'none'),
  initiatedBy: rarely(3, fc.constantFrom('user', 'business')),
})

/** So long after an entry, or the beginning of a day or of a month (counted from that day's). */
interface MomentSpec {
  entry?: number | undefined
  month?: number
  more: number
}

/** A question that a history can be asked; moments are found in it by `requestOf`. */
export interface RequestSpec {
  metric: MetricName
  from: MomentSpec
  to: MomentSpec
  granularity: Granularity | undefined
  timeZone: string
  filter: MetricFilter
  groupBy: Grouping | undefined
  withPrevious: boolean
}

const NAMES = Object.keys(METRICS) as MetricName[]

export const requests: fc.Arbitrary<RequestSpec> = fc.constantFrom(...NAMES).chain((metric) => {
  const groupings: Grouping[] = ['agent', 'channel', 'provider', 'tag', 'team']
  if (metric === 'activeContacts') groupings.push('country', 'country')
  return fc.record({
    metric: fc.constant(metric),
    from: moment,
    to: moment,
    granularity: rarely(7, fc.constantFrom(...GRANULARITIES)),
    timeZone: fc.constantFrom(...ZONES),
    filter: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 5, arbitrary: filter }),
    groupBy: rarely(5, fc.constantFrom(...groupings)),
    withPrevious: fc.boolean(),
  })
})

const LENGTHS: Record<Granularity, number> = {
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  quarter: 91 * DAY,
  year: 365 * DAY,
}
const MOST_BUCKETS = 400

/** The request to a history; the other way round where the period ended before it began, by larger buckets where there were too many. */
export function requestOf({ from, to, granularity, ...spec }: RequestSpec, { entries, now }: History): MetricRequest {
  const times = entries.map(({ input }) => Number(input.time)).sort((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)] ?? Number(now)
  const midnight = Math.floor(middle / DAY) * DAY
  const momentOf = ({ entry, month, more }: MomentSpec) => {
    if (month !== undefined) return new Date(midnight).setUTCMonth(new Date(midnight).getUTCMonth() + month, 1)
    return (entry === undefined ? midnight : (times[entry % times.length] ?? midnight)) + more
  }
  const [start, end] = [momentOf(from), momentOf(to)].sort((a, b) => a - b) as [number, number]
  const length = Math.max(1, end - start)
  const wanted = granularity && GRANULARITIES.slice(GRANULARITIES.indexOf(granularity))
  return {
    ...spec,
    from: new Date(start),
    to: new Date(start + length),
    granularity: wanted?.find((one) => length / LENGTHS[one] < MOST_BUCKETS),
  }
}

function week(times: string[]): Record<string, string[]> {
  return Object.fromEntries(['0', '1', '2', '3', '4', '5', '6'].map((day) => [day, times]))
}
