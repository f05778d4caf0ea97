import { requireScope } from '../../domains/auth/index.ts'
import { EVENT_TYPES, type EventType, type LoggedEvent } from '../../events/index.ts'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { idOf } from '../global-id.ts'
import { type EventSource, type Listening, throughTheHub } from '../subscriptions/event-source.ts'
import { Campaign, CampaignStateEnum, campaignOf } from './campaign.ts'
import { AFTER, toldEvent } from './told-event.ts'

type Id = string | null | undefined

/** How often at most the statistics of a campaign are told to one subscriber. */
const STATS_EVERY_MS = 500

const typesOf = (...prefixes: string[]): EventType[] =>
  EVENT_TYPES.filter((type) => prefixes.some((prefix) => type.startsWith(`${prefix}.`)))
const RECEIVER_EVENTS = typesOf('receiver')
const CALL_EVENTS = typesOf('call')

const notFound = (what: string, path: string) => new NotFoundError(what, [path])

/** The UUID of a campaign that is there and the viewer may read. */
async function readable(context: Context, campaignId: string): Promise<string> {
  requireScope(context.viewer, 'campaigns:read')
  const where = campaignOf(campaignId)
  const found =
    where && (await context.reader.campaign.findFirst({ where: { ...where, deletedAt: null }, select: { id: true } }))
  if (!found) throw notFound('campaign', 'campaignId')
  return found.id
}

async function ofCampaign(context: Context, types: EventType[], campaignId: Id): Promise<Listening> {
  requireScope(context.viewer, 'campaigns:read')
  return campaignId == null ? { types } : { types, streamId: await readable(context, campaignId) }
}

async function ofCalls(context: Context, campaignId: Id, callId: Id): Promise<Listening> {
  requireScope(context.viewer, 'campaigns:read')
  if ((campaignId == null) === (callId == null)) {
    const message = 'give exactly one of `campaignId` and `callId`'
    throw new ValidationError([{ path: ['campaignId'], rule: 'exactly_one', message }])
  }
  if (campaignId != null) return ofCampaign(context, CALL_EVENTS, campaignId)
  const id = idOf('Call', callId!, ['callId'])
  const call = await context.reader.call.findUnique({ where: { id }, select: { campaignId: true } })
  if (!call) throw notFound('call', 'callId')
  return { types: CALL_EVENTS, streamId: call.campaignId, about: { fields: ['callId'], id } }
}

/** What the subscriptions below listen to. */
export const CAMPAIGN_SOURCES: Record<string, EventSource> = {
  campaignStateChanged: ({ campaignId }, context) => ofCampaign(context, ['campaign.stateChanged'], campaignId as Id),
  receiverUpdated: ({ campaignId }, context) => ofCampaign(context, RECEIVER_EVENTS, campaignId as Id),
  callStateChanged: ({ campaignId, callId }, context) => ofCalls(context, campaignId as Id, callId as Id),
  campaignStats: async ({ campaignId }, context) => ({
    streamId: await readable(context, campaignId as string),
    latestEveryMs: STATS_EVERY_MS,
  }),
}

const payloadOf = (event: LoggedEvent) => event.payload as Record<string, unknown>

const CampaignStateEvent = builder.objectRef<LoggedEvent>('CampaignStateEvent').implement({
  description: 'A campaign entered another state.',
  fields: (t) => ({
    ...toldEvent(t, 'The event itself; its payload has what the campaign had come to by then.'),
    from: t.field({
      type: CampaignStateEnum,
      description: 'The state that it left.',
      resolve: (event) => payloadOf(event).from as typeof CampaignStateEnum.$inferType,
    }),
    to: t.field({
      type: CampaignStateEnum,
      description: 'The state that it entered.',
      resolve: (event) => payloadOf(event).to as typeof CampaignStateEnum.$inferType,
    }),
    campaign: t.prismaField({
      type: Campaign,
      nullable: true,
      description: 'The campaign as it is when this is sent; null when it was deleted since.',
      resolve: (query, event, _args, context) =>
        context.batches.node('campaign', payloadOf(event).campaignId as string, query) as never,
    }),
  }),
})

const ReceiverEvent = builder.objectRef<LoggedEvent>('ReceiverEvent').implement({
  description: 'Something that happened to a receiver, or to all receivers of a campaign that still waited.',
  fields: (t) => ({
    ...toldEvent(t),
    receiver: t.prismaField({
      type: 'Receiver',
      nullable: true,
      description: 'The receiver as it is when this is sent; null for `RECEIVER_ALL_SETTLED`, which is about many.',
      resolve: (query, event, _args, context) => {
        const { receiverId } = payloadOf(event)
        return typeof receiverId === 'string' ? (context.batches.node('receiver', receiverId, query) as never) : null
      },
    }),
  }),
})

const CallEvent = builder.objectRef<LoggedEvent>('CallEvent').implement({
  description: 'Something that happened to a call.',
  fields: (t) => ({
    ...toldEvent(t),
    call: t.prismaField({
      type: 'Call',
      nullable: true,
      description: 'The call as it is when this is sent, which may be further than the event tells.',
      resolve: (query, event, _args, context) =>
        context.batches.node('call', payloadOf(event).callId as string, query) as never,
    }),
  }),
})

builder.subscriptionFields((t) => ({
  campaignStateChanged: t.field({
    type: CampaignStateEvent,
    description: 'A campaign entered another state. Needs `campaigns:read`.',
    args: {
      campaignId: t.arg.id({ description: 'Global id of a campaign: only this one; any when absent.' }),
      after: t.arg.string({ description: AFTER }),
    },
    subscribe: throughTheHub,
    resolve: (event: LoggedEvent) => event,
  }),
  receiverUpdated: t.field({
    type: ReceiverEvent,
    description: 'A receiver of this campaign came further. Needs `campaigns:read`.',
    args: {
      campaignId: t.arg.id({ required: true, description: 'Global id of the campaign.' }),
      after: t.arg.string({ description: AFTER }),
    },
    subscribe: throughTheHub,
    resolve: (event: LoggedEvent) => event,
  }),
  callStateChanged: t.field({
    type: CallEvent,
    description: 'A call came further. Give exactly one of the two ids. Needs `campaigns:read`.',
    args: {
      campaignId: t.arg.id({ description: 'Global id of a campaign: all of its calls.' }),
      callId: t.arg.id({ description: 'Global id of a call: this one.' }),
      after: t.arg.string({ description: AFTER }),
    },
    subscribe: throughTheHub,
    resolve: (event: LoggedEvent) => event,
  }),
  campaignStats: t.prismaField({
    type: 'CampaignStats',
    description:
      'What a campaign has come to: at once as it is, then whenever it is something else, at most twice per second. It is a value, not a history, so it has no cursor: after a break subscribe again. Needs `campaigns:read`.',
    args: { campaignId: t.arg.id({ required: true, description: 'Global id of the campaign.' }) },
    subscribe: throughTheHub,
    resolve: (query, _root, { campaignId }, context) =>
      context.batches.node('campaignStats', campaignOf(campaignId)!.id, query) as never,
  }),
}))
