import { describe, expect, it } from 'vitest'
import { readDateTime, writeDateTime } from './date-times.ts'

describe('moments', () => {
  it.each([
    [new Date('2017-01-01T23:59:59.999Z'), '2017-01-01 23:59:59'],
    ['2026-02-22T17:15:55.291121Z', '2026-02-22 17:15:55'],
    [new Date(0), '1970-01-01 00:00:00'],
  ])('%s is written %s', (instant, written) => {
    expect(writeDateTime(instant)).toBe(written)
  })

  it('are null when there is none', () => {
    expect(writeDateTime(null)).toBe(null)
  })

  it.each([
    ['2017-01-01 12:34:56', '2017-01-01T12:34:56.000Z'],
    [' 2017-01-01 12:34:56 ', '2017-01-01T12:34:56.000Z'],
    ['2017-01-01T12:34:56', '2017-01-01T12:34:56.000Z'],
    ['2017-01-01:00:00:00', '2017-01-01T00:00:00.000Z'],
    ['2016-02-29 00:00:00', '2016-02-29T00:00:00.000Z'],
  ])('%s is read', (text, instant) => {
    expect(readDateTime(text)?.toISOString()).toBe(instant)
  })

  it.each([
    '2017-02-29 00:00:00',
    '2017-02-31 00:00:00',
    '2017-13-01 00:00:00',
    '2017-01-01 24:00:00',
    '2017-01-01 12:60:00',
    '2017-01-01 12:00',
    '2017-01-01',
    '2017-1-1 00:00:00',
    '2017-01-01 00:00:00Z',
    '2017-01-01 00:00:00+02:00',
    '',
    'now',
  ])('%s is none', (text) => {
    expect(readDateTime(text)).toBeUndefined()
  })
})
