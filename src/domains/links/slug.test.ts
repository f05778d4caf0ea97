import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fieldKeyOf, firstFree, MAX_SLUG, SLUG, slugify } from './slug.ts'

test.each([
  ['Product Feedback Survey', 'product-feedback-survey'],
  ['  --Hello,   World!-- ', 'hello-world'],
  ['Café Übergröße', 'cafe-ubergro-e'],
  ['ﬁne ①', 'fine-1'],
  ['日本語', 'link'],
  ['!!!', 'link'],
  ['a'.repeat(100), 'a'.repeat(80)],
  [`${'a'.repeat(79)} b`, 'a'.repeat(79)],
])('the slug of %j is %j', (name, slug) => {
  expect(slugify(name)).toBe(slug)
})

test.each([
  ['Tell us about your experience', 'tell_us_about_your_experience'],
  ['How likely are you to recommend us? (1-10)', 'how_likely_are_you_to_recommend_us_1_10'],
  ['What is your email address?', 'what_is_your_email_address'],
  ['__Ärger__?', 'arger'],
  ['日本語', 'question'],
  ['x'.repeat(100), 'x'.repeat(64)],
  [`${'x'.repeat(63)} y`, 'x'.repeat(63)],
])('the field key of %j is %j', (prompt, fieldKey) => {
  expect(fieldKeyOf(prompt)).toBe(fieldKey)
})

test('a taken wish gets -2, then -3; a cut wish makes room for it', () => {
  const taken = new Set(['a', 'a-2', 'b', 'a'.repeat(MAX_SLUG)])
  const free = (wish: string) => firstFree(wish, (slug) => taken.has(slug), '-', MAX_SLUG)
  expect(free('new')).toBe('new')
  expect(free('a')).toBe('a-3')
  expect(free('b')).toBe('b-2')
  expect(free('a'.repeat(MAX_SLUG))).toBe(`${'a'.repeat(MAX_SLUG - 2)}-2`)
})

test('every name makes a slug of the allowed form, within its length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
      const slug = slugify(name)
      expect(slug).toMatch(SLUG)
      expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(slug.length).toBeLessThanOrEqual(MAX_SLUG)
      expect(slugify(slug)).toBe(slug)
    }),
  )
})

test('every prompt makes a field key of the contract, and a field key is its own', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (prompt) => {
      const key = fieldKeyOf(prompt)
      expect(key).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/)
      expect(key.length).toBeLessThanOrEqual(64)
      expect(fieldKeyOf(key)).toBe(key)
    }),
  )
})
