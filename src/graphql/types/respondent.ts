import { builder } from '../builder.ts'
import { connectionTypes, type Order } from '../connection.ts'
import { idOrNull } from '../global-id.ts'

export const RespondentStatusEnum = builder.enumType('RespondentStatus', {
  description: "How far a person's participation in a link has come (contract/saygent.md 6).",
  values: {
    CREATED: { value: 'created', description: 'Takes part; nothing has happened yet.' },
    QUEUED: { value: 'queued', description: 'A call is due.' },
    CALLED: { value: 'called', description: 'Was called, and has not answered all.' },
    SURVEYED: { value: 'surveyed', description: 'Has submitted a response.' },
    ANALYZED: { value: 'analyzed', description: 'The response was analysed.' },
    INVALID: { value: 'invalid', description: 'Cannot be reached at the number given.' },
  } as const,
})

/** Newest first: ids grow with time. */
export const RESPONDENTS: Order = { name: 'respondents', column: 'id', direction: 'desc', type: 'text' }

export const Respondent = builder.prismaNode('Respondent', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'responses:read' },
  description: "A person's participation in one link, also an anonymous one's.",
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', {
      description: "The respondent's number in the APIs that number things; unique in the workspace.",
    }),
    link: t.relation('link', { description: 'The link they take part in.' }),
    contact: t.relation('contact', {
      nullable: true,
      description: 'Who they are; null for someone who came by the public address.',
    }),
    status: t.field({
      type: RespondentStatusEnum,
      description: 'How far they have come.',
      select: { status: true },
      resolve: (respondent) => respondent.status,
    }),
    personalUrl: t.field({
      type: 'URL',
      description: 'Their own way to the page: what is answered there is theirs, once, and can be continued.',
      select: { id: true, link: { select: { slug: true } } },
      resolve: (respondent, _args, context) =>
        context.linkUrl(context.viewer.workspaceSlug, respondent.link.slug, {
          r: context.signer.sign('respondent', respondent.id),
        }),
    }),
    responses: t.relation('responses', {
      description: 'What they answered, latest first; at most 100.',
      query: { orderBy: [{ startedAt: 'desc' }, { id: 'desc' }], take: 100 },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they began to take part.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When their status last changed.' }),
  }),
})

export const RESPONDENTS_PAGE = connectionTypes(Respondent, 'Respondent', 'respondents')

builder.queryField('respondent', (t) =>
  t.prismaField({
    type: 'Respondent',
    nullable: true,
    description: 'One respondent; null when your workspace has none with this id. Needs `responses:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the respondent.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Respondent', id)
      return uuid === null ? null : context.reader.respondent.findUnique({ ...query, where: { id: uuid } })
    },
  }),
)
