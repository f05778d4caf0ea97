import { type NetworkCodes, normaliseCause } from '../causes.ts'
import { DigitCollector } from '../collector.ts'
import {
  type ActiveCall,
  type CallEvent,
  type CallReport,
  type CollectOutcome,
  type Command,
  type CommandResult,
  DIGITS,
  type DialRequest,
  type DialResult,
  isE164,
  type Media,
  type Stage,
} from '../telephony.ts'
import { arrivals, commandFault, dialFault, type Faults } from './faults.ts'
import { LedgerBook, type LedgerEntry } from './ledger.ts'
import { type Behaviour, behaviour, type Population } from './population.ts'
import { type Due, Timeline } from './timeline.ts'
import { recordedVoice, waveDuration } from './wave.ts'

export interface ExchangeOptions {
  people: Population
  faults: Faults
  lines: number
  /** Told of everything that happens, as it does, before anybody else is. */
  onEntry?: (entry: LedgerEntry) => void
  /** What an earlier life of this exchange left. */
  history?: readonly LedgerEntry[]
  /** How many calls each number has had that are not in `history`. */
  calledBefore?: (number: string) => number
  /** An event has arrived for whoever listens to the seat. */
  publish: (seat: string, event: CallEvent) => void
  /** Ended calls that are remembered; the oldest are forgotten first. */
  remembered?: number
}

type Doing = Extract<Command, { kind: 'play' | 'collect' | 'record' }>
type News<Type extends CallEvent['type'] = CallEvent['type']> = Type extends unknown
  ? Omit<Extract<CallEvent, { type: Type }>, 'eventId' | 'callId' | 'at'>
  : never
type Recorded = Extract<CallEvent, { type: 'recorded' }>['outcome']

interface Task {
  command: Doing
  startedAt: number
  /** The end of what is played, or of the recording; for `collect` also of waiting. */
  due: Due | undefined
  /** Of `collect`. */
  collector?: DigitCollector
}

interface LiveCall extends DialRequest {
  nth: number
  person: Behaviour
  stage: Stage
  rang: boolean
  answeredAt: number | undefined
  /** Everything planned that ends with the call. */
  planned: Set<Due>
  patience: Due | undefined
  /** What the person is about to press, in reply to the latest prompt. */
  replies: Due[]
  /** By command: which prompt it was, from 0. */
  prompts: Map<string, number>
  task: Task | undefined
  /** By id: the event that told the result, once there is one. */
  commands: Map<string, CallEvent | undefined>
  sequence: number
  /** Commands that arrived or were to arrive. */
  sendings: number
}

const BETWEEN_DIGITS_MS = 300
const RETRY_AFTER_MS = 1_000
/** What the network says of those it cannot reach, as Asterisk reports it. */
const REFUSALS: Partial<Record<Behaviour['outcome'], NetworkCodes>> = {
  busy: { q850: 17, sip: 486 },
  unreachable: { q850: 19, sip: 480 },
  unknown_number: { q850: 1, sip: 404 },
  fault: { q850: 38, sip: 500 },
}
/** Of what is at a URL, when the command does not say. */
const ASSUMED_DURATION_MS = 4_000

/**
 * The simulated telephone network: lines, calls, and the people at the other end. Knows no clock and no process: it is
 * told the instant (milliseconds since the epoch) with each request, and whoever drives it runs what is due. What people
 * do is `behaviour`; what goes wrong on the way to the listener is `faults`.
 */
export class Exchange {
  readonly #options: ExchangeOptions
  readonly #timeline = new Timeline()
  readonly #live = new Map<string, LiveCall>()
  readonly #book = new LedgerBook()
  readonly #dialRequests = new Map<string, number>()
  #repeats = 0

  constructor(options: ExchangeOptions) {
    this.#options = options
    for (const entry of options.history ?? []) this.#book.add(entry)
  }

  /** When something is due next. */
  nextDue(): number | undefined {
    return this.#timeline.next()
  }

  /** Does the one next thing that is due at `now` or before; says whether there was one. */
  runOne(now: number): boolean {
    return this.#timeline.runOne(now)
  }

  /** Does all that is due at `now` or before. */
  runDue(now: number): void {
    while (this.#timeline.runOne(now));
  }

  /** What goes wrong with the next dial request for a number: for whoever carries it. */
  nextDialFault(number: string): ReturnType<typeof dialFault> {
    const nth = this.#dialRequests.get(number) ?? 0
    this.#dialRequests.set(number, nth + 1)
    return dialFault(this.#options.faults, number, nth)
  }

  /** The same for the next command to a call. */
  nextCommandFault(callId: string, commandId: string): ReturnType<typeof commandFault> {
    const call = this.#live.get(callId)
    if (!call) return undefined
    return commandFault(this.#options.faults, call.to, call.nth, commandId, call.sendings++)
  }

  /** How many calls the number has had. */
  timesCalled(number: string): number {
    return this.#book.timesCalled(number) + (this.#options.calledBefore?.(number) ?? 0)
  }

  /** Every call ever taken, in order. */
  calls() {
    return [...this.#book.calls.values()]
  }

  dial(request: DialRequest, now: number): DialResult {
    const { callId, seat, to, from } = request
    const entry = { at: now, what: 'dial', callId, seat, to, from } as const
    if (this.#book.calls.has(callId)) {
      this.#write({ ...entry, result: 'duplicate' })
      return { outcome: 'refused', reason: 'duplicate', detail: 'This id was dialled before.' }
    }
    if (!isE164(to)) {
      this.#write({ ...entry, result: 'invalid_number' })
      return { outcome: 'refused', reason: 'invalid_number', detail: 'The number is not E.164.' }
    }
    if (this.#live.size >= this.#options.lines) {
      this.#write({ ...entry, result: 'congested' })
      return { outcome: 'refused', reason: 'congested', detail: 'No line is free.', retryAfterMs: RETRY_AFTER_MS }
    }
    const nth = this.timesCalled(to)
    this.#write({ ...entry, nth, result: 'accepted' })
    const person = behaviour(this.#options.people, to, nth)
    const call: LiveCall = {
      ...request,
      nth,
      person,
      stage: 'dialling',
      rang: false,
      answeredAt: undefined,
      planned: new Set(),
      patience: undefined,
      replies: [],
      prompts: new Map(),
      task: undefined,
      commands: new Map(),
      sequence: 0,
      sendings: 0,
    }
    this.#live.set(callId, call)
    this.#plan(call, now + request.ringTimeoutMs, (at) => {
      if (call.stage !== 'answered') this.#end(call, at, { q850: 19, sip: 480 })
    })
    this.#plan(call, now + person.setUpMs, (at) => this.#setUp(call, at))
    return { outcome: 'accepted' }
  }

  command(callId: string, command: Command, now: number): CommandResult {
    const call = this.#live.get(callId)
    if (!call) return { outcome: 'gone' }
    if (command.kind !== 'hangUp' && call.stage !== 'answered') return { outcome: 'not_answered' }
    if (call.commands.has(command.id)) {
      const told = call.commands.get(command.id)
      if (told) this.#send(call, told, now, `again ${this.#repeats++}`)
      return { outcome: 'accepted' }
    }
    call.commands.set(command.id, undefined)
    this.#write({ at: now, what: 'command', callId, commandId: command.id, kind: command.kind })
    switch (command.kind) {
      case 'hangUp':
        this.#end(call, now, call.stage === 'answered' ? { q850: 16, sip: 200 } : { q850: 16, sip: 487 }, true)
        break
      case 'stop':
        if (call.task?.command.id === command.target) this.#finish(call, now, 'stopped')
        break
      default:
        this.#begin(call, command, now)
    }
    return { outcome: 'accepted' }
  }

  /** Undefined for an id that was never taken. */
  report(callId: string): CallReport | undefined {
    const live = this.#live.get(callId)
    if (live) {
      const { stage, seat, answeredAt } = live
      return { callId, state: 'in_progress', stage, seat, answeredAt: dateOf(answeredAt) }
    }
    const call = this.#book.calls.get(callId)
    if (!call || call.endedAt === undefined || !call.cause) return undefined
    const { cause, answeredAt, endedAt, q850, sip } = call
    return {
      callId,
      state: 'ended',
      cause,
      answeredAt: dateOf(answeredAt),
      endedAt: new Date(endedAt),
      codes: codesOf(q850, sip),
    }
  }

  active(): ActiveCall[] {
    return [...this.#live.values()].map(({ callId, seat, to, stage }) => ({ callId, seat, to, stage }))
  }

  recording(callId: string, commandId: string): Uint8Array | undefined {
    const call = this.#book.calls.get(callId)
    const found = call?.recordings.find((one) => one.commandId === commandId)
    return call && found && recordedVoice(call.to, found.durationMs, found.speaksMs)
  }

  discardRecording(callId: string, commandId: string, now: number): void {
    this.#write({ at: now, what: 'discarded', callId, commandId })
  }

  /** Somebody else listens to the seat now: collecting was the business of the one before. What is played goes on. */
  forgetCollects(seat: string): void {
    for (const call of this.#live.values()) {
      if (call.seat !== seat || call.task?.command.kind !== 'collect') continue
      call.task.due?.cancel()
      call.commands.delete(call.task.command.id)
      call.task = undefined
    }
  }

  #setUp(call: LiveCall, at: number): void {
    const refusal = REFUSALS[call.person.outcome]
    if (refusal) {
      this.#end(call, at, refusal)
      return
    }
    call.stage = 'ringing'
    call.rang = true
    this.#write({ at, what: 'ringing', callId: call.callId })
    this.#tell(call, at, { type: 'ringing' })
    if (call.person.outcome === 'rings_out') return
    this.#plan(call, at + call.person.ringMs, (then) => {
      if (call.person.outcome === 'declines') this.#end(call, then, { q850: 21, sip: 603 })
      else this.#answer(call, then)
    })
  }

  #answer(call: LiveCall, at: number): void {
    call.stage = 'answered'
    call.answeredAt = at
    this.#write({ at, what: 'answered', callId: call.callId })
    this.#plan(call, at + call.maxDurationMs, (then) => this.#end(call, then, { q850: 16, sip: 200 }))
    const { dropsAfterMs } = call.person
    if (dropsAfterMs !== undefined) this.#plan(call, at + dropsAfterMs, (then) => this.#end(call, then, { q850: 41 }))
    this.#waitPatiently(call, at)
    this.#tell(call, at, { type: 'answered' })
  }

  #begin(call: LiveCall, command: Doing, now: number): void {
    this.#finish(call, now, 'stopped')
    const task: Task = { command, startedAt: now, due: undefined }
    call.task = task
    this.#waitPatiently(call, now)
    if (command.kind === 'record') this.#record(call, task, command, now)
    else this.#play(call, task, command, now)
  }

  #play(call: LiveCall, task: Task, command: Exclude<Doing, { kind: 'record' }>, now: number): void {
    if (command.kind === 'collect') task.collector = new DigitCollector(command)
    const { ms, fails } = durationOf(command.media)
    task.due = this.#plan(call, now + ms, (at) => {
      if (fails) this.#finish(call, at, 'failed')
      else if (!task.collector) this.#finish(call, at, 'finished')
      else {
        task.collector.played(at)
        this.#awaitDigits(call, task)
      }
    })
    if (command.media.length > 0) this.#hear(call, command.id, now)
  }

  /** The person hears a prompt, for the first time or again, and will do what this person does. */
  #hear(call: LiveCall, commandId: string, now: number): void {
    for (const reply of call.replies) reply.cancel()
    const prompt = call.prompts.get(commandId) ?? call.prompts.size
    call.prompts.set(commandId, prompt)
    const { hangsUp, replies, goesOn } = call.person
    if (hangsUp?.prompt === prompt) {
      this.#plan(call, now + hangsUp.afterMs, (at) => this.#end(call, at, { q850: 16, sip: 200 }))
    }
    const reply = goesOn && prompt >= replies.length ? replies.at(-1) : replies[prompt]
    call.replies = [...(reply?.digits ?? '')].map((digit, n) =>
      this.#plan(call, now + reply!.afterMs + n * BETWEEN_DIGITS_MS, (at) => this.#press(call, digit, at)),
    )
  }

  #record(call: LiveCall, task: Task, command: Extract<Doing, { kind: 'record' }>, now: number): void {
    const { speaksMs, endsRecordingWith } = call.person
    const silent = command.maxSilenceMs === undefined ? Number.POSITIVE_INFINITY : speaksMs + command.maxSilenceMs
    const outcome = silent < command.maxDurationMs ? 'silence' : 'max_duration'
    task.due = this.#plan(call, now + Math.min(silent, command.maxDurationMs), (at) => this.#finish(call, at, outcome))
    if (endsRecordingWith && speaksMs < command.maxDurationMs) {
      this.#plan(call, now + speaksMs, (at) => {
        if (call.task === task) this.#press(call, endsRecordingWith, at)
      })
    }
  }

  #press(call: LiveCall, digit: string, at: number): void {
    this.#write({ at, what: 'keypress', callId: call.callId, digit })
    this.#tell(call, at, { type: 'keypress', digit })
    this.#waitPatiently(call, at)
    const { task } = call
    if (!task) return
    const { command } = task
    if (command.kind === 'play' && (command.interruptedBy ?? DIGITS).includes(digit)) {
      this.#finish(call, at, 'interrupted')
    }
    if (command.kind === 'record' && (command.terminateOn === 'any' || command.terminateOn === digit)) {
      this.#finish(call, at, 'terminated')
    }
    if (task.collector) {
      const outcome = task.collector.press(digit, at)
      if (outcome) this.#finish(call, at, outcome)
      else this.#awaitDigits(call, task)
    }
  }

  #awaitDigits(call: LiveCall, task: Task): void {
    task.due?.cancel()
    task.due = this.#plan(call, task.collector!.deadline!, (at) => this.#finish(call, at, 'timeout'))
  }

  /** The task under way is over, and its result is told. */
  #finish(call: LiveCall, at: number, outcome: string): void {
    const { task } = call
    if (!task) return
    call.task = undefined
    task.due?.cancel()
    const { id: commandId } = task.command
    let news: News
    if (task.command.kind === 'record') {
      // As Asterisk does, it cuts off the silence that ended a recording.
      const cut = outcome === 'silence' ? (task.command.maxSilenceMs ?? 0) : 0
      const durationMs = Math.max(0, at - task.startedAt - cut)
      const speaksMs = Math.min(durationMs, call.person.speaksMs)
      this.#write({ at, what: 'recorded', callId: call.callId, commandId, durationMs, speaksMs })
      news = { type: 'recorded', commandId, outcome: outcome as Recorded, durationMs }
    } else if (task.command.kind === 'collect') {
      news = { type: 'collected', commandId, outcome: outcome as CollectOutcome, digits: task.collector!.digits }
    } else {
      news = { type: 'playback', commandId, outcome: outcome as News<'playback'>['outcome'] }
    }
    call.commands.set(commandId, this.#tell(call, at, news))
    this.#waitPatiently(call, at)
  }

  /** Nobody stays on the line for ever when nothing happens. */
  #waitPatiently(call: LiveCall, now: number): void {
    call.patience?.cancel()
    if (call.task) return
    call.patience = this.#plan(call, now + call.person.patienceMs, (at) => this.#end(call, at, { q850: 16, sip: 200 }))
  }

  #end(call: LiveCall, at: number, codes: NetworkCodes, byUs = false): void {
    const { callId, answeredAt, rang } = call
    if (call.task?.command.kind === 'record') this.#finish(call, at, 'hung_up')
    call.task = undefined
    for (const due of call.planned) due.cancel()
    this.#live.delete(callId)
    const answered = answeredAt !== undefined
    const cause = normaliseCause({ answered, rang, cancelled: byUs && !answered, codes })
    this.#write({ at, what: 'ended', callId, cause, ...codes })
    this.#tell(call, at, {
      type: 'ended',
      cause,
      answeredAt: dateOf(answeredAt),
      endedAt: new Date(at),
      codes,
    })
    const { remembered = Number.POSITIVE_INFINITY } = this.#options
    for (const id of this.#book.calls.keys()) {
      if (this.#book.calls.size <= remembered) break
      if (!this.#live.has(id)) this.#book.calls.delete(id)
    }
  }

  #tell(call: LiveCall, at: number, news: News): CallEvent {
    const sequence = ++call.sequence
    const event = { eventId: `${call.callId}/${sequence}`, callId: call.callId, at: new Date(at), ...news } as CallEvent
    this.#send(call, event, at, sequence)
    return event
  }

  /** Hands an event to what lies between here and the listener. `name`: what this sending is called among the call's. */
  #send(call: LiveCall, event: CallEvent, now: number, name: string | number): void {
    for (const delayMs of arrivals(this.#options.faults, call.to, call.nth, name)) {
      this.#timeline.plan(now + delayMs, () => this.#options.publish(call.seat, event))
    }
  }

  #plan(call: LiveCall, at: number, run: (at: number) => void): Due {
    const due = this.#timeline.plan(at, () => {
      call.planned.delete(due)
      run(at)
    })
    call.planned.add(due)
    return due
  }

  #write(entry: LedgerEntry): void {
    this.#options.onEntry?.(entry)
    this.#book.add(entry)
  }
}

/** How long it plays, and whether it breaks off there because the rest cannot be played. */
function durationOf(media: readonly Media[]): { ms: number; fails: boolean } {
  let ms = 0
  for (const item of media) {
    const duration =
      item.durationMs ??
      (item.kind === 'file' ? waveDuration(item.path) : item.kind === 'url' ? ASSUMED_DURATION_MS : 0)
    if (duration === undefined) return { ms, fails: true }
    ms += duration
  }
  return { ms, fails: false }
}

function dateOf(at: number | undefined): Date | undefined {
  return at === undefined ? undefined : new Date(at)
}

function codesOf(q850: number | undefined, sip: number | undefined): NetworkCodes {
  return { ...(q850 === undefined ? {} : { q850 }), ...(sip === undefined ? {} : { sip }) }
}
