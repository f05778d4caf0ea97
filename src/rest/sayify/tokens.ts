import { z } from 'zod'
import { type ApiKeyView, createApiKey, getApiKey, listApiKeys, revokeApiKey } from '../../domains/auth/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { bodyAnswers, deleted, invalidPage } from './common-answers.ts'
import type { SayifyDeps } from './deps.ts'
import { TOKEN } from './examples.ts'
import { nameField, objectField } from './fields.ts'
import { writeInstant } from './instants.ts'
import { pagedIfAsked, pagingQuery, sliceOf } from './paging.ts'
import { businessError, envelopeOf, fieldErrors, token } from './schemas.ts'

const tokenBody = objectField({ name: nameField().meta({ description: 'What it is for.' }) }).meta({ id: 'TokenInput' })

const masked = (suffix: string) => `sk_live_…${suffix}`

export function tokenOperations({ world }: SayifyDeps): AnyOperation[] {
  return [
    operation({
      id: 'listTokens',
      method: 'GET',
      path: '/api/v1/tokens/',
      tag: 'Tokens',
      summary: 'List the tokens',
      description:
        'Newest first, with their keys masked. A bare array, or the paged envelope when `page` or `page_size` is sent.',
      scope: 'tokens:read',
      query: z.object(pagingQuery),
      answers: [
        {
          status: 200,
          description: 'The tokens.',
          schema: z.array(token),
          example: [{ ...TOKEN, key: masked('9xyz') }],
        },
        { status: 200, description: 'One page of them.', schema: envelopeOf('TokenPage', token) },
        invalidPage,
      ],
      async handle({ viewer, query, request }) {
        const keys = await listApiKeys(world, viewer)
        return pagedIfAsked(request, query, sliceOf(keys.map((view) => writeToken(view, masked(view.suffix)))))
      },
    }),
    operation({
      id: 'createToken',
      method: 'POST',
      path: '/api/v1/tokens/',
      tag: 'Tokens',
      summary: 'Create a token',
      description: 'With the scopes of the key that makes it. The answer is the only place where its key is shown.',
      scope: 'tokens:write',
      body: tokenBody,
      example: { name: 'Production Key' },
      answers: [
        { status: 201, description: 'The token with its key.', schema: token, example: TOKEN },
        {
          status: 400,
          description: 'The name is missing.',
          schema: businessError,
          example: { error: 'name is required', code: 'NAME_REQUIRED' },
        },
        {
          status: 400,
          description: 'Fields are wrong.',
          schema: fieldErrors,
          example: { name: ['Not a valid string.'] },
        },
        ...bodyAnswers,
      ],
      async handle({ viewer, body: { name } }) {
        const { id, key } = await createApiKey(world, viewer, { name })
        return { status: 201, body: writeToken(await getApiKey(world, viewer, id), key) }
      },
    }),
    operation({
      id: 'deleteToken',
      method: 'DELETE',
      path: '/api/v1/tokens/{token_uuid}/',
      tag: 'Tokens',
      summary: 'Revoke a token',
      description: 'At once; a key may revoke itself.',
      scope: 'tokens:write',
      params: { token_uuid: { description: 'UUID of the token.', schema: { type: 'string', format: 'uuid' } } },
      answers: [deleted('Token revoked successfully')],
      async handle({ viewer, params }) {
        await revokeApiKey(world, viewer, params.token_uuid!)
        return { status: 200, body: { message: 'Token revoked successfully' } }
      },
    }),
  ]
}

function writeToken(view: ApiKeyView, key: string) {
  return {
    uuid: view.id,
    name: view.name,
    key,
    date_created: writeInstant(view.createdAt),
    last_used: writeInstant(view.lastUsedAt),
  }
}
