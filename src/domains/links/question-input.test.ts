import { describe, expect, test } from 'vitest'
import { brokenRules, refusal } from '../../../test/kit/world.ts'
import { parse } from '../../platform/validation.ts'
import { MAX_QUESTIONS, parseQuestion, parseQuestions } from './question-input.ts'
import { QUESTION_TYPES, type QuestionType } from './question-types.ts'
import { settingsSchema } from './settings.ts'

const defaults = {
  order: 0,
  required: false,
  configuration: {},
  condition: {},
  enableDynamicProbing: false,
  fallbackToText: true,
  evaluatorConfig: {},
}

/** Documented questions, literally (contract/sayify.md 6.1, 7, 8; the seed's "Configuration Examples" and "Conditional Logic"). */
const DOCUMENTED = `[
{
"prompt": "Tell us about your experience",
"type": "voice",
"field_key": "experience",
"configuration": { "max_duration": 120, "enable_ai_evaluation": true },
"enable_dynamic_probing": true,
"evaluator_config": {
"clarity_threshold": 60,
"max_follow_ups": 2,
"custom_fields": ["Summary"]
}
},
{
"prompt": "Describe any issues you faced",
"type": "voice_text_fallback",
"field_key": "issues",
"configuration": { "max_duration": 120, "max_characters": 500 }
},
{
"prompt": "How did you hear about us?",
"type": "multiple_choice",
"field_key": "referral_source",
"configuration": {
"options": ["Google", "Friend", "Social Media", "Other"],
"allow_multiple": false
}
},
{
"prompt": "How likely are you to recommend us? (1-10)",
"type": "number",
"field_key": "nps_score",
"configuration": { "min": 1, "max": 10, "step": 1 }
},
{
"prompt": "Rate your experience",
"type": "rating",
"field_key": "experience_rating",
"configuration": {
"scale_type": "stars",
"max_value": 5
}
},
{
"prompt": "Select your preferred design",
"type": "image_choice",
"field_key": "preferred_design",
"configuration": {
"cards": [
{
"id": "card-uuid-1",
"label": "Modern Blue",
"media_url": "https://example.com/blue.jpg",
"media_type": "image"
},
{
"id": "card-uuid-2",
"label": "Classic Red",
"media_url": "https://example.com/red.mp4",
"media_type": "video"
}
]
}
},
{
"prompt": "Upload your resume",
"type": "file_upload",
"field_key": "resume",
"configuration": {
"allowed_types": ["pdf", "docx"],
"max_size_mb": 5
}
},
{
"prompt": "What went wrong?",
"type": "voice",
"field_key": "negative_feedback",
"condition": {
"show_if": "field_value",
"field": "rating",
"operator": "less_than",
"value": 7
}
},
{
"prompt": "Your t-shirt size?",
"type": "multiple_choice",
"field_key": "tshirt_size",
"condition": {
"show_if": "field_value",
"field": "attendance_type",
"operator": "equals",
"value": "In-Person"
},
"configuration": {
"options": ["XS", "S", "M", "L", "XL", "2XL"]
}
},
{
"prompt": "Tell us more about the bug",
"type": "voice_text_fallback",
"field_key": "bug_details",
"condition": {
"show_if": "field_value",
"field": "issue_type",
"operator": "contains",
"value": "bug"
}
},
{
"prompt": "What is your email address?",
"type": "email",
"field_key": "email_address",
"order": 2,
"required": true
}
]`

test('the documented questions are accepted and kept as sent', () => {
  const sent = (JSON.parse(DOCUMENTED) as Record<string, unknown>[]).map(
    ({ field_key, enable_dynamic_probing, evaluator_config, ...rest }) => ({
      ...rest,
      fieldKey: field_key,
      ...(enable_dynamic_probing === undefined ? {} : { enableDynamicProbing: enable_dynamic_probing }),
      ...(evaluator_config === undefined ? {} : { evaluatorConfig: evaluator_config }),
    }),
  )
  expect(parseQuestions(sent, ['questions'])).toEqual(sent.map((question) => ({ ...defaults, ...question })))
})

test('only the prompt is needed; the rest has the documented defaults', () => {
  expect(parseQuestions([{ prompt: 'Why?' }], [])).toEqual([
    { ...defaults, prompt: 'Why?', type: 'voice', fieldKey: 'why' },
  ])
})

test('null stands for absent where the contract has an object', () => {
  const question = { prompt: 'Why?', fieldKey: null, configuration: null, condition: null, evaluatorConfig: null }
  expect(parseQuestions([question], [])).toEqual([{ ...defaults, prompt: 'Why?', type: 'voice', fieldKey: 'why' }])
})

test('generated field keys number themselves and yield to keys that were asked for', () => {
  const prompts = [{ prompt: 'Why?' }, { prompt: 'why' }, { prompt: 'WHY!', fieldKey: 'why' }, { prompt: 'Why not' }]
  expect(parseQuestions(prompts, []).map((question) => question.fieldKey)).toEqual(['why_2', 'why_3', 'why', 'why_not'])
  expect(parseQuestion({ prompt: 'Why?' }, ['question'], new Set(['why', 'why_2'])).fieldKey).toBe('why_3')
})

test('a field key given twice conflicts, and says where', async () => {
  const twice = [{ prompt: 'a', fieldKey: 'x' }, { prompt: 'b' }, { prompt: 'c', fieldKey: 'x' }]
  const message = 'The field key "x" is used by another question of this link.'
  expect(await refusal(() => parseQuestions(twice, ['questions']))).toEqual({
    code: 'FIELD_KEY_CONFLICT',
    message,
    path: ['questions', 2, 'fieldKey'],
    details: {},
  })
  const one = () => parseQuestion({ prompt: 'c', fieldKey: 'x' }, ['question'], new Set(['x']))
  expect(await refusal(one)).toEqual({
    code: 'FIELD_KEY_CONFLICT',
    message,
    path: ['question', 'fieldKey'],
    details: {},
  })
})

test('the number of questions has a limit', async () => {
  const many = (count: number) => Array.from({ length: count }, () => ({ prompt: 'Why?' }))
  expect(parseQuestions(many(MAX_QUESTIONS), ['questions'])).toHaveLength(MAX_QUESTIONS)
  expect(await brokenRules(() => parseQuestions(many(MAX_QUESTIONS + 1), ['questions']))).toEqual([
    'questions too_long',
  ])
  expect(await brokenRules(() => parseQuestions('no list', ['questions']))).toEqual(['questions type'])
})

test('all faults of all questions are reported at once', async () => {
  const faulty = [
    { prompt: '  ' },
    { prompt: 'ok' },
    { prompt: 'a', type: 'telepathy', order: 0.5, required: 'yes' },
    { prompt: 'b', type: 'number', configuration: { min: 'low', step: 0 } },
    'not an object',
    { type: 'text' },
  ]
  expect(await brokenRules(() => parseQuestions(faulty, ['questions']))).toEqual([
    'questions.0.prompt required',
    'questions.2.type unknown_option',
    'questions.2.order type',
    'questions.2.required type',
    'questions.3.configuration.min type',
    'questions.3.configuration.step too_small',
    'questions.4 type',
    'questions.5.prompt type',
  ])
  expect(await brokenRules(() => parseQuestion(faulty[3], ['question'], new Set()))).toEqual([
    'question.configuration.min type',
    'question.configuration.step too_small',
  ])
})

describe('configuration', () => {
  const card = { id: 'a' }
  test.each<[QuestionType, Record<string, unknown>]>([
    ['voice', {}],
    ['voice', { max_duration: 1, enable_ai_evaluation: false, unknown_key: { kept: [1] } }],
    ['voice', { max_duration: 3600 }],
    ['voice_text_fallback', { max_characters: 20_000 }],
    ['text', { max_characters: 1 }],
    ['multiple_choice', { options: ['one'] }],
    ['multiple_choice', { options: ['a', 'A'], allow_multiple: true }],
    ['number', {}],
    ['number', { min: -1.5, max: -1.5, step: 0.1 }],
    ['rating', {}],
    ['rating', { scale_type: 'nps' }],
    ['rating', { scale_type: 'nps', max_value: 10 }],
    ['rating', { scale_type: 'emojis', max_value: 5 }],
    ['rating', { scale_type: 'numbers', max_value: 100 }],
    ['image_choice', { cards: [card] }],
    ['image_choice', { cards: [card, { id: 'b', label: '', media_url: 'http://x.example/y' }] }],
    ['email', { anything: true }],
    ['date', {}],
    ['yes_no', {}],
    ['file_upload', {}],
    ['file_upload', { allowed_types: [] }],
    ['file_upload', { allowed_types: ['.PDF'], max_size_mb: 0.5 }],
  ])('%s takes %j and keeps it as sent', (type, configuration) => {
    const [question] = parseQuestions([{ prompt: 'q', type, configuration }], [])
    expect(question).toEqual({ ...defaults, prompt: 'q', fieldKey: 'q', type, configuration })
  })

  test.each<[QuestionType, unknown, string[]]>([
    ['voice', [], ['configuration type']],
    ['voice', 'x', ['configuration type']],
    ['voice', { max_duration: 0 }, ['configuration.max_duration too_small']],
    ['voice', { max_duration: 3601 }, ['configuration.max_duration too_large']],
    ['voice', { max_duration: 1.5 }, ['configuration.max_duration type']],
    ['voice', { max_duration: '120' }, ['configuration.max_duration type']],
    ['voice', { enable_ai_evaluation: 1 }, ['configuration.enable_ai_evaluation type']],
    ['voice_text_fallback', { max_characters: 0 }, ['configuration.max_characters too_small']],
    ['text', { max_characters: 20_001 }, ['configuration.max_characters too_large']],
    ['multiple_choice', {}, ['configuration.options type']],
    ['multiple_choice', { options: [] }, ['configuration.options too_short']],
    ['multiple_choice', { options: ['a', ' a '] }, ['configuration.options duplicate']],
    ['multiple_choice', { options: ['a', ' '] }, ['configuration.options.1 too_short']],
    ['multiple_choice', { options: ['a', 7] }, ['configuration.options.1 type']],
    ['multiple_choice', { options: ['a'], allow_multiple: 'no' }, ['configuration.allow_multiple type']],
    ['multiple_choice', { options: Array.from({ length: 201 }, (_, n) => `${n}`) }, ['configuration.options too_long']],
    ['number', { min: 2, max: 1 }, ['configuration.max too_small']],
    ['number', { step: 0 }, ['configuration.step too_small']],
    ['number', { step: -1 }, ['configuration.step too_small']],
    ['rating', { scale_type: 'hearts' }, ['configuration.scale_type unknown_option']],
    ['rating', { max_value: 1 }, ['configuration.max_value too_small']],
    ['rating', { max_value: 101 }, ['configuration.max_value too_large']],
    ['rating', { scale_type: 'nps', max_value: 5 }, ['configuration.max_value invalid']],
    ['image_choice', {}, ['configuration.cards type']],
    ['image_choice', { cards: [] }, ['configuration.cards too_short']],
    ['image_choice', { cards: [card, card] }, ['configuration.cards duplicate']],
    ['image_choice', { cards: [{ label: 'x' }] }, ['configuration.cards.0.id type']],
    ['image_choice', { cards: [{ ...card, media_url: '/x.jpg' }] }, ['configuration.cards.0.media_url url']],
    [
      'image_choice',
      { cards: [{ ...card, media_url: 'javascript:alert(1)' }] },
      ['configuration.cards.0.media_url url'],
    ],
    ['image_choice', { cards: [{ ...card, media_type: 'gif' }] }, ['configuration.cards.0.media_type unknown_option']],
    ['file_upload', { allowed_types: ['application/pdf'] }, ['configuration.allowed_types.0 regex']],
    ['file_upload', { max_size_mb: 0 }, ['configuration.max_size_mb too_small']],
    ['file_upload', { max_size_mb: 2_000 }, ['configuration.max_size_mb too_large']],
    ['email', { x: 'a\0b' }, ['configuration unstorable_character']],
    ['email', { '\0': 1 }, ['configuration unstorable_character']],
    ['email', { x: ['\ud800'] }, ['configuration unstorable_character']],
    ['email', { x: 'x'.repeat(100_000) }, ['configuration too_long']],
  ])('%s refuses %j', async (type, configuration, rules) => {
    expect(await brokenRules(() => parseQuestions([{ prompt: 'q', type, configuration }], []))).toEqual(
      rules.map((rule) => `0.${rule}`),
    )
  })

  test('every type is covered above', () => {
    for (const type of QUESTION_TYPES)
      expect(parseQuestions([{ prompt: 'q', type, configuration: minimal(type) }], [])).toHaveLength(1)
  })
})

describe('condition', () => {
  const good = { field: 'a', operator: 'equals', value: 1 }
  test.each([{}, good, { ...good, value: ['x'] }, { ...good, value: null }, { ...good, extra: 'kept' }])(
    '%j is kept as sent',
    (condition) => {
      expect(parseQuestions([{ prompt: 'q', condition }], [])[0]?.condition).toEqual(condition)
    },
  )

  test.each<[unknown, string[]]>([
    [{ ...good, operator: 'greater_than' }, ['condition.operator unknown_option']],
    [{ ...good, show_if: 'always' }, ['condition.show_if unknown_option']],
    [{ operator: 'equals', value: 1 }, ['condition.field type']],
    [{ field: 'a', value: 1 }, ['condition.operator unknown_option']],
    [{ ...good, field: ' ' }, ['condition.field too_short']],
    [{ ...good, value: 'a\0' }, ['condition.value unstorable_character']],
    [{ ...good, value: 'x'.repeat(2_000) }, ['condition.value too_long']],
    [{ ...good, extra: '\udfff' }, ['condition unstorable_character']],
    ['x', ['condition type']],
  ])('%j is refused', async (condition, rules) => {
    expect(await brokenRules(() => parseQuestions([{ prompt: 'q', condition }], []))).toEqual(
      rules.map((rule) => `0.${rule}`),
    )
  })
})

test.each<[unknown, string[]]>([
  [{ clarity_threshold: 101 }, ['evaluatorConfig.clarity_threshold too_large']],
  [{ clarity_threshold: -1 }, ['evaluatorConfig.clarity_threshold too_small']],
  [{ max_follow_ups: 1.5 }, ['evaluatorConfig.max_follow_ups type']],
  [{ custom_fields: 'Summary' }, ['evaluatorConfig.custom_fields type']],
  [{ custom_fields: ['a', ''] }, ['evaluatorConfig.custom_fields.1 too_short']],
])('the evaluator configuration %j is refused', async (evaluatorConfig, rules) => {
  expect(await brokenRules(() => parseQuestions([{ prompt: 'q', evaluatorConfig }], []))).toEqual(
    rules.map((rule) => `0.${rule}`),
  )
})

describe('settings', () => {
  test.each([
    {},
    JSON.parse(`{
"description": "Tell us about your experience with our product.",
"thankYouMessage": "Thanks for your feedback!",
"redirectUrl": "https://example.com/thank-you"
}`),
    { tts_enabled: true, live_transcription: false, theme: { dark: [1, null, 'x'] } },
    { redirectUrl: '' },
    { redirectUrl: null, description: null },
    { redirectUrl: 'HTTP://Example.com:8080/a?b#c' },
    { description: '😀\n\ttext  ' },
  ])('%j is kept as sent', (settings) => {
    expect(parse(settingsSchema, settings, ['settings'])).toEqual(settings)
  })

  test.each<[unknown, string[]]>([
    ['x', ['settings type']],
    [[], ['settings type']],
    [{ description: 5 }, ['settings.description type']],
    [{ description: 'x'.repeat(5_001) }, ['settings.description too_long']],
    [{ thankYouMessage: '\0' }, ['settings.thankYouMessage unstorable_character']],
    [{ redirectUrl: 'example.com' }, ['settings.redirectUrl url']],
    [{ redirectUrl: 'javascript:alert(1)' }, ['settings.redirectUrl url']],
    [{ redirectUrl: 'https://user:pw@example.com' }, ['settings.redirectUrl url']],
    [{ redirectUrl: 'https:example.com' }, ['settings.redirectUrl url']],
    [{ redirectUrl: 'https://example.com/\r\nSet-Cookie: a=b' }, ['settings.redirectUrl url']],
    [{ redirectUrl: 5 }, ['settings.redirectUrl type']],
    [{ tts_enabled: 'true' }, ['settings.tts_enabled type']],
    [{ a: { b: '\ud83d' } }, ['settings unstorable_character']],
    [{ a: 'x'.repeat(50_000) }, ['settings too_long']],
  ])('%j is refused', async (settings, rules) => {
    expect(await brokenRules(() => parse(settingsSchema, settings, ['settings']))).toEqual(rules)
  })
})

function minimal(type: QuestionType): Record<string, unknown> {
  if (type === 'multiple_choice') return { options: ['a'] }
  if (type === 'image_choice') return { cards: [{ id: 'a' }] }
  return {}
}
