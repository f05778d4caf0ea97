import type { Sentiment, Span } from '../insight.ts'
import { type Lexicon, phraseAt } from './lexicon.ts'
import type { Sentence, Word } from './words.ts'

/** A stretch that says one thing, and how good that is; evidence are the words that said so. */
export interface Clause extends Span {
  value: number
  hits: Hit[]
}

export interface Hit extends Span {
  value: number
}

export interface Felt {
  sentiment: Sentiment
  score: number
  hits: readonly Hit[]
  clauses: readonly Clause[]
}

interface Placed extends Hit {
  /** Places in the list of words. */
  from: number
  to: number
}

/** A negated word says less than its opposite would. */
const TURNED = -0.75
const STRONGER = 1.3
const WEAKER = 0.7
/** From how much on a clause counts as praise or blame. */
const SAYS_SOMETHING = 1
/** The lesser side makes it mixed from this share of the greater one on. */
const MIXED_FROM = 0.3
/** Opposite words this far from each other belong to different things, though no mark stands between. */
const APART = 3
/** What speaks to whoever analyses it, and not of what was asked. */
const ORDER =
  /\b(?:ignore|disregard|forget|override)\b[^.!?]{0,40}\b(?:instructions?|rules|prompts?)\b|\b(?:mark|rate|classify|label|score)\s(?:this|it|me|my answer)\b[^.!?]{0,20}\b(?:as|with)\b|\b(?:unohda|ohita)\b[^.!?]{0,40}\bohje/iu
const MOST_OF_ORDER = 500
/** Of a yes or no to a question that it answers. */
const DECIDED = 1.5
/** Of something that was missed: nobody came, the door would not open. */
const MISSED = -2

/** `decides`: whether the question is one that yes or no answers. */
export function feel(
  text: string,
  words: readonly Word[],
  sentences: readonly Sentence[],
  lexicon: Lexicon,
  decides: boolean,
): Felt {
  const clauses = sentences
    .filter(({ start, end }) => !ORDER.test(text.slice(start, Math.min(end, start + MOST_OF_ORDER))))
    .flatMap((sentence) => clausesOf(text, words, sentence, lexicon))
  let praise = 0
  let blame = 0
  for (const { value } of clauses) {
    if (value >= SAYS_SOMETHING) praise += value
    if (value <= -SAYS_SOMETHING) blame -= value
  }
  const first = decides ? words[0] : undefined
  if (first && lexicon.yes.has(first.form)) praise += DECIDED
  if (first && lexicon.no.has(first.form)) blame += DECIDED
  const hits = clauses.flatMap((clause) => clause.hits)
  if (first && (lexicon.yes.has(first.form) || lexicon.no.has(first.form))) {
    hits.push({ start: first.start, end: first.end, value: lexicon.yes.has(first.form) ? DECIDED : -DECIDED })
  }
  const total = praise + blame
  const lean = total === 0 ? 0 : ((praise - blame) / (total + 2)) * 0.98
  const score = round(0.5 + lean / 2)
  if (total === 0) return { sentiment: 'neutral', score: 0.5, hits: [], clauses }
  if (Math.min(praise, blame) >= MIXED_FROM * Math.max(praise, blame))
    return { sentiment: 'mixed', score, hits, clauses }
  return praise > blame
    ? { sentiment: 'positive', score: Math.max(score, 0.6), hits, clauses }
    : { sentiment: 'negative', score: Math.min(score, 0.4), hits, clauses }
}

function round(score: number): number {
  return Math.round(score * 100) / 100
}

function clausesOf(text: string, words: readonly Word[], sentence: Sentence, lexicon: Lexicon): Clause[] {
  const clauses: Clause[] = []
  let from = sentence.from
  for (let at = sentence.from + 1; at <= sentence.to; at++) {
    if (at < sentence.to && !beginsClause(text, words, at, lexicon)) continue
    clauses.push(...judge(words, from, at, lexicon))
    from = at
  }
  // Praise with a wink: the whole sentence means the opposite.
  for (let at = sentence.from; at < sentence.to; at++) {
    if (!phraseAt(lexicon.ironic, words, at)) continue
    for (const clause of clauses) {
      clause.value = -Math.max(Math.abs(clause.value), 2)
      for (const hit of clause.hits) hit.value = -Math.abs(hit.value)
    }
    break
  }
  return clauses
}

function beginsClause(text: string, words: readonly Word[], at: number, lexicon: Lexicon): boolean {
  const { form } = words[at]!
  if (lexicon.contrasts.has(form)) return true
  if (/[,;:()–—]|\s-\s/u.test(text.slice(words[at - 1]!.end, words[at]!.start))) return true
  return lexicon.joints.has(form) && lexicon.subjects.has(words[at + 1]?.form ?? '')
}

/** One clause, or several where praise and blame stand apart in it. */
function judge(words: readonly Word[], from: number, to: number, lexicon: Lexicon): Clause[] {
  const hits = hitsOf(words, from, to, lexicon)
  const groups: Placed[][] = []
  for (const hit of hits) {
    const last = groups.at(-1)?.at(-1)
    if (last && (Math.sign(last.value) === Math.sign(hit.value) || hit.from - last.to < APART)) groups.at(-1)!.push(hit)
    else groups.push([hit])
  }
  if (groups.length === 0) groups.push([])
  return groups.map((group, n) => {
    const first = n === 0 ? from : group[0]!.from
    const last = n === groups.length - 1 ? to : groups[n + 1]![0]!.from
    return {
      start: words[first]!.start,
      end: words[last - 1]!.end,
      value: group.reduce((sum, { value }) => sum + value, 0),
      hits: group.map(({ start, end, value }) => ({ start, end, value })),
    }
  })
}

function hitsOf(words: readonly Word[], from: number, to: number, lexicon: Lexicon): Placed[] {
  const hits: Placed[] = []
  let unreal = false
  let missing: number | undefined
  let negator = Number.NEGATIVE_INFINITY
  const add = (at: number, end: number, value: number) => {
    if (value !== 0) hits.push({ from: at, to: end, start: words[at]!.start, end: words[end - 1]!.end, value })
  }
  for (let at = from; at < to; ) {
    const { form } = words[at]!
    if (phraseAt(lexicon.unreal, words, at)) unreal = true
    const phrase = phraseAt(lexicon.phrases, words, at)
    if (phrase && at + phrase.length <= to) {
      const value = phrase.value > 0 && unreal ? 0 : phrase.value
      const turned = value !== 0 && negatedAt(at)
      add(turned ? negator : at, at + phrase.length, turned ? value * TURNED : value)
      if (turned) settle(at + phrase.length)
      at += phrase.length
      continue
    }
    const value = lexicon.value(form)
    if (lexicon.negators.has(form) || lexicon.missing.has(form)) {
      negator = at
      if (lexicon.missing.has(form)) missing ??= at
    } else if (value !== 0 && !lexicon.intensifiers.has(form)) {
      const before = words[at - 1]?.form ?? ''
      let weight = value
      if (at > from && lexicon.intensifiers.has(before)) weight *= STRONGER
      if (at > from && lexicon.diminishers.has(before)) weight *= WEAKER
      if (unreal && weight > 0) weight = 0
      const turned = negatedAt(at)
      add(turned ? negator : at, at + 1, turned ? weight * TURNED : weight)
      if (turned) settle(at + 1)
    }
    at++
  }
  // A wish is no complaint.
  if (missing !== undefined && !unreal && hits.every(({ value }) => value >= 0))
    add(missing, Math.min(missing + 3, to), MISSED)
  hits.sort((a, b) => a.from - b.from)
  return hits

  /** A negation turns one word, and those that are joined to it: "not rude or slow". */
  function settle(next: number): void {
    missing = undefined
    if (!lexicon.ands.has(words[next]?.form ?? '')) negator = Number.NEGATIVE_INFINITY
  }

  function negatedAt(at: number): boolean {
    return negator >= from && at > negator && at - negator <= lexicon.negationReach
  }
}
