import { type CredentialKind, SCOPES, type Scope, type Viewer } from '../../domains/auth/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'

export const ScopeEnum = builder.enumType('Scope', {
  description: 'What a credential may do.',
  values: Object.fromEntries(
    SCOPES.map((scope) => [
      scope
        .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
        .toUpperCase()
        .replace(':', '_'),
      { value: scope, description: `The scope \`${scope}\` of an API key.` },
    ]),
  ) as Record<string, { value: Scope; description: string }>,
})

export const CredentialEnum = builder.enumType('CredentialKind', {
  description: 'What was presented as a credential.',
  values: {
    API_KEY: { value: 'apiKey', description: 'A long-lived API key.' },
    BROWSER_TOKEN: {
      value: 'browserToken',
      description: 'A short-lived token that a key was exchanged for, or that a user got for a password.',
    },
  } as const,
})

builder.prismaNode('Workspace', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  description: 'The boundary of all data: everything you read and write belongs to one.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, for people.' }),
    slug: t.exposeString('slug', { description: 'Its name in public addresses, unique on this server.' }),
    linkQuota: t.exposeInt('linkQuota', {
      nullable: true,
      description: 'How many links may exist at once; null is no limit. Deleted links do not count.',
    }),
    defaultCountry: t.exposeString('defaultCountry', {
      nullable: true,
      description:
        'ISO 3166-1 code of the country whose form telephone numbers without a country code have; null: they are refused.',
    }),
    eventRetentionDays: t.exposeInt('eventRetentionDays', {
      description: 'For how many days events can be read; after that, cursors from before have expired.',
    }),
    isSubuser: t.boolean({
      description: 'Whether it belongs to a subuser of another workspace; then it cannot have subusers of its own.',
      select: { parentId: true },
      resolve: ({ parentId }) => parentId !== null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
})

const API_KEYS: Order = { name: 'apiKeys', column: 'createdAt', direction: 'desc', type: 'instant' }

const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'The credential of this request, and the workspace it is bound to.',
  // Whoever asks may see whom they are, as who wrote something may see it.
  extensions: { payload: true },
  fields: (t) => ({
    workspace: t.prismaField({
      type: 'Workspace',
      description: 'The workspace that everything in this request is bound to.',
      resolve: (query, viewer, _args, context) =>
        context.reader.workspace.findUniqueOrThrow({ ...query, where: { id: viewer.workspaceId } }),
    }),
    credential: t.field({
      type: CredentialEnum,
      description: 'What was presented.',
      // Legacy tokens are refused at this entrance.
      resolve: (viewer) => viewer.credential as Exclude<CredentialKind, 'legacyToken' | 'accessToken'>,
    }),
    user: t.prismaField({
      type: 'User',
      nullable: true,
      description: 'The user who signed in; null when a key was presented, or a token that a key was exchanged for.',
      resolve: (query, viewer, _args, context) =>
        viewer.userId === undefined
          ? null
          : context.reader.user.findUniqueOrThrow({ ...query, where: { id: viewer.userId } }),
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the credential may do.',
      resolve: (viewer) => [...viewer.scopes],
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the credential ends by itself; null: never.',
      resolve: (viewer) => viewer.expiresAt,
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    description: 'Who asks: your workspace and what your credential may do.',
    resolve: (_root, _args, context) => context.viewer,
  }),
)

export const ApiKey = builder.prismaNode('ApiKey', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'tokens:read' },
  description: 'A long-lived credential. The key itself is shown once, when it is made.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is for, in your words.' }),
    prefix: t.exposeString('prefix', { description: 'How the key begins, to recognise it by.' }),
    suffix: t.exposeString('suffix', { description: 'The last four characters of the key.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What it may do.',
      select: { scopes: true },
      resolve: (key) => key.scopes as Scope[],
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: never.',
    }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was revoked; null: it was not.',
    }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, to the minute; null: never.',
    }),
    requestsPerHour: t.exposeInt('requestsPerHour', {
      nullable: true,
      description:
        "How many requests in any hour APIs that limit keys by the hour (Saygent) take with it; null: the server's own limit; 0: no limit.",
    }),
  }),
})

export const API_KEYS_PAGE = connectionTypes(ApiKey, 'ApiKey', 'API keys')

builder.queryFields((t) => ({
  apiKey: t.prismaField({
    type: 'ApiKey',
    nullable: true,
    description: 'One API key; null when your workspace has none with this id. Needs `tokens:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the key.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('ApiKey', id)
      return uuid === null ? null : context.reader.apiKey.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  apiKeys: t.connection(
    {
      type: ApiKey,
      description: 'The API keys of the workspace, newest first. Needs `tokens:read`.',
      args: {
        includeRevoked: t.arg.boolean({
          defaultValue: false,
          required: true,
          description: 'Whether revoked keys are listed.',
        }),
      },
      resolve: (_root, args, context, info) => {
        const where = args.includeRevoked ? {} : { revokedAt: null }
        return rootConnection(context.reader.apiKey, 'ApiKey', args, API_KEYS, where, context, info)
      },
    },
    ...API_KEYS_PAGE,
  ),
}))
