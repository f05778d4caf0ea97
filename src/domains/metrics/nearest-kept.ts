import { METRICS, type MetricName } from './definitions.ts'
import type { Span } from './span.ts'

const QUARTER_MS = 15 * 60_000
const DAY_MS = 96 * QUARTER_MS

/**
 * A period as what is kept of reduced messages can tell it: an end before the floor is moved to the nearest quarter of an
 * hour in UTC, the beginning of a period in which different ones are counted to the nearest midnight. Where nothing would
 * be left of it, it is the quarters or days that it touches. Floors are midnights, so no end passes one. Conversations are
 * kept, so what is told of them needs none of this. Buckets stay, those that it does not reach any more as well.
 */
export function nearestKept(metric: MetricName, span: Span, isReduced: (at: Date) => boolean): Span {
  const { aggregate, proof } = METRICS[metric]
  if (proof === 'conversation') return span
  const isOfDifferent = aggregate === 'distinct' || aggregate === 'ratio'
  const size = isOfDifferent ? DAY_MS : QUARTER_MS
  const move = (at: Date, round: (units: number) => number, unit: number) =>
    isReduced(at) ? new Date(round(at.getTime() / unit) * unit) : at
  // When different ones were there is kept by its moment, so such a period may end at any.
  const end = (round: (units: number) => number) =>
    aggregate === 'distinct' ? span.to : move(span.to, round, QUARTER_MS)
  const [from, to] = [move(span.from, Math.round, size), end(Math.round)]
  return from < to ? { ...span, from, to } : { ...span, from: move(span.from, Math.floor, size), to: end(Math.ceil) }
}
