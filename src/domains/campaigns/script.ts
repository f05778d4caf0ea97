// biome-ignore-all lint/suspicious/noThenProperty: an index or a word, which no await takes for a promise
import type { Reply } from './flow-state.ts'
import type { Operation, Operations, Spoken } from './operations.ts'
import { saidKey } from './operations.ts'
import { playedMs, type Sound } from './sound.ts'
import { isSurveyScript, longestSurveyMs, type SurveyScript, soundsOf } from './survey/survey-script.ts'

/** The index of the next step, always greater than the step's own: every call comes to its end. */
export type Then = number | 'hang_up'

/** One thing that a call does; `flow.ts` turns it into a command of the telephony port. */
export type Step =
  | { do: 'play'; sounds: readonly Sound[]; interruptible: boolean; then: Then }
  | {
      do: 'gather'
      sounds: readonly Sound[]
      maxDigits: number
      terminators: string
      /** After the end of what is played. */
      firstDigitTimeoutMs: number
      interDigitTimeoutMs: number
      /** By the digits pressed, terminator not included. */
      replies: Readonly<Record<string, { reply?: Reply; then: Then }>>
      otherwise: Then
    }
  | {
      do: 'record'
      maxDurationMs: number
      maxSilenceMs: number | null
      beep: boolean
      terminateOn: 'any' | '*' | '#' | null
      then: Then
    }

/** What a call does, compiled from a campaign's content when it is dialled. */
export type CallScript = StepScript | SurveyScript

/** Begins with step 0; without steps it hangs up. */
export interface StepScript {
  steps: readonly Step[]
}

export type ActionButton = { /** 0 to 9. */ button: string; action: Reply }

/** In playing order. */
export const RSVP_VOICE_FILE_TYPES = ['start', 'data', 'action_buttons', 'accept', 'end'] as const
export type RsvpVoiceFileType = (typeof RSVP_VOICE_FILE_TYPES)[number]

/** The content of an RsvpCampaign as it is stored (contract/multisender.md 5.8). */
export interface RsvpContent {
  /** Each type at most once. */
  voiceFiles: { type: RsvpVoiceFileType; voiceFileId: string }[]
  actionButtons: ActionButton[]
}

/** The content of a ClickToCall as it is stored (contract/multisender.md 5.5). */
export interface ClickToCallContent {
  voiceFileId: string
  actionButtons: ActionButton[]
}

/** For who has heard everything and still thinks. */
const REPLY_TIMEOUT_MS = 10_000

/**
 * Plays `start`, `data` and `action_buttons`, while one key may be pressed at any time. After an accept comes `accept` and
 * then `end`, after anything else `end`.
 */
export function rsvpScript({ voiceFiles, actionButtons }: RsvpContent): StepScript {
  const played = (...types: RsvpVoiceFileType[]): Sound[] =>
    types.flatMap((type) => {
      const file = voiceFiles.find((one) => one.type === type)
      return file ? [voiceFile(file.voiceFileId)] : []
    })
  const after: Step[] = []
  const play = (sounds: Sound[]): Then => {
    if (sounds.length === 0) return 'hang_up'
    after.push({ do: 'play', sounds, interruptible: false, then: 'hang_up' })
    return after.length
  }
  const accepted = play(played('accept', 'end'))
  const otherwise = play(played('end'))
  const asked = question(played('start', 'data', 'action_buttons'), actionButtons, (action) =>
    action === 'accept' ? accepted : otherwise,
  )
  return { steps: [{ ...asked, otherwise }, ...after] }
}

/** Plays the file, while one key may be pressed at any time, and hangs up. */
export function clickToCallScript({ voiceFileId, actionButtons }: ClickToCallContent): StepScript {
  return { steps: [question([voiceFile(voiceFileId)], actionButtons, () => 'hang_up')] }
}

function question(
  sounds: Sound[],
  actionButtons: readonly ActionButton[],
  then: (action: Reply) => Then,
): Extract<Step, { do: 'gather' }> {
  return {
    do: 'gather',
    sounds,
    maxDigits: 1,
    terminators: '',
    firstDigitTimeoutMs: REPLY_TIMEOUT_MS,
    interDigitTimeoutMs: REPLY_TIMEOUT_MS,
    replies: Object.fromEntries(
      actionButtons.map(({ button, action }) => [button, { reply: action, then: then(action) }]),
    ),
    otherwise: 'hang_up',
  }
}

/**
 * The script of a VoiceBroadcast. Voice files are named by UUID by now, and `said` has one for the `saidKey` of each `say`;
 * throws for one that it lacks.
 */
export function operationsScript(operations: Operations, said: ReadonlyMap<string, string>): StepScript {
  // From the end to the beginning, so that each step knows where the next one is; turned round when all are there.
  const reversed: Step[] = []
  const add = (step: Step): Then => reversed.push(step) - 1

  const soundOf = (spoken: Spoken): Sound => {
    if (spoken.do === 'play') return voiceFile(spoken.voiceFileId)
    if (spoken.do === 'pause') return { kind: 'silence', durationMs: ms(spoken.seconds) }
    const voiceFileId = said.get(saidKey(spoken))
    if (voiceFileId === undefined) throw new Error(`no voice file says ${JSON.stringify(spoken.text)}`)
    return voiceFile(voiceFileId)
  }

  /** Says where the list begins; `then` is what comes after it. */
  const compile = (list: Operations, then: Then): Then => {
    let next = then
    for (let end = list.length; end > 0; ) {
      const last = list[end - 1]!
      if (isSpoken(last)) {
        // What is said in one go is one command, so that nobody hears a gap.
        const start = 1 + list.findLastIndex((one, index) => index < end && !isSpoken(one))
        const sounds = (list.slice(start, end) as Spoken[]).map(soundOf)
        next = add({ do: 'play', sounds, interruptible: false, then: next })
        end = start
      } else {
        next = compileOne(last, next)
        end--
      }
    }
    return next
  }

  const compileOne = (operation: Exclude<Operation, Spoken>, then: Then): Then => {
    switch (operation.do) {
      case 'hangUp':
        return 'hang_up'
      case 'record': {
        const { maxSeconds, silenceSeconds, beep, finishOn } = operation
        const maxSilenceMs = silenceSeconds === null ? null : ms(silenceSeconds)
        return add({ do: 'record', maxDurationMs: ms(maxSeconds), maxSilenceMs, beep, terminateOn: finishOn, then })
      }
      case 'gather': {
        const { prompt, digits, timeoutSeconds, finishOn, replies, otherwise } = operation
        const branch = (list: Operations | undefined) => (list ? compile(list, then) : then)
        return add({
          do: 'gather',
          sounds: prompt.map(soundOf),
          maxDigits: digits,
          terminators: finishOn ?? '',
          firstDigitTimeoutMs: ms(timeoutSeconds),
          interDigitTimeoutMs: ms(timeoutSeconds),
          replies: Object.fromEntries(
            Object.entries(replies).map(([pressed, { reply, operations: list }]) => [
              pressed,
              { ...(reply === undefined ? {} : { reply: REPLIES[reply] }), then: branch(list) },
            ]),
          ),
          otherwise: branch(otherwise),
        })
      }
    }
  }

  compile(operations, 'hang_up')
  const turned = (then: Then): Then => (then === 'hang_up' ? then : reversed.length - 1 - then)
  return { steps: reversed.reverse().map((step) => retargeted(step, turned)) }
}

const REPLIES = { accept: 'accept', decline: 'decline', optOut: 'opt_out' } as const

function isSpoken(operation: Operation): operation is Spoken {
  return operation.do === 'play' || operation.do === 'say' || operation.do === 'pause'
}

function retargeted(step: Step, turned: (then: Then) => Then): Step {
  if (step.do !== 'gather') return { ...step, then: turned(step.then) }
  const replies = Object.fromEntries(
    Object.entries(step.replies).map(([pressed, one]) => [pressed, { ...one, then: turned(one.then) }]),
  )
  return { ...step, replies, otherwise: turned(step.otherwise) }
}

/** The voice files that a call may play, each once. */
export function voiceFilesOf(script: CallScript): string[] {
  const sounds = isSurveyScript(script)
    ? soundsOf(script)
    : script.steps.flatMap((step) => (step.do === 'record' ? [] : step.sounds))
  return [...new Set(sounds.flatMap((sound) => (sound.kind === 'voice_file' ? [sound.voiceFileId] : [])))]
}

/** The tone before a recording, in milliseconds, at its longest. */
const BEEP_MS = 1_000

/** How long one step takes at most, in milliseconds. */
export function longestStepMs(step: Step, durationOf: (voiceFileId: string) => number): number {
  switch (step.do) {
    case 'play':
      return playedMs(step.sounds, durationOf)
    case 'gather':
      return (
        playedMs(step.sounds, durationOf) + step.firstDigitTimeoutMs + (step.maxDigits - 1) * step.interDigitTimeoutMs
      )
    case 'record':
      return step.maxDurationMs + (step.beep ? BEEP_MS : 0)
  }
}

/**
 * An upper bound of how long a call with this script talks, for the `maxDurationMs` of its dial and for prices; the time
 * between commands is not in it. `durations` are milliseconds by voice file id; throws for one that is missing.
 */
export function longestTalkMs(script: CallScript, durations: ReadonlyMap<string, number>): number {
  const durationOf = (voiceFileId: string) => {
    const duration = durations.get(voiceFileId)
    if (duration === undefined) throw new Error(`no duration of voice file ${voiceFileId}`)
    return duration
  }
  if (isSurveyScript(script)) return longestSurveyMs(script, (sounds) => playedMs(sounds, durationOf))
  /** From the step on, by step. Steps lead forwards only, so the last is known first. */
  const from: number[] = []
  const rest = (then: Then) => (then === 'hang_up' ? 0 : from[then]!)
  for (let index = script.steps.length - 1; index >= 0; index--) {
    const step = script.steps[index]!
    from[index] = longestStepMs(step, durationOf) + Math.max(...nextSteps(step).map(rest))
  }
  return from[0] ?? 0
}

/** Where a step may lead. */
export function nextSteps(step: Step): Then[] {
  return step.do === 'gather' ? [step.otherwise, ...Object.values(step.replies).map(({ then }) => then)] : [step.then]
}

/** Whether anything is asked: an answered call without reply is then `no_reply`, otherwise `heard`. */
export function asks(script: CallScript): boolean {
  if (isSurveyScript(script)) return true
  return script.steps.some(
    (step) => step.do === 'gather' && Object.values(step.replies).some(({ reply }) => reply !== undefined),
  )
}

function voiceFile(voiceFileId: string): Sound {
  return { kind: 'voice_file', voiceFileId }
}

function ms(seconds: number): number {
  return Math.round(seconds * 1_000)
}
