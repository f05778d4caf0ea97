/** What a credential may do. The names are those of Sayify's keys (contract/sayify.md 2), extended in their pattern. */
export const SCOPES = [
  'links:read',
  'links:write',
  'responses:read',
  'responses:write',
  'contacts:read',
  'contacts:write',
  'voiceFiles:read',
  'voiceFiles:write',
  'campaigns:read',
  'campaigns:write',
  'messages:read',
  'messages:write',
  'webhooks:read',
  'webhooks:write',
  'tokens:read',
  'tokens:write',
  'users:read',
  'users:write',
  'subusers:read',
  'subusers:write',
] as const

export type Scope = (typeof SCOPES)[number]

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text)
}

/**
 * What reading each kind of object needs, wherever in the graph it is met; null: any credential. Every kind with a
 * global id is here.
 */
export const READ_SCOPES: Readonly<Record<string, Scope | null>> = {
  Workspace: null,
  ApiKey: 'tokens:read',
  User: 'users:read',
  Subuser: 'subusers:read',
  Link: 'links:read',
  Question: 'links:read',
  Contact: 'contacts:read',
  ContactList: 'contacts:read',
  ContactListMember: 'contacts:read',
  Segment: 'contacts:read',
  ContactImport: 'contacts:read',
  Respondent: 'responses:read',
  Response: 'responses:read',
  Answer: 'responses:read',
  Transcript: 'responses:read',
  Insight: 'responses:read',
  FollowUp: 'responses:read',
  VoiceFile: 'voiceFiles:read',
  Campaign: 'campaigns:read',
  VoiceBroadcast: 'campaigns:read',
  ClickToCall: 'campaigns:read',
  RsvpCampaign: 'campaigns:read',
  SmsBroadcast: 'campaigns:read',
  EmailBroadcast: 'campaigns:read',
  SurveyCalls: 'campaigns:read',
  CampaignTarget: 'campaigns:read',
  Receiver: 'campaigns:read',
  Call: 'campaigns:read',
  Recording: 'campaigns:read',
  OutboundMessage: 'campaigns:read',
  Message: 'messages:read',
  Conversation: 'messages:read',
  MessageThread: 'messages:read',
  Webhook: 'webhooks:read',
  WebhookDelivery: 'webhooks:read',
  WebhookAttempt: 'webhooks:read',
}
