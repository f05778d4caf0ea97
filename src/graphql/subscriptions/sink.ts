import type { ExecutionResult, GraphQLError } from 'graphql'

/** One result, executed once for everybody who asked the same, with its JSON written once. */
export interface Frame {
  position: number
  result: ExecutionResult
  json: string
}

/** Where the results of one subscription go. */
export interface Sink {
  next(frame: Frame): void
  /** So much waits to be sent that the rest is better read again later than kept in memory. */
  isFull(): boolean
  /** Resolves when the reader has taken in most of what waited, or is gone. */
  ready(): Promise<void>
  /** Nobody is there any more. */
  isClosed(): boolean
  /** Nothing more will come. */
  fail(error: GraphQLError): void
}

export interface HubSubscription {
  stop(): void
}
