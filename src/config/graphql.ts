import { flag, integer, type Settings } from './kinds.ts'

export const graphqlSettings = {
  RATE_LIMIT: integer(1, 10_000_000).default(6_000),
  SUBSCRIBER_BUFFER_KB: integer(16, 102_400).default(1_024),
  GRAPHIQL: flag.default(true),
  INTROSPECTION: flag.default(true),
}

export interface GraphqlConfig {
  graphiql: boolean
  introspection: boolean
  operationsPerMinute: number
  /** Results that may wait for one subscriber. */
  maxBufferedBytes: number
}

export function graphqlOf(e: Settings<typeof graphqlSettings>): GraphqlConfig {
  return {
    graphiql: e.GRAPHIQL,
    introspection: e.INTROSPECTION,
    operationsPerMinute: e.RATE_LIMIT,
    maxBufferedBytes: e.SUBSCRIBER_BUFFER_KB * 1_024,
  }
}
