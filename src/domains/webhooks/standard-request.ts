import { createHmac } from 'node:crypto'
import { encodeEventCursor } from '../../events/index.ts'
import type { BuildOptions, DeliveryFacts, WebhookRequest } from './format.ts'
import { standardKey } from './secret.ts'

/**
 * A request as Standard Webhooks 1.0 describes it: `webhook-id`, `webhook-timestamp` (seconds, of the attempt) and
 * `webhook-signature` (`v1,` and HMAC-SHA256 in base64, one for each secret, separated by spaces) over a JSON body
 * `{ type, timestamp, eventId, cursor, data }`, whose `timestamp` is when it happened and `data` the event's payload.
 */
export async function standardRequest(
  delivery: DeliveryFacts,
  { secrets, now }: BuildOptions,
): Promise<WebhookRequest> {
  const body = JSON.stringify({
    type: delivery.eventType,
    timestamp: delivery.occurredAt.toISOString(),
    eventId: delivery.eventId,
    cursor: encodeEventCursor(delivery.workspaceId, delivery.position),
    data: delivery.payload,
  })
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const signed = `${delivery.id}.${timestamp}.${body}`
  const signatures = secrets.map((secret) => {
    const key = standardKey(secret)
    if (!key) throw new Error('the secret of this webhook is not one of Standard Webhooks')
    return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
  })
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': delivery.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.join(' '),
    },
    body,
  }
}
