import type { Cause } from '../../providers/telephony/index.ts'
import type { FlowState } from './flow.ts'
import type { CallScript, Reply } from './script.ts'

/** What came of a receiver in the end. */
export type ReceiverOutcome =
  | 'accepted'
  | 'declined'
  | 'opted_out'
  /** Answered, was asked, and said nothing. */
  | 'no_reply'
  /** Answered, and nothing was asked. */
  | 'heard'
  | 'no_answer'
  | 'invalid_number'
  /** Nobody can tell what became of the last call. */
  | 'unknown'
  | 'not_called'

/** A call that is over, as far as is known. */
export interface EndedCall {
  /** Null: nobody can tell. */
  cause: Cause | null
  reply: Reply | null
  /** Whether its script asks anything. */
  asked: boolean
  /** Whether something was recorded: then somebody answered, whatever the cause says. */
  recorded: boolean
}

export type Settlement = { state: 'settled'; outcome: ReceiverOutcome } | { state: 'waiting'; retryAt: Date }

const OUTCOMES = { accept: 'accepted', decline: 'declined', opt_out: 'opted_out' } as const

/**
 * What an ended call means for its receiver (contract/multisender.md 7.2, A9): who answered is never called again, and a
 * reply counts whatever the cause says. `attempts` includes this call.
 */
export function settle(
  { cause, reply, asked, recorded }: EndedCall,
  receiver: { attempts: number; maxAttempts: number; redialAfterMs: number; campaignOver: boolean },
  endedAt: Date,
): Settlement {
  if (reply !== null) return { state: 'settled', outcome: OUTCOMES[reply] }
  if (cause === 'answered' || recorded) return { state: 'settled', outcome: asked ? 'no_reply' : 'heard' }
  if (cause === 'invalid_number') return { state: 'settled', outcome: 'invalid_number' }
  if (receiver.attempts < receiver.maxAttempts && !receiver.campaignOver) {
    return { state: 'waiting', retryAt: new Date(endedAt.getTime() + receiver.redialAfterMs) }
  }
  return { state: 'settled', outcome: cause === null ? 'unknown' : 'no_answer' }
}

/** What comes of a receiver that waits and will not be called any more. */
export function outcomeOfWaiting({ attempts }: { attempts: number }): 'not_called' | 'no_answer' {
  return attempts === 0 ? 'not_called' : 'no_answer'
}

/**
 * How long an ended call waits for the answer to a question that was open when it ended, in milliseconds: its news may
 * come after those of the end. Meanwhile it keeps its line and its place among the accepts.
 */
export const LATE_NEWS_MS = 3_000

/** Whether a call that has ended like this may still bring a reply: it was answered, and a question was open. */
export function awaitsReply(script: CallScript, { step, reply }: FlowState, cause: Cause | null): boolean {
  if (reply !== null || cause !== 'answered') return false
  return step === null || (typeof step === 'number' && script.steps[step]?.do === 'gather')
}
