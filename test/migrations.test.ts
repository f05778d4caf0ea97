import { PGlite } from '@electric-sql/pglite'
import { expect, test, vi } from 'vitest'
import { diffToSchema } from '../prisma/schema-engine.ts'
import { embeddedDatabase } from '../src/db/embedded.ts'
import { migrate, readMigrations } from '../src/db/migrate.ts'
import { sql } from '../src/db/sql.ts'

// Each begins with an empty database, which takes seconds, and many on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

/** Tables that stores alone read and write. */
const UNMODELLED = [
  'schema_migration',
  'server_secret',
  'event',
  'event_head',
  'legacy_counter',
  'idempotency',
  'webhook_feed',
  'webhook_secret',
  'user_secret',
  'opt_out',
  'contact_import_error',
  'voice_file_arrival',
  'campaign_voice_file',
  'seat',
  'provider_state',
  'outreach_policy',
  'spend',
  'outbound_message_part',
  'outbox_erasure',
  'message_pool',
  'business_calendar',
  'message_word',
  'message_channel',
  'message_thread',
  'conversation',
  'message',
  'metric_rollup',
  'metric_fact',
  'metric_day',
  'metric_presence',
  'signing_key',
  'message_import',
  'insight_budget',
  'insight_spend',
  'answer_words',
  'insight_reservation',
  'upload_piece',
  'spoken_text',
]

/** References that cross workspaces on purpose, which no relation of the graph can follow. */
const CROSSING = ['workspace_parent', 'subuser_child']

test('the migrations make the database that schema.prisma describes', async () => {
  const pglite = await PGlite.create()
  const db = embeddedDatabase(pglite)
  await migrate(db)
  // What Prisma does not model must not show up as a difference either, apart from whole tables of ours.
  const drift = (await diffToSchema(pglite))
    .split('\n\n')
    .filter((statement) => !new RegExp(`DROP TABLE "(${UNMODELLED.join('|')})"`).test(statement))
    .filter((statement) => !new RegExp(`DROP CONSTRAINT "(${[...UNMODELLED, ...CROSSING].join('|')})_`).test(statement))
  expect(drift.join('\n\n')).toBe('')

  await db.script('ALTER TABLE link DROP COLUMN response_count')
  expect(await diffToSchema(pglite)).toContain('"response_count"')
  await db.close()
})

test('a key that could do everything before there were users can do everything after it, and no other more', async () => {
  const db = embeddedDatabase(await PGlite.create())
  const all = await readMigrations()
  const before = all.filter(({ name }) => name < '0004')
  await migrate(db, before)
  await db.script(`
    INSERT INTO workspace (id, slug, name, created_at, updated_at)
      VALUES ('01900000-0000-7000-8000-000000000000', 'w', 'W', now(), now());
    INSERT INTO api_key (id, workspace_id, name, prefix, suffix, hash, scopes, created_at)
      SELECT gen_random_uuid(), '01900000-0000-7000-8000-000000000000', n, '', '', n, s::text[], now() FROM (VALUES
        ('all', '{links:read,links:write,responses:read,responses:write,contacts:read,contacts:write,webhooks:read,webhooks:write,tokens:read,tokens:write}'),
        ('most', '{links:read,links:write,responses:read,responses:write,contacts:read,contacts:write,webhooks:read,webhooks:write,tokens:read}')
      ) AS key(n, s)`)
  const scopesOf = async (name: string) => {
    const [row] = await db.query<{ scopes: string[] }>(sql`SELECT scopes FROM api_key WHERE name = ${name}`)
    return row!.scopes
  }
  const most = await scopesOf('most')
  await migrate(db, all)
  expect(await scopesOf('all')).toEqual(
    expect.arrayContaining([
      ...['links:read', 'users:read', 'users:write', 'subusers:read', 'subusers:write'],
      ...['voiceFiles:read', 'voiceFiles:write'],
    ]),
  )
  expect(await scopesOf('most')).toEqual(most)
  await db.close()
})

test('what receivers answered about people who were erased before goes, and nothing else', async () => {
  const db = embeddedDatabase(await PGlite.create())
  const all = await readMigrations()
  await migrate(
    db,
    all.filter(({ name }) => name < '0026'),
  )
  const idOf = (n: number) => `01900000-0000-7000-8000-00000000000${n}`
  const [workspace, erased, kept, link, participation, webhook] = [0, 1, 2, 3, 4, 5].map(idOf)
  const told = [erased, participation, kept]
  await db.script(`
    INSERT INTO workspace (id, slug, name, created_at, updated_at) VALUES ('${workspace}', 'w', 'W', now(), now());
    INSERT INTO contact (id, workspace_id, legacy_id, deleted_at, erased_at, created_at, updated_at) VALUES
      ('${erased}', '${workspace}', 1, now(), now(), now(), now()),
      ('${kept}', '${workspace}', 2, NULL, NULL, now(), now());
    INSERT INTO link (id, workspace_id, legacy_id, slug, name, status, settings, created_at, updated_at)
      VALUES ('${link}', '${workspace}', 1, 's', 'S', 'active', '{}', now(), now());
    INSERT INTO respondent (id, workspace_id, legacy_id, link_id, contact_id, status, created_at, updated_at)
      VALUES ('${participation}', '${workspace}', 1, '${link}', '${erased}', 'created', now(), now());
    INSERT INTO webhook (id, workspace_id, url, format, event_types, enabled, created_at, updated_at)
      VALUES ('${webhook}', '${workspace}', 'https://hooks.invalid/', 'standard', '{}', true, now(), now());
    INSERT INTO webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, position, order_key, occurred_at,
                                  payload, state, settled_at, created_at)
      SELECT about, '${workspace}', '${webhook}', gen_random_uuid(), 'x', 1, about, now(), '{}', 'succeeded', now(), now()
      FROM unnest('{${told.join()}}'::uuid[]) AS told(about);
    INSERT INTO webhook_attempt (id, workspace_id, delivery_id, number, url, started_at, duration_ms, response_body)
      SELECT gen_random_uuid(), workspace_id, id, 1, 'https://hooks.invalid/', now(), 1, 'seen' FROM webhook_delivery`)
  await migrate(db, all)
  const rows = await db.query(
    sql`SELECT d.id, d.forgotten, a.response_body FROM webhook_delivery d JOIN webhook_attempt a ON a.delivery_id = d.id
        ORDER BY d.id`,
  )
  expect(rows).toEqual([
    { id: erased, forgotten: true, response_body: null },
    { id: kept, forgotten: false, response_body: 'seen' },
    { id: participation, forgotten: true, response_body: null },
  ])
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
