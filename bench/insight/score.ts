import { SENTIMENTS, type Sentence, type Sentiment } from './sentences.ts'

/** What somebody says of a sentence. */
export interface Judgement {
  sentiment: Sentiment
  actionable: boolean
  unclear: boolean
}

export type Judged = Sentence & { found: Judgement }

/** As a Markdown table: what the sentences are, by what was found. */
export function confusion(judged: readonly Judged[]): string {
  const rows = SENTIMENTS.map((is) => {
    const of = judged.filter(({ sentiment }) => sentiment === is)
    const counts = SENTIMENTS.map((said) => of.filter(({ found }) => found.sentiment === said).length)
    return `| **${is}** | ${counts.join(' | ')} |`
  })
  return [`| is, found as | ${SENTIMENTS.join(' | ')} |`, `|---|${'---|'.repeat(SENTIMENTS.length)}`, ...rows].join(
    '\n',
  )
}

export function accuracy(judged: readonly Judged[]): number {
  return judged.filter(({ sentiment, found }) => sentiment === found.sentiment).length / judged.length
}

/** The mean of the F1 of the four sentiments. */
export function macroF1(judged: readonly Judged[]): number {
  const scores = SENTIMENTS.map((one) => {
    const { precision, recall } = found(judged, (said) => said.sentiment === one)
    return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
  })
  return scores.reduce((sum, score) => sum + score, 0) / scores.length
}

/** Of a yes or no: how many of those found are, and how many of those that are were found. */
export function found(
  judged: readonly Judged[],
  is: (said: Judgement) => boolean,
): { precision: number; recall: number } {
  const right = judged.filter((one) => is(one) && is(one.found)).length
  const said = judged.filter((one) => is(one.found)).length
  const all = judged.filter((one) => is(one)).length
  return { precision: said === 0 ? 0 : right / said, recall: all === 0 ? 0 : right / all }
}

/** How often whoever always says the most frequent sentiment is right. */
export function majority(judged: readonly Judged[]): { sentiment: Sentiment; accuracy: number } {
  const counts = SENTIMENTS.map((one) => judged.filter(({ sentiment }) => sentiment === one).length)
  const most = Math.max(...counts)
  return { sentiment: SENTIMENTS[counts.indexOf(most)]!, accuracy: most / judged.length }
}
