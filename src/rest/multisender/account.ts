import { z } from 'zod'
import type { ContactInput, ContactView } from '../../domains/contacts/index.ts'
import { writeDateTime } from './date-times.ts'
import { integerField, objectField, textField } from './fields.ts'
import { writeId } from './ids.ts'
import { dateTime, id, optionalText } from './schemas.ts'

/** What the graph calls a field of a contact, and what Multisender does (contract/multisender.md 5.1). */
export const ACCOUNT_NAMES = {
  legacyId: 'accountId',
  nickname: 'nickName',
  postalCode: 'zip',
  company: 'companyName',
  birthYear: 'yearOfBirth',
} as const

export const accountBody = objectField({
  firstName: textField(),
  lastName: textField(),
  nickName: textField(),
  phone: textField().meta({ description: 'With its country code, unless the workspace has a country.' }),
  email: textField(),
  address: textField(),
  zip: textField(),
  city: textField(),
  companyName: textField(),
  website: textField(),
  note: textField(),
  area: textField(),
  gender: textField(),
  yearOfBirth: integerField(),
}).meta({ id: 'AccountInput', description: 'Any of these; `null` and `""` empty a field.' })

const names = {
  firstName: optionalText,
  lastName: optionalText,
  nickName: optionalText,
  phone: optionalText.meta({ description: 'E.164.' }),
  email: optionalText,
  address: optionalText,
  zip: optionalText,
  city: optionalText,
  companyName: optionalText,
  website: optionalText,
  note: optionalText,
}
const moments = { updatedAt: dateTime, createdAt: dateTime }

export const account = z
  .object({
    accountId: id,
    ...names,
    area: optionalText,
    gender: optionalText,
    yearOfBirth: z.int().nullable(),
    ...moments,
  })
  .meta({ id: 'Account' })

export const groupAccount = z.object({ groupId: id, accountId: id, ...names, ...moments }).meta({ id: 'GroupAccount' })

/**
 * What a body says of a contact, which is `present` already when it changes one. Several accounts may share an e-mail
 * address here, which the graph allows those that say so.
 */
export function contactInput(body: z.output<typeof accountBody>, present?: ContactView): ContactInput {
  const { firstName, lastName, phone, email, address, city, website, note, area, gender } = body
  return {
    ...{ firstName, lastName, phone, email, address, city, website, note, area, gender },
    ...(email && email !== present?.email ? { sharesEmail: true } : {}),
    nickname: body.nickName,
    postalCode: body.zip,
    company: body.companyName,
    birthYear: body.yearOfBirth,
  }
}

function writeNames(contact: ContactView) {
  return {
    firstName: contact.firstName,
    lastName: contact.lastName,
    nickName: contact.nickname,
    phone: contact.phone,
    email: contact.email,
    address: contact.address,
    zip: contact.postalCode,
    city: contact.city,
    companyName: contact.company,
    website: contact.website,
    note: contact.note,
  }
}

function writeMoments({ updatedAt, createdAt }: ContactView) {
  return { updatedAt: writeDateTime(updatedAt), createdAt: writeDateTime(createdAt) }
}

export function writeAccount(contact: ContactView) {
  return {
    accountId: writeId(contact.legacyId),
    ...writeNames(contact),
    area: contact.area,
    gender: contact.gender,
    yearOfBirth: contact.birthYear,
    ...writeMoments(contact),
  }
}

/** Of a group, accounts lack three fields (contract/multisender.md 5.3). */
export function writeGroupAccount(groupId: number, contact: ContactView) {
  return {
    groupId: writeId(groupId),
    accountId: writeId(contact.legacyId),
    ...writeNames(contact),
    ...writeMoments(contact),
  }
}

export async function* written<Item, Written>(
  items: AsyncIterable<Item>,
  write: (item: Item) => Written,
): AsyncGenerator<Written> {
  for await (const item of items) yield write(item)
}
