import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { readyVoiceFile, testEngine } from '../../../test/kit/engine.ts'
import { BUTTONS, people, phones } from '../../../test/kit/outreach.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { WEEKDAYS } from '../calendars/index.ts'
import {
  createCampaign,
  deleteCampaign,
  explainReceivers,
  HOPELESS,
  NO_LIMITS,
  setCampaignState,
} from '../campaigns/index.ts'
import { optOut } from '../contacts/index.ts'

let t: TestWorld
let voiceFileId: string

beforeAll(async () => {
  t = await testWorld()
  voiceFileId = await readyVoiceFile(t)
}, 60_000)

const hour = fc.integer({ min: 0, max: 23 }).map((h) => `${String(h).padStart(2, '0')}:00`)
const scenario = fc.record({
  strict: fc.boolean(),
  receivers: fc.array(fc.constantFrom('plain', 'plain', 'plain', 'american', 'numberless', 'out'), {
    ...{ minLength: 1, maxLength: 6 },
  }),
  accepts: fc.integer({ min: 1, max: 4 }),
  attempts: fc.integer({ min: 1, max: 3 }),
  redialMinutes: fc.constantFrom(0, 5, 45),
  lines: fc.constantFrom(null, 1, 2),
  startsIn: fc.constantFrom(0, 0, 40),
  endsIn: fc.constantFrom(null, 600, 3_000),
  window: fc.option(fc.record({ from: hour, to: hour })),
  quiet: fc.option(fc.record({ from: hour, to: hour }).filter(({ from, to }) => from !== to)),
  countries: fc.constantFrom(null, null, ['FI']),
  cap: fc.constantFrom(null, { contacts: 1, days: 1 }),
  busy: fc.constantFrom(0, 0.5, 1),
  steps: fc.array(
    fc.record({
      minutes: fc.constantFrom(0.05, 0.5, 7, 60, 600),
      wish: fc.constantFrom(null, null, null, 'halted' as const, 'active' as const),
    }),
    { minLength: 2, maxLength: 7 },
  ),
})

test('the engine calls a receiver at an instant if and only if nothing is said to hold it back', async () => {
  let seen = 0
  await fc.assert(
    fc.asyncProperty(scenario, async (s) => {
      const policy = { ...NO_LIMITS, quietHours: s.quiet, countries: s.countries, contactCap: s.cap }
      const engine = await testEngine(t, {
        people: people({ busy: s.busy, seed: String(++seen) }),
        changes: { policy },
      })
      const { board, fake, deps } = engine
      const now = t.clock.now().getTime()
      const at = (minutes: number) => new Date(now + minutes * 60_000)
      const named = s.receivers.map((kind, n) => {
        if (kind === 'american') return { phone: `+1303555${String(seen * 10 + n).padStart(4, '0')}` }
        if (kind === 'numberless') return { email: `person-${seen}-${n}@example.com` }
        return phones(1)[0]!
      })
      const shifts = s.window ? [s.window] : undefined
      const { id } = await createCampaign(deps, t.viewer, {
        kind: s.strict ? 'click_to_call' : 'rsvp',
        receivers: named,
        content: s.strict
          ? { voiceFileId, actionButtons: BUTTONS }
          : { voiceFiles: [{ type: 'start', voiceFileId }], actionButtons: BUTTONS },
        ...{ acceptsWanted: s.accepts, maxAttempts: s.attempts, redialAfterMinutes: s.redialMinutes, lines: s.lines },
        startsAt: s.startsIn === 0 ? null : at(s.startsIn),
        endsAt: s.endsIn === null ? null : at(s.endsIn),
        calendar: shifts ? { timeZone: 'UTC', weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, shifts])) } : null,
      })
      for (const [n, kind] of s.receivers.entries()) {
        if (kind === 'out') await optOut(t.world, t.viewer, { ...named[n]!, channels: ['call'] })
      }

      /** Those whom nothing holds back, and those who have been given a call. */
      const look = async () => {
        const rows = await t.db.query<{ id: string; calls: number; state: string }>(
          sql`SELECT r.id, r.state, (SELECT count(*)::int FROM call c WHERE c.receiver_id = r.id) AS calls
              FROM receiver r WHERE r.campaign_id = ${id}::uuid`,
        )
        const told = await explainReceivers(
          deps,
          t.viewer,
          rows.map((row) => row.id),
        )
        return new Map(rows.map((row, n) => [row.id, { ...row, blockers: told[n]!.blockers }]))
      }

      for (const { minutes, wish } of [{ minutes: 0, wish: null }, ...s.steps]) {
        await fake.advance(minutes * 60_000)
        await board.settled()
        if (wish) await setCampaignState(deps, t.viewer, { id, state: wish }).catch(() => {})
        await board.keepSeats()
        while ((await board.follow()) > 0) await board.settled()
        for (;;) {
          const before = await look()
          const did = await board.dial()
          // Before anybody answers: what was decided is all that has changed.
          const after = await look()
          for (const [receiver, { calls, blockers }] of before) {
            const isCalled = after.get(receiver)!.calls > calls
            if (isCalled) expect(blockers).toEqual([])
          }
          await board.settled()
          if (did > 0) continue
          // Nobody is left who could be called, and nobody waits whom nothing will ever let through.
          for (const { state, blockers } of (await look()).values()) {
            expect(blockers).not.toEqual([])
            const isActive = blockers.every(({ rule }) => !rule.startsWith('CAMPAIGN_') && rule !== 'WINDOW_CLOSED')
            if (
              state === 'waiting' &&
              isActive &&
              !s.strict &&
              !blockers.some(({ rule }) => /ACCEPTS|LINES/.test(rule))
            ) {
              expect(blockers.filter(({ rule }) => HOPELESS.has(rule))).toEqual([])
            }
          }
          break
        }
      }
      await deleteCampaign(deps, t.viewer, id)
      await board.stop()
    }),
    { numRuns: 25 },
  )
}, 120_000)
