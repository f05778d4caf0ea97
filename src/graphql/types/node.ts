import { brandWithType } from '@pothos/core'
import { queryFromInfo } from '@pothos/plugin-prisma'
import { READ_SCOPES, requireScope } from '../../domains/auth/index.ts'
import { isUuid } from '../../platform/ids.ts'
import { isStorable } from '../../platform/validation.ts'
import type { NodeModel } from '../batches.ts'
import { builder, setLoadNode } from '../builder.ts'
import type { Context } from '../context.ts'
import { CAMPAIGN_TYPES } from './campaign.ts'
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
setLoadNode(async ({ typename, id }, context, info) => {
  if (Object.hasOwn(FINDERS, typename)) {
    checkReadable(context, typename)
    return branded(typename, await FINDERS[typename]!(id, context))
  }
  const model = Object.hasOwn(MODELS, typename) ? MODELS[typename] : undefined
  if (!model) return null
  checkReadable(context, typename)
  const query = queryFromInfo({ context, info, typeName: typename })
  return branded(typename, await context.batches.node(model, id, query, ONLY[typename]))
})

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
    SAYSIMPLE: { description: 'None of the present types has an id of it.' },
  } as const,
})

const LegacyTypeEnum = builder.enumType('LegacyType', {
  description: 'What a legacy id names, in the words of this graph.',
  values: {
    LINK: { description: 'A link: by number, UUID or slug, whichever the system.' },
    QUESTION: { description: 'A question.' },
    CONTACT: { description: 'A contact.' },
    CONTACT_LIST: { description: 'A list of contacts.' },
    SEGMENT: { description: 'A segment.' },
    RESPONDENT: { description: 'A respondent.' },
    RESPONSE: { description: 'A response.' },
    ANSWER: { description: 'An answer.' },
    API_KEY: { description: 'An API key.' },
    SUBUSER: { description: 'A subuser.' },
    VOICE_FILE: { description: 'A voice file.' },
    VOICE_BROADCAST: { description: 'A voice broadcast.' },
    CLICK_TO_CALL: { description: 'A click to call.' },
    RSVP_CAMPAIGN: { description: 'An RSVP campaign.' },
    SMS_BROADCAST: { description: 'An SMS broadcast.' },
    EMAIL_BROADCAST: { description: 'An e-mail broadcast.' },
    CAMPAIGN_TARGET: { description: 'Whom a campaign was told to address.' },
    WEBHOOK: { description: 'A webhook.' },
  } as const,
})

type System = typeof LegacySystemEnum.$inferType
type LegacyType = typeof LegacyTypeEnum.$inferType

const TYPE_NAMES: Readonly<Record<LegacyType, string>> = {
  LINK: 'Link',
  QUESTION: 'Question',
  CONTACT: 'Contact',
  CONTACT_LIST: 'ContactList',
  SEGMENT: 'Segment',
  RESPONDENT: 'Respondent',
  RESPONSE: 'Response',
  ANSWER: 'Answer',
  API_KEY: 'ApiKey',
  SUBUSER: 'Subuser',
  VOICE_FILE: 'VoiceFile',
  VOICE_BROADCAST: 'VoiceBroadcast',
  CLICK_TO_CALL: 'ClickToCall',
  RSVP_CAMPAIGN: 'RsvpCampaign',
  SMS_BROADCAST: 'SmsBroadcast',
  EMAIL_BROADCAST: 'EmailBroadcast',
  CAMPAIGN_TARGET: 'CampaignTarget',
  WEBHOOK: 'Webhook',
}

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
      const typename = TYPE_NAMES[type]
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
