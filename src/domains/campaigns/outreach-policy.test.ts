import { describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { brokenRules, codeOf, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { fakeSpeech } from '../../providers/speech/index.ts'
import type { Viewer } from '../auth/index.ts'
import { createCampaign } from './create-campaign.ts'
import { getOutreachPolicy } from './get-outreach-policy.ts'
import { NO_LIMITS, type OutreachPolicy } from './policy.ts'
import { NO_PRICES } from './prices.ts'
import { updateOutreachPolicy } from './update-outreach-policy.ts'

const { world, db, clock, viewer, otherViewer, workspaceId } = await testWorld()

const SERVER: OutreachPolicy = { ...NO_LIMITS, quietHours: { from: '21:00', to: '08:00' }, lines: 20 }
const limits = (who = viewer) => getOutreachPolicy({ world, policy: SERVER }, who)
const update = (input: Parameters<typeof updateOutreachPolicy>[2], who = viewer) =>
  updateOutreachPolicy({ world, policy: SERVER }, who, input)
const events = async (who = viewer) =>
  (
    await db.query<{ type: string; payload: unknown }>(
      sql`SELECT type, payload FROM event WHERE workspace_id = ${who.workspaceId}::uuid
          AND type LIKE 'workspace.%' ORDER BY position`,
    )
  ).map(({ type, payload }) => ({ type, payload }))

const CHANGED = { type: 'workspace.outreachPolicyChanged', payload: {} }

test('a workspace begins with the limits of the server', async () => {
  const { own, server, effective, spentCents } = await limits(otherViewer)
  expect([own, server, spentCents]).toEqual([NO_LIMITS, SERVER, 0])
  expect(effective).toEqual({
    quietHours: [SERVER.quietHours],
    countries: null,
    contactCaps: [],
    monthlySpendCapCents: null,
    lines: 20,
  })
})

test('it can set stricter ones, change single ones, and take them back', async () => {
  const own = {
    quietHours: { from: '18:30', to: '10:00' },
    countries: ['FI', 'SE'],
    contactCap: { contacts: 3, days: 7 },
    monthlySpendCapCents: 12_345.6789,
    lines: 30,
  }
  const changed = await update({ ...own, countries: ['se', 'FI', 'fi'] })
  expect(await limits()).toEqual({ ...changed, spentCents: 0 })
  expect(await limits()).toEqual({
    own,
    server: SERVER,
    effective: {
      quietHours: [SERVER.quietHours, own.quietHours],
      countries: ['FI', 'SE'],
      contactCaps: [own.contactCap],
      monthlySpendCapCents: 12_345.6789,
      lines: 20,
    },
    spentCents: 0,
  })
  expect(await events()).toEqual([CHANGED])

  await update({ lines: 5, contactCap: null })
  expect((await limits()).own).toEqual({ ...own, lines: 5, contactCap: null })
  expect((await limits()).effective.lines).toBe(5)
  expect(await events()).toEqual([CHANGED, CHANGED])

  // Nothing changed, so there is nothing to tell.
  expect({ ...(await update({})), spentCents: 0 }).toEqual(await limits())
  await update({ lines: 5, countries: ['SE', 'FI'] })
  expect(await events()).toEqual([CHANGED, CHANGED])

  expect((await limits(otherViewer)).own).toEqual(NO_LIMITS)
  expect(await events(otherViewer)).toEqual([])

  await update({ quietHours: null, countries: null, monthlySpendCapCents: null, lines: null })
  expect((await limits()).own).toEqual(NO_LIMITS)
})

describe('a policy that breaks a rule changes nothing', () => {
  test.each<[object, string]>([
    [{ quietHours: { from: '21:00', to: '21:00' } }, 'quietHours.to same_time'],
    [{ quietHours: { from: '9:00', to: '24:00' } }, 'quietHours.from regex'],
    [{ quietHours: { from: '09:00' } }, 'quietHours.to type'],
    [{ countries: [] }, 'countries too_short'],
    [{ countries: ['FI', 'Suomi'] }, 'countries.1 unknown_country'],
    [{ countries: Array(301).fill('FI') }, 'countries too_long'],
    [{ contactCap: { contacts: 0, days: 7 } }, 'contactCap.contacts too_small'],
    [{ contactCap: { contacts: 3, days: 367 } }, 'contactCap.days too_large'],
    [{ contactCap: { contacts: 3 } }, 'contactCap.days type'],
    [{ monthlySpendCapCents: -1 }, 'monthlySpendCapCents too_small'],
    [{ monthlySpendCapCents: 0.00001 }, 'monthlySpendCapCents too_precise'],
    [{ monthlySpendCapCents: Number.POSITIVE_INFINITY }, 'monthlySpendCapCents type'],
    [{ monthlySpendCapCents: 1_000_000_001 }, 'monthlySpendCapCents too_large'],
    [{ lines: 0 }, 'lines too_small'],
    [{ lines: 1.5 }, 'lines type'],
  ])('%j', async (input, fault) => {
    const before = await limits()
    const told = await events()
    const broken = await brokenRules(update({ lines: 3, ...input }))
    expect(broken[0]).toBe(fault)
    expect(await limits()).toEqual(before)
    expect(await events()).toEqual(told)
  })
})

test('both need their scope', async () => {
  const mayRead = { ...viewer, scopes: new Set(['campaigns:read'] as const) }
  expect(await codeOf(update({ lines: 1 }, mayRead))).toBe('INSUFFICIENT_SCOPE')
  await limits(mayRead)
  expect(await codeOf(limits({ ...viewer, scopes: new Set() }))).toBe('INSUFFICIENT_SCOPE')
})

test('what was spent is that of the calendar month, UTC', async () => {
  const spend = (month: string, amount: number) =>
    db.query(
      sql`INSERT INTO spend (workspace_id, month, amount) VALUES (${workspaceId}::uuid, ${month}::date, ${amount}::bigint)`,
    )
  await spend('2026-10-01', 990_000)
  await spend('2026-11-01', 12_345)
  expect((await limits()).spentCents).toBe(1.2345)
  expect((await limits(otherViewer)).spentCents).toBe(0)
  clock.advance(9 * 86_400_000)
  expect(clock.now().toISOString().slice(0, 7)).toBe('2026-12')
  expect((await limits()).spentCents).toBe(0)
})

describe('whoever waits', () => {
  const LATER = '2026-12-24T08:00:00.000Z'
  const campaign = async (who: Viewer, state: 'active' | 'halted' | 'completed', retryAt: string | null) => {
    const deps = { world, voiceFiles: { queue: {} as never, speech: fakeSpeech() }, prices: NO_PRICES, policy: SERVER }
    const { id } = await createCampaign({ ...deps, redialAfterSeconds: 900, ringTimeoutMs: 45_000, onDue() {} }, who, {
      ...{ kind: 'sms_broadcast', receivers: [{ phone: '+358401234567' }], content: { message: 'Hello' } },
    })
    // As if a rule had put it off.
    await db.query(
      sql`UPDATE campaign SET state = ${state}::campaign_state, due_at = ${state === 'active' ? LATER : null}::timestamptz
          WHERE id = ${id}::uuid`,
    )
    await db.query(
      sql`UPDATE receiver SET ready_at = ${LATER}::timestamptz, retry_at = ${retryAt}::timestamptz
          WHERE campaign_id = ${id}::uuid`,
    )
    return async () => {
      const [row] = await db.query<{ due_at: Date | null; ready_at: Date; retry_at: Date | null }>(
        sql`SELECT c.due_at, r.ready_at, r.retry_at FROM campaign c JOIN receiver r ON r.campaign_id = c.id
            WHERE c.id = ${id}::uuid`,
      )
      return [row!.due_at, row!.ready_at, row!.retry_at].map((at) => at?.toISOString() ?? null)
    }
  }

  test('is judged again at once when a limit changes, and still waits between attempts', async () => {
    clock.set('2026-12-23T10:00:00.000Z')
    const NOW = '2026-12-23T10:00:00.000Z'
    const SOON = '2026-12-23T10:10:00.000Z'
    const active = await campaign(viewer, 'active', null)
    const redialed = await campaign(viewer, 'active', SOON)
    const halted = await campaign(viewer, 'halted', null)
    const completed = await campaign(viewer, 'completed', null)
    const foreign = await campaign(otherViewer, 'active', null)

    await update({ lines: 9 })
    await update({ lines: 9 })
    expect(await active()).toEqual([NOW, NOW, null])
    expect(await redialed()).toEqual([NOW, SOON, SOON])
    expect(await halted()).toEqual([null, NOW, null])
    expect(await completed()).toEqual([null, LATER, null])
    expect(await foreign()).toEqual([LATER, LATER, null])
    await update({ lines: null })
  })
})

test.runIf(onPostgres)('of two who change different limits at once neither loses', async () => {
  await Promise.all([
    update({ lines: 7 }),
    update({ countries: ['EE'] }),
    update({ contactCap: { contacts: 1, days: 1 } }),
    update({ quietHours: { from: '20:00', to: '09:00' } }),
  ])
  expect((await limits()).own).toEqual({
    quietHours: { from: '20:00', to: '09:00' },
    countries: ['EE'],
    contactCap: { contacts: 1, days: 1 },
    monthlySpendCapCents: null,
    lines: 7,
  })
})
