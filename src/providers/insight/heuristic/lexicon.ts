/** Words and what they are worth: about 4 is as good as can be, -4 as bad. */
export interface Lexicon {
  /** 0 of a word that is not known. */
  value(form: string): number
  phrases: Phrases
  negationReach: number
  negators: ReadonlySet<string>
  /** Negators that say by themselves that something was missed. */
  missing: ReadonlySet<string>
  /** Join what one negation turns. */
  ands: ReadonlySet<string>
  yes: ReadonlySet<string>
  no: ReadonlySet<string>
  intensifiers: ReadonlySet<string>
  diminishers: ReadonlySet<string>
  /** What follows is set against what came before. */
  contrasts: ReadonlySet<string>
  /** Words that begin another clause when a subject follows. */
  joints: ReadonlySet<string>
  subjects: ReadonlySet<string>
  /** What follows is wished for or expected, not told. */
  unreal: Phrases
  /** Praise that is meant the other way round. */
  ironic: Phrases
}

/** By their first word, the longest first. */
export type Phrases = ReadonlyMap<string, readonly { forms: readonly string[]; value: number }[]>

/** `{ 3: 'lovely tasty' }`: each word is worth 3. */
export function valued(lists: Readonly<Record<string, string>>): Map<string, number> {
  return new Map(
    Object.entries(lists).flatMap(([value, words]) => words.split(' ').map((word) => [word, Number(value)] as const)),
  )
}

/** `{ '-3': 'let down|out of order' }`: each phrase is worth -3. */
export function phrases(lists: Readonly<Record<string, string>>): Phrases {
  const byFirst = new Map<string, { forms: string[]; value: number }[]>()
  for (const [value, list] of Object.entries(lists)) {
    for (const phrase of list.split('|')) {
      const forms = phrase.split(' ')
      const same = byFirst.get(forms[0]!)
      if (same) same.push({ forms, value: Number(value) })
      else byFirst.set(forms[0]!, [{ forms, value: Number(value) }])
    }
  }
  for (const list of byFirst.values()) list.sort((a, b) => b.forms.length - a.forms.length)
  return byFirst
}

/** The longest phrase that begins at this word. */
export function phraseAt(
  known: Phrases,
  words: readonly { form: string }[],
  at: number,
): { length: number; value: number } | undefined {
  const found = known.get(words[at]!.form)?.find(({ forms }) => forms.every((form, n) => words[at + n]?.form === form))
  return found && { length: found.forms.length, value: found.value }
}
