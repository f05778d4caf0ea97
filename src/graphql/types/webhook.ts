import { type EventType, encodeEventCursor } from '../../events/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { Campaign } from './campaign.ts'
import { EventTypeEnum } from './event.ts'

export const WebhookFormatEnum = builder.enumType('WebhookFormat', {
  description: 'What the requests of a webhook look like. It is chosen when the webhook is made.',
  values: {
    STANDARD: {
      value: 'standard',
      description: 'As Standard Webhooks 1.0 describes it, always signed; takes all types of events.',
    },
    SAYIFY: {
      value: 'sayify',
      description:
        'As Sayify sent them, https only, signed when there is a secret; takes `RESPONSE_STARTED` and `RESPONSE_SUBMITTED`.',
    },
    MULTISENDER: {
      value: 'multisender',
      description:
        'As Multisender sent them to the addresses that its clients give with a campaign; made through its API only.',
    },
  } as const,
})

const WebhookDisabledReasonEnum = builder.enumType('WebhookDisabledReason', {
  description: 'Why a webhook delivers no more.',
  values: {
    REQUESTED: { value: 'requested', description: 'You disabled it, or made it so.' },
    FAILING: {
      value: 'failing',
      description: 'Nothing had worked for five days when a delivery used up its attempts.',
    },
    GONE: { value: 'gone', description: 'The receiver answered 410 Gone.' },
  } as const,
})

const DeliveryStateEnum = builder.enumType('DeliveryState', {
  description: 'How far a delivery has come.',
  values: {
    PENDING: { value: 'pending', description: 'It waits for its next attempt, or is being sent.' },
    SUCCEEDED: { value: 'succeeded', description: 'The receiver answered an attempt with a status from 200 to 299.' },
    DEAD: { value: 'dead', description: 'It has used up its attempts. `redeliverWebhook` begins it anew.' },
    CANCELLED: { value: 'cancelled', description: 'What the event is about was erased before it could be sent.' },
  } as const,
})

const AttemptFailureEnum = builder.enumType('AttemptFailure', {
  description: 'Why an attempt failed; `message` says more.',
  values: {
    STATUS: {
      value: 'status',
      description: 'The receiver answered with a status that is neither 200 to 299 nor a redirect: see its log.',
    },
    TIMEOUT: {
      value: 'timeout',
      description: 'No whole answer came in `WEBHOOK_TIMEOUT` seconds: let the receiver answer first and work later.',
    },
    DNS: { value: 'dns', description: 'The host name of the address could not be resolved.' },
    CONNECT: {
      value: 'connect',
      description: 'Nothing took the connection: the receiver is down, or a firewall stands between.',
    },
    TLS: { value: 'tls', description: 'The encrypted connection failed, mostly for the certificate of the receiver.' },
    RESET: { value: 'reset', description: 'The receiver closed the connection before it had answered.' },
    BLOCKED: {
      value: 'blocked',
      description:
        'The address is private or special and `WEBHOOK_ALLOW` does not name it, or it is http where https must be.',
    },
    REDIRECT: {
      value: 'redirect',
      description: 'A redirect that is not followed: too many, from https to http, or one that drops the body.',
    },
    PROTOCOL: { value: 'protocol', description: 'What answered does not speak HTTP.' },
    UNBUILDABLE: {
      value: 'unbuildable',
      description: "The request could not be made: see this server's log. A changed `APP_SECRET` is a common reason.",
    },
  } as const,
})

const ATTEMPTS: Order = { name: 'webhookAttempts', column: 'number', direction: 'asc', type: 'integer' }
const DELIVERIES: Order = { name: 'webhookDeliveries', column: 'createdAt', direction: 'desc', type: 'instant' }
const WEBHOOKS: Order = { name: 'webhooks', column: 'createdAt', direction: 'desc', type: 'instant' }

/** One that has ended with its link is no more, apart from what it has still to deliver. */
const LISTED = { retiredAt: null }

export const WebhookAttempt = builder.prismaNode('WebhookAttempt', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'webhooks:read' },
  description: 'One HTTP request of a delivery, redirects included, and what came of it.',
  fields: (t) => ({
    delivery: t.relation('delivery', { description: 'The delivery that it tried.' }),
    number: t.exposeInt('number', { description: 'Counts from 1 per delivery, redeliveries included.' }),
    url: t.expose('url', { type: 'URL', description: 'Where it went; the webhook may have another address by now.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
    durationMs: t.exposeInt('durationMs', {
      description: 'How long it took in milliseconds, from the look-up of the name to the end of the answer.',
    }),
    statusCode: t.exposeInt('statusCode', {
      nullable: true,
      description: 'The HTTP status of the answer; null when none began.',
    }),
    failure: t.field({
      type: AttemptFailureEnum,
      nullable: true,
      description: 'Why it failed; null for a success.',
      select: { failure: true },
      resolve: (attempt) => attempt.failure,
    }),
    message: t.exposeString('message', {
      nullable: true,
      description: 'Why it failed, in one line for an operator; null for a success.',
    }),
    responseBody: t.exposeString('responseBody', {
      nullable: true,
      description: 'The first 4096 bytes of the answer, as text; null when no whole answer came.',
    }),
  }),
})

const ATTEMPTS_PAGE = connectionTypes(WebhookAttempt, 'WebhookAttempt', 'attempts')

export const WebhookDelivery = builder.prismaNode('WebhookDelivery', {
  id: {
    field: 'id',
    description: 'Global id. Receivers see the UUID that it holds, which is also in `uuid`.',
  },
  select: { id: true },
  extensions: { readScope: 'webhooks:read' },
  description: 'One event on its way to one webhook, with all its attempts.',
  fields: (t) => ({
    uuid: t.expose('id', {
      type: 'UUID',
      description:
        'What receivers see as `webhook-id`, or `X-Sayify-Delivery-Id`: the same in every attempt, redelivery and replay.',
    }),
    webhook: t.relation('webhook', {
      description: 'Where it goes; also a webhook that has ended with its link and is listed no more.',
    }),
    eventType: t.field({
      type: EventTypeEnum,
      description: 'What happened.',
      select: { eventType: true },
      resolve: (delivery) => delivery.eventType as EventType,
    }),
    eventId: t.expose('eventId', { type: 'UUID', description: '`Event.id` of what happened.' }),
    eventCursor: t.string({
      description: '`Event.cursor` of what happened, to read, replay or dry-run from there; it expires with the event.',
      select: { workspaceId: true, position: true },
      resolve: ({ workspaceId, position }) => encodeEventCursor(workspaceId, Number(position)),
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
    payload: t.field({
      type: 'JSONObject',
      description: '`Event.payload` of what happened: UUIDs and small facts, never personal data.',
      select: { payload: true },
      resolve: (delivery) => delivery.payload as Record<string, unknown>,
    }),
    state: t.field({
      type: DeliveryStateEnum,
      description: 'How far it has come.',
      select: { state: true },
      resolve: (delivery) => delivery.state,
    }),
    attemptCount: t.exposeInt('attemptCount', { description: 'How many attempts were made, redeliveries included.' }),
    nextAttemptAt: t.expose('dueAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the next attempt is due, unless an earlier delivery about the same object still waits; while one runs, when it would be taken for lost. Null once settled.',
    }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last succeeded, died or was cancelled; null while it is pending.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the webhook took the event from the log.',
    }),
    attempts: t.connection(
      {
        type: WebhookAttempt,
        description: 'What was tried, in the order in which it ended.',
        ...relationPage('webhookDelivery', 'attempts', 'WebhookAttempt', ATTEMPTS),
      },
      ...ATTEMPTS_PAGE,
    ),
  }),
})

const DELIVERIES_PAGE = connectionTypes(WebhookDelivery, 'WebhookDelivery', 'deliveries')

function deliveryWhere({
  state,
}: {
  state?: typeof DeliveryStateEnum.$inferType | null | undefined
}): Record<string, unknown> {
  return state ? { state } : {}
}

export const Webhook = builder.prismaNode('Webhook', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'webhooks:read' },
  description:
    'An address that is told of events by POST, from its own place in the log on. Its secret is shown when it is made or rotated, and never again.',
  fields: (t) => ({
    name: t.exposeString('name', { nullable: true, description: 'What it is for, in your words; null: not said.' }),
    url: t.expose('url', { type: 'URL', description: 'Where requests go.' }),
    format: t.field({
      type: WebhookFormatEnum,
      description: 'What its requests look like.',
      select: { format: true },
      resolve: (webhook) => webhook.format,
    }),
    eventTypes: t.field({
      type: [EventTypeEnum],
      description: 'What it is told of.',
      select: { eventTypes: true },
      resolve: (webhook) => webhook.eventTypes as EventType[],
    }),
    link: t.relation('link', {
      nullable: true,
      description: 'The one link whose events it is told of; null: it is told of those of the whole workspace.',
    }),
    campaign: t.relation('campaign', {
      type: Campaign,
      nullable: true,
      description:
        'The one campaign whose events it is told of, also a deleted one; null: it is told of those of the whole workspace, or of a link.',
    }),
    enabled: t.exposeBoolean('enabled', { description: 'Whether it takes events and sends them.' }),
    disabledReason: t.field({
      type: WebhookDisabledReasonEnum,
      nullable: true,
      description: 'Why it is disabled; null: it is not.',
      select: { disabledReason: true },
      resolve: (webhook) => webhook.disabledReason,
    }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is disabled; null: it is not.',
    }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'When the first attempt after its last success failed; null while all is well.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its name, address or types were last changed, or it was enabled or disabled.',
    }),
    deliveries: t.connection(
      {
        type: WebhookDelivery,
        description: 'What it was told, newest first.',
        args: { state: t.arg({ type: DeliveryStateEnum, description: 'Only deliveries in this state.' }) },
        ...relationPage('webhook', 'deliveries', 'WebhookDelivery', DELIVERIES, deliveryWhere),
      },
      ...DELIVERIES_PAGE,
    ),
  }),
})

export const WEBHOOKS_PAGE = connectionTypes(Webhook, 'Webhook', 'webhooks')

/** On a link: what is told of its events alone. */
builder.prismaObjectField('Link', 'webhooks', (t) =>
  t.connection(
    {
      type: Webhook,
      description: 'The webhooks that are told of events of this link only, newest first.',
      ...relationPage('link', 'webhooks', 'Webhook', WEBHOOKS, LISTED),
    },
    ...WEBHOOKS_PAGE,
  ),
)

/** On a campaign: the same. */
builder.prismaInterfaceField(Campaign, 'webhooks', (t) =>
  t.connection(
    {
      type: Webhook,
      description: 'The webhooks that are told of events of this campaign only, newest first. Needs `webhooks:read`.',
      ...relationPage('campaign', 'webhooks', 'Webhook', WEBHOOKS, LISTED),
    },
    ...WEBHOOKS_PAGE,
  ),
)

builder.queryFields((t) => ({
  webhook: t.prismaField({
    type: 'Webhook',
    nullable: true,
    description:
      'One webhook; null when your workspace has none with this id, or when it has ended with its link. Needs `webhooks:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the webhook.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Webhook', id)
      return uuid === null ? null : context.reader.webhook.findFirst({ ...query, where: { id: uuid, ...LISTED } })
    },
  }),
  webhooks: t.connection(
    {
      type: Webhook,
      description: 'The webhooks of the workspace, newest first. Needs `webhooks:read`.',
      resolve: (_root, args, context, info) =>
        rootConnection(context.reader.webhook, 'Webhook', args, WEBHOOKS, LISTED, context, info),
    },
    ...WEBHOOKS_PAGE,
  ),
  webhookDelivery: t.prismaField({
    type: 'WebhookDelivery',
    nullable: true,
    description: 'One delivery; null when your workspace has none with this id. Needs `webhooks:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the delivery.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('WebhookDelivery', id)
      return uuid === null ? null : context.reader.webhookDelivery.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  webhookDeliveries: t.connection(
    {
      type: WebhookDelivery,
      description:
        'Deliveries to all webhooks, newest first, also to those that have ended with their link. Needs `webhooks:read`.',
      args: {
        webhookId: t.arg.id({ description: 'Only deliveries to this webhook.' }),
        state: t.arg({ type: DeliveryStateEnum, description: 'Only deliveries in this state.' }),
      },
      resolve: (_root, args, context, info) => {
        const where = { ...deliveryWhere(args), ...toWebhook(args.webhookId) }
        return rootConnection(context.reader.webhookDelivery, 'WebhookDelivery', args, DELIVERIES, where, context, info)
      },
    },
    ...DELIVERIES_PAGE,
  ),
  deadLetters: t.connection(
    {
      type: WebhookDelivery,
      description:
        'The deliveries of the whole workspace that used up their attempts, newest first; `redeliverWebhook` begins one anew. Needs `webhooks:read`.',
      resolve: (_root, args, context, info) =>
        rootConnection(
          context.reader.webhookDelivery,
          'WebhookDelivery',
          args,
          DELIVERIES,
          deliveryWhere({ state: 'dead' }),
          context,
          info,
        ),
    },
    ...DELIVERIES_PAGE,
  ),
}))

/** A filter by a webhook that the workspace does not have finds nothing, whatever the reason. */
function toWebhook(webhookId: string | null | undefined) {
  if (webhookId == null) return {}
  return { webhookId: idOrNull('Webhook', webhookId) ?? '00000000-0000-0000-0000-000000000000' }
}
