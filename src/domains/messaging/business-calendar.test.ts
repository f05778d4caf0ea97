import { beforeEach, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { type TestWorld, testWorld, until } from '../../../test/kit/world.ts'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { readMetric } from '../metrics/index.ts'
import {
  addMessages,
  createMessageWriter,
  getBusinessCalendars,
  type MessageInput,
  type MessagingDeps,
  recomputeMetrics,
  setBusinessCalendar,
  verifyMetrics,
} from './index.ts'
import { addCalendar, holdPool } from './pool-store.ts'

let t: TestWorld
let deps: MessagingDeps
beforeEach(async () => {
  t = await testWorld({ poolSize: 8 })
  deps = { world: t.world, writer: createMessageWriter(t.world) }
}, 60_000)

const WEEK = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
/** Open every day for an hour from `from` on, in UTC. */
const open = (from: string, to: string) => ({
  timeZone: 'UTC',
  weekly: Object.fromEntries(WEEK.map((day) => [day, [{ from, to }]])),
})
const versions = async () => (await getBusinessCalendars(t.world, t.viewer)).map(({ version }) => version)

test('versions are counted in the order in which they are set, whenever they come into force', async () => {
  const days = ['2027-01-01', '2026-11-22', '2025-05-05', '2030-01-01', '2026-11-22']
  const set: number[] = []
  for (const day of days) {
    const { version } = await setBusinessCalendar(t.world, t.viewer, {
      rules: open('08:00', '09:00'),
      effectiveFrom: new Date(day),
    })
    set.push(version)
  }
  expect(set).toEqual([1, 2, 3, 4, 5])
  expect(await versions()).toEqual([5, 4, 3, 2, 1])
  expect((await setBusinessCalendar(t.world, t.otherViewer, { rules: open('08:00', '09:00') })).version).toBe(1)
})

/** A question at eight, answered at noon. */
const exchange: MessageInput[] = [
  { direction: 'in' as const, time: new Date('2026-11-20T08:00:00Z') },
  { direction: 'out' as const, time: new Date('2026-11-20T12:00:00Z') },
].map((each) => ({
  ...{ channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567', conversation: 'one' },
  ...{ customerChannelIdentifier: '+31687654321', ...each },
}))

async function openReplyTime() {
  const { value, calendarVersions } = await readMetric(t.world, t.viewer, {
    metric: 'openFirstReplyTimeAverage',
    ...{ from: new Date('2026-11-01'), to: new Date('2026-12-01') },
  })
  return { minutes: value! / 60, calendarVersions }
}

test('of several versions the one counts that was in force when the clock started', async () => {
  const set = (effectiveFrom: string, to: string) =>
    setBusinessCalendar(t.world, t.viewer, { rules: open('08:00', to), effectiveFrom: new Date(effectiveFrom) })
  await set('2027-01-01', '08:10')
  await set('2026-11-20', '08:20')
  await set('2026-11-01', '08:30')
  await addMessages(deps, t.viewer, exchange)
  expect(await openReplyTime()).toEqual({ minutes: 20, calendarVersions: [2] })
  await set('2026-11-20', '08:40')
  expect(await openReplyTime()).toEqual({ minutes: 20, calendarVersions: [2] })
  await recomputeMetrics(t.world, t.viewer)
  expect(await openReplyTime()).toEqual({ minutes: 40, calendarVersions: [4] })
})

test.runIf(onPostgres)('who waited for the pool knows the versions that were set meanwhile', async () => {
  const first = { rules: open('08:00', '08:10'), effectiveFrom: new Date('2026-01-01') }
  await setBusinessCalendar(t.world, t.viewer, first)
  // Known to this process before anybody waits.
  await addMessages(deps, t.viewer, [{ ...exchange[0]!, conversation: 'before' }])
  const other = { rules: open('08:00', '08:30'), effectiveFrom: new Date('2026-11-01') }
  const added = await waitingFor(
    (tx) => addCalendar(tx, t.workspaceId, other, t.clock.now()),
    () => [addMessages(deps, t.viewer, exchange)],
  )
  expect(added).toHaveLength(1)
  expect(await openReplyTime()).toEqual({ minutes: 30, calendarVersions: [2] })
  expect((await verifyMetrics(t.world, t.viewer)).differences).toEqual([])
  const set = await waitingFor(
    (tx) => addCalendar(tx, t.workspaceId, other, t.clock.now()),
    () => [first, other, first].map((input) => setBusinessCalendar(t.world, t.viewer, input)),
  )
  expect(set.map(({ version }) => version).toSorted()).toEqual([4, 5, 6])
})

/** Lets others wait for the pool while `change` is done to it; what became of them. */
async function waitingFor<T>(change: (tx: Tx) => Promise<unknown>, others: () => Promise<T>[]): Promise<T[]> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { promise: held, resolve: isHeld } = Promise.withResolvers<void>()
  const holding = t.db.transaction(async (tx) => {
    await holdPool(tx, t.workspaceId, 0, t.clock.now())
    isHeld()
    await released
    await change(tx)
  })
  await held
  const waiting = others()
  await isWaiting(waiting.length)
  release()
  await holding
  return Promise.all(waiting)
}

/** Resolves once so many wait for a lock. */
const isWaiting = (count: number) =>
  until(async () => {
    const waiting = await t.db.query(
      sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return waiting.length >= count
  }, `${count} wait`)
