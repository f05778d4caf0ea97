import { brandWithType } from '@pothos/core'
import { queryFromInfo } from '@pothos/plugin-prisma'
import { READ_SCOPES, requireScope } from '../../domains/auth/index.ts'
import { isUuid } from '../../platform/ids.ts'
import { isStorable } from '../../platform/validation.ts'
import type { NodeModel } from '../batches.ts'
import { builder, setLoadNode } from '../builder.ts'
import type { Context } from '../context.ts'

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
  VoiceFile: 'voiceFile',
  Webhook: 'webhook',
  WebhookDelivery: 'webhookDelivery',
  WebhookAttempt: 'webhookAttempt',
}

/** Ids of one kind in one operation are loaded by one statement. */
setLoadNode(async ({ typename, id }, context, info) => {
  const model = Object.hasOwn(MODELS, typename) ? MODELS[typename] : undefined
  if (!model) return null
  checkReadable(context, typename)
  return branded(typename, await context.batches.node(model, id, queryFromInfo({ context, info, typeName: typename })))
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
        'Numbers of accounts (contacts), groups (contact lists), filters (segments), voice files and subusers.',
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
  WEBHOOK: 'Webhook',
}

/** What each system numbers by small integers. */
const NUMBERED: Readonly<Record<System, readonly LegacyType[]>> = {
  SAYGENT: ['LINK', 'RESPONDENT'],
  SAYIFY: ['LINK'],
  MULTISENDER: ['LINK', 'CONTACT', 'CONTACT_LIST', 'SEGMENT', 'SUBUSER', 'VOICE_FILE'],
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
