import type { Sound } from './sound.ts'
import type { PhoneInput } from './survey/keypad.ts'

/** What a person may answer by pressing a key. */
export type Reply = 'accept' | 'decline' | 'opt_out'

/** How far a call has come in its script: plain data that fits a column. */
export interface FlowState {
  /** Null: not begun. */
  step: number | 'hang_up' | null
  /** The first that was given stands. */
  reply: Reply | null
  /** What was pressed at the last question that is over; null: there was none. */
  digits: string | null
  /** The person opted out although another reply stands: of this call's outcome that changes nothing, of later ones all. */
  optedOut?: boolean
  /** When the step before was over, in milliseconds by the provider's clock: tells keys of this step from earlier ones. */
  since?: number | null
  /** The response that it asks for was deleted: it goes on, but what it brings is no answer, and is not kept. */
  forgotten?: boolean
  /** In a survey; there a step is the number of a command. */
  survey?: SurveyState
}

export const START: FlowState = { step: null, reply: null, digits: null }

/** How far a call has come in a survey: plain data that fits a column. */
export interface SurveyState {
  /** `waiting`: nothing is left but what may still be asked about what was said. */
  at: 'greeting' | 'question' | 'recording' | 'waiting' | 'farewell'
  /** Index into the script's questions, and from their end on into `followUps`. */
  ask: number
  /** How often the present question was asked before. */
  tries: number
  /** Whether any key was pressed in reply to it. */
  heard: boolean
  notice: 'not_heard' | 'not_understood' | null
  /** Questions in a row to which nothing at all was said. */
  silences: number
  /** Everything that is answered, by field key; a recording is an answer of null. */
  answers: Readonly<Record<string, unknown>>
  /** Of them, what was answered in this call: the command that recorded it, or null for what is a value. */
  given: Readonly<Record<string, string | null>>
  /** Asked in vain, or skipped. */
  skipped: readonly string[]
  /** `answered`: nothing is left that a phone can ask. `link_closed`: the link took no more when the call was answered. */
  over: 'answered' | 'unfinished' | 'opted_out' | 'link_closed' | null
  /** How often follow-ups were waited for. */
  waits?: number
  /** Field keys of what was said in this call and is judged: nothing more is asked about it. */
  judged?: readonly string[]
  /** What was asked about it, in the order in which it was heard of; entries stay where they are. */
  followUps?: readonly PhoneFollowUp[]
}

/** One more question about something said in the call; plain data that fits a column, without words of anybody's. */
export interface PhoneFollowUp {
  fieldKey: string
  /** The field key of what it is about. */
  follows: string
  /** Whether nothing is asked about the reply. */
  isLast: boolean
  input: Extract<PhoneInput, { kind: 'voice' }>
  /** What says it; null: to be made. */
  voiceFileId: string | null
  /** Null until it can be played. */
  durationMs: number | null
  sounds: readonly Sound[]
}
