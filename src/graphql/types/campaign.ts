import type { CalendarRules } from '../../domains/calendars/index.ts'
import { type CampaignKind, UNITS_PER_CENT } from '../../domains/campaigns/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage, rootConnection } from '../connection.ts'
import { decodeGlobalId } from '../global-id.ts'
import { CalendarType } from './calendar.ts'

/** What each kind of campaign is called in the graph, and in global ids. */
export const CAMPAIGN_TYPES = {
  voice_broadcast: 'VoiceBroadcast',
  click_to_call: 'ClickToCall',
  rsvp: 'RsvpCampaign',
  sms_broadcast: 'SmsBroadcast',
  email_broadcast: 'EmailBroadcast',
  survey_calls: 'SurveyCalls',
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
    SURVEY_CALLS: { value: 'survey_calls', description: 'Calls all receivers and asks them the questions of a link.' },
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
    surveyed: t.exposeInt('surveyed', count('Calls in which a survey was answered as far as a phone can ask it.')),
    partial: t.exposeInt('partial', count('Calls in which some of the questions of a survey were answered.')),
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
    link: t.relation('link', {
      nullable: true,
      description:
        'The survey that it asks by telephone, or whose address is in its SMS, also a deleted one. Calls of a survey always have one. Null: it is about none.',
    }),
    isStanding: t.exposeBoolean('standing', {
      description:
        'Whether the server made it and keeps it for its link: people are added to it all the time, and it is never completed by having addressed all.',
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
    meta: t.field({
      type: 'JSONObject',
      nullable: true,
      description: 'Your own object, as you gave it.',
      select: { meta: true },
      resolve: ({ meta }) => meta as Record<string, unknown> | null,
    }),
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

/** The UUID within a global id of a campaign, and its kind; undefined for anything else. */
export function campaignOf(globalId: string): { id: string; kind: CampaignKind } | undefined {
  const { typename, id } = decodeGlobalId(globalId)
  const entry = Object.entries(CAMPAIGN_TYPES).find(([, name]) => name === typename)
  return entry && { id, kind: entry[0] as CampaignKind }
}

export const CAMPAIGNS_PAGE = connectionTypes(Campaign, 'Campaign', 'campaigns')
export const CAMPAIGNS: Order = { name: 'campaigns', column: 'createdAt', direction: 'desc', type: 'instant' }
const LINK_CAMPAIGNS: Order = { ...CAMPAIGNS, name: 'linkCampaigns' }

function campaignWhere({
  kind,
  state,
}: {
  kind?: CampaignKind | null | undefined
  state?: typeof CampaignStateEnum.$inferType | null | undefined
}): Record<string, unknown> {
  return { deletedAt: null, ...(kind ? { kind } : {}), ...(state ? { state } : {}) }
}

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
        const where = campaignWhere({ kind, state })
        return rootConnection(context.reader.campaign, 'Campaign', args, CAMPAIGNS, where, context, info)
      },
    },
    ...CAMPAIGNS_PAGE,
  ),
}))

builder.prismaObjectField('Link', 'campaigns', (t) =>
  t.connection(
    {
      type: Campaign,
      description:
        'The campaigns that ask it by telephone or lead to it, but for deleted ones, newest first; those that the server keeps for it are among them (`isStanding`). Needs `campaigns:read`.',
      args: {
        kind: t.arg({ type: CampaignKindEnum, description: 'Only those of this kind.' }),
        state: t.arg({ type: CampaignStateEnum, description: 'Only those in this state.' }),
      },
      ...relationPage('link', 'campaigns', 'Campaign', LINK_CAMPAIGNS, campaignWhere),
    },
    ...CAMPAIGNS_PAGE,
  ),
)
