import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokenSigner } from './tokens.ts'

const signer = tokenSigner(new Uint8Array(32).fill(1))
const id = '0193a1f0-1234-7abc-89de-0123456789ab'
const token = signer.sign('session', id)

test('a token gives back the id it was signed for, for its kind and under its secret only', () => {
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(signer.verify('session', token)).toBe(id)
  expect(signer.verify('respondent', token)).toBeUndefined()
  expect(tokenSigner(new Uint8Array(32).fill(2)).verify('session', token)).toBeUndefined()
})

test('no other text verifies: not with one character changed, added, removed, or written otherwise', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const verified: string[] = []
  for (let at = 0; at < token.length; at++) {
    for (const character of alphabet) {
      const changed = token.slice(0, at) + character + token.slice(at + 1)
      if (changed !== token && signer.verify('session', changed) !== undefined) verified.push(changed)
    }
    expect(signer.verify('session', token.slice(0, at) + token.slice(at + 1))).toBeUndefined()
  }
  expect(verified).toEqual([])
  for (const changed of [
    `${token}=`,
    `${token} `,
    ` ${token}`,
    `${token}\n`,
    `${token}A`,
    '',
    `${token.slice(0, 9)}!${token.slice(9)}`,
  ]) {
    expect(signer.verify('session', changed)).toBeUndefined()
  }
})

test('nothing that anyone sends breaks it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(signer.verify('session', text)).toBeUndefined()
    }),
  )
})
