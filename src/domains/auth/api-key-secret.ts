import { createHash, randomInt } from 'node:crypto'

export const KEY_PREFIX = 'sk_live_'
const RANDOM_LENGTH = 40
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** How much of a key may be shown later: the fixed prefix and four characters, and the last four. */
const SHOWN = 4

/** A new key: `sk_live_` and 40 random letters and digits (contract/sayify.md 2). */
export function generateKey(): string {
  return KEY_PREFIX + Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

/** What is stored of a key: enough to recognise it when presented or listed, not enough to use it. */
export function describeKey(key: string): { hash: string; prefix: string; suffix: string } {
  return {
    hash: createHash('sha256').update(key).digest('hex'),
    prefix: key.slice(0, KEY_PREFIX.length + SHOWN),
    suffix: key.slice(-SHOWN),
  }
}
