import { beforeAll, expect, test } from 'vitest'
import { surveyLink } from '../../../test/kit/surveys.ts'
import { eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { addRespondents, type CallingStatus, moveStatus, type RespondentStatus } from './index.ts'

let t: TestWorld
let id: string
beforeAll(async () => {
  t = await testWorld()
  const linkId = await surveyLink(t)
  const [added] = await addRespondents(t.world, t.viewer, { linkId, respondents: [{ phone: '+358401234567' }] })
  if (added?.outcome === 'added') id = added.id
}, 60_000)

/** To where each status may be moved by calls; a repeated survey also calls who has answered. */
const MOVES: Readonly<Record<RespondentStatus, readonly (CallingStatus | 'queued again')[]>> = {
  created: ['queued', 'queued again', 'called', 'invalid'],
  queued: ['called', 'invalid', 'created'],
  called: ['queued', 'queued again', 'invalid'],
  surveyed: ['queued again'],
  analyzed: ['queued again'],
  invalid: [],
}

test.each(Object.entries(MOVES))('from %s calls lead to %j only, and tell it', async (from, allowed) => {
  for (const wish of ['created', 'queued', 'queued again', 'called', 'invalid'] as const) {
    await t.db.query(sql`UPDATE respondent SET status = ${from}::respondent_status WHERE id = ${id}::uuid`)
    const before = await headOf(t.world, t.workspaceId)
    const to = wish === 'queued again' ? 'queued' : wish
    await t.world.events.write(t.workspaceId, (tx, emit) =>
      moveStatus(tx, emit, t.workspaceId, new Map([[id, to]]), t.world.clock.now(), { allowRepeats: to !== wish }),
    )
    const [row] = await t.db.query<{ status: string }>(sql`SELECT status FROM respondent WHERE id = ${id}::uuid`)
    const isMoved = allowed.includes(wish)
    expect([wish, row!.status]).toEqual([wish, isMoved ? to : from])
    const told = (await eventsAfter(t.world, t.workspaceId, before)).map(([, type, payload]) => [type, payload])
    expect(told).toEqual(
      isMoved ? [['respondent.statusChanged', expect.objectContaining({ respondentId: id, from, to })]] : [],
    )
  }
})
