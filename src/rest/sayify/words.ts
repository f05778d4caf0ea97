import type { Fault } from '../legacy/index.ts'

/** The words of Django REST framework, which Sayify is built with. */
export const REQUIRED = 'This field is required.'
export const NULL = 'This field may not be null.'
const BLANK = 'This field may not be blank.'
export const NAME_REQUIRED = 'name is required'

export const notAChoice = (value: unknown) =>
  `"${typeof value === 'string' ? value : JSON.stringify(value)}" is not a valid choice.`
export const notAList = (value: unknown) => `Expected a list of items but got type "${typeName(value)}".`
export const notADictionary = (value: unknown) => `Expected a dictionary of items but got type "${typeName(value)}".`
export const notAnObject = (value: unknown) => `Invalid data. Expected a dictionary, but got ${typeName(value)}.`

/** The name that Python has for the type of a JSON value. */
function typeName(value: unknown): string {
  if (value === null) return 'NoneType'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return { string: 'str', boolean: 'bool', object: 'dict' }[typeof value as 'string'] ?? typeof value
}

/** Rules that a text breaks by being blank. */
const BROKEN_BY_BLANK: ReadonlySet<string> = new Set(['required', 'too_short', 'regex', 'url'])
/** What a domain's schema says it expected, in the first words of its message. */
const EXPECTED = /^Invalid input: expected (\w+)/

/** What is told of a broken rule: the framework's own words where it has some, the domain's as a sentence otherwise. */
export function wordsOf({ rule, message, value }: Fault): string {
  if (rule === undefined) return message
  if (value === undefined && ['type', 'required', 'unknown_option'].includes(rule)) return REQUIRED
  if (value === null) return NULL
  if (typeof value === 'string' && value.trim() === '' && BROKEN_BY_BLANK.has(rule)) return BLANK
  if (Array.isArray(value) && value.length === 0 && rule === 'too_short') return 'This list may not be empty.'
  if (rule === 'unknown_option') return notAChoice(value)
  if (rule === 'url') return 'Enter a valid URL.'
  if (rule === 'type') return wrongType(EXPECTED.exec(message)?.[1], value) ?? sentence(message)
  return sentence(message)
}

function wrongType(expected: string | undefined, value: unknown): string | undefined {
  switch (expected) {
    case 'string':
      return 'Not a valid string.'
    case 'int':
      return 'A valid integer is required.'
    case 'number':
      return 'A valid number is required.'
    case 'boolean':
      return 'Must be a valid boolean.'
    case 'array':
      return notAList(value)
    case 'object':
    case 'record':
      return notADictionary(value)
    default:
      return undefined
  }
}

export function sentence(message: string): string {
  const capitalised = message.charAt(0).toUpperCase() + message.slice(1)
  return /[.!?]$/.test(capitalised) ? capitalised : `${capitalised}.`
}
