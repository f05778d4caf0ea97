import { describe, expect, it } from 'vitest'
import { testApp } from '../kit/app.ts'

const app = await testApp()
const { key: otherKey } = await app.otherWorkspace('other')

async function run(field: string, input: object, selection: string, key?: string): Promise<any> {
  const { data, errors } = await app.graphql(
    `mutation ($input: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { __typename ${selection} } }`,
    { input },
    key,
  )
  expect(errors).toBeUndefined()
  return data![field]
}
const add = async (input: object, key?: string): Promise<string> =>
  (await run('createContact', input, '... on CreateContactPayload { contact { id } }', key)).contact.id
async function names(key?: string): Promise<string[]> {
  const { data } = await app.graphql('{ contacts(first: 50) { nodes { name } } }', {}, key)
  return data!.contacts.nodes.map((each: any) => each.name).sort()
}
const deleteMany = (input: object, key?: string) =>
  run('deleteContacts', input, '... on DeleteContactsPayload { deletedCount }', key)
const eventsOf = async (cursor: string): Promise<any[]> => {
  const { data } = await app.graphql(
    'query ($after: String) { events(after: $after, first: 50) { ... on EventPage { events { type payload } } } }',
    { after: cursor },
  )
  return data!.events.events
}
const cursor = async () => (await app.graphql('{ eventCursor }')).data!.eventCursor

const people = ['Aino', 'Eino', 'Veikko', 'Lempi']
const ids: string[] = []
for (const firstName of people) ids.push(await add({ firstName, city: firstName === 'Aino' ? 'Turku' : 'Oulu' }))
await add({ firstName: 'Theirs', city: 'Oulu' }, otherKey)
const list = (await run('createContactList', { name: 'All' }, '... on CreateContactListPayload { contactList { id } }'))
  .contactList.id
await run('addToContactList', { id: list, contactIds: ids }, '')

describe('emptyContactList', () => {
  const empty = () =>
    run('emptyContactList', { id: list }, '... on EmptyContactListPayload { count contactList { memberCount } }')

  it('removes everybody and says so once', async () => {
    const before = await cursor()
    expect(await empty()).toMatchObject({ count: 4, contactList: { memberCount: 0 } })
    expect(await empty()).toMatchObject({ count: 0, contactList: { memberCount: 0 } })
    expect((await eventsOf(before)).map(({ type }) => type)).toEqual(['CONTACT_LIST_MEMBERS_CHANGED'])
    expect(await names()).toEqual(people.toSorted())
  })
})

describe('deleteContacts', () => {
  it('deletes those of a segment as it is now, with one event', async () => {
    const filters = [{ field: 'CITY', operator: 'EQUALS', value: 'Oulu' }]
    const { id: segmentId } = (
      await run('createSegment', { filters }, '... on CreateSegmentPayload { segment { id } }')
    ).segment
    const before = await cursor()
    expect(await deleteMany({ segmentId })).toMatchObject({ deletedCount: 3 })
    const events = (await eventsOf(before)).filter(({ type }) => type === 'CONTACTS_DELETED')
    expect(events).toEqual([{ type: 'CONTACTS_DELETED', payload: { contactIds: expect.any(Array) } }])
    expect(events[0].payload.contactIds.length).toBe(3)
    expect(await deleteMany({ segmentId })).toMatchObject({ deletedCount: 0 })
    expect([await names(), await names(otherKey)]).toEqual([['Aino'], ['Theirs']])
  })

  it('needs to be told which', async () => {
    expect((await deleteMany({ all: false })).__typename).toBe('ValidationError')
    for (const input of [{}, { all: true, segmentId: list }, { all: null }]) {
      const { data, errors } = await app.graphql(
        'mutation ($input: DeleteContactsInput!) { deleteContacts(input: $input) { __typename } }',
        { input },
      )
      expect([data?.deleteContacts ?? null, (errors ?? []).length > 0], JSON.stringify(input)).toEqual([null, true])
    }
    expect(await names()).toEqual(['Aino'])
  })

  it('deletes all of the workspace, and of no other', async () => {
    expect(await deleteMany({ all: true })).toMatchObject({ deletedCount: 1 })
    expect([await names(), await names(otherKey)]).toEqual([[], ['Theirs']])
  })
})
