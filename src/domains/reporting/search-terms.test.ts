import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fragmentsOf, MAX_FRAGMENTS } from './fragments.ts'
import { searchTerms } from './search-terms.ts'

const written = (query: string) =>
  searchTerms(query).map((terms) =>
    terms.map(({ text, exact, excluded }) => `${excluded ? '-' : ''}${exact ? `"${text}"` : text}`).join(' '),
  )

describe('what a search asks for', () => {
  it.each([
    ['late delivery', ['late delivery']],
    ['late or slow delivery', ['late', 'slow delivery']],
    ['"too late" -friendly', ['"too late" -friendly']],
    ['-"too late" OR x', ['-"too late"', 'x']],
    ['or or or', []],
    ['a or', ['a']],
    ['"or"', ['"or"']],
    ['"never closed', ['"never closed"']],
    ['a"b c"d', ['a "b c" d']],
    ['- -- "" -"" & | ! ( ) <-> :* \\', []],
    ['e-mail foo:bar*', ['e-mail foo:bar*']],
    ['   ', []],
  ])('%s', (query, expected) => {
    expect(written(query)).toEqual(expected)
  })

  it('takes whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (query) => {
        expect(
          searchTerms(query)
            .flat()
            .every(({ text }) => query.includes(text)),
        ).toBe(true)
      }),
    )
  })
})

describe('where it was found', () => {
  const shown = (text: string, query: string, stems: Record<string, string[]> = {}) =>
    fragmentsOf(
      text,
      searchTerms(query),
      new Map(Object.entries(stems).map(([word, all]) => [word, new Set(all)])),
    ).map(({ parts }) => parts.map((part) => (part.isMatch ? `[${part.text}]` : part.text)).join(''))

  it('is shown with what is around it', () => {
    const stems = { deliveries: ['deliveri'], delivery: ['deliveri'], were: [], the: [] }
    expect(shown('The deliveries were late.', 'the delivery', stems)).toEqual(['The [deliveries] were late.'])
    expect(shown('Too late, too, late', '"too late"')).toEqual(['[Too] [late], [too], [late]'])
    expect(shown('late too', '"too late"')).toEqual(['late too'])
    const much = fragmentsOf('late '.repeat(5_000), searchTerms('"late"'), new Map())
    expect(much.map(({ start, end }) => end - start)).toEqual([
      expect.toSatisfy((n) => n <= 400),
      ...[1, 2].map(() => expect.toSatisfy((n) => n <= 400)),
    ])
    const dots = fragmentsOf(`${'.'.repeat(5_000)}late${'😀'.repeat(5_000)}`, searchTerms('"late"'), new Map())
    expect(dots.map(({ start, end }) => end - start)).toEqual([164])
    expect(fragmentsOf('😀'.repeat(5_000), searchTerms('-x'), new Map())).toMatchObject([{ start: 0, end: 80 }])
    const far = `${'word '.repeat(60)}needle ${'word '.repeat(60)}needle needle`
    expect(shown(far, '"needle"').map((part) => part.length)).toEqual([
      expect.toSatisfy((n) => n < 180),
      expect.anything(),
    ])
  })

  it('is a stretch of the text, whatever the text', () => {
    const unit = fc.constantFrom('a', 'b', 'ä', 'needle', ' ', '-', '.', '\n', '😀', '汉', '\u0301')
    fc.assert(
      fc.property(
        fc.string({ unit, maxLength: 400 }),
        fc.constantFrom('"needle"', 'a', '-a', '"a b"'),
        (text, query) => {
          const fragments = fragmentsOf(text, searchTerms(query), new Map([['a', new Set(['a'])]]))
          expect(fragments.length).toBeGreaterThan(0)
          expect(fragments.length).toBeLessThanOrEqual(MAX_FRAGMENTS)
          let before = -1
          for (const { start, end, parts } of fragments) {
            expect(start >= before).toBe(true)
            expect(parts.map((part) => part.text).join('')).toBe(text.slice(start, end))
            expect(parts.every((part) => part.text !== '' && part.text.isWellFormed())).toBe(true)
            before = end
          }
        },
      ),
    )
  })
})
