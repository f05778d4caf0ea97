import { type Sql, sql } from '../../db/sql.ts'

/**
 * The workspace of a row that is found by something narrower: checked, and not to be found by an index. Without
 * statistics, as on a database that was just filled, a plan would go through all of the workspace for each row.
 */
export function bound(one: Sql, other: Sql): Sql {
  return sql`(${one} = ${other}) IS TRUE`
}
