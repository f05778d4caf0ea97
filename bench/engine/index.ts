import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { count, milliseconds, perSecond } from '../kit/figures.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { createDatabase } from '../kit/postgres.ts'
import { now, type Started, startProcess } from '../kit/processes.ts'
import { interleave, ratios } from '../kit/statistics.ts'

const POOL = '16'
const TARGET = 0.3
/** The cost of a call must not grow with those who wait: at the most by this between the least and the greatest size. */
const FLAT = 0.8
const LOOK_EVERY_MS = 5

/** Calls per second through the dialling engine, and what one costs by how many wait. */
export async function engine({ quick }: Setting): Promise<Section> {
  const calls = quick ? 1_500 : 4_000
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000]
  const [ours, theirs] = [await createDatabase(), await createDatabase()]
  const client = new pg.Client({ connectionString: ours.url })
  await client.connect()
  const processes: Started[] = []
  const start = async (file: string, url: string) => {
    const started = await startProcess(new URL(file, import.meta.url).pathname, {
      DATABASE_POOL: POOL,
      DATABASE_URL: url,
    })
    processes.push(started)
    return started
  }
  try {
    const floors = [await start('./floor.ts', theirs.url), await start('./floor.ts', theirs.url)]
    await floors[0]!.call('make')
    const first = await start('./worker.ts', ours.url)
    const place = await first.call<object>('workspace')
    const create = (receivers: number) => first.call<{ id: string; ms: number }>('create', { ...place, receivers })

    const counter = async (id: string, name: 'dialed_calls' | 'settled_receivers') => {
      const { rows } = await client.query(`SELECT ${name} AS value FROM campaign_stats WHERE id = $1`, [id])
      return rows[0].value as number
    }
    /** Calls per second from the start of a campaign until so many are there. */
    async function timed(workers: Started[], id: string, name: Parameters<typeof counter>[1], total: number) {
      const started = now()
      await client.query(`UPDATE campaign SET state = 'active', due_at = now() WHERE id = $1`, [id])
      for (const worker of workers) await worker.call('wake')
      while ((await counter(id, name)) < total) await sleep(LOOK_EVERY_MS)
      return (total / (now() - started)) * 1_000
    }
    const setAnswers = (workers: Started[], yes: boolean) => Promise.all(workers.map((one) => one.call('answers', yes)))
    async function placing(workers: Started[]): Promise<number> {
      const { id } = await create(calls)
      await setAnswers(workers, false)
      const rate = await timed(workers, id, 'dialed_calls', calls)
      // Away with it, so that the next round begins like this one: each was dialled, nobody answered.
      await client.query(`UPDATE campaign SET max_attempts = 1 WHERE id = $1`, [id])
      for (const worker of workers) await worker.call('endAll')
      while ((await counter(id, 'settled_receivers')) < calls) await sleep(LOOK_EVERY_MS)
      return rate
    }
    async function living(workers: Started[]): Promise<number> {
      const { id } = await create(calls)
      await setAnswers(workers, true)
      return timed(workers, id, 'settled_receivers', calls)
    }
    const bare = (workers: Started[], updates: number, batched: boolean) => async () => {
      await workers[0]!.call('fill', calls)
      const started = now()
      await Promise.all(workers.map((worker) => worker.call('run', { updates, batched })))
      return (calls / (now() - started)) * 1_000
    }
    const [one, floorOne] = [[first], floors.slice(0, 1)]

    // What a call costs when few or many wait, with one worker; each campaign halts after as many calls as the least has.
    const least = sizes[0]!
    const creation: Record<string, number[]> = Object.fromEntries(sizes.map((size) => [size, []]))
    async function costAt(size: number): Promise<number> {
      const { id, ms } = await create(size)
      creation[size]!.push(ms / size)
      await client.query('ANALYZE receiver, contact, campaign_target')
      await setAnswers(one, true)
      const rate = await timed(one, id, 'settled_receivers', least)
      await client.query(`UPDATE campaign SET state = 'halted' WHERE id = $1`, [id])
      // Calls under way end.
      await sleep(200)
      return rate
    }
    const byName = (names: readonly number[]) =>
      Object.fromEntries(names.map((size) => [String(size), () => costAt(size)]))

    await placing(one)
    await living(one)
    await client.query('VACUUM ANALYZE')
    const alone = await interleave(quick ? 2 : 5, {
      placing: () => placing(one),
      floor2: bare(floorOne, 2, false),
      batch2: bare(floorOne, 2, true),
      living: () => living(one),
      floor4: bare(floorOne, 4, false),
      batch4: bare(floorOne, 4, true),
    })
    const flat = await interleave(quick ? 2 : 3, byName(sizes))

    const pair = [first, await start('./worker.ts', ours.url)]
    const two = await interleave(quick ? 2 : 5, {
      placing: () => placing(pair),
      floor2: bare(floors, 2, false),
      living: () => living(pair),
      floor4: bare(floors, 4, false),
    })

    const compare = (
      what: string,
      results: Record<string, number[]>,
      [our, their]: [string, string],
      target?: number,
    ): Comparison => ({
      what,
      ratio: ratios(results[our]!, results[their]!),
      ours: perSecond(results[our]!),
      theirs: perSecond(results[their]!),
      ...(target === undefined ? {} : { target }),
    })
    const greatest = sizes.at(-1)!
    return {
      title: 'Dialling',
      text: [
        `${count(calls)} receivers of one campaign. Placing: from the start until all calls are committed, taken by the provider and that is written down. The whole life: until all have been answered, asked, have accepted and are settled, statistics and events included. The provider is one within the process that takes no time.`,
        'The floor claims rows of one table with SKIP LOCKED, 100 at a time, and updates each by itself once more for placing, three times more for a life, 16 connections at once; "in batches" updates all that were claimed by one statement. It has no rules to judge, no calls to write, no reserved places, no events, no statistics and no provider. What costs time when few or many wait is the whole life.',
      ],
      comparisons: [
        compare('placing, one worker, against the bare loop', alone, ['placing', 'floor2'], TARGET),
        compare('placing, two workers, against two bare loops', two, ['placing', 'floor2'], TARGET),
        compare('the whole life, one worker, against the bare loop', alone, ['living', 'floor4']),
        compare('the whole life, two workers, against two bare loops', two, ['living', 'floor4']),
        compare('placing, one worker, against the bare loop in batches', alone, ['placing', 'batch2']),
        compare('the whole life, one worker, against the bare loop in batches', alone, ['living', 'batch4']),
        ...sizes
          .slice(1)
          .map((size) =>
            compare(
              `the whole life when ${count(size)} wait, against ${count(least)}`,
              flat,
              [String(size), String(least)],
              FLAT,
            ),
          ),
        {
          what: `making a campaign of ${count(greatest)} new people, per receiver, against ${count(least)}`,
          ratio: ratios(creation[least]!, creation[greatest]!),
          ours: milliseconds(creation[greatest]!),
          theirs: milliseconds(creation[least]!),
          target: FLAT,
        },
      ],
      figures: [],
    }
  } finally {
    await client.end()
    await Promise.all(processes.map((one) => one.stop()))
    await ours.drop()
    await theirs.drop()
  }
}
