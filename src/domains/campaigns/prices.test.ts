import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { brokenRules } from '../../../test/kit/world.ts'
import { parse } from '../../platform/validation.ts'
import {
  callCents,
  emailCents,
  longestCallCents,
  NO_PRICES,
  type PriceTable,
  payablePrefixes,
  priceTable,
  smsCents,
  sumCents,
  unitsOf,
} from './prices.ts'

const call = (perCallCents: number, perMinuteCents: number, incrementSeconds: number) => ({
  perCallCents,
  perMinuteCents,
  incrementSeconds,
})

const TABLE: PriceTable = {
  call: {
    '': call(0, 50, 60),
    '+358': call(1.5, 6, 1),
    '+35840': call(0, 8.0001, 1),
    '+1': call(0, 1, 7),
    '+44': call(10, 0, 60),
  },
  sms: { '+358': { perSegmentCents: 7.0005 }, '+35850': { perSegmentCents: 0 } },
  emailCents: 0.0301,
}

const FINN = '+358501234567'

describe('a call', () => {
  test.each<[string, string, number, number]>([
    ['goes by the longest prefix', '+358401234567', 60, 8.0001],
    ['or a shorter one', FINN, 60, 7.5],
    ['or the one of all', '+4915112345678', 60, 50],
    ['is charged by begun steps', FINN, 1.2, 1.7],
    ['of minutes', '+4915112345678', 61, 100],
    ['costs its fee when it lasts no time', FINN, 0, 1.5],
    ['never costs less than nothing', FINN, -5, 1.5],
    ['is rounded to a ten-thousandth of a cent', '+12125550100', 1, 0.1167],
    ['may cost a fee alone', '+447400123456', 600, 10],
    ['of an hour', '+358401234567', 3_600, 480.006],
  ])('%s', (_what, number, seconds, cents) => {
    expect(callCents(TABLE, number, seconds)).toBe(cents)
  })

  test('costs at most what its longest duration does', () => {
    expect(longestCallCents(TABLE, FINN, 60_000)).toBe(7.5)
    expect(longestCallCents(TABLE, FINN, 60_001)).toBe(7.6)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7_200_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (max, share) => {
        const most = longestCallCents(TABLE, FINN, max)
        expect(callCents(TABLE, FINN, (max * share) / 1_000)).toBeLessThanOrEqual(most)
      }),
    )
  })
})

test('a text message costs by its segments, an e-mail always the same', () => {
  expect(smsCents(TABLE, '+358401234567', 3)).toBe(21.0015)
  expect(smsCents(TABLE, FINN, 3)).toBe(0)
  expect(smsCents(TABLE, '+4915112345678', 3)).toBe(0)
  expect(emailCents(TABLE)).toBe(0.0301)
})

test('without prices nothing costs anything', () => {
  for (const table of [NO_PRICES, parse(priceTable, {})]) {
    expect([callCents(table, FINN, 90), smsCents(table, FINN, 2), emailCents(table)]).toEqual([0, 0, 0])
  }
})

test('sums are exact where floating-point numbers are not', () => {
  expect(0.1 + 0.2).not.toBe(0.3)
  expect(sumCents([0.1, 0.2])).toBe(0.3)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 10_000_000 })), (units) => {
      const exact = units.reduce((sum, unit) => sum + BigInt(unit), 0n)
      expect(sumCents(units.map((unit) => unit / 10_000))).toBe(Number(exact) / 10_000)
    }),
  )
})

test('no call and no message costs more than 32 bits hold', () => {
  const price = fc.record({
    perCallCents: fc.integer({ min: 0, max: 1_000_000_000 }).map((unit) => unit / 10_000),
    perMinuteCents: fc.integer({ min: 0, max: 100_000_000 }).map((unit) => unit / 10_000),
    incrementSeconds: fc.integer({ min: 1, max: 3_600 }),
  })
  fc.assert(
    fc.property(price, fc.integer({ min: 0, max: 3_600_000 }), (one, ms) => {
      const parsed = priceTable.safeParse({ call: { '': one } })
      fc.pre(parsed.success)
      expect(unitsOf(longestCallCents(parsed.data!, FINN, ms))).toBeLessThan(2 ** 31)
    }),
  )
  const dear = parse(priceTable, { sms: { '': { perSegmentCents: 5_000 } }, emailCents: 100_000 })
  expect(unitsOf(smsCents(dear, FINN, 24))).toBeLessThan(2 ** 31)
  expect(unitsOf(emailCents(dear))).toBeLessThan(2 ** 31)
})

test('a price of up to 4 decimals is kept exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50_000_000 }), fc.integer({ min: 1, max: 100 }), (unit, segments) => {
      const table = parse(priceTable, { sms: { '': { perSegmentCents: unit / 10_000 } } })
      expect(smsCents(table, FINN, segments)).toBe(Number(BigInt(unit) * BigInt(segments)) / 10_000)
    }),
  )
})

describe('a table', () => {
  test('may leave things out', () => {
    expect(parse(priceTable, { call: { '': call(0, 1, 60) } })).toEqual({
      call: { '': call(0, 1, 60) },
      sms: {},
      emailCents: 0,
    })
  })

  test.each<[unknown, string]>([
    [[], ' type'],
    [{ calls: {} }, ' unknown_key'],
    [{ call: { '358': call(0, 1, 60) } }, 'call.358 invalid_key'],
    [{ sms: { '+': { perSegmentCents: 1 } } }, 'sms.+ invalid_key'],
    [{ sms: { '+0': { perSegmentCents: 1 } } }, 'sms.+0 invalid_key'],
    [{ call: { '+358': { perMinuteCents: 1, incrementSeconds: 60 } } }, 'call.+358.perCallCents type'],
    [{ call: { '+358': call(0, -1, 60) } }, 'call.+358.perMinuteCents too_small'],
    [{ call: { '+358': call(0, 1, 0) } }, 'call.+358.incrementSeconds too_small'],
    [{ call: { '+358': call(0, 1, 1.5) } }, 'call.+358.incrementSeconds type'],
    [{ call: { '+358': { ...call(0, 1, 1), cents: 1 } } }, 'call.+358 unknown_key'],
    [{ call: { '': call(0, 3_333.3334, 60) } }, 'call. too_expensive'],
    [{ call: { '': call(0, 2_000, 3_599) } }, 'call. too_expensive'],
    [{ sms: { '': { perSegmentCents: 5_001 } } }, 'sms..perSegmentCents too_large'],
    [{ emailCents: 0.00001 }, 'emailCents too_precise'],
    [{ emailCents: 100_001 }, 'emailCents too_large'],
    [{ emailCents: '1' }, 'emailCents type'],
    [{ emailCents: null }, 'emailCents type'],
  ])('%j is refused', async (table, fault) => {
    expect(await brokenRules(() => parse(priceTable, table))).toEqual([fault])
  })
})

describe('what can be paid for', () => {
  const units = { '+358': 30, '+35840': 5, '+358401': 40, '+1': 10 }
  const no = (prefix: string) => ({ prefix, fits: false })
  const yes = (prefix: string) => ({ prefix, fits: true })
  test.each([
    [40, []],
    [39, [no('+358401')]],
    [29, [no('+358'), yes('+35840'), no('+358401')]],
    [10, [no('+358'), yes('+35840'), no('+358401')]],
    [9, [no('+1'), no('+358'), yes('+35840'), no('+358401')]],
    [0, [no('+1'), no('+358')]],
    // Not even what costs nothing.
    [-1, [no('')]],
  ])('with %i left', (left, expected) => {
    expect(payablePrefixes(units, left)).toEqual(expected)
  })
  test('goes by what is asked of all numbers', () => {
    expect(payablePrefixes({ '': 10, '+46': 1 }, 5)).toEqual([no(''), yes('+46')])
  })
})
