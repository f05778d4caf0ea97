import fc from 'fast-check'
import { SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { testDatabase } from '../../../test/kit/database.ts'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  refusal,
  type TestWorld,
  testWorld,
  until,
  worldOn,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createLogger } from '../../platform/logger.ts'
import { browserTokens } from './browser-token.ts'
import {
  authenticate,
  createApiKey,
  createWorkspace,
  ensureFirstWorkspace,
  firstWorkspace,
  revokeApiKey,
  SCOPES,
  type Scope,
  updateApiKey,
  type Viewer,
  workspaceBySlug,
} from './index.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
})

const logger = createLogger('silent')
const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const INVALID = { code: 'UNAUTHENTICATED', message: 'Invalid API key.', path: [], details: {} }
const enter = (credential: string) => authenticate({ world: kit.world, tokens: kit.tokens, logger }, credential)
const make = (input: object = {}, viewer = kit.viewer) => createApiKey(kit.world, viewer, { name: 'Key', ...input })
const withScopes = (...scopes: Scope[]): Viewer => ({ ...kit.viewer, scopes: new Set(scopes) })

describe('a key', () => {
  test('opens its workspace with its scopes', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    const { id, key } = await make({ name: ' Reporting ', scopes: ['links:read', 'responses:read', 'links:read'] })
    expect(key).toMatch(/^sk_live_[A-Za-z0-9]{40}$/)
    expect(await enter(key)).toEqual({
      workspaceId: kit.workspaceId,
      workspaceSlug: 'acme',
      apiKeyId: id,
      credential: 'apiKey',
      scopes: new Set(['links:read', 'responses:read']),
      expiresAt: null,
    })
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'apiKey.created', { apiKeyId: id }],
    ])
  })

  test('is stored so that it can be recognised but not used', async () => {
    const { id, key } = await make()
    const [row] = await kit.db.query<{ text: string; prefix: string; suffix: string }>(
      sql`SELECT api_key::text AS text, prefix, suffix FROM api_key WHERE id = ${id}::uuid`,
    )
    expect([row?.prefix, row?.suffix]).toEqual([key.slice(0, 12), key.slice(-4)])
    expect(row?.text).not.toContain(key.slice(12, -4))
  })

  test('has all that its maker has unless told otherwise, and never more', async () => {
    const maker = withScopes('tokens:write', 'links:read')
    const { key } = await make({}, maker)
    expect((await enter(key)).scopes).toEqual(new Set(['tokens:write', 'links:read']))
    expect(await refusal(make({ scopes: ['links:read', 'links:write'] }, maker))).toEqual({
      code: 'VALIDATION_FAILED',
      message: 'scopes.1: your own key lacks links:write, so it cannot be given',
      path: ['scopes', 1],
      details: { rule: 'not_yours' },
    })
  })

  test.each<[object, string[]]>([
    [{ name: '' }, ['name too_short']],
    [{ name: 'x'.repeat(201) }, ['name too_long']],
    [{ name: 'a\0' }, ['name unstorable_character']],
    [{ scopes: [] }, ['scopes too_short']],
    [{ scopes: ['links:read', 'everything'] }, ['scopes.1 unknown_option']],
    [{ expiresAt: new Date('2020-01-01') }, ['expiresAt in_the_past']],
    [{ expiresAt: new Date(Number.NaN) }, ['expiresAt type']],
    [{ expiresAt: '2030-01-01' }, ['expiresAt type']],
  ])('%j is refused', async (input, rules) => {
    expect(await brokenRules(make(input))).toEqual(rules)
  })

  test('ends when its time has come, by the clock', async () => {
    const expiresAt = new Date(kit.clock.now().getTime() + 1_000)
    const { key } = await make({ expiresAt })
    kit.clock.advance(999)
    expect((await enter(key)).expiresAt).toEqual(expiresAt)
    kit.clock.advance(1)
    expect(await refusal(enter(key))).toEqual(INVALID)
  })

  test('never outlives the key that made it', async () => {
    const mine = new Date(kit.clock.now().getTime() + 60_000)
    const viewer: Viewer = { ...kit.viewer, expiresAt: mine }
    const { key } = await make({}, viewer)
    expect((await enter(key)).expiresAt).toEqual(mine)
    for (const expiresAt of [null, new Date(mine.getTime() + 1)]) {
      expect(await brokenRules(make({ expiresAt }, viewer))).toEqual(['expiresAt too_large'])
    }
    const earlier = new Date(mine.getTime() - 1)
    expect((await enter((await make({ expiresAt: earlier }, viewer)).key)).expiresAt).toEqual(earlier)
  })

  test('ends at once when it is revoked, and can be revoked once', async () => {
    const { id, key } = await make()
    await enter(key)
    const before = await headOf(kit.world, kit.workspaceId)
    await revokeApiKey(kit.world, kit.viewer, id)
    expect(await refusal(enter(key))).toEqual(INVALID)
    const missing = {
      code: 'NOT_FOUND',
      message: 'No API key with this id exists in your workspace.',
      path: ['id'],
      details: {},
    }
    const { id: theirs } = await createApiKey(kit.world, kit.otherViewer, { name: 'Theirs' })
    for (const wrong of [id, UNKNOWN, theirs, 'x', '\0']) {
      expect(await refusal(revokeApiKey(kit.world, kit.viewer, wrong))).toEqual(missing)
    }
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'apiKey.revoked', { apiKeyId: id }],
    ])
  })

  test('has a limit of requests per hour of its own, or the server’s', async () => {
    const { id, key } = await make()
    expect((await enter(key)).requestsPerHour).toBeUndefined()
    expect((await enter((await make({ requestsPerHour: 500 })).key)).requestsPerHour).toBe(500)
    const before = await headOf(kit.world, kit.workspaceId)
    const change = (requestsPerHour: number | null | undefined, which = id, viewer = kit.viewer) =>
      updateApiKey(kit.world, viewer, which, { requestsPerHour })
    for (const [sent, held] of [
      [1_000_000, 1_000_000],
      [undefined, 1_000_000],
      [1_000_000, 1_000_000],
      [0, 0],
      [null, undefined],
    ] as const) {
      await change(sent)
      expect((await enter(key)).requestsPerHour).toBe(held)
    }
    const updated = ['apiKey.updated', { apiKeyId: id }]
    expect((await eventsAfter(kit.world, kit.workspaceId, before)).map(([, ...event]) => event)).toEqual([
      updated,
      updated,
      updated,
    ])
    expect(await brokenRules(change(-1))).toEqual(['requestsPerHour too_small'])
    expect(await brokenRules(change(1_000_001))).toEqual(['requestsPerHour too_large'])
    expect(await brokenRules(change(1.5))).toEqual(['requestsPerHour type'])
    expect(await brokenRules(make({ requestsPerHour: -1 }))).toEqual(['requestsPerHour too_small'])
    const { id: theirs } = await createApiKey(kit.world, kit.otherViewer, { name: 'Theirs' })
    for (const wrong of [theirs, UNKNOWN, 'x', '\0']) expect(await codeOf(change(1, wrong))).toBe('NOT_FOUND')
    await revokeApiKey(kit.world, kit.viewer, id)
    expect(await codeOf(change(1))).toBe('NOT_FOUND')
    expect(await codeOf(change(1, id, withScopes('tokens:read')))).toBe('INSUFFICIENT_SCOPE')
  })

  test('may revoke itself', async () => {
    const { id, key } = await make()
    await revokeApiKey(kit.world, await enter(key), id)
    expect(await refusal(enter(key))).toEqual(INVALID)
  })

  test.each(['sk_live_', `sk_live_${'a'.repeat(40)}`, '', ' ', 'a.b.c', 'Bearer x', '\0', 'sk_live_\ud800'])(
    '%j opens nothing, in the same words',
    async (credential) => {
      expect(await refusal(enter(credential))).toEqual(INVALID)
    },
  )

  test('has to be presented letter by letter', async () => {
    const { key } = await make()
    for (const wrong of [`${key} `, ` ${key}`, key.slice(0, -1), key.toLowerCase(), `${key}\n`]) {
      expect(await refusal(enter(wrong))).toEqual(INVALID)
    }
  })

  test('needs tokens:write to be made or revoked', async () => {
    const weak = withScopes(...SCOPES.filter((scope) => scope !== 'tokens:write'))
    const missing = {
      code: 'INSUFFICIENT_SCOPE',
      message: 'API key missing scope: tokens:write.',
      path: [],
      details: { scope: 'tokens:write' },
    }
    expect(await refusal(make({ name: '' }, weak))).toEqual(missing)
    expect(await refusal(revokeApiKey(kit.world, weak, 'x'))).toEqual(missing)
  })

  test('remembers its last use to the minute, and never goes back', async () => {
    const { id, key } = await make()
    const lastUse = async () => {
      const [row] = await kit.db.query<{ at: Date | null }>(
        sql`SELECT last_used_at AS at FROM api_key WHERE id = ${id}::uuid`,
      )
      return row!.at
    }
    const expectUse = (at: Date) =>
      until(async () => (await lastUse())?.getTime() === at.getTime(), `use at ${at.toISOString()}`)
    expect(await lastUse()).toBeNull()
    const first = kit.clock.now()
    await enter(key)
    await expectUse(first)
    kit.clock.advance(60_000)
    await enter(key)
    expect(await lastUse()).toEqual(first)
    kit.clock.advance(1)
    await enter(key)
    const second = kit.clock.now()
    await expectUse(second)
    kit.clock.advance(-3_600_000)
    await enter(key)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await lastUse()).toEqual(second)
    kit.clock.advance(3_600_000)
  })
})

describe('a browser token', () => {
  const secret = new Uint8Array(32).fill(7) // the kit's
  const issue = async (input: object = {}, viewer = kit.viewer) => kit.tokens.issue(viewer, input)
  const signed = (
    claims: object,
    { audience = 'saygraph:browser', subject = kit.viewer.apiKeyId, key = secret, seconds = 600 } = {},
  ) => {
    const now = Math.floor(kit.clock.now().getTime() / 1000)
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(subject)
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(key)
  }

  test('opens what its key opens, but for what would outlive it, for a quarter of an hour', async () => {
    kit.clock.set('2026-11-22T12:00:00Z')
    const { token, expiresAt, scopes } = await issue()
    expect(expiresAt).toEqual(new Date('2026-11-22T12:15:00Z'))
    expect(scopes).toEqual(SCOPES.filter((scope) => !/^(tokens:|webhooks:write|users:write|subusers:)/.test(scope)))
    const viewer = await enter(token)
    expect(viewer).toEqual({ ...kit.viewer, credential: 'browserToken', scopes: new Set(scopes), expiresAt })
    kit.clock.advance(899_999)
    await enter(token)
    kit.clock.advance(1)
    expect(await refusal(enter(token))).toEqual(INVALID)
  })

  test('has fewer scopes and another life when asked for', async () => {
    const { token, expiresAt, scopes } = await issue({ scopes: ['links:read'], expiresIn: 60 })
    expect([scopes, expiresAt.getTime() - kit.clock.now().getTime()]).toEqual([['links:read'], 60_000])
    expect((await enter(token)).scopes).toEqual(new Set(['links:read']))
  })

  test.each<[object, string[]]>([
    [{ scopes: [] }, ['scopes too_short']],
    [{ scopes: ['x'] }, ['scopes.0 unknown_option']],
    [{ scopes: ['links:read', 'tokens:write'] }, ['scopes.1 not_yours']],
    [{ scopes: ['tokens:read'] }, ['scopes.0 not_yours']],
    [{ expiresIn: 59 }, ['expiresIn too_small']],
    [{ expiresIn: 3_601 }, ['expiresIn too_large']],
    [{ expiresIn: 60.5 }, ['expiresIn type']],
  ])('%j is refused', async (input, rules) => {
    expect(await brokenRules(issue(input))).toEqual(rules)
  })

  test('cannot have what its key lacks, nor be exchanged for another, nor make a key', async () => {
    const poor = withScopes('links:read')
    expect(await brokenRules(issue({ scopes: ['links:write'] }, poor))).toEqual(['scopes.0 not_yours'])
    const page = await enter((await issue()).token)
    expect(await brokenRules(issue({}, page))).toEqual([' needs_api_key'])
    expect(await codeOf(make({}, page))).toBe('INSUFFICIENT_SCOPE')
  })

  test('ends with its key: revoked or expired', async () => {
    const { id, key } = await make({ expiresAt: new Date(kit.clock.now().getTime() + 120_500) })
    const { token, expiresAt } = await issue({ expiresIn: 3_600 }, await enter(key))
    expect(expiresAt.getTime()).toBeLessThanOrEqual(kit.clock.now().getTime() + 120_500)
    await enter(token)
    await revokeApiKey(kit.world, kit.viewer, id)
    expect(await refusal(enter(token))).toEqual(INVALID)
    const brief = await make({ expiresAt: new Date(kit.clock.now().getTime() + 120_000) })
    const second = await issue({}, await enter(brief.key))
    kit.clock.advance(120_000)
    expect(await refusal(enter(second.token))).toEqual(INVALID)
  })

  test('loses what its key no longer has', async () => {
    const { id, key } = await make({ scopes: ['links:read', 'links:write'] })
    const { token } = await issue({}, await enter(key))
    await kit.db.query(sql`UPDATE api_key SET scopes = ${['links:read', 'nonsense']}::text[] WHERE id = ${id}::uuid`)
    expect((await enter(token)).scopes).toEqual(new Set(['links:read']))
  })

  test('is refused when anything about it is not ours', async () => {
    const genuine = await signed({ scopes: ['links:read'] })
    expect((await enter(genuine)).scopes).toEqual(new Set(['links:read'])) // the forgeries below differ in one thing each
    const now = Math.floor(kit.clock.now().getTime() / 1000)
    const claims = {
      sub: kit.viewer.apiKeyId,
      aud: 'saygraph:browser',
      iat: now,
      exp: now + 600,
      scopes: ['links:read'],
    }
    const hs512 = await new SignJWT(claims).setProtectedHeader({ alg: 'HS512' }).sign(new Uint8Array(64).fill(7))
    const [header, payload, signature] = genuine.split('.') as [string, string, string]
    const more = Buffer.from(JSON.stringify({ ...claims, scopes: [...SCOPES] })).toString('base64url')
    const forgeries = {
      'another secret': await signed({ scopes: ['links:read'] }, { key: new Uint8Array(32).fill(8) }),
      'another audience': await signed({ scopes: ['links:read'] }, { audience: 'saygraph:media' }),
      'an unknown key': await signed({ scopes: ['links:read'] }, { subject: UNKNOWN }),
      'no key': await signed({ scopes: ['links:read'] }, { subject: 'x' }),
      'an end in the past': await signed({ scopes: ['links:read'] }, { seconds: -1 }),
      'no signature': new UnsecuredJWT(claims).encode(),
      'an algorithm of its own': hs512,
      'a changed payload': [header, more, signature].join('.'),
      'a changed signature': [header, payload, (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1)].join('.'),
      'an emptied signature': `${header}.${payload}.`,
      'no end': await new SignJWT({ scopes: ['links:read'] })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(kit.viewer.apiKeyId)
        .setAudience('saygraph:browser')
        .sign(secret),
    }
    for (const [what, token] of Object.entries(forgeries)) {
      expect([what, await refusal(enter(token))]).toEqual([what, INVALID])
    }
  })

  test('without scopes that are known opens nothing but the door', async () => {
    expect((await enter(await signed({ scopes: ['root', 7] }))).scopes).toEqual(new Set())
    expect((await enter(await signed({ scopes: 'links:read' }))).scopes).toEqual(new Set())
  })

  test('nothing that anyone sends breaks the check', async () => {
    const tokens = browserTokens(kit.world, secret)
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        expect(await tokens.verify(parts.join('.'))).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
})

describe('workspaces', () => {
  test('have a log that begins with their first key, and are found by their slug', async () => {
    const { workspaceId, slug, key } = await createWorkspace(kit.world, {
      slug: 'third',
      name: 'Third',
      key: 'sk_live_chosen-by-the-operator',
    })
    expect([slug, key]).toEqual(['third', 'sk_live_chosen-by-the-operator'])
    const viewer = await enter(key)
    expect(viewer).toMatchObject({ workspaceId, workspaceSlug: 'third', scopes: new Set(SCOPES) })
    expect(await eventsAfter(kit.world, workspaceId, 0)).toEqual([[1, 'apiKey.created', { apiKeyId: viewer.apiKeyId }]])
    expect(await workspaceBySlug(kit.world, 'third')).toEqual({ id: workspaceId, slug: 'third', name: 'Third' })
    for (const slug of ['Third', '', '\0', '\ud800']) expect(await workspaceBySlug(kit.world, slug)).toBeUndefined()
  })

  test.each<[object, string[]]>([
    [{ slug: 'A' }, ['slug regex']],
    [{ slug: '-a' }, ['slug regex']],
    [{ slug: 'x'.repeat(64) }, ['slug regex']],
    [{ name: ' ' }, ['name too_short']],
    [{ key: 'sk_live_short' }, ['key too_short']],
    [{ key: 'another-prefix-than-ours' }, ['key starts_with']],
  ])('%j is refused', async (input, rules) => {
    expect(await brokenRules(createWorkspace(kit.world, { slug: 'fine', name: 'Fine', ...input }))).toEqual(rules)
    expect(await workspaceBySlug(kit.world, 'fine')).toBeUndefined()
  })

  test('servers that start together make one between them', async () => {
    const db = await testDatabase({ poolSize: 8 })
    const worlds = Array.from({ length: 5 }, () => worldOn(db))
    const made = await Promise.all(worlds.map((world) => ensureFirstWorkspace(world, { slug: 'main', name: 'Main' })))
    const [only, ...rest] = made.filter((workspace) => workspace !== undefined)
    expect(rest).toEqual([])
    expect(await firstWorkspace(worlds[0]!)).toEqual({ id: only!.workspaceId, slug: 'main', name: 'Main' })
    expect(await db.query(sql`SELECT count(*)::int AS keys FROM api_key`)).toEqual([{ keys: 1 }])
    expect(await ensureFirstWorkspace(worlds[1]!, { slug: 'again', name: 'Again' })).toBeUndefined()
    const tokens = browserTokens(worlds[0]!, new Uint8Array(32))
    expect((await authenticate({ world: worlds[0]!, tokens, logger }, only!.key)).workspaceId).toBe(only!.workspaceId)
  })
})
