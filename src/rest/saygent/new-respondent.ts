import type { NewRespondent } from '../../domains/responses/index.ts'
import type { Issue } from '../../platform/errors.ts'
import type { Entry, Messages } from './entries.ts'
import { isFields } from './input.ts'
import { CONTACT_UNSUPPORTED, EMAIL_INVALID, PHONE_INVALID, RESPONDENT_NOT_AN_OBJECT } from './words.ts'

/** What this API calls a field, and what the domain does. */
const FIELDS = [
  ['phone', 'phone'],
  ['first_name', 'firstName'],
  ['last_name', 'lastName'],
  ['email', 'email'],
] as const

export type Echo = Pick<Entry, (typeof FIELDS)[number][0]>

/** An entry of `respondents` as it was understood. */
export interface GivenRespondent {
  /** The fields that were sent, as they were. */
  echo: Echo
  person: NewRespondent
  /** Whether the person is to be phoned now. */
  isCalled: boolean
  /** What is wrong in a way that the domain knows nothing of. */
  messages?: Messages
}

export function readRespondent(entry: unknown): GivenRespondent {
  if (!isFields(entry)) {
    return { echo: {}, person: {}, isCalled: false, messages: { respondent: RESPONDENT_NOT_AN_OBJECT } }
  }
  const echo: Echo = {}
  const person: NewRespondent = {}
  for (const [name, field] of FIELDS) {
    const value = plain(Object.hasOwn(entry, name) ? entry[name] : undefined)
    if (value === undefined) continue
    if (typeof value === 'string') echo[name] = value
    // An empty field of a form says nothing; that a telephone number is missing is for the domain to say.
    if (field === 'phone' || value !== '') person[field] = value
  }
  const isCalled = isCall(Object.hasOwn(entry, 'contact') ? entry.contact : undefined)
  return {
    ...{ echo, person: { ...person, legacyForm: echo }, isCalled: isCalled === true },
    ...(isCalled === undefined ? { messages: { contact: CONTACT_UNSUPPORTED } } : {}),
  }
}

/** Telephone numbers come without quotes now and then, as in the documentation. Null is nothing. */
function plain(value: unknown): unknown {
  if (value === null) return undefined
  return Number.isSafeInteger(value) ? String(value) : value
}

/** The text of the documentation says `call`, its example `phone` (contract/saygent.md 7). Undefined: something else. */
function isCall(contact: unknown): boolean | undefined {
  const by = isFields(contact) ? (Object.hasOwn(contact, 'by') ? contact.by : undefined) : contact
  if (by === undefined || by === null || by === '') return false
  return typeof by === 'string' && /^\s*(call|phone)\s*$/i.test(by) ? true : undefined
}

/** What the domain finds wrong with a person, in the words of this API. */
export function messagesOf(issues: readonly Issue[]): Messages {
  const messages: Record<string, string> = {}
  for (const { path, rule, message } of issues) {
    const name = FIELDS.find(([, field]) => field === path[0])?.[0]
    if (name !== undefined) messages[name] ??= textOf(name, rule, message)
  }
  // What is wrong with what is kept of a respondent has its reason in a field, as a rule.
  return Object.keys(messages).length > 0 ? messages : { respondent: `Respondent ${issues[0]!.message}` }
}

function textOf(name: string, rule: string, message: string): string {
  if (name === 'phone') return PHONE_INVALID
  if (name === 'email') return EMAIL_INVALID
  const subject = name[0]!.toUpperCase() + name.slice(1).replace('_', ' ')
  return `${subject} ${rule === 'type' ? 'must be text' : message}`
}
