import { beforeAll, expect, test } from 'vitest'
import { brokenRules, eventsAfter, headOf, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import {
  addToContactList,
  createContact,
  createContactList,
  deleteContact,
  deleteContacts,
  findDuplicates,
  isOptedOut,
  optIn,
  optOut,
  setDefaultCountry,
  updateContact,
} from './index.ts'

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
  [{ phone: '0401234567' }, ['phone phone_number']],
  [{ phone: '+0401234567' }, ['phone phone_number']],
  [{ phone: '+1234567890123456' }, ['phone phone_number']],
  [{ phone: '+12025550123 ext. 7' }, ['phone phone_number']],
  // Long enough, and yet no number of that country.
  [{ phone: '+447700900123' }, ['phone phone_number']],
  [{ name: '\0', phone: '+' }, ['name unstorable_character', 'phone phone_number']],
  [
    { name: 'x', birthYear: 0, gender: '', city: 'x'.repeat(151) },
    ['city too_long', 'gender too_short', 'birthYear too_small'],
  ],
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

/** The row as it is, without what changes by itself. */
async function row(id: string): Promise<Record<string, unknown>> {
  const [found] = await kit.db.query<{ row: Record<string, unknown> }>(
    sql`SELECT to_jsonb(c) AS row FROM contact c WHERE id = ${id}::uuid`,
  )
  const { workspace_id, legacy_id, created_at, updated_at, ...rest } = found!.row
  return rest
}

test('all fields are kept as given, the number also as it was typed', async () => {
  const input = {
    externalKey: 'crm-1',
    firstName: 'Ann',
    lastName: 'Ash',
    nickname: 'Annie',
    email: 'Ann.Ash@Example.com',
    phone: '+358 (40) 765-4321',
    address: 'Street 1',
    postalCode: '00100',
    city: 'Helsinki',
    area: 'North',
    company: 'Acme',
    website: 'acme.example',
    note: 'two\nlines ',
    gender: 'f',
    birthYear: 1980,
  }
  const { id } = await make(input)
  expect(await row(id)).toEqual({
    id,
    name: 'Ann Ash',
    external_key: 'crm-1',
    first_name: 'Ann',
    last_name: 'Ash',
    nickname: 'Annie',
    email: 'Ann.Ash@Example.com',
    shares_email: false,
    phone: '+358407654321',
    phone_input: '+358 (40) 765-4321',
    address: 'Street 1',
    postal_code: '00100',
    city: 'Helsinki',
    area: 'North',
    company: 'Acme',
    website: 'acme.example',
    note: 'two\nlines ',
    gender: 'f',
    birth_year: 1980,
    deleted_at: null,
    erased_at: null,
    merged_into_id: null,
  })
  expect(await refusal(make({ name: 'Other', externalKey: 'crm-1' }))).toMatchObject({
    code: 'CONTACT_CONFLICT',
    path: ['externalKey'],
  })
})

test('a name follows first and last name until it is given a form of its own', async () => {
  const { id } = await make({ firstName: 'Bo', lastName: 'Berg' })
  await updateContact(kit.world, kit.viewer, id, { lastName: 'Borg' })
  expect(await row(id)).toMatchObject({ name: 'Bo Borg' })
  await updateContact(kit.world, kit.viewer, id, { name: 'Dr Borg' })
  await updateContact(kit.world, kit.viewer, id, { firstName: 'Bob' })
  expect(await row(id)).toMatchObject({ name: 'Dr Borg', first_name: 'Bob', last_name: 'Borg' })
  await updateContact(kit.world, kit.viewer, id, {
    name: null,
    firstName: null,
    lastName: null,
    phone: '+358401112223',
  })
  expect(await row(id)).toMatchObject({ name: null, first_name: null, phone: '+358401112223' })
  await updateContact(kit.world, kit.viewer, id, { phone: null })
  expect(await row(id)).toMatchObject({ phone: null, phone_input: null })
})

test('the country of the workspace says how a number without a country code is read', async () => {
  const call = (country: string | null) => setDefaultCountry(kit.world, kit.viewer, country)
  expect(await brokenRules(call('XX'))).toEqual(['country unknown_country'])
  await call('fi')
  const { id } = await make({ phone: '040 123 9999' })
  expect(await row(id)).toMatchObject({ phone: '+358401239999', phone_input: '040 123 9999' })
  expect(await brokenRules(make({ phone: '040 123 9999' }, kit.otherViewer))).toEqual(['phone phone_number'])
  const other = await make({ phone: '+12025550123' })
  expect(await row(other.id)).toMatchObject({ phone: '+12025550123' })
  await call(null)
  expect(await brokenRules(make({ phone: '040 123 9999' }))).toEqual(['phone phone_number'])
})

test('contacts that say so may share an address, and are duplicates', async () => {
  const email = 'family@example.com'
  const first = await make({ name: 'Parent', email })
  expect(await refusal(make({ name: 'Child', email: 'Family@Example.com' }))).toMatchObject({ path: ['email'] })
  const second = await make({ name: 'Child', email: 'Family@Example.com', sharesEmail: true })
  const third = await make({ phone: '+358409998888' })
  const fourth = await make({ name: 'Same line', phone: '+358 40 999 8888' })
  await make({ email, name: 'Elsewhere' }, kit.otherViewer)
  const groups = await findDuplicates(kit.db, kit.workspaceId, null, 10)
  expect(groups).toEqual([
    { by: 'email', value: email, contactIds: [first.id, second.id] },
    { by: 'phone', value: '+358409998888', contactIds: [third.id, fourth.id] },
  ])
  expect(await findDuplicates(kit.db, kit.workspaceId, groups[0]!, 1)).toEqual(groups.slice(1))
  expect(await findDuplicates(kit.db, kit.workspaceId, groups[1]!, 1)).toEqual([])
})

test('a deleted contact keeps its row, leaves its lists, and frees its addresses', async () => {
  const fields = { name: 'Gone', email: 'gone@example.com', externalKey: 'gone', phone: '+358405550001' }
  const { id } = await make(fields)
  const list = await createContactList(kit.world, kit.viewer, { name: 'All' })
  await addToContactList(kit.world, kit.viewer, list.id, [id])
  const before = await head()
  await deleteContact(kit.world, kit.viewer, id)
  expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
    [before + 1, 'contactList.membersChanged', { contactListId: list.id, added: 0, removed: 1 }],
    [before + 2, 'contact.deleted', { contactId: id }],
  ])
  expect(await row(id)).toMatchObject({ name: 'Gone', phone: '+358405550001', deleted_at: expect.any(String) })
  const [count] = await kit.db.query(sql`SELECT member_count FROM contact_list WHERE id = ${list.id}::uuid`)
  expect(count).toEqual({ member_count: 0 })
  expect((await make(fields)).id).not.toBe(id)
  expect((await refusal(deleteContact(kit.world, kit.viewer, id))).code).toBe('NOT_FOUND')
  expect((await refusal(updateContact(kit.world, kit.viewer, id, { name: 'x' }))).code).toBe('NOT_FOUND')
  expect((await refusal(deleteContact(kit.world, kit.otherViewer, id))).code).toBe('NOT_FOUND')
})

test('an opt-out belongs to an address and a channel, whoever has it and however it is written', async () => {
  const { id } = await make({ name: 'Quiet', phone: '+358405550002', email: 'Quiet@Example.com' })
  const call = { channel: 'call', address: '+358405550002' } as const
  const out = (address: { channel: 'call' | 'sms' | 'email'; address: string }, workspaceId = kit.workspaceId) =>
    isOptedOut(kit.world, kit.db, workspaceId, address)
  const before = await head()
  await optOut(kit.world, kit.viewer, { contactId: id, channels: ['call', 'email', 'call'] })
  await optOut(kit.world, kit.viewer, { phone: '+358 40 5550002', channels: ['call'] })
  expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
    [before + 1, 'contact.optedOut', { contactId: id, channel: 'call' }],
    [before + 2, 'contact.optedOut', { contactId: id, channel: 'email' }],
  ])
  expect(await out(call)).toBe(true)
  expect(await out({ channel: 'sms', address: call.address })).toBe(false)
  expect(await out({ channel: 'email', address: 'quiet@EXAMPLE.com ' })).toBe(true)
  expect(await out(call, kit.otherViewer.workspaceId)).toBe(false)
  const stored = await kit.db.query<{ address_hash: string }>(sql`SELECT address_hash FROM opt_out`)
  expect(JSON.stringify(stored)).not.toMatch(/5550002|quiet/i)
  await optIn(kit.world, kit.viewer, { phone: call.address, channels: ['call', 'sms'] })
  expect(await out(call)).toBe(false)
  const nobody = await make({ name: 'No address' })
  expect(await brokenRules(optOut(kit.world, kit.viewer, { contactId: nobody.id, channels: ['sms'] }))).toEqual([
    'channels.0 no_address',
  ])
  expect(await brokenRules(optOut(kit.world, kit.viewer, { channels: ['sms'] }))).toEqual([' exactly_one'])
  expect(await refusal(optOut(kit.world, kit.otherViewer, { contactId: id, channels: ['sms'] }))).toMatchObject({
    code: 'NOT_FOUND',
  })
})

// Last: nobody is left.
test('all contacts are deleted in batches, each with one event', async () => {
  await kit.db.query(sql`DELETE FROM contact WHERE workspace_id = ${kit.otherViewer.workspaceId}::uuid`)
  for (let n = 0; n < 3; n++) await make({ name: `n${n}` }, kit.otherViewer)
  const { workspaceId } = kit.otherViewer
  const before = await headOf(kit.world, workspaceId)
  expect(await deleteContacts(kit.world, kit.otherViewer, 'all')).toBe(3)
  expect(await deleteContacts(kit.world, kit.otherViewer, 'all')).toBe(0)
  const events = await eventsAfter(kit.world, workspaceId, before)
  expect(events.map(([, type]) => type)).toEqual(['contacts.deleted'])
  const [left] = await kit.db.query(
    sql`SELECT count(*)::int AS n FROM contact WHERE workspace_id = ${kit.workspaceId}::uuid AND deleted_at IS NULL`,
  )
  expect(left).not.toEqual({ n: 0 })
})
