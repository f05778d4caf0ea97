import type { Hit } from './sentiment.ts'
import type { Topic } from './topics.ts'
import type { Sentence } from './words.ts'

/** As long as a summary becomes, in UTF-16 units. */
export const MAX_SUMMARY = 200

/** The text itself when it is short, else the sentences that say most, in their order. */
export function summaryOf(
  text: string,
  sentences: readonly Sentence[],
  hits: readonly Hit[],
  topics: readonly Topic[],
): { summary: string; spans: { start: number; end: number }[] } {
  const all = tidy(text)
  if (sentences.length === 0) return { summary: cut(all), spans: [] }
  if (all.length <= MAX_SUMMARY)
    return { summary: all, spans: [{ start: sentences[0]!.start, end: sentences.at(-1)!.end }] }
  const weights = sentences.map(({ from, to }) => Math.min(1, (to - from) / 8))
  const weigh = (at: number, weight: number) => {
    const index = sentenceAt(sentences, at)
    if (index >= 0) weights[index]! += weight
  }
  for (const hit of hits) weigh(hit.start, Math.abs(hit.value) / 2)
  for (const { spans } of topics) for (const { start } of spans) weigh(start, 1)
  const order = weights.map((_, index) => index).sort((a, b) => weights[b]! - weights[a]! || a - b)
  const chosen: number[] = []
  let length = 0
  for (const index of order.slice(0, 10)) {
    const { start, end } = sentences[index]!
    if (chosen.length > 0 && length + end - start + 1 > MAX_SUMMARY) continue
    chosen.push(index)
    length += end - start + 1
    if (chosen.length === 3 || length > MAX_SUMMARY) break
  }
  chosen.sort((a, b) => a - b)
  const spans = chosen.map((index) => ({ start: sentences[index]!.start, end: sentences[index]!.end }))
  return { summary: cut(spans.map(({ start, end }) => tidy(text.slice(start, end))).join(' ')), spans }
}

/** As databases and clients take it: without control characters and halves of characters. */
function tidy(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
}

/** At a space where one is near, never within a character. */
function cut(text: string): string {
  if (text.length <= MAX_SUMMARY) return text
  const head = text.slice(0, MAX_SUMMARY - 1)
  const space = head.lastIndexOf(' ')
  const kept = space > MAX_SUMMARY / 2 ? head.slice(0, space) : head.replace(/[\ud800-\udbff]$/, '')
  return `${kept.replace(/[\s,;:]+$/u, '')}…`
}

/** By halving: there may be many. */
function sentenceAt(sentences: readonly Sentence[], at: number): number {
  let low = 0
  let high = sentences.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const { start, end } = sentences[middle]!
    if (at < start) high = middle - 1
    else if (at >= end) low = middle + 1
    else return middle
  }
  return -1
}
