import { randomUUID } from 'node:crypto'

/** Who is imported, as a customer's file has them. */
interface Person {
  externalKey: string
  firstName: string
  lastName: string
  email: string
  phone: string
  city: string
  postalCode: string
  company: string
  note: string
}

const COLUMNS = [
  'externalKey',
  'firstName',
  'lastName',
  'email',
  'phone',
  'city',
  'postalCode',
  'company',
  'note',
] as const satisfies (keyof Person)[]

const FIRST = ['Aino', 'Eero', 'Helmi', 'Jussi', 'Kerttu', 'Lauri', 'Maija', 'Olli', 'Päivi', 'Tuomas']
const LAST = ['Korhonen', 'Virtanen', 'Mäkinen', 'Nieminen', 'Mäkelä', 'Hämäläinen', 'Laine', 'Heikkinen', 'Koskinen']
const CITIES = ['Helsinki', 'Tampere', 'Turku', 'Oulu', 'Jyväskylä', 'Kuopio', 'Lahti']

/** Nobody is made twice: each has a key, an address and a number of their own. */
export function people(first: number, count: number): Person[] {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index
    return {
      externalKey: `crm-${n}`,
      firstName: FIRST[n % FIRST.length]!,
      lastName: LAST[n % LAST.length]!,
      email: `person.${n}@customers.example`,
      phone: `+35840${String(n).padStart(7, '0')}`,
      city: CITIES[n % CITIES.length]!,
      postalCode: String(n % 100_000).padStart(5, '0'),
      company: `Company ${n % 1_000} Oy`,
      note: 'Met at the fair; asked to be called in the spring, "not before noon".',
    }
  })
}

export function csvOf(persons: readonly Person[]): Buffer {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = persons.map((person) => COLUMNS.map((column) => cell(person[column])).join(','))
  return Buffer.from([COLUMNS.join(','), ...lines, ''].join('\n'))
}

export function ndjsonOf(persons: readonly Person[]): Buffer {
  return Buffer.from(persons.map((person) => `${JSON.stringify(person)}\n`).join(''))
}

/** The columns of the table that an import fills, in the order of `copyRowsOf`. */
export const COPY_COLUMNS = `id, workspace_id, legacy_id, external_key, name, first_name, last_name, email, shares_email,
  phone, phone_input, postal_code, city, company, note, created_at, updated_at`

/** The rows that an import of these people leaves, as COPY takes them. */
export function copyRowsOf(persons: readonly Person[], workspaceId: string, firstLegacyId: number): Buffer {
  const now = new Date().toISOString()
  const lines = persons.map((person, n) =>
    [
      // As ours: version 7, which rises with time.
      `${BigInt(Date.now()).toString(16).padStart(12, '0')}7${randomUUID().replaceAll('-', '').slice(13)}`,
      workspaceId,
      firstLegacyId + n,
      person.externalKey,
      `${person.firstName} ${person.lastName}`,
      person.firstName,
      person.lastName,
      person.email,
      'f',
      person.phone,
      person.phone,
      person.postalCode,
      person.city,
      person.company,
      person.note,
      now,
      now,
    ].join('\t'),
  )
  return Buffer.from(`${lines.join('\n')}\n`)
}
