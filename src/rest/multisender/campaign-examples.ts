/** Examples of campaigns for the document; the documentation itself has types in their places. */
const MOMENTS = { updatedAt: '2017-01-01 12:00:00', createdAt: '2017-01-01 12:00:00' }
/** Long after any time at which somebody may try them out. */
const ACTION_TIME = '2037-01-01 12:00:00'

const RECEIVERS_INPUT = [{ accountId: '1' }, { groupId: '1' }, { phone: '+358401234567' }]
const RECEIVER = {
  receiverId: '1',
  accountId: '1',
  groupId: null,
  name: null,
  firstName: 'Aino',
  lastName: 'Virtanen',
  email: 'aino@example.com',
  phone: '+358401234567',
  ...MOMENTS,
}
export const RESOLVED_RECEIVER = {
  accountId: null,
  groupId: '1',
  firstName: null,
  lastName: null,
  phone: null,
  email: null,
  name: 'Volunteers',
  numberOfAccounts: 2,
  ...MOMENTS,
}

export const CALL_INPUT = {
  operations: '[{"do":"say","text":"The meeting is at noon.","voice":"en"}]',
  actionTime: ACTION_TIME,
  receivers: RECEIVERS_INPUT,
}
const call = {
  callId: '1',
  operations: CALL_INPUT.operations,
  actionTime: ACTION_TIME,
  priceEstimateInCents: 0,
}
export const CALL = { ...call, editable: 'y', receivers: [RECEIVER], ...MOMENTS }
export const LISTED_CALL = { ...call, totalDuration: 0, ...MOMENTS }

export const EMAIL_INPUT = {
  messageHtml: '<p>The meeting is at noon.</p>',
  messageText: 'The meeting is at noon.',
  subject: 'Meeting',
  fromEmail: 'office@example.com',
  fromName: 'Example Oy',
  actionTime: ACTION_TIME,
  receivers: [{ accountId: '1' }, { email: 'aino@example.com' }],
}
export const EMAIL = {
  emailId: '1',
  ...EMAIL_INPUT,
  priceEstimateInCents: 0,
  editable: 'y',
  receivers: [RECEIVER],
  ...MOMENTS,
}

export const SMS_INPUT = {
  message: 'The meeting is at noon.',
  sender: 'Example',
  actionTime: ACTION_TIME,
  receivers: RECEIVERS_INPUT,
}
const sms = {
  message: SMS_INPUT.message,
  sender: 'Example',
  actionTime: ACTION_TIME,
  priceEstimateInCents: 0,
  editable: 'y',
}
export const SMS = { smsId: '1', ...sms, receivers: [RECEIVER], ...MOMENTS }
export const LISTED_SMS = { smsId: 1, ...sms, ...MOMENTS }

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const WINDOW = {
  activeFrom: '09:00:00',
  activeTo: '17:00:00',
  activeWeekdays: weekdays.map((weekday, index) => ({ weekday, active: index < 5 ? '1' : '0' })),
}
const BUTTONS = [
  { button: '5', action: 'accept' },
  { button: '9', action: 'decline' },
]
const META = { someparam: 'string', otherparam: 'string' }
const WEBHOOK_URL = 'http://example.com/webhook/'
const LATER = '2037-01-08 12:00:00'
const person = {
  accountId: '1',
  groupId: null,
  phone: '+358401234567',
  firsName: 'Aino',
  lastName: 'Virtanen',
  answered: 1,
}
const totals = { totalDialedCalls: 1, answeredCalls: 1, totalDuration: 25, acceptsReceived: 1 }

export const CLICK_TO_CALL_INPUT = {
  expiresAt: LATER,
  ...WINDOW,
  voiceFileId: 1,
  actionButtons: BUTTONS,
  receivers: RECEIVERS_INPUT,
  maxRedials: 3,
  receiverWebhookUrl: WEBHOOK_URL,
  meta: META,
}
export const CLICK_TO_CALL = {
  clickToCallId: '1',
  ...CLICK_TO_CALL_INPUT,
  receivers: [{ ...person, reply: 'accept', callDuration: 25, dialledCalls: 1, latestCallAt: '2017-01-01 12:00:00' }],
  stats: { ...totals, acceptsDeclined: 0, notAnsweredCalls: 0 },
  ...MOMENTS,
}

export const RSVP_CALL_INPUT = {
  state: 'active',
  startTime: ACTION_TIME,
  endTime: LATER,
  ...WINDOW,
  voiceFiles: [
    { type: 'start', voiceFileId: '1' },
    { type: 'actionButtons', voiceFileId: '1' },
  ],
  actionButtons: BUTTONS,
  receivers: RECEIVERS_INPUT,
  acceptsWanted: 10,
  maxRedials: 3,
  receiverWebhookUrl: WEBHOOK_URL,
  stateWebhookUrl: WEBHOOK_URL,
  meta: META,
}
export const RSVP_CALL = {
  rsvpCallId: '1',
  ...RSVP_CALL_INPUT,
  receivers: [
    { ...person, rsvpReply: 'accept', callDuration: 25, dialledCalls: 1, latestCallAt: '2017-01-01 12:00:00' },
  ],
  stats: { ...totals, declinesAndNoRepliesReceived: 0, notAnsweredCalls: 0 },
  ...MOMENTS,
}
export const RSVP_RECEIVERS_INPUT = RECEIVERS_INPUT
export const ADDED_RECEIVER = {
  ...{ ...person, answered: 0 },
  rsvpReply: 'noAnswer',
  callDuration: 0,
  totalDialledCalls: 0,
  latestCallAt: null,
  ...MOMENTS,
}
export const RSVP_CALL_STATS = totals
export const CALLED_PERSON = {
  accountId: '1',
  phoneNumber: '+358401234567',
  answered: 1,
  rsvpReply: 'accept',
  callDuration: 25,
  dialedCalls: 1,
  latestCallAt: '2017-01-01 12:00:00',
}
