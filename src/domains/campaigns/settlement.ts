import type { Cause } from '../../providers/telephony/index.ts'
import type { FlowState, Reply } from './flow-state.ts'
import type { CallScript } from './script.ts'
import type { SurveyOutcome } from './survey/survey-flow.ts'
import { isSurveyScript } from './survey/survey-script.ts'

/** What came of a receiver in the end. */
export type ReceiverOutcome =
  | 'accepted'
  | 'declined'
  | 'opted_out'
  /** Answered, was asked, and said nothing. */
  | 'no_reply'
  /** Answered, and nothing was asked. */
  | 'heard'
  /** Answered all that a phone can ask, or some of it. */
  | 'surveyed'
  | 'partial'
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
  /** Of a survey; absent: it was none. */
  survey?: SurveyOutcome
}

export type Settlement = { state: 'settled'; outcome: ReceiverOutcome } | { state: 'waiting'; retryAt: Date }

/** What a reply makes of whoever gave it. */
export const OUTCOMES = { accept: 'accepted', decline: 'declined', opt_out: 'opted_out' } as const

/**
 * What an ended call means for its receiver (contract/multisender.md 7.2, A9): who answered is never called again, and a
 * reply counts whatever the cause says. `attempts` includes this call.
 */
export function settle(
  { cause, reply, asked, recorded, survey }: EndedCall,
  receiver: {
    attempts: number
    maxAttempts: number
    redialAfterMs: number
    campaignOver: boolean
    /** Whether who hung up in the middle of a survey is called again. */
    redialUnfinished?: boolean
  },
  endedAt: Date,
): Settlement {
  const retry = receiver.attempts < receiver.maxAttempts && !receiver.campaignOver
  const retryAt = new Date(endedAt.getTime() + receiver.redialAfterMs)
  if (reply !== null) return { state: 'settled', outcome: OUTCOMES[reply] }
  if (survey === 'surveyed') return { state: 'settled', outcome: survey }
  if (survey && (cause === 'answered' || survey === 'partial')) {
    if (receiver.redialUnfinished && retry) return { state: 'waiting', retryAt }
    return { state: 'settled', outcome: survey === 'partial' ? survey : 'no_reply' }
  }
  if (cause === 'answered' || recorded) return { state: 'settled', outcome: asked ? 'no_reply' : 'heard' }
  if (cause === 'invalid_number') return { state: 'settled', outcome: 'invalid_number' }
  if (retry) return { state: 'waiting', retryAt }
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
export function awaitsReply(script: CallScript, { step, reply, survey }: FlowState, cause: Cause | null): boolean {
  if (reply !== null || cause !== 'answered') return false
  if (isSurveyScript(script)) {
    // Whoever is only waited for has said everything.
    return step === null || (survey !== undefined && survey.over === null && survey.at !== 'waiting')
  }
  return step === null || (typeof step === 'number' && script.steps[step]?.do === 'gather')
}
