import type { EventType, LoggedEvent } from '../../events/index.ts'

/** The shapes in which webhooks speak. `standard` is Saygraph's own; the others are those of the legacy APIs. */
export const WEBHOOK_FORMATS = ['standard', 'sayify', 'multisender'] as const
export type WebhookFormatName = (typeof WEBHOOK_FORMATS)[number]

/** Those in which a webhook can be asked for; the others come along with what they belong to. */
export const CREATABLE_FORMATS = ['standard', 'sayify'] as const satisfies readonly WebhookFormatName[]

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

/** The rules of one format. */
export interface FormatRules {
  /** The events it can carry; null: all of the catalogue. */
  eventTypes: readonly EventType[] | null
  /** Whether addresses must be https. */
  httpsOnly: boolean
  /** Whether a webhook without a secret of its own is given a random one. */
  alwaysSigned: boolean
  /** Seconds to wait after the first, second, … failed attempt; when the last of them has failed, the delivery is dead. */
  retryAfterSeconds: readonly number[]
  /** Whether an answer 410 Gone ends the webhook. */
  endsWhenGone: boolean
  /** Whether `response.submitted` is held back until its analysis has ended, up to the configured time. */
  waitsForAnalysis: boolean
  /** Of the events it carries, those that it tells of; absent: all. */
  tells?(event: LoggedEvent): boolean
}

const MINUTE = 60
const HOUR = 60 * MINUTE

export const FORMAT_RULES: Readonly<Record<WebhookFormatName, FormatRules>> = {
  // The schedule that Standard Webhooks recommends, carried on until a single event has been tried for five days.
  standard: {
    eventTypes: null,
    httpsOnly: false,
    alwaysSigned: true,
    retryAfterSeconds: [5, 5 * MINUTE, 30 * MINUTE, ...[2, 5, 10, 14, 20, 24, 24, 24].map((hours) => hours * HOUR)],
    endsWhenGone: true,
    waitsForAnalysis: false,
  },
  // contract/sayify.md 9
  sayify: {
    eventTypes: ['response.started', 'response.submitted'],
    httpsOnly: true,
    alwaysSigned: false,
    retryAfterSeconds: [1 * MINUTE, 5 * MINUTE, 30 * MINUTE],
    endsWhenGone: false,
    waitsForAnalysis: true,
  },
  // contract/multisender.md 8
  multisender: {
    eventTypes: ['campaign.stateChanged', 'receiver.settled'],
    httpsOnly: false,
    alwaysSigned: false,
    retryAfterSeconds: [1 * MINUTE, 5 * MINUTE, 30 * MINUTE],
    endsWhenGone: false,
    waitsForAnalysis: false,
    // Of somebody who was never called there is nothing to tell.
    tells: ({ type, payload }) => type !== 'receiver.settled' || ('attempts' in payload && payload.attempts > 0),
  },
}

/**
 * Makes the request of one format for an event, from what is known when it is called: a body is built anew for every
 * attempt. Undefined when what the event is about was erased.
 */
export type BuildRequest = (delivery: DeliveryFacts, options: BuildOptions) => Promise<WebhookRequest | undefined>

/** One for each format; those of the legacy APIs come from their plugins, which know the shapes. */
export type RequestBuilders = Readonly<Record<WebhookFormatName, BuildRequest>>
