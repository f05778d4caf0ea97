import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sentiment } from './sentences.ts'

/** What a stranger wrote, and whether a stranger calls it praise. */
export interface Review {
  text: string
  isPraise: boolean
}

/** All of BENCH_REVIEWS, a folder of JSON files `[{ "text": "…", "class": 0 or 1 }]`; undefined without it. */
export async function readReviews(): Promise<Review[] | undefined> {
  const folder = process.env.BENCH_REVIEWS
  if (!folder) return undefined
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  const files = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))))
  return files.flat().map((row: { text: unknown; class: unknown }) => ({
    text: String(row.text),
    isPraise: Number(row.class) > 0,
  }))
}

/** How many are called what they are, of all, and of those that are called praise or blame. */
export function judgeReviews(reviews: readonly Review[], read: (text: string) => Sentiment) {
  let right = 0
  let decided = 0
  for (const { text, isPraise } of reviews) {
    const sentiment = read(text)
    if (sentiment !== 'positive' && sentiment !== 'negative') continue
    decided++
    if ((sentiment === 'positive') === isPraise) right++
  }
  return { ofAll: right / reviews.length, ofDecided: decided === 0 ? 0 : right / decided }
}
