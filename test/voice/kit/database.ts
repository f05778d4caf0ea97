import type { Database } from '../../../src/db/database.ts'
import { openEmbedded } from '../../../src/db/embedded.ts'
import { openPostgres } from '../../../src/db/postgres.ts'
import { createLogger } from '../../../src/platform/logger.ts'
import { onPostgres, testDatabaseUrl } from '../../kit/database.ts'

/** The settings of an empty database of one's own: in `folder`, unless there is a PostgreSQL server. */
export async function databaseSettings(folder: string): Promise<Record<string, string>> {
  return { DATA_DIR: folder, ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}) }
}

/** Looks into the database of a server that has stopped. */
export async function withDatabase<Result>(
  { DATA_DIR: folder, DATABASE_URL: url }: Record<string, string>,
  look: (db: Database) => Promise<Result>,
): Promise<Result> {
  const db = url
    ? await openPostgres({ url, logger: createLogger('silent'), poolSize: 2 })
    : await openEmbedded({ folder: folder! })
  try {
    return await look(db)
  } finally {
    await db.close()
  }
}
