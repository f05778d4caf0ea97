import {
  CONDITION_OPERATORS,
  type Condition,
  type ConditionOperator,
  QUESTION_TYPES,
  type QuestionType,
} from '../../domains/links/index.ts'
import { builder } from '../builder.ts'
import { ConfigurationType, configurationOf, EvaluatorConfigType } from './question-configuration.ts'

const TYPE_TEXTS: Record<QuestionType, string> = {
  voice: 'A recording.',
  voice_text_fallback: 'A recording, or text where there is no microphone.',
  text: 'Free text.',
  multiple_choice: 'One of several options, or several of them.',
  number: 'A number.',
  rating: 'A point on a scale of stars, emojis, numbers or NPS (0 to 10).',
  image_choice: 'One of several cards with an image or a video.',
  email: 'An e-mail address.',
  date: 'A day.',
  yes_no: 'Yes or no.',
  file_upload: 'A file.',
}

export const QuestionTypeEnum = builder.enumType('QuestionType', {
  description: 'How a question is answered.',
  values: Object.fromEntries(
    QUESTION_TYPES.map((type) => [type.toUpperCase(), { value: type, description: TYPE_TEXTS[type] }]),
  ) as Record<string, { value: QuestionType; description: string }>,
})

const OPERATOR_TEXTS: Record<ConditionOperator, string> = {
  less_than: 'The answer, as a number, is below the value.',
  equals: 'The answer is the value; of several chosen options, one is.',
  contains: 'The answer contains the value as a keyword, in any case; of several chosen options, one is it.',
}

export const ConditionOperatorEnum = builder.enumType('ConditionOperator', {
  description: 'How the answer to another question is judged.',
  values: Object.fromEntries(
    CONDITION_OPERATORS.map((operator) => [
      operator.toUpperCase(),
      { value: operator, description: OPERATOR_TEXTS[operator] },
    ]),
  ) as Record<string, { value: ConditionOperator; description: string }>,
})

const ConditionType = builder.objectRef<Condition>('QuestionCondition').implement({
  description: 'When a question is shown: an unanswered, hidden or unknown `field` hides it.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The field key of the question that is judged.' }),
    operator: t.field({
      type: ConditionOperatorEnum,
      description: 'How its answer is judged.',
      resolve: (condition) => condition.operator,
    }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What its answer is compared with.',
      resolve: (condition) => condition.value,
    }),
  }),
})

export const Question = builder.prismaNode('Question', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'links:read' },
  description: 'One thing that a link asks.',
  fields: (t) => ({
    link: t.relation('link', { description: 'The link that asks it.' }),
    prompt: t.exposeString('prompt', { description: 'What is asked, in the words shown or spoken.' }),
    fieldKey: t.exposeString('fieldKey', {
      description: 'Its name in structured output and in conditions, unique within the link.',
    }),
    type: t.field({
      type: QuestionTypeEnum,
      description: 'How it is answered.',
      select: { type: true },
      resolve: (question) => question.type,
    }),
    order: t.exposeInt('order', { description: 'Display order; ties in the order of creation.' }),
    required: t.exposeBoolean('required', {
      description: 'Whether a response cannot be submitted without an answer, when the question is shown.',
    }),
    configuration: t.field({
      type: ConfigurationType,
      description: 'What its type needs to know. A key that was not given is null.',
      select: { type: true, configuration: true },
      resolve: (question) => configurationOf(question.type, question.configuration),
    }),
    configurationJson: t.field({
      type: 'JSONObject',
      description: 'The configuration exactly as it was sent, with keys that Saygraph does not know.',
      select: { configuration: true },
      resolve: (question) => question.configuration as Record<string, unknown>,
    }),
    condition: t.field({
      type: ConditionType,
      nullable: true,
      description: 'When it is shown; null: always.',
      select: { condition: true },
      resolve: ({ condition }) => ('field' in (condition as object) ? (condition as unknown as Condition) : null),
    }),
    enableDynamicProbing: t.exposeBoolean('enableDynamicProbing', {
      description: 'Whether an unclear answer is followed by a further question.',
    }),
    fallbackToText: t.exposeBoolean('fallbackToText', {
      description: 'Whether a voice question may be answered in writing.',
    }),
    evaluatorConfig: t.field({
      type: EvaluatorConfigType,
      description: 'How answers are evaluated when probing is on.',
      select: { evaluatorConfig: true },
      resolve: (question) => question.evaluatorConfig as Record<string, never>,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
})
