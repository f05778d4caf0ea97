import { describe, expect, it } from 'vitest'
import type { LinkRow } from '../domains/links/index.ts'
import { dispositionName } from '../platform/incoming.ts'
import { preferredLanguage, prefersJson } from './accept.ts'
import { pageHeaders } from './page-headers.ts'

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
    [undefined, 'fi', 'fi'],
    ['sv, de;q=0.8', 'fi-FI', 'fi'],
    ['sv, en;q=0.1', 'fi', 'en'],
    ['sv', 'sv', 'en'],
    ['*', null, 'en'],
  ])('Accept-Language %s, and a link in %s', (header, otherwise, language) => {
    expect(preferredLanguage(header, ['en', 'fi'], otherwise)).toBe(language)
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

describe('where the form of a page may lead', () => {
  it.each([
    [undefined, "'self'"],
    ['https://shop.example/thanks?a=1', "'self' https://shop.example"],
    ['https://shop.example:8443/', "'self' https://shop.example:8443"],
    ['https://[2001:db8::1]:8443/', "'self' https://[2001:db8::1]:8443"],
    ['https://bücher.example/', "'self' https://xn--bcher-kva.example"],
    // URLs allow such hosts, and a policy would end its directive or itself there.
    ["https://shop;script-src'unsafe-inline'.example/", "'self'"],
    ['https://shop,example/', "'self'"],
    ['https://*/', "'self'"],
    ['javascript:alert(1)', "'self'"],
  ])('redirectUrl %s', (redirectUrl, allowed) => {
    const link = { settings: { redirectUrl } } as unknown as LinkRow
    const policy = pageHeaders(link)['content-security-policy']!
    expect(policy.split('; ').filter((directive) => directive.startsWith('form-action'))).toEqual([
      `form-action ${allowed}`,
    ])
    expect(policy.match(/[;,]/g)).toHaveLength(8)
  })
})
