import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenRules } from '../../../test/kit/world.ts'
import { parse } from '../../platform/validation.ts'
import { hashPassword, isOutdated, verifyPassword, write } from './password-hash.ts'
import { password, refuseOwnName } from './password-rules.ts'

test('a password is known again, and no other one is', async () => {
  const hash = await hashPassword('correct horse')
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await hashPassword('correct horse')).not.toBe(hash)
  expect(await verifyPassword('correct horse', hash)).toBe(true)
  for (const wrong of ['correct horse ', 'Correct horse', '', 'correct']) {
    expect(await verifyPassword(wrong, hash)).toBe(false)
  }
  expect(await verifyPassword('correct horse', undefined)).toBe(false)
})

test('a hash of former parameters is understood, and known to be outdated', async () => {
  const { argon2Sync } = await import('node:crypto')
  const former = { memory: 1024, passes: 1, parallelism: 1 }
  const nonce = randomBytes(16)
  const hash = write(former, nonce, argon2Sync('argon2id', { ...former, message: 'old horse', nonce, tagLength: 32 }))
  expect(await verifyPassword('old horse', hash)).toBe(true)
  expect(await verifyPassword('new horse', hash)).toBe(false)
  expect([isOutdated(hash), isOutdated(await hashPassword('old horse'))]).toEqual([true, false])
})

test('a stored hash of another form is a defect, not a wrong password', async () => {
  await expect(verifyPassword('x', '$2b$10$abc')).rejects.toThrow('unknown form')
  // The turn was given back.
  expect(await Promise.all(Array.from({ length: 5 }, () => verifyPassword('x', undefined)))).toEqual(
    Array(5).fill(false),
  )
})

test('no more hash at once than there is room for, and too many are sent away', async () => {
  let running = 0
  let most = 0
  const attempts = Array.from({ length: 250 }, () =>
    verifyPassword('x', undefined, async () => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
      throw new Error('seen')
    }),
  )
  const results = await Promise.allSettled(attempts)
  const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : undefined))
  expect(reasons.filter((reason) => reason?.message === 'seen')).toHaveLength(202)
  const refused = reasons.filter((reason) => reason?.code === 'RATE_LIMITED')
  expect(refused).toHaveLength(48)
  expect(refused[0].details).toEqual({ retryAfter: 5 })
  expect(most).toBeLessThanOrEqual(2)
  expect(await verifyPassword('x', undefined)).toBe(false)
})

const judge = (value: unknown) => () => parse(password, value)

test.each<[unknown, string]>([
  ['1234567', 'too_short'],
  ['😀'.repeat(7), 'too_short'],
  ['', 'too_short'],
  ['x1'.repeat(101), 'too_long'],
  ['12345678', 'too_common'],
  ['PassWord123', 'too_common'],
  ['ｐａｓｓｗｏｒｄ', 'too_common'],
  ['aaaaaaaaaaaa', 'too_common'],
  ['abababababab', 'too_common'],
  ['long enough \ud800', 'unstorable_character'],
  [null, 'type'],
  [12345678, 'type'],
])('%j is no password', async (value, rule) => {
  expect(await brokenRules(judge(value))).toEqual([` ${rule}`])
})

test('letters count the same however they are composed', () => {
  expect(judge('naı̈ve pässwörd')()).toBe(judge('naı̈ve pässwörd'.normalize('NFD'))())
  expect(judge('ﬁsh and chips')()).toBe('fish and chips')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 }), (value) => {
      let once: string | undefined
      try {
        once = judge(value)() as string
      } catch {
        return
      }
      expect(judge(once)()).toBe(once)
    }),
  )
})

test('what everybody knows of a user is no password', async () => {
  const refuse = (secret: string) => async () => refuseOwnName(secret, ['Ann.Smith@example.com', null, 'annsmith99'])
  for (const known of ['ann.smith@EXAMPLE.com', 'Ann.Smith', 'ANNSMITH99']) {
    expect(await brokenRules(refuse(known))).toEqual(['password too_common'])
  }
  await refuse('Ann.Smith@example.org')()
})
