import { z } from 'zod'

/** What is answered, for the document and for the tests that hold every answer against it. */
export const failureSchema = z
  .object({
    code: z.int().meta({ description: 'That of HTTP, or a more specific one.' }),
    message: z.string(),
    moreInfo: z.string().meta({ description: 'A page that explains the error; of 1536 with what is wrong by field.' }),
  })
  .meta({ id: 'Error' })

export const nothing = z.literal('').meta({ id: 'Nothing', description: 'An empty JSON string.' })

const GRANULARITIES = ['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR'] as const

const buckets = {
  aggregatedBy: z.enum(GRANULARITIES).meta({ description: 'How long a bucket is; the length of the period decides.' }),
  firstDataOccurrence: z.iso
    .datetime({ precision: 3 })
    .optional()
    .meta({ description: 'The start of the first bucket; absent when there is no data.' }),
  lastDataOccurrence: z.iso
    .datetime({ precision: 3 })
    .optional()
    .meta({ description: 'The start of the last bucket.' }),
}

const dataOf = (keys: string) => z.record(z.string(), z.number()).meta({ description: keys })
const BY_BUCKET =
  'By bucket, ascending: its start in UTC, of weeks `YYYY-<ISO week>`, of quarters `YYYY-<quarter>`. Buckets without anything are 0; no data at all is `{}`, and so is what retention has reduced beyond telling.'

export const series = z
  .object({
    ...buckets,
    data: dataOf(BY_BUCKET),
    aggregatedValue: z.number().nullable().meta({
      description: 'Over the whole period; null: not known any more, since retention has reduced its messages.',
    }),
    previousAggregatedValue: z
      .number()
      .nullable()
      .meta({ description: 'Over the period of the same length before it; null as well.' }),
  })
  .meta({ id: 'Metric' })

export const bareSeries = z.object({ ...buckets, data: dataOf(BY_BUCKET) }).meta({ id: 'MetricWithoutAggregate' })

/** The documentation gives these no value that could be null (contract/saysimple.md 9). */
export const groups = (id: string, keys: string) =>
  z
    .object({
      ...buckets,
      data: dataOf(`${keys} \`{}\`: none, or not known any more, since retention has reduced it.`),
    })
    .meta({ id })

export const names = z.array(z.string()).meta({ id: 'Names' })

export const channels = z
  .array(z.object({ channel: z.string(), tenantChannelIdentifier: z.string() }))
  .meta({ id: 'Channels' })

export const token = z
  .object({
    tokenType: z.literal('Bearer'),
    accessToken: z.string().meta({ description: 'A JSON Web Token, valid for five minutes.' }),
    expiresIn: z.iso.datetime({ precision: 3 }).meta({ description: 'When it ends: a moment, not a duration.' }),
  })
  .meta({ id: 'AccessToken' })
