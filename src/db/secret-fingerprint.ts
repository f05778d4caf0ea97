import type { Database } from './database.ts'
import { sql } from './sql.ts'

/**
 * The fingerprint of the secret that this database is used with. `mine` is kept when there is none yet: of servers that
 * start at once, all get the one that was first.
 */
export async function keepFingerprint(db: Database, mine: string): Promise<string> {
  await db.query(sql`INSERT INTO server_secret (fingerprint) VALUES (${mine}) ON CONFLICT DO NOTHING`)
  const [kept] = await db.query<{ fingerprint: string }>(sql`SELECT fingerprint FROM server_secret`)
  return kept!.fingerprint
}

/** Uses the database with another secret from now on. */
export async function replaceFingerprint(db: Database, mine: string): Promise<void> {
  await db.query(sql`UPDATE server_secret SET fingerprint = ${mine}`)
}
