import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readyVoiceFile, type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { BUTTONS, outreachKit, phones } from '../../../test/kit/outreach.ts'
import { INSTANT_SPEECH, surveyLink } from '../../../test/kit/surveys.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { population } from '../../providers/telephony/index.ts'
import { WEEKDAYS } from '../calendars/index.ts'
import { type CreateCampaignInput, createCampaign, type Simulation, simulateCampaign } from '../campaigns/index.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>
let voiceFileId: string
const engines: TestEngine[] = []

beforeAll(async () => {
  t = await testWorld()
  voiceFileId = await readyVoiceFile(t)
  kit = outreachKit(t, voiceFileId)
}, 60_000)

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.board.stop()
})

const daily = (from: string, to: string) => ({
  timeZone: 'Europe/Helsinki',
  weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, [{ from, to }]])),
})

/** What really happened, in the form of a simulation. */
async function told(id: string): Promise<Pick<Simulation, 'calls' | 'receivers'>> {
  const calls = await t.db.query<Simulation['calls'][number]>(
    sql`SELECT receiver_id AS key, attempt, created_at AS "dialledAt", answered_at AS "answeredAt", ended_at AS "endedAt",
               cause, reply, cost / 10000.0::float8 AS cents
        FROM call WHERE campaign_id = ${id}::uuid`,
  )
  const receivers = await t.db.query<Simulation['receivers'][number]>(
    sql`SELECT id AS key, attempts, outcome FROM receiver WHERE campaign_id = ${id}::uuid ORDER BY position`,
  )
  return { calls: inOrder(calls), receivers }
}

/** Of calls of one instant the order is nobody's business. */
function inOrder(calls: Simulation['calls']): Simulation['calls'] {
  const word = ({ dialledAt, key }: Simulation['calls'][number]) => `${dialledAt.toISOString()} ${key}`
  return [...calls].sort((a, b) => (word(a) < word(b) ? -1 : 1))
}

const prices = {
  call: { '': { perCallCents: 2.5, perMinuteCents: 7.25, incrementSeconds: 10 } },
  sms: {},
  emailCents: 0,
}

describe('a simulation foretells exactly what a run on the simulated carrier does', () => {
  const cases: [string, number, Partial<CreateCampaignInput>][] = [
    ['until the target is reached', 60, { acceptsWanted: 9 }],
    ['with few lines and a window', 40, { acceptsWanted: 40, lines: 4, calendar: daily('09:00', '12:30') }],
    ['that ends by its time', 30, { acceptsWanted: 30, lines: 1, maxAttempts: 9, redialAfterMinutes: 1 }],
    ['in strict order', 12, { kind: 'click_to_call', maxAttempts: 3 }],
    ['of a survey, whose unfinished calls are made again', 40, { kind: 'survey_calls', maxAttempts: 3 }],
  ]
  test.each(cases)('%s', async (_, count, changes) => {
    const isSurvey = changes.kind === 'survey_calls'
    const people = population({
      seed: `people of ${count}`,
      prompts: 6,
      keys: { '1': 0.3, '2': 0.3, '9': 0.05, '*': 0.1 },
    })
    const engine = await testEngine(t, { people, lines: 20, changes: { prices, ...(isSurvey ? INSTANT_SPEECH : {}) } })
    engines.push(engine)
    const endsAt = changes.maxAttempts === 9 ? { endsAt: new Date(t.clock.now().getTime() + 400_000) } : {}
    const content = isSurvey
      ? { linkId: await surveyLink(t), redialUnfinished: true }
      : changes.kind === 'click_to_call'
        ? {
            voiceFileId,
            actionButtons: [
              { button: '5', action: 'accept' },
              { button: '1', action: 'decline' },
            ],
          }
        : {
            voiceFiles: ['start', 'data', 'accept', 'end'].map((type) => ({ type, voiceFileId })),
            actionButtons: BUTTONS,
          }
    const { id } = await createCampaign(engine.deps, t.viewer, {
      ...{ kind: 'rsvp', acceptsWanted: 1, receivers: phones(count), content },
      ...changes,
      ...endsAt,
    })
    // Who calls knows how many lines there are.
    await engine.board.keepSeats()
    const foretold = await simulateCampaign(engine.deps, t.viewer, { id })
    await engine.run()
    const happened = await told(id)
    expect(happened.calls.length).toBeGreaterThan(8)
    expect(happened.calls).toEqual(inOrder(foretold.calls))
    expect(happened.receivers).toEqual(foretold.receivers)
    const { accepts, cost, total_seconds: seconds } = await kit.campaignOf(id)
    expect([accepts, Number(cost) / 10_000]).toEqual([foretold.totals.accepts, foretold.totals.cents])
    expect(Math.abs(Number(seconds) * 1_000 - foretold.totals.talkMs)).toBeLessThan(happened.calls.length * 500)
    const [row] = await t.db.query<{ completed_at: Date }>(
      sql`SELECT completed_at FROM campaign WHERE id = ${id}::uuid`,
    )
    expect(row!.completed_at).toEqual(foretold.end.at)
  })
})
