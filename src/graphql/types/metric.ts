import { brandWithType } from '@pothos/core'
import type { GraphQLResolveInfo } from 'graphql'
import {
  type Contribution,
  contributionsTo,
  GRANULARITIES,
  GROUPINGS,
  type Granularity,
  type Grouping,
  METRICS,
  type MetricDefinition,
  type MetricGroup,
  type MetricName,
  type MetricPoint,
  type MetricRequest,
  type MetricResult,
  readMetric,
} from '../../domains/metrics/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order } from '../connection.ts'
import type { Context } from '../context.ts'
import { selectedFields } from '../selected-fields.ts'
import { MessageDirectionEnum, SessionInitiatorEnum } from './message.ts'
import { messageLoads } from './message-loads.ts'
import { Conversation, Message, momentConnection } from './message-refs.ts'
import { given } from './mutation-kit.ts'

const enumName = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()

export const MetricNameEnum = builder.enumType('MetricName', {
  description: 'What can be measured of messages and conversations.',
  values: Object.fromEntries(
    Object.entries(METRICS).map(([name, { text }]) => [
      enumName(name),
      { value: name as MetricName, description: text },
    ]),
  ) as Record<string, { value: MetricName; description: string }>,
})

const MetricUnitEnum = builder.enumType('MetricUnit', {
  description: 'What the values of a metric are measured in.',
  values: {
    MESSAGES: { value: 'messages', description: 'Messages.' },
    CONTACTS: { value: 'contacts', description: 'Customers, by channel and address of the workspace.' },
    CONVERSATIONS: { value: 'conversations', description: 'Conversations or sessions.' },
    SECONDS: { value: 'seconds', description: 'Seconds, with milliseconds.' },
    RATIO: { value: 'ratio', description: 'Messages per conversation.' },
  } as const satisfies Record<string, { value: MetricDefinition['unit']; description: string }>,
})

const MetricAggregateEnum = builder.enumType('MetricAggregate', {
  description: 'How what is contributed by single messages or conversations becomes one value.',
  values: {
    COUNT: { value: 'count', description: 'They are counted.' },
    DISTINCT: { value: 'distinct', description: 'The different customers or conversations among them are counted.' },
    AVERAGE: { value: 'average', description: 'Their arithmetic mean.' },
    MEDIAN: { value: 'median', description: 'The one in the middle or, of an even number, the mean of the two.' },
    RATIO: { value: 'ratio', description: 'How many there are for each different conversation.' },
  } as const satisfies Record<string, { value: MetricDefinition['aggregate']; description: string }>,
})

const BEGINNINGS: Record<Granularity, string> = {
  minute: 'Minutes.',
  hour: 'Hours of the clock.',
  day: 'Days of the calendar.',
  week: 'Weeks, from Monday on (ISO 8601).',
  month: 'Months.',
  quarter: 'Quarters of a year.',
  year: 'Years.',
}

const MetricGranularityEnum = builder.enumType('MetricGranularity', {
  description: 'What a series is divided into, by the calendar of its time zone.',
  values: Object.fromEntries(
    GRANULARITIES.map((name) => [name.toUpperCase(), { value: name, description: BEGINNINGS[name] }]),
  ) as Record<string, { value: Granularity; description: string }>,
})

const KEYS: Record<Grouping, string> = {
  agent: 'The agent.',
  channel: 'The name of the channel.',
  provider: 'The provider.',
  tag: "The user's tags.",
  team: 'The team.',
  country: "The country of the customer's telephone number, of active contacts only.",
}

const MetricGroupingEnum = builder.enumType('MetricGrouping', {
  description: 'What values can be told apart by.',
  values: Object.fromEntries(
    GROUPINGS.map((name) => [name.toUpperCase(), { value: name, description: KEYS[name] }]),
  ) as Record<string, { value: Grouping; description: string }>,
})

const MetricPeriodInput = builder.inputType('MetricPeriodInput', {
  description: 'What is looked at.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', required: true, description: 'Where it begins; included.' }),
    to: t.field({ type: 'DateTime', required: true, description: 'Where it ends, after `from`; not included.' }),
  }),
})

const MetricFilter = builder.inputType('MetricFilter', {
  description:
    'What is counted: values of one list are alternatives, all lists must hold, and an empty or absent one holds always.',
  fields: (t) => ({
    direction: t.field({
      type: MessageDirectionEnum,
      description: 'Only what goes this way; without effect where conversations are measured. Both when absent.',
    }),
    agents: t.stringList({ description: 'Names of agents.' }),
    channels: t.stringList({ description: 'Names of channels, such as `WHATSAPP`, in any case.' }),
    providers: t.stringList({ description: 'Providers, such as `TWILIO`, in any case.' }),
    tags: t.stringList({ description: 'Tags: `VIP` or `user:VIP`, `team:Sales`, `system:…`.' }),
    identifiers: t.stringList({ description: "Addresses on a channel, the workspace's or customers'." }),
    conversations: t.stringList({ description: "Clients' own names of conversations." }),
    initiatedBy: t.field({
      type: SessionInitiatorEnum,
      description: 'Only sessions begun so, of `UNIQUE_CONVERSATIONS`. Both when absent.',
    }),
  }),
})

const MetricPointType = builder.objectRef<MetricPoint>('MetricPoint').implement({
  description: 'One part of a series, as the calendar has it, also where the period begins or ends within it.',
  fields: (t) => ({
    start: t.expose('start', { type: 'DateTime', description: 'Where it begins; included.' }),
    end: t.expose('end', { type: 'DateTime', description: 'Where it ends; not included.' }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'Of what lies in it and in the period, in the unit of the metric; null: nothing to measure.',
    }),
  }),
})

const MetricGroupType = builder.objectRef<MetricGroup>('MetricGroup').implement({
  description: 'What is measured of one agent, channel, provider, tag, team or country.',
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'Which one: its name, without `user:` or `team:`; of a country its code (ISO 3166-1 alpha-2).',
    }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'In the unit of the metric; null: nothing to measure.',
    }),
  }),
})

const MetricDefinitionType = builder.objectRef<MetricDefinition & { name: MetricName }>('MetricDefinition').implement({
  description: 'What exactly is measured.',
  fields: (t) => ({
    name: t.field({ type: MetricNameEnum, description: 'The metric.', resolve: ({ name }) => name }),
    version: t.exposeInt('version', {
      description: 'Another one when the same messages would give another number.',
    }),
    text: t.exposeString('text', { description: 'The definition, in words.' }),
    unit: t.field({ type: MetricUnitEnum, description: 'What values are measured in.', resolve: ({ unit }) => unit }),
    aggregate: t.field({
      type: MetricAggregateEnum,
      description: 'How single contributions become one value.',
      resolve: ({ aggregate }) => aggregate,
    }),
  }),
})

const MetricSource = builder.unionType('MetricSource', {
  description: 'What a value is computed from.',
  types: [Message, Conversation],
})

const MetricContribution = builder.objectRef<Contribution>('MetricContribution').implement({
  description: 'What one message or conversation adds to a value.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'The moment by which it belongs to the period.' }),
    value: t.exposeFloat('value', { description: 'What it adds: 1 where items are counted, else seconds.' }),
    source: t.field({
      type: MetricSource,
      nullable: true,
      description: 'The message or conversation; null: it was reduced or removed since.',
      resolve: async ({ kind, id }, _args, context) => {
        const loads = messageLoads(context)
        const found = await (kind === 'message' ? loads.message(id) : loads.conversation(id))
        if (found) brandWithType(found, (kind === 'message' ? Message : Conversation) as never)
        return found
      },
    }),
  }),
})

const PROOF: Order = { name: 'proof', column: 'at', direction: 'asc', type: 'instant' }
const PROOF_PAGE = connectionTypes(MetricContribution, 'MetricContribution', 'contributions')

interface Reading {
  request: MetricRequest
  /** Null: nothing was asked for that needs it. */
  result: MetricResult | null
}

/** How many parts of a series, and how many groups, an operation is taken to ask for. */
const USUAL_POINTS = 100
const USUAL_GROUPS = 25

export const Metric = builder.objectRef<Reading>('Metric').implement({
  description: 'One number of messages or conversations in a period, as a series, in groups, and with its proof.',
  fields: (t) => ({
    name: t.field({ type: MetricNameEnum, description: 'What is measured.', resolve: ({ request }) => request.metric }),
    definition: t.field({
      type: MetricDefinitionType,
      description: 'What exactly is measured.',
      resolve: ({ request: { metric } }) => ({ name: metric, ...METRICS[metric] }),
    }),
    unit: t.field({
      type: MetricUnitEnum,
      description: 'What values are measured in.',
      resolve: ({ request }) => METRICS[request.metric].unit,
    }),
    value: t.float({
      nullable: true,
      description:
        'Of the whole period, in `unit`. Null: not measurable, because there is nothing to take an average of or because it needs messages that retention has reduced; a count of nothing is 0.',
      resolve: ({ result }) => result!.value,
    }),
    previousValue: t.float({
      nullable: true,
      description: 'The same of the period of the same length that ends where this one begins.',
      resolve: ({ result }) => result!.previousValue ?? null,
    }),
    points: t.field({
      type: [MetricPointType],
      extensions: { listSize: USUAL_POINTS },
      description:
        'The series: one per minute, hour, day … that the period touches, oldest first, at most 10000; empty without `granularity`.',
      resolve: ({ result }) => result!.points,
    }),
    groups: t.field({
      type: [MetricGroupType],
      extensions: { listSize: USUAL_GROUPS },
      description:
        'The value apart: one per agent, channel … that occurs, the largest value first, then by key; empty without `groupBy`. What belongs to several groups counts in each.',
      resolve: ({ result }) => result!.groups,
    }),
    calendarVersions: t.intList({
      description:
        'The versions of the business calendar that had a say, ascending; only where seconds of business hours are measured.',
      resolve: ({ result }) => result!.calendarVersions,
    }),
    isReduced: t.boolean({
      description:
        'Whether retention has reduced messages of the period to what was counted of them: then there is no proof.',
      resolve: ({ result }) => result!.isReduced,
    }),
    proof: t.connection(
      {
        type: MetricContribution,
        description:
          'Every message or conversation that the value is computed from, by its moment, oldest first: a count is `totalCount`, an average the mean of their values. Empty where messages of the period were reduced.',
        resolve: ({ request }, args, context) => {
          const { world, viewer } = context
          let found: ReturnType<typeof contributionsTo> | undefined
          return momentConnection(
            ...([args, PROOF, context] as const),
            async (page) => {
              found = atArguments(() => contributionsTo(world, viewer, request, page))
              return (await found).items
            },
            async () => (await found!).total,
          )
        },
      },
      ...PROOF_PAGE,
    ),
  }),
})

/** Fields of a metric for which it has to be read. */
const NEED_READING = ['value', 'previousValue', 'points', 'groups', 'calendarVersions', 'isReduced']

type ArgumentBuilder = Parameters<NonNullable<Parameters<typeof builder.queryField>[1]>>[0]['arg']

/** What a metric is asked for with. */
export const metricArguments = (arg: ArgumentBuilder) => ({
  name: arg({ type: MetricNameEnum, required: true, description: 'What to measure.' }),
  period: arg({ type: MetricPeriodInput, required: true, description: 'When.' }),
  granularity: arg({ type: MetricGranularityEnum, description: 'What `points` are; none when absent.' }),
  timeZone: arg.string({
    description: 'IANA name of the zone in which days begin, such as `Europe/Amsterdam`; UTC when absent.',
  }),
  filter: arg({ type: MetricFilter, description: 'What is counted; everything when absent.' }),
  groupBy: arg({ type: MetricGroupingEnum, description: 'What `groups` are; none when absent.' }),
})

interface MetricArguments {
  name: MetricName
  period: { from: Date; to: Date }
  granularity?: Granularity | null | undefined
  timeZone?: string | null | undefined
  filter?: typeof MetricFilter.$inferInput | null | undefined
  groupBy?: Grouping | null | undefined
}

export function metricRequestOf({ name, period, filter, ...rest }: MetricArguments): MetricRequest {
  return { ...given(rest), metric: name, ...period, ...(filter ? { filter: given(filter) } : {}) }
}

/** Reads what is asked for of a metric, and nothing that is not. Throws as `readMetric` does, with the paths of arguments. */
export async function metricOf(args: MetricArguments, context: Context, info: GraphQLResolveInfo): Promise<Reading> {
  const request = metricRequestOf(args)
  const selected = selectedFields(info)
  if (!NEED_READING.some((field) => selected.has(field))) return { request, result: null }
  const { granularity, groupBy, ...common } = request
  const result = await atArguments(() =>
    readMetric(context.world, context.viewer, {
      ...common,
      ...(selected.has('points') ? { granularity } : {}),
      ...(selected.has('groups') ? { groupBy } : {}),
      withPrevious: selected.has('previousValue'),
      withCalendarVersions: selected.has('calendarVersions'),
    }),
  )
  return { request, result }
}

async function atArguments<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const issues = error.issues.map((issue): Issue => ({ ...issue, path: argumentPath(issue.path) }))
    throw new ValidationError(issues as [Issue, ...Issue[]])
  }
}

function argumentPath(path: Issue['path']): Issue['path'] {
  const [first, ...rest] = path
  if (first === 'from' || first === 'to') return ['period', ...path]
  return first === 'metric' ? ['name', ...rest] : path
}

builder.queryField('metric', (t) =>
  t.field({
    type: Metric,
    description:
      'A metric of messages and conversations, as docs/metrics.md defines it; ask for several under aliases. Needs `messages:read`.',
    args: metricArguments(t.arg),
    resolve: (_root, args, context, info) => metricOf(args, context, info),
  }),
)
