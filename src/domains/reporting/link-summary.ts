import { z } from 'zod'
import { ValidationError } from '../../platform/errors.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { type Bucket, bucketsOf, countBuckets, moment, zoneName } from '../metrics/index.ts'
import type { World } from '../world.ts'
import { npsOf } from './nps.ts'
import { questionSummaries } from './question-summaries.ts'
import type { Sentiment } from './response-filter.ts'
import {
  type LinkSummary,
  type ResponseCounts,
  type SentimentCounts,
  SUMMARY_PARTS,
  type SummaryPart,
  type SummaryPoint,
  type SummaryRequest,
} from './summary.ts'
import { type SummaryRow, type SummaryRows, selectFirst, selectSummary } from './summary-store.ts'

/** More would be no picture of a period. */
const MAX_POINTS = 2_000
/** More than a link ever asked for. */
export const MAX_CUSTOM_FIELDS = 1_000
const schema = z
  .object({
    from: moment.nullish(),
    to: moment.nullish(),
    timeZone: zoneName.nullish(),
  })
  .refine(({ from, to }) => !from || !to || from < to, {
    path: ['to'],
    params: { rule: 'order' },
    message: 'must be later than `from`',
  })

/**
 * What came of the responses to links that were opened in a period: how many, and what those that were completed say. By
 * link; a link of another workspace has what one without responses has. Only the parts that are asked for are counted;
 * the others are as if there were nothing. Throws INSUFFICIENT_SCOPE (`responses:read`), VALIDATION_FAILED.
 */
export async function linkSummaries(
  world: World,
  viewer: Viewer,
  linkIds: readonly string[],
  request: SummaryRequest,
  parts: ReadonlySet<SummaryPart> = new Set(SUMMARY_PARTS),
): Promise<Map<string, LinkSummary>> {
  requireScope(viewer, 'responses:read')
  parse(schema, request)
  const { workspaceId } = viewer
  const buckets = await bucketsFor(world, workspaceId, linkIds, request)
  const { from = null, to = null, channel = null } = request
  const rows = await selectSummary(world.db, { workspaceId, linkIds, from, to, channel, buckets }, parts)
  const byLink = Map.groupBy(rows, ({ linkId }) => linkId)
  return new Map(linkIds.map((id) => [id, summaryOf(byLink.get(id) ?? [], buckets)]))
}

async function bucketsFor(
  { db, clock }: World,
  workspaceId: string,
  linkIds: readonly string[],
  { from, to, granularity, timeZone }: SummaryRequest,
): Promise<Bucket[]> {
  if (!granularity) return []
  const start = from ?? (await selectFirst(db, workspaceId, linkIds))
  // A response that is opened in this very moment is before it.
  const end = to ?? new Date(clock.now().getTime() + 1)
  if (!start || start >= end) return []
  if (countBuckets(granularity, start, end) > MAX_POINTS) {
    const message = `must be coarser, since the period would have more than ${MAX_POINTS} points`
    throw new ValidationError([{ path: ['granularity'], rule: 'too_many_buckets', message }])
  }
  return bucketsOf(granularity, timeZone ?? 'UTC', start, end)
}

function summaryOf(rows: readonly SummaryRow[], buckets: readonly Bucket[]): LinkSummary {
  const of = <Kind extends keyof SummaryRows>(kind: Kind) =>
    rows.flatMap((row) => (row.kind === kind ? [row.data as SummaryRows[Kind]] : []))
  const [responses, insights] = [of('response'), of('insight')]
  const questions = questionSummaries({
    ...{ questions: of('question'), answers: of('answer'), values: of('value'), numbers: of('number') },
  })
  const rated = questions.flatMap(({ nps }) => nps ?? [])
  return {
    counts: countsOf(responses),
    channels: (['web', 'phone'] as const).map((channel) => ({
      channel,
      ...countsOf(responses.filter((row) => row.channel === channel)),
    })),
    points: buckets.map(({ start, end }, index): SummaryPoint => {
      const here = <Row extends { bucket: number }>(all: readonly Row[]) =>
        all.filter((row) => row.bucket === index + 1)
      const { started, completed } = countsOf(here(responses))
      return { start, end, started, completed, sentiments: sentimentsOf(here(insights)) }
    }),
    questions,
    nps: rated.length > 0 ? npsOf(rated) : null,
    voice: of('voice')[0] ?? { recordings: 0, totalSeconds: null, averageSeconds: null },
    analyzedAnswers: sum(insights.map(({ count }) => count)),
    actionableAnswers: sum(insights.map(({ actionable }) => actionable)),
    sentiments: sentimentsOf(insights),
    topics: of('topic')
      .map(({ topic, count, ...sentiments }) => ({ topic, count, sentiments }))
      .sort((one, other) => other.count - one.count || compare(one.topic.toLowerCase(), other.topic.toLowerCase())),
    customFields: of('customField')
      .sort((one, other) => compare(one.fieldKey, other.fieldKey) || compare(one.name, other.name))
      .slice(0, MAX_CUSTOM_FIELDS),
  }
}

function countsOf(rows: readonly { started: number; completed: number }[]): ResponseCounts {
  const started = sum(rows.map((row) => row.started))
  const completed = sum(rows.map((row) => row.completed))
  return { started, completed, completionRate: started === 0 ? null : completed / started }
}

function sentimentsOf(rows: readonly { sentiment: Sentiment | null; count: number }[]): SentimentCounts {
  const counts: SentimentCounts = { positive: 0, neutral: 0, negative: 0, mixed: 0 }
  for (const { sentiment, count } of rows) if (sentiment !== null) counts[sentiment] += count
  return counts
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)
