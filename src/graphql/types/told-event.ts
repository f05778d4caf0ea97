import { encodeEventCursor, type LoggedEvent } from '../../events/index.ts'
import type { builder } from '../builder.ts'
import { Event } from './event.ts'

type SchemaTypes = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never

/** What every object has that a subscription tells an event by. */
export const toldEvent = (
  t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, LoggedEvent>,
  description = 'The event itself.',
) => ({
  cursor: t.string({
    description: 'Give it as `after` to continue with the next one.',
    resolve: (event) => encodeEventCursor(event.workspaceId, event.position),
  }),
  occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
  event: t.field({ type: Event, description, resolve: (event) => event }),
})

/** `after` of a subscription. */
export const AFTER =
  'Continue after this cursor: first what happened since, then what happens. Absent: only what happens from now on.'
