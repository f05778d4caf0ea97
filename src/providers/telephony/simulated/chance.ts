import { hash } from 'node:crypto'

/** A number in [0, 1) that depends on the words alone: the same in every process and at any time. */
export function chance(...words: readonly (string | number)[]): number {
  return Number.parseInt(hash('sha256', words.join('|'), 'hex').slice(0, 12), 16) / 2 ** 48
}

/** A whole number from `min` to `max`, both included. */
export function within({ minMs, maxMs }: Range, drawn: number): number {
  return minMs + Math.floor(drawn * (maxMs - minMs + 1))
}

export interface Range {
  minMs: number
  maxMs: number
}
