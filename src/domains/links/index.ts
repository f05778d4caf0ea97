export { addQuestion, deleteQuestion, reorderQuestions, updateQuestion } from './change-questions.ts'
export { CONDITION_OPERATORS, type Condition, type ConditionOperator, judge, visibleFieldKeys } from './condition.ts'
export { type CreateLinkInput, createLink } from './create-link.ts'
export { deleteLink } from './delete-link.ts'
export { findLinkByName } from './find-link.ts'
export { getLink, type LinksPage, listLinks } from './list-links.ts'
export { type Probing, probingOf } from './probing.ts'
export type { QuestionInput } from './question-input.ts'
export {
  type Configuration,
  isVoice,
  MAX_RECORDING_SECONDS,
  MAX_TEXT_CHARACTERS,
  QUESTION_TYPES,
  type QuestionType,
  RATING_SCALES,
  type RatingScale,
} from './question-types.ts'
export { DEFAULT_THANK_YOU, type LinkSettings } from './settings.ts'
export {
  findLinkById,
  findLinkBySlug,
  holdLink,
  type LinkRow,
  type LinkStatus,
  listQuestions,
  lockLink,
  type QuestionRow,
} from './store.ts'
export { type UpdateLinkInput, updateLink } from './update-link.ts'
export type { LinkView, QuestionView } from './view-store.ts'
