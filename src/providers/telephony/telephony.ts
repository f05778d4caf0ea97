import type { Cause, NetworkCodes } from './causes.ts'
import type { Population } from './simulated/population.ts'

/**
 * Telephone calls: dial, talk, hear what happened. One call is one dial of one number, and its id is chosen by the
 * caller and committed before dialling, so that a second dial of the same id is refused by the provider itself.
 *
 * Calls outlive the process that started them. Whoever listens to the seat that a call belongs to hears of it and may
 * go on with it. A seat is what Asterisk calls a Stasis application: one listener at a time, the latest wins.
 *
 * All durations are milliseconds by the provider's clock, which for a simulated carrier may run faster than the wall's.
 */
export interface Telephony {
  /** Rejects with TelephonyUnavailableError when the provider cannot be asked. */
  capabilities(): Promise<Capabilities>

  /**
   * Takes a seat and hears of its calls. Resolves when the connection stands; an adapter reconnects by itself until
   * `close()`, or until somebody else takes the seat. Listen before dialling for a seat.
   */
  listen(seat: string, listener: Listener): Promise<Listening>

  /**
   * Asks for a call. Never rejects, and never dials an id twice. Throws for a `callId` that is not a UUID: providers
   * compare ids by prefix (Asterisk: "x-1" collides with "x-12").
   */
  dial(request: DialRequest): Promise<DialResult>

  /**
   * Controls a call, whoever dialled it. A command is plain data with an id of the caller's: repeating one that is under
   * way changes nothing, repeating one that is done tells its result again, so a process that takes a call over repeats
   * the last command it finds. A call does one thing at a time: `play`, `collect` or `record` first stops what is under
   * way. `collect` belongs to the process that listens to the seat: when another takes the seat, a collect under way is
   * forgotten without a result, and repeating it begins anew. Ids of commands are 1 to 64 letters, digits, `-` and `_`,
   * unlike for each command of a call; throws for others. Never rejects.
   */
  command(callId: string, command: Command): Promise<CommandResult>

  /**
   * What the provider knows of each id, in the order asked. Rejects with TelephonyUnavailableError when the provider
   * cannot be asked now; `unknown` is for what it could not tell at any time.
   */
  reconcile(callIds: readonly string[]): Promise<CallReport[]>

  /** Live calls of all our seats: at start-up those that nobody follows are settled or hung up. Rejects as `reconcile`. */
  active(): Promise<ActiveCall[]>

  /**
   * What the command `record` recorded, also when its event was lost: WAV, 8 kHz, mono, 16 bits. Undefined when there is
   * none (any more). Rejects as `reconcile`.
   */
  recording(callId: string, commandId: string): Promise<Uint8Array | undefined>

  /** Removes a recording from the provider; nothing happens when there is none. Rejects as `reconcile`. */
  discardRecording(callId: string, commandId: string): Promise<void>

  /** Whether there is a way to a number at all, as this provider is set up; absent: to every number. */
  reaches?(number: string): boolean

  /**
   * Of simulated carriers only: what the fake of this port needs in order to foretell what this carrier would do if it
   * called `numbers` from now on.
   */
  rehearsal?(numbers: readonly string[]): Promise<Rehearsal>

  /** Listens no more and closes connections. Calls go on, but for those of a carrier that lives in this process. */
  close(): Promise<void>
}

export interface Capabilities {
  /** Calls at once, ringing ones included; more are refused as `congested`. */
  lines: number
  /** Whether ended calls, and ids never dialled, are told apart after a restart of this process. */
  remembers: boolean
  /**
   * A dial request that has not reached the provider this long after it was sent never will. Until then `never_heard`
   * of an id that somebody may just have sent means "not yet".
   */
  dialSettlesWithinMs: number
}

export interface Rehearsal {
  people: Population
  lines: number
  /** How many calls a number has had. */
  calledBefore: (number: string) => number
}

export interface DialRequest {
  /** A UUID, chosen and committed by the caller. */
  callId: string
  seat: string
  /** E.164, with `+`. */
  to: string
  /** E.164; absent: the provider's default. */
  from?: string
  /** From the request on; then the call ends with `no_answer`. */
  ringTimeoutMs: number
  /** From the answer on; then the call is hung up. */
  maxDurationMs: number
}

export type DialResult =
  /** The provider has the call; events follow. */
  | { outcome: 'accepted' }
  /**
   * No call was made for this request. `duplicate`: the id was dialled before (what became of it: `reconcile`).
   * `congested`: no line was free; the same id may be dialled again. `provider_fault`: likewise, and the provider is ill.
   */
  | { outcome: 'refused'; reason: 'duplicate' | 'invalid_number'; detail: string }
  | { outcome: 'refused'; reason: 'congested' | 'provider_fault'; detail: string; retryAfterMs: number }
  /** The connection was lost: there may be a call. To be reconciled, never dialled again under another id before. */
  | { outcome: 'unknown'; detail: string }

/**
 * What is played. Files are 8 kHz mono 16-bit WAV that the provider's host can read; URLs are fetched by the provider.
 * `durationMs`, when known, spares a simulated carrier from looking.
 */
export type Media =
  | { kind: 'file'; path: string; durationMs?: number }
  | { kind: 'url'; url: string; durationMs?: number }
  | { kind: 'silence'; durationMs: number }

/** 0 to 9, `*` and `#`. */
export type Digit = string
export const DIGITS = '0123456789*#'

export type Command =
  /** Plays in order. `interruptedBy` lists the digits that stop it; absent: every digit; empty: none. */
  | { id: string; kind: 'play'; media: readonly Media[]; interruptedBy?: string }
  /**
   * Plays, and takes digits from the first moment on; a digit stops what is played. Ends with `maxDigits`, with one of
   * `terminators` (which is not part of the digits), or when no digit came for so long after the end of what was played
   * or after the last digit. No media: waits only.
   */
  | {
      id: string
      kind: 'collect'
      media: readonly Media[]
      maxDigits: number
      terminators?: string
      firstDigitTimeoutMs: number
      interDigitTimeoutMs: number
    }
  /**
   * Records what the person says. `maxSilenceMs` absent: silence does not end it. Give a maximum duration as well: when
   * the far end sends nothing at all, silence is never heard.
   */
  | {
      id: string
      kind: 'record'
      maxDurationMs: number
      maxSilenceMs?: number
      terminateOn?: 'any' | '*' | '#'
      beep?: boolean
    }
  /** Stops what the command `target` started; nothing happens when that is over. */
  | { id: string; kind: 'stop'; target: string }
  /** Before the answer it cancels the call. */
  | { id: string; kind: 'hangUp' }

export type CommandResult =
  | { outcome: 'accepted' }
  /** The call has ended, or there never was one. */
  | { outcome: 'gone' }
  /** It rings still; only `hangUp` is possible. */
  | { outcome: 'not_answered' }
  /** The connection was lost, or the provider is ill: repeat it under the same id. */
  | { outcome: 'unknown'; detail: string }

/**
 * News of a call: at least once at best, and any of it may come late, doubled, out of order, or never. Whoever listens
 * must cope: an event that comes twice has the same `eventId`, `at` orders a call's events (those of one millisecond have
 * no order), and what was lost is found by `reconcile`. After `ended` nothing that happened later exists; news of what
 * happened before may still arrive. A command under way when the call ends may have no result of its own.
 */
export type CallEvent = { eventId: string; callId: string /** By the provider's clock. */; at: Date } & (
  | { type: 'ringing' }
  | { type: 'answered' }
  | { type: 'keypress'; digit: Digit }
  | { type: 'playback'; commandId: string; outcome: 'finished' | 'interrupted' | 'stopped' | 'failed' }
  | { type: 'collected'; commandId: string; outcome: CollectOutcome; digits: string }
  | {
      type: 'recorded'
      commandId: string
      /** `failed` has no recording. A hang-up keeps what was said until then. */
      outcome: 'max_duration' | 'silence' | 'terminated' | 'stopped' | 'hung_up' | 'failed'
      /** How long what is kept is: the silence that ended a recording is not. */
      durationMs: number
    }
  | ({ type: 'ended' } & Ending)
)

export type CollectOutcome = 'complete' | 'terminated' | 'timeout' | 'stopped' | 'failed'

export interface Ending {
  cause: Cause
  answeredAt: Date | undefined
  endedAt: Date
  /** As the network gave them. */
  codes: NetworkCodes
}

/** `answeredAt` is undefined when there was no answer, and of a call in progress also when the provider does not say. */
export type CallReport = { callId: string } & (
  | { state: 'in_progress'; stage: Stage; seat: string; answeredAt: Date | undefined }
  | ({ state: 'ended' } & Ending)
  /** No request for this id has reached the provider (see `Capabilities.dialSettlesWithinMs`). */
  | { state: 'never_heard' }
  /** The provider cannot tell, now or later. */
  | { state: 'unknown'; detail: string }
)

export type Stage = 'dialling' | 'ringing' | 'answered'

export interface ActiveCall {
  callId: string
  seat: string
  to: string
  stage: Stage
}

export interface Listener {
  /**
   * One event of a call at a time, of different calls concurrently. A provider that can keeps what was not resolved and
   * tells it again to the next listener of the seat.
   */
  event(event: CallEvent): Promise<void> | void
  /** The connection stands, for the first time or again. Events may have been lost before: reconcile. */
  connected?(): void
  /** The connection is gone; the adapter tries again. */
  disconnected?(): void
  /** Somebody else has taken the seat: nothing more is heard of it here. */
  replaced?(): void
}

export interface Listening {
  /** Leaves the seat. Resolves when no call of `Listener.event` is under way. */
  close(): Promise<void>
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const COMMAND_ID = /^[A-Za-z0-9_-]{1,64}$/
const E164 = /^\+[1-9]\d{6,14}$/

/** Throws for ids that the port does not take. Adapters call it first. */
export function checkIds(callId: string, commandId = '0'): void {
  if (!UUID.test(callId)) throw new Error(`not a call id: ${JSON.stringify(callId)}`)
  if (!COMMAND_ID.test(commandId)) throw new Error(`not a command id: ${JSON.stringify(commandId)}`)
}

export function isE164(number: string): boolean {
  return E164.test(number)
}

/** The provider cannot be asked now. */
export class TelephonyUnavailableError extends Error {
  override readonly name = 'TelephonyUnavailableError'
}
