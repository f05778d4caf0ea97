import sql, { type Sql } from 'sql-template-tag'

export { empty, join, type Sql } from 'sql-template-tag'
export { sql }

/**
 * A timestamptz as text, in UTC with all its microseconds: `2026-02-22T17:15:55.291121Z`. For what reads instants back
 * exactly; a Date cuts them to milliseconds.
 */
export function instantText(column: Sql): Sql {
  return sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** A JSON value as a parameter; write `${json(value)}::jsonb` in the statement. */
export function json(value: unknown): string {
  return JSON.stringify(value ?? null)
}

/** The name of the violated constraint, when `error` is PostgreSQL's unique, foreign key or check violation. */
export function violatedConstraint(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, constraint } = error as Error & { code?: string; constraint?: string }
  return code === '23505' || code === '23503' || code === '23514' ? constraint : undefined
}

/** Classes of SQLSTATE with which a connection ends. */
const CONNECTION_ENDS = /^(?:08|57P0)/

/**
 * Whether PostgreSQL says that it refused a statement, so that the transaction has left nothing. Of any other failure,
 * such as a connection that broke, it does not follow that a commit on its way was not carried out.
 */
export function wasRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // What the server says has a severity; codes of the operating system, which may look the same, come without.
  const { code, severity } = error as Error & { code?: string; severity?: string }
  return code !== undefined && severity !== undefined && !CONNECTION_ENDS.test(code)
}

export { instantText as instant }
