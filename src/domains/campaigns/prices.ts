import { z } from 'zod'

/** Amounts are kept and added as ten-thousandths of a cent: whole numbers, and exact. */
export const UNITS_PER_CENT = 10_000
const MAX_CENTS = 100_000
/** The cost of one call or message is stored in 32 bits. A call lasts an hour at most, an SMS has 24 segments at most. */
const MAX_HOUR_CENTS = 200_000
const HOUR_SECONDS = 3_600
const MAX_SEGMENT_CENTS = 5_000
const MAX_INCREMENT_SECONDS = 3_600

const cents = z
  .number('must be a number of cents')
  .min(0, 'must not be negative')
  .max(MAX_CENTS, `must be at most ${MAX_CENTS}`)
  .refine((value) => Number(value.toFixed(4)) === value, {
    params: { rule: 'too_precise' },
    message: 'must have at most 4 decimals',
  })

const prefix = z.string().regex(/^(\+[1-9]\d{0,14})?$/, 'must be empty or begin an E.164 number, such as +358')

/** A price table as a file has it. What is not named costs nothing; what is misspelt is refused. */
export const priceTable = z.strictObject({
  call: z
    .record(
      prefix,
      z
        .strictObject({
          perCallCents: cents,
          perMinuteCents: cents,
          incrementSeconds: z
            .int('must be a whole number of seconds')
            .min(1, 'must be at least 1')
            .max(MAX_INCREMENT_SECONDS, `must be at most ${MAX_INCREMENT_SECONDS}`),
        })
        .refine((price) => !isTooExpensive(price), {
          params: { rule: 'too_expensive' },
          message: `must not make a call of an hour cost more than ${MAX_HOUR_CENTS} cents`,
        }),
    )
    .default({}),
  sms: z
    .record(
      prefix,
      z.strictObject({ perSegmentCents: cents.max(MAX_SEGMENT_CENTS, `must be at most ${MAX_SEGMENT_CENTS}`) }),
    )
    .default({}),
  emailCents: cents.default(0),
})

/**
 * What outreach costs, in cents of the operator's currency with up to 4 decimals. Calls and SMS go by the longest prefix
 * that an E.164 number begins with; `''` is the prefix of all. A number that no prefix fits costs nothing.
 */
export interface PriceTable {
  readonly call: Readonly<Record<string, CallPrice>>
  readonly sms: Readonly<Record<string, SmsPrice>>
  readonly emailCents: number
}

export interface CallPrice {
  /** For each call that was answered, however short. */
  readonly perCallCents: number
  readonly perMinuteCents: number
  /** Time is charged in whole steps of this length: 60 charges begun minutes, 1 begun seconds. */
  readonly incrementSeconds: number
}

export interface SmsPrice {
  readonly perSegmentCents: number
}

/** Without a table everything costs nothing (contract/multisender.md A17). */
export const NO_PRICES: PriceTable = { call: {}, sms: {}, emailCents: 0 }

/** What an answered call of this many seconds costs, rounded to 1/10000 of a cent. */
export function callCents(table: PriceTable, number: string, seconds: number): number {
  const price = longestMatch(table.call, number)
  return price ? centsFor(price, seconds) : 0
}

function centsFor({ perCallCents, perMinuteCents, incrementSeconds }: CallPrice, seconds: number): number {
  const charged = Math.ceil(Math.max(0, seconds) / incrementSeconds) * incrementSeconds
  return (unitsOf(perCallCents) + Math.round((unitsOf(perMinuteCents) * charged) / 60)) / UNITS_PER_CENT
}

/** The most that a call can cost which is ended after `maxDurationMs`: what is reserved before it is dialled. */
export function longestCallCents(table: PriceTable, number: string, maxDurationMs: number): number {
  return callCents(table, number, maxDurationMs / 1_000)
}

/** What a text message of this many segments costs. */
export function smsCents(table: PriceTable, number: string, segments: number): number {
  const price = longestMatch(table.sms, number)
  return price ? (unitsOf(price.perSegmentCents) * segments) / UNITS_PER_CENT : 0
}

export function emailCents(table: PriceTable): number {
  return table.emailCents
}

/** The exact sum of amounts that have up to 4 decimals. */
export function sumCents(amounts: Iterable<number>): number {
  let units = 0
  for (const amount of amounts) units += unitsOf(amount)
  return units / UNITS_PER_CENT
}

/** Cents as ten-thousandths. Binary fractions hold few decimal ones: 0.1 + 0.2 is not 0.3, but 1000 + 2000 is 3000. */
export function unitsOf(amount: number): number {
  return Math.round(amount * UNITS_PER_CENT)
}

/**
 * Which numbers can be paid for with what is left, when one of each prefix costs so much (in ten-thousandths of a cent):
 * the longest prefix that a number begins with decides, and where none fits it can. Prefixes that say no other thing than
 * a shorter one are left out, so an empty list means all numbers.
 */
export function payablePrefixes(
  units: Readonly<Record<string, number>>,
  leftUnits: number,
): { prefix: string; fits: boolean }[] {
  const decided: Record<string, boolean> = {}
  const all = { '': 0, ...units }
  for (const prefix of Object.keys(all).sort((a, b) => a.length - b.length)) {
    const fits = all[prefix as keyof typeof all] <= leftUnits
    if (fits !== (longestMatch(decided, prefix) ?? true)) decided[prefix] = fits
  }
  return Object.entries(decided).map(([prefix, fits]) => ({ prefix, fits }))
}

/** False also of what breaks other rules. */
function isTooExpensive(price: CallPrice): boolean {
  return centsFor(price, HOUR_SECONDS) > MAX_HOUR_CENTS
}

function longestMatch<Price>(prices: Readonly<Record<string, Price>>, number: string): Price | undefined {
  for (let length = number.length; length >= 0; length--) {
    const price = prices[number.slice(0, length)]
    if (price !== undefined) return price
  }
  return undefined
}
