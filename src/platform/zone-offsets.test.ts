import { expect, test } from 'vitest'
import { offsetSpanAt, offsetSpans } from './zone-offsets.ts'

const HOUR = 3_600_000
const ms = (text: string) => Date.parse(text)
const told = (timeZone: string, from: string, to: string) =>
  offsetSpans(timeZone, ms(from), ms(to)).map(
    ({ start, offset }) => `${new Date(start).toISOString()} ${offset / HOUR}`,
  )

test('an offset lasts until the clock changes', () => {
  expect(told('Europe/Helsinki', '2025-12-31', '2026-06-01').slice(1)).toEqual([
    '2025-03-30T01:00:00.000Z 3',
    '2025-10-26T01:00:00.000Z 2',
    '2026-03-29T01:00:00.000Z 3',
    '2026-10-25T01:00:00.000Z 2',
  ])
  expect(told('Asia/Kathmandu', '2000-12-31', '2026-06-01')).toEqual(['2000-01-01T00:00:00.000Z 5.75'])
  expect(offsetSpanAt('Australia/Lord_Howe', ms('2026-04-04T15:00Z')).offset).toBe(10.5 * HOUR)
  expect(offsetSpanAt('Australia/Lord_Howe', ms('2026-04-04T14:59:59.999Z')).offset).toBe(11 * HOUR)
})

test('far away, clocks go as they do 400 years before', () => {
  const [near] = offsetSpans('Europe/Helsinki', ms('2110-06-01'), ms('2110-06-02')).slice(1)
  const [far] = offsetSpans('Europe/Helsinki', ms('2510-06-01'), ms('2510-06-02')).slice(1)
  expect(far).toEqual({
    start: near!.start + 146_097 * 24 * HOUR,
    end: near!.end + 146_097 * 24 * HOUR,
    offset: 3 * HOUR,
  })
  expect(new Date(near!.start).toISOString()).toBe('2110-03-30T01:00:00.000Z')
})

test('in UTC nothing ever changes', () => {
  expect(offsetSpans('UTC', 0, 1)).toEqual([
    { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY, offset: 0 },
  ])
})
