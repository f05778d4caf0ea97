export { default as sql, empty, join, type Sql } from 'sql-template-tag'

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
