import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../platform/clock.ts'
import { createLogger } from '../../../platform/logger.ts'
import { type CallEvent, type Command, type Telephony, TelephonyUnavailableError } from '../telephony.ts'
import { type AsteriskOptions, asteriskTelephony } from './asterisk.ts'
import { type AriRequest, type TestAri, testAri } from './test-ari.ts'

const APP = 'saygraph.s'
const TO = '+358401234567'

let ari: TestAri
const opened: Telephony[] = []
beforeEach(async () => {
  ari = await testAri()
})
afterEach(async () => {
  for (const telephony of opened.splice(0)) await telephony.close()
  await ari.close()
})

function open(options: Partial<AsteriskOptions> = {}): Telephony {
  const telephony = asteriskTelephony({
    ...{ url: ari.url, user: 'us', password: 'p:w', lines: 30, app: 'saygraph' },
    routes: { endpoint: 'PJSIP/{number}@trunk', byCountry: {} },
    ...{ callerId: undefined, callRecords: undefined },
    ...{ clock: systemClock, logger: createLogger('silent'), requestTimeoutMs: 300, pingMs: 100 },
    ...options,
  })
  opened.push(telephony)
  return telephony
}

async function start(options: Partial<AsteriskOptions> = {}) {
  const telephony = open(options)
  const events: CallEvent[] = []
  const heard = { connected: 0, disconnected: 0, replaced: 0 }
  await telephony.listen('s', {
    event: (event) => void events.push(event),
    connected: () => void heard.connected++,
    disconnected: () => void heard.disconnected++,
    replaced: () => void heard.replaced++,
  })
  const request = () => ({ callId: randomUUID(), seat: 's', to: TO, ringTimeoutMs: 30_000, maxDurationMs: 60_000 })
  const dial = async () => {
    const one = request()
    expect(await telephony.dial(one)).toEqual({ outcome: 'accepted' })
    return one.callId
  }
  const answered = async () => {
    const callId = await dial()
    ari.state(callId, 'Up')
    await vi.waitFor(() => expect(events.some((one) => one.callId === callId && one.type === 'answered')).toBe(true))
    return callId
  }
  const results = (callId: string) => events.filter((one) => one.callId === callId && 'commandId' in one)
  const give = async (callId: string, command: Command) =>
    expect(await telephony.command(callId, command)).toEqual({ outcome: 'accepted' })
  return { telephony, events, heard, request, dial, answered, results, give }
}

const sent = (method: string, pattern: RegExp) =>
  ari.requests.filter((one) => one.method === method && pattern.test(one.path))
const answerTo = (pattern: RegExp, answer: NonNullable<ReturnType<TestAri['instead']>>, times = 1_000) => {
  let left = times
  ari.instead = ({ method, path }: AriRequest) => (pattern.test(`${method} ${path}`) && left-- > 0 ? answer : undefined)
}
const playback = (callId: string, commandId: string, part = 0) => ({
  id: `${callId}.${commandId}.0.${part}`,
  target_uri: `channel:${callId}`,
})
const file = (name: string, durationMs?: number) => ({ kind: 'file' as const, path: `/sounds/${name}.wav`, durationMs })
const hangUp = (callId: string) => ari.tell(APP, { type: 'ChannelHangupRequest', channel: ari.channel(callId) })
const pressHash = (callId: string) =>
  ari.tell(APP, { type: 'ChannelDtmfReceived', channel: ari.channel(callId), digit: '#' })
const play: Command = { id: 'p', kind: 'play', media: [file('a')] }
const record: Command = { id: 'r', kind: 'record', maxDurationMs: 60_000 }

describe('dialling', () => {
  test('a call is created first, and dialled when it is in its application', async () => {
    const { telephony, request } = await start({ callerId: '+358401112222' })
    answerTo(/dial/, { status: 409 }, 2)
    const one = request()
    expect(await telephony.dial(one)).toEqual({ outcome: 'accepted' })
    const [create] = sent('POST', /create/)
    expect(create!.body).toEqual({
      endpoint: `PJSIP/${TO}@trunk`,
      app: APP,
      appArgs: `${TO},60000`,
      channelId: one.callId,
      variables: {
        'CALLERID(num)': TO,
        'CALLERID(name)': `${APP},${TO},60000`,
        'CONNECTEDLINE(num,i)': '+358401112222',
        'TIMEOUT(absolute)': '50',
      },
    })
    expect(sent('POST', /dial/).map(({ body }) => body)).toEqual([{ timeout: 30 }, { timeout: 30 }, { timeout: 30 }])
  })

  test('nothing was sent when nobody is there', async () => {
    const { telephony, request } = await start()
    await ari.close()
    const refused = { outcome: 'refused', reason: 'provider_fault', retryAfterMs: expect.any(Number) }
    expect(await telephony.dial(request())).toMatchObject(refused)
    // Of a seat that somebody else listens to.
    expect(await telephony.dial({ ...request(), seat: 'another' })).toMatchObject(refused)
    await expect(telephony.capabilities()).rejects.toThrow(TelephonyUnavailableError)
    await expect(telephony.reconcile([randomUUID()])).rejects.toThrow(TelephonyUnavailableError)
    await expect(telephony.active()).rejects.toThrow(TelephonyUnavailableError)
    expect(await telephony.command(randomUUID(), play)).toMatchObject({ outcome: 'unknown' })
    ari = await testAri()
  })

  test.each([
    [{ status: 500, body: { error: 'Allocation failed' } }, 'Asterisk answered 500: Allocation failed'],
    [{ status: 401, body: { message: 'Authentication required' } }, 'Asterisk answered 401: Authentication required'],
  ])('a channel that cannot be made is a fault of the provider (%j)', async (answer, detail) => {
    const { telephony, request } = await start({ lines: 1 })
    answerTo(/create/, answer, 1)
    const one = request()
    expect(await telephony.dial(one)).toEqual({
      ...{ outcome: 'refused', reason: 'provider_fault', detail, retryAfterMs: expect.any(Number) },
    })
    // Neither the id nor the line is used up.
    expect(await telephony.dial(one)).toEqual({ outcome: 'accepted' })
  })

  test.each(['never', 'reset'] as const)('a request whose answer is lost (%s) may have made a call', async (how) => {
    const { telephony, request, events } = await start()
    answerTo(/create/, how, 1)
    const one = request()
    expect(await telephony.dial(one)).toMatchObject({ outcome: 'unknown' })
    expect(await telephony.dial(one)).toMatchObject({ reason: 'duplicate' })
    expect(sent('POST', /dial/)).toEqual([])
    // It arrives after all: nobody dials it.
    const variables = { 'CALLERID(name)': '' }
    await fetch(`${ari.url}/ari/channels/create`, {
      method: 'POST',
      body: JSON.stringify({ channelId: one.callId, app: APP, appArgs: `${TO},60000`, variables }),
    })
    await vi.waitFor(() => expect(events).toMatchObject([{ type: 'ended', cause: 'provider_fault' }]))
    expect([...ari.channels.keys(), ...sent('POST', /dial/)]).toEqual([])
  })

  test('a channel that goes before it is dialled has rung nowhere', async () => {
    const { telephony, request } = await start()
    answerTo(/dial/, { status: 404 })
    const one = request()
    expect(await telephony.dial(one)).toMatchObject({ outcome: 'unknown' })
    expect(await telephony.reconcile([one.callId])).toMatchObject([{ state: 'ended', cause: 'provider_fault' }])
  })

  test('two who dial the same id make one call', async () => {
    const { telephony, request } = await start()
    const other = open()
    const one = request()
    const results = await Promise.all([telephony.dial(one), telephony.dial(one), other.dial(one)])
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1)
    expect(results.filter((result) => result.outcome === 'refused' && result.reason === 'duplicate')).toHaveLength(2)
    expect(ari.channels.size).toBe(1)
  })

  test('a call that is given up while it is being made is cancelled', async () => {
    const { telephony, request, events } = await start()
    answerTo(/dial/, { status: 409 }, 20)
    const one = request()
    const dialling = telephony.dial(one)
    await vi.waitFor(() => expect(ari.channels.size).toBe(1))
    expect(await telephony.command(one.callId, { id: 'x', kind: 'hangUp' })).toEqual({ outcome: 'accepted' })
    expect(await dialling).toMatchObject({ outcome: 'unknown' })
    await vi.waitFor(() => expect(events).toMatchObject([{ type: 'ended', cause: 'cancelled' }]))
    expect(await telephony.reconcile([one.callId])).toMatchObject([{ state: 'ended', cause: 'cancelled' }])
  })

  test('a refusal without a dialling is none', async () => {
    const { telephony, request, events } = await start()
    answerTo(/dial/, 'reset')
    const one = request()
    expect(await telephony.dial(one)).toMatchObject({ outcome: 'unknown' })
    ari.end(one.callId, 21, 603)
    await vi.waitFor(() => expect(events).toMatchObject([{ type: 'ended', cause: 'provider_fault', codes: {} }]))
  })

  test('a number without a route is not called, and not judged', async () => {
    const telephony = open({ routes: { endpoint: undefined, byCountry: { SE: 'PJSIP/{number}@se' } } })
    const request = { callId: randomUUID(), seat: 's', to: TO, ringTimeoutMs: 1, maxDurationMs: 1 }
    expect(await telephony.dial(request)).toEqual({
      ...{ outcome: 'refused', reason: 'provider_fault', detail: 'ASTERISK_ROUTES has no route for this country.' },
      retryAfterMs: expect.any(Number),
    })
    expect(ari.requests).toEqual([])
    expect([TO, '+46701234567'].map((number) => telephony.reaches!(number))).toEqual([false, true])
  })

  test('many at once are counted with one look, and ended ones free their lines', async () => {
    const { telephony, request } = await start({ lines: 5 })
    const requests = Array.from({ length: 8 }, request)
    const results = await Promise.all(requests.map((one) => telephony.dial(one)))
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(5)
    expect(sent('GET', /applications/)).toHaveLength(1)
    const [live] = ari.channels.keys()
    ari.end(live!, 17, 486)
    await vi.waitFor(async () => expect(await telephony.dial(requests[7]!)).toEqual({ outcome: 'accepted' }))
  })
})

describe('listening', () => {
  test('a connection that is lost comes back, and calls are looked for', async () => {
    const { heard, telephony, events, dial } = await start()
    const [known, gone] = [await dial(), await dial()]
    ari.dropConnections()
    // Unheard.
    ari.channels.get(known)!.state = 'Up'
    ari.channels.delete(gone)
    await vi.waitFor(() => expect(heard.connected).toBe(2))
    expect(heard).toEqual({ connected: 2, disconnected: 1, replaced: 0 })
    await vi.waitFor(() => expect(events).toMatchObject([{ type: 'answered', callId: known }]))
    expect(await telephony.reconcile([known, gone])).toMatchObject([
      { state: 'in_progress', stage: 'answered' },
      { state: 'unknown' },
    ])
  })

  test('a connection that is half open is noticed', async () => {
    ari.ponging = false
    const { heard } = await start({ pingMs: 250 })
    await vi.waitFor(() => expect(heard.disconnected).toBeGreaterThan(0), 4_000)
    // One that answers is kept.
    ari.ponging = true
    const { connected } = heard
    ari.dropConnections()
    await vi.waitFor(() => expect(heard.connected).toBeGreaterThan(connected), 4_000)
    const { disconnected } = heard
    await sleep(800)
    expect(heard.disconnected).toBe(disconnected)
  })

  test('who was replaced while nothing was heard does not fight back', async () => {
    const { heard } = await start()
    const other = open()
    let replaced = 0
    ari.dropConnections()
    await other.listen('s', { event() {}, replaced: () => void replaced++ })
    await vi.waitFor(() => expect(heard.replaced).toBe(1))
    expect([replaced, ari.connections(APP)]).toEqual([0, 1])
  })

  test('who is replaced before it has looked around does not wait for ever', async () => {
    let first = true
    ari.instead = ({ path }) => {
      if (!path.startsWith('/channels') || !first) return undefined
      first = false
      // Another process comes in between.
      open()
        .listen('s', { event() {} })
        .catch(() => {})
      return 'never'
    }
    await expect(open().listen('s', { event() {} })).rejects.toThrow('another has taken the seat')
  })

  test('who could not listen yet does not take the seat back from who came after', async () => {
    let isTaken = false
    let left = 1
    ari.instead = ({ method, path }) => {
      if (path.includes('eventFilter') && left-- > 0) return { status: 500 }
      // Whether it still has the seat it learns only afterwards.
      return method === 'GET' && path.startsWith('/asterisk/variable') && !isTaken ? { status: 500 } : undefined
    }
    const first = open()
    const listening = first.listen('s', { event() {} })
    const refused = expect(listening).rejects.toThrow('another has taken the seat')
    await vi.waitFor(() => expect(sent('PUT', /eventFilter/)).toHaveLength(1))
    const other = open()
    let replaced = 0
    await other.listen('s', { event() {}, replaced: () => void replaced++ })
    isTaken = true
    await refused
    expect([replaced, ari.connections(APP)]).toEqual([0, 1])
  })

  test('after Asterisk was started anew nobody has taken the seat', async () => {
    const { heard } = await start()
    ari.globals.clear()
    ari.dropConnections()
    await vi.waitFor(() => expect(heard.connected).toBe(2))
    expect(heard.replaced).toBe(0)
  })

  test('closing before there is a connection ends the waiting', async () => {
    answerTo(/eventFilter/, { status: 500 })
    const telephony = open()
    const listening = telephony.listen('s', { event() {} })
    const ended = expect(listening).rejects.toThrow(TelephonyUnavailableError)
    await sleep(50)
    await telephony.close()
    await ended
  })

  test('news of calls that nobody knows here are told, of channels that are not ours they are not', async () => {
    const { events, telephony } = await start()
    const callId = randomUUID()
    const channel = (id: string, app: string) => ({
      ...{ id, state: 'Up', caller: { name: '', number: '' }, creationtime: '2026-11-29T10:02:08.483+0000' },
      dialplan: { app_name: 'Stasis', app_data: `${app},${TO},60000` },
    })
    ari.tell(APP, { type: 'ChannelDtmfReceived', channel: channel(callId, APP), digit: '7' })
    ari.tell(APP, { type: 'ChannelDtmfReceived', channel: channel('1795946528.1', 'pbx'), digit: '7' })
    ari.tell(APP, { type: 'ChannelTalkingStarted', channel: channel(callId, APP) })
    ari.tell(APP, { type: 'PlaybackFinished', playback: playback(randomUUID(), 'x') })
    const destroyed = { type: 'ChannelDestroyed', channel: channel(callId, APP), cause: 16 }
    for (const twice of [1, 2]) ari.tell(APP, { ...destroyed, twice })
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toEqual(['keypress', 'ended']))
    expect(await telephony.command(callId, play)).toEqual({ outcome: 'gone' })
  })
})

describe('a channel that another process made', () => {
  const left = (app: string, id: string, variables: Record<string, string>) => {
    ari.channels.set(id, { id, state: 'Down', app, args: `${TO},60000`, callerName: `${app},${TO},60000`, variables })
  }

  test('is hung up when nobody is going to dial it, and told as a fault, not as a refusal', async () => {
    const [undialled, dialled] = [randomUUID(), randomUUID()]
    left(APP, undialled, {})
    left(APP, dialled, { 'CHANNEL(userfield)': 'saygraph-dialled' })
    const { events } = await start()
    // A process that lives may be about to dial it.
    expect(sent('DELETE', /channels/)).toEqual([])
    await vi.waitFor(() => expect(events).toHaveLength(1), 10_000)
    expect(events[0]).toMatchObject({
      callId: undialled,
      type: 'ended',
      cause: 'provider_fault',
      answeredAt: undefined,
    })
    expect(sent('DELETE', /channels/).map(({ path }) => path)).toEqual([`/channels/${undialled}`])
    expect([...ari.channels.keys()]).toEqual([dialled])
    // It was about to be dialled, and the request never came: Asterisk lets it go and calls that a refusal.
    ari.end(dialled, 21, 603)
    await vi.waitFor(() => expect(events).toHaveLength(2))
    expect(events[1]).toMatchObject({ callId: dialled, type: 'ended', cause: 'provider_fault' })
  })
})

describe('commands', () => {
  test('what follows each other is one list; silence is a pause between lists', async () => {
    const { answered, give, results } = await start()
    const callId = await answered()
    const url = { kind: 'url' as const, url: 'http://media.example/x.wav' }
    const media = [file('a'), url, { kind: 'silence' as const, durationMs: 60 }, file('b')]
    await give(callId, { id: 'p', kind: 'play', media })
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'p'), state: 'done' } })
    await vi.waitFor(() => expect(sent('POST', /play/)).toHaveLength(2))
    expect(sent('POST', /play/).map(({ body }) => body.media)).toEqual([
      ['sound:/sounds/a', 'sound:http://media.example/x.wav'],
      ['sound:/sounds/b'],
    ])
    expect(results(callId)).toEqual([])
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'p', 2), state: 'done' } })
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ outcome: 'finished' }]))
  })

  test('a file that Asterisk skips fails what is played', async () => {
    const { answered, give, results } = await start()
    const callId = await answered()
    const tell = (id: string, type: string, ms: number) =>
      ari.tell(APP, { type, playback: { ...playback(callId, id), state: 'playing' } }, new Date(1_000_000 + ms))
    const media = [file('a', 2_000), file('b', 1_000), file('c')]
    await give(callId, { id: 'fine', kind: 'play', media })
    tell('fine', 'PlaybackStarted', 0)
    tell('fine', 'PlaybackContinuing', 1_900)
    tell('fine', 'PlaybackStarted', 1_900)
    tell('fine', 'PlaybackContinuing', 2_900)
    tell('fine', 'PlaybackStarted', 2_900)
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'fine'), state: 'done' } })
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ outcome: 'finished' }]))
    await give(callId, { id: 'skipped', kind: 'play', media })
    tell('skipped', 'PlaybackStarted', 0)
    tell('skipped', 'PlaybackContinuing', 1_900)
    tell('skipped', 'PlaybackStarted', 1_900)
    // Fetching it took a while, and came to nothing.
    tell('skipped', 'PlaybackContinuing', 2_300)
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ outcome: 'finished' }, { outcome: 'failed' }]))
    await vi.waitFor(() => expect(sent('DELETE', /playbacks/)).toHaveLength(1))
  })

  test('what a hang-up cuts off has not failed', async () => {
    const { answered, give, events } = await start()
    const callId = await answered()
    await give(callId, play)
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'p'), state: 'failed' } })
    ari.end(callId, 0)
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ type: 'ended', cause: 'answered' }))
    await sleep(100)
    expect(events.at(-1)!.type).toBe('ended')
  })

  test.each([
    [404, 'gone'],
    [409, 'gone'],
    [412, 'not_answered'],
  ])('Asterisk answers %d when it cannot play any more', async (status, outcome) => {
    const { answered, telephony } = await start()
    const callId = await answered()
    answerTo(/play/, { status })
    expect(await telephony.command(callId, play)).toEqual({ outcome })
  })

  test('a command whose answer is lost is repeated without being done twice', async () => {
    const { answered, telephony, give, results } = await start()
    const callId = await answered()
    // It arrives, and its answer does not.
    ari.instead = ({ method, path, body }) => {
      if (method !== 'POST' || !path.endsWith('/play')) return undefined
      ari.playbacks.add(body.playbackId)
      return 'reset'
    }
    expect(await telephony.command(callId, play)).toMatchObject({ outcome: 'unknown' })
    ari.instead = () => undefined
    await give(callId, play)
    expect(sent('POST', /play/)).toHaveLength(1)
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'p'), state: 'done' } })
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ outcome: 'finished' }]))
    await give(callId, play)
    await vi.waitFor(() => expect(results(callId)).toHaveLength(2))
    expect(results(callId)[1]).toEqual(results(callId)[0])
  })

  test('what is lost of a command that is over takes nothing from the next', async () => {
    const { answered, give, results } = await start()
    const callId = await answered()
    ari.instead = ({ method, path, body }) =>
      method === 'POST' && path.endsWith('/play') && body.playbackId.endsWith('.p.0.2') ? 'never' : undefined
    const media = [file('a'), { kind: 'silence' as const, durationMs: 1 }, file('b')]
    await give(callId, { id: 'p', kind: 'play', media })
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'p'), state: 'done' } })
    await vi.waitFor(() => expect(sent('POST', /play$/)).toHaveLength(2))
    await give(callId, { id: 'next', kind: 'play', media: [file('c')] })
    // Until the request for the last part is given up.
    await sleep(400)
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(callId, 'next'), state: 'done' } })
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ outcome: 'stopped' }, { outcome: 'finished' }]))
  })

  test('what ended while nobody listened is found, and goes on', async () => {
    const { answered, give, results, heard } = await start()
    const [one, other, third] = [await answered(), await answered(), await answered()]
    const rules = { maxDigits: 1, firstDigitTimeoutMs: 50, interDigitTimeoutMs: 50 }
    await give(one, { id: 'c', kind: 'collect', media: [file('a')], ...rules })
    await give(other, record)
    await give(third, play)
    ari.dropConnections()
    ari.playbacks.delete(`${one}.c.0.0`)
    ari.liveRecordings.clear()
    ari.storedRecordings.set(`${other}.r`, new Uint8Array(44 + 16_000))
    await vi.waitFor(() => expect(heard.connected).toBe(2))
    await vi.waitFor(() => expect(results(one)).toMatchObject([{ type: 'collected', outcome: 'timeout' }]))
    expect(results(other)).toMatchObject([{ type: 'recorded', durationMs: 1_000 }])
    expect(results(third)).toEqual([])
  })

  test('another process goes on where one has died', async () => {
    const dying = await start()
    const ids = [await dying.answered(), await dying.answered(), await dying.answered(), await dying.answered()]
    const [playing, over, pausing, recording] = ids as [string, string, string, string]
    const pause: Command = { id: 'p', kind: 'play', media: [{ kind: 'silence', durationMs: 60_000 }, file('a')] }
    for (const callId of [playing, over]) await dying.give(callId, play)
    await dying.give(pausing, pause)
    await dying.give(recording, record)
    await dying.telephony.close()
    ari.playbacks.delete(`${over}.p.0.0`)
    const { give, results } = await start()
    const plays = sent('POST', /play/).length
    await give(playing, play)
    await give(over, play)
    await give(recording, record)
    expect(sent('POST', /play|record$/)).toHaveLength(plays + 1)
    await vi.waitFor(() => expect(results(over)).toMatchObject([{ outcome: 'finished' }]))
    // Whether it was heard to the end nobody can tell.
    await give(pausing, pause)
    expect(results(pausing)).toEqual([])
    ari.tell(APP, { type: 'PlaybackFinished', playback: { ...playback(playing, 'p'), state: 'done' } })
    await vi.waitFor(() => expect(results(playing)).toMatchObject([{ outcome: 'finished' }]))
    // Something else takes its place, also of what this process has not begun.
    await give(recording, { id: 'next', kind: 'play', media: [file('a')] })
    await vi.waitFor(() => expect(sent('POST', /recordings\/live/)).toHaveLength(1))
  })

  test.each<[string, number, Partial<Extract<Command, { kind: 'record' }>>, (callId: string) => void, object]>([
    ['in silence', 8_000, { maxSilenceMs: 4_000 }, () => {}, { outcome: 'silence', durationMs: 8_000 }],
    ['at its longest', 31_000, { maxSilenceMs: 4_000 }, () => {}, { outcome: 'max_duration', durationMs: 31_000 }],
    ['with the call', 8_000, {}, hangUp, { outcome: 'hung_up', durationMs: 8_000 }],
    ['by a key', 8_000, { terminateOn: '#' }, pressHash, { outcome: 'terminated', durationMs: 8_000 }],
  ])('a recording that another process began and that ends %s is as long as what was kept', async (...row) => {
    const [, ms, rules, act, told] = row
    const dying = await start()
    const callId = await dying.answered()
    const command = { ...record, maxDurationMs: 30_000, ...rules } as Command
    await dying.give(callId, command)
    await dying.telephony.close()
    const { give, results } = await start()
    await give(callId, command)
    act(callId)
    ari.liveRecordings.clear()
    ari.storedRecordings.set(`${callId}.r`, new Uint8Array(44 + 16 * ms))
    ari.tell(APP, { type: 'RecordingFinished', recording: { name: `${callId}.r`, target_uri: `channel:${callId}` } })
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ type: 'recorded', ...told }]))
  })

  test('a recording that cannot be measured now is measured when it is asked for again', async () => {
    const dying = await start()
    const callId = await dying.answered()
    await dying.give(callId, record)
    await dying.telephony.close()
    const { give, results } = await start()
    await give(callId, record)
    answerTo(/GET .*stored/, 'never', 1)
    ari.liveRecordings.clear()
    ari.storedRecordings.set(`${callId}.r`, new Uint8Array(44 + 16_000))
    ari.tell(APP, { type: 'RecordingFinished', recording: { name: `${callId}.r`, target_uri: `channel:${callId}` } })
    await sleep(400)
    expect(results(callId)).toEqual([])
    await give(callId, record)
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ type: 'recorded', durationMs: 1_000 }]))
  })

  test('a beep comes before the recording, and stops with it', async () => {
    const { answered, give, results } = await start()
    const callId = await answered()
    await give(callId, { ...record, beep: true } as Command)
    expect(sent('POST', /play/)[0]!.body.media).toMatch(/^tone:/)
    await vi.waitFor(() => expect(sent('POST', /record$/)).toHaveLength(1))
    expect([...ari.playbacks]).toEqual([])
    const recording = { name: `${callId}.r`, target_uri: `channel:${callId}` }
    ari.tell(APP, { type: 'RecordingStarted', recording }, new Date(1_000))
    ari.tell(APP, { type: 'ChannelHangupRequest', channel: ari.channel(callId) })
    ari.tell(APP, { type: 'RecordingFinished', recording }, new Date(4_500))
    await vi.waitFor(() => expect(results(callId)).toMatchObject([{ outcome: 'hung_up', durationMs: 3_500 }]))

    const other = await answered()
    await give(other, { ...record, beep: true } as Command)
    await give(other, { id: 's', kind: 'stop', target: 'r' })
    await vi.waitFor(() => expect(results(other)).toMatchObject([{ type: 'recorded', outcome: 'stopped' }]))
    await vi.waitFor(() => expect([...ari.playbacks]).toEqual([]))
    await sleep(300)
    expect(sent('POST', /record$/)).toHaveLength(1)
  })

  test('how a recording ended is told by what went before', async () => {
    const { answered, give, results } = await start()
    const callId = await answered()
    const rules = { kind: 'record', maxDurationMs: 60_000, maxSilenceMs: 2_000, terminateOn: '#' } as const
    const recording = (id: string) => ({ name: `${callId}.${id}`, target_uri: `channel:${callId}` })
    const key = (digit: string) => ari.tell(APP, { type: 'ChannelDtmfReceived', channel: ari.channel(callId), digit })
    for (const id of ['silence', 'terminated', 'failed']) {
      await give(callId, { id, ...rules })
      ari.tell(APP, { type: 'RecordingStarted', recording: recording(id) })
      key('1')
      if (id === 'terminated') key('#')
      const type = id === 'failed' ? 'RecordingFailed' : 'RecordingFinished'
      ari.tell(APP, { type, recording: { ...recording(id), cause: 'disk full' } })
      await vi.waitFor(() => expect(results(callId).at(-1)).toMatchObject({ commandId: id, outcome: id }))
    }
    expect(sent('POST', /record$/)[0]!.body).toMatchObject({ maxSilenceSeconds: 2, terminateOn: '#', format: 'wav' })
  })

  test('a request that is never answered holds up neither the hang-up nor other calls', async () => {
    const { answered, telephony } = await start()
    const [one, other] = [await answered(), await answered()]
    ari.instead = ({ method, path }) => (method === 'POST' && path.includes(`${one}/play`) ? 'never' : undefined)
    const playing = telephony.command(one, play)
    expect(await telephony.command(other, play)).toEqual({ outcome: 'accepted' })
    expect(await telephony.command(one, { id: 'bye', kind: 'hangUp' })).toEqual({ outcome: 'accepted' })
    expect(await playing).toMatchObject({ outcome: 'unknown' })
  })
})

describe('what became of calls', () => {
  let folder: string
  let callRecords: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'asterisk-'))
    callRecords = join(folder, 'calls.csv')
  })
  afterEach(() => rm(folder, { recursive: true }))
  const at = (second: number) => new Date((1_795_946_528 + second) * 1_000)
  const line = (event: string, callId: string, second: number, extra = '') =>
    `"${event}","${1_795_946_528 + second}.000000","${callId}","${extra}"\n`

  test('the records tell of calls that nobody heard the end of', async () => {
    const [ended, killed] = [randomUUID(), randomUUID()]
    await writeFile(
      callRecords,
      line('CHAN_START', ended, 0) +
        line('ANSWER', ended, 5) +
        line('CHAN_START', killed, 6) +
        line('HANGUP', ended, 9, '{""hangupcause"":16}'),
    )
    const telephony = open({ callRecords })
    expect(await telephony.capabilities()).toMatchObject({ lines: 30, remembers: true })
    expect(await telephony.reconcile([killed, ended, randomUUID()])).toMatchObject([
      { state: 'ended', cause: 'provider_fault', answeredAt: undefined, endedAt: at(6) },
      { state: 'ended', cause: 'answered', answeredAt: at(5), endedAt: at(9), codes: { q850: 16 } },
      { state: 'never_heard' },
    ])
    const again = { callId: ended, seat: 's', to: TO, ringTimeoutMs: 1, maxDurationMs: 1 }
    expect(await telephony.dial(again)).toMatchObject({ reason: 'duplicate' })
  })

  test('a call that is ending just now is waited for', async () => {
    const callId = randomUUID()
    await writeFile(callRecords, line('CHAN_START', callId, 0))
    const telephony = open({ callRecords })
    const reports = telephony.reconcile([callId])
    await sleep(300)
    await writeFile(callRecords, line('HANGUP', callId, 1, '{""hangupcause"":17}'), { flag: 'a' })
    expect(await reports).toMatchObject([{ state: 'ended', cause: 'busy', endedAt: at(1) }])
  })

  test('without records nothing is known but what this process heard', async () => {
    const { telephony, dial, events } = await start()
    expect(await telephony.capabilities()).toMatchObject({ remembers: false })
    const callId = await dial()
    ari.state(callId, 'Ringing')
    ari.end(callId, 34, 503)
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ type: 'ended', cause: 'unreachable' }))
    expect(await telephony.reconcile([callId, randomUUID()])).toMatchObject([
      { state: 'ended', cause: 'unreachable', codes: { q850: 34, sip: 503 } },
      { state: 'unknown' },
    ])
  })

  test('records that cannot be read are a fault, and no calls are made', async () => {
    const telephony = open({ callRecords: join(folder, 'nowhere/calls.csv') })
    await expect(telephony.capabilities()).rejects.toThrow(TelephonyUnavailableError)
    await expect(telephony.reconcile([randomUUID()])).rejects.toThrow(TelephonyUnavailableError)
    const request = { callId: randomUUID(), seat: 's', to: TO, ringTimeoutMs: 1, maxDurationMs: 1 }
    expect(await telephony.dial(request)).toMatchObject({ reason: 'provider_fault' })
    expect(sent('POST', /create/)).toEqual([])
  })
})
