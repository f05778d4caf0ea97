import { expect, test } from 'vitest'
import { CAUSES, type Cause, normaliseCause } from './causes.ts'

const cause = (q850?: number, sip?: number, facts = {}) =>
  normaliseCause({ answered: false, rang: true, cancelled: false, codes: { q850, sip }, ...facts })

// What Asterisk 22 reported of real SIP phones (voice/README.md).
test.each<[string, number, number, Cause]>([
  ['busy', 17, 486, 'busy'],
  ['no answer', 19, 480, 'no_answer'],
  ['unknown number', 1, 404, 'invalid_number'],
  ['forbidden', 21, 403, 'refused'],
  ['declined', 21, 603, 'refused'],
  ['unavailable', 34, 503, 'unreachable'],
  ['busy everywhere', 17, 600, 'busy'],
  ['exists nowhere', 1, 604, 'invalid_number'],
  ['address incomplete', 28, 484, 'invalid_number'],
  ['server error', 38, 500, 'provider_fault'],
  ['nothing in common', 58, 488, 'provider_fault'],
  ['cancelled when ringing took too long', 16, 487, 'no_answer'],
])('%s: %d/%d', (_, q850, sip, expected) => {
  expect(cause(q850, sip)).toBe(expected)
})

test.each<[number, Cause]>([
  [1, 'invalid_number'],
  [3, 'unreachable'],
  [16, 'no_answer'],
  [17, 'busy'],
  [18, 'no_answer'],
  [19, 'no_answer'],
  [20, 'unreachable'],
  [21, 'refused'],
  [22, 'invalid_number'],
  [27, 'unreachable'],
  [28, 'invalid_number'],
  [34, 'provider_fault'],
  [38, 'provider_fault'],
  [41, 'provider_fault'],
  [42, 'provider_fault'],
  [102, 'unreachable'],
  [127, 'provider_fault'],
])('Q.850 %d without a SIP code', (q850, expected) => {
  expect(cause(q850)).toBe(expected)
})

test.each([
  [19, 480],
  [19, 408],
  [18, undefined],
  [19, undefined],
])('%d/%s that never rang is unreachable', (q850, sip) => {
  expect(cause(q850, sip, { rang: false })).toBe('unreachable')
  expect(cause(q850, sip)).toBe('no_answer')
})

test('an answered call is answered whatever came afterwards, a cancelled one is cancelled', () => {
  for (const sip of [undefined, 200, 486, 487, 503]) {
    expect(cause(16, sip, { answered: true, cancelled: true })).toBe('answered')
    expect(cause(16, sip, { cancelled: true })).toBe('cancelled')
  }
})

test('every pair of codes has a cause, and codes nobody knows are faults of the provider', () => {
  for (let sip = 300; sip < 700; sip++) expect(CAUSES).toContain(cause(undefined, sip))
  for (let q850 = 0; q850 < 128; q850++) expect(CAUSES).toContain(cause(q850))
  expect([cause(), cause(99), cause(99, 499), cause(99, 699)]).toEqual([
    'provider_fault',
    'provider_fault',
    'provider_fault',
    'refused',
  ])
})
