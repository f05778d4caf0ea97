import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  refusal,
  type TestWorld,
  testWorld,
  until,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createLogger } from '../../platform/logger.ts'
import {
  type AccessTokens,
  accessTokens,
  addSigningKey,
  authenticate,
  type CredentialKind,
  createApiKey,
  exchangeSignedToken,
  getSigningKey,
  listApiKeys,
  listSigningKeys,
  revokeApiKey,
  revokeSigningKey,
  type Scope,
  type Viewer,
} from './index.ts'

const logger = createLogger('silent')
const pair = (bits = 2_048) => generateKeyPairSync('rsa', { modulusLength: bits })
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const [first, second, stranger] = [pair(), pair(), pair()]

let kit: TestWorld
let tokens: AccessTokens
beforeAll(async () => {
  kit = await testWorld()
  tokens = accessTokens(kit.world, new Uint8Array(32).fill(3), 'say.example.com')
})

const enter = (credential: string, accepts: readonly CredentialKind[] = ['apiKey', 'accessToken']) =>
  authenticate({ world: kit.world, tokens: kit.tokens, accessTokens: tokens, logger }, credential, accepts)
const exchange = (jwt: string) => exchangeSignedToken({ world: kit.world, accessTokens: tokens, logger }, jwt)
const add = (apiKeyId: string, publicKey: string, name?: string, viewer = kit.viewer) =>
  addSigningKey(kit.world, viewer, { apiKeyId, publicKey, ...(name === undefined ? {} : { name }) })
const withScopes = (...scopes: Scope[]): Viewer => ({ ...kit.viewer, scopes: new Set(scopes) })
const now = () => Math.floor(kit.clock.now().getTime() / 1000)

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A JWT as a client makes it, by nothing but what Node has. */
function signed(claims: object, key = first.privateKey, header: object = { alg: 'RS256', typ: 'JWT' }): string {
  const content = `${part(header)}.${part(claims)}`
  return `${content}.${sign('RSA-SHA256', Buffer.from(content), key).toString('base64url')}`
}
const claims = (key: string, changes: object = {}) => ({ key, iat: now(), exp: now() + 300, ...changes })

/** An API key with the first public key. */
async function holder(scopes: Scope[] = ['messages:read', 'messages:write']) {
  const { id, key } = await createApiKey(kit.world, kit.viewer, { name: 'Key', scopes })
  return { id, key, signingKey: await add(id, spki(first.publicKey)) }
}

describe('a signing key', () => {
  test('is added to an API key, listed, and revoked, each with its event', async () => {
    const { id } = await createApiKey(kit.world, kit.viewer, { name: 'Key' })
    const before = await headOf(kit.world, kit.workspaceId)
    const added = await add(id, spki(first.publicKey), ' Laptop ')
    const other = await add(id, spki(second.publicKey))
    const der = first.publicKey.export({ type: 'spki', format: 'der' })
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', der)).toString('hex')
    expect(added).toEqual({ id: added.id, apiKeyId: id, name: 'Laptop', fingerprint: hash, createdAt: kit.clock.now() })
    expect(await listSigningKeys(kit.world, kit.viewer, id)).toEqual([other, added])
    expect(await getSigningKey(kit.world, kit.viewer, added.id)).toEqual(added)
    await revokeSigningKey(kit.world, kit.viewer, added.id)
    expect(await listSigningKeys(kit.world, kit.viewer, id)).toEqual([other])
    expect(await codeOf(revokeSigningKey(kit.world, kit.viewer, added.id))).toBe('NOT_FOUND')
    expect(await codeOf(getSigningKey(kit.world, kit.viewer, added.id))).toBe('NOT_FOUND')
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'signingKey.added', { apiKeyId: id, signingKeyId: added.id }],
      [before + 2, 'signingKey.added', { apiKeyId: id, signingKeyId: other.id }],
      [before + 3, 'signingKey.revoked', { apiKeyId: id, signingKeyId: added.id }],
    ])
    // One that was revoked may come back.
    await add(id, spki(first.publicKey))
  })

  test('is read in both forms, with whatever white space', async () => {
    const { id } = await createApiKey(kit.world, kit.viewer, { name: 'Key' })
    const pkcs1 = first.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()
    const { fingerprint } = await add(id, `\n${pkcs1.replaceAll('\n', '\r\n')}\n\n`)
    expect(await brokenRules(add(id, spki(first.publicKey)))).toEqual(['publicKey duplicate'])
    const { id: another } = await createApiKey(kit.world, kit.viewer, { name: 'Key' })
    expect((await add(another, spki(first.publicKey))).fingerprint).toBe(fingerprint)
  })

  test.each<[rule: string, text: () => string]>([
    ['private_key', () => first.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['private_key', () => first.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    [
      'private_key',
      () =>
        first.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
    ['private_key', () => spki(first.publicKey) + first.privateKey.export({ type: 'pkcs8', format: 'pem' })],
    ['certificate', () => '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['key_size', () => spki(pair(1_024).publicKey)],
    ['not_rsa', () => spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
    ['not_rsa', () => spki(generateKeyPairSync('ed25519').publicKey)],
    ['not_rsa', () => spki(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).publicKey)],
    [
      'exponent',
      () => spki(createPublicKey({ key: { ...first.publicKey.export({ format: 'jwk' }), e: 'AQ' }, format: 'jwk' })),
    ],
    ['pem', () => ''],
    ['pem', () => 'ssh-rsa AAAAB3NzaC1yc2E me@example.com'],
    ['pem', () => `${spki(first.publicKey)}${spki(second.publicKey)}`],
    ['pem', () => `${spki(first.publicKey)}and more`],
    ['pem', () => '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----'],
    ['too_long', () => 'x'.repeat(10_001)],
  ])('is refused as %s', async (rule, text) => {
    const { id } = await createApiKey(kit.world, kit.viewer, { name: 'Key' })
    const before = await headOf(kit.world, kit.workspaceId)
    expect(await brokenRules(add(id, text()))).toEqual([`publicKey ${rule}`])
    expect(await headOf(kit.world, kit.workspaceId)).toBe(before)
  })

  test('that is private is told to be made anew', async () => {
    const pem = first.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const { message } = await refusal(add(kit.viewer.apiKeyId, pem))
    expect(message).toContain('make a new pair')
    expect(message).not.toContain(pem.slice(40, 80))
  })

  test('needs scopes, and an API key of the workspace that is not revoked', async () => {
    const pem = spki(first.publicKey)
    const { id } = await createApiKey(kit.world, kit.viewer, { name: 'Key' })
    const { id: signingKeyId } = await add(id, pem)
    const reader = withScopes('tokens:read')
    expect(await codeOf(add(id, spki(second.publicKey), 'x', reader))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(revokeSigningKey(kit.world, reader, signingKeyId))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(listSigningKeys(kit.world, withScopes('tokens:write')))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(getSigningKey(kit.world, withScopes('messages:write'), signingKeyId))).toBe(
      'INSUFFICIENT_SCOPE',
    )
    expect((await getSigningKey(kit.world, withScopes('tokens:write'), signingKeyId)).id).toBe(signingKeyId)
    for (const other of [id, randomUUID(), 'x']) {
      expect(await codeOf(add(other, spki(second.publicKey), 'x', kit.otherViewer))).toBe('NOT_FOUND')
    }
    expect(await codeOf(revokeSigningKey(kit.world, kit.otherViewer, signingKeyId))).toBe('NOT_FOUND')
    expect(await codeOf(getSigningKey(kit.world, kit.otherViewer, signingKeyId))).toBe('NOT_FOUND')
    expect(await listSigningKeys(kit.world, kit.otherViewer)).toEqual([])
    expect(await listSigningKeys(kit.world, kit.otherViewer, id)).toEqual([])
    expect(await listSigningKeys(kit.world, kit.viewer, 'x')).toEqual([])
    await revokeApiKey(kit.world, kit.viewer, id)
    expect(await codeOf(add(id, spki(second.publicKey)))).toBe('NOT_FOUND')
    expect(await listSigningKeys(kit.world, kit.viewer, id)).toEqual([])
  })

  test('is one of ten at most', async () => {
    const { id } = await createApiKey(kit.world, kit.viewer, { name: 'Key' })
    await kit.db.query(sql`
      INSERT INTO signing_key (id, workspace_id, api_key_id, public_key, fingerprint, created_at)
      SELECT gen_random_uuid(), ${kit.workspaceId}::uuid, ${id}::uuid, 'x', 'f' || n, ${kit.clock.now()}::timestamptz
      FROM generate_series(1, 9) n`)
    await add(id, spki(first.publicKey))
    expect(await brokenRules(add(id, spki(second.publicKey)))).toEqual(['apiKeyId too_many'])
  })
})

describe('a signed token', () => {
  test('gives an access token with the documented claims, which enters as its API key for five minutes', async () => {
    const { id, key } = await holder(['messages:read'])
    const { token, expiresAt } = await exchange(signed(claims(key, { apiToken: true, nbf: now(), more: { a: 1 } })))
    expect(expiresAt).toEqual(new Date((now() + 300) * 1000))
    const payload = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
    expect(payload).toMatchObject({ iss: 'say.example.com', apiToken: true, iat: now(), exp: now() + 300 })
    for (const number of [payload.cid, payload.sub]) expect(Number.isSafeInteger(number) && number > 0).toBe(true)
    expect(token).not.toContain(Buffer.from(key).toString('base64url').slice(0, 20))
    const { viewer, clock } = kit
    expect(await enter(token)).toEqual({
      workspaceId: kit.workspaceId,
      workspaceSlug: viewer.workspaceSlug,
      apiKeyId: id,
      credential: 'accessToken',
      scopes: new Set(['messages:read']),
      expiresAt,
    })
    clock.advance(299_999)
    expect((await enter(token)).apiKeyId).toBe(id)
    clock.advance(1)
    expect(await codeOf(enter(token))).toBe('UNAUTHENTICATED')
    clock.advance(-300_000)
  })

  test('is noted as a use of its API key, also of one that nobody accepts', async () => {
    const { id, key } = await holder()
    const lastUse = async () => (await listApiKeys(kit.world, kit.viewer)).find((each) => each.id === id)!.lastUsedAt
    await codeOf(exchange(signed(claims(key), stranger.privateKey)))
    expect(await lastUse()).toBeNull()
    await exchange(signed(claims(key)))
    await until(async () => (await lastUse()) !== null, 'the use is noted')
  })

  test('may be signed by any of several keys, until that one is revoked', async () => {
    const { id, key, signingKey } = await holder()
    const { id: secondId } = await add(id, spki(second.publicKey))
    const [old, fresh] = [await exchange(signed(claims(key))), await exchange(signed(claims(key), second.privateKey))]
    await revokeSigningKey(kit.world, kit.viewer, signingKey.id)
    expect(await codeOf(enter(old.token))).toBe('UNAUTHENTICATED')
    expect(await codeOf(exchange(signed(claims(key))))).toBe('UNAUTHENTICATED')
    expect((await enter(fresh.token)).apiKeyId).toBe(id)
    await revokeSigningKey(kit.world, kit.viewer, secondId)
    expect(await codeOf(enter(fresh.token))).toBe('UNAUTHENTICATED')
  })

  test('ends with its API key', async () => {
    const { id, key } = await holder()
    const { token } = await exchange(signed(claims(key)))
    await revokeApiKey(kit.world, kit.viewer, id)
    expect(await codeOf(enter(token))).toBe('UNAUTHENTICATED')
    expect(await codeOf(exchange(signed(claims(key))))).toBe('UNAUTHENTICATED')
    const expiresAt = new Date(kit.clock.now().getTime() + 60_000)
    const brief = await createApiKey(kit.world, kit.viewer, { name: 'Brief', expiresAt })
    await add(brief.id, spki(first.publicKey))
    const issued = await exchange(signed(claims(brief.key)))
    kit.clock.advance(60_000)
    expect(await codeOf(enter(issued.token))).toBe('UNAUTHENTICATED')
    expect(await codeOf(exchange(signed(claims(brief.key))))).toBe('UNAUTHENTICATED')
    kit.clock.advance(-60_000)
  })

  test('is judged by clocks that may differ by half a minute', async () => {
    const { key } = await holder()
    const ok = async (changes: object) => {
      const jwt = signed(claims(key, changes))
      return exchange(jwt).then(
        () => true,
        ({ code }) => code,
      )
    }
    expect(await ok({ exp: now() + 330 })).toBe(true)
    expect(await ok({ exp: now() + 331 })).toBe('UNAUTHENTICATED')
    expect(await ok({ exp: now() - 29 })).toBe(true)
    expect(await ok({ exp: now() - 30 })).toBe('UNAUTHENTICATED')
    expect(await ok({ iat: now() + 30 })).toBe(true)
    expect(await ok({ iat: now() + 31 })).toBe('UNAUTHENTICATED')
    expect(await ok({ iat: now() - 86_400 })).toBe(true)
    expect(await ok({ nbf: now() + 30 })).toBe(true)
    expect(await ok({ nbf: now() + 31 })).toBe('UNAUTHENTICATED')
  })

  test('is refused, with the same words, whatever is wrong with it', async () => {
    const { id, key } = await holder()
    const unsigned = (header: object) => `${part(header)}.${part(claims(key))}.`
    const hmac = (secret: string | Buffer) => {
      const content = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims(key))}`
      return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
    }
    const tampered = signed(claims(key))
      .split('.')
      .with(1, part(claims(key, { exp: now() + 299 })))
      .join('.')
    const without = (...names: string[]) =>
      signed(Object.fromEntries(Object.entries(claims(key)).filter(([name]) => !names.includes(name))))
    const { key: keyless } = await createApiKey(kit.world, kit.viewer, { name: 'Without a signing key' })
    const theirs = await createApiKey(kit.world, kit.otherViewer, { name: 'Theirs' })
    const issued = (await exchange(signed(claims(key)))).token
    const hostile = [
      ...['', 'x', 'a.b.c', '..', key, issued, `${part([])}.${part([])}.`, `${part({})}.${part({})}.x`],
      unsigned({ alg: 'none' }),
      unsigned({ alg: 'RS256' }),
      hmac(spki(first.publicKey)),
      hmac(first.publicKey.export({ type: 'spki', format: 'der' })),
      signed(claims(key), first.privateKey, { alg: 'RS512' }),
      signed(claims(key), first.privateKey, { alg: 'PS256' }),
      signed(claims(key), first.privateKey, { alg: 'RS256', crit: ['exp'] }),
      signed(claims(key), first.privateKey, { alg: 'RS256', b64: false, crit: ['b64'] }),
      // A key that comes with the token is nobody's.
      signed(claims(key), stranger.privateKey, { alg: 'RS256', jwk: stranger.publicKey.export({ format: 'jwk' }) }),
      signed(claims(key), stranger.privateKey),
      tampered,
      ...[without('iat'), without('exp'), without('key'), without('iat', 'exp')],
      ...[{ key: 7 }, { key: null }, { key: [key] }, { key: `${key} ` }, { key: 'sk_live_nobody' }].map((each) =>
        signed(claims(key, each)),
      ),
      ...[{ exp: String(now() + 100) }, { iat: String(now()) }, { exp: null }, { exp: 1e300 }, { iat: null }].map(
        (each) => signed(claims(key, each)),
      ),
      signed(claims(key, { exp: (now() + 100) * 1000 })),
      signed(claims(keyless)),
      // Whoever knows a key of another workspace has not its signature.
      signed(claims(theirs.key)),
      signed(claims(id)),
    ]
    const told = new Set<string>()
    for (const jwt of hostile) told.add(JSON.stringify(await refusal(exchange(jwt))))
    expect([...told].map((each) => JSON.parse(each).code)).toEqual(['UNAUTHENTICATED'])
  })
})

describe('an access token', () => {
  test('opens nothing where it is not asked for, and nothing else is one', async () => {
    const { key } = await holder()
    const { token } = await exchange(signed(claims(key)))
    expect(await codeOf(enter(token, ['apiKey', 'browserToken']))).toBe('UNAUTHENTICATED')
    expect(await codeOf(authenticate({ world: kit.world, tokens: kit.tokens, logger }, token, ['accessToken']))).toBe(
      'UNAUTHENTICATED',
    )
    const browser = await kit.tokens.issue(await enter(key), {})
    expect(await codeOf(enter(browser.token))).toBe('UNAUTHENTICATED')
    expect(await codeOf(kit.tokens.issue(await enter(token), {}))).toBe('VALIDATION_FAILED')
    const forged = accessTokens(kit.world, new Uint8Array(32).fill(4), 'say.example.com')
    const { id, signingKey } = await holder()
    const facts = { workspaceId: kit.workspaceId, apiKeyId: id, signingKeyId: signingKey.id }
    expect(await codeOf(enter((await forged.issue(facts)).token))).toBe('UNAUTHENTICATED')
    expect((await enter((await tokens.issue(facts)).token)).apiKeyId).toBe(id)
    // A signing key of another API key.
    const mixed = await tokens.issue({ ...facts, apiKeyId: kit.viewer.apiKeyId })
    expect(await codeOf(enter(mixed.token))).toBe('UNAUTHENTICATED')
  })
})
