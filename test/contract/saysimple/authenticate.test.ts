import { createHmac, createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  addSigningKey,
  createApiKey,
  revokeApiKey,
  revokeSigningKey,
  type Scope,
} from '../../../src/domains/auth/index.ts'
import {
  BASE,
  clientKeys,
  FORBIDDEN,
  LIST_PATHS,
  MESSAGES,
  METRIC_PATHS,
  OPERATIONS,
  publicPem,
  RESOLVE_PATH,
  saysimpleServer,
  signedToken,
  strangerKeys,
  TOKEN_PATH,
  UNAUTHORIZED,
} from './kit.ts'
import { ADD_MESSAGE, RESOLVE, TOKEN, TOKEN_CLAIMS } from './literals.ts'

const server = await saysimpleServer()
const { acme, other, call, answers, clock, world } = server
const now = () => Math.floor(clock.now().getTime() / 1_000)
const claims = (changes: object = {}) => ({ key: acme.key, iat: now(), exp: now() + 300, ...changes })
const swap = (token: string | null, path = TOKEN_PATH) => call('POST', path, { token })
const AGENTS = `${BASE}/agents`
const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

describe('swapping a signed token', () => {
  it("answers as the documentation's sample does, with the claims of its token", async () => {
    const sample = JSON.parse(TOKEN)
    const { status, json, text } = await swap(signedToken(claims()))
    expect([status, Object.keys(json)]).toEqual([200, Object.keys(sample)])
    const expiresIn = new Date((now() + 300) * 1_000).toISOString()
    expect(text).toBe(JSON.stringify({ tokenType: 'Bearer', accessToken: json.accessToken, expiresIn }))
    const documented = JSON.parse(Buffer.from(TOKEN_CLAIMS, 'base64url').toString())
    const given = payloadOf(json.accessToken)
    for (const [name, value] of Object.entries(documented))
      expect([name, typeof given[name]]).toEqual([name, typeof value])
    expect(given).toMatchObject({ iss: 'say.example.com', apiToken: true, iat: now(), exp: now() + 300 })
    expect(documented.exp - documented.iat).toBe(given.exp - given.iat)
  })

  it('is done at both token URLs, below the prefix, with and without a body, and needs no other credential', async () => {
    for (const path of [TOKEN_PATH, '/v1/auth/authenticate'].flatMap((each) => [
      each,
      `/saysimple${each}`,
      `${each}/`,
    ])) {
      expect((await swap(signedToken(claims()), `${path}?`)).status, path).toBe(200)
    }
    const token = signedToken(claims())
    for (const body of [{ any: 'thing' }, 'not JSON', '']) {
      expect((await call('POST', TOKEN_PATH, { token, body })).status).toBe(200)
    }
    expect(
      (await call('POST', TOKEN_PATH, { token, body: 'x', headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(200)
  })

  it('takes what the client library sends', async () => {
    const sent = claims({ apiToken: true, nbf: now() })
    expect(
      (await call('POST', TOKEN_PATH, { token: signedToken(sent), headers: { 'x-client-ip': '10.0.0.1' } })).status,
    ).toBe(200)
  })

  it('gives every time another five minutes, after which nothing is answered', async () => {
    const token = (await swap(signedToken(claims()))).json.accessToken
    await answers(200, '[]', 'GET', AGENTS, { token })
    clock.advance(299_000)
    await answers(200, '[]', 'GET', AGENTS, { token })
    clock.advance(1_000)
    await answers(401, UNAUTHORIZED, 'GET', AGENTS, { token })
    await answers(200, '[]', 'GET', AGENTS, { token: (await swap(signedToken(claims()))).json.accessToken })
  })

  it('is refused for whatever is wrong with the token', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const unsigned = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`
    const hmac = (secret: string | Buffer) => {
      const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims())}`
      return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
    }
    const missing = ['key', 'iat', 'exp'].map((name) =>
      signedToken(Object.fromEntries(Object.entries(claims()).filter(([each]) => each !== name))),
    )
    const theirs = await createApiKey(world, other.viewer, { name: 'Theirs, with another signing key' })
    await addSigningKey(world, other.viewer, { apiKeyId: theirs.id, publicKey: publicPem(strangerKeys) })
    const hostile: [label: string, token: string | null][] = [
      ['none at all', null],
      ['an API key', acme.key],
      ['an access token', await server.accessToken(acme.key)],
      ['alg none', unsigned],
      ['HS256 with the public key as PEM', hmac(publicPem(clientKeys))],
      [
        'HS256 with the public key as DER',
        hmac(createPublicKey(publicPem(clientKeys)).export({ type: 'spki', format: 'der' })),
      ],
      ['RS384 in the header', signedToken(claims(), clientKeys, { alg: 'RS384' })],
      ['expired', signedToken(claims({ exp: now() - 31 }))],
      ['exp too far ahead', signedToken(claims({ exp: now() + 331 }))],
      ['exp in milliseconds', signedToken(claims({ exp: (now() + 200) * 1_000 }))],
      ['issued in the future', signedToken(claims({ iat: now() + 31 }))],
      ['not valid yet', signedToken(claims({ nbf: now() + 31 }))],
      ...missing.map((token, index): [string, string] => [`without ${['key', 'iat', 'exp'][index]}`, token]),
      ['signed by a stranger', signedToken(claims(), strangerKeys)],
      ["another workspace's key, signed by one's own", signedToken(claims({ key: theirs.key }))],
      ['an unknown key', signedToken(claims({ key: `sk_live_${'x'.repeat(40)}` }))],
      ['a key that is no text', signedToken(claims({ key: 7 }))],
      ['not a token', 'x.y.z'],
    ]
    for (const [label, token] of hostile) {
      for (const path of [TOKEN_PATH, '/saysimple/v1/auth/authenticate']) {
        const { status, text, headers } = await swap(token, path)
        expect([label, status, text, headers['www-authenticate']]).toEqual([label, 401, UNAUTHORIZED, 'Bearer'])
      }
    }
    const basic = { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }
    expect((await call('POST', TOKEN_PATH, { token: null, headers: basic })).text).toBe(UNAUTHORIZED)
  })

  it('may be rotated: two keys at once, and each ends what it signed', async () => {
    const { id, key } = await createApiKey(world, acme.viewer, { name: 'Rotating' })
    const of = (pair: typeof clientKeys) =>
      addSigningKey(world, acme.viewer, { apiKeyId: id, publicKey: publicPem(pair) })
    const old = await of(clientKeys)
    await of(strangerKeys)
    const [first, second] = await Promise.all(
      [clientKeys, strangerKeys].map(async (pair) => (await swap(signedToken(claims({ key }), pair))).json.accessToken),
    )
    for (const token of [first, second]) await answers(200, '[]', 'GET', AGENTS, { token })
    await revokeSigningKey(world, acme.viewer, old.id)
    await answers(401, UNAUTHORIZED, 'GET', AGENTS, { token: first })
    await answers(200, '[]', 'GET', AGENTS, { token: second })
    expect((await swap(signedToken(claims({ key })))).status).toBe(401)
    await revokeApiKey(world, acme.viewer, id)
    await answers(401, UNAUTHORIZED, 'GET', AGENTS, { token: second })
    await answers(401, UNAUTHORIZED, 'GET', AGENTS, { token: key })
  })
})

describe('every other operation', () => {
  const others = OPERATIONS.filter(([, path]) => path !== TOKEN_PATH)
  const bodies: Record<string, unknown> = { [MESSAGES]: JSON.parse(ADD_MESSAGE), [RESOLVE_PATH]: JSON.parse(RESOLVE) }

  it.each(others)('%s %s needs a token that is valid', async (method, path) => {
    const browser = await server.app.graphql(
      'mutation { createBrowserToken(input: {}) { ... on CreateBrowserTokenPayload { token } } }',
      {},
      acme.key,
    )
    const bad = [null, 'x', 'x.y.z', `${acme.key}x`, signedToken(claims()), browser.data!.createBrowserToken.token]
    for (const token of bad) {
      for (const each of [path, `/saysimple${path}`, path.replace(BASE, '/v1')]) {
        const { headers } = await answers(401, UNAUTHORIZED, method, each, { token, body: bodies[path] })
        expect(headers['www-authenticate']).toBe('Bearer')
      }
    }
  })

  it.each<[method: string, path: string, scope: Scope]>(
    others.map(([method, path]) => [method, path, method === 'POST' ? 'messages:write' : 'messages:read']),
  )('%s %s needs %s', async (method, path, scope) => {
    const another = scope === 'messages:read' ? 'messages:write' : 'messages:read'
    await answers(403, FORBIDDEN, method, path, { token: await server.tokenWith(another), body: bodies[path] })
    const { status } = await call(method, path, { token: await server.tokenWith(scope), body: {} })
    expect(status).toBe(method === 'POST' ? 400 : 200)
  })

  it('takes an API key itself, in the form that this entrance has', async () => {
    for (const path of [...LIST_PATHS, ...METRIC_PATHS]) {
      expect((await call('GET', path, { token: acme.key })).status, path).toBe(200)
    }
    const lower = { authorization: `bearer ${acme.key}` }
    expect((await call('GET', AGENTS, { token: null, headers: lower })).status).toBe(200)
    await answers(401, UNAUTHORIZED, 'GET', `${AGENTS}?auth_token=${acme.key}`, { token: null })
    await answers(401, UNAUTHORIZED, 'GET', AGENTS, { token: null, headers: { 'x-access-token': acme.key } })
  })

  it('is not opened elsewhere by an access token', async () => {
    const token = await server.accessToken(acme.key)
    const { status, errors } = await server.app.graphql('{ viewer { credential } }', {}, token)
    expect([status, errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
    const sayify = await fetch(new URL('/api/v1/links/', server.app.localUrl), {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(sayify.status).toBe(401)
  })
})
