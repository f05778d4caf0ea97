import { createApiKey, revokeApiKey, type Scope, updateApiKey } from '../../domains/auth/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, given } from './mutation-kit.ts'
import { ScopeEnum } from './workspace.ts'

const REQUESTS_PER_HOUR =
  'Requests with it in any hour, 0 to 1000000, to APIs that limit keys by the hour (Saygent); 0 is no limit.'

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A key to make.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is for, 1 to 200 characters.' }),
    scopes: t.field({ type: [ScopeEnum], description: 'What it may do; what your own key may do when absent.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it ends by itself, not after your own key; with your own key, or never, when absent.',
    }),
    requestsPerHour: t.int({ description: `${REQUESTS_PER_HOUR} When absent, the server's own limit.` }),
  }),
})

const CreateApiKeyPayload = builder.objectRef<{ id: string; key: string }>('CreateApiKeyPayload').implement({
  description: 'The key was made.',
  extensions: { payload: true },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key itself. It is shown here and never again.' }),
    apiKey: t.prismaField({
      type: 'ApiKey',
      description: 'What is known of it from now on.',
      resolve: (query, { id }, _args, context) => context.reader.apiKey.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

const UpdateApiKeyInput = builder.inputType('UpdateApiKeyInput', {
  description: 'What to change of a key; absent keys stay as they are.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the key.' }),
    requestsPerHour: t.int({ description: `${REQUESTS_PER_HOUR} Null: the server's own limit.` }),
  }),
})

const UpdateApiKeyPayload = builder.objectRef<{ id: string }>('UpdateApiKeyPayload').implement({
  description: 'The key was changed.',
  extensions: { payload: true },
  fields: (t) => ({
    apiKey: t.prismaField({
      type: 'ApiKey',
      description: 'The key as it is now.',
      resolve: (query, { id }, _args, context) => context.reader.apiKey.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

const RevokeApiKeyInput = builder.inputType('RevokeApiKeyInput', {
  description: 'Which key to end.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the key.' }) }),
})

const RevokeApiKeyPayload = builder.objectRef<{ id: string }>('RevokeApiKeyPayload').implement({
  description: 'The key has ended; its open sockets are closed.',
  extensions: { payload: true },
  fields: (t) => ({
    apiKey: t.prismaField({
      type: 'ApiKey',
      description: 'The key, revoked.',
      resolve: (query, { id }, _args, context) => context.reader.apiKey.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

const CreateBrowserTokenInput = builder.inputType('CreateBrowserTokenInput', {
  description: 'What the token may do, and for how long.',
  fields: (t) => ({
    scopes: t.field({
      type: [ScopeEnum],
      description:
        'A subset of your scopes, without `TOKENS_*`, `WEBHOOKS_WRITE`, `USERS_WRITE` and `SUBUSERS_*`; all of those when absent.',
    }),
    expiresIn: t.int({ description: 'Seconds, 60 to 3600; 900 when absent.' }),
  }),
})

const CreateBrowserTokenPayload = builder
  .objectRef<{ token: string; expiresAt: Date; scopes: Scope[] }>('CreateBrowserTokenPayload')
  .implement({
    description: 'A token for one page.',
    extensions: { payload: true },
    fields: (t) => ({
      token: t.exposeString('token', { description: 'Presented like a key: `Authorization: Bearer …`.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends, or earlier with its key.' }),
      scopes: t.field({ type: [ScopeEnum], description: 'What it may do.', resolve: (token) => token.scopes }),
    }),
  })

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyPayload,
    description: 'Makes an API key. Needs `tokens:write`.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, args, { world, viewer }) => asData(() => createApiKey(world, viewer, given(args.input))),
  }),
  updateApiKey: t.field({
    type: UpdateApiKeyPayload,
    description: 'Changes an API key. Needs `tokens:write`.',
    errors: { types: [...COMMON_ERRORS, ERRORS.NotFoundError] },
    args: { input: t.arg({ type: UpdateApiKeyInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, ...changes } = args.input
        const id = idOf('ApiKey', globalId, ['id'])
        await updateApiKey(world, viewer, id, changes)
        return { id }
      }),
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeyPayload,
    description: 'Ends an API key at once, with its browser tokens and open sockets. Needs `tokens:write`.',
    errors: { types: [...COMMON_ERRORS, ERRORS.NotFoundError] },
    args: { input: t.arg({ type: RevokeApiKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('ApiKey', args.input.id, ['id'])
        await revokeApiKey(world, viewer, id)
        return { id }
      }),
  }),
  createBrowserToken: t.field({
    type: CreateBrowserTokenPayload,
    description: 'Exchanges your API key for a short-lived token that a page may hold.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: CreateBrowserTokenInput, required: true, description: 'The token.' }) },
    resolve: (_root, args, { browserTokens, viewer }) => asData(() => browserTokens.issue(viewer, given(args.input))),
  }),
}))
