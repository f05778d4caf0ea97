/**
 * What is counted. The version of a definition changes when the same messages would give another number
 * (contract/saysimple.md 10, docs/metrics.md).
 */
export interface MetricDefinition {
  version: number
  /** What a value is measured in; `ratio` is a number of messages per conversation. */
  unit: 'messages' | 'contacts' | 'conversations' | 'seconds' | 'ratio'
  /** How values of single messages or conversations become one. */
  aggregate: 'count' | 'distinct' | 'average' | 'median' | 'ratio'
  /** What its proof lists. */
  proof: 'message' | 'conversation'
  text: string
}

const define = <Names extends string>(definitions: Record<Names, MetricDefinition>) => definitions

export const METRICS = define({
  messages: {
    version: 1,
    unit: 'messages',
    aggregate: 'count',
    proof: 'message',
    text: 'Messages sent and received.',
  },
  paidTemplates: {
    version: 1,
    unit: 'messages',
    aggregate: 'count',
    proof: 'message',
    text: 'Messages sent with the tag `system:paid_template`.',
  },
  responseTimeAverage: {
    version: 1,
    unit: 'seconds',
    aggregate: 'average',
    proof: 'message',
    text: 'From a message to the next one of the conversation, where that goes the other way; without a conversation, of those exchanged with the same customer on the same channel. `OUT`: how fast the business replies, `IN`: the customer.',
  },
  activeContacts: {
    version: 1,
    unit: 'contacts',
    aggregate: 'distinct',
    proof: 'message',
    text: 'Different customers, by channel and address of the workspace, who sent at least one message.',
  },
  firstReplyTimeMedian: firstReply('median', ''),
  firstReplyTimeAverage: firstReply('average', ''),
  openFirstReplyTimeMedian: firstReply('median', ', counting business hours only'),
  openFirstReplyTimeAverage: firstReply('average', ', counting business hours only'),
  resolvedConversations: {
    version: 1,
    unit: 'conversations',
    aggregate: 'count',
    proof: 'conversation',
    text: 'Conversations that were resolved by an event.',
  },
  taggedConversations: {
    version: 1,
    unit: 'conversations',
    aggregate: 'distinct',
    proof: 'message',
    text: 'Different conversations with a message or a resolution that carries a tag. By tag, how many carry each.',
  },
  resolveTimeMedian: resolveTime('median'),
  resolveTimeAverage: resolveTime('average'),
  messagesPerConversation: {
    version: 1,
    unit: 'ratio',
    aggregate: 'ratio',
    proof: 'message',
    text: 'Messages that belong to a conversation, divided by the different conversations that they belong to.',
  },
  uniqueConversations: {
    version: 1,
    unit: 'conversations',
    aggregate: 'count',
    proof: 'message',
    text: 'Sessions of 24 hours with one customer on one channel: a message sent outside any opens one, begun by the user when the customer wrote within the 24 hours before, else by the business.',
  },
})

export type MetricName = keyof typeof METRICS

function firstReply(aggregate: 'average' | 'median', how: string): MetricDefinition {
  return {
    version: 1,
    unit: 'seconds',
    aggregate,
    proof: 'conversation',
    text: `From the first message of the customer in a conversation to the first later one to the customer that is not an automatic reply${how}.`,
  }
}

function resolveTime(aggregate: 'average' | 'median'): MetricDefinition {
  return {
    version: 1,
    unit: 'seconds',
    aggregate,
    proof: 'conversation',
    text: 'From the first message of a conversation to its resolution by an event or, without one, to its last message, once 24 hours have passed in silence.',
  }
}
