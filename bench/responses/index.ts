import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startClient } from '../kit/client.ts'
import { milliseconds, perSecond } from '../kit/figures.ts'
import type { Answering } from '../kit/http-load.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { createLinks } from '../kit/population.ts'
import { createDatabase } from '../kit/postgres.ts'
import { type Started, startProcess, startSaygraph } from '../kit/processes.ts'
import type { Throughput } from '../kit/repeat.ts'
import { interleave, ratios } from '../kit/statistics.ts'

const CLIENTS = 16
const POOL = '16'
/** Each client answers a link of its own, so that nobody waits for the count of another's. */
const ANSWERED_LINKS = 16

/** Session, three answers, submission, over the public JSON API. */
export async function responses({ quick, postgres }: Setting): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-bench-'))
  const database = postgres ? await createDatabase() : undefined
  const servers: Started[] = []
  const client = startClient('http-load')
  try {
    const start = async (env: Record<string, string>) => {
      const server = await startSaygraph(env)
      servers.push(server)
      const links = await createLinks(server, ANSWERED_LINKS)
      const slugs = links.map(({ slug }) => slug)
      return (ms: number) => () =>
        client.call<Throughput>('answer', { port: server.port, slugs, connections: CLIENTS, ms } satisfies Answering)
    }
    const embedded = await start({ DATA_DIR: join(folder, 'embedded') })
    const contenders: Record<string, (ms: number) => () => Promise<Throughput>> = { embedded }
    if (database) {
      const env = { DATABASE_URL: database.url, DATABASE_POOL: POOL }
      contenders.server = await start({ ...env, DATA_DIR: join(folder, 'server') })
      const floor = await startFloor(env)
      servers.push(floor)
      const run = (events: boolean) => (ms: number) => () =>
        floor.call<Throughput>('run', { connections: CLIENTS, ms, events })
      contenders.floor = run(true)
      contenders.rows = run(false)
    }
    const runs = (ms: number) => Object.fromEntries(Object.entries(contenders).map(([name, run]) => [name, run(ms)]))
    await interleave(1, runs(quick ? 500 : 2_000))
    const results = await interleave(quick ? 3 : 7, runs(quick ? 1_500 : 4_000))

    const rates = (name: string) => results[name]!.map((result) => result.perSecond)
    const compare = (what: string, ours: string, theirs: string): Comparison => ({
      what,
      ratio: ratios(rates(ours), rates(theirs)),
      ours: perSecond(rates(ours)),
      theirs: perSecond(rates(theirs)),
    })
    const figures: Section['figures'] = []
    for (const [name, told] of [
      ['embedded', 'embedded database'],
      ['server', 'PostgreSQL'],
    ] as const) {
      if (!results[name]) continue
      figures.push([`${told}: responses per second`, perSecond(rates(name))])
      const p50 = milliseconds(results[name].map((result) => result.p50))
      const p99 = milliseconds(results[name].map((result) => result.p99))
      figures.push([`${told}: five calls of one person, median and 99th percentile`, `${p50}, ${p99}`])
    }
    return {
      title: 'Responses',
      text: [
        `A response is five calls of the public JSON API one after another: a session, three answers, the submission; ${CLIENTS} clients at once, each on its own link, each session from another address. Ours makes five transactions of it, with seven events in the log.`,
        'The floor makes the same number of transactions (BEGIN, prepared inserts, COMMIT) on a pool of the same size in a process of its own: respondent and response; three times an answer; the response completed; each with as many events appended under the lock of the log. It has no HTTP, no tokens, no validation, no reads, no row locks, no counting. "Without the log" leaves the events out: what the log costs.',
      ],
      comparisons: database
        ? [
            compare('PostgreSQL, against the floor', 'server', 'floor'),
            compare('PostgreSQL, against the floor without the log', 'server', 'rows'),
            compare('embedded database, against PostgreSQL', 'embedded', 'server'),
          ]
        : [],
      figures,
    }
  } finally {
    client.stop()
    await Promise.all(servers.map((server) => server.stop()))
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

function startFloor(env: Record<string, string>): Promise<Started> {
  return startProcess(new URL('./floor.ts', import.meta.url).pathname, env)
}
