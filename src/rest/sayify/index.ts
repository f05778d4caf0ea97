import type { FastifyPluginAsync } from 'fastify'
import { type LegacyApi, legacyPlugin, parseJson, Refused } from '../legacy/index.ts'
import { commonAnswers } from './common-answers.ts'
import type { SayifyDeps } from './deps.ts'
import { linkOperations } from './links.ts'
import { refuse } from './refuse.ts'
import { responseOperations } from './responses.ts'
import { tokenOperations } from './tokens.ts'
import { webhookOperations } from './webhooks.ts'

export type { SayifyDeps } from './deps.ts'
export { sayifyWebhookRequest } from './webhook-request.ts'

/** Sayify.pro's API, version 1, with all its 12 operations (contract/sayify.md). */
export function sayifyPlugin(deps: SayifyDeps): FastifyPluginAsync {
  return legacyPlugin(sayifyApi(deps), deps)
}

function sayifyApi(deps: SayifyDeps): LegacyApi {
  return {
    name: 'sayify',
    title: 'Sayify API',
    version: '1',
    description: [
      'Feedback links with spoken answers, their responses, webhooks and tokens, as Sayify.pro served them.',
      'Every path ends in a slash; without it the answer is `301`. Bodies are JSON. Instants are ISO 8601 in UTC, with microseconds when there are any. A key sees the objects of its own workspace only.',
      'Errors have three shapes: `{"error", "code"}` for rules of the product, `{"detail"}` for credentials, unknown objects, methods and throttling, and messages by field for wrong values.',
    ].join('\n\n'),
    operations: [
      ...linkOperations(deps),
      ...responseOperations(deps),
      ...webhookOperations(deps),
      ...tokenOperations(deps),
    ],
    tags: {
      Links: 'Surveys with a public page.',
      Responses: 'What people answered.',
      Webhooks: 'Addresses that are told of sessions and submissions.',
      Tokens: 'API keys of the workspace.',
    },
    owns: ['/api/v1/links', '/api/v1/workspaces', '/api/v1/tokens'],
    trailingSlash: 'redirect',
    credentials: {
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description: 'An API key, `sk_live_…`, or a browser token made for one.',
      },
    },
    async authenticate({ headers }) {
      const credential = /^Bearer +(\S.*)$/i.exec(headers.authorization ?? '')?.[1]
      if (credential !== undefined) return deps.authenticate(credential)
      const message = 'Authentication credentials were not provided.'
      throw new Refused({ kind: 'unauthenticated', reason: 'missing', message })
    },
    ...(deps.limit ? { limit: (viewer) => deps.limit!(viewer) } : {}),
    parsers: { 'application/json': parseJson },
    maxBodyBytes: deps.maxBodyBytes,
    // No body is an empty one.
    input: async (request) => {
      const body = await request.body()
      return body === undefined ? {} : body
    },
    refuse,
    commonAnswers,
  }
}
