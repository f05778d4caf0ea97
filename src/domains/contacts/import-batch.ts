import type { Tx } from '../../db/database.ts'
import { passLegacyId, takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { changed, NO_FIELDS } from './contact-fields.ts'
import type { ImportKey, ImportRow, RefusedRow } from './import-row.ts'
import { lockCandidates } from './import-store.ts'
import { normalEmail } from './phone.ts'
import { type ContactRow, insertContacts, updateContacts } from './store.ts'

export interface BatchOutcome {
  created: number
  updated: number
  refused: RefusedRow[]
  /** The contacts that rows came to, in the order of the rows; empty in a dry run. */
  contactIds: string[]
}

/**
 * Makes or changes the contact of each row, one after another, so that a later row sees what an earlier one did; then
 * stores all of them in two statements. With `dryRun` it stores nothing and takes no numbers.
 */
export async function importBatch(
  world: World,
  tx: Tx,
  workspaceId: string,
  rows: readonly ImportRow[],
  { key, dryRun }: { key: ImportKey | null; dryRun: boolean },
): Promise<BatchOutcome> {
  // Whoever creates contacts holds the counter: none of these addresses can appear between the look and the writing.
  if (!dryRun) await passLegacyId(tx, workspaceId, 'contact', 0)
  const texts = (pick: (row: ImportRow) => string | null | undefined) => rows.flatMap((row) => pick(row) ?? [])
  const known = new KnownContacts()
  const found = await lockCandidates(tx, workspaceId, {
    legacyId: rows.flatMap((row) => row.legacyId ?? []),
    externalKey: texts(({ fields }) => fields.externalKey),
    email: texts(({ fields }) => fields.email && normalEmail(fields.email)),
    phone: texts(({ fields }) => fields.phone?.phone),
  })
  // Of several with one number the one with the lowest is meant.
  for (const each of found.toSorted((a, b) => a.legacyId - b.legacyId)) known.add(each, each.deleted)

  const fresh = new Set<ContactRow>()
  const touched = new Set<ContactRow>()
  const refused: RefusedRow[] = []
  const reached: ContactRow[] = []
  let updated = 0
  for (const row of rows) {
    const present = key === null ? undefined : known.find(key, row)
    const next = changed(present ?? NO_FIELDS, row.fields)
    const issue = known.conflict(present, row, next)
    if (issue) {
      refused.push({ row: row.row, issues: [issue] })
      continue
    }
    if (present) {
      known.remove(present)
      Object.assign(present, next)
      known.add(present, false)
      updated++
      if (!fresh.has(present)) touched.add(present)
      reached.push(present)
    } else {
      const contact = { ...next, id: world.newId(), legacyId: row.legacyId ?? 0 }
      known.add(contact, false)
      fresh.add(contact)
      reached.push(contact)
    }
  }
  const outcome = { created: fresh.size, updated, refused, contactIds: [] }
  if (dryRun) return outcome

  const highest = Math.max(0, ...[...fresh].map((contact) => contact.legacyId))
  if (highest > 0) await passLegacyId(tx, workspaceId, 'contact', highest)
  const unnumbered = [...fresh].filter((contact) => contact.legacyId === 0)
  if (unnumbered.length > 0) {
    const first = await takeLegacyIds(tx, workspaceId, 'contact', unnumbered.length)
    for (const [n, contact] of unnumbered.entries()) contact.legacyId = first + n
  }
  const now = world.clock.now()
  await updateContacts(tx, workspaceId, [...touched], now)
  await insertContacts(tx, workspaceId, [...fresh], now)
  return { ...outcome, contactIds: [...new Set(reached.map((contact) => contact.id))] }
}

/** The contacts that rows of a batch can be about, as they are after the rows before. */
class KnownContacts {
  private readonly numbers = new Map<number, ContactRow | 'deleted'>()
  private readonly keys = new Map<string, ContactRow>()
  private readonly emails = new Map<string, ContactRow[]>()
  private readonly phones = new Map<string, ContactRow[]>()

  add(contact: ContactRow, deleted: boolean): void {
    if (contact.legacyId > 0) this.numbers.set(contact.legacyId, deleted ? 'deleted' : contact)
    if (deleted) return
    if (contact.externalKey !== null) this.keys.set(contact.externalKey, contact)
    if (contact.email !== null) append(this.emails, normalEmail(contact.email), contact)
    if (contact.phone !== null) append(this.phones, contact.phone, contact)
  }

  remove(contact: ContactRow): void {
    if (contact.externalKey !== null) this.keys.delete(contact.externalKey)
    for (const group of [this.emails.get(normalEmail(contact.email ?? '')), this.phones.get(contact.phone ?? '')]) {
      group?.splice(group.indexOf(contact), 1)
    }
  }

  find(key: ImportKey, { legacyId, fields }: ImportRow): ContactRow | undefined {
    switch (key) {
      case 'legacyId': {
        const contact = this.numbers.get(legacyId ?? 0)
        return contact === 'deleted' ? undefined : contact
      }
      case 'externalKey':
        return this.keys.get(fields.externalKey ?? '')
      case 'email':
        return this.emails.get(normalEmail(fields.email ?? ''))?.[0]
      case 'phone':
        return this.phones.get(fields.phone?.phone ?? '')?.[0]
    }
  }

  /** Why the contact cannot become this: a number, key or address is somebody else's. */
  conflict(present: ContactRow | undefined, { legacyId }: ImportRow, next: Omit<ContactRow, 'id' | 'legacyId'>) {
    const owner = this.numbers.get(legacyId ?? 0)
    const taken = (field: string, message: string) => ({ path: [field], rule: 'taken', message })
    if (owner === 'deleted') return taken('legacyId', 'is the number of a deleted contact')
    if (owner && owner !== present) return taken('legacyId', 'is the number of another contact')
    if (legacyId !== null && present && present.legacyId !== legacyId) {
      return taken('legacyId', 'is not the number of the contact that the row is about')
    }
    const keyed = this.keys.get(next.externalKey ?? '')
    if (keyed && keyed !== present) return taken('externalKey', 'is the key of another contact')
    const written = next.email === null ? [] : (this.emails.get(normalEmail(next.email)) ?? [])
    const others = written.some((contact) => contact !== present && !contact.sharesEmail)
    if (!next.sharesEmail && others) return taken('email', 'is the address of another contact')
    return undefined
  }
}

function append(map: Map<string, ContactRow[]>, value: string, contact: ContactRow): void {
  const group = map.get(value)
  if (!group) map.set(value, [contact])
  // The lowest number first; those that have none yet come last.
  else group.push(contact) && group.sort((a, b) => (a.legacyId || Infinity) - (b.legacyId || Infinity))
}
