import {
  type CreateWebhookInput as CreateWebhook,
  createWebhook,
  type DryRun,
  deleteWebhook,
  disableWebhook,
  dryRunWebhook,
  enableWebhook,
  redeliver,
  replayWebhook,
  rotateWebhookSecret,
  updateWebhook,
} from '../../domains/webhooks/index.ts'
import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { asData, CursorExpiredError, InvalidCursorError } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { Event, EventTypeEnum } from './event.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'
import { WebhookFormatEnum } from './webhook.ts'

const { ConflictError } = ERRORS

const SECRET =
  'For `STANDARD`: `whsec_` and 24 to 64 bytes in base64. For `SAYIFY`: any text of 1 to 500 characters in one line.'

const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  description: 'Who is to be told of what.',
  fields: (t) => ({
    name: t.string({ description: 'What it is for, 1 to 200 characters.' }),
    url: t.field({
      type: 'URL',
      required: true,
      description: 'Where requests go: http or https, without a user name and password; https only for `SAYIFY`.',
    }),
    eventTypes: t.field({
      type: [EventTypeEnum],
      required: true,
      description: 'What to tell, at least one; for `SAYIFY` `RESPONSE_STARTED` and `RESPONSE_SUBMITTED` only.',
    }),
    format: t.field({ type: WebhookFormatEnum, description: 'What requests look like; `STANDARD` when absent.' }),
    linkId: t.id({ description: 'Global id of a link: only its events. Those of the whole workspace when absent.' }),
    enabled: t.boolean({ description: 'Whether it begins at once; true when absent.' }),
    secret: t.string({
      description: `What requests are signed with. ${SECRET} When absent, \`STANDARD\` gets a random one and \`SAYIFY\` is not signed.`,
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const UpdateWebhookInput = builder.inputType('UpdateWebhookInput', {
  description: 'What to change of a webhook; absent keys stay as they are.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the webhook.' }),
    name: t.string({ description: 'What it is for, 1 to 200 characters; null: not said.' }),
    url: t.field({ type: 'URL', description: 'Where requests go; what still waits goes there, too.' }),
    eventTypes: t.field({
      type: [EventTypeEnum],
      description: 'What to tell from now on, at least one; what waits already is delivered.',
    }),
  }),
})

const webhookIdInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the webhook.' }) }),
  })

const DeleteWebhookInput = webhookIdInput('DeleteWebhookInput', 'Which webhook to delete.')
const DisableWebhookInput = webhookIdInput('DisableWebhookInput', 'Which webhook to stop.')
const EnableWebhookInput = builder.inputType('EnableWebhookInput', {
  description: 'Which webhook is to deliver again, and from where on.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the webhook.' }),
    catchUp: t.boolean({
      description:
        'Whether it is told now of what happened while it was disabled, as far as the log keeps it; false when absent. What waited already goes out in any case.',
    }),
  }),
})
const RotateWebhookSecretInput = builder.inputType('RotateWebhookSecretInput', {
  description: 'Which webhook gets another secret.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the webhook.' }),
    secret: t.string({ description: `The new secret; a random one when absent. ${SECRET}` }),
  }),
})
const RedeliverWebhookInput = builder.inputType('RedeliverWebhookInput', {
  description: 'What to send again.',
  fields: (t) => ({ deliveryId: t.id({ required: true, description: 'Global id of the delivery.' }) }),
})
const ReplayWebhookInput = builder.inputType('ReplayWebhookInput', {
  description: 'From where on to tell again.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the webhook.' }),
    after: t.string({
      required: true,
      description:
        'A cursor of the event log: what happened after it is told. A later place than its own changes nothing.',
    }),
  }),
})
const DryRunWebhookInput = builder.inputType('DryRunWebhookInput', {
  description: 'What to show.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the webhook.' }),
    cursor: t.string({
      description: '`Event.cursor` of the event itself; when absent, the last event that concerns the webhook.',
    }),
  }),
})

/** The webhook of a payload. A repetition under an idempotency key may come when it has been deleted. */
async function present(query: object, id: string, { reader }: Context) {
  const webhook = await reader.webhook.findUnique({ ...query, where: { id } })
  if (!webhook) throw new NotFoundError('webhook')
  return webhook
}

/** A payload that gives the webhook as it is after the change. */
const webhookPayload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      webhook: t.prismaField({
        type: 'Webhook',
        description: 'The webhook as it is now.',
        resolve: (query, { id }, _args, context) => present(query, id, context),
      }),
    }),
  })

const UpdateWebhookPayload = webhookPayload('UpdateWebhookPayload', 'The webhook was changed.')
const EnableWebhookPayload = webhookPayload('EnableWebhookPayload', 'The webhook delivers.')
const DisableWebhookPayload = webhookPayload('DisableWebhookPayload', 'The webhook sends nothing; what waits stays.')
const ReplayWebhookPayload = webhookPayload(
  'ReplayWebhookPayload',
  'What happened after the cursor is delivered again.',
)

const CreateWebhookPayload = builder
  .objectRef<{ id: string; secret: string | null }>('CreateWebhookPayload')
  .implement({
    description: 'The webhook was made; it is told of what happens from now on.',
    extensions: { payload: true },
    fields: (t) => ({
      webhook: t.prismaField({
        type: 'Webhook',
        description: 'The webhook.',
        resolve: (query, { id }, _args, context) => present(query, id, context),
      }),
      secret: t.exposeString('secret', {
        nullable: true,
        description: 'What requests are signed with. It is shown here and never again. Null: they are not signed.',
      }),
    }),
  })

const RotateWebhookSecretPayload = builder
  .objectRef<{ id: string; secret: string; previousValidUntil: Date | null }>('RotateWebhookSecretPayload')
  .implement({
    description: 'The webhook has another secret.',
    extensions: { payload: true },
    fields: (t) => ({
      webhook: t.prismaField({
        type: 'Webhook',
        description: 'The webhook.',
        resolve: (query, { id }, _args, context) => present(query, id, context),
      }),
      secret: t.exposeString('secret', {
        description: 'What requests are signed with from now on. It is shown here and never again.',
      }),
      previousValidUntil: t.expose('previousValidUntil', {
        type: 'DateTime',
        nullable: true,
        description: 'Until when they are signed with the secret before as well: a day from now; null: there was none.',
      }),
    }),
  })

const DeleteWebhookPayload = builder.objectRef<{ id: string }>('DeleteWebhookPayload').implement({
  description: 'The webhook is gone with its deliveries, also those that waited.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedWebhookId: t.id({
      description: 'Global id of the webhook.',
      resolve: ({ id }) => encodeGlobalId('Webhook', id),
    }),
  }),
})

const RedeliverWebhookPayload = builder.objectRef<{ id: string }>('RedeliverWebhookPayload').implement({
  description: 'The delivery begins anew, at once and with all its attempts.',
  extensions: { payload: true },
  fields: (t) => ({
    delivery: t.prismaField({
      type: 'WebhookDelivery',
      description: 'The delivery, pending again, under the id that it had.',
      resolve: (query, { id }, _args, context) =>
        context.reader.webhookDelivery.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

const HttpHeader = builder.objectRef<{ name: string; value: string }>('HttpHeader').implement({
  description: 'One header of an HTTP request.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; capitals do not matter.' }),
    value: t.exposeString('value', { description: 'Its value.' }),
  }),
})

const DryRunWebhookPayload = builder.objectRef<DryRun>('DryRunWebhookPayload').implement({
  description: 'The very request that would be sent now; nothing was sent or kept.',
  extensions: { payload: true },
  fields: (t) => ({
    method: t.exposeString('method', { description: 'Always `POST`.' }),
    url: t.expose('url', { type: 'URL', description: 'Where it would go.' }),
    headers: t.field({
      type: [HttpHeader],
      description: 'The headers that make a delivery of it, signature included, one per name.',
      resolve: ({ headers }) => Object.entries(headers).map(([name, value]) => ({ name, value })),
    }),
    body: t.exposeString('body', { description: 'The exact text that would be sent and is signed.' }),
    event: t.field({ type: Event, description: 'What it would tell of.', resolve: ({ event }) => event }),
  }),
})

/** The log speaks of cursors as `after`, wherever they were given. */
async function asCursor<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ExpectedError) || error.path[0] !== 'after') throw error
    throw new ExpectedError(error.code, error.message, { path: ['cursor'], details: error.details })
  }
}

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: CreateWebhookPayload,
    description: 'Subscribes an address to the event log, from now on. Needs `webhooks:write`, whatever the types.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: CreateWebhookInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, { input }, { world, viewer }) =>
      asData(async () =>
        createWebhook(world, viewer, {
          ...given(input),
          // Any other is refused there.
          format: (input.format ?? undefined) as CreateWebhook['format'],
          url: String(input.url),
          linkId: input.linkId == null ? null : idOf('Link', input.linkId, ['linkId']),
        }),
      ),
  }),
  updateWebhook: t.field({
    type: UpdateWebhookPayload,
    description: 'Changes a webhook. Needs `webhooks:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: UpdateWebhookInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input: { id: globalId, name, url, eventTypes } }, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Webhook', globalId, ['id'])
        await updateWebhook(world, viewer, id, {
          ...(name === undefined ? {} : { name }),
          ...(url == null ? {} : { url: String(url) }),
          ...(eventTypes == null ? {} : { eventTypes }),
        })
        return { id }
      }),
  }),
  deleteWebhook: t.field({
    type: DeleteWebhookPayload,
    description: 'Removes a webhook for good, with its deliveries, also those that wait. Needs `webhooks:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteWebhookInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Webhook', args.input.id, ['id'])
        await deleteWebhook(world, viewer, id)
        return { id }
      }),
  }),
  enableWebhook: t.field({
    type: EnableWebhookPayload,
    description:
      'Delivers again, whoever stopped it. Nothing happens to a webhook that is enabled. Needs `webhooks:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: EnableWebhookInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Webhook', args.input.id, ['id'])
        await enableWebhook(world, viewer, id, { catchUp: args.input.catchUp ?? false })
        return { id }
      }),
  }),
  disableWebhook: t.field({
    type: DisableWebhookPayload,
    description:
      'Sends nothing any more and keeps what waits. Nothing happens to a webhook that is disabled. Needs `webhooks:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DisableWebhookInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Webhook', args.input.id, ['id'])
        await disableWebhook(world, viewer, id)
        return { id }
      }),
  }),
  rotateWebhookSecret: t.field({
    type: RotateWebhookSecretPayload,
    description: 'Gives a webhook another secret; for a day requests are signed with both. Needs `webhooks:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: RotateWebhookSecretInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Webhook', args.input.id, ['id'])
        return { id, ...(await rotateWebhookSecret(world, viewer, id, { secret: args.input.secret })) }
      }),
  }),
  redeliverWebhook: t.field({
    type: RedeliverWebhookPayload,
    description:
      'Sends one delivery again, whatever its state, under the id that it has. Needs `webhooks:write` and a webhook that is enabled.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RedeliverWebhookInput, required: true, description: 'The delivery.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('WebhookDelivery', args.input.deliveryId, ['deliveryId'])
        try {
          await redeliver(world, viewer, id)
        } catch (error) {
          throw error instanceof NotFoundError ? new NotFoundError('webhook delivery', ['deliveryId']) : error
        }
        return { id }
      }),
  }),
  replayWebhook: t.field({
    type: ReplayWebhookPayload,
    description:
      'Delivers everything after a cursor again; what was delivered before keeps its id. Needs `webhooks:write` and a webhook that is enabled.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError, InvalidCursorError, CursorExpiredError] },
    args: { input: t.arg({ type: ReplayWebhookInput, required: true, description: 'The webhook.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Webhook', args.input.id, ['id'])
        await replayWebhook(world, viewer, id, args.input.after)
        return { id }
      }),
  }),
  dryRunWebhook: t.field({
    type: DryRunWebhookPayload,
    description:
      'Shows the very request that a webhook would send now for an event, and sends nothing. Needs `webhooks:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, InvalidCursorError, CursorExpiredError] },
    args: { input: t.arg({ type: DryRunWebhookInput, required: true, description: 'The webhook and the event.' }) },
    resolve: (_root, args, { world, viewer, webhookBuilders }) =>
      asData(() =>
        asCursor(async () => {
          const id = idOf('Webhook', args.input.id, ['id'])
          return dryRunWebhook(world, webhookBuilders, viewer, id, { cursor: args.input.cursor })
        }),
      ),
  }),
}))
