import { describe, expect, it } from 'vitest'
import { preferredLanguage, prefersJson } from './accept.ts'
import { dispositionName } from './body.ts'
import { attributes, html, type Slot, webUrl } from './html.ts'

describe('html', () => {
  it('escapes text, keeps markup, joins lists, drops absence', () => {
    const items: Slot[] = ['<i>', html`<b>${'&'}</b>`, 3, null, undefined, false]
    expect(html`<p title="${`"'`}">${items}</p>`.markup).toBe('<p title="&quot;&#39;">&lt;i&gt;<b>&amp;</b>3</p>')
    expect(html`${attributes({ a: '"', b: true, c: false, d: null, e: 0 })}`.markup).toBe(' a="&quot;" b e="0"')
  })

  it('knows web addresses', () => {
    expect(webUrl('https://example.com/"')).toBe('https://example.com/%22')
    for (const address of ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', '/relative', 5, null]) {
      expect(webUrl(address)).toBeUndefined()
    }
  })
})

describe('what a caller would like', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', false],
    ['application/json', true],
    ['application/json, text/plain, */*', true],
    ['text/html, application/json;q=0.9', false],
    ['text/html;q=0.5, application/json;q=0.9', true],
    ['application/json;q=0', false],
  ])('Accept: %s', (accept, json) => expect(prefersJson(accept)).toBe(json))

  it.each([
    [undefined, 'en'],
    ['fi', 'fi'],
    ['fi-FI,fi;q=0.9,en;q=0.8', 'fi'],
    ['en-GB,fi;q=0.9', 'en'],
    ['sv, de', 'en'],
    ['fi;q=0', 'en'],
    ['fil', 'en'],
  ])('Accept-Language: %s', (header, language) => {
    expect(preferredLanguage(header, ['en', 'fi'])).toBe(language)
  })

  it.each([
    [undefined, null],
    ['attachment', null],
    ['attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'],
    ['attachment; filename=a.pdf', 'a.pdf'],
    [`attachment; filename="x.pdf"; filename*=UTF-8''%C3%A4.pdf`, 'ä.pdf'],
    [`attachment; filename="x.pdf"; filename*=UTF-8''%ZZ`, 'x.pdf'],
  ])('Content-Disposition: %s', (header, name) => expect(dispositionName(header)).toBe(name))
})
