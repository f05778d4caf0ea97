import type { Command } from './telephony.ts'

type Rules = Pick<
  Extract<Command, { kind: 'collect' }>,
  'maxDigits' | 'terminators' | 'firstDigitTimeoutMs' | 'interDigitTimeoutMs'
>

/**
 * Collects digits by the rules of `collect`, for providers that report single keypresses only (Asterisk among them).
 * Knows no clock: instants, in milliseconds, are given, and the caller wakes it at `deadline`.
 */
export class DigitCollector {
  digits = ''
  /** When waiting is over (a timeout); undefined while something is played and no digit has come. */
  deadline: number | undefined
  readonly #rules: Rules

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** What was played is over (or there was nothing to play): waiting begins, unless a digit came before. */
  played(now: number): void {
    this.deadline ??= now + this.#rules.firstDigitTimeoutMs
  }

  /** A key was pressed; says how the collection ended, if it did. */
  press(digit: string, now: number): 'complete' | 'terminated' | undefined {
    if (this.#rules.terminators?.includes(digit)) return 'terminated'
    this.digits += digit
    this.deadline = now + this.#rules.interDigitTimeoutMs
    return this.digits.length >= this.#rules.maxDigits ? 'complete' : undefined
  }
}
