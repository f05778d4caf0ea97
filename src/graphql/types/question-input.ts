import type { QuestionInput as DomainInput } from '../../domains/links/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { mapPaths } from './mutation-kit.ts'
import { ConditionOperatorEnum, QuestionTypeEnum } from './question.ts'
import { MediaKindEnum, RatingScaleEnum } from './question-configuration.ts'

const MAX_DURATION = 'The longest recording, in seconds, 1 to 3600.'
const MAX_CHARACTERS = 'The longest text, in characters, 1 to 20000.'

const VoiceInput = builder.inputType('VoiceConfigurationInput', {
  description: 'Configuration of a `VOICE` question.',
  fields: (t) => ({
    maxDuration: t.int({ description: MAX_DURATION }),
    enableAiEvaluation: t.boolean({ description: 'Whether answers are analysed.' }),
  }),
})
const VoiceTextFallbackInput = builder.inputType('VoiceTextFallbackConfigurationInput', {
  description: 'Configuration of a `VOICE_TEXT_FALLBACK` question.',
  fields: (t) => ({
    maxDuration: t.int({ description: MAX_DURATION }),
    maxCharacters: t.int({ description: MAX_CHARACTERS }),
  }),
})
const TextInput = builder.inputType('TextConfigurationInput', {
  description: 'Configuration of a `TEXT` question.',
  fields: (t) => ({ maxCharacters: t.int({ description: MAX_CHARACTERS }) }),
})
const MultipleChoiceInput = builder.inputType('MultipleChoiceConfigurationInput', {
  description: 'Configuration of a `MULTIPLE_CHOICE` question.',
  fields: (t) => ({
    options: t.stringList({ required: true, description: 'What can be chosen, in order; 1 to 200, none twice.' }),
    allowMultiple: t.boolean({ description: 'Whether several options may be chosen.' }),
  }),
})
const NumberInput = builder.inputType('NumberConfigurationInput', {
  description: 'Configuration of a `NUMBER` question.',
  fields: (t) => ({
    min: t.float({ description: 'The lowest number allowed.' }),
    max: t.float({ description: 'The highest number allowed.' }),
    step: t.float({ description: 'Allowed numbers lie this far apart, counted from `min` or 0.' }),
  }),
})
const RatingInput = builder.inputType('RatingConfigurationInput', {
  description: 'Configuration of a `RATING` question.',
  fields: (t) => ({
    scaleType: t.field({ type: RatingScaleEnum, description: 'How it is shown; stars when absent.' }),
    maxValue: t.int({ description: 'The highest value, 2 to 100; that of the scale when absent.' }),
  }),
})
const CardInput = builder.inputType('ImageCardInput', {
  description: 'One card.',
  fields: (t) => ({
    cardId: t.string({ required: true, description: 'Its id within the question; the value of the answer.' }),
    label: t.string({ description: 'What it says.' }),
    mediaUrl: t.field({ type: 'URL', description: 'What it shows; http or https.' }),
    mediaType: t.field({ type: MediaKindEnum, description: 'Whether that is a picture or a film.' }),
  }),
})
const ImageChoiceInput = builder.inputType('ImageChoiceConfigurationInput', {
  description: 'Configuration of an `IMAGE_CHOICE` question.',
  fields: (t) => ({
    cards: t.field({ type: [CardInput], required: true, description: 'What can be chosen, in order; 1 to 200.' }),
  }),
})
const FileUploadInput = builder.inputType('FileUploadConfigurationInput', {
  description: 'Configuration of a `FILE_UPLOAD` question.',
  fields: (t) => ({
    allowedTypes: t.stringList({ description: 'File extensions such as `pdf`; any when absent or empty.' }),
    maxSizeMb: t.float({ description: 'The largest file, in megabytes (10^6 bytes).' }),
  }),
})

const ConfigurationInput = builder.inputType('QuestionConfigurationInput', {
  description: "Give the one key that is the question's type.",
  isOneOf: true,
  fields: (t) => ({
    voice: t.field({ type: VoiceInput, description: 'For `VOICE`.' }),
    voiceTextFallback: t.field({ type: VoiceTextFallbackInput, description: 'For `VOICE_TEXT_FALLBACK`.' }),
    text: t.field({ type: TextInput, description: 'For `TEXT`.' }),
    multipleChoice: t.field({ type: MultipleChoiceInput, description: 'For `MULTIPLE_CHOICE`.' }),
    number: t.field({ type: NumberInput, description: 'For `NUMBER`.' }),
    rating: t.field({ type: RatingInput, description: 'For `RATING`.' }),
    imageChoice: t.field({ type: ImageChoiceInput, description: 'For `IMAGE_CHOICE`.' }),
    fileUpload: t.field({ type: FileUploadInput, description: 'For `FILE_UPLOAD`.' }),
  }),
})

const ConditionInput = builder.inputType('QuestionConditionInput', {
  description: 'When a question is shown.',
  fields: (t) => ({
    field: t.string({ required: true, description: 'The field key of the question that is judged.' }),
    operator: t.field({ type: ConditionOperatorEnum, required: true, description: 'How its answer is judged.' }),
    value: t.field({ type: 'JSON', required: true, description: 'What its answer is compared with.' }),
  }),
})

const EvaluatorInput = builder.inputType('EvaluatorConfigInput', {
  description: 'How answers are evaluated when probing is on.',
  fields: (t) => ({
    clarityThreshold: t.float({ description: 'Answers less clear than this, 0 to 100, are followed up.' }),
    maxFollowUps: t.int({ description: 'How many further questions are asked at the most, 0 to 10.' }),
    customFields: t.stringList({ description: 'What else to extract from the answer, by name.' }),
  }),
})

export const QuestionInput = builder.inputType('QuestionInput', {
  description: 'A question to add.',
  fields: (t) => ({
    prompt: t.string({ required: true, description: 'What is asked.' }),
    type: t.field({
      type: QuestionTypeEnum,
      description: 'How it is answered; that of `configuration`, else `VOICE`.',
    }),
    fieldKey: t.string({
      description: 'Its name in structured output, unique in the link; made from the prompt when absent.',
    }),
    order: t.int({
      description: 'Display order, ties in the order given. In a new link 0, later the end, when absent.',
    }),
    required: t.boolean({ description: 'Whether it must be answered when shown. False when absent.' }),
    configuration: t.field({ type: ConfigurationInput, description: 'What its type needs to know.' }),
    condition: t.field({ type: ConditionInput, description: 'When it is shown; always when absent.' }),
    enableDynamicProbing: t.boolean({ description: 'Whether an unclear answer is followed up. False when absent.' }),
    fallbackToText: t.boolean({
      description: 'Whether a voice question may be answered in writing. True when absent.',
    }),
    evaluatorConfig: t.field({ type: EvaluatorInput, description: 'How answers are evaluated.' }),
  }),
})

export const QuestionChanges = builder.inputType('QuestionChanges', {
  description: 'What to change of a question; absent keys stay as they are.',
  fields: (t) => ({
    prompt: t.string({ description: 'What is asked.' }),
    type: t.field({
      type: QuestionTypeEnum,
      description: 'A new type starts from an empty configuration unless one is given.',
    }),
    fieldKey: t.string({ description: 'Its name in structured output; answers already given keep the old one.' }),
    order: t.int({ description: 'Display order.' }),
    required: t.boolean({ description: 'Whether it must be answered when shown.' }),
    configuration: t.field({ type: ConfigurationInput, description: 'In place of the present one.' }),
    condition: t.field({ type: ConditionInput, description: 'In place of the present one; null: always shown.' }),
    enableDynamicProbing: t.boolean({ description: 'Whether an unclear answer is followed up.' }),
    fallbackToText: t.boolean({ description: 'Whether a voice question may be answered in writing.' }),
    evaluatorConfig: t.field({ type: EvaluatorInput, description: 'In place of the present one.' }),
  }),
})

type GraphQLInput = typeof QuestionInput.$inferInput | typeof QuestionChanges.$inferInput

/** The same question in the words of the domain, which judges it. Throws VALIDATION_FAILED when two types are named. */
export function questionOf(input: GraphQLInput, path: readonly (string | number)[]): Partial<DomainInput> {
  const { type, configuration, condition, evaluatorConfig, ...rest } = input
  const [kind, values] = Object.entries(configuration ?? {})[0] ?? []
  const configured = kind === undefined ? undefined : (snake(kind) as DomainInput['type'])
  if (configured && type && configured !== type) {
    const message = `is for ${configured.toUpperCase()}, but the type is ${type.toUpperCase()}`
    const issue: Issue = { path: [...path, 'configuration'], rule: 'other_type', message }
    throw new ValidationError([issue])
  }
  return {
    ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) as Partial<DomainInput>),
    ...(type || configured ? { type: type ?? configured } : {}),
    ...(values ? { configuration: snakeKeys(values) as Record<string, unknown> } : {}),
    ...(condition === undefined ? {} : { condition: (condition ?? {}) as NonNullable<DomainInput['condition']> }),
    ...(evaluatorConfig === undefined
      ? {}
      : { evaluatorConfig: snakeKeys(evaluatorConfig ?? {}) as Record<string, unknown> }),
  }
}

/** Keys that are called differently here, since an `id` of the graph is a global one. */
const STORED_AS: Readonly<Record<string, string>> = { cardId: 'id' }

/** Runs a domain function, with the places of broken rules as the questions of an input have them. */
export function atQuestions<T>(questionAt: (path: Issue['path']) => GraphQLInput | undefined, run: () => Promise<T>) {
  return mapPaths<T>((path) => {
    const at = path.findIndex((part) => part === 'configuration' || part === 'evaluatorConfig')
    if (at < 0 || at === path.length - 1) return path
    const kind = Object.keys(questionAt(path)?.configuration ?? {})
    const within = path.slice(at + 1).map((part) => (part === 'id' ? 'cardId' : camel(part)))
    return [...path.slice(0, at + 1), ...(path[at] === 'configuration' ? kind : []), ...within]
  }, run)
}

function camel(part: string | number): string | number {
  return typeof part === 'number' ? part : part.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Configurations are stored with the legacy API's keys, since that is where most of them come from and go to. */
function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys)
  if (value instanceof URL) return value.href
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [STORED_AS[key] ?? snake(key), snakeKeys(item)]))
}
