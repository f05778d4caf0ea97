import type { EventType } from '../../events/index.ts'

/** The shapes in which webhooks speak. `standard` is Saygraph's own; the others are those of the legacy APIs. */
export const WEBHOOK_FORMATS = ['standard', 'sayify'] as const
export type WebhookFormatName = (typeof WEBHOOK_FORMATS)[number]

/** One event on its way to one webhook. */
export interface DeliveryFacts {
  /** The same in every attempt. */
  id: string
  workspaceId: string
  webhookId: string
  eventId: string
  eventType: EventType
  /** Of the event in the log of its workspace. */
  position: number
  occurredAt: Date
  /** Of the event: ids and small facts. */
  payload: Readonly<Record<string, unknown>>
}

export interface WebhookRequest {
  headers: Record<string, string>
  /** The exact bytes that are sent and signed, as text. */
  body: string
}

export interface BuildOptions {
  /** What to sign with: the present secret and, for a day after a rotation, the one before. Empty: unsigned. */
  secrets: readonly string[]
  /** The moment of the attempt. */
  now: Date
}

/** How webhooks of one kind are fed and what their requests look like. Its body is built anew for every attempt. */
export interface WebhookFormat {
  /** The events it can carry; null: all of the catalogue. */
  eventTypes: readonly EventType[] | null
  /** Whether addresses must be https. */
  httpsOnly: boolean
  /** Whether a webhook without a secret of its own is given a random one. */
  alwaysSigned: boolean
  /** Seconds to wait after the first, second, … failed attempt; after one more attempt the delivery is dead. */
  retryAfterSeconds: readonly number[]
  /** Whether an answer 410 Gone ends the webhook. */
  endsWhenGone: boolean
  /** Whether `response.submitted` is held back until `response.analyzed`, up to the configured time. */
  waitsForAnalysis: boolean
  /** The request for an event; undefined when what the event is about was erased. */
  build(delivery: DeliveryFacts, options: BuildOptions): Promise<WebhookRequest | undefined>
}

export type WebhookFormats = Readonly<Record<WebhookFormatName, WebhookFormat>>
