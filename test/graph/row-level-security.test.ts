import { type GraphQLError, getNamedType, isLeafType, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'
import { onPostgres } from '../kit/database.ts'
import { NODE_NAMES, twoWorkspaces } from './population.ts'
import { everything, isOpen, page } from './walk.ts'

/**
 * The second guard: the database itself confines every statement to one workspace, and no answer changes. A filter that
 * the server forgot would show as a difference. On the embedded database only, where one session serves the server.
 */
describe.skipIf(onPostgres)('row-level security', async () => {
  // A suite that is skipped is still collected, and roles belong to the whole server.
  if (onPostgres) {
    it('needs the one session of the embedded database', () => {})
    return
  }
  const clock = new FakeClock('2026-06-01T12:00:00Z')
  const app = await testApp({}, clock)
  clock.advance(1_000)
  const { a, b } = await twoWorkspaces(app)
  const schema = buildSchema()

  await app.db.script('CREATE ROLE confined; GRANT ALL ON ALL TABLES IN SCHEMA public TO confined')
  const tables = await app.db.query<{ name: string; column: string }>(
    sql`SELECT table_name AS name, column_name AS column FROM information_schema.columns
        WHERE table_schema = 'public' AND (column_name = 'workspace_id' OR (table_name = 'workspace' AND column_name = 'id'))`,
  )
  for (const { name, column } of tables) {
    await app.db.script(
      `ALTER TABLE "${name}" ENABLE ROW LEVEL SECURITY;
       CREATE POLICY own ON "${name}" USING ("${column}" = current_setting('app.workspace')::uuid)`,
    )
  }
  // The one way across: a parent sees the user through whom it administers a child (domains/auth/subuser-store.ts).
  for (const [table, column] of [
    ['workspace_user', 'id'],
    ['user_secret', 'user_id'],
  ]) {
    await app.db.script(
      `CREATE POLICY subusers ON "${table}" USING (EXISTS (SELECT FROM subuser b
         WHERE b.workspace_id = current_setting('app.workspace')::uuid AND b.child_id = "${table}".workspace_id
           AND b.user_id = "${table}"."${column}"))`,
    )
  }

  async function confined<T>(workspaceId: string, run: () => Promise<T>): Promise<T> {
    await app.db.query(sql`SELECT set_config('app.workspace', ${workspaceId}, false)`)
    await app.db.script('SET ROLE confined')
    try {
      return await run()
    } finally {
      await app.db.script('RESET ROLE')
    }
  }

  /** Every query field, with every field of every type below it, as deep as the limits of the server allow. */
  function* operations(): Generator<{ title: string; at: (depth: number) => string; variables: object }> {
    for (const field of Object.values(schema.getQueryType()!.getFields())) {
      const named = getNamedType(field.type)
      if (isOpen(field)) {
        if (isLeafType(named)) yield { title: field.name, at: () => `{ ${field.name} }`, variables: {} }
        else {
          const at = (depth: number) => {
            const { spread, fragments } = everything(schema, named, depth)
            return `{ ${field.name}${page(field, 3)} ${spread} } ${fragments}`
          }
          yield { title: field.name, at, variables: {} }
        }
      }
    }
    for (const name of NODE_NAMES) {
      const at = (depth: number) => {
        const { spread, fragments } = everything(schema, schema.getType(name) as never, depth)
        return `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ${name} ${spread} } } ${fragments}`
      }
      yield { title: `nodes: ${name}`, at, variables: { ids: [a.ids[name], b.ids[name]] } }
    }
    const ever = 'period: { from: "2000-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" }'
    const theirs = `provider: "TWILIO", channel: "WHATSAPP", tenantChannelIdentifier: "desk@${b.slug}.example"`
    const searches = [
      'links(first: 9, filter: { search: "e" }) { totalCount nodes { name } }',
      'responses(first: 9, filter: { search: "e" }) { totalCount nodes { respondentEmail } }',
      'searchAnswers(query: "says", first: 9) { totalCount nodes { rank answer { text } fragments { parts { text } } } }',
      'responses(first: 9, filter: { sentiment: POSITIVE, hasRecording: true }) { totalCount nodes { id } }',
      'links(first: 9) { nodes { summary(granularity: MONTH) { points { started } questions { prompt answered distribution { count } } topics { topic } voice { recordings } } } }',
      'contacts(first: 9, search: "e") { totalCount nodes { name } }',
      'contactDuplicates(first: 9) { groups { value contacts { name } } }',
      `metric(name: MESSAGES, ${ever}, granularity: YEAR, groupBy: TAG) { value points { value } groups { key } proof(first: 9) { totalCount nodes { source { __typename } } } }`,
      `metric(name: ACTIVE_CONTACTS, ${ever}, filter: { identifiers: ["+358401234567"] }) { value proof(first: 9) { nodes { at } } }`,
      `metric(name: OPEN_FIRST_REPLY_TIME_MEDIAN, ${ever}) { value calendarVersions proof(first: 9) { nodes { value } } }`,
      `conversationByKey(key: { ${theirs}, conversation: "Talk of ${b.slug}" }) { key }`,
      'conversations(first: 9, filter: { channel: "WHATSAPP" }) { totalCount nodes { messages(first: 9) { totalCount nodes { content } } } }',
      `linkBySlug(slug: "${b.linkSlug}") { name }`,
      `nodeByLegacyId(system: SAYIFY, type: LINK, id: "${b.linkSlug}") { id }`,
    ]
    for (const search of searches) yield { title: search, at: () => `{ ${search} }`, variables: {} }
  }

  /** The deepest form that is taken. */
  async function ask({ at, variables }: { at: (depth: number) => string; variables: object }) {
    for (let depth = 4; ; depth--) {
      const query = at(depth)
      const invalid: readonly GraphQLError[] = validate(schema, parse(query))
      if (invalid.length > 0) throw invalid[0]
      const { errors, ...answer } = await app.graphql(query, variables as Record<string, unknown>)
      if (!errors) return { depth, query, text: JSON.stringify(answer) }
      if (depth === 1 || !String(errors[0]!.extensions.code).startsWith('QUERY_TOO'))
        throw new Error(errors[0]!.message)
    }
  }

  it('covers every table that carries a workspace', () => {
    expect(tables.map(({ name }) => name).sort()).toEqual([
      'answer',
      'answer_words',
      'api_key',
      'business_calendar',
      'call',
      'campaign',
      'campaign_stats',
      'campaign_target',
      'campaign_voice_file',
      'contact',
      'contact_import',
      'contact_import_error',
      'contact_list',
      'contact_list_member',
      'conversation',
      'event',
      'event_head',
      'follow_up',
      'idempotency',
      'insight',
      'insight_budget',
      'insight_reservation',
      'insight_spend',
      'legacy_counter',
      'link',
      'message',
      'message_channel',
      'message_import',
      'message_pool',
      'message_thread',
      'message_word',
      'metric_day',
      'metric_fact',
      'metric_presence',
      'metric_rollup',
      'opt_out',
      'outbound_message',
      'outbound_message_part',
      'outbox_erasure',
      'outreach_policy',
      'question',
      'receiver',
      'recording',
      'respondent',
      'response',
      'segment',
      'signing_key',
      'spend',
      'spoken_text',
      'subuser',
      'transcript',
      'upload',
      'upload_piece',
      'user_secret',
      'voice_file',
      'voice_file_arrival',
      'webhook',
      'webhook_attempt',
      'webhook_delivery',
      'webhook_feed',
      'webhook_secret',
      'workspace',
      'workspace_user',
    ])
  })

  it.each([...operations()])('$title: answers are the same', async (operation) => {
    const free = await ask(operation)
    expect(free.depth).toBeGreaterThanOrEqual(2)
    expect(free.text).not.toContain(b.workspaceId)
    expect(free.text).not.toMatch(/foreign/)
    const guarded = await confined(a.workspaceId, () => ask(operation))
    expect(guarded.text).toBe(free.text)
    expect(guarded.query).toBe(free.query)
  })

  it('would show a read that is not bound to a workspace', async () => {
    const unbound = () => app.db.query(sql`SELECT id FROM link ORDER BY id`)
    const all = await unbound()
    const own = await confined(a.workspaceId, unbound)
    expect(own.length).toBeLessThan(all.length)
    expect(await confined(b.workspaceId, unbound)).not.toEqual(own)
  })
})
