import { describe, expect, it } from 'vitest'
import { BUSY, campaignServer, PRESSES_1 } from './campaign-kit.ts'
import * as literals from './campaign-literals.ts'
import { failure, fitsLiteral, HOST, NOW } from './kit.ts'

const server = await campaignServer({ PRICES: new URL('prices.json', import.meta.url).pathname })
const { call, ok, other, clock, engine, voiceFile, account, group } = server
const GONE = failure(404, 'Nothing with this id exists.')
const LATER = '2017-01-02 12:00:00'
const UNSET = ['accountId', 'groupId', 'name', 'firstName', 'lastName', 'email', 'phone']

const aino = await account({ firstName: 'Aino', lastName: 'Virtanen', email: 'aino@example.com', phone: PRESSES_1 })
const eino = await account({ firstName: 'Eino', phone: BUSY })
const volunteers = await group('Volunteers', [eino])
const file = await voiceFile()
/** The client's own spacing has to come back. */
const OPERATIONS = `[ {"do":"play",  "voiceFileId": ${file}} ]`

const AINO = (receiverId: string) => ({
  ...{ receiverId, accountId: aino, groupId: null, name: null, firstName: 'Aino', lastName: 'Virtanen' },
  ...{ email: 'aino@example.com', phone: PRESSES_1, updatedAt: NOW, createdAt: NOW },
})
const GROUP = (receiverId: string) => ({
  ...{ receiverId, accountId: null, groupId: volunteers, name: 'Volunteers', firstName: null, lastName: null },
  ...{ email: null, phone: null, updatedAt: NOW, createdAt: NOW },
})

describe('calls', () => {
  it('are created, to the letter, with their address and their price', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/calls', {
      body: { operations: OPERATIONS, actionTime: LATER, receivers: [{ accountId: aino }, { groupId: volunteers }] },
    })
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/calls/1`])
    expect(text).toBe(
      JSON.stringify({
        ...{ callId: '1', operations: OPERATIONS, actionTime: LATER, priceEstimateInCents: 7, editable: 'y' },
        ...{ receivers: [AINO('1'), GROUP('2')], updatedAt: NOW, createdAt: NOW },
      }),
    )
    fitsLiteral(json, literals.CALL, UNSET)
    expect((await call('GET', '/v1/calls/1')).text).toBe(text)
  })

  it('take a number as receiver: of the account that has it, or of a new one', async () => {
    const { receivers } = await ok(201, 'POST', '/v1/calls', {
      body: {
        operations: '[]',
        actionTime: LATER,
        receivers: [
          { accountId: null, groupId: null, phone: '+358 40 1230201' },
          { phone: '+358401230203', accountId: '' },
        ],
      },
    })
    expect(receivers.map((each: any) => [each.accountId, each.firstName, each.phone])).toEqual([
      [aino, 'Aino', PRESSES_1],
      ['3', null, '+358401230203'],
    ])
    expect((await ok(200, 'GET', '/v1/accounts/3')).phone).toBe('+358401230203')
  })

  it('take operations as JSON as well, and any JSON at all', async () => {
    for (const [operations, shown] of [
      [{ some: ['thing'] }, '{"some":["thing"]}'],
      [[1, 2], '[1,2]'],
      ['"a word"', '"a word"'],
      ['{"x": 1}', '{"x": 1}'],
    ]) {
      const body = { operations, actionTime: LATER, receivers: [{ accountId: Number(aino) }] }
      expect((await ok(201, 'POST', '/v1/calls', { body })).operations).toBe(shown)
    }
  })

  it('are listed by id, with their duration and without their receivers', async () => {
    const { text, json } = await call('GET', '/v1/calls')
    fitsLiteral(json, literals.CALLS)
    expect(json.map(({ callId }: any) => callId)).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(text.startsWith(JSON.stringify([{ callId: '1', operations: OPERATIONS }]).slice(0, -2))).toBe(true)
    expect(await ok(200, 'GET', '/v1/calls', { token: other.token })).toEqual([])
  })

  it('name their receivers as they were given, groups with their size', async () => {
    const { json, text } = await call('GET', '/v1/calls/1/receivers')
    fitsLiteral(json, literals.CALL_RECEIVERS)
    expect(text).toBe(
      JSON.stringify([
        {
          ...{ accountId: aino, groupId: null, firstName: 'Aino', lastName: 'Virtanen', phone: PRESSES_1 },
          ...{ email: 'aino@example.com', name: null, numberOfAccounts: null, updatedAt: NOW, createdAt: NOW },
        },
        {
          ...{ accountId: null, groupId: volunteers, firstName: null, lastName: null, phone: null, email: null },
          ...{ name: 'Volunteers', numberOfAccounts: 1, updatedAt: NOW, createdAt: NOW },
        },
      ]),
    )
  })

  it('change in what is sent, receivers as a whole', async () => {
    clock.advance(60_000)
    const before = await ok(200, 'GET', '/v1/calls/2')
    const changed = await ok(200, 'PUT', '/v1/calls/2', {
      body: { operations: OPERATIONS, actionTime: '2017-01-03 00:00:00' },
    })
    expect(changed).toEqual({
      ...before,
      ...{ operations: OPERATIONS, actionTime: '2017-01-03 00:00:00', updatedAt: '2017-01-01 12:01:00' },
      priceEstimateInCents: 7,
    })
    const { receivers, priceEstimateInCents } = await ok(200, 'PUT', '/v1/calls/2', {
      body: { receivers: [{ groupId: volunteers }] },
    })
    expect(receivers).toMatchObject([{ accountId: null, groupId: volunteers, name: 'Volunteers' }])
    expect(priceEstimateInCents).toBe(3.5)
    expect(await ok(200, 'PUT', '/v1/calls/2', { body: {} })).toMatchObject({ operations: OPERATIONS, receivers })
  })

  it.each([
    ['nothing', {}, { operations: ['operations is required'], receivers: ['receivers is required'] }],
    ['no JSON', { operations: '{', receivers: [] }, { operations: ['operations must be JSON'] }],
    ['nobody', { operations: '[]', receivers: [] }, { receivers: ['receivers must name at least one receiver'] }],
    [
      'a moment of another form',
      { operations: '[]', actionTime: '2017-02-30 00:00:00', receivers: [{ accountId: '1' }] },
      { actionTime: ['actionTime must be a date and time such as 2017-01-31 12:00:00'] },
    ],
    [
      'receivers that are none, or two at once',
      {
        operations: '[]',
        receivers: [{}, { accountId: '1', phone: PRESSES_1 }, { accountId: null, groupId: '', phone: ' ' }],
      },
      Object.fromEntries(
        [0, 1, 2].map((n) => [
          `receivers.${n}`,
          [`receivers.${n} must have exactly one of accountId, groupId and phone`],
        ]),
      ),
    ],
    [
      'receivers that are unknown or no numbers',
      { operations: '[]', receivers: [{ accountId: '99' }, { groupId: 'x' }, { phone: '12' }, { accountId: '1' }] },
      {
        'receivers.0.accountId': ['receivers.0.accountId must be an account of yours'],
        'receivers.1.groupId': ['receivers.1.groupId must be a group of yours'],
        'receivers.2.phone': [expect.stringMatching(/^receivers\.2\.phone must be /)],
      },
    ],
  ])('are refused by field: %s', async (_, body, errors) => {
    const count = (await ok(200, 'GET', '/v1/calls')).length
    const accounts = (await ok(200, 'GET', '/v1/accounts')).length
    const { status, json } = await call('POST', '/v1/calls', { body })
    expect([status, json]).toEqual([400, { status: 400, message: 'Validation failed', errors }])
    expect((await ok(200, 'GET', '/v1/calls')).length).toBe(count)
    expect((await ok(200, 'GET', '/v1/accounts')).length).toBe(accounts)
  })

  it('are made now when their moment is absent, null or past, and are then no longer editable', async () => {
    const made = []
    for (const actionTime of [undefined, null, '', '2001-01-01 00:00:00', '2017-01-01 12:00:30']) {
      const { callId, ...json } = await ok(201, 'POST', '/v1/calls', {
        body: { operations: OPERATIONS, actionTime, receivers: [{ accountId: aino }] },
      })
      expect(json.editable).toBe('n')
      made.push([callId, json.actionTime])
    }
    const now = '2017-01-01 12:01:00'
    expect(made.map(([, actionTime]) => actionTime)).toEqual([
      now,
      now,
      now,
      '2001-01-01 00:00:00',
      '2017-01-01 12:00:30',
    ])
    const [[callId]] = made as [[string]]
    for (const body of [{ operations: '[]' }, { actionTime: LATER }, { receivers: [{ accountId: aino }] }]) {
      const { status, text } = await call('PUT', `/v1/calls/${callId}`, { body })
      expect([status, text]).toEqual([409, failure(409, 'The campaign has begun and can no longer be changed.')])
    }
  })

  it('say how long they talked', async () => {
    await engine.run(new Date('2017-01-01T13:00:00Z'))
    const listed = await ok(200, 'GET', '/v1/calls')
    const talked = listed.map(({ totalDuration }: any) => totalDuration > 0)
    expect(talked).toEqual([false, false, false, false, false, false, true, true, true, true, true])
    // Whoever begins later is called later; what has begun stays so.
    await engine.run(new Date('2017-01-02T12:30:00Z'))
    const first = await ok(200, 'GET', '/v1/calls/1')
    expect([first.editable, first.actionTime]).toEqual(['n', LATER])
    expect((await ok(200, 'GET', '/v1/calls'))[0].totalDuration).toBeGreaterThan(0)
    const over = await call('PUT', '/v1/calls/1', { body: { actionTime: '2017-01-09 00:00:00' } })
    expect([over.status, over.text]).toEqual([409, failure(409, 'The campaign is completed.')])
  })

  it('with operations that mean nothing here call nobody', async () => {
    const dialled = engine.fake.calls().length
    const { callId } = await ok(201, 'POST', '/v1/calls', {
      body: { operations: '{"tts":"x"}', receivers: [{ accountId: aino }] },
    })
    await engine.run(new Date('2017-01-02T13:00:00Z'))
    expect(engine.fake.calls().length).toBe(dialled)
    expect((await ok(200, 'GET', `/v1/calls/${callId}`)).operations).toBe('{"tts":"x"}')
  })

  it('keep the names of accounts that are deleted', async () => {
    await ok(204, 'DELETE', `/v1/accounts/${aino}`)
    expect((await ok(200, 'GET', '/v1/calls/1')).receivers[0]).toMatchObject({
      accountId: aino,
      firstName: 'Aino',
      phone: PRESSES_1,
    })
  })

  it('are deleted, begun or not', async () => {
    for (const id of ['1', '2']) {
      const { status, text } = await call('DELETE', `/v1/calls/${id}`)
      expect([status, text]).toEqual([204, ''])
      expect((await call('GET', `/v1/calls/${id}`)).text).toBe(GONE)
      expect((await call('DELETE', `/v1/calls/${id}`)).status).toBe(404)
    }
    const dialled = engine.fake.calls().length
    await engine.run(new Date('2017-01-05T00:00:00Z'))
    expect(engine.fake.calls().length).toBe(dialled)
  })

  it.each(['GET', 'PUT', 'DELETE'])('of others are as unknown as those that are none: %s', async (method) => {
    for (const [id, token] of [
      ['3', other.token],
      ['99', undefined],
      ['x', undefined],
      ['3000000000', undefined],
    ] as const) {
      for (const path of [`/v1/calls/${id}`, ...(method === 'GET' ? [`/v1/calls/${id}/receivers`] : [])]) {
        const { status, text } = await call(method, path, { body: '{', ...(token ? { token } : {}) })
        expect([status, text], path).toEqual([404, GONE])
      }
    }
  })

  it('need their scopes, and whoever may write sees what they wrote', async () => {
    const writer = await server.tokenWith('campaigns:write')
    const body = {
      operations: '[]',
      actionTime: '2017-09-09 00:00:00',
      receivers: [{ accountId: eino }, { groupId: volunteers }],
    }
    const { callId } = await ok(201, 'POST', '/v1/calls', { token: writer, body })
    const reader = await server.tokenWith('campaigns:read')
    expect((await ok(200, 'GET', `/v1/calls/${callId}`, { token: reader })).receivers.length).toBe(2)
    expect((await call('PUT', `/v1/calls/${callId}`, { token: reader, body: {} })).status).toBe(403)
    expect((await call('GET', '/v1/calls', { token: writer })).status).toBe(403)
  })
})
