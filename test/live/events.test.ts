import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'
import { createEventLog, encodeEventCursor } from '../../src/events/index.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { type TestApp, testApp } from '../kit/app.ts'
import { onPostgres } from '../kit/database.ts'
import { START, until } from '../kit/world.ts'
import { connect, EVENTS, openStream, positionOf, type Result } from './clients.ts'

// Much is waited for here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const clock = new FakeClock(START)
let app: TestApp
let workspaceId: string
beforeAll(async () => {
  app = await testApp({}, clock)
  workspaceId = app.firstStart!.workspaceId
})

const present = async (key?: string) => (await app.graphql('{ eventCursor }', {}, key)).data!.eventCursor as string
async function createLink(name: string, question?: object): Promise<{ id: string; slug: string }> {
  const { data } = await app.graphql(
    `mutation ($name: String!, $questions: [QuestionInput!]) {
      createLink(input: { name: $name, questions: $questions }) { ... on CreateLinkPayload { link { id slug } } } }`,
    { name, questions: question ? [question] : [] },
  )
  return data!.createLink.link
}
async function keyWith(scopes: string[]): Promise<string> {
  const { data } = await app.graphql(
    `mutation ($scopes: [Scope!]) { createApiKey(input: { name: "some", scopes: $scopes }) {
      ... on CreateApiKeyPayload { key } } }`,
    { scopes },
  )
  return data!.createApiKey.key
}
/** A completed response, with an e-mail address in it. */
async function respond(slug: string): Promise<void> {
  const base = new URL(`/w/default/i/${slug}/`, app.localUrl)
  const headers = { 'content-type': 'application/json' }
  const opened = await fetch(new URL('sessions', base), { method: 'POST', headers, body: '{}' })
  const { session } = (await opened.json()) as { session: string }
  const owner = { ...headers, authorization: `Session ${session}` }
  const body = JSON.stringify({ value: 'ann@example.com' })
  await fetch(new URL('session/answers/mail', base), { method: 'PUT', headers: owner, body })
  const submitted = await fetch(new URL('session/submit', base), { method: 'POST', headers: owner, body: '{}' })
  expect(submitted.status).toBe(200)
}
const cursors = (results: Result[]) => results.map(({ data }) => positionOf(data!.events.cursor))
/** Another process on the same database, as far as the log can tell. */
const anotherLog = (db: Database = app.db) => createEventLog({ db, clock, newId: idGenerator(clock) })

describe('order', () => {
  test.runIf(onPostgres)('a writer that commits late is not skipped, and shows nobody a hole', async () => {
    const after = await present()
    const socket = await connect(app.localUrl, app.key)
    const live = socket.run(EVENTS, { after })
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let holding = 0
    const holds = async () => {
      holding++
      await gate
    }
    const [early, late] = [randomUUID(), randomUUID()]
    // One has done its work but has no position yet, the other has its position but has not committed.
    const before = anotherLog().write(workspaceId, async (_, emit) => {
      emit('link.created', { linkId: early })
      await holds()
    })
    await until(() => holding === 1, 'the first transaction is open')
    for (let n = 0; n < 3; n++) await createLink('in between')
    await until(() => live.results.length === 3, 'who commits is told at once')
    const heldBack: Database = {
      ...app.db,
      transaction: (run, lastly) =>
        app.db.transaction(async (tx) => {
          const result = await run(tx)
          for (const statement of lastly?.() ?? []) await tx.query(statement)
          await holds()
          return result
        }),
    }
    const committing = anotherLog(heldBack).write(workspaceId, async (_, emit) =>
      emit('link.created', { linkId: late }),
    )
    await until(() => holding === 2, 'the second transaction has its position')
    const waiting = [createLink('after it'), createLink('after it')]
    const polled = await app.graphql(
      'query ($after: String) { events(after: $after, first: 100) { ... on EventPage { events { cursor } cursor } } }',
      { after },
    )
    expect(polled.data!.events.events).toHaveLength(3)
    expect(live.results).toHaveLength(3)
    release()
    await Promise.all([before, committing, ...waiting])
    await until(() => live.results.length === 7, 'all are told')
    const from = positionOf(after)
    expect(cursors(live.results)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => from + n))
    const links = live.results.map(({ data }) => data!.events.payload.linkId)
    expect(links.indexOf(late)).toBe(3)
    expect(links).toContain(early)
    // Who asks again with the cursor of the time when both were open gets them, too.
    const again = socket.run(EVENTS, { after: polled.data!.events.cursor })
    await until(() => again.results.length === 4, 'the rest is told')
    expect(again.results).toEqual(live.results.slice(3))
    socket.ws.close()
  })

  test('the past, then the present, without gap or duplicate, while events keep coming', async () => {
    const after = await present()
    const socket = await connect(app.localUrl, app.key)
    const log = anotherLog()
    const many = (count: number) =>
      log.write(workspaceId, async (_, emit) => {
        for (let n = 0; n < count; n++) emit('link.updated', { linkId: randomUUID() })
      })
    await many(700)
    const operations: { results: Result[] }[] = []
    const streams: { results: Result[]; abort(): void }[] = []
    for (let n = 0; n < 10; n++) {
      await many(30)
      operations.push(socket.run(EVENTS, { after }))
      if (n % 3 === 0) streams.push(await openStream(app.localUrl, app.key, EVENTS, { after }))
      await createLink('meanwhile')
    }
    const head = positionOf(await present())
    const expected = Array.from({ length: head - positionOf(after) }, (_, n) => positionOf(after) + 1 + n)
    for (const { results } of [...operations, ...streams]) {
      await until(() => results.length >= expected.length, 'everything is told')
      expect(cursors(results)).toEqual(expected)
    }
    // Those who came late were told from what others had been told, and it is the same.
    expect(new Set(operations.map(({ results }) => JSON.stringify(results))).size).toBe(1)
    for (const stream of streams) stream.abort()
    socket.ws.close()
  })
})

describe('equal subscriptions', () => {
  const metrics = async () => (await fetch(new URL('/metrics', app.localUrl))).text()
  const value = (text: string, line: RegExp) => Number(line.exec(text)?.[1] ?? 0)
  const executions = async (name: string) =>
    value(await metrics(), new RegExp(`^saygraph_graphql_operation_seconds_count{operation="${name}".* (\\d+)$`, 'm'))

  test('fifty of them cost one execution per event, wherever they began', async () => {
    const query = 'subscription Fifty($after: String) { events(after: $after) { cursor type link { name } } }'
    const past = await present()
    for (const name of ['a', 'b']) await createLink(name)
    const after = await present()
    const sockets = await Promise.all(Array.from({ length: 5 }, () => connect(app.localUrl, app.key)))
    const all = sockets.flatMap((socket) =>
      Array.from({ length: 10 }, (_, n) => ({
        from: n === 0 ? past : after,
        ...socket.run(query, { after: n === 0 ? past : after }),
      })),
    )
    const early = all.filter(({ from }) => from === past)
    await until(() => early.every(({ results }) => results.length === 2), 'the past is told to those who asked for it')
    await until(async () => value(await metrics(), /^saygraph_subscribers (\d+)$/m) === 50, 'all have joined')
    expect(value(await metrics(), /^saygraph_subscription_groups (\d+)$/m)).toBe(1)
    const before = await executions('Fifty')
    for (const name of ['c', 'd', 'e']) await createLink(name)
    await until(() => all.every(({ from, results }) => results.length === (from === past ? 5 : 3)), 'all are told')
    expect((await executions('Fifty')) - before).toBe(3)
    for (const { results, from } of all) {
      const names = results.map(({ data }) => data!.events.link.name)
      expect(names).toEqual(from === past ? ['a', 'b', 'c', 'd', 'e'] : ['c', 'd', 'e'])
    }
    // Who comes now is told from what was kept: nothing is executed for it.
    const late = sockets[0]!.run(query, { after })
    await until(() => late.results.length === 3, 'the late one is told')
    expect((await executions('Fifty')) - before).toBe(3)
    expect(late.results).toEqual(all.find(({ from }) => from === after)!.results)
    for (const socket of sockets) socket.ws.close()
    await until(async () => value(await metrics(), /^saygraph_subscription_groups (\d+)$/m) === 0, 'all is given back')
  })

  test('other variables, scopes, workspaces and operations of one document are not mixed', async () => {
    const question = { fieldKey: 'mail', prompt: 'Your address', type: 'EMAIL' }
    const [mine, other] = [await createLink('mine', question), await createLink('other', question)]
    const foreign = await app.otherWorkspace('neighbour')
    const limited = await keyWith(['LINKS_READ'])
    const responsesOnly = await keyWith(['RESPONSES_READ'])
    const after = await present()
    const all =
      'subscription ($after: String) { events(after: $after) { type link { name } response { respondentEmail } } }'
    const ofLink = `subscription ($id: ID!, $after: String) { responseSubmitted(linkId: $id, after: $after) {
      response { respondentEmail } } }`
    const two = `subscription A($after: String) { events(after: $after, types: [LINK_CREATED]) { type } }
      subscription B($after: String) { events(after: $after, types: [RESPONSE_SUBMITTED]) { type } }`
    const subscribe = async (key: string, query: string, variables: object) => {
      const socket = await connect(app.localUrl, key)
      return socket.run(query, variables)
    }
    const everything = await subscribe(app.key, all, { after })
    const links = await subscribe(limited, all, { after })
    const responses = await subscribe(responsesOnly, all, { after })
    const neighbours = await subscribe(foreign.key, all, {})
    const ofMine = await subscribe(app.key, ofLink, { id: mine.id, after })
    const ofOther = await subscribe(app.key, ofLink, { id: other.id, after })
    const socket = await connect(app.localUrl, app.key)
    const results: Record<string, Result[]> = { A: [], B: [] }
    socket.ws.on('message', (data) => {
      const { type, id, payload } = JSON.parse(String(data))
      if (type === 'next') results[id]!.push(payload)
    })
    for (const id of ['A', 'B']) {
      socket.send({ type: 'subscribe', id, payload: { query: two, operationName: id, variables: { after } } })
    }
    await respond(mine.slug)
    await createLink('news')
    await until(() => everything.results.some(({ data }) => data?.events.link?.name === 'news'), 'all is told')
    await until(
      () => [links.results, ofMine.results, results.A!, results.B!].every((told) => told.length > 0),
      'so is the rest',
    )

    const types = (of: Result[]) => of.map(({ data }) => data?.events.type as string)
    expect(types(everything.results)).toContain('RESPONSE_SUBMITTED')
    expect(links.results).toMatchObject([
      { data: { events: { type: 'LINK_CREATED', link: { name: 'news' }, response: null } } },
    ])
    expect(JSON.stringify(links.results)).not.toContain('ann@example.com')
    // What is met on the way needs its scope as well, whoever else is told.
    await until(() => types(responses.results).includes('RESPONSE_SUBMITTED'), 'the response is told')
    expect(new Set(types(responses.results)).has('LINK_CREATED')).toBe(false)
    expect(JSON.stringify(responses.results)).not.toContain('mine')
    expect(responses.results.at(-1)).toMatchObject({ errors: [{ extensions: { code: 'INSUFFICIENT_SCOPE' } }] })
    expect(neighbours.results).toEqual([])
    expect(ofMine.results).toEqual([
      { data: { responseSubmitted: { response: { respondentEmail: 'ann@example.com' } } } },
    ])
    expect(ofOther.results).toEqual([])
    expect(results).toEqual({
      A: [{ data: { events: { type: 'LINK_CREATED' } } }],
      B: [{ data: { events: { type: 'RESPONSE_SUBMITTED' } } }],
    })
    socket.ws.close()
  })

  test('a link of another workspace is answered like an unknown one', async () => {
    const { id } = await createLink('mine alone')
    const { key } = await app.otherWorkspace('stranger')
    const socket = await connect(app.localUrl, key)
    const query = 'subscription ($id: ID!) { responseStarted(linkId: $id) { cursor } }'
    const unknown = Buffer.from(`Link:${randomUUID()}`).toString('base64url')
    const answers = []
    for (const given of [id, unknown]) {
      const operation = socket.run(query, { id: given })
      await until(() => operation.completed(), 'it is refused')
      answers.push(operation.results)
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]).toMatchObject([{ errors: [{ extensions: { code: 'NOT_FOUND', inputPath: ['linkId'] } }] }])
    socket.ws.close()
  })

  test.each([
    ['responseStarted(linkId: "x") { cursor }', ['LINKS_READ'], 'responses:read'],
    ['events(types: [RESPONSE_SUBMITTED]) { cursor }', ['LINKS_READ'], 'responses:read'],
    ['events { cursor }', ['LINKS_WRITE'], 'responses:read'],
  ])('%s with %s says which scope is missing', async (field, scopes, scope) => {
    const key = await keyWith(scopes)
    const socket = await connect(app.localUrl, key)
    const operation = socket.run(`subscription { ${field} }`)
    await until(() => operation.completed(), 'it is refused')
    const stream = await openStream(app.localUrl, key, `subscription { ${field} }`)
    await until(() => stream.ended() !== undefined, 'it is refused')
    for (const { results } of [operation, stream]) {
      expect(results).toMatchObject([{ errors: [{ extensions: { code: 'INSUFFICIENT_SCOPE', scope } }] }])
    }
    socket.ws.close()
  })
})

describe('cursors', () => {
  const POLL = `query ($after: String) { events(after: $after, first: 5) {
    __typename ... on Error { code message path } ... on CursorExpiredError { oldestCursor } ... on EventPage { events { cursor } } } }`

  async function attempts(after: string, key = app.key): Promise<Result[]> {
    const socket = await connect(app.localUrl, key)
    const operation = socket.run(EVENTS, { after })
    await until(() => operation.completed() || operation.results.length > 0, 'an answer')
    const stream = await openStream(app.localUrl, key, EVENTS, { after })
    await until(() => stream.ended() !== undefined || stream.results.length > 0, 'an answer')
    socket.ws.close()
    stream.abort()
    return [operation.results[0]!, stream.results[0]!]
  }

  test("garbage, another workspace's and the future are no cursors, everywhere", async () => {
    const { key } = await app.otherWorkspace('elsewhere')
    const future = encodeEventCursor(workspaceId, positionOf(await present()) + 1)
    for (const after of ['', 'garbage', `${await present()}=`, await present(key), future]) {
      for (const { errors } of await attempts(after)) {
        expect(errors).toMatchObject([{ message: 'This is not a cursor of your event log.' }])
        expect(errors![0]!.extensions).toMatchObject({ code: 'INVALID_CURSOR', inputPath: ['after'], retryable: false })
      }
      // Who polls gets it as data, as who replays to a webhook does.
      const { data, errors } = await app.graphql(POLL, { after })
      expect(errors).toBeUndefined()
      expect(data!.events).toEqual({
        ...{ __typename: 'InvalidCursorError', code: 'INVALID_CURSOR', path: ['after'] },
        message: 'This is not a cursor of your event log.',
      })
    }
  })

  // Last, since it takes the log of this file away.
  test('an expired one is said to be expired, with the oldest that still works', async () => {
    const old = await present()
    await createLink('to be forgotten')
    const standing = (await connect(app.localUrl, app.key)).run(EVENTS, { after: await present() })
    clock.advance(31 * 86_400_000)
    await createLink('to be kept')
    expect(await anotherLog().prune()).toBeGreaterThan(0)
    await createLink('to be kept, too')
    const head = positionOf(await present())
    const oldest = encodeEventCursor(workspaceId, head - 2)

    for (const { data, errors } of await attempts(old)) {
      expect(data ?? null).toBeNull()
      expect(errors).toMatchObject([
        { extensions: { code: 'CURSOR_EXPIRED', oldestCursor: oldest, inputPath: ['after'] } },
      ])
    }
    const polled = await app.graphql(POLL, { after: old })
    expect(polled).toMatchObject({ data: { events: { __typename: 'CursorExpiredError', oldestCursor: oldest } } })
    expect(polled.errors).toBeUndefined()

    const rest = [head - 1, head]
    for (const { data } of await attempts(oldest)) expect(positionOf(data!.events.cursor)).toBe(rest[0])
    const { data } = await app.graphql(POLL, { after: oldest })
    expect(cursors(data!.events.events.map((event: object) => ({ data: { events: event } })))).toEqual(rest)
    // Without `after` polling begins at the oldest event that is kept.
    const { data: all } = await app.graphql(POLL)
    expect(all!.events.events).toEqual(data!.events.events)
    // Whoever was there all the time has missed nothing.
    await until(() => standing.results.length === 2, 'both are told')
    expect(cursors(standing.results)).toEqual(rest)
    const [kept] = await app.db.query<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM event WHERE workspace_id = ${workspaceId}::uuid`,
    )
    expect(kept!.count).toBe(2)
  })
})
