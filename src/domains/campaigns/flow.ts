import type { CallEvent, Command, Media } from '../../providers/telephony/index.ts'
import type { FlowState } from './flow-state.ts'
import { type CallScript, longestStepMs, type Step, type StepScript, type Then } from './script.ts'
import { playedMs, type Sound } from './sound.ts'
import { advanceSurvey, surveyCommand, surveyStepMs } from './survey/survey-flow.ts'
import { isSurveyScript } from './survey/survey-script.ts'

/**
 * The state after a piece of news, which may be late, doubled or out of order: what is of another step moves nothing, but
 * may still bring a reply when none stands. The same object when the news changes nothing. How the call ended is not of
 * the flow: `ended` changes nothing, and a reply may still arrive after it.
 */
export function advance(script: CallScript, state: FlowState, news: CallEvent): FlowState {
  if (isSurveyScript(script)) return advanceSurvey(script, state, news)
  switch (news.type) {
    case 'answered':
      return begun(script, state, news)
    case 'keypress':
      return state.step === null ? begun(script, state, news) : pressed(script, state, news)
    case 'playback':
    case 'recorded': {
      const step = stepOf(script, news.commandId)
      const kind = news.type === 'playback' ? 'play' : 'record'
      const isCurrent = step?.do === kind && news.commandId === idOf(state.step)
      return isCurrent ? { ...state, ...at(step.then, news) } : state
    }
    case 'collected': {
      const step = stepOf(script, news.commandId)
      if (step?.do !== 'gather') return state
      // What was broken off is nobody's answer.
      const isWhole = news.outcome === 'complete' || news.outcome === 'terminated' || news.outcome === 'timeout'
      const digits = isWhole ? news.digits : ''
      if (news.commandId === idOf(state.step)) return gathered(step, state, digits, news)
      return replied(state, answerTo(step, digits)?.reply)
    }
    case 'ringing':
    case 'ended':
      return state
  }
}

function begun(script: StepScript, state: FlowState, news: CallEvent): FlowState {
  if (state.step !== null) return state
  return { ...state, ...at(script.steps.length > 0 ? 0 : 'hang_up', news) }
}

/** A key tells the same as `collected` where one digit is the whole answer, and may come where that was lost. */
function pressed(script: StepScript, state: FlowState, news: Extract<CallEvent, { type: 'keypress' }>): FlowState {
  const step = typeof state.step === 'number' ? script.steps[state.step] : undefined
  if (step?.do !== 'gather' || step.maxDigits !== 1) return state
  // Nothing comes before the first step. Later ones must not take a key that was meant for an earlier one.
  const isOfThisStep = state.step === 0 || (typeof state.since === 'number' && news.at.getTime() > state.since)
  if (!isOfThisStep) return state
  return gathered(step, state, step.terminators.includes(news.digit) ? '' : news.digit, news)
}

type Gather = Extract<Step, { do: 'gather' }>

function gathered(step: Gather, state: FlowState, digits: string, news: CallEvent): FlowState {
  const answer = answerTo(step, digits)
  return { ...replied(state, answer?.reply), digits, ...at(answer?.then ?? step.otherwise, news) }
}

function answerTo(step: Gather, digits: string): Gather['replies'][string] | undefined {
  return Object.hasOwn(step.replies, digits) ? step.replies[digits] : undefined
}

function replied(state: FlowState, reply: FlowState['reply'] | undefined): FlowState {
  if (reply === undefined) return state
  if (state.reply === null) return { ...state, reply }
  const optsOut = reply === 'opt_out' && state.reply !== 'opt_out' && !state.optedOut
  return optsOut ? { ...state, optedOut: true } : state
}

function at(then: Then, news: CallEvent): Pick<FlowState, 'step' | 'since'> {
  return { step: then, since: news.at.getTime() }
}

/**
 * The command of the state; its id is made of the step, so that repeating it is harmless. Undefined before it begins.
 * `media` says where a sound is.
 */
export function commandOf(script: CallScript, state: FlowState, media: (sound: Sound) => Media): Command | undefined {
  const id = idOf(state.step)
  if (id === undefined) return undefined
  if (isSurveyScript(script)) {
    return state.step === 'hang_up' ? { id: HANG_UP, kind: 'hangUp' } : surveyCommand(script, state, media)
  }
  const step = stepOf(script, id)
  switch (step?.do) {
    case undefined:
      return { id: HANG_UP, kind: 'hangUp' }
    case 'play':
      return { id, kind: 'play', media: step.sounds.map(media), ...(step.interruptible ? {} : { interruptedBy: '' }) }
    case 'gather': {
      const { sounds, maxDigits, terminators, firstDigitTimeoutMs, interDigitTimeoutMs } = step
      return {
        ...{ id, kind: 'collect', media: sounds.map(media), maxDigits },
        ...(terminators === '' ? {} : { terminators }),
        ...{ firstDigitTimeoutMs, interDigitTimeoutMs },
      }
    }
    case 'record': {
      const { maxDurationMs, maxSilenceMs, beep, terminateOn } = step
      return {
        ...{ id, kind: 'record', maxDurationMs, beep },
        ...(maxSilenceMs === null ? {} : { maxSilenceMs }),
        ...(terminateOn === null ? {} : { terminateOn }),
      }
    }
  }
}

/** For the ways there and back, and for a provider that is slow to begin. */
const MARGIN_MS = 5_000

/**
 * How long the command of the state can take at most, in milliseconds, before its news must have come; then it is
 * repeated, for news get lost.
 */
export function patienceMs(script: CallScript, state: FlowState, durationOf: (voiceFileId: string) => number): number {
  if (isSurveyScript(script)) {
    return MARGIN_MS + surveyStepMs(script, state, (sounds) => playedMs(sounds, durationOf))
  }
  const step = typeof state.step === 'number' ? script.steps[state.step] : undefined
  return MARGIN_MS + (step ? longestStepMs(step, durationOf) : 0)
}

const HANG_UP = 'hang_up'

function idOf(step: FlowState['step']): string | undefined {
  return step === null ? undefined : step === 'hang_up' ? HANG_UP : `step-${step}`
}

/** The step of a command, by its id; undefined for hanging up and for ids that are not ours. */
function stepOf(script: StepScript, commandId: string): Step | undefined {
  const number = /^step-(\d+)$/.exec(commandId)?.[1]
  return number === undefined ? undefined : script.steps[Number(number)]
}
