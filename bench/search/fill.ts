import type { Database } from '../../src/db/database.ts'
import type { StoredResponse } from '../../test/kit/answers.ts'
import { storeResponses } from '../../test/kit/answers.ts'

/** What feedback is about, the most frequent first. */
const COMMON = [
  ...[
    'the',
    'was',
    'and',
    'i',
    'very',
    'delivery',
    'late',
    'package',
    'friendly',
    'staff',
    'toimitus',
    'myöhässä',
    'pakkaus',
  ],
  ...['hyvä', 'service', 'price', 'running', 'again', 'quality', 'asiakaspalvelu'],
]
const VOCABULARY = 20_000
const BATCH = 2_000

/** Numbers between 0 and 1, the same in every run. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** So many answers of 30 words, one per response, with an insight and a rating beside each. */
export async function fill(
  deps: { db: Database; newId: () => string },
  workspaceId: string,
  linkId: string,
  count: number,
): Promise<void> {
  const random = chance(7)
  const word = () =>
    random() < 0.6 ? COMMON[Math.floor(random() ** 1.5 * COMMON.length)]! : `w${Math.floor(random() ** 2 * VOCABULARY)}`
  const sentiments = ['positive', 'negative', 'neutral', 'mixed'] as const
  for (let from = 0; from < count; from += BATCH) {
    const responses = Array.from({ length: Math.min(BATCH, count - from) }, (_, n): StoredResponse => {
      const text = Array.from({ length: 30 }, word).join(' ')
      const startedAt = new Date(Date.UTC(2026, 0, 1) + (from + n) * 60_000)
      return {
        ...{
          channel: random() < 0.5 ? 'web' : 'phone',
          startedAt,
          submittedAt: new Date(startedAt.getTime() + 90_000),
        },
        answers: [
          {
            ...{ fieldKey: 'say', type: 'text', value: text, text },
            insights: [
              {
                sentiment: sentiments[Math.floor(random() * 4)]!,
                topics: ['price', `topic ${Math.floor(random() * 500)}`],
              },
            ],
          },
          { fieldKey: 'nps', type: 'rating', value: Math.floor(random() * 11) },
        ],
      }
    })
    await storeResponses(deps, workspaceId, linkId, responses)
  }
}
