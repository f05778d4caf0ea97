import type { Queryable } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'

/** Every table in which a text occurs, whatever the column. */
export async function tablesWith(db: Queryable, text: string): Promise<string[]> {
  const tables = await db.query<{ name: string }>(
    sql`SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const [hit] = await db.raw<{ hit: boolean }>(
      `SELECT EXISTS (SELECT FROM "${name}" t WHERE to_jsonb(t)::text ILIKE '%' || $1 || '%') AS hit`,
      [text],
    )
    if (hit!.hit) found.push(name)
  }
  return found
}
