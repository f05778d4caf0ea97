import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testDatabase } from '../../test/kit/database.ts'
import type { Database, Tx } from './database.ts'
import { join, json, sql, violatedConstraint } from './sql.ts'

let db: Database
beforeAll(async () => {
  db = await testDatabase()
  await db.script(`CREATE TABLE parent (id int CONSTRAINT parent_key PRIMARY KEY);
                   CREATE TABLE child (id int CONSTRAINT child_positive CHECK (id > 0),
                                       parent int CONSTRAINT child_parent_fkey REFERENCES parent, name text NOT NULL DEFAULT '')`)
})
beforeEach(() => db.script('TRUNCATE child, parent'))

const insert = (n: number) => sql`INSERT INTO parent (id) VALUES (${n}::int)`
const ids = async () => (await db.query<{ id: number }>(sql`SELECT id FROM parent ORDER BY id`)).map((row) => row.id)

test('lists of a type that was made since the database was opened can be given', async () => {
  await db.script(`CREATE TYPE fruit AS ENUM ('apple', 'pear')`)
  await db.transaction((tx) => tx.script(`CREATE TYPE root AS ENUM ('carrot', 'beet')`))
  const [row] = await db.query(
    sql`SELECT 'pear'::fruit = ANY(${['apple', 'pear']}::fruit[]) AS fruit,
               'beet'::root = ANY(${['carrot']}::root[]) AS root`,
  )
  expect(row).toEqual({ fruit: true, root: false })
})

describe('a transaction', () => {
  test('commits and gives what it returned', async () => {
    const returned = await db.transaction(async (tx) => {
      await tx.query(insert(1))
      return 'done'
    })
    expect(returned).toBe('done')
    expect(await ids()).toEqual([1])
  })

  test('rolls back when it throws, and rejects with that', async () => {
    const failure = new Error('changed my mind')
    const attempt = db.transaction(async (tx) => {
      await tx.query(insert(1))
      await tx.script('INSERT INTO parent VALUES (2); INSERT INTO parent VALUES (3)')
      throw failure
    })
    await expect(attempt).rejects.toBe(failure)
    expect(await ids()).toEqual([])
  })

  test('rolls back when a statement fails, also one that was caught', async () => {
    await expect(
      db.transaction(async (tx) => {
        await tx.query(insert(1))
        await tx.query(insert(1)).catch(() => {})
        await tx.query(insert(2))
      }),
    ).rejects.toThrow('current transaction is aborted')
    expect(await ids()).toEqual([])
  })

  test('is not said to have committed when it could not: a caught failure as the last word rolls back', async () => {
    const attempt = db.transaction(async (tx) => {
      await tx.query(insert(1))
      await tx.query(insert(1)).catch(() => {})
      return 'fine?'
    })
    await expect(attempt).rejects.toThrow()
    expect(await ids()).toEqual([])
  })

  test.each<[string, (tx: Tx) => Promise<unknown>, string]>([
    ['another transaction', () => db.transaction(async () => {}), 'a transaction within a transaction'],
    ['a query outside it', () => db.query(insert(2)), 'a query outside the open transaction'],
    ['a script outside it', () => db.script('SELECT 1'), 'a query outside the open transaction'],
    ['a notification', () => db.notify('news', ''), 'a query outside the open transaction'],
    [
      'a query later in it',
      async (tx) => {
        await tx.query(insert(5))
        await sleep(1)
        await db.query(insert(2))
      },
      'a query outside',
    ],
  ])('refuses %s instead of waiting for itself', async (_, misuse, message) => {
    const attempt = db.transaction(async (tx) => {
      await tx.query(insert(1))
      await misuse(tx)
    })
    await expect(attempt).rejects.toThrow(message)
    expect(await ids()).toEqual([])
    await db.query(insert(3))
    expect(await ids()).toEqual([3])
  })

  test('ends with what is to come last, which sees all that came before', async () => {
    let asked = false
    await db.transaction(
      async (tx) => {
        await tx.query(insert(1))
        expect(asked).toBe(false)
      },
      () => {
        asked = true
        return [
          sql`INSERT INTO parent SELECT max(id) + 1 FROM parent`,
          sql`INSERT INTO parent SELECT max(id) + 1 FROM parent`,
        ]
      },
    )
    expect(await ids()).toEqual([1, 2, 3])
  })

  test('rolls back when what comes last fails, and tells of what failed first', async () => {
    const attempt = db.transaction(
      async (tx) => {
        await tx.query(insert(1))
      },
      () => [insert(2), insert(1), insert(3)],
    )
    await expect(attempt).rejects.toThrow('parent_key')
    const refusing = db.transaction(
      async (tx) => {
        await tx.query(insert(4))
      },
      () => {
        throw new Error('nothing to come last')
      },
    )
    await expect(refusing).rejects.toThrow('nothing to come last')
    expect(await ids()).toEqual([])
    // The connection is as good as before.
    await db.transaction((tx) => tx.query(insert(5)))
    expect(await ids()).toEqual([5])
  })

  test('is not asked for what comes last when it fails before', async () => {
    const attempt = db.transaction(
      async () => {
        throw new Error('early')
      },
      () => {
        throw new Error('late')
      },
    )
    await expect(attempt).rejects.toThrow('early')
  })

  test('does not hold up what others ask at the same time beyond its end', async () => {
    const order: string[] = []
    const slow = db.transaction(async (tx) => {
      await tx.query(insert(1))
      await sleep(30)
      await tx.query(insert(2))
      order.push('transaction')
    })
    const others = Promise.all(Array.from({ length: 5 }, (_, n) => db.query(insert(10 + n))))
    await Promise.all([slow, others.then(() => order.push('queries'))])
    expect(order.toSorted()).toEqual(['queries', 'transaction'])
    expect(await ids()).toEqual([1, 2, 10, 11, 12, 13, 14])
  })

  test('many at once each see a whole world', async () => {
    await db.query(insert(0))
    await Promise.all(
      Array.from({ length: 30 }, () =>
        db.transaction(async (tx) => {
          const [row] = await tx.query<{ id: number }>(sql`SELECT id FROM parent FOR UPDATE`)
          await tx.query(sql`UPDATE parent SET id = ${row!.id + 1}::int`)
        }),
      ),
    )
    expect(await ids()).toEqual([30])
  })
})

describe('the violated constraint', () => {
  test.each([
    ['parent_key', sql`INSERT INTO parent VALUES (1), (1)`],
    ['child_parent_fkey', sql`INSERT INTO child (id, parent) VALUES (1, 99)`],
    ['child_positive', sql`INSERT INTO child (id) VALUES (0)`],
  ])('%s is told, within a transaction and without', async (name, statement) => {
    expect(violatedConstraint(await db.query(statement).catch((error) => error))).toBe(name)
    const within = db.transaction((tx) => tx.query(statement))
    expect(violatedConstraint(await within.catch((error) => error))).toBe(name)
  })

  test.each([
    ['a missing value', () => db.query(sql`INSERT INTO child (id, name) VALUES (1, NULL)`)],
    ['a broken statement', () => db.query(sql`SELECT nonsense`)],
    ['an error of our own', () => Promise.reject(new Error('23505'))],
    ['no error at all', () => Promise.reject({ code: '23505', constraint: 'parent_key' })],
  ])('is none for %s', async (_, attempt) => {
    expect(violatedConstraint(await attempt().catch((error) => error))).toBeUndefined()
  })
})

test('values arrive alike from both databases', async () => {
  const at = new Date('2026-03-29T00:59:59.123Z')
  const uuid = '0193a1f0-0000-7000-8000-000000000000'
  const [row] = await db.query(
    sql`SELECT 9007199254740991::bigint AS large, 7::int AS small, 1.5::float8 AS fraction, count(*) AS count,
               ${'ä😀'} || 'x' AS text, ${at}::timestamptz AS at, '2026-03-29'::date AS day, ${true}::boolean AS yes,
               ${null}::text AS nothing, ${['a', 'b,"{}']}::text[] AS texts, ${[1, 2]}::bigint[] AS numbers,
               ${[uuid]}::uuid[] AS ids, ${[]}::text[] AS none, ${json({ a: [1, null, '\u2028'] })}::jsonb AS object,
               ${json('text')}::jsonb AS string, ${json(null)}::jsonb AS null_json, ${uuid}::uuid AS id,
               make_interval(days => 1) IS NOT NULL AS interval
        FROM parent WHERE id IN (${join([1, 2, 3])})`,
  )
  expect(row).toEqual({
    large: 9007199254740991,
    small: 7,
    fraction: 1.5,
    count: 0,
    text: 'ä😀x',
    at,
    day: '2026-03-29',
    yes: true,
    nothing: null,
    texts: ['a', 'b,"{}'],
    numbers: [1, 2],
    ids: [uuid],
    none: [],
    object: { a: [1, null, '\u2028'] },
    string: 'text',
    null_json: null,
    id: uuid,
    interval: true,
  })
})

test('values travel apart from the text', async () => {
  await db.query(insert(1))
  const evil = "1'; DROP TABLE parent; --"
  expect(await db.query(sql`SELECT ${evil} AS echo`)).toEqual([{ echo: evil }])
  expect(await ids()).toEqual([1])
})

test('a script runs all of its statements or none', async () => {
  await expect(db.script('INSERT INTO parent VALUES (1); INSERT INTO parent VALUES (1)')).rejects.toThrow('parent_key')
  expect(await ids()).toEqual([])
})

test('a notification reaches every listener of its channel, until it stops', async () => {
  const heard: string[] = []
  const stops = [
    await db.listen('test_news', (payload) => heard.push(`a ${payload}`)),
    await db.listen('test_news', (payload) => heard.push(`b ${payload}`)),
    await db.listen('test_other', (payload) => heard.push(`c ${payload}`)),
  ]
  await db.notify('test_news', 'one')
  for (let n = 0; n < 200 && heard.length < 2; n++) await sleep(5)
  expect(heard.toSorted()).toEqual(['a one', 'b one'])
  await stops[0]!()
  await db.notify('test_news', 'two')
  for (let n = 0; n < 200 && heard.length < 3; n++) await sleep(5)
  expect(heard.slice(2)).toEqual(['b two'])
  for (const stop of stops.slice(1)) await stop()
})
