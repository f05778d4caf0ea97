import { describe, expect, test } from 'vitest'
import { readInstant } from '../../platform/instants.ts'
import { readInstantInQuery, readMoment } from './instants.ts'

test('an instant has a plus that became a space, in a query only', () => {
  expect(readInstantInQuery('2019-10-08T15:00:21 01:00')).toEqual(new Date('2019-10-08T14:00:21.000Z'))
  expect(readInstantInQuery('2019-10-08T15:00:21 0100')).toEqual(new Date('2019-10-08T14:00:21.000Z'))
  expect(readInstantInQuery('2019-10-08T15:00:21 01')).toEqual(new Date('2019-10-08T14:00:21.000Z'))
  expect(readInstantInQuery('2020-01-15 01:12')).toBeUndefined()
  expect(readInstantInQuery('2020-01-15 01:12:41')).toBeUndefined()
  expect(readInstant('2019-10-08T15:00:21 01:00')).toBeUndefined()
})

describe('a moment', () => {
  const now = new Date('2020-02-14T12:03:30.500Z')
  test.each([
    ['12:03', '2020-02-14T12:03:00.000Z'],
    ['12:04', '2020-02-13T12:04:00.000Z'],
    ['0:0', '2020-02-14T00:00:00.000Z'],
    ['9:5', '2020-02-14T09:05:00.000Z'],
    ['23:59', '2020-02-13T23:59:00.000Z'],
    ['2020-02-14T12:03:59Z', '2020-02-14T12:03:59.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(readMoment(text, now)?.toISOString()).toBe(instant)
  })

  test.each(['24:00', '29:00', '12:60', '12', ':5', '12:', '012:00', '12:000', '12:03:00', ''])(
    '%j is none',
    (text) => {
      expect(readMoment(text, now)).toBeUndefined()
    },
  )

  test('that is now is today', () => {
    expect(readMoment('12:03', new Date('2020-02-14T12:03:00.000Z'))?.toISOString()).toBe('2020-02-14T12:03:00.000Z')
  })
})
