/** One message, as every entrance hands it over (contract/saysimple.md 5). */
export interface MessageInput {
  /** Whom it is of, where a client names that; one that the workspace's settings name, or any where they name none. */
  tenant?: string | null | undefined
  direction: 'in' | 'out'
  /** `[A-Z_]{2,30}`. */
  channel: string
  /** The workspace's address on the channel, up to 100 characters. */
  tenantChannelIdentifier: string
  /** The customer's, up to 100 characters. */
  customerChannelIdentifier: string
  /** `[A-Z_]{2,100}`. */
  provider: string
  /** Kept as it is: `textContent`, `media` and whatever else; up to 256 KiB of JSON. */
  content?: Readonly<Record<string, unknown>> | null | undefined
  /** When it happened, which all metrics go by; at most a day ahead. Absent: now. */
  time?: Date | null | undefined
  /** Who wrote it or whom it reached, up to 100 characters. */
  agent?: string | null | undefined
  /** With `user:`, `team:` or `system:`; without any it is the user's. */
  tags?: readonly string[] | null | undefined
  /** The client's name of the conversation, up to 100 characters. */
  conversation?: string | null | undefined
  /** `{ "0": ["08:00", "17:00"] }`, Sunday first (contract/saysimple.md 5.2). */
  businessHours?: Readonly<Record<string, readonly string[]>> | null | undefined
  /** IANA, of `businessHours`. Absent: UTC. */
  timeZone?: string | null | undefined
  /** Kept, without effect. */
  actor?: string | null | undefined
}

/** A conversation that is over (contract/saysimple.md 6). */
export interface ResolveInput {
  conversation: string
  provider: string
  channel: string
  tenantChannelIdentifier: string
  /** At most a day ahead. Absent: now. */
  time?: Date | null | undefined
  agent?: string | null | undefined
  tags?: readonly string[] | null | undefined
}

/** What became of one message. */
export interface AddedMessage {
  id: string
  threadId: string
  conversationId: string | null
}
