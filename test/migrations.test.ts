import { PGlite } from '@electric-sql/pglite'
import { expect, test } from 'vitest'
import { diffToSchema } from '../prisma/schema-engine.ts'
import { embeddedDatabase } from '../src/db/embedded.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'
import { sql } from '../src/db/sql.ts'

test('the migrations make the database that schema.prisma describes', async () => {
  const pglite = await PGlite.create()
  const db = embeddedDatabase(pglite)
  await migrate(db)
  // What Prisma does not model must not show up as a difference either, apart from whole tables of ours.
  const drift = (await diffToSchema(pglite))
    .split('\n\n')
    .filter(
      (statement) =>
        !/DROP TABLE "(schema_migration|event|event_head|legacy_counter|idempotency|webhook_feed|webhook_secret)"/.test(
          statement,
        ),
    )
    .filter(
      (statement) =>
        !/DROP CONSTRAINT "(event|event_head|legacy_counter|idempotency|webhook_feed|webhook_secret)_/.test(statement),
    )
  expect(drift.join('\n\n')).toBe('')

  await db.script('ALTER TABLE link DROP COLUMN response_count')
  expect(await diffToSchema(pglite)).toContain('"response_count"')
  await db.close()
})

test('a second run applies nothing; an edited or unknown migration stops the start', async () => {
  const db = embeddedDatabase(await PGlite.create())
  const names = (await readMigrations()).map((migration) => migration.name)
  expect(await migrate(db)).toEqual(names)
  expect(await migrate(db)).toEqual([])
  const edited = (await readMigrations()).map((migration) => ({ ...migration, text: `${migration.text}\n-- edited` }))
  await expect(migrate(db, edited)).rejects.toThrow('was edited after it was applied')
  await expect(migrate(db, [])).rejects.toThrow('which this release does not know')
  const broken = { name: '9999_broken.sql', text: 'CREATE TABLE half (id int); SELECT * FROM nowhere' }
  await expect(migrate(db, [...(await readMigrations()), broken])).rejects.toThrow('nowhere')
  const [half] = await db.query<{ found: string | null }>(sql`SELECT to_regclass('half')::text AS found`)
  expect(half?.found).toBeNull()
  await db.close()
})
