import { expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { multisenderServer } from './kit.ts'

const server = await multisenderServer()
const { app, acme, other, call, ok } = server
const MANY = 10_000

/** Ten thousand accounts, as fast as the database makes them. */
await app.db.query(
  sql`INSERT INTO contact (id, workspace_id, legacy_id, first_name, phone, email, postal_code, created_at, updated_at)
      SELECT gen_random_uuid(), ${acme.workspaceId}::uuid, n, 'Person ' || n, '+35840' || (1000000 + n),
             'person' || n || '@example.com', lpad(n::text, 5, '0'), now(), now()
      FROM generate_series(1, ${MANY}::int) n`,
)
await ok(201, 'POST', '/v1/accounts', { token: other.token, body: {} })
// The counter does not know of them; accounts are not made here.
const ids = Array.from({ length: MANY }, (_, n) => String(n + 1))

async function timed<T>(run: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  const result = await run()
  return [result, performance.now() - start]
}

// The bounds are far above what it takes, so that only a change in kind breaks them: a query per account, a list that
// is searched once per element.
it('lists ten thousand accounts in their order, within seconds', async () => {
  const [{ json }, ms] = await timed(() => call('GET', '/v1/accounts'))
  expect(json.length).toBe(MANY)
  expect(json.map((each: any) => each.accountId)).toEqual(ids)
  expect(ms).toBeLessThan(8_000)
})

it('adds them all to a group, and lists and filters them there', { timeout: 60_000 }, async () => {
  await ok(201, 'POST', '/v1/groups', { body: { name: 'All', description: '' } })
  const [added, ms] = await timed(() => ok(201, 'POST', '/v1/groups/1/accounts', { body: ids.toReversed() }))
  expect(added.length).toBe(MANY)
  expect(ms).toBeLessThan(15_000)
  const members = await ok(200, 'GET', '/v1/groups/1/accounts')
  expect(members.map((each: any) => each.accountId)).toEqual(ids.toReversed())
  const tooMany = await call('POST', '/v1/groups/1/accounts', { body: [...ids, '1'] })
  expect([tooMany.status, tooMany.json.errors]).toEqual([400, { accountIds: ['accountIds must be at most 10000'] }])
  await ok(201, 'POST', '/v1/accounts/filters', { body: { filters: [{ field: 'zip', operator: '<=', value: '10' }] } })
  expect((await ok(200, 'GET', '/v1/accounts?filterId=1')).map((each: any) => each.accountId)).toEqual(ids.slice(0, 10))
})

it('deletes those that match, then all', { timeout: 60_000 }, async () => {
  await ok(204, 'DELETE', '/v1/accounts?filterId=1')
  expect((await ok(200, 'GET', '/v1/groups/1')).numberOfAccounts).toBe(MANY - 10)
  const [, ms] = await timed(() => ok(204, 'DELETE', '/v1/accounts?all'))
  expect(ms).toBeLessThan(30_000)
  expect(await ok(200, 'GET', '/v1/accounts')).toEqual([])
  expect((await ok(200, 'GET', '/v1/groups/1')).numberOfAccounts).toBe(0)
  expect((await ok(200, 'GET', '/v1/accounts', { token: other.token })).length).toBe(1)
})
