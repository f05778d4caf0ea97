import { brandWithType } from '@pothos/core'
import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { READ_SCOPES, requireScope } from '../../domains/auth/index.ts'
import { isUuid } from '../../platform/ids.ts'
import { isStorable } from '../../platform/validation.ts'
import type { NodeModel } from '../batches.ts'
import { builder, setLoadNode } from '../builder.ts'
import type { Context } from '../context.ts'
import { CAMPAIGN_TYPES, type CampaignKind } from './campaign.ts'
import { messageLoads } from './message-loads.ts'

/** Every kind of object with a global id, and the model of its rows. */
const MODELS: Readonly<Record<string, NodeModel>> = {
  Workspace: 'workspace',
  ApiKey: 'apiKey',
  User: 'user',
  Subuser: 'subuser',
  Link: 'link',
  Question: 'question',
  Contact: 'contact',
  ContactList: 'contactList',
  ContactListMember: 'contactListMember',
  Segment: 'segment',
  ContactImport: 'contactImport',
  Respondent: 'respondent',
  Response: 'response',
  Answer: 'answer',
  Transcript: 'transcript',
  Insight: 'insight',
  FollowUp: 'followUp',
  VoiceFile: 'voiceFile',
  ...Object.fromEntries(Object.values(CAMPAIGN_TYPES).map((name) => [name, 'campaign' as const])),
  CampaignTarget: 'campaignTarget',
  Receiver: 'receiver',
  Call: 'call',
  Recording: 'recording',
  OutboundMessage: 'outboundMessage',
  Webhook: 'webhook',
  WebhookDelivery: 'webhookDelivery',
  WebhookAttempt: 'webhookAttempt',
}

/** Kinds of objects whose rows are no model's, and how one is found. */
const FINDERS: Readonly<Record<string, (id: string, context: Context) => Promise<{ id: string } | null>>> = {
  Message: (id, context) => messageLoads(context).message(id),
  Conversation: (id, context) => messageLoads(context).conversation(id),
  MessageThread: (id, context) => messageLoads(context).thread(id),
}

/** Which of its model's rows a type has, where several types share a model. */
const ONLY: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(CAMPAIGN_TYPES).map(([kind, name]) => [name, { kind }]),
)

/** Ids of one kind in one operation are loaded by one statement. */
async function load(typename: string, id: string, context: Context, info: GraphQLResolveInfo): Promise<object | null> {
  if (Object.hasOwn(FINDERS, typename)) {
    checkReadable(context, typename)
    return branded(typename, await FINDERS[typename]!(id, context))
  }
  const model = Object.hasOwn(MODELS, typename) ? MODELS[typename] : undefined
  if (!model) return null
  checkReadable(context, typename)
  const query = queryFromInfo({ context, info, typeName: typename })
  return branded(typename, await context.batches.node(model, id, query, ONLY[typename]))
}

setLoadNode(({ typename, id }, context, info) => load(typename, id, context, info))

/** A campaign of any kind, for who does not know which. */
async function loadCampaign(id: string, context: Context, info: GraphQLResolveInfo): Promise<object | null> {
  checkReadable(context, 'Campaign')
  const query = queryFromInfo({ context, info, typeName: 'Campaign' })
  const row = await context.batches.node('campaign', id, query)
  // Whatever is asked of a campaign, its kind is read with it.
  return row && branded(CAMPAIGN_TYPES[(row as { id: string; kind: CampaignKind }).kind], row)
}

function checkReadable({ viewer }: Context, typename: string): void {
  const scope = READ_SCOPES[typename]
  if (scope) requireScope(viewer, scope)
}

/** Tells GraphQL which type a row has where a field may give several. */
function branded(typename: string, row: { id: string } | null): object | null {
  if (row) brandWithType(row, typename as never)
  return row
}

const LegacySystemEnum = builder.enumType('LegacySystem', {
  description: 'The products that Saygraph replaces, whose clients hold their ids.',
  values: {
    SAYGENT: { description: 'Numbers of surveys (links) and respondents.' },
    SAYIFY: { description: 'UUIDs of links, questions, responses, answers, webhooks and keys; slugs of links.' },
    MULTISENDER: {
      description:
        'Numbers of accounts (contacts), groups (contact lists), filters (segments), voice files and subusers; of calls (voice broadcasts), click to calls, RSVP calls, SMS and e-mails (broadcasts), each counted on its own; and of the receivers of these (campaign targets).',
    },
    SAYSIMPLE: { description: 'It has no ids for these types; links are found whichever the system.' },
  } as const,
})

/** What `nodeByUuid` and `nodeByLegacyId` call the types. */
const TYPES = {
  WORKSPACE: { typename: 'Workspace', description: 'Your workspace.' },
  API_KEY: { typename: 'ApiKey', description: 'An API key.' },
  USER: { typename: 'User', description: 'A user.' },
  SUBUSER: { typename: 'Subuser', description: 'A subuser.' },
  LINK: { typename: 'Link', description: 'A link.' },
  QUESTION: { typename: 'Question', description: 'A question.' },
  CONTACT: { typename: 'Contact', description: 'A contact.' },
  CONTACT_LIST: { typename: 'ContactList', description: 'A list of contacts.' },
  CONTACT_LIST_MEMBER: { typename: 'ContactListMember', description: 'A contact as a member of a list.' },
  SEGMENT: { typename: 'Segment', description: 'A segment.' },
  CONTACT_IMPORT: { typename: 'ContactImport', description: 'An import of contacts.' },
  RESPONDENT: { typename: 'Respondent', description: 'A respondent.' },
  RESPONSE: { typename: 'Response', description: 'A response.' },
  ANSWER: { typename: 'Answer', description: 'An answer.' },
  TRANSCRIPT: { typename: 'Transcript', description: 'A transcript of a recording.' },
  INSIGHT: { typename: 'Insight', description: 'What an answer was found to say.' },
  FOLLOW_UP: { typename: 'FollowUp', description: 'A further question about an answer.' },
  VOICE_FILE: { typename: 'VoiceFile', description: 'A voice file.' },
  CAMPAIGN: { typename: 'Campaign', description: 'A campaign, of whatever kind.' },
  VOICE_BROADCAST: { typename: 'VoiceBroadcast', description: 'A voice broadcast.' },
  CLICK_TO_CALL: { typename: 'ClickToCall', description: 'A click to call.' },
  RSVP_CAMPAIGN: { typename: 'RsvpCampaign', description: 'An RSVP campaign.' },
  SMS_BROADCAST: { typename: 'SmsBroadcast', description: 'An SMS broadcast.' },
  EMAIL_BROADCAST: { typename: 'EmailBroadcast', description: 'An e-mail broadcast.' },
  SURVEY_CALLS: { typename: 'SurveyCalls', description: 'A survey by phone.' },
  CAMPAIGN_TARGET: { typename: 'CampaignTarget', description: 'Whom a campaign was told to address.' },
  RECEIVER: { typename: 'Receiver', description: 'A person whom a campaign addresses.' },
  CALL: { typename: 'Call', description: 'A call.' },
  RECORDING: { typename: 'Recording', description: 'What was said in a call.' },
  OUTBOUND_MESSAGE: { typename: 'OutboundMessage', description: 'An SMS or e-mail of a campaign.' },
  MESSAGE: { typename: 'Message', description: 'A message that was exchanged with a customer.' },
  CONVERSATION: { typename: 'Conversation', description: 'A conversation with a customer.' },
  MESSAGE_THREAD: { typename: 'MessageThread', description: 'All that was exchanged with a customer over a channel.' },
  WEBHOOK: { typename: 'Webhook', description: 'A webhook.' },
  WEBHOOK_DELIVERY: { typename: 'WebhookDelivery', description: 'A delivery of a webhook.' },
  WEBHOOK_ATTEMPT: { typename: 'WebhookAttempt', description: 'An attempt at a delivery.' },
} as const

type NodeType = keyof typeof TYPES

const NodeTypeEnum = builder.enumType('NodeType', {
  description: 'What a UUID names.',
  values: Object.fromEntries(Object.entries(TYPES).map(([name, { description }]) => [name, { description }])) as Record<
    NodeType,
    { description: string }
  >,
})

builder.queryField('nodeByUuid', (t) =>
  t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description:
      'The object whose UUID events, webhooks and addresses give; null when your workspace has none, whatever the reason. `node` finds it by its global id.',
    args: {
      type: t.arg({ type: NodeTypeEnum, required: true, description: 'What it names.' }),
      uuid: t.arg({ type: 'UUID', required: true, description: 'The UUID, such as `callId` of an event.' }),
    },
    resolve: async (_root, { type, uuid }, context, info) => {
      const id = uuid.toLowerCase()
      if (!isUuid(id)) return null
      const found =
        type === 'CAMPAIGN' ? loadCampaign(id, context, info) : load(TYPES[type].typename, id, context, info)
      return (await found) as never
    },
  }),
)

const LEGACY_TYPES = [
  ...(['LINK', 'QUESTION', 'CONTACT', 'CONTACT_LIST', 'SEGMENT', 'RESPONDENT', 'RESPONSE', 'ANSWER'] as const),
  ...(['API_KEY', 'SUBUSER', 'VOICE_FILE', 'VOICE_BROADCAST', 'CLICK_TO_CALL', 'RSVP_CAMPAIGN'] as const),
  ...(['SMS_BROADCAST', 'EMAIL_BROADCAST', 'CAMPAIGN_TARGET', 'WEBHOOK'] as const),
] satisfies NodeType[]
type LegacyType = (typeof LEGACY_TYPES)[number]

const LegacyTypeEnum = builder.enumType('LegacyType', {
  description: 'What a legacy id names, in the words of this graph.',
  values: {
    ...(Object.fromEntries(
      LEGACY_TYPES.map((type) => [type, { description: TYPES[type].description }]),
    ) as unknown as Record<LegacyType, { description: string }>),
    LINK: { description: 'A link: by number, UUID or slug, whichever the system.' },
  },
})

type System = typeof LegacySystemEnum.$inferType

/** What each system numbers by small integers. */
const NUMBERED: Readonly<Record<System, readonly LegacyType[]>> = {
  SAYGENT: ['LINK', 'RESPONDENT'],
  SAYIFY: ['LINK'],
  MULTISENDER: [
    ...(['LINK', 'CONTACT', 'CONTACT_LIST', 'SEGMENT', 'SUBUSER', 'VOICE_FILE', 'VOICE_BROADCAST'] as const),
    ...(['CLICK_TO_CALL', 'RSVP_CAMPAIGN', 'SMS_BROADCAST', 'EMAIL_BROADCAST', 'CAMPAIGN_TARGET'] as const),
  ],
  SAYSIMPLE: ['LINK'],
}

builder.queryField('nodeByLegacyId', (t) =>
  t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description: 'The object that a legacy API calls by this id; null when your workspace has none.',
    args: {
      system: t.arg({ type: LegacySystemEnum, required: true, description: 'Whose id it is.' }),
      type: t.arg({ type: LegacyTypeEnum, required: true, description: 'What it names.' }),
      id: t.arg.string({ required: true, description: 'The id as that API writes it.' }),
    },
    resolve: async (_root, { system, type, id }, context, info) => {
      const { typename } = TYPES[type]
      checkReadable(context, typename)
      const where = legacyWhere(system, type, id)
      if (!where) return null
      const rows = context.reader[MODELS[typename]!] as unknown as {
        findFirst(args: object): Promise<{ id: string } | null>
      }
      const query = queryFromInfo({ context, info, typeName: typename })
      return branded(typename, await rows.findFirst({ ...query, where })) as never
    },
  }),
)

/** What there is of a type to whoever has the id. */
const EXISTING: Partial<Record<LegacyType, object>> = {
  VOICE_BROADCAST: { kind: 'voice_broadcast', deletedAt: null },
  CLICK_TO_CALL: { kind: 'click_to_call', deletedAt: null },
  RSVP_CAMPAIGN: { kind: 'rsvp', deletedAt: null },
  SMS_BROADCAST: { kind: 'sms_broadcast', deletedAt: null },
  EMAIL_BROADCAST: { kind: 'email_broadcast', deletedAt: null },
  LINK: { deletedAt: null },
  CONTACT: { deletedAt: null },
  CONTACT_LIST: { deletedAt: null },
  SEGMENT: { deletedAt: null },
  VOICE_FILE: { deletedAt: null },
  WEBHOOK: { retiredAt: null },
  SUBUSER: { deactivatedAt: null },
}

const MAX_INT = 2 ** 31 - 1

function legacyWhere(system: System, type: LegacyType, id: string): object | undefined {
  if (/^[1-9]\d{0,9}$/.test(id) && Number(id) <= MAX_INT && NUMBERED[system].includes(type)) {
    return { legacyId: Number(id), ...EXISTING[type] }
  }
  if (system === 'SAYIFY' || type === 'LINK') {
    if (isUuid(id.toLowerCase())) return { id: id.toLowerCase(), ...EXISTING[type] }
    if (type === 'LINK' && id !== '' && isStorable(id)) return { slug: id, deletedAt: null }
  }
  return undefined
}
