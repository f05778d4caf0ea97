import { type Configuration, type QuestionType, RATING_SCALES, type RatingScale } from '../../domains/links/index.ts'
import { builder } from '../builder.ts'

type Typed<Type extends QuestionType> = { type: Type; of: Configuration<Type> }

export const RatingScaleEnum = builder.enumType('RatingScale', {
  description: 'How a rating is shown.',
  values: Object.fromEntries(
    Object.entries(RATING_SCALES).map(([scale, highest]) => [
      scale.toUpperCase(),
      { value: scale, description: `\`${scale}\`, up to ${highest} unless \`maxValue\` says otherwise.` },
    ]),
  ) as Record<string, { value: RatingScale; description: string }>,
})

export const MediaKindEnum = builder.enumType('CardMediaType', {
  description: 'What a card shows.',
  values: {
    IMAGE: { value: 'image', description: 'A picture.' },
    VIDEO: { value: 'video', description: 'A film.' },
  } as const,
})

const MAX_DURATION = 'The longest recording, in seconds.'
const MAX_CHARACTERS = 'The longest text, in characters.'

const Voice = builder.objectRef<Typed<'voice'>>('VoiceConfiguration').implement({
  description: 'Configuration of a `VOICE` question.',
  fields: (t) => ({
    maxDuration: t.int({ nullable: true, description: MAX_DURATION, resolve: ({ of }) => of.max_duration }),
    enableAiEvaluation: t.boolean({
      nullable: true,
      description: 'Whether answers are analysed.',
      resolve: ({ of }) => of.enable_ai_evaluation,
    }),
  }),
})

const VoiceTextFallback = builder.objectRef<Typed<'voice_text_fallback'>>('VoiceTextFallbackConfiguration').implement({
  description: 'Configuration of a `VOICE_TEXT_FALLBACK` question.',
  fields: (t) => ({
    maxDuration: t.int({ nullable: true, description: MAX_DURATION, resolve: ({ of }) => of.max_duration }),
    maxCharacters: t.int({ nullable: true, description: MAX_CHARACTERS, resolve: ({ of }) => of.max_characters }),
  }),
})

const Text = builder.objectRef<Typed<'text'>>('TextConfiguration').implement({
  description: 'Configuration of a `TEXT` question.',
  fields: (t) => ({
    maxCharacters: t.int({ nullable: true, description: MAX_CHARACTERS, resolve: ({ of }) => of.max_characters }),
  }),
})

const MultipleChoice = builder.objectRef<Typed<'multiple_choice'>>('MultipleChoiceConfiguration').implement({
  description: 'Configuration of a `MULTIPLE_CHOICE` question.',
  fields: (t) => ({
    options: t.stringList({ description: 'What can be chosen, in order.', resolve: ({ of }) => of.options }),
    allowMultiple: t.boolean({
      nullable: true,
      description: 'Whether several options may be chosen.',
      resolve: ({ of }) => of.allow_multiple,
    }),
  }),
})

const NumberConfiguration = builder.objectRef<Typed<'number'>>('NumberConfiguration').implement({
  description: 'Configuration of a `NUMBER` question.',
  fields: (t) => ({
    min: t.float({ nullable: true, description: 'The lowest number allowed.', resolve: ({ of }) => of.min }),
    max: t.float({ nullable: true, description: 'The highest number allowed.', resolve: ({ of }) => of.max }),
    step: t.float({
      nullable: true,
      description: 'Allowed numbers lie this far apart, counted from `min` or 0.',
      resolve: ({ of }) => of.step,
    }),
  }),
})

const Rating = builder.objectRef<Typed<'rating'>>('RatingConfiguration').implement({
  description: 'Configuration of a `RATING` question.',
  fields: (t) => ({
    scaleType: t.field({
      type: RatingScaleEnum,
      nullable: true,
      description: 'How it is shown; null means stars.',
      resolve: ({ of }) => of.scale_type,
    }),
    maxValue: t.int({ nullable: true, description: 'The highest value.', resolve: ({ of }) => of.max_value }),
  }),
})

const Card = builder.objectRef<Configuration<'image_choice'>['cards'][number]>('ImageCard').implement({
  description: 'One card of an `IMAGE_CHOICE` question.',
  fields: (t) => ({
    cardId: t.string({
      description: 'Its id within the question; the value of the answer.',
      resolve: (card) => card.id,
    }),
    label: t.string({ nullable: true, description: 'What it says.', resolve: (card) => card.label }),
    mediaUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'What it shows.',
      resolve: (card) => card.media_url,
    }),
    mediaType: t.field({
      type: MediaKindEnum,
      nullable: true,
      description: 'Whether that is a picture or a film.',
      resolve: (card) => card.media_type,
    }),
  }),
})

const ImageChoice = builder.objectRef<Typed<'image_choice'>>('ImageChoiceConfiguration').implement({
  description: 'Configuration of an `IMAGE_CHOICE` question.',
  fields: (t) => ({
    cards: t.field({
      type: [Card],
      description: 'What can be chosen, in order; at most 200.',
      resolve: ({ of }) => of.cards,
    }),
  }),
})

const FileUpload = builder.objectRef<Typed<'file_upload'>>('FileUploadConfiguration').implement({
  description: 'Configuration of a `FILE_UPLOAD` question.',
  fields: (t) => ({
    allowedTypes: t.stringList({
      nullable: true,
      description: 'File extensions that are taken, judged by content; null or empty: any.',
      resolve: ({ of }) => of.allowed_types,
    }),
    maxSizeMb: t.float({
      nullable: true,
      description: 'The largest file, in megabytes (10^6 bytes).',
      resolve: ({ of }) => of.max_size_mb,
    }),
  }),
})

const Plain = builder.objectRef<Typed<'email' | 'date' | 'yes_no'>>('PlainConfiguration').implement({
  description: 'The configuration of types that have nothing to configure: `EMAIL`, `DATE`, `YES_NO`.',
  fields: (t) => ({
    isEmpty: t.boolean({ description: 'Always true.', resolve: () => true }),
  }),
})

export type AnyConfiguration = { [Type in QuestionType]: Typed<Type> }[QuestionType]

const NAMES = {
  voice: 'VoiceConfiguration',
  voice_text_fallback: 'VoiceTextFallbackConfiguration',
  text: 'TextConfiguration',
  multiple_choice: 'MultipleChoiceConfiguration',
  number: 'NumberConfiguration',
  rating: 'RatingConfiguration',
  image_choice: 'ImageChoiceConfiguration',
  file_upload: 'FileUploadConfiguration',
  email: 'PlainConfiguration',
  date: 'PlainConfiguration',
  yes_no: 'PlainConfiguration',
} as const satisfies Record<QuestionType, string>

export const ConfigurationType = builder.unionType('QuestionConfiguration', {
  description: 'What a question of each type needs to know.',
  types: [Voice, VoiceTextFallback, Text, MultipleChoice, NumberConfiguration, Rating, ImageChoice, FileUpload, Plain],
  resolveType: (configuration) => NAMES[(configuration as AnyConfiguration).type],
})

export function configurationOf(type: QuestionType, configuration: unknown): AnyConfiguration {
  return { type, of: configuration } as AnyConfiguration
}

export const EvaluatorConfigType = builder
  .objectRef<{ clarity_threshold?: number; max_follow_ups?: number; custom_fields?: string[] }>('EvaluatorConfig')
  .implement({
    description: 'How answers are evaluated. A key that was not given is null.',
    fields: (t) => ({
      clarityThreshold: t.float({
        nullable: true,
        description: 'Answers less clear than this, from 0 to 100, are followed up.',
        resolve: (config) => config.clarity_threshold,
      }),
      maxFollowUps: t.int({
        nullable: true,
        description: 'How many further questions are asked at the most.',
        resolve: (config) => config.max_follow_ups,
      }),
      customFields: t.stringList({
        nullable: true,
        description: 'What else to extract from the answer, by name.',
        resolve: (config) => config.custom_fields,
      }),
    }),
  })
