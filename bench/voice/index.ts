import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { prepareRig } from '../../test/voice/rig/asterisk-package.ts'
import { RATE, writeWav } from '../../test/voice/rig/audio.ts'
import { type Rig, startRig } from '../../test/voice/rig/rig.ts'
import { startClient } from '../kit/client.ts'
import { milliseconds, perSecond } from '../kit/figures.ts'
import { httpRequest } from '../kit/http-connection.ts'
import type { Load } from '../kit/http-load.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { analyze, createLinks, graphql } from '../kit/population.ts'
import { createDatabase } from '../kit/postgres.ts'
import { KEY, type Started, startProcess, startSaygraph } from '../kit/processes.ts'
import type { Throughput } from '../kit/repeat.ts'
import { interleave, ratios, spread } from '../kit/statistics.ts'
import { QUERY, VARIABLES } from '../nested-read/operation.ts'
import { type Delays, delaysOf, listenIn } from './wire.ts'

export const voiceObstacle = prepareRig

const POOL = '16'
const CONNECTIONS = 16
const REDIS = process.env.BENCH_REDIS_URL || process.env.TEST_REDIS_URL || 'redis://127.0.0.1:6379/15'
/** So many at a time, and how many in one round. */
const LEVELS = [
  { lines: 1, calls: 5 },
  { lines: 20, calls: 40 },
  { lines: 50, calls: 100 },
] as const
/** They answer one after another, and press a key a moment later. */
const RING_MS = [100, 250, 400, 550, 700]
const REACTION_MS = 600
/** Nobody presses anything: they are held to see what they take. */
const SILENT = '0200'
const HELD = 50
/** For the memory of calls under way: everybody has answered and the first commands have been given. */
const HELD_MS = 4_000
const AT_REST_MS = 3_000
const QUESTION_MS = 6_000
const THANKS_MS = 300

const CREATE = `mutation ($input: CreateRsvpCampaignInput!) { createRsvpCampaign(input: $input) {
  __typename ... on CreateRsvpCampaignPayload { campaign { id } } ... on Error { message } } }`
const STATUS = 'query ($id: ID!) { node(id: $id) { ... on VoiceFile { status } } }'

interface Run {
  delays: Delays
  /** Milliseconds of the contender's processor time for one call. */
  cpu: number
}

/** From what Asterisk says of a call to what is said next, against a script that does nothing else. */
export async function voice({ quick }: Setting): Promise<Section> {
  const rounds = quick ? 1 : 3
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-bench-'))
  const database = await createDatabase()
  const processes: Started[] = []
  const client = startClient('http-load')
  const db = new pg.Client({ connectionString: database.url })
  let rig: Rig | undefined
  let wire: Awaited<ReturnType<typeof listenIn>> | undefined
  try {
    rig = await startRig({
      people: Object.fromEntries(
        RING_MS.map((ringMs, n) => [
          `14${n}0`,
          { ringMs, parts: [{ silenceMs: REACTION_MS }, { press: '5' }, { silenceMs: 2_000 }] },
        ]),
      ),
    })
    const { ari, endpoint } = rig
    wire = await listenIn(Number(new URL(ari.url).port), join(folder, 'ari.pcap'))
    const server = await startSaygraph(environment(rig, folder, database.url))
    processes.push(server)
    await createLinks(server)
    await analyze(database.url)
    await db.connect()
    const bare = await startProcess(new URL('./bare.ts', import.meta.url).pathname, {
      ...{ ARI_URL: ari.url, ARI_USER: ari.user, ARI_PASSWORD: ari.password },
    })
    processes.push(bare)
    const question = await prompt(server, folder, 'question', QUESTION_MS)
    const thanks = await prompt(server, folder, 'thanks', THANKS_MS)
    await bare.call('prompts', { question: question.path, thanks: thanks.path })

    let people = 0
    const numbers = (count: number, ending = (n: number) => `14${n % RING_MS.length}0`) =>
      Array.from({ length: count }, (_, n) => `+35840${String(++people % 1_000).padStart(3, '0')}${ending(n)}`)
    const campaign = async (phones: readonly string[], lines: number) => {
      const { createRsvpCampaign: made } = await graphql<any>(server.port, CREATE, {
        input: {
          name: 'bench',
          receivers: phones.map((phone) => ({ phone })),
          ...{ acceptsWanted: 1_000_000, maxAttempts: 1, lines },
          content: {
            voiceFiles: [
              { type: 'START', voiceFileId: question.id },
              { type: 'ACCEPT', voiceFileId: thanks.id },
            ],
            actionButtons: [{ button: '5', action: 'ACCEPT' }],
          },
        },
      })
      if (!made.campaign) throw new Error(JSON.stringify(made))
      return made.campaign.id as string
    }
    /** Asks the database, since asking the server would cost more than the calls do. */
    const over = async (id: string) => {
      const uuid = Buffer.from(id, 'base64url').toString().split(':')[1]
      const state = async () => (await db.query('SELECT state FROM campaign WHERE id = $1', [uuid])).rows[0].state
      while ((await state()) !== 'completed') await sleep(20)
    }
    const callers: Record<'ours' | 'bare', (phones: string[], lines: number) => Promise<void>> = {
      ours: async (phones, lines) => over(await campaign(phones, lines)),
      bare: (phones, lines) =>
        bare.call('call', { endpoints: phones.map((phone) => endpoint.replace('{number}', phone)), lines }),
    }
    const measured = { ours: server, bare }
    /** Processor time in a millisecond without calls. */
    const rest = { ours: await atRest(server), bare: await atRest(bare) }
    async function run(name: keyof typeof callers, { lines, calls }: (typeof LEVELS)[number]): Promise<Run> {
      const [from, cpu] = [Date.now(), await measured[name].cpu()]
      await callers[name](numbers(calls), lines)
      const used = (await measured[name].cpu()) - cpu - rest[name] * (Date.now() - from)
      return { delays: delaysOf(await wire!.heard(), from, Date.now()), cpu: used / calls }
    }
    const contenders = (level: (typeof LEVELS)[number]) => ({
      ours: () => run('ours', level),
      bare: () => run('bare', level),
    })

    // Connections, caches, compiled code.
    await interleave(1, contenders(LEVELS[1]))
    const idle: Record<string, Run[]>[] = []
    for (const level of LEVELS) idle.push(await interleave(rounds, contenders(level)))
    const memory = await memoryOfCalls(
      server,
      async () =>
        campaign(
          numbers(HELD, () => SILENT),
          HELD,
        ),
      over,
    )
    const request = httpRequest(
      'POST',
      '/graphql',
      { authorization: `Bearer ${KEY}` },
      { query: QUERY, variables: VARIABLES },
    )
    const rates: Record<string, number[]> = {}
    /** Runs while connections read from the server at this port without pause. */
    async function underLoad<Result>(port: number, name: string, measure: () => Promise<Result>): Promise<Result> {
      const load: Load = { port, request, connections: CONNECTIONS, ms: 1_000 }
      const seen: number[] = []
      rates[name] = seen
      let goesOn = true
      const loading = (async () => {
        while (goesOn) seen.push((await client.call<Throughput>('load', load)).perSecond)
      })()
      await sleep(1_500)
      const result = await measure()
      goesOn = false
      await loading
      return result
    }
    const busy = await underLoad(server.port, 'busy', async () => {
      const results: Record<string, Run[]>[] = []
      for (const level of LEVELS) results.push(await interleave(rounds, contenders(level)))
      return results
    })
    let apart: Record<string, Run[]> | undefined
    if (await isThere(REDIS)) {
      const api = await startSaygraph({
        ...{ ROLE: 'api', REDIS_URL: REDIS, STORAGE_DIR: join(folder, 'files') },
        ...environment(rig, folder, database.url),
      })
      processes.push(api)
      apart = await underLoad(api.port, 'apart', () => interleave(rounds, contenders(LEVELS[1])))
    }

    return {
      title: 'Calls by Asterisk',
      text: [
        `Real calls: Asterisk ${rig.asterisk.version}, and phones that answer, listen and press a key. Asterisk's events and the requests to it are overheard at its port, with the kernel's clock, so both contenders are measured alike: from the last octet of the event to the head of the request. "Answer to prompt": from the event that says so to the request that plays the question; "key to silence" and "key to prompt": from the key to the request that stops the question, and to the one that plays what comes next; "prompt to hang-up": from the end of the last prompt to the request that hangs up. Ours commits what it heard before it says what follows from it (rows, statistics and events in one transaction), keeps the command in the channel for who takes over, and takes the call out of Asterisk's dialling bridge first.`,
        `The floor is a script of 70 lines on the same WebSocket and HTTP clients, which says the next thing as soon as it hears of the last one and keeps nothing. "Under load" is with ${CONNECTIONS} connections that read the nested read above from our server without pause, also while the script has its turn: the machine is shared. ${LEVELS.map(({ lines, calls }) => `${rounds} × ${calls} calls, ${lines} at once`).join('; ')}. A ratio is the script's time to ours.`,
      ],
      comparisons: [
        ...LEVELS.flatMap(({ lines }, n) => [
          ...compare(`${lines} at once`, idle[n]!),
          ...compare(`${lines} at once, under load`, busy[n]!),
        ]),
        ...(apart ? compare(`${LEVELS[1].lines} at once, the load on a process with ROLE=api`, apart) : []),
      ],
      figures: [
        [
          'processor time of the server for one call, beyond what it takes at rest: 1, 20 and 50 at once',
          idle.map(({ ours }) => milliseconds(ours!.map(({ cpu }) => cpu))).join(', '),
        ],
        [
          'the same of the script',
          idle.map(({ bare: theirs }) => milliseconds(theirs!.map(({ cpu }) => cpu))).join(', '),
        ],
        [`memory in use for one of ${HELD} calls under way; the whole process, resident`, memory],
        ['requests per second of the load, on the same process', perSecond(rates.busy!)],
        ...(apart ? [['the same, on one with ROLE=api', perSecond(rates.apart!)] as [string, string]] : []),
      ],
    }
  } finally {
    client.stop()
    wire?.stop()
    await db.end()
    await Promise.all(processes.map((one) => one.stop()))
    await rig?.close()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

function environment({ ari, endpoint, celFile }: Rig, folder: string, url: string): Record<string, string> {
  return {
    ...{ DATABASE_URL: url, DATABASE_POOL: POOL, DATA_DIR: folder, APP_SECRET: 'x'.repeat(32) },
    ...{ TELEPHONY: 'asterisk', ASTERISK_URL: ari.url, ASTERISK_USER: ari.user, ASTERISK_PASSWORD: ari.password },
    ...{ ASTERISK_ENDPOINT: endpoint, ASTERISK_CALL_RECORDS: celFile, ASTERISK_LINES: '60', QUIET_HOURS: 'off' },
  }
}

async function isThere(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port || 6_379), hostname)
  const found = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return found
}

/** A sound of that length as a voice file of the server, and as a file. */
async function prompt({ port }: Started, folder: string, name: string, ms: number) {
  const samples = Int16Array.from({ length: (ms * RATE) / 1_000 }, (_, n) => 3_000 * Math.sin(n / 4))
  const wav = writeWav(samples)
  await writeFile(join(folder, `${name}.wav`), wav)
  const response = await fetch(`http://127.0.0.1:${port}/voice-files?filename=${name}.wav`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'audio/wav' },
    body: new Uint8Array(wav),
  })
  const { voiceFiles } = (await response.json()) as { voiceFiles: { id: string }[] }
  const id = Buffer.from(`VoiceFile:${voiceFiles[0]!.id}`).toString('base64url')
  while ((await graphql<any>(port, STATUS, { id })).node.status !== 'READY') await sleep(50)
  return { id, path: join(folder, name) }
}

async function atRest(process: Started): Promise<number> {
  const before = await process.cpu()
  await sleep(AT_REST_MS)
  return ((await process.cpu()) - before) / AT_REST_MS
}

/** What they keep of themselves: the second time, when all that is only made once is there. */
async function memoryOfCalls(server: Started, begin: () => Promise<string>, over: (id: string) => Promise<void>) {
  await over(await begin())
  const before = await server.call<{ rss: number; heap: number }>('memory')
  const id = await begin()
  await sleep(HELD_MS)
  const during = await server.call<{ rss: number; heap: number }>('memory')
  await over(id)
  return `${((during.heap - before.heap) / HELD / 1_024).toFixed(1)} KiB; ${(during.rss / 2 ** 20).toFixed(0)} MiB`
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

const KINDS: [name: keyof Delays, what: string][] = [
  ['answeredToPlay', 'answer to prompt'],
  ['keyToRequest', 'key to silence'],
  ['keyToPlay', 'key to prompt'],
  ['playedToHangUp', 'prompt to hang-up'],
]

function compare(when: string, { ours, bare }: Record<string, Run[]>): Comparison[] {
  return KINDS.map(([name, what]) => {
    const at = (runs: Run[], share: number) => runs.map(({ delays }) => quantile(delays[name], share))
    const both = (runs: Run[]) => `${milliseconds(at(runs, 0.5))}, ${milliseconds([spread(at(runs, 0.95)).median])}`
    return {
      what: `${when}: ${what}, median and 95th percentile`,
      ratio: ratios(at(bare!, 0.5), at(ours!, 0.5)),
      ours: both(ours!),
      theirs: both(bare!),
    }
  })
}
