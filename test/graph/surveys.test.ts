import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { createEventLog } from '../../src/events/index.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { testApp } from '../kit/app.ts'
import { onPostgres } from '../kit/database.ts'
import { until } from '../kit/world.ts'
import { connect, openStream, type Socket } from '../live/clients.ts'
import { addCampaign } from './campaign-rows.ts'

/** Nothing is dialled or said: the process leaves that to others. Whole calls are tested beside the engine. */
const clock = new FakeClock('2026-11-22T10:00:00.000Z')
const app = await testApp({}, clock, { role: 'api' })
const { workspaceId } = app.firstStart!
const log = createEventLog({ db: app.db, clock, newId: idGenerator(clock) })
const global = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url')
const UNKNOWN = (type: string) => global(type, '01900000-0000-7000-8000-000000000000')

/** Of a survey with a question of most kinds, of one whose only question no phone can ask, and of one that is deleted. */
let linkId: string
let writtenId: string
let deletedId: string
let voiceFileId: string
let pendingFileId: string
let contactId: string
let other: { key: string; linkId: string; respondentId: string; voiceFileId: string }

async function ask(query: string, variables: Record<string, unknown> = {}, key = app.key) {
  const { data, errors } = await app.graphql(query, variables, key)
  if (errors) throw new Error(JSON.stringify(errors))
  return data!
}

async function mutate(name: string, input: object, selection = '__typename', key = app.key) {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const data = await ask(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) {
      __typename ... on ${type}Payload { ${selection} } ... on Error { code message path }
      ... on ValidationError { issues { path rule } }
    } }`,
    { input },
    key,
  )
  return data[name]
}

/** The broken rules that a mutation tells of, as `path: rule`. */
async function faults(name: string, input: object): Promise<string[]> {
  const { __typename, issues } = await mutate(name, input)
  expect(__typename).toBe('ValidationError')
  return issues.map(({ path, rule }: { path: string[]; rule: string }) => `${path.join('.')}: ${rule}`)
}

const linkWith = async (name: string, questions: object[], key = app.key): Promise<string> =>
  (await mutate('createLink', { name, questions }, 'link { id }', key)).link.id

async function addVoiceFile(name: string, status: string, workspace = workspaceId): Promise<string> {
  const id = idGenerator(clock)()
  const ready = status === 'ready'
  await app.db.query(
    sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, file_name, status, duration_seconds, media_type,
                                sha256, size, mp3_size, wav_size, created_at, updated_at)
        VALUES (${id}::uuid, ${workspace}::uuid, ${1_000 + name.length}, ${name}, 'upload', 'a.wav',
                ${status}::voice_file_status, ${ready ? 2 : null}::float8, 'audio/wav', '', 3, ${ready ? 2 : null}::int,
                ${ready ? 1 : null}::int, ${clock.now()}, ${clock.now()})`,
  )
  return global('VoiceFile', id)
}

async function respondentsOf(link: string, ...phones: string[]): Promise<string[]> {
  const { results } = await mutate(
    'addRespondents',
    { linkId: link, respondents: phones.map((phone) => ({ phone })) },
    'results { respondent { id } }',
  )
  return results.map((each: { respondent: { id: string } }) => each.respondent.id)
}

async function keyWith(...scopes: string[]): Promise<string> {
  return (await mutate('createApiKey', { name: 'narrow', scopes }, 'key')).key
}

const rowsOf = async (table: string): Promise<number> =>
  (await app.db.raw(`SELECT 1 FROM ${table} WHERE workspace_id = $1::uuid`, [workspaceId])).length

beforeAll(async () => {
  linkId = await linkWith('Your visit', [
    { prompt: 'How was it?', fieldKey: 'stars', configuration: { rating: { scaleType: 'STARS', maxValue: 5 } } },
    { prompt: 'Would you come again?', fieldKey: 'again', type: 'YES_NO', required: true },
    { prompt: 'What would you change?', fieldKey: 'change', type: 'VOICE' },
    { prompt: 'Anything else?', fieldKey: 'else', type: 'TEXT' },
  ])
  writtenId = await linkWith('In writing', [{ prompt: 'Say more', fieldKey: 'more', type: 'TEXT' }])
  deletedId = await linkWith('Gone', [{ prompt: 'Still here?', fieldKey: 'here', type: 'YES_NO' }])
  voiceFileId = await addVoiceFile('Hello', 'ready')
  pendingFileId = await addVoiceFile('Not yet', 'pending')
  contactId = (await mutate('createContact', { name: 'Ann', phone: '+358401000000' }, 'contact { id }')).contact.id
  const foreign = await app.otherWorkspace('foreign')
  const theirLink = await linkWith('Theirs', [{ prompt: 'Yes?', fieldKey: 'yes', type: 'YES_NO' }], foreign.key)
  const { results } = await mutate(
    'addRespondents',
    { linkId: theirLink, respondents: [{ phone: '+358401999999' }] },
    'results { respondent { id } }',
    foreign.key,
  )
  other = {
    ...{ key: foreign.key, linkId: theirLink, respondentId: results[0].respondent.id },
    voiceFileId: await addVoiceFile('Theirs', 'ready', foreign.workspaceId),
  }
})

const CONTENT = `link { id name } isStanding voiceCode greeting { text voiceFile { id } } goodbye { text voiceFile { id } }
  prompts { fieldKey explainsKeys voiceFile { id } } optOutKey tries answerSeconds redialUnfinished allowRepeats followUpSms`
const surveys = (content: object, rest: object = {}) => ({
  ...{ halted: true, receivers: [{ contactId }], content: { linkId, ...content } },
  ...rest,
})

describe('createSurveyCalls', () => {
  it('makes them with what every survey says', async () => {
    const { campaign } = await mutate(
      'createSurveyCalls',
      surveys({}, { lines: 2 }),
      `campaign { __typename kind state maxAttempts lines estimateCents stats { receivers surveyed partial } ... on SurveyCalls { ${CONTENT} } }`,
    )
    expect(campaign).toEqual({
      ...{ __typename: 'SurveyCalls', kind: 'SURVEY_CALLS', state: 'HALTED', maxAttempts: 3, lines: 2 },
      ...{ estimateCents: expect.any(Number), stats: { receivers: 1, surveyed: 0, partial: 0 } },
      ...{ link: { id: linkId, name: 'Your visit' }, isStanding: false, voiceCode: 'en', optOutKey: '*' },
      ...{ greeting: null, goodbye: null, prompts: [], tries: 3, answerSeconds: 6 },
      ...{ redialUnfinished: false, allowRepeats: false, followUpSms: null },
    })
  })

  it('makes them as given, and shows them again', async () => {
    const content = {
      ...{ voiceCode: 'fi', greeting: { voiceFileId }, goodbye: { text: 'Bye.' }, optOutKey: null, tries: 1 },
      prompts: [
        { fieldKey: 'stars', voiceFileId, explainsKeys: true },
        { fieldKey: 'again', voiceFileId },
      ],
      ...{ answerSeconds: 2.5, redialUnfinished: true, allowRepeats: true, followUpSms: 'More: {link}' },
    }
    const { campaign } = await mutate('createSurveyCalls', surveys(content), `campaign { ${CONTENT} }`)
    const voiceFile = { id: voiceFileId }
    expect(campaign).toEqual({
      ...{ link: { id: linkId, name: 'Your visit' }, isStanding: false, voiceCode: 'fi' },
      ...{ greeting: { text: null, voiceFile }, goodbye: { text: 'Bye.', voiceFile: null } },
      prompts: [
        { fieldKey: 'stars', voiceFile, explainsKeys: true },
        { fieldKey: 'again', voiceFile, explainsKeys: false },
      ],
      ...{ optOutKey: null, tries: 1, answerSeconds: 2.5, redialUnfinished: true, allowRepeats: true },
      followUpSms: 'More: {link}',
    })
  })

  it('has a voice speak what the link is written in, where there is one', async () => {
    for (const [language, voiceCode] of [
      ['FI-fi', 'fi'],
      ['sv', 'en'],
    ]) {
      const input = { name: 'Written', language, questions: [{ prompt: 'Again?', fieldKey: 'again', type: 'YES_NO' }] }
      const { link } = await mutate('createLink', input, 'link { id language }')
      expect(link.language).toBe(language === 'sv' ? 'sv' : 'fi-FI')
      const content = surveys({ linkId: link.id })
      const { campaign } = await mutate('createSurveyCalls', content, `campaign { ... on SurveyCalls { voiceCode } }`)
      expect(campaign).toEqual({ voiceCode })
      const cleared = await mutate('updateLink', { id: link.id, language: null }, 'link { language }')
      expect(cleared.link.language).toBeNull()
    }
  })

  it('tells every broken rule where the input has it', async () => {
    const nothing = surveys({ tries: 6, answerSeconds: 1, optOutKey: '#', followUpSms: 'no address' })
    expect(await faults('createSurveyCalls', nothing)).toEqual([
      'content.optOutKey: regex',
      'content.tries: too_large',
      'content.answerSeconds: too_small',
      'content.followUpSms: no_link',
    ])
    const prompts = [
      { fieldKey: 'stars', voiceFileId },
      { fieldKey: 'nothing', voiceFileId: pendingFileId },
      { fieldKey: 'stars', voiceFileId: other.voiceFileId },
    ]
    const strange = surveys({ voiceCode: 'xx', prompts, greeting: { voiceFileId: UNKNOWN('VoiceFile') } })
    expect((await faults('createSurveyCalls', strange)).sort()).toEqual([
      'content.greeting.voiceFileId: unknown_voice_file',
      'content.prompts.1.fieldKey: unknown_field_key',
      'content.prompts.1.voiceFileId: not_ready',
      'content.prompts.2.fieldKey: duplicate',
      'content.prompts.2.voiceFileId: unknown_voice_file',
      'content.voiceCode: unknown_option',
    ])
  })

  it.each([
    ['both keys of a phrase', () => ({ greeting: { text: 'x', voiceFileId } }), 'content.greeting: unknown_key'],
    ['no key of a phrase', () => ({ goodbye: {} }), 'content.goodbye.text: type'],
    ['a blank phrase', () => ({ goodbye: { text: ' ' } }), 'content.goodbye.text: too_short'],
    ['a long phrase', () => ({ greeting: { text: 'x'.repeat(1_001) } }), 'content.greeting.text: too_long'],
    [
      'what is no voice file',
      () => ({ greeting: { voiceFileId: linkId } }),
      'content.greeting.voiceFileId: unknown_voice_file',
    ],
    ['an unknown link', () => ({ linkId: UNKNOWN('Link') }), 'content.linkId: unknown_link'],
    ['a foreign link', () => ({ linkId: other.linkId }), 'content.linkId: unknown_link'],
    ['what is no link', () => ({ linkId: contactId }), 'content.linkId: unknown_link'],
    ['a link that no phone can ask', () => ({ linkId: writtenId }), 'content.linkId: nothing_to_ask'],
  ])('refuses %s', async (_what, content, fault) => {
    expect(await faults('createSurveyCalls', surveys(content()))).toEqual([fault])
  })

  it('needs receivers, as all campaigns do', async () => {
    expect(await faults('createSurveyCalls', { ...surveys({}), receivers: [] })).toEqual(['receivers: too_short'])
  })
})

describe('updateSurveyCalls', () => {
  it('changes what is asked as a whole, also once it has begun, and never the link', async () => {
    const made = surveys({ tries: 5, optOutKey: '9', followUpSms: 'More: {link}' })
    const { campaign } = await mutate('createSurveyCalls', made, 'campaign { id }')
    const { id } = campaign
    await mutate('resumeCampaign', { id })
    const changed = await mutate(
      'updateSurveyCalls',
      { id, name: 'Mine', content: { linkId, tries: 2 } },
      'campaign { name state startedAt tries optOutKey followUpSms }',
    )
    expect(changed.campaign).toEqual({
      ...{ name: 'Mine', state: 'ACTIVE', startedAt: clock.now().toISOString() },
      ...{ tries: 2, optOutKey: '*', followUpSms: null },
    })
    const elsewhere = { id, content: { linkId: await linkWith('Other', [{ prompt: 'Yes?', type: 'YES_NO' }]) } }
    expect(await faults('updateSurveyCalls', elsewhere)).toEqual(['content.linkId: other_link'])
    expect(await faults('updateSurveyCalls', { id, content: { linkId, voiceCode: 'xx' } })).toEqual([
      'content.voiceCode: unknown_option',
    ])
    const again = await mutate('updateSurveyCalls', { id, receivers: [{ contactId }] })
    expect(again).toMatchObject({ __typename: 'ConflictError', code: 'CAMPAIGN_NOT_EDITABLE' })
  })

  it('changes nothing but the name of completed ones', async () => {
    const rows = await addCampaign(app.db, 'survey_calls', {
      ...{ workspaceId, contactId: decodeGlobalId(contactId).id, voiceFileId: decodeGlobalId(voiceFileId).id },
      ...{ linkId: decodeGlobalId(linkId).id, word: 'done', at: clock.now(), state: 'completed' },
    })
    const id = global('SurveyCalls', rows.id)
    expect(await mutate('updateSurveyCalls', { id, content: { linkId } })).toMatchObject({
      ...{ __typename: 'ConflictError', code: 'CAMPAIGN_COMPLETED' },
    })
    expect((await mutate('updateSurveyCalls', { id, name: 'Then' }, 'campaign { name }')).campaign.name).toBe('Then')
  })
})

describe('an SMS with the address of a survey', () => {
  it('shows its link, and keeps it', async () => {
    const content = { message: 'Tell us: {link}', linkId }
    const input = { halted: true, receivers: [{ contactId }], content }
    const { campaign } = await mutate('createSmsBroadcast', input, 'campaign { id message isStanding link { name } }')
    expect(campaign).toMatchObject({ message: content.message, isStanding: false, link: { name: 'Your visit' } })
    const without = { id: campaign.id, content: { message: 'Hello' } }
    expect(await faults('updateSmsBroadcast', without)).toEqual(['content.linkId: other_link'])
    expect(await faults('createSmsBroadcast', { ...input, content: { ...content, message: 'Tell us' } })).toEqual([
      'content.message: no_link',
    ])
    expect(await faults('createSmsBroadcast', { ...input, content: { ...content, linkId: other.linkId } })).toEqual([
      'content.linkId: unknown_link',
    ])
  })
})

describe('addRespondents', () => {
  const RESULTS = `results {
    respondent { id status link { id } contact { name phone email } receivers { state } }
    issues { path rule message }
  }`

  it('adds people, each judged by itself', async () => {
    const respondents = [
      { phone: '+358 40 123 0001', firstName: 'Eve', lastName: 'Adams', email: 'eve@example.com' },
      { phone: '112' },
      { phone: '+358401000000', firstName: 'Anna' },
      { phone: '+358401230002', email: 'nonsense', firstName: ' ' },
      { phone: '+358 40 123 0001' },
    ]
    const { results } = await mutate('addRespondents', { linkId, respondents }, RESULTS)
    const of = (contact: object) => ({ status: 'CREATED', link: { id: linkId }, contact, receivers: [] })
    const eve = { name: 'Eve Adams', phone: '+358401230001', email: 'eve@example.com' }
    expect(results).toMatchObject([
      { respondent: of(eve), issues: [] },
      { respondent: null, issues: [{ path: ['respondents', '1', 'phone'], rule: 'phone_number' }] },
      { respondent: of({ name: 'Ann', phone: '+358401000000' }), issues: [] },
      {
        respondent: null,
        issues: [
          { path: ['respondents', '3', 'firstName'], rule: 'too_short' },
          { path: ['respondents', '3', 'email'], rule: 'email' },
        ],
      },
      { respondent: of(eve), issues: [] },
    ])
    expect(results[4].respondent.id).not.toBe(results[0].respondent.id)
    expect((await mutate('addRespondents', { linkId, respondents: [] }, RESULTS)).results).toEqual([])
  })

  it('calls those who were added, and nobody else', async () => {
    const link = await linkWith('Now', [{ prompt: 'Yes?', fieldKey: 'yes', type: 'YES_NO' }])
    const input = { linkId: link, callNow: true, respondents: [{ phone: '+358401230003' }, { phone: '1' }] }
    const added = await mutate('addRespondents', { ...input, idempotencyKey: 'now' }, RESULTS)
    expect(added.results).toMatchObject([
      { respondent: { status: 'QUEUED', receivers: [{ state: 'WAITING' }] } },
      { respondent: null },
    ])
    expect(await mutate('addRespondents', { ...input, idempotencyKey: 'now' }, RESULTS)).toEqual(added)
    // The same people, not called, are something else.
    expect(await mutate('addRespondents', { ...input, callNow: false, idempotencyKey: 'now' })).toMatchObject({
      ...{ __typename: 'ConflictError', code: 'IDEMPOTENCY_CONFLICT', path: ['idempotencyKey'] },
    })
    const { link: found } = await ask(
      `query ($id: ID!) { link(id: $id) {
        respondents(first: 9) { totalCount }
        campaigns(first: 9) { totalCount nodes { __typename name isStanding link { id } stats { receivers } } }
        sms: campaigns(first: 9, kind: SMS_BROADCAST) { totalCount }
      } }`,
      { id: link },
    )
    const standing = { __typename: 'SurveyCalls', name: 'Now', isStanding: true, link: { id: link } }
    expect(found).toEqual({
      ...{ respondents: { totalCount: 1 }, sms: { totalCount: 0 } },
      campaigns: { totalCount: 1, nodes: [{ ...standing, stats: { receivers: 1 } }] },
    })
    // Nobody was added, so that nobody is called: no campaign is needed for that.
    const none = { linkId: writtenId, callNow: true, respondents: [{ phone: '1' }] }
    expect((await mutate('addRespondents', none, RESULTS)).results).toHaveLength(1)
  })

  it('adds nobody when they could not be called', async () => {
    const before = [await rowsOf('respondent'), await rowsOf('contact'), await rowsOf('campaign')]
    const respondents = [{ phone: '+358401230004' }]
    expect(await faults('addRespondents', { linkId: writtenId, callNow: true, respondents })).toEqual([
      'linkId: nothing_to_ask',
    ])
    const key = await keyWith('RESPONSES_WRITE', 'RESPONSES_READ')
    const refused = await mutate('addRespondents', { linkId, callNow: true, respondents }, '__typename', key)
    expect(refused).toMatchObject({ code: 'INSUFFICIENT_SCOPE', message: 'API key missing scope: campaigns:write.' })
    expect([await rowsOf('respondent'), await rowsOf('contact'), await rowsOf('campaign')]).toEqual(before)
    const without = await mutate('addRespondents', { linkId, respondents }, 'results { respondent { status } }', key)
    expect(without.results).toEqual([{ respondent: { status: 'CREATED' } }])
  })

  it('shows a writer who was added, and nothing below', async () => {
    const key = await keyWith('RESPONSES_WRITE')
    const input = { linkId, respondents: [{ phone: '+358401230005' }] }
    const { results } = await mutate('addRespondents', input, 'results { respondent { id status } }', key)
    expect(results[0].respondent.status).toBe('CREATED')
    const below = mutate('addRespondents', input, 'results { respondent { responses { id } } }', key)
    await expect(below).rejects.toThrow('INSUFFICIENT_SCOPE')
  })

  it.each([
    ['an unknown link', () => UNKNOWN('Link')],
    ['a foreign link', () => other.linkId],
    ['what is no link', () => contactId],
  ])('refuses %s', async (_what, id) => {
    for (const callNow of [true, false]) {
      const input = { linkId: id(), callNow, respondents: [{ phone: '+358401230006' }] }
      expect(await mutate('addRespondents', input)).toMatchObject({ code: 'NOT_FOUND', path: ['linkId'] })
    }
  })
})

describe('callRespondents', () => {
  const RESULTS = 'results { outcome respondent { id status receivers { state campaign { isStanding } } } }'

  it('queues those whom it can call, and says what came of each in their order', async () => {
    const link = await linkWith('Calls', [{ prompt: 'Yes?', fieldKey: 'yes', type: 'YES_NO' }])
    const [one, two, done, invalid] = await respondentsOf(
      ...([link, '+358401240001', '+358401240002', '+358401240003', '+358401240004'] as const),
    )
    const setStatus = (id: string, status: string) =>
      app.db.query(
        sql`UPDATE respondent SET status = ${status}::respondent_status WHERE id = ${decodeGlobalId(id).id}::uuid`,
      )
    await setStatus(done!, 'surveyed')
    await setStatus(invalid!, 'invalid')
    const { results } = await mutate('callRespondents', { respondentIds: [two, done, one, invalid, two] }, RESULTS)
    const receivers = [{ state: 'WAITING', campaign: { isStanding: true } }]
    const queued = (id?: string) => ({ outcome: 'QUEUED', respondent: { id, status: 'QUEUED', receivers } })
    expect(results).toEqual([
      queued(two),
      { outcome: 'UNCHANGED', respondent: { id: done, status: 'SURVEYED', receivers: [] } },
      queued(one),
      { outcome: 'INVALID', respondent: { id: invalid, status: 'INVALID', receivers: [] } },
      queued(two),
    ])
    // Who waits stays where they are.
    expect((await mutate('callRespondents', { respondentIds: [one] }, RESULTS)).results).toEqual([queued(one)])
    const { link: found } = await ask(
      'query ($id: ID!) { link(id: $id) { campaigns(first: 9) { nodes { id stats { receivers } } } } }',
      { id: link },
    )
    const [{ id, stats }] = found.campaigns.nodes
    expect(stats).toEqual({ receivers: 2 })
    // Once the survey asks people again, so it does.
    await mutate('updateSurveyCalls', { id, content: { linkId: link, allowRepeats: true } })
    expect((await mutate('callRespondents', { respondentIds: [done] }, RESULTS)).results).toEqual([queued(done)])
    expect((await mutate('callRespondents', { respondentIds: [] }, RESULTS)).results).toEqual([])
  })

  it('does so once per key', async () => {
    const link = await linkWith('Once', [{ prompt: 'Yes?', fieldKey: 'yes', type: 'YES_NO' }])
    const respondentIds = await respondentsOf(link, '+358401250001', '+358401250002')
    const call = (ids: string[]) => mutate('callRespondents', { respondentIds: ids, idempotencyKey: 'once' }, RESULTS)
    const first = await call(respondentIds)
    expect(first.results).toHaveLength(2)
    expect(await call(respondentIds)).toEqual(first)
    expect(await call(respondentIds.slice(1))).toMatchObject({ __typename: 'ConflictError', path: ['idempotencyKey'] })
  })

  it('calls nobody when an id is nobody of ours, and says where it stands', async () => {
    const [mine] = await respondentsOf(linkId, '+358401260001')
    const respondentIds = [UNKNOWN('Respondent'), mine, other.respondentId, linkId, 'nonsense']
    expect(await faults('callRespondents', { respondentIds })).toEqual(
      [0, 2, 3, 4].map((index) => `respondentIds.${index}: unknown_respondent`),
    )
    const { respondent } = await ask('query ($id: ID!) { respondent(id: $id) { status } }', { id: mine })
    expect(respondent.status).toBe('CREATED')
  })

  it('says when the link has nothing that a phone can ask, or is gone', async () => {
    const [written] = await respondentsOf(writtenId, '+358401260002')
    const [gone] = await respondentsOf(deletedId, '+358401260003')
    await mutate('deleteLink', { id: deletedId })
    expect(await faults('callRespondents', { respondentIds: [written] })).toEqual(['respondentIds: nothing_to_ask'])
    expect(await faults('callRespondents', { respondentIds: [gone] })).toEqual(['respondentIds.0: link_deleted'])
  })

  it('needs the scope to call', async () => {
    const key = await keyWith('RESPONSES_WRITE', 'RESPONSES_READ', 'CAMPAIGNS_READ')
    const refused = await mutate('callRespondents', { respondentIds: [] }, '__typename', key)
    expect(refused).toMatchObject({ code: 'INSUFFICIENT_SCOPE', message: 'API key missing scope: campaigns:write.' })
  })
})

describe('what was said in a call', () => {
  it('leads to its answers and back, each with its channel', async () => {
    const link = await linkWith('Said', [
      { prompt: 'Yes?', fieldKey: 'yes', type: 'YES_NO' },
      { prompt: 'Why?', fieldKey: 'why', type: 'VOICE' },
    ])
    const [respondentId] = await respondentsOf(link, '+358401270001')
    const [newId, at, w] = [idGenerator(clock), clock.now(), workspaceId]
    const [linkUuid, respondent] = [decodeGlobalId(link).id, decodeGlobalId(respondentId!).id]
    const rows = await addCampaign(app.db, 'survey_calls', {
      ...{ workspaceId, contactId: decodeGlobalId(contactId).id, voiceFileId: decodeGlobalId(voiceFileId).id },
      ...{ linkId: linkUuid, respondentId: respondent, word: 'said', at },
    })
    const response = newId()
    await app.db.query(
      sql`INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, started_at, updated_at)
          VALUES (${response}::uuid, ${w}::uuid, ${linkUuid}::uuid, ${respondent}::uuid, ${newId()}::uuid, 'phone',
                  'started', ${at}, ${at})`,
    )
    for (const [order, [key, type, channel]] of [
      ...([['yes', 'yes_no', 'phone'] as const, ['why', 'voice', 'phone'] as const] as const),
      ['more', 'text', 'web'] as const,
    ].entries()) {
      await app.db.query(
        sql`INSERT INTO answer (id, workspace_id, response_id, field_key, question_text, question_type, "order", value, text,
                                channel, call_id, recording_id, created_at, updated_at)
            VALUES (${newId()}::uuid, ${w}::uuid, ${response}::uuid, ${key}, ${key}, ${type}::question_type, ${order}::int,
                    ${type === 'yes_no' ? 'true' : null}::json, NULL, ${channel}::response_channel,
                    ${channel === 'phone' ? rows.call : null}::uuid, ${type === 'voice' ? rows.recording : null}::uuid,
                    ${at}, ${at})`,
      )
    }
    const data = await ask(
      `query ($id: ID!, $recording: ID!) {
        respondent(id: $id) {
          calls(first: 9, state: ENDED) { totalCount nodes {
            cause respondent { id } answers { fieldKey channel recording { durationSeconds answer { fieldKey } } }
            receiver { outcome earlierAttempts respondent { id } }
          } }
          responses { channel answers { fieldKey channel call { id } recording { id } } }
        }
        node(id: $recording) { ... on Recording { answer { fieldKey response { respondent { id } } } } }
      }`,
      { id: respondentId, recording: global('Recording', rows.recording) },
    )
    const [call, recording] = [{ id: global('Call', rows.call) }, { id: global('Recording', rows.recording) }]
    expect(data).toEqual({
      respondent: {
        calls: {
          totalCount: 1,
          nodes: [
            {
              ...{ cause: 'ANSWERED', respondent: { id: respondentId } },
              answers: [
                { fieldKey: 'yes', channel: 'PHONE', recording: null },
                { fieldKey: 'why', channel: 'PHONE', recording: { durationSeconds: 1.5, answer: { fieldKey: 'why' } } },
              ],
              receiver: { outcome: 'SURVEYED', earlierAttempts: 0, respondent: { id: respondentId } },
            },
          ],
        },
        responses: [
          {
            channel: 'PHONE',
            answers: [
              { fieldKey: 'yes', channel: 'PHONE', call, recording: null },
              { fieldKey: 'why', channel: 'PHONE', call, recording },
              { fieldKey: 'more', channel: 'WEB', call: null, recording: null },
            ],
          },
        ],
      },
      node: { answer: { fieldKey: 'why', response: { respondent: { id: respondentId } } } },
    })
  })
})

describe('respondentStatusChanged', () => {
  const QUERY = `subscription ($link: ID, $respondent: ID, $after: String) {
    respondentStatusChanged(linkId: $link, respondentId: $respondent, after: $after) {
      cursor occurredAt from to event { type link { name } } respondent { id status }
    } }`
  const cursor = async () => (await ask('{ eventCursor }')).eventCursor as string
  let socket: Socket
  let link: string
  let [one, two, elsewhere] = ['', '', '']

  beforeAll(async () => {
    link = await linkWith('Live', [{ prompt: 'Yes?', fieldKey: 'yes', type: 'YES_NO' }])
    const [first, second] = await respondentsOf(link, '+358401280001', '+358401280002')
    const [third] = await respondentsOf(linkId, '+358401280003')
    ;[one, two, elsewhere] = [first!, second!, third!]
    socket = await connect(app.localUrl, app.key)
  })

  /** The engine, in another process. */
  async function move(id: string, ofLink: string, from: string, to: string): Promise<void> {
    const [respondentId, linkUuid] = [decodeGlobalId(id).id, decodeGlobalId(ofLink).id]
    await log.write(workspaceId, async (tx, emit) => {
      await tx.query(sql`UPDATE respondent SET status = ${to}::respondent_status WHERE id = ${respondentId}::uuid`)
      emit('respondent.statusChanged', { linkId: linkUuid, respondentId, from, to })
    })
    // On the embedded database one process is all there is, and hears of itself only.
    if (!onPostgres) await mutate('updateContact', { id: contactId, note: 'x' })
  }

  it('tells of one, of those of a link, and of all; and goes on after a cursor', async () => {
    const after = await cursor()
    await mutate('callRespondents', { respondentIds: [one, two] })
    await mutate('callRespondents', { respondentIds: [elsewhere] })
    const ofOne = socket.run(QUERY, { respondent: one, after })
    const ofBoth = socket.run(QUERY, { link, respondent: one, after })
    const ofLink = socket.run(QUERY, { link, after })
    const ofAll = socket.run(QUERY, { after })
    const told = ({ results }: typeof ofOne) => results.map(({ data }) => data!.respondentStatusChanged)
    // To all of them: each says how its respondent stands when it is told.
    await until(
      () => [ofAll, ofLink, ofOne, ofBoth].map((operation) => told(operation).length).join() === '3,2,1,1',
      'what was is told',
    )
    await move(one, link, 'queued', 'called')
    await move(elsewhere, linkId, 'queued', 'called')
    await move(one, link, 'called', 'surveyed')
    await until(() => told(ofAll).length === 6 && told(ofOne).length === 3, 'what happens is told')
    expect(told(ofOne)).toMatchObject([
      // As they are when it is sent.
      {
        from: 'CREATED',
        to: 'QUEUED',
        respondent: { id: one, status: 'QUEUED' },
        occurredAt: clock.now().toISOString(),
      },
      { from: 'QUEUED', to: 'CALLED', respondent: { id: one } },
      { from: 'CALLED', to: 'SURVEYED', respondent: { id: one, status: 'SURVEYED' } },
    ])
    expect(told(ofOne)[0].event).toEqual({ type: 'RESPONDENT_STATUS_CHANGED', link: { name: 'Live' } })
    await until(() => told(ofBoth).length === 3 && told(ofLink).length === 4, 'the others are told as well')
    const ids = (operation: typeof ofOne) => told(operation).map(({ respondent }) => respondent.id)
    expect(ids(ofBoth)).toEqual([one, one, one])
    expect(ids(ofLink).toSorted()).toEqual([one, one, one, two].toSorted())
    expect(ids(ofAll).filter((id) => id === elsewhere)).toHaveLength(2)
    const again = await openStream(app.localUrl, app.key, QUERY, { respondent: one, after: told(ofOne)[0].cursor })
    await until(() => again.results.length === 2, 'the rest is told')
    expect(again.results.map(({ data }) => data!.respondentStatusChanged)).toMatchObject(
      told(ofOne)
        .slice(1)
        .map(({ cursor: place, from, to }) => ({ cursor: place, from, to })),
    )
    again.abort()
    for (const operation of [ofOne, ofBoth, ofLink, ofAll]) operation.complete()
  })

  it.each([
    ['an unknown link', () => ({ link: UNKNOWN('Link') }), 'linkId'],
    ['a foreign link', () => ({ link: other.linkId }), 'linkId'],
    ['an unknown respondent', () => ({ respondent: UNKNOWN('Respondent') }), 'respondentId'],
    ['a foreign respondent', () => ({ respondent: other.respondentId }), 'respondentId'],
    ['what is no respondent', () => ({ respondent: link }), 'respondentId'],
    ['a respondent of another link', () => ({ link, respondent: elsewhere }), 'respondentId'],
  ])('refuses %s', async (_what, variables, path) => {
    const operation = socket.run(QUERY, variables())
    await until(() => operation.results.length === 1, 'it is refused')
    expect(operation.results[0]!.errors![0]!.extensions).toMatchObject({ code: 'NOT_FOUND', inputPath: [path] })
  })

  it('needs the scope to read responses', async () => {
    const narrow = await connect(app.localUrl, await keyWith('CAMPAIGNS_READ', 'LINKS_READ'))
    const operation = narrow.run(QUERY, { link })
    await until(() => operation.results.length === 1, 'it is refused')
    expect(operation.results[0]!.errors![0]!.extensions).toMatchObject({
      ...{ code: 'INSUFFICIENT_SCOPE', scope: 'responses:read' },
    })
    narrow.ws.close()
  })
})
