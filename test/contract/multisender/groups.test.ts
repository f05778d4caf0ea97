import { describe, expect, it } from 'vitest'
import { failure, fitsLiteral, HOST, multisenderServer, NOW } from './kit.ts'
import * as literals from './literals.ts'

const server = await multisenderServer()
const { call, ok, other, clock } = server
const GONE = failure(404, 'Nothing with this id exists.')

const AINO = {
  firstName: 'Aino',
  lastName: 'Virtanen',
  nickName: 'Ainu',
  phone: '+358401234567',
  email: 'aino@example.com',
  address: 'Mannerheimintie 1',
  zip: '00100',
  city: 'Helsinki',
  companyName: 'Example Oy',
  website: 'https://example.com/',
  note: 'Prefers mornings',
}
for (const firstName of ['Aino', 'Eino', 'Veikko']) {
  await ok(201, 'POST', '/v1/accounts', { body: { ...AINO, firstName, area: 'Uusimaa', yearOfBirth: 1980 } })
}
await ok(201, 'POST', '/v1/accounts', { body: AINO, token: other.token })
await ok(201, 'POST', '/v1/groups', { body: { name: 'Theirs', description: '' }, token: other.token })

const written = (groupId: number, name: string, description: string | null, count: number, updatedAt = NOW) =>
  JSON.stringify({ groupId: String(groupId), name, description, updatedAt, createdAt: NOW, numberOfAccounts: count })
const memberIds = async (groupId: number): Promise<string[]> =>
  (await ok(200, 'GET', `/v1/groups/${groupId}/accounts`)).map((each: any) => each.accountId)

describe('groups', () => {
  it('are created, to the letter, with their address', async () => {
    const body = { name: 'Volunteers', description: 'Those who offered to help' }
    fitsLiteral(body, literals.GROUP_REQUEST)
    const { status, text, json, headers } = await call('POST', '/v1/groups', { body })
    expect([status, text, headers.location]).toEqual([
      201,
      written(1, body.name, body.description, 0),
      `${HOST}/v1/groups/1`,
    ])
    fitsLiteral(json, literals.GROUP)
    await ok(201, 'POST', '/v1/groups', { body: { name: 'Volunteers', description: '' } })
  })

  it('are read one by one and all together', async () => {
    const one = await call('GET', '/v1/groups/1')
    expect([one.status, one.text]).toEqual([200, written(1, 'Volunteers', 'Those who offered to help', 0)])
    fitsLiteral(one.json, literals.GROUP)
    const all = await call('GET', '/v1/groups')
    expect([all.status, all.text]).toEqual([200, `[${one.text},${written(2, 'Volunteers', '', 0)}]`])
    fitsLiteral(all.json, literals.GROUPS)
  })

  it('change in what is sent and stay in the rest', async () => {
    clock.advance(60_000)
    const changed = await call('PUT', '/v1/groups/1', { body: { name: ' Helpers ', groupId: '7' } })
    const at = '2017-01-01 12:01:00'
    expect([changed.status, changed.text]).toEqual([200, written(1, 'Helpers', 'Those who offered to help', 0, at)])
    fitsLiteral(changed.json, literals.GROUP)
    const emptied = await call('PUT', '/v1/groups/1', { body: { description: null } })
    expect(emptied.text).toBe(written(1, 'Helpers', null, 0, at))
    expect((await call('GET', '/v1/groups/1')).text).toBe(emptied.text)
  })

  it('are refused by field', async () => {
    const none = await call('POST', '/v1/groups', { body: {} })
    expect([none.status, none.text]).toEqual([
      400,
      failure(400, 'Validation failed', { name: ['name is required'], description: ['description is required'] }),
    ])
    const blank = await call('POST', '/v1/groups', { body: { name: ' ', description: 'x'.repeat(2_001) } })
    expect(blank.json.errors).toEqual({
      name: ['name must not be blank'],
      description: ['description must have at most 2000 characters'],
    })
    const wrong = await call('PUT', '/v1/groups/1', { body: { name: null, description: [] } })
    expect(wrong.json.errors).toEqual({
      name: ['name must be a string'],
      description: ['description must be a string'],
    })
    expect((await ok(200, 'GET', '/v1/groups')).length).toBe(2)
  })
})

describe('accounts in a group', () => {
  it('are added in the order given, once, and counted', async () => {
    const body = [{ accountId: '3' }, { accountId: '1' }]
    fitsLiteral(body, literals.MEMBERS_REQUEST)
    const { status, text, json } = await call('POST', '/v1/groups/2/accounts', { body })
    expect([status, text]).toEqual([201, '[{"groupId":"2","accountId":"3"},{"groupId":"2","accountId":"1"}]'])
    fitsLiteral(json, literals.MEMBERSHIPS)
    const again = await call('POST', '/v1/groups/2/accounts', { body: { accountIds: [1, '2', { accountId: 2 }] } })
    expect([again.status, again.text]).toEqual([
      201,
      '[{"groupId":"2","accountId":"1"},{"groupId":"2","accountId":"2"}]',
    ])
    expect((await call('POST', '/v1/groups/2/accounts', { body: [] })).text).toBe('[]')
    expect(await memberIds(2)).toEqual(['3', '1', '2'])
    expect((await ok(200, 'GET', '/v1/groups/2')).numberOfAccounts).toBe(3)
  })

  it('are listed without area, gender and year of birth', async () => {
    await ok(201, 'POST', '/v1/groups/1/accounts', { body: ['1'] })
    const { status, text, json } = await call('GET', '/v1/groups/1/accounts')
    expect([status, text]).toEqual([
      200,
      JSON.stringify([{ groupId: '1', accountId: '1', ...AINO, updatedAt: NOW, createdAt: NOW }]),
    ])
    fitsLiteral(json, literals.GROUP_ACCOUNTS)
  })

  it('are added all or not at all', async () => {
    const { status, text } = await call('POST', '/v1/groups/1/accounts', {
      body: [{ accountId: '2' }, { accountId: '4' }, 'x'],
    })
    expect([status, text]).toEqual([
      400,
      failure(400, 'Validation failed', {
        'accountIds.1': ['accountIds.1 must be a contact of your workspace'],
        'accountIds.2': ['accountIds.2 must be a contact of your workspace'],
      }),
    ])
    for (const body of [{}, 'null', '5', { accountIds: 5 }, [null], [{}], [{ accountId: null }], [[1]]]) {
      expect((await call('POST', '/v1/groups/1/accounts', { body })).status, JSON.stringify(body)).toBe(400)
    }
    expect(await memberIds(1)).toEqual(['1'])
  })

  it('are removed one by one, at either address', async () => {
    const { status, text } = await call('DELETE', '/v1/groups/2/3')
    expect([status, text]).toEqual([204, ''])
    expect((await call('DELETE', '/v1/groups/2/accounts/1')).status).toBe(204)
    expect(await memberIds(2)).toEqual(['2'])
    for (const path of ['/v1/groups/2/3', '/v1/groups/2/99', '/v1/groups/2/x', '/v1/groups/99/2']) {
      const missing = await call('DELETE', path)
      expect([missing.status, missing.text], path).toEqual([404, GONE])
    }
    expect((await call('GET', '/v1/groups/2/2')).status).toBe(405)
    expect((await ok(200, 'GET', '/v1/accounts')).length).toBe(3)
  })

  it('are removed together where the documentation deletes a group', async () => {
    expect((await call('DELETE', '/v1/groups/2/accounts')).status).toBe(204)
    expect((await call('DELETE', '/v1/groups/2/accounts')).status).toBe(204)
    expect((await ok(200, 'GET', '/v1/groups/2')).numberOfAccounts).toBe(0)
    expect((await ok(200, 'GET', '/v1/accounts')).length).toBe(3)
  })

  it('leave it when they are deleted', async () => {
    await ok(201, 'POST', '/v1/groups/2/accounts', { body: ['2', '3'] })
    await ok(204, 'DELETE', '/v1/accounts/2')
    expect(await memberIds(2)).toEqual(['3'])
    expect((await ok(200, 'GET', '/v1/groups/2')).numberOfAccounts).toBe(1)
  })
})

describe('a group that is gone', () => {
  it('leaves its accounts', async () => {
    const { status, text } = await call('DELETE', '/v1/groups/2')
    expect([status, text]).toEqual([204, ''])
    expect((await ok(200, 'GET', '/v1/accounts')).map((each: any) => each.accountId)).toEqual(['1', '3'])
  })

  it.each([
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['GET', '/accounts'],
    ['POST', '/accounts'],
    ['DELETE', '/accounts'],
    ['DELETE', '/1'],
  ])('is as unknown as another’s: %s /groups/2%s', async (method, more) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : '{'
    for (const [id, token] of [
      ['2', undefined],
      ['99', undefined],
      ['x', undefined],
      ['2', other.token],
    ] as const) {
      const { status, text } = await call(method, `/v1/groups/${id}${more}`, { body, ...(token ? { token } : {}) })
      expect([status, text], id).toEqual([404, GONE])
    }
  })
})
