import { describe, expect, it } from 'vitest'
import { failure, fitsLiteral, HOST, multisenderServer, NOW } from './kit.ts'
import * as literals from './literals.ts'

const server = await multisenderServer()
const { call, ok, other, clock } = server
const GONE = failure(404, 'Nothing with this id exists.')
const PASSWORD = 'correct horse battery staple'

const BRANCH = {
  username: 'branch-office',
  email: 'Branch@example.com',
  firstName: 'Eino',
  lastName: 'Korhonen',
  company: 'Example Oy',
  phone: '040 123 4567',
}
function written(id: number, fields: Record<string, unknown>, authToken: string, updatedAt = NOW) {
  const { username, email, firstName, lastName, company, phone } = fields
  const body = { subuserId: id, username, email, firstName, lastName, company, authToken, phone, updatedAt }
  return JSON.stringify({ ...body, createdAt: NOW })
}
const login = (email: string, password: string) => call('POST', '/v1/login', { token: null, body: { email, password } })

describe('subusers', () => {
  it('are created, to the letter, with their address and their token', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/subusers', {
      body: { ...BRANCH, password: PASSWORD },
    })
    expect([status, text, headers.location]).toEqual([201, written(1, BRANCH, json.authToken), `${HOST}/v1/subusers/1`])
    fitsLiteral(json, literals.SUBUSER)
    expect((await login('branch@example.com', PASSWORD)).json).toEqual({ authToken: json.authToken })
  })

  it('need a name and an e-mail address, and can do without a password', async () => {
    const none = await call('POST', '/v1/subusers', { body: {} })
    expect([none.status, none.text]).toEqual([
      400,
      failure(400, 'Validation failed', { username: ['username is required'], email: ['email is required'] }),
    ])
    const { json } = await call('POST', '/v1/subusers', {
      body: { username: 'two', email: 'two@example.com', phone: '' },
    })
    const two = {
      username: 'two',
      email: 'two@example.com',
      firstName: null,
      lastName: null,
      company: null,
      phone: null,
    }
    expect(JSON.stringify(json)).toBe(written(2, two, json.authToken))
    expect(await ok(200, 'GET', '/v1/accounts', { token: json.authToken })).toEqual([])
    expect((await login('two@example.com', '')).status).toBe(401)
  })

  it('are refused by field', async () => {
    const wrong = { username: ' ', email: 'nobody', firstName: {}, password: 'short' }
    expect((await call('POST', '/v1/subusers', { body: wrong })).json.errors).toEqual({
      firstName: ['firstName must be a string'],
    })
    expect((await call('POST', '/v1/subusers', { body: { ...wrong, firstName: 'x' } })).json.errors).toEqual({
      username: ['username must not be blank'],
      email: ['email must be an e-mail address'],
      password: ['password must have at least 8 characters'],
    })
    const taken = await call('POST', '/v1/subusers', { body: { ...BRANCH, username: 'x' } })
    expect([taken.status, taken.text]).toEqual([
      400,
      failure(400, 'Validation failed', { email: ['Another user of this server has this e-mail address.'] }),
    ])
    expect((await ok(200, 'GET', '/v1/subusers')).length).toBe(2)
  })

  it('are read one by one and all together, by their parent only', async () => {
    const all = await call('GET', '/v1/subusers')
    fitsLiteral(all.json.slice(0, 1), literals.SUBUSERS)
    expect(all.json.map(({ subuserId }: any) => subuserId)).toEqual([1, 2])
    const one = await call('GET', '/v1/subusers/1')
    expect([one.status, one.text]).toEqual([200, written(1, BRANCH, all.json[0].authToken)])
    fitsLiteral(one.json, literals.SUBUSER)
    expect(await ok(200, 'GET', '/v1/subusers', { token: other.token })).toEqual([])
    expect(await ok(200, 'GET', '/v1/subusers', { token: all.json[0].authToken })).toEqual([])
  })

  it('have data of their own, and no subusers', async () => {
    const [{ authToken }, { authToken: sibling }] = await ok(200, 'GET', '/v1/subusers')
    await ok(201, 'POST', '/v1/accounts', { token: authToken, body: { firstName: 'Aino' } })
    expect(await ok(200, 'GET', '/v1/accounts')).toEqual([])
    expect(await ok(200, 'GET', '/v1/accounts', { token: sibling })).toEqual([])
    const { status, text } = await call('POST', '/v1/subusers', {
      token: authToken,
      body: { username: 'x', email: 'x@example.com' },
    })
    expect([status, text]).toEqual([409, failure(409, 'A subuser cannot have subusers of its own.')])
  })

  it('change in what is sent and stay in the rest; another password ends the token', async () => {
    clock.advance(60_000)
    const before = await ok(200, 'GET', '/v1/subusers/1')
    const at = '2017-01-01 12:01:00'
    const changed = await call('PUT', '/v1/subusers/1', {
      body: { firstName: 'Veikko', company: null, password: null },
    })
    const veikko = { ...BRANCH, firstName: 'Veikko', company: null }
    expect([changed.status, changed.text]).toEqual([200, written(1, veikko, before.authToken, at)])
    const renewed = await ok(200, 'PUT', '/v1/subusers/1', { body: { password: 'another one, as long' } })
    expect(renewed.authToken).not.toBe(before.authToken)
    expect((await call('GET', '/v1/accounts', { token: before.authToken })).status).toBe(401)
    expect((await ok(200, 'GET', '/v1/accounts', { token: renewed.authToken })).length).toBe(1)
    expect((await login('branch@example.com', 'another one, as long')).json).toEqual({ authToken: renewed.authToken })
    const wrong = await call('PUT', '/v1/subusers/1', { body: { email: 'two@example.com' } })
    expect([wrong.status, wrong.json.errors]).toEqual([
      400,
      { email: ['Another user of this server has this e-mail address.'] },
    ])
  })

  it('are gone with their token and their password, at either address', async () => {
    const [one, two] = await ok(200, 'GET', '/v1/subusers')
    const { status, text } = await call('DELETE', '/v1/subusers/1')
    expect([status, text]).toEqual([204, ''])
    expect((await call('DELETE', '/v1/subusers/2/accounts')).status).toBe(204)
    for (const { authToken } of [one, two]) {
      expect((await call('GET', '/v1/accounts', { token: authToken })).status).toBe(401)
    }
    expect((await login('branch@example.com', 'another one, as long')).status).toBe(401)
    expect(await ok(200, 'GET', '/v1/subusers')).toEqual([])
  })

  it.each(['GET', 'PUT', 'DELETE'])('of others are as unknown as those that are none: %s', async (method) => {
    const mine = await ok(201, 'POST', '/v1/subusers', { body: { username: method, email: `${method}@example.com` } })
    for (const [id, token] of [
      [mine.subuserId, other.token],
      ['1', undefined],
      ['x', undefined],
      ['0', undefined],
    ] as const) {
      const { status, text } = await call(method, `/v1/subusers/${id}`, { body: '{', ...(token ? { token } : {}) })
      expect([status, text], String(id)).toEqual([404, GONE])
    }
    expect((await call('GET', `/v1/subusers/${mine.subuserId}/accounts`)).status).toBe(405)
  })
})
