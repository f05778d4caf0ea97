import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type { CallEvent, Command, DialRequest, Listener, Media, Telephony } from './telephony.ts'

/** Numbers whose phones do what their names say. Whoever answers talks for as long as is recorded, or at least 2 s. */
export interface TestNumbers {
  /** Answers and presses nothing. */
  silent: string
  /** Answers and presses 5 while the first prompt is played. */
  pressesFive: string
  /** Answers and hangs up during the first prompt. */
  hangsUp: string
  /** Answers, says something that takes one to four seconds, and nothing more. */
  says: string
  /** Answers, says as much, and presses # at once. */
  saysAndPresses: string
  busy: string
  ringsOut: string
  declines: string
  unknown: string
  unreachable: string
}

export interface Harness {
  telephony: Telephony
  /** What another process would use: another client of the same provider, or the same where there is no other. */
  other: Telephony
  numbers: TestNumbers
  /** About four seconds, longer than the phone that presses 5 takes. */
  prompt: Media
  /** Lasts long enough for a few commands to arrive. */
  long: Media
  /** Something that does not exist. */
  missing: Media
  /** Lets time pass until `holds`, or fails. */
  until(holds: () => boolean | Promise<boolean>, what: string): Promise<void>
  close(): Promise<void>
}

const SEAT = 'conformance'

/** What every adapter must do. `make` gives a provider without calls, for each test another one, with at most 10 lines. */
export function telephonyConformance(name: string, make: () => Promise<Harness> | Harness): void {
  describe(`telephony conformance: ${name}`, () => {
    let harness: Harness | undefined
    afterEach(async () => {
      await harness?.close()
      harness = undefined
    })

    async function start() {
      harness = await make()
      const { telephony, until } = harness
      const events: CallEvent[] = []
      await telephony.listen(SEAT, { event: (event) => void events.push(event) })
      const of = <Type extends CallEvent['type']>(callId: string, type: Type) =>
        events.filter((event) => event.callId === callId && event.type === type) as Extract<CallEvent, { type: Type }>[]
      const first = async <Type extends CallEvent['type']>(callId: string, type: Type) => {
        await until(() => of(callId, type).length > 0, `${type} of ${callId}`)
        return of(callId, type)[0]!
      }
      const dial = async (to: string, changes: Partial<DialRequest> = {}) => {
        const request = {
          callId: randomUUID(),
          seat: SEAT,
          to,
          ringTimeoutMs: 30_000,
          maxDurationMs: 60_000,
          ...changes,
        }
        expect(await telephony.dial(request)).toEqual({ outcome: 'accepted' })
        return request.callId
      }
      const answered = async (to: string, changes?: Partial<DialRequest>) => {
        const callId = await dial(to, changes)
        await first(callId, 'answered')
        return callId
      }
      const give = async (callId: string, command: Command) =>
        expect([command.id, await telephony.command(callId, command)]).toEqual([command.id, { outcome: 'accepted' }])
      /** The first result of a command. */
      const result = async (callId: string, commandId: string) => {
        const found = () =>
          events.find((one) => one.callId === callId && 'commandId' in one && one.commandId === commandId)
        await until(() => found() !== undefined, `a result of ${commandId}`)
        return found()!
      }
      return { ...harness, events, of, first, dial, answered, give, result }
    }

    const hangUp: Command = { id: 'bye', kind: 'hangUp' }

    test('rings, is answered, and ends when we hang up', async () => {
      const { telephony, numbers, answered, first, of, give } = await start()
      const callId = await answered(numbers.silent, { from: '+358401234567' })
      await give(callId, hangUp)
      const ended = await first(callId, 'ended')
      const answer = of(callId, 'answered')[0]!
      expect(of(callId, 'ringing')[0]!.at.getTime()).toBeLessThanOrEqual(answer.at.getTime())
      expect(ended).toMatchObject({ cause: 'answered', codes: { q850: 16 } })
      expect(ended.answeredAt!.getTime()).toBeLessThanOrEqual(ended.endedAt.getTime())
      const { answeredAt, endedAt, cause, codes } = ended
      expect(await telephony.reconcile([callId])).toEqual([
        { callId, state: 'ended', cause, answeredAt, endedAt, codes },
      ])
    })

    test.each([
      ['busy', 'busy'],
      ['ringsOut', 'no_answer'],
      ['declines', 'refused'],
      ['unknown', 'invalid_number'],
      ['unreachable', 'unreachable'],
    ] as const)('a phone that is %s ends as %s', async (phone, cause) => {
      const { telephony, numbers, dial, first } = await start()
      const callId = await dial(numbers[phone], { ringTimeoutMs: 20_000 })
      const ended = await first(callId, 'ended')
      expect([ended.cause, ended.answeredAt]).toEqual([cause, undefined])
      const { endedAt, codes } = ended
      expect(await telephony.reconcile([callId])).toEqual([{ callId, state: 'ended', cause, endedAt, codes }])
    })

    test('an id is dialled once, whoever asks, during the call and afterwards', async () => {
      const { telephony, other, numbers, answered, first, give, of } = await start()
      const callId = await answered(numbers.silent)
      const again = { callId, seat: SEAT, to: numbers.busy, ...LIMITS }
      const refused = { outcome: 'refused', reason: 'duplicate' }
      expect(await telephony.dial(again)).toMatchObject(refused)
      expect(await other.dial(again)).toMatchObject(refused)
      await give(callId, hangUp)
      await first(callId, 'ended')
      expect(await telephony.dial(again)).toMatchObject(refused)
      expect(await other.dial({ ...again, to: numbers.silent })).toMatchObject(refused)
      expect(of(callId, 'answered')).toHaveLength(1)
    })

    test('refuses what is no number, and has not heard of the call', async () => {
      const { telephony } = await start()
      const { remembers } = await telephony.capabilities()
      for (const to of ['0401234567', '+0401234567', '+35840x', '', '+12345678901234567']) {
        const callId = randomUUID()
        const request = { callId, seat: SEAT, to, ...LIMITS }
        expect(await telephony.dial(request)).toMatchObject({ outcome: 'refused', reason: 'invalid_number' })
        expect(await telephony.reconcile([callId])).toMatchObject([{ state: remembers ? 'never_heard' : 'unknown' }])
      }
    })

    test('throws for ids that are none', async () => {
      const { telephony, numbers } = await start()
      const request = { seat: SEAT, to: numbers.silent, ...LIMITS }
      for (const callId of ['x-1', '', randomUUID().toUpperCase()]) {
        await expect(telephony.dial({ ...request, callId })).rejects.toThrow('not a call id')
        await expect(telephony.command(callId, hangUp)).rejects.toThrow('not a call id')
      }
      for (const id of ['', 'a b', 'x'.repeat(65)]) {
        await expect(telephony.command(randomUUID(), { id, kind: 'hangUp' })).rejects.toThrow('not a command id')
      }
      expect(await telephony.active()).toEqual([])
    })

    test('has as many lines as it says, and takes a refused id when one is free', async () => {
      const { telephony, numbers, dial, give, first } = await start()
      const { lines } = await telephony.capabilities()
      expect(lines).toBeLessThanOrEqual(10)
      const calls = []
      for (let n = 0; n < lines; n++) calls.push(await dial(numbers.ringsOut))
      const callId = randomUUID()
      const request = { callId, seat: SEAT, to: numbers.ringsOut, ...LIMITS }
      const refused = await telephony.dial(request)
      expect(refused).toMatchObject({ outcome: 'refused', reason: 'congested', retryAfterMs: expect.any(Number) })
      expect((await telephony.active()).map((call) => call.callId).sort()).toEqual([...calls].sort())
      await give(calls[0]!, hangUp)
      await first(calls[0]!, 'ended')
      expect(await telephony.dial(request)).toEqual({ outcome: 'accepted' })
    })

    test('a call that we give up before the answer is cancelled, and takes no other command until then', async () => {
      const { telephony, numbers, dial, first, give, prompt } = await start()
      const callId = await dial(numbers.ringsOut)
      await first(callId, 'ringing')
      const [active] = await telephony.active()
      expect(active).toEqual({ callId, seat: SEAT, to: numbers.ringsOut, stage: 'ringing' })
      expect(await telephony.reconcile([callId])).toEqual([
        { callId, state: 'in_progress', stage: 'ringing', seat: SEAT, answeredAt: undefined },
      ])
      const play: Command = { id: 'p', kind: 'play', media: [prompt] }
      expect(await telephony.command(callId, play)).toEqual({ outcome: 'not_answered' })
      await give(callId, hangUp)
      const { cause, answeredAt } = await first(callId, 'ended')
      expect([cause, answeredAt]).toEqual(['cancelled', undefined])
      expect(await telephony.active()).toEqual([])
      for (const id of [callId, randomUUID()]) {
        for (const command of [play, hangUp]) expect(await telephony.command(id, command)).toEqual({ outcome: 'gone' })
      }
    })

    test('a call ends at its longest duration', async () => {
      const { numbers, answered, first } = await start()
      const callId = await answered(numbers.silent, { maxDurationMs: 3_000 })
      const { answeredAt, endedAt, cause } = await first(callId, 'ended')
      expect(cause).toBe('answered')
      const lasted = endedAt.getTime() - answeredAt!.getTime()
      expect(lasted).toBeGreaterThanOrEqual(2_500)
      expect(lasted).toBeLessThanOrEqual(6_000)
    })

    test('plays to the end, in order, silence among it, and says when something cannot be played', async () => {
      const { numbers, answered, give, result, prompt, missing } = await start()
      const callId = await answered(numbers.silent)
      await give(callId, { id: 'one', kind: 'play', media: [{ kind: 'silence', durationMs: 1_000 }, prompt] })
      expect(await result(callId, 'one')).toMatchObject({ type: 'playback', outcome: 'finished' })
      await give(callId, { id: 'two', kind: 'play', media: [missing] })
      expect(await result(callId, 'two')).toMatchObject({ type: 'playback', outcome: 'failed' })
      await give(callId, { id: 'three', kind: 'collect', media: [missing], ...ONE_DIGIT })
      expect(await result(callId, 'three')).toMatchObject({ type: 'collected', outcome: 'failed', digits: '' })
    })

    test('a key interrupts what is played when it may', async () => {
      const { numbers, answered, give, result, of, prompt } = await start()
      const heard = async (interruptedBy?: string) => {
        const callId = await answered(numbers.pressesFive)
        await give(callId, { id: 'p', kind: 'play', media: [prompt], interruptedBy })
        const { outcome } = (await result(callId, 'p')) as { outcome: string }
        expect(of(callId, 'keypress').map(({ digit }) => digit)).toEqual(['5'])
        return outcome
      }
      expect([await heard(), await heard('1235'), await heard(''), await heard('*#')]).toEqual([
        'interrupted',
        'interrupted',
        'finished',
        'finished',
      ])
    })

    test('collects digits from the first moment on', async () => {
      const { numbers, answered, give, result, prompt, of } = await start()
      const collected = async (to: string, changes: Partial<Extract<Command, { kind: 'collect' }>>) => {
        const callId = await answered(to)
        await give(callId, { id: 'c', kind: 'collect', media: [prompt], ...ONE_DIGIT, ...changes })
        const { outcome, digits } = (await result(callId, 'c')) as Extract<CallEvent, { type: 'collected' }>
        return [outcome, digits, of(callId, 'keypress').length]
      }
      expect(await collected(numbers.pressesFive, {})).toEqual(['complete', '5', 1])
      expect(await collected(numbers.pressesFive, { maxDigits: 2 })).toEqual(['timeout', '5', 1])
      expect(await collected(numbers.pressesFive, { maxDigits: 2, terminators: '#5' })).toEqual(['terminated', '', 1])
      expect(await collected(numbers.silent, {})).toEqual(['timeout', '', 0])
      expect(await collected(numbers.silent, { media: [] })).toEqual(['timeout', '', 0])
    })

    test('stops what is asked to stop, and what something else takes the place of', async () => {
      const { numbers, answered, give, result, prompt, long } = await start()
      const callId = await answered(numbers.silent)
      await give(callId, { id: 'a', kind: 'play', media: [long] })
      await give(callId, { id: 's0', kind: 'stop', target: 'never-given' })
      await give(callId, { id: 's1', kind: 'stop', target: 'a' })
      expect(await result(callId, 'a')).toMatchObject({ type: 'playback', outcome: 'stopped' })
      await give(callId, { id: 'b', kind: 'play', media: [long] })
      await give(callId, { id: 'c', kind: 'collect', media: [long], ...ONE_DIGIT })
      expect(await result(callId, 'b')).toMatchObject({ outcome: 'stopped' })
      await give(callId, { id: 'd', kind: 'play', media: [prompt] })
      expect(await result(callId, 'c')).toMatchObject({ type: 'collected', outcome: 'stopped' })
      expect(await result(callId, 'd')).toMatchObject({ outcome: 'finished' })
    })

    test('records what is said, for whoever asks, until it is discarded', async () => {
      const { telephony, other, numbers, answered, give, result, first } = await start()
      const callId = await answered(numbers.silent)
      await give(callId, { id: 'r1', kind: 'record', maxDurationMs: 1_000, terminateOn: '#' })
      expect(await result(callId, 'r1')).toMatchObject({ type: 'recorded', outcome: 'max_duration' })
      await give(callId, { id: 'r2', kind: 'record', maxDurationMs: 60_000 })
      await give(callId, { id: 's', kind: 'stop', target: 'r2' })
      expect(await result(callId, 'r2')).toMatchObject({ type: 'recorded', outcome: 'stopped' })
      await give(callId, { id: 'r3', kind: 'record', maxDurationMs: 60_000 })
      await give(callId, hangUp)
      expect(await result(callId, 'r3')).toMatchObject({ outcome: 'hung_up' })
      await first(callId, 'ended')
      for (const client of [telephony, other]) {
        const wave = Buffer.from((await client.recording(callId, 'r1'))!)
        expect(wave.toString('latin1', 0, 4) + wave.toString('latin1', 8, 12)).toBe('RIFFWAVE')
        expect([wave.readUInt16LE(22), wave.readUInt32LE(24), wave.readUInt16LE(34)]).toEqual([1, 8_000, 16])
        // A second and the time that a busy machine takes to stop.
        expect(Math.abs(wave.length - 16_000)).toBeLessThan(8_000)
      }
      expect(await telephony.recording(callId, 'r3')).toBeDefined()
      await telephony.discardRecording(callId, 'r1')
      await telephony.discardRecording(callId, 'r1')
      await telephony.discardRecording(randomUUID(), 'r1')
      expect(await other.recording(callId, 'r1')).toBeUndefined()
      expect(await other.recording(callId, 'r2')).toBeDefined()
      expect(await telephony.recording(callId, 'never')).toBeUndefined()
    })

    test('tells how long what it keeps of a recording is, and keeps no silence that ended it', async () => {
      const { telephony, numbers, answered, give, result } = await start()
      const recorded = async (to: string, maxSilenceMs: number) => {
        const callId = await answered(to)
        await give(callId, { id: 'r', kind: 'record', maxDurationMs: 30_000, maxSilenceMs, terminateOn: '#' })
        const { outcome, durationMs } = (await result(callId, 'r')) as Extract<CallEvent, { type: 'recorded' }>
        const kept = ((await telephony.recording(callId, 'r'))!.length - 44) / 16
        expect(Math.abs(kept - durationMs)).toBeLessThan(500)
        expect(durationMs).toBeGreaterThan(1_000)
        return { outcome, durationMs }
      }
      const silence = await recorded(numbers.says, 4_000)
      expect(silence.outcome).toBe('silence')
      expect(silence.durationMs).toBeLessThan(4_500)
      const key = await recorded(numbers.saysAndPresses, 10_000)
      expect(key.outcome).toBe('terminated')
      expect(key.durationMs).toBeLessThan(5_500)
    })

    test('a command that is repeated is not done twice, and tells its result again', async () => {
      const { numbers, answered, give, result, of, until, long, other } = await start()
      const callId = await answered(numbers.silent)
      const play: Command = { id: 'p', kind: 'play', media: [long] }
      await give(callId, play)
      await give(callId, play)
      expect(await other.command(callId, play)).toEqual({ outcome: 'accepted' })
      const told = await result(callId, 'p')
      expect(told).toMatchObject({ outcome: 'finished' })
      expect(of(callId, 'playback')).toHaveLength(1)
      await give(callId, play)
      await until(() => of(callId, 'playback').length > 1, 'the result again')
      expect(of(callId, 'playback')[1]).toMatchObject({ commandId: 'p', outcome: 'finished' })
    })

    test('a hang-up of the person ends the call as answered', async () => {
      const { numbers, answered, give, first, prompt, of } = await start()
      const callId = await answered(numbers.hangsUp)
      await give(callId, { id: 'p', kind: 'play', media: [prompt, prompt] })
      expect(await first(callId, 'ended')).toMatchObject({ cause: 'answered' })
      expect(of(callId, 'playback').filter(({ outcome }) => outcome === 'finished')).toEqual([])
    })

    test('who takes a seat hears of its calls and goes on with them, and nobody else does', async () => {
      const { other, numbers, answered, give, until, events, long } = await start()
      const callId = await answered(numbers.silent)
      const collect: Command = { id: 'c', kind: 'collect', media: [long], ...ONE_DIGIT }
      await give(callId, collect)
      const heard: CallEvent[] = []
      const elsewhere: CallEvent[] = []
      let replaced = 0
      const listener: Listener = { event: (event) => void heard.push(event), replaced: () => void replaced++ }
      const first = await other.listen(SEAT, listener)
      await other.listen(`${SEAT}-other`, { event: (event) => void elsewhere.push(event) })
      const before = events.length
      expect(await other.reconcile([callId])).toMatchObject([{ state: 'in_progress', stage: 'answered', seat: SEAT }])
      // The collection went with the process that had it; asked for again, it begins anew.
      expect(await other.command(callId, collect)).toEqual({ outcome: 'accepted' })
      await until(() => heard.some(({ type }) => type === 'collected'), 'the collection to end')
      expect(await other.command(callId, hangUp)).toEqual({ outcome: 'accepted' })
      await until(() => heard.some(({ type }) => type === 'ended'), 'the end of the call')
      expect([events.length, elsewhere, replaced]).toEqual([before, [], 0])
      await first.close()
    })

    test('tells the listener that another has taken the seat', async () => {
      const { telephony, other, until } = await start()
      let [connected, replaced] = [0, 0]
      const listener = { event() {}, connected: () => void connected++, replaced: () => void replaced++ }
      await telephony.listen('seat', listener)
      await other.listen('seat', { event() {} })
      await until(() => replaced > 0, 'word that the seat is taken')
      expect([connected, replaced]).toEqual([1, 1])
    })
  })
}

const LIMITS = { ringTimeoutMs: 120_000, maxDurationMs: 600_000 }
const ONE_DIGIT = { maxDigits: 1, firstDigitTimeoutMs: 2_000, interDigitTimeoutMs: 1_000 }
