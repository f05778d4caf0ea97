import { describe, expect, it } from 'vitest'
import { dispositionName } from '../platform/incoming.ts'
import { preferredLanguage, prefersJson } from './accept.ts'

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
