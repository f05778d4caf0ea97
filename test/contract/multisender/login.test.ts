import { describe, expect, it } from 'vitest'
import { failure, fitsLiteral, multisenderServer } from './kit.ts'
import * as literals from './literals.ts'

const server = await multisenderServer()
const { call, ok, acme, other } = server
const PASSWORD = 'correct horse battery staple'
await server.user(acme, 'aino@example.com', PASSWORD)
await server.user(other, 'other@example.com', PASSWORD)

const login = (body: unknown, headers = {}) => call('POST', '/v1/login', { token: null, body, headers })

describe('login', () => {
  it('gives a token that opens what is the user’s, at every later login the same', async () => {
    const request = { email: 'aino@example.com', password: PASSWORD }
    fitsLiteral(request, literals.LOGIN_REQUEST)
    const { status, text, json, headers } = await login(request)
    expect([status, text, headers.location]).toEqual([201, `{"authToken":"${json.authToken}"}`, undefined])
    fitsLiteral(json, literals.LOGIN)
    expect((await login({ email: ' AINO@Example.com ', password: PASSWORD })).json).toEqual(json)
    await ok(201, 'POST', '/v1/accounts', { token: json.authToken, body: { firstName: 'Aino' } })
    expect((await ok(200, 'GET', '/v1/accounts')).length).toBe(1)
    const { authToken } = (await login({ email: 'other@example.com', password: PASSWORD })).json
    expect(await ok(200, 'GET', '/v1/accounts', { token: authToken })).toEqual([])
    expect((await call('GET', '/v1/accounts/1', { token: authToken })).status).toBe(404)
  })

  it('takes a form, whatever token is sent along, and answers at every path that it may have had', async () => {
    const form = `email=aino%40example.com&password=${PASSWORD.replaceAll(' ', '+')}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-access-token': 'lt_wrong' }
    for (const name of ['login', 'auth', 'authenticate', 'tokens']) {
      for (const base of ['/v1', '/vi', '', '/multisender/v1', '/multisender']) {
        const { status, json } = await call('POST', `${base}/${name}`, { token: null, body: form, headers })
        expect([status, Object.keys(json)], base + name).toEqual([201, ['authToken']])
      }
    }
  }, 60_000)

  it('says the same of a wrong password and of an unknown address', async () => {
    const WRONG = failure(401, 'The e-mail address is unknown or the password is wrong.')
    for (const email of ['aino@example.com', 'nobody@example.com', '', '\0', 'x'.repeat(1_000)]) {
      const { status, text } = await login({ email, password: 'wrong' })
      expect([status, text], email).toEqual([401, WRONG])
    }
  })

  it('needs both', async () => {
    expect((await login({})).text).toBe(
      failure(400, 'Validation failed', { email: ['email is required'], password: ['password is required'] }),
    )
    const wrong = await login({ email: null, password: 5 })
    expect([wrong.status, wrong.json.errors]).toEqual([
      400,
      { email: ['email must be a string'], password: ['password must be a string'] },
    ])
    expect((await login('{')).status).toBe(400)
    expect((await login('x', { 'content-type': 'text/plain' })).status).toBe(415)
    const get = await call('GET', '/v1/login', { token: null })
    expect([get.status, get.text]).toEqual([
      401,
      failure(401, 'An access token is needed: send it as the header X-Access-Token.'),
    ])
    const known = await call('GET', '/v1/login')
    expect([known.status, known.headers.allow]).toEqual([405, 'POST, OPTIONS'])
  })

  it('is refused after too many failures', async () => {
    const guess = (n: number) =>
      login({ email: `guess-${n}@example.com`, password: 'wrong' }, { 'x-forwarded-for': '203.0.113.9' })
    let last = await guess(0)
    for (let n = 1; n < 40 && last.status === 401; n++) last = await guess(n)
    expect([last.status, Number(last.headers['retry-after']) > 0]).toEqual([429, true])
    expect(last.json).toEqual({
      status: 429,
      message: expect.stringMatching(/^Too many requests\. Try again in \d+ s\.$/),
    })
  }, 60_000)
})
