import { z } from 'zod'
import type { FoundByNumber, TargetResult, TargetView } from '../../domains/campaigns/index.ts'
import type { GivenReceiver } from './campaign-fields.ts'
import { writeDateTime } from './date-times.ts'
import { writeId } from './ids.ts'
import { dateTime, id, optionalText } from './schemas.ts'

/** The numbers that receivers name. */
export function namedBy(receivers: readonly GivenReceiver[]): { contacts: number[]; lists: number[] } {
  return {
    contacts: receivers.flatMap(({ accountId }) => accountId ?? []),
    lists: receivers.flatMap(({ groupId }) => groupId ?? []),
  }
}

/** Receivers as the domain takes them; what is unknown is refused there, with its place. */
export function receiverInputs(receivers: readonly GivenReceiver[], found: FoundByNumber) {
  return receivers.map(({ accountId, groupId, phone, email }) => {
    if (accountId !== null) return { contactId: found.contacts.get(accountId) ?? 'unknown' }
    if (groupId !== null) return { listId: found.lists.get(groupId) ?? 'unknown' }
    return phone == null ? { email: email! } : { phone }
  })
}

const moments = { updatedAt: dateTime, createdAt: dateTime }
const optionalId = id.nullable()
const answered = z.literal([0, 1])
const seconds = z.int().meta({ description: 'Seconds of answered calls.' })
const calls = z.int().meta({ description: 'Calls that were made.' })

/** Of a call, an e-mail or an SMS. */
export const receiver = z
  .object({
    receiverId: id,
    accountId: optionalId,
    groupId: optionalId,
    name: optionalText.meta({ description: 'Of a group.' }),
    firstName: optionalText,
    lastName: optionalText,
    email: optionalText,
    phone: optionalText,
    ...moments,
  })
  .meta({ id: 'Receiver' })

export function writeReceiver(target: TargetView) {
  const { contact, list } = target
  return {
    receiverId: writeId(target.legacyId),
    accountId: contact ? writeId(contact.legacyId) : null,
    groupId: list ? writeId(list.legacyId) : null,
    name: list?.name ?? null,
    firstName: contact?.firstName ?? null,
    lastName: contact?.lastName ?? null,
    email: contact?.email ?? null,
    phone: contact?.phone ?? null,
    ...writeMoments(target),
  }
}

/** The same with what a group is, in the lists of receivers alone. */
export const resolvedReceiver = z
  .object({
    accountId: optionalId,
    groupId: optionalId,
    firstName: optionalText,
    lastName: optionalText,
    phone: optionalText,
    email: optionalText,
    name: optionalText.meta({ description: 'Of a group.' }),
    numberOfAccounts: z.int().nullable().meta({ description: 'Of a group.' }),
    ...moments,
  })
  .meta({ id: 'ResolvedReceiver' })

export function writeResolvedReceiver(target: TargetView) {
  const { accountId, groupId, firstName, lastName, phone, email, name } = writeReceiver(target)
  return {
    ...{ accountId, groupId, firstName, lastName, phone, email, name },
    numberOfAccounts: target.list?.memberCount ?? null,
    ...writeMoments(target),
  }
}

export const OBJECT_REPLIES = ['accept', 'decline', 'noAnswer'] as const

const person = {
  accountId: optionalId,
  groupId: optionalId,
  phone: optionalText.meta({ description: 'E.164; of a group null.' }),
  firsName: optionalText,
  lastName: optionalText,
  answered: answered.meta({ description: 'Of a group: whether anybody in it answered.' }),
}
const reply = z.enum(OBJECT_REPLIES)
const latestCallAt = dateTime.nullable()

/** Of a click to call, with `reply`. A group stays one entry, which sums up its accounts. */
export const clickToCallReceiver = z
  .object({ ...person, reply, callDuration: seconds, dialledCalls: calls, latestCallAt })
  .meta({ id: 'ClickToCallReceiver' })

/** Of an RSVP call, with `rsvpReply`. */
export const rsvpReceiver = z
  .object({ ...person, rsvpReply: reply, callDuration: seconds, dialledCalls: calls, latestCallAt })
  .meta({ id: 'RsvpCallReceiver' })

/** One that was just added; here its calls have another name. */
export const addedReceiver = z
  .object({ ...person, rsvpReply: reply, callDuration: seconds, totalDialledCalls: calls, latestCallAt, ...moments })
  .meta({ id: 'AddedReceiver' })

function writePerson({ contact, list, result }: TargetView) {
  return {
    accountId: contact ? writeId(contact.legacyId) : null,
    groupId: list ? writeId(list.legacyId) : null,
    phone: contact?.phone ?? null,
    firsName: contact?.firstName ?? null,
    lastName: contact?.lastName ?? null,
    answered: writeAnswered(result),
  }
}

export function writeClickToCallReceiver(target: TargetView) {
  const { result } = target
  return {
    ...writePerson(target),
    reply: result.reply ?? 'noAnswer',
    callDuration: result.talkSeconds,
    dialledCalls: result.attempts,
    latestCallAt: writeDateTime(result.lastAttemptAt),
  }
}

export function writeRsvpReceiver(target: TargetView) {
  const { reply: rsvpReply, ...rest } = writeClickToCallReceiver(target)
  const { callDuration, dialledCalls, latestCallAt: at, ...who } = rest
  return { ...who, rsvpReply, callDuration, dialledCalls, latestCallAt: at }
}

export function writeAddedReceiver(target: TargetView) {
  const { callDuration, dialledCalls, latestCallAt: at, ...who } = writeRsvpReceiver(target)
  return { ...who, callDuration, totalDialledCalls: dialledCalls, latestCallAt: at, ...writeMoments(target) }
}

export function writeAnswered({ answered: isAnswered }: TargetResult): 0 | 1 {
  return isAnswered ? 1 : 0
}

function writeMoments({ updatedAt, createdAt }: TargetView) {
  return { updatedAt: writeDateTime(updatedAt), createdAt: writeDateTime(createdAt) }
}
