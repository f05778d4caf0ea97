export type { UploadDeps } from './accept-bytes.ts'
export {
  type AddedRespondent,
  type AddRespondentsInput,
  addParticipants,
  addRespondents,
  type Calling,
  type NewRespondent,
} from './add-respondents.ts'
export {
  type AnalysisState,
  dropAnalysis,
  insertInsights,
  insertTranscripts,
  lockForAnalysis,
  repeatAnalysis,
  type TranscriptOrigin,
} from './analysis-store.ts'
export { ratingBounds } from './answer-value.ts'
export { attachRecordedAnswer, forgetRecordedAnswer, prepareRecordedAnswer } from './attach-recording.ts'
export { awaitingAnalysis } from './awaiting-analysis.ts'
export { beginUpload } from './begin-upload.ts'
export { continueUpload } from './continue-upload.ts'
export { type Evidence, type FindingKind, quoteEvidence, type StoredEvidence } from './evidence.ts'
export { finishAnalysis, leaveIncomplete } from './finish-analysis.ts'
export type { InsightInput } from './insight-input.ts'
export { type InviteRespondentInput, inviteRespondent } from './invite-respondent.ts'
export {
  getResponse,
  type ListResponsesInput,
  listResponses,
  type ResponsesPage,
  responseForDelivery,
} from './list-responses.ts'
export { checkOpen, type OpenedSession, openSession, resumeSession, sessionResponse } from './open-session.ts'
export {
  type AskedByPhone,
  finishPhoneResponse,
  followUpsOfCall,
  openAnswersOf,
  openPhoneSession,
  type PhoneAnswer,
  recordPhoneAnswers,
} from './phone-session.ts'
export { type RespondentView, respondentsByNumber } from './read-respondents.ts'
export { type AnswerAnalysis, type RecordAnalysisInput, recordAnalysis } from './record-analysis.ts'
export { checkChangeable, clearAnswer, recordAnswer } from './record-answer.ts'
export { type CallingStatus, moveStatus } from './respondent-status.ts'
export { sessionRecording } from './session-recording.ts'
export { type SessionState, sessionState } from './session-state.ts'
export { formKey, removeForms, SOUND_FORMS, type SoundForm, storedForm } from './sound-forms.ts'
export { beginSound, findSound, type SoundRow, settleSound } from './sound-store.ts'
export {
  createSpeaker,
  type SpeakDeps,
  type SpeakQuestion,
  type SpokenQuestion,
  sweepSpokenQuestions,
} from './speak-question.ts'
export { type AnswerRow, findReadyUpload, type ReadyUpload, type RespondentStatus } from './store.ts'
export { submitResponse } from './submit-response.ts'
export { sweepUploads } from './sweep-uploads.ts'
export { type TokenKind, type TokenSigner, tokenSigner } from './tokens.ts'
export { eraseAnswersOf, lockResponsesOf, moveRespondents, removeResponse, respondentsOf } from './trace-store.ts'
export { transcriptInput } from './transcript-input.ts'
export { uploadAnswer } from './upload-answer.ts'
export { cancelUpload, uploadProgress } from './upload-progress.ts'
export type { AnswerView, InsightView, ResponseOrder, ResponseView } from './view-store.ts'
