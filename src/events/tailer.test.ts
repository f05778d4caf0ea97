import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { headOf, type TestWorld, testWorld, until, worldOn } from '../../test/kit/world.ts'
import type { Database } from '../db/database.ts'
import { createWorkspace } from '../domains/auth/index.ts'
import { createLogger } from '../platform/logger.ts'
import { createTailer, type EventLog, type FollowOptions, type LoggedEvent, type Tailer } from './index.ts'

let kit: TestWorld
const logger = createLogger('silent')
const closing: Tailer[] = []
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
})
afterEach(async () => {
  for (const tailer of closing.splice(0)) await tailer.close()
})

let workspaces = 0
async function fresh(): Promise<string> {
  const { workspaceId } = await createWorkspace(kit.world, { slug: `tail-${++workspaces}`, name: 'Fresh' })
  return workspaceId
}

async function open(db: Database = kit.db, log: EventLog = kit.world.events, pollMs = 50): Promise<Tailer> {
  const tailer = await createTailer({ db, log, logger, pollMs })
  closing.push(tailer)
  return tailer
}

const append = (workspaceId: string, count: number, log = kit.world.events) =>
  log.write(workspaceId, async (_, emit) => {
    for (let n = 0; n < count; n++) emit('link.updated', { linkId: kit.world.newId() })
  })
const upTo = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)

/** A follower that notes all it is given. */
function follow(tailer: Tailer, workspaceId: string, options: Partial<FollowOptions> = {}) {
  const seen: number[] = []
  const errors: unknown[] = []
  const started = tailer.follow(workspaceId, {
    ...options,
    onEvent(event) {
      seen.push(event.position)
      options.onEvent?.(event)
    },
    onError: (error) => errors.push(error),
  })
  return { seen, errors, started }
}

describe('a follower', () => {
  test('without a cursor hears what happens from now on', async () => {
    const [tailer, workspaceId] = [await open(), await fresh()]
    const one = follow(tailer, workspaceId)
    const { position } = await one.started
    expect(position).toBe(1)
    await append(workspaceId, 2)
    await until(() => one.seen.length === 2, 'both events')
    expect(one.seen).toEqual([2, 3])
    expect((await one.started).position).toBe(3)
  })

  test('with a cursor hears first what happened, then what happens', async () => {
    const [tailer, workspaceId] = [await open(), await fresh()]
    await append(workspaceId, 1_203)
    const [all, some] = [follow(tailer, workspaceId, { after: 0 }), follow(tailer, workspaceId, { after: 700 })]
    await Promise.all([all.started, some.started])
    await append(workspaceId, 2)
    await until(() => some.seen.at(-1) === 1_206 && all.seen.at(-1) === 1_206, 'the last event')
    expect(all.seen).toEqual(upTo(1, 1_206))
    expect(some.seen).toEqual(upTo(701, 1_206))
  })

  test('by type and stream gets only those, and still knows how far it came', async () => {
    const [tailer, workspaceId] = [await open(), await fresh()]
    const linkId = kit.world.newId()
    const ofLink = follow(tailer, workspaceId, { streamId: linkId, types: ['link.created', 'link.deleted'] })
    const following = await ofLink.started
    await kit.world.events.write(workspaceId, async (_, emit) => {
      emit('link.created', { linkId })
      emit('link.updated', { linkId })
      emit('link.deleted', { linkId })
      emit('link.created', { linkId: kit.world.newId() })
    })
    await until(() => following.position === 5, 'the end')
    expect(ofLink.seen).toEqual([2, 4])
  })

  test('hears nothing more once it stopped, even from within its listener', async () => {
    const [tailer, workspaceId] = [await open(), await fresh()]
    const impatient = follow(tailer, workspaceId, {
      onEvent: (event) => {
        if (event.position === 3) void impatient.started.then((following) => following.stop())
      },
    })
    const patient = follow(tailer, workspaceId)
    await Promise.all([impatient.started, patient.started])
    await append(workspaceId, 2)
    await until(() => patient.seen.length === 2, 'two events')
    await append(workspaceId, 2)
    await until(() => patient.seen.length === 4, 'four events')
    expect(impatient.seen).toEqual([2, 3])
  })

  test('that throws harms neither itself nor the others', async () => {
    const [tailer, workspaceId] = [await open(), await fresh()]
    const clumsy = follow(tailer, workspaceId, {
      onEvent: () => {
        throw new Error('clumsy')
      },
    })
    const other = follow(tailer, workspaceId)
    await Promise.all([clumsy.started, other.started])
    await append(workspaceId, 3)
    await until(() => other.seen.length === 3, 'three events')
    expect(clumsy.seen).toEqual([2, 3, 4])
    expect(clumsy.errors).toEqual([])
  })

  test.each([
    ['from the future', 2, 'INVALID_CURSOR'],
    ['that retention passed', 0, 'CURSOR_EXPIRED'],
  ])('with a cursor %s is told, and hears nothing', async (_, after, code) => {
    const [tailer, workspaceId] = [await open(), await fresh()]
    if (code === 'CURSOR_EXPIRED') {
      kit.clock.advance(31 * 86_400_000)
      while ((await kit.world.events.prune()) > 0);
    }
    const follower = follow(tailer, workspaceId, { after })
    const others = follow(tailer, workspaceId)
    await Promise.all([follower.started, others.started])
    expect(follower.errors).toMatchObject([{ code }])
    await append(workspaceId, 3)
    await until(() => others.seen.length === 3, 'three events')
    expect(follower.seen).toEqual([])
  })

  test('whose tailer missed what retention removed is told, not fed with a hole', async () => {
    const workspaceId = await fresh()
    const writer = worldOn(kit.db, kit.clock) // another process, of which this tailer hears nothing
    const tailer = await createTailer({ db: { ...kit.db, kind: 'embedded' }, log: kit.world.events, logger })
    closing.push(tailer)
    const follower = follow(tailer, workspaceId)
    await follower.started
    await append(workspaceId, 5, writer.events)
    kit.clock.advance(31 * 86_400_000)
    while ((await writer.events.prune()) > 0);
    await append(workspaceId, 1)
    await until(() => follower.errors.length + follower.seen.length > 0, 'any sign')
    expect(follower.errors).toMatchObject([{ code: 'CURSOR_EXPIRED' }])
    expect(follower.seen).toEqual([])

    const anew = follow(tailer, workspaceId, { after: 6 })
    await anew.started
    await append(workspaceId, 1)
    await until(() => anew.seen.length === 2, 'both events')
    expect(anew.seen).toEqual([7, 8])
  })

  test('is not mixed up with those of other workspaces', async () => {
    const tailer = await open()
    const ids = await Promise.all([fresh(), fresh(), fresh()])
    const followers = ids.map((workspaceId) => follow(tailer, workspaceId, { after: 0 }))
    await Promise.all(followers.map((follower) => follower.started))
    await Promise.all(ids.map((workspaceId, n) => append(workspaceId, 10 * (n + 1))))
    await until(() => followers.every((follower, n) => follower.seen.length === 10 * (n + 1) + 1), 'all events')
    for (const [n, follower] of followers.entries()) expect(follower.seen).toEqual(upTo(1, 10 * (n + 1) + 1))
  })
})

test('the lag is what the followed workspaces have and this process has not', async () => {
  const [tailer, workspaceId] = [await open(), await fresh()]
  expect(await tailer.lag()).toBe(0)
  await follow(tailer, workspaceId).started
  await append(workspaceId, 3)
  await until(async () => (await tailer.lag()) === 0, 'no lag')
})

test('news that come in the very turn in which a follower catches up are not missed', async () => {
  // Every interleaving of the two reads, by microtask: the log answers when told to.
  for (let hops = 0; hops <= 24; hops++) {
    const event = (position: number): LoggedEvent => ({
      workspaceId: 'w',
      position,
      id: `${position}`,
      type: 'link.created',
      streamId: null,
      occurredAt: new Date(0),
      payload: { linkId: 'x' },
    })
    const pages: (() => void)[] = []
    const news: (() => void)[] = []
    let tell = () => {}
    let head = 1
    const log = {
      head: async () => ({ position: head, pruned: 0 }),
      read: (_: string, after: number) =>
        new Promise((resolve) => {
          pages.push(() => resolve({ events: upTo(after + 1, 1).map(event), position: 1, more: false }))
        }),
      news: (positions: Map<string, number>) =>
        new Promise((resolve) => {
          const from = positions.get('w') ?? head
          news.push(() => resolve(upTo(from + 1, head).map(event)))
        }),
      onAppend: (listener: () => void) => {
        tell = listener
        return () => {}
      },
    } as unknown as EventLog
    const tailer = await createTailer({ db: { kind: 'embedded' } as Database, log, logger })
    const follower = follow(tailer, 'w', { after: 0 })
    await turn()
    pages.shift()!() // the check of the cursor
    await turn()
    head = 2
    tell()
    await turn()
    pages.shift()!() // the page that catches up
    for (let n = 0; n < hops; n++) await Promise.resolve()
    news.shift()!()
    await follower.started
    head = 3
    tell()
    await turn()
    while (news.length > 0) {
      news.shift()!()
      await turn()
    }
    expect([hops, follower.seen]).toEqual([hops, [1, 2, 3]])
    await tailer.close()
  }
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('any sequence of appending, following and stopping gives each follower all after its cursor, once, in order', async () => {
  const size = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(499, 500, 501, 1_000))
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), count: size, wait: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('follow' as const),
        // How far before (or, below 0, beyond) the present end the cursor lies; null: no cursor.
        back: fc.oneof(fc.constant(null), fc.integer({ min: -2, max: 6 }), fc.integer({ min: 0, max: 2_500 })),
        wait: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('breathe' as const) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const workspaceId = await fresh()
      const tailer = await open()
      let written = 1
      const appends: Promise<unknown>[] = []
      const followers: {
        after: number | null
        least: number
        most: number
        stopped: boolean
        f: ReturnType<typeof follow>
      }[] = []
      for (const each of steps) {
        if (each.do === 'append') {
          const appending = append(workspaceId, each.count)
          written += each.count
          appends.push(appending)
          if (each.wait) await Promise.all(appends)
        } else if (each.do === 'follow') {
          const sure = await headOf(kit.world, workspaceId)
          const after = each.back === null ? null : Math.max(0, sure - each.back)
          const f = follow(tailer, workspaceId, after === null ? {} : { after })
          followers.push({ after, least: sure, most: written, stopped: false, f })
          if (each.wait) await f.started
        } else if (each.do === 'stop') {
          const chosen = followers[each.which]
          if (chosen) {
            chosen.stopped = true
            void chosen.f.started.then((following) => following.stop())
          }
        } else await turn()
      }
      await Promise.all(appends)
      expect(await headOf(kit.world, workspaceId)).toBe(written)
      await Promise.all(followers.map(({ f }) => f.started))
      for (const { after, least, most, stopped, f } of followers) {
        if (f.errors.length > 0) {
          // Only a cursor beyond the end of that moment may be refused.
          expect(f.errors).toMatchObject([{ code: 'INVALID_CURSOR' }])
          expect(after).toBeGreaterThan(least)
          expect(f.seen).toEqual([])
          continue
        }
        if (!stopped) {
          const last = () => f.seen.at(-1) ?? after ?? written
          if (after !== null && after < written) await until(() => last() === written, `event ${written}`)
        }
        const from = after === null ? (f.seen[0] ?? 0) : after + 1
        // Without a cursor it starts where this process has come to: never beyond what was written by then.
        if (after === null) expect(from).toBeLessThanOrEqual(most + 1)
        expect(f.seen).toEqual(f.seen.length === 0 ? [] : upTo(from, f.seen.at(-1)!))
        if (stopped) expect(f.seen.at(-1) ?? 0).toBeLessThanOrEqual(written)
      }
      await closing.pop()!.close()
    }),
    { numRuns: 25, endOnFailure: true },
  )
}, 60_000)
