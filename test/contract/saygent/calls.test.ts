import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { deleteLink } from '../../../src/domains/links/index.ts'
import { answer, CALL, failure, MODES, type SaygentServer, STATUS, saygentServer, unknown } from './kit.ts'
import { CALL_ANSWER, CALL_REQUEST, compact, STATUS_ANSWER, STATUS_REQUEST, withToken } from './literals.ts'

const PHONE = { phone: 'Phone number is invalid' }
const queued = (id: number) => ({ id, status: 'queued' })

describe.each(MODES)('with HTTP status %s', (mode) => {
  let server: SaygentServer
  let person: () => Promise<number>
  let place: (respondent_ids: unknown) => Promise<any>
  let poll: (respondent_ids: unknown) => Promise<any>

  beforeAll(async () => {
    server = await saygentServer(mode)
    await server.survey(1234)
    await server.survey(4321, { tenant: server.other })
    person = () => server.respondent(1234)
    place = async (respondent_ids) => (await server.call('POST', CALL, { body: { respondent_ids } })).json
    poll = async (respondent_ids) => (await server.call('GET', STATUS, { body: { respondent_ids } })).json
  })

  it("answers the documentation's samples to the letter", async () => {
    const { acme, answers, become, app } = server
    for (const id of [1, 2, 3, 4]) expect(await person()).toBe(id)
    // Nobody has the second id of the first sample.
    await app.db.query(sql`UPDATE respondent SET legacy_id = 9002 WHERE legacy_id = 2`)
    await answers(200, compact(CALL_ANSWER), 'POST', CALL, { body: withToken(CALL_REQUEST, acme.token) })
    expect(await server.waiting()).toEqual([1, 3])
    await app.db.query(sql`UPDATE respondent SET legacy_id = 2 WHERE legacy_id = 9002`)
    await become('called', 1)
    await become('surveyed', 2)
    await become('analyzed', 3)
    await become('invalid', 4)
    await answers(200, compact(STATUS_ANSWER), 'GET', STATUS, { body: withToken(STATUS_REQUEST, acme.token) })
  })

  describe('POST /call', () => {
    it('queues once, however often it is asked, and in the order asked for', async () => {
      const [a, b] = [await person(), await person()]
      const expected = answer('warning', queued(b), unknown('x'), queued(a), queued(b))
      await server.answers(200, expected, 'POST', CALL, { body: { respondent_ids: [b, 'x', `${a}`, b] } })
      const before = await server.waiting()
      await server.answers(200, expected, 'POST', CALL, { body: { respondent_ids: ` ${b} ,x, ${a},${b}` } })
      expect(await server.waiting()).toEqual(before)
      expect(before.filter((id) => id === a || id === b)).toEqual([b, a])
      expect(await poll([a, b])).toEqual({ status: 'success', respondents: [queued(a), queued(b)] })
    })

    it('leaves alone who has answered, and does not call a number that is invalid', async () => {
      const [a, b, c, d] = [await person(), await person(), await person(), await person()]
      await server.become('surveyed', a)
      await server.become('analyzed', b)
      await server.become('invalid', c)
      await server.become('called', d)
      expect(await place([a, b, c, d])).toEqual({
        status: 'warning',
        respondents: [
          { id: a, status: 'surveyed' },
          { id: b, status: 'analyzed' },
          { id: c, status: 'invalid', messages: PHONE },
          queued(d),
        ],
      })
      const waiting = await server.waiting()
      expect([a, b, c, d].map((id) => waiting.includes(id))).toEqual([false, false, false, true])
    })

    it('calls people of several surveys; one that cannot be asked keeps no other back', async () => {
      await server.survey(1)
      await server.survey(2, { questions: [] })
      const gone = await server.survey(3)
      const ids = [await server.respondent(1), await server.respondent(2), await server.respondent(3), await person()]
      await deleteLink(server.world, server.acme.viewer, gone)
      const [a, b, c, d] = ids as [number, number, number, number]
      const silent = { survey_id: 'Survey must have a question that a phone can ask' }
      expect(await place(ids)).toEqual({
        status: 'warning',
        respondents: [
          queued(a),
          { id: b, status: 'invalid', messages: silent },
          { id: c, status: 'invalid', messages: { survey_id: 'Survey id invalid' } },
          queued(d),
        ],
      })
    })

    it('calls nobody of another workspace, and says of them what it says of nobody', async () => {
      const theirs = await server.respondent(4321, {}, server.other)
      const { text } = await server.call('POST', CALL, {
        token: server.other.token,
        body: { respondent_ids: [theirs, theirs + 1] },
      })
      expect(text).toBe(answer('warning', queued(theirs), unknown(theirs + 1)))
      await server.app.db.query(
        sql`UPDATE respondent SET legacy_id = 70001 WHERE workspace_id = ${server.other.workspaceId}::uuid`,
      )
      await server.answers(400, answer('failure', unknown(70001), unknown(70002)), 'POST', CALL, {
        body: { respondent_ids: [70001, 70002] },
      })
    })
  })

  describe('GET /status', () => {
    it('is created until a call is asked for, and POST as well', async () => {
      const id = await person()
      const expected = answer('success', { id, status: 'created' })
      await server.answers(200, expected, 'GET', STATUS, { body: { respondent_ids: String(id) } })
      await server.answers(200, expected, 'POST', STATUS, { body: { respondent_ids: [id] } })
      await place([id])
      await server.answers(200, answer('success', queued(id)), 'GET', STATUS, { body: { respondent_ids: [id] } })
    })

    it('is a failure when none is there or none can be called', async () => {
      const id = await person()
      await server.become('invalid', id)
      const invalid = { id, status: 'invalid', messages: PHONE }
      await server.answers(400, answer('failure', invalid, unknown(0)), 'GET', STATUS, {
        body: { respondent_ids: [id, 0] },
      })
    })
  })

  it.each([
    ['POST', CALL],
    ['GET', STATUS],
    ['POST', STATUS],
  ])('%s %s says which ids it cannot read', async (method, path) => {
    const required = failure({ respondent_ids: 'Respondent ids are required' })
    for (const ids of [undefined, null, '', ' ', ',', [], [''], '[]']) {
      await server.answers(400, required, method, path, { body: { respondent_ids: ids } })
    }
    const numbers = failure({ respondent_ids: 'Respondent ids must be numbers' })
    for (const ids of [true, {}, [[1]], [1, { id: 2 }], [null]]) {
      await server.answers(400, numbers, method, path, { body: { respondent_ids: ids } })
    }
  })

  it('has one id, ids in brackets, and lists of lists as texts', async () => {
    const [a, b] = [await person(), await person()]
    const both = { status: 'success', respondents: [a, b].map((id) => ({ id, status: 'created' })) }
    for (const ids of [[a, b], `${a},${b}`, `[${a}, ${b}]`, [`${a},${b}`], [` ${a}`, b], `${a},,${b},`]) {
      expect(await poll(ids), JSON.stringify(ids)).toEqual(both)
    }
    expect((await poll(a)).respondents).toEqual([{ id: a, status: 'created' }])
  })
})
