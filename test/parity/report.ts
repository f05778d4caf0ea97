import type { Json } from './entry.ts'
import type { Difference } from './match.ts'
import type { Outcome } from './replay.ts'

/** How much of a value one line shows. */
const SHOWN_CHARACTERS = 120

/** One line for the request and one, indented, for each difference. */
export function describe({ line, method, url, note, setUp, skipped, status, differences }: Outcome): string {
  const word = skipped ? 'skip' : differences.length > 0 ? 'DIFF' : 'ok  '
  const comment = [setUp && !skipped ? 'set-up' : '', note ?? ''].filter((text) => text !== '').join(': ')
  const head = `${word} ${String(line).padStart(4)}  ${method} ${url}${status === undefined ? '' : ` ${status}`}`
  return [
    comment ? `${head}  (${comment})` : head,
    ...differences.map((difference) => `       ${told(difference)}`),
  ].join('\n')
}

function told({ path, why, expected, actual, detail }: Difference): string {
  const values = [
    expected === undefined ? '' : `expected ${shown(expected)}`,
    actual === undefined ? '' : `got ${shown(actual)}`,
    detail ?? '',
  ]
  return `${path}  ${why}: ${values.filter((text) => text !== '').join(', ')}`
}

function shown(value: Json): string {
  const text = JSON.stringify(value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

export interface Totals {
  requests: number
  matched: number
  differ: number
  skipped: number
}

export function totalsOf(outcomes: readonly Outcome[]): Totals {
  const replayed = outcomes.filter(({ skipped }) => !skipped)
  const differ = replayed.filter(({ differences }) => differences.length > 0).length
  return {
    requests: replayed.length,
    matched: replayed.length - differ,
    differ,
    skipped: outcomes.length - replayed.length,
  }
}

export function describeTotals({ requests, matched, differ, skipped }: Totals): string {
  return `${requests} requests, ${matched} matched, ${differ} differ${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
