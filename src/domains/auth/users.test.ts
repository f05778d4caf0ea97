import { beforeAll, describe, expect, test } from 'vitest'
import { race } from '../../../test/kit/race.ts'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  refusal,
  type TestWorld,
  testWorld,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createLogger } from '../../platform/logger.ts'
import { createRateLimiter, type RateLimiter } from '../../platform/rate-limiter.ts'
import {
  authenticate,
  type CredentialKind,
  changePassword,
  createUser,
  deactivateUser,
  login,
  rotateUserToken,
  SCOPES,
  type Scope,
  signIn,
  updateUser,
  type Viewer,
} from './index.ts'
import { write } from './password-hash.ts'

let kit: TestWorld
let deps: { world: TestWorld['world']; limiter: RateLimiter }
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
  deps = { world: kit.world, limiter: createRateLimiter() }
})

const logger = createLogger('silent')
const GOOD = 'correct horse battery'
const BETTER = 'another horse battery'
const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const INVALID = { code: 'UNAUTHENTICATED', message: 'Invalid API key.', path: [], details: {} }
const WRONG = {
  code: 'WRONG_PASSWORD',
  message: 'The e-mail address is unknown or the password is wrong.',
  path: [],
  details: {},
}
const LEGACY: CredentialKind[] = ['apiKey', 'legacyToken']
const enter = (credential: string, accepts?: readonly CredentialKind[]) =>
  authenticate({ world: kit.world, tokens: kit.tokens, logger }, credential, accepts)

let count = 0
async function user(input: object = {}, viewer = kit.viewer) {
  const email = `user${++count}@example.com`
  const { id } = await createUser(kit.world, viewer, { email, password: GOOD, ...input })
  return { id, email, ...input } as { id: string; email: string }
}
const enters = (email: string, password = GOOD, address?: string) => login(deps, { email, password, address })
const signs = (email: string, password = GOOD) =>
  signIn({ ...deps, tokens: kit.tokens }, { email, password, address: undefined })
const withScopes = (...scopes: Scope[]): Viewer => ({ ...kit.viewer, scopes: new Set(scopes) })
const head = () => headOf(kit.world, kit.workspaceId)
const happened = async (after: number) =>
  (await eventsAfter(kit.world, kit.workspaceId, after)).map(([, ...rest]) => rest)

describe('a user', () => {
  test('has what was given, and an event that names no person', async () => {
    const before = await head()
    const { id } = await user({
      ...{ email: ' Ann@Example.com', username: ' ann ', firstName: 'Ann', lastName: 'Smith', company: 'Acme' },
      ...{ phone: '040 123', scopes: ['links:read', 'links:read'] },
    })
    const [row] = await kit.db.query(sql`SELECT * FROM workspace_user WHERE id = ${id}::uuid`)
    expect(row).toEqual({
      ...{ id, workspace_id: kit.workspaceId, email: 'Ann@Example.com', username: 'ann', first_name: 'Ann' },
      ...{ last_name: 'Smith', company: 'Acme', phone: '040 123', all_scopes: false, scopes: ['links:read'] },
      ...{ created_at: kit.clock.now(), updated_at: kit.clock.now(), deactivated_at: null },
    })
    expect(await happened(before)).toEqual([['user.created', { userId: id }]])
  })

  test('has a password and a token that the database does not tell', async () => {
    const { id, email } = await user()
    const { authToken } = await enters(email)
    const [row] = await kit.db.query<{ text: string }>(
      sql`SELECT user_secret::text || workspace_user::text AS text FROM user_secret
          JOIN workspace_user ON id = user_id WHERE user_id = ${id}::uuid`,
    )
    for (const secret of [authToken, authToken.slice(3), GOOD]) expect(row?.text).not.toContain(secret)
  })

  test.each<[object, string[]]>([
    [{ email: 'ann' }, ['email email']],
    [{ email: 'a\0@example.com' }, ['email unstorable_character']],
    [{ password: 'short' }, ['password too_short']],
    [{ email: 'joe.bloggs@example.com', password: 'Joe.Bloggs' }, ['password too_common']],
    [{ username: ' ', phone: '1'.repeat(51) }, ['username too_short', 'phone too_long']],
    [{ scopes: [] }, ['scopes too_short']],
    [{ scopes: ['links:read', 'everything'] }, ['scopes.1 unknown_option']],
  ])('%j is refused', async (input, rules) => {
    const before = await head()
    expect(await brokenRules(user(input))).toEqual(rules)
    expect(await head()).toBe(before)
  })

  test('may do what its maker may, and what is to come if that is everything', async () => {
    const scopesOf = async (email: string) => (await enter((await enters(email)).authToken, LEGACY)).scopes
    const all = await user()
    expect(await scopesOf(all.email)).toEqual(new Set(SCOPES))
    const maker = withScopes('users:write', 'links:read')
    const some = await user({}, maker)
    expect(await scopesOf(some.email)).toEqual(new Set(['users:write', 'links:read']))
    expect(await brokenRules(user({ scopes: ['links:read', 'links:write'] }, maker))).toEqual(['scopes.1 not_yours'])
    const rows = await kit.db.query(sql`SELECT all_scopes FROM workspace_user
                                        WHERE id IN (${all.id}::uuid, ${some.id}::uuid) ORDER BY all_scopes`)
    expect(rows).toEqual([{ all_scopes: false }, { all_scopes: true }])
  })

  test('is made by no key that ends, and with users:write only', async () => {
    const ending = { ...kit.viewer, expiresAt: new Date('2030-01-01') }
    expect(await brokenRules(user({}, ending))).toEqual([' key_expires'])
    const weak = withScopes(...SCOPES.filter((scope) => scope !== 'users:write'))
    expect(await refusal(user({}, weak))).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      details: { scope: 'users:write' },
    })
    for (const act of [updateUser, deactivateUser, rotateUserToken]) {
      expect(await codeOf(act(kit.world, weak, UNKNOWN, {}))).toBe('INSUFFICIENT_SCOPE')
    }
  })

  test('has an address of its own on the whole server, however it is written, until deactivated', async () => {
    const { id } = await user({ email: 'one@example.com' })
    const taken = {
      code: 'EMAIL_TAKEN',
      message: 'Another user of this server has this e-mail address.',
      path: ['email'],
      details: {},
    }
    expect(await refusal(user({ email: 'ONE@example.com' }))).toEqual(taken)
    expect(await refusal(user({ email: 'One@Example.com' }, kit.otherViewer))).toEqual(taken)
    const other = await user()
    expect(await refusal(updateUser(kit.world, kit.viewer, other.id, { email: 'oNe@example.com' }))).toEqual(taken)
    await updateUser(kit.world, kit.viewer, id, { email: 'ONE@example.com' })
    await deactivateUser(kit.world, kit.viewer, id)
    await user({ email: 'one@example.com' }, kit.otherViewer)
  })

  test('is made once by two who try at once', async () => {
    const email = 'race@example.com'
    const results = await race(Array.from({ length: 6 }, () => () => user({ email })))
    expect(results.sort()).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'ok'])
  })

  test('is made once with one key, of which no quick hash of the password is kept', async () => {
    const input = { email: 'key@example.com', idempotencyKey: 'user-1' }
    const made = await Promise.all([user(input), user(input)])
    expect(made[0]?.id).toBe(made[1]?.id)
    expect(await codeOf(user({ ...input, username: 'x' }))).toBe('IDEMPOTENCY_CONFLICT')
    const hash = async () =>
      (
        await kit.db.query<{ hash: string }>(sql`SELECT input_hash AS hash FROM idempotency WHERE key LIKE 'user-%'`)
      ).map((row) => row.hash)
    await user({ email: 'key2@example.com', idempotencyKey: 'user-2' })
    await deactivateUser(kit.world, kit.viewer, made[0]!.id)
    const before = await hash()
    // Another password under the same key is not told apart, since nothing is kept to tell it by.
    await user({ ...input, password: BETTER })
    expect(await hash()).toEqual(before)
  })

  test('is changed in what is given, and told of when something is different', async () => {
    const { id } = await user({ username: 'a', company: 'Acme', phone: '1' })
    const before = await head()
    kit.clock.advance(1_000)
    await updateUser(kit.world, kit.viewer, id, { username: 'b', company: null, scopes: ['links:read'] })
    await updateUser(kit.world, kit.viewer, id, { username: 'b' })
    await updateUser(kit.world, kit.viewer, id, {})
    expect(await happened(before)).toEqual([['user.updated', { userId: id }]])
    const [row] = await kit.db.query(
      sql`SELECT username, company, phone, scopes, all_scopes, updated_at FROM workspace_user WHERE id = ${id}::uuid`,
    )
    expect(row).toEqual({
      ...{ username: 'b', company: null, phone: '1', scopes: ['links:read'], all_scopes: false },
      updated_at: kit.clock.now(),
    })
  })

  test('of another workspace is unknown', async () => {
    const theirs = await user({}, kit.otherViewer)
    for (const id of [theirs.id, UNKNOWN, 'x', '\0']) {
      const missing = { code: 'NOT_FOUND', message: 'No user with this id exists in your workspace.', path: ['id'] }
      expect(await refusal(updateUser(kit.world, kit.viewer, id, { username: 'x' }))).toMatchObject(missing)
      expect(await refusal(deactivateUser(kit.world, kit.viewer, id))).toMatchObject(missing)
      expect(await refusal(rotateUserToken(kit.world, kit.viewer, id))).toMatchObject(missing)
      const change = changePassword(deps, kit.viewer, { userId: id, newPassword: BETTER })
      expect(await refusal(change)).toMatchObject(missing)
    }
    await enters(theirs.email)
  })
})

describe('login', () => {
  test('gives the same token every time, which opens the workspace where legacy tokens are taken', async () => {
    const { id, email } = await user()
    const [first, second] = await Promise.all([enters(email), enters(` ${email.toUpperCase()} `)])
    expect(first).toEqual({
      authToken: expect.stringMatching(/^lt_[0-9a-f]{40}$/),
      userId: id,
      workspaceId: kit.workspaceId,
    })
    expect(second).toEqual(first)
    expect(await enter(first.authToken, LEGACY)).toEqual({
      ...{ workspaceId: kit.workspaceId, workspaceSlug: 'acme', apiKeyId: id, userId: id, credential: 'legacyToken' },
      ...{ scopes: new Set(SCOPES), expiresAt: null },
    })
    // GraphQL and Sayify take what is usual.
    expect(await refusal(enter(first.authToken))).toEqual(INVALID)
    for (const wrong of [
      `${first.authToken} `,
      first.authToken.toUpperCase(),
      'lt_',
      `lt_${'0'.repeat(40)}`,
      'lt_\0',
    ]) {
      expect(await refusal(enter(wrong, LEGACY))).toEqual(INVALID)
    }
  })

  test('takes only the kinds of credentials that an entrance says', async () => {
    const { email } = await user()
    const { token } = await signs(email)
    expect((await enter(token)).credential).toBe('browserToken')
    expect(await refusal(enter(token, LEGACY))).toEqual(INVALID)
    expect(await refusal(enter((await kit.tokens.issue(kit.viewer, {})).token, LEGACY))).toEqual(INVALID)
  })

  test('refuses in the same words whatever is wrong', async () => {
    const { email } = await user()
    const gone = await user()
    await deactivateUser(kit.world, kit.viewer, gone.id)
    for (const [name, secret] of [
      [email, BETTER],
      [email, ''],
      [email, `${GOOD} `],
      [gone.email, GOOD],
      ['nobody@example.com', GOOD],
      ['%', GOOD],
      ['\0', '\0'],
      ['\ud800', '\ud800'],
      ['x'.repeat(10_000), 'x'.repeat(10_000)],
    ]) {
      expect(await refusal(enters(name!, secret))).toEqual(WRONG)
    }
  })

  test('knows a password however its letters are composed', async () => {
    const { email } = await user({ password: 'pässwörd of Ünï' })
    await enters(email, 'pässwörd of Ünï'.normalize('NFD'))
  })

  test('renews a hash of former parameters, and nothing else of it', async () => {
    const { argon2Sync, randomBytes } = await import('node:crypto')
    const { id, email } = await user()
    const former = { memory: 1024, passes: 1, parallelism: 1 }
    const nonce = randomBytes(16)
    const old = write(former, nonce, argon2Sync('argon2id', { ...former, message: GOOD, nonce, tagLength: 32 }))
    const { authToken } = await enters(email)
    await kit.db.query(sql`UPDATE user_secret SET password_hash = ${old} WHERE user_id = ${id}::uuid`)
    expect(await refusal(enters(email, BETTER))).toEqual(WRONG)
    expect(await enters(email)).toMatchObject({ authToken })
    const [row] = await kit.db.query<{ hash: string; generation: number }>(
      sql`SELECT password_hash AS hash, generation FROM user_secret WHERE user_id = ${id}::uuid`,
    )
    expect(row).toMatchObject({ hash: expect.stringContaining('m=19456,t=2'), generation: 1 })
    expect(await enters(email)).toMatchObject({ authToken })
  })

  test('is refused to an address that failed too often, also with the right password, and to no other', async () => {
    const limiter = createRateLimiter()
    const { email } = await user()
    const from = (address: string, name = email, password = GOOD) =>
      codeOf(login({ ...deps, limiter }, { email: name, password, address }))
    await Promise.all(
      Array.from({ length: 3 }, () => login({ ...deps, limiter }, { email, password: GOOD, address: '2001:db8::1' })),
    )
    for (let n = 0; n < 20; n++) {
      expect(await from(`2001:db8::${n}`, `unknown${n}@example.com`)).toBe('WRONG_PASSWORD')
    }
    expect(await from('2001:db8::ffff', 'unknown@example.com')).toBe('RATE_LIMITED')
    const refused = await refusal(login({ ...deps, limiter }, { email, password: GOOD, address: '2001:db8::2' }))
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfter: expect.any(Number) } })
    await login({ ...deps, limiter }, { email, password: GOOD, address: '2001:db8:0:1::1' })
    await login({ ...deps, limiter }, { email, password: GOOD, address: '::ffff:192.0.2.1' })
  })

  test('is refused for an account that was tried too often, whether or not somebody has it', async () => {
    const limiter = createRateLimiter()
    const { email } = await user()
    const attempt = (name: string, password: string, address: string) =>
      login({ ...deps, limiter }, { email: name, password, address })
    for (const name of [email, 'nobody-at-all@example.com']) {
      for (let n = 0; n < 50; n++) expect(await codeOf(attempt(name, BETTER, `192.0.2.${n}`))).toBe('WRONG_PASSWORD')
      expect(await codeOf(attempt(name.toUpperCase(), BETTER, '198.51.100.1'))).toBe('RATE_LIMITED')
      expect(await codeOf(attempt(name, GOOD, '198.51.100.2'))).toBe('RATE_LIMITED')
    }
    const other = await user()
    await attempt(other.email, GOOD, '198.51.100.1')
  })

  test('tries no more of many at once than the limit and the few that are under way', async () => {
    const limiter = createRateLimiter()
    const { email } = await user()
    const attempts = Array.from(
      { length: 60 },
      () => () => login({ ...deps, limiter }, { email, password: BETTER, address: '192.0.2.1' }),
    )
    const results = (await race(attempts)) as string[]
    const tried = results.filter((result) => result === 'WRONG_PASSWORD').length
    expect(tried).toBeGreaterThanOrEqual(20)
    expect(tried).toBeLessThanOrEqual(22)
    expect(results.filter((result) => result === 'RATE_LIMITED')).toHaveLength(60 - tried)
  })
})

describe('a signed-in user', () => {
  test('has a browser token with what browsers may have, that ends by the clock', async () => {
    const { id, email } = await user({ scopes: ['links:read', 'users:read', 'users:write', 'subusers:read'] })
    const { token, expiresAt, scopes } = await signs(email)
    expect([...scopes].sort()).toEqual(['links:read', 'users:read'])
    expect(expiresAt.getTime() - kit.clock.now().getTime()).toBe(900_000)
    expect(await enter(token)).toEqual({
      ...{ workspaceId: kit.workspaceId, workspaceSlug: 'acme', apiKeyId: id, userId: id, credential: 'browserToken' },
      ...{ scopes: new Set(scopes), expiresAt },
    })
    await updateUser(kit.world, kit.viewer, id, { scopes: ['users:read'] })
    expect((await enter(token)).scopes).toEqual(new Set(['users:read']))
    kit.clock.advance(900_000)
    expect(await refusal(enter(token))).toEqual(INVALID)
    kit.clock.advance(-900_000)
  })

  test('asks for a life that browser tokens may have', async () => {
    const { email } = await user()
    const asks = (expiresIn: number) =>
      signIn({ ...deps, tokens: kit.tokens }, { email, password: GOOD, address: undefined, expiresIn })
    for (const wrong of [59, 3_601, 60.5]) expect(await codeOf(asks(wrong))).toBe('VALIDATION_FAILED')
    expect((await asks(3_600)).expiresAt.getTime() - kit.clock.now().getTime()).toBe(3_600_000)
  })

  test('cannot exchange its token for another one', async () => {
    const { email } = await user()
    const viewer = await enter((await signs(email)).token)
    expect(await brokenRules(kit.tokens.issue(viewer, {}))).toEqual([' needs_api_key'])
  })

  const ENDINGS: [string, string, (id: string) => Promise<unknown>][] = [
    [
      'another password',
      'user.passwordChanged',
      (userId) => changePassword(deps, kit.viewer, { userId, newPassword: BETTER }),
    ],
    ['another token', 'user.tokenRotated', (id) => rotateUserToken(kit.world, kit.viewer, id)],
    ['deactivation', 'user.deactivated', (id) => deactivateUser(kit.world, kit.viewer, id)],
  ]
  test.each(ENDINGS)('loses everything by %s', async (_what, event, end) => {
    const { id, email } = await user()
    const [{ authToken }, { token }] = [await enters(email), await signs(email)]
    const bystander = await user()
    const theirs = await enters(bystander.email)
    await Promise.all([enter(authToken, LEGACY), enter(token)])
    const before = await head()
    await end(id)
    expect(await refusal(enter(authToken, LEGACY))).toEqual(INVALID)
    expect(await refusal(enter(token))).toEqual(INVALID)
    expect(await happened(before)).toEqual([[event, { userId: id }]])
    await enter(theirs.authToken, LEGACY)
  })

  test('changes the own password by the old one, and no other', async () => {
    const { id, email } = await user()
    const bystander = await user()
    const viewer = await enter((await signs(email)).token)
    const change = (input: object) => changePassword(deps, viewer, { newPassword: BETTER, ...input })
    for (const oldPassword of [BETTER, '', null, undefined]) {
      expect(await refusal(change({ oldPassword }))).toMatchObject({ code: 'WRONG_PASSWORD', path: ['oldPassword'] })
    }
    expect(await codeOf(change({ userId: bystander.id, oldPassword: GOOD }))).toBe('INSUFFICIENT_SCOPE')
    expect(await brokenRules(change({ newPassword: email, oldPassword: GOOD }))).toEqual(['newPassword too_common'])
    const before = await enters(email)
    expect(await change({ oldPassword: GOOD })).toEqual({ id })
    expect(await refusal(enters(email))).toEqual(WRONG)
    expect((await enters(email, BETTER)).authToken).not.toBe(before.authToken)
  })

  test('is not guessed by way of the old password', async () => {
    const limiter = createRateLimiter()
    const { email } = await user()
    const viewer = await enter((await signs(email)).token)
    const change = (oldPassword: string) =>
      codeOf(changePassword({ ...deps, limiter }, viewer, { newPassword: BETTER, oldPassword }))
    for (let n = 0; n < 50; n++) expect(await change(`guess ${n}`)).toBe('WRONG_PASSWORD')
    expect(await change('guess 50')).toBe('RATE_LIMITED')
    expect(await change(GOOD)).toBe('RATE_LIMITED')
  })

  test('of two who change it at once, one has it', async () => {
    const { email } = await user()
    const viewer = await enter((await signs(email)).token)
    const words = ['first new horse', 'second new horse', 'third new horse']
    const results = await race(
      words.map((newPassword) => () => changePassword(deps, viewer, { newPassword, oldPassword: GOOD })),
    )
    expect([...results].sort()).toEqual(['WRONG_PASSWORD', 'WRONG_PASSWORD', 'ok'])
    await enters(email, words[results.indexOf('ok')]!)
  })

  test('who logs in while the password is changed has a token that lives or nothing', async () => {
    const { id, email } = await user()
    const logins = Array.from({ length: 6 }, () => () => enters(email))
    const [changed, ...entered] = await Promise.allSettled([
      changePassword(deps, kit.viewer, { userId: id, newPassword: BETTER }),
      ...logins.map((each) => each()),
    ])
    expect(changed.status).toBe('fulfilled')
    // Whoever proved the old password never gets the token that belongs to the new one.
    const { authToken } = await enters(email, BETTER)
    for (const result of entered) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'WRONG_PASSWORD' })
      else {
        expect((result.value as { authToken: string }).authToken).not.toBe(authToken)
        expect(await refusal(enter((result.value as { authToken: string }).authToken, LEGACY))).toEqual(INVALID)
      }
    }
  })

  test('gets a password from nobody who may do less, or not for as long', async () => {
    const { id } = await user()
    const less = withScopes('users:write', 'links:read')
    const change = (viewer: Viewer) => changePassword(deps, viewer, { userId: id, newPassword: BETTER })
    expect(await codeOf(change(less))).toBe('INSUFFICIENT_SCOPE')
    expect(await brokenRules(change({ ...kit.viewer, expiresAt: new Date('2030-01-01') }))).toEqual([' key_expires'])
    const poor = await user({ scopes: ['links:read'] })
    await changePassword(deps, less, { userId: poor.id, newPassword: BETTER })
    await enters(poor.email, BETTER)
  })

  test('is deactivated once', async () => {
    const { id } = await user()
    const results = await race([0, 1, 2].map(() => () => deactivateUser(kit.world, kit.viewer, id)))
    expect([...results].sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'ok'])
    expect(await codeOf(rotateUserToken(kit.world, kit.viewer, id))).toBe('NOT_FOUND')
    expect(await codeOf(updateUser(kit.world, kit.viewer, id, { username: 'x' }))).toBe('NOT_FOUND')
  })
})

test('a token moved to another row of the database opens nothing', async () => {
  const [one, other] = [await user(), await user()]
  await kit.db.query(
    sql`UPDATE user_secret SET token_sealed = (SELECT token_sealed FROM user_secret WHERE user_id = ${other.id}::uuid)
        WHERE user_id = ${one.id}::uuid`,
  )
  await expect(enters(one.email)).rejects.toThrow()
  await enters(other.email)
})
