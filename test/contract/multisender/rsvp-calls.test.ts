import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { createCampaign } from '../../../src/domains/campaigns/index.ts'
import { ALWAYS, BUSY, BUTTONS, campaignServer, PRESSES_1, PRESSES_2, SAYS_NOTHING, weekdays } from './campaign-kit.ts'
import * as literals from './campaign-literals.ts'
import { failure, fitsLiteral, HOST, NOW } from './kit.ts'

const server = await campaignServer({ LEGACY_TIME_ZONE: 'Europe/Helsinki' })
const { app, world, acme, call, ok, other, clock, engine, voiceFile, account, group } = server
const GONE = failure(404, 'Nothing with this id exists.')
const COMPLETED = failure(409, 'The campaign is completed.')

const files = [await voiceFile(), await voiceFile(), await voiceFile(), await voiceFile(), await voiceFile()].map(
  String,
)
const pending = await voiceFile({ status: 'pending' })
const aino = await account({ firstName: 'Aino', lastName: 'Virtanen', phone: PRESSES_1 })
const eino = await account({ firstName: 'Eino', lastName: 'Korhonen', phone: BUSY })
const meri = await account({ firstName: 'Meri', lastName: 'Laine', phone: PRESSES_2 })
const both = await group('Both', [eino, meri])

const OFFICE = { activeFrom: '09:00:00', activeTo: '17:00:00', activeWeekdays: weekdays('1111100') }
const META = { someparam: 'string', otherparam: 'string' }
const TYPES = ['start', 'data', 'actionButtons', 'accept', 'end']
const WHEN = { startTime: '2017-01-02 00:00:00', endTime: '2017-01-20 12:00:00' }
const CONTENT = {
  voiceFiles: TYPES.map((type, index) => ({ type, voiceFileId: files[index] })),
  actionButtons: BUTTONS,
}
const REST = {
  ...{ acceptsWanted: 2, maxRedials: 3 },
  ...{ receiverWebhookUrl: 'http://example.com/receivers/', stateWebhookUrl: 'http://example.com/states/', meta: META },
}
const DOCUMENTED = {
  ...{ state: 'active', ...WHEN, ...OFFICE, ...CONTENT },
  receivers: [{ accountId: aino, groupId: null, phone: null }],
  ...REST,
}
const MINIMAL = {
  ...{ endTime: WHEN.endTime, ...ALWAYS, acceptsWanted: 1 },
  ...{ voiceFiles: [{ type: 'start', voiceFileId: Number(files[0]) }], actionButtons: BUTTONS },
}
const create = (changes: object) =>
  ok(201, 'POST', '/v1/rsvp_calls', { body: { ...MINIMAL, receivers: [{ accountId: aino }], ...changes } })
const NEW = { answered: 0, rsvpReply: 'noAnswer', callDuration: 0, dialledCalls: 0, latestCallAt: null }
const AINO = { accountId: aino, groupId: null, phone: PRESSES_1, firsName: 'Aino', lastName: 'Virtanen' }
const NO_CALLS = {
  ...{ totalDialedCalls: 0, answeredCalls: 0, totalDuration: 0, acceptsReceived: 0 },
  ...{ declinesAndNoRepliesReceived: 0, notAnsweredCalls: 0 },
}
const WRITTEN = {
  ...{ rsvpCallId: '1', state: 'waitingToActive', ...WHEN, ...OFFICE, ...CONTENT, receivers: [{ ...AINO, ...NEW }] },
  ...{ ...REST, stats: NO_CALLS, updatedAt: NOW, createdAt: NOW },
}

describe('rsvp calls', () => {
  it('are created, to the letter, with their address', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/rsvp_calls', { body: DOCUMENTED })
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/rsvp_calls/1`])
    expect(text).toBe(JSON.stringify(WRITTEN))
    fitsLiteral(json, literals.RSVP_CALL, ['groupId', 'latestCallAt'])
    expect((await call('GET', '/v1/rsvp_calls/1')).text).toBe(text)
  })

  it('do with what they need, and begin at once', async () => {
    const made = await create({ receivers: [{ groupId: both }], startTime: null, state: null })
    expect(made).toEqual({
      ...{ rsvpCallId: '2', state: 'active', startTime: null, endTime: WHEN.endTime, ...ALWAYS },
      ...{ voiceFiles: [{ type: 'start', voiceFileId: files[0] }], actionButtons: BUTTONS },
      receivers: [{ accountId: null, groupId: both, phone: null, firsName: null, lastName: null, ...NEW }],
      ...{ acceptsWanted: 1, maxRedials: 3, receiverWebhookUrl: null, stateWebhookUrl: null, meta: null },
      ...{ stats: NO_CALLS, updatedAt: NOW, createdAt: NOW },
    })
    await ok(204, 'DELETE', '/v1/rsvp_calls/2')
  })

  it.each([
    ['active', '2017-01-01 11:30:00', 'active'],
    ['halt', undefined, 'halt'],
    ['halt', '2017-01-01 12:30:00', 'halt'],
    ['active', '2017-01-01 12:30:00', 'waitingToActive'],
  ])('made %s, to begin at %s, are %s', async (state, startTime, expected) => {
    const made = await create({ state, startTime })
    expect(made.state).toBe(expected)
    await ok(204, 'DELETE', `/v1/rsvp_calls/${made.rsvpCallId}`)
  })

  const REQUIRED = ['endTime', 'activeFrom', 'activeTo', 'activeWeekdays', 'voiceFiles', 'actionButtons', 'receivers']
  it.each([
    ['nothing', {}, Object.fromEntries(REQUIRED.map((field) => [field, [`${field} is required`]]))],
    [
      'no number of accepts',
      { ...DOCUMENTED, acceptsWanted: undefined },
      { acceptsWanted: ['acceptsWanted is required'] },
    ],
    ['none wanted', { ...DOCUMENTED, acceptsWanted: 0 }, { acceptsWanted: ['acceptsWanted must be at least 1'] }],
    [
      'a start more than an hour ago, and an end before it',
      { ...DOCUMENTED, startTime: '2017-01-01 10:59:59', endTime: '2017-01-01 10:00:00' },
      {
        startTime: ['startTime must not be more than one hour in the past'],
        endTime: ['endTime must be in the future'],
      },
    ],
    [
      'an end that is not after the start',
      { ...DOCUMENTED, startTime: '2017-01-02 00:00:00', endTime: '2017-01-02 00:00:00' },
      { endTime: ['endTime must be after the start'] },
    ],
    ['a state of another kind', { ...DOCUMENTED, state: 'complete' }, { state: ['state must be active or halt'] }],
    ['no voice files', { ...DOCUMENTED, voiceFiles: [] }, { voiceFiles: ['voiceFiles needs at least one voice file'] }],
    [
      'a voice file of another type',
      { ...DOCUMENTED, voiceFiles: [{ type: 'middle', voiceFileId: files[0] }] },
      { 'voiceFiles.0.type': ['voiceFiles.0.type must be one of start, data, actionButtons, accept, end'] },
    ],
    [
      'a type twice',
      { ...DOCUMENTED, voiceFiles: [0, 1].map(() => ({ type: 'start', voiceFileId: files[0] })) },
      { 'voiceFiles.1.type': ['voiceFiles.1.type must be another one than those before'] },
    ],
    [
      'voice files that are unknown or not ready',
      {
        ...DOCUMENTED,
        voiceFiles: [
          { type: 'start', voiceFileId: '99' },
          { type: 'end', voiceFileId: pending },
        ],
      },
      {
        'voiceFiles.0.voiceFileId': ['voiceFiles.0.voiceFileId must be a voice file of yours'],
        'voiceFiles.1.voiceFileId': ['voiceFiles.1.voiceFileId the voice file must be ready; it is pending'],
      },
    ],
    [
      'addresses that are none',
      { ...DOCUMENTED, stateWebhookUrl: 'ftp://example.com/' },
      { stateWebhookUrl: ['stateWebhookUrl must be an absolute http or https URL'] },
    ],
    [
      'an account of others',
      { ...DOCUMENTED, receivers: [{ accountId: '999' }] },
      { 'receivers.0.accountId': ['receivers.0.accountId must be an account of yours'] },
    ],
  ])('are refused by field: %s', async (_, body, errors) => {
    const webhooks = await countWebhooks()
    const { status, json } = await call('POST', '/v1/rsvp_calls', { body })
    expect([status, json]).toEqual([400, { status: 400, message: 'Validation failed', errors }])
    expect((await ok(200, 'GET', '/v1/rsvp_calls')).length).toBe(1)
    expect(await countWebhooks()).toBe(webhooks)
  })

  it('halt and resume, and a wish for the present state changes nothing', async () => {
    clock.advance(60_000)
    const halted = { ...WRITTEN, state: 'halt', updatedAt: '2017-01-01 12:01:00' }
    expect((await call('PUT', '/v1/rsvp_calls/1', { body: { state: 'halt' } })).text).toBe(JSON.stringify(halted))
    const position = async () => (await world.events.head(acme.workspaceId)).position
    const before = await position()
    clock.advance(60_000)
    expect((await call('PUT', '/v1/rsvp_calls/1', { body: { state: 'halt' } })).text).toBe(JSON.stringify(halted))
    clock.advance(-60_000)
    expect(await position()).toBe(before)
    expect((await ok(200, 'PUT', '/v1/rsvp_calls/1', { body: { state: 'active' } })).state).toBe('waitingToActive')
    const resumed = await ok(200, 'PUT', '/v1/rsvp_calls/1', {
      body: { state: 'halt', startTime: '2017-01-01 11:45:00' },
    })
    expect([resumed.state, resumed.startTime]).toEqual(['halt', '2017-01-01 11:45:00'])
    expect((await ok(200, 'PUT', '/v1/rsvp_calls/1', { body: { state: 'active' } })).state).toBe('active')
    const { state, startTime } = await ok(200, 'PUT', '/v1/rsvp_calls/1', { body: { startTime: WHEN.startTime } })
    expect([state, startTime]).toEqual(['waitingToActive', WHEN.startTime])
    for (const wrong of ['complete', 'waitingToActive', 'paused']) {
      const { status, json } = await call('PUT', '/v1/rsvp_calls/1', { body: { state: wrong } })
      expect([status, json.errors]).toEqual([400, { state: ['state must be active or halt'] }])
    }
  })

  it('change in what is sent and stay in the rest', async () => {
    const at = '2017-01-01 12:01:00'
    const puts: [body: object, changed: object][] = [
      [
        { acceptsWanted: 3, maxRedials: 0 },
        { acceptsWanted: 3, maxRedials: 0 },
      ],
      [{ activeTo: '18:30' }, { activeTo: '18:30:00' }],
      [{ activeWeekdays: [{ weekday: 'sunday', active: 1 }] }, { activeWeekdays: weekdays('0000001') }],
      [{ activeWeekdays: [] }, { activeWeekdays: weekdays('0000000') }],
      [
        { meta: null, receiverWebhookUrl: '' },
        { meta: null, receiverWebhookUrl: null },
      ],
      [{ meta: { a: [1, { b: null }] } }, { meta: { a: [1, { b: null }] } }],
      [{ receiverWebhookUrl: 'https://example.com/x' }, { receiverWebhookUrl: 'https://example.com/x' }],
      [{ stateWebhookUrl: 'http://example.com/y' }, { stateWebhookUrl: 'http://example.com/y' }],
      // The documentation's example has this spelling.
      [
        { actionbuttons: [{ button: '7', action: 'decline' }] },
        { actionButtons: [{ button: '7', action: 'decline' }] },
      ],
      [{ voiceFiles: CONTENT.voiceFiles.slice(1, 2) }, { voiceFiles: CONTENT.voiceFiles.slice(1, 2) }],
      [{ endTime: '2017-01-21 00:00:00' }, { endTime: '2017-01-21 00:00:00' }],
      [{ receivers: [{ accountId: meri }], endTime: undefined }, {}],
    ]
    let expected: object = { ...WRITTEN, updatedAt: at }
    for (const [body, changed] of puts) {
      expected = { ...expected, ...changed }
      expect(await ok(200, 'PUT', '/v1/rsvp_calls/1', { body }), JSON.stringify(body)).toEqual(expected)
    }
    const { receivers: _, ...all } = DOCUMENTED
    const { text } = await call('PUT', '/v1/rsvp_calls/1', { body: { ...all, state: 'active' } })
    expect(text).toBe(JSON.stringify({ ...WRITTEN, updatedAt: at }))
    expect(await countWebhooks()).toBe(2)
  })

  it('are as they were when something of a change is wrong', async () => {
    const before = await ok(200, 'GET', '/v1/rsvp_calls/1')
    for (const [body, errors] of [
      [{ acceptsWanted: 9, endTime: '2016-01-01 00:00:00' }, { endTime: ['endTime must be in the future'] }],
      [{ acceptsWanted: 9, maxRedials: 20 }, { maxRedials: ['maxRedials must be 0 to 19'] }],
      [
        { stateWebhookUrl: 'http://example.com/new', voiceFiles: [{ type: 'end', voiceFileId: pending }] },
        { 'voiceFiles.0.voiceFileId': ['voiceFiles.0.voiceFileId the voice file must be ready; it is pending'] },
      ],
    ]) {
      const { status, json } = await call('PUT', '/v1/rsvp_calls/1', { body })
      expect([status, json.errors]).toEqual([400, errors])
      expect(await ok(200, 'GET', '/v1/rsvp_calls/1')).toEqual(before)
    }
  })

  it('take more receivers, by POST and by PUT', async () => {
    const { status, json, text, headers } = await call('POST', '/v1/rsvp_calls/1/receivers', {
      body: [{ accountId: null, groupId: both, phone: null }, { phone: SAYS_NOTHING }],
    })
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/rsvp_calls/1/receivers`])
    const added = { answered: 0, rsvpReply: 'noAnswer', callDuration: 0, totalDialledCalls: 0, latestCallAt: null }
    const moments = { updatedAt: '2017-01-01 12:01:00', createdAt: '2017-01-01 12:01:00' }
    expect(text).toBe(
      JSON.stringify([
        { accountId: null, groupId: both, phone: null, firsName: null, lastName: null, ...added, ...moments },
        { accountId: '4', groupId: null, phone: SAYS_NOTHING, firsName: null, lastName: null, ...added, ...moments },
      ]),
    )
    fitsLiteral(json, literals.RSVP_RECEIVERS, ['phone', 'firsName', 'lastName', 'latestCallAt'])
    const put = await ok(201, 'PUT', '/v1/rsvp_calls/1/receivers', { body: { receivers: [{ accountId: meri }] } })
    expect(put).toMatchObject([{ accountId: meri, firsName: 'Meri', totalDialledCalls: 0 }])
    const { receivers } = await ok(200, 'GET', '/v1/rsvp_calls/1')
    expect(receivers.map((each: any) => each.accountId ?? each.groupId)).toEqual([aino, both, '4', meri])
    for (const [body, errors] of [
      [[{ accountId: 'x' }], { 'receivers.0.accountId': ['receivers.0.accountId must be an account of yours'] }],
      [[], { receivers: ['receivers must name at least one receiver'] }],
      [{}, { body: ['body must be an array'] }],
    ]) {
      const { status, json } = await call('POST', '/v1/rsvp_calls/1/receivers', { body })
      expect([status, json.errors], JSON.stringify(body)).toEqual([400, errors])
    }
  })

  it('call in the hours of the server’s zone until enough have accepted', async () => {
    await ok(200, 'PUT', '/v1/rsvp_calls/1', { body: { acceptsWanted: 1 } })
    // Nine o'clock on Monday in Helsinki.
    await engine.run(new Date('2017-01-02T06:59:59Z'))
    expect(engine.fake.calls().length).toBe(0)
    expect((await ok(200, 'GET', '/v1/rsvp_calls/1')).state).toBe('active')
    await engine.run(new Date('2017-01-02T08:00:00Z'))
    const { state, receivers, stats } = await ok(200, 'GET', '/v1/rsvp_calls/1')
    expect(state).toBe('complete')
    // One accept is wanted, so one call at a time, in their order; the first accepts.
    expect(receivers.map((each: any) => [each.answered, each.rsvpReply, each.dialledCalls])).toEqual([
      [1, 'accept', 1],
      [0, 'noAnswer', 0],
      [0, 'noAnswer', 0],
      [0, 'noAnswer', 0],
    ])
    expect(receivers[0].latestCallAt).toMatch(/^2017-01-02 07:00:0\d$/)
    const totals = {
      totalDialedCalls: 1,
      answeredCalls: 1,
      totalDuration: receivers[0].callDuration,
      acceptsReceived: 1,
    }
    expect(stats).toEqual({ ...totals, declinesAndNoRepliesReceived: 0, notAnsweredCalls: 0 })
    for (const path of ['/v1/rsvp_calls/1/stats', '/v1/rsvp_calls/1/statistics']) {
      const { text, json } = await call('GET', path)
      expect(text).toBe(JSON.stringify(totals))
      fitsLiteral(json, literals.RSVP_STATS)
    }
  })

  it('that are complete can change in what calls nobody, and in nothing else', async () => {
    const before = await ok(200, 'GET', '/v1/rsvp_calls/1')
    const changes = { meta: { a: 1 }, stateWebhookUrl: null, receiverWebhookUrl: 'http://example.com/z' }
    expect(await ok(200, 'PUT', '/v1/rsvp_calls/1', { body: changes })).toEqual({
      ...{ ...before, ...changes, updatedAt: '2017-01-02 08:00:00' },
    })
    for (const body of [
      { state: 'active' },
      { acceptsWanted: 5 },
      { endTime: '2018-01-01 00:00:00' },
      { ...changes, state: 'halt' },
    ]) {
      const { status, text } = await call('PUT', '/v1/rsvp_calls/1', { body })
      expect([status, text]).toEqual([409, COMPLETED])
    }
    const { status, text } = await call('POST', '/v1/rsvp_calls/1/receivers', { body: [{ phone: '+358401230203' }] })
    expect([status, text]).toEqual([409, COMPLETED])
    expect((await ok(200, 'GET', '/v1/accounts')).length).toBe(4)
  })

  it('tell the result of each person, groups as those in them', async () => {
    const { rsvpCallId } = await create({
      ...{ endTime: '2017-01-20 12:00:00', acceptsWanted: 5, maxRedials: 1 },
      receivers: [{ groupId: both }, { phone: SAYS_NOTHING }, { accountId: eino }, { accountId: aino }],
    })
    await engine.run(new Date('2017-01-02T12:00:00Z'))
    const { state, receivers, stats } = await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}`)
    expect(state).toBe('complete')
    const shown = receivers.map((each: any) => [
      each.groupId ?? each.phone,
      each.answered,
      each.rsvpReply,
      each.dialledCalls,
    ])
    expect(shown).toEqual([
      // Meri declined at once, Eino was busy twice.
      [both, 1, 'decline', 3],
      [SAYS_NOTHING, 1, 'noAnswer', 1],
      [BUSY, 0, 'noAnswer', 2],
      [PRESSES_1, 1, 'accept', 1],
    ])
    const { totalDuration: _, ...counts } = stats
    expect(counts).toEqual({
      ...{ totalDialedCalls: 5, answeredCalls: 3, acceptsReceived: 1 },
      ...{ declinesAndNoRepliesReceived: 2, notAnsweredCalls: 2 },
    })
    const persons = await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}/receivers`)
    expect(await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}/stats/receivers`)).toEqual(persons)
    const keys = ['accountId', 'phoneNumber', 'answered', 'rsvpReply', 'callDuration', 'dialedCalls', 'latestCallAt']
    expect(persons.map((each: object) => Object.keys(each))).toEqual(persons.map(() => keys))
    expect(
      persons.map((each: any) => [each.accountId, each.phoneNumber, each.answered, each.rsvpReply, each.dialedCalls]),
    ).toEqual([
      [eino, BUSY, 0, 'noReply', 2],
      [meri, PRESSES_2, 1, 'decline', 1],
      ['4', SAYS_NOTHING, 1, 'noReply', 1],
      [aino, PRESSES_1, 1, 'accept', 1],
    ])
    // Of the documented keys the table has two more than the example.
    const documented = persons.map(({ phoneNumber: _, dialedCalls: __, ...rest }: any) => rest)
    fitsLiteral(documented, literals.RSVP_RESULTS)
  })

  it('completes when what is wanted has been reached already', async () => {
    const { rsvpCallId } = await create({
      ...{ endTime: '2017-01-20 12:00:00', acceptsWanted: 5 },
      receivers: [{ accountId: aino }, { accountId: eino }],
    })
    await engine.run(new Date('2017-01-02T12:05:00Z'))
    const before = await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}`)
    expect([before.state, before.stats.acceptsReceived]).toEqual(['active', 1])
    expect((await ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body: { acceptsWanted: 1 } })).state).toBe(
      'complete',
    )
  })

  it('can be sent back as they were shown, when their start has long passed', async () => {
    const made = await create({ startTime: '2017-01-02 12:30:00', receivers: [{ accountId: eino }], maxRedials: 19 })
    await engine.run(new Date('2017-01-02T14:00:00Z'))
    const shown = await ok(200, 'GET', `/v1/rsvp_calls/${made.rsvpCallId}`)
    expect([shown.state, shown.stats.notAnsweredCalls]).toEqual(['active', 6])
    const { status, json } = await call('PUT', `/v1/rsvp_calls/${made.rsvpCallId}`, {
      body: { ...shown, state: undefined },
    })
    expect([status, json]).toEqual([200, { ...shown, updatedAt: '2017-01-02 14:00:00' }])
  })

  it('are listed by id, each as it is shown alone', async () => {
    const all = await ok(200, 'GET', '/v1/rsvp_calls')
    fitsLiteral(
      all.slice(0, 1),
      literals.RSVP_CALLS.replace("'someparam': 'string', 'otherparam': 'string'", "'a': 'int'"),
      [...['groupId', 'accountId', 'phone', 'firsName', 'lastName', 'latestCallAt', 'stateWebhookUrl', 'startTime']],
    )
    const ids = all.map(({ rsvpCallId }: any) => Number(rsvpCallId))
    expect(ids).toEqual(ids.toSorted((a: number, b: number) => a - b))
    for (const one of all) expect(await ok(200, 'GET', `/v1/rsvp_calls/${one.rsvpCallId}`)).toEqual(one)
    expect(await ok(200, 'GET', '/v1/rsvp_calls', { token: other.token })).toEqual([])
  })

  it('of the graph are shown as well as they can be', async () => {
    const [file] = await app.db.query<{ id: string }>(
      sql`SELECT id FROM voice_file WHERE workspace_id = ${acme.workspaceId}::uuid AND legacy_id = 1`,
    )
    const content = {
      voiceFiles: [{ type: 'action_buttons', voiceFileId: file!.id }],
      actionButtons: [
        { button: '1', action: 'accept' },
        { button: '9', action: 'opt_out' },
      ],
    }
    const fields = { kind: 'rsvp', receivers: [{ phone: PRESSES_1 }], acceptsWanted: 1, content } as const
    const weekly = {
      tuesday: [
        { from: '08:00', to: '12:00' },
        { from: '22:00', to: '02:00' },
      ],
      friday: [{ from: '10:00', to: '16:00' }],
    }
    const deps = { ...engine.deps, world: server.world }
    const always = await createCampaign(deps, acme.viewer, { ...fields, state: 'halted' })
    const sometimes = await createCampaign(deps, acme.viewer, {
      ...fields,
      state: 'halted',
      calendar: { timeZone: 'Asia/Tokyo', weekly },
    })
    expect(always.id).not.toBe(sometimes.id)
    const [first, second] = (await ok(200, 'GET', '/v1/rsvp_calls')).slice(-2)
    expect(first).toMatchObject({ ...ALWAYS, startTime: null, endTime: null, maxRedials: 3, meta: null, state: 'halt' })
    expect(first.voiceFiles).toEqual([{ type: 'actionButtons', voiceFileId: '1' }])
    expect(first.actionButtons).toEqual([
      { button: '1', action: 'accept' },
      { button: '9', action: 'decline' },
    ])
    expect(second).toMatchObject({ activeFrom: '08:00:00', activeTo: '02:00:00', activeWeekdays: weekdays('0100100') })
  })

  it('call whoever is in a group when they are set to active, though it was empty before', async () => {
    const { groupId } = await ok(201, 'POST', '/v1/groups', { body: { name: 'Later', description: '' } })
    const { rsvpCallId } = await create({ state: 'halt', endTime: '2018-01-01 00:00:00', receivers: [{ groupId }] })
    await ok(201, 'POST', `/v1/groups/${groupId}/accounts`, { body: [meri] })
    const { state } = await ok(200, 'PUT', `/v1/rsvp_calls/${rsvpCallId}`, { body: { state: 'active' } })
    expect(state).toBe('active')
    await engine.run(new Date(clock.now().getTime() + 60_000))
    const result = await ok(200, 'GET', `/v1/rsvp_calls/${rsvpCallId}`)
    expect(result).toMatchObject({ state: 'complete', stats: { answeredCalls: 1 } })
    expect(result.receivers).toMatchObject([{ groupId, rsvpReply: 'decline' }])
  })

  it('are deleted, with their webhooks', async () => {
    const ids = (await ok(200, 'GET', '/v1/rsvp_calls')).map(({ rsvpCallId }: any) => rsvpCallId)
    for (const id of ids) {
      const { status, text } = await call('DELETE', `/v1/rsvp_calls/${id}`)
      expect([status, text]).toEqual([204, ''])
      expect((await call('GET', `/v1/rsvp_calls/${id}/stats`)).text).toBe(GONE)
    }
    const dialled = engine.fake.calls().length
    await engine.run(new Date('2017-01-21T00:00:00Z'))
    expect(engine.fake.calls().length).toBe(dialled)
  })

  const PATHS: [string, string][] = [
    ...(['GET', 'PUT', 'DELETE'] as const).map((method): [string, string] => [method, '']),
    ...(['GET', 'POST', 'PUT'] as const).map((method): [string, string] => [method, '/receivers']),
    ['GET', '/stats'],
  ]
  it.each(PATHS)('of others are as unknown as those that are none: %s %s', async (method, rest) => {
    const { rsvpCallId } = await create({ endTime: '2018-01-01 00:00:00', state: 'halt' })
    for (const [id, token] of [
      [rsvpCallId, other.token],
      ['1', undefined],
      ['x', undefined],
    ] as const) {
      const { status, text } = await call(method, `/v1/rsvp_calls/${id}${rest}`, {
        body: '{',
        ...(token ? { token } : {}),
      })
      expect([status, text], id).toEqual([404, GONE])
    }
  })
})

async function countWebhooks(): Promise<number> {
  const [row] = await app.db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM webhook WHERE campaign_id IS NOT NULL AND retired_at IS NULL`,
  )
  return row!.count
}
