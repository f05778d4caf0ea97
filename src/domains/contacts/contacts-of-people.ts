import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { changed, NO_FIELDS } from './contact-fields.ts'
import { insertContacts, lockContacts, updateContacts } from './store.ts'

/** A person as a survey is told of one. */
export interface Person {
  /** E.164; null: the number that was given is none that anybody could dial. */
  phone: string | null
  /** The number as it was given. */
  phoneInput: string
  firstName: string | null
  lastName: string | null
  email: string | null
}

/**
 * The contacts of people, in their order: who has the telephone number already, of several the one with the lowest
 * number, or a new one. What a contact does not say yet is taken from the person; what it says stays. A new contact may
 * share its e-mail address, since nobody was asked whether it is another's.
 */
export async function contactsOfPeople(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  people: readonly Person[],
): Promise<string[]> {
  if (people.length === 0) return []
  const numbers = [...new Set(people.flatMap(({ phone }) => phone ?? []))]
  // Whoever creates contacts holds the counter, so that no two make one with the same number.
  const first = await takeLegacyIds(tx, workspaceId, 'contact', people.length)
  const rows = await tx.query<{ phone: string; id: string }>(
    sql`SELECT DISTINCT ON (phone) phone, id FROM contact
        WHERE workspace_id = ${workspaceId}::uuid AND phone = ANY(${numbers}::text[]) AND deleted_at IS NULL
        ORDER BY phone, legacy_id`,
  )
  const ids = new Map(rows.map((row) => [row.phone, row.id]))
  const known = new Map((await lockContacts(tx, workspaceId, [...ids.values()])).map((row) => [row.id, row]))
  const made = new Map<string, ReturnType<typeof contactOf>>()
  const filled = new Set<string>()
  const now = world.clock.now()
  const found = people.map((person, n) => {
    const id = person.phone === null ? undefined : ids.get(person.phone)
    const present = id === undefined ? undefined : (known.get(id) ?? made.get(id))
    if (present) {
      const { firstName, lastName, email } = person
      const next = changed(present, {
        firstName: present.firstName ?? firstName,
        lastName: present.lastName ?? lastName,
        ...(present.email === null && email !== null ? { email, sharesEmail: true } : {}),
      })
      if (JSON.stringify(next) !== JSON.stringify(present) && known.has(present.id)) filled.add(present.id)
      Object.assign(present, next)
      return present.id
    }
    const contact = contactOf(person, { id: world.newId(), legacyId: first + n })
    made.set(contact.id, contact)
    if (person.phone !== null) ids.set(person.phone, contact.id)
    return contact.id
  })
  await insertContacts(tx, workspaceId, [...made.values()], now)
  await updateContacts(
    tx,
    workspaceId,
    [...filled].map((id) => known.get(id)!),
    now,
  )
  for (const contactId of made.keys()) emit('contact.created', { contactId })
  for (const contactId of filled) emit('contact.updated', { contactId })
  return found
}

function contactOf({ phone, phoneInput, ...person }: Person, identity: { id: string; legacyId: number }) {
  const fields = changed(NO_FIELDS, { ...person, sharesEmail: person.email !== null })
  return { ...fields, phone, phoneInput, ...identity }
}
