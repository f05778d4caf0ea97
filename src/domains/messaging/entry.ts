import type { ExpectedError } from '../../platform/errors.ts'
import type { StoredHours } from './item.ts'

/** A message that was checked and waits to be stored; agents, tags and channels still by their names. */
export interface NewMessage {
  type: 'message'
  /** Null: the client names none. */
  tenant: string | null
  sent: boolean
  /** Milliseconds. */
  at: number
  channel: string
  tenantIdentifier: string
  customerIdentifier: string
  provider: string
  agent: string | null
  /** With prefixes. */
  tags: readonly string[]
  automatic: boolean
  paid: boolean
  conversation: string | null
  hours: StoredHours | null
  content: object | null
  /** What counts for nothing: the actor, tags as they were sent. */
  extra: object | null
  own: { kind: 'call' | 'sms' | 'email'; id: string } | null
}

export interface NewResolution {
  type: 'resolution'
  at: number
  channel: string
  tenantIdentifier: string
  provider: string
  conversation: string
  agent: string | null
  tags: readonly string[]
}

export type Entry = NewMessage | NewResolution

export type Outcome =
  | { ok: true; id: string; threadId: string | null; conversationId: string | null }
  | { ok: false; error: ExpectedError }
