import type { CallEvent, Command, Media } from '../../../providers/telephony/index.ts'
import type { FlowState, PhoneFollowUp, SurveyState } from '../flow-state.ts'
import type { Sound } from '../sound.ts'
import { keysOf, readDigits } from './keypad.ts'
import {
  FOLLOW_UP_SAID_MS,
  longestAskMs,
  MOST_WAITS,
  type PhoneQuestion,
  type PlayedMs,
  type SurveyScript,
  shownIn,
  WAIT_MS,
} from './survey-script.ts'

/** What is known before a call begins to ask: answers that were given before, by whatever way. */
export function surveyStart(answers: Readonly<Record<string, unknown>> = {}): SurveyState {
  return {
    ...{ at: 'greeting', ask: 0, tries: 0, heard: false, notice: null, silences: 0 },
    ...{ answers, given: {}, skipped: [], over: null },
  }
}

/** Silence ends a call after so many questions: nobody is there, or nobody wants to be. */
const MOST_SILENCES = 2
/** A shorter recording has nothing in it but the hand, or the silence, that ended it. */
const SHORTEST_ANSWER_MS = 1_000

/** `advance` of `flow.ts` for the calls of a survey. */
export function advanceSurvey(script: SurveyScript, flow: FlowState, news: CallEvent): FlowState {
  const survey = flow.survey ?? surveyStart()
  if (flow.step === null) {
    return news.type === 'answered' || news.type === 'keypress' ? begun(script, flow, survey, news) : flow
  }
  if (flow.step === 'hang_up') return flow
  const isCurrent = 'commandId' in news && news.commandId === `step-${flow.step}`
  const go = (next: Move) => moved(flow, next, news)
  switch (news.type) {
    case 'keypress':
      return pressed(script, flow, survey, news)
    case 'playback':
      if (!isCurrent) return flow
      if (survey.at === 'greeting') return go(nextQuestion(script, survey))
      if (survey.at === 'question' && isSpoken(script, survey)) {
        // Nobody answers what was not heard.
        if (news.outcome === 'failed') return go(askAgain(script, survey, askOf(script, survey)!, null, false))
        return go({ ...survey, at: 'recording' })
      }
      if (survey.at === 'waiting') return go(nextQuestion(script, survey))
      return survey.at === 'farewell' ? { ...flow, step: 'hang_up', since: news.at.getTime() } : flow
    case 'collected': {
      if (!isCurrent || survey.at !== 'question' || isSpoken(script, survey)) return flow
      // Broken off by a command that was late: nobody's answer, so it is asked for by a new one.
      if (news.outcome === 'stopped') return go(survey)
      const question = askOf(script, survey)!
      if (news.outcome === 'failed') return go(askAgain(script, survey, question, null, false))
      return { ...go(collected(script, survey, question, news.digits, news.outcome)), digits: news.digits }
    }
    case 'recorded': {
      if (!isCurrent || survey.at !== 'recording') return flow
      return go(recorded(script, survey, askOf(script, survey)!, news))
    }
    default:
      return flow
  }
}

type Move = SurveyState

/** Whether the present question is answered by speaking. */
function isSpoken(script: SurveyScript, survey: SurveyState): boolean {
  return askOf(script, survey)?.input.kind === 'voice'
}

/** The present question: one of the script, or a follow-up. */
function askOf(script: SurveyScript, survey: SurveyState): PhoneQuestion | undefined {
  return script.asks[survey.ask] ?? asQuestion(followUpOf(script, survey))
}

function followUpOf({ asks }: SurveyScript, { ask, followUps }: SurveyState): PhoneFollowUp | undefined {
  return followUps?.[ask - asks.length]
}

function asQuestion(followUp: PhoneFollowUp | undefined): PhoneQuestion | undefined {
  return followUp && { fieldKey: followUp.fieldKey, required: false, sounds: followUp.sounds, input: followUp.input }
}

function begun(script: SurveyScript, flow: FlowState, survey: SurveyState, news: CallEvent): FlowState {
  const first = survey.over === null && nextOf(script, survey) === undefined ? finished(script, survey) : survey
  if (first.over !== null) return moved(flow, farewell(first, first.over), news)
  return moved(flow, script.greeting.length > 0 ? survey : nextQuestion(script, survey), news)
}

/** The flow with the next command due. Opting out is the reply of the call. */
function moved(flow: FlowState, survey: SurveyState, news: CallEvent): FlowState {
  const step = typeof flow.step === 'number' ? flow.step + 1 : 0
  const reply = survey.over === 'opted_out' ? (flow.reply ?? 'opt_out') : flow.reply
  return { ...flow, step, since: news.at.getTime(), reply, survey }
}

/** Whether a call has nothing to ask whom it knows to have given these answers, by field key. */
export function asksNothing(script: SurveyScript, answers: Readonly<Record<string, unknown>>): boolean {
  return nextOf(script, surveyStart(answers)) === undefined
}

/** The first question that is shown and open; undefined when none is left. */
function nextOf(script: SurveyScript, { answers, skipped }: SurveyState): number | undefined {
  const shown = shownIn(script, answers)
  const next = script.asks.findIndex(
    ({ fieldKey }) => shown.has(fieldKey) && !Object.hasOwn(answers, fieldKey) && !skipped.includes(fieldKey),
  )
  return next < 0 ? undefined : next
}

function nextQuestion(script: SurveyScript, survey: SurveyState): Move {
  const ask = nextOf(script, survey) ?? nextFollowUp(script, survey)
  if (ask !== undefined) return { ...survey, at: 'question', ask, tries: 0, heard: false, notice: null }
  const { waits = 0 } = survey
  if (waits < MOST_WAITS && mayBeAskedMore(script, survey)) return { ...survey, at: 'waiting', waits: waits + 1 }
  const done = finished(script, survey)
  return farewell(done, done.over!)
}

/** The first follow-up that can be played and is open, about something that is shown. */
function nextFollowUp(script: SurveyScript, survey: SurveyState): number | undefined {
  const shown = shownIn(script, survey.answers)
  const next = (survey.followUps ?? []).findIndex(
    (followUp) => followUp.durationMs !== null && shown.has(followUp.follows) && isOpen(survey, followUp.fieldKey),
  )
  return next < 0 ? undefined : script.asks.length + next
}

function isOpen({ answers, skipped }: SurveyState, fieldKey: string): boolean {
  return !Object.hasOwn(answers, fieldKey) && !skipped.includes(fieldKey)
}

/** Whether something that was said in the call is still judged, or a voice still learns what to ask. */
function mayBeAskedMore(script: SurveyScript, survey: SurveyState): boolean {
  const { given, judged = [], followUps = [] } = survey
  const shown = shownIn(script, survey.answers)
  const isJudged = (fieldKey: string) =>
    isProbed(script, survey, fieldKey) && typeof given[fieldKey] === 'string' && !judged.includes(fieldKey)
  const isLearnt = ({ fieldKey, follows, durationMs }: PhoneFollowUp) =>
    durationMs === null && shown.has(follows) && isOpen(survey, fieldKey)
  return Object.keys(given).some(isJudged) || followUps.some(isLearnt)
}

function isProbed({ asks }: SurveyScript, { followUps = [] }: SurveyState, fieldKey: string): boolean {
  const ask = asks.find((each) => each.fieldKey === fieldKey)
  return ask ? ask.followUps !== undefined : followUps.some((each) => each.fieldKey === fieldKey && !each.isLast)
}

/** Whether news of the call's response may change what is asked: something was said in it that is probed. */
export function isProbing(script: SurveyScript, survey: SurveyState): boolean {
  return survey.over === null && Object.keys(survey.given).some((fieldKey) => isProbed(script, survey, fieldKey))
}

/**
 * What a call has come to that ends while only follow-ups were left: the same as if none had been waited for. The same
 * object otherwise.
 */
export function closedSurvey(script: SurveyScript, survey: SurveyState): SurveyState {
  const isAfterQuestions = survey.at === 'waiting' || survey.ask >= script.asks.length
  return survey.over === null && isAfterQuestions ? finished(script, survey) : survey
}

/** Nothing is left to be asked: was everything answered that must be? */
function finished(script: SurveyScript, survey: SurveyState): SurveyState {
  const shown = shownIn(script, survey.answers)
  const isOpen = ({ fieldKey, required }: PhoneQuestion) =>
    required && shown.has(fieldKey) && survey.skipped.includes(fieldKey)
  return { ...survey, over: script.asks.some(isOpen) ? 'unfinished' : 'answered' }
}

function farewell(survey: SurveyState, over: NonNullable<SurveyState['over']>): Move {
  return { ...survey, at: 'farewell', over }
}

function answered(script: SurveyScript, survey: SurveyState, fieldKey: string, value: unknown, by: string | null) {
  return nextQuestion(script, {
    ...survey,
    ...{ answers: { ...survey.answers, [fieldKey]: value }, given: { ...survey.given, [fieldKey]: by }, silences: 0 },
  })
}

/** A key tells the same as `collected` where it is the whole answer, and comes where that was lost; it opts out at once. */
function pressed(
  script: SurveyScript,
  flow: FlowState,
  survey: SurveyState,
  news: Extract<CallEvent, { type: 'keypress' }>,
): FlowState {
  if (survey.over !== null) return flow
  const { digit } = news
  const since = typeof flow.since === 'number' ? flow.since : Number.NEGATIVE_INFINITY
  const at = news.at.getTime()
  // The key that broke off what was played: news of one moment come in any order.
  if (at === since && digit === script.optOutKey) return moved(flow, farewell(survey, 'opted_out'), news)
  // A key of an earlier moment is not meant for this one.
  if (at <= since) return flow
  const question = survey.at === 'question' ? askOf(script, survey) : undefined
  if (question && question.input.kind !== 'voice') {
    const { maxDigits } = keysOf(question.input)
    if (maxDigits !== 1) return flow
    const digits = digit === '#' ? '' : digit
    const outcome = digit === '#' ? 'terminated' : 'complete'
    return { ...moved(flow, collected(script, survey, question, digits, outcome), news), digits }
  }
  const optsOut = digit === script.optOutKey && survey.at !== 'recording'
  return optsOut ? moved(flow, farewell(survey, 'opted_out'), news) : flow
}

function collected(
  script: SurveyScript,
  survey: SurveyState,
  question: PhoneQuestion,
  digits: string,
  outcome: 'complete' | 'terminated' | 'timeout',
): Move {
  const { input, fieldKey, required } = question
  const value = input.kind === 'voice' ? undefined : readDigits(input, digits)
  if (value !== undefined) return answered(script, survey, fieldKey, value, null)
  if (digits !== '' && digits === script.optOutKey) return farewell(survey, 'opted_out')
  if (digits !== '') return askAgain(script, survey, question, 'not_understood', true)
  if (outcome !== 'terminated') return askAgain(script, survey, question, 'not_heard', false)
  // The hash key alone: a question that may be left open is, another one is heard again.
  return required ? askAgain(script, survey, question, null, true) : skipped(script, survey, fieldKey, false)
}

function recorded(
  script: SurveyScript,
  survey: SurveyState,
  question: PhoneQuestion,
  { outcome, durationMs, commandId }: Extract<CallEvent, { type: 'recorded' }>,
): Move {
  const { fieldKey, required } = question
  if (outcome !== 'failed' && durationMs >= SHORTEST_ANSWER_MS) {
    return answered(script, survey, fieldKey, null, commandId)
  }
  if (outcome === 'terminated' && !required) return skipped(script, survey, fieldKey, false)
  return askAgain(script, survey, question, outcome === 'failed' ? null : 'not_heard', outcome === 'terminated')
}

/** Asks the same question once more, unless it was asked often enough. */
function askAgain(
  script: SurveyScript,
  survey: SurveyState,
  { fieldKey, required }: PhoneQuestion,
  notice: SurveyState['notice'],
  wasHeard: boolean,
): Move {
  // What was asked already is not insisted on.
  if (followUpOf(script, survey)) return skipped(script, survey, fieldKey, false)
  const heard = survey.heard || wasHeard
  const tries = survey.tries + 1
  if (tries < script.tries) return { ...survey, at: 'question', tries, heard, notice }
  // Who says nothing to what must be answered will say nothing to the rest.
  if (!heard && (required || survey.silences + 1 >= MOST_SILENCES)) {
    return farewell({ ...survey, skipped: [...survey.skipped, fieldKey] }, 'unfinished')
  }
  return skipped(script, survey, fieldKey, !heard)
}

function skipped(script: SurveyScript, survey: SurveyState, fieldKey: string, wasSilent: boolean): Move {
  const silences = wasSilent ? survey.silences + 1 : 0
  return nextQuestion(script, { ...survey, skipped: [...survey.skipped, fieldKey], silences })
}

/** `commandOf` of `flow.ts` for the calls of a survey. Undefined before it begins. */
export function surveyCommand(
  script: SurveyScript,
  { step, survey }: FlowState,
  media: (sound: Sound) => Media,
): Command | undefined {
  if (step === null || !survey) return undefined
  const id = `step-${step}`
  const optOut = script.optOutKey ?? ''
  const play = (sounds: readonly Sound[], interruptedBy: string): Command =>
    sounds.length > 0
      ? { id, kind: 'play', media: sounds.map(media), interruptedBy }
      : { id, kind: 'play', media: [{ kind: 'silence', durationMs: 100 }], interruptedBy }
  if (survey.at === 'greeting') return play(script.greeting, `${optOut}#`)
  if (survey.at === 'farewell') return play(farewellOf(script, survey), '')
  if (survey.at === 'waiting') return play(waitingOf(script, survey), optOut)
  const { sounds, input } = askOf(script, survey)!
  if (input.kind === 'voice') {
    if (survey.at === 'question') return play([...noticeOf(script, survey), ...sounds], `${optOut}#`)
    const { maxDurationMs, maxSilenceMs } = input
    return { id, kind: 'record', maxDurationMs, maxSilenceMs, terminateOn: '#', beep: true }
  }
  const { maxDigits, interDigitMs } = keysOf(input)
  return {
    ...{ id, kind: 'collect', media: [...noticeOf(script, survey), ...sounds].map(media), maxDigits },
    ...{ terminators: '#', firstDigitTimeoutMs: script.answerMs, interDigitTimeoutMs: interDigitMs },
  }
}

function noticeOf(script: SurveyScript, { notice }: SurveyState): readonly Sound[] {
  return notice === null ? [] : notice === 'not_heard' ? script.notHeard : script.notUnderstood
}

function waitingOf({ moment = [] }: SurveyScript, { waits }: SurveyState): readonly Sound[] {
  return [...(waits === 1 ? moment : []), { kind: 'silence', durationMs: WAIT_MS }]
}

function farewellOf(script: SurveyScript, { over }: SurveyState): readonly Sound[] {
  return over === 'opted_out' ? script.optedOut : over === 'unfinished' ? script.unfinished : script.goodbye
}

/** How long the present command can take at most, in milliseconds. */
export function surveyStepMs(script: SurveyScript, { step, survey }: FlowState, playedMs: PlayedMs): number {
  if (typeof step !== 'number' || !survey) return 0
  if (survey.at === 'greeting') return playedMs(script.greeting)
  if (survey.at === 'farewell') return playedMs(farewellOf(script, survey))
  if (survey.at === 'waiting') return playedMs(waitingOf(script, survey))
  const followUp = followUpOf(script, survey)
  if (followUp) return FOLLOW_UP_SAID_MS + followUp.input.maxDurationMs
  return longestAskMs(script, script.asks[survey.ask]!, playedMs)
}

/** What a call has brought that `before` did not have: answers by field key, with the command that recorded one. */
export function newAnswers(
  before: SurveyState | undefined,
  after: SurveyState,
): { fieldKey: string; value: unknown; commandId: string | null }[] {
  return Object.entries(after.given)
    .filter(([fieldKey]) => !before || !Object.hasOwn(before.given, fieldKey))
    .map(([fieldKey, commandId]) => ({ fieldKey, value: after.answers[fieldKey], commandId }))
}

/** What a call came to. */
export type SurveyOutcome = 'surveyed' | 'partial' | 'nothing'

export function surveyOutcome(survey: SurveyState | undefined): SurveyOutcome {
  if (survey?.over === 'answered') return 'surveyed'
  return survey && Object.keys(survey.given).length > 0 ? 'partial' : 'nothing'
}
