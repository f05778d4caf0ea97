import type { FastifyPluginAsync } from 'fastify'
import { type LegacyApi, legacyPlugin, parseJson } from '../legacy/index.ts'
import { authenticateOperation, credentialOf } from './authenticate.ts'
import { commonAnswers } from './common-answers.ts'
import type { SaysimpleDeps } from './deps.ts'
import { listOperations } from './lists.ts'
import { messageOperations } from './messages.ts'
import { metricOperations } from './metrics.ts'
import { documentationOf, servePages } from './pages.ts'
import { aliases, NAME, OWNED, TOKEN_PATH } from './paths.ts'
import { parseQuery } from './query.ts'
import { refuse } from './refuse.ts'

export type { SaysimpleDeps } from './deps.ts'

/** SaySimple's Message Intelligence API, version 1, with all its 23 operations (contract/saysimple.md). */
export function saysimplePlugin(deps: SaysimpleDeps): FastifyPluginAsync {
  const api = legacyPlugin(saysimpleApi(deps), deps)
  return async (app) => {
    await app.register(api)
    servePages(app)
  }
}

function saysimpleApi(deps: SaysimpleDeps): LegacyApi {
  const documentation = documentationOf(deps.publicUrl)
  return {
    name: NAME,
    title: 'SaySimple Message Intelligence API',
    version: '1.0.0',
    description: [
      'Messages go in, metrics of them come out, as SaySimple served them.',
      'Paths begin with `/insights/v1`, or with `/v1` alone. Dates are ISO 8601, with a `T` between date and time. Buckets are in UTC. Several values of a parameter are alternatives, different parameters must all hold; `*` and absence mean all.',
      'Every failure is `{"code", "message", "moreInfo"}`; `moreInfo` is the address of a page that explains it. Wrong parameters and bodies have the code 1536, and `moreInfo` says by field what is wrong.',
    ].join('\n\n'),
    operations: [
      ...messageOperations(deps),
      ...metricOperations(deps),
      ...listOperations(deps),
      authenticateOperation(deps),
    ],
    tags: {
      Messages: 'Adding messages, and metrics of them.',
      'Active contacts': 'People who wrote, by channel and address of the tenant.',
      Lists: 'What came into being with messages.',
      Conversations: 'Metrics of messages that share a conversation.',
      Events: 'What happens to conversations.',
      Authenticate: 'From a signed token to an access token.',
    },
    owns: OWNED,
    aliases,
    trailingSlash: 'either',
    credentials: {
      accessToken: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: `An access token of five minutes, from \`${TOKEN_PATH}\`, or an API key of this server itself.`,
      },
    },
    authenticate: (request) => deps.authenticate(credentialOf(request)),
    // A body that does not say what it is is taken for what all bodies here are.
    parsers: { 'application/json': parseJson, '': parseJson },
    mediaTypes: ['application/json'],
    maxBodyBytes: deps.maxBodyBytes,
    parseQuery,
    refuse: (refusal) => refuse(documentation, refusal),
    commonAnswers,
  }
}
