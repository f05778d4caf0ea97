import { expect, test } from 'vitest'
import { postKit, postOffice } from '../../../test/kit/post.ts'
import { testWorld, worldOn } from '../../../test/kit/world.ts'
import type { Database } from '../../db/database.ts'

const COUNT = 10_000
const STRETCH = 2_000

/** The same database, with its statements counted. */
function counted(db: Database): { db: Database; statements: () => number } {
  let statements = 0
  const count = <Args extends unknown[], Result>(run: (...args: Args) => Result) => {
    return (...args: Args) => {
      statements++
      return run(...args)
    }
  }
  return {
    db: {
      ...db,
      query: count(db.query.bind(db)) as Database['query'],
      transaction: (run, lastly) =>
        db.transaction(
          (tx) => run({ ...tx, query: count(tx.query.bind(tx)) as typeof tx.query }),
          () => {
            const last = lastly?.() ?? []
            statements += last.length
            return last
          },
        ),
    },
    statements: () => statements,
  }
}

test('ten thousand receivers cost no more each than a few', { timeout: 300_000 }, async () => {
  const t = await testWorld()
  const kit = postKit(t)
  const { db, statements } = counted(t.db)
  const office = postOffice(t, { world: worldOn(db, t.clock) })
  const receivers = Array.from({ length: COUNT }, (_, n) => ({ phone: `+35840${1_000_000 + n}` }))
  const id = await kit.texts(office, { receivers })
  const before = statements()
  const stretches: number[] = []
  let begun = performance.now()
  while ((await office.sender.run()) > 0) {
    await office.sender.settled()
    if (office.sms.history.length < STRETCH * (stretches.length + 1)) continue
    stretches.push(performance.now() - begun)
    begun = performance.now()
  }
  expect(new Set(office.sms.history.map(({ to }) => to)).size).toBe(COUNT)
  expect(await kit.statsOf(id)).toMatchObject({ state: 'completed', messages_sent: COUNT, settled_receivers: COUNT })
  await kit.expectExactStats(id)
  // A batch of a hundred takes some thirty.
  expect((statements() - before) / COUNT).toBeLessThan(0.4)
  // What grows with the square would be seven and nine times as slow at the end; one stretch may have met a busy machine.
  expect(Math.min(...stretches.slice(-2)) / stretches[0]!).toBeLessThan(4)
})
