import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'

/** The floor of a start: opens the database and asks it for 1, nothing else. Says `ready` when it has the answer. */
const { DATA_FOLDER, DATABASE_URL } = process.env
if (DATA_FOLDER) {
  const database = await PGlite.create({ dataDir: DATA_FOLDER })
  await database.query('SELECT 1')
  process.stdout.write('ready\n')
  await database.close()
} else {
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  await client.query('SELECT 1')
  process.stdout.write('ready\n')
  await client.end()
}
