import type { FastifyPluginAsync } from 'fastify'
import { type LegacyApi, legacyPlugin } from '../legacy/index.ts'
import { callOperations } from './calls.ts'
import { commonAnswers } from './common-answers.ts'
import { CREDENTIALS, credentialOf } from './credentials.ts'
import type { SaygentDeps } from './deps.ts'
import { inMode, operationInMode } from './http-status.ts'
import { inputOf } from './input.ts'
import { readBody } from './read-body.ts'
import { refuse } from './refuse.ts'
import { respondentOperations } from './respondents.ts'

export type { SaygentDeps } from './deps.ts'
export type { HttpStatusMode } from './http-status.ts'

/** Saygent's API, version 1, with all its 4 operations (contract/saygent.md). */
export function saygentPlugin(deps: SaygentDeps): FastifyPluginAsync {
  return legacyPlugin(saygentApi(deps), deps)
}

function saygentApi(deps: SaygentDeps): LegacyApi {
  const { httpStatus } = deps
  return {
    name: 'saygent',
    title: 'Saygent API',
    version: '1',
    description: [
      'People are added to a survey, phoned, and asked after, as Saygent served it.',
      'Every answer is JSON with a `status`: `success`, `warning` when some of `respondents` failed, `failure` when all did or the request as a whole was refused; `messages` say what is wrong, by field.',
      httpStatus === 'always-200'
        ? 'HTTP says 200 whatever `status` says, except where there is no such address (404) or method (405), and when the server itself fails (500).'
        : 'HTTP says 200 for `success` and `warning`, and 400, 401, 403, 409, 413 or 429 for `failure`.',
      'The token may be a query parameter, a form field or a property of a JSON body, all called `auth_token`. Parameters may be sent in all three ways as well. Ids may be an array or a text with commas.',
    ].join('\n\n'),
    operations: [...respondentOperations(deps), ...callOperations(deps)].map((operation) =>
      operationInMode(httpStatus, operation),
    ),
    tags: {
      Respondents: 'People who take part in a survey.',
      Calls: 'Asking them by phone.',
    },
    owns: ['/api/v1/respondents', '/api/v1/call', '/api/v1/status'],
    aliases: (path) => [`${path}.json`],
    trailingSlash: 'either',
    credentials: CREDENTIALS,
    authenticate: async (request) => deps.authenticate(await credentialOf(request)),
    limit: (viewer) => deps.limit(viewer),
    parsers: { '*': readBody },
    mediaTypes: ['application/json', 'application/x-www-form-urlencoded'],
    maxBodyBytes: deps.maxBodyBytes,
    input: inputOf,
    refuse: (refusal) => inMode(httpStatus, refuse(refusal)),
    commonAnswers: commonAnswers(httpStatus),
  }
}
