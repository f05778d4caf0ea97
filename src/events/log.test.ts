import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../test/kit/database.ts'
import { codeOf, eventsAfter, headOf, refusal, type TestWorld, testWorld, worldOn } from '../../test/kit/world.ts'
import type { Database } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import { createWorkspace } from '../domains/auth/index.ts'
import { createEventLog, decodeEventCursor, type EventLog } from './index.ts'
import { isAbout } from './log.ts'

let kit: TestWorld
let log: EventLog
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
  log = kit.world.events
  await kit.db.script(`CREATE FUNCTION given_up() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'given up' USING ERRCODE = '40P01'; END $$`)
})

const raising = (code: string) => `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END $$`

const DAY = 86_400_000
const id = () => kit.world.newId()
let workspaces = 0

/** A workspace of its own, whose log starts with its first key's creation. */
async function fresh(): Promise<string> {
  const { workspaceId } = await createWorkspace(kit.world, { slug: `fresh-${++workspaces}`, name: 'Fresh' })
  return workspaceId
}

const emitOne = (workspaceId: string, linkId = id()) =>
  log.write(workspaceId, async (_, emit) => emit('link.created', { linkId }))
const emitMany = (workspaceId: string, count: number) =>
  log.write(workspaceId, async (_, emit) => {
    for (let n = 0; n < count; n++) emit('link.updated', { linkId: id() })
  })
const positions = async (workspaceId: string, after: number, limit = 100_000) =>
  (await log.read(workspaceId, after, limit)).events.map((event) => event.position)
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe('writing', () => {
  test('an event carries what was said, when, and whom it follows', async () => {
    const workspaceId = await fresh()
    const [linkId, responseId, respondentId] = [id(), id(), id()]
    await log.write(workspaceId, async (_, emit) => {
      emit('response.started', { linkId, responseId, respondentId, channel: 'web' })
      emit('contact.created', { contactId: respondentId })
    })
    const { events } = await log.read(workspaceId, 1, 10)
    const common = { workspaceId, occurredAt: kit.clock.now(), id: expect.stringMatching(/^[0-9a-f-]{36}$/) }
    expect(events).toEqual([
      {
        ...common,
        position: 2,
        type: 'response.started',
        streamId: linkId,
        payload: { linkId, responseId, respondentId, channel: 'web' },
      },
      { ...common, position: 3, type: 'contact.created', streamId: null, payload: { contactId: respondentId } },
    ])
    expect(new Set(events.map((event) => event.id)).size).toBe(2)
  })

  test('what is rolled back leaves neither an event nor a hole', async () => {
    const workspaceId = await fresh()
    await emitOne(workspaceId)
    const failing = log.write(workspaceId, async (_, emit) => {
      emit('link.created', { linkId: id() })
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    await emitOne(workspaceId)
    expect(await positions(workspaceId, 0)).toEqual([1, 2, 3])
  })

  test('one change may be told in two logs, of which both have it or neither', async () => {
    const [one, other] = [await fresh(), await fresh()]
    const told: string[] = []
    const stop = log.onAppend((workspaceId) => told.push(workspaceId))
    await log.write(one, async (_, emit) => {
      emit('link.created', { linkId: id() })
      emit('link.updated', { linkId: id() }, other)
      emit('link.deleted', { linkId: id() })
    })
    const failing = log.write(one, async (_, emit) => {
      emit('link.created', { linkId: id() }, other)
      emit('link.created', { linkId: 'not an id' })
    })
    await expect(failing).rejects.toThrow()
    stop()
    const typesIn = async (workspaceId: string) =>
      (await log.read(workspaceId, 1, 10)).events.map(({ type, position }) => [position, type])
    expect(await typesIn(one)).toEqual([
      [2, 'link.created'],
      [3, 'link.deleted'],
    ])
    expect(await typesIn(other)).toEqual([[2, 'link.updated']])
    expect(told.sort()).toEqual([one, other].sort())
  })

  test('changes that are told in two logs do not wait for each other in a circle', async () => {
    const [one, other] = [await fresh(), await fresh()]
    const both = (first: string, second: string) =>
      log.write(first, async (_, emit) => {
        emit('link.created', { linkId: id() })
        emit('link.created', { linkId: id() }, second)
      })
    await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? both(one, other) : both(other, one))))
    expect(await positions(one, 1)).toEqual(upTo(2, 41))
    expect(await positions(other, 1)).toEqual(upTo(2, 41))
  })

  test('a transaction that the database gives up is run again, and tells what it told the last time only', async () => {
    const workspaceId = await fresh()
    let runs = 0
    const told = await log.write(workspaceId, async (tx, emit) => {
      const run = ++runs
      emit('link.created', { linkId: id() })
      await tx.query(sql`UPDATE workspace SET name = name || '!' WHERE id = ${workspaceId}::uuid`)
      if (run < 3) await tx.script(raising(run === 1 ? '40P01' : '40001'))
      return run
    })
    expect(told).toBe(3)
    expect(await positions(workspaceId, 0)).toEqual([1, 2])
    const [row] = await kit.db.query(sql`SELECT name FROM workspace WHERE id = ${workspaceId}::uuid`)
    expect(row).toEqual({ name: 'Fresh!' })
  })

  test('so it is where the last statements are what is given up', async () => {
    const workspaceId = await fresh()
    let runs = 0
    await log.write(
      workspaceId,
      async (_, emit) => {
        runs++
        emit('link.created', { linkId: id() })
      },
      () => (runs === 1 ? [sql`SELECT given_up()`] : []),
    )
    expect(runs).toBe(2)
    expect(await positions(workspaceId, 0)).toEqual([1, 2])
  })

  test.each([
    ['40P01', 3],
    ['40001', 3],
    ['55P03', 1],
    ['23505', 1],
    ['57014', 1],
  ])('what goes wrong with %s every time is run %d times, and then told', async (code, times) => {
    const workspaceId = await fresh()
    let runs = 0
    const failing = log.write(workspaceId, async (tx, emit) => {
      runs++
      emit('link.created', { linkId: id() })
      await tx.script(raising(code))
    })
    await expect(failing).rejects.toMatchObject({ code })
    expect(runs).toBe(times)
    expect(await positions(workspaceId, 0)).toEqual([1])
  })

  test.runIf(onPostgres)('two who lock in opposite orders both do what they are to, once', async () => {
    const rows = [await fresh(), await fresh()]
    const both = Promise.withResolvers<void>()
    let holding = 0
    let runs = 0
    const lockAll = (workspaceId: string, order: readonly string[]) =>
      log.write(workspaceId, async (tx, emit) => {
        runs++
        emit('link.created', { linkId: id() })
        for (const row of order) {
          await tx.query(sql`UPDATE workspace SET name = name || '!' WHERE id = ${row}::uuid`)
          if (++holding === 2) both.resolve()
          await both.promise
        }
      })
    await Promise.all([lockAll(rows[0]!, rows), lockAll(rows[1]!, rows.toReversed())])
    // One of them again; on a machine that stalls it may meet the other once more.
    expect(runs).toBeGreaterThan(2)
    for (const row of rows) expect(await positions(row, 0)).toEqual([1, 2])
    const names = await kit.db.query(sql`SELECT name FROM workspace WHERE id = ANY(${rows}::uuid[])`)
    expect(names).toEqual([{ name: 'Fresh!!' }, { name: 'Fresh!!' }])
  })

  test('a payload that breaks its type is refused with everything around it', async () => {
    const workspaceId = await fresh()
    const failing = log.write(workspaceId, async (tx, emit) => {
      await tx.query(sql`UPDATE workspace SET name = 'half' WHERE id = ${workspaceId}::uuid`)
      emit('link.created', { linkId: id() })
      emit('link.created', { linkId: 'not an id' })
    })
    await expect(failing).rejects.toThrow('linkId')
    const [row] = await kit.db.query(sql`SELECT name FROM workspace WHERE id = ${workspaceId}::uuid`)
    expect(row).toEqual({ name: 'Fresh' })
    expect(await headOf(kit.world, workspaceId)).toBe(1)
  })

  test('nothing but the catalogued fields reaches the log', async () => {
    const workspaceId = await fresh()
    const linkId = id()
    const leaky = { linkId, email: 'ann@example.com' }
    await log.write(workspaceId, async (_, emit) => emit('link.created', leaky))
    expect(await eventsAfter(kit.world, workspaceId, 1)).toEqual([[2, 'link.created', { linkId }]])
  })

  test('a change without events takes no position and tells nobody', async () => {
    const workspaceId = await fresh()
    const told: string[] = []
    const stop = log.onAppend((which) => told.push(which))
    expect(await log.write(workspaceId, async () => 'result')).toBe('result')
    expect([await headOf(kit.world, workspaceId), told]).toEqual([1, []])
    await emitOne(workspaceId)
    await emitMany(workspaceId, 3)
    stop()
    await emitOne(workspaceId)
    expect(told).toEqual([workspaceId, workspaceId])
  })

  test('a bulk of events is dense and in its order', async () => {
    const workspaceId = await fresh()
    await emitMany(workspaceId, 3_000)
    expect(await positions(workspaceId, 0)).toEqual(upTo(1, 3_001))
  })

  test('writers at the same time share the positions without holes, in the order of their commits', async () => {
    const workspaceId = await fresh()
    let committed = 0
    const order = new Map<string, number>()
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const linkId = id()
        await log.write(workspaceId, async (tx, emit) => {
          await tx.query(sql`SELECT 1`)
          emit('link.created', { linkId })
          if (n % 3 === 0) emit('link.updated', { linkId })
        })
        order.set(linkId, ++committed)
      }),
    )
    const { events } = await log.read(workspaceId, 1, 1_000)
    expect(events.map((event) => event.position)).toEqual(upTo(2, 55))
    expect(new Set(events.map((event) => event.streamId)).size).toBe(40)
    expect(order.size).toBe(40)
    // What one transaction said stands together.
    for (const [index, event] of events.entries()) {
      if (event.type === 'link.updated') expect(events[index - 1]?.streamId).toBe(event.streamId)
    }
  })

  test('a workspace without a log cannot be written to', async () => {
    await expect(emitOne(id())).rejects.toThrow('has no event log')
  })
})

describe('reading', () => {
  test('pages through, each event once, and says when there is no more', async () => {
    const workspaceId = await fresh()
    await emitMany(workspaceId, 9)
    const pages = []
    for (let after = 0, more = true; more; ) {
      const page = await log.read(workspaceId, after, 4)
      pages.push([page.events.map((event) => event.position), page.position, page.more])
      after = page.position
      more = page.more
    }
    expect(pages).toEqual([
      [[1, 2, 3, 4], 4, true],
      [[5, 6, 7, 8], 8, true],
      [[9, 10], 10, false],
    ])
    expect(await log.read(workspaceId, 10, 4)).toEqual({ events: [], position: 10, more: false })
    expect(await log.read(workspaceId, 6, 4)).toMatchObject({ position: 10, more: false })
  })

  test('by type and by stream, passing over the rest', async () => {
    const workspaceId = await fresh()
    const [a, b] = [id(), id()]
    for (const linkId of [a, b, a]) {
      await log.write(workspaceId, async (_, emit) => {
        emit('link.created', { linkId })
        emit('link.updated', { linkId })
        emit('contact.created', { contactId: linkId })
      })
    }
    const read = async (filter: Parameters<EventLog['read']>[3], limit = 100, after = 0) => {
      const page = await log.read(workspaceId, after, limit, filter)
      return [page.events.map((event) => event.position), page.position, page.more]
    }
    expect(await read({ types: ['link.created'] })).toEqual([[2, 5, 8], 10, false])
    expect(await read({ types: ['link.created', 'apiKey.created'] })).toEqual([[1, 2, 5, 8], 10, false])
    expect(await read({ types: [] })).toEqual([[], 10, false])
    expect(await read({ streamId: a })).toEqual([[2, 3, 8, 9], 10, false])
    expect(await read({ streamId: a, types: ['link.updated'] })).toEqual([[3, 9], 10, false])
    expect(await read({ streamId: id() })).toEqual([[], 10, false])
    expect(await read({ streamId: a }, 2)).toEqual([[2, 3], 3, true])
    expect(await read({ streamId: a }, 2, 3)).toEqual([[8, 9], 9, true])
    expect(await read({ streamId: a }, 2, 9)).toEqual([[], 10, false])
  })

  test('finds an id in any of several fields, alone or in a list, as one who follows does', async () => {
    const workspaceId = await fresh()
    const [a, b] = [id(), id()]
    await log.write(workspaceId, async (_, emit) => {
      emit('messages.added', { count: 2, conversationIds: [b, a] })
      emit('messages.added', { count: 1, conversationIds: [b] })
      emit('messages.added', { count: 1, conversationIds: [] })
      emit('conversation.resolved', { conversationId: a })
      emit('conversation.resolved', { conversationId: b })
    })
    const { events } = await log.read(workspaceId, 1, 100)
    for (const [fields, expected] of [
      [
        ['conversationIds', 'conversationId'],
        [2, 5],
      ],
      [['conversationIds'], [2]],
      [['conversationId'], [5]],
      [['nothing'], []],
    ] as const) {
      const about = { fields, id: a }
      const found = await log.read(workspaceId, 1, 100, { about })
      expect(found.events.map(({ position }) => position)).toEqual(expected)
      expect(events.filter((event) => isAbout(event, about)).map(({ position }) => position)).toEqual(expected)
    }
  })

  test('another workspace sees nothing of it', async () => {
    const [mine, theirs] = [await fresh(), await fresh()]
    await emitMany(mine, 5)
    expect(await eventsAfter(kit.world, theirs, 0)).toHaveLength(1)
    expect(await log.news(new Map([[theirs, 0]]), 10)).toHaveLength(1)
  })

  test('a position from the future is no cursor, in the words of any other that is none', async () => {
    const workspaceId = await fresh()
    const garbage = await refusal(() => decodeEventCursor(workspaceId, 'garbage'))
    expect(await refusal(log.read(workspaceId, 2, 10))).toEqual(garbage)
    expect(await refusal(log.read(id(), 1, 10))).toEqual(garbage)
    await emitOne(workspaceId)
    expect(await log.read(workspaceId, 2, 10)).toEqual({ events: [], position: 2, more: false })
  })

  test('news of several workspaces come in the order of each, up to a limit each', async () => {
    const [a, b, quiet] = [await fresh(), await fresh(), await fresh()]
    await emitMany(a, 5)
    await emitMany(b, 2)
    const news = await log.news(
      new Map([
        [a, 2],
        [b, 1],
        [quiet, 1],
        [id(), 0],
      ]),
      3,
    )
    const of = (workspaceId: string) =>
      news.filter((event) => event.workspaceId === workspaceId).map((event) => event.position)
    expect([of(a), of(b), of(quiet), news.length]).toEqual([[3, 4, 5], [2, 3], [], 5])
    expect(await log.news(new Map(), 3)).toEqual([])
  })
})

describe('retention', () => {
  test('removes what is older than the workspace keeps, by the clock, and says where to start anew', async () => {
    const [workspaceId, patient] = [await fresh(), await fresh()]
    await kit.db.query(sql`UPDATE workspace SET event_retention_days = 90 WHERE id = ${patient}::uuid`)
    await emitMany(workspaceId, 4)
    kit.clock.advance(10 * DAY)
    await emitMany(workspaceId, 3)
    kit.clock.advance(20 * DAY)
    await log.prune()
    expect(await positions(workspaceId, 0)).toEqual(upTo(1, 8)) // exactly 30 days old is not older than that
    kit.clock.advance(1)
    while ((await log.prune()) > 0);
    expect(await log.head(workspaceId)).toEqual({ position: 8, pruned: 5 })
    expect(await log.head(patient)).toEqual({ position: 1, pruned: 0 })
    expect(await positions(workspaceId, 5)).toEqual([6, 7, 8])

    const expired = await refusal(log.read(workspaceId, 4, 10))
    expect(expired).toEqual({
      code: 'CURSOR_EXPIRED',
      message: 'Events after this cursor were removed by retention.',
      path: ['after'],
      details: { oldestCursor: expect.any(String) },
    })
    const oldest = decodeEventCursor(workspaceId, expired.details.oldestCursor as string)
    expect(oldest).toBe(5)
    expect(await positions(workspaceId, oldest)).toEqual([6, 7, 8])

    kit.clock.advance(30 * DAY)
    while ((await log.prune()) > 0);
    expect(await log.head(workspaceId)).toEqual({ position: 8, pruned: 8 })
    expect(await log.read(workspaceId, 8, 10)).toEqual({ events: [], position: 8, more: false })
    expect(await codeOf(log.read(workspaceId, 7, 10))).toBe('CURSOR_EXPIRED')
    await emitOne(workspaceId)
    expect(await positions(workspaceId, 8)).toEqual([9])
  })

  test('a huge past goes in batches, each of which leaves a log without holes', async () => {
    const workspaceId = await fresh()
    for (let n = 0; n < 4; n++) await emitMany(workspaceId, 3_000)
    kit.clock.advance(31 * DAY)
    await emitMany(workspaceId, 10)
    const removed = []
    for (;;) {
      const { pruned, position } = await log.head(workspaceId)
      expect(await positions(workspaceId, pruned)).toEqual(upTo(pruned + 1, position))
      const gone = await log.prune()
      if (gone === 0) break
      removed.push(gone)
    }
    expect(removed.length).toBe(3)
    expect(await log.head(workspaceId)).toEqual({ position: 12_011, pruned: 12_001 })
  })

  test('after the clock was set back, what goes is still a prefix', async () => {
    const workspaceId = await fresh()
    await emitMany(workspaceId, 2)
    kit.clock.advance(-3_600_000)
    await emitMany(workspaceId, 2)
    kit.clock.advance(3_600_000)
    await emitMany(workspaceId, 2)
    kit.clock.advance(30 * DAY - 1_800_000)
    await log.prune()
    expect(await log.head(workspaceId)).toEqual({ position: 7, pruned: 5 })
    expect(await positions(workspaceId, 5)).toEqual([6, 7])
    kit.clock.advance(1_800_000)
  })

  test.each([1, 2, 3])(
    'that passes by before statement %d of a read makes an error or a whole page, never a hole',
    async (nth) => {
      const workspaceId = await fresh()
      await emitMany(workspaceId, 5)
      kit.clock.advance(20 * DAY)
      await emitMany(workspaceId, 5)
      kit.clock.advance(11 * DAY)
      let statements = 0
      const db: Database = {
        ...kit.db,
        query: async (statement) => {
          if (++statements === nth) while ((await log.prune()) > 0);
          return kit.db.query(statement)
        },
      }
      const reader = createEventLog({ ...kit.world, db })
      const result = await reader.read(workspaceId, 0, 100).then(
        (page) => page.events.map((event) => event.position),
        (error) => error.code,
      )
      expect([upTo(1, 11), 'CURSOR_EXPIRED']).toContainEqual(result)
      expect(await log.read(workspaceId, 6, 100)).toMatchObject({ position: 11, more: false })
    },
  )
})

test('two processes on one database continue one log', async () => {
  const workspaceId = await fresh()
  const other = worldOn(kit.db, kit.clock)
  await emitOne(workspaceId)
  await other.events.write(workspaceId, async (_, emit) => emit('link.created', { linkId: other.newId() }))
  await emitOne(workspaceId)
  expect(await positions(workspaceId, 0)).toEqual([1, 2, 3, 4])
})
