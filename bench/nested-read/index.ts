import { deepStrictEqual } from 'node:assert'
import { startClient } from '../kit/client.ts'
import { count, milliseconds, perSecond } from '../kit/figures.ts'
import { HttpConnection, httpRequest } from '../kit/http-connection.ts'
import type { Load } from '../kit/http-load.ts'
import type { Section, Setting } from '../kit/measurement.ts'
import { analyze, createLinks } from '../kit/population.ts'
import { createDatabase } from '../kit/postgres.ts'
import { KEY, type Started, startProcess, startSaygraph } from '../kit/processes.ts'
import type { Throughput } from '../kit/repeat.ts'
import { interleave, ratios, spread } from '../kit/statistics.ts'
import { normalize, QUERY, VARIABLES } from './operation.ts'

const POOL = '16'
const CONNECTIONS = 16
const FROM_BARE = 0.35
const FROM_MERCURIUS = 0.5

/** 20 links with 5 questions each, over HTTP. */
export async function nestedRead({ quick }: Setting): Promise<Section> {
  const database = await createDatabase()
  const servers: Started[] = []
  const client = startClient('http-load')
  try {
    const env = { DATABASE_URL: database.url, DATABASE_POOL: POOL }
    const ours = await startSaygraph({ ...env, DATA_DIR: '/nonexistent', APP_SECRET: 'x'.repeat(32) })
    servers.push(ours)
    await createLinks(ours)
    await analyze(database.url)
    const bare = await startProcess(new URL('./bare.ts', import.meta.url).pathname, env)
    servers.push(bare)
    const mercurius = await startProcess(new URL('./mercurius.ts', import.meta.url).pathname, env)
    servers.push(mercurius)

    const body = { query: QUERY, variables: VARIABLES }
    const contenders = {
      ours: { server: ours, request: httpRequest('POST', '/graphql', { authorization: `Bearer ${KEY}` }, body) },
      bare: { server: bare, request: httpRequest('GET', '/') },
      mercurius: { server: mercurius, request: httpRequest('POST', '/graphql', {}, body) },
    }
    const bytes = await compareAnswers(contenders)

    const measure = async ({ server, request }: (typeof contenders)['ours'], ms: number) => {
      const before = await server.cpu()
      const load: Load = { port: server.port, request, connections: CONNECTIONS, ms }
      const result = await client.call<Throughput>('load', load)
      return { ...result, cpu: ((await server.cpu()) - before) / result.count }
    }
    const runs = (ms: number) => ({
      ours: () => measure(contenders.ours, ms),
      bare: () => measure(contenders.bare, ms),
      mercurius: () => measure(contenders.mercurius, ms),
    })
    await interleave(2, runs(quick ? 500 : 2_000))
    const results = await interleave(quick ? 5 : 11, runs(quick ? 1_000 : 3_000))

    const rates = (name: keyof typeof contenders) => results[name]!.map((result) => result.perSecond)
    const cpu = (name: keyof typeof contenders) => results[name]!.map((result) => result.cpu)
    const compare = (what: string, name: 'bare' | 'mercurius', target: number) => [
      {
        what: `requests per second, against ${what}`,
        ratio: ratios(rates('ours'), rates(name)),
        ours: perSecond(rates('ours')),
        theirs: perSecond(rates(name)),
        target,
      },
      {
        what: `processor time per request, against ${what}`,
        ratio: ratios(cpu(name), cpu('ours')),
        ours: milliseconds(cpu('ours')),
        theirs: milliseconds(cpu(name)),
      },
    ]
    return {
      title: 'Nested read',
      text: [
        `One request reads 20 links with 5 questions each (\`${QUERY}\`), ${CONNECTIONS} connections at once, PostgreSQL, a pool of ${POOL} and prepared statements everywhere. Ours has its real schema and looks the API key up for every request (those that wait at once with one key share a lookup that begins after them); the others know no keys. Answers were compared first and hold the same.`,
        "(a) bare: `node:http` and pg; one statement whose JSON PostgreSQL builds, sent as it is, without GraphQL. (b) Mercurius on Fastify, `jit: 1`, a loader for the questions. Processor time is the server process's own, without PostgreSQL's; its ratio is theirs to ours.",
      ],
      comparisons: [...compare('bare', 'bare', FROM_BARE), ...compare('Mercurius', 'mercurius', FROM_MERCURIUS)],
      figures: [
        ['latency of ours, median and 99th percentile', `${latency(results.ours!)}`],
        ['latency of bare', latency(results.bare!)],
        ['latency of Mercurius', latency(results.mercurius!)],
        ['bytes of an answer: ours, bare, Mercurius', bytes.map((each) => count(each)).join(', ')],
      ],
    }
  } finally {
    client.stop()
    await Promise.all(servers.map((server) => server.stop()))
    await database.drop()
  }
}

function latency(results: readonly Throughput[]): string {
  const median = (of: 'p50' | 'p99') => spread(results.map((result) => result[of])).median.toFixed(1)
  return `${median('p50')} ms, ${median('p99')} ms`
}

/** Throws unless all answer the same. Returns the sizes of the bodies. */
async function compareAnswers(contenders: Record<string, { server: Started; request: string }>): Promise<number[]> {
  let expected: unknown
  const sizes: number[] = []
  for (const { server, request } of Object.values(contenders)) {
    const connection = await HttpConnection.open(server.port)
    // More than once: compiled operations take another way than the first one.
    for (let n = 0; n < 3; n++) {
      const { body } = await connection.send(request)
      expected ??= normalize(body)
      deepStrictEqual(normalize(body), expected)
      if (n === 0) sizes.push(body.length)
    }
    connection.close()
  }
  return sizes
}
