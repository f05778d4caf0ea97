import { expect, test } from 'vitest'
import { probingOf } from './probing.ts'
import type { QuestionRow } from './store.ts'

const question = (more: Partial<QuestionRow>) => ({
  ...{ type: 'voice' as const, enable_dynamic_probing: true, configuration: {}, evaluator_config: {}, ...more },
})

test.each<[string, Partial<QuestionRow>, object | null]>([
  ['as the defaults are', {}, { clarityThreshold: 60, maxFollowUps: 2 }],
  [
    'as it says',
    { type: 'text', evaluator_config: { clarity_threshold: 0, max_follow_ups: 5 } },
    { clarityThreshold: 0, maxFollowUps: 5 },
  ],
  ['of voice or text', { type: 'voice_text_fallback' }, { clarityThreshold: 60, maxFollowUps: 2 }],
  ['not without being asked to', { enable_dynamic_probing: false }, null],
  ['not of what is chosen', { type: 'multiple_choice' }, null],
  ['not of what nobody may evaluate', { configuration: { enable_ai_evaluation: false } }, null],
  ['not without a follow-up', { evaluator_config: { max_follow_ups: 0 } }, null],
  [
    'as the defaults are where it says nothing of use',
    { evaluator_config: { max_follow_ups: null } },
    { clarityThreshold: 60, maxFollowUps: 2 },
  ],
])('an answer is probed %s', (_how, more, probing) => {
  expect(probingOf(question(more))).toEqual(probing)
})
