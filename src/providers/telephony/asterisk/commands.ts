import type { CallEvent, Command, CommandResult, Stage } from '../telephony.ts'
import type { Activity, ActivityDeps, RecordingOutcome } from './activity.ts'
import type { AriPlayback, AriRecording } from './ari-types.ts'
import { ACCEPTED, type Channel, GONE, NOT_ANSWERED } from './channel.ts'
import { Collecting } from './collecting.ts'
import { readNote, stopNoted, writeNote } from './note.ts'
import { partsOf } from './parts.ts'
import { Playing } from './playing.ts'
import { durationOf, Recording } from './recording.ts'
import type { Sound } from './sound.ts'
import { takeOver } from './taking-over.ts'
import { eventOf, type Told } from './told.ts'

export interface CommandsOptions {
  channel: Channel
  /** Milliseconds by Asterisk's clock, as far as it is known. */
  now(): number
  quietly(work: Promise<unknown>): void
  publish(event: CallEvent): void
  /** The call, as it is at this moment. */
  call: Readonly<{ stage: Stage; isOver: boolean; isHangingUp: boolean }>
}

/**
 * What one call is told to do, one thing at a time, and what Asterisk tells of it. Knows of commands of other processes
 * only by the channel's note.
 */
export class Commands {
  /** Whether every command so far was given by this process. */
  isSole: boolean
  /** Resolves when the answered call can be commanded. */
  ready: Promise<void> = Promise.resolve()
  readonly #options: CommandsOptions
  readonly #deps: ActivityDeps
  readonly #channel: Channel
  #doing: Playing | Collecting | Recording | undefined
  /** Told already, to be told again. */
  readonly #results = new Map<string, CallEvent>()
  /** Recordings that were told to stop, by command, until Asterisk says that they are over. */
  readonly #stopping = new Map<string, Recording>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: CommandsOptions, isSole: boolean) {
    const { channel, now, quietly, call } = options
    this.isSole = isSole
    this.#options = options
    this.#channel = channel
    this.#deps = {
      ...{ channel, now, quietly },
      isHangingUp: () => call.isHangingUp,
      isUnderWay: (activity) => this.#doing === activity,
      finished: (activity, told, at) => this.#finished(activity, told, at),
      recorded: (...recording) => this.#recorded(...recording),
      tellFound: (...found) => this.#tellFound(...found),
      forget: (activity) => {
        if (this.#doing === activity) this.#forget()
      },
    }
  }

  /** One after the other. Rejects with AriUnreachableError. */
  give(command: Exclude<Command, { kind: 'hangUp' }>): Promise<CommandResult> {
    const obeyed = this.#queue.then(() => this.#obey(command))
    this.#queue = obeyed.catch(() => {})
    return obeyed
  }

  /** After events may have been lost: looks whether what is under way still is. */
  async recover(): Promise<void> {
    await this.#doing?.recover()
  }

  /** The call has ended: nothing more happens by itself. */
  over(): void {
    this.#doing?.rest()
    this.#doing = undefined
    for (const recording of this.#stopping.values()) recording.rest()
  }

  // What Asterisk tells.

  presses(digit: string, at: Date): void {
    this.#doing?.presses(digit, at)
  }

  playbackStarts(id: string, at: Date): void {
    this.#soundOf(id)?.starts(at)
  }

  playbackContinues(id: string, at: Date): void {
    this.#soundOf(id)?.continues(at)
  }

  playbackFinishes(playback: AriPlayback, at: Date): void {
    this.#soundOf(playback.id)?.finishes(playback, at)
  }

  recordingStarts(commandId: string, at: Date): void {
    this.#recordingOf(commandId)?.starts(at)
  }

  recordingEnds(commandId: string, at: Date): void {
    const recording = this.#recordingOf(commandId)
    if (recording) recording.ends(at)
    // Of a command of another process.
    else if (!this.#results.has(commandId)) this.#options.quietly(this.#tellFound(commandId))
  }

  recordingFails({ cause = '' }: AriRecording, commandId: string, at: Date): void {
    this.#recordingOf(commandId)?.fails(cause, at)
  }

  #soundOf(id: string): Sound | undefined {
    const doing = this.#doing
    return doing && 'sound' in doing && doing.sound.isOf(id) ? doing.sound : undefined
  }

  #recordingOf(commandId: string): Recording | undefined {
    const doing = this.#doing
    if (doing instanceof Recording && doing.command.id === commandId) return doing
    return this.#stopping.get(commandId)
  }

  // Obeying.

  async #obey(command: Exclude<Command, { kind: 'hangUp' }>): Promise<CommandResult> {
    const { call, publish } = this.#options
    if (call.isOver) return GONE
    if (call.stage !== 'answered') return NOT_ANSWERED
    if (!this.isSole) await this.ready
    if (command.kind === 'stop') return this.#stop(command.target)
    const told = this.#results.get(command.id)
    if (told) {
      publish(told)
      return ACCEPTED
    }
    if (this.#doing?.command.id === command.id) return ACCEPTED
    const found = this.isSole ? undefined : await takeOver(command, this.#deps)
    if (found) {
      const { result, doing } = found
      if (doing) this.#doing = doing
      if (found.told) this.#tell(command.id, found.told)
      // What is under way is known here from now on.
      this.isSole = result.outcome === 'accepted'
      return result
    }
    this.#supersede()
    try {
      return await this.#begin(command)
    } catch (error) {
      // It may have arrived: whoever repeats it looks first.
      this.#forget()
      throw error
    }
  }

  async #begin(command: Activity['command']): Promise<CommandResult> {
    const { id, kind } = command
    const attempt = this.isSole ? '0' : Math.random().toString(36).slice(2, 6)
    const parts = kind === 'record' ? 0 : partsOf(command.media).length
    const [noted] = await Promise.all([writeNote(this.#channel, { id, kind, attempt, parts }), this.ready])
    if (this.#options.call.isOver) return GONE
    if (noted.outcome !== 'accepted') return noted
    this.isSole = true
    if (kind === 'record') this.#doing = new Recording(command, this.#deps)
    else if (kind === 'collect') this.#doing = new Collecting(command, attempt, this.#deps)
    else this.#doing = new Playing(command, attempt, this.#deps)
    return this.#doing.begin()
  }

  async #stop(target: string): Promise<CommandResult> {
    if (this.#doing?.command.id === target) this.#supersede()
    else if (!this.isSole) {
      const note = await readNote(this.#channel)
      if (note === undefined) return GONE
      if (note.id === target) await stopNoted(this.#channel, note, this.#options.quietly)
    }
    return ACCEPTED
  }

  #supersede(): void {
    const doing = this.#doing
    if (doing instanceof Recording) {
      this.#doing = undefined
      this.#stopping.set(doing.command.id, doing)
    }
    doing?.stop()
  }

  #forget(): void {
    this.#doing?.rest()
    this.#doing = undefined
    this.isSole = false
  }

  // Results.

  #finished(activity: Activity, told: Told, at?: Date): void {
    if (this.#doing !== activity) return
    this.#doing = undefined
    this.#tell(activity.command.id, told, at)
  }

  #recorded(commandId: string, outcome: RecordingOutcome, durationMs: number, at?: Date): void {
    if (this.#doing?.command.id === commandId) this.#doing = undefined
    this.#stopping.delete(commandId)
    this.#tell(commandId, { type: 'recorded', commandId, outcome, durationMs }, at)
  }

  async #tellFound(...[commandId, outcome, at]: Parameters<ActivityDeps['tellFound']>): Promise<boolean> {
    const wav = await this.#channel.recorded(commandId)
    if (!wav) return false
    const durationMs = durationOf(wav)
    const ended = outcome?.(durationMs) ?? (this.#options.call.isHangingUp ? 'hung_up' : 'stopped')
    this.#recorded(commandId, ended, durationMs, at)
    return true
  }

  #tell(commandId: string, told: Told, at = new Date(this.#options.now())): void {
    const event = eventOf(this.#channel.id, commandId, at, told)
    this.#results.set(commandId, event)
    this.#options.publish(event)
  }
}
