import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { CAMPAIGN_TYPES } from '../../src/graphql/types/campaign.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { testApp } from '../kit/app.ts'
import { addCampaign, CAMPAIGN_KINDS, type CampaignRows, removeCampaigns } from './campaign-rows.ts'
import { addDelivery } from './deliveries.ts'
import { PASSWORD, type Population, populate } from './population.ts'

/** How many statements an operation sends, counted with one row and with twenty: the numbers must be the same. */
const statements: string[] = []
const app = await testApp({}, undefined, { onQuery: (text) => statements.push(text) })
// What is done by the minute of the hour would be counted.
await app.db.script('DELETE FROM pgboss.schedule')
const WITH = 20
const global = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url')

/** Looking up the key, and what the server does by itself every few seconds. */
const NOT_OF_THE_OPERATION =
  /FROM api_key k|UPDATE api_key|unnest\(.*AS known|(?<!")due_at( [<=]| IS|\) AS| FROM)|webhook_feed|DELETE FROM webhook w|make_interval|pgboss|idempotency|own_traffic_position|outbox_erasure|(FROM|INTO|UPDATE) (seat|provider_state)/s

let one: { key: string; ids: Record<string, string[]> }
let many: typeof one

/** Rows of every kind, each as often as there are links. */
async function fill(population: Population, count: number): Promise<typeof one> {
  const newId = idGenerator(systemClock)
  const { workspaceId: w, key, slug } = population
  // The token of a subuser is encrypted, so each is made as anybody makes one. The first is there.
  for (let n = 1; n < count; n++) {
    const { data } = await app.graphql(
      'mutation ($input: CreateSubuserInput!) { createSubuser(input: $input) { __typename } }',
      { input: { username: `Sub ${n}`, email: `sub-${n}@${slug}.example`, password: PASSWORD } },
      key,
    )
    expect(data!.createSubuser.__typename).toBe('CreateSubuserPayload')
  }
  const conversed = await converse(key, count)
  await app.db.query(sql`DELETE FROM answer WHERE workspace_id = ${w}::uuid`)
  await app.db.query(
    sql`DELETE FROM response WHERE workspace_id = ${w}::uuid AND NOT EXISTS (SELECT FROM upload u WHERE u.response_id = response.id)`,
  )
  await app.db.query(sql`DELETE FROM upload WHERE workspace_id = ${w}::uuid`)
  await app.db.query(sql`DELETE FROM response WHERE workspace_id = ${w}::uuid`)
  await removeCampaigns(app.db, w)
  await app.db.query(sql`DELETE FROM respondent WHERE workspace_id = ${w}::uuid`)
  await app.db.query(sql`DELETE FROM question WHERE workspace_id = ${w}::uuid`)
  await app.db.query(sql`DELETE FROM webhook WHERE workspace_id = ${w}::uuid`)
  await app.db.query(sql`DELETE FROM link WHERE workspace_id = ${w}::uuid`)
  for (const table of ['contact_list_member', 'contact_list', 'segment', 'contact_import', 'voice_file']) {
    await app.db.raw(`DELETE FROM ${table} WHERE workspace_id = $1::uuid`, [w])
  }
  await app.db.query(sql`DELETE FROM contact WHERE workspace_id = ${w}::uuid`)
  await app.db.query(sql`DELETE FROM event WHERE workspace_id = ${w}::uuid`)
  await app.db.query(sql`UPDATE event_head SET position = 0, pruned = 0 WHERE workspace_id = ${w}::uuid`)
  const ids: Record<string, string[]> = {
    Link: [],
    Question: [],
    Contact: [],
    ContactList: [],
    ContactListMember: [],
    Segment: [],
    ContactImport: [],
    Respondent: [],
    Response: [],
    Answer: [],
    Transcript: [],
    Insight: [],
    FollowUp: [],
    VoiceFile: [],
    Campaign: [],
    CampaignTarget: [],
    Receiver: [],
    Call: [],
    Recording: [],
    OutboundMessage: [],
    Webhook: [],
    WebhookDelivery: [],
    WebhookAttempt: [],
    ...conversed,
  }
  const types = [
    'link.created',
    'contact.created',
    'respondent.created',
    'response.answered',
    'response.submitted',
  ] as const
  let position = 0
  for (let n = 0; n < count; n++) {
    const [link, contact, respondent] = [newId(), newId(), newId()]
    ids.Link!.push(global('Link', link))
    ids.Contact!.push(global('Contact', contact))
    ids.Respondent!.push(global('Respondent', respondent))
    await app.db.query(sql`INSERT INTO link (id, workspace_id, legacy_id, name, slug, status, settings, created_at, updated_at)
      VALUES (${link}::uuid, ${w}::uuid, ${1000 + n}, ${`Link ${n}`}, ${`link-${n}`}, 'active', '{}', now(), now())`)
    await app.db.query(sql`INSERT INTO contact (id, workspace_id, legacy_id, name, created_at, updated_at)
      VALUES (${contact}::uuid, ${w}::uuid, ${1000 + n}, ${`Person ${n}`}, now(), now())`)
    const [list, member, segment, run] = [newId(), newId(), newId(), newId()]
    ids.ContactList!.push(global('ContactList', list))
    ids.ContactListMember!.push(global('ContactListMember', member))
    ids.Segment!.push(global('Segment', segment))
    ids.ContactImport!.push(global('ContactImport', run))
    await app.db.query(sql`UPDATE contact SET phone = ${`+35840${1_000_000 + n}`}, email = 'shared@example.com', shares_email = true
      WHERE id = ${contact}::uuid`)
    await app.db.query(sql`INSERT INTO contact_list (id, workspace_id, legacy_id, name, member_count, last_position, created_at, updated_at)
      VALUES (${list}::uuid, ${w}::uuid, ${1000 + n}, ${`List ${n}`}, 1, 1, now(), now())`)
    await app.db.query(sql`INSERT INTO contact_list_member (id, workspace_id, list_id, contact_id, position, created_at)
      VALUES (${member}::uuid, ${w}::uuid, ${list}::uuid, ${contact}::uuid, 1, now())`)
    await app.db.query(sql`INSERT INTO segment (id, workspace_id, legacy_id, filters, conditions, created_at, updated_at)
      VALUES (${segment}::uuid, ${w}::uuid, ${1000 + n}, '[{"field":"name","operator":"contains","value":"Person"}]',
              '[{"field":"name","operator":"contains","value":"Person"}]', now(), now())`)
    await app.db.query(sql`INSERT INTO contact_import (id, workspace_id, key, options_hash, rows_hash, state, dry_run, created_at, updated_at)
      VALUES (${run}::uuid, ${w}::uuid, ${`Import ${n}`}, '', '', 'finished', false, now(), now())`)
    await app.db.query(sql`INSERT INTO respondent (id, workspace_id, legacy_id, link_id, contact_id, status, created_at, updated_at)
      VALUES (${respondent}::uuid, ${w}::uuid, ${1000 + n}, ${link}::uuid, ${contact}::uuid, 'created', now(), now())`)
    await app.db.query(sql`INSERT INTO workspace_user (id, workspace_id, email, all_scopes, scopes, created_at, updated_at)
      VALUES (${newId()}::uuid, ${w}::uuid, ${`user-${n}@${slug}.example`}, true, '{}', now(), now())`)
    const voiceFile = newId()
    ids.VoiceFile!.push(global('VoiceFile', voiceFile))
    await app.db.query(sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, file_name, status, duration_seconds,
        media_type, sha256, size, mp3_size, wav_size, created_at, updated_at)
      VALUES (${voiceFile}::uuid, ${w}::uuid, ${1000 + n}, ${`File ${n}`}, 'upload', 'a.wav', 'ready', 1.5, 'audio/wav', '',
              3, 2, 1, now(), now())`)
    let survey: CampaignRows | undefined
    // Each kind, as often as there are links; every campaign has one receiver that waits.
    const next = CAMPAIGN_KINDS[n % CAMPAIGN_KINDS.length]!
    for (const kind of count === 1 ? CAMPAIGN_KINDS : [next]) {
      const rows: CampaignRows = await addCampaign(app.db, kind, {
        ...{ workspaceId: w, contactId: contact, voiceFileId: voiceFile, word: slug, at: new Date() },
        ...{ linkId: link, respondentId: respondent },
        waiting: ids
          .Contact!.slice(0, 1)
          .map((id) => decodeGlobalId(id).id)
          .filter((id) => id !== contact),
      })
      if (kind === 'survey_calls') survey = rows
      ids.Campaign!.push(global(CAMPAIGN_TYPES[kind], rows.id))
      if (rows.call) ids.Call!.push(global('Call', rows.call))
      if (rows.recording) ids.Recording!.push(global('Recording', rows.recording))
      if (rows.message) ids.OutboundMessage!.push(global('OutboundMessage', rows.message))
      ids.Receiver!.push(global('Receiver', rows.receiver))
      ids.CampaignTarget!.push(global('CampaignTarget', rows.target))
    }
    // Disabled, so that nothing is sent while statements are counted.
    const webhook = newId()
    ids.Webhook!.push(global('Webhook', webhook))
    await app.db.query(sql`INSERT INTO webhook (id, workspace_id, url, format, event_types, link_id, enabled, disabled_reason, disabled_at, created_at, updated_at)
      VALUES (${webhook}::uuid, ${w}::uuid, 'https://hooks.invalid/', 'standard', '{response.submitted}', ${link}::uuid, false, 'requested', now(), now(), now())`)
    for (let m = 0; m < Math.min(count, 3); m++) {
      const delivery = await addDelivery(app.db, {
        ...{ workspaceId: w, webhookId: webhook, state: 'dead', at: new Date(), attempts: [500, null] },
      })
      ids.WebhookDelivery!.push(global('WebhookDelivery', delivery.id))
      ids.WebhookAttempt!.push(global('WebhookAttempt', delivery.attempts[0]!))
      const [question, response, upload, answer] = [newId(), newId(), newId(), newId()]
      const [transcript, insight] = [newId(), newId()]
      ids.Question!.push(global('Question', question))
      ids.Response!.push(global('Response', response))
      ids.Answer!.push(global('Answer', answer))
      ids.Transcript!.push(global('Transcript', transcript))
      ids.Insight!.push(global('Insight', insight))
      await app.db.query(sql`INSERT INTO question (id, workspace_id, link_id, prompt, field_key, type, "order", required,
          configuration, condition, enable_dynamic_probing, fallback_to_text, evaluator_config, created_at, updated_at)
        VALUES (${question}::uuid, ${w}::uuid, ${link}::uuid, 'What?', ${`key_${m}`}, 'text', ${m}, false, '{}', '{}', false, true, '{}', now(), now())`)
      await app.db.query(sql`INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, started_at, updated_at)
        VALUES (${response}::uuid, ${w}::uuid, ${link}::uuid, ${respondent}::uuid, ${newId()}::uuid, 'web', 'started', now(), now())`)
      await app.db.query(sql`INSERT INTO upload (id, workspace_id, response_id, state, storage_key, created_at)
        VALUES (${upload}::uuid, ${w}::uuid, ${response}::uuid, 'ready', 'x', now())`)
      await app.db.query(sql`INSERT INTO answer (id, workspace_id, response_id, question_id, field_key, question_text, question_type, "order", value, text, upload_id, channel, call_id, recording_id, created_at, updated_at)
        VALUES (${answer}::uuid, ${w}::uuid, ${response}::uuid, ${question}::uuid, 'k', 'What?', 'text', 0, '"x"', 'x', ${upload}::uuid,
                ${survey ? 'phone' : 'web'}::response_channel, ${survey?.call ?? null}::uuid,
                ${m === 0 ? (survey?.recording ?? null) : null}::uuid, now(), now())`)
      await app.db.query(sql`INSERT INTO transcript (id, workspace_id, answer_id, version, text, method, created_at)
        VALUES (${newId()}::uuid, ${w}::uuid, ${answer}::uuid, 1, 'x?', 'ears', now()),
               (${transcript}::uuid, ${w}::uuid, ${answer}::uuid, 2, 'x', 'ears', now())`)
      await app.db.query(sql`INSERT INTO insight (id, workspace_id, answer_id, transcript_id, summary, key_topics, method, created_at)
        VALUES (${insight}::uuid, ${w}::uuid, ${answer}::uuid, ${transcript}::uuid, 'x', '{x}', 'ears', now())`)
      const [followUp, reply] = [newId(), newId()]
      ids.FollowUp!.push(global('FollowUp', followUp))
      await app.db.query(sql`INSERT INTO follow_up (id, workspace_id, response_id, answer_id, field_key, number, prompt, asks, method, created_at)
        VALUES (${followUp}::uuid, ${w}::uuid, ${response}::uuid, ${answer}::uuid, 'k__follow_up_1', 1, 'Why?', 'why', 'ears', now())`)
      await app.db.query(sql`INSERT INTO answer (id, workspace_id, response_id, question_id, field_key, question_text, question_type, "order", value, follow_up_id, created_at, updated_at)
        VALUES (${reply}::uuid, ${w}::uuid, ${response}::uuid, ${question}::uuid, 'k__follow_up_1', 'Why?', 'text', 0, '"y"', ${followUp}::uuid, now(), now())`)
      const payload = {
        linkId: link,
        contactId: contact,
        respondentId: respondent,
        responseId: response,
        answerId: answer,
        webhookId: webhook,
        deliveryId: delivery.id,
      }
      await app.db.query(sql`INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
        VALUES (${w}::uuid, ${++position}, ${newId()}::uuid, ${types[position % types.length]}, ${link}::uuid, now(), ${JSON.stringify(payload)}::jsonb)`)
    }
  }
  await app.db.query(sql`UPDATE event_head SET position = ${position} WHERE workspace_id = ${w}::uuid`)
  return { key, ids }
}

/** Conversations of three messages each, with those who have the telephone numbers of the contacts. */
async function converse(key: string, count: number): Promise<Record<string, string[]>> {
  const messages = Array.from({ length: 3 * count }, (_, n) => ({
    ...{ direction: n % 3 === 1 ? 'OUT' : 'IN', channel: 'SMS', tenantChannelIdentifier: 'desk', provider: 'TWILIO' },
    ...{
      customerChannelIdentifier: `+35840${1_000_000 + Math.floor(n / 3)}`,
      conversation: `Talk ${Math.floor(n / 3)}`,
    },
    ...{ agent: `Agent ${n % 5}`, tags: [`Tag ${n % 5}`], time: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString() },
  }))
  const { data } = await app.graphql(
    `mutation ($input: AddMessagesInput!) { addMessages(input: $input) {
      ... on AddMessagesPayload { results { message { id conversation { id } thread { id } } } } } }`,
    { input: { messages } },
    key,
  )
  const added = data!.addMessages.results.map(({ message }: { message: object }) => message)
  const unique = (ids: string[]) => [...new Set(ids)]
  return {
    Message: added.map(({ id }: { id: string }) => id),
    Conversation: unique(added.map((each: { conversation: { id: string } }) => each.conversation.id)),
    MessageThread: unique(added.map((each: { thread: { id: string } }) => each.thread.id)),
  }
}

async function count(query: string, variables: object, key: string): Promise<{ sent: number; data: unknown }> {
  // The key's last use is noted beside the request; this is past by then.
  await app.graphql('{ viewer { credential } }', {}, key)
  statements.length = 0
  const { data, errors } = await app.graphql(query, variables as Record<string, unknown>, key)
  expect(errors).toBeUndefined()
  const sent = statements.filter((text) => !NOT_OF_THE_OPERATION.test(text))
  return { sent: sent.length, data }
}

beforeAll(async () => {
  one = await fill(await populate(app, { ...(await app.otherWorkspace('one')), slug: 'one' }), 1)
  many = await fill(await populate(app, { ...(await app.otherWorkspace('many')), slug: 'many' }), WITH)
}, 60_000)

/** Of the events, two read the log itself: its bounds and the page. */
const OPERATIONS: [statements: number, query: string, ids?: string][] = [
  [0, '{ viewer { scopes credential } }'],
  [1, '{ viewer { workspace { name slug } } }'],
  [1, '{ links(first: 20) { nodes { id name } } }'],
  [1, '{ links(first: 20) { edges { cursor node { name questions { prompt link { name } } } } } }'],
  [2, '{ links(first: 20) { totalCount nodes { name questions { prompt } } } }'],
  [
    1,
    '{ links(first: 20) { nodes { responses(first: 2) { nodes { answers { text question { prompt } upload { url } } } } } } }',
  ],
  [1, '{ links(first: 20) { nodes { respondents(first: 2) { nodes { personalUrl contact { name } } } } } }'],
  [
    1,
    '{ links(first: 20) { nodes { responses(first: 1) { nodes { id } } respondents(last: 1) { edges { node { id } } } questions { id } } } }',
  ],
  [3, '{ links(first: 20) { nodes { responses(first: 1) { totalCount } respondents(first: 1) { totalCount } } } }'],
  [
    2,
    '{ links(first: 20) { nodes { responses(first: 1, filter: { status: STARTED }) { totalCount nodes { id } } } } }',
  ],
  [
    1,
    '{ responses(first: 20) { nodes { link { name } respondent { contact { name } } answers { question { prompt link { name } } upload { url size } } } } }',
  ],
  [
    1,
    '{ responses(first: 20) { nodes { analyzedAt answers { transcript { text version } upload { durationSeconds } insight { summary keyTopics transcript { text answer { text } } } } } } }',
  ],
  [2, '{ responses(first: 20, sort: SUBMITTED_AT_ASC) { totalCount nodes { id } } }'],
  [1, '{ responses(first: 20, filter: { search: "x" }) { nodes { id } } }'],
  [
    2,
    '{ responses(first: 20, filter: { topic: "X", hasRecording: false, analyzed: false }) { totalCount nodes { id } } }',
  ],
  // The matches, the stems of their words, the answers; and the count.
  [
    3,
    '{ searchAnswers(query: "x", first: 20) { edges { cursor node { rank fragments { parts { text } } answer { text question { prompt } response { link { name } } } } } } }',
  ],
  [4, '{ searchAnswers(query: "x", first: 20, filter: { channel: WEB }) { totalCount nodes { answer { text } } } }'],
  [2, '{ links(first: 20) { nodes { summary { counts { started } topics { topic } } } } }'],
  // When the first response came, and the questions.
  [
    4,
    '{ links(first: 20) { nodes { summary(granularity: MONTH) { points { started } questions { answered question { prompt } } } } } }',
  ],
  [1, '{ links(first: 20) { nodes { export(format: ZIP) { url } } } }'],
  [1, '{ contacts(first: 20) { nodes { name respondents { status link { name } contact { name } } } } }'],
  [1, '{ apiKeys(first: 20) { nodes { name scopes } } }'],
  [
    2,
    '{ contacts(first: 20) { nodes { optedOutOf memberships { position list { name memberCount } } mergedInto { id } } } }',
  ],
  [
    1,
    '{ contacts(first: 20, sort: NAME_ASC, search: "o", filter: { email: "SHARED@example.com" }) { nodes { firstName phoneInput } } }',
  ],
  [
    1,
    '{ contactLists(first: 20) { nodes { members(first: 3) { nodes { position contact { name } list { name } } } } } }',
  ],
  [3, '{ contactLists(first: 20) { totalCount nodes { members(first: 3) { totalCount } } } }'],
  [1, '{ segments(first: 20) { nodes { filters { field operator value } } } }'],
  [
    4,
    '{ segments(first: 20) { nodes { contacts(first: 3) { totalCount edges { cursor node { name memberships { list { name } } } } } } } }',
  ],
  [1, '{ contactImports(first: 20) { nodes { state rowsDone created updated failed } } }'],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ContactList { members(first: 2) { nodes { id } } } } }',
    'ContactList',
  ],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ContactListMember { contact { name } } } }',
    'ContactListMember',
  ],
  [
    3,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Segment { contacts(first: 2) { nodes { name } } } } }',
    'Segment',
  ],
  [1, 'query ($id: ID!) { contactImport(id: $id) { key } }', 'ContactImport'],
  [1, '{ users(first: 20) { nodes { email username scopes deactivatedAt } } }'],
  [2, '{ subusers(first: 20) { nodes { legacyId email username firstName authToken updatedAt } } }'],
  [
    1,
    '{ webhooks(first: 20) { nodes { url eventTypes link { name } deliveries(first: 3) { nodes { uuid eventType eventCursor payload nextAttemptAt attempts(first: 3) { nodes { number failure delivery { state } } } } } } } }',
  ],
  [
    4,
    '{ webhooks(first: 20) { totalCount nodes { deliveries(first: 3, state: DEAD) { totalCount nodes { attempts(first: 1) { totalCount } } } } } }',
  ],
  [
    1,
    '{ webhookDeliveries(first: 20, state: DEAD) { nodes { webhook { url link { name } } attempts(last: 1) { nodes { statusCode } } } } }',
  ],
  [2, '{ deadLetters(first: 20) { totalCount nodes { webhook { url } attempts(first: 3) { nodes { message } } } } }'],
  [2, '{ links(first: 20) { nodes { webhooks(first: 1) { totalCount nodes { url } } } } }'],
  [
    4,
    '{ events(first: 20) { ... on EventPage { events { webhook { url deliveries(first: 1) { nodes { id } } } webhookDelivery { state attempts(first: 3) { nodes { number } } } } } } }',
  ],
  [
    7,
    '{ events(first: 20) { ... on EventPage { events { type link { name } contact { name } respondent { status } response { status } answer { text } } } } }',
  ],
  [
    3,
    '{ events(first: 20) { ... on EventPage { events { response { answers { question { prompt } } respondent { contact { name } } } } } } }',
  ],
  [4, '{ events(first: 20) { ... on EventPage { events { link { responses(first: 1) { totalCount } } } } } }'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Link { name questions { prompt } } } }', 'Link'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Question { prompt } } }', 'Question'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Contact { name respondents { id } } } }', 'Contact'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Respondent { contact { name } } } }', 'Respondent'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Response { answers { text } } } }', 'Response'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Answer { text response { link { name } } } } }', 'Answer'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Transcript { text answer { text } } } }', 'Transcript'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Insight { summary transcript { text } } } }', 'Insight'],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Insight { evidence { quote } transcript { id } } } }',
    'Insight',
  ],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on FollowUp { prompt reply { text } answer { text followUps { prompt } } } } }',
    'FollowUp',
  ],
  [
    1,
    'query ($id: ID!) { node(id: $id) { ... on Link { name responses(first: 5) { nodes { answers { text } } } } } }',
    'Link',
  ],
  [
    1,
    'query ($id: ID!) { link(id: $id) { name questions { prompt } responses(first: 5) { nodes { answers { text } } } } }',
    'Link',
  ],
  [
    1,
    'query ($id: ID!) { respondent(id: $id) { personalUrl responses { answers { text } } contact { name } } }',
    'Respondent',
  ],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Webhook { url deliveries(first: 3) { nodes { id } } } } }',
    'Webhook',
  ],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on WebhookDelivery { webhook { url } attempts(first: 3) { nodes { id } } } } }',
    'WebhookDelivery',
  ],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on WebhookAttempt { delivery { id } } } }', 'WebhookAttempt'],
  [
    1,
    'query ($id: ID!) { webhook(id: $id) { url deliveries(first: 3) { nodes { attempts(first: 3) { nodes { id } } } } } }',
    'Webhook',
  ],
  [
    1,
    'query ($id: ID!) { webhookDelivery(id: $id) { webhook { url } attempts(first: 3) { nodes { id } } } }',
    'WebhookDelivery',
  ],
  [
    1,
    '{ campaigns(first: 20) { nodes { __typename name state calendar { timeZone } estimateCents stats { receivers costCents } targets(first: 2) { nodes { contact { name } } } receivers(first: 2) { nodes { outcome contact { name } } } ... on RsvpCampaign { acceptsWanted calls(first: 2) { nodes { cause recordings { url } } } } ... on SmsBroadcast { message outboundMessages(first: 2) { nodes { state } } } } } }',
  ],
  [
    4,
    '{ campaigns(first: 20) { totalCount nodes { stats { callsInProgress } receivers(first: 1, state: WAITING) { totalCount } } } }',
  ],
  [2, '{ campaigns(first: 20) { nodes { ... on RsvpCampaign { voiceFiles { type voiceFile { name } } } } } }'],
  [
    1,
    '{ calls(first: 20, cause: ANSWERED) { nodes { phone campaign { name stats { accepts } } receiver { target { position } calls { attempt } } contact { name } } } }',
  ],
  [
    1,
    '{ contacts(first: 20) { nodes { receivers(first: 1) { nodes { campaign { name ... on ClickToCall { actionButtons { button } } } } } calls(first: 1) { nodes { reply } } outboundMessages(first: 1) { nodes { state } } } } }',
  ],
  [
    1,
    'query ($id: ID!) { campaign(id: $id) { name targets(first: 3) { nodes { kind receivers(first: 1) { nodes { state } } } } } }',
    'Campaign',
  ],
  [1, 'query ($id: ID!) { call(id: $id) { state recordings { durationSeconds } } }', 'Call'],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Receiver { reason campaign { state } outboundMessages { state } } } }',
    'Receiver',
  ],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on CampaignTarget { campaign { name } contactList { name } } } }',
    'CampaignTarget',
  ],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Recording { url call { phone } } } }', 'Recording'],
  [
    1,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on OutboundMessage { costCents receiver { outcome } } } }',
    'OutboundMessage',
  ],
  [1, '{ nodeByLegacyId(system: MULTISENDER, type: RSVP_CAMPAIGN, id: "2") { id ... on RsvpCampaign { name } } }'],
  [
    1,
    '{ links(first: 20) { nodes { respondents(first: 2) { nodes { status receivers { outcome earlierAttempts } calls(first: 2) { nodes { cause campaign { name } answers { channel text recording { url } } } } } } } } }',
  ],
  [
    2,
    '{ links(first: 20) { nodes { respondents(first: 2) { nodes { calls(first: 1, cause: ANSWERED) { totalCount } } } } } }',
  ],
  [
    2,
    '{ links(first: 20) { nodes { campaigns(first: 2, kind: SURVEY_CALLS) { totalCount nodes { name isStanding link { name } stats { surveyed partial } ... on SurveyCalls { tries prompts { fieldKey } } } } } } }',
  ],
  [
    2,
    '{ campaigns(first: 20) { nodes { ... on SurveyCalls { greeting { voiceFile { name } } goodbye { text voiceFile { name } } prompts { voiceFile { name } } calls(first: 2) { nodes { respondent { link { name } } } } } } } }',
  ],
  [
    1,
    '{ calls(first: 20) { nodes { respondent { status contact { name } } answers { text channel call { phone } } recordings { answer { text } } receiver { respondent { status } } } } }',
  ],
  [
    1,
    '{ responses(first: 20) { nodes { channel answers { channel call { phone } recording { durationSeconds } } } } }',
  ],
  [
    1,
    'query ($id: ID!) { respondent(id: $id) { receivers { state } calls(last: 1) { nodes { state } } } }',
    'Respondent',
  ],
  // Why not now: asked per campaign, for all of its receivers at once; of a survey also what it asks, whom it has asked, and what
  // of it they have answered.
  [
    7,
    '{ campaigns(first: 1, kind: EMAIL_BROADCAST) { nodes { receivers(first: 5) { nodes { whyNotNow { nextAttemptAt blockers { rule until } } } } } } }',
  ],
  [
    12,
    '{ campaigns(first: 1, kind: SURVEY_CALLS) { nodes { receivers(first: 5) { nodes { whyNotNow { nextAttemptAt blockers { rule until } } } } } } }',
  ],
  [1, '{ conversations(first: 20) { nodes { key agents { name } tags { name } channel { channel } } } }'],
  [2, '{ conversations(first: 20, filter: { isResolved: false }) { totalCount nodes { key } } }'],
  [
    4,
    '{ conversations(first: 20) { nodes { messages(first: 2) { nodes { content agent { name } conversation { key } thread { country } } } } } }',
  ],
  [3, '{ conversations(first: 20) { nodes { messages(last: 1) { totalCount edges { node { time } } } } } }'],
  [2, '{ messages(first: 20, filter: { direction: OUT }) { totalCount nodes { tags { name } } } }'],
  [3, '{ messages(first: 20) { nodes { thread { messages(first: 1) { nodes { time } } } } } }'],
  [3, '{ contacts(first: 20) { nodes { messageThreads { messages(first: 2) { nodes { direction } } } } } }'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { direction } } }', 'Message'],
  [2, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { conversation { key } } } }', 'Message'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Conversation { key } } }', 'Conversation'],
  [
    2,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on MessageThread { messages(first: 3) { nodes { time } } } } }',
    'MessageThread',
  ],
  [1, 'query ($id: ID!) { message(id: $id) { content } }', 'Message'],
  [1, 'query ($id: ID!) { conversation(id: $id) { key } }', 'Conversation'],
  [4, '{ agents { name } teams { name } tags { name } channels { channel } }'],
  [2, '{ insightBudget { monthlyTokens inputTokens } }'],
  [1, '{ messageSettings { retentionDays } }'],
  [1, '{ businessCalendars { version calendar { timeZone } } }'],
  [2, '{ apiKeys(first: 20) { nodes { signingKeys { name } } } }'],
  // What is known of the filter, whether messages were reduced, the page, its total, and what it is of.
  [
    4,
    '{ metric(name: MESSAGES, period: { from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" }) { proof(first: 20) { totalCount nodes { source { __typename ... on Message { direction } } } } } }',
  ],
  [0, '{ voices { code language gender } }'],
  [1, '{ voiceFiles(first: 20) { nodes { name durationSeconds mp3Url wavUrl originalUrl status } } }'],
  [2, '{ voiceFiles(first: 20, status: READY) { totalCount nodes { name } } }'],
  [1, 'query ($id: ID!) { voiceFile(id: $id) { name kind size sha256 } }', 'VoiceFile'],
  [1, 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on VoiceFile { name mp3Url } } }', 'VoiceFile'],
  [1, '{ nodeByLegacyId(system: MULTISENDER, type: VOICE_FILE, id: "1000") { id ... on VoiceFile { name } } }'],
  [1, '{ nodeByLegacyId(system: SAYGENT, type: LINK, id: "1000") { id ... on Link { questions { prompt } } } }'],
  [
    1,
    'query ($uuid: UUID!) { nodeByUuid(type: CALL, uuid: $uuid) { id ... on Call { state campaign { name } } } }',
    'Call',
  ],
  [
    1,
    'query ($uuid: UUID!) { nodeByUuid(type: LINK, uuid: $uuid) { id ... on Link { questions { prompt } } } }',
    'Link',
  ],
  [
    1,
    'query ($uuid: UUID!) { nodeByUuid(type: CAMPAIGN, uuid: $uuid) { id ... on Campaign { name stats { receivers } } ... on VoiceBroadcast { calls(first: 2) { nodes { state } } } } }',
    'Campaign',
  ],
  [
    1,
    'query ($uuid: UUID!) { nodeByUuid(type: CONVERSATION, uuid: $uuid) { ... on Conversation { key } } }',
    'Conversation',
  ],
]

describe('statements per operation', () => {
  // Twice each: the second time compiled.
  it.each(OPERATIONS)('%d: %s', async (expected, query, type) => {
    for (const run of ['first', 'second', 'third']) {
      for (const side of [one, many]) {
        const ids = type ? side.ids[type]!.slice(0, 20) : undefined
        const variables = ids
          ? query.includes('$ids')
            ? { ids }
            : { id: ids[0], uuid: decodeGlobalId(ids[0]!).id }
          : {}
        const { sent, data } = await count(query, variables, side.key)
        expect(sent, `${run} time with ${side === one ? 1 : WITH}: ${statements.join('\n')}`).toBe(expected)
        expect(JSON.stringify(data)).not.toContain('[null')
      }
    }
  })

  it('reads nothing past the reader', async () => {
    const metrics = await (await fetch(new URL('/metrics', app.localUrl))).text()
    expect(metrics.match(/^saygraph_reads_past_the_reader_total\{.*$/gm) ?? []).toEqual([])
  })
})
