import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { onPostgres } from '../kit/database.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { settings, startCarrier } from './kit/asterisk.ts'
import { databaseSettings, withDatabase } from './kit/database.ts'
import { type Facts, factsOf, judge, tally } from './kit/facts.ts'
import { Multisender, type Prompt } from './kit/multisender.ts'
import { describeVoice } from './rig/describe-voice.ts'
import type { Rig } from './rig/rig.ts'

/** In seconds. */
const RING_TIMEOUT = '12'
/** Between the first and the second press: another server follows them by then, and has not given up. */
const SECOND_PRESS_MS = 15_000
/** By the end of the number; what the call is doing when something is killed is in the name. */
const ENDINGS = {
  /** Press 5 a moment after answering, and again later, if nobody has hung up. */
  eager: '1301',
  /** Ring for a while, then as above. */
  late: '1302',
  silent: '0200',
  hangsUp: '0210',
  ringsOut: '0480',
  busy: '0486',
  refuses: '0603',
  unknown: '0404',
} as const
type Kind = keyof typeof ENDINGS

/** Whoever rings for longer presses as early after the beginning of the call as the others do. */
const FIRST_PRESS_MS = 5_000
const LATE_MS = 3_000
const pressesTwice = (afterMs: number) => [
  ...[{ silenceMs: afterMs }, { press: '5' }],
  ...[{ silenceMs: SECOND_PRESS_MS }, { press: '5' }],
]

/** Twenty people, of whom all but a few are on the line when something is killed. */
const PEOPLE: Kind[] = [
  ...Array<Kind>(6).fill('eager'),
  ...Array<Kind>(4).fill('late'),
  ...Array<Kind>(4).fill('silent'),
  ...Array<Kind>(2).fill('ringsOut'),
  ...(['hangsUp', 'busy', 'refuses', 'unknown'] as const),
]
const MAX_REDIALS = 1

/** Within this after a kill all is settled: */
const SETTLED_WITHIN_MS =
  // the lease of the dead has run out (docs/decisions/0011),
  10_000 +
  // a request for a call can no longer arrive (the adapter's `dialSettlesWithinMs`),
  17_000 +
  // and a call that is begun then, with all that is played in it, has ended; or two that nobody answers.
  45_000

// Two servers on one embedded database would destroy it.
if (!onPostgres) console.warn('skipped: a server that takes over from another needs PostgreSQL, by TEST_DATABASE_URL')

describeVoice('killed in the middle of twenty calls', () => {
  let rig: Rig
  const folders: string[] = []
  const servers: ServerProcess[] = []
  let tests = 0

  beforeAll(async () => {
    rig = await startCarrier({
      people: {
        [ENDINGS.eager]: pressesTwice(FIRST_PRESS_MS),
        [ENDINGS.late]: { ringMs: LATE_MS, parts: pressesTwice(FIRST_PRESS_MS - LATE_MS) },
      },
    })
  }, 120_000)
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.kill()))
    await rig?.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  async function start(env: Record<string, string>): Promise<ServerProcess> {
    const server = await startServer(env)
    servers.push(server)
    return server
  }

  /** A server with a campaign that begins. */
  async function atTheBeginning() {
    const folder = await mkdtemp(join(tmpdir(), 'saygraph-voice-'))
    folders.push(folder)
    const more = {
      ...(await databaseSettings(folder)),
      BOOTSTRAP_API_KEY: TEST_KEY,
      SHUTDOWN_SECONDS: '2',
      RING_TIMEOUT,
    }
    const env = await settings(rig, { ...more, ASTERISK_APP: `kills-${++tests}` })
    const server = await start(env)
    const multisender = new Multisender(server.url)
    const [question, thanks] = (await Promise.all([
      multisender.speak('Hello, this is the choir. Please press five if you can sing with us on Sunday.'),
      multisender.speak('Wonderful, your chair is reserved now.'),
    ])) as [Prompt, Prompt]
    const phones = PEOPLE.map((kind, n) => `+35840${100 * tests + n}${ENDINGS[kind]}`)
    const number = await multisender.rsvp({
      voiceFiles: [
        { type: 'start', voiceFileId: question.voiceFileId },
        { type: 'accept', voiceFileId: thanks.voiceFileId },
      ],
      receivers: phones.map((phone) => ({ phone })),
      maxRedials: MAX_REDIALS,
    })
    const own = async () => (await rig.phones.calls()).filter((call) => phones.includes(call.number))
    return { env, more, server, number, own }
  }

  /** Its calls are in their middle: some talk, some ring, some are over. */
  async function inTheMiddle() {
    const begun = await atTheBeginning()
    const { own } = begun
    await until(async () => new Set((await own()).map((call) => call.number)).size === PEOPLE.length, 'all are called')
    // Those who are eager have not pressed yet; those who are late still ring.
    await until(async () => (await own()).filter(({ answeredAt }) => answeredAt).length >= 10, 'most have answered')
    await sleep(1_000)
    return begun
  }

  /** Waits until all is settled, and returns what was written down, and complaints. */
  async function settled(server: ServerProcess, env: Record<string, string>, number: string, killedAt: number) {
    const path = `/v1/rsvp_calls/${number}`
    const isOver = async () => (await new Multisender(server.url).request('GET', path)).state === 'complete'
    await until(isOver, 'the campaign is complete', SETTLED_WITHIN_MS)
    const seconds = (performance.now() - killedAt) / 1_000
    // What was promised holds a while later as well.
    await sleep(4_000)
    await server.stop()
    const facts = await withDatabase(env, async (db) => factsOf(db, number, await rig.phones.calls()))
    const ways = tally(facts.calls.map(({ settledAs }) => settledAs))
    const outcomes = tally(facts.receivers.map(({ outcome }) => outcome))
    console.log(`settled ${seconds.toFixed(0)} s after the kill: ${JSON.stringify({ ...ways, outcomes })}`)
    return facts
  }

  const outcomesOf = (facts: Facts, kind: Kind) => [
    ...new Set(facts.receivers.filter(({ phone }) => phone.endsWith(ENDINGS[kind])).map(({ outcome }) => outcome)),
  ]
  /** Whoever was not talking, or was not cut off, is what they always are. */
  function asAlways(facts: Facts): void {
    expect(outcomesOf(facts, 'hangsUp')).toEqual(['no_reply'])
    for (const kind of ['ringsOut', 'busy', 'refuses'] as const) expect(outcomesOf(facts, kind)).toEqual(['no_answer'])
    expect(outcomesOf(facts, 'unknown')).toEqual(['invalid_number'])
  }

  test('Asterisk is killed and started again', { timeout: 200_000 }, async () => {
    const { env, server, number } = await inTheMiddle()
    await rig.asterisk.kill()
    const killedAt = performance.now()
    await sleep(3_000)
    await rig.asterisk.start()
    const facts = await settled(server, env, number, killedAt)
    expect(judge(facts)).toEqual([])
    asAlways(facts)
    // They had answered and were cut off: that is an answered call, and Asterisk's records tell so.
    expect(outcomesOf(facts, 'eager')).toEqual(['no_reply'])
    expect(tally(facts.calls.map(({ settledAs }) => settledAs)).unknown).toBeUndefined()
  })

  test('the server is killed and started again', { timeout: 200_000 }, async () => {
    const { env, server, number } = await inTheMiddle()
    // The embedded database promises nothing after a crash; there the server is only told to stop, which cuts off the same.
    if (onPostgres) await server.kill()
    else await server.stop()
    const killedAt = performance.now()
    const again = await start(env)
    const facts = await settled(again, env, number, killedAt)
    expect(judge(facts)).toEqual([])
    asAlways(facts)
    // Whoever follows them asks again.
    expect(outcomesOf(facts, 'eager')).toEqual(['accepted'])
    expect(outcomesOf(facts, 'late')).toEqual(['accepted'])
  })

  test.skipIf(!onPostgres)(
    'the server is killed while it dials, and another takes over',
    { timeout: 200_000 },
    async () => {
      const { env, more, server, number, own } = await atTheBeginning()
      const other = await settings(rig, { ...more, ASTERISK_APP: env.ASTERISK_APP! })
      await until(async () => (await own()).length > 0, 'the first telephone rings')
      await server.kill()
      const killedAt = performance.now()
      const before = (await own()).length
      const second = await start(other)
      const facts = await settled(second, other, number, killedAt)
      // Channels that were made and not dialled any more: no telephone rang, and the attempts count nevertheless.
      const unheard = facts.calls.filter(({ settledAs }) => settledAs !== 'not_dialed').length - facts.phoneCalls.length
      console.log(`${before} of ${PEOPLE.length} telephones rang before the kill, ${unheard} attempts never rang`)
      expect(judge(facts)).toEqual([])
      asAlways(facts)
      // Those who were never dialled are dialled now.
      expect(facts.receivers.filter(({ attempts }) => attempts === 0)).toEqual([])
    },
  )

  test.skipIf(!onPostgres)('another server takes over', { timeout: 200_000 }, async () => {
    const { env, more, server, number } = await inTheMiddle()
    const other = await settings(rig, { ...more, ASTERISK_APP: env.ASTERISK_APP! })
    const second = await start(other)
    await server.kill()
    const killedAt = performance.now()
    const facts = await settled(second, other, number, killedAt)
    expect(judge(facts)).toEqual([])
    asAlways(facts)
    expect(outcomesOf(facts, 'eager')).toEqual(['accepted'])
  })
})
