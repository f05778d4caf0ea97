import { z } from 'zod'
import { integer, printable, type Settings, serverUrl } from './kinds.ts'

export const insightSettings = {
  INSIGHT: z.enum(['heuristic', 'openai', 'none'], 'must be heuristic, openai or none').default('heuristic'),
  INSIGHT_URL: serverUrl.optional(),
  INSIGHT_API_KEY: printable.optional(),
  INSIGHT_MODEL: z.string().default('gpt-4o-mini'),
  INSIGHT_TIMEOUT: integer(1, 600).default(60),
  INSIGHT_MONTHLY_TOKENS: integer(0, 1_000_000_000_000).optional(),
}

export const insightNeeds = { 'INSIGHT=openai': ['INSIGHT_URL'] } as const

/** What understands answers. */
export type InsightConfig = {
  /** What a workspace without a budget of its own may have used in a month; null: any number of tokens. */
  monthlyTokens: number | null
} & (
  | { adapter: 'heuristic' }
  | { adapter: 'openai'; url: string; apiKey: string | undefined; model: string; timeoutMs: number }
  | { adapter: 'none' }
)

export function insightOf(e: Settings<typeof insightSettings>): InsightConfig {
  const monthlyTokens = e.INSIGHT_MONTHLY_TOKENS ?? null
  if (e.INSIGHT !== 'openai') return { adapter: e.INSIGHT, monthlyTokens }
  const { INSIGHT_URL: url = '', INSIGHT_API_KEY: apiKey, INSIGHT_MODEL: model, INSIGHT_TIMEOUT: seconds } = e
  return { adapter: 'openai', url, apiKey, model, timeoutMs: seconds * 1_000, monthlyTokens }
}
