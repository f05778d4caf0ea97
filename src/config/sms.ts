import { resolve } from 'node:path'
import { z } from 'zod'
import { flag, hostAndPort, hostUrl, integer, printable, type Settings, urlOf } from './kinds.ts'

const WEBHOOK_FIELDS = ['receipt-id', 'status', 'code', 'delivered', 'failed', 'from', 'to', 'text', 'id'] as const

type WebhookField = (typeof WEBHOOK_FIELDS)[number]

/** `receipt-id=/data/id,delivered=DELIVRD|OK`: where a gateway's webhooks say what. */
const webhookFields = z.string().transform((text, context): Partial<Record<WebhookField, string>> => {
  const pairs = text.split(',').map((part) => part.trim().split('=') as [WebhookField, string])
  const isFine = ([name, value, ...rest]: [WebhookField, string, ...string[]]) =>
    WEBHOOK_FIELDS.includes(name) &&
    rest.length === 0 &&
    (name === 'delivered' || name === 'failed' ? /^[^|\s]+(\|[^|\s]+)*$/ : /^(\/([^~/]|~[01])*)+$/).test(value)
  if (pairs.every(isFine)) return Object.fromEntries(pairs)
  context.addIssue(
    `must be pairs such as receipt-id=/data/id,delivered=DELIVRD|OK of JSON Pointers, or of words for delivered and failed; the names are ${WEBHOOK_FIELDS.join(', ')}`,
  )
  return z.NEVER
})

const httpHeader = z.string().transform((text, context): Record<string, string> => {
  const [, name, value] = text.match(/^([\w!#$%&'*+.^`|~-]+):\s*([!-~]([ -~]*[!-~])?)$/) ?? []
  if (name && value) return { [name.toLowerCase()]: value }
  context.addIssue('must be a header such as Authorization: Bearer abc')
  return z.NEVER
})

const isJson = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const gatewayBody = z.string().transform((template, context): { format: 'json' | 'form'; template: string } => {
  const format = isJson(template) ? 'json' : 'form'
  const isForm = /^[^=&\s{]+=[^&\s]*(&[^=&\s]+=[^&\s]*)*$/.test(template)
  const isFilled = template.includes('{text}') && /\{(to|toDigits)\}/.test(template)
  if (isFilled && (format === 'json' || isForm)) return { format, template }
  context.addIssue('must be JSON or a form with {to} or {toDigits}, and {text}, such as to={to}&text={text}')
  return z.NEVER
})

export const smsSettings = {
  SMS: z.enum(['outbox', 'smpp', 'http'], 'must be outbox, smpp or http').default('outbox'),
  SMS_DIR: z.string().optional(),
  SMPP_URL: hostUrl(['smpp', 'smpps']).optional(),
  SMPP_SYSTEM_ID: printable.max(15, 'must have at most 15 characters').optional(),
  SMPP_PASSWORD: printable.optional(),
  SMPP_SYSTEM_TYPE: printable.max(12, 'must have at most 12 characters').optional(),
  SMPP_WINDOW: integer(1, 1_000).default(10),
  SMPP_LONG_MESSAGES: z.enum(['udh', 'payload'], 'must be udh or payload').default('udh'),
  SMPP_RECEIPT_IDS: z.enum(['same', 'decimal', 'hexadecimal'], 'must be same, decimal or hexadecimal').default('same'),
  SMS_HTTP_URL: urlOf(['http:', 'https:']).optional(),
  SMS_HTTP_BODY: gatewayBody.optional(),
  SMS_HTTP_HEADER: httpHeader.default({}),
  SMS_HTTP_ID: z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, 'must be a JSON Pointer such as /messages/0/id')
    .optional(),
  SMS_HTTP_IDEMPOTENT: flag.default(false),
  SMS_HTTP_TIMEOUT: integer(1, 120).default(30),
  SMS_HTTP_WEBHOOK: webhookFields.default({}),
}

export const smsNeeds = {
  'SMS=smpp': ['SMPP_URL', 'SMPP_SYSTEM_ID', 'SMPP_PASSWORD'],
  'SMS=http': ['SMS_HTTP_URL', 'SMS_HTTP_BODY'],
} as const

export type SmsConfig =
  | { adapter: 'outbox'; folder: string }
  | {
      adapter: 'smpp'
      host: string
      port: number
      tls: boolean
      systemId: string
      password: string
      systemType: string
      /** Messages without an answer at one time. */
      window: number
      longMessages: 'udh' | 'payload'
      receiptIds: 'same' | 'decimal' | 'hexadecimal'
    }
  | {
      adapter: 'http'
      url: string
      body: { format: 'json' | 'form'; template: string }
      headers: Readonly<Record<string, string>>
      /** A JSON Pointer to the message's id in the gateway's answer. */
      idPointer: string | undefined
      idempotent: boolean
      timeoutMs: number
      /** What differs from the defaults of webhooks. */
      webhook: Readonly<Partial<Record<WebhookField, string>>>
    }

export function smsOf(e: Settings<typeof smsSettings>, dataFolder: string): SmsConfig {
  switch (e.SMS) {
    case 'outbox':
      return { adapter: 'outbox', folder: e.SMS_DIR ? resolve(e.SMS_DIR) : resolve(dataFolder, 'sms') }
    case 'smpp': {
      const { scheme, host, port } = hostAndPort(e.SMPP_URL ?? '', { smpp: 2775, smpps: 3550 })
      return {
        adapter: 'smpp',
        host,
        port,
        tls: scheme === 'smpps',
        systemId: e.SMPP_SYSTEM_ID ?? '',
        password: e.SMPP_PASSWORD ?? '',
        systemType: e.SMPP_SYSTEM_TYPE ?? '',
        window: e.SMPP_WINDOW,
        longMessages: e.SMPP_LONG_MESSAGES,
        receiptIds: e.SMPP_RECEIPT_IDS,
      }
    }
    case 'http':
      return {
        adapter: 'http',
        url: e.SMS_HTTP_URL ?? '',
        body: e.SMS_HTTP_BODY ?? { format: 'json', template: '' },
        headers: e.SMS_HTTP_HEADER,
        idPointer: e.SMS_HTTP_ID,
        idempotent: e.SMS_HTTP_IDEMPOTENT,
        timeoutMs: e.SMS_HTTP_TIMEOUT * 1_000,
        webhook: e.SMS_HTTP_WEBHOOK,
      }
  }
}
