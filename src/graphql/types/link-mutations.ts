import {
  addQuestion,
  createLink,
  type QuestionInput as DomainQuestion,
  deleteLink,
  deleteQuestion,
  type LinkSettings,
  type LinkStatus,
  reorderQuestions,
  updateLink,
  updateQuestion,
} from '../../domains/links/index.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { LinkStatusEnum } from './link.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'
import { atQuestions, QuestionChanges, QuestionInput, questionOf } from './question-input.ts'

const { NotFoundError, ConflictError, LimitReachedError } = ERRORS

const SettingsInput = builder.inputType('LinkSettingsInput', {
  description: 'How the public page speaks.',
  fields: (t) => ({
    description: t.string({ description: 'Text at the top of the page.' }),
    thankYouMessage: t.string({ description: 'Shown after submission.' }),
    redirectUrl: t.field({
      type: 'URL',
      description: 'Where the person goes after submission instead; http or https.',
    }),
    ttsEnabled: t.boolean({ description: 'Whether questions are read aloud.' }),
    liveTranscription: t.boolean({ description: 'Whether a transcript appears while recording.' }),
    extra: t.field({ type: 'JSONObject', description: 'Further keys of your own, kept as they are.' }),
  }),
})

/** Settings in the keys that are stored (contract/sayify.md 6.1). Null removes a key, absence leaves it. */
function settingsOf(input: typeof SettingsInput.$inferInput | null | undefined): LinkSettings | undefined {
  if (!input) return undefined
  const { ttsEnabled, liveTranscription, redirectUrl, extra, ...same } = input
  return {
    ...extra,
    ...same,
    ...(redirectUrl === undefined ? {} : { redirectUrl: redirectUrl === null ? null : String(redirectUrl) }),
    ...(ttsEnabled === undefined ? {} : { tts_enabled: ttsEnabled }),
    ...(liveTranscription === undefined ? {} : { live_transcription: liveTranscription }),
  }
}

function withoutNulls(settings: LinkSettings | undefined): LinkSettings | undefined {
  return settings && (given(settings) as LinkSettings)
}

const OnFinishedInput = builder.inputType('OnFinishedInput', {
  description:
    'A webhook that comes into being with the link: of the format `SAYIFY`, for its submitted responses alone. It ends with the link.',
  fields: (t) => ({
    webhookUrl: t.field({
      type: 'URL',
      description: 'Where submitted responses go; https only. No webhook when absent.',
    }),
    webhookSecret: t.string({
      description: 'What requests are signed with, 1 to 500 characters; it cannot be read again. Unsigned when absent.',
    }),
  }),
})

const CreateLinkInput = builder.inputType('CreateLinkInput', {
  description: 'A link with all that it asks.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name, 1 to 300 characters.' }),
    slug: t.string({ description: 'Its name in its address; made from the name when absent.' }),
    status: t.field({ type: LinkStatusEnum, description: '`ACTIVE` when absent.' }),
    settings: t.field({ type: SettingsInput, description: 'How the public page speaks.' }),
    maxResponses: t.field({
      type: 'PositiveInt',
      description: 'How many completed responses are accepted; no limit when absent.',
    }),
    language: t.string({
      description:
        'What the questions are written in, as a BCP 47 tag such as `fi` or `en-GB`: they are read aloud in it, and answers are probably spoken in it.',
    }),
    questions: t.field({ type: [QuestionInput], description: 'What it asks, at most 200.' }),
    onFinished: t.field({ type: OnFinishedInput, description: 'What to tell of its submitted responses.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

function onFinishedOf({ webhookUrl, webhookSecret }: typeof OnFinishedInput.$inferInput) {
  return { webhookUrl: webhookUrl == null ? null : String(webhookUrl), webhookSecret: webhookSecret ?? null }
}

const UpdateLinkInput = builder.inputType('UpdateLinkInput', {
  description: 'What to change of a link; absent keys stay as they are.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the link.' }),
    name: t.string({ description: 'Its name.' }),
    slug: t.string({ description: 'Its name in its address; the old address stops working.' }),
    settings: t.field({ type: SettingsInput, description: 'Merged key by key; null removes a key.' }),
    maxResponses: t.field({ type: 'PositiveInt', description: 'Null: no limit.' }),
    language: t.string({ description: 'A BCP 47 tag; null: nobody says.' }),
  }),
})

const linkIdInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the link.' }) }),
  })

/** A payload that gives the link as it is after the change. */
const linkPayload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      link: t.prismaField({
        type: 'Link',
        description: 'The link as it is now.',
        resolve: (query, { id }, _args, context) => context.reader.link.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })

const CreateLinkPayload = linkPayload('CreateLinkPayload', 'The link was made.')
const UpdateLinkPayload = linkPayload('UpdateLinkPayload', 'The link was changed.')
const PauseLinkPayload = linkPayload('PauseLinkPayload', 'The link takes no new sessions now.')
const ResumeLinkPayload = linkPayload('ResumeLinkPayload', 'The link takes sessions again.')
const ReorderQuestionsPayload = linkPayload('ReorderQuestionsPayload', 'The questions are in the order wished for.')

const DeleteLinkPayload = builder.objectRef<{ id: string }>('DeleteLinkPayload').implement({
  description: 'The link and its questions are gone; its responses stay.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedLinkId: t.id({ description: 'Global id of the link.', resolve: ({ id }) => encodeGlobalId('Link', id) }),
  }),
})

const DeleteLinkInput = linkIdInput('DeleteLinkInput', 'Which link to delete.')
const PauseLinkInput = linkIdInput('PauseLinkInput', 'Which link to pause.')
const ResumeLinkInput = linkIdInput('ResumeLinkInput', 'Which link to resume.')

const AddQuestionInput = builder.inputType('AddQuestionInput', {
  description: 'A question for a link that exists.',
  fields: (t) => ({
    linkId: t.id({ required: true, description: 'Global id of the link.' }),
    question: t.field({ type: QuestionInput, required: true, description: 'The question.' }),
  }),
})
const UpdateQuestionInput = builder.inputType('UpdateQuestionInput', {
  description: 'What to change of a question.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the question.' }),
    question: t.field({ type: QuestionChanges, required: true, description: 'The changes.' }),
  }),
})
const DeleteQuestionInput = builder.inputType('DeleteQuestionInput', {
  description: 'Which question to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the question.' }) }),
})
const ReorderQuestionsInput = builder.inputType('ReorderQuestionsInput', {
  description: 'A new order of all questions of a link.',
  fields: (t) => ({
    linkId: t.id({ required: true, description: 'Global id of the link.' }),
    questionIds: t.idList({ required: true, description: 'Global ids of all its questions, each once.' }),
  }),
})

const questionPayload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      question: t.prismaField({
        type: 'Question',
        description: 'The question as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.question.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })

const AddQuestionPayload = questionPayload('AddQuestionPayload', 'The question was added.')
const UpdateQuestionPayload = questionPayload('UpdateQuestionPayload', 'The question was changed.')
const DeleteQuestionPayload = builder.objectRef<{ id: string }>('DeleteQuestionPayload').implement({
  description: 'The question is gone; its answers stay.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedQuestionId: t.id({
      description: 'Global id of the question.',
      resolve: ({ id }) => encodeGlobalId('Question', id),
    }),
  }),
})

builder.mutationFields((t) => {
  const setStatus = async (status: LinkStatus, globalId: string, { world, viewer }: Context) => {
    const id = idOf('Link', globalId, ['id'])
    await updateLink(world, viewer, id, { status })
    return { id }
  }
  return {
    createLink: t.field({
      type: CreateLinkPayload,
      description: 'Makes a link with its questions, or nothing. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, ConflictError, LimitReachedError] },
      args: { input: t.arg({ type: CreateLinkInput, required: true, description: 'The link.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const { questions, settings, onFinished, ...rest } = args.input
          const link = {
            ...given(rest),
            ...(settings ? { settings: withoutNulls(settingsOf(settings)) } : {}),
            ...(onFinished ? { onFinished: onFinishedOf(onFinished) } : {}),
            questions: (questions ?? []).map((each, index) => questionOf(each, ['questions', index]) as DomainQuestion),
          }
          return atQuestions(
            ([, index]) => questions?.[Number(index)],
            () => createLink(world, viewer, link),
          )
        }),
    }),
    updateLink: t.field({
      type: UpdateLinkPayload,
      description: 'Changes a link. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
      args: { input: t.arg({ type: UpdateLinkInput, required: true, description: 'The changes.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const { id: globalId, settings, maxResponses, language, ...rest } = args.input
          const id = idOf('Link', globalId, ['id'])
          await updateLink(world, viewer, id, {
            ...given(rest),
            ...(maxResponses === undefined ? {} : { maxResponses }),
            ...(language === undefined ? {} : { language }),
            ...(settings ? { settings: settingsOf(settings) } : {}),
          })
          return { id }
        }),
    }),
    pauseLink: t.field({
      type: PauseLinkPayload,
      description: 'Takes no new sessions; those open may finish. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError] },
      args: { input: t.arg({ type: PauseLinkInput, required: true, description: 'The link.' }) },
      resolve: (_root, args, context) => asData(() => setStatus('paused', args.input.id, context)),
    }),
    resumeLink: t.field({
      type: ResumeLinkPayload,
      description: 'Takes sessions again. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError] },
      args: { input: t.arg({ type: ResumeLinkInput, required: true, description: 'The link.' }) },
      resolve: (_root, args, context) => asData(() => setStatus('active', args.input.id, context)),
    }),
    deleteLink: t.field({
      type: DeleteLinkPayload,
      description:
        'Deletes a link and its questions for good; responses stay and the slug is free again. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError] },
      args: { input: t.arg({ type: DeleteLinkInput, required: true, description: 'The link.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const id = idOf('Link', args.input.id, ['id'])
          await deleteLink(world, viewer, id)
          return { id }
        }),
    }),
    addQuestion: t.field({
      type: AddQuestionPayload,
      description: 'Adds a question to a link. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
      args: { input: t.arg({ type: AddQuestionInput, required: true, description: 'The question.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const question = questionOf(args.input.question, ['question']) as DomainQuestion
          const linkId = idOf('Link', args.input.linkId, ['linkId'])
          return atQuestions(
            () => args.input.question,
            () => addQuestion(world, viewer, linkId, question),
          )
        }),
    }),
    updateQuestion: t.field({
      type: UpdateQuestionPayload,
      description: 'Changes a question; answers keep what was asked when they were given. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
      args: { input: t.arg({ type: UpdateQuestionInput, required: true, description: 'The changes.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const id = idOf('Question', args.input.id, ['id'])
          const changes = questionOf(args.input.question, ['question'])
          await atQuestions(
            () => args.input.question,
            () => updateQuestion(world, viewer, id, changes),
          )
          return { id }
        }),
    }),
    deleteQuestion: t.field({
      type: DeleteQuestionPayload,
      description: 'Removes a question; its answers stay. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError] },
      args: { input: t.arg({ type: DeleteQuestionInput, required: true, description: 'The question.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const id = idOf('Question', args.input.id, ['id'])
          await deleteQuestion(world, viewer, id)
          return { id }
        }),
    }),
    reorderQuestions: t.field({
      type: ReorderQuestionsPayload,
      description: 'Puts all questions of a link in a new order. Needs `links:write`.',
      errors: { types: [...COMMON_ERRORS, NotFoundError] },
      args: { input: t.arg({ type: ReorderQuestionsInput, required: true, description: 'The order.' }) },
      resolve: (_root, args, { world, viewer }) =>
        asData(async () => {
          const id = idOf('Link', args.input.linkId, ['linkId'])
          const ids = args.input.questionIds.map((each, index) => idOf('Question', each, ['questionIds', index]))
          await reorderQuestions(world, viewer, id, ids)
          return { id }
        }),
    }),
  }
})
