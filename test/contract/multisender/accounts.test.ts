import { describe, expect, it } from 'vitest'
import { failure, fitsLiteral, HOST, multisenderServer, NOW } from './kit.ts'
import * as literals from './literals.ts'

const server = await multisenderServer()
const { call, ok, other, clock } = server

const AINO = {
  firstName: 'Aino',
  lastName: 'Virtanen',
  nickName: 'Ainu',
  phone: '+358401234567',
  email: 'aino@example.com',
  address: 'Mannerheimintie 1',
  zip: '00100',
  city: 'Helsinki',
  companyName: 'Example Oy',
  website: 'https://example.com/',
  note: ' Two\nlines ',
  area: 'Uusimaa',
  gender: 'female',
  yearOfBirth: 1980,
}
const NOBODY = Object.fromEntries(Object.keys(AINO).map((key) => [key, null]))
const withMoments = (id: number, fields: object, updatedAt = NOW, createdAt = NOW) =>
  JSON.stringify({ accountId: String(id), ...fields, updatedAt, createdAt })

describe('accounts', () => {
  it('are created, to the letter, with their address', async () => {
    fitsLiteral(AINO, literals.ACCOUNT_REQUEST)
    const { status, text, json, headers } = await call('POST', '/v1/accounts', { body: AINO })
    expect([status, text, headers.location]).toEqual([201, withMoments(1, AINO), `${HOST}/v1/accounts/1`])
    fitsLiteral(json, literals.ACCOUNT)
  })

  it('may have the address of another, say nothing at all, and ignore what they do not know', async () => {
    const twin = await call('POST', '/v1/accounts', { body: { email: 'AINO@example.com', phone: '+358401234567' } })
    expect([twin.status, twin.text]).toEqual([
      201,
      withMoments(2, { ...NOBODY, phone: '+358401234567', email: 'AINO@example.com' }),
    ])
    const empty = await call('POST', '/v1/accounts', { body: { accountId: '77', updatedAt: 'x', colour: 'red' } })
    expect([empty.status, empty.text]).toEqual([201, withMoments(3, NOBODY)])
    expect((await call('POST', '/v1/accounts')).text).toBe(withMoments(4, NOBODY))
  })

  it('are read one by one and all together', async () => {
    const one = await call('GET', '/v1/accounts/1')
    expect([one.status, one.text]).toEqual([200, withMoments(1, AINO)])
    fitsLiteral(one.json, literals.ACCOUNT)
    const all = await call('GET', '/v1/accounts')
    const twin = withMoments(2, { ...NOBODY, phone: '+358401234567', email: 'AINO@example.com' })
    expect([all.status, all.text]).toEqual([
      200,
      `[${withMoments(1, AINO)},${twin},${withMoments(3, NOBODY)},${withMoments(4, NOBODY)}]`,
    ])
    fitsLiteral(all.json.slice(0, 1), literals.ACCOUNTS)
    expect((await call('GET', '/v1/accounts', { token: other.token })).text).toBe('[]')
  })

  it('change in what is sent and stay in the rest', async () => {
    clock.advance(61_000)
    const changes = { yearOfBirth: '1981', zip: 100, note: '', city: null }
    const { status, text, json } = await call('PUT', '/v1/accounts/1', { body: changes })
    const aino = { ...AINO, yearOfBirth: 1981, zip: '100', note: null, city: null }
    expect([status, text]).toEqual([200, withMoments(1, aino, '2017-01-01 12:01:01')])
    expect(Object.keys(json)).toEqual(Object.keys(JSON.parse(literals.ACCOUNT.replaceAll("'", '"'))))
    await ok(200, 'PUT', '/v1/accounts/3', { body: { email: 'aino@example.com' } })
    expect((await ok(200, 'GET', '/v1/accounts/3')).email).toBe('aino@example.com')
    expect((await ok(200, 'PUT', '/v1/accounts/1', { body: {} })).zip).toBe('100')
  })

  it('are refused as a whole, by field', async () => {
    const wrong = { firstName: 5, lastName: ['x'], phone: '12', email: 'nobody', yearOfBirth: 'x', note: true }
    const types = await call('POST', '/v1/accounts', { body: wrong })
    expect([types.status, types.text]).toEqual([
      400,
      failure(400, 'Validation failed', {
        lastName: ['lastName must be a string'],
        note: ['note must be a string'],
        yearOfBirth: ['yearOfBirth must be an integer'],
      }),
    ])
    const rules = await call('PUT', '/v1/accounts/1', { body: { phone: '12', email: 'nobody', yearOfBirth: 0 } })
    expect([rules.status, rules.text]).toEqual([
      400,
      failure(400, 'Validation failed', {
        email: ['email must be an e-mail address'],
        phone: ['phone must be a valid number with its country code, such as +358401234567'],
        yearOfBirth: ['yearOfBirth must be a year'],
      }),
    ])
    const long = await call('POST', '/v1/accounts', { body: { zip: 'x'.repeat(51), companyName: '\0' } })
    expect(long.json.errors).toEqual({
      zip: ['zip must have at most 50 characters'],
      companyName: ['companyName must not contain NUL characters or broken surrogate pairs'],
    })
    const list = await call('POST', '/v1/accounts', { body: [AINO] })
    expect([list.status, list.text]).toEqual([
      400,
      failure(400, 'Validation failed', { body: ['body must be an object'] }),
    ])
    expect((await ok(200, 'GET', '/v1/accounts')).length).toBe(4)
    expect((await ok(200, 'GET', '/v1/accounts/1')).email).toBe('aino@example.com')
  })

  it('of others are as unknown as those that are none', async () => {
    const GONE = failure(404, 'Nothing with this id exists.')
    for (const id of [
      '1',
      '99',
      '0',
      '-1',
      '01',
      '1.5',
      'x',
      '99999999999',
      '2147483648',
      '%F0%9F%98%80',
      '1%20OR%201',
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        if (id === '1' || method === 'GET') {
          const { status, text } = await call(method, `/v1/accounts/${id}`, { token: other.token, body: '{' })
          expect([status, text], `${method} ${id}`).toEqual([404, GONE])
        }
        if (id === '1') continue
        const { status, text } = await call(method, `/v1/accounts/${id}`, { body: { firstName: 'x' } })
        expect([status, text], `${method} ${id}`).toEqual([404, GONE])
      }
    }
  })

  it('are deleted', async () => {
    const { status, text, headers } = await call('DELETE', '/v1/accounts/4')
    expect([status, text, headers['content-type']]).toEqual([204, '', undefined])
    expect((await call('DELETE', '/v1/accounts/4')).status).toBe(404)
    expect((await call('GET', '/v1/accounts/4')).status).toBe(404)
    expect((await ok(200, 'GET', '/v1/accounts')).map(({ accountId }: any) => accountId)).toEqual(['1', '2', '3'])
  })
})
