import { type HeuristicOptions, heuristicInsight } from './heuristic.ts'
import type { InsightProvider } from './insight.ts'
import { type OpenAiInsightOptions, openAiInsight } from './openai.ts'

export { type FakeInsight, type FakeInsightOptions, fakeInsight } from './fake.ts'
export {
  type Evidence,
  type FollowUpFound,
  type FollowUpRequest,
  InsightError,
  type InsightFound,
  type InsightProvider,
  type InsightRequest,
  type Lack,
  type Sentiment,
  type Span,
  type Usage,
} from './insight.ts'

/** Every way to understand answers, as configuration. */
export type InsightConfig =
  | ({ adapter: 'heuristic' } & HeuristicOptions)
  | ({ adapter: 'openai' } & OpenAiInsightOptions)
  | { adapter: 'none' }

/** Null with `none`: nothing is analysed. */
export function createInsight(config: InsightConfig): InsightProvider | null {
  switch (config.adapter) {
    case 'heuristic':
      return heuristicInsight(config)
    case 'openai':
      return openAiInsight(config)
    case 'none':
      return null
  }
}
