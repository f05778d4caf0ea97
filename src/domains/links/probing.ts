import { isVoice } from './question-types.ts'
import type { QuestionRow } from './store.ts'

/** When an answer is asked about again (contract/sayify.md 6.1, `evaluator_config`). */
export interface Probing {
  /** From 0 to 100: an answer that is less clear than this is unclear. */
  clarityThreshold: number
  /** How many follow-ups one answer gets at most. */
  maxFollowUps: number
}

const DEFAULT_CLARITY_THRESHOLD = 60
const DEFAULT_MAX_FOLLOW_UPS = 2

/**
 * How answers to a question are probed; null: they are not. Only what is said or written freely can be unclear, and what
 * nobody may evaluate (`enable_ai_evaluation` of false) is not judged for this either.
 */
export function probingOf(
  question: Pick<QuestionRow, 'type' | 'enable_dynamic_probing' | 'configuration' | 'evaluator_config'>,
): Probing | null {
  const { type, configuration, evaluator_config: config } = question
  if (!question.enable_dynamic_probing || !(type === 'text' || isVoice(type))) return null
  if (configuration.enable_ai_evaluation === false) return null
  const { clarity_threshold: clarityThreshold, max_follow_ups: maxFollowUps } = config as Record<string, unknown>
  const probing = {
    clarityThreshold: typeof clarityThreshold === 'number' ? clarityThreshold : DEFAULT_CLARITY_THRESHOLD,
    maxFollowUps: typeof maxFollowUps === 'number' ? maxFollowUps : DEFAULT_MAX_FOLLOW_UPS,
  }
  return probing.maxFollowUps > 0 ? probing : null
}
