import { describe, expect, it } from 'vitest'
import { campaignServer, PRESSES_1 } from './campaign-kit.ts'
import * as literals from './campaign-literals.ts'
import { failure, fitsLiteral, HOST, NOW } from './kit.ts'

const server = await campaignServer({ PRICES: new URL('prices.json', import.meta.url).pathname })
const { call, ok, other, clock, account, group } = server
const GONE = failure(404, 'Nothing with this id exists.')
const LATER = '2017-01-02 12:00:00'
const UNSET = ['accountId', 'groupId', 'name', 'firstName', 'lastName', 'email', 'phone']

const aino = await account({ firstName: 'Aino', lastName: 'Virtanen', email: 'aino@example.com', phone: PRESSES_1 })
const eino = await account({ firstName: 'Eino', email: 'eino@example.com' })
const volunteers = await group('Volunteers', [eino])

const LETTER = {
  messageHtml: '<p>The meeting is at noon.</p>',
  messageText: 'The meeting is at noon.',
  subject: 'Meeting',
  fromEmail: 'office@example.com',
  fromName: 'Example Oy',
}
const WRITTEN = JSON.stringify({
  ...{ emailId: '1', ...LETTER, actionTime: LATER, priceEstimateInCents: 1, editable: 'y' },
  receivers: [
    {
      ...{ receiverId: '1', accountId: aino, groupId: null, name: null, firstName: 'Aino', lastName: 'Virtanen' },
      ...{ email: 'aino@example.com', phone: PRESSES_1, updatedAt: NOW, createdAt: NOW },
    },
    {
      ...{ receiverId: '2', accountId: null, groupId: volunteers, name: 'Volunteers', firstName: null, lastName: null },
      ...{ email: null, phone: null, updatedAt: NOW, createdAt: NOW },
    },
  ],
  ...{ updatedAt: NOW, createdAt: NOW },
})

describe('emails', () => {
  it('are created, to the letter, with their address; an e-mail address is the account that has it', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/emails', {
      body: { ...LETTER, actionTime: LATER, receivers: [{ email: 'AINO@example.com' }, { groupId: volunteers }] },
    })
    expect([status, headers.location, text]).toEqual([201, `${HOST}/v1/emails/1`, WRITTEN])
    fitsLiteral(json, literals.EMAIL, UNSET)
    expect((await call('GET', '/v1/emails/1')).text).toBe(WRITTEN)
  })

  it('make an account of an address that none has', async () => {
    const { receivers } = await ok(201, 'POST', '/v1/emails', {
      body: { subject: 'x', messageText: 'x', actionTime: LATER, receivers: [{ email: 'new@example.com' }] },
    })
    expect(receivers).toMatchObject([{ accountId: '3', email: 'new@example.com', phone: null }])
    expect((await ok(200, 'GET', '/v1/accounts/3')).email).toBe('new@example.com')
  })

  it('are listed with their receivers', async () => {
    const { text, json } = await call('GET', '/v1/emails')
    fitsLiteral(json.slice(0, 1), literals.EMAILS, UNSET)
    expect(text.startsWith(`[${WRITTEN},{"emailId":"2","messageHtml":null,`)).toBe(true)
    expect(json.map(({ receivers }: any) => receivers.length)).toEqual([2, 1])
    expect(await ok(200, 'GET', '/v1/emails', { token: other.token })).toEqual([])
  })

  it('change in what is sent', async () => {
    clock.advance(60_000)
    const changed = await ok(200, 'PUT', '/v1/emails/1', { body: { messageText: null, fromName: '', subject: 'Noon' } })
    const at = '2017-01-01 12:01:00'
    expect(changed).toEqual({
      ...JSON.parse(WRITTEN),
      messageText: null,
      fromName: null,
      subject: 'Noon',
      updatedAt: at,
    })
    expect(await ok(200, 'PUT', '/v1/emails/1', { body: { receivers: [{ accountId: eino }] } })).toMatchObject({
      ...{ subject: 'Noon', messageHtml: LETTER.messageHtml, priceEstimateInCents: 0.5 },
      receivers: [{ accountId: eino }],
    })
    const { status, json } = await call('PUT', '/v1/emails/1', { body: { messageHtml: null } })
    expect([status, json.errors]).toEqual([400, { messageText: ['messageText or messageHtml must be given'] }])
  })

  it.each([
    ['nothing', {}, { subject: ['subject is required'], receivers: ['receivers is required'] }],
    [
      'no text',
      { subject: 'x', receivers: [{ accountId: '1' }] },
      { messageText: ['messageText or messageHtml must be given'] },
    ],
    [
      'what is no address, and what is no line',
      { subject: 'a\r\nb', messageText: 'x', fromEmail: 'x', receivers: [{ accountId: '1' }] },
      { subject: ['subject must be one line'], fromEmail: ['fromEmail must be an e-mail address'] },
    ],
    [
      'a number as receiver',
      { subject: 'x', messageText: 'x', receivers: [{ phone: PRESSES_1 }, { email: 'x' }] },
      { 'receivers.0': ['receivers.0 must have exactly one of accountId, groupId and email'] },
    ],
    [
      'an address that is none as receiver',
      { subject: 'x', messageText: 'x', receivers: [{ email: 'x' }] },
      { 'receivers.0.email': ['receivers.0.email must be an e-mail address'] },
    ],
  ])('are refused by field: %s', async (_, body, errors) => {
    const { status, json } = await call('POST', '/v1/emails', { body })
    expect([status, json]).toEqual([400, { status: 400, message: 'Validation failed', errors }])
    expect((await ok(200, 'GET', '/v1/emails')).length).toBe(2)
  })

  it('can no longer be changed once they are on their way', async () => {
    const { emailId, editable, actionTime } = await ok(201, 'POST', '/v1/emails', {
      body: { ...LETTER, actionTime: '2016-01-01 00:00:00', receivers: [{ accountId: aino }] },
    })
    expect([emailId, editable, actionTime]).toEqual(['3', 'n', '2016-01-01 00:00:00'])
    const { status, text } = await call('PUT', '/v1/emails/3', { body: { subject: 'y' } })
    expect([status, text]).toEqual([409, failure(409, 'The campaign has begun and can no longer be changed.')])
  })

  it('are deleted', async () => {
    expect((await call('DELETE', '/v1/emails/3')).status).toBe(204)
    expect((await call('GET', '/v1/emails/3')).text).toBe(GONE)
    expect((await ok(200, 'GET', '/v1/emails')).length).toBe(2)
  })

  it.each(['GET', 'PUT', 'DELETE'])('of others are as unknown as those that are none: %s', async (method) => {
    for (const [id, token] of [
      ['1', other.token],
      ['3', undefined],
      ['x', undefined],
    ] as const) {
      const { status, text } = await call(method, `/v1/emails/${id}`, { body: '{', ...(token ? { token } : {}) })
      expect([status, text], id).toEqual([404, GONE])
    }
  })
})
