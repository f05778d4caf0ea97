import { requireScope } from '../../domains/auth/index.ts'
import type { EventFilter, EventType } from '../../events/index.ts'
import { encodeEventCursor, type LoggedEvent } from '../../events/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { idOf } from '../global-id.ts'
import { type EventSource, throughTheHub } from '../subscriptions/event-source.ts'
import { CAMPAIGN_SOURCES } from './campaign-subscriptions.ts'
import { Event, EventTypeEnum, eventFilter } from './event.ts'

const AFTER =
  'Continue after this cursor: first what happened since, then what happens. Absent: only what happens from now on.'

const ResponseEvent = builder.objectRef<LoggedEvent>('ResponseEvent').implement({
  description: 'Something that happened to a response.',
  fields: (t) => ({
    cursor: t.string({
      description: 'Give it as `after` to continue with the next one.',
      resolve: (event) => encodeEventCursor(event.workspaceId, event.position),
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
    event: t.field({ type: Event, description: 'The event itself.', resolve: (event) => event }),
    response: t.prismaField({
      type: 'Response',
      nullable: true,
      description: 'The response as it is when this is sent; null when it was erased since.',
      resolve: (query, event, _args, context) =>
        context.batches.node('response', (event.payload as { responseId: string }).responseId, query) as never,
    }),
  }),
})

const ContactImportEvent = builder.objectRef<LoggedEvent>('ContactImportEvent').implement({
  description: 'An import of contacts came further.',
  fields: (t) => ({
    cursor: t.string({
      description: 'Give it as `after` to continue with the next one.',
      resolve: (event) => encodeEventCursor(event.workspaceId, event.position),
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
    event: t.field({
      type: Event,
      description: 'The event itself; its payload has the counts as they were then.',
      resolve: (event) => event,
    }),
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

/** What each subscription listens to; the transports share one execution per event among equal subscriptions. */
export const EVENT_SOURCES: Record<string, EventSource> = {
  events: async (args, context) => eventFilter(context.viewer, args.types as EventType[] | undefined),
  responseStarted: (args, context) => ofLink(context, 'response.started', args.linkId as string),
  responseSubmitted: (args, context) => ofLink(context, 'response.submitted', args.linkId as string),
  importProgress: (args, context) => ofImport(context, args.importId as string),
  ...CAMPAIGN_SOURCES,
}

builder.subscriptionType({
  description:
    'What happens, as it happens. Every item but those of `campaignStats`, a value, has a cursor; after a break, continue from the last one.',
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
