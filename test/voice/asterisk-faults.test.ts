import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { AsteriskOptions } from '../../src/providers/telephony/asterisk/asterisk.ts'
import type { CallEvent, Command, DialRequest, Media, Telephony } from '../../src/providers/telephony/index.ts'
import { telephonyOf } from './asterisk-kit.ts'
import { RATE, readWav, similarity, writeWav } from './rig/audio.ts'
import { describeVoice } from './rig/describe-voice.ts'
import { type Rig, startRig } from './rig/rig.ts'
import { speak } from './rig/speech.ts'

/** Answers after a while, and stays. */
const SLOW = '0701'
/** Says something, is silent for long, and would say something more. */
const SAYS = '0702'
/** Presses keys, all the time. */
const PRESSES = '0703'
const BUSY = '0486'
const RINGS = '0480'

describeVoice('Asterisk, when something goes wrong', { timeout: 60_000 }, () => {
  let rig: Rig
  let prompt: Int16Array
  let promptFile: Media
  let dialled = 0
  const opened: Telephony[] = []
  let server: Server
  let media: string

  beforeAll(async () => {
    rig = await startRig({
      configure(files) {
        files['pjsip.conf'] = files['pjsip.conf']!.replace('timers = no', 'timers = no\nsend_pai = yes')
        files['res_http_media_cache.conf'] = '[general]\ntimeout_secs = 2\n'
      },
      people: {
        [SLOW]: { ringMs: 2_000, parts: [] },
        [SAYS]: [{ silenceMs: 1_000 }, { say: 'Yes, I can be there at noon.' }, { silenceMs: 60_000 }],
        [PRESSES]: Array.from({ length: 20 }, (_, n) => [
          { silenceMs: 500 },
          { press: n % 2 === 0 ? '3' : '#' },
        ]).flat(),
      },
    })
    prompt = await speak('This is a test call. Please press five now.')
    const path = join(rig.folder, 'prompt.wav')
    await writeFile(path, writeWav(prompt))
    promptFile = { kind: 'file', path }
    server = createServer((request, response) => {
      if (request.url!.startsWith('/hangs')) return
      if (request.url!.startsWith('/missing')) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': 'audio/wav' }).end(writeWav(prompt))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    media = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }, 120_000)
  afterEach(async () => {
    const last = open()
    for (const { callId } of await last.active()) await last.command(callId, { id: 'end', kind: 'hangUp' })
    // They would take lines from the next test.
    await vi.waitFor(async () => expect(await last.active()).toEqual([]), 20_000)
    for (const telephony of opened.splice(0)) await telephony.close()
  })
  afterAll(async () => {
    server?.closeAllConnections()
    server?.close()
    await rig?.close()
  })

  function open(options: Partial<AsteriskOptions> = {}): Telephony {
    const telephony = telephonyOf(rig, options)
    opened.push(telephony)
    return telephony
  }
  async function start(seat: string, options: Partial<AsteriskOptions> = {}) {
    const telephony = open(options)
    const events: CallEvent[] = []
    const heard = { connected: 0, disconnected: 0 }
    await telephony.listen(seat, {
      event: (event) => void events.push(event),
      connected: () => void heard.connected++,
      disconnected: () => void heard.disconnected++,
    })
    const dial = async (ending: string, changes: Partial<DialRequest> = {}) => {
      const to = `+35840${String(++dialled).padStart(4, '0')}${ending}`
      const callId = randomUUID()
      const limits = { ringTimeoutMs: 20_000, maxDurationMs: 60_000 }
      expect(await telephony.dial({ callId, seat, to, ...limits, ...changes })).toEqual({ outcome: 'accepted' })
      return { callId, to }
    }
    const event = async <Type extends CallEvent['type']>(callId: string, type: Type, withinMs = 20_000) => {
      const find = () => events.find((one) => one.callId === callId && one.type === type)
      await vi.waitFor(() => expect([type, find()]).not.toContain(undefined), { timeout: withinMs, interval: 5 })
      return find() as Extract<CallEvent, { type: Type }>
    }
    const give = async (callId: string, command: Command) =>
      expect(await telephony.command(callId, command)).toEqual({ outcome: 'accepted' })
    return { telephony, events, heard, dial, event, give }
  }
  const phone = async (number: string) => (await rig.phones.calls()).filter((call) => call.number === number)

  test('calls that are answered while nobody listens wait for somebody', async () => {
    const dying = await start('a')
    const [ringing, asked] = [await dying.dial(SLOW), await dying.dial('0205')]
    await dying.event(asked.callId, 'answered')
    const collect: Command = {
      ...{ id: 'c', kind: 'collect', media: [promptFile], maxDigits: 3 },
      ...{ firstDigitTimeoutMs: 60_000, interDigitTimeoutMs: 60_000 },
    }
    await dying.give(asked.callId, collect)
    await dying.telephony.close()
    await vi.waitFor(async () => expect((await phone(ringing.to))[0]?.answeredAt).toBeDefined(), 20_000)
    // From the phone to the channel.
    await sleep(500)
    const heir = await start('a')
    expect(await heir.telephony.reconcile([ringing.callId, asked.callId])).toMatchObject([
      { state: 'in_progress', stage: 'answered', seat: 'a', answeredAt: expect.any(Date) },
      { state: 'in_progress', stage: 'answered', seat: 'a', answeredAt: expect.any(Date) },
    ])
    await heir.give(ringing.callId, { id: 'p', kind: 'play', media: [promptFile] })
    await heir.event(ringing.callId, 'playback')
    // It can be recorded: it has left the bridge in which it was dialled.
    await heir.give(ringing.callId, { id: 'r', kind: 'record', maxDurationMs: 500 })
    expect(await heir.event(ringing.callId, 'recorded')).toMatchObject({ outcome: 'max_duration' })
    await heir.give(asked.callId, collect)
    await heir.give(asked.callId, { id: 's', kind: 'stop', target: 'c' })
    expect(await heir.event(asked.callId, 'collected')).toMatchObject({ outcome: 'stopped', digits: '' })
    const [call] = await phone(ringing.to)
    expect(similarity(await rig.phones.heard(call!), prompt).best).toBeGreaterThanOrEqual(0.9)
    expect(await phone(ringing.to)).toHaveLength(1)
  })

  test('a call whose process is gone ends by itself', { timeout: 90_000 }, async () => {
    const dying = await start('b')
    const [limited, unanswered] = [
      await dying.dial('0200', { maxDurationMs: 3_000 }),
      // Answered when nobody is there any more: nobody will ever talk.
      await dying.dial(SLOW, { ringTimeoutMs: 3_000 }),
    ]
    await dying.event(limited.callId, 'answered')
    await dying.telephony.close()
    const other = open()
    const ended = async () => {
      const reports = await other.reconcile([limited.callId, unanswered.callId])
      expect(reports).toMatchObject([
        { state: 'ended', cause: 'answered' },
        { state: 'ended', cause: 'answered' },
      ])
      return reports as Extract<(typeof reports)[0], { state: 'ended' }>[]
    }
    const [first, second] = await vi.waitFor(ended, { timeout: 50_000, interval: 200 })
    expect(first!.endedAt.getTime() - first!.answeredAt!.getTime()).toBeGreaterThanOrEqual(2_900)
    expect(first!.endedAt.getTime() - first!.answeredAt!.getTime()).toBeLessThan(10_000)
    // Twenty seconds after the three of its ringing time, of which two had gone by: it waited for somebody to take over.
    const waited = second!.endedAt.getTime() - second!.answeredAt!.getTime()
    expect(waited).toBeGreaterThanOrEqual(15_000)
    expect(waited).toBeLessThan(30_000)
  })

  test('a channel that a process made and did not live to dial rings nobody, and is hung up', async () => {
    const dying = await start('d')
    const [callId, to] = [randomUUID(), '+358409980200']
    const authorization = `Basic ${Buffer.from(`${rig.ari.user}:${rig.ari.password}`).toString('base64')}`
    // What the process asks for just before it asks for the dialling.
    const created = await fetch(`${rig.ari.url}/ari/channels/create`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ endpoint: rig.endpoint.replace('{number}', to.slice(1)), app: 'saygraph.d', appArgs: `${to},60000` },
        ...{ channelId: callId, variables: { 'CALLERID(name)': `saygraph.d,${to},60000` } },
      }),
    })
    expect(created.status).toBe(200)
    await dying.telephony.close()
    const heir = await start('d')
    expect(await heir.event(callId, 'ended')).toMatchObject({ cause: 'provider_fault', answeredAt: undefined })
    expect(await phone(to)).toEqual([])
  })

  test('nobody is called for a seat that nobody listens to', async () => {
    const telephony = open()
    const request = {
      callId: randomUUID(),
      seat: 'nobody',
      to: '+358409990200',
      ringTimeoutMs: 9_000,
      maxDurationMs: 9_000,
    }
    expect(await telephony.dial(request)).toMatchObject({ outcome: 'unknown' })
    expect(await phone(request.to)).toEqual([])
    expect(await telephony.reconcile([request.callId])).toMatchObject([{ state: 'ended', cause: 'provider_fault' }])
  })

  test('Asterisk is killed in the middle of calls, and comes back', async () => {
    const { telephony, heard, dial, event, give } = await start('c')
    const [talking, ringing, over] = [await dial('0200'), await dial(RINGS), await dial(BUSY)]
    await event(talking.callId, 'answered')
    await event(ringing.callId, 'ringing')
    const busy = await event(over.callId, 'ended')
    await give(talking.callId, { id: 'p', kind: 'play', media: [promptFile] })
    await rig.asterisk.kill()
    await vi.waitFor(() => expect(heard.disconnected).toBe(1), { timeout: 20_000 })
    const next = { callId: randomUUID(), seat: 'c', to: '+358409990205', ringTimeoutMs: 9_000, maxDurationMs: 9_000 }
    expect(await telephony.dial(next)).toMatchObject({ outcome: 'refused', reason: 'provider_fault' })
    expect(await telephony.command(talking.callId, { id: 'q', kind: 'hangUp' })).toMatchObject({ outcome: 'unknown' })
    await expect(telephony.reconcile([talking.callId])).rejects.toThrow('Asterisk at')
    await rig.asterisk.start()
    await vi.waitFor(() => expect(heard.connected).toBe(2), { timeout: 20_000 })
    const ids = [talking.callId, ringing.callId, over.callId, next.callId]
    const reports = await telephony.reconcile(ids)
    expect(reports).toMatchObject([
      { state: 'ended', cause: 'answered', answeredAt: expect.any(Date), endedAt: expect.any(Date) },
      { state: 'ended', cause: 'provider_fault', answeredAt: undefined },
      { state: 'ended', cause: 'busy', endedAt: busy.endedAt, codes: { q850: 17, sip: 486 } },
      { state: 'never_heard' },
    ])
    expect(await telephony.reconcile(ids)).toEqual(reports)
    // Another process is told the same, but for what SIP said.
    expect(await open().reconcile(ids)).toMatchObject([
      ...[reports[0], reports[1]],
      { state: 'ended', cause: 'busy', endedAt: busy.endedAt, codes: { q850: 17 } },
      { state: 'never_heard' },
    ])
    expect(await telephony.command(talking.callId, { id: 'q', kind: 'hangUp' })).toEqual({ outcome: 'gone' })
    for (const { callId, to } of [talking, ringing]) {
      const again = { callId, seat: 'c', to, ringTimeoutMs: 9_000, maxDurationMs: 9_000 }
      expect(await telephony.dial(again)).toMatchObject({ outcome: 'refused', reason: 'duplicate' })
    }
    expect(await telephony.dial(next)).toEqual({ outcome: 'accepted' })
    await event(next.callId, 'keypress')
  })

  test('the records are rotated while calls are made', async () => {
    const { dial, event } = await start('d')
    const before = await dial(BUSY)
    await event(before.callId, 'ended')
    const other = open()
    await other.reconcile([before.callId])
    await rename(rig.celFile, `${rig.celFile}.1`)
    const after = await dial(BUSY)
    await event(after.callId, 'ended')
    expect(await other.reconcile([before.callId, after.callId])).toMatchObject([{ cause: 'busy' }, { cause: 'busy' }])
  })

  test('prompts by URL are heard, and say when they cannot be fetched', async () => {
    const { dial, event, give, events } = await start('e')
    const { callId, to } = await dial('0200')
    await event(callId, 'answered')
    const url = (path: string, durationMs?: number): Media => ({ kind: 'url', url: media + path, durationMs })
    const played = async (id: string, ...all: Media[]) => {
      await give(callId, { id, kind: 'play', media: all })
      const find = () => events.find((one) => 'commandId' in one && one.commandId === id)
      await vi.waitFor(() => expect(find()).toBeDefined(), { timeout: 20_000 })
      return (find() as { outcome: string }).outcome
    }
    const durationMs = (1_000 * prompt.length) / RATE
    expect(await played('fine', url('/a-prompt-with-a-name.wav', durationMs))).toBe('finished')
    expect(await played('missing', url('/missing-prompt.wav'))).toBe('failed')
    expect(await played('first', url('/missing-first-prompt.wav', durationMs), promptFile)).toBe('failed')
    expect(await played('hangs', url('/hangs-for-ever.wav'))).toBe('failed')
    expect(await played('after', promptFile)).toBe('finished')
    const [call] = await phone(to)
    const heard = await rig.phones.heard(call!)
    expect(similarity(heard.slice(0, 6 * RATE), prompt).best).toBeGreaterThanOrEqual(0.9)
  })

  test('a recording begins after its beep, hears keys, and ends in silence', async () => {
    const { telephony, dial, event, give, events } = await start('f')
    const { callId, to } = await dial(SAYS)
    await event(callId, 'answered')
    const rules = { kind: 'record', maxDurationMs: 20_000, maxSilenceMs: 2_000 } as const
    await give(callId, { id: 'r', ...rules, beep: true })
    const recorded = await event(callId, 'recorded')
    expect(recorded).toMatchObject({ outcome: 'silence' })
    const samples = readWav((await telephony.recording(callId, 'r'))!)
    expect(similarity(samples, rig.said(SAYS, 0)).best).toBeGreaterThanOrEqual(0.9)
    expect(Math.abs((1_000 * samples.length) / RATE - recorded.durationMs)).toBeLessThan(500)
    const [call] = await phone(to)
    const beep = (await rig.phones.heard(call!)).slice(0, RATE).filter((sample) => Math.abs(sample) > 1_000)
    expect(beep.length).toBeGreaterThan(0.05 * RATE)
    expect(beep.length).toBeLessThan(0.3 * RATE)

    const keys = await dial(PRESSES)
    await event(keys.callId, 'answered')
    await give(keys.callId, { id: 'r', ...rules, maxSilenceMs: 10_000, terminateOn: '#' })
    expect(await event(keys.callId, 'recorded')).toMatchObject({ outcome: 'terminated' })
    const pressed = events.flatMap((one) => (one.callId === keys.callId && one.type === 'keypress' ? one.digit : []))
    expect(pressed).toEqual(['3', '#'])
  })

  test('a recording that another process takes over is told as long as it is', async () => {
    const dying = await start('j')
    const { callId } = await dying.dial(SAYS)
    await dying.event(callId, 'answered')
    const record: Command = { id: 'r', kind: 'record', maxDurationMs: 20_000, maxSilenceMs: 2_000 }
    await dying.give(callId, record)
    // In the middle of what is said.
    await sleep(2_000)
    await dying.telephony.close()
    const heir = await start('j')
    await heir.give(callId, record)
    const recorded = await heir.event(callId, 'recorded')
    const kept = (1_000 * readWav((await heir.telephony.recording(callId, 'r'))!).length) / RATE
    expect(recorded).toMatchObject({ outcome: 'silence', durationMs: Math.round(kept) })
    expect(recorded.durationMs).toBeGreaterThan(2_000)
  })

  test('the caller is who the request or the configuration says', async () => {
    const { dial, event } = await start('g', { callerId: '+358401112222' })
    const calls = [await dial(BUSY), await dial(BUSY, { from: '+358403334444' })]
    for (const { callId } of calls) await event(callId, 'ended')
    const from = await Promise.all(calls.map(async ({ to }) => (await phone(to))[0]!.from))
    expect(from).toEqual(['+358401112222', '+358403334444'])
    // Nor is it told a second time, at the answer.
    const answered = await dial('0200')
    await event(answered.callId, 'answered')
    await sleep(500)
    const unexpected = await readFile(join(rig.folder, 'phones-errors.log'), 'utf8').catch(() => '')
    expect(unexpected).not.toContain("received 'INVITE")
  })

  test('calls of all seats are listed, of other installations they are not', async () => {
    const mine = await start('h')
    const others = await start('h', { app: 'saygraph-2' })
    const [one, two] = [await mine.dial(RINGS), await others.dial(RINGS)]
    await mine.event(one.callId, 'ringing')
    await others.event(two.callId, 'ringing')
    expect(await mine.telephony.active()).toEqual([{ callId: one.callId, seat: 'h', to: one.to, stage: 'ringing' }])
    expect(await others.telephony.active()).toMatchObject([{ callId: two.callId }])
    await mine.telephony.close()
    const seen = await open().active()
    expect(seen).toEqual([{ callId: one.callId, seat: 'h', to: one.to, stage: 'ringing' }])
  })

  test('fifty calls at once are spoken to without delay', { timeout: 120_000 }, async () => {
    const { telephony, events } = await start('i', { lines: 50 })
    const delays: number[] = []
    const lags: number[] = []
    const listening = await telephony.listen('i', {
      async event(event) {
        events.push(event)
        if (event.type !== 'answered') return
        const began = performance.now()
        lags.push(Date.now() - event.at.getTime())
        await telephony.command(event.callId, { id: 'p', kind: 'play', media: [promptFile] })
        delays.push(performance.now() - began)
      },
    })
    const requests = Array.from({ length: 60 }, () => ({
      ...{ callId: randomUUID(), seat: 'i', to: `+35840${String(++dialled).padStart(4, '0')}0205` },
      ...{ ringTimeoutMs: 20_000, maxDurationMs: 60_000 },
    }))
    const alone = { ...requests[0]!, callId: randomUUID() }
    await telephony.dial(alone)
    await vi.waitFor(() => expect(delays).toHaveLength(1), 20_000)
    console.log(
      `one call: said what to play in ${delays.pop()!.toFixed(1)} ms, heard of the answer after ${lags.pop()} ms`,
    )
    await telephony.command(alone.callId, { id: 'bye', kind: 'hangUp' })
    await vi.waitFor(() => expect(events.at(-1)!.type).toBe('ended'), 20_000)
    events.length = 0
    const began = performance.now()
    const results = await Promise.all(requests.map((request) => telephony.dial(request)))
    const dialling = performance.now() - began
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(50)
    expect(results.filter((one) => one.outcome === 'refused' && one.reason === 'congested')).toHaveLength(10)
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'playback')).toHaveLength(50), 30_000)
    expect(new Set(events.flatMap((one) => (one.type === 'playback' ? one.outcome : [])))).toEqual(
      new Set(['interrupted']),
    )
    for (const { callId } of requests) await telephony.command(callId, { id: 'bye', kind: 'hangUp' })
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'ended')).toHaveLength(50), 20_000)
    expect(new Set(events.flatMap((one) => (one.type === 'ended' ? one.cause : [])))).toEqual(new Set(['answered']))
    const of = (values: number[]) => values.sort((a, b) => a - b).map(Math.round)
    console.log(
      `50 calls dialled in ${dialling.toFixed(0)} ms; heard of the answer after`,
      of(lags).at(25),
      of(lags).at(-1),
    )
    console.log('ms; said what to play in', of(delays).at(25), of(delays).at(-1), 'ms (middle, longest)')
    await listening.close()
  })
})
