import { describe, expect, it } from 'vitest'
import { failure, fitsLiteral, HOST, multisenderServer, NOW } from './kit.ts'
import * as literals from './literals.ts'

const server = await multisenderServer()
const { call, ok, acme, other, clock } = server

/** The documentation's own request, whose escapes are `>=` and `<=` to whoever reads JSON. */
const REQUEST = literals.FILTER_REQUEST.replaceAll("'", '"')
const FILTERS =
  '[{"field":"firstName","operator":"contains","value":"somestring"},{"field":"zip","operator":">=","value":"00001"},{"field":"zip","operator":"<=","value":"100000"},{"field":"city","operator":"in","value":["city","town","village"]}]'
const written = (filterId: number, filters: string, updatedAt = NOW) =>
  `{"filterId":${filterId},"filters":${filters},"updatedAt":"${updatedAt}","createdAt":"${NOW}"}`

async function account(body: object, token = acme.token): Promise<string> {
  return (await ok(201, 'POST', '/v1/accounts', { body, token })).accountId
}
async function filter(...filters: unknown[]): Promise<number> {
  return (await ok(201, 'POST', '/v1/accounts/filters', { body: { filters } })).filterId
}
const matching = async (filterId: number): Promise<string[]> =>
  (await ok(200, 'GET', `/v1/accounts?filterId=${filterId}`)).map((each: any) => each.accountId)

describe('account filters', () => {
  it('are created as the documentation asks for one', async () => {
    const { status, text, json, headers } = await call('POST', '/v1/accounts/filters', { body: REQUEST })
    expect([status, text, headers.location]).toEqual([201, written(1, FILTERS), `${HOST}/v1/accounts/filters/1`])
    fitsLiteral(json, literals.FILTER)
    fitsLiteral({ filters: json.filters }, literals.FILTER_REQUEST)
  })

  it('are read one by one and all together', async () => {
    const one = await call('GET', '/v1/accounts/filters/1')
    expect([one.status, one.text]).toEqual([200, written(1, FILTERS)])
    await filter({ field: 'yearOfBirth', operator: '>', value: 1980 })
    const all = await call('GET', '/v1/accounts/filters')
    const second = '[{"field":"yearOfBirth","operator":">","value":1980}]'
    expect([all.status, all.text]).toEqual([200, `[${written(1, FILTERS)},${written(2, second)}]`])
    fitsLiteral(all.json, literals.FILTERS)
    expect((await call('GET', '/v1/accounts/filters', { token: other.token })).text).toBe('[]')
  })

  it('know every field of an account by its name here', async () => {
    const fields = Object.keys(JSON.parse(literals.ACCOUNT.replaceAll("'", '"')))
    const values: Record<string, unknown> = { accountId: '1', yearOfBirth: 1980, updatedAt: NOW, createdAt: NOW }
    const filters = fields.map((field) => ({ field, operator: '!=', value: values[field] ?? 'x' }))
    const made = await ok(201, 'POST', '/v1/accounts/filters', { body: { filters } })
    expect(made.filters).toEqual(filters)
    await ok(201, 'DELETE', `/v1/accounts/filters/${made.filterId}`)
  })

  it('can be changed where they are deleted, should that be what was meant', async () => {
    clock.advance(60_000)
    const body = { filters: [{ field: 'nickName', operator: '==', value: 'Ainu' }] }
    const changed = await call('PUT', '/v1/accounts/filters/2', { body })
    const filters = '[{"field":"nickName","operator":"==","value":"Ainu"}]'
    expect([changed.status, changed.text]).toEqual([201, written(2, filters, '2017-01-01 12:01:00')])
    expect((await call('GET', '/v1/accounts/filters/2')).text).toBe(changed.text)
    expect((await call('PUT', '/v1/accounts/filters/2', { body: { filters: [] } })).status).toBe(400)
    expect((await ok(201, 'PUT', '/v1/accounts/filters/2', { body: {} })).filters).toEqual(body.filters)
  })

  it('are deleted, which answers 201 with what was', async () => {
    const before = await call('GET', '/v1/accounts/filters/2')
    const { status, text, json } = await call('DELETE', '/v1/accounts/filters/2')
    expect([status, text]).toEqual([201, before.text])
    fitsLiteral(json, literals.FILTER)
    for (const method of ['GET', 'PUT', 'DELETE']) {
      for (const [id, token] of [
        [2, acme.token],
        [1, other.token],
      ] as const) {
        const { status, text } = await call(method, `/v1/accounts/filters/${id}`, { token, body: { filters: [] } })
        expect([status, text]).toEqual([404, failure(404, 'Nothing with this id exists.')])
      }
    }
  })

  it('are refused as a whole, by entry', async () => {
    const refused = async (body: unknown) => {
      const { status, json } = await call('POST', '/v1/accounts/filters', { body })
      expect([status, json.message]).toEqual([400, 'Validation failed'])
      return json.errors
    }
    expect(await refused({})).toEqual({ filters: ['filters is required'] })
    expect(await refused({ filters: {} })).toEqual({ filters: ['filters must be an array'] })
    expect(await refused({ filters: [] })).toEqual({ filters: ['filters must have at least one filter'] })
    expect(await refused({ filters: [{}, 5] })).toEqual({
      'filters.0.field': ['filters.0.field is required'],
      'filters.0.operator': ['filters.0.operator is required'],
      'filters.0.value': ['filters.0.value is required'],
      'filters.1': ['filters.1 must be an object'],
    })
    expect(
      await refused({
        filters: [
          { field: 'postalCode', operator: '==', value: 'x' },
          { field: 'zip', operator: '==', value: 'x' },
        ],
      }),
    ).toEqual({ 'filters.0.field': ['filters.0.field must be a field of accounts'] })
    expect(
      await refused({
        filters: [
          { field: 'zip', operator: '=', value: 'x' },
          { field: 'zip', operator: 'in', value: 'x' },
          { field: 'yearOfBirth', operator: 'contains', value: '19' },
          { field: 'city', operator: '==', value: ['x'] },
          { field: 'yearOfBirth', operator: '>', value: 'old' },
          { field: 'createdAt', operator: '>', value: '2017-02-30 00:00:00' },
        ],
      }),
    ).toEqual({
      'filters.0.operator': ['filters.0.operator must be one of ==, !=, >, <, >=, <=, in, contains'],
      'filters.1.value': ['filters.1.value must be a list'],
      'filters.2.operator': ['filters.2.operator works on texts only'],
      'filters.3.value': ['filters.3.value must not be a list'],
      'filters.4.value': ['filters.4.value must be a number'],
      'filters.5.value': ['filters.5.value must be an instant such as 2026-02-22 17:15:55'],
    })
    expect((await ok(200, 'GET', '/v1/accounts/filters')).length).toBe(1)
  })
})

describe('accounts that match a filter', () => {
  it('meet all its entries: numerically where both sides are numbers, in the case given', async () => {
    const one = await account({ firstName: 'some somestring here', zip: '00100', city: 'town', yearOfBirth: 1980 })
    const two = await account({ firstName: 'somestring', zip: '100', city: 'village', yearOfBirth: 1990 })
    await account({ firstName: 'Somestring', zip: '00100', city: 'town' })
    await account({ firstName: 'somestring', zip: '100001', city: 'town' })
    await account({ firstName: 'somestring', zip: '00100', city: 'Town' })
    await account({ firstName: 'somestring', zip: '00100', city: 'town' }, other.token)
    expect(await matching(1)).toEqual([one, two])
    expect(await matching(await filter({ field: 'yearOfBirth', operator: '>', value: '1980' }))).toEqual([two])
    expect(await matching(await filter({ field: 'accountId', operator: 'in', value: [one, Number(two)] }))).toEqual([
      one,
      two,
    ])
    expect(await matching(await filter({ field: 'createdAt', operator: '<', value: NOW }))).toEqual([])
  })

  it('are found by a filter that exists, and by no other', async () => {
    for (const id of ['99', '0', '99999999999']) {
      expect((await call('GET', `/v1/accounts?filterId=${id}`)).status).toBe(404)
    }
    expect((await call('GET', '/v1/accounts?filterId=1', { token: other.token })).status).toBe(404)
    for (const id of ['', 'x', '1,2', '-1']) {
      const { status, text } = await call('GET', `/v1/accounts?filterId=${id}`)
      expect([status, text], id).toEqual([
        400,
        failure(400, 'Validation failed', { filterId: ['filterId must be an integer'] }),
      ])
    }
  })
})

describe('deleting many accounts', () => {
  const count = async (token = acme.token) => (await ok(200, 'GET', '/v1/accounts', { token })).length

  it('needs to be told which, once', async () => {
    const before = await count()
    const neither = failure(400, 'Validation failed', { all: ['all or filterId must be given'] })
    for (const query of ['', '?', '?all=0', '?all=false', '?ALL', '?filterid=1', '?access_token=x']) {
      const { status, text } = await call('DELETE', `/v1/accounts${query}`)
      expect([status, text], query).toEqual([400, neither])
    }
    for (const query of ['?all&filterId=1', '?filterId=1&all=1']) {
      const { status, text } = await call('DELETE', `/v1/accounts${query}`)
      expect([status, text], query).toEqual([
        400,
        failure(400, 'Validation failed', { all: ['all must not be given with filterId'] }),
      ])
    }
    for (const query of ['?all=maybe', '?all&all=perhaps', '?filterId=', '?filterId=x', '?all=0&filterId=']) {
      expect((await call('DELETE', `/v1/accounts${query}`)).status, query).toBe(400)
    }
    for (const query of ['?filterId=99', '?filterId=2&all=0']) {
      expect((await call('DELETE', `/v1/accounts${query}`)).status, query).toBe(404)
    }
    expect((await call('DELETE', '/v1/accounts?filterId=1', { token: other.token })).status).toBe(404)
    expect([await count(), await count(other.token)]).toEqual([before, 1])
  })

  it('deletes those that match, and may find none', async () => {
    const before = await count()
    for (const left of [before - 2, before - 2]) {
      const { status, text } = await call('DELETE', '/v1/accounts?filterId=1')
      expect([status, text]).toEqual([204, ''])
      expect(await count()).toBe(left)
    }
  })

  it('deletes all of one’s own', async () => {
    for (const query of ['?all', '?all=', '?all=1', '?all=true&filterId']) {
      const { status } = await call('DELETE', `/v1/accounts${query}`)
      expect(status, query).toBe(query.includes('filterId') ? 400 : 204)
      expect([await count(), await count(other.token)]).toEqual([0, 1])
    }
  })
})
