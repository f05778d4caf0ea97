import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { startClient } from '../kit/client.ts'
import { count, kilobytes, milliseconds, perSecond } from '../kit/figures.ts'
import { HttpConnection } from '../kit/http-connection.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { addressOf, analyze, answerLink, createLinks, LINKS, type SeededLink } from '../kit/population.ts'
import { createDatabase, withClient } from '../kit/postgres.ts'
import { KEY, now, type Started, startProcess, startSaygraph } from '../kit/processes.ts'
import type { Delivery, Opening } from '../kit/socket-load.ts'
import { interleave, ratios, spread } from '../kit/statistics.ts'
import { appendSubmitted, readSubjects, type Subject } from './publish.ts'

const SUBSCRIBERS = 1_000
const IDLE = 2_000
/** Before memory is measured, so that what exists once is there already. */
const WARM = 100
const TARGET = 0.5
const PATIENCE_MS = 60_000
const SETTLE_MS = 300
const BARE = new URL('./bare.ts', import.meta.url).pathname

const SUBSCRIPTION =
  'subscription Submitted($linkId: ID!) { responseSubmitted(linkId: $linkId) { cursor occurredAt response { id status submittedAt respondentEmail } } }'

type SocketClient = ReturnType<typeof startClient>

/** What the sockets of one server listen to: topics in turns. */
interface Audience {
  server: Started
  client: SocketClient
  /** Publishes so many events on each topic, and returns when it told so. */
  publish(times: number): Promise<number>
}

/** One event to many subscribers. */
export async function fanOut(setting: Setting): Promise<Section> {
  const database = await createDatabase()
  const cleanups: (() => unknown)[] = [() => database.drop()]
  try {
    return await withClient(database.url, async (publisher) => {
      const env = { DATABASE_URL: database.url, DATA_DIR: '/nonexistent', APP_SECRET: 'x'.repeat(32) }
      const start = {
        ours: () => startSaygraph(env),
        bare: () => startProcess(BARE, env),
      }
      const seeding = await start.ours()
      const links = await createLinks(seeding)
      const connection = await HttpConnection.open(seeding.port)
      for (const [n, link] of links.entries()) await answerLink(connection, link.slug, addressOf(n))
      connection.close()
      await seeding.stop()
      await analyze(database.url)
      const subjects = await readSubjects(publisher)

      const comparisons: Comparison[] = []
      const figures: Section['figures'] = []
      for (const topics of [1, LINKS]) {
        const told = topics === 1 ? 'one operation' : `${topics} sets of variables`
        const audiences = await gather(publisher, start, links.slice(0, topics), subjects)
        try {
          const { compared, noted } = await compareDelivery(audiences, topics, told, setting)
          comparisons.push(...compared)
          figures.push(...noted)
        } finally {
          for (const { server, client } of Object.values(audiences)) {
            client.stop()
            await server.stop()
          }
        }
      }
      const memory = await compareMemory(start, links[0]!, setting)
      comparisons.push(memory.comparison)
      figures.push(...memory.figures)
      return {
        title: 'Fan-out',
        text: [
          `${count(SUBSCRIBERS)} sockets of graphql-transport-ws in one other process, all with the same operation (\`${SUBSCRIPTION}\`) and variables, or with ${LINKS} links, ${SUBSCRIBERS / LINKS} subscribers each. Events are appended to the log by another process, then that process says NOTIFY: the clock runs from there until the last subscriber has the last message. Ours reads the log, executes the operation (which reads the response) and sends. A burst is ${BURST.one} events to all, or ${BURST.many} for each link.`,
          'Compared with a bare server of `ws`, told by NOTIFY too, which sends a buffer of the same size, known beforehand, to the same number of sockets: no log, no query, no execution, no JSON. Memory: resident size after garbage collection, with 2,000 idle subscribers more than before, by their number.',
        ],
        comparisons,
        figures,
      }
    })
  } finally {
    for (const cleanup of cleanups) await cleanup()
  }
}

/** Events of a burst per topic. */
const BURST = { one: 100, many: 5 }

async function gather(
  publisher: Client,
  start: Record<'ours' | 'bare', () => Promise<Started>>,
  links: readonly SeededLink[],
  subjects: ReadonlyMap<string, Subject>,
): Promise<Record<'ours' | 'bare', Audience>> {
  const ours = await start.ours()
  const ourClient = startClient('socket-load')
  const greetings = Array.from({ length: SUBSCRIBERS }, (_, n) => greeting(links[n % links.length]!))
  await subscribe(ours, ourClient, greetings)

  const bare = await start.bare()
  const bareClient = startClient('socket-load')
  for (const [n, topic] of links.entries()) {
    const opening: Opening = {
      port: bare.port,
      path: `/${topic.slug}`,
      greetings: Array.from({ length: SUBSCRIBERS / links.length }, () => []),
    }
    await bareClient.call('open', opening)
    if (n === 0) await sleep(0)
  }
  const topics = links.map(({ slug }) => `/${slug}`)
  return {
    ours: {
      server: ours,
      client: ourClient,
      async publish(times) {
        const each = links.map(({ uuid }) => subjects.get(uuid)!)
        await appendSubmitted(publisher, Array.from({ length: times }, () => each).flat())
        const told = now()
        await publisher.query("SELECT pg_notify('saygraph_events', '')")
        return told
      },
    },
    bare: {
      server: bare,
      client: bareClient,
      async publish(times) {
        const told = now()
        await publisher.query('SELECT pg_notify($1, $2)', ['bench_broadcast', JSON.stringify({ topics, times })])
        return told
      },
    },
  }
}

function greeting(link: SeededLink): string[] {
  return [
    JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${KEY}` } }),
    JSON.stringify({
      // As the client of graphql-ws names them.
      id: randomUUID(),
      type: 'subscribe',
      payload: { query: SUBSCRIPTION, operationName: 'Submitted', variables: { linkId: link.id } },
    }),
  ]
}

/** Resolves once the server says that all of them listen. */
async function subscribe(server: Started, client: SocketClient, greetings: string[][]): Promise<void> {
  const opening: Opening = { port: server.port, path: '/graphql', protocol: 'graphql-transport-ws', greetings }
  const total = await client.call<number>('open', opening)
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(50)) {
    const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
    if (Number(/^saygraph_subscribers (\d+)/m.exec(metrics)?.[1]) >= total) return
    if (Date.now() > deadline) throw new Error('not all subscribed')
  }
}

interface Delivered {
  /** From the word until the last message, in milliseconds. */
  ms: number
  perSecond: number
  cpu: number
  clientCpu: number
  sample: string
}

async function compareDelivery(
  audiences: Record<'ours' | 'bare', Audience>,
  topics: number,
  told: string,
  { quick }: Setting,
): Promise<{ compared: Comparison[]; noted: Section['figures'] }> {
  const deliver = async ({ server, client, publish }: Audience, times: number): Promise<Delivered> => {
    const deliveries = times * SUBSCRIBERS
    await client.call('expect', deliveries)
    const before = [await server.cpu(), await client.call<number>('cpu')] as const
    const start = await publish(times)
    const { at, sample } = await client.call<Delivery>('delivered', PATIENCE_MS)
    const ms = at - start
    const result = {
      ms,
      perSecond: deliveries / (ms / 1_000),
      cpu: (await server.cpu()) - before[0],
      clientCpu: (await client.call<number>('cpu')) - before[1],
      sample,
    }
    await sleep(SETTLE_MS)
    return result
  }
  const runs = (times: number) => ({
    ours: () => deliver(audiences.ours, times),
    bare: () => deliver(audiences.bare, times),
  })
  const { sample } = await deliver(audiences.ours, 1)
  if (!sample.includes('"status":"COMPLETED"')) throw new Error(`not the message that was expected: ${sample}`)
  await audiences.bare.server.call('message', sample)
  const times = topics === 1 ? BURST.one : BURST.many
  await interleave(2, runs(times))
  const bursts = await interleave(quick ? 3 : 9, runs(times))
  const singles = await interleave(quick ? 7 : 21, runs(1))
  const rates = (name: 'ours' | 'bare') => bursts[name]!.map((burst) => burst.perSecond)
  const last = (name: 'ours' | 'bare') => singles[name]!.map((single) => single.ms)
  const use = (name: 'ours' | 'bare') => {
    const of = (key: 'cpu' | 'clientCpu') => spread(bursts[name]!.map((burst) => burst[key] / burst.ms)).median
    return `${Math.round(of('cpu') * 100)} %, ${Math.round(of('clientCpu') * 100)} %`
  }
  const wave = topics === 1 ? 'one event' : `one event for each of ${topics} links`
  return {
    compared: [
      {
        what: `${told}: deliveries per second in a burst`,
        ratio: ratios(rates('ours'), rates('bare')),
        ours: perSecond(rates('ours')),
        theirs: perSecond(rates('bare')),
        target: TARGET,
      },
      {
        what: `${told}: ${wave}, time until the last has it`,
        ratio: ratios(last('bare'), last('ours')),
        ours: milliseconds(last('ours')),
        theirs: milliseconds(last('bare')),
        target: TARGET,
      },
    ],
    noted: [
      [`${told}: a core in a burst, server and client, ours`, use('ours')],
      [`${told}: the same, bare`, use('bare')],
      [`${told}: bytes of a message`, count(Buffer.byteLength(sample))],
    ],
  }
}

/** Resident bytes per idle subscriber; each time with fresh servers. */
async function compareMemory(
  start: Record<'ours' | 'bare', () => Promise<Started>>,
  link: SeededLink,
  { quick }: Setting,
) {
  const measure = async (name: 'ours' | 'bare') => {
    const server = await start[name]()
    const client = startClient('socket-load')
    const open = async (sockets: number) => {
      if (name === 'ours') {
        await subscribe(
          server,
          client,
          Array.from({ length: sockets }, () => greeting(link)),
        )
      } else {
        const greetings = Array.from({ length: sockets }, () => [])
        await client.call('open', { port: server.port, path: '/', greetings } satisfies Opening)
      }
      await sleep(SETTLE_MS)
      return server.call<{ rss: number; heap: number }>('memory')
    }
    try {
      const before = await open(WARM)
      const after = await open(IDLE)
      return { rss: (after.rss - before.rss) / IDLE, heap: (after.heap - before.heap) / IDLE, total: after.rss }
    } finally {
      client.stop()
      await server.stop()
    }
  }
  const results = await interleave(quick ? 1 : 3, { ours: () => measure('ours'), bare: () => measure('bare') })
  const rss = (name: 'ours' | 'bare') => results[name]!.map((result) => result.rss)
  const heap = (name: 'ours' | 'bare') => results[name]!.map((result) => result.heap)
  return {
    comparison: {
      what: 'memory per idle subscriber',
      ratio: ratios(rss('bare'), rss('ours')),
      ours: kilobytes(rss('ours')),
      theirs: kilobytes(rss('bare')),
    },
    figures: [
      ['of which heap and buffers: ours, bare', `${kilobytes(heap('ours'))}, ${kilobytes(heap('bare'))}`],
      [
        `the whole process with ${count(IDLE + WARM)} subscribers, ours`,
        `${Math.round(spread(results.ours!.map((result) => result.total)).median / 2 ** 20)} MiB`,
      ],
    ] as Section['figures'],
  }
}
