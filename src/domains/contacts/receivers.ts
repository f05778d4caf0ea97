import type { Queryable, Tx } from '../../db/database.ts'
import { join, json, type Sql, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { isLegacyId, takeLegacyIds } from '../legacy-id.ts'
import type { World } from '../world.ts'
import { contactSchema, NO_FIELDS } from './contact-fields.ts'
import { normalEmail } from './phone.ts'
import { meets } from './segment-store.ts'
import { defaultCountry, insertContacts } from './store.ts'

/** Whom something is for: exactly one of these (contract/multisender.md 6). */
export interface ReceiverInput {
  contactId?: string | null
  listId?: string | null
  segmentId?: string | null
  /** As people write it. */
  phone?: string | null
  email?: string | null
}

/** A receiver that exists. A telephone number and an e-mail address have become the contact that has them. */
export interface Receiver {
  kind: 'contact' | 'list' | 'segment'
  id: string
}

/**
 * The UUIDs of living contacts and lists by their numbers; unknown numbers are missing. For whoever names receivers: it
 * asks for no scope, as `findReceivers` does.
 */
export async function receiverIds(
  db: Queryable,
  workspaceId: string,
  { contacts, lists }: { contacts: readonly number[]; lists: readonly number[] },
): Promise<{ contacts: Map<number, string>; lists: Map<number, string> }> {
  const numbers = (given: readonly number[]) => given.filter(isLegacyId)
  const rows = await db.query<{ kind: 'contacts' | 'lists'; id: string; legacy_id: number }>(
    sql`SELECT 'contacts' AS kind, id, legacy_id FROM contact
        WHERE workspace_id = ${workspaceId}::uuid AND legacy_id = ANY(${numbers(contacts)}::int[]) AND deleted_at IS NULL
        UNION ALL
        SELECT 'lists', id, legacy_id FROM contact_list
        WHERE workspace_id = ${workspaceId}::uuid AND legacy_id = ANY(${numbers(lists)}::int[]) AND deleted_at IS NULL`,
  )
  const found = { contacts: new Map<number, string>(), lists: new Map<number, string>() }
  for (const { kind, id, legacy_id: number } of rows) found[kind].set(number, id)
  return found
}

const KINDS = [
  ['contactId', 'contact'],
  ['listId', 'list'],
  ['segmentId', 'segment'],
] as const

/**
 * Finds what receivers name, in their order, and makes contacts of telephone numbers and e-mail addresses that no
 * living contact has; of several that have one the one with the lowest number is meant. Throws VALIDATION_FAILED with an
 * issue per receiver below `at`: `exactly_one`, `phone_number`, `email`, `unknown_contact`, `unknown_list`,
 * `unknown_segment`.
 */
export async function findReceivers(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  inputs: readonly ReceiverInput[],
  at: readonly (string | number)[] = ['receivers'],
): Promise<Receiver[]> {
  const issues: Issue[] = []
  const refuse = (index: number, field: string | null, rule: string, message: string) => {
    issues.push({ path: [...at, index, ...(field === null ? [] : [field])], rule, message })
  }
  const schema = contactSchema(inputs.some(({ phone }) => phone) ? await defaultCountry(tx, workspaceId) : null)
  const wanted: Wanted[] = []
  const named: { index: number; receiver: Receiver }[] = []
  inputs.forEach((input, index) => {
    const given = (['contactId', 'listId', 'segmentId', 'phone', 'email'] as const).filter((key) => input[key] != null)
    if (given.length !== 1) {
      refuse(index, null, 'exactly_one', 'name exactly one of contact, list, segment, phone and e-mail')
      return
    }
    const kind = KINDS.find(([field]) => field === given[0])
    if (kind) {
      named.push({ index, receiver: { kind: kind[1], id: input[kind[0]]! } })
      return
    }
    const parsed = schema.safeParse({ phone: input.phone, email: input.email })
    if (!parsed.success) {
      const [field, rule] = given[0] === 'phone' ? ['phone', 'phone_number'] : ['email', 'email']
      refuse(index, field!, rule!, parsed.error.issues[0]!.message)
      return
    }
    const { phone, email } = parsed.data
    if (phone) wanted.push({ index, by: 'phone', value: phone.phone, fields: phone })
    else wanted.push({ index, by: 'email', value: normalEmail(email!), fields: { email: email! } })
  })

  const known = await existing(
    tx,
    workspaceId,
    named.map(({ receiver }) => receiver),
  )
  for (const { index, receiver } of named) {
    if (known.has(`${receiver.kind} ${receiver.id}`)) continue
    const field = KINDS.find(([, kind]) => kind === receiver.kind)![0]
    refuse(index, field, `unknown_${receiver.kind}`, `must be a ${receiver.kind} of your workspace`)
  }
  if (issues.length > 0) throw new ValidationError(inOrder(issues))

  const ids = await findOrCreate(world, tx, emit, workspaceId, wanted)
  const receivers = new Map(named.map(({ index, receiver }) => [index, receiver]))
  for (const { index, by, value } of wanted) {
    receivers.set(index, { kind: 'contact', id: ids.get(`${by} ${value}`)! })
  }
  return inputs.map((_, index) => receivers.get(index)!)
}

/**
 * A query for the contacts that receivers stand for, each once and where it is reached first: `contact_id`, `n` (the
 * place of its receiver in the list, from 0) and `place` (within that receiver: the order of a list is that of its
 * positions, of a segment that of the contacts' numbers). Deleted contacts are left out. Order it by `n, place`.
 */
export function contactsOf(workspaceId: string, receivers: readonly Receiver[]): Sql {
  // Each kind by itself and only where there is one: a planner that knows nothing of the lists given here may go through
  // all of one for each contact of the workspace.
  const branches = KINDS.flatMap(([, kind]) => {
    const given = receivers.flatMap((each, n) => (each.kind === kind ? [{ n, id: each.id }] : []))
    if (given.length === 0) return []
    const named = sql`(SELECT * FROM jsonb_to_recordset(${json(given)}::jsonb) AS g(n int, id uuid)) r`
    return [BRANCHES[kind](workspaceId, named)]
  })
  const nobody = sql`SELECT NULL::uuid AS contact_id, 0 AS n, 0 AS place WHERE false`
  return sql`SELECT DISTINCT ON (contact_id) contact_id, n, place
    FROM (${branches.length > 0 ? join(branches, ' UNION ALL ') : nobody}) reached
    ORDER BY contact_id, n, place`
}

/** Of those who are named in `r`, by kind. */
const BRANCHES: Readonly<Record<Receiver['kind'], (workspaceId: string, named: Sql) => Sql>> = {
  contact: (workspaceId, named) =>
    sql`SELECT c.id AS contact_id, r.n, 0 AS place
        FROM ${named} JOIN contact c ON c.workspace_id = ${workspaceId}::uuid AND c.id = r.id
        WHERE c.deleted_at IS NULL`,
  list: (workspaceId, named) =>
    sql`SELECT m.contact_id, r.n, m.position AS place
        FROM ${named} JOIN contact_list_member m ON m.workspace_id = ${workspaceId}::uuid AND m.list_id = r.id`,
  segment: (workspaceId, named) =>
    sql`SELECT c.id AS contact_id, r.n, c.legacy_id AS place
        FROM ${named}
        JOIN segment s ON s.workspace_id = ${workspaceId}::uuid AND s.id = r.id
        JOIN contact c ON c.workspace_id = ${workspaceId}::uuid AND c.deleted_at IS NULL
        WHERE ${meets(sql`s.conditions`)}`,
}

interface Wanted {
  index: number
  by: 'phone' | 'email'
  /** As it is compared. */
  value: string
  fields: { phone: string; phoneInput: string } | { email: string }
}

async function existing(tx: Tx, workspaceId: string, receivers: readonly Receiver[]): Promise<Set<string>> {
  const uuids = (kind: Receiver['kind']) =>
    receivers.flatMap((receiver) => (receiver.kind === kind && isUuid(receiver.id) ? [receiver.id] : []))
  const rows = await tx.query<{ name: string }>(
    sql`SELECT 'contact ' || id AS name FROM contact
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${uuids('contact')}::uuid[]) AND deleted_at IS NULL
        UNION ALL
        SELECT 'list ' || id FROM contact_list
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${uuids('list')}::uuid[]) AND deleted_at IS NULL
        UNION ALL
        SELECT 'segment ' || id FROM segment
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${uuids('segment')}::uuid[]) AND deleted_at IS NULL`,
  )
  return new Set(rows.map((row) => row.name))
}

async function findOrCreate(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  wanted: readonly Wanted[],
): Promise<Map<string, string>> {
  const distinct = new Map(wanted.map((each) => [`${each.by} ${each.value}`, each]))
  const ids = await findByAddress(tx, workspaceId, [...distinct.values()])
  const missing = [...distinct.keys()].filter((key) => !ids.has(key))
  if (missing.length === 0) return ids
  // Whoever creates contacts holds the counter, so from here on nobody else makes one with these addresses.
  const first = await takeLegacyIds(tx, workspaceId, 'contact', missing.length)
  const since = await findByAddress(
    tx,
    workspaceId,
    missing.map((key) => distinct.get(key)!),
  )
  const made = missing.flatMap((key, n) => {
    if (since.has(key)) return []
    return [{ key, row: { ...NO_FIELDS, ...distinct.get(key)!.fields, id: world.newId(), legacyId: first + n } }]
  })
  await insertContacts(
    tx,
    workspaceId,
    made.map(({ row }) => row),
    world.clock.now(),
  )
  for (const { row } of made) emit('contact.created', { contactId: row.id })
  return new Map([...ids, ...since, ...made.map(({ key, row }): [string, string] => [key, row.id])])
}

async function findByAddress(tx: Tx, workspaceId: string, wanted: readonly Wanted[]): Promise<Map<string, string>> {
  const values = (by: Wanted['by']) => wanted.flatMap((each) => (each.by === by ? [each.value] : []))
  const rows = await tx.query<{ key: string; id: string }>(
    sql`(SELECT DISTINCT ON (phone) 'phone ' || phone AS key, id FROM contact
         WHERE workspace_id = ${workspaceId}::uuid AND phone = ANY(${values('phone')}::text[]) AND deleted_at IS NULL
         ORDER BY phone, legacy_id)
        UNION ALL
        (SELECT DISTINCT ON (lower(email)) 'email ' || lower(email), id FROM contact
         WHERE workspace_id = ${workspaceId}::uuid AND lower(email) = ANY(${values('email')}::text[])
           AND email IS NOT NULL AND deleted_at IS NULL
         ORDER BY lower(email), legacy_id)`,
  )
  return new Map(rows.map((row) => [row.key, row.id]))
}

function inOrder(issues: Issue[]): [Issue, ...Issue[]] {
  const place = ({ path }: Issue) => path.find((part) => typeof part === 'number') as number
  return issues.sort((a, b) => place(a) - place(b)) as [Issue, ...Issue[]]
}
