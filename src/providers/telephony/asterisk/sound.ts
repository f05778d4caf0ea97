import type { CommandResult } from '../telephony.ts'
import type { AriPlayback } from './ari-types.ts'
import { ACCEPTED, type Channel, resultOf } from './channel.ts'
import { playbackId } from './names.ts'
import type { Part } from './parts.ts'

/** No recording is shorter than a file Asterisk skips because it is not there. */
const SKIPPED_MS = 15
/** Of the duration that a file is said to have. */
const SKIPPED_SHARE = 0.5
/** A hang-up makes a playback fail a moment before it is told itself. */
const HANGUP_MS = 50
/** How long a URL may take to be fetched beyond what it plays. */
const FETCH_MS = 15_000

export interface SoundOptions {
  channel: Channel
  commandId: string
  /** Unlike for every time a command is begun. */
  attempt: string
  parts: readonly Part[]
  /** Which part is being played already. */
  at?: number
  isHangingUp(): boolean
  isUnderWay(): boolean
  quietly(work: Promise<unknown>): void
  /** All is played. */
  played(): void
  failed(at?: Date): void
  /** Nobody knows whether a later part plays. */
  forget(): void
}

/** What is played for one command: its parts, one after the other. Does not know what for. */
export class Sound {
  readonly #options: SoundOptions
  readonly #parts: readonly Part[]
  /** Which part; as many as there are parts when all is played. */
  #at: number
  /** Which file of the part, and when Asterisk began with it. */
  #file = 0
  #fileAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: SoundOptions) {
    this.#options = options
    this.#parts = options.parts
    this.#at = options.at ?? 0
  }

  /** Plays the part that is next, or ends. Rejects with AriUnreachableError for the first. */
  async goOn(): Promise<CommandResult> {
    const { channel, played, failed, forget } = this.#options
    this.rest()
    const part = this.#parts[this.#at]
    if (!part) {
      played()
      return ACCEPTED
    }
    if ('silenceMs' in part) {
      this.#timer = setTimeout(() => this.#next(), part.silenceMs)
      return ACCEPTED
    }
    this.#file = 0
    const durations = part.files.map(({ durationMs }) => durationMs)
    if (!durations.includes(undefined)) {
      const lasts = durations.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)
      this.#timer = setTimeout(() => {
        this.stop()
        failed()
      }, lasts + FETCH_MS)
    }
    try {
      const uris = part.files.map(({ uri }) => uri)
      const result = resultOf(await channel.play(this.#id, uris))
      if (result.outcome !== 'unknown') return result
      failed()
      return ACCEPTED
    } catch (error) {
      // Later parts have nobody to whom it could be told; whether it plays is seen by whoever repeats the command.
      if (this.#at === 0) throw error
      forget()
      return ACCEPTED
    }
  }

  /** Its end may still be told. */
  stop(): void {
    const { channel, quietly } = this.#options
    this.rest()
    if (this.#isSounding) quietly(channel.stopPlayback(this.#id))
  }

  /** What is not played yet is not any more, and what is told of the part that was is not meant. */
  skip(): void {
    this.#at = this.#parts.length
  }

  rest(): void {
    clearTimeout(this.#timer)
  }

  /** Plays on when the part under way ended while nobody heard. */
  async recover(): Promise<void> {
    if (!this.#isSounding) return
    if (await this.#options.channel.isPlaying(this.#id)) return
    if (this.#options.isUnderWay()) await this.#next()
  }

  /** What Asterisk tells of the part under way. */
  isOf(id: string): boolean {
    return id === this.#id
  }

  starts(at: Date): void {
    this.#fileAt = at.getTime()
  }

  /** The next file of the same list begins. */
  continues(at: Date): void {
    const part = this.#parts[this.#at]
    const file = part && 'files' in part ? part.files[this.#file++] : undefined
    // Asterisk goes on after a file that is not there as if it had been played.
    if (at.getTime() - this.#fileAt >= Math.max(SKIPPED_MS, SKIPPED_SHARE * (file?.durationMs ?? 0))) return
    this.stop()
    this.#options.failed(at)
  }

  finishes({ state }: AriPlayback, at: Date): void {
    this.rest()
    if (state === 'done') {
      void this.#next()
      return
    }
    if (this.#options.isHangingUp()) return
    this.#timer = setTimeout(() => this.#options.failed(at), HANGUP_MS)
  }

  async #next(): Promise<void> {
    this.#at++
    await this.goOn()
  }

  get #isSounding(): boolean {
    const part = this.#parts[this.#at]
    return part !== undefined && 'files' in part
  }

  get #id(): string {
    const { channel, commandId, attempt } = this.#options
    return playbackId(channel.id, commandId, attempt, this.#at)
  }
}
