import { beforeAll, expect, test } from 'vitest'
import { brokenRules, eventsAfter, headOf, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createContact } from './index.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld()
})

const make = (input: object, viewer = kit.viewer) => createContact(kit.world, viewer, input)
const head = () => headOf(kit.world, kit.workspaceId)

test('a contact has what was given, a number, and an event that names no person', async () => {
  const before = await head()
  const { id } = await make({ name: ' Ann ', email: ' Ann@Example.com', phone: ' +358401234567 ' })
  const rows = await kit.db.query(
    sql`SELECT workspace_id, legacy_id, name, email, phone, created_at FROM contact WHERE id = ${id}::uuid`,
  )
  expect(rows).toEqual([
    {
      workspace_id: kit.workspaceId,
      legacy_id: 1,
      name: 'Ann',
      email: 'Ann@Example.com',
      phone: '+358401234567',
      created_at: kit.clock.now(),
    },
  ])
  expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
    [before + 1, 'contact.created', { contactId: id }],
  ])
})

test.each<[object, string[]]>([
  [{}, [' required']],
  [{ name: null, email: null, phone: null }, [' required']],
  [{ name: ' ' }, ['name too_short', ' required']],
  [{ email: 'ann' }, ['email email']],
  [{ phone: '0401234567' }, ['phone regex']],
  [{ phone: '+0401234567' }, ['phone regex']],
  [{ phone: '+1234567890123456' }, ['phone regex']],
  [{ name: '\0', phone: '+' }, ['name unstorable_character', 'phone regex']],
])('%j is refused', async (input, rules) => {
  const before = await head()
  expect(await brokenRules(make(input))).toEqual(rules)
  expect(await head()).toBe(before)
})

test('an address belongs to one contact of a workspace, however it is written', async () => {
  await make({ email: 'bob@example.com' })
  const taken = {
    code: 'CONTACT_CONFLICT',
    message: 'Another contact has this e-mail address.',
    path: ['email'],
    details: {},
  }
  expect(await refusal(make({ email: 'BOB@example.com', name: 'Bob' }))).toEqual(taken)
  await make({ email: 'bob@example.com' }, kit.otherViewer)
  await make({ name: 'No address' })
  await make({ name: 'No address' })
  const race = await Promise.allSettled(Array.from({ length: 5 }, () => make({ email: 'race@example.com' })))
  expect(race.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  for (const result of race)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CONTACT_CONFLICT' })
})

test('the same key makes one contact; a failed attempt does not use it up', async () => {
  const input = { email: 'key@example.com', idempotencyKey: 'contact-1' }
  const made = await Promise.all([make(input), make(input)])
  expect(made[0]).toEqual(made[1])
  expect(await refusal(make({ ...input, name: 'Other' }))).toMatchObject({
    code: 'IDEMPOTENCY_CONFLICT',
    path: ['idempotencyKey'],
  })
})

test('needs contacts:write', async () => {
  const weak = { ...kit.viewer, scopes: new Set([...kit.viewer.scopes].filter((scope) => scope !== 'contacts:write')) }
  expect(await refusal(make({}, weak))).toMatchObject({
    code: 'INSUFFICIENT_SCOPE',
    details: { scope: 'contacts:write' },
  })
})
