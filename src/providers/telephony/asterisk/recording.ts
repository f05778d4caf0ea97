import type { CommandResult } from '../telephony.ts'
import type { Activity, ActivityDeps, RecordCommand, RecordingOutcome } from './activity.ts'
import { ACCEPTED, resultOf } from './channel.ts'

const BEEP_MS = 200
const WAV_HEADER = 44
const WAV_BYTES_PER_MS = 16

/** A `record` under way, or told to stop and not yet said to be over. */
export class Recording implements Activity {
  readonly command: RecordCommand
  readonly #deps: ActivityDeps
  #isBegun: boolean
  /** By Asterisk's clock. Undefined before it begins, and when that was not heard. */
  #startedAt: number | undefined
  #ends: RecordingOutcome | undefined
  #timer: NodeJS.Timeout | undefined
  /** Asked for once more after the call was in a bridge. */
  #again: boolean

  /** @param isUnderWay another process has begun it: when, nobody here has heard */
  constructor(command: RecordCommand, deps: ActivityDeps, isUnderWay = false) {
    this.command = command
    this.#deps = deps
    this.#isBegun = isUnderWay
    this.#again = isUnderWay
  }

  begin(): Promise<CommandResult> {
    return this.command.beep ? this.#beepFirst() : this.#start()
  }

  presses(digit: string): void {
    const { terminateOn } = this.command
    if (terminateOn === 'any' || terminateOn === digit) this.#ends ??= 'terminated'
  }

  /** It is over when Asterisk says so. */
  stop(): void {
    const { channel, quietly, recorded } = this.#deps
    const { id, beep } = this.command
    this.#ends = 'stopped'
    this.rest()
    if (beep && !this.#isBegun) quietly(channel.stopBeep(id))
    quietly(
      channel.stopRecording(id).then((answer) => {
        // It had not begun.
        if (answer.status === 404 && !this.#isBegun) recorded(id, 'stopped', 0)
      }),
    )
  }

  async recover(): Promise<void> {
    const { channel, isUnderWay, tellFound } = this.#deps
    if (await channel.isRecording(this.command.id)) return
    if (isUnderWay(this)) await tellFound(this.command.id)
  }

  rest(): void {
    clearTimeout(this.#timer)
  }

  // What Asterisk tells of it.

  starts(at: Date): void {
    const { channel, quietly } = this.#deps
    this.#isBegun = true
    this.#startedAt = at.getTime()
    if (this.#ends) return
    this.#timer = setTimeout(() => {
      this.#ends ??= 'max_duration'
      quietly(channel.stopRecording(this.command.id))
    }, this.command.maxDurationMs)
  }

  ends(at: Date): void {
    const { isHangingUp, quietly, recorded } = this.#deps
    const { id, maxDurationMs, maxSilenceMs } = this.command
    this.rest()
    const byItself = maxSilenceMs === undefined ? 'hung_up' : 'silence'
    const outcome = isHangingUp() ? 'hung_up' : (this.#ends ?? byItself)
    if (this.#startedAt === undefined) {
      // Nobody here has stopped it at its longest: Asterisk does that as well.
      const told = (durationMs: number) =>
        outcome === byItself && durationMs >= maxDurationMs ? 'max_duration' : outcome
      quietly(this.#measured(told, at))
      return
    }
    const lasted = at.getTime() - this.#startedAt
    // Asterisk cuts off the silence that ended it.
    const cut = outcome === 'silence' ? 1_000 * secondsOf(maxSilenceMs ?? 0) : 0
    recorded(id, outcome, Math.max(0, lasted - cut), at)
  }

  fails(cause: string, at: Date): void {
    const { channel, quietly, recorded } = this.#deps
    if (cause.includes('in bridge') && !this.#again) {
      this.#again = true
      quietly(channel.leaveBridge().then(() => this.#start()))
      return
    }
    recorded(this.command.id, 'failed', 0, at)
  }

  /** Tells of it by what was kept, which is all that is known of how long it was. */
  async #measured(told: (durationMs: number) => RecordingOutcome, at: Date): Promise<void> {
    const { forget, recorded, tellFound } = this.#deps
    try {
      if (!(await tellFound(this.command.id, told, at))) recorded(this.command.id, 'failed', 0, at)
    } catch (error) {
      forget(this)
      throw error
    }
  }

  async #beepFirst(): Promise<CommandResult> {
    const { channel, isUnderWay, quietly } = this.#deps
    const { id } = this.command
    const result = resultOf(await channel.beep(id))
    if (result.outcome !== 'accepted') return result
    this.#timer = setTimeout(() => {
      quietly(channel.stopBeep(id))
      if (isUnderWay(this)) quietly(this.#start())
    }, BEEP_MS)
    return ACCEPTED
  }

  async #start(): Promise<CommandResult> {
    const { channel, isUnderWay, recorded } = this.#deps
    const { id, maxDurationMs, maxSilenceMs, terminateOn = 'none' } = this.command
    const answer = await channel.record(id, {
      // Its own clock is half a second late: it only stands in for ours when this process dies.
      maxDurationSeconds: Math.ceil(maxDurationMs / 1_000) + 1,
      maxSilenceSeconds: maxSilenceMs === undefined ? 0 : secondsOf(maxSilenceMs),
      terminateOn,
    })
    if (answer.status === 409 && answer.bytes.includes('already exists')) return ACCEPTED
    const result = resultOf(answer)
    if (result.outcome !== 'unknown') return result
    if (isUnderWay(this)) recorded(id, 'failed', 0)
    return ACCEPTED
  }
}

/** Of a recording whose beginning and end nobody here heard. */
export function durationOf(wav: Buffer): number {
  return Math.max(0, Math.round((wav.length - WAV_HEADER) / WAV_BYTES_PER_MS))
}

/** Silence is measured in whole seconds. */
function secondsOf(ms: number): number {
  return Math.max(1, Math.round(ms / 1_000))
}
