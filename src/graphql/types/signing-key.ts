import DataLoader from 'dataloader'
import { addSigningKey, listSigningKeys, revokeSigningKey, type SigningKeyView } from '../../domains/auth/index.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS } from './mutation-kit.ts'
import { ApiKey } from './workspace.ts'

const SigningKey = builder.objectRef<SigningKeyView>('SigningKey').implement({
  description:
    "A public key of a client: what the client signs with its private key is exchanged for an access token of SaySimple's API.",
  fields: (t) => ({
    id: t.id({
      description: 'Global id, for `revokeSigningKey`.',
      resolve: ({ id }) => encodeGlobalId('SigningKey', id),
    }),
    name: t.exposeString('name', { nullable: true, description: 'What it is called, for people.' }),
    fingerprint: t.exposeString('fingerprint', {
      description: 'SHA-256 of the key in its DER form (SPKI), hexadecimal.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
  }),
})

const loaders = new WeakMap<Context, DataLoader<string, SigningKeyView[]>>()

/** Those of all API keys of an operation come by one statement. */
function signingKeysOf(context: Context, apiKeyId: string): Promise<SigningKeyView[]> {
  let loader = loaders.get(context)
  if (!loader) {
    const { world, viewer } = context
    loader = new DataLoader(
      async (ids) => {
        const found = Map.groupBy(await listSigningKeys(world, viewer), (key) => key.apiKeyId)
        return ids.map((id) => found.get(id) ?? [])
      },
      // Mutations of one operation follow each other, so nothing is kept.
      { cache: false },
    )
    loaders.set(context, loader)
  }
  return loader.load(apiKeyId)
}

builder.prismaObjectField(ApiKey, 'signingKeys', (t) =>
  t.field({
    type: [SigningKey],
    extensions: { listSize: 2 },
    description:
      'Public keys by which clients that use it prove who they are, newest first, at most 10. Needs `tokens:read`.',
    select: { id: true },
    resolve: ({ id }, _args, context) => signingKeysOf(context, id),
  }),
)

const AddSigningKeyInput = builder.inputType('AddSigningKeyInput', {
  description: 'A public key to add.',
  fields: (t) => ({
    apiKeyId: t.id({ required: true, description: 'Global id of the API key that the client uses.' }),
    publicKey: t.string({ required: true, description: 'An RSA key of 2048 to 8192 bits, in PEM.' }),
    name: t.string({ description: 'What it is called, for people, 1 to 200 characters; nothing when absent.' }),
  }),
})

const AddSigningKeyPayload = builder.objectRef<SigningKeyView>('AddSigningKeyPayload').implement({
  description: 'What is signed with the private key to it is taken from now on.',
  extensions: { payload: true },
  fields: (t) => ({
    signingKey: t.field({ type: SigningKey, description: 'The key as it is known now.', resolve: (key) => key }),
  }),
})

const RevokeSigningKeyInput = builder.inputType('RevokeSigningKeyInput', {
  description: 'Which key to end.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the signing key.' }) }),
})

const RevokeSigningKeyPayload = builder.objectRef<{ id: string }>('RevokeSigningKeyPayload').implement({
  description: 'What is signed with it is refused, and access tokens that were given for it have ended.',
  extensions: { payload: true },
  fields: (t) => ({
    revokedSigningKeyId: t.id({
      description: 'Global id of the key that is no more.',
      resolve: ({ id }) => encodeGlobalId('SigningKey', id),
    }),
  }),
})

builder.mutationFields((t) => ({
  addSigningKey: t.field({
    type: AddSigningKeyPayload,
    description:
      "Adds a public key to an API key, for clients of SaySimple's API; up to 10, so that a new one works before the old one ends. Needs `tokens:write`.",
    errors: { types: [...COMMON_ERRORS, ERRORS.NotFoundError] },
    args: { input: t.arg({ type: AddSigningKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, { input }, { world, viewer }) =>
      asData(async () => {
        const apiKeyId = idOf('ApiKey', input.apiKeyId, ['apiKeyId'])
        return addSigningKey(world, viewer, { ...input, apiKeyId })
      }),
  }),
  revokeSigningKey: t.field({
    type: RevokeSigningKeyPayload,
    description: 'Ends a signing key at once, with the access tokens that were given for it. Needs `tokens:write`.',
    errors: { types: [...COMMON_ERRORS, ERRORS.NotFoundError] },
    args: { input: t.arg({ type: RevokeSigningKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, { input }, { world, viewer }) =>
      asData(async () => {
        const id = idOf('SigningKey', input.id, ['id'])
        await revokeSigningKey(world, viewer, id)
        return { id }
      }),
  }),
}))
