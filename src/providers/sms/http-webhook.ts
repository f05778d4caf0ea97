import { textAt } from './json-pointer.ts'
import { e164Of } from './number.ts'
import type { SmsEvent, SmsFailure } from './sms.ts'

/**
 * Where a gateway's webhooks say what, as JSON Pointers (RFC 6901) into their body. A form counts as a flat object, so
 * its field `status` is `/status`.
 */
export interface SmsWebhookMapping {
  receipt: {
    /** The id that the gateway gave when it accepted the message. */
    id: string
    status: string
    /** A code of the network, kept as it is. */
    code?: string
    /** The statuses that mean success, and those that mean a final failure; in any case of letters. */
    delivered: readonly string[]
    failed: readonly string[]
  }
  inbound: { from: string; to: string; text: string; id: string }
}

export const DEFAULT_WEBHOOK_MAPPING: SmsWebhookMapping = {
  receipt: {
    id: '/id',
    status: '/status',
    code: '/code',
    delivered: ['delivered'],
    failed: ['failed', 'undelivered', 'undeliverable', 'rejected', 'expired', 'deleted', 'unknown'],
  },
  inbound: { from: '/from', to: '/to', text: '/text', id: '/id' },
}

/** The defaults but for these; several statuses are separated by `|` (SMS_HTTP_WEBHOOK in docs/configuration.md). */
export function webhookMapping(
  given: Readonly<
    Partial<Record<'receipt-id' | 'status' | 'code' | 'delivered' | 'failed' | 'from' | 'to' | 'text' | 'id', string>>
  >,
): SmsWebhookMapping {
  const { receipt, inbound } = DEFAULT_WEBHOOK_MAPPING
  return {
    receipt: {
      id: given['receipt-id'] ?? receipt.id,
      status: given.status ?? receipt.status,
      code: given.code ?? receipt.code,
      delivered: given.delivered?.split('|') ?? receipt.delivered,
      failed: given.failed?.split('|') ?? receipt.failed,
    },
    inbound: {
      from: given.from ?? inbound.from,
      to: given.to ?? inbound.to,
      text: given.text ?? inbound.text,
      id: given.id ?? inbound.id,
    },
  }
}

/** The body of a webhook, JSON or a form by its content type; undefined when it is neither. */
export function webhookPayload(contentType: string, body: string): unknown {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body))
  if (type !== 'application/json' && !type.endsWith('+json')) return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** A receipt, `pending` when its status is neither a success nor a final failure, undefined when it is no receipt. */
export function parseHttpReceipt(
  { receipt }: SmsWebhookMapping,
  payload: unknown,
  at: Date,
): SmsEvent | 'pending' | undefined {
  const providerId = textAt(payload, receipt.id)
  const status = textAt(payload, receipt.status)?.toLowerCase()
  if (providerId === undefined || status === undefined) return undefined
  const among = (statuses: readonly string[]) => statuses.some((known) => known.toLowerCase() === status)
  if (among(receipt.delivered)) return { type: 'delivered', providerId, at }
  if (!among(receipt.failed)) return 'pending'
  const code = receipt.code === undefined ? undefined : textAt(payload, receipt.code)
  return { type: 'failed', providerId, cause: causeOf(status), ...(code && { code }), at }
}

/** A message of a person, undefined when sender, recipient or text is missing. */
export function parseHttpInbound({ inbound }: SmsWebhookMapping, payload: unknown, at: Date): SmsEvent | undefined {
  const from = textAt(payload, inbound.from)
  const to = textAt(payload, inbound.to)
  const text = textAt(payload, inbound.text)
  if (from === undefined || to === undefined || text === undefined) return undefined
  const providerId = textAt(payload, inbound.id)
  return { type: 'inbound', from: e164Of(from), to: e164Of(to), text, at, ...(providerId && { providerId }) }
}

function causeOf(status: string): SmsFailure {
  if (status.includes('expire')) return 'expired'
  if (status.includes('reject')) return 'rejected'
  if (status.includes('delete')) return 'deleted'
  return status.includes('unknown') ? 'unknown' : 'undeliverable'
}
