import { generateKeyPairSync } from 'node:crypto'
import { sql } from '../../src/db/sql.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { CAMPAIGN_TYPES } from '../../src/graphql/types/campaign.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import type { TestApp } from '../kit/app.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'
import {
  addCampaign,
  addCampaignEvents,
  CAMPAIGN_KINDS,
  type CampaignKind,
  type CampaignRows,
  campaignContent,
} from './campaign-rows.ts'
import { addDelivery } from './deliveries.ts'

/** A workspace with at least one row of everything that has one, made through the server's own entrances. */
export interface Population {
  workspaceId: string
  slug: string
  key: string
  /** A global id per type of node. */
  ids: Record<NodeName, string>
  /** A contact who is not a respondent yet. */
  freeContact: string
  /** The answer that is a recording; `ids.Answer` is a picture. */
  spokenAnswer: string
  /** A campaign of each kind that has not begun, by global id. */
  newCampaigns: Record<CampaignKind, string>
  /** Of the API key in `ids`. */
  signingKey: string
  linkSlug: string
  questionIds: string[]
  fieldKeys: { text: string; file: string; voice: string }
  /** An open session, and the personal address's token of a respondent who has not answered. */
  session: string
  personalToken: string
  uploadId: string
  /** The address of the upload, signed. */
  mediaUrl: URL
  numbers: Record<
    | 'link'
    | 'contact'
    | 'contactlist'
    | 'segment'
    | 'respondent'
    | 'subuser'
    | 'voicefile'
    | 'voicebroadcast'
    | 'clicktocall'
    | 'rsvpcampaign'
    | 'smsbroadcast'
    | 'emailbroadcast'
    | 'campaigntarget',
    number
  >
  /** A cursor in the middle of the event log. */
  eventCursor: string
}

export const NODE_NAMES = [
  'Workspace',
  'ApiKey',
  'User',
  'Subuser',
  'Link',
  'Question',
  'Contact',
  'ContactList',
  'ContactListMember',
  'Segment',
  'ContactImport',
  'Respondent',
  'Response',
  'Answer',
  'Transcript',
  'Insight',
  'FollowUp',
  'VoiceFile',
  'VoiceBroadcast',
  'ClickToCall',
  'RsvpCampaign',
  'SmsBroadcast',
  'EmailBroadcast',
  'SurveyCalls',
  'CampaignTarget',
  'Receiver',
  'Call',
  'Recording',
  'OutboundMessage',
  'Message',
  'Conversation',
  'MessageThread',
  'Webhook',
  'WebhookDelivery',
  'WebhookAttempt',
] as const
export type NodeName = (typeof NODE_NAMES)[number]

/** Of the user `user@SLUG.example` and the subuser `sub@SLUG.example`. */
export const PASSWORD = 'correct horse battery staple'

const QUESTIONS = [
  { prompt: 'How was it?', configuration: { text: { maxCharacters: 500 } } },
  { prompt: 'Your voice', configuration: { voice: { maxDuration: 60, enableAiEvaluation: true } } },
  { prompt: 'Voice or text', configuration: { voiceTextFallback: { maxDuration: 5, maxCharacters: 9 } } },
  { prompt: 'Which?', configuration: { multipleChoice: { options: ['red', 'blue'], allowMultiple: true } } },
  { prompt: 'How many?', configuration: { number: { min: 0, max: 10, step: 1 } } },
  { prompt: 'Stars?', configuration: { rating: { scaleType: 'STARS', maxValue: 5 } } },
  {
    prompt: 'Which card?',
    configuration: {
      imageChoice: {
        cards: [
          { cardId: 'one', label: 'One', mediaUrl: 'https://example.com/1.png', mediaType: 'IMAGE' },
          { cardId: 'two' },
        ],
      },
    },
  },
  { prompt: 'A file', configuration: { fileUpload: { allowedTypes: ['png'], maxSizeMb: 1 } } },
  { prompt: 'Your address', type: 'EMAIL' },
  { prompt: 'When?', type: 'DATE' },
  {
    prompt: 'Again?',
    type: 'YES_NO',
    condition: { field: 'how_many', operator: 'LESS_THAN', value: 5 },
    evaluatorConfig: { clarityThreshold: 50, maxFollowUps: 2, customFields: ['tone'] },
  },
]

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)
const WAV = toneWav(0.1)

export async function populate(
  app: TestApp,
  /** Without `subusers` its id is empty and its number 0: the workspace of a subuser has none. */
  { workspaceId, slug, key, subusers = true }: { workspaceId: string; slug: string; key: string; subusers?: boolean },
): Promise<Population> {
  async function graphql(query: string, variables: object = {}) {
    const { data, errors } = await app.graphql(query, variables as Record<string, unknown>, key)
    if (errors) throw new Error(JSON.stringify(errors))
    return data!
  }
  const global = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url')
  // What the rows below tell of would be taken for messages while answers are compared.
  await graphql('mutation { updateMessageSettings(input: { ownTraffic: false }) { __typename } }')
  const { createLink } = await graphql(
    `mutation ($input: CreateLinkInput!) { createLink(input: $input) {
      ... on CreateLinkPayload { link { id slug legacyId questions { id fieldKey } } }
      ... on Error { message }
    } }`,
    {
      input: {
        name: `Survey of ${slug}`,
        slug: `survey-${slug}`,
        questions: QUESTIONS,
        settings: {
          description: `Secret of ${slug}`,
          redirectUrl: 'https://example.com/thanks',
          ttsEnabled: true,
          extra: { theme: { dark: true } },
        },
        maxResponses: 100,
      },
    },
  )
  if (!createLink.link) throw new Error(createLink.message)
  const { link } = createLink
  const contact = async (name: string) =>
    (
      await graphql(
        `mutation ($input: CreateContactInput!) { createContact(input: $input) {
          ... on CreateContactPayload { contact { id legacyId createdAt } }
        } }`,
        { input: { name: `${name} of ${slug}`, email: `${name}@${slug}.example`, phone: '+358401234567' } },
      )
    ).createContact.contact as { id: string; legacyId: number; createdAt: string }
  const ann = await contact('ann')
  const free = await contact('bob')
  const { createContactList, createSegment } = await graphql(
    `mutation ($list: CreateContactListInput!, $segment: CreateSegmentInput!) {
      createContactList(input: $list) { ... on CreateContactListPayload { contactList { id legacyId } } }
      createSegment(input: $segment) { ... on CreateSegmentPayload { segment { id legacyId } } }
    }`,
    {
      list: { name: `List of ${slug}`, description: `About ${slug}` },
      segment: { name: `Segment of ${slug}`, filters: [{ field: 'NAME', operator: 'CONTAINS', value: 'of' }] },
    },
  )
  const { contactList } = createContactList
  const { segment } = createSegment
  const { addToContactList } = await graphql(
    `mutation ($input: AddToContactListInput!) { addToContactList(input: $input) {
      ... on AddToContactListPayload { contactList { members(first: 1) { nodes { id } } } }
    } }`,
    { input: { id: contactList.id, contactIds: [ann.id, free.id] } },
  )
  const importId = idGenerator(systemClock)()
  await app.db.query(
    sql`INSERT INTO contact_import (id, workspace_id, key, options_hash, rows_hash, state, dry_run, created_at, updated_at)
        SELECT ${importId}::uuid, ${workspaceId}::uuid, ${`Import of ${slug}`}, '', '', 'running', false, created_at, created_at
        FROM workspace WHERE id = ${workspaceId}::uuid`,
  )
  // By hand, so that no job works on it while answers are compared.
  const voiceFileId = idGenerator(systemClock)()
  const [voiceFile] = await app.db.query<{ legacy_id: number }>(
    sql`WITH number AS (
          INSERT INTO legacy_counter (workspace_id, kind, last) VALUES (${workspaceId}::uuid, 'voiceFile', 1)
          ON CONFLICT (workspace_id, kind) DO UPDATE SET last = legacy_counter.last + 1 RETURNING last
        )
        INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, text, voice, status, duration_seconds, media_type,
                                sha256, size, mp3_size, wav_size, created_at, updated_at)
        SELECT ${voiceFileId}::uuid, w.id, number.last, 'x', 'speech', ${`Hello, says ${slug}`}, 'en', 'ready', 1.5,
               'audio/wav', '', 3, 2, 1, w.created_at, w.created_at
        FROM workspace w, number WHERE w.id = ${workspaceId}::uuid RETURNING legacy_id`,
  )
  await graphql('mutation ($input: UpdateVoiceFileInput!) { updateVoiceFile(input: $input) { __typename } }', {
    input: { id: global('VoiceFile', voiceFileId), name: `Voice file of ${slug}`, description: `About ${slug}` },
  })
  const { inviteRespondent } = await graphql(
    `mutation ($input: InviteRespondentInput!) { inviteRespondent(input: $input) {
      ... on InviteRespondentPayload { respondent { id legacyId personalUrl } }
    } }`,
    { input: { linkId: link.id, contactId: ann.id } },
  )
  const { respondent } = inviteRespondent
  const campaigns = {} as Record<CampaignKind, CampaignRows>
  const row = {
    ...{ workspaceId, voiceFileId, word: slug, at: new Date(ann.createdAt) },
    ...{ linkId: decodeGlobalId(link.id).id, respondentId: decodeGlobalId(respondent.id).id },
    waiting: [decodeGlobalId(free.id).id],
  }
  for (const kind of CAMPAIGN_KINDS) {
    campaigns[kind] = await addCampaign(app.db, kind, { ...row, contactId: decodeGlobalId(ann.id).id })
    await addCampaignEvents(app.db, workspaceId, campaigns[kind], new Date(ann.createdAt))
  }
  const { rsvp, survey_calls: survey } = campaigns
  // By hand, because a voice would be at work on what the calls say.
  const next = await addCampaign(app.db, 'survey_calls', {
    ...{ ...row, contactId: decodeGlobalId(free.id).id, waiting: [], respondentId: undefined, begun: false },
  })
  const newCampaigns = { survey_calls: global('SurveyCalls', next.id) } as Record<CampaignKind, string>
  for (const kind of CAMPAIGN_KINDS) {
    if (kind === 'survey_calls') continue
    const name = `create${CAMPAIGN_TYPES[kind]}`
    const made = await graphql(
      `mutation ($input: Create${CAMPAIGN_TYPES[kind]}Input!) { ${name}(input: $input) {
        ... on Create${CAMPAIGN_TYPES[kind]}Payload { campaign { id } } ... on Error { message }
      } }`,
      {
        input: {
          ...{ name: `Next ${kind} of ${slug}`, halted: true, receivers: [{ contactId: free.id }] },
          ...(kind === 'rsvp' ? { acceptsWanted: 2 } : {}),
          content: campaignContent(kind, global('VoiceFile', voiceFileId), { linkId: link.id, fieldKey: '' }),
        },
      },
    )
    if (!made[name].campaign) throw new Error(made[name].message)
    newCampaigns[kind] = made[name].campaign.id
  }
  const { createApiKey } = await graphql(
    `mutation { createApiKey(input: { name: "Key of ${slug}" }) { ... on CreateApiKeyPayload { apiKey { id } } } }`,
  )
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const { addSigningKey } = await graphql(
    `mutation ($input: AddSigningKeyInput!) { addSigningKey(input: $input) {
      ... on AddSigningKeyPayload { signingKey { id } } ... on Error { message }
    } }`,
    { input: { apiKeyId: createApiKey.apiKey.id, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) } },
  )
  if (!addSigningKey.signingKey) throw new Error(addSigningKey.message)
  const conversed = await converse(graphql, slug, new Date(ann.createdAt))
  const { createUser } = await graphql(
    `mutation ($input: CreateUserInput!) { createUser(input: $input) {
      ... on CreateUserPayload { user { id } } ... on Error { message }
    } }`,
    { input: { email: `user@${slug}.example`, username: `User of ${slug}`, password: PASSWORD } },
  )
  if (!createUser.user) throw new Error(createUser.message)
  let subuser = { id: '', legacyId: 0 }
  if (subusers) {
    const { createSubuser } = await graphql(
      `mutation ($input: CreateSubuserInput!) { createSubuser(input: $input) {
        ... on CreateSubuserPayload { subuser { id legacyId } } ... on Error { message }
      } }`,
      { input: { email: `sub@${slug}.example`, username: `Subuser of ${slug}`, password: PASSWORD } },
    )
    if (!createSubuser.subuser) throw new Error(createSubuser.message)
    subuser = createSubuser.subuser
  }
  const page = new URL(`/w/${slug}/i/${link.slug}/`, app.localUrl)
  async function send(method: string, path: string, session?: string, body?: unknown, type = 'application/json') {
    const response = await fetch(new URL(path, page), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(session ? { authorization: `Session ${session}` } : {}),
      },
      ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, string>
  }
  const keyOf = (prompt: string) => link.questions[QUESTIONS.findIndex((each) => each.prompt === prompt)].fieldKey
  const fieldKeys = { text: keyOf('How was it?'), file: keyOf('A file'), voice: keyOf('Your voice') }
  const { session, responseId } = await send('POST', 'sessions', undefined, {})
  const values: [string, unknown][] = [
    ['How was it?', `Fine, says ${slug}`],
    ['Which?', ['red', 'blue']],
    ['How many?', 3],
    ['Your address', `person@${slug}.example`],
    ['Again?', false],
  ]
  for (const [prompt, value] of values) await send('PUT', `session/answers/${keyOf(prompt)}`, session, { value })
  const { answerId } = await send('PUT', `session/answers/${fieldKeys.file}/upload`, session, PNG, 'image/png')
  const { answerId: spokenId } = await send(
    ...(['PUT', `session/answers/${keyOf('Your voice')}/upload`, session, WAV, 'audio/wav'] as const),
  )
  await send('POST', 'session/submit', session)
  // As if both had been given in the call, and one spoken.
  await app.db.query(
    sql`UPDATE answer SET channel = 'phone', call_id = ${survey.call}::uuid,
               recording_id = CASE WHEN id = ${spokenId}::uuid THEN ${survey.recording}::uuid END
        WHERE id IN (${answerId}::uuid, ${spokenId}::uuid)`,
  )
  const open = await send('POST', 'sessions', undefined, {})
  await send('PUT', `session/answers/${fieldKeys.text}`, open.session, { value: 'not done yet' })

  const { recordAnalysis } = await graphql(
    `mutation ($input: RecordAnalysisInput!) { recordAnalysis(input: $input) {
      ... on RecordAnalysisPayload { response { answers { transcript { id } insight { id } } } }
      ... on Error { message }
    } }`,
    {
      input: {
        responseId: global('Response', responseId!),
        answers: [
          {
            answerId: global('Answer', spokenId!),
            transcript: { text: `Well, says ${slug}`, language: 'en' },
            durationSeconds: 1.5,
            insight: {
              sentiment: 'POSITIVE',
              sentimentScore: 0.9,
              actionable: false,
              keyTopics: [slug],
              summary: slug,
              clarity: 80,
              customFields: [{ name: 'Who', value: slug }],
              evidence: [
                { finding: 'SENTIMENT', start: 0, end: 4 },
                { finding: 'TOPIC', name: slug, start: 11, end: 11 + slug.length },
              ],
            },
          },
        ],
        method: `Ears of ${slug}`,
      },
    },
  )
  if (!recordAnalysis.response) throw new Error(recordAnalysis.message)
  const heard = recordAnalysis.response.answers.find((answer: { insight: object | null }) => answer.insight)
  // What was uploaded is prepared in the background, which must be over before rows are compared.
  await until(
    async () => {
      const pending = await app.db.query(
        sql`SELECT 1 FROM answer a LEFT JOIN upload u ON u.id = a.upload_id
          WHERE a.workspace_id = ${workspaceId}::uuid AND (a.process_due_at IS NOT NULL OR u.sound_state = 'pending')`,
      )
      return pending.length === 0
    },
    'the recording is prepared',
    60_000,
  )
  // By hand, because nothing thinks of questions here.
  const followUpId = idGenerator(systemClock)()
  await app.db.query(
    sql`INSERT INTO follow_up (id, workspace_id, response_id, answer_id, field_key, number, prompt, language, asks, method,
                               created_at)
        SELECT ${followUpId}::uuid, workspace_id, response_id, id, field_key || '__follow_up_1', 1, ${`Why, asks ${slug}?`},
               'en', 'why', ${`Mind of ${slug}`}, created_at
        FROM answer WHERE response_id = ${responseId}::uuid AND field_key = ${fieldKeys.text}`,
  )
  await app.db.query(
    sql`INSERT INTO answer (id, workspace_id, response_id, question_id, field_key, question_text, question_type, "order",
                            value, text, follow_up_id, probing, created_at, updated_at)
        SELECT ${idGenerator(systemClock)()}::uuid, a.workspace_id, a.response_id, a.question_id, f.field_key, f.prompt,
               a.question_type, a."order", ${JSON.stringify(`Because, says ${slug}`)}::jsonb, ${`Because, says ${slug}`}, f.id,
               'settled', a.created_at, a.updated_at
        FROM follow_up f JOIN answer a ON a.id = f.answer_id WHERE f.id = ${followUpId}::uuid`,
  )
  // Disabled, so that nothing is sent while answers are compared.
  const { createWebhook } = await graphql(
    `mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) {
      ... on CreateWebhookPayload { webhook { id createdAt } } ... on Error { message }
    } }`,
    {
      input: {
        name: `Hook of ${slug}`,
        url: `https://hooks.${slug}.invalid/`,
        eventTypes: ['RESPONSE_SUBMITTED', 'WEBHOOK_DISABLED'],
        linkId: link.id,
        enabled: false,
      },
    },
  )
  if (!createWebhook.webhook) throw new Error(createWebhook.message)
  const { webhook } = createWebhook
  const delivery = await addDelivery(app.db, {
    workspaceId,
    webhookId: decodeGlobalId(webhook.id).id,
    state: 'dead',
    at: new Date(webhook.createdAt),
    payload: { linkId: decodeGlobalId(link.id).id, responseId: responseId! },
    attempts: [500, null],
  })
  const ids = {
    Workspace: global('Workspace', workspaceId),
    ApiKey: createApiKey.apiKey.id as string,
    User: createUser.user.id as string,
    Subuser: subuser.id,
    Link: link.id as string,
    Question: link.questions[0].id as string,
    Contact: ann.id,
    ContactList: contactList.id as string,
    ContactListMember: addToContactList.contactList.members.nodes[0].id as string,
    Segment: segment.id as string,
    ContactImport: global('ContactImport', importId),
    Respondent: respondent.id as string,
    Response: global('Response', responseId!),
    Answer: global('Answer', answerId!),
    Transcript: heard.transcript.id as string,
    Insight: heard.insight.id as string,
    FollowUp: global('FollowUp', followUpId),
    VoiceFile: global('VoiceFile', voiceFileId),
    VoiceBroadcast: global('VoiceBroadcast', campaigns.voice_broadcast.id),
    ClickToCall: global('ClickToCall', campaigns.click_to_call.id),
    RsvpCampaign: global('RsvpCampaign', rsvp.id),
    SmsBroadcast: global('SmsBroadcast', campaigns.sms_broadcast.id),
    EmailBroadcast: global('EmailBroadcast', campaigns.email_broadcast.id),
    SurveyCalls: global('SurveyCalls', survey.id),
    CampaignTarget: global('CampaignTarget', rsvp.target),
    Receiver: global('Receiver', rsvp.waiting[0]!),
    Call: global('Call', survey.call),
    Recording: global('Recording', survey.recording),
    OutboundMessage: global('OutboundMessage', campaigns.sms_broadcast.message),
    ...conversed,
    Webhook: webhook.id as string,
    WebhookDelivery: global('WebhookDelivery', delivery.id),
    WebhookAttempt: global('WebhookAttempt', delivery.attempts[0]!),
  }
  const { events, node } = await graphql(
    `query ($id: ID!) {
      events(first: 4) { ... on EventPage { cursor } }
      node(id: $id) { ... on Answer { upload { url } } }
    }`,
    { id: ids.Answer },
  )
  const mediaUrl = new URL(node.upload.url)
  return {
    workspaceId,
    slug,
    key,
    ids,
    freeContact: free.id,
    spokenAnswer: global('Answer', spokenId!),
    newCampaigns,
    signingKey: addSigningKey.signingKey.id,
    linkSlug: link.slug,
    questionIds: link.questions.map((question: { id: string }) => question.id),
    fieldKeys,
    session: open.session!,
    personalToken: new URL(respondent.personalUrl).searchParams.get('r')!,
    uploadId: mediaUrl.pathname.split('/').at(-1)!,
    mediaUrl,
    numbers: {
      link: link.legacyId,
      contact: ann.legacyId,
      contactlist: contactList.legacyId,
      segment: segment.legacyId,
      respondent: respondent.legacyId,
      subuser: subuser.legacyId,
      voicefile: voiceFile!.legacy_id,
      voicebroadcast: campaigns.voice_broadcast.legacyId,
      clicktocall: campaigns.click_to_call.legacyId,
      rsvpcampaign: rsvp.legacyId,
      smsbroadcast: campaigns.sms_broadcast.legacyId,
      emailbroadcast: campaigns.email_broadcast.legacyId,
      campaigntarget: rsvp.targetNumber,
    },
    eventCursor: events.cursor,
  }
}

/** A conversation of two messages with one customer, some hours old by the server's clock, and another that was resolved. */
async function converse(graphql: (query: string, variables: object) => Promise<any>, slug: string, now: Date) {
  const place = { channel: 'WHATSAPP', tenantChannelIdentifier: `desk@${slug}.example`, provider: 'TWILIO' }
  const hoursAgo = (hours: number) => new Date(Math.floor(now.getTime() / 1_000 - hours * 3_600) * 1_000).toISOString()
  const message = (direction: 'IN' | 'OUT', hours: number, conversation = `Talk of ${slug}`) => ({
    ...{ ...place, direction, conversation, customerChannelIdentifier: '+358401234567', time: hoursAgo(hours) },
    ...{ agent: `Agent of ${slug}`, tags: [`Tag of ${slug}`, `team:Team of ${slug}`] },
    content: { textContent: `Says ${slug}` },
  })
  const { addMessages, resolveConversation, setBusinessCalendar } = await graphql(
    `mutation ($messages: AddMessagesInput!, $resolve: ResolveConversationInput!, $calendar: SetBusinessCalendarInput!) {
      setBusinessCalendar(input: $calendar) { __typename }
      addMessages(input: $messages) {
        ... on AddMessagesPayload { results { message { id conversation { id } thread { id } } error { message } } }
        ... on Error { message }
      }
      resolveConversation(input: $resolve) { __typename }
    }`,
    {
      messages: { messages: [message('IN', 3), message('OUT', 2), message('IN', 5, `Over, says ${slug}`)] },
      resolve: { key: { ...place, conversation: `Over, says ${slug}` }, time: hoursAgo(4) },
      calendar: {
        calendar: { timeZone: 'UTC', weekly: [{ weekday: 'MONDAY', shifts: [{ from: '00:00', to: '00:00' }] }] },
        effectiveFrom: '2020-01-01T00:00:00Z',
      },
    },
  )
  const done = [setBusinessCalendar, resolveConversation].map(({ __typename }) => __typename)
  const [first] = addMessages.results ?? []
  if (!first?.message || done.some((type) => !type.endsWith('Payload'))) {
    throw new Error(JSON.stringify([addMessages, done]))
  }
  return {
    Message: first.message.id as string,
    Conversation: first.message.conversation.id as string,
    MessageThread: first.message.thread.id as string,
  }
}

/** What is counted within a workspace. */
const COUNTED = [
  ...['link', 'contact', 'contactList', 'segment', 'respondent', 'subuser', 'voiceFile', 'campaignTarget'],
  ...CAMPAIGN_KINDS,
]

/** The first workspace of a test server and a second one, both populated. */
export async function twoWorkspaces(app: TestApp): Promise<{ a: Population; b: Population }> {
  const { data } = await app.graphql('{ viewer { workspace { id slug } } }')
  const { id, slug } = data!.viewer.workspace
  const other = await app.otherWorkspace('foreign')
  // Numbers that count within a workspace differ between the two, so that one's number is not the other's as well.
  await app.db.query(
    sql`INSERT INTO legacy_counter (workspace_id, kind, last)
        SELECT ${other.workspaceId}::uuid, kind, 5000 FROM unnest(${[...COUNTED]}::text[]) AS kind`,
  )
  return {
    a: await populate(app, { workspaceId: decodeGlobalId(id).id, slug, key: app.key }),
    b: await populate(app, { ...other, slug: 'foreign' }),
  }
}
