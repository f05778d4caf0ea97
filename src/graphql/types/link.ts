import { DEFAULT_THANK_YOU, type LinkSettings, type LinkStatus } from '../../domains/links/index.ts'
import { responseWhere } from '../../domains/reporting/index.ts'
import { isStorable } from '../../platform/validation.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { searchWhere } from '../search.ts'
import { RESPONDENTS, RESPONDENTS_PAGE, Respondent } from './respondent.ts'
import { RESPONSE_ORDERS, RESPONSES_PAGE, Response, ResponseFilter, ResponseSort } from './response.ts'

interface ResponsesArgs {
  sort: typeof ResponseSort.$inferType
  filter?: typeof ResponseFilter.$inferInput | null
}

export const LinkStatusEnum = builder.enumType('LinkStatus', {
  description: 'Whether a link takes new sessions.',
  values: {
    ACTIVE: { value: 'active', description: 'Anyone with the address may answer.' },
    PAUSED: { value: 'paused', description: 'No new sessions; those already open may finish.' },
  } as const satisfies Record<string, { value: LinkStatus; description: string }>,
})

const LinkSettingsType = builder.objectRef<LinkSettings>('LinkSettings').implement({
  description: 'How the public page speaks. A key that was not given is null.',
  fields: (t) => ({
    description: t.string({
      nullable: true,
      description: 'Text at the top of the page.',
      resolve: (s) => s.description,
    }),
    thankYouMessage: t.string({
      description: `Shown after submission; "${DEFAULT_THANK_YOU}" unless given.`,
      resolve: (s) => s.thankYouMessage ?? DEFAULT_THANK_YOU,
    }),
    redirectUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'Where the person goes after submission instead.',
      resolve: (s) => s.redirectUrl || null,
    }),
    ttsEnabled: t.boolean({
      description: 'Whether questions are read aloud.',
      resolve: (s) => s.tts_enabled ?? false,
    }),
    liveTranscription: t.boolean({
      description: 'Whether a transcript appears while recording.',
      resolve: (s) => s.live_transcription ?? false,
    }),
    extra: t.field({
      type: 'JSONObject',
      description: 'The further keys of your own, as they were given.',
      resolve: ({ description, thankYouMessage, redirectUrl, tts_enabled, live_transcription, ...extra }) => extra,
    }),
  }),
})

/** Questions come in display order, ties in the order of creation. */
const QUESTION_ORDER = [{ order: 'asc' as const }, { id: 'asc' as const }]

export const Link = builder.prismaNode('Link', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'links:read' },
  description: 'A survey: what it asks, its public page, and what was answered.',
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', {
      description: "The link's number in the APIs that number things; unique in the workspace.",
    }),
    name: t.exposeString('name', { description: 'Its name, shown at the top of the page.' }),
    slug: t.exposeString('slug', { description: 'Its name in its address, unique among the links that exist.' }),
    status: t.field({
      type: LinkStatusEnum,
      description: 'Whether it takes new sessions.',
      select: { status: true },
      resolve: (link) => link.status,
    }),
    settings: t.field({
      type: LinkSettingsType,
      description: 'How the public page speaks.',
      select: { settings: true },
      resolve: (link) => link.settings as LinkSettings,
    }),
    maxResponses: t.exposeInt('maxResponses', {
      nullable: true,
      description: 'How many completed responses are accepted; null: no limit.',
    }),
    language: t.exposeString('language', {
      nullable: true,
      description:
        'What its questions are written in and answers are probably spoken in, as a BCP 47 tag such as `fi` or `en-GB`; null: nobody said.',
    }),
    responseCount: t.exposeInt('responseCount', { description: 'How many responses were completed; exact.' }),
    publicUrl: t.field({
      type: 'URL',
      description: 'The address of its page.',
      select: { slug: true },
      resolve: (link, _args, context) => context.linkUrl(context.viewer.workspaceSlug, link.slug),
    }),
    questions: t.relation('questions', {
      description: 'What it asks, in display order; at most 200.',
      query: { orderBy: QUESTION_ORDER },
    }),
    responses: t.connection(
      {
        type: Response,
        description: 'What people answered.',
        args: {
          filter: t.arg({ type: ResponseFilter, description: 'Only these.' }),
          sort: t.arg({
            type: ResponseSort,
            defaultValue: 'STARTED_AT_DESC',
            required: true,
            description: 'In this order.',
          }),
        },
        ...relationPage(
          'link',
          'responses',
          'Response',
          ({ sort }: ResponsesArgs) => RESPONSE_ORDERS[sort],
          ({ filter }: ResponsesArgs) => responseWhere(filter),
        ),
      },
      ...RESPONSES_PAGE,
    ),
    respondents: t.connection(
      {
        type: Respondent,
        description: 'Who takes part, newest first.',
        ...relationPage('link', 'respondents', 'Respondent', RESPONDENTS),
      },
      ...RESPONDENTS_PAGE,
    ),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When it or one of its questions was last changed.',
    }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When it was deleted. A deleted link has no questions and no page; it stays as the origin of its responses.',
    }),
  }),
})

export const LINKS_PAGE = connectionTypes(Link, 'Link', 'links')

const LINK_ORDERS = {
  CREATED_AT_DESC: { name: 'links:createdAt:desc', column: 'createdAt', direction: 'desc', type: 'instant' },
  CREATED_AT_ASC: { name: 'links:createdAt:asc', column: 'createdAt', direction: 'asc', type: 'instant' },
  UPDATED_AT_DESC: { name: 'links:updatedAt:desc', column: 'updatedAt', direction: 'desc', type: 'instant' },
  NAME_ASC: { name: 'links:name:asc', column: 'name', direction: 'asc', type: 'text' },
  NAME_DESC: { name: 'links:name:desc', column: 'name', direction: 'desc', type: 'text' },
  RESPONSE_COUNT_DESC: {
    name: 'links:responseCount:desc',
    column: 'responseCount',
    direction: 'desc',
    type: 'integer',
  },
} as const satisfies Record<string, Order>

const LinkSort = builder.enumType('LinkSort', {
  description: 'Orders of links; ties by id.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    CREATED_AT_ASC: { description: 'Oldest first.' },
    UPDATED_AT_DESC: { description: 'Last changed first.' },
    NAME_ASC: { description: 'By name.' },
    NAME_DESC: { description: 'By name, backwards.' },
    RESPONSE_COUNT_DESC: { description: 'Most completed responses first.' },
  } as const,
})

const LinkFilter = builder.inputType('LinkFilter', {
  description: 'Which links; keys that are given must all hold.',
  fields: (t) => ({
    search: t.string({ description: 'The name or the slug contains this text, in any case.' }),
    status: t.field({ type: LinkStatusEnum, description: 'Only links with this status.' }),
    deleted: t.boolean({ description: 'True: deleted links instead of those that exist.' }),
  }),
})

function linkWhere(filter: typeof LinkFilter.$inferInput | null | undefined): Record<string, unknown> {
  const { search, status, deleted } = filter ?? {}
  return {
    deletedAt: deleted ? { not: null } : null,
    ...(status ? { status } : {}),
    ...searchWhere(search, (containing) => [{ name: containing }, { slug: containing }]),
  }
}

builder.queryFields((t) => ({
  link: t.prismaField({
    type: 'Link',
    nullable: true,
    description: 'One link, also a deleted one; null when your workspace has none with this id. Needs `links:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the link.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Link', id)
      return uuid === null ? null : context.reader.link.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  linkBySlug: t.prismaField({
    type: 'Link',
    nullable: true,
    description: 'The link with this slug; null when there is none. Needs `links:read`.',
    args: { slug: t.arg.string({ required: true, description: 'As in its address.' }) },
    resolve: (query, _root, { slug }, context) => {
      return isStorable(slug) ? context.reader.link.findFirst({ ...query, where: { slug, deletedAt: null } }) : null
    },
  }),
  links: t.connection(
    {
      type: Link,
      description: 'The links of the workspace. Needs `links:read`.',
      args: {
        filter: t.arg({ type: LinkFilter, description: 'Only these.' }),
        sort: t.arg({ type: LinkSort, defaultValue: 'CREATED_AT_DESC', required: true, description: 'In this order.' }),
      },
      resolve: (_root, args, context, info) => {
        return rootConnection(
          context.reader.link,
          'Link',
          args,
          LINK_ORDERS[args.sort],
          linkWhere(args.filter),
          context,
          info,
        )
      },
    },
    ...LINKS_PAGE,
  ),
}))
