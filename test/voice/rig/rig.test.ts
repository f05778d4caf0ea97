import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ALIKE, likeness } from '../kit/hearing.ts'
import { RATE, readWav, similarity, writeWav } from './audio.ts'
import { type BareAri, bareAri } from './bare-ari.ts'
import { describeVoice } from './describe-voice.ts'
import { type PhoneCall, type Rig, startRig } from './rig.ts'
import { speak } from './speech.ts'

const APP = 'rig'
/** Says something after pressing 5. */
const TALKS = '0700'
/** Answers late. */
const SLOW = '0701'

describeVoice('the voice rig', { timeout: 60_000 }, () => {
  let rig: Rig
  let ari: BareAri
  let prompt: Int16Array
  let other: Int16Array
  let promptFile: string
  let dialled = 0

  beforeAll(async () => {
    rig = await startRig({
      people: {
        [TALKS]: [
          // A recording begins a few packets after the answer.
          { silenceMs: 300 },
          { say: 'Hello, who is calling?' },
          { silenceMs: 300 },
          { press: '5' },
          { silenceMs: 1_500 },
          { say: 'Yes, I can be there at noon, please bring the blue folder.' },
        ],
        [SLOW]: { ringMs: 1_500, parts: [] },
      },
    })
    ;[prompt, other] = await Promise.all([
      speak('This is a test call. Please press five now.'),
      speak('The weather in the mountains will be rather cold tomorrow.'),
    ])
    promptFile = join(rig.folder, 'prompt.wav')
    await writeFile(promptFile, writeWav(prompt))
    ari = await bareAri(rig, APP)
  }, 120_000)
  afterEach(async () => {
    // No call of one test is heard in the next.
    for (const { id } of (await (await ari.request('GET', '/channels')).json()) as { id: string }[]) {
      await ari.request('DELETE', `/channels/${id}`).catch(() => {})
    }
  })
  afterAll(async () => {
    ari?.close()
    await rig?.close()
  })

  /** Dials a number of its own that ends so. */
  async function dial(ending: string, ringSeconds = 20) {
    const number = `+35840${String(++dialled).padStart(4, '0')}${ending}`
    const id = randomUUID()
    const dialling = await ari.request('POST', '/channels', {
      ...{ endpoint: rig.endpoint.replace('{number}', number), app: APP, channelId: id },
      ...{ callerId: '+358401112222', timeout: String(ringSeconds) },
    })
    return { id, number, sipCallId: ((await dialling.json()) as { protocol_id: string }).protocol_id }
  }
  const callTo = async (number: string) => {
    const calls = (await rig.phones.calls()).filter((call) => call.number === number)
    expect(calls).toHaveLength(1)
    return calls[0]!
  }
  /** What a phone says last is written when it has received a reply. */
  async function settled(number: string): Promise<PhoneCall> {
    for (let turns = 0; turns < 500 && !(await callTo(number)).ended; turns++) await sleep(20)
    return callTo(number)
  }
  const recorded = async (name: string) =>
    readWav(new Uint8Array(await (await ari.request('GET', `/recordings/stored/${name}/file`)).arrayBuffer()))

  test('a call is answered, hears a prompt, presses a key, and is recorded', async () => {
    const { id, number, sipCallId } = await dial(TALKS)
    await ari.event(id, 'StasisStart')
    await ari.request('POST', `/channels/${id}/play`, { media: `sound:${promptFile.replace('.wav', '')}` })
    expect(await ari.event(id, 'ChannelDtmfReceived')).toMatchObject({ digit: '5' })
    await ari.event(id, 'PlaybackFinished')
    await ari.request('POST', `/channels/${id}/record`, {
      // It would end in the silence before the person speaks.
      ...{ name: id, format: 'wav', maxDurationSeconds: '10', maxSilenceSeconds: '2' },
    })
    expect(await ari.event(id, 'RecordingFinished')).toMatchObject({ recording: { state: 'done' } })
    const recording = await recorded(id)
    expect(similarity(recording, rig.said(TALKS, 1)).best).toBeGreaterThanOrEqual(0.9)
    expect(similarity(recording, other.slice(0, 1.5 * RATE)).best).toBeLessThanOrEqual(0.3)
    await ari.request('DELETE', `/channels/${id}`)
    expect(await ari.event(id, 'ChannelDestroyed')).toMatchObject({ cause: 16 })

    const call = await settled(number)
    expect(call).toMatchObject({ from: '+358401112222', sipCallId, ended: 'by-caller' })
    expect(call.answeredAt!.getTime() - call.at.getTime()).toBeGreaterThanOrEqual(300)
    const heard = await rig.phones.heard(call)
    const found = similarity(heard, prompt)
    expect(found.best).toBeGreaterThanOrEqual(0.9)
    // From the answer on.
    expect(found.at).toBeLessThan(RATE)
    expect(similarity(heard, other).best).toBeLessThanOrEqual(0.3)
    await dialledAndRecorded(id)
  })

  /** What is written down when a call ends. */
  async function dialledAndRecorded(id: string) {
    const lines = async (file: string) => (await readFile(file, 'utf8')).split('\n').filter((line) => line.includes(id))
    await expect.poll(() => lines(rig.cdrFile), { timeout: 10_000 }).toHaveLength(1)
    const types = async () => (await lines(rig.celFile)).map((line) => line.split(',')[1]!.replaceAll('"', ''))
    await expect
      .poll(types, { timeout: 10_000 })
      .toEqual(['CHAN_START', 'ANSWER', 'APP_START', 'APP_END', 'HANGUP', 'CHAN_END'])
    const events = await lines(rig.celFile)
    expect(events[0]!.split(',')[2]).toMatch(/^"\d{10}\.\d{6}"$/)
  }

  test('a prompt is fetched by HTTP, and what a phone says is recorded as it is said', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'audio/wav' }).end(writeWav(prompt))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { id, number } = await dial(TALKS)
    await ari.event(id, 'StasisStart')
    await ari.request('POST', `/channels/${id}/record`, {
      ...{ name: id, format: 'wav', maxDurationSeconds: '9', maxSilenceSeconds: '0' },
    })
    await ari.event(id, 'RecordingFinished')
    const recording = await recorded(id)
    for (const part of [0, 1]) expect(similarity(recording, rig.said(TALKS, part)).best).toBeGreaterThanOrEqual(0.9)
    await ari.request('POST', `/channels/${id}/play`, {
      media: `sound:http://127.0.0.1:${port}/prompts/the-first-one.wav`,
    })
    expect(await ari.event(id, 'PlaybackFinished')).toMatchObject({ playback: { state: 'done' } })
    const found = similarity(await rig.phones.heard(await callTo(number)), prompt)
    expect(found.best).toBeGreaterThanOrEqual(0.9)
    // After the recording.
    expect(found.at).toBeGreaterThan(8 * RATE)
    server.close()
  })

  test.each([
    ['0403', 21, 403],
    ['0404', 1, 404],
    ['0408', 18, 408],
    ['0484', 28, 484],
    ['0486', 17, 486],
    ['0488', 58, 488],
    ['0500', 38, 500],
    ['0503', 34, 503],
    ['0600', 17, 600],
    ['0603', 21, 603],
    ['0604', 1, 604],
    ['9999', 1, 404],
  ])('a number that ends in %s is refused', async (ending, cause, code) => {
    const { id, number } = await dial(ending)
    expect(await ari.event(id, 'ChannelDestroyed')).toMatchObject({ cause, tech_cause: code })
    expect(await settled(number)).toMatchObject({ ended: 'refused', answeredAt: undefined })
  })

  test('a phone rings until nobody waits any more, and answers when it said it would', async () => {
    const { id, number } = await dial('0480', 2)
    expect(await ari.event(id, 'ChannelDestroyed')).toMatchObject({ cause: 19 })
    expect(await settled(number)).toMatchObject({ ended: 'cancelled', answeredAt: undefined })
    const slow = await dial(SLOW)
    await ari.event(slow.id, 'StasisStart')
    // It is written down once the phone has heard that its answer arrived.
    await expect.poll(async () => (await callTo(slow.number)).answeredAt, { timeout: 10_000 }).toBeDefined()
    const call = await callTo(slow.number)
    expect(call.answeredAt!.getTime() - call.at.getTime()).toBeGreaterThanOrEqual(1_500)
  })

  test('a phone hangs up', async () => {
    const { id, number } = await dial('0210')
    // A BYE without a reason leaves no cause.
    expect(await ari.event(id, 'ChannelDestroyed')).toMatchObject({ cause: 0 })
    const call = await settled(number)
    expect(call.ended).toBe('by-phone')
    expect(call.endedAt!.getTime() - call.answeredAt!.getTime()).toBeGreaterThanOrEqual(1_500)
  })

  test('Asterisk is killed and started again, and the phones remember', async () => {
    const before = await rig.phones.calls()
    const talking = await Promise.all(Array.from({ length: 5 }, () => dial('0210')))
    const ringing = await dial('0480')
    for (const { id } of talking) await ari.event(id, 'StasisStart')
    const { pid } = rig.asterisk
    await rig.asterisk.kill()
    await expect(ari.request('GET', '/channels')).rejects.toThrow()
    await rig.asterisk.start()
    expect(rig.asterisk.pid).not.toBe(pid)
    ari.close()
    ari = await bareAri(rig, APP)
    const after = await dial('0201')
    await ari.event(after.id, 'ChannelDtmfReceived')
    // Those who were left alone give up by themselves.
    for (const { number } of talking) expect((await settled(number)).ended).toBe('by-phone')
    expect((await callTo(ringing.number)).ended).toBeUndefined()
    const calls = (await rig.phones.calls()).slice(before.length)
    expect(calls.map(({ number }) => number).sort()).toEqual(
      [...talking, ringing, after].map(({ number }) => number).sort(),
    )
  })

  test('another rig stands beside this one', async () => {
    const second = await startRig()
    try {
      expect(second.ari.url).not.toBe(rig.ari.url)
      const bare = await bareAri(second, APP)
      const id = randomUUID()
      const endpoint = second.endpoint.replace('{number}', '358401230205')
      const count = (await rig.phones.calls()).length
      await bare.request('POST', '/channels', { endpoint, app: APP, channelId: id })
      await bare.event(id, 'ChannelDtmfReceived')
      bare.close()
      expect((await second.phones.calls()).map(({ number }) => number)).toEqual(['358401230205'])
      expect(await rig.phones.calls()).toHaveLength(count)
    } finally {
      await second.close()
    }
  })

  test('fifty calls at once are told apart', { timeout: 180_000 }, async () => {
    const before = await rig.phones.calls()
    const cpu = await rig.asterisk.cpuSeconds()
    const began = performance.now()
    const calls = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const { id, number } = await dial(TALKS)
        await ari.event(id, 'StasisStart')
        await ari.request('POST', `/channels/${id}/play`, { media: `sound:${promptFile.replace('.wav', '')}` })
        const { digit } = await ari.event(id, 'ChannelDtmfReceived')
        await ari.event(id, 'PlaybackFinished')
        await ari.request('POST', `/channels/${id}/record`, {
          ...{ name: id, format: 'wav', maxDurationSeconds: '10', maxSilenceSeconds: '1' },
        })
        await ari.event(id, 'RecordingFinished')
        await ari.request('DELETE', `/channels/${id}`)
        const { cause } = await ari.event(id, 'ChannelDestroyed')
        return { id, number, digit, cause }
      }),
    )
    const seconds = (performance.now() - began) / 1_000
    const used = (await rig.asterisk.cpuSeconds()) - cpu
    console.log(`50 calls: ${seconds.toFixed(1)} s, Asterisk at ${((100 * used) / seconds).toFixed(0)} % of a core`)
    expect(new Set(calls.map(({ digit, cause }) => `${digit} ${cause}`))).toEqual(new Set(['5 16']))
    const since = (await rig.phones.calls()).slice(before.length)
    expect(since.map(({ number }) => number).sort()).toEqual(calls.map(({ number }) => number).sort())
    expect(new Set(since.map(({ mediaPort }) => mediaPort)).size).toBe(50)
    await Promise.all(
      calls.map(async ({ id, number }) => {
        const heard = await rig.phones.heard(await callTo(number))
        expect(likeness(heard, prompt).best).toBeGreaterThanOrEqual(ALIKE)
        expect(likeness(await recorded(id), rig.said(TALKS, 1)).best).toBeGreaterThanOrEqual(ALIKE)
      }),
    )
  })
})
