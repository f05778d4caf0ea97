import { expect } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { COUNTERS, type CreateCampaignInput, createCampaign } from '../../src/domains/campaigns/index.ts'
import { type Population, population } from '../../src/providers/telephony/index.ts'
import { FRIENDLY, type TestEngine } from './engine.ts'
import { recount } from './recount.ts'
import type { TestWorld } from './world.ts'

export const people = (changes: Partial<Population>) => population({ ...FRIENDLY, ...changes })

export const BUTTONS = [
  { button: '1', action: 'accept' },
  { button: '2', action: 'decline' },
  { button: '9', action: 'opt_out' },
]

let lastPhone = 1_000

/** Finnish numbers that nobody has yet, of no script. */
export function phones(count: number): { phone: string }[] {
  return Array.from({ length: count }, () => ({ phone: `+35840123${++lastPhone}` }))
}

/** What tests of campaigns say all the time. */
export function outreachKit(t: TestWorld, voiceFileId: string) {
  async function campaignOf(id: string) {
    const [row] = await t.db.query<Record<string, unknown>>(
      sql`SELECT c.state, s.* FROM campaign c JOIN campaign_stats s ON s.id = c.id WHERE c.id = ${id}::uuid`,
    )
    return row!
  }

  async function receiversOf(id: string) {
    return t.db.query<{ id: string; state: string; outcome: string; attempts: number; reason: string | null }>(
      sql`SELECT id, state, outcome, attempts, reason FROM receiver WHERE campaign_id = ${id}::uuid ORDER BY position`,
    )
  }

  return {
    campaignOf,
    receiversOf,

    async rsvp(engine: TestEngine, changes: Partial<CreateCampaignInput> = {}): Promise<string> {
      const { id } = await createCampaign(engine.deps, t.viewer, {
        kind: 'rsvp',
        acceptsWanted: 2,
        receivers: phones(5),
        content: { voiceFiles: [{ type: 'start', voiceFileId }], actionButtons: BUTTONS },
        ...changes,
      })
      return id
    },

    async outcomes(id: string) {
      return (await receiversOf(id)).map(({ outcome, attempts }) => `${outcome} ${attempts}`)
    },

    /** Holds the statistics against what the rows say. */
    async expectExactStats(id: string) {
      const counted = await recount(t, id)
      const kept = await campaignOf(id)
      const own = COUNTERS.filter((counter) => counter in counted).map((counter) => [counter, Number(kept[counter])])
      expect(Object.fromEntries(own)).toEqual(counted)
    },
  }
}

/** How many calls were under way right after each was dialled. */
export function concurrency({ fake }: TestEngine): number[] {
  const calls = fake.calls()
  const isOver = (endedAt: number | undefined, at: number) => endedAt !== undefined && endedAt <= at
  return calls.map(
    ({ dialledAt: at }) => calls.filter((call) => call.dialledAt <= at && !isOver(call.endedAt, at)).length,
  )
}
