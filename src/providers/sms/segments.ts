import { gsm7Codes } from './gsm7.ts'

export type SmsEncoding = 'gsm7' | 'ucs2'

export interface SmsParts {
  /** GSM 7-bit when every character is in GSM 03.38, else UCS-2 (UTF-16, in fact). */
  encoding: SmsEncoding
  /** As networks count: septets, of which the extension characters take two, or UTF-16 units. */
  characters: number
  /** What is billed: at least 1. */
  segments: number
}

/** What fits into a message of its own, and into each part of a longer one, whose header takes six octets. */
const ROOM = { gsm7: { single: 160, part: 153 }, ucs2: { single: 70, part: 67 } } as const

/** How `text` travels and what it costs in segments (3GPP TS 23.038 and 23.040, 8-bit references). */
export function smsParts(text: string): SmsParts {
  const { encoding, characters, parts } = splitSms(text)
  return { encoding, characters, segments: parts.length }
}

/**
 * `text` in the parts that are sent, which join to it again. No part splits a surrogate pair, nor the two septets of an
 * extension character.
 */
export function splitSms(text: string): { encoding: SmsEncoding; characters: number; parts: string[] } {
  const letters = [...text]
  const encoding = letters.every((letter) => gsm7Codes(letter)) ? 'gsm7' : 'ucs2'
  const sizeOf = (letter: string) => (encoding === 'gsm7' ? gsm7Codes(letter)!.length : letter.length)
  const characters = letters.reduce((sum, letter) => sum + sizeOf(letter), 0)
  const { single, part } = ROOM[encoding]
  if (characters <= single) return { encoding, characters, parts: [text] }
  const parts: string[] = []
  let current = ''
  let used = 0
  for (const letter of letters) {
    if (used + sizeOf(letter) > part) {
      parts.push(current)
      current = ''
      used = 0
    }
    current += letter
    used += sizeOf(letter)
  }
  return { encoding, characters, parts: [...parts, current] }
}
