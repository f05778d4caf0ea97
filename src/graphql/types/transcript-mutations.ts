import { correctTranscript, reanalyze, retranscribe } from '../../domains/analysis/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, IDEMPOTENCY_KEY } from './mutation-kit.ts'

const { NotFoundError, ConflictError, UnavailableError } = ERRORS

const CorrectTranscriptInput = builder.inputType('CorrectTranscriptInput', {
  description: 'What a person hears in a recording.',
  fields: (t) => ({
    answerId: t.id({ required: true, description: 'Global id of an answer that is a recording.' }),
    text: t.string({
      required: true,
      description:
        'All that is said, up to 100,000 characters; empty when nothing is. It becomes the text of the answer.',
    }),
    language: t.string({ description: 'A BCP 47 tag such as `fi` or `en-GB`.' }),
    expectedVersion: t.int({
      description:
        'The `version` of the transcript that was read before, 0 when there was none; when there is a newer one, nothing is stored. Absent: whichever there is.',
    }),
    by: t.string({
      description: 'Who corrects it, up to 200 characters; it becomes the `method`. Default `a person`.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const CorrectTranscriptPayload = builder.objectRef<{ id: string }>('CorrectTranscriptPayload').implement({
  description: 'It is the newest version.',
  extensions: { payload: true },
  fields: (t) => ({
    answer: t.prismaField({
      type: 'Answer',
      description: 'The answer, with the transcript. Its insight is stale until it was made anew.',
      resolve: (query, { id }, _args, context) => context.reader.answer.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

const RetranscribeInput = builder.inputType('RetranscribeInput', {
  description: 'Recordings that are to be listened to again. Give either `responseId` or `linkId`.',
  fields: (t) => ({
    responseId: t.id({ description: 'Global id of a response.' }),
    linkId: t.id({ description: 'Global id of a link, deleted ones included: all responses to it.' }),
    all: t.boolean({
      description:
        'False, the default: recordings without a transcript. True: those that an engine has transcribed, too. What somebody recorded or corrected stays in any case.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const RetranscribePayload = builder.objectRef<{ recordings: number }>('RetranscribePayload').implement({
  description: 'It is done in the background; events tell what comes of it.',
  extensions: { payload: true },
  fields: (t) => ({
    recordings: t.exposeInt('recordings', { description: 'How many recordings are listened to again.' }),
  }),
})

const ReanalyzeInput = builder.inputType('ReanalyzeInput', {
  description: 'Responses that are to be analysed again. Give either `responseId` or `linkId`.',
  fields: (t) => ({
    responseId: t.id({ description: 'Global id of a submitted response.' }),
    linkId: t.id({ description: 'Global id of a link, deleted ones included: all responses to it.' }),
    all: t.boolean({
      description:
        'False, the default: what was not understood, or only by the word lists that stand in for a model, and what was left incomplete. True: what the analyser here has understood, too. What somebody recorded stays in any case.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const ReanalyzePayload = builder.objectRef<{ responses: number }>('ReanalyzePayload').implement({
  description: 'It is done in the background; events tell what comes of it.',
  extensions: { payload: true },
  fields: (t) => ({
    responses: t.exposeInt('responses', { description: 'How many responses are analysed again.' }),
  }),
})

builder.mutationFields((t) => ({
  correctTranscript: t.field({
    type: CorrectTranscriptPayload,
    description:
      'Stores what a person hears in a recording as the newest transcript, which no engine replaces; a submitted response is analysed again. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: CorrectTranscriptInput, required: true, description: 'What is said.' }) },
    resolve: (_root, { input }, { world, viewer }) =>
      asData(async () =>
        correctTranscript(world, viewer, { ...input, answerId: idOf('Answer', input.answerId, ['answerId']) }),
      ),
  }),
  retranscribe: t.field({
    type: RetranscribePayload,
    description:
      'Has recordings turned into text again, such as those that nothing could listen to when they came; what depends on it is analysed again. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RetranscribeInput, required: true, description: 'Which ones.' }) },
    resolve: (_root, { input }, { analysis, viewer }) =>
      asData(async () =>
        retranscribe(analysis, viewer, {
          ...input,
          responseId: input.responseId == null ? null : idOf('Response', input.responseId, ['responseId']),
          linkId: input.linkId == null ? null : idOf('Link', input.linkId, ['linkId']),
        }),
      ),
  }),
  reanalyze: t.field({
    type: ReanalyzePayload,
    description:
      'Has submitted responses understood again, such as those that nothing could understand when they came, or that were left incomplete. `INSIGHT_UNAVAILABLE` where nothing understands. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError, UnavailableError] },
    args: { input: t.arg({ type: ReanalyzeInput, required: true, description: 'Which ones.' }) },
    resolve: (_root, { input }, { analysis, viewer }) =>
      asData(async () =>
        reanalyze(analysis, viewer, {
          ...input,
          responseId: input.responseId == null ? null : idOf('Response', input.responseId, ['responseId']),
          linkId: input.linkId == null ? null : idOf('Link', input.linkId, ['linkId']),
        }),
      ),
  }),
}))
