import { type GraphQLNamedType, getNamedType, isLeafType, isObjectType } from 'graphql'
import { beforeEach, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { SCOPES, type Scope } from '../../src/domains/auth/index.ts'
import { READ_SCOPES } from '../../src/domains/auth/scopes.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { testApp } from '../kit/app.ts'
import { addCampaign, campaignContent } from './campaign-rows.ts'
import { NODE_NAMES, PASSWORD, populate } from './population.ts'
import { isOpen, page } from './walk.ts'

let failing: RegExp | undefined
const CAUSE = 'the disk is on fire at 10.0.0.7'
const app = await testApp({}, undefined, {
  onQuery(text) {
    if (failing?.test(text)) throw new Error(CAUSE)
  },
})
const p = await populate(app, { ...(await app.otherWorkspace('errors')), slug: 'errors' })
const schema = buildSchema()
beforeEach(() => {
  failing = undefined
})

const ask = (query: string, variables: object = {}, key: string | null = p.key) =>
  app.graphql(query, variables as Record<string, unknown>, key)

async function mutate(name: string, input: object, key = p.key) {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`
  const { data, errors } = await ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) {
      __typename ... on Error { code message path retryable } ... on ValidationError { issues { path rule message } }
    } }`,
    { input },
    key,
  )
  if (errors) throw new Error(JSON.stringify(errors))
  return data![name] as Record<string, any>
}

/** As the graph calls it: `VOICE_FILES_READ` for `voiceFiles:read`. */
const scopeName = (scope: Scope) => scope.replace(/[A-Z]/g, '_$&').toUpperCase().replace(':', '_')

async function keyWith(scopes: Scope[]): Promise<string> {
  const { data } = await ask(
    'mutation ($scopes: [Scope!]) { createApiKey(input: { name: "narrow", scopes: $scopes }) { ... on CreateApiKeyPayload { key } } }',
    { scopes: scopes.map(scopeName) },
  )
  return data!.createApiKey.key
}

const UNKNOWN = (type: string) => Buffer.from(`${type}:01900000-0000-7000-8000-000000000000`).toString('base64url')

const RECEIVERS = () => [{ contactId: p.freeContact }]
const CAMPAIGN = () => ({ receivers: RECEIVERS(), halted: true })
const SURVEY = () => ({ linkId: p.ids.Link, fieldKey: p.fieldKeys.voice })
/** A campaign that is completed; and one under the name of another kind. */
const { id: completedId } = await addCampaign(app.db, 'rsvp', {
  ...{ workspaceId: p.workspaceId, contactId: decodeGlobalId(p.freeContact).id, word: 'errors', at: new Date() },
  ...{ voiceFileId: decodeGlobalId(p.ids.VoiceFile).id, state: 'completed' },
})
const completed = Buffer.from(`RsvpCampaign:${completedId}`).toString('base64url')
const disguised = Buffer.from(`ClickToCall:${decodeGlobalId(p.ids.RsvpCampaign).id}`).toString('base64url')

/** Whatever is before it was reduced. */
await app.db.query(
  sql`UPDATE message_pool SET reduced_before = '2001-01-01T00:00:00Z' WHERE workspace_id = ${p.workspaceId}::uuid`,
)
const PLACE = { channel: 'WHATSAPP', tenantChannelIdentifier: 'desk@errors.example', provider: 'TWILIO' }
const MESSAGE = { ...PLACE, direction: 'IN', customerChannelIdentifier: 'x' }
const RESOLVED = 'Over, says errors'
const CALENDAR = { timeZone: 'UTC', weekly: [] as object[] }

/** A failure of each kind for each mutation: the input, and what is told of it. */
const FAILURES: Record<string, [type: string, code: string, path: string[], input: () => object][]> = {
  createLink: [
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ name: ' ' })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['questions', '1', 'prompt'],
      () => ({ name: 'x', questions: [{ prompt: 'a' }, { prompt: '' }] }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['onFinished', 'webhookUrl'],
      () => ({ name: 'x', onFinished: { webhookUrl: 'http://hooks.invalid/' } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['questions', '0', 'configuration'],
      () => ({ name: 'x', questions: [{ prompt: 'a', type: 'VOICE', configuration: { text: {} } }] }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['questions', '1', 'configuration', 'imageChoice', 'cards', '1', 'mediaUrl'],
      () => ({
        name: 'x',
        questions: [
          { prompt: 'a' },
          {
            prompt: 'b',
            configuration: {
              imageChoice: { cards: [{ cardId: 'a' }, { cardId: 'b', mediaUrl: 'ftp://x.example/y' }] },
            },
          },
        ],
      }),
    ],
    ['ConflictError', 'SLUG_CONFLICT', ['slug'], () => ({ name: 'x', slug: p.linkSlug })],
    [
      'ConflictError',
      'FIELD_KEY_CONFLICT',
      ['questions', '1', 'fieldKey'],
      () => ({
        name: 'x',
        questions: [
          { prompt: 'a', fieldKey: 'k' },
          { prompt: 'b', fieldKey: 'k' },
        ],
      }),
    ],
  ],
  updateLink: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Link'), name: 'x' })],
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: p.ids.Question, name: 'x' })],
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ id: p.ids.Link, name: '' })],
  ],
  pauseLink: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: 'nonsense' })]],
  resumeLink: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Link') })]],
  deleteLink: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Link') })]],
  addQuestion: [
    ['NotFoundError', 'NOT_FOUND', ['linkId'], () => ({ linkId: UNKNOWN('Link'), question: { prompt: 'a' } })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['question', 'prompt'],
      () => ({ linkId: p.ids.Link, question: { prompt: '' } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['question', 'configuration', 'imageChoice', 'cards', '0', 'cardId'],
      () => ({
        linkId: p.ids.Link,
        question: { prompt: 'a', configuration: { imageChoice: { cards: [{ cardId: '' }] } } },
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['question', 'evaluatorConfig', 'maxFollowUps'],
      () => ({ linkId: p.ids.Link, question: { prompt: 'a', evaluatorConfig: { maxFollowUps: 11 } } }),
    ],
    [
      'ConflictError',
      'FIELD_KEY_CONFLICT',
      ['question', 'fieldKey'],
      () => ({ linkId: p.ids.Link, question: { prompt: 'a', fieldKey: p.fieldKeys.text } }),
    ],
  ],
  updateQuestion: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Question'), question: { prompt: 'a' } })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['question', 'configuration', 'text', 'maxCharacters'],
      () => ({ id: p.ids.Question, question: { configuration: { text: { maxCharacters: 0 } } } }),
    ],
    [
      'ConflictError',
      'FIELD_KEY_CONFLICT',
      ['question', 'fieldKey'],
      () => ({ id: p.ids.Question, question: { fieldKey: p.fieldKeys.file } }),
    ],
  ],
  deleteQuestion: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Question') })]],
  reorderQuestions: [
    ['NotFoundError', 'NOT_FOUND', ['linkId'], () => ({ linkId: UNKNOWN('Link'), questionIds: [] })],
    [
      'NotFoundError',
      'NOT_FOUND',
      ['questionIds', '1'],
      () => ({ linkId: p.ids.Link, questionIds: [p.questionIds[0], UNKNOWN('Question')] }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['questionIds'],
      () => ({ linkId: p.ids.Link, questionIds: p.questionIds.slice(1) }),
    ],
  ],
  updateContact: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Contact') })],
    ['ValidationError', 'VALIDATION_FAILED', ['phone'], () => ({ id: p.ids.Contact, phone: '0401234567' })],
    ['ConflictError', 'CONTACT_CONFLICT', ['email'], () => ({ id: p.freeContact, email: 'Ann@errors.example' })],
  ],
  deleteContact: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Contact') })]],
  deleteContacts: [
    ['NotFoundError', 'NOT_FOUND', ['segmentId'], () => ({ segmentId: UNKNOWN('Segment') })],
    ['ValidationError', 'VALIDATION_FAILED', ['all'], () => ({ all: false })],
  ],
  eraseContact: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Contact') })]],
  deleteResponse: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Response') })]],
  mergeContacts: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Contact'), duplicateIds: [p.freeContact] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['duplicateIds', '0'],
      () => ({ id: p.ids.Contact, duplicateIds: ['nonsense'] }),
    ],
  ],
  optOut: [
    ['ValidationError', 'VALIDATION_FAILED', [], () => ({ channels: ['CALL'] })],
    ['NotFoundError', 'NOT_FOUND', ['contactId'], () => ({ contactId: UNKNOWN('Contact'), channels: ['CALL'] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['channels', '1'],
      () => ({ phone: '+358401234567', channels: ['CALL', 'EMAIL'] }),
    ],
  ],
  optIn: [['ValidationError', 'VALIDATION_FAILED', ['channels'], () => ({ email: 'a@example.com', channels: [] })]],
  setDefaultCountry: [['ValidationError', 'VALIDATION_FAILED', ['country'], () => ({ country: 'XX' })]],
  createContactList: [['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ name: ' ' })]],
  updateContactList: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ContactList') })],
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ id: p.ids.ContactList, name: '' })],
  ],
  deleteContactList: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ContactList') })]],
  addToContactList: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ContactList'), contactIds: [] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['contactIds', '1'],
      () => ({ id: p.ids.ContactList, contactIds: [p.freeContact, UNKNOWN('Contact')] }),
    ],
  ],
  removeFromContactList: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ContactList'), contactIds: [] })],
  ],
  emptyContactList: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ContactList') })]],
  createSegment: [
    ['ValidationError', 'VALIDATION_FAILED', ['filters'], () => ({ filters: [] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['filters', '0', 'value'],
      () => ({ filters: [{ field: 'CITY', operator: 'IN', value: 'Turku' }] }),
    ],
  ],
  updateSegment: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Segment') })],
    ['ValidationError', 'VALIDATION_FAILED', ['filters'], () => ({ id: p.ids.Segment, filters: [] })],
  ],
  deleteSegment: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Segment') })]],
  createContact: [
    ['ValidationError', 'VALIDATION_FAILED', [], () => ({})],
    ['ValidationError', 'VALIDATION_FAILED', ['phone'], () => ({ phone: '112' })],
    ['ConflictError', 'CONTACT_CONFLICT', ['email'], () => ({ email: 'ann@errors.example' })],
  ],
  inviteRespondent: [
    ['NotFoundError', 'NOT_FOUND', ['linkId'], () => ({ linkId: UNKNOWN('Link'), contactId: p.freeContact })],
    ['NotFoundError', 'NOT_FOUND', ['contactId'], () => ({ linkId: p.ids.Link, contactId: UNKNOWN('Contact') })],
    ['ConflictError', 'CONTACT_CONFLICT', ['contactId'], () => ({ linkId: p.ids.Link, contactId: p.ids.Contact })],
  ],
  correctTranscript: [
    ['NotFoundError', 'NOT_FOUND', ['answerId'], () => ({ answerId: UNKNOWN('Answer'), text: 'x' })],
    ['ValidationError', 'VALIDATION_FAILED', ['answerId'], () => ({ answerId: p.ids.Answer, text: 'of a picture' })],
    [
      'ConflictError',
      'TRANSCRIPT_CHANGED',
      ['expectedVersion'],
      () => ({ answerId: p.spokenAnswer, text: 'x', expectedVersion: 1_000 }),
    ],
  ],
  reanalyze: [
    ['NotFoundError', 'NOT_FOUND', ['responseId'], () => ({ responseId: UNKNOWN('Response') })],
    ['NotFoundError', 'NOT_FOUND', ['linkId'], () => ({ linkId: UNKNOWN('Link') })],
    ['ValidationError', 'VALIDATION_FAILED', ['responseId'], () => ({})],
  ],
  retranscribe: [
    ['NotFoundError', 'NOT_FOUND', ['responseId'], () => ({ responseId: UNKNOWN('Response') })],
    ['NotFoundError', 'NOT_FOUND', ['linkId'], () => ({ linkId: UNKNOWN('Link') })],
    ['ValidationError', 'VALIDATION_FAILED', ['responseId'], () => ({})],
  ],
  recordAnalysis: [
    [
      'NotFoundError',
      'NOT_FOUND',
      ['responseId'],
      () => ({ responseId: UNKNOWN('Response'), answers: [], method: 'ears' }),
    ],
    ['NotFoundError', 'NOT_FOUND', ['responseId'], () => ({ responseId: p.ids.Link, answers: [], method: 'ears' })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['answers', '0', 'answerId'],
      () => ({ responseId: p.ids.Response, answers: [{ answerId: p.ids.Link }], method: 'ears' }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['answers', '0', 'transcript'],
      () => ({
        responseId: p.ids.Response,
        answers: [{ answerId: p.ids.Answer, transcript: { text: 'of a picture' } }],
        method: 'ears',
      }),
    ],
  ],
  createSpeech: [
    ['ValidationError', 'VALIDATION_FAILED', ['text'], () => ({ name: 'x', text: '…', voiceCode: 'en' })],
    ['ValidationError', 'VALIDATION_FAILED', ['text'], () => ({ name: 'x', text: 'a '.repeat(81), voiceCode: 'en' })],
    ['ValidationError', 'VALIDATION_FAILED', ['voiceCode'], () => ({ name: 'x', text: 'a', voiceCode: 'xx' })],
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ name: '', text: 'a', voiceCode: 'en' })],
  ],
  updateVoiceFile: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('VoiceFile'), name: 'x' })],
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ id: p.ids.VoiceFile, name: ' ' })],
  ],
  deleteVoiceFile: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('VoiceFile') })]],
  createVoiceBroadcast: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'operations', '1', 'voiceFileId'],
      () => ({
        ...CAMPAIGN(),
        content: {
          operations: [
            { do: 'play', voiceFileId: p.ids.VoiceFile },
            { do: 'play', voiceFileId: UNKNOWN('VoiceFile') },
          ],
        },
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'operations', '0', 'do'],
      () => ({ ...CAMPAIGN(), content: { operations: [{ do: 'sing' }] } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'operations', '0'],
      () => ({ ...CAMPAIGN(), content: { operations: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) } }),
    ],
  ],
  createClickToCall: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'voiceFileId'],
      () => ({ ...CAMPAIGN(), content: { ...campaignContent('click_to_call', p.ids.Link, SURVEY()) } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'actionButtons', '0', 'button'],
      () => ({
        ...CAMPAIGN(),
        content: { voiceFileId: p.ids.VoiceFile, actionButtons: [{ button: '#', action: 'ACCEPT' }] },
      }),
    ],
  ],
  createRsvpCampaign: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'voiceFiles', '1', 'voiceFileId'],
      () => ({
        ...CAMPAIGN(),
        acceptsWanted: 1,
        content: {
          ...campaignContent('rsvp', p.ids.VoiceFile, SURVEY()),
          voiceFiles: [
            { type: 'START', voiceFileId: p.ids.VoiceFile },
            { type: 'END', voiceFileId: 'nonsense' },
          ],
        },
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['acceptsWanted'],
      () => ({ ...CAMPAIGN(), acceptsWanted: 0, content: campaignContent('rsvp', p.ids.VoiceFile, SURVEY()) }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['receivers', '1', 'listId'],
      () => ({
        ...CAMPAIGN(),
        receivers: [{ contactId: p.freeContact }, { listId: UNKNOWN('ContactList') }],
        acceptsWanted: 1,
        content: campaignContent('rsvp', p.ids.VoiceFile, SURVEY()),
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['calendar', 'weekly', '1', 'shifts', '0', 'to'],
      () => ({
        ...CAMPAIGN(),
        acceptsWanted: 1,
        content: campaignContent('rsvp', p.ids.VoiceFile, SURVEY()),
        calendar: {
          timeZone: 'Europe/Helsinki',
          weekly: [
            { weekday: 'SUNDAY', shifts: [] },
            { weekday: 'MONDAY', shifts: [{ from: '09:00', to: '25:00' }] },
          ],
        },
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['calendar', 'exceptions', '0', 'day'],
      () => ({
        ...CAMPAIGN(),
        acceptsWanted: 1,
        content: campaignContent('rsvp', p.ids.VoiceFile, SURVEY()),
        calendar: { timeZone: 'UTC', weekly: [], exceptions: [{ day: '2026-02-30', shifts: [] }] },
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['calendar', 'weekly', '1', 'weekday'],
      () => ({
        ...CAMPAIGN(),
        acceptsWanted: 1,
        content: campaignContent('rsvp', p.ids.VoiceFile, SURVEY()),
        calendar: {
          timeZone: 'UTC',
          weekly: [
            { weekday: 'MONDAY', shifts: [] },
            { weekday: 'MONDAY', shifts: [] },
          ],
        },
      }),
    ],
  ],
  createSmsBroadcast: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'message'],
      () => ({ ...CAMPAIGN(), content: { message: ' ' } }),
    ],
    ['ValidationError', 'VALIDATION_FAILED', ['receivers'], () => ({ receivers: [], content: { message: 'x' } })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['receivers', '0'],
      () => ({ receivers: [{ phone: '+358401234567', email: 'a@example.com' }], content: { message: 'x' } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['endsAt'],
      () => ({ ...CAMPAIGN(), endsAt: '2000-01-01T00:00:00Z', content: { message: 'x' } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'message'],
      () => ({ ...CAMPAIGN(), content: { message: 'no address', linkId: p.ids.Link } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'linkId'],
      () => ({ ...CAMPAIGN(), content: { message: '{link}', linkId: p.ids.Contact } }),
    ],
  ],
  createEmailBroadcast: [
    ['ValidationError', 'VALIDATION_FAILED', ['content', 'text'], () => ({ ...CAMPAIGN(), content: { subject: 'x' } })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['maxAttempts'],
      () => ({ ...CAMPAIGN(), maxAttempts: 21, content: { subject: 'x', text: 'y' } }),
    ],
  ],
  createSurveyCalls: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'linkId'],
      () => ({ ...CAMPAIGN(), content: { linkId: UNKNOWN('Link') } }),
    ],
    ['ValidationError', 'VALIDATION_FAILED', ['receivers'], () => ({ receivers: [], content: { linkId: p.ids.Link } })],
  ],
  updateVoiceBroadcast: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('VoiceBroadcast') })],
    ['ConflictError', 'CAMPAIGN_NOT_EDITABLE', [], () => ({ id: p.ids.VoiceBroadcast, maxAttempts: 2 })],
  ],
  updateClickToCall: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ClickToCall') })],
    // Another kind's.
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: p.ids.RsvpCampaign })],
    ['ConflictError', 'CAMPAIGN_NOT_EDITABLE', [], () => ({ id: p.ids.ClickToCall, receivers: RECEIVERS() })],
  ],
  updateRsvpCampaign: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('RsvpCampaign') })],
    ['ValidationError', 'VALIDATION_FAILED', ['lines'], () => ({ id: p.ids.RsvpCampaign, lines: 0 })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['calendar', 'timeZone'],
      () => ({ id: p.ids.RsvpCampaign, calendar: { timeZone: '+02:00', weekly: [] } }),
    ],
    ['ConflictError', 'CAMPAIGN_COMPLETED', [], () => ({ id: completed, lines: 2 })],
  ],
  updateSmsBroadcast: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('SmsBroadcast') })]],
  updateEmailBroadcast: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('EmailBroadcast') })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'fromEmail'],
      () => ({ id: p.newCampaigns.email_broadcast, content: { subject: 'x', text: 'y', fromEmail: 'z' } }),
    ],
  ],
  updateSurveyCalls: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('SurveyCalls') })],
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: p.ids.RsvpCampaign })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['content', 'tries'],
      () => ({ id: p.newCampaigns.survey_calls, content: { linkId: p.ids.Link, tries: 0 } }),
    ],
    ['ConflictError', 'CAMPAIGN_NOT_EDITABLE', [], () => ({ id: p.ids.SurveyCalls, receivers: RECEIVERS() })],
  ],
  addRespondents: [
    [
      'NotFoundError',
      'NOT_FOUND',
      ['linkId'],
      () => ({ linkId: UNKNOWN('Link'), respondents: [{ phone: '+358401234567' }] }),
    ],
    ['NotFoundError', 'NOT_FOUND', ['linkId'], () => ({ linkId: p.ids.Question, respondents: [] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['idempotencyKey'],
      () => ({ linkId: p.ids.Link, respondents: [], idempotencyKey: ' ' }),
    ],
  ],
  callRespondents: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['respondentIds', '1'],
      () => ({ respondentIds: [p.ids.Respondent, UNKNOWN('Respondent')] }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['respondentIds', '0'],
      () => ({ respondentIds: ['nonsense', p.ids.Respondent] }),
    ],
  ],
  haltCampaign: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('RsvpCampaign') })],
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: disguised })],
    ['ConflictError', 'CAMPAIGN_COMPLETED', [], () => ({ id: completed })],
  ],
  resumeCampaign: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ClickToCall') })],
    ['ConflictError', 'CAMPAIGN_COMPLETED', [], () => ({ id: completed })],
  ],
  deleteCampaign: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('EmailBroadcast') })]],
  addReceivers: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('EmailBroadcast'), receivers: RECEIVERS() })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['receivers', '0', 'phone'],
      () => ({ id: p.ids.RsvpCampaign, receivers: [{ phone: '112' }] }),
    ],
    ['ConflictError', 'CAMPAIGN_COMPLETED', [], () => ({ id: completed, receivers: RECEIVERS() })],
  ],
  simulateCampaign: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('RsvpCampaign') })],
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: p.ids.SmsBroadcast })],
    ['ValidationError', 'VALIDATION_FAILED', ['seed'], () => ({ id: p.ids.RsvpCampaign, seed: '' })],
    ['ConflictError', 'CAMPAIGN_COMPLETED', [], () => ({ id: completed })],
  ],
  updateOutreachPolicy: [
    ['ValidationError', 'VALIDATION_FAILED', ['countries', '1'], () => ({ countries: ['FI', 'XX'] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['quietHours', 'to'],
      () => ({ quietHours: { from: '08:00', to: '08:00' } }),
    ],
  ],
  createWebhook: [
    ['ValidationError', 'VALIDATION_FAILED', ['eventTypes'], () => ({ url: 'https://hooks.invalid/', eventTypes: [] })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['url'],
      () => ({ url: 'ftp://hooks.invalid/', eventTypes: ['LINK_CREATED'] }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['eventTypes', '1'],
      () => ({
        url: 'https://hooks.invalid/',
        eventTypes: ['RESPONSE_SUBMITTED', 'LINK_CREATED'],
        format: 'SAYIFY',
      }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['secret'],
      () => ({ url: 'https://hooks.invalid/', eventTypes: ['LINK_CREATED'], secret: 'open sesame' }),
    ],
    [
      'NotFoundError',
      'NOT_FOUND',
      ['linkId'],
      () => ({ url: 'https://hooks.invalid/', eventTypes: ['LINK_CREATED'], linkId: UNKNOWN('Link') }),
    ],
  ],
  updateWebhook: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook'), name: 'x' })],
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ id: p.ids.Webhook, name: '' })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['url'],
      () => ({ id: p.ids.Webhook, url: 'https://me:pw@hooks.invalid' }),
    ],
  ],
  deleteWebhook: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook') })]],
  enableWebhook: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook') })]],
  disableWebhook: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook') })]],
  rotateWebhookSecret: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook') })],
    ['ValidationError', 'VALIDATION_FAILED', ['secret'], () => ({ id: p.ids.Webhook, secret: 'whsec_short' })],
  ],
  redeliverWebhook: [
    ['NotFoundError', 'NOT_FOUND', ['deliveryId'], () => ({ deliveryId: UNKNOWN('WebhookDelivery') })],
    ['ConflictError', 'WEBHOOK_DISABLED', [], () => ({ deliveryId: p.ids.WebhookDelivery })],
  ],
  replayWebhook: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook'), after: p.eventCursor })],
    ['InvalidCursorError', 'INVALID_CURSOR', ['after'], () => ({ id: p.ids.Webhook, after: 'nonsense' })],
    ['ConflictError', 'WEBHOOK_DISABLED', [], () => ({ id: p.ids.Webhook, after: p.eventCursor })],
  ],
  dryRunWebhook: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Webhook') })],
    ['InvalidCursorError', 'INVALID_CURSOR', ['cursor'], () => ({ id: p.ids.Webhook, cursor: 'nonsense' })],
    ['NotFoundError', 'NOT_FOUND', ['cursor'], () => ({ id: p.ids.Webhook, cursor: p.eventCursor })],
  ],
  addMessage: [
    ['ValidationError', 'VALIDATION_FAILED', ['provider'], () => ({ ...MESSAGE, provider: 'x' })],
    ['ConflictError', 'CONVERSATION_RESOLVED', ['conversation'], () => ({ ...MESSAGE, conversation: RESOLVED })],
    ['ConflictError', 'MESSAGES_REDUCED', ['time'], () => ({ ...MESSAGE, time: '2000-12-31T23:59:59Z' })],
  ],
  addMessages: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['messages'],
      () => ({ messages: Array.from({ length: 1_001 }, () => MESSAGE) }),
    ],
  ],
  resolveConversation: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: 'nonsense' })],
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Conversation') })],
    ['NotFoundError', 'NOT_FOUND', ['key', 'conversation'], () => ({ key: { ...PLACE, conversation: 'unknown' } })],
    ['ValidationError', 'VALIDATION_FAILED', ['id'], () => ({})],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['key', 'channel'],
      () => ({ key: { ...PLACE, channel: 'x', conversation: 'x' } }),
    ],
    [
      'ConflictError',
      'CONVERSATION_RESOLVED',
      ['key', 'conversation'],
      () => ({ key: { ...PLACE, conversation: RESOLVED } }),
    ],
  ],
  eraseMessageCustomer: [
    ['ValidationError', 'VALIDATION_FAILED', ['customerChannelIdentifier'], () => ({ customerChannelIdentifier: ' ' })],
  ],
  updateInsightBudget: [['ValidationError', 'VALIDATION_FAILED', ['monthlyTokens'], () => ({ monthlyTokens: 0.5 })]],
  updateMessageSettings: [
    ['ValidationError', 'VALIDATION_FAILED', ['retentionDays'], () => ({ retentionDays: 0 })],
    ['ValidationError', 'VALIDATION_FAILED', ['tenants', '1'], () => ({ tenants: ['x', ' '] })],
  ],
  setBusinessCalendar: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['calendar', 'timeZone'],
      () => ({ calendar: { ...CALENDAR, timeZone: '+2' } }),
    ],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['calendar', 'weekly', '1', 'weekday'],
      () => ({
        calendar: {
          ...CALENDAR,
          weekly: [
            { weekday: 'MONDAY', shifts: [] },
            { weekday: 'MONDAY', shifts: [] },
          ],
        },
      }),
    ],
  ],
  recomputeMetrics: [['ConflictError', 'MESSAGES_REDUCED', ['from'], () => ({ from: '2000-01-01T00:00:00Z' })]],
  verifyMetrics: [['ConflictError', 'MESSAGES_REDUCED', ['from'], () => ({ from: '2000-01-01T00:00:00Z' })]],
  addSigningKey: [
    ['ValidationError', 'VALIDATION_FAILED', ['publicKey'], () => ({ apiKeyId: p.ids.ApiKey, publicKey: 'x' })],
    ['NotFoundError', 'NOT_FOUND', ['apiKeyId'], () => ({ apiKeyId: 'nonsense', publicKey: 'x' })],
  ],
  revokeSigningKey: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: 'nonsense' })],
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('SigningKey') })],
  ],
  createApiKey: [
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ name: '' })],
    ['ValidationError', 'VALIDATION_FAILED', ['scopes'], () => ({ name: 'x', scopes: [] })],
    ['ValidationError', 'VALIDATION_FAILED', ['expiresAt'], () => ({ name: 'x', expiresAt: '2000-01-01T00:00:00Z' })],
  ],
  updateApiKey: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ApiKey'), requestsPerHour: 1 })],
    ['ValidationError', 'VALIDATION_FAILED', ['requestsPerHour'], () => ({ id: p.ids.ApiKey, requestsPerHour: -1 })],
  ],
  revokeApiKey: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('ApiKey') })]],
  signIn: [
    ['WrongPasswordError', 'WRONG_PASSWORD', [], () => ({ email: 'user@errors.example', password: 'wrong' })],
    ['WrongPasswordError', 'WRONG_PASSWORD', [], () => ({ email: '\u0000', password: '\u0000' })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['expiresIn'],
      () => ({ email: 'user@errors.example', password: PASSWORD, expiresIn: 1 }),
    ],
  ],
  createUser: [
    ['ValidationError', 'VALIDATION_FAILED', ['password'], () => ({ email: 'new@errors.example', password: 'short' })],
    [
      'ConflictError',
      'EMAIL_TAKEN',
      ['email'],
      () => ({ email: 'USER@errors.example', password: 'correct horse battery' }),
    ],
  ],
  updateUser: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('User') })],
    ['ValidationError', 'VALIDATION_FAILED', ['username'], () => ({ id: p.ids.User, username: ' ' })],
    ['ConflictError', 'EMAIL_TAKEN', ['email'], () => ({ id: p.ids.User, email: 'sub@errors.example' })],
  ],
  changePassword: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('User'), newPassword: 'another horse' })],
    ['ValidationError', 'VALIDATION_FAILED', ['id'], () => ({ newPassword: 'another horse' })],
    ['ValidationError', 'VALIDATION_FAILED', ['newPassword'], () => ({ id: p.ids.User, newPassword: 'password' })],
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['newPassword'],
      () => ({ id: p.ids.User, newPassword: 'User@errors.example' }),
    ],
  ],
  deactivateUser: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('User') })]],
  rotateUserToken: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('User') })]],
  createSubuser: [
    [
      'ValidationError',
      'VALIDATION_FAILED',
      ['password'],
      () => ({ username: 'x', email: 'new@errors.example', password: '' }),
    ],
    [
      'ConflictError',
      'EMAIL_TAKEN',
      ['email'],
      () => ({ username: 'x', email: 'user@errors.example', password: 'correct horse battery' }),
    ],
  ],
  updateSubuser: [
    ['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Subuser') })],
    ['ValidationError', 'VALIDATION_FAILED', ['password'], () => ({ id: p.ids.Subuser, password: '12345678' })],
    ['ConflictError', 'EMAIL_TAKEN', ['email'], () => ({ id: p.ids.Subuser, email: 'user@errors.example' })],
  ],
  deactivateSubuser: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Subuser') })]],
  rotateSubuserToken: [['NotFoundError', 'NOT_FOUND', ['id'], () => ({ id: UNKNOWN('Subuser') })]],
  createSubuserApiKey: [
    ['NotFoundError', 'NOT_FOUND', ['subuserId'], () => ({ subuserId: UNKNOWN('Subuser'), name: 'x' })],
    ['ValidationError', 'VALIDATION_FAILED', ['name'], () => ({ subuserId: p.ids.Subuser, name: '' })],
  ],
  createBrowserToken: [
    ['ValidationError', 'VALIDATION_FAILED', ['expiresIn'], () => ({ expiresIn: 59 })],
    ['ValidationError', 'VALIDATION_FAILED', ['scopes', '0'], () => ({ scopes: ['TOKENS_WRITE'] })],
  ],
}

/** What a mutation needs; the token mutations need no scope. */
const WRITE_SCOPES: Record<string, Scope | null> = {
  createLink: 'links:write',
  updateLink: 'links:write',
  pauseLink: 'links:write',
  resumeLink: 'links:write',
  deleteLink: 'links:write',
  addQuestion: 'links:write',
  updateQuestion: 'links:write',
  deleteQuestion: 'links:write',
  reorderQuestions: 'links:write',
  createContact: 'contacts:write',
  updateContact: 'contacts:write',
  deleteContact: 'contacts:write',
  deleteContacts: 'contacts:write',
  eraseContact: 'contacts:write',
  mergeContacts: 'contacts:write',
  optOut: 'contacts:write',
  optIn: 'contacts:write',
  setDefaultCountry: 'contacts:write',
  createContactList: 'contacts:write',
  updateContactList: 'contacts:write',
  deleteContactList: 'contacts:write',
  addToContactList: 'contacts:write',
  removeFromContactList: 'contacts:write',
  emptyContactList: 'contacts:write',
  createSegment: 'contacts:write',
  updateSegment: 'contacts:write',
  deleteSegment: 'contacts:write',
  inviteRespondent: 'responses:write',
  addRespondents: 'responses:write',
  deleteResponse: 'responses:write',
  recordAnalysis: 'responses:write',
  correctTranscript: 'responses:write',
  reanalyze: 'responses:write',
  retranscribe: 'responses:write',
  createSpeech: 'voiceFiles:write',
  updateVoiceFile: 'voiceFiles:write',
  deleteVoiceFile: 'voiceFiles:write',
  createVoiceBroadcast: 'campaigns:write',
  createClickToCall: 'campaigns:write',
  createRsvpCampaign: 'campaigns:write',
  createSmsBroadcast: 'campaigns:write',
  createEmailBroadcast: 'campaigns:write',
  createSurveyCalls: 'campaigns:write',
  callRespondents: 'campaigns:write',
  updateVoiceBroadcast: 'campaigns:write',
  updateClickToCall: 'campaigns:write',
  updateRsvpCampaign: 'campaigns:write',
  updateSmsBroadcast: 'campaigns:write',
  updateEmailBroadcast: 'campaigns:write',
  updateSurveyCalls: 'campaigns:write',
  haltCampaign: 'campaigns:write',
  resumeCampaign: 'campaigns:write',
  deleteCampaign: 'campaigns:write',
  addReceivers: 'campaigns:write',
  simulateCampaign: 'campaigns:read',
  updateOutreachPolicy: 'campaigns:write',
  createWebhook: 'webhooks:write',
  updateWebhook: 'webhooks:write',
  deleteWebhook: 'webhooks:write',
  enableWebhook: 'webhooks:write',
  disableWebhook: 'webhooks:write',
  rotateWebhookSecret: 'webhooks:write',
  redeliverWebhook: 'webhooks:write',
  replayWebhook: 'webhooks:write',
  dryRunWebhook: 'webhooks:write',
  addMessage: 'messages:write',
  addMessages: 'messages:write',
  resolveConversation: 'messages:write',
  eraseMessageCustomer: 'messages:write',
  updateInsightBudget: 'responses:write',
  updateMessageSettings: 'messages:write',
  setBusinessCalendar: 'messages:write',
  recomputeMetrics: 'messages:write',
  verifyMetrics: 'messages:read',
  addSigningKey: 'tokens:write',
  revokeSigningKey: 'tokens:write',
  createApiKey: 'tokens:write',
  updateApiKey: 'tokens:write',
  revokeApiKey: 'tokens:write',
  signIn: null,
  createUser: 'users:write',
  updateUser: 'users:write',
  changePassword: 'users:write',
  deactivateUser: 'users:write',
  rotateUserToken: 'users:write',
  createSubuser: 'subusers:write',
  updateSubuser: 'subusers:write',
  deactivateSubuser: 'subusers:write',
  rotateSubuserToken: 'subusers:write',
  createSubuserApiKey: 'subusers:write',
  createBrowserToken: null,
}

describe('expected failures of mutations', () => {
  const mutations = Object.keys(schema.getMutationType()!.getFields())

  it('are known for each mutation', () => {
    expect(Object.keys(FAILURES).sort(), 'add the new mutation to FAILURES').toEqual([...mutations].sort())
    expect(Object.keys(WRITE_SCOPES).sort(), 'add the new mutation to WRITE_SCOPES').toEqual([...mutations].sort())
  })

  it.each(mutations)('%s', async (name) => {
    for (const [type, code, path, input] of FAILURES[name]!) {
      const failure = await mutate(name, input())
      expect(failure, JSON.stringify(input())).toMatchObject({ __typename: type, code, path, retryable: false })
      expect(failure.message).not.toBe('')
      if (type !== 'ValidationError') continue
      expect(failure.issues.length).toBeGreaterThan(0)
      expect(failure.issues[0]).toEqual({
        path,
        rule: expect.stringMatching(/^[a-z_]+$/),
        message: expect.stringMatching(/./),
      })
    }
  })

  it('list every broken rule', async () => {
    const { issues } = await mutate('createLink', { name: '', slug: '-', questions: [] })
    expect(issues.map((issue: { path: string[] }) => issue.path)).toEqual([['name'], ['slug']])
  })

  it('say which scope is missing, and change nothing', async () => {
    for (const scope of SCOPES) {
      const key = await keyWith([scope])
      for (const name of mutations) {
        const needed = WRITE_SCOPES[name]
        if (needed === null || needed === scope) continue
        const input = FAILURES[name]![0]![3]()
        const failure = await mutate(name, input, key)
        // An id that is none is seen before; it tells nothing of the workspace.
        if (failure.code === 'NOT_FOUND') expect(JSON.stringify(input)).toContain('nonsense')
        else
          expect(failure, `${name} with ${scope}`).toMatchObject({
            __typename: 'ForbiddenError',
            code: 'INSUFFICIENT_SCOPE',
            message: `API key missing scope: ${needed}.`,
          })
      }
    }
  })

  it('happen where a limit of the workspace is reached', async () => {
    await app.db.query(sql`UPDATE workspace SET link_quota = 1 WHERE id = ${p.workspaceId}::uuid`)
    try {
      expect(await mutate('createLink', { name: 'x' })).toMatchObject({
        __typename: 'LimitReachedError',
        code: 'LINK_LIMIT_REACHED',
      })
    } finally {
      await app.db.query(sql`UPDATE workspace SET link_quota = NULL WHERE id = ${p.workspaceId}::uuid`)
    }
  })
})

describe('idempotency keys', () => {
  it.each([
    ['createLink', 'link', () => ({ name: 'Once' }), () => ({ name: 'Twice' })],
    ['createContact', 'contact', () => ({ name: 'Once' }), () => ({ name: 'Twice' })],
    ['createContactList', 'contactList', () => ({ name: 'Once' }), () => ({ name: 'Twice' })],
    [
      'createSegment',
      'segment',
      () => ({ filters: [{ field: 'CITY', operator: 'EQUALS', value: 'Once' }] }),
      () => ({ filters: [{ field: 'CITY', operator: 'EQUALS', value: 'Twice' }] }),
    ],
    [
      'createSmsBroadcast',
      'campaign',
      () => ({ ...CAMPAIGN(), content: { message: 'Once' } }),
      () => ({ ...CAMPAIGN(), content: { message: 'Twice' } }),
    ],
    [
      'inviteRespondent',
      'respondent',
      () => ({ linkId: p.ids.Link, contactId: p.freeContact }),
      () => ({ linkId: p.ids.Link, contactId: p.ids.Contact }),
    ],
    [
      'recordAnalysis',
      'response',
      () => ({ responseId: p.ids.Response, answers: [], method: 'ears' }),
      () => ({ responseId: p.ids.Response, answers: [], method: 'eyes' }),
    ],
    [
      'correctTranscript',
      'answer',
      () => ({ answerId: p.spokenAnswer, text: 'Once' }),
      () => ({ answerId: p.spokenAnswer, text: 'Twice' }),
    ],
    [
      'createSpeech',
      'voiceFile',
      () => ({ name: 'x', text: 'Once', voiceCode: 'en' }),
      () => ({ name: 'x', text: 'Twice', voiceCode: 'en' }),
    ],
    ['addMessage', 'message', () => MESSAGE, () => ({ ...MESSAGE, direction: 'OUT' })],
    [
      'resolveConversation',
      'conversation',
      () => ({ id: p.ids.Conversation }),
      () => ({ id: p.ids.Conversation, agent: 'another' }),
    ],
    [
      'createWebhook',
      'webhook',
      () => ({ url: 'https://hooks.invalid/', eventTypes: ['LINK_CREATED'], enabled: false }),
      () => ({ url: 'https://hooks.invalid/', eventTypes: ['LINK_CREATED'] }),
    ],
  ])('%s: the same input does nothing more, another is a conflict', async (name, field, input, other) => {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
    const run = async (given: object) =>
      (
        await ask(
          `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Payload { ${field} { id } } ... on Error { code path } } }`,
          { input: { ...given, idempotencyKey: `key of ${name}` } },
        )
      ).data![name]
    const first = await run(input())
    expect(first.__typename).toBe(`${type}Payload`)
    expect(await run(input())).toEqual(first)
    expect(await run(other())).toEqual({
      __typename: 'ConflictError',
      code: 'IDEMPOTENCY_CONFLICT',
      path: ['idempotencyKey'],
    })
  })

  it('are judged', async () => {
    expect(await mutate('createLink', { name: 'x', idempotencyKey: 'x'.repeat(201) })).toMatchObject({
      __typename: 'ValidationError',
      path: ['idempotencyKey'],
    })
  })
})

describe('unexpected errors', () => {
  const INTERNAL = {
    code: 'INTERNAL_SERVER_ERROR',
    retryable: true,
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  }

  it.each([
    ['a query', /FROM "link"/, '{ links(first: 1) { nodes { id } } }', ['links']],
    [
      'a nested total',
      /count/,
      '{ links(first: 1) { nodes { responses(first: 1) { totalCount } } } }',
      ['links', 'nodes', 0, 'responses', 'totalCount'],
    ],
    ['a node', /FROM "link"/, `{ node(id: "${p.ids.Link}") { id } }`, ['node']],
    ['a mutation', /INSERT INTO link/, 'mutation { createLink(input: { name: "x" }) { __typename } }', ['createLink']],
    [
      'what a mutation returns',
      /FROM "contact"/,
      'mutation { createContact(input: { name: "x" }) { ... on CreateContactPayload { contact { id } } } }',
      ['createContact', 'contact'],
    ],
    ['the event log', /FROM event_head/, '{ events(first: 1) { __typename } }', ['events']],
  ])('in %s are masked', async (_where, pattern, query, path) => {
    for (let run = 0; run < 3; run++) {
      failing = pattern
      const answer = await ask(query)
      failing = undefined
      expect(JSON.stringify(answer)).not.toContain(CAUSE)
      expect(JSON.stringify(answer)).not.toMatch(/stack|Error:|originalError/)
      const [error] = answer.errors!
      expect(error).toMatchObject({ path, extensions: INTERNAL, locations: [{ line: 1 }] })
      expect(error!.message).toContain(String(error!.extensions.requestId))
    }
  })

  it('while the key is looked up are masked, with the id of the request', async () => {
    failing = /FROM api_key/
    const response = await fetch(new URL('/graphql', app.localUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${p.key}` },
      body: JSON.stringify({ query: '{ viewer { credential } }' }),
    })
    failing = undefined
    const text = await response.text()
    expect(text).not.toContain(CAUSE)
    expect(JSON.parse(text).errors[0].extensions).toEqual({
      ...INTERNAL,
      requestId: response.headers.get('x-request-id'),
    })
    expect(JSON.parse(text).errors[0].message).toContain(response.headers.get('x-request-id'))
  })
})

describe('scopes', () => {
  /** Fields that lead to a kind of object, by the type they stand on. */
  const leading = Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__') && !type.extensions.payload
      ? Object.values(type.getFields()).map((field) => ({ type, field }))
      : [],
  )

  /** The kind behind a field: that of the nodes where it is a page. */
  function kindOf(named: GraphQLNamedType): string {
    const nodes = isObjectType(named) && /Connection$/.test(named.name) ? named.getFields().nodes : undefined
    return nodes ? getNamedType(nodes.type).name : named.name
  }

  it('are defined for every kind of object', () => {
    expect(Object.keys(READ_SCOPES).sort()).toEqual([...NODE_NAMES, 'Campaign'].sort())
  })

  it.each(SCOPES)('with %s alone nothing else can be read, wherever it stands', async (scope) => {
    const key = await keyWith([scope])
    let refused = 0
    let allowed = 0
    for (const { type, field } of leading) {
      const kind = kindOf(getNamedType(field.type))
      const needed = READ_SCOPES[kind]
      if (needed === undefined || needed === null || !isOpen(field)) continue
      const leaf = getNamedType(field.type).name.endsWith('Connection') ? '{ __typename totalCount }' : '{ __typename }'
      const inner = `${field.name}${page(field, 1)} ${leaf}`
      let query: string
      if (type.name === 'Query') query = `{ ${inner} }`
      else if (NODE_NAMES.includes(type.name as never)) {
        const mine = READ_SCOPES[type.name]
        if (mine && mine !== scope) continue
        query = `{ node(id: "${p.ids[type.name as 'Link']}") { ... on ${type.name} { ${inner} } } }`
      } else if (type.name === 'Event') query = `{ events(first: 100) { ... on EventPage { events { ${inner} } } } }`
      else if (
        /Connection$|Edge$|^ResponseEvent$|^ContactImportEvent$|^ContactDuplicates$|^AnswerMatch$|^QuestionSummary$|^RsvpVoiceFile$|^SurveyPhrase$|^SurveyPrompt$|^RespondentStatusEvent$|^SimulatedCall$|^CampaignStateEvent$|^ReceiverEvent$|^CallEvent$|^ConversationEvent$|^FollowUpEvent$|^ConversationResolvedEvent$|^MetricDifference$/.test(
          type.name,
        )
      )
        continue // reached through the page only, or live
      else throw new Error(`test/graph/errors.test.ts: say how ${type.name} is reached`)
      const { errors } = await ask(query, {}, key)
      if (needed === scope) {
        allowed++
        expect(errors, query).toBeUndefined()
      } else {
        refused++
        expect(
          errors?.map((error) => error.extensions.code),
          query,
        ).toContain('INSUFFICIENT_SCOPE')
        expect(errors!.every((error) => error.extensions.code === 'INSUFFICIENT_SCOPE')).toBe(true)
      }
    }
    expect(refused).toBeGreaterThan(4)
    if (scope.endsWith(':read')) expect(allowed).toBeGreaterThan(0)
  })

  it.each(SCOPES)('with %s alone no other kind is found by its id', async (scope) => {
    const key = await keyWith([scope])
    for (const name of NODE_NAMES) {
      const needed = READ_SCOPES[name]
      const { data, errors } = await ask('query ($id: ID!) { node(id: $id) { id } }', { id: p.ids[name] }, key)
      if (needed === null || needed === scope) expect(data!.node, name).toEqual({ id: p.ids[name] })
      else {
        expect(data!.node).toBeNull()
        expect(errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: needed })
      }
    }
  })

  it('do not hide from a writer what it wrote, and nothing below it', async () => {
    const key = await keyWith(['links:write'])
    const { data, errors } = await ask(
      'mutation { createLink(input: { name: "Mine" }) { ... on CreateLinkPayload { link { name publicUrl } } } }',
      {},
      key,
    )
    expect(errors).toBeUndefined()
    expect(data!.createLink.link.name).toBe('Mine')
    const below = await ask(
      'mutation { createLink(input: { name: "Mine" }) { ... on CreateLinkPayload { link { responses(first: 1) { totalCount } } } } }',
      {},
      key,
    )
    expect(below.errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'responses:read' })
  })

  it('decide which events are listed', async () => {
    const types = async (key: string) =>
      new Set(
        (await ask('{ events(first: 100) { ... on EventPage { events { type } } } }', {}, key)).data!.events.events.map(
          (event: { type: string }) => event.type,
        ),
      )
    expect([...(await types(await keyWith(['tokens:read'])))]).toEqual(['API_KEY_CREATED', 'SIGNING_KEY_ADDED'])
    expect([...(await types(await keyWith(['contacts:read'])))]).toEqual([
      'CONTACT_CREATED',
      'CONTACT_LIST_CREATED',
      'SEGMENT_CREATED',
      'CONTACT_LIST_MEMBERS_CHANGED',
    ])
    const refused = await ask(
      '{ events(first: 1, types: [API_KEY_CREATED]) { __typename } }',
      {},
      await keyWith(['links:read']),
    )
    expect(refused.errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'tokens:read' })
    const none = await ask('{ events(first: 1) { __typename } }', {}, await keyWith(['links:write']))
    expect(none.errors![0]!.extensions.code).toBe('INSUFFICIENT_SCOPE')
  })

  it('of a browser token never reach keys', async () => {
    const issue = async (input: string) =>
      (
        await ask(
          `mutation { createBrowserToken(input: ${input}) { ... on CreateBrowserTokenPayload { token scopes } ... on Error { code path } } }`,
        )
      ).data!.createBrowserToken
    const all = await issue('{}')
    expect(all.scopes).toEqual(
      SCOPES.filter((scope) => !/^tokens|^webhooks:write|^users:write|^subusers/.test(scope)).map(scopeName),
    )
    const { data } = await ask('{ viewer { credential } links(first: 1) { totalCount } }', {}, all.token)
    expect(data!.viewer.credential).toBe('BROWSER_TOKEN')
    expect((await ask('{ apiKeys(first: 1) { totalCount } }', {}, all.token)).errors![0]!.extensions.code).toBe(
      'INSUFFICIENT_SCOPE',
    )
    const narrow = await issue('{ scopes: [LINKS_READ] }')
    expect((await ask('{ contacts(first: 1) { totalCount } }', {}, narrow.token)).errors![0]!.extensions.code).toBe(
      'INSUFFICIENT_SCOPE',
    )
    const again = await ask(
      'mutation { createBrowserToken(input: {}) { __typename ... on Error { code } } }',
      {},
      all.token,
    )
    expect(again.data!.createBrowserToken.__typename).toBe('ValidationError')
  })
})

describe('credentials', () => {
  it.each([[null], ['sk_live_unknown0123456789'], ['nonsense'], ['']])('%j is answered with 401', async (key) => {
    for (const query of [
      '{ viewer { credential } }',
      '{ links(first: 1) { totalCount } }',
      'mutation { createContact(input: { name: "x" }) { __typename } }',
    ]) {
      const { status, errors, data } = await ask(query, {}, key)
      expect(status, query).toBe(401)
      expect(data ?? null).toBeNull()
      expect(errors![0]!.extensions).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false })
    }
  })

  it('are limited in how often they may ask', async () => {
    const limited = await testApp({ RATE_LIMIT: '3' })
    const send = () =>
      fetch(new URL('/graphql', limited.localUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${limited.key}` },
        body: JSON.stringify({ query: '{ viewer { credential } }' }),
      })
    for (let n = 0; n < 3; n++) expect((await send()).status).toBe(200)
    const response = await send()
    expect(response.status).toBe(429)
    const seconds = Number(response.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    const { errors } = (await response.json()) as { errors: { extensions: object }[] }
    expect(errors[0]!.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfter: seconds })
  })
})

// Kinds that have no field of their own would make the walk above say nothing.
it('walks fields that lead to objects', () => {
  const fields = Object.values(schema.getQueryType()!.getFields()).filter(
    (field) => !isLeafType(getNamedType(field.type)),
  )
  expect(fields.length).toBeGreaterThan(10)
})
