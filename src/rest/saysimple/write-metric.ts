import {
  bucketStart,
  type Granularity,
  METRICS,
  type MetricGroup,
  type MetricName,
  type MetricResult,
} from '../../domains/metrics/index.ts'
import { bucketKey } from './periods.ts'

interface Written {
  aggregatedBy: string
  firstDataOccurrence?: string
  lastDataOccurrence?: string
  data: Record<string, number>
  aggregatedValue?: number | null
  previousAggregatedValue?: number | null
}

/**
 * A metric by buckets (contract/saysimple.md 9). An average of nothing is 0 here, and without any data there are no buckets.
 * What is not known since its messages were reduced is null, its buckets are left out.
 */
export function writeSeries(
  metric: MetricName,
  { value, previousValue = null, points, unknown }: MetricResult,
  granularity: Granularity,
  { bare }: { bare: boolean },
): Written {
  const write = numberOf(metric)
  const isAny = [value, ...points.map((point) => point.value)].some((each) => isThere(metric, each))
  const shown = isAny && !unknown.points ? points : []
  return {
    aggregatedBy: granularity.toUpperCase(),
    ...occurrences(shown[0]?.start, shown.at(-1)?.start),
    data: Object.fromEntries(shown.map((point) => [bucketKey(granularity, point.start), write(point.value)])),
    ...(bare
      ? {}
      : {
          aggregatedValue: unknown.value ? null : write(value),
          previousAggregatedValue: unknown.previousValue ? null : write(previousValue),
        }),
  }
}

/** A metric by groups, which has no buckets but says of which it would be. */
export function writeGroups(
  groups: readonly MetricGroup[],
  granularity: Granularity,
  { between, and }: { between: Date; and: Date },
): Written {
  const ends = groups.length === 0 ? [] : [between, and].map((each) => bucketStart(granularity, 'UTC', each))
  return {
    aggregatedBy: granularity.toUpperCase(),
    ...occurrences(ends[0], ends[1]),
    data: Object.fromEntries(groups.map(({ key, value }) => [key, value ?? 0])),
  }
}

function occurrences(first: Date | undefined, last: Date | undefined) {
  if (!first || !last) return {}
  return { firstDataOccurrence: first.toISOString(), lastDataOccurrence: last.toISOString() }
}

/** Whether a value was taken of anything: a count of nothing is 0, an average of nothing is none. */
function isThere(metric: MetricName, value: number | null): boolean {
  const { aggregate } = METRICS[metric]
  const isCount = aggregate === 'count' || aggregate === 'distinct'
  return value !== null && !(isCount && value === 0)
}

/** Whole seconds; numbers per conversation have two decimals (contract/saysimple.md 10). */
function numberOf(metric: MetricName): (value: number | null) => number {
  switch (METRICS[metric].unit) {
    case 'seconds':
      return (value) => Math.round(value ?? 0)
    case 'ratio':
      return (value) => Math.round((value ?? 0) * 100) / 100
    default:
      return (value) => value ?? 0
  }
}
