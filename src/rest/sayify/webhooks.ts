import { z } from 'zod'
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  type WebhookView,
} from '../../domains/webhooks/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { bodyAnswers, deleted, invalidPage } from './common-answers.ts'
import type { SayifyDeps } from './deps.ts'
import { WEBHOOK } from './examples.ts'
import { booleanField, choiceField, listField, objectField, textField } from './fields.ts'
import { writeInstant } from './instants.ts'
import { pagedIfAsked, pagingQuery, sliceOf } from './paging.ts'
import { envelopeOf, fieldErrors, webhook } from './schemas.ts'

const webhookBody = objectField({
  url: textField().meta({ description: 'Must be https.' }),
  events: listField(choiceField(['response.started', 'response.submitted'])).meta({
    description: 'What it is told of; at least one.',
  }),
  enabled: booleanField().optional().meta({ default: true }),
}).meta({ id: 'WebhookInput' })

const workspaceParam = {
  workspace_uuid: { description: 'UUID of the workspace of the key.', schema: { type: 'string', format: 'uuid' } },
}

export function webhookOperations({ world }: SayifyDeps): AnyOperation[] {
  /** A key belongs to one workspace; all others do not exist for it. */
  const locate = async ({ viewer, params }: Call) => {
    if (params.workspace_uuid !== viewer.workspaceId) throw new NotFoundError('workspace', ['workspace_uuid'])
  }
  return [
    operation({
      id: 'listWebhooks',
      method: 'GET',
      path: '/api/v1/workspaces/{workspace_uuid}/webhooks/',
      tag: 'Webhooks',
      summary: 'List the webhooks',
      description:
        'Those made here or by `on_finished`, newest first. A bare array, or the paged envelope when `page` or `page_size` is sent.',
      scope: 'webhooks:read',
      params: workspaceParam,
      query: z.object(pagingQuery),
      answers: [
        { status: 200, description: 'The webhooks.', schema: z.array(webhook), example: [WEBHOOK] },
        { status: 200, description: 'One page of them.', schema: envelopeOf('WebhookPage', webhook) },
        invalidPage,
      ],
      locate,
      async handle({ viewer, query, request }) {
        const webhooks = (await listWebhooks(world, viewer)).filter(isShown)
        return pagedIfAsked(request, query, sliceOf(webhooks.map(writeWebhook)))
      },
    }),
    operation({
      id: 'createWebhook',
      method: 'POST',
      path: '/api/v1/workspaces/{workspace_uuid}/webhooks/',
      tag: 'Webhooks',
      summary: 'Create a webhook',
      scope: 'webhooks:write',
      params: workspaceParam,
      body: webhookBody,
      example: { url: WEBHOOK.url, events: WEBHOOK.events, enabled: true },
      names: { eventTypes: 'events' },
      answers: [
        { status: 201, description: 'The webhook.', schema: webhook, example: WEBHOOK },
        {
          status: 400,
          description: 'Fields are wrong.',
          schema: fieldErrors,
          example: { url: ['Webhook URL must use HTTPS.'] },
        },
        ...bodyAnswers,
      ],
      locate,
      async handle({ viewer, body: { url, events, enabled } }) {
        const { id } = await createWebhook(world, viewer, { url, eventTypes: events, enabled, format: 'sayify' })
        return { status: 201, body: writeWebhook(await getWebhook(world, viewer, id)) }
      },
    }),
    operation({
      id: 'deleteWebhook',
      method: 'DELETE',
      path: '/api/v1/workspaces/{workspace_uuid}/webhooks/{webhook_uuid}/',
      tag: 'Webhooks',
      summary: 'Delete a webhook',
      scope: 'webhooks:write',
      params: {
        ...workspaceParam,
        webhook_uuid: { description: 'UUID of the webhook.', schema: { type: 'string', format: 'uuid' } },
      },
      answers: [deleted('Webhook deleted successfully')],
      locate,
      async handle({ viewer, params }) {
        const id = params.webhook_uuid!
        if (!isShown(await getWebhook(world, viewer, id))) throw new NotFoundError('webhook', ['webhook_uuid'])
        await deleteWebhook(world, viewer, id)
        return { status: 200, body: { message: 'Webhook deleted successfully' } }
      },
    }),
  ]
}

/** Webhooks that speak otherwise belong to the graph, and cannot be told in this API's terms. */
function isShown({ format }: WebhookView): boolean {
  return format === 'sayify'
}

function writeWebhook(view: WebhookView) {
  return {
    uuid: view.id,
    url: view.url,
    events: view.eventTypes,
    enabled: view.enabled,
    date_created: writeInstant(view.createdAt),
    date_updated: writeInstant(view.updatedAt),
  }
}
