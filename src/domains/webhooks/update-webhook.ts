import type { EventType } from '../../events/index.ts'
import { type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { addressIssues, typeIssues, watchesOf, webhookSchema } from './create-webhook.ts'
import { lockFeedOf, lockWebhook, updateWebhookRow } from './store.ts'

/** Absent keys stay as they are. */
export interface UpdateWebhookInput {
  /** Null: none. */
  name?: string | null
  /** What still waits goes to the new address. */
  url?: string
  /** Concerns events from now on; what waits already is delivered. */
  eventTypes?: readonly EventType[]
}

const schema = webhookSchema.pick({ name: true, url: true, eventTypes: true }).partial()

/** Throws INSUFFICIENT_SCOPE (`webhooks:write`), NOT_FOUND, VALIDATION_FAILED. */
export async function updateWebhook(
  world: World,
  viewer: Viewer,
  id: string,
  input: UpdateWebhookInput,
): Promise<void> {
  requireScope(viewer, 'webhooks:write')
  if (!isUuid(id)) throw new NotFoundError('webhook', ['id'])
  const changes = parse(schema, input)
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    await lockFeedOf(tx, viewer.workspaceId, id)
    const webhook = await lockWebhook(tx, viewer.workspaceId, id)
    if (!webhook) throw new NotFoundError('webhook', ['id'])
    const { format, link_id: linkId, campaign_id: campaignId } = webhook
    const url = changes.url ?? webhook.url
    const types = changes.eventTypes ?? webhook.event_types
    const issues = [...addressIssues(url, format, ['url']), ...typeIssues(types, format, ['eventTypes'])]
    if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
    const changed = {
      ...webhook,
      name: changes.name === undefined ? webhook.name : changes.name,
      url,
      event_types: [...new Set(types)],
      // Another address is another receiver: what the one before did is not held against it.
      failing_since: url === webhook.url ? webhook.failing_since : null,
    }
    const watches = watchesOf({ format, eventTypes: changed.event_types, linkId, campaignId })
    await updateWebhookRow(tx, changed, watches, world.clock.now())
    emit('webhook.updated', { webhookId: id })
  })
}
