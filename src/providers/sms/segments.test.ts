import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeGsm7, encodeGsm7, gsm7Codes } from './gsm7.ts'
import { smsParts, splitSms } from './segments.ts'

describe('what a text costs', () => {
  test.each<[string, string, 'gsm7' | 'ucs2', number, number]>([
    ['nothing', '', 'gsm7', 0, 1],
    ['a letter', 'a', 'gsm7', 1, 1],
    ['160 letters', 'a'.repeat(160), 'gsm7', 160, 1],
    ['161 letters', 'a'.repeat(161), 'gsm7', 161, 2],
    ['twice 153', 'a'.repeat(306), 'gsm7', 306, 2],
    ['one more', 'a'.repeat(307), 'gsm7', 307, 3],
    ['Finnish', 'Hyvää yötä, Åke!', 'gsm7', 16, 1],
    ['line breaks', 'a\r\nb', 'gsm7', 4, 1],
    ['a euro', '€', 'gsm7', 2, 1],
    ['every extension character', '\f^{}\\[~]|€', 'gsm7', 20, 1],
    ['80 euros', '€'.repeat(80), 'gsm7', 160, 1],
    ['81 euros: 76 fit into 153', '€'.repeat(81), 'gsm7', 162, 2],
    ['152 euros', '€'.repeat(152), 'gsm7', 304, 2],
    ['153 euros, though 306 septets would fit into two', '€'.repeat(153), 'gsm7', 306, 3],
    ['capital Greek that GSM has', 'ΔΦΓΛΩΠΨΣΘΞ', 'gsm7', 10, 1],
    ['Greek that it has not', 'Α', 'ucs2', 1, 1],
    ['a c with cedilla, of which GSM has only the capital', 'ç', 'ucs2', 1, 1],
    ['a backtick', '`', 'ucs2', 1, 1],
    ['a tab', '\t', 'ucs2', 1, 1],
    ['an escape', '\x1b', 'ucs2', 1, 1],
    ['a typographic apostrophe', 'don’t', 'ucs2', 5, 1],
    ['70 units', 'ж'.repeat(70), 'ucs2', 70, 1],
    ['71 units', 'ж'.repeat(71), 'ucs2', 71, 2],
    ['134 units', 'ж'.repeat(134), 'ucs2', 134, 2],
    ['135 units', 'ж'.repeat(135), 'ucs2', 135, 3],
    ['an emoji', '😀', 'ucs2', 2, 1],
    ['35 emoji', '😀'.repeat(35), 'ucs2', 70, 1],
    ['36 emoji: 33 fit into 67', '😀'.repeat(36), 'ucs2', 72, 2],
    ['67 emoji, though 134 units would fit into two', '😀'.repeat(67), 'ucs2', 134, 3],
    ['one letter that makes all the others wide', `${'a'.repeat(160)}ж`, 'ucs2', 161, 3],
  ])('%s', (_, text, encoding, characters, segments) => {
    expect(smsParts(text)).toEqual({ encoding, characters, segments })
  })
})

test('an extension character moves to the next part whole', () => {
  const { parts } = splitSms(`${'a'.repeat(152)}€${'b'.repeat(20)}`)
  expect(parts).toEqual(['a'.repeat(152), `€${'b'.repeat(20)}`])
})

test('a surrogate pair moves to the next part whole', () => {
  const { parts } = splitSms(`${'ж'.repeat(66)}😀${'ж'.repeat(10)}`)
  expect(parts).toEqual(['ж'.repeat(66), `😀${'ж'.repeat(10)}`])
})

test('the default alphabet is the one of 3GPP TS 23.038', () => {
  const codes: [string, number[]][] = [
    ['@', [0x00]],
    ['£', [0x01]],
    ['$', [0x02]],
    ['Ç', [0x09]],
    ['\n', [0x0a]],
    ['\r', [0x0d]],
    ['_', [0x11]],
    ['Ξ', [0x1a]],
    ['Æ', [0x1c]],
    [' ', [0x20]],
    ['¤', [0x24]],
    ['0', [0x30]],
    ['¡', [0x40]],
    ['A', [0x41]],
    ['Ä', [0x5b]],
    ['§', [0x5f]],
    ['¿', [0x60]],
    ['a', [0x61]],
    ['ä', [0x7b]],
    ['à', [0x7f]],
    ['€', [0x1b, 0x65]],
    ['[', [0x1b, 0x3c]],
  ]
  for (const [character, code] of codes) expect([character, gsm7Codes(character)]).toEqual([character, code])
  expect(() => encodeGsm7('ж')).toThrow('not a text of GSM 03.38')
})

test('what a phone shows of unknown extensions and cut escapes', () => {
  expect(decodeGsm7(Buffer.from([0x1b, 0x65, 0x1b, 0x41, 0x41, 0x1b]))).toBe('€AA')
  expect(decodeGsm7(Buffer.from([0x1b, 0x1b, 0x41]))).toBe(' A')
})

describe('for any text', () => {
  const gsmCharacters = Array.from({ length: 0xffff }, (_, code) => String.fromCharCode(code)).filter(gsm7Codes)
  const gsm = fc.string({ unit: fc.constantFrom(...gsmCharacters), maxLength: 700 })
  const any = fc.oneof(
    gsm,
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
  )

  test('the parts join to it, fit, and none is larger than it must be', () => {
    expect(gsmCharacters).toHaveLength(137)
    fc.assert(
      fc.property(any, (text) => {
        const { encoding, characters, parts } = splitSms(text)
        const size = (part: string) => (encoding === 'gsm7' ? encodeGsm7(part).length : part.length)
        expect(parts.join('')).toBe(text)
        expect(parts.reduce((sum, part) => sum + size(part), 0)).toBe(characters)
        const [single, room] = encoding === 'gsm7' ? [160, 153] : [70, 67]
        expect(parts.length === 1).toBe(characters <= single)
        if (parts.length === 1) return
        for (const [index, part] of parts.entries()) {
          expect(size(part)).toBeLessThanOrEqual(room)
          const next = parts[index + 1]
          // Each part was full: the next character would not have fitted.
          if (next) expect(size(part) + size([...next][0]!)).toBeGreaterThan(room)
          if (text.isWellFormed()) expect(part.isWellFormed()).toBe(true)
        }
      }),
    )
  })

  test('the encoding is GSM exactly when every character is in it, and it survives', () => {
    fc.assert(
      fc.property(any, (text) => {
        const isGsm = [...text].every((character) => gsm7Codes(character))
        expect(smsParts(text).encoding).toBe(isGsm ? 'gsm7' : 'ucs2')
        if (isGsm) expect(decodeGsm7(encodeGsm7(text))).toBe(text)
      }),
    )
  })
})
