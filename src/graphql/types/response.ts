import { responseWhere } from '../../domains/reporting/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { Insight, SentimentEnum, Transcript } from './analysis.ts'
import { ProbingStateEnum } from './follow-up.ts'
import { QuestionTypeEnum } from './question.ts'

export const ResponseStatusEnum = builder.enumType('ResponseStatus', {
  description: 'Whether a response is finished.',
  values: {
    STARTED: { value: 'started', description: 'A session is open; answers may still change.' },
    COMPLETED: { value: 'completed', description: 'Submitted; answers are final.' },
  } as const,
})

export const ResponseChannelEnum = builder.enumType('ResponseChannel', {
  description: 'How a person answered.',
  values: {
    WEB: { value: 'web', description: "On the link's page." },
    PHONE: { value: 'phone', description: 'By telephone.' },
  } as const,
})

export const SoundStateEnum = builder.enumType('SoundState', {
  description: 'How far a recording is prepared.',
  values: {
    PENDING: { value: 'pending', description: 'It is being converted, or waits for it.' },
    READY: { value: 'ready', description: 'There is an MP3, a waveform and a length.' },
    FAILED: { value: 'failed', description: 'It cannot be decoded here; `soundFailure` says why. The original stays.' },
  } as const,
})

const TranscriptionStateEnum = builder.enumType('TranscriptionState', {
  description: 'How far a recording is turned into text.',
  values: {
    PENDING: { value: 'pending', description: 'It is to be listened to once more, as was asked for.' },
    DONE: { value: 'done', description: 'The answer has a transcript.' },
    FAILED: { value: 'failed', description: 'It will have none, unless `retranscribe` asks again.' },
    UNAVAILABLE: {
      value: 'unavailable',
      description: 'Nothing here could listen to it; `retranscribe` asks again once something can.',
    },
  } as const,
})

const AnalysisStateEnum = builder.enumType('AnalysisState', {
  description: 'How far this server has analysed a response.',
  values: {
    PENDING: { value: 'pending', description: 'It is being analysed, or is to be.' },
    DONE: { value: 'done', description: 'All is found that will be; `analyzedAt` says since when.' },
    INCOMPLETE: {
      value: 'incomplete',
      description: 'A part of it could not be listened to or understood; `retranscribe` and `reanalyze` ask again.',
    },
  } as const,
})

builder.prismaObject('Upload', {
  select: { id: true, workspaceId: true },
  description: 'A recording or a file that answers a question.',
  fields: (t) => ({
    url: t.field({
      type: 'URL',
      description: 'Plays or downloads it, for an hour from now.',
      resolve: (upload, _args, context) => context.mediaUrl(upload.workspaceId, upload.id),
    }),
    fileName: t.exposeString('fileName', { nullable: true, description: 'The name that the sender gave it.' }),
    mediaType: t.exposeString('mediaType', { nullable: true, description: 'Its media type, judged by its content.' }),
    size: t.exposeInt('size', { nullable: true, description: 'Its size in bytes.' }),
    durationSeconds: t.exposeFloat('durationSeconds', {
      nullable: true,
      description: 'How long a recording is, in seconds, as it was decoded; null when it could not be.',
    }),
    soundState: t.field({
      type: SoundStateEnum,
      nullable: true,
      description: 'How far the recording is prepared; null of a file.',
      select: { soundState: true },
      resolve: (upload) => upload.soundState,
    }),
    soundFailure: t.exposeString('soundFailure', {
      nullable: true,
      description:
        'Why it cannot be prepared: `unsupported_codec`, `truncated`, `hostile`, `not_audio`, `empty`, `too_long`, `too_large`, `unavailable` or `failed`.',
    }),
    mp3Url: t.field({
      type: 'URL',
      nullable: true,
      description: 'Plays the recording in any browser, for an hour from now; null until it is prepared.',
      select: { mp3Size: true },
      resolve: (upload, _args, context) =>
        upload.mp3Size === null ? null : context.mediaUrl(upload.workspaceId, upload.id, 'mp3'),
    }),
    transcriptionState: t.field({
      type: TranscriptionStateEnum,
      nullable: true,
      description:
        'How far the recording is turned into text; null of a file, and of one that nobody has looked at yet.',
      select: { transcriptionState: true },
      resolve: (upload) => upload.transcriptionState,
    }),
    transcriptionFailure: t.exposeString('transcriptionFailure', {
      nullable: true,
      description: 'Why it has no transcript: `no_sound`, `unsupported_language`, `unavailable` or `failed`.',
    }),
    waveform: t.field({
      type: ['Int'],
      nullable: true,
      description:
        'The loudest moment of each of 200 equal stretches of the recording, from 0 to 255, for display; null until it is prepared.',
      select: { waveform: true },
      resolve: (upload) => upload.waveform && [...upload.waveform],
    }),
    sha256: t.exposeString('sha256', { nullable: true, description: 'SHA-256 of its bytes, in hex.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began to arrive.' }),
  }),
})

export const Answer = builder.prismaNode('Answer', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'responses:read' },
  description: 'One reply to one question. What was asked stays with it, whatever becomes of the question.',
  fields: (t) => ({
    response: t.relation('response', { description: 'The response that it is part of.' }),
    question: t.relation('question', { nullable: true, description: 'The question; null once it was deleted.' }),
    fieldKey: t.exposeString('fieldKey', { description: 'The field key of the question when it was answered.' }),
    questionText: t.exposeString('questionText', { description: 'What was asked, in the words of that moment.' }),
    questionType: t.field({
      type: QuestionTypeEnum,
      description: 'The type of the question when it was answered.',
      select: { questionType: true },
      resolve: (answer) => answer.questionType,
    }),
    value: t.expose('value', {
      type: 'JSON',
      nullable: true,
      description:
        'The reply: text, a number, true or false, an option or a list of options, the id of a card, or a day as `YYYY-MM-DD`. Null when it is a recording or a file alone.',
    }),
    text: t.exposeString('text', {
      nullable: true,
      description: 'The reply in words; null for a recording that was not transcribed.',
    }),
    upload: t.relation('upload', { nullable: true, description: 'The recording or file that the reply is.' }),
    channel: t.field({
      type: ResponseChannelEnum,
      description: 'How it was given; a response may be begun by telephone and finished on the page.',
      select: { channel: true },
      resolve: (answer) => answer.channel,
    }),
    call: t.relation('call', {
      nullable: true,
      description: 'The call in which it was given; null: it was given on the page. Needs `campaigns:read`.',
    }),
    recording: t.relation('recording', {
      nullable: true,
      description:
        'What was said in the call, when that is the reply; `upload` has the same sound once it is `READY`. Needs `campaigns:read`.',
    }),
    transcript: t.field({
      type: Transcript,
      nullable: true,
      description: 'What the recording says, by its newest transcript; null when it is none, or has none.',
      select: (_args, _context, nestedSelection) => ({
        transcripts: nestedSelection({ orderBy: [{ version: 'desc' as const }], take: 1 }),
      }),
      resolve: (answer) => answer.transcripts[0] ?? null,
    }),
    transcripts: t.relation('transcripts', {
      description: 'Everything that the recording was said to say, the newest first; at most 50.',
      query: { orderBy: [{ version: 'desc' }], take: 50 },
    }),
    insight: t.field({
      type: Insight,
      nullable: true,
      description: 'What an analysis says of the reply, by its newest insight; null when none was recorded.',
      select: (_args, _context, nestedSelection) => ({
        insights: nestedSelection({ orderBy: [{ createdAt: 'desc' as const }, { id: 'desc' as const }], take: 1 }),
      }),
      resolve: (answer) => answer.insights[0] ?? null,
    }),
    probing: t.field({
      type: ProbingStateEnum,
      nullable: true,
      description:
        'Whether it is still being judged if a follow-up is to be asked; null: answers to this question are not probed.',
      select: { probing: true },
      resolve: (answer) => answer.probing,
    }),
    followUp: t.relation('followUp', {
      nullable: true,
      description: 'The follow-up that it replies to; null: it answers a question of the link.',
    }),
    followUps: t.relation('followUps', {
      description: 'What was asked about it because it was unclear, in the order of asking; at most 10.',
      query: { orderBy: [{ number: 'asc' }] },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first given.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
})

export const Response = builder.prismaNode('Response', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'responses:read' },
  description: 'One filled-in session of a link.',
  fields: (t) => ({
    link: t.relation('link', { description: 'The link that was answered; also after its deletion.' }),
    respondent: t.relation('respondent', { description: 'Who answered.' }),
    sessionId: t.expose('sessionId', { type: 'UUID', description: 'The id of the session that filled it in.' }),
    channel: t.field({
      type: ResponseChannelEnum,
      description: 'How the person answered.',
      select: { channel: true },
      resolve: (response) => response.channel,
    }),
    status: t.field({
      type: ResponseStatusEnum,
      description: 'Whether it is finished.',
      select: { status: true },
      resolve: (response) => response.status,
    }),
    respondentEmail: t.exposeString('respondentEmail', {
      nullable: true,
      description: "The contact's e-mail address, or the one that was answered; null before submission.",
    }),
    answers: t.relation('answers', {
      description:
        'The replies, one per question, in the order of the questions; those to follow-ups after what they follow.',
      query: { orderBy: [{ order: 'asc' }, { id: 'asc' }] },
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the session was opened.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    submittedAt: t.expose('submittedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was submitted; null: not yet.',
    }),
    analysis: t.field({
      type: AnalysisStateEnum,
      nullable: true,
      description: 'How far this server has analysed it; null: nothing here analyses it.',
      select: { analysis: true },
      resolve: (response) => response.analysis,
    }),
    analyzedAt: t.expose('analyzedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When an analysis last said that it has found in the answers all that it will; null: none did.',
    }),
  }),
})

export const RESPONSES_PAGE = connectionTypes(Response, 'Response', 'responses')

export const RESPONSE_ORDERS = {
  STARTED_AT_DESC: { name: 'responses:startedAt:desc', column: 'startedAt', direction: 'desc', type: 'instant' },
  STARTED_AT_ASC: { name: 'responses:startedAt:asc', column: 'startedAt', direction: 'asc', type: 'instant' },
  SUBMITTED_AT_DESC: {
    name: 'responses:submittedAt:desc',
    column: 'submittedAt',
    direction: 'desc',
    type: 'instant',
    nullable: true,
  },
  SUBMITTED_AT_ASC: {
    name: 'responses:submittedAt:asc',
    column: 'submittedAt',
    direction: 'asc',
    type: 'instant',
    nullable: true,
  },
} as const satisfies Record<string, Order>

export const ResponseSort = builder.enumType('ResponseSort', {
  description: 'Orders of responses; ties by id, responses that were not submitted last.',
  values: {
    STARTED_AT_DESC: { description: 'Last opened first.' },
    STARTED_AT_ASC: { description: 'First opened first.' },
    SUBMITTED_AT_DESC: { description: 'Last submitted first.' },
    SUBMITTED_AT_ASC: { description: 'First submitted first.' },
  } as const,
})

export const ResponseFilter = builder.inputType('ResponseFilter', {
  description: 'Which responses; keys that are given must all hold.',
  fields: (t) => ({
    status: t.field({ type: ResponseStatusEnum, description: 'Only responses with this status.' }),
    channel: t.field({ type: ResponseChannelEnum, description: 'Only responses given this way.' }),
    search: t.string({
      description: "The respondent's e-mail address or an answer's text contains this text, in any case.",
    }),
    submittedFrom: t.field({ type: 'DateTime', description: 'Submitted at this moment or later.' }),
    submittedBefore: t.field({ type: 'DateTime', description: 'Submitted before this moment.' }),
    sentiment: t.field({ type: SentimentEnum, description: 'The newest insight of an answer says so.' }),
    topic: t.string({
      description:
        'Among the topics of the newest insight of an answer, in any case; given with `sentiment`, of the same answer.',
    }),
    hasRecording: t.boolean({ description: 'True: an answer is a recording. False: none is.' }),
    analyzed: t.boolean({
      description: 'True: an analysis has found in the answers all that it will (`analyzedAt`). False: not yet.',
    }),
  }),
})

builder.queryFields((t) => ({
  response: t.prismaField({
    type: 'Response',
    nullable: true,
    description: 'One response; null when your workspace has none with this id. Needs `responses:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the response.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Response', id)
      return uuid === null ? null : context.reader.response.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  responses: t.connection(
    {
      type: Response,
      description: 'Responses to all links, deleted ones included. Needs `responses:read`.',
      args: {
        linkId: t.arg.id({ description: 'Only responses to this link.' }),
        filter: t.arg({ type: ResponseFilter, description: 'Only these.' }),
        sort: t.arg({
          type: ResponseSort,
          defaultValue: 'STARTED_AT_DESC',
          required: true,
          description: 'In this order.',
        }),
      },
      resolve: (_root, args, context, info) => {
        const where = { ...responseWhere(args.filter), ...ofLink(args.linkId) }
        return rootConnection(
          context.reader.response,
          'Response',
          args,
          RESPONSE_ORDERS[args.sort],
          where,
          context,
          info,
        )
      },
    },
    ...RESPONSES_PAGE,
  ),
}))

/** A filter by a link that the workspace does not have finds nothing, whatever the reason. */
function ofLink(linkId: string | null | undefined) {
  return linkId == null ? {} : { linkId: idOrNull('Link', linkId) ?? '00000000-0000-0000-0000-000000000000' }
}
