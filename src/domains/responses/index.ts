export { ratingBounds } from './answer-value.ts'
export { awaitingAnalysis } from './awaiting-analysis.ts'
export { type InviteRespondentInput, inviteRespondent } from './invite-respondent.ts'
export {
  getResponse,
  type ListResponsesInput,
  listResponses,
  type ResponsesPage,
  responseForDelivery,
} from './list-responses.ts'
export { checkOpen, type OpenedSession, openSession, resumeSession } from './open-session.ts'
export { type AnswerAnalysis, type RecordAnalysisInput, recordAnalysis } from './record-analysis.ts'
export { clearAnswer, recordAnswer } from './record-answer.ts'
export { type SessionState, sessionState } from './session-state.ts'
export { type AnswerRow, findReadyUpload } from './store.ts'
export { submitResponse } from './submit-response.ts'
export { sweepUploads } from './sweep-uploads.ts'
export { type TokenKind, type TokenSigner, tokenSigner } from './tokens.ts'
export { eraseAnswersOf, moveRespondents } from './trace-store.ts'
export { type UploadDeps, uploadAnswer } from './upload-answer.ts'
export type { AnswerView, InsightView, ResponseOrder, ResponseView } from './view-store.ts'
