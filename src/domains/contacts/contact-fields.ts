import { z } from 'zod'
import { line, text } from '../../platform/validation.ts'
import { type Country, parsePhone } from './phone.ts'

/** What a contact says of a person (contract/multisender.md 5.1, under the names of this graph). */
export interface ContactFields {
  externalKey: string | null
  /** In one line; made of first and last name unless it was given. */
  name: string | null
  firstName: string | null
  lastName: string | null
  nickname: string | null
  /** As written; compared in lower case. */
  email: string | null
  /** Whether other contacts may have the same address: a family, a front desk. */
  sharesEmail: boolean
  /** E.164. */
  phone: string | null
  /** The number as it was given. */
  phoneInput: string | null
  address: string | null
  postalCode: string | null
  city: string | null
  area: string | null
  company: string | null
  website: string | null
  note: string | null
  gender: string | null
  birthYear: number | null
}

/** What a caller gives: `phone` as people write it. Absent: not said; null: none. */
export type ContactInput = Partial<Omit<ContactFields, 'phoneInput' | 'sharesEmail'>> & {
  sharesEmail?: boolean | undefined
}

export const NO_FIELDS: Readonly<ContactFields> = {
  externalKey: null,
  name: null,
  firstName: null,
  lastName: null,
  nickname: null,
  email: null,
  sharesEmail: false,
  phone: null,
  phoneInput: null,
  address: null,
  postalCode: null,
  city: null,
  area: null,
  company: null,
  website: null,
  note: null,
  gender: null,
  birthYear: null,
}

/** The shape of an input, where numbers without a country code are read as those of `country`. */
export function contactSchema(country: Country | null) {
  const phone = line(100).transform((input, context) => {
    const number = parsePhone(input, country)
    if (number !== undefined) return { phone: number, phoneInput: input }
    const form =
      country === null ? 'with its country code, such as +358401234567' : `of ${country} or with a country code`
    context.addIssue({ code: 'custom', params: { rule: 'phone_number' }, message: `must be a valid number ${form}` })
    return z.NEVER
  })
  return z.object({
    externalKey: line(200).nullish(),
    name: line(300).nullish(),
    firstName: line(150).nullish(),
    lastName: line(150).nullish(),
    nickname: line(150).nullish(),
    email: line(320).pipe(z.email('must be an e-mail address')).nullish(),
    sharesEmail: z.boolean().optional(),
    phone: phone.nullish(),
    address: line(500).nullish(),
    postalCode: line(50).nullish(),
    city: line(150).nullish(),
    area: line(150).nullish(),
    company: line(300).nullish(),
    website: line(2000).nullish(),
    note: text(10_000).nullish(),
    gender: line(50).nullish(),
    birthYear: z.int('must be a year').min(1, 'must be a year').max(9999, 'must be a year').nullish(),
  })
}

export type ParsedContact = z.output<ReturnType<typeof contactSchema>>

/** At least one of these makes a contact somebody. */
const IDENTIFYING = [
  'name',
  'firstName',
  'lastName',
  'nickname',
  'company',
  'email',
  'phone',
  'externalKey',
] as const satisfies (keyof ContactFields)[]

export function isSomebody(contact: Partial<Record<(typeof IDENTIFYING)[number], unknown>>): boolean {
  return IDENTIFYING.some((field) => contact[field])
}

/** `present` with what the input says. The name follows first and last name unless it was given a form of its own. */
export function changed(present: Readonly<ContactFields>, { phone, ...input }: ParsedContact): ContactFields {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
  const next: ContactFields = { ...present, ...given }
  if (phone !== undefined) Object.assign(next, phone ?? { phone: null, phoneInput: null })
  const followed = present.name === null || present.name === composedName(present)
  if (input.name === undefined && followed) next.name = composedName(next)
  return next
}

function composedName({ firstName, lastName }: Pick<ContactFields, 'firstName' | 'lastName'>): string | null {
  return [firstName, lastName].filter((part) => part !== null).join(' ') || null
}
