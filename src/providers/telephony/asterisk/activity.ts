import type { CallEvent, Command, CommandResult } from '../telephony.ts'
import type { Channel } from './channel.ts'
import type { Told } from './told.ts'

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>
export type PlayCommand = Of<'play'>
export type CollectCommand = Of<'collect'>
export type RecordCommand = Of<'record'>
export type RecordingOutcome = Extract<CallEvent, { type: 'recorded' }>['outcome']

/** What a command has begun and is under way. A call does one thing at a time. */
export interface Activity {
  readonly command: PlayCommand | CollectCommand | RecordCommand
  /** Rejects with AriUnreachableError; it may have begun then. */
  begin(): Promise<CommandResult>
  presses(digit: string, at: Date): void
  /** Ends it, because it was asked for or because something else takes its place. */
  stop(): void
  /** After events may have been lost: looks whether it still is under way. */
  recover(): Promise<void>
  /** Nothing more happens here by itself; what Asterisk does goes on. */
  rest(): void
}

/** What an activity needs of its call. */
export interface ActivityDeps {
  channel: Channel
  /** Milliseconds by Asterisk's clock, as far as it is known. */
  now(): number
  /** What stops because of a hang-up was stopped by nobody. */
  isHangingUp(): boolean
  /** For what nobody waits for: what it should have done is seen when somebody looks. */
  quietly(work: Promise<unknown>): void
  isUnderWay(activity: Activity): boolean
  /** It is over, unless it was before. `at` is absent: now. */
  finished(activity: Activity, told: Told, at?: Date): void
  /** A recording is over; others than the one under way as well. */
  recorded(commandId: string, outcome: RecordingOutcome, durationMs: number, at?: Date): void
  /**
   * Tells of a recording whose beginning or end nobody here heard, by what was kept of it. False when there is nothing.
   * `outcome` is asked with how long that is; absent: it was stopped, or hung up.
   */
  tellFound(commandId: string, outcome?: (durationMs: number) => RecordingOutcome, at?: Date): Promise<boolean>
  /** Nobody knows what became of it: if it is under way, it is left to Asterisk and to whoever looks. */
  forget(activity: Activity): void
}
