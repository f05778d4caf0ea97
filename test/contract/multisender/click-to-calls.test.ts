import { describe, expect, it } from 'vitest'
import { ALWAYS, BUSY, BUTTONS, campaignServer, PRESSES_1, PRESSES_2, SAYS_NOTHING, weekdays } from './campaign-kit.ts'
import * as literals from './campaign-literals.ts'
import { failure, fitsLiteral, HOST, NOW } from './kit.ts'

const server = await campaignServer()
const { call, ok, other, engine, voiceFile, account, group } = server
const GONE = failure(404, 'Nothing with this id exists.')

const file = await voiceFile()
const pending = await voiceFile({ status: 'pending' })
const aino = await account({ firstName: 'Aino', lastName: 'Virtanen', phone: PRESSES_1 })
const eino = await account({ firstName: 'Eino', lastName: 'Korhonen', phone: BUSY })
const meri = await account({ firstName: 'Meri', lastName: 'Laine', phone: PRESSES_2 })
const both = await group('Both', [eino, meri])

const OFFICE = { activeFrom: '09:00:00', activeTo: '17:00:00', activeWeekdays: weekdays('1111100') }
const META = { someparam: 'string', otherparam: 'string' }
const DOCUMENTED = {
  ...{ expiresAt: '2017-01-20 12:00:00', ...OFFICE, voiceFileId: file, actionButtons: BUTTONS },
  receivers: [{ accountId: aino, groupId: null, phone: null }],
  ...{ maxRedials: 3, receiverWebhookUrl: 'http://example.com/webhook/', meta: META },
}
const NO_CALLS = {
  ...{ totalDialedCalls: 0, answeredCalls: 0, totalDuration: 0 },
  ...{ acceptsReceived: 0, acceptsDeclined: 0, notAnsweredCalls: 0 },
}

describe('click to calls', () => {
  it('are created, to the letter, with their address', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/click_to_calls', { body: DOCUMENTED })
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/click_to_calls/1`])
    const AINO = {
      ...{ accountId: aino, groupId: null, phone: PRESSES_1, firsName: 'Aino', lastName: 'Virtanen', answered: 0 },
      ...{ reply: 'noAnswer', callDuration: 0, dialledCalls: 0, latestCallAt: null },
    }
    expect(text).toBe(
      JSON.stringify({
        ...{ clickToCallId: '1', ...DOCUMENTED, receivers: [AINO], stats: NO_CALLS, updatedAt: NOW, createdAt: NOW },
      }),
    )
    fitsLiteral(json, literals.CLICK_TO_CALL, ['groupId', 'latestCallAt'])
    expect((await call('GET', '/v1/click_to_calls/1')).text).toBe(text)
  })

  it('go on for a week and redial three times unless they say otherwise', async () => {
    const { expiresAt, maxRedials, receiverWebhookUrl, meta, activeWeekdays } = await ok(
      201,
      'POST',
      '/v1/click_to_calls',
      {
        body: {
          ...{
            activeFrom: '22:00',
            activeTo: '06:00:00',
            activeWeekdays: [
              { weekday: 'Sunday', active: true },
              { weekday: 'monday', active: 0 },
            ],
          },
          ...{
            voiceFileId: String(file),
            actionButtons: [{ button: 1, action: 'accept' }],
            receivers: [{ phone: BUSY }],
          },
        },
      },
    )
    expect([expiresAt, maxRedials, receiverWebhookUrl, meta]).toEqual(['2017-01-08 12:00:00', 3, null, null])
    expect(activeWeekdays).toEqual(weekdays('0000001'))
  })

  it('call in the given order until one accepts, those who did not answer again after all others', async () => {
    const made = await ok(201, 'POST', '/v1/click_to_calls', {
      body: {
        ...{ ...DOCUMENTED, ...ALWAYS },
        // Eino is busy, Meri declines, the third says nothing, Aino accepts, and nobody is called after her.
        receivers: [
          { groupId: both },
          { phone: SAYS_NOTHING },
          { accountId: eino },
          { accountId: aino },
          { phone: '+358401239201' },
        ],
      },
    })
    expect(made.receivers[0]).toEqual({
      ...{ accountId: null, groupId: both, phone: null, firsName: null, lastName: null, answered: 0 },
      ...{ reply: 'noAnswer', callDuration: 0, dialledCalls: 0, latestCallAt: null },
    })
    await engine.run(new Date('2017-01-01T12:30:00Z'))
    const { receivers, stats } = await ok(200, 'GET', `/v1/click_to_calls/${made.clickToCallId}`)
    const shown = receivers.map((each: any) => [
      each.phone,
      each.answered,
      each.reply,
      each.dialledCalls,
      each.callDuration > 0,
    ])
    expect(shown).toEqual([
      [null, 1, 'decline', 2, true],
      [SAYS_NOTHING, 1, 'noAnswer', 1, true],
      // He is in the group as well and was called once.
      [BUSY, 0, 'noAnswer', 1, false],
      [PRESSES_1, 1, 'accept', 1, true],
      ['+358401239201', 0, 'noAnswer', 0, false],
    ])
    const { totalDuration, ...counts } = stats
    expect(counts).toEqual({
      ...{ totalDialedCalls: 4, answeredCalls: 3, acceptsReceived: 1, acceptsDeclined: 1, notAnsweredCalls: 1 },
    })
    expect(totalDuration).toBe(receivers[0].callDuration + receivers[1].callDuration + receivers[3].callDuration)
    fitsLiteral((await ok(200, 'GET', `/v1/click_to_calls/${made.clickToCallId}`)).receivers[3], oneReceiver(), [
      'groupId',
    ])
  })

  it('are listed by id', async () => {
    const { json } = await call('GET', '/v1/click_to_calls')
    expect(json.map(({ clickToCallId }: any) => clickToCallId)).toEqual(['1', '2', '3'])
    fitsLiteral(json.slice(0, 1), literals.CLICK_TO_CALLS, ['groupId', 'latestCallAt'])
    for (const one of json) {
      expect(await ok(200, 'GET', `/v1/click_to_calls/${one.clickToCallId}`)).toEqual(one)
    }
    expect(await ok(200, 'GET', '/v1/click_to_calls', { token: other.token })).toEqual([])
  })

  const REQUIRED = ['activeFrom', 'activeTo', 'activeWeekdays', 'voiceFileId', 'actionButtons', 'receivers']
  it.each([
    ['nothing', {}, Object.fromEntries(REQUIRED.map((field) => [field, [`${field} is required`]]))],
    [
      'hours and days that are none',
      {
        ...{ ...DOCUMENTED, activeFrom: '24:00:00', activeTo: 9, expiresAt: 'soon' },
        activeWeekdays: [
          { weekday: 'someday', active: '1' },
          { weekday: 'monday', active: 'yes' },
        ],
      },
      {
        expiresAt: ['expiresAt must be a date and time such as 2017-01-31 12:00:00'],
        activeFrom: ['activeFrom must be a time of day such as 09:00:00'],
        activeTo: ['activeTo must be a time of day such as 09:00:00'],
        'activeWeekdays.0.weekday': ['activeWeekdays.0.weekday must be a day of the week, monday to sunday'],
        'activeWeekdays.1.active': ['activeWeekdays.1.active must be 1 or 0'],
      },
    ],
    [
      'the same day twice',
      { ...DOCUMENTED, activeWeekdays: [...weekdays('1111111'), { weekday: 'monday', active: '0' }] },
      { 'activeWeekdays.7.weekday': ['activeWeekdays.7.weekday must be another day than those before'] },
    ],
    ['a past end', { ...DOCUMENTED, expiresAt: NOW }, { expiresAt: ['expiresAt must be in the future'] }],
    ['redials below none', { ...DOCUMENTED, maxRedials: -1 }, { maxRedials: ['maxRedials must be 0 to 19'] }],
    [
      'keys that are none, and replies that are none',
      { ...DOCUMENTED, actionButtons: [{ button: '5', action: 'maybe' }] },
      { 'actionButtons.0.action': ['actionButtons.0.action must be accept or decline'] },
    ],
    [
      'keys that are none, or not alone',
      {
        ...DOCUMENTED,
        actionButtons: [
          { button: '#', action: 'accept' },
          { button: '5', action: 'accept' },
          { button: 5, action: 'decline' },
        ],
      },
      {
        'actionButtons.0.button': ['actionButtons.0.button must be one digit'],
        'actionButtons.2.button': ['actionButtons.2.button must be another one than those before'],
      },
    ],
    [
      'a voice file that is unknown',
      { ...DOCUMENTED, voiceFileId: 99 },
      { voiceFileId: ['voiceFileId must be a voice file of yours'] },
    ],
    [
      'a voice file that is not ready',
      { ...DOCUMENTED, voiceFileId: pending },
      { voiceFileId: ['voiceFileId the voice file must be ready; it is pending'] },
    ],
    [
      'an address that is none',
      { ...DOCUMENTED, receiverWebhookUrl: 'example.com' },
      { receiverWebhookUrl: ['receiverWebhookUrl must be an absolute http or https URL'] },
    ],
    ['meta that is no object', { ...DOCUMENTED, meta: [1] }, { meta: ['meta must be an object'] }],
  ])('are refused by field: %s', async (_, body, errors) => {
    const { status, json } = await call('POST', '/v1/click_to_calls', { body })
    expect([status, json]).toEqual([400, { status: 400, message: 'Validation failed', errors }])
    expect((await ok(200, 'GET', '/v1/click_to_calls')).length).toBe(3)
  })

  it('have no update, and are deleted, which ends their calling', async () => {
    expect((await call('PUT', '/v1/click_to_calls/1', { body: {} })).status).toBe(405)
    const { status, text } = await call('DELETE', '/v1/click_to_calls/1')
    expect([status, text]).toEqual([204, ''])
    expect((await call('GET', '/v1/click_to_calls/1')).text).toBe(GONE)
    const dialled = engine.fake.calls().length
    // Monday morning, when the first would have begun. The second calls on the night to Monday, and not by day.
    await engine.run(new Date('2017-01-02T12:00:00Z'))
    const night = engine.fake.calls().slice(dialled)
    expect(night.map(({ to }) => to)).toEqual([BUSY, BUSY, BUSY, BUSY])
    const [first] = night
    expect(new Date(first!.dialledAt).toISOString()).toMatch(/^2017-01-01T22:00/)
  })

  it.each(['GET', 'DELETE'])('of others are as unknown as those that are none: %s', async (method) => {
    for (const [id, token] of [
      ['2', other.token],
      ['1', undefined],
      ['x', undefined],
    ] as const) {
      const { status, text } = await call(method, `/v1/click_to_calls/${id}`, token ? { token } : {})
      expect([status, text], id).toEqual([404, GONE])
    }
    const theirs = await call('POST', '/v1/click_to_calls', { token: other.token, body: DOCUMENTED })
    expect(theirs.json.errors).toMatchObject({ voiceFileId: ['voiceFileId must be a voice file of yours'] })
  })
})

/** One receiver of the literal. */
function oneReceiver(): string {
  const literal = JSON.parse(literals.CLICK_TO_CALL.replaceAll("'", '"'))
  return JSON.stringify(literal.receivers[0])
}
