import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { CAMPAIGN_TYPES } from '../../src/graphql/types/campaign.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'
import {
  addCampaign,
  CAMPAIGN_KINDS,
  type CampaignKind,
  type CampaignRows,
  campaignContent as contentOf,
} from './campaign-rows.ts'

/** A Sunday, noon in Helsinki. Nothing is dialled: the process leaves that to others. */
const clock = new FakeClock('2026-11-22T10:00:00.000Z')
const app = await testApp({}, clock, { role: 'api' })
const { workspaceId } = app.firstStart!
const global = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url')

let voiceFileId: string
let contacts: string[]
let listId: string
let linkId: string
const rows = {} as Record<CampaignKind, CampaignRows>

const campaignContent = (kind: CampaignKind, file: string) => contentOf(kind, file, { linkId, fieldKey: 'how' })

async function ask(query: string, variables: Record<string, unknown> = {}) {
  const { data, errors } = await app.graphql(query, variables)
  if (errors) throw new Error(JSON.stringify(errors))
  return data!
}

async function mutate(name: string, input: object, selection = 'campaign { id }') {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const data = await ask(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) {
      __typename ... on ${type}Payload { ${selection} } ... on Error { code message path }
      ... on ValidationError { issues { path rule } }
    } }`,
    { input },
  )
  return data[name]
}

beforeAll(async () => {
  const file = '01900000-0000-7000-8000-00000000f11e'
  await app.db.query(
    sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, file_name, status, duration_seconds, media_type,
                                sha256, size, mp3_size, wav_size, created_at, updated_at)
        VALUES (${file}::uuid, ${workspaceId}::uuid, 1000, 'Hello', 'upload', 'a.wav', 'ready', 2, 'audio/wav', '', 3, 2, 1,
                ${clock.now()}, ${clock.now()})`,
  )
  voiceFileId = global('VoiceFile', file)
  contacts = []
  for (let n = 0; n < 4; n++) {
    const { contact } = await mutate('createContact', { name: `P${n}`, phone: `+35840100000${n}` }, 'contact { id }')
    contacts.push(contact.id)
  }
  listId = (await mutate('createContactList', { name: 'All' }, 'contactList { id }')).contactList.id
  await mutate('addToContactList', { id: listId, contactIds: contacts }, 'contactList { id }')
  const questions = [{ prompt: 'How?', fieldKey: 'how', type: 'YES_NO' }]
  linkId = (await mutate('createLink', { name: 'Survey', questions }, 'link { id }')).link.id
  for (const kind of CAMPAIGN_KINDS) {
    rows[kind] = await addCampaign(app.db, kind, {
      ...{ workspaceId, contactId: decodeGlobalId(contacts[0]!).id, word: 'acme', at: clock.now() },
      ...{ voiceFileId: file, linkId: decodeGlobalId(linkId).id },
    })
  }
})

const idOf = (kind: CampaignKind) => global(CAMPAIGN_TYPES[kind], rows[kind].id)

describe('campaigns', () => {
  it('are read as what they are, through the interface and by each kind', async () => {
    const { campaigns } = await ask(`{ campaigns(first: 10) { totalCount nodes {
      __typename id kind name state meta estimateCents redialAfterMinutes
      calendar { timeZone weekly { weekday shifts { from to } } exceptions { day shifts { from } } }
      stats { receivers settledReceivers waitingReceivers callsInProgress costCents }
      ... on VoiceBroadcast { operations operationsText isEditable }
      ... on ClickToCall { voiceFile { name } actionButtons { button action } }
      ... on RsvpCampaign { acceptsWanted voiceFiles { type voiceFile { name } } }
      ... on SmsBroadcast { message sender }
      ... on EmailBroadcast { subject html text fromEmail fromName }
      ... on SurveyCalls { link { name } greeting { text voiceFile { name } } prompts { fieldKey explainsKeys } }
    } } }`)
    expect(campaigns.totalCount).toBe(6)
    const byKind = Object.fromEntries(campaigns.nodes.map((node: { kind: string }) => [node.kind, node]))
    for (const kind of CAMPAIGN_KINDS) {
      expect(byKind[kind.toUpperCase()]).toMatchObject({
        ...{ __typename: CAMPAIGN_TYPES[kind], id: idOf(kind), state: 'HALTED', meta: { your: ['acme'] } },
        ...{ estimateCents: 12.3456, redialAfterMinutes: 15 },
        calendar: {
          timeZone: 'Europe/Helsinki',
          weekly: [{ weekday: 'MONDAY', shifts: [{ from: '09:00:00', to: '17:00:00' }] }],
          exceptions: [
            { day: '2026-12-06', shifts: [{ from: '12:00:00' }] },
            { day: '2026-12-24', shifts: [] },
          ],
        },
        stats: { receivers: 1, settledReceivers: 1, waitingReceivers: 0, callsInProgress: 0, costCents: 5.5 },
      })
    }
    expect(byKind.VOICE_BROADCAST).toMatchObject({ operations: [{ do: 'play', voiceFileId }], isEditable: false })
    expect(byKind.CLICK_TO_CALL).toMatchObject({
      voiceFile: { name: 'Hello' },
      actionButtons: [{ button: '5', action: 'ACCEPT' }],
    })
    expect(byKind.RSVP).toMatchObject({
      acceptsWanted: 3,
      voiceFiles: [
        { type: 'START', voiceFile: { name: 'Hello' } },
        { type: 'END', voiceFile: { name: 'Hello' } },
      ],
    })
    expect(byKind.SMS_BROADCAST).toMatchObject({ message: 'Hello from acme', sender: 'Saygraph' })
    expect(byKind.EMAIL_BROADCAST).toMatchObject({ subject: 'News of acme', text: null, fromName: 'acme' })
    expect(byKind.SURVEY_CALLS).toMatchObject({
      ...{ link: { name: 'Survey' }, greeting: { text: null, voiceFile: { name: 'Hello' } } },
      prompts: [{ fieldKey: 'how', explainsKeys: true }],
    })
  })

  it('are found by the id of their own kind only', async () => {
    for (const kind of CAMPAIGN_KINDS) {
      for (const other of CAMPAIGN_KINDS) {
        const id = global(CAMPAIGN_TYPES[other], rows[kind].id)
        const data = await ask('query ($id: ID!) { node(id: $id) { id } campaign(id: $id) { id } }', { id })
        const found = kind === other ? { id } : null
        expect(data, `${kind} as ${other}`).toEqual({ node: found, campaign: found })
      }
    }
    // Several kinds at once, each by its own type.
    const ids = [...CAMPAIGN_KINDS.map(idOf), global('SmsBroadcast', rows.rsvp.id)]
    const { nodes } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Campaign { name } } }', {
      ids,
    })
    expect(nodes).toEqual([
      ...CAMPAIGN_KINDS.map((kind) => ({ __typename: CAMPAIGN_TYPES[kind], name: `${kind} of acme` })),
      null,
    ])
  })

  it('are found by the numbers that legacy clients know, which count per kind', async () => {
    for (const kind of CAMPAIGN_KINDS) {
      expect(rows[kind].legacyId).toBe(1)
      // No legacy API has them.
      if (kind === 'survey_calls') continue
      const type = { rsvp: 'RSVP_CAMPAIGN' }[kind as string] ?? kind.toUpperCase()
      const { nodeByLegacyId } = await ask(`{ nodeByLegacyId(system: MULTISENDER, type: ${type}, id: "1") { id } }`)
      expect(nodeByLegacyId.id).toBe(idOf(kind))
    }
    const { nodeByLegacyId } = await ask('{ nodeByLegacyId(system: SAYGENT, type: CLICK_TO_CALL, id: "1") { id } }')
    expect(nodeByLegacyId).toBeNull()
  })

  it('are filtered by kind and state', async () => {
    const { a, b, c } = await ask(`{
      a: campaigns(first: 9, kind: RSVP) { nodes { id } }
      b: campaigns(first: 9, kind: RSVP, state: ACTIVE) { nodes { id } }
      c: campaigns(first: 9, state: HALTED) { totalCount }
    }`)
    expect([a.nodes, b.nodes, c.totalCount]).toEqual([[{ id: idOf('rsvp') }], [], 6])
  })

  it('lead to what came of them, and each contact to all that was sent to them', async () => {
    const { contact } = await ask(
      `query ($id: ID!) { contact(id: $id) {
        receivers(first: 10) { totalCount nodes { outcome campaign { id } calls { id recordings { url durationSeconds } } } }
        calls(first: 10, cause: ANSWERED) { totalCount nodes { receiver { target { contact { name } } } } }
        outboundMessages(first: 10, state: SENT) { nodes { costCents campaign { kind } receiver { outcome } } }
      } }`,
      { id: contacts[0] },
    )
    expect(contact.receivers.totalCount).toBe(6)
    expect(contact.calls.totalCount).toBe(4)
    expect(contact.calls.nodes[0]).toEqual({ receiver: { target: { contact: { name: 'P0' } } } })
    expect(contact.outboundMessages.nodes).toHaveLength(2)
    const rsvp = contact.receivers.nodes.find((node: any) => node.campaign.id === idOf('rsvp'))
    expect(rsvp).toMatchObject({ outcome: 'ACCEPTED', calls: [{ id: global('Call', rows.rsvp.call) }] })
    const [{ url, durationSeconds }] = rsvp.calls[0].recordings
    expect(durationSeconds).toBe(1.5)
    expect(new URL(url).pathname).toBe(`/media/recordings/${rows.rsvp.recording}/audio.wav`)
  })
})

const CALENDAR = {
  timeZone: 'Europe/Helsinki',
  weekly: [{ weekday: 'MONDAY', shifts: [{ from: '09:00', to: '17:00' }] }],
}
const FUTURE = '2026-12-01T08:00:00.000Z'

describe('making and changing campaigns', () => {
  it.each(CAMPAIGN_KINDS)('%s: made as given, once per key, changed, halted, resumed, deleted', async (kind) => {
    const type = CAMPAIGN_TYPES[kind]
    const input = {
      ...{ name: 'Mine', startsAt: FUTURE, calendar: CALENDAR, meta: { a: [1, null] }, idempotencyKey: `key ${kind}` },
      ...{ receivers: [{ listId }, { contactId: contacts[0] }], content: campaignContent(kind, voiceFileId) },
      ...(kind === 'rsvp' ? { acceptsWanted: 2, lines: 3 } : {}),
      // It would end in a week, before it begins.
      ...(kind === 'click_to_call' ? { endsAt: '2026-12-02T08:00:00.000Z' } : {}),
    }
    const shown = `campaign { id __typename name state startsAt meta stats { receivers }
      calendar { weekly { weekday shifts { from to } } } targets(first: 5) { nodes { kind contactList { name } contact { name } } } }`
    const { campaign } = await mutate(`create${type}`, input, shown)
    expect(campaign).toMatchObject({
      ...{ __typename: type, name: 'Mine', state: 'SCHEDULED', startsAt: FUTURE, meta: { a: [1, null] } },
      calendar: { weekly: [{ weekday: 'MONDAY', shifts: [{ from: '09:00:00', to: '17:00:00' }] }] },
      // Who is reached twice is addressed once.
      stats: { receivers: 4 },
      targets: {
        nodes: [
          { kind: 'LIST', contactList: { name: 'All' }, contact: null },
          { kind: 'CONTACT', contactList: null, contact: { name: 'P0' } },
        ],
      },
    })
    const { id } = campaign
    expect((await mutate(`create${type}`, input)).campaign.id).toBe(id)
    const other = await mutate(`create${type}`, { ...input, name: 'Another' })
    expect(other).toMatchObject({ __typename: 'ConflictError', code: 'IDEMPOTENCY_CONFLICT' })

    const changed = await mutate(
      `update${type}`,
      { id, name: null, calendar: null, maxAttempts: 7, receivers: [{ contactId: contacts[1] }] },
      'campaign { name calendar { timeZone } maxAttempts startsAt meta stats { receivers } }',
    )
    expect(changed.campaign).toEqual({
      ...{ name: null, calendar: null, maxAttempts: 7, startsAt: FUTURE, meta: { a: [1, null] } },
      stats: { receivers: 1 },
    })
    const state = async (name: string) => (await mutate(name, { id }, 'campaign { id state }')).campaign
    expect(await state('haltCampaign')).toEqual({ id, state: 'HALTED' })
    expect(await state('resumeCampaign')).toEqual({ id, state: 'SCHEDULED' })
    const added = await mutate('addReceivers', { id, receivers: [{ contactId: contacts[2] }] }, 'targetIds')
    const { campaign: full } = await ask(
      `query ($id: ID!) { campaign(id: $id) {
        targets(last: 1) { nodes { id } }
        first: receivers(first: 1) { nodes { position contact { name } } pageInfo { endCursor } }
        receivers(first: 9, state: WAITING) { totalCount nodes { position state contact { name } } }
      } }`,
      { id },
    )
    expect(full.targets.nodes).toEqual([{ id: added.targetIds[0] }])
    expect(full.receivers.nodes.map((each: any) => each.contact.name)).toEqual(['P1', 'P2'])
    const { campaign: rest } = await ask(
      'query ($id: ID!, $after: String) { campaign(id: $id) { receivers(first: 9, after: $after) { nodes { contact { name } } } } }',
      { id, after: full.first.pageInfo.endCursor },
    )
    expect(rest.receivers.nodes).toEqual([{ contact: { name: 'P2' } }])

    expect(await mutate('deleteCampaign', { id }, 'deletedCampaignId')).toMatchObject({ deletedCampaignId: id })
    const after = await ask(
      `query ($id: ID!, $contact: ID!) {
        campaign(id: $id) { id } node(id: $id) { id }
        contact(id: $contact) { receivers(first: 1) { nodes { campaign { id deletedAt } } } }
      }`,
      { id, contact: contacts[2] },
    )
    expect(after).toEqual({
      ...{ campaign: null, node: null },
      contact: { receivers: { nodes: [{ campaign: { id, deletedAt: clock.now().toISOString() } }] } },
    })
    expect(await mutate('resumeCampaign', { id })).toMatchObject({ __typename: 'NotFoundError', path: ['id'] })
  })

  it('keeps operations as they were given, with global ids of voice files wherever they stand', async () => {
    const operations = [
      { do: 'play', voiceFileId },
      {
        do: 'gather',
        prompt: [{ do: 'play', voiceFileId }],
        replies: { 1: { reply: 'accept', operations: [{ do: 'play', voiceFileId }] }, 2: 'decline' },
        otherwise: [{ do: 'hangUp' }],
      },
    ]
    const input = { halted: true, receivers: [{ contactId: contacts[0] }], content: { operations } }
    const { campaign } = await mutate('createVoiceBroadcast', input, 'campaign { operations isEditable }')
    expect(campaign.isEditable).toBe(true)
    expect(campaign.operations).toMatchObject([
      { do: 'play', voiceFileId },
      {
        prompt: [{ voiceFileId }],
        replies: { 1: { reply: 'accept', operations: [{ voiceFileId }] }, 2: { reply: 'decline' } },
      },
    ])
  })

  it('tells every broken rule where the input has it', async () => {
    const { issues } = await mutate('createRsvpCampaign', {
      acceptsWanted: 1,
      receivers: [{ contactId: contacts[0] }],
      content: campaignContent('rsvp', voiceFileId),
      calendar: {
        timeZone: 'Mars',
        weekly: [
          { weekday: 'SUNDAY', shifts: [] },
          { weekday: 'FRIDAY', shifts: [{ from: '9', to: '10:00' }] },
        ],
        exceptions: [
          { day: '2026-12-24', shifts: [{ from: '09:00', to: 'x' }] },
          { day: 'Christmas', shifts: [] },
        ],
      },
    })
    expect(issues.map(({ path }: { path: string[] }) => path.join('.'))).toEqual([
      'calendar.timeZone',
      'calendar.weekly.1.shifts.0.from',
      'calendar.exceptions.0.shifts.0.to',
      'calendar.exceptions.1.day',
    ])
  })
})

describe('why not now', () => {
  it('names every rule, until when it holds and when the next attempt is', async () => {
    const made = await mutate('createRsvpCampaign', {
      ...{ acceptsWanted: 1, halted: true, calendar: CALENDAR, receivers: [{ listId }] },
      content: campaignContent('rsvp', voiceFileId),
    })
    const { id } = made.campaign
    const why = 'whyNotNow { nextAttemptAt blockers { rule message until } }'
    const query = `query ($id: ID!) { campaign(id: $id) { receivers(first: 9) { nodes { contact { name } ${why} } } } }`
    const opening = '2026-11-23T07:00:00.000Z'
    const { campaign } = await ask(query, { id })
    expect(campaign.receivers.nodes).toHaveLength(4)
    for (const { whyNotNow } of campaign.receivers.nodes) {
      expect(whyNotNow).toEqual({
        nextAttemptAt: opening,
        blockers: [
          { rule: 'CAMPAIGN_HALTED', message: 'The campaign is halted.', until: null },
          { rule: 'WINDOW_CLOSED', message: 'The campaign does not call at this hour.', until: opening },
        ],
      })
    }
    await mutate('optOut', { contactId: contacts[3], channels: ['CALL'] }, '__typename')
    const { campaign: later } = await ask(query, { id })
    expect(later.receivers.nodes[3]).toMatchObject({
      contact: { name: 'P3' },
      whyNotNow: {
        nextAttemptAt: null,
        blockers: expect.arrayContaining([expect.objectContaining({ rule: 'OPTED_OUT' })]),
      },
    })
    expect(later.receivers.nodes[0].whyNotNow.nextAttemptAt).toBe(opening)
  })
})

describe('simulating a campaign', () => {
  it('foretells its course for the same people alike, and changes nothing', async () => {
    const made = await mutate('createRsvpCampaign', {
      ...{ acceptsWanted: 2, startsAt: FUTURE, receivers: [{ listId }] },
      content: campaignContent('rsvp', voiceFileId),
    })
    const { id } = made.campaign
    const selection = `states { at state } completedAt totalCalls accepts costCents outcomes { outcome receivers }
      hours { hour calls } calls(first: 2) { attempt dialedAt cause receiver { contact { name } } } truncatedBy`
    const [one, two, other] = [
      await mutate('simulateCampaign', { id, seed: 'a' }, selection),
      await mutate('simulateCampaign', { id, seed: 'a' }, selection),
      await mutate('simulateCampaign', { id, seed: 'b' }, selection),
    ]
    expect(one).toEqual(two)
    expect(one).not.toEqual(other)
    expect(one.states).toMatchObject([
      { at: clock.now().toISOString(), state: 'SCHEDULED' },
      { at: FUTURE, state: 'ACTIVE' },
      { state: 'COMPLETED' },
    ])
    expect(one.totalCalls).toBeGreaterThan(0)
    expect(one.calls[0].receiver.contact.name).toMatch(/^P\d$/)
    const { campaign } = await ask(
      'query ($id: ID!) { campaign(id: $id) { state stats { dialedCalls } ... on RsvpCampaign { calls(first: 1) { totalCount } } } }',
      { id },
    )
    expect(campaign).toEqual({ state: 'SCHEDULED', stats: { dialedCalls: 0 }, calls: { totalCount: 0 } })
    expect(await mutate('simulateCampaign', { id }, 'calls(first: 0) { attempt }').catch(String)).toContain('first')
  })
})
