import { isSupportedCountry } from 'libphonenumber-js/max'
import { z } from 'zod'
import { integer, partsOf, type Settings, serverUrl } from './kinds.ts'

/** A technology, and where in it the number goes; `&` and `,` would be several. */
const isEndpoint = (text: string) =>
  /^[A-Za-z0-9]+\/[^\s,&]+$/.test(text) &&
  /\{(number|digits|national)\}/.test(text) &&
  !/\{(?!(number|digits|national)\})/.test(text)

const ENDPOINT = 'PJSIP/{number}@trunk, with {number}, {digits} or {national}'

const endpoint = z.string().refine(isEndpoint, `must be a dial string such as ${ENDPOINT}`)

/** `FI=PJSIP/{national}@elisa, US=PJSIP/{digits}@twilio`. */
const routes = z.string().transform((text, context): Record<string, string> => {
  const pairs = partsOf(text).map((part): [string, string] => {
    const at = part.indexOf('=')
    return [part.slice(0, Math.max(0, at)).trim().toUpperCase(), part.slice(at + 1).trim()]
  })
  const isOnce = new Set(pairs.map(([country]) => country)).size === pairs.length
  if (pairs.length > 0 && isOnce && pairs.every(([country, to]) => isSupportedCountry(country) && isEndpoint(to))) {
    return Object.fromEntries(pairs)
  }
  context.addIssue(`must be pairs of a country and a dial string, each country once, such as FI=${ENDPOINT}`)
  return z.NEVER
})

const asteriskUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/.test(text) && URL.canParse(text),
    'must be the http or https URL of Asterisk, without credentials and without /ari, such as http://127.0.0.1:8088',
  )
  .refine((text) => !/\/ari\/?$/.test(text), 'must not end in /ari: that is added')

export const telephonySettings = {
  TELEPHONY: z.enum(['simulated', 'asterisk'], 'must be simulated or asterisk').default('simulated'),
  CARRIER_URL: serverUrl.optional(),
  CARRIER_SEED: z.string().default('1'),
  CARRIER_LINES: integer(1, 10_000).default(100),
  ASTERISK_URL: asteriskUrl.optional(),
  ASTERISK_USER: z
    .string()
    .regex(/^[^:\s]+$/, 'must be a name without colons and spaces')
    .optional(),
  ASTERISK_PASSWORD: z.string().optional(),
  ASTERISK_ENDPOINT: endpoint.optional(),
  ASTERISK_ROUTES: routes.default({}),
  ASTERISK_CALLER_ID: z
    .string()
    .regex(/^\+[1-9]\d{6,14}$/, 'must be a number in E.164 such as +358401234567')
    .optional(),
  ASTERISK_LINES: integer(1, 10_000).default(30),
  ASTERISK_CALL_RECORDS: z.string().startsWith('/', 'must be the absolute path of a file').optional(),
  ASTERISK_APP: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be up to 32 letters, digits, hyphens and underscores')
    .default('saygraph'),
}

export const telephonyNeeds = {
  'TELEPHONY=asterisk': ['ASTERISK_URL', 'ASTERISK_USER', 'ASTERISK_PASSWORD'],
} as const

/** One of them is enough. */
export const telephonyAlternatives = {
  'TELEPHONY=asterisk': ['ASTERISK_ENDPOINT', 'ASTERISK_ROUTES'],
} as const

export type TelephonyConfig =
  /** Simulated people in this process. */
  | { adapter: 'simulated'; seed: string; lines: number }
  /** Simulated people in a process of their own. */
  | { adapter: 'carrier'; url: string }
  | {
      adapter: 'asterisk'
      url: string
      user: string
      password: string
      /** Dial strings, the one for a number's country before the one for all others. */
      routes: { endpoint: string | undefined; byCountry: Readonly<Record<string, string>> }
      callerId: string | undefined
      lines: number
      /** The file of Asterisk's channel event log. */
      callRecords: string | undefined
      app: string
    }

export function telephonyOf(e: Settings<typeof telephonySettings>): TelephonyConfig {
  if (e.TELEPHONY === 'asterisk') {
    return {
      adapter: 'asterisk',
      url: e.ASTERISK_URL ?? '',
      user: e.ASTERISK_USER ?? '',
      password: e.ASTERISK_PASSWORD ?? '',
      routes: { endpoint: e.ASTERISK_ENDPOINT, byCountry: e.ASTERISK_ROUTES },
      callerId: e.ASTERISK_CALLER_ID,
      lines: e.ASTERISK_LINES,
      callRecords: e.ASTERISK_CALL_RECORDS,
      app: e.ASTERISK_APP,
    }
  }
  return e.CARRIER_URL
    ? { adapter: 'carrier', url: e.CARRIER_URL }
    : { adapter: 'simulated', seed: e.CARRIER_SEED, lines: e.CARRIER_LINES }
}
