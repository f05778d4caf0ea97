import { beforeEach, expect, test } from 'vitest'
import { eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { addMessages, createMessageWriter, type MessageInput, recomputeMetrics, verifyMetrics } from './index.ts'
import { settleWorkspace } from './settle-metrics.ts'

let t: TestWorld
beforeEach(async () => {
  t = await testWorld()
  const deps = { world: t.world, writer: createMessageWriter(t.world) }
  for (const viewer of [t.viewer, t.otherViewer]) await addMessages(deps, viewer, messages)
}, 60_000)

/** Two conversations and two customers, over four days. */
const messages = Array.from({ length: 8 }, (_, n): MessageInput => {
  return {
    ...{ direction: n % 2 === 0 ? 'in' : 'out', channel: 'SMS', provider: 'TWILIO', agent: 'ann', tags: ['VIP'] },
    ...{ tenantChannelIdentifier: '+31201234567', customerChannelIdentifier: `+3168765432${n % 4 < 2 ? 1 : 2}` },
    ...{ conversation: n % 4 < 2 ? 'one' : 'two', time: new Date(Date.UTC(2026, 9, 1) + n * 12 * 3_600_000) },
  }
})

const verify = async () => (await verifyMetrics(t.world, t.viewer)).differences
const kinds = async () => [...new Set((await verify()).map(({ kind }) => kind))].toSorted()

test('what belongs to a conversation that is not there is found, and facts of it are removed', async () => {
  await settleWorkspace(t.world, t.workspaceId, { quietMs: -1_000 })
  expect(await verify()).toEqual([])
  const [gone] = await t.db.query<{ id: string }>(
    sql`DELETE FROM conversation WHERE workspace_id = ${t.workspaceId}::uuid AND key = 'one' RETURNING id`,
  )
  const found = await verify()
  expect(found.filter(({ kind, id }) => kind === 'fact' && id === gone!.id).length).toBeGreaterThan(0)
  const orphans = found.filter(({ stored }) => stored === `conversation ${gone!.id}`)
  expect(orphans.map(({ kind, expected }) => [kind, expected])).toEqual(Array(4).fill(['message', 'nothing such']))
  const before = await headOf(t.world, t.workspaceId)
  await recomputeMetrics(t.world, t.viewer)
  // Messages are not removed: nothing says what they were of.
  expect(await verify()).toEqual(orphans)
  const events = await eventsAfter(t.world, t.workspaceId, before)
  expect(events.length).toBeGreaterThan(0)
  expect(new Set(events.map(([, type]) => type))).toEqual(new Set(['messages.recounted']))
})

test('the same of a thread', async () => {
  await t.db.query(
    sql`DELETE FROM message_thread WHERE workspace_id = ${t.workspaceId}::uuid AND customer_identifier = '+31687654321'`,
  )
  expect(await kinds()).toEqual(['fact', 'message'])
  await recomputeMetrics(t.world, t.viewer)
  expect(await kinds()).toEqual(['message'])
  expect((await verifyMetrics(t.world, t.otherViewer)).differences).toEqual([])
})

test('nothing is told where nothing was put right', async () => {
  const before = await headOf(t.world, t.workspaceId)
  expect((await recomputeMetrics(t.world, t.viewer)).differenceCount).toBe(0)
  expect(await eventsAfter(t.world, t.workspaceId, before)).toEqual([])
  await t.db.query(
    sql`UPDATE metric_rollup SET sent = sent + 1 WHERE workspace_id = ${t.workspaceId}::uuid AND grain = 1`,
  )
  const { differenceCount } = await recomputeMetrics(t.world, t.viewer)
  const told = await eventsAfter(t.world, t.workspaceId, before)
  expect(told.reduce((sum, [, , payload]) => sum + (payload as { count: number }).count, 0)).toBe(differenceCount)
})

test('what is found in a transaction that the database gives up is told once', async () => {
  await t.db.query(
    sql`UPDATE metric_rollup SET sent = sent + 1 WHERE workspace_id = ${t.workspaceId}::uuid AND grain = 1`,
  )
  const expected = await verifyMetrics(t.world, t.viewer)
  // A sequence goes on, whatever becomes of the transaction.
  await t.db.script(`CREATE SEQUENCE turn;
    CREATE FUNCTION give_up_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('turn') = 1 THEN RAISE EXCEPTION 'given up' USING ERRCODE = '40P01'; END IF;
      RETURN NEW; END $$;
    CREATE TRIGGER give_up_once BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION give_up_once()`)
  expect(expected.differenceCount).toBeGreaterThan(0)
  expect(await recomputeMetrics(t.world, t.viewer)).toEqual(expected)
  expect(await verify()).toEqual([])
})
