import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { searchWhere } from '../search.ts'
import { Insight, Transcript } from './analysis.ts'
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
      description: 'How long a recording is, in seconds, as an analysis found; null when none did.',
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
    transcript: t.field({
      type: Transcript,
      nullable: true,
      description: 'What the recording says, by its newest transcript; null when it is none, or has none.',
      select: (_args, _context, nestedSelection) => ({
        transcripts: nestedSelection({ orderBy: [{ version: 'desc' as const }], take: 1 }),
      }),
      resolve: (answer) => answer.transcripts[0] ?? null,
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
      description: 'The replies, one per question, in the order of the questions.',
      query: { orderBy: [{ order: 'asc' }, { id: 'asc' }] },
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When the session was opened.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    submittedAt: t.expose('submittedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was submitted; null: not yet.',
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
  }),
})

export function responseWhere(filter: typeof ResponseFilter.$inferInput | null | undefined): Record<string, unknown> {
  const { status, channel, search, submittedFrom, submittedBefore } = filter ?? {}
  const bounds = {
    ...(submittedFrom ? { gte: submittedFrom } : {}),
    ...(submittedBefore ? { lt: submittedBefore } : {}),
  }
  return {
    ...(status ? { status } : {}),
    ...(channel ? { channel } : {}),
    ...(Object.keys(bounds).length > 0 ? { submittedAt: bounds } : {}),
    ...searchWhere(search, (containing) => [
      { respondentEmail: containing },
      { answers: { some: { text: containing } } },
    ]),
  }
}

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
