import { expect, test } from 'vitest'
import { z } from 'zod'
import { brokenRules } from '../../test/kit/world.ts'
import { jsonObject, jsonValue, line, parse, text, webAddress } from './validation.ts'

const nested = (levels: number): unknown => {
  let value: unknown = 'core'
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

test.each<[z.ZodType, unknown, unknown]>([
  [line(3), ' abc ', 'abc'],
  [line(2), '😀', '😀'],
  [text(3), ' a ', ' a '],
  [text(3), '', ''],
  [jsonValue(10), 'x'.repeat(8), 'x'.repeat(8)],
  [jsonValue(10), undefined, undefined],
  [jsonValue(1_000), nested(100), nested(100)],
  [jsonObject(20), { a: { b: [1, null] } }, { a: { b: [1, null] } }],
  [webAddress(), 'https://example.com', 'https://example.com'],
  [webAddress(), 'HTTP://EXAMPLE.com/ä b', 'HTTP://EXAMPLE.com/ä b'],
])('%# is accepted', (schema, input, output) => {
  expect(parse(schema, input)).toEqual(output)
})

test.each<[z.ZodType, unknown, string]>([
  [line(3), ' abcd ', 'too_long'],
  [line(3), ' ', 'too_short'],
  [line(3), 5, 'type'],
  [line(3), undefined, 'type'],
  [line(3), 'a\0', 'unstorable_character'],
  [text(9), '\ud800', 'unstorable_character'],
  [text(9), '\udc00\ud800', 'unstorable_character'],
  [jsonValue(10), 'x'.repeat(9), 'too_long'],
  [jsonValue(10), 'ä'.repeat(5), 'too_long'],
  [jsonValue(100), { a: [{ b: '\0' }] }, 'unstorable_character'],
  [jsonValue(100), { '\udead': 1 }, 'unstorable_character'],
  [jsonValue(1_000), nested(101), 'too_deep'],
  [jsonValue(100_000), nested(30_000), 'too_deep'],
  [jsonObject(100), [], 'type'],
  [jsonObject(100), null, 'type'],
  [webAddress(), '//example.com', 'url'],
  [webAddress(), 'https:/example.com', 'url'],
  [webAddress(), ' https://example.com', 'url'],
  [webAddress(), 'https://exam\tple.com', 'url'],
  [webAddress(), 'ftp://example.com', 'url'],
  [webAddress(), 'https://', 'url'],
  [webAddress(), 'https://a@example.com', 'url'],
  [webAddress(), `https://example.com/${'x'.repeat(2_000)}`, 'too_long'],
])('%# is refused by rule %3$s', async (schema, input, rule) => {
  expect(await brokenRules(() => parse(z.object({ field: schema }), { field: input }, ['at', 0]))).toEqual([
    `at.0.field ${rule}`,
  ])
})

test('of several alternatives the last one explains what is wrong, with its own path', async () => {
  const schema = z.object({ a: z.union([z.literal(''), z.object({ b: line(3) })]) })
  expect(await brokenRules(() => parse(schema, { a: { b: ' ' } }))).toEqual(['a.b too_short'])
})

test('the message tells every broken rule with its place', () => {
  const attempt = () => parse(z.object({ a: line(1), b: z.strictObject({}) }), { a: 'xx', b: { c: 1 } }, ['in'])
  expect(attempt).toThrow('in.a: must have at most 1 characters; in.b: Unrecognized key: "c"')
})

test('of a key that breaks a rule the rule is told', () => {
  const attempt = () => parse(z.record(z.string().max(1, 'must be short'), z.int()), { xx: 1 })
  expect(attempt).toThrow('xx: must be short')
})
