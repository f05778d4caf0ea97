export { analyzeResponse } from './analyze-response.ts'
export { type CorrectTranscriptInput, correctTranscript } from './correct-transcript.ts'
export type { AnalysisDeps, WorkOptions } from './deps.ts'
export { createDrafter, type DraftTranscript } from './draft-transcript.ts'
export {
  getInsightBudget,
  type InsightBudget,
  type UpdateInsightBudgetInput,
  updateInsightBudget,
} from './insight-budget.ts'
export { processAnswer } from './process-answer.ts'
export { type ReanalyzeDeps, type Reanalyzed, type ReanalyzeInput, reanalyze, reanalyzeLink } from './reanalyze.ts'
export {
  type RetranscribeDeps,
  type Retranscribed,
  type RetranscribeInput,
  retranscribe,
  retranscribeLink,
} from './retranscribe.ts'
export { type AbandonedDeps, settleAbandoned } from './settle-abandoned.ts'
export { startAnalyses } from './start-analyses.ts'
export {
  analyzeResponseTask,
  processAnswerTask,
  reanalyzeLinkTask,
  retranscribeLinkTask,
  settleAbandonedTask,
} from './tasks.ts'
