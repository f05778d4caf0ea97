import { READ_SCOPES, requireScope } from '../../domains/auth/index.ts'
import { isUuid } from '../../platform/ids.ts'
import type { NodeModel } from '../batches.ts'
import { builder, setLoadableNode } from '../builder.ts'

setLoadableNode((context, { typename }) => {
  const { viewer } = context
  const scope = READ_SCOPES[typename]
  if (scope) requireScope(viewer, scope)
  return scope !== undefined
})

const LegacySystemEnum = builder.enumType('LegacySystem', {
  description: 'The products that Saygraph replaces, whose clients hold their ids.',
  values: {
    SAYGENT: { description: 'Numbers of surveys (links) and respondents.' },
    SAYIFY: { description: 'UUIDs of links, questions, responses, answers and keys; slugs of links.' },
    MULTISENDER: { description: 'Numbers of accounts (contacts).' },
    SAYSIMPLE: { description: 'None of the present types has an id of it.' },
  } as const,
})

const LegacyTypeEnum = builder.enumType('LegacyType', {
  description: 'What a legacy id names, in the words of this graph.',
  values: {
    LINK: { description: 'A link: by number, UUID or slug, whichever the system.' },
    QUESTION: { description: 'A question.' },
    CONTACT: { description: 'A contact.' },
    RESPONDENT: { description: 'A respondent.' },
    RESPONSE: { description: 'A response.' },
    ANSWER: { description: 'An answer.' },
    API_KEY: { description: 'An API key.' },
  } as const,
})

type System = typeof LegacySystemEnum.$inferType
type LegacyType = typeof LegacyTypeEnum.$inferType

const MODELS = {
  LINK: { typename: 'Link', model: 'link' },
  QUESTION: { typename: 'Question', model: 'question' },
  CONTACT: { typename: 'Contact', model: 'contact' },
  RESPONDENT: { typename: 'Respondent', model: 'respondent' },
  RESPONSE: { typename: 'Response', model: 'response' },
  ANSWER: { typename: 'Answer', model: 'answer' },
  API_KEY: { typename: 'ApiKey', model: 'apiKey' },
} as const satisfies Record<LegacyType, { typename: string; model: NodeModel }>

/** What each system numbers by small integers. */
const NUMBERED: Readonly<Record<System, readonly LegacyType[]>> = {
  SAYGENT: ['LINK', 'RESPONDENT'],
  SAYIFY: ['LINK'],
  MULTISENDER: ['LINK', 'CONTACT'],
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
    resolve: async (_root, { system, type, id }, context) => {
      const { typename, model } = MODELS[type]
      const scope = READ_SCOPES[typename]
      if (scope) requireScope(context.viewer, scope)
      const where = legacyWhere(system, type, id)
      if (!where) return null
      const rows = context.reader[model] as unknown as { findFirst(args: object): Promise<{ id: string } | null> }
      const row = await rows.findFirst({ where, select: { id: true } })
      return row ? { __typename: typename, id: row.id } : null
    },
  }),
)

const MAX_INT = 2 ** 31 - 1

function legacyWhere(system: System, type: LegacyType, id: string): object | undefined {
  if (/^[1-9]\d{0,9}$/.test(id) && Number(id) <= MAX_INT && NUMBERED[system].includes(type)) {
    return { legacyId: Number(id), ...(type === 'LINK' ? { deletedAt: null } : {}) }
  }
  if (system === 'SAYIFY' || type === 'LINK') {
    if (isUuid(id.toLowerCase())) return { id: id.toLowerCase() }
    if (type === 'LINK' && id !== '') return { slug: id, deletedAt: null }
  }
  return undefined
}
