export type { FieldColumns } from './export-columns.ts'
export { exportedFileName, exportResponses, openExport, type ResponseExport } from './export-responses.ts'
export type { ExportedAnswer, ExportedResponse } from './export-store.ts'
export { type Fragment, MAX_FRAGMENTS } from './fragments.ts'
export { linkSummaries, MAX_CUSTOM_FIELDS } from './link-summary.ts'
export { MAX_QUESTIONS_SUMMED, MAX_VALUES } from './question-summaries.ts'
export { type ResponseFilter, responseWhere } from './response-filter.ts'
export {
  type AnswerMatch,
  type AnswerSearch,
  countMatches,
  MAX_RANKED,
  type MatchPlace,
  searchAnswers,
} from './search-answers.ts'
export {
  type CustomFieldSummary,
  type LinkSummary,
  type Nps,
  type QuestionSummary,
  type ResponseCounts,
  type SentimentCounts,
  SUMMARY_GRANULARITIES,
  type SummaryGranularity,
  type SummaryPart,
  type SummaryPoint,
  type SummaryRequest,
  type TopicSummary,
  type ValueCount,
  type VoiceSummary,
} from './summary.ts'
export { MAX_TOPICS } from './summary-store.ts'
