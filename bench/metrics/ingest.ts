import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyMetrics } from '../../src/domains/messaging/index.ts'
import { startClient } from '../kit/client.ts'
import { copyIn } from '../kit/copy.ts'
import { count, milliseconds, perSecond } from '../kit/figures.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { analyze } from '../kit/population.ts'
import { createDatabase, withClient } from '../kit/postgres.ts'
import { KEY, now, type Started, startProcess, startSaygraph } from '../kit/processes.ts'
import type { Throughput } from '../kit/repeat.ts'
import { interleave, ratios, spread } from '../kit/statistics.ts'
import { COLUMNS, copyRows, createBarePool } from './bare-pool.ts'
import { type Generated, generate } from './generate.ts'
import type { MessageLoad } from './message-load.ts'
import { openServers } from './ours.ts'
import { importLine } from './wire.ts'

const CONNECTIONS = 64
const POOL = '16'
const SINGLE_TARGET = 1.5
const BULK_TARGET = 0.1
/** Memory must not grow while rows come in: at the most by this between the first half and the second. */
const FLAT = 0.8
const LOOK_EVERY_MS = 200
const CHUNK = 65_536

/** How many are there before the first import that is measured, so that statements are planned for tables with rows. */
const SETTLED = 20_000
/** How many are loaded to look at the memory. */
const LOADED = 1_000_000
const QUICK_LOADED = 100_000
/** So many messages in two years: what decides how many conversations go on at a time. */
const STREAM = 10_000_000

/** Messages one by one and in bulk, against a bare server and COPY. */
export async function ingesting({ quick }: Setting): Promise<Section> {
  const bulk = quick ? 10_000 : 50_000
  const loaded = quick ? QUICK_LOADED : LOADED
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-bench-'))
  const [singly, imported] = [await createDatabase(), await createDatabase()]
  const [bare, indexed] = [await createDatabase(), await createDatabase()]
  const client = startClient(new URL('./message-load.ts', import.meta.url))
  const servers: Started[] = []
  const started = async (server: Promise<Started>) => {
    servers.push(await server)
    return servers.at(-1)!
  }
  const startOurs = ({ url }: { url: string }, name: string) =>
    started(startSaygraph({ DATABASE_URL: url, DATABASE_POOL: POOL, DATA_DIR: join(folder, name) }))
  const startBare = ({ url }: { url: string }) =>
    started(
      startProcess(new URL('./bare-server.ts', import.meta.url).pathname, { DATABASE_URL: url, DATABASE_POOL: POOL }),
    )
  try {
    await withClient(bare.url, (connection) => createBarePool(connection, false))
    await withClient(indexed.url, (connection) => createBarePool(connection, true))

    const server = await startOurs(singly, 'singly')
    const bareServers = { bare: await startBare(bare), indexed: await startBare(indexed) }
    const send =
      (stream: string, kind: MessageLoad['kind'], { port }: Started, ms: number) =>
      () =>
        client.call<Throughput>('send', { stream, kind, port, connections: CONNECTIONS, ms } satisfies MessageLoad)
    const contenders = (ms: number) => ({
      rest: send('ours', 'rest', server, ms),
      bare: send('bare', 'rest', bareServers.bare, ms),
      indexed: send('indexed', 'rest', bareServers.indexed, ms),
      graphql: send('ours', 'graphql', server, ms),
    })
    await interleave(1, contenders(quick ? 2_000 : 5_000))
    for (const { url } of [singly, bare, indexed]) await analyze(url)
    const singles = await interleave(quick ? 3 : 7, contenders(quick ? 1_500 : 4_000))
    await Promise.all(servers.splice(0).map((one) => one.stop()))
    const sent = await verify(singly.url)

    const importer = await startOurs(imported, 'imported')
    const items = generate(STREAM)
    await importBody(importer.port, [Buffer.from(takeMessages(items, SETTLED).map(importLine).join(''))])
    await analyze(imported.url)
    const copy = (url: string) => {
      const theirs = generate(STREAM)
      return async () => {
        const rows = copyRows(takeMessages(theirs, bulk))
        return rate(bulk, () =>
          withClient(url, (connection) => copyIn(connection, `COPY bare_pool (${COLUMNS}) FROM STDIN`, rows)),
        )
      }
    }
    const bulks = await interleave(quick ? 3 : 5, {
      ndjson: async () => {
        const body = Buffer.from(takeMessages(items, bulk).map(importLine).join(''))
        return rate(bulk, () => importBody(importer.port, [body]))
      },
      copy: copy(bare.url),
      indexed: copy(indexed.url),
    })
    const memory = await load(importer, items, loaded)
    await importer.stop()
    const kept = await verify(imported.url)

    const rates = (name: string) => singles[name]!.map((result) => result.perSecond)
    const compare = (what: string, ours: number[], theirs: number[], target?: number): Comparison => ({
      what,
      ratio: ratios(ours, theirs),
      ours: perSecond(ours),
      theirs: perSecond(theirs),
      ...(target === undefined ? {} : { target }),
    })
    const latency = (name: string) =>
      `${milliseconds(singles[name]!.map(({ p50 }) => p50))}, ${milliseconds(singles[name]!.map(({ p99 }) => p99))}`
    const { before, firstHalf, secondHalf } = memory
    return {
      title: 'Conversation metrics: taking messages',
      text: [
        `Single messages: ${CONNECTIONS} connections send one message per request, by \`POST /v1/messages\` of SaySimple's API with an API key and by the mutation \`addMessage\` (that without opening hours); each is answered once it is committed with everything that is counted of it. Bulk: ${count(bulk)} messages in one request to \`POST /messages/import\`, from its first byte to the last of its answer. Afterwards everything was counted anew from the messages, and nothing was stored otherwise (\`verifyMetrics\`: ${count(sent)} messages, and ${count(kept)} imported ones).`,
        'The floor for single messages is a bare `node:http` server that parses the JSON and inserts one row per request by a prepared statement, on a pool of the same size: into a table with nothing but its primary key, and into one with the five indexes that counting later would need (time, agent, tags, conversation, customer). It checks nothing, knows no keys and counts nothing. The floor for bulk is `COPY … FROM STDIN` of such messages, ready made, into these tables.',
      ],
      comparisons: [
        compare('single messages by REST, against bare rows', rates('rest'), rates('bare'), SINGLE_TARGET),
        compare(
          'single messages by REST, against bare rows with indexes',
          rates('rest'),
          rates('indexed'),
          SINGLE_TARGET,
        ),
        compare('single messages by GraphQL, against bare rows', rates('graphql'), rates('bare')),
        compare('bulk, against COPY', bulks.ndjson!, bulks.copy!, BULK_TARGET),
        compare('bulk, against COPY into a table with indexes', bulks.ndjson!, bulks.indexed!, BULK_TARGET),
        {
          what: `memory of the server while ${count(loaded)} messages are loaded: the most in the first half, against the second`,
          ratio: spread([firstHalf / secondHalf]),
          ours: mebibytes(secondHalf),
          theirs: mebibytes(firstHalf),
          target: FLAT,
        },
      ],
      figures: [
        ['latency of a single message by REST, median and 99th percentile', latency('rest')],
        ['the same by GraphQL', latency('graphql')],
        ['the same of bare rows, without and with indexes', `${latency('bare')}; ${latency('indexed')}`],
        [`${count(loaded)} messages with their resolutions in one request`, `${count(memory.perSecond)}/s`],
        [
          'resident size of the server before that, and the most within it',
          `${mebibytes(before)}, ${mebibytes(Math.max(firstHalf, secondHalf))}`,
        ],
      ],
    }
  } finally {
    client.stop()
    await Promise.all(servers.map((one) => one.stop()))
    for (const database of [singly, imported, bare, indexed]) await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** How many messages were counted anew. Throws when anything was stored otherwise. */
async function verify(url: string): Promise<number> {
  await analyze(url)
  const ours = await openServers(url)
  try {
    const { messages, differenceCount, differences } = await verifyMetrics(ours.world, ours.viewer)
    if (differenceCount > 0) {
      throw new Error(
        `${differenceCount} things are stored otherwise than the messages have it: ${JSON.stringify(differences.slice(0, 10))}`,
      )
    }
    return messages
  } finally {
    await ours.close()
  }
}

async function rate(messages: number, run: () => Promise<unknown>): Promise<number> {
  const started = now()
  await run()
  return messages / ((now() - started) / 1_000)
}

/** The next messages; resolutions among them are passed over. */
function takeMessages(items: Iterator<Generated>, messages: number): Generated[] {
  const taken: Generated[] = []
  while (taken.length < messages) {
    const item = items.next().value as Generated
    if (item.kind === 'message') taken.push(item)
  }
  return taken
}

/** Throws unless every row was taken. */
async function importBody(port: number, chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/messages/import?results=refused`, {
    ...{ method: 'POST', headers: { authorization: `Bearer ${KEY}` }, duplex: 'half' },
    body: chunks as unknown as BodyInit,
  })
  const lines = (await response.text()).trim().split('\n')
  const { summary } = JSON.parse(lines.at(-1)!) as { summary?: { rows: number; refused: number } }
  if (summary?.refused !== 0) throw new Error(`the import ended otherwise: ${lines.slice(0, 5)} … ${lines.at(-1)}`)
}

/** Everything in one request, and the resident size of the server meanwhile, in bytes. */
async function load(server: Started, items: Iterator<Generated>, messages: number) {
  let sent = 0
  async function* lines(): AsyncGenerator<Buffer> {
    while (sent < messages) {
      let text = ''
      while (text.length < CHUNK && sent < messages) {
        const item = items.next().value as Generated
        if (item.kind === 'message') sent++
        text += importLine(item)
      }
      yield Buffer.from(text)
    }
  }
  const before = await residentSize(server)
  let [firstHalf, secondHalf] = [0, 0]
  const look = setInterval(async () => {
    const size = await residentSize(server)
    if (sent < messages / 2) firstHalf = Math.max(firstHalf, size)
    else secondHalf = Math.max(secondHalf, size)
  }, LOOK_EVERY_MS)
  try {
    const perSecond = await rate(messages, () => importBody(server.port, lines()))
    return { before, firstHalf, secondHalf, perSecond }
  } finally {
    clearInterval(look)
  }
}

/** Of a process, in bytes; as Linux tells it. */
async function residentSize({ child }: Started): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1_024
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
