import { beforeAll, beforeEach, expect, test } from 'vitest'
import { testDatabase } from '../../test/kit/database.ts'
import type { Database, Tx } from './database.ts'
import { sql, violatedConstraint } from './sql.ts'

let db: Database
beforeAll(async () => {
  db = await testDatabase()
  await db.script('CREATE TABLE thing (id int CONSTRAINT thing_key PRIMARY KEY, data jsonb)')
})
beforeEach(() => db.script('TRUNCATE thing'))

const ids = async () => (await db.query<{ id: number }>(sql`SELECT id FROM thing ORDER BY id`)).map(({ id }) => id)

test.each<[string, (run: (on: Pick<Tx, 'raw'>) => Promise<void>) => Promise<void>]>([
  ['outside a transaction', (run) => run(db)],
  ['within one', (run) => db.transaction(run)],
])('text with values gives rows, and text without them those of all its statements, %s', async (_, enter) => {
  await enter(async (on) => {
    const text = 'INSERT INTO thing SELECT unnest($1::int[]), $2 RETURNING id, data'
    expect(await on.raw(text, [[1, 2], '{"a":[1]}'])).toEqual([1, 2].map((id) => ({ id, data: { a: [1] } })))
    expect(await on.raw('SELECT 3::bigint AS n; SELECT id FROM thing WHERE id = 9; SELECT 4 AS m')).toEqual([
      { n: 3 },
      { m: 4 },
    ])
    expect(await on.raw('DELETE FROM thing WHERE id = $1', [1])).toEqual([])
  })
  expect(await ids()).toEqual([2])
})

test('a transaction within the text commits, and gives the rows of its inside', async () => {
  const rows = await db.raw(
    '\n BEGIN; SET LOCAL lock_timeout = 1000; INSERT INTO thing VALUES (1) RETURNING id; COMMIT;',
  )
  expect(rows).toEqual([{ id: 1 }])
  expect(await ids()).toEqual([1])
})

test('one that fails is undone before anybody else is let in', async () => {
  const text = 'BEGIN; INSERT INTO thing VALUES (1); INSERT INTO thing VALUES (1); COMMIT;'
  const attempt = db.raw(text).catch((error) => error)
  const others = Array.from({ length: 20 }, () => ids())
  expect(violatedConstraint(await attempt)).toBe('thing_key')
  for (const seen of await Promise.all(others)) expect(seen).toEqual([])
  await db.raw('INSERT INTO thing VALUES (2)')
  expect(await ids()).toEqual([2])
})

test('it is refused outside the open transaction', async () => {
  await expect(db.transaction(() => db.raw('SELECT 1'))).rejects.toThrow('a query outside the open transaction')
})
