import type { Tx } from '../../db/database.ts'
import { violatedConstraint } from '../../db/sql.ts'
import type { Issue } from '../../platform/errors.ts'
import { passLegacyId, takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { changed, NO_FIELDS } from './contact-fields.ts'
import type { ImportKey, ImportRow, RefusedRow } from './import-row.ts'
import { lockCandidates } from './import-store.ts'
import { normalEmail } from './phone.ts'
import { type ContactRow, freeContacts, insertContacts, updateContacts } from './store.ts'

export interface BatchOutcome {
  created: number
  updated: number
  refused: RefusedRow[]
  /** The contacts that rows came to, in the order of the rows; empty in a dry run. */
  contactIds: string[]
}

/**
 * The same row by row, so that one that the database refuses is refused alone. For rows that another transaction keeps
 * taking an address or a key from while they are looked at.
 */
export async function importSingly(
  world: World,
  tx: Tx,
  workspaceId: string,
  rows: readonly ImportRow[],
  options: { key: ImportKey | null; dryRun: boolean },
): Promise<BatchOutcome> {
  const all: BatchOutcome = { created: 0, updated: 0, refused: [], contactIds: [] }
  const reached = new Set<string>()
  for (const row of rows) {
    await tx.script('SAVEPOINT import_row')
    try {
      const { created, updated, refused, contactIds } = await importBatch(world, tx, workspaceId, [row], options)
      all.created += created
      all.updated += updated
      all.refused.push(...refused)
      for (const id of contactIds) reached.add(id)
    } catch (error) {
      const constraint = violatedConstraint(error)
      if (constraint === undefined) throw error
      await tx.script('ROLLBACK TO SAVEPOINT import_row')
      all.refused.push({ row: row.row, issues: [violated(constraint)] })
    }
    await tx.script('RELEASE SAVEPOINT import_row')
  }
  return { ...all, contactIds: [...reached] }
}

function violated(constraint: string): Issue {
  if (constraint === 'contact_email_key') return TAKEN.email
  if (constraint === 'contact_external_key_key') return TAKEN.externalKey
  return { path: [], rule: 'conflict', message: 'is at odds with what is stored' }
}

const TAKEN = {
  email: { path: ['email'], rule: 'taken', message: 'is the address of another contact' },
  externalKey: { path: ['externalKey'], rule: 'taken', message: 'is the key of another contact' },
} satisfies Record<string, Issue>

/**
 * Makes or changes the contact of each row, one after another, so that a later row sees what an earlier one did; then
 * stores all of them at once. With `dryRun` it stores nothing and takes no numbers.
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
  const freed = new Set<string>()
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
      if (!fresh.has(present) && holdsOther(present, next)) freed.add(present.id)
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
  // The database judges row by row, in an order of its own: of two that swap, neither may find the other there.
  await freeContacts(tx, workspaceId, [...freed])
  await updateContacts(tx, workspaceId, [...touched], now)
  await insertContacts(tx, workspaceId, [...fresh], now)
  return { ...outcome, contactIds: [...new Set(reached.map((contact) => contact.id))] }
}

/** Whether the contact gives up a key or an address, or takes one for itself. */
function holdsOther(present: ContactRow, next: Omit<ContactRow, 'id' | 'legacyId'>): boolean {
  return (
    present.externalKey !== next.externalKey ||
    present.sharesEmail !== next.sharesEmail ||
    normalEmail(present.email ?? '') !== normalEmail(next.email ?? '')
  )
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
    if (keyed && keyed !== present) return TAKEN.externalKey
    const written = next.email === null ? [] : (this.emails.get(normalEmail(next.email)) ?? [])
    const others = written.some((contact) => contact !== present && !contact.sharesEmail)
    if (!next.sharesEmail && others) return TAKEN.email
    return undefined
  }
}

function append(map: Map<string, ContactRow[]>, value: string, contact: ContactRow): void {
  const group = map.get(value)
  if (!group) map.set(value, [contact])
  // The lowest number first; those that have none yet come last.
  else group.push(contact) && group.sort((a, b) => (a.legacyId || Infinity) - (b.legacyId || Infinity))
}
