import { expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { statementCounter } from '../../kit/statements.ts'
import { BUTTONS, campaignServer, weekdays } from './campaign-kit.ts'

const { onQuery, counted } = statementCounter()
const server = await campaignServer({}, onQuery)
const { app, acme, ok, voiceFile } = server
const MANY = 10_000
const CAMPAIGNS = 120

/** Ten thousand accounts in one group, as fast as the database makes them. */
await ok(201, 'POST', '/v1/groups', { body: { name: 'All', description: '' } })
await app.db.query(
  sql`WITH made AS (
        INSERT INTO contact (id, workspace_id, legacy_id, first_name, phone, created_at, updated_at)
        SELECT gen_random_uuid(), ${acme.workspaceId}::uuid, n, 'Person ' || n, '+35840' || (1000000 + n), now(), now()
        FROM generate_series(1, ${MANY}::int) n
        RETURNING id, legacy_id
      )
      INSERT INTO contact_list_member (id, workspace_id, list_id, contact_id, position, created_at)
      SELECT gen_random_uuid(), ${acme.workspaceId}::uuid, l.id, made.id, made.legacy_id, now()
      FROM made, contact_list l WHERE l.workspace_id = ${acme.workspaceId}::uuid`,
)
const file = String(await voiceFile())
const BODY = {
  ...{ state: 'halt', endTime: '2018-01-01 00:00:00', acceptsWanted: 1, stateWebhookUrl: 'http://example.com/' },
  ...{ activeFrom: '09:00:00', activeTo: '17:00:00', activeWeekdays: weekdays('1111111') },
  ...{ voiceFiles: [{ type: 'start', voiceFileId: file }], actionButtons: BUTTONS },
}

// The bounds are far above what it takes, so that only a change in kind breaks them: a query per campaign or receiver.
it('calls ten thousand by one group, and tells of each of them', { timeout: 60_000 }, async () => {
  const [made, writes] = await counted(() =>
    ok(201, 'POST', '/v1/rsvp_calls', { body: { ...BODY, receivers: [{ groupId: '1' }] } }),
  )
  expect(made.receivers.length).toBe(1)
  expect(writes).toBeLessThan(60)
  const [persons, reads] = await counted(() => ok(200, 'GET', '/v1/rsvp_calls/1/receivers'))
  expect(persons.map((each: any) => each.accountId)).toEqual(Array.from({ length: MANY }, (_, n) => String(n + 1)))
  expect(reads).toBeLessThan(20)
})

it('takes thousands of receivers by their ids, in their order', { timeout: 60_000 }, async () => {
  const receivers = Array.from({ length: 5_000 }, (_, n) => ({ accountId: String(MANY - n) }))
  const [made, writes] = await counted(() => ok(201, 'POST', '/v1/rsvp_calls', { body: { ...BODY, receivers } }))
  expect(made.receivers.map(({ accountId }: any) => ({ accountId }))).toEqual(receivers)
  expect(writes).toBeLessThan(60)
})

it('lists campaigns with a few statements, however many there are', { timeout: 60_000 }, async () => {
  const [two, few] = await counted(() => ok(200, 'GET', '/v1/rsvp_calls'))
  for (let n = 0; n < CAMPAIGNS; n++) {
    await ok(201, 'POST', '/v1/rsvp_calls', {
      body: { ...BODY, receivers: [{ accountId: String(n + 1) }, { groupId: '1' }].slice(0, 1 + Number(n === 0)) },
    })
  }
  const [all, many] = await counted(() => ok(200, 'GET', '/v1/rsvp_calls'))
  expect(all.slice(0, 2)).toEqual(two)
  expect(all.map(({ rsvpCallId }: any) => rsvpCallId)).toEqual(
    Array.from({ length: CAMPAIGNS + 2 }, (_, n) => String(n + 1)),
  )
  expect(all.every(({ stateWebhookUrl }: any) => stateWebhookUrl === 'http://example.com/')).toBe(true)
  // Two pages.
  expect(many).toBeLessThanOrEqual(few + 4)
})
