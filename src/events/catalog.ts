import { z } from 'zod'

const id = z.uuid()

/** As they were when the campaign entered its state; what a webhook then shows does not depend on when it is sent. */
const campaignTotals = z.object({
  dialedCalls: z.int(),
  answeredCalls: z.int(),
  totalSeconds: z.int(),
  accepts: z.int(),
})
const receiverPayload = z.object({ campaignId: id, receiverId: id, attempts: z.int() })
const callPayload = z.object({ campaignId: id, receiverId: id, callId: id, attempt: z.int() })
const messagePayload = z.object({ campaignId: id, receiverId: id, outboundMessageId: id })

/**
 * Everything that can happen, typed in this one place. Payloads carry ids and small facts only, never personal data:
 * whoever reads an event joins what it needs, so that erasing a person leaves nothing behind in the log.
 * `scope` is what a reader must be allowed, `stream` the payload field that names the aggregate a consumer follows.
 */
export const EVENT_CATALOG = {
  'link.created': { scope: 'links:read', stream: 'linkId', payload: z.object({ linkId: id }) },
  'link.updated': { scope: 'links:read', stream: 'linkId', payload: z.object({ linkId: id }) },
  'link.deleted': { scope: 'links:read', stream: 'linkId', payload: z.object({ linkId: id }) },
  'contact.created': { scope: 'contacts:read', stream: null, payload: z.object({ contactId: id }) },
  'contact.updated': { scope: 'contacts:read', stream: null, payload: z.object({ contactId: id }) },
  'contact.deleted': { scope: 'contacts:read', stream: null, payload: z.object({ contactId: id }) },
  'contact.erased': { scope: 'contacts:read', stream: null, payload: z.object({ contactId: id }) },
  'contact.merged': { scope: 'contacts:read', stream: null, payload: z.object({ contactId: id, mergedContactId: id }) },
  'contact.optedOut': {
    scope: 'contacts:read',
    stream: null,
    payload: z.object({ contactId: id.nullable(), channel: z.string() }),
  },
  'contact.optedIn': {
    scope: 'contacts:read',
    stream: null,
    payload: z.object({ contactId: id.nullable(), channel: z.string() }),
  },
  'contacts.deleted': { scope: 'contacts:read', stream: null, payload: z.object({ contactIds: z.array(id) }) },
  'contacts.imported': {
    scope: 'contacts:read',
    stream: 'importId',
    payload: z.object({
      importId: id,
      state: z.enum(['running', 'finished', 'failed']),
      rowsDone: z.int(),
      created: z.int(),
      updated: z.int(),
      failed: z.int(),
    }),
  },
  'contactList.created': {
    scope: 'contacts:read',
    stream: 'contactListId',
    payload: z.object({ contactListId: id }),
  },
  'contactList.updated': {
    scope: 'contacts:read',
    stream: 'contactListId',
    payload: z.object({ contactListId: id }),
  },
  'contactList.membersChanged': {
    scope: 'contacts:read',
    stream: 'contactListId',
    payload: z.object({ contactListId: id, added: z.int(), removed: z.int() }),
  },
  'contactList.deleted': {
    scope: 'contacts:read',
    stream: 'contactListId',
    payload: z.object({ contactListId: id }),
  },
  'segment.created': { scope: 'contacts:read', stream: null, payload: z.object({ segmentId: id }) },
  'segment.updated': { scope: 'contacts:read', stream: null, payload: z.object({ segmentId: id }) },
  'segment.deleted': { scope: 'contacts:read', stream: null, payload: z.object({ segmentId: id }) },
  'workspace.defaultCountryChanged': {
    scope: 'contacts:read',
    stream: null,
    payload: z.object({ country: z.string().nullable() }),
  },
  'respondent.created': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, respondentId: id }),
  },
  'respondent.statusChanged': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, respondentId: id, from: z.string(), to: z.string() }),
  },
  'response.started': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, respondentId: id, channel: z.string() }),
  },
  'response.answered': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id, fieldKey: z.string() }),
  },
  /** An answer was unclear, and one more question was asked about it. */
  'followUp.asked': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id, followUpId: id, fieldKey: z.string() }),
  },
  'response.submitted': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, respondentId: id, channel: z.string() }),
  },
  'response.analyzed': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, respondentId: id }),
  },
  'response.deleted': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, respondentId: id }),
  },
  'answer.soundReady': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id }),
  },
  'answer.soundFailed': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id, reason: z.string() }),
  },
  /** A part of a response could not be listened to, or not be understood, and is not until somebody asks again. */
  'response.analysisIncomplete': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, respondentId: id }),
  },
  'answer.transcribed': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id, version: z.int() }),
  },
  'answer.transcriptionFailed': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id, reason: z.string() }),
  },
  'transcript.corrected': {
    scope: 'responses:read',
    stream: 'linkId',
    payload: z.object({ linkId: id, responseId: id, answerId: id, version: z.int() }),
  },
  'insightBudget.changed': { scope: 'responses:read', stream: null, payload: z.object({}) },
  /** The month's first day, and what may be used in it. */
  'insightBudget.exhausted': {
    scope: 'responses:read',
    stream: null,
    payload: z.object({ month: z.iso.date(), monthlyTokens: z.int() }),
  },
  'voiceFile.created': {
    scope: 'voiceFiles:read',
    stream: 'voiceFileId',
    payload: z.object({ voiceFileId: id }),
  },
  'voiceFile.ready': { scope: 'voiceFiles:read', stream: 'voiceFileId', payload: z.object({ voiceFileId: id }) },
  'voiceFile.failed': {
    scope: 'voiceFiles:read',
    stream: 'voiceFileId',
    payload: z.object({
      voiceFileId: id,
      reason: z.enum([
        ...(['empty', 'not_audio', 'unsupported_codec', 'truncated', 'hostile', 'too_large', 'too_long'] as const),
        ...(['speech_failed', 'failed'] as const),
      ]),
    }),
  },
  'voiceFile.updated': {
    scope: 'voiceFiles:read',
    stream: 'voiceFileId',
    payload: z.object({ voiceFileId: id }),
  },
  'voiceFile.deleted': {
    scope: 'voiceFiles:read',
    stream: 'voiceFileId',
    payload: z.object({ voiceFileId: id }),
  },
  /** One per batch of messages, with the conversations that they belong to. */
  'messages.added': {
    scope: 'messages:read',
    stream: null,
    payload: z.object({ count: z.int(), conversationIds: z.array(id) }),
  },
  'conversation.resolved': {
    scope: 'messages:read',
    stream: 'conversationId',
    payload: z.object({ conversationId: id }),
  },
  'messages.reduced': {
    scope: 'messages:read',
    stream: null,
    payload: z.object({ before: z.string(), count: z.int() }),
  },
  'messages.customerErased': { scope: 'messages:read', stream: null, payload: z.object({ threadIds: z.array(id) }) },
  /** Something was stored otherwise than the messages have it, and was put right. */
  'messages.recounted': { scope: 'messages:read', stream: null, payload: z.object({ count: z.int() }) },
  'workspace.messageSettingsChanged': { scope: 'messages:read', stream: null, payload: z.object({}) },
  'workspace.outreachPolicyChanged': { scope: 'campaigns:read', stream: null, payload: z.object({}) },
  'campaign.created': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: z.object({ campaignId: id, kind: z.string() }),
  },
  'campaign.updated': { scope: 'campaigns:read', stream: 'campaignId', payload: z.object({ campaignId: id }) },
  'campaign.receiversAdded': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: z.object({ campaignId: id, count: z.int() }),
  },
  'campaign.stateChanged': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: z.object({ campaignId: id, from: z.string(), to: z.string(), stats: campaignTotals }),
  },
  'campaign.deleted': { scope: 'campaigns:read', stream: 'campaignId', payload: z.object({ campaignId: id }) },
  'receiver.waiting': { scope: 'campaigns:read', stream: 'campaignId', payload: receiverPayload },
  'receiver.inProgress': { scope: 'campaigns:read', stream: 'campaignId', payload: receiverPayload },
  'receiver.settled': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    // `previousOutcome`: the one that this corrects, so that whoever counts people counts nobody twice.
    payload: receiverPayload.extend({
      outcome: z.string(),
      reason: z.string().nullable(),
      previousOutcome: z.string().nullable(),
    }),
  },
  'receiver.allSettled': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: z.object({ campaignId: id, count: z.int() }),
  },
  'call.queued': { scope: 'campaigns:read', stream: 'campaignId', payload: callPayload },
  'call.dialing': { scope: 'campaigns:read', stream: 'campaignId', payload: callPayload },
  'call.ringing': { scope: 'campaigns:read', stream: 'campaignId', payload: callPayload },
  'call.answered': { scope: 'campaigns:read', stream: 'campaignId', payload: callPayload },
  'call.replied': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: callPayload.extend({ reply: z.string() }),
  },
  'call.ended': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: callPayload.extend({ cause: z.string().nullable() }),
  },
  'call.settled': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: callPayload.extend({ settledAs: z.string() }),
  },
  'recording.ready': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: z.object({ campaignId: id, callId: id, recordingId: id }),
  },
  'outboundMessage.queued': { scope: 'campaigns:read', stream: 'campaignId', payload: messagePayload },
  'outboundMessage.sent': { scope: 'campaigns:read', stream: 'campaignId', payload: messagePayload },
  'outboundMessage.delivered': { scope: 'campaigns:read', stream: 'campaignId', payload: messagePayload },
  'outboundMessage.failed': { scope: 'campaigns:read', stream: 'campaignId', payload: messagePayload },
  /** Somebody texted back; `outboundMessageId` is what they were sent last. Nothing is kept of what they wrote. */
  'inboundMessage.received': {
    scope: 'campaigns:read',
    stream: 'campaignId',
    payload: messagePayload.extend({ inboundMessageId: id }),
  },
  'webhook.created': { scope: 'webhooks:read', stream: null, payload: z.object({ webhookId: id }) },
  'webhook.updated': { scope: 'webhooks:read', stream: null, payload: z.object({ webhookId: id }) },
  'webhook.enabled': { scope: 'webhooks:read', stream: null, payload: z.object({ webhookId: id }) },
  'webhook.disabled': {
    scope: 'webhooks:read',
    stream: null,
    payload: z.object({ webhookId: id, reason: z.enum(['requested', 'failing', 'gone']) }),
  },
  'webhook.deliveryFailed': {
    scope: 'webhooks:read',
    stream: null,
    payload: z.object({ webhookId: id, deliveryId: id }),
  },
  'webhook.deliveryRestarted': {
    scope: 'webhooks:read',
    stream: null,
    payload: z.object({ webhookId: id, deliveryId: id }),
  },
  'webhook.replayed': { scope: 'webhooks:read', stream: null, payload: z.object({ webhookId: id }) },
  'webhook.eventsMissed': { scope: 'webhooks:read', stream: null, payload: z.object({ webhookId: id }) },
  'webhook.deleted': { scope: 'webhooks:read', stream: null, payload: z.object({ webhookId: id }) },
  'apiKey.created': { scope: 'tokens:read', stream: null, payload: z.object({ apiKeyId: id }) },
  'apiKey.updated': { scope: 'tokens:read', stream: null, payload: z.object({ apiKeyId: id }) },
  'apiKey.revoked': { scope: 'tokens:read', stream: null, payload: z.object({ apiKeyId: id }) },
  'signingKey.added': {
    scope: 'tokens:read',
    stream: null,
    payload: z.object({ apiKeyId: id, signingKeyId: id }),
  },
  'signingKey.revoked': {
    scope: 'tokens:read',
    stream: null,
    payload: z.object({ apiKeyId: id, signingKeyId: id }),
  },
  'user.created': { scope: 'users:read', stream: null, payload: z.object({ userId: id }) },
  'user.updated': { scope: 'users:read', stream: null, payload: z.object({ userId: id }) },
  'user.passwordChanged': { scope: 'users:read', stream: null, payload: z.object({ userId: id }) },
  'user.tokenRotated': { scope: 'users:read', stream: null, payload: z.object({ userId: id }) },
  'user.deactivated': { scope: 'users:read', stream: null, payload: z.object({ userId: id }) },
  'subuser.created': { scope: 'subusers:read', stream: null, payload: z.object({ subuserId: id }) },
  'subuser.updated': { scope: 'subusers:read', stream: null, payload: z.object({ subuserId: id }) },
  'subuser.tokenRotated': { scope: 'subusers:read', stream: null, payload: z.object({ subuserId: id }) },
  'subuser.keyCreated': {
    scope: 'subusers:read',
    stream: null,
    payload: z.object({ subuserId: id, apiKeyId: id }),
  },
  'subuser.deactivated': { scope: 'subusers:read', stream: null, payload: z.object({ subuserId: id }) },
} as const satisfies Record<string, { scope: string; stream: string | null; payload: z.ZodObject }>

export type EventType = keyof typeof EVENT_CATALOG
export type EventPayload<Type extends EventType = EventType> = z.output<(typeof EVENT_CATALOG)[Type]['payload']>

export const EVENT_TYPES = Object.keys(EVENT_CATALOG) as EventType[]
