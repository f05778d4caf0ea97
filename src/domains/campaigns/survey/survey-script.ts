import { type Condition, probingOf, type QuestionRow, visibleFieldKeys } from '../../links/index.ts'
import type { Sound } from '../sound.ts'
import { keysOf, type PhoneInput, phoneInput } from './keypad.ts'
import { type Phrases, phrasesOf } from './phrases.ts'

/** The content of a SurveyCalls as it is stored. */
export interface SurveyContent {
  linkId: string
  /** Who speaks; null: nobody, so that only voice files are played. */
  voice: string | null
  /** In place of the greeting and the farewell of the voice's language. */
  greeting: SurveyPhrase | null
  goodbye: SurveyPhrase | null
  /** In place of spoken prompts. */
  prompts: {
    fieldKey: string
    voiceFileId: string /** Whether the keys are explained in it. */
    explainsKeys: boolean
  }[]
  /** A digit or `*`; where a digit is a possible answer, it is that. Null: nobody can opt out by a key. */
  optOutKey: string | null
  /** How often one question is asked at most. */
  tries: number
  /** How long an answer may take to begin, after the question. */
  answerSeconds: number
  /** Whether who hung up with questions left is called again, as often as others who did not answer. */
  redialUnfinished: boolean
  /** Whether who has answered may be asked again. */
  allowRepeats: boolean
  /** Sent to who has answered by phone all that a phone can ask, when there is more; `{link}` is their own address. */
  followUpSms: string | null
  /** The voice file of each text that is said, by its key. */
  said: Readonly<Record<string, string>>
}

export type SurveyPhrase = { text: string } | { voiceFileId: string }

/** A question that a phone asks. */
export interface PhoneQuestion {
  fieldKey: string
  required: boolean
  sounds: readonly Sound[]
  input: PhoneInput
  /** How many follow-ups a spoken answer may get; absent: none. */
  followUps?: number
}

/** What a call of a survey does, as the link was when it was dialled; `survey-flow.ts` goes through it. */
export interface SurveyScript {
  /** In their order. */
  asks: readonly PhoneQuestion[]
  /** All questions of the link: whether one is asked may depend on any other. */
  conditions: readonly { fieldKey: string; condition: Condition | Record<string, never> }[]
  /** Those that no phone can ask. */
  unaskable: readonly string[]
  greeting: readonly Sound[]
  goodbye: readonly Sound[]
  unfinished: readonly Sound[]
  optedOut: readonly Sound[]
  notUnderstood: readonly Sound[]
  notHeard: readonly Sound[]
  /** Said once while follow-ups are waited for; absent where nothing is probed. */
  moment?: readonly Sound[]
  /** What a follow-up is said with, after its prompt; absent likewise. */
  followUpSaying?: { voice: string; menu: string }
  optOutKey: string | null
  tries: number
  answerMs: number
}

/** One thing that a voice has to say. */
export interface Saying {
  text: string
  voice: string
}

/** What fits into one utterance (providers/speech). */
const LONGEST_SAYING = 4_000
const PAUSE: Sound = { kind: 'silence', durationMs: 400 }

/**
 * The script of a survey. `soundOf` gives what says a text, and undefined for what nobody has said yet; it is asked for
 * every text that the calls need, so that whoever prepares them learns of all.
 */
export function surveyScript(
  link: { name: string },
  questions: readonly QuestionRow[],
  content: Omit<SurveyContent, 'said'>,
  soundOf: (saying: Saying) => Sound | undefined,
): SurveyScript {
  const { voice, greeting, goodbye, optOutKey } = content
  const phrases = phrasesOf(voice)
  const say = (text: string): Sound[] => {
    // A voice refuses what has nothing in it to be said.
    if (voice === null || !/[\p{L}\p{N}]/u.test(text)) return []
    const sound = soundOf({ text: text.slice(0, LONGEST_SAYING).toWellFormed(), voice })
    return sound ? [sound] : []
  }
  const phrase = (own: SurveyPhrase | null, otherwise: string): Sound[] =>
    own === null ? say(otherwise) : 'text' in own ? say(own.text) : [voiceFile(own.voiceFileId)]
  const hint = optOutKey === null ? '' : phrases.optOutHint(optOutKey)

  const asks: PhoneQuestion[] = []
  const unaskable: string[] = []
  for (const question of questions) {
    const { field_key: fieldKey, required, prompt } = question
    const known = phoneInput(question, phrases)
    const recorded = content.prompts.find((each) => each.fieldKey === fieldKey)
    // Without a voice, only what somebody has recorded can be asked.
    if (!known || (voice === null && !recorded)) {
      unaskable.push(fieldKey)
      continue
    }
    const menu = [known.menu, hashHint(known.input, required, phrases)].join(' ').trim()
    const sounds = recorded
      ? [voiceFile(recorded.voiceFileId), ...(recorded.explainsKeys ? [] : say(menu))]
      : say(`${prompt} ${menu}`)
    const probing = voice !== null && known.input.kind === 'voice' ? probingOf(question) : null
    const followUps = probing ? { followUps: probing.maxFollowUps } : {}
    asks.push({ fieldKey, required, sounds: [...sounds, PAUSE], input: known.input, ...followUps })
  }
  const isProbed = voice !== null && asks.some(({ followUps }) => followUps !== undefined)
  return {
    asks,
    conditions: questions.map(({ field_key: fieldKey, condition }) => ({ fieldKey, condition })),
    unaskable,
    greeting: [...phrase(greeting, phrases.greeting(link.name)), ...say(hint), PAUSE],
    goodbye: phrase(goodbye, phrases.goodbye),
    unfinished: say(phrases.unfinished),
    optedOut: say(phrases.optedOut),
    notUnderstood: say(phrases.notUnderstood),
    notHeard: say(phrases.notHeard),
    ...(isProbed
      ? { moment: say(phrases.moment), followUpSaying: { voice, menu: `${phrases.speak} ${phrases.skipSpeaking}` } }
      : {}),
    optOutKey,
    tries: content.tries,
    answerMs: content.answerSeconds * 1_000,
  }
}

/** What the hash key does by itself (`survey-flow.ts`). */
function hashHint({ kind }: PhoneInput, required: boolean, phrases: Phrases): string {
  if (kind === 'voice') return required ? '' : phrases.skipSpeaking
  return required ? phrases.hearAgain : phrases.skip
}

export function isSurveyScript(script: object): script is SurveyScript {
  return 'asks' in script
}

/** Every sound that a call may play. */
export function soundsOf(script: SurveyScript): Sound[] {
  const { greeting, goodbye, unfinished, optedOut, notUnderstood, notHeard, moment = [], asks } = script
  return [
    ...[greeting, goodbye, unfinished, optedOut, notUnderstood, notHeard, moment].flat(),
    ...asks.flatMap(({ sounds }) => sounds),
  ]
}

/** The field keys that are shown, given answers by field key; a recording is an answer of null. */
export function shownIn(script: SurveyScript, answers: Readonly<Record<string, unknown>>): Set<string> {
  return visibleFieldKeys(script.conditions, new Map(Object.entries(answers)))
}

/** How long follow-ups are waited for, in all of a call: so often, so long, and the phrase that is said once. */
export const MOST_WAITS = 5
export const WAIT_MS = 1_500
/** A follow-up is one question; what takes longer to be said is not asked by phone. */
export const FOLLOW_UP_SAID_MS = 45_000

/** The tone before a recording, at its longest. */
const BEEP_MS = 1_000

/** How long one question takes at most when it is asked once, in milliseconds. */
export function longestAskMs(script: SurveyScript, question: PhoneQuestion, playedMs: PlayedMs): number {
  const { input, sounds } = question
  const said = playedMs(sounds) + Math.max(playedMs(script.notHeard), playedMs(script.notUnderstood))
  if (input.kind === 'voice') return said + BEEP_MS + input.maxDurationMs
  const { maxDigits, interDigitMs } = keysOf(input)
  return said + script.answerMs + (maxDigits - 1) * interDigitMs
}

/** How long sounds play, in milliseconds. */
export type PlayedMs = (sounds: readonly Sound[]) => number

/** An upper bound of how long a call talks, in milliseconds; the time between commands is not in it. */
export function longestSurveyMs(script: SurveyScript, playedMs: PlayedMs): number {
  const asked = script.asks.reduce((sum, each) => sum + script.tries * longestAskMs(script, each, playedMs), 0)
  const followedUp = script.asks.reduce((sum, { input, followUps = 0 }) => {
    return input.kind === 'voice' ? sum + followUps * (FOLLOW_UP_SAID_MS + BEEP_MS + input.maxDurationMs) : sum
  }, 0)
  const waited = script.moment ? playedMs(script.moment) + MOST_WAITS * WAIT_MS : 0
  const farewells = [script.goodbye, script.unfinished, script.optedOut].map(playedMs)
  return playedMs(script.greeting) + asked + followedUp + waited + Math.max(...farewells)
}

function voiceFile(voiceFileId: string): Sound {
  return { kind: 'voice_file', voiceFileId }
}
