import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSealer } from './sealed.ts'

const sealer = createSealer(new Uint8Array(32).fill(1))

test('what is sealed opens at its place, and is never the same text twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, place) => {
      const sealed = sealer.seal(text, place)
      expect(sealer.open(sealed, place)).toBe(text)
      expect(sealer.seal(text, place)).not.toBe(sealed)
    }),
  )
})

test('it opens nowhere else, with no other key, and not after a change', () => {
  const sealed = sealer.seal('whsec_abc', 'a')
  expect(() => sealer.open(sealed, 'b')).toThrow()
  expect(() => createSealer(new Uint8Array(32).fill(2)).open(sealed, 'a')).toThrow()
  const bytes = Buffer.from(sealed, 'base64url')
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i]! ^= 1
    expect(() => sealer.open(changed.toString('base64url'), 'a')).toThrow()
  }
  expect(() => sealer.open('', 'a')).toThrow()
})

test('a fingerprint is the same for the same text and purpose, and for nothing else', () => {
  const print = sealer.fingerprint('token', 'a')
  expect(print).toMatch(/^[0-9a-f]{64}$/)
  expect(sealer.fingerprint('token', 'a')).toBe(print)
  const others = [
    sealer.fingerprint('token', 'b'),
    sealer.fingerprint('tokens', 'a'),
    createSealer(new Uint8Array(32).fill(2)).fingerprint('token', 'a'),
  ]
  expect(new Set([print, ...others]).size).toBe(4)
})
