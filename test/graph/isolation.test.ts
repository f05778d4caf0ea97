import { generateKeyPairSync, randomUUID } from 'node:crypto'
import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { join, sql } from '../../src/db/sql.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { CAMPAIGN_TYPES } from '../../src/graphql/types/campaign.ts'
import { testApp } from '../kit/app.ts'
import { CAMPAIGN_KINDS, campaignContent } from './campaign-rows.ts'
import { NODE_NAMES, type NodeName, type Population, twoWorkspaces } from './population.ts'
import { everything, fieldsOf, type Input, inputsOf, type objectTypesOf, type Place, pathsFromQuery } from './walk.ts'

/**
 * Whatever of another workspace is named, the answer is that for something that does not exist: byte for byte, with its
 * status, and the other workspace stays as it is. The schema itself says what can be named, so a new argument is either
 * known below or fails here.
 */
// Without a voice, which would be at work on what the calls of surveys say while rows are compared.
const app = await testApp({ SPEECH: 'none' })
// What is done by the minute of the hour may write to what is compared.
await app.db.script('DELETE FROM pgboss.schedule')
const { a, b } = await twoWorkspaces(app)
const schema = buildSchema()
const paths = pathsFromQuery(schema)

/** One way to name something: what A has, what B has, what nobody has. */
interface Attempt {
  label: string
  own: unknown
  foreign: unknown
  unknown: unknown
  /** Further arguments that go with it, by path. */
  also?: Record<string, unknown>
}

const nodes =
  (...names: readonly NodeName[]) =>
  () =>
    names.map((name): Attempt => ({ label: name, own: a.ids[name], foreign: b.ids[name], unknown: unknownId(name) }))

const eventCursor = () => [
  { label: 'cursor', own: a.eventCursor, foreign: b.eventCursor, unknown: scrambled(b.eventCursor) },
]

/** What each argument or input field names. After a new one: add it here, or to NAMES_NOTHING with the reason. */
const REFERENCES: Record<string, (input: Input, place: Place) => Attempt[] | Promise<Attempt[]>> = {
  'Query.node(id:)': nodes(...NODE_NAMES),
  'Query.nodes(ids:)': nodes(...NODE_NAMES),
  'Query.nodeByLegacyId(id:)': legacyIds,
  'Query.nodeByUuid(uuid:)': uuids,
  'Query.link(id:)': nodes('Link'),
  'Query.linkBySlug(slug:)': () => [
    { label: 'slug', own: a.linkSlug, foreign: b.linkSlug, unknown: unknownLike(b.linkSlug) },
  ],
  'Query.links(after:)': connectionCursor,
  'Query.links(before:)': connectionCursor,
  'Query.contact(id:)': nodes('Contact'),
  'Query.contacts(after:)': connectionCursor,
  'Query.contacts(before:)': connectionCursor,
  'ContactFilter.listId': nodes('ContactList'),
  'Query.contactList(id:)': nodes('ContactList'),
  'Query.contactLists(after:)': connectionCursor,
  'Query.contactLists(before:)': connectionCursor,
  'ContactList.members(after:)': connectionCursor,
  'ContactList.members(before:)': connectionCursor,
  'Query.segment(id:)': nodes('Segment'),
  'Query.segments(after:)': connectionCursor,
  'Query.segments(before:)': connectionCursor,
  'Segment.contacts(after:)': connectionCursor,
  'Segment.contacts(before:)': connectionCursor,
  'Query.contactImport(id:)': nodes('ContactImport'),
  'Query.contactImports(after:)': connectionCursor,
  'Query.contactImports(before:)': connectionCursor,
  'Query.contactImports(key:)': () => [
    {
      ...{ label: 'key', own: `Import of ${a.slug}`, foreign: `Import of ${b.slug}` },
      unknown: `Import of ${randomUUID()}`,
    },
  ],
  'Query.contactDuplicates(after:)': () => [
    {
      label: 'cursor',
      own: duplicatesCursor(a.workspaceId),
      foreign: duplicatesCursor(b.workspaceId),
      unknown: duplicatesCursor(randomUUID()),
    },
  ],
  'Subscription.importProgress(importId:)': nodes('ContactImport'),
  'Subscription.importProgress(after:)': eventCursor,
  'UpdateContactInput.id': nodes('Contact'),
  'DeleteContactInput.id': nodes('Contact'),
  'EraseContactInput.id': nodes('Contact'),
  'MergeContactsInput.id': nodes('Contact'),
  'MergeContactsInput.duplicateIds': contactsAmongOwn,
  'OptOutInput.contactId': nodes('Contact'),
  'OptInInput.contactId': nodes('Contact'),
  'UpdateContactListInput.id': nodes('ContactList'),
  'DeleteContactListInput.id': nodes('ContactList'),
  'AddToContactListInput.id': nodes('ContactList'),
  'AddToContactListInput.contactIds': contactsAmongOwn,
  'RemoveFromContactListInput.id': nodes('ContactList'),
  // Those that are not on the list are passed over, so each stands alone.
  'RemoveFromContactListInput.contactIds': () => [
    { label: 'alone', own: [a.freeContact], foreign: [b.freeContact], unknown: [unknownId('Contact')] },
  ],
  'EmptyContactListInput.id': nodes('ContactList'),
  'DeleteContactsInput.segmentId': nodes('Segment'),
  'UpdateSegmentInput.id': nodes('Segment'),
  'DeleteSegmentInput.id': nodes('Segment'),
  'Query.respondent(id:)': nodes('Respondent'),
  'Query.response(id:)': nodes('Response'),
  'Query.responses(linkId:)': nodes('Link'),
  'Query.responses(after:)': connectionCursor,
  'Query.responses(before:)': connectionCursor,
  'Query.searchAnswers(linkId:)': nodes('Link'),
  'Query.searchAnswers(after:)': matchCursor,
  'Query.searchAnswers(before:)': matchCursor,
  'Query.apiKey(id:)': nodes('ApiKey'),
  'Query.apiKeys(after:)': connectionCursor,
  'Query.apiKeys(before:)': connectionCursor,
  'Query.events(after:)': eventCursor,
  'Link.responses(after:)': connectionCursor,
  'Link.responses(before:)': connectionCursor,
  'Link.respondents(after:)': connectionCursor,
  'Link.respondents(before:)': connectionCursor,
  'Subscription.events(after:)': eventCursor,
  'Subscription.followUpAsked(after:)': eventCursor,
  'Subscription.followUpAsked(linkId:)': nodes('Link'),
  'Subscription.responseStarted(after:)': eventCursor,
  'Subscription.responseStarted(linkId:)': nodes('Link'),
  'Subscription.responseSubmitted(after:)': eventCursor,
  'Subscription.responseSubmitted(linkId:)': nodes('Link'),
  'AddQuestionInput.linkId': nodes('Link'),
  'UpdateQuestionInput.id': nodes('Question'),
  'DeleteQuestionInput.id': nodes('Question'),
  'ReorderQuestionsInput.linkId': nodes('Link'),
  'ReorderQuestionsInput.questionIds': () => [
    {
      label: 'only',
      own: a.questionIds,
      foreign: b.questionIds,
      unknown: b.questionIds.map(() => unknownId('Question')),
    },
    {
      label: 'among own',
      own: a.questionIds,
      foreign: [...a.questionIds.slice(1), b.questionIds[0]],
      unknown: [...a.questionIds.slice(1), unknownId('Question')],
    },
  ],
  'UpdateLinkInput.id': nodes('Link'),
  'PauseLinkInput.id': nodes('Link'),
  'ResumeLinkInput.id': nodes('Link'),
  'DeleteLinkInput.id': nodes('Link'),
  'InviteRespondentInput.linkId': nodes('Link'),
  'InviteRespondentInput.contactId': () => [
    { label: 'Contact', own: a.freeContact, foreign: b.freeContact, unknown: unknownId('Contact') },
  ],
  'RecordAnalysisInput.responseId': nodes('Response'),
  'CorrectTranscriptInput.answerId': nodes('Answer'),
  'ReanalyzeInput.responseId': nodes('Response'),
  'ReanalyzeInput.linkId': nodes('Link'),
  'RetranscribeInput.responseId': nodes('Response'),
  'RetranscribeInput.linkId': nodes('Link'),
  'Query.voiceFile(id:)': nodes('VoiceFile'),
  'Query.voiceFiles(after:)': connectionCursor,
  'Query.voiceFiles(before:)': connectionCursor,
  'UpdateVoiceFileInput.id': nodes('VoiceFile'),
  'DeleteVoiceFileInput.id': nodes('VoiceFile'),
  'Query.webhook(id:)': nodes('Webhook'),
  'Query.webhooks(after:)': connectionCursor,
  'Query.webhooks(before:)': connectionCursor,
  'Query.webhookDelivery(id:)': nodes('WebhookDelivery'),
  'Query.webhookDeliveries(webhookId:)': nodes('Webhook'),
  'Query.webhookDeliveries(after:)': connectionCursor,
  'Query.webhookDeliveries(before:)': connectionCursor,
  'Query.deadLetters(after:)': connectionCursor,
  'Query.deadLetters(before:)': connectionCursor,
  'Link.webhooks(after:)': connectionCursor,
  'Link.webhooks(before:)': connectionCursor,
  'Webhook.deliveries(after:)': connectionCursor,
  'Webhook.deliveries(before:)': connectionCursor,
  'WebhookDelivery.attempts(after:)': connectionCursor,
  'WebhookDelivery.attempts(before:)': connectionCursor,
  'CreateWebhookInput.linkId': nodes('Link'),
  'UpdateWebhookInput.id': nodes('Webhook'),
  'EnableWebhookInput.id': nodes('Webhook'),
  'DisableWebhookInput.id': nodes('Webhook'),
  'DeleteWebhookInput.id': nodes('Webhook'),
  'RotateWebhookSecretInput.id': nodes('Webhook'),
  'RedeliverWebhookInput.deliveryId': nodes('WebhookDelivery'),
  'ReplayWebhookInput.id': nodes('Webhook'),
  'ReplayWebhookInput.after': eventCursor,
  'DryRunWebhookInput.id': nodes('Webhook'),
  'DryRunWebhookInput.cursor': eventCursor,
  'AnswerAnalysisInput.answerId': nodes('Answer'),
  'DeleteResponseInput.id': nodes('Response'),
  'UpdateApiKeyInput.id': nodes('ApiKey'),
  'RevokeApiKeyInput.id': nodes('ApiKey'),
  'Query.campaign(id:)': nodes(...Object.values(CAMPAIGN_TYPES)),
  'Query.campaigns(after:)': connectionCursor,
  'Query.campaigns(before:)': connectionCursor,
  'Query.call(id:)': nodes('Call'),
  'Query.calls(after:)': connectionCursor,
  'Query.calls(before:)': connectionCursor,
  'UpdateVoiceBroadcastInput.id': nodes('VoiceBroadcast'),
  'UpdateClickToCallInput.id': nodes('ClickToCall'),
  'UpdateRsvpCampaignInput.id': nodes('RsvpCampaign'),
  'UpdateSmsBroadcastInput.id': nodes('SmsBroadcast'),
  'UpdateEmailBroadcastInput.id': nodes('EmailBroadcast'),
  'UpdateSurveyCallsInput.id': nodes('SurveyCalls'),
  'SmsContentInput.linkId': nodes('Link'),
  'SurveyCallsContentInput.linkId': nodes('Link'),
  'SurveyPhraseInput.voiceFileId': nodes('VoiceFile'),
  'SurveyPromptInput.voiceFileId': nodes('VoiceFile'),
  'AddRespondentsInput.linkId': nodes('Link'),
  'CallRespondentsInput.respondentIds': () => [
    {
      ...{ label: 'among own', own: [a.ids.Respondent], foreign: [a.ids.Respondent, b.ids.Respondent] },
      unknown: [a.ids.Respondent, unknownId('Respondent')],
    },
  ],
  'Subscription.respondentStatusChanged(linkId:)': nodes('Link'),
  'Subscription.respondentStatusChanged(respondentId:)': nodes('Respondent'),
  'Subscription.respondentStatusChanged(after:)': eventCursor,
  'HaltCampaignInput.id': nodes('VoiceBroadcast', 'RsvpCampaign', 'EmailBroadcast'),
  'ResumeCampaignInput.id': nodes('ClickToCall'),
  'DeleteCampaignInput.id': nodes('SmsBroadcast'),
  'AddReceiversInput.id': nodes('RsvpCampaign'),
  'SimulateCampaignInput.id': nodes('RsvpCampaign'),
  'Subscription.campaignStateChanged(campaignId:)': nodes('ClickToCall'),
  'Subscription.campaignStateChanged(after:)': eventCursor,
  'Subscription.receiverUpdated(campaignId:)': nodes('EmailBroadcast'),
  'Subscription.receiverUpdated(after:)': eventCursor,
  'Subscription.callStateChanged(campaignId:)': nodes('RsvpCampaign'),
  'Subscription.callStateChanged(callId:)': nodes('Call'),
  'Subscription.callStateChanged(after:)': () =>
    eventCursor().map((attempt) => ({ ...attempt, also: { callId: a.ids.Call } })),
  'Subscription.campaignStats(campaignId:)': nodes('VoiceBroadcast'),
  'ReceiverInput.contactId': inReceivers('Contact'),
  'ReceiverInput.listId': inReceivers('ContactList'),
  'ReceiverInput.segmentId': inReceivers('Segment'),
  'ClickToCallContentInput.voiceFileId': nodes('VoiceFile'),
  'RsvpVoiceFileInput.voiceFileId': nodes('VoiceFile'),
  ...onEach(['Contact'], ['receivers', 'calls', 'outboundMessages']),
  ...onEach(['CampaignTarget'], ['receivers']),
  ...onEach(['Link'], ['campaigns']),
  ...onEach(['Respondent'], ['calls']),
  ...onEach(
    ['VoiceBroadcast', 'ClickToCall', 'RsvpCampaign', 'SurveyCalls'],
    ['targets', 'receivers', 'calls', 'webhooks'],
  ),
  ...onEach(['SmsBroadcast', 'EmailBroadcast'], ['targets', 'receivers', 'outboundMessages', 'webhooks']),
  'Query.message(id:)': nodes('Message'),
  'Query.messages(after:)': connectionCursor,
  'Query.messages(before:)': connectionCursor,
  'Query.conversation(id:)': nodes('Conversation'),
  'Query.conversations(after:)': connectionCursor,
  'Query.conversations(before:)': connectionCursor,
  ...onEach(['Conversation', 'MessageThread'], ['messages']),
  'Metric.proof(after:)': proofCursor,
  'Metric.proof(before:)': proofCursor,
  'ResolveConversationInput.id': nodes('Conversation'),
  'Subscription.conversationUpdated(conversationId:)': nodes('Conversation'),
  'Subscription.conversationUpdated(after:)': eventCursor,
  'Subscription.conversationResolved(conversationId:)': nodes('Conversation'),
  'Subscription.conversationResolved(after:)': eventCursor,
  'AddSigningKeyInput.apiKeyId': nodes('ApiKey'),
  'RevokeSigningKeyInput.id': () => [
    {
      ...{ label: 'signing key', own: a.signingKey, foreign: b.signingKey },
      unknown: Buffer.from(`SigningKey:${randomUUID()}`).toString('base64url'),
    },
  ],
  'Query.user(id:)': nodes('User'),
  'Query.users(after:)': connectionCursor,
  'Query.users(before:)': connectionCursor,
  'Query.subuser(id:)': nodes('Subuser'),
  'Query.subusers(after:)': connectionCursor,
  'Query.subusers(before:)': connectionCursor,
  'UpdateUserInput.id': nodes('User'),
  'ChangePasswordInput.id': nodes('User'),
  'DeactivateUserInput.id': nodes('User'),
  'RotateUserTokenInput.id': nodes('User'),
  'UpdateSubuserInput.id': nodes('Subuser'),
  'DeactivateSubuserInput.id': nodes('Subuser'),
  'RotateSubuserTokenInput.id': nodes('Subuser'),
  'CreateSubuserApiKeyInput.subuserId': nodes('Subuser'),
}

/** What looks like a name of something and is not one. Each has its own test below where a workspace matters. */
const NAMES_NOTHING: Record<string, string> = {
  'CreateLinkInput.slug': 'a new name, unique within the workspace',
  'UpdateLinkInput.slug': 'a new name, unique within the workspace',
  'CreateLinkInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateContactInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateContactInput.externalKey': 'a new name, unique within the workspace',
  'UpdateContactInput.externalKey': 'a new name, unique within the workspace',
  'CreateContactListInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateSegmentInput.idempotencyKey': "the caller's own, within the workspace",
  'InviteRespondentInput.idempotencyKey': "the caller's own, within the workspace",
  'RecordAnalysisInput.idempotencyKey': "the caller's own, within the workspace",
  'CorrectTranscriptInput.idempotencyKey': "the caller's own, within the workspace",
  'ReanalyzeInput.idempotencyKey': "the caller's own, within the workspace",
  'RetranscribeInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateSpeechInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateWebhookInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateUserInput.idempotencyKey': "the caller's own, within the workspace",
  'CreateSubuserInput.idempotencyKey': "the caller's own, within the workspace",
  'QuestionInput.fieldKey': 'a new name, unique within the link',
  'QuestionChanges.fieldKey': 'a new name, unique within the link',
  ...Object.fromEntries(
    Object.values(CAMPAIGN_TYPES).map((name) => [
      `Create${name}Input.idempotencyKey`,
      "the caller's own, within the workspace",
    ]),
  ),
  'AddReceiversInput.idempotencyKey': "the caller's own, within the workspace",
  'AddRespondentsInput.idempotencyKey': "the caller's own, within the workspace",
  'CallRespondentsInput.idempotencyKey': "the caller's own, within the workspace",
  'AddMessageInput.idempotencyKey': "the caller's own, within the workspace",
  'AddMessagesInput.idempotencyKey': "the caller's own, within the workspace",
  'ResolveConversationInput.idempotencyKey': "the caller's own, within the workspace",
  'AddSigningKeyInput.publicKey': 'the key itself, which may be anywhere',
  'SurveyCallsContentInput.optOutKey': 'a key of the telephone',
  'SurveyPromptInput.fieldKey': 'a question of the link that is named beside it',
  'ImageCardInput.cardId': 'a new name within the question',
}

const EVER = { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }
const PUBLIC_KEY = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({
  type: 'spki',
  format: 'pem',
})

const survey = () => ({ linkId: a.ids.Link, fieldKey: a.fieldKeys.voice })

/** Values for what must be given beside it, by coordinate. */
const REQUIRED: Record<string, () => unknown> = {
  'AddQuestionInput.linkId': () => a.ids.Link,
  'AddQuestionInput.question': () => ({ prompt: 'One more' }),
  'InviteRespondentInput.linkId': () => a.ids.Link,
  'InviteRespondentInput.contactId': () => a.freeContact,
  'Query.events(first:)': () => 10,
  'Query.nodeByUuid(type:)': () => 'LINK',
  'Query.searchAnswers(query:)': () => 'says',
  'Link.export(format:)': () => 'CSV',
  'Query.contactDuplicates(first:)': () => 10,
  'MergeContactsInput.id': () => a.ids.Contact,
  'MergeContactsInput.duplicateIds': () => [a.freeContact],
  'OptOutInput.channels': () => ['CALL'],
  'OptInInput.channels': () => ['CALL'],
  'AddToContactListInput.id': () => a.ids.ContactList,
  'AddToContactListInput.contactIds': () => [a.freeContact],
  'RemoveFromContactListInput.id': () => a.ids.ContactList,
  'RemoveFromContactListInput.contactIds': () => [a.ids.Contact],
  'CreateContactListInput.name': () => 'One more list',
  'CreateSegmentInput.filters': () => [{ field: 'NAME', operator: 'EQUALS', value: 'x' }],
  'Subscription.receiverUpdated(campaignId:)': () => a.ids.EmailBroadcast,
  'Subscription.importProgress(importId:)': () => a.ids.ContactImport,
  'Query.link(id:)': () => a.ids.Link,
  'RecordAnalysisInput.responseId': () => a.ids.Response,
  'CorrectTranscriptInput.answerId': () => a.ids.Answer,
  'CorrectTranscriptInput.text': () => 'x',
  'RecordAnalysisInput.answers': () => [],
  'RecordAnalysisInput.method': () => 'ears',
  ...Object.fromEntries(
    CAMPAIGN_KINDS.flatMap((kind): [string, () => unknown][] => [
      [`Create${CAMPAIGN_TYPES[kind]}Input.receivers`, () => [{ contactId: a.freeContact }]],
      [`Create${CAMPAIGN_TYPES[kind]}Input.content`, () => campaignContent(kind, a.ids.VoiceFile, survey())],
      [`Update${CAMPAIGN_TYPES[kind]}Input.id`, () => a.newCampaigns[kind]],
    ]),
  ),
  'CreateRsvpCampaignInput.acceptsWanted': () => 1,
  'ClickToCallContentInput.actionButtons': () => [{ button: '1', action: 'ACCEPT' }],
  'RsvpContentInput.actionButtons': () => [{ button: '1', action: 'ACCEPT' }],
  'RsvpVoiceFileInput.type': () => 'START',
  'SmsContentInput.message': () => 'Hello {link}',
  'SurveyCallsContentInput.linkId': () => a.ids.Link,
  'SurveyPromptInput.fieldKey': () => a.fieldKeys.voice,
  'AddRespondentsInput.respondents': () => [{ phone: '+358 40 7654321' }],
  'AddReceiversInput.id': () => a.ids.RsvpCampaign,
  'AddReceiversInput.receivers': () => [{ contactId: a.freeContact }],
  'CreateWebhookInput.url': () => 'https://hooks.invalid/',
  'CreateWebhookInput.eventTypes': () => ['RESPONSE_SUBMITTED'],
  'ReplayWebhookInput.id': () => a.ids.Webhook,
  'ReplayWebhookInput.after': () => a.eventCursor,
  'DryRunWebhookInput.id': () => a.ids.Webhook,
  'ReorderQuestionsInput.linkId': () => a.ids.Link,
  'ReorderQuestionsInput.questionIds': () => a.questionIds,
  'ChangePasswordInput.newPassword': () => 'another horse battery staple',
  'CreateSubuserApiKeyInput.name': () => 'Key of a subuser',
  'AddSigningKeyInput.publicKey': () => PUBLIC_KEY,
  'Query.metric(name:)': () => 'MESSAGES',
  'Query.metric(period:)': () => EVER,
  'Subscription.followUpAsked(linkId:)': () => a.ids.Link,
  'Subscription.responseStarted(linkId:)': () => a.ids.Link,
  'Subscription.responseSubmitted(linkId:)': () => a.ids.Link,
  'UpdateQuestionInput.question': () => ({ prompt: 'In other words' }),
}

/** The same for what leads to a type from the root. */
const NODE_ARGUMENTS: Record<string, (type?: string) => unknown> = {
  'Query.node(id:)': (type) => a.ids[type as NodeName] ?? a.ids.Link,
}

const LOOKS_LIKE_A_NAME = /^(after|before|slug|id)$|(Id|Ids|Slug|Cursor|Token|Key)$/i
const CURSOR = /^(after|before)$/

function isReference({ coordinate, definition }: Input): boolean {
  if (coordinate in NAMES_NOTHING) return false
  const named = getNamedType(definition.type).name
  return named === 'ID' || (['String', 'UUID'].includes(named) && LOOKS_LIKE_A_NAME.test(definition.name))
}

function unknownId(name: NodeName): string {
  return Buffer.from(`${name}:${randomUUID()}`).toString('base64url')
}

function unknownLike(text: string): string {
  return `${text.slice(0, -4)}${randomUUID().slice(0, 4)}`
}

/** A cursor of the same form whose parts are nobody's. */
function scrambled(cursor: string): string {
  const plain = Buffer.from(cursor, 'base64url').toString()
  const other = plain
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, () => randomUUID())
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, () => new Date(Math.floor(Math.random() * 2e12)).toISOString())
  if (other === plain) throw new Error(`nothing to make unknown in the cursor ${plain}`)
  return Buffer.from(other).toString('base64url')
}

/** A receiver that is named; what is new with it waits. */
function inReceivers(name: NodeName): (typeof REFERENCES)[string] {
  return (_input, place) => {
    const also = place.field.name.startsWith('create') ? { input: { halted: true } } : {}
    return nodes(name)().map((attempt) => ({ ...attempt, also }))
  }
}

/** The cursors of connections, by the types that have them. */
function onEach(types: readonly NodeName[], connections: readonly string[]): typeof REFERENCES {
  const coordinates = types.flatMap((type) =>
    connections.flatMap((name) => [`${type}.${name}(after:)`, `${type}.${name}(before:)`]),
  )
  return Object.fromEntries(coordinates.map((coordinate) => [coordinate, connectionCursor]))
}

/** A contact of nobody's in company of one's own. */
function contactsAmongOwn(): Attempt[] {
  return [
    {
      label: 'among own',
      own: [a.freeContact],
      foreign: [a.freeContact, b.freeContact],
      unknown: [a.freeContact, unknownId('Contact')],
    },
  ]
}

function duplicatesCursor(workspaceId: string): string {
  return Buffer.from(JSON.stringify([workspaceId, 'email', 'a'])).toString('base64url')
}

/** Cursors of the very list, as each workspace sees it. */
async function connectionCursor(_input: Input, place: Place): Promise<Attempt[]> {
  async function first({ ids, key }: Population): Promise<string> {
    const inner = `${place.field.name}(first: 1) { edges { cursor } }`
    const nested =
      place.type.name === 'Query'
        ? `{ ${inner} }`
        : `query ($id: ID!) { node(id: $id) { ... on ${place.type.name} { ${inner} } } }`
    const id = ids[place.type.name as NodeName]
    const { data, errors } = await app.graphql(nested, id ? { id } : {}, key)
    if (errors) throw new Error(`${place.name}: ${errors[0]!.message}`)
    const list = place.type.name === 'Query' ? data : data!.node
    return list![place.field.name].edges[0].cursor
  }
  const [own, foreign] = [await first(a), await first(b)]
  return [{ label: 'cursor', own, foreign, unknown: scrambled(foreign) }]
}

/** Cursors of what a search found. */
async function matchCursor(): Promise<Attempt[]> {
  async function first({ key }: Population): Promise<string> {
    const { data } = await app.graphql('{ searchAnswers(query: "says", first: 1) { edges { cursor } } }', {}, key)
    return data!.searchAnswers.edges[0].cursor
  }
  const [own, foreign] = [await first(a), await first(b)]
  return [{ label: 'cursor', own, foreign, unknown: scrambled(foreign) }]
}

/** Cursors of the messages that a number is computed from. */
async function proofCursor(): Promise<Attempt[]> {
  async function first({ key }: Population): Promise<string> {
    const { data } = await app.graphql(
      `query ($period: MetricPeriodInput!) { metric(name: MESSAGES, period: $period) { proof(first: 1) { edges { cursor } } } }`,
      { period: EVER },
      key,
    )
    return data!.metric.proof.edges[0].cursor
  }
  const [own, foreign] = [await first(a), await first(b)]
  return [{ label: 'cursor', own, foreign, unknown: scrambled(foreign) }]
}

function uuids(): Attempt[] {
  const uuid = ({ ids }: Population, name: NodeName) => decodeGlobalId(ids[name]).id
  const attempt = (name: NodeName, type: string): Attempt => ({
    ...{ label: type, own: uuid(a, name), foreign: uuid(b, name), unknown: randomUUID(), also: { type } },
  })
  return [
    ...NODE_NAMES.map((name) => attempt(name, name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase())),
    attempt('ClickToCall', 'CAMPAIGN'),
  ]
}

function legacyIds({ path }: Input, { field }: Place): Attempt[] {
  const valuesOf = (name: string) => {
    const type = getNamedType(field.args.find((argument) => argument.name === name)!.type)
    return 'getValues' in type ? type.getValues().map((value) => value.name) : []
  }
  const types: Record<string, NodeName> = {
    LINK: 'Link',
    QUESTION: 'Question',
    CONTACT: 'Contact',
    CONTACT_LIST: 'ContactList',
    SEGMENT: 'Segment',
    RESPONDENT: 'Respondent',
    RESPONSE: 'Response',
    ANSWER: 'Answer',
    API_KEY: 'ApiKey',
    SUBUSER: 'Subuser',
    VOICE_FILE: 'VoiceFile',
    VOICE_BROADCAST: 'VoiceBroadcast',
    CLICK_TO_CALL: 'ClickToCall',
    RSVP_CAMPAIGN: 'RsvpCampaign',
    SMS_BROADCAST: 'SmsBroadcast',
    EMAIL_BROADCAST: 'EmailBroadcast',
    CAMPAIGN_TARGET: 'CampaignTarget',
    WEBHOOK: 'Webhook',
  }
  expect(path).toEqual(['id'])
  expect(valuesOf('type').sort(), 'add the new legacy type here').toEqual(Object.keys(types).sort())
  const uuid = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!
  return valuesOf('system').flatMap((system) =>
    valuesOf('type').flatMap((type): Attempt[] => {
      const name = types[type]!
      const also = { system, type }
      const numbers = (p: Population) => String(p.numbers[name.toLowerCase() as 'link'] ?? p.numbers.link)
      return [
        {
          label: `${system} ${type} UUID`,
          own: uuid(a.ids[name]),
          foreign: uuid(b.ids[name]),
          unknown: randomUUID(),
          also,
        },
        { label: `${system} ${type} number`, own: numbers(a), foreign: numbers(b), unknown: '4999', also },
        {
          label: `${system} ${type} slug`,
          own: a.linkSlug,
          foreign: b.linkSlug,
          unknown: unknownLike(b.linkSlug),
          also,
        },
      ]
    }),
  )
}

/** The arguments of a field with everything required filled in, and `value` at `path`. */
function argumentsOf(place: Place, path: readonly string[], value: unknown, also: Record<string, unknown> = {}) {
  const given: Record<string, unknown> = { ...also }
  // An operation's bounds, so that a page is a page.
  for (const { name } of place.field.args) if (name === 'first' && path[0] !== 'before') given.first = 10
  if (path[0] === 'before') given.last = 10
  for (const { coordinate, definition, path: at } of inputsOf(place)) {
    const within = at.slice(0, -1).every((part, index) => index === 0 || part === path[index])
    if (
      !isRequiredArgument(definition) ||
      !within ||
      at.join() === path.join() ||
      path.join().startsWith(`${at.join()},`)
    )
      continue
    if (at.length === 1 && at[0]! in given) continue
    if (at.length > path.length) continue
    put(given, at, required(coordinate))
  }
  put(given, path, value)
  return given
}

function required(coordinate: string, type?: string): unknown {
  const value = REQUIRED[coordinate] ?? NODE_ARGUMENTS[coordinate]
  if (!value) throw new Error(`test/graph/isolation.test.ts: add a value for ${coordinate} to REQUIRED`)
  return value(type)
}

function put(target: Record<string, unknown>, [first, ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) target[first!] = value
  else {
    target[first!] ??= {}
    put(target[first!] as Record<string, unknown>, rest, value)
  }
}

/** An operation that reaches the field and asks for all it gives. */
function operation(place: Place, given: Record<string, unknown>) {
  const kind =
    place.type === schema.getMutationType()
      ? 'mutation'
      : place.type === schema.getSubscriptionType()
        ? 'subscription'
        : 'query'
  const variables: Record<string, unknown> = {}
  const declared: string[] = []
  const call = ({ field }: Place, values: Record<string, unknown>) => {
    const parts = Object.entries(values).map(([name, value]) => {
      const variable = `v${declared.length}`
      declared.push(`$${variable}: ${field.args.find((each) => each.name === name)!.type}`)
      variables[variable] = value
      return `${name}: $${variable}`
    })
    return `${field.name}${parts.length > 0 ? `(${parts.join(', ')})` : ''}`
  }
  const way = kind === 'query' ? paths.get(place.type.name) : []
  if (!way) throw new Error(`no path from Query to ${place.type.name}`)
  const named = getNamedType(place.field.type)
  const { spread, fragments } = isLeafType(named) ? { spread: '', fragments: '' } : selectionOf(schema, named)
  let text = `${call(place, given)} ${spread}`
  let typeBelow = place.type.name
  for (const step of way.toReversed()) {
    const values = Object.fromEntries(
      step.field.args
        .filter((argument) => isRequiredArgument(argument) || argument.name === 'first')
        .map((argument) => [
          argument.name,
          argument.name === 'first' ? 10 : required(`${step.name}(${argument.name}:)`, typeBelow),
        ]),
    )
    text = `${call(step, values)} { ... on ${typeBelow} { ${text} } }`
    typeBelow = step.type.name
  }
  return {
    query: `${kind} Walk${declared.length ? `(${declared.join(', ')})` : ''} { ${text} }\n${fragments}`,
    variables,
  }
}

/** All members of a union at one level; of an interface the common fields, since equal names may differ in type. */
function selectionOf(of: GraphQLSchema, named: Parameters<typeof objectTypesOf>[1]) {
  if (isAbstractType(named) && 'getFields' in named) return { spread: '{ __typename id }', fragments: '' }
  // An event leads to every kind: two levels of all of them would be more words than an operation may have.
  return everything(of, named, named.name === 'Event' ? 1 : 2)
}

/** A stream that is refused ends by itself, however long that takes. */
const PATIENT_MS = 5_000

/** The whole answer: status and text. A stream that stays open for so long is cut, and says so. */
async function ask(body: object, patienceMs: number): Promise<{ status: number; text: string }> {
  const controller = new AbortController()
  const response = await fetch(new URL('/graphql', app.localUrl), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: JSON.stringify(body).includes('"subscription ') ? 'text/event-stream' : 'application/json',
      authorization: `Bearer ${a.key}`,
    },
    body: JSON.stringify(body),
    signal: controller.signal,
  })
  const isStream = response.headers.get('content-type')?.includes('event-stream')
  const timer = isStream ? setTimeout(() => controller.abort(), patienceMs) : undefined
  let text = ''
  try {
    for await (const chunk of response.body!) text += Buffer.from(chunk).toString()
  } catch (error) {
    if (!controller.signal.aborted) throw error
    text += '(still open)'
  } finally {
    clearTimeout(timer)
  }
  return { status: response.status, text }
}

/** What was sent is replaced in the answer, also its UUID, so that only what the server adds is compared. */
function without(answer: { status: number; text: string }, sent: unknown): string {
  let { text } = answer
  const values = [sent].flat().map(String)
  for (const value of values) {
    const uuid = Buffer.from(value, 'base64url').toString().split(':')[1]
    text = text.replaceAll(value, '(sent)')
    if (uuid && /^[0-9a-f-]{36}$/.test(uuid)) text = text.replaceAll(uuid, '(sent)')
  }
  return `${answer.status} ${text}`
}

/** Every row of a workspace, without the one column that reading itself changes. */
async function dump(workspaceId: string): Promise<string> {
  const tables = await app.db.query<{ table_name: string }>(
    sql`SELECT DISTINCT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'workspace_id' ORDER BY table_name`,
  )
  expect(tables.length).toBeGreaterThan(9)
  const rows = tables.map(({ table_name }) => {
    // Names of tables come from the catalog; there is no other way to give one.
    const raw = { ...sql`SELECT 1`, text: '' }
    raw.text = `SELECT '${table_name}' AS "table", (to_jsonb(t) - 'last_used_at')::text AS row FROM "${table_name}" t WHERE workspace_id = $1::uuid`
    return raw.text
  })
  const statement = { text: `${rows.join(' UNION ALL ')} ORDER BY 1, 2`, values: [workspaceId] } as never
  const workspace = await app.db.query(sql`SELECT * FROM workspace WHERE id = ${workspaceId}::uuid`)
  return JSON.stringify([workspace, await app.db.query(statement)])
}

const cases = [...fieldsOf(schema)].flatMap((place) =>
  [...inputsOf(place)]
    .filter(isReference)
    .map((input) => ({ title: `${place.name} ${input.path.join('.')}`, place, input })),
)
/** What ends things comes last, so that what is tried with one's own ids still finds them. */
const LAST = [
  'deleteResponse',
  'mergeContacts',
  'deleteContact',
  'eraseContact',
  'deleteContacts',
  'emptyContactList',
  'deleteContactList',
  'deleteSegment',
  'deleteCampaign',
  'deleteVoiceFile',
  'deleteWebhook',
  'deleteQuestion',
  'deleteLink',
  'revokeSigningKey',
  'revokeApiKey',
  'deactivateUser',
  'deactivateSubuser',
]
const rank = ({ place }: (typeof cases)[number]) => LAST.indexOf(place.field.name)
cases.sort((one, other) => rank(one) - rank(other))

describe('a foreign id or cursor is answered like an unknown one', () => {
  it('covers every workspace-owned kind of object', () => {
    const scoped = Object.values(schema.getTypeMap()).filter(
      (type) => isObjectType(type) && type.getInterfaces().some((i) => i.name === 'Node'),
    )
    expect(scoped.map((type) => type.name).sort(), 'populate the new type in population.ts').toEqual(
      [...NODE_NAMES].sort(),
    )
    for (const population of [a, b]) for (const name of NODE_NAMES) expect(population.ids[name], name).toBeTruthy()
  })

  it('knows every argument that names something, and no other', () => {
    const found = new Set(cases.map(({ input }) => input.coordinate))
    expect(
      [...found].filter((coordinate) => !REFERENCES[coordinate]),
      'add these to REFERENCES',
    ).toEqual([])
    expect(
      Object.keys(REFERENCES).filter((coordinate) => !found.has(coordinate)),
      'these are gone',
    ).toEqual([])
    const all = new Set([...fieldsOf(schema)].flatMap((place) => [...inputsOf(place)].map((input) => input.coordinate)))
    expect(
      Object.keys(NAMES_NOTHING).filter((coordinate) => !all.has(coordinate)),
      'these are gone',
    ).toEqual([])
  })

  it.each(cases)('$title', async ({ place, input }) => {
    const before = await dump(b.workspaceId)
    const make = REFERENCES[input.coordinate]
    if (!make) throw new Error(`test/graph/isolation.test.ts: add ${input.coordinate} to REFERENCES`)
    const isList = (type: GraphQLInputType) => isListType(getNullableType(type))
    let powerful = false
    for (const { label, own, foreign, unknown, also } of await make(input, place)) {
      const send = (value: unknown, patienceMs = PATIENT_MS) => {
        const given = isList(input.definition.type) ? [value].flat() : value
        return ask(operation(place, argumentsOf(place, input.path, given, also)), patienceMs)
      }
      const theirs = await send(foreign)
      const nobodys = await send(unknown)
      expect(without(theirs, foreign), label).toBe(without(nobodys, unknown))
      expect(theirs.text, label).not.toContain('INTERNAL_SERVER_ERROR')
      expect(theirs.text, label).not.toContain('GRAPHQL_VALIDATION_FAILED')
      const mine = await send(own, 300)
      if (without(mine, own) !== without(nobodys, unknown)) powerful = true
      if (CURSOR.test(input.definition.name)) expect(mine.text, label).not.toContain('"errors"')
    }
    expect(powerful, 'with an own id the answer must be another, else this test says nothing').toBe(true)
    expect(await dump(b.workspaceId)).toBe(before)
  })
})

describe('what is unique within a workspace', () => {
  it('may be in another one as well', async () => {
    const make = async (key: string) => {
      const { data } = await app.graphql(
        `mutation {
          createLink(input: { name: "Same", slug: "same", idempotencyKey: "one" }) { __typename ... on Error { code } }
          createContact(input: { email: "same@example.com", idempotencyKey: "two" }) { __typename ... on Error { code } }
        }`,
        {},
        key,
      )
      return data
    }
    const made = {
      createLink: { __typename: 'CreateLinkPayload' },
      createContact: { __typename: 'CreateContactPayload' },
    }
    expect(await make(b.key)).toEqual(made)
    expect(await make(a.key)).toEqual(made)
    const links = await app.db.query(
      sql`SELECT id FROM link WHERE slug = 'same' AND workspace_id IN (${join([a.workspaceId, b.workspaceId].map((id) => sql`${id}::uuid`))})`,
    )
    expect(links).toHaveLength(2)
  })
})
