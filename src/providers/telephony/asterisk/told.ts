import type { CallEvent } from '../telephony.ts'

/** What is told of a call, without which call and when. */
export type Told = CallEvent extends infer One
  ? One extends unknown
    ? Omit<One, 'eventId' | 'callId' | 'at'>
    : never
  : never

/** `name`: unlike for whatever else is told of the call, and the same when it is told again. */
export function eventOf(callId: string, name: string, at: Date, told: Told): CallEvent {
  return { ...told, eventId: `${callId}.${name}`, callId, at } as CallEvent
}
