import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TEST_KEY } from '../kit/app.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { settings, startCarrier } from './kit/asterisk.ts'
import { databaseSettings, withDatabase } from './kit/database.ts'
import { factsOf, judge, tally } from './kit/facts.ts'
import { ALIKE, likeness, UNLIKE } from './kit/hearing.ts'
import { Multisender, type Prompt } from './kit/multisender.ts'
import { similarity } from './rig/audio.ts'
import { describeVoice } from './rig/describe-voice.ts'
import type { PhoneCall, Rig } from './rig/rig.ts'

const CALLS = 50
/** They answer one after another, and all are on the line for a while. */
const RING_MS = [200, 500, 800, 1_100, 1_400]
const LISTENS_MS = 10_000

/** Every fifth says no. */
const endings = RING_MS.map((ringMs, n) => ({ ending: `12${n}0`, ringMs, press: n === 0 ? '9' : '5' }))

describeVoice('fifty calls at once', () => {
  let rig: Rig
  let server: ServerProcess
  let env: Record<string, string>
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saygraph-voice-'))
    rig = await startCarrier({
      people: Object.fromEntries(
        endings.map(({ ending, ringMs, press }) => [
          ending,
          { ringMs, parts: [{ silenceMs: LISTENS_MS }, { press }, { silenceMs: 1_000 }] },
        ]),
      ),
    })
    env = await settings(rig, { ...(await databaseSettings(folder)), BOOTSTRAP_API_KEY: TEST_KEY })
    server = await startServer(env)
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    await rig?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('each has its own: what is heard, what is pressed, what is written down', { timeout: 180_000 }, async () => {
    const multisender = new Multisender(server.url)
    const [start, accept, unused] = (await Promise.all([
      multisender.speak('Hello, this is the choir. Please press five if you can sing with us on Sunday.'),
      multisender.speak('Wonderful, your chair is reserved now.'),
      multisender.speak('The weather in the mountains will be rather cold tomorrow.'),
    ])) as [Prompt, Prompt, Prompt]
    const people = Array.from({ length: CALLS }, (_, n) => {
      const { ending, press } = endings[n % endings.length]!
      return { phone: `+35840${100 + n}${ending}`, press }
    })
    const rsvpCallId = await multisender.rsvp({
      voiceFiles: [
        { type: 'start', voiceFileId: start.voiceFileId },
        { type: 'accept', voiceFileId: accept.voiceFileId },
      ],
      receivers: people.map(({ phone }) => ({ phone })),
      maxRedials: 0,
    })
    const path = `/v1/rsvp_calls/${rsvpCallId}`
    const cpu = await rig.asterisk.cpuSeconds()
    const began = performance.now()
    await until(async () => (await multisender.request('GET', path)).state === 'complete', 'all is over', 120_000)
    const seconds = (performance.now() - began) / 1_000
    const used = (100 * ((await rig.asterisk.cpuSeconds()) - cpu)) / seconds
    console.log(`${CALLS} calls: ${seconds.toFixed(1)} s, Asterisk at ${used.toFixed(0)} % of a core`)

    const { stats } = await multisender.request('GET', path)
    const declined = CALLS / RING_MS.length
    expect(stats).toMatchObject({
      ...{ totalDialedCalls: CALLS, answeredCalls: CALLS, notAnsweredCalls: 0 },
      ...{ acceptsReceived: CALLS - declined, declinesAndNoRepliesReceived: declined },
    })
    expect(server.log()).toBe('')
    await server.stop()
    const calls = await rig.phones.calls()
    const facts = await withDatabase(env, (db) => factsOf(db, rsvpCallId, calls))
    expect(judge(facts)).toEqual([])
    expect(calls).toHaveLength(CALLS)
    expect(mostAtOnce(calls)).toBe(CALLS)
    expect(tally(calls.map(({ ended }) => ended ?? null))).toEqual({ 'by-caller': CALLS })
    expect(tally(facts.calls.map(({ settledAs }) => settledAs))).toEqual({ reported: CALLS })
    for (const { phone, press } of people) {
      const call = facts.calls.find((one) => one.phone === phone)!
      expect(call.reply, phone).toBe(press === '5' ? 'accept' : 'decline')
    }

    for (const [n, { phone, press }] of people.entries()) {
      const heard = await rig.phones.heard(calls.find(({ number }) => number === phone)!)
      expect(likeness(heard, start.samples).best, phone).toBeGreaterThanOrEqual(ALIKE)
      if (press === '5') expect(likeness(heard, accept.samples).best, phone).toBeGreaterThanOrEqual(ALIKE)
      else expect(similarity(heard, accept.samples).best, phone).toBeLessThanOrEqual(UNLIKE)
      // Looking takes a while.
      if (n % 10 < 2) expect(similarity(heard, unused.samples).best, phone).toBeLessThanOrEqual(UNLIKE)
    }
  })
})

/** How many had answered and not ended at one instant. */
function mostAtOnce(calls: readonly PhoneCall[]): number {
  const isOn = (at: Date) => calls.filter((call) => call.answeredAt! <= at && at < call.endedAt!).length
  return Math.max(...calls.map(({ answeredAt }) => isOn(answeredAt!)))
}
