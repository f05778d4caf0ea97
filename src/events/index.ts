export { EVENT_CATALOG, EVENT_TYPES, type EventPayload, type EventType } from './catalog.ts'
export { decodeEventCursor, encodeEventCursor } from './cursor.ts'
export { createEventLog, type Emit, type EventFilter, type EventLog, type LoggedEvent } from './log.ts'
export { createTailer, type Following, type FollowOptions, type Tailer } from './tailer.ts'
