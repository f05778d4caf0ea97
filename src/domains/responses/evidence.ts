/** What an insight says, one by one: what a stretch of text can be evidence for. */
export type FindingKind = 'sentiment' | 'actionable' | 'clarity' | 'summary' | 'topic' | 'customField'

export interface Evidence {
  finding: FindingKind
  /** Of the topic or the custom field; null for the others. */
  name: string | null
  /** UTF-16 units of the text that the insight was read from; `end` is the first one after the stretch. */
  start: number
  end: number
}

/** As it is stored, and as analysers give it: `sentiment`, `topic:battery`, `custom:Summary`. */
export interface StoredEvidence {
  field: string
  start: number
  end: number
}

const NAMED = { topic: 'topic:', customField: 'custom:' } as const

export function isNamed(finding: FindingKind): finding is keyof typeof NAMED {
  return Object.hasOwn(NAMED, finding)
}

export function toStoredEvidence({ finding, name, start, end }: Evidence): StoredEvidence {
  return { field: isNamed(finding) ? `${NAMED[finding]}${name}` : finding, start, end }
}

/** Evidence with the words that it is, out of the text that the insight was read from. */
export function quoteEvidence(
  stored: readonly StoredEvidence[] | null,
  text: string | null,
): (Evidence & { quote: string })[] {
  return (stored ?? []).map(({ field, start, end }) => ({
    ...findingOf(field),
    ...{ start, end, quote: (text ?? '').slice(start, end).toWellFormed() },
  }))
}

function findingOf(field: string): Pick<Evidence, 'finding' | 'name'> {
  for (const finding of Object.keys(NAMED) as (keyof typeof NAMED)[]) {
    const prefix = NAMED[finding]
    if (field.startsWith(prefix)) return { finding, name: field.slice(prefix.length) }
  }
  return { finding: field as FindingKind, name: null }
}
