import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { Campaign, cents } from './campaign.ts'
import { CALLING } from './campaign-kinds.ts'

export const CallStateEnum = builder.enumType('CallState', {
  description: 'How far a call has come; it never goes back.',
  values: {
    QUEUED: { value: 'queued', description: 'It has its line and is about to be dialled.' },
    DIALING: { value: 'dialing', description: 'The provider took it.' },
    RINGING: { value: 'ringing', description: 'The telephone rings.' },
    ANSWERED: { value: 'answered', description: 'Somebody, or something, answered.' },
    ENDED: { value: 'ended', description: 'It is over.' },
  } as const,
})

export const CallCauseEnum = builder.enumType('CallCause', {
  description: "Why a call ended, whatever the provider calls it; the provider's own codes are beside it.",
  values: {
    ANSWERED: { value: 'answered', description: 'It was answered, and hung up later.' },
    BUSY: { value: 'busy', description: 'The line was busy.' },
    NO_ANSWER: { value: 'no_answer', description: 'Nobody answered.' },
    REFUSED: { value: 'refused', description: 'The person, or their telephone, refused it.' },
    UNREACHABLE: { value: 'unreachable', description: 'The telephone is switched off or out of reach.' },
    INVALID_NUMBER: { value: 'invalid_number', description: 'The number does not exist.' },
    PROVIDER_FAULT: { value: 'provider_fault', description: 'The provider could not make it.' },
    CANCELLED: { value: 'cancelled', description: 'This server took it back.' },
  } as const,
})

export const CallReplyEnum = builder.enumType('CallReply', {
  description: 'What a person said by a key.',
  values: {
    ACCEPT: { value: 'accept', description: 'Yes.' },
    DECLINE: { value: 'decline', description: 'No.' },
    OPT_OUT: { value: 'opt_out', description: 'Never call me again.' },
  } as const,
})

const CallSettlementEnum = builder.enumType('CallSettlement', {
  description: 'On what ground it was decided what became of a call.',
  values: {
    REPORTED: { value: 'reported', description: 'The provider told when it ended.' },
    RECONCILED: { value: 'reconciled', description: 'No news came in time; the provider was asked and knew.' },
    UNKNOWN: { value: 'unknown', description: 'Nobody can tell. It counts as an attempt, and is not dialled again.' },
    NOT_DIALED: { value: 'not_dialed', description: 'It is certain that it was never dialled. It counts for nothing.' },
  } as const,
})

const RecordingStateEnum = builder.enumType('RecordingState', {
  description: 'Whether a recording can be played.',
  values: {
    PENDING: { value: 'pending', description: 'It is still with the provider.' },
    READY: { value: 'ready', description: 'It can be played.' },
    LOST: { value: 'lost', description: 'The provider does not have it, or it was erased.' },
  } as const,
})

export const Recording = builder.prismaNode('Recording', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'What a person said in a call, as a WAV file.',
  fields: (t) => ({
    call: t.relation('call', { description: 'The call.' }),
    answer: t.relation('answer', {
      nullable: true,
      description: 'The answer that it is, in a survey; null: it is none, or was answered otherwise since.',
    }),
    state: t.field({
      type: RecordingStateEnum,
      description: 'Whether it can be played.',
      select: { state: true },
      resolve: ({ state }) => state,
    }),
    durationSeconds: t.float({
      nullable: true,
      description: 'How long it plays, in seconds; null unless `READY`.',
      select: { durationMs: true },
      resolve: ({ durationMs }) => (durationMs === null ? null : durationMs / 1000),
    }),
    size: t.exposeInt('size', { nullable: true, description: 'Bytes of the WAV file; null unless `READY`.' }),
    url: t.field({
      type: 'URL',
      nullable: true,
      description:
        'Plays it, for an hour, without a credential, and with byte ranges; ask again for another. Null unless `READY`.',
      select: { id: true, workspaceId: true, state: true },
      resolve: ({ id, workspaceId, state }, _args, context) =>
        state === 'ready' ? context.recordingUrl(workspaceId, id) : null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
})

const instant = (description: string) => ({ type: 'DateTime', nullable: true, description }) as const

export const Call = builder.prismaNode('Call', {
  id: { field: 'id', description: 'Global id. The UUID that it holds is what the provider calls the call.' },
  select: { id: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'One dial of one person.',
  fields: (t) => ({
    campaign: t.relation('campaign', { type: Campaign, description: 'The campaign, also a deleted one.' }),
    receiver: t.relation('receiver', { description: 'The receiver whom it was to reach.' }),
    contact: t.relation('contact', { description: 'Who was called, also a deleted contact.' }),
    respondent: t.relation('respondent', {
      nullable: true,
      description: 'Whose answers it asks for; null: it is no call of a survey.',
    }),
    answers: t.relation('answers', {
      extensions: { listSize: 10 },
      description:
        'What was answered in it and was not answered otherwise since, one per question, in the order of the questions.',
      query: { orderBy: [{ order: 'asc' }, { id: 'asc' }] },
    }),
    attempt: t.exposeInt('attempt', { description: 'Counts from 1 per receiver.' }),
    phone: t.expose('phone', {
      type: 'PhoneNumber',
      nullable: true,
      description: 'The number that was dialled; E.164. Null once it was erased.',
    }),
    state: t.field({
      type: CallStateEnum,
      description: 'How far it has come.',
      select: { state: true },
      resolve: ({ state }) => state,
    }),
    cause: t.field({
      type: CallCauseEnum,
      nullable: true,
      description: 'Why it ended; null until then, and when nobody can tell.',
      select: { cause: true },
      resolve: ({ cause }) => cause,
    }),
    reply: t.field({
      type: CallReplyEnum,
      nullable: true,
      description: 'What the person said by a key; null: nothing.',
      select: { reply: true },
      resolve: ({ reply }) => reply,
    }),
    digits: t.exposeString('digits', {
      nullable: true,
      description: 'The keys that were last pressed when keys were asked for; null: none, or erased.',
    }),
    settledAs: t.field({
      type: CallSettlementEnum,
      nullable: true,
      description: 'On what ground it was decided what became of it; null: it holds its line still.',
      select: { settledAs: true },
      resolve: ({ settledAs }) => settledAs,
    }),
    queuedAt: t.expose('createdAt', { type: 'DateTime', description: 'When it got its line.' }),
    dialedAt: t.expose('dialedAt', instant('When the provider took it; null: it has not.')),
    ringingAt: t.expose('ringingAt', instant('When the telephone began to ring; null: nobody told that it did.')),
    answeredAt: t.expose('answeredAt', instant('When it was answered; null: it was not.')),
    endedAt: t.expose('endedAt', instant('When it ended; null: it has not.')),
    settledAt: t.expose('settledAt', instant('When it was decided what became of it; null: not yet.')),
    durationSeconds: t.exposeInt('durationSeconds', {
      nullable: true,
      description: 'Seconds from the answer to the end; null: it has not ended, or was not answered.',
    }),
    costCents: t.float({
      description:
        'What it cost, in cents, by the price table of this server; until it is settled, the most that it can cost.',
      select: { cost: true },
      resolve: ({ cost }) => cents(cost),
    }),
    q850Cause: t.exposeInt('q850', {
      nullable: true,
      description: 'Cause code of ITU-T Q.850, as the provider gave it; null: it gave none.',
    }),
    sipStatus: t.exposeInt('sip', {
      nullable: true,
      description: 'SIP status code (RFC 3261), as the provider gave it; null: it gave none.',
    }),
    recordings: t.relation('recordings', {
      extensions: { listSize: 3 },
      description: 'What was said in it, in the order of recording; at most 100.',
      query: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 100 },
    }),
  }),
})

const CALLS_PAGE = connectionTypes(Call, 'Call', 'calls')
const CALLS: Order = { name: 'calls', column: 'createdAt', direction: 'desc', type: 'instant' }

const STATE = { type: CallStateEnum, description: 'Only those in this state.' } as const
const CAUSE = { type: CallCauseEnum, description: 'Only those that ended for this cause.' } as const

function callWhere({
  state,
  cause,
}: {
  state?: typeof CallStateEnum.$inferType | null | undefined
  cause?: typeof CallCauseEnum.$inferType | null | undefined
}): Record<string, unknown> {
  return { ...(state ? { state } : {}), ...(cause ? { cause } : {}) }
}

for (const type of CALLING) {
  builder.prismaObjectField(type, 'calls', (t) =>
    t.connection(
      {
        type: Call,
        description: 'Its calls, newest first.',
        args: { state: t.arg(STATE), cause: t.arg(CAUSE) },
        ...relationPage('campaign', 'calls', 'Call', CALLS, callWhere),
      },
      ...CALLS_PAGE,
    ),
  )
}

builder.prismaObjectField('Contact', 'calls', (t) =>
  t.connection(
    {
      type: Call,
      description: 'Calls to them, newest first. Needs `campaigns:read`.',
      args: { state: t.arg(STATE), cause: t.arg(CAUSE) },
      ...relationPage('contact', 'calls', 'Call', CALLS, callWhere),
    },
    ...CALLS_PAGE,
  ),
)

builder.prismaObjectField('Respondent', 'calls', (t) =>
  t.connection(
    {
      type: Call,
      description: 'Calls that asked them, by whatever campaign, newest first. Needs `campaigns:read`.',
      args: { state: t.arg(STATE), cause: t.arg(CAUSE) },
      ...relationPage('respondent', 'calls', 'Call', CALLS, callWhere),
    },
    ...CALLS_PAGE,
  ),
)

builder.prismaObjectField('Receiver', 'calls', (t) =>
  t.relation('calls', {
    extensions: { listSize: 5 },
    description: 'The calls to this receiver, one per attempt, first to last; at most 100.',
    query: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 100 },
  }),
)

builder.queryFields((t) => ({
  call: t.prismaField({
    type: 'Call',
    nullable: true,
    description: 'One call; null when your workspace has none with this id. Needs `campaigns:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the call.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Call', id)
      return uuid === null ? null : context.reader.call.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  calls: t.connection(
    {
      type: Call,
      description: 'The calls of the workspace, newest first, also those of deleted campaigns. Needs `campaigns:read`.',
      args: { state: t.arg(STATE), cause: t.arg(CAUSE) },
      resolve: (_root, args, context, info) =>
        rootConnection(context.reader.call, 'Call', args, CALLS, callWhere(args), context, info),
    },
    ...CALLS_PAGE,
  ),
}))
