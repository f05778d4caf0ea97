/** A respondent as a client asked for it. */
export interface RequestedId {
  /** What stands for it in the answer: a number, or what was sent when it is none (contract/saygent.md A4). */
  echo: number | string
  /** Absent: nobody has it. */
  number?: number
}

/**
 * Ids in the order and as often as they were sent: as numbers, texts, or texts with commas between them, in brackets or
 * not (contract/saygent.md 7).
 */
export function readIds(given: string | number | readonly (string | number)[]): RequestedId[] {
  return [given].flat().flatMap((each) => {
    if (typeof each === 'number') return [Number.isInteger(each) ? { echo: each, number: each } : { echo: each }]
    const parts = each
      .trim()
      .replace(/^\[(.*)\]$/s, '$1')
      .split(',')
    return parts.map((part) => part.trim()).flatMap((part) => (part === '' ? [] : [readId(part)]))
  })
}

function readId(text: string): RequestedId {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? { echo: number, number } : { echo: text }
}

export function numbersOf(ids: readonly RequestedId[]): number[] {
  return ids.flatMap(({ number }) => number ?? [])
}
