import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

export const SENTIMENTS = ['positive', 'neutral', 'negative', 'mixed'] as const
export type Sentiment = (typeof SENTIMENTS)[number]
export type Half = 'tune' | 'held'
export type Part = Half | 'blind'

/** What they mean, and who wrote them: SENTENCES.md. */
export interface Sentence {
  half: Part
  language: 'en' | 'fi'
  question: string
  text: string
  sentiment: Sentiment
  actionable: boolean
  unclear: boolean
}

/** The two halves. Throws when a sentence is not in the half that its text puts it into. */
export async function readSentences(): Promise<Sentence[]> {
  const sentences = await readLines('sentences.jsonl')
  const groups = Map.groupBy(sentences, ({ language, sentiment }) => `${language} ${sentiment}`)
  let turn = 0
  for (const group of groups.values()) {
    for (const { half, text } of group.toSorted((a, b) => (hash(a.text) < hash(b.text) ? -1 : 1))) {
      if (half !== (turn++ % 2 === 0 ? 'tune' : 'held')) throw new Error(`not in its half: ${text}`)
    }
  }
  return sentences
}

/** Those of somebody who had not seen the word lists. Throws when one says that it is of a half. */
export async function readBlind(): Promise<Sentence[]> {
  const sentences = await readLines('blind.jsonl')
  for (const { half, text } of sentences) if (half !== 'blind') throw new Error(`not blind: ${text}`)
  return sentences
}

async function readLines(name: string): Promise<Sentence[]> {
  const lines = (await readFile(new URL(name, import.meta.url), 'utf8')).trim().split('\n')
  return lines.map((line): Sentence => JSON.parse(line))
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
