import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Database } from './database.ts'
import { sql } from './sql.ts'

const FOLDER = new URL('../../prisma/migrations/', import.meta.url)

/** Any fixed number; it names the lock under which servers that start at the same time take turns. */
const MIGRATION_LOCK = 7_294_015

export interface Migration {
  name: string
  text: string
}

/** The migrations of this release, in their order. */
export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(new URL(name, FOLDER), 'utf8') })))
}

/**
 * Applies what is missing, each migration in a transaction of its own together with its record, under a lock: a
 * second server waits and then finds nothing to do. Returns the names applied.
 * Throws when an applied migration was edited since, or when the database is newer than this release.
 */
export async function migrate(db: Database, migrations?: Migration[]): Promise<string[]> {
  const known = migrations ?? (await readMigrations())
  await db.transaction(async (tx) => {
    // Held until the commit: a lock given back earlier would let a second server create the same table.
    await tx.query(sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    await tx.query(
      sql`CREATE TABLE IF NOT EXISTS schema_migration (
            name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    )
  })
  const applied: string[] = []
  for (const migration of known) {
    if (await applyOne(db, migration)) applied.push(migration.name)
  }
  const names = known.map((migration) => migration.name)
  const [ahead] = await db.query<{ name: string }>(
    sql`SELECT name FROM schema_migration WHERE name <> ALL(${names}::text[]) LIMIT 1`,
  )
  if (ahead) throw new Error(`the database has the migration ${ahead.name}, which this release does not know`)
  return applied
}

async function applyOne(db: Database, { name, text }: Migration): Promise<boolean> {
  const checksum = createHash('sha256').update(text).digest('hex')
  return db.transaction(async (tx) => {
    await tx.query(sql`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    const [done] = await tx.query<{ checksum: string }>(sql`SELECT checksum FROM schema_migration WHERE name = ${name}`)
    if (done && done.checksum !== checksum) throw new Error(`the migration ${name} was edited after it was applied`)
    if (done) return false
    await tx.script(text)
    await tx.query(sql`INSERT INTO schema_migration (name, checksum) VALUES (${name}, ${checksum})`)
    return true
  })
}
