import type { Answer } from '../legacy/index.ts'
import { ID_INVALID } from './words.ts'

export type Messages = Readonly<Record<string, string>>

/** One of `respondents` in an answer; what is undefined is left out. */
export interface Entry {
  id?: number | string
  phone?: string
  first_name?: string
  last_name?: string
  email?: string
  status?: string
  /** Of an entry that failed; of one that was created, why not all that was asked for was done. */
  messages?: Messages
}

/** An entry for an id that nobody in the workspace has. */
export function unknownEntry(echo: number | string): Entry {
  return { id: echo, status: 'invalid', messages: { id: ID_INVALID } }
}

/** All went well, some, or none (contract/saygent.md 4, A3). Whoever was created has not failed. */
export function answerOf(entries: readonly Entry[]): Answer {
  const told = entries.filter(({ messages }) => messages !== undefined)
  const hasFailed = told.length === entries.length && told.every(({ status }) => status !== 'created')
  const status = told.length === 0 ? 'success' : hasFailed ? 'failure' : 'warning'
  return { status: status === 'failure' ? 400 : 200, body: { status, respondents: entries } }
}
