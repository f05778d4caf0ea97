import type { Tx } from '../../db/database.ts'
import { join, type Sql, sql } from '../../db/sql.ts'

/**
 * Statements that only write as a single one, which costs one round and one turn of the protocol. They must not touch the
 * same rows: none of them sees what the others write.
 */
export function together(statements: readonly (Sql | undefined)[]): Sql[] {
  const given = statements.filter((statement) => statement !== undefined)
  if (given.length < 2) return given
  const parts = given.map((statement, index) => sql`${NAMES[index]!} (${statement})`)
  return [sql`WITH ${join(parts)} SELECT`]
}

const NAMES = [sql`a AS`, sql`b AS`, sql`c AS`, sql`d AS`, sql`e AS`, sql`f AS`, sql`g AS`, sql`h AS`]

/** Runs statements in their order. */
export async function runAll(tx: Tx, statements: readonly (Sql | undefined)[]): Promise<void> {
  await Promise.all(statements.map((statement) => statement && tx.query(statement)))
}
