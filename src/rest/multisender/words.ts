import type { Fault } from '../legacy/index.ts'

/** What a domain's schema says it expected, in the first words of its message. */
const EXPECTED = /^Invalid input: expected (\w+)/
const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}
/** Rules that a value breaks by not being there. */
const BROKEN_BY_ABSENCE: ReadonlySet<string> = new Set(['type', 'required', 'unknown_option'])

/** What is told of the request as a whole. */
const WHOLE = 'body'

/** Messages by field; nested ones by their path, such as `filters.0.value`. Each message names its field. */
export function errorsByField(faults: readonly Fault[]): Record<string, string[]> {
  const errors: Record<string, string[]> = {}
  for (const fault of faults) {
    const field = fault.path.join('.') || WHOLE
    const message = `${field} ${wordsOf(fault)}`
    errors[field] ??= []
    if (!errors[field].includes(message)) errors[field].push(message)
  }
  return errors
}

function wordsOf({ rule, message, value }: Fault): string {
  if (value === undefined && (rule === undefined || BROKEN_BY_ABSENCE.has(rule))) return 'is required'
  const expected = TYPES[EXPECTED.exec(message)?.[1] ?? '']
  return expected === undefined ? message : `must be ${expected}`
}
