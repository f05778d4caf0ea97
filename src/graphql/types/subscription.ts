import { requireScope } from '../../domains/auth/index.ts'
import type { EventFilter, EventType, LoggedEvent } from '../../events/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { idOf } from '../global-id.ts'
import { type EventSource, type Listening, throughTheHub } from '../subscriptions/event-source.ts'
import { CAMPAIGN_SOURCES } from './campaign-subscriptions.ts'
import { Event, EventTypeEnum, eventFilter } from './event.ts'
import { MESSAGE_SOURCES } from './message-subscriptions.ts'
import { RespondentStatusEnum } from './respondent.ts'
import { AFTER, toldEvent } from './told-event.ts'

const ResponseEvent = builder.objectRef<LoggedEvent>('ResponseEvent').implement({
  description: 'Something that happened to a response.',
  fields: (t) => ({
    ...toldEvent(t),
    response: t.prismaField({
      type: 'Response',
      nullable: true,
      description: 'The response as it is when this is sent; null when it was erased since.',
      resolve: (query, event, _args, context) =>
        context.batches.node('response', (event.payload as { responseId: string }).responseId, query) as never,
    }),
  }),
})

type RespondentStatus = typeof RespondentStatusEnum.$inferType
const statusPayload = ({ payload }: LoggedEvent) =>
  payload as { respondentId: string; from: RespondentStatus; to: RespondentStatus }

const RespondentStatusEvent = builder.objectRef<LoggedEvent>('RespondentStatusEvent').implement({
  description: 'A respondent came further.',
  fields: (t) => ({
    ...toldEvent(t),
    from: t.field({
      type: RespondentStatusEnum,
      description: 'The status that it left.',
      resolve: (event) => statusPayload(event).from,
    }),
    to: t.field({
      type: RespondentStatusEnum,
      description: 'The status that it entered.',
      resolve: (event) => statusPayload(event).to,
    }),
    respondent: t.prismaField({
      type: 'Respondent',
      nullable: true,
      description:
        'The respondent as they are when this is sent, which may be further than the event tells; null when they were erased since.',
      resolve: (query, event, _args, context) =>
        context.batches.node('respondent', statusPayload(event).respondentId, query) as never,
    }),
  }),
})

const FollowUpEvent = builder.objectRef<LoggedEvent>('FollowUpEvent').implement({
  description: 'An answer was unclear, and one more question was asked about it.',
  fields: (t) => ({
    ...toldEvent(t),
    followUp: t.prismaField({
      type: 'FollowUp',
      nullable: true,
      description: 'The follow-up as it is when this is sent; null when the answer was replaced since.',
      resolve: (query, event, _args, context) =>
        context.batches.node('followUp', (event.payload as { followUpId: string }).followUpId, query) as never,
    }),
  }),
})

const ContactImportEvent = builder.objectRef<LoggedEvent>('ContactImportEvent').implement({
  description: 'An import of contacts came further.',
  fields: (t) => ({
    ...toldEvent(t, 'The event itself; its payload has the counts as they were then.'),
    contactImport: t.prismaField({
      type: 'ContactImport',
      nullable: true,
      description: 'The import as it is when this is sent; null when it is gone.',
      resolve: (query, event, _args, context) =>
        context.batches.node('contactImport', (event.payload as { importId: string }).importId, query) as never,
    }),
  }),
})

async function ofImport(context: Context, importId: string): Promise<EventFilter> {
  requireScope(context.viewer, 'contacts:read')
  const id = idOf('ContactImport', importId, ['importId'])
  const found = await context.reader.contactImport.findUnique({ where: { id }, select: { id: true } })
  if (!found) throw new NotFoundError('contact import', ['importId'])
  return { types: ['contacts.imported'], streamId: id }
}

async function ofLink(context: Context, type: EventType, linkId: string): Promise<EventFilter> {
  requireScope(context.viewer, 'responses:read')
  const id = idOf('Link', linkId, ['linkId'])
  const link = await context.reader.link.findUnique({ where: { id }, select: { id: true } })
  if (!link) throw new NotFoundError('link', ['linkId'])
  return { types: [type], streamId: id }
}

type Id = string | null | undefined

async function ofRespondents(context: Context, linkId: Id, respondentId: Id): Promise<Listening> {
  requireScope(context.viewer, 'responses:read')
  const type = 'respondent.statusChanged'
  const listening = linkId == null ? { types: [type as EventType] } : await ofLink(context, type, linkId)
  if (respondentId == null) return listening
  const id = idOf('Respondent', respondentId, ['respondentId'])
  const found = await context.reader.respondent.findUnique({ where: { id }, select: { linkId: true } })
  if (!found || (linkId != null && found.linkId !== listening.streamId)) {
    throw new NotFoundError('respondent', ['respondentId'])
  }
  return { ...listening, streamId: found.linkId, about: { fields: ['respondentId'], id } }
}

/** What each subscription listens to; the transports share one execution per event among equal subscriptions. */
export const EVENT_SOURCES: Record<string, EventSource> = {
  events: async (args, context) => eventFilter(context.viewer, args.types as EventType[] | undefined),
  responseStarted: (args, context) => ofLink(context, 'response.started', args.linkId as string),
  responseSubmitted: (args, context) => ofLink(context, 'response.submitted', args.linkId as string),
  followUpAsked: (args, context) => ofLink(context, 'followUp.asked', args.linkId as string),
  respondentStatusChanged: ({ linkId, respondentId }, context) =>
    ofRespondents(context, linkId as Id, respondentId as Id),
  importProgress: (args, context) => ofImport(context, args.importId as string),
  ...CAMPAIGN_SOURCES,
  ...MESSAGE_SOURCES,
}

builder.subscriptionType({
  description:
    'What happens, as it happens. Every item but those of `campaignStats` and `metricUpdated`, which are values, has a cursor; after a break, continue from the last one.',
  fields: (t) => ({
    events: t.field({
      type: Event,
      description: 'Every event that your scopes allow, in order.',
      args: {
        after: t.arg.string({ description: AFTER }),
        types: t.arg({ type: [EventTypeEnum], description: 'Only these types.' }),
      },
      subscribe: throughTheHub,
      resolve: (event: LoggedEvent) => event,
    }),
    responseStarted: t.field({
      type: ResponseEvent,
      description: 'A person began to answer this link.',
      args: {
        linkId: t.arg.id({ required: true, description: 'Global id of the link.' }),
        after: t.arg.string({ description: AFTER }),
      },
      subscribe: throughTheHub,
      resolve: (event: LoggedEvent) => event,
    }),
    respondentStatusChanged: t.field({
      type: RespondentStatusEvent,
      description: 'A respondent came further: was queued, called, surveyed, and so on. Needs `responses:read`.',
      args: {
        linkId: t.arg.id({ description: 'Global id of a link: only its respondents; any when absent.' }),
        respondentId: t.arg.id({
          description: 'Global id of a respondent, of that link if both are given: only this one.',
        }),
        after: t.arg.string({ description: AFTER }),
      },
      subscribe: throughTheHub,
      resolve: (event: LoggedEvent) => event,
    }),
    followUpAsked: t.field({
      type: FollowUpEvent,
      description: 'An answer to this link was unclear, and one more question was asked about it.',
      args: {
        linkId: t.arg.id({ required: true, description: 'Global id of the link.' }),
        after: t.arg.string({ description: AFTER }),
      },
      subscribe: throughTheHub,
      resolve: (event: LoggedEvent) => event,
    }),
    importProgress: t.field({
      type: ContactImportEvent,
      description: 'An import of contacts came further, once per batch of up to 500 rows. Needs `contacts:read`.',
      args: {
        importId: t.arg.id({ required: true, description: 'Global id of the import.' }),
        after: t.arg.string({ description: AFTER }),
      },
      subscribe: throughTheHub,
      resolve: (event: LoggedEvent) => event,
    }),
    responseSubmitted: t.field({
      type: ResponseEvent,
      description: 'A response to this link was completed.',
      args: {
        linkId: t.arg.id({ required: true, description: 'Global id of the link.' }),
        after: t.arg.string({ description: AFTER }),
      },
      subscribe: throughTheHub,
      resolve: (event: LoggedEvent) => event,
    }),
  }),
})
