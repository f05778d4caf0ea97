import type { MetricRequest } from '../../src/domains/metrics/index.ts'
import type { Entry, History } from './histories.ts'

/** A history with the one question that went wrong; without a question, something else did. */
export interface Case {
  history: History
  request: MetricRequest | undefined
}

/**
 * The smallest case that is found to fail still, by leaving out one thing after the other. Much faster than letting
 * fast-check shrink what it made, where each of many questions is asked anew every time.
 */
export async function shrink(found: Case, fails: (some: Case) => Promise<boolean>): Promise<Case> {
  let smallest = found
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const less of smaller(smallest)) {
      // What was made before the last success is of a case that is no longer the smallest.
      if (!less.isOf(smallest) || !(await fails(less.some(smallest)))) continue
      smallest = less.some(smallest)
      isSmaller = true
    }
  }
  return smallest
}

interface Step {
  isOf(some: Case): boolean
  some(of: Case): Case
}

function* smaller({ history: { entries, calendars, batches, settling }, request }: Case): Generator<Step> {
  const change = (changed: Partial<History>) => (of: Case) => ({ ...of, history: { ...of.history, ...changed } })
  const always = () => true
  for (let size = Math.ceil(entries.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let end = entries.length; end > 0; end -= size) {
      const gone = new Set<Entry>(entries.slice(Math.max(0, end - size), end))
      yield {
        isOf: (of) => of.history.entries.some((entry) => gone.has(entry)),
        some: (of) => change({ entries: of.history.entries.filter((entry) => !gone.has(entry)) })(of),
      }
    }
  }
  if (batches.length > 1 || batches[0] !== 1) yield { isOf: always, some: change({ batches: [1] }) }
  for (const one of settling) {
    yield {
      isOf: always,
      some: (of) => change({ settling: of.history.settling.filter((other) => other !== one) })(of),
    }
  }
  for (const calendar of calendars) {
    yield {
      isOf: always,
      some: (of) => change({ calendars: of.history.calendars.filter((one) => one !== calendar) })(of),
    }
  }
  for (const entry of entries) {
    const bare: Entry[] = [
      { ...entry, input: { ...entry.input, tags: undefined } } as Entry,
      { ...entry, input: { ...entry.input, agent: undefined } } as Entry,
      { ...entry, input: { ...entry.input, businessHours: undefined, timeZone: undefined } } as Entry,
    ]
    for (const less of bare.filter((one) => JSON.stringify(one) !== JSON.stringify(entry))) {
      yield {
        isOf: (of) => of.history.entries.includes(entry),
        some: (of) => change({ entries: of.history.entries.map((one) => (one === entry ? less : one)) })(of),
      }
    }
  }
  if (!request) return
  const ask = (changed: Partial<MetricRequest>) => (of: Case) => ({ ...of, request: { ...of.request!, ...changed } })
  for (const key of ['granularity', 'groupBy', 'timeZone', 'withPrevious'] as const) {
    if (request[key] !== undefined) yield { isOf: always, some: ask({ [key]: undefined }) }
  }
  for (const [key, value] of Object.entries(request.filter ?? {})) {
    if (value === undefined) continue
    yield { isOf: always, some: (of) => ask({ filter: { ...of.request?.filter, [key]: undefined } })(of) }
    if (!Array.isArray(value) || value.length < 2) continue
    for (const one of value) {
      yield { isOf: always, some: (of) => ask({ filter: { ...of.request?.filter, [key]: [one] } })(of) }
    }
  }
}
