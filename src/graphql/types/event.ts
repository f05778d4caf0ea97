import { requireScope, type Scope, type Viewer } from '../../domains/auth/index.ts'
import {
  decodeEventCursor,
  EVENT_CATALOG,
  EVENT_TYPES,
  type EventFilter,
  type EventType,
  encodeEventCursor,
  type LoggedEvent,
} from '../../events/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import type { NodeModel } from '../batches.ts'
import { builder } from '../builder.ts'
import { MAX_PAGE } from '../connection.ts'
import { asData, CursorExpiredError, InvalidCursorError } from '../errors.ts'
import { Campaign } from './campaign.ts'
import { messageLoads } from './message-loads.ts'
import { Conversation } from './message-refs.ts'

const TYPE_TEXTS: Record<EventType, string> = {
  'link.created': 'A link was made.',
  'link.updated': 'A link or one of its questions was changed.',
  'link.deleted': 'A link was deleted.',
  'contact.created': 'A contact was added, other than by an import.',
  'contact.updated': 'A contact was changed.',
  'contact.deleted': 'A contact was deleted.',
  'contact.erased': 'All that was personal about a contact was erased.',
  'contact.merged': 'Another contact was merged into this one.',
  'contact.optedOut': 'An address was opted out of a channel; `contactId` says whose it was, if that is known.',
  'contact.optedIn': 'An address was opted in to a channel again.',
  'contacts.deleted': 'Up to 500 contacts were deleted together.',
  'contacts.imported': 'An import of contacts has done another batch of rows, or has ended.',
  'contactList.created': 'A list of contacts was made.',
  'contactList.updated': 'The name or description of a list was changed.',
  'contactList.membersChanged': 'Contacts were added to a list or removed from it; the payload says how many.',
  'contactList.deleted': 'A list was deleted; its contacts stay.',
  'segment.created': 'A segment was made.',
  'segment.updated': 'A segment was changed.',
  'segment.deleted': 'A segment was deleted.',
  'workspace.defaultCountryChanged': 'Telephone numbers without a country code are read in another way from now on.',
  'respondent.created': 'Someone began to take part in a link.',
  'respondent.statusChanged': 'A respondent came further; the payload says from where to where.',
  'response.started': 'A person opened a session of a link.',
  'response.answered': 'An answer was given or changed.',
  'followUp.asked': 'An answer was unclear, and one more question was asked about it.',
  'response.submitted': 'A response was completed.',
  'response.analyzed': 'An analysis has found in the answers of a response all that it will.',
  'response.deleted': 'A response was deleted with all that was said in it.',
  'answer.soundReady': 'The recording of an answer can be played in any browser; its waveform and length are known.',
  'answer.soundFailed': 'The recording of an answer cannot be decoded; the payload says why.',
  'response.analysisIncomplete':
    'A part of a response could not be listened to or understood at present; `retranscribe` asks again.',
  'answer.transcribed': 'An engine has turned a recording into text; the payload says which version that is.',
  'answer.transcriptionFailed': 'A recording was not turned into text; the payload says why.',
  'transcript.corrected': 'A person said what a recording says; the payload says which version that is.',
  'insightBudget.changed': 'What an analyser that costs money may use in a month was changed.',
  'insightBudget.exhausted':
    "The month's budget of tokens had no room for a request for the first time; the heuristic stands in until the month ends.",
  'voiceFile.created': 'A voice file was uploaded, or its text was taken; it is pending.',
  'voiceFile.ready': 'A voice file can be played.',
  'voiceFile.failed': 'A voice file cannot be made; the payload says why.',
  'voiceFile.updated': 'The name or description of a voice file was changed.',
  'voiceFile.deleted': 'A voice file was deleted.',
  'messages.added': 'Messages were added to the pool, in one batch; the payload names their conversations.',
  'conversation.resolved': 'A conversation was resolved, for good.',
  'messages.reduced': 'Messages older than the retention were reduced to what was counted of them.',
  'messages.customerErased': 'What a customer said, and who it was, was erased from messages.',
  'messages.recounted': 'What was counted of messages was put right by counting it anew.',
  'workspace.messageSettingsChanged': 'How messages are kept, or the business calendar, was changed.',
  'workspace.outreachPolicyChanged':
    'What the workspace may do to people was changed: quiet hours, countries, caps, lines.',
  'campaign.created': 'A campaign was made; the payload says of which kind.',
  'campaign.updated': 'What a campaign sends, or when and how, was changed.',
  'campaign.receiversAdded': 'Receivers were added to a campaign; the payload says how many people.',
  'campaign.stateChanged':
    'A campaign entered another state; the payload says from which to which, and what it had come to by then.',
  'campaign.deleted': 'A campaign was deleted; what was under way is called off as far as it can be.',
  'receiver.waiting': 'A receiver waits for its next attempt, after one that did not reach the person.',
  'receiver.inProgress': 'An attempt to reach a receiver began.',
  'receiver.settled':
    'A receiver has its outcome, or another one than was told before; the payload says which, where there is one the reason, and the previous outcome.',
  'receiver.allSettled':
    'All receivers that still waited were settled together, because their campaign has ended; the payload says how many.',
  'call.queued': 'A call is about to be dialled.',
  'call.dialing': 'The provider took a call.',
  'call.ringing': 'The telephone of a person rings.',
  'call.answered': 'A call was answered.',
  'call.replied': 'A key was pressed in a call that means something; the payload says what.',
  'call.ended': 'A call has ended; the payload says why, as far as it is known.',
  'call.settled': 'What became of a call is decided and counted; the payload says on what ground.',
  'recording.ready': 'What a person said in a call can be played.',
  'outboundMessage.queued': 'An SMS or e-mail is about to be sent.',
  'outboundMessage.sent': 'The provider took an SMS or e-mail.',
  'outboundMessage.delivered': 'An SMS or e-mail was delivered, as the provider says.',
  'outboundMessage.failed': 'An SMS or e-mail could not be delivered.',
  'inboundMessage.received': 'Somebody who was sent an SMS has texted back; what they wrote is not kept.',
  'webhook.created': 'A webhook was made.',
  'webhook.updated': 'A webhook was changed, or its secret was rotated.',
  'webhook.enabled': 'A webhook delivers again.',
  'webhook.disabled': 'A webhook delivers no more; the payload says why.',
  'webhook.deliveryFailed': 'A delivery used up its attempts; it is among the dead letters.',
  'webhook.deliveryRestarted': 'Somebody had a delivery sent again.',
  'webhook.replayed': 'Somebody had a webhook read the log again from an earlier event on.',
  'webhook.eventsMissed': 'Retention removed events before a webhook had them.',
  'webhook.deleted': 'A webhook was deleted with its deliveries.',
  'apiKey.created': 'An API key was made.',
  'apiKey.updated': 'What is set of an API key, such as its limit, was changed.',
  'apiKey.revoked': 'An API key was revoked.',
  'signingKey.added': 'A public key was added to an API key, by which clients sign tokens.',
  'signingKey.revoked': 'A signing key of an API key was revoked; access tokens given for it have ended.',
  'user.created': 'A user was added.',
  'user.updated': 'What is known of a user, or what the user may do, was changed.',
  'user.passwordChanged': 'The password of a user was changed; what was entered with the old one has ended.',
  'user.tokenRotated': 'A user got another token for the legacy APIs; what was entered before has ended.',
  'user.deactivated': 'A user can sign in no more.',
  'subuser.created': 'A subuser was added, with a workspace of its own.',
  'subuser.updated': 'What is known of a subuser, or its password, was changed by its parent.',
  'subuser.tokenRotated': 'A subuser got another token for the legacy APIs from its parent.',
  'subuser.keyCreated': 'The parent made an API key of the workspace of a subuser.',
  'subuser.deactivated': 'A subuser was deleted: nobody can enter its workspace any more.',
}

/** `response.submitted` is `RESPONSE_SUBMITTED`, `respondent.statusChanged` is `RESPONDENT_STATUS_CHANGED`. */
function enumName(type: EventType): string {
  return type
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .replace('.', '_')
    .toUpperCase()
}

export const EventTypeEnum = builder.enumType('EventType', {
  description: 'What can happen.',
  values: Object.fromEntries(
    EVENT_TYPES.map((type) => [enumName(type), { value: type, description: TYPE_TEXTS[type] }]),
  ) as Record<string, { value: EventType; description: string }>,
})

/** The object that an event is about, as far as the workspace still has it. */
function subject(model: NodeModel, field: string) {
  return (event: LoggedEvent) => {
    const id = (event.payload as Record<string, unknown>)[field]
    return typeof id === 'string' ? { model, id } : null
  }
}

const CAMPAIGN = subject('campaign', 'campaignId')
const SUBJECTS = {
  link: subject('link', 'linkId'),
  response: subject('response', 'responseId'),
  respondent: subject('respondent', 'respondentId'),
  answer: subject('answer', 'answerId'),
  followUp: subject('followUp', 'followUpId'),
  contact: subject('contact', 'contactId'),
  contactList: subject('contactList', 'contactListId'),
  segment: subject('segment', 'segmentId'),
  contactImport: subject('contactImport', 'importId'),
  voiceFile: subject('voiceFile', 'voiceFileId'),
  apiKey: subject('apiKey', 'apiKeyId'),
  user: subject('user', 'userId'),
  subuser: subject('subuser', 'subuserId'),
  webhook: subject('webhook', 'webhookId'),
  webhookDelivery: subject('webhookDelivery', 'deliveryId'),
  receiver: subject('receiver', 'receiverId'),
  call: subject('call', 'callId'),
  recording: subject('recording', 'recordingId'),
  outboundMessage: subject('outboundMessage', 'outboundMessageId'),
}

export const Event = builder.objectRef<LoggedEvent>('Event').implement({
  description: 'One entry of the event log: something that happened, in the order in which it became true.',
  fields: (t) => {
    const node = (
      type:
        | 'Link'
        | 'Response'
        | 'Respondent'
        | 'Answer'
        | 'FollowUp'
        | 'Contact'
        | 'ContactList'
        | 'Segment'
        | 'ContactImport'
        | 'VoiceFile'
        | 'ApiKey'
        | 'User'
        | 'Subuser'
        | 'Webhook'
        | 'WebhookDelivery'
        | 'Receiver'
        | 'Call'
        | 'Recording'
        | 'OutboundMessage',
      field: keyof typeof SUBJECTS,
      description: string,
    ) =>
      t.prismaField({
        type,
        nullable: true,
        description,
        resolve: (query, event, _args, context) => {
          const of = SUBJECTS[field](event)
          // The rows have the shape that `query` asks for, whatever the model.
          return of ? (context.batches.node(of.model, of.id, query) as never) : null
        },
      })
    return {
      id: t.expose('id', { type: 'UUID', description: 'The same in every delivery of this event, for deduplication.' }),
      type: t.field({ type: EventTypeEnum, description: 'What happened.', resolve: (event) => event.type }),
      cursor: t.string({
        description: 'Give it as `after`, here or to a subscription, to continue with the next event.',
        resolve: (event) => encodeEventCursor(event.workspaceId, event.position),
      }),
      occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When.' }),
      payload: t.field({
        type: 'JSONObject',
        description: 'UUIDs of what it is about, and small facts; never personal data.',
        resolve: (event) => event.payload,
      }),
      link: node('Link', 'link', 'The link it is about. Null when it is about none.'),
      response: node(
        'Response',
        'response',
        'The response it is about. Null when it is about none, or when that was erased.',
      ),
      respondent: node(
        'Respondent',
        'respondent',
        'The respondent it is about. Null when it is about none, or when that was erased.',
      ),
      answer: node('Answer', 'answer', 'The answer it is about. Null when it is about none, or when that is gone.'),
      followUp: node(
        'FollowUp',
        'followUp',
        'The follow-up it is about. Null when it is about none, or when that is gone.',
      ),
      contact: node(
        'Contact',
        'contact',
        'The contact it is about. Null when it is about none, or when that was erased.',
      ),
      contactList: node(
        'ContactList',
        'contactList',
        'The list of contacts it is about, also a deleted one. Null when it is about none.',
      ),
      segment: node('Segment', 'segment', 'The segment it is about, also a deleted one. Null when it is about none.'),
      contactImport: node('ContactImport', 'contactImport', 'The import it is about. Null when it is about none.'),
      voiceFile: node(
        'VoiceFile',
        'voiceFile',
        'The voice file it is about. Null when it is about none, or when that was deleted.',
      ),
      apiKey: node(
        'ApiKey',
        'apiKey',
        "The API key it is about. Null when it is about none, or about one of a subuser's workspace.",
      ),
      user: node('User', 'user', 'The user it is about. Null when it is about none.'),
      subuser: node(
        'Subuser',
        'subuser',
        'The subuser it is about. Null when it is about none, or when that was deleted.',
      ),
      webhook: node('Webhook', 'webhook', 'The webhook it is about. Null when it is about none, or when that is gone.'),
      webhookDelivery: node(
        'WebhookDelivery',
        'webhookDelivery',
        'The delivery it is about. Null when it is about none, or when that is gone.',
      ),
      campaign: t.prismaField({
        type: Campaign,
        nullable: true,
        description: 'The campaign it is about. Null when it is about none, or when that was deleted.',
        resolve: (query, event, _args, context) => {
          const of = CAMPAIGN(event)
          return of ? (context.batches.node(of.model, of.id, query) as never) : null
        },
      }),
      receiver: node('Receiver', 'receiver', 'The receiver it is about. Null when it is about none.'),
      call: node('Call', 'call', 'The call it is about. Null when it is about none.'),
      recording: node('Recording', 'recording', 'The recording it is about. Null when it is about none.'),
      outboundMessage: node(
        'OutboundMessage',
        'outboundMessage',
        'The SMS or e-mail it is about. Null when it is about none.',
      ),
      conversation: t.field({
        type: Conversation,
        nullable: true,
        description: 'The one conversation it is about. Null when it is about none, or about several.',
        resolve: ({ payload }, _args, context) =>
          'conversationId' in payload ? messageLoads(context).conversation(payload.conversationId) : null,
      }),
    }
  },
})

/**
 * The filter for what a viewer may read: the types asked for, or all that the scopes allow. Throws INSUFFICIENT_SCOPE
 * for a type that was asked for and is not allowed, or when none is.
 */
export function eventFilter(viewer: Viewer, types: readonly EventType[] | null | undefined): EventFilter {
  const scopeOf = (type: EventType): Scope => EVENT_CATALOG[type].scope
  if (types) for (const type of types) requireScope(viewer, scopeOf(type))
  const allowed = types ?? EVENT_TYPES.filter((type) => viewer.scopes.has(scopeOf(type)))
  if (allowed.length === 0) requireScope(viewer, 'responses:read')
  return { types: allowed }
}

const EventPage = builder
  .objectRef<{ events: LoggedEvent[]; workspaceId: string; position: number; more: boolean }>('EventPage')
  .implement({
    description: 'Some events, oldest first, and where to continue.',
    fields: (t) => ({
      events: t.field({ type: [Event], description: 'Oldest first.', resolve: (page) => page.events }),
      cursor: t.string({
        description: 'Give it as `after` to continue, here or in a subscription; also when this page is empty.',
        resolve: (page) => encodeEventCursor(page.workspaceId, page.position),
      }),
      hasMore: t.boolean({ description: 'Whether more can be read at once.', resolve: (page) => page.more }),
    }),
  })

builder.queryField('events', (t) =>
  t.field({
    type: EventPage,
    description:
      'The event log, for polling. Without `after` from the oldest event that is kept. Lists only types that your scopes allow.',
    errors: { types: [InvalidCursorError, CursorExpiredError] },
    args: {
      after: t.arg.string({ description: 'Only events after this cursor.' }),
      first: t.arg.int({ required: true, description: 'How many events, 1 to 100.' }),
      types: t.arg({ type: [EventTypeEnum], description: 'Only these types.' }),
    },
    resolve: async (_root, { after, first, types }, context) => {
      const { workspaceId } = context.viewer
      const filter = eventFilter(context.viewer, types)
      if (first < 1 || first > MAX_PAGE) {
        const issue: Issue = {
          path: ['first'],
          rule: first < 1 ? 'too_small' : 'too_large',
          message: `must be from 1 to ${MAX_PAGE}`,
        }
        throw new ValidationError([issue])
      }
      return asData(async () => {
        const { events } = context.world
        const from = after == null ? (await events.head(workspaceId)).pruned : decodeEventCursor(workspaceId, after)
        return { ...(await events.read(workspaceId, from, first, filter)), workspaceId }
      })
    },
  }),
)

builder.queryField('eventCursor', (t) =>
  t.string({
    description:
      'The cursor of the present end of the log: read it before the state you show, then subscribe after it.',
    resolve: async (_root, _args, context) => {
      eventFilter(context.viewer, null)
      const { workspaceId } = context.viewer
      return encodeEventCursor(workspaceId, (await context.world.events.head(workspaceId)).position)
    },
  }),
)
