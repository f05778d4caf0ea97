import { beforeAll, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { race } from '../../../test/kit/race.ts'
import { brokenRules, eventsAfter, headOf, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import {
  addToContactList,
  contactsOf,
  createContact,
  createContactList,
  createSegment,
  deleteContact,
  deleteContactList,
  findReceivers,
  type ReceiverInput,
  removeFromContactList,
  updateContactList,
} from './index.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld()
})

const head = () => headOf(kit.world, kit.workspaceId)
const person = async (input: object = { name: 'x' }, viewer = kit.viewer) =>
  (await createContact(kit.world, viewer, input)).id
const makeList = async (viewer = kit.viewer) => (await createContactList(kit.world, viewer, { name: 'List' })).id
const add = (list: string, ids: string[], viewer = kit.viewer) => addToContactList(kit.world, viewer, list, ids)
const remove = (list: string, ids: string[] | 'all') => removeFromContactList(kit.world, kit.viewer, list, ids)

async function members(list: string): Promise<string[]> {
  const rows = await kit.db.query<{ id: string }>(
    sql`SELECT contact_id AS id FROM contact_list_member WHERE list_id = ${list}::uuid ORDER BY position`,
  )
  const [row] = await kit.db.query<{ n: number }>(
    sql`SELECT member_count AS n FROM contact_list WHERE id = ${list}::uuid`,
  )
  expect(row!.n).toBe(rows.length)
  return rows.map(({ id }) => id)
}

test('contacts are added once, in their order, with one event; and removed', async () => {
  const list = await makeList()
  const [a, b, c] = [await person(), await person(), await person()]
  const before = await head()
  expect(await add(list, [c, a, c])).toEqual({ added: 2 })
  expect(await add(list, [a, b])).toEqual({ added: 1 })
  expect(await add(list, [a, b, c])).toEqual({ added: 0 })
  expect(await add(list, [])).toEqual({ added: 0 })
  expect(await members(list)).toEqual([c, a, b])
  expect(await remove(list, [c, kit.world.newId(), 'nonsense'])).toEqual({ removed: 1 })
  expect(await add(list, [c])).toEqual({ added: 1 })
  expect(await members(list)).toEqual([a, b, c])
  expect(await remove(list, 'all')).toEqual({ removed: 3 })
  expect(await remove(list, 'all')).toEqual({ removed: 0 })
  const changed = (position: number, added: number, removed: number) => [
    before + position,
    'contactList.membersChanged',
    { contactListId: list, added, removed },
  ]
  expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
    changed(1, 2, 0),
    changed(2, 1, 0),
    changed(3, 0, 1),
    changed(4, 1, 0),
    changed(5, 0, 3),
  ])
})

test('nobody is added when one of them is unknown, deleted or elsewhere', async () => {
  const list = await makeList()
  const known = await person()
  const gone = await person()
  await deleteContact(kit.world, kit.viewer, gone)
  const foreign = await person({ name: 'x' }, kit.otherViewer)
  expect(await brokenRules(add(list, [known, gone, foreign, kit.world.newId(), 'nonsense']))).toEqual(
    [1, 2, 3, 4].map((n) => `contactIds.${n} unknown_contact`),
  )
  expect(await members(list)).toEqual([])
  expect((await refusal(add(list, [foreign], kit.otherViewer))).code).toBe('NOT_FOUND')
})

test('a list is renamed, and deleted without its contacts', async () => {
  const list = await makeList()
  const a = await person()
  await add(list, [a])
  await updateContactList(kit.world, kit.viewer, list, { description: 'About' })
  expect(await brokenRules(updateContactList(kit.world, kit.viewer, list, { name: ' ' }))).toEqual(['name too_short'])
  const before = await head()
  await deleteContactList(kit.world, kit.viewer, list)
  expect(await members(list)).toEqual([])
  expect((await eventsAfter(kit.world, kit.workspaceId, before)).map(([, type]) => type)).toEqual([
    'contactList.deleted',
  ])
  for (const attempt of [
    () => add(list, [a]),
    () => remove(list, [a]),
    () => deleteContactList(kit.world, kit.viewer, list),
  ]) {
    expect((await refusal(attempt())).code).toBe('NOT_FOUND')
  }
  expect(await add(await makeList(), [a])).toEqual({ added: 1 })
})

test.runIf(onPostgres)('additions, removals and deletions at the same time end with an exact count', async () => {
  const lists = [await makeList(), await makeList()]
  const ids = await Promise.all(Array.from({ length: 12 }, () => person()))
  const attempts = ids.flatMap((id, n) => [
    () => add(lists[n % 2]!, [...ids.slice(n), ...ids.slice(0, n)]),
    () => add(lists[(n + 1) % 2]!, [id]),
    () => remove(lists[n % 2]!, [id]),
    ...(n % 3 === 0 ? [() => deleteContact(kit.world, kit.viewer, id)] : []),
  ])
  const results = await race(attempts)
  expect(results.filter((result) => result !== 'ok' && result !== 'VALIDATION_FAILED')).toEqual([])
  for (const list of lists) {
    const left = await members(list)
    for (const gone of ids.filter((_, n) => n % 3 === 0)) expect(left).not.toContain(gone)
  }
})

/** The contacts that receivers come to, in the order of their calls. */
async function resolve(inputs: ReceiverInput[], viewer = kit.viewer): Promise<string[]> {
  const { workspaceId } = viewer
  return kit.world.events.write(workspaceId, async (tx, emit) => {
    const receivers = await findReceivers(kit.world, tx, emit, workspaceId, inputs)
    const rows = await tx.query<{ contact_id: string }>(
      sql`SELECT contact_id FROM (${contactsOf(workspaceId, receivers)}) r ORDER BY n, place`,
    )
    return rows.map((row) => row.contact_id)
  })
}

test('receivers come to distinct contacts where they are reached first, lists in their order', async () => {
  const [a, b, c] = [
    await person(),
    await person({ city: 'Here', name: 'b' }),
    await person({ city: 'Here', name: 'c' }),
  ]
  const list = await makeList()
  await add(list, [c, a])
  const segment = await createSegment(kit.world, kit.viewer, {
    filters: [{ field: 'city', operator: '==', value: 'Here' }],
  })
  expect(await resolve([{ listId: list }, { contactId: c }, { segmentId: segment.id }])).toEqual([c, a, b])
  expect(await resolve([{ segmentId: segment.id }, { listId: list }])).toEqual([b, c, a])
  expect(await resolve([{ contactId: a, phone: null }, { listId: list }])).toEqual([a, c])
  await deleteContact(kit.world, kit.viewer, c)
  expect(await resolve([{ listId: list }, { segmentId: segment.id }])).toEqual([a, b])
})

test('a number is that of the oldest contact that has it, or makes one', async () => {
  const phone = '+358405551234'
  const first = await person({ phone, name: 'First' })
  await person({ phone, name: 'Second' })
  expect(await resolve([{ phone: '+358 40 5551234' }, { contactId: first }])).toEqual([first])
  const before = await head()
  const [made, mail, ...others] = await resolve([
    { phone: '+358405559999' },
    { email: 'New@example.com' },
    { phone: '+358 (40) 5559999' },
    { email: 'new@EXAMPLE.com' },
  ])
  expect(others).toEqual([])
  expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
    [before + 1, 'contact.created', { contactId: made }],
    [before + 2, 'contact.created', { contactId: mail }],
  ])
  expect(await resolve([{ email: 'new@example.com' }, { phone: '+358405559999' }])).toEqual([mail, made])
  const race = await Promise.all(Array.from({ length: 4 }, () => resolve([{ phone: '+358405557777' }])))
  expect(new Set(race.flat()).size).toBe(1)
})

test('receivers that name nothing, too much or what is elsewhere are refused together', async () => {
  const foreign = await person({ name: 'x' }, kit.otherViewer)
  const list = await makeList(kit.otherViewer)
  expect(
    await brokenRules(
      resolve([
        {},
        { contactId: foreign },
        { listId: list },
        { segmentId: 'nonsense' },
        { phone: '0401234567' },
        { email: 'nonsense' },
        { phone: '+358401234567', email: 'a@example.com' },
      ]),
    ),
  ).toEqual([
    'receivers.0 exactly_one',
    'receivers.1.contactId unknown_contact',
    'receivers.2.listId unknown_list',
    'receivers.3.segmentId unknown_segment',
    'receivers.4.phone phone_number',
    'receivers.5.email email',
    'receivers.6 exactly_one',
  ])
})
