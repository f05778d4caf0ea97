export {
  BLOCKING_RULES,
  type Blocker,
  type BlockingRule,
  blockersOf,
  type DialQuestion,
  HOPELESS,
  nextAttemptAt,
} from './blockers.ts'
export {
  type AddedAndCalled,
  addAndCallRespondents,
  addRespondentsCallingSome,
  type CalledRespondent,
  type CallRespondentsInput,
  callRespondents,
} from './call-respondents.ts'
export { type CampaignRow, calendarOf, progressOf, scheduleOf } from './campaign-row.ts'
export {
  type CampaignFacts,
  type CampaignView,
  type ReceiverFacts,
  type ReceiverView,
  receiversOf,
  type TargetResult,
  type TargetView,
} from './campaign-view-store.ts'
export {
  campaignForDelivery,
  campaignTargets,
  getCampaignView,
  listCampaignViews,
  listReceiverViews,
  receiverForDelivery,
} from './campaign-views.ts'
export {
  type BroadcastContent,
  type CampaignContentInput,
  type EmailContent,
  type SmsContent,
  scriptOf,
} from './content.ts'
export {
  type AlongWith,
  type CampaignFieldsInput,
  type CreateCampaignInput,
  createCampaign,
  MAX_TARGETS,
} from './create-campaign.ts'
export {
  CALL_KINDS,
  type CallKind,
  type CampaignDeps,
  type CampaignKind,
  isCallKind,
  MESSAGE_KINDS,
  type MessageKind,
} from './deps.ts'
export {
  afterEnd,
  clockDue,
  commonBlockers,
  earliest,
  followClock,
  liftedAt,
  nextDueCampaign,
  nextReady,
  PATIENT_MS,
  withDueCampaign,
} from './due-campaign.ts'
export { type Explanation, explainReceivers } from './explain-receivers.ts'
export { type FoundByNumber, findByNumber, numbersOfVoiceFiles } from './find-by-number.ts'
export { advance, commandOf, patienceMs } from './flow.ts'
export { type FlowState, type PhoneFollowUp, type Reply, START, type SurveyState } from './flow-state.ts'
export { followUpBySms, lockWithFollowUps } from './follow-up.ts'
export { getOutreachPolicy, type OutreachLimits } from './get-outreach-policy.ts'
export { holdCampaignsOf, moveReceivers } from './move-receivers.ts'
export {
  type ContactCap,
  decentHours,
  type EffectivePolicy,
  mergePolicy,
  NO_LIMITS,
  type OutreachPolicy,
  type QuietHours,
} from './policy.ts'
export {
  callCents,
  emailCents,
  longestCallCents,
  NO_PRICES,
  type PriceTable,
  payablePrefixes,
  priceTable,
  smsCents,
  UNITS_PER_CENT,
  unitsOf,
} from './prices.ts'
export {
  addProgress,
  COUNTERS,
  enterState,
  lockCampaigns,
  type Progress,
  recordProgress,
} from './progress.ts'
export {
  type Candidate,
  type Channel,
  candidateColumns,
  channelOf,
  headOf,
  maxDurationMs,
  PROVIDERS,
  policyOf,
  questionsOf,
  type Surroundings,
  surroundingsOf,
} from './questions.ts'
export { findRecording, RECORDING_MEDIA_TYPE, recordingKey } from './recording-file.ts'
export { isCalledElsewhere } from './release-respondents.ts'
export { respondentsOf } from './respondents-of.ts'
export {
  type ActionButton,
  asks,
  type CallScript,
  type ClickToCallContent,
  RSVP_VOICE_FILE_TYPES,
  type RsvpContent,
  type RsvpVoiceFileType,
  voiceFilesOf,
} from './script.ts'
export {
  awaitsReply,
  type EndedCall,
  LATE_NEWS_MS,
  OUTCOMES,
  outcomeOfWaiting,
  type ReceiverOutcome,
  settle,
} from './settlement.ts'
export { type SimulateCampaignInput, simulateCampaign } from './simulate-campaign.ts'
export type { SimulatedCall, Simulation } from './simulation.ts'
export type { Sound } from './sound.ts'
export { addSpend, holdSpend, moneyAgainAt } from './spend.ts'
export { type CampaignState, dueState } from './state.ts'
export { LINK_PLACEHOLDER, sayUnsaid, surveyOf } from './survey/survey-content.ts'
export {
  closedSurvey,
  isProbing,
  newAnswers,
  type SurveyOutcome,
  surveyOutcome,
  surveyStart,
} from './survey/survey-flow.ts'
export {
  FOLLOW_UP_SAID_MS,
  isSurveyScript,
  type SurveyContent,
  type SurveyPhrase,
  type SurveyScript,
} from './survey/survey-script.ts'
export { readTargets } from './targets.ts'
export {
  addReceivers,
  deleteCampaign,
  setCampaignState,
  type UpdateCampaignInput,
  updateCampaign,
} from './update-campaign.ts'
export { type OutreachPolicyInput, updateOutreachPolicy } from './update-outreach-policy.ts'
