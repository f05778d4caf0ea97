import { createHmac } from 'node:crypto'
import type { Configuration, RatingScale } from '../../domains/links/index.ts'
import { type AnswerView, ratingBounds, responseForDelivery } from '../../domains/responses/index.ts'
import type { BuildRequest } from '../../domains/webhooks/index.ts'
import type { World } from '../../domains/world.ts'
import { writeInstant } from './instants.ts'
import { type Addresses, writeResponse } from './write-response.ts'

/** Of a rating that does not say (contract/sayify.md 7). */
const DEFAULT_SCALE: RatingScale = 'stars'

/** What Sayify's webhooks send (contract/sayify.md 9). */
export function sayifyWebhookRequest(deps: Addresses & { world: Pick<World, 'db'> }): BuildRequest {
  return async ({ id, workspaceId, eventType, occurredAt, payload }, { secrets }) => {
    const response = await responseForDelivery(deps.world, workspaceId, String(payload.responseId))
    if (!response) return undefined
    const body = JSON.stringify({
      event: eventType,
      timestamp: writeInstant(occurredAt.toISOString()),
      workspace: { uuid: workspaceId },
      link: { uuid: response.link.id, name: response.link.name, slug: response.link.slug },
      response:
        eventType === 'response.started'
          ? {
              uuid: response.id,
              session_id: response.sessionId,
              status: 'started',
              started_at: writeInstant(response.startedAt),
            }
          : writeResponse(deps, workspaceId, response, details),
    })
    const [present, previous] = secrets
    return {
      headers: {
        'Content-Type': 'application/json',
        'X-Sayify-Event': eventType,
        'X-Sayify-Delivery-Id': id,
        ...(present === undefined ? {} : { 'X-Sayify-Signature': signature(present, body) }),
        ...(previous === undefined ? {} : { 'X-Sayify-Signature-Previous': signature(previous, body) }),
      },
      body,
    }
  }
}

function signature(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** What payloads say more of a rating and a card. Of a question that was deleted only the value is known. */
function details({ type, value, configuration }: AnswerView): object {
  if (type === 'rating') return { rating_details: ratingDetails(value, configuration) }
  if (type === 'image_choice') return { selected_card: selectedCard(value, configuration) }
  return {}
}

function ratingDetails(value: unknown, configuration: Record<string, unknown> | null) {
  if (!configuration) return { value, max_value: null, scale_type: null }
  const rating = configuration as Configuration<'rating'>
  const { highest } = ratingBounds(rating)
  return { value, max_value: highest, scale_type: rating.scale_type ?? DEFAULT_SCALE }
}

function selectedCard(value: unknown, configuration: Record<string, unknown> | null) {
  const { cards = [] } = (configuration ?? {}) as Partial<Configuration<'image_choice'>>
  const card = cards.find(({ id }) => id === value)
  return {
    card_id: value,
    label: card?.label ?? null,
    media_url: card?.media_url ?? null,
    media_type: card?.media_type ?? null,
  }
}
