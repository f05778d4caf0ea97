import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readFields } from './bracketed.ts'

test.each<[form: string, read: object]>([
  ['', {}],
  ['a=1&b=', { a: '1', b: '' }],
  ['a=1&a=2', { a: ['1', '2'] }],
  ['a[]=1', { a: ['1'] }],
  ['a[]=1&a[]=2', { a: ['1', '2'] }],
  ['a[0]=1&a[1]=2', { a: ['1', '2'] }],
  ['a[7]=1&a[3]=2', { a: ['1', '2'] }],
  ['a[b]=1&a[c]=2', { a: { b: '1', c: '2' } }],
  ['a[0][b]=1&a[1][b]=2&a[0][c]=3', { a: [{ b: '1', c: '3' }, { b: '2' }] }],
  ['a[][b]=1&a[][c]=2&a[][b]=3', { a: [{ b: '1', c: '2' }, { b: '3' }] }],
  ['a[][b][c]=1&a[][d]=2&a[][b][c]=3', { a: [{ b: { c: '1' }, d: '2' }, { b: { c: '3' } }] }],
  ['a=1&a[b]=2', { a: '1' }],
  ['a[b]=1&a=2', { a: { b: '1' } }],
  ['[a]=1&a]=2&a[b=3&a[b]c=4', { '[a]': '1', 'a]': '2', 'a[b': '3', 'a[b]c': '4' }],
  ['a[b][c][d][e][f]=1', { 'a[b][c][d][e][f]': '1' }],
])('%s', (form, read) => {
  expect(readFields(new URLSearchParams(form))).toEqual(read)
})

test('no name breaks it, or reaches a prototype', () => {
  const part = fc.constantFrom('a', '', '0', '1', '+0', '__proto__', 'constructor', 'b')
  const name = fc
    .tuple(fc.constantFrom('a', '__proto__', 'b', ''), fc.array(part, { maxLength: 6 }))
    .map(([first, rest]) => first + rest.map((each) => `[${each}]`).join(''))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string()), { maxLength: 12 }), (fields) => {
      const read = readFields(fields)
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
      expect(() => JSON.stringify(read)).not.toThrow()
      expect(({} as Record<string, unknown>).a).toBeUndefined()
    }),
  )
})
