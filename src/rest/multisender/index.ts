import type { FastifyPluginAsync } from 'fastify'
import { type LegacyApi, legacyPlugin, parseForm, parseJson, Refused } from '../legacy/index.ts'
import { acceptsJson } from './accepts-json.ts'
import { accountOperations } from './accounts.ts'
import { callOperations } from './calls.ts'
import { clickToCallOperations } from './click-to-calls.ts'
import { commonAnswers } from './common-answers.ts'
import { CREDENTIALS, credentialOf, withoutCredential } from './credentials.ts'
import type { MultisenderDeps } from './deps.ts'
import { emailOperations } from './emails.ts'
import { filterOperations } from './filters.ts'
import { groupOperations } from './groups.ts'
import { loginOperations } from './login.ts'
import { aliases, NAME, OWNED } from './paths.ts'
import { refuse } from './refuse.ts'
import { rsvpCallOperations } from './rsvp-calls.ts'
import { smsOperations } from './smses.ts'
import { subuserOperations } from './subusers.ts'
import { voiceFileOperations } from './voice-files.ts'

export type { MultisenderDeps } from './deps.ts'
export { multisenderWebhookRequest } from './webhook-request.ts'

/** Multisender's API (contract/multisender.md). */
export function multisenderPlugin(deps: MultisenderDeps): FastifyPluginAsync {
  return legacyPlugin(multisenderApi(deps), deps)
}

function multisenderApi(deps: MultisenderDeps): LegacyApi {
  return {
    name: NAME,
    title: 'Multisender API',
    version: '1',
    description: [
      'Contacts (“accounts”), groups, calls, texts, e-mails, voice files and subusers, as Multisender served them.',
      'Paths begin with `/v1`, with `/vi`, or with nothing before their first word. `POST` creates and answers `201` with `Location`, `GET` reads, `PUT` changes what is sent and leaves the rest, `DELETE` answers `204`. Bodies are JSON. Lists are whole, without pages.',
      'Moments are `YYYY-MM-DD HH:MM:SS` in UTC. Ids are decimal numbers in texts, but for some fields, and are read in both forms. What is not set is `null`.',
      'Every failure is `{"status", "message"}`, with `errors` by field when the status is 400.',
    ].join('\n\n'),
    // In the order of the documentation.
    operations: [
      ...accountOperations(deps),
      ...filterOperations(deps),
      ...groupOperations(deps),
      ...callOperations(deps),
      ...clickToCallOperations(deps),
      ...emailOperations(deps),
      ...loginOperations(deps),
      ...rsvpCallOperations(deps),
      ...smsOperations(deps),
      ...subuserOperations(deps),
      ...voiceFileOperations(deps),
    ],
    tags: {
      Accounts: 'People who can be reached: an account is a contact, never a login.',
      'Account filters': 'Saved filters, evaluated when they are used.',
      Groups: 'Lists of accounts.',
      Calls: 'Voice broadcasts: every receiver is called once.',
      'Click to calls': 'Receivers are called one after the other until one accepts.',
      Emails: 'E-mails to many.',
      Login: 'From a password to an access token.',
      'RSVP calls': 'Receivers are called, and called again, until enough of them have accepted.',
      Smses: 'Text messages to many.',
      Subusers: 'Users with data of their own, which their parent administers.',
      'Voice files': 'Audio to play to people: uploaded, or said by a voice.',
    },
    owns: OWNED,
    aliases,
    trailingSlash: 'either',
    credentials: CREDENTIALS,
    admit({ headers: { accept } }) {
      if (!acceptsJson(accept)) throw new Refused({ kind: 'not_acceptable', accept: accept! })
    },
    authenticate: async (request) => deps.authenticate(await credentialOf(request)),
    // Forms, and bodies that do not say what they are, are tolerated (contract/multisender.md 1).
    parsers: { 'application/json': parseJson, 'application/x-www-form-urlencoded': parseForm, '': parseJson },
    mediaTypes: ['application/json'],
    maxBodyBytes: deps.maxBodyBytes,
    input: withoutCredential,
    refuse,
    commonAnswers,
  }
}
