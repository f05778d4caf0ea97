import type { CalendarRules } from '../../domains/calendars/index.ts'
import {
  type ActionButton,
  type BroadcastContent,
  type CampaignKind,
  type ClickToCallContent,
  type EmailContent,
  type RsvpContent,
  type SmsContent,
  UNITS_PER_CENT,
} from '../../domains/campaigns/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import type { Context } from '../context.ts'
import { decodeGlobalId } from '../global-id.ts'
import { CalendarType } from './calendar.ts'
import { operationsOut } from './operation-ids.ts'

/** What each kind of campaign is called in the graph, and in global ids. */
export const CAMPAIGN_TYPES = {
  voice_broadcast: 'VoiceBroadcast',
  click_to_call: 'ClickToCall',
  rsvp: 'RsvpCampaign',
  sms_broadcast: 'SmsBroadcast',
  email_broadcast: 'EmailBroadcast',
} as const satisfies Record<CampaignKind, string>

export type { CampaignKind }

export type CampaignTypeName = (typeof CAMPAIGN_TYPES)[CampaignKind]

/** Stored money, in units of ten-thousandths of a cent, as cents. */
export function cents(amount: bigint | number): number {
  return Number(amount) / UNITS_PER_CENT
}

export const CampaignKindEnum = builder.enumType('CampaignKind', {
  description: 'What a campaign does.',
  values: {
    VOICE_BROADCAST: { value: 'voice_broadcast', description: 'Calls all receivers and plays them something.' },
    CLICK_TO_CALL: { value: 'click_to_call', description: 'Calls receivers one after another until one accepts.' },
    RSVP: { value: 'rsvp', description: 'Calls receivers until as many as wanted have accepted.' },
    SMS_BROADCAST: { value: 'sms_broadcast', description: 'Sends all receivers an SMS.' },
    EMAIL_BROADCAST: { value: 'email_broadcast', description: 'Sends all receivers an e-mail.' },
  } as const satisfies Record<string, { value: CampaignKind; description: string }>,
})

export const CampaignStateEnum = builder.enumType('CampaignState', {
  description: 'What a campaign is doing. Hours in which it does not call change nothing: it stays `ACTIVE`.',
  values: {
    SCHEDULED: { value: 'scheduled', description: 'It begins by itself at `startsAt`.' },
    ACTIVE: { value: 'active', description: 'It addresses its receivers as its rules allow.' },
    HALTED: { value: 'halted', description: 'It begins nothing until it is resumed; calls under way go on and count.' },
    COMPLETED: { value: 'completed', description: 'It has ended, and stays so.' },
  } as const,
})

const count = (description: string) => ({ description }) as const

const CampaignStats = builder.prismaObject('CampaignStats', {
  select: { id: true },
  description:
    'What a campaign has come to. Counted in the very transactions that change what is counted. Accepts, declines, opt-outs and no-replies count people, calls count calls.',
  fields: (t) => ({
    receivers: t.exposeInt('receivers', count('People whom it addresses, each once.')),
    settledReceivers: t.exposeInt('settledReceivers', count('Receivers that have their outcome.')),
    waitingReceivers: t.int({
      description: 'Receivers that have no outcome yet, those that are being addressed included.',
      select: { receivers: true, settledReceivers: true },
      resolve: ({ receivers, settledReceivers }) => receivers - settledReceivers,
    }),
    callsInProgress: t.int({
      description:
        'Calls that hold a line: from being queued until what became of them is known. Costs a statement of its own.',
      select: { id: true },
      resolve: ({ id }, _args, context) => context.batches.count('campaign', 'calls', id, { settledAt: null }),
    }),
    dialedCalls: t.exposeInt('dialedCalls', count('Calls that the provider took.')),
    answeredCalls: t.exposeInt('answeredCalls', count('Calls that were answered.')),
    notAnsweredCalls: t.exposeInt('notAnsweredCalls', count('Calls that ended without an answer.')),
    unknownCalls: t.exposeInt('unknownCalls', count('Calls of which nobody can tell what became.')),
    totalSeconds: t.exposeInt('totalSeconds', count('Seconds of all answered calls, from the answer to the end.')),
    accepts: t.exposeInt('accepts', count('Receivers who accepted, surplus ones included.')),
    declines: t.exposeInt('declines', count('Receivers who declined.')),
    optOuts: t.exposeInt('optOuts', count('Receivers who asked not to be addressed again, by a key.')),
    noReplies: t.exposeInt('noReplies', count('Receivers who answered and pressed no key that means something.')),
    surplusAccepts: t.exposeInt(
      'surplusAccepts',
      count('Of the accepts: those of calls that had been settled as unknown before their reply was heard.'),
    ),
    messagesSent: t.exposeInt('messagesSent', count('Messages that the provider took.')),
    messagesDelivered: t.exposeInt('messagesDelivered', count('Messages that were delivered, as the provider says.')),
    messagesFailed: t.exposeInt('messagesFailed', count('Messages that could not be delivered.')),
    costCents: t.float({
      description: 'What settled calls and sent messages have cost, in cents, by the price table of this server.',
      select: { cost: true },
      resolve: ({ cost }) => cents(cost),
    }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When a number last changed.' }),
  }),
})

export const Campaign = builder.prismaInterface('Campaign', {
  name: 'Campaign',
  interfaces: [builder.nodeInterfaceRef()],
  select: { id: true, kind: true },
  description: 'Something that is sent to receivers on a schedule. Each kind is a type of its own.',
  resolveType: ({ kind }) => CAMPAIGN_TYPES[kind],
  fields: (t) => ({
    kind: t.field({
      type: CampaignKindEnum,
      description: 'What it does.',
      select: { kind: true },
      resolve: ({ kind }) => kind,
    }),
    legacyId: t.exposeInt('legacyId', {
      description: 'Its number in the APIs that number things; unique among the campaigns of its kind.',
    }),
    name: t.exposeString('name', { nullable: true, description: 'What you call it; null: it has no name.' }),
    state: t.field({
      type: CampaignStateEnum,
      description: 'What it is doing.',
      select: { state: true },
      resolve: ({ state }) => state,
    }),
    startsAt: t.expose('startsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is to begin; null: at once.',
    }),
    endsAt: t.expose('endsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'After it nothing is begun and the campaign is completed; null: never.',
    }),
    calendar: t.field({
      type: CalendarType,
      nullable: true,
      description: 'The hours in which it addresses receivers; null: at any time.',
      select: { calendar: true },
      resolve: ({ calendar }) => calendar as unknown as CalendarRules | null,
    }),
    maxAttempts: t.exposeInt('maxAttempts', {
      description: 'How often it tries to reach one receiver, the first time included.',
    }),
    redialAfterMinutes: t.float({
      description: 'Minutes between two calls to one receiver, from the end of the first.',
      select: { redialAfterSeconds: true },
      resolve: ({ redialAfterSeconds }) => redialAfterSeconds / 60,
    }),
    lines: t.exposeInt('lines', {
      nullable: true,
      description: 'How many calls it makes at once; null: as many as workspace and provider allow.',
    }),
    meta: t.expose('meta', { type: 'JSON', nullable: true, description: 'Your own object, as you gave it.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it began to address receivers; null: it has not.',
    }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was completed; null: it is not.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its settings, its state or its receivers were last changed.',
    }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted; it stays as what its calls and messages belong to. Null: it was not.',
    }),
    estimateCents: t.float({
      description:
        'What it would cost to reach each receiver once, in cents, by the price table of this server; estimated when receivers were last added.',
      select: { estimate: true },
      resolve: ({ estimate }) => cents(estimate),
    }),
    contentFault: t.exposeString('contentFault', {
      nullable: true,
      description: 'Why what it says cannot be used; then nobody is addressed. Null: it can.',
    }),
    stats: t.field({
      type: CampaignStats,
      description: 'What it has come to.',
      select: (_args, _context, nestedSelection) => ({ stats: nestedSelection(true) }),
      // Made in the same transaction as the campaign.
      resolve: ({ stats }) => stats!,
    }),
  }),
})

const ACTION_BUTTONS = 'What the keys of the telephone mean, at most 10; other keys mean nothing.'

export const ButtonActionEnum = builder.enumType('ButtonAction', {
  description: 'What a key of the telephone means.',
  values: {
    ACCEPT: { value: 'accept', description: 'Yes.' },
    DECLINE: { value: 'decline', description: 'No.' },
    OPT_OUT: { value: 'opt_out', description: 'Never call me again.' },
  } as const,
})

const ActionButtonType = builder.objectRef<ActionButton>('ActionButton').implement({
  description: 'A key of the telephone and what it means.',
  fields: (t) => ({
    button: t.exposeString('button', { description: 'The key, `0` to `9`.' }),
    action: t.field({ type: ButtonActionEnum, description: 'What it means.', resolve: ({ action }) => action }),
  }),
})

type RsvpVoiceFile = RsvpContent['voiceFiles'][number]

export const RsvpVoiceFileTypeEnum = builder.enumType('RsvpVoiceFileType', {
  description: 'At which point of an RSVP call a voice file is played.',
  values: {
    START: { value: 'start', description: 'First, when the call is answered.' },
    DATA: { value: 'data', description: 'Then: what it is about.' },
    ACTION_BUTTONS: { value: 'action_buttons', description: 'Then: which key means what. A key is waited for.' },
    ACCEPT: { value: 'accept', description: 'After a key that accepts.' },
    END: { value: 'end', description: 'Last, whatever was pressed.' },
  } as const,
})

const voiceFile = (query: object, id: string, { batches }: Context) =>
  batches.node('voiceFile', id, query) as unknown as Promise<never>

const RsvpVoiceFileObject = builder.objectRef<RsvpVoiceFile>('RsvpVoiceFile').implement({
  description: 'A voice file and the point of the call at which it is played.',
  fields: (t) => ({
    type: t.field({ type: RsvpVoiceFileTypeEnum, description: 'At which point.', resolve: ({ type }) => type }),
    voiceFile: t.prismaField({
      type: 'VoiceFile',
      nullable: true,
      description: 'What is played; null when it was deleted.',
      resolve: (query, { voiceFileId }, _args, context) => voiceFile(query, voiceFileId, context),
    }),
  }),
})

const EDITABLE = 'Whether what is sent, to whom and when can still be changed: until it has begun to address receivers.'

export const VoiceBroadcast = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'VoiceBroadcast',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Calls all receivers and plays them something.',
  fields: (t) => ({
    operations: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'What is done in a call, one after the other (docs/operations.md), with voice files by global id. Null when it is not of that vocabulary; `contentFault` says why.',
      select: { content: true },
      resolve: ({ content }) => operationsOut(contentOf<BroadcastContent>(content).operations),
    }),
    operationsText: t.string({
      nullable: true,
      description: 'The same as a client of Multisender wrote it, verbatim; null: none did.',
      select: { content: true },
      resolve: ({ content }) => contentOf<BroadcastContent>(content).operationsText,
    }),
    isEditable: t.boolean({
      description: EDITABLE,
      select: { startedAt: true, state: true },
      resolve: isEditable,
    }),
  }),
})

export const ClickToCall = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'ClickToCall',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Calls receivers one after another, in order, until one accepts.',
  fields: (t) => ({
    voiceFile: t.prismaField({
      type: 'VoiceFile',
      nullable: true,
      description: 'What is played when the call is answered; null when it was deleted.',
      select: { content: true },
      resolve: (query, { content }, _args, context) =>
        voiceFile(query, contentOf<ClickToCallContent>(content).voiceFileId, context),
    }),
    actionButtons: t.field({
      type: [ActionButtonType],
      extensions: { listSize: 3 },
      description: ACTION_BUTTONS,
      select: { content: true },
      resolve: ({ content }) => [...contentOf<ClickToCallContent | RsvpContent>(content).actionButtons],
    }),
  }),
})

export const RsvpCampaign = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'RsvpCampaign',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Calls receivers, several at once, until as many as wanted have accepted.',
  fields: (t) => ({
    acceptsWanted: t.exposeInt('acceptsWanted', {
      nullable: true,
      description: 'How many accepts complete it; null: as many as there are.',
    }),
    voiceFiles: t.field({
      type: [RsvpVoiceFileObject],
      extensions: { listSize: 5 },
      description: 'What is played at which point of a call, at most 5.',
      select: { content: true },
      resolve: ({ content }) => [...contentOf<RsvpContent>(content).voiceFiles],
    }),
    actionButtons: t.field({
      type: [ActionButtonType],
      extensions: { listSize: 3 },
      description: ACTION_BUTTONS,
      select: { content: true },
      resolve: ({ content }) => [...contentOf<ClickToCallContent | RsvpContent>(content).actionButtons],
    }),
  }),
})

export const SmsBroadcast = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'SmsBroadcast',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Sends all receivers an SMS.',
  fields: (t) => ({
    message: t.string({
      description: 'The text.',
      select: { content: true },
      resolve: ({ content }) => contentOf<SmsContent>(content).message,
    }),
    sender: t.string({
      nullable: true,
      description:
        'Whom it seems to come from: a number or up to 11 letters and digits; null: what the server is set up with.',
      select: { content: true },
      resolve: ({ content }) => contentOf<SmsContent>(content).sender,
    }),
    isEditable: t.boolean({
      description: EDITABLE,
      select: { startedAt: true, state: true },
      resolve: isEditable,
    }),
  }),
})

export const EmailBroadcast = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'EmailBroadcast',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Sends all receivers an e-mail.',
  fields: (t) => {
    const part = (key: Exclude<keyof EmailContent, 'subject'>, description: string) =>
      t.string({
        nullable: true,
        description,
        select: { content: true },
        resolve: ({ content }) => contentOf<EmailContent>(content)[key],
      })
    return {
      subject: t.string({
        description: 'The subject.',
        select: { content: true },
        resolve: ({ content }) => contentOf<EmailContent>(content).subject,
      }),
      html: part('html', 'The body as HTML; null: it has text only.'),
      text: part('text', 'The body as plain text; null: it has HTML only.'),
      fromEmail: part('fromEmail', 'Address of the sender; null: what the server is set up with.'),
      fromName: part('fromName', 'Name of the sender; null: what the server is set up with.'),
      isEditable: t.boolean({
        description: EDITABLE,
        select: { startedAt: true, state: true },
        resolve: isEditable,
      }),
    }
  },
})

/** The kinds that call, and those that write. */
export const CALLING = [VoiceBroadcast, ClickToCall, RsvpCampaign] as const
export const WRITING = [SmsBroadcast, EmailBroadcast] as const

function contentOf<Content>(content: unknown): Content {
  return content as Content
}

function isEditable({ startedAt, state }: { startedAt: Date | null; state: string }): boolean {
  return startedAt === null && state !== 'completed'
}

/** The UUID within a global id of a campaign, and its kind; undefined for anything else. */
export function campaignOf(globalId: string): { id: string; kind: CampaignKind } | undefined {
  const { typename, id } = decodeGlobalId(globalId)
  const entry = Object.entries(CAMPAIGN_TYPES).find(([, name]) => name === typename)
  return entry && { id, kind: entry[0] as CampaignKind }
}

export const CAMPAIGNS_PAGE = connectionTypes(Campaign, 'Campaign', 'campaigns')
export const CAMPAIGNS: Order = { name: 'campaigns', column: 'createdAt', direction: 'desc', type: 'instant' }

builder.queryFields((t) => ({
  campaign: t.prismaField({
    type: Campaign,
    nullable: true,
    description: 'One campaign of any kind; null when your workspace has none with this id. Needs `campaigns:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the campaign.' }) },
    resolve: (query, _root, { id }, context) => {
      const where = campaignOf(id)
      return where ? context.reader.campaign.findFirst({ ...query, where: { ...where, deletedAt: null } }) : null
    },
  }),
  campaigns: t.connection(
    {
      type: Campaign,
      description: 'The campaigns of the workspace that are not deleted, newest first. Needs `campaigns:read`.',
      args: {
        kind: t.arg({ type: CampaignKindEnum, description: 'Only those of this kind.' }),
        state: t.arg({ type: CampaignStateEnum, description: 'Only those in this state.' }),
      },
      resolve: (_root, { kind, state, ...args }, context, info) => {
        const where = { deletedAt: null, ...(kind ? { kind } : {}), ...(state ? { state } : {}) }
        return rootConnection(context.reader.campaign, 'Campaign', args, CAMPAIGNS, where, context, info)
      },
    },
    ...CAMPAIGNS_PAGE,
  ),
}))
