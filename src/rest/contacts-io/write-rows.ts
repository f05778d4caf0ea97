import { stringify } from 'csv-stringify/sync'
import type { ContactView } from '../../domains/contacts/index.ts'
import { guardCell } from '../csv-cells.ts'

/** The columns of an export, which an import takes as they are; `phoneInput` and the two instants it passes over. */
const COLUMNS = [
  'legacyId',
  'externalKey',
  'name',
  'firstName',
  'lastName',
  'nickname',
  'email',
  'sharesEmail',
  'phone',
  'phoneInput',
  'address',
  'postalCode',
  'city',
  'area',
  'company',
  'website',
  'note',
  'gender',
  'birthYear',
  'createdAt',
  'updatedAt',
] as const satisfies (keyof ContactView)[]

/** Rows that go out in one piece, so that few small writes are made. */
const CHUNK = 200

/** With a byte-order mark, without which spreadsheets take UTF-8 for something else. */
export async function* csvOf(contacts: AsyncIterable<ContactView>): AsyncGenerator<string> {
  yield `\uFEFF${stringify([[...COLUMNS]])}`
  for await (const chunk of chunks(contacts)) {
    yield stringify(chunk.map((contact) => COLUMNS.map((column) => cell(contact[column]))))
  }
}

export async function* ndjsonOf(contacts: AsyncIterable<ContactView>): AsyncGenerator<string> {
  for await (const chunk of chunks(contacts)) {
    yield chunk
      .map((contact) => JSON.stringify({ id: contact.id, ...Object.fromEntries(COLUMNS.map((c) => [c, contact[c]])) }))
      .join('\n')
      .concat('\n')
  }
}

function cell(value: string | number | boolean | Date | null): string {
  if (value === null) return ''
  return value instanceof Date ? value.toISOString() : guardCell(String(value))
}

async function* chunks<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  let chunk: Item[] = []
  for await (const item of items) {
    chunk.push(item)
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
