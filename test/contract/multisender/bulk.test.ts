import { expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { statementCounter } from '../../kit/statements.ts'
import { multisenderServer } from './kit.ts'

const { onQuery, counted } = statementCounter()
const server = await multisenderServer({}, { role: 'api', onQuery })
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

// The bounds are far above what it takes, so that only a change in kind breaks them: a query per account.
it('lists ten thousand accounts in their order', async () => {
  const [{ json }, reads] = await counted(() => call('GET', '/v1/accounts'))
  expect(json.length).toBe(MANY)
  expect(json.map((each: any) => each.accountId)).toEqual(ids)
  expect(reads).toBeLessThan(500)
})

it('adds them all to a group, and lists and filters them there', { timeout: 60_000 }, async () => {
  await ok(201, 'POST', '/v1/groups', { body: { name: 'All', description: '' } })
  const [added, writes] = await counted(() => ok(201, 'POST', '/v1/groups/1/accounts', { body: ids.toReversed() }))
  expect(added.length).toBe(MANY)
  expect(writes).toBeLessThan(500)
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
  const [, writes] = await counted(() => ok(204, 'DELETE', '/v1/accounts?all'))
  expect(writes).toBeLessThan(500)
  expect(await ok(200, 'GET', '/v1/accounts')).toEqual([])
  expect((await ok(200, 'GET', '/v1/groups/1')).numberOfAccounts).toBe(0)
  expect((await ok(200, 'GET', '/v1/accounts', { token: other.token })).length).toBe(1)
})
