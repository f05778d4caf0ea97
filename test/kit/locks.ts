import { expect } from 'vitest'
import type { Database, Tx } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'
import { until } from './world.ts'

/** Whether somebody waits for a row that this transaction has: others may wait for each other for a moment. */
export async function waitersFor(db: Database, tx: Tx): Promise<() => Promise<boolean>> {
  const [holder] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`)
  return async () => {
    const rows = await db.query(
      sql`SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND ${holder!.pid}::int = ANY(pg_blocking_pids(pid))`,
    )
    return rows.length > 0
  }
}

/**
 * A transaction locks `first`, then `work` begins, and once it waits for the transaction that locks `second`, which
 * `work` must not have: the two would wait in a circle. PostgreSQL only.
 */
export async function amid(
  db: Database,
  first: (tx: Tx) => Promise<unknown>,
  work: () => Promise<unknown>,
  second: typeof first,
): Promise<void> {
  const [held, waiting] = [Promise.withResolvers<() => Promise<boolean>>(), Promise.withResolvers<void>()]
  const holding = db.transaction(async (tx) => {
    await first(tx)
    held.resolve(await waitersFor(db, tx))
    await waiting.promise
    await second(tx)
  })
  const isWaiting = await Promise.race([held.promise, holding.then(() => held.promise)])
  const working = work()
  await until(isWaiting, 'somebody waits').finally(waiting.resolve)
  const [locked, done] = await Promise.allSettled([holding, working])
  expect([locked, done]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
}
