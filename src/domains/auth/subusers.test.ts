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
import { createContact } from '../contacts/index.ts'
import {
  authenticate,
  type CredentialKind,
  changePassword,
  createApiKey,
  createSubuser,
  createSubuserApiKey,
  createUser,
  deactivateSubuser,
  deactivateUser,
  getSubuser,
  getSubusers,
  listSubusers,
  login,
  rotateSubuserToken,
  SCOPES,
  type Scope,
  signIn,
  updateSubuser,
  updateUser,
  type Viewer,
  workspaceBySlug,
} from './index.ts'

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
const LEGACY: CredentialKind[] = ['apiKey', 'legacyToken']
const enter = (credential: string, accepts?: readonly CredentialKind[]) =>
  authenticate({ world: kit.world, tokens: kit.tokens, logger }, credential, accepts)

let count = 0
async function subuser(input: object = {}, viewer = kit.viewer) {
  const email = `sub${++count}@example.com`
  const made = await createSubuser(kit.world, viewer, { username: `sub${count}`, email, password: GOOD, ...input })
  return { ...made, email, ...input } as { id: string; legacyId: number; email: string }
}
/** The child's own view, as a legacy client would have it. */
async function childViewer(id: string): Promise<Viewer> {
  return enter((await getSubuser(kit.world, kit.viewer, id)).authToken, LEGACY)
}
const withScopes = (...scopes: Scope[]): Viewer => ({ ...kit.viewer, scopes: new Set(scopes) })
const happened = async (workspaceId: string, after: number) =>
  (await eventsAfter(kit.world, workspaceId, after)).map(([, ...rest]) => rest)

describe('a subuser', () => {
  test('has a number, a token and a workspace of its own, and an event in each log', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    const { id, legacyId, email } = await subuser({ firstName: 'Sue', lastName: 'Ser', company: 'Sub', phone: '1' })
    const view = await getSubuser(kit.world, kit.viewer, id)
    expect(view).toEqual({
      ...{
        id,
        legacyId,
        username: `sub${count}`,
        email,
        firstName: 'Sue',
        lastName: 'Ser',
        company: 'Sub',
        phone: '1',
      },
      ...{ authToken: expect.stringMatching(/^lt_[0-9a-f]{40}$/) },
      ...{ createdAt: expect.stringMatching(/Z$/), updatedAt: expect.stringMatching(/Z$/) },
    })
    const child = await enter(view.authToken, LEGACY)
    expect(child.workspaceId).not.toBe(kit.workspaceId)
    expect(child.scopes).toEqual(new Set(SCOPES))
    expect(await happened(kit.workspaceId, before)).toEqual([['subuser.created', { subuserId: id }]])
    expect(await happened(child.workspaceId, 0)).toEqual([['user.created', { userId: child.userId }]])
    expect(await login(deps, { email, password: GOOD, address: undefined })).toEqual({
      ...{ authToken: view.authToken, userId: child.userId, workspaceId: child.workspaceId },
    })
    expect(await workspaceBySlug(kit.world, child.workspaceSlug)).toMatchObject({ id: child.workspaceId })
  })

  test('may have no password: then only the token enters, until there is one', async () => {
    const email = 'tokenless@example.com'
    const { id, legacyId } = await subuser({ email, password: undefined })
    const { authToken } = await getSubuser(kit.world, kit.viewer, legacyId)
    expect((await enter(authToken, LEGACY)).scopes).toEqual(new Set(SCOPES))
    for (const password of ['', 'undefined', 'null']) {
      expect(await codeOf(() => login(deps, { email, password, address: undefined }))).toBe('WRONG_PASSWORD')
    }
    await updateSubuser(kit.world, kit.viewer, id, { password: GOOD })
    expect((await login(deps, { email, password: GOOD, address: undefined })).authToken).not.toBe(authToken)
  })

  test('is numbered within its parent, and listed in that order with its token', async () => {
    const [one, two] = [await subuser(), await subuser()]
    expect(two.legacyId).toBe(one.legacyId + 1)
    const theirs = await subuser({}, kit.otherViewer)
    expect(theirs.legacyId).toBe(1)
    const all = await listSubusers(kit.world, kit.viewer)
    expect(all.map((each) => each.legacyId)).toEqual(all.map((_, index) => index + 1))
    expect(all.at(-1)).toEqual(await getSubuser(kit.world, kit.viewer, two.legacyId))
    expect((await listSubusers(kit.world, kit.otherViewer)).map((each) => each.id)).toEqual([theirs.id])
  })

  test.each<[object, string[]]>([
    [{ username: undefined }, ['username type']],
    [{ username: ' ' }, ['username too_short']],
    [{ email: 'x' }, ['email email']],
    [{ password: '' }, ['password too_short']],
    [{ password: 'password' }, ['password too_common']],
  ])('%j is refused', async (input, rules) => {
    const before = await headOf(kit.world, kit.workspaceId)
    expect(await brokenRules(subuser(input))).toEqual(rules)
    expect(await headOf(kit.world, kit.workspaceId)).toBe(before)
  })

  test('is made once by those who try at once, and nothing is left of the others', async () => {
    const workspaces = async () => (await kit.db.query(sql`SELECT id FROM workspace`)).length
    const before = await workspaces()
    const results = await race(Array.from({ length: 5 }, () => () => subuser({ email: 'race@example.com' })))
    expect([...results].sort()).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'ok'])
    expect(await workspaces()).toBe(before + 1)
    const input = { email: 'once@example.com', username: 'once', idempotencyKey: 'sub-1' }
    const made = await Promise.all([subuser(input), subuser(input)])
    expect(made[0]!.id).toBe(made[1]!.id)
    expect(await workspaces()).toBe(before + 2)
  })

  test('has no subusers', async () => {
    const { id } = await subuser()
    const child = await childViewer(id)
    expect(child.scopes.has('subusers:write')).toBe(true)
    expect(await refusal(subuser({}, child))).toEqual({
      code: 'SUBUSER_DEPTH_REACHED',
      message: 'A subuser cannot have subusers of its own.',
      path: [],
      details: {},
    })
    expect(await listSubusers(kit.world, child)).toEqual([])
  })

  test('may do what its parent may', async () => {
    const { id } = await subuser({}, withScopes('subusers:write', 'contacts:read'))
    expect((await childViewer(id)).scopes).toEqual(new Set(['subusers:write', 'contacts:read']))
    expect(await brokenRules(subuser({}, { ...kit.viewer, expiresAt: new Date('2030-01-01') }))).toEqual([
      ' key_expires',
    ])
  })

  test('is changed by its parent, in both logs', async () => {
    const { id } = await subuser({ company: 'Old', phone: '1' })
    const child = await childViewer(id)
    const [mine, theirs] = [await headOf(kit.world, kit.workspaceId), await headOf(kit.world, child.workspaceId)]
    await updateSubuser(kit.world, kit.viewer, id, { username: 'renamed', company: null })
    await updateSubuser(kit.world, kit.viewer, id, { username: 'renamed' })
    expect(await getSubuser(kit.world, kit.viewer, id)).toMatchObject({
      username: 'renamed',
      company: null,
      phone: '1',
    })
    expect(await happened(kit.workspaceId, mine)).toEqual([['subuser.updated', { subuserId: id }]])
    expect(await happened(child.workspaceId, theirs)).toEqual([['user.updated', { userId: child.userId }]])
    const other = await subuser()
    expect(await codeOf(updateSubuser(kit.world, kit.viewer, id, { email: other.email.toUpperCase() }))).toBe(
      'EMAIL_TAKEN',
    )
  })

  test('gets another password or token from its parent, and what it entered with before ends', async () => {
    const { id, email } = await subuser()
    const ends = async (change: () => Promise<unknown>) => {
      const { authToken } = await getSubuser(kit.world, kit.viewer, id)
      await enter(authToken, LEGACY)
      await change()
      expect(await codeOf(enter(authToken, LEGACY))).toBe('UNAUTHENTICATED')
      await childViewer(id)
    }
    await ends(() => updateSubuser(kit.world, kit.viewer, id, { password: BETTER }))
    await login(deps, { email, password: BETTER, address: undefined })
    expect(await codeOf(login(deps, { email, password: GOOD, address: undefined }))).toBe('WRONG_PASSWORD')
    await ends(() => rotateSubuserToken(kit.world, kit.viewer, id))
    const own = await childViewer(id)
    await ends(() => changePassword(deps, own, { newPassword: GOOD }))
    expect(await brokenRules(updateSubuser(kit.world, kit.viewer, id, { password: email.toUpperCase() }))).toEqual([
      'password too_common',
    ])
  })

  test('has keys that its parent makes, which open its workspace and no other', async () => {
    const { id } = await subuser()
    const child = await childViewer(id)
    const mine = await headOf(kit.world, kit.workspaceId)
    const made = await createSubuserApiKey(kit.world, kit.viewer, {
      subuserId: id,
      name: 'Theirs',
      scopes: ['contacts:read'],
    })
    expect(await enter(made.key)).toMatchObject({
      ...{
        workspaceId: child.workspaceId,
        credential: 'apiKey',
        apiKeyId: made.id,
        scopes: new Set(['contacts:read']),
      },
    })
    expect(await happened(kit.workspaceId, mine)).toEqual([
      ['subuser.keyCreated', { subuserId: id, apiKeyId: made.id }],
    ])
    const weak = withScopes('subusers:write')
    const asks = (viewer: Viewer, input: object) =>
      brokenRules(createSubuserApiKey(kit.world, viewer, { subuserId: id, name: 'x', ...input }))
    expect(await asks(weak, { scopes: ['links:read'] })).toEqual(['scopes.0 not_yours'])
    const soon = new Date(kit.clock.now().getTime() + 1_000)
    expect(await asks({ ...kit.viewer, expiresAt: soon }, { expiresAt: null })).toEqual(['expiresAt too_large'])
  })
})

describe('a deleted subuser', () => {
  test('cannot be entered by anything any more, while its data stays', async () => {
    const { id, email } = await subuser()
    const child = await childViewer(id)
    const { authToken } = await getSubuser(kit.world, kit.viewer, id)
    const { key } = await createSubuserApiKey(kit.world, kit.viewer, { subuserId: id, name: 'Key' })
    const own = await createApiKey(kit.world, child, { name: 'Own' })
    const second = await createUser(kit.world, child, { email: 'second@example.com', password: GOOD })
    const { token } = await signIn({ ...deps, tokens: kit.tokens }, { email, password: GOOD, address: undefined })
    const exchanged = await kit.tokens.issue(await enter(key), {})
    const contact = await createContact(kit.world, child, { name: 'Kept' })
    const all = [key, own.key, token, exchanged.token]
    for (const credential of all) await enter(credential)
    const [mine, theirs] = [await headOf(kit.world, kit.workspaceId), await headOf(kit.world, child.workspaceId)]

    await deactivateSubuser(kit.world, kit.viewer, id)

    for (const credential of all) expect(await codeOf(enter(credential))).toBe('UNAUTHENTICATED')
    expect(await codeOf(enter(authToken, LEGACY))).toBe('UNAUTHENTICATED')
    for (const name of [email, 'second@example.com']) {
      expect(await codeOf(login(deps, { email: name, password: GOOD, address: undefined }))).toBe('WRONG_PASSWORD')
    }
    expect(await workspaceBySlug(kit.world, child.workspaceSlug)).toBeUndefined()
    expect(await happened(kit.workspaceId, mine)).toEqual([['subuser.deactivated', { subuserId: id }]])
    const ended = await happened(child.workspaceId, theirs)
    expect(ended.map(([type]) => type)).toEqual([
      'user.deactivated',
      'user.deactivated',
      'apiKey.revoked',
      'apiKey.revoked',
    ])
    expect(new Set(ended.slice(0, 2).map(([, payload]) => (payload as { userId: string }).userId))).toEqual(
      new Set([child.userId, second.id]),
    )
    const kept = await kit.db.query(sql`SELECT workspace_id FROM contact WHERE id = ${contact.id}::uuid`)
    expect(kept).toEqual([{ workspace_id: child.workspaceId }])
    // Its address is free again; its number is not.
    const again = await subuser({ email })
    expect(again.legacyId).toBeGreaterThan((await listSubusers(kit.world, kit.viewer)).at(-2)!.legacyId)
  })

  test('is unknown from then on, also to those who try at once', async () => {
    const { id, legacyId } = await subuser()
    const results = await race([0, 1, 2].map(() => () => deactivateSubuser(kit.world, kit.viewer, id)))
    expect([...results].sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'ok'])
    expect(await codeOf(getSubuser(kit.world, kit.viewer, id))).toBe('NOT_FOUND')
    expect(await codeOf(getSubuser(kit.world, kit.viewer, legacyId))).toBe('NOT_FOUND')
    expect(await codeOf(updateSubuser(kit.world, kit.viewer, id, { username: 'x' }))).toBe('NOT_FOUND')
    expect(await codeOf(rotateSubuserToken(kit.world, kit.viewer, id))).toBe('NOT_FOUND')
    expect(await codeOf(createSubuserApiKey(kit.world, kit.viewer, { subuserId: id, name: 'x' }))).toBe('NOT_FOUND')
  })

  test('has no key that was made in the same moment', async () => {
    for (let n = 0; n < 5; n++) {
      const { id } = await subuser()
      const child = await childViewer(id)
      const [parents, own] = await Promise.allSettled([
        createSubuserApiKey(kit.world, kit.viewer, { subuserId: id, name: 'Key' }),
        createApiKey(kit.world, child, { name: 'Own' }),
        deactivateSubuser(kit.world, kit.viewer, id),
      ])
      for (const made of [parents, own]) {
        if (made.status === 'fulfilled') expect(await codeOf(enter(made.value.key))).toBe('UNAUTHENTICATED')
        else expect(made.reason).toMatchObject({ code: 'NOT_FOUND' })
      }
    }
  })

  test('is deleted by its parent only, not by itself', async () => {
    const { id } = await subuser()
    const child = await childViewer(id)
    expect(await brokenRules(deactivateUser(kit.world, child, child.userId!))).toEqual(['id parents_own'])
    expect(await codeOf(deactivateSubuser(kit.world, child, id))).toBe('NOT_FOUND')
    await updateUser(kit.world, child, child.userId!, { username: 'self made' })
    expect(await getSubuser(kit.world, kit.viewer, id)).toMatchObject({ username: 'self made' })
  })
})

describe('subusers', () => {
  test('of another parent are unknown, by whatever name', async () => {
    const theirs = await subuser({}, kit.otherViewer)
    const before = await getSubuser(kit.world, kit.otherViewer, theirs.id)
    const childId = (await enter(before.authToken, LEGACY)).workspaceId
    const missing = { code: 'NOT_FOUND', message: 'No subuser with this id exists in your workspace.' }
    for (const id of [theirs.id, childId, UNKNOWN, 'x', '\0']) {
      expect(await refusal(getSubuser(kit.world, kit.viewer, id))).toMatchObject(missing)
      expect(await refusal(updateSubuser(kit.world, kit.viewer, id, { password: BETTER }))).toMatchObject(missing)
      expect(await refusal(rotateSubuserToken(kit.world, kit.viewer, id))).toMatchObject(missing)
      expect(await refusal(deactivateSubuser(kit.world, kit.viewer, id))).toMatchObject(missing)
      expect(await refusal(createSubuserApiKey(kit.world, kit.viewer, { subuserId: id, name: 'x' }))).toMatchObject(
        missing,
      )
    }
    for (const number of [0, -1, 1.5, 2 ** 31, Number.NaN, 4_711]) {
      expect(await refusal(getSubuser(kit.world, kit.viewer, number))).toMatchObject(missing)
    }
    expect(await getSubusers(kit.world, kit.viewer, [theirs.id, UNKNOWN, 'x'])).toEqual(new Map())
    expect(await getSubuser(kit.world, kit.otherViewer, theirs.id)).toEqual(before)
  })

  test('need their scopes', async () => {
    const { id } = await subuser()
    const weak = withScopes(...SCOPES.filter((scope) => !scope.startsWith('subusers:')))
    const reads = [
      () => listSubusers(kit.world, weak),
      () => getSubuser(kit.world, weak, id),
      () => getSubusers(kit.world, weak, [id]),
    ]
    for (const read of reads) {
      expect(await refusal(read)).toMatchObject({ code: 'INSUFFICIENT_SCOPE', details: { scope: 'subusers:read' } })
    }
    const reader = withScopes('subusers:read')
    await listSubusers(kit.world, reader)
    const writes = [
      () => subuser({}, reader),
      () => updateSubuser(kit.world, reader, id, {}),
      () => rotateSubuserToken(kit.world, reader, id),
      () => deactivateSubuser(kit.world, reader, id),
      () => createSubuserApiKey(kit.world, reader, { subuserId: id, name: 'x' }),
    ]
    for (const write of writes) {
      expect(await refusal(write)).toMatchObject({ code: 'INSUFFICIENT_SCOPE', details: { scope: 'subusers:write' } })
    }
  })

  test("cannot be linked to a workspace that is not their parent's child", async () => {
    const { id } = await subuser()
    const move =
      kit.db.query(sql`UPDATE subuser SET workspace_id = ${kit.otherViewer.workspaceId}::uuid, legacy_id = 999
                                  WHERE id = ${id}::uuid`)
    await expect(move).rejects.toMatchObject({ constraint: 'subuser_child_of_parent_fkey' })
  })
})
