export { type AddOptions, addMessage, type MessagingDeps } from './add-message.ts'
export { addMessages, MAX_MESSAGES_AT_ONCE, type MessageResult } from './add-messages.ts'
export {
  type BusinessCalendarInput,
  type BusinessCalendarView,
  getBusinessCalendars,
  MAX_CALENDARS_SHOWN,
  setBusinessCalendar,
} from './business-calendar.ts'
export { type EraseCustomerInput, type ErasedCustomer, eraseCustomer, eraseCustomersAt } from './erase-customer.ts'
export { forgetImports, type ImportRow, importMessages, type RowResult, unreadable } from './import-messages.ts'
export type { AddedMessage, MessageInput, ResolveInput } from './input.ts'
export { countConversations, listConversations } from './list-conversations.ts'
export { countMessages, countMessagesOf, listMessages, listMessagesOf } from './list-messages.ts'
export {
  CONTENT_POLICIES,
  type ContentPolicy,
  getMessageSettings,
  type MessageSettings,
  type MessageSettingsInput,
  updateMessageSettings,
} from './message-settings.ts'
export { createMessageWriter, type MessageWriter } from './message-writer.ts'
export { type Difference, type Recount, type RecountOptions, recomputeMetrics, verifyMetrics } from './recount.ts'
export { reduceMessages } from './reduce-messages.ts'
export { resolveConversation } from './resolve-conversation.ts'
export { type SettleOptions, settleMetrics } from './settle-metrics.ts'
export { tagFilter } from './tags.ts'
export { type OwnAddresses, takeOwnTraffic } from './take-own-traffic.ts'
export {
  type ConversationFilter,
  type ConversationView,
  findConversationByKey,
  findConversations,
  findMessages,
  findThreads,
  findThreadsOfCustomers,
  type MessageFilter,
  type MessageOwner,
  type MessageView,
  type Page,
  type Place,
  type ThreadView,
} from './view-store.ts'
