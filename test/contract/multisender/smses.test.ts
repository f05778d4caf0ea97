import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { BUSY, campaignServer, PRESSES_1 } from './campaign-kit.ts'
import * as literals from './campaign-literals.ts'
import { failure, fitsLiteral, HOST, NOW } from './kit.ts'

const server = await campaignServer({ PRICES: new URL('prices.json', import.meta.url).pathname })
const { app, call, ok, other, clock, account, group } = server
const GONE = failure(404, 'Nothing with this id exists.')
const LATER = '2017-01-02 12:00:00'
const UNSET = ['accountId', 'groupId', 'name', 'firstName', 'lastName', 'email', 'phone']

const aino = await account({ firstName: 'Aino', lastName: 'Virtanen', email: 'aino@example.com', phone: PRESSES_1 })
const eino = await account({ firstName: 'Eino', phone: BUSY })
const volunteers = await group('Volunteers', [aino, eino])
const MESSAGE = 'The meeting is at noon.'

describe('smses', () => {
  it('are created, to the letter, with their address and their price', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/smses', {
      body: {
        message: MESSAGE,
        sender: 'Example',
        actionTime: LATER,
        receivers: [{ accountId: aino }, { groupId: volunteers }],
      },
    })
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/smses/1`])
    expect(text).toBe(
      JSON.stringify({
        // Aino is in the group as well, and gets one.
        ...{
          smsId: '1',
          message: MESSAGE,
          sender: 'Example',
          actionTime: LATER,
          priceEstimateInCents: 14,
          editable: 'y',
        },
        receivers: [
          {
            ...{ receiverId: '1', accountId: aino, groupId: null, name: null, firstName: 'Aino', lastName: 'Virtanen' },
            ...{ email: 'aino@example.com', phone: PRESSES_1, updatedAt: NOW, createdAt: NOW },
          },
          {
            ...{ receiverId: '2', accountId: null, groupId: volunteers, name: 'Volunteers', firstName: null },
            ...{ lastName: null, email: null, phone: null, updatedAt: NOW, createdAt: NOW },
          },
        ],
        ...{ updatedAt: NOW, createdAt: NOW },
      }),
    )
    fitsLiteral(json, literals.SMS, UNSET)
    expect((await call('GET', '/v1/smses/1')).text).toBe(text)
  })

  it('have a number as id in the list, and no receivers there', async () => {
    await ok(201, 'POST', '/v1/smses', {
      body: { message: 'x', actionTime: LATER, receivers: [{ accountId: Number(aino) }] },
    })
    const { text, json } = await call('GET', '/v1/smses')
    fitsLiteral(json, literals.SMSES, ['sender'])
    expect(text).toBe(
      JSON.stringify([
        {
          ...{
            smsId: 1,
            message: MESSAGE,
            sender: 'Example',
            actionTime: LATER,
            priceEstimateInCents: 14,
            editable: 'y',
          },
          ...{ updatedAt: NOW, createdAt: NOW },
        },
        {
          ...{ smsId: 2, message: 'x', sender: null, actionTime: LATER, priceEstimateInCents: 7, editable: 'y' },
          ...{ updatedAt: NOW, createdAt: NOW },
        },
      ]),
    )
    expect(await ok(200, 'GET', '/v1/smses', { token: other.token })).toEqual([])
  })

  it('name their receivers, groups with their size', async () => {
    const { json, text } = await call('GET', '/v1/smses/1/receivers')
    fitsLiteral(json, literals.SMS_RECEIVERS)
    expect(text).toBe(
      JSON.stringify([
        {
          ...{ accountId: aino, groupId: null, firstName: 'Aino', lastName: 'Virtanen', phone: PRESSES_1 },
          ...{ email: 'aino@example.com', name: null, numberOfAccounts: null, updatedAt: NOW, createdAt: NOW },
        },
        {
          ...{ accountId: null, groupId: volunteers, firstName: null, lastName: null, phone: null, email: null },
          ...{ name: 'Volunteers', numberOfAccounts: 2, updatedAt: NOW, createdAt: NOW },
        },
      ]),
    )
  })

  it('change in what is sent', async () => {
    clock.advance(60_000)
    const before = await ok(200, 'GET', '/v1/smses/1')
    const changed = await ok(200, 'PUT', '/v1/smses/1', { body: { sender: null } })
    expect(changed).toEqual({ ...before, sender: null, updatedAt: '2017-01-01 12:01:00' })
    expect(
      await ok(200, 'PUT', '/v1/smses/1', { body: { message: 'At one.', receivers: [{ phone: BUSY }] } }),
    ).toMatchObject({
      ...{ message: 'At one.', sender: null, priceEstimateInCents: 7 },
      receivers: [{ accountId: eino, firstName: 'Eino' }],
    })
  })

  it.each([
    ['nothing', {}, { message: ['message is required'], receivers: ['receivers is required'] }],
    ['a blank message', { message: ' ', receivers: [{ accountId: '1' }] }, { message: ['message must not be blank'] }],
    [
      'a sender that is too long',
      { message: 'x', sender: 'x'.repeat(21), receivers: [{ accountId: '1' }] },
      { sender: ['sender must have at most 20 characters'] },
    ],
    [
      'an e-mail address',
      { message: 'x', receivers: [{ email: 'aino@example.com' }] },
      {
        'receivers.0': ['receivers.0 must have exactly one of accountId, groupId and phone'],
      },
    ],
  ])('are refused by field: %s', async (_, body, errors) => {
    const { status, json } = await call('POST', '/v1/smses', { body })
    expect([status, json]).toEqual([400, { status: 400, message: 'Validation failed', errors }])
    expect((await ok(200, 'GET', '/v1/smses')).length).toBe(2)
  })

  it('can no longer be changed once they are on their way', async () => {
    const { smsId, editable } = await ok(201, 'POST', '/v1/smses', {
      body: { message: 'x', receivers: [{ accountId: aino }] },
    })
    expect([smsId, editable]).toEqual(['3', 'n'])
    const { status, text } = await call('PUT', '/v1/smses/3', { body: { message: 'y' } })
    expect([status, text]).toEqual([409, failure(409, 'The campaign has begun and can no longer be changed.')])
  })

  it('are deleted, and then are not sent', async () => {
    expect((await call('DELETE', '/v1/smses/1')).status).toBe(204)
    expect((await call('GET', '/v1/smses/1')).text).toBe(GONE)
    const [row] = await app.db.query<{ due_at: Date | null }>(
      sql`SELECT due_at FROM campaign WHERE deleted_at IS NOT NULL`,
    )
    expect(row).toEqual({ due_at: null })
  })

  it.each(['GET', 'PUT', 'DELETE'])('of others are as unknown as those that are none: %s', async (method) => {
    for (const [id, token] of [
      ['2', other.token],
      ['99', undefined],
      ['x', undefined],
    ] as const) {
      for (const path of [`/v1/smses/${id}`, ...(method === 'GET' ? [`/v1/smses/${id}/receivers`] : [])]) {
        const { status, text } = await call(method, path, { body: '{', ...(token ? { token } : {}) })
        expect([status, text], path).toEqual([404, GONE])
      }
    }
  })
})
