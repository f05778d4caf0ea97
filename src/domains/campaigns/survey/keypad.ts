import { type Configuration, isVoice, MAX_RECORDING_SECONDS, type QuestionRow } from '../../links/index.ts'
import { ratingBounds } from '../../responses/index.ts'
import type { Phrases } from './phrases.ts'

/** How a phone takes the answer to a question; plain data that fits a column. */
export type PhoneInput =
  /** One key is the answer. */
  | { kind: 'key'; values: Readonly<Record<string, unknown>> }
  /** Two keys are. */
  | { kind: 'code'; values: Readonly<Record<string, unknown>> }
  /** Each key is one of several, `#` ends them. */
  | { kind: 'keys'; values: Readonly<Record<string, string>> }
  | {
      kind: 'number'
      min: number | null
      max: number | null
      step: number | null
      /** Whether `*` is a decimal point. */
      decimals: boolean
      maxDigits: number
    }
  | { kind: 'date' }
  | { kind: 'voice'; maxDurationMs: number; maxSilenceMs: number }

const KEYS = '123456789'
/** As many are read out; more nobody remembers. */
const MOST_CODES = 30
const MOST_DIGITS = 12
const DATE_DIGITS = 8
const DEFAULT_RECORDING_SECONDS = 120
const SILENCE_MS = 4_000

/**
 * How a phone asks a question, and what it says after the prompt to explain the keys. Undefined for what a phone cannot
 * ask: free text, files, e-mail addresses, pictures without a label, more options than one can remember.
 */
export function phoneInput(question: QuestionRow, phrases: Phrases): { input: PhoneInput; menu: string } | undefined {
  const { type, configuration } = question
  if (isVoice(type)) {
    const { max_duration = DEFAULT_RECORDING_SECONDS } = configuration as Configuration<'voice'>
    const maxDurationMs = Math.min(max_duration, MAX_RECORDING_SECONDS) * 1_000
    return { input: { kind: 'voice', maxDurationMs, maxSilenceMs: SILENCE_MS }, menu: phrases.speak }
  }
  switch (type) {
    case 'yes_no':
      return { input: { kind: 'key', values: { 1: true, 2: false } }, menu: phrases.yesOrNo }
    case 'rating': {
      const { lowest, highest } = ratingBounds(configuration as Configuration<'rating'>)
      if (highest > 9) return wholeNumber(lowest, highest, phrases)
      const values = Object.fromEntries(
        Array.from({ length: highest - lowest + 1 }, (_, n) => [String(lowest + n), lowest + n]),
      )
      return { input: { kind: 'key', values }, menu: phrases.keyFromTo(lowest, highest) }
    }
    case 'multiple_choice': {
      const { options, allow_multiple: several } = configuration as Configuration<'multiple_choice'>
      const choices = options.map((option) => ({ label: option, value: option }))
      return several ? severalOf(choices, phrases) : oneOf(choices, phrases)
    }
    case 'image_choice': {
      const { cards } = configuration as Configuration<'image_choice'>
      if (cards.some(({ label }) => !label?.trim())) return undefined
      return oneOf(
        cards.map(({ id, label }) => ({ label: label!, value: id })),
        phrases,
      )
    }
    case 'number':
      return anyNumber(configuration as Configuration<'number'>, phrases)
    case 'date':
      return { input: { kind: 'date' }, menu: phrases.date }
    default:
      return undefined
  }
}

interface Choice {
  label: string
  value: string
}

function oneOf(choices: readonly Choice[], phrases: Phrases) {
  if (choices.length > MOST_CODES) return undefined
  const isShort = choices.length <= KEYS.length
  const keyOf = (n: number) => (isShort ? KEYS[n]! : String(n + 1).padStart(2, '0'))
  const values = Object.fromEntries(choices.map(({ value }, n) => [keyOf(n), value]))
  const menu = choices.map(({ label }, n) => phrases.choice(label, keyOf(n))).join(' ')
  return { input: { kind: isShort ? ('key' as const) : ('code' as const), values }, menu }
}

function severalOf(choices: readonly Choice[], phrases: Phrases) {
  if (choices.length > KEYS.length) return undefined
  const values = Object.fromEntries(choices.map(({ value }, n) => [KEYS[n]!, value]))
  const menu = [...choices.map(({ label }, n) => phrases.choice(label, KEYS[n]!)), phrases.allThatApply].join(' ')
  return { input: { kind: 'keys' as const, values }, menu }
}

function wholeNumber(min: number, max: number, phrases: Phrases) {
  const input = { kind: 'number' as const, min, max, step: 1, decimals: false, maxDigits: String(max).length }
  return { input, menu: phrases.numberFromTo(min, max) }
}

function anyNumber({ min, max, step }: Configuration<'number'>, phrases: Phrases) {
  // A keypad has no minus.
  if (max !== undefined && max < 0) return undefined
  const isWhole = step !== undefined && Number.isInteger(step) && Number.isInteger(min ?? 0)
  const decimals = !isWhole
  const maxDigits = max === undefined || decimals ? MOST_DIGITS : Math.min(MOST_DIGITS, String(Math.floor(max)).length)
  const asked =
    min !== undefined && min >= 0 && max !== undefined && !decimals ? phrases.numberFromTo(min, max) : phrases.number
  const menu = decimals ? `${asked} ${phrases.decimals}` : asked
  return {
    input: { kind: 'number' as const, min: min ?? null, max: max ?? null, step: step ?? null, decimals, maxDigits },
    menu,
  }
}

/** How many keys are waited for, and how long between two, in milliseconds. */
export function keysOf(input: Exclude<PhoneInput, { kind: 'voice' }>): { maxDigits: number; interDigitMs: number } {
  switch (input.kind) {
    case 'key':
      return { maxDigits: 1, interDigitMs: 1_000 }
    case 'code':
      return { maxDigits: 2, interDigitMs: 4_000 }
    case 'keys':
      return { maxDigits: Object.keys(input.values).length, interDigitMs: 4_000 }
    case 'number':
      return { maxDigits: input.maxDigits, interDigitMs: 4_000 }
    case 'date':
      return { maxDigits: DATE_DIGITS, interDigitMs: 6_000 }
  }
}

/** What digits say, in the shape of an answer to the question; undefined when they say nothing that it takes. */
export function readDigits(input: Exclude<PhoneInput, { kind: 'voice' }>, digits: string): unknown {
  switch (input.kind) {
    case 'key':
    case 'code':
      return Object.hasOwn(input.values, digits) ? input.values[digits] : undefined
    case 'keys': {
      const pressed = [...new Set(digits)]
      if (pressed.length === 0 || pressed.some((key) => !Object.hasOwn(input.values, key))) return undefined
      return pressed.sort().map((key) => input.values[key]!)
    }
    case 'number':
      return readNumber(input, digits)
    case 'date':
      return readDate(digits)
  }
}

/** As close to a step as an answer of the page has to be (responses/answer-value.ts). */
const STEP_TOLERANCE = 1e-9

function readNumber(
  { min, max, step, decimals }: Extract<PhoneInput, { kind: 'number' }>,
  digits: string,
): number | undefined {
  const form = decimals ? /^\d+(\*\d+)?$/ : /^\d+$/
  if (!form.test(digits)) return undefined
  const value = Number(digits.replace('*', '.'))
  if ((min !== null && value < min) || (max !== null && value > max)) return undefined
  if (step !== null) {
    const steps = (value - (min ?? 0)) / step
    if (Math.abs(steps - Math.round(steps)) > STEP_TOLERANCE * Math.max(1, Math.abs(steps))) return undefined
  }
  return value
}

function readDate(digits: string): string | undefined {
  const [, day, month, year] = digits.match(/^(\d{2})(\d{2})(\d{4})$/) ?? []
  if (day === undefined) return undefined
  const text = `${year}-${month}-${day}`
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : undefined
}
