import { isSupportedCountry } from 'libphonenumber-js/max'
import { z } from 'zod'
import { integer, partsOf, type Settings } from './kinds.ts'

/** Ones that nobody would call indecent; the law of many countries names similar ones. */
const NIGHT = { from: '21:00', to: '08:00' }

const quietHours = z.string().transform((text, context): { from: string; to: string } | 'off' => {
  if (text === 'off') return text
  const [, from, to] = text.match(/^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/) ?? []
  if (from !== undefined && to !== undefined && from !== to) return { from, to }
  context.addIssue('must be off, or two different times such as 21:00-08:00')
  return z.NEVER
})

const countries = z.string().transform((text, context): string[] => {
  const codes = partsOf(text).map((code) => code.toUpperCase())
  if (codes.length > 0 && codes.every((code) => isSupportedCountry(code))) return [...new Set(codes)]
  context.addIssue('must be country codes of two letters (ISO 3166-1) such as FI,SE')
  return z.NEVER
})

const contactCap = z.string().transform((text, context): { contacts: number; days: number } => {
  const [, contacts, days] = text.match(/^(\d{1,4})\/(\d{1,3})$/)?.map(Number) ?? []
  if (contacts && days && contacts <= 1_000 && days <= 366) return { contacts, days }
  context.addIssue('must be a number of contacts up to 1000 and of days up to 366, such as 3/7')
  return z.NEVER
})

export const outreachSettings = {
  QUIET_HOURS: quietHours.optional(),
  ALLOWED_COUNTRIES: countries.optional(),
  CONTACT_CAP: contactCap.optional(),
  SPEND_CAP_CENTS: integer(0, 1_000_000_000).optional(),
  WORKSPACE_LINES: integer(1, 100_000).optional(),
  REDIAL_AFTER: integer(0, 10_080).default(15),
  RING_TIMEOUT: integer(5, 300).default(45),
  PRICES: z.string().optional(),
}

export interface OutreachConfig {
  /** What the operator allows; workspaces can only be stricter. Null: no limit. */
  policy: {
    /** Times on the wall clock where the called person is, `HH:MM`. */
    quietHours: { from: string; to: string } | null
    /** ISO 3166-1 alpha-2. */
    countries: readonly string[] | null
    contactCap: { contacts: number; days: number } | null
    monthlySpendCapCents: number | null
    lines: number | null
  }
  /** Between calls to a person who did not answer, unless the campaign says otherwise. */
  redialAfterSeconds: number
  /** How long a telephone rings before nobody has answered. */
  ringTimeoutMs: number
  /** The file with the price table; absent: nothing costs anything. */
  pricesFile: string | undefined
}

/** @param reachesPhones as long as no phone can ring or buzz, no hour is quiet unless one says so */
export function outreachOf(e: Settings<typeof outreachSettings>, reachesPhones: boolean): OutreachConfig {
  const quiet = e.QUIET_HOURS ?? (reachesPhones ? NIGHT : 'off')
  return {
    policy: {
      quietHours: quiet === 'off' ? null : quiet,
      countries: e.ALLOWED_COUNTRIES ?? null,
      contactCap: e.CONTACT_CAP ?? null,
      monthlySpendCapCents: e.SPEND_CAP_CENTS ?? null,
      lines: e.WORKSPACE_LINES ?? null,
    },
    redialAfterSeconds: e.REDIAL_AFTER * 60,
    ringTimeoutMs: e.RING_TIMEOUT * 1_000,
    pricesFile: e.PRICES,
  }
}
