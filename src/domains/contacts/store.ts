import type { Queryable, Tx } from '../../db/database.ts'
import { json, sql, violatedConstraint } from '../../db/sql.ts'
import { ExpectedError } from '../../platform/errors.ts'
import type { ContactFields } from './contact-fields.ts'
import { type Country, isCountry } from './phone.ts'

export interface ContactRow extends ContactFields {
  id: string
  legacyId: number
}

export const contactColumns = sql`c.id, c.legacy_id AS "legacyId", c.external_key AS "externalKey", c.name,
  c.first_name AS "firstName", c.last_name AS "lastName", c.nickname, c.email, c.shares_email AS "sharesEmail", c.phone,
  c.phone_input AS "phoneInput", c.address, c.postal_code AS "postalCode", c.city, c.area, c.company, c.website, c.note,
  c.gender, c.birth_year AS "birthYear"`

/** The types of what `contactColumns` names, for rows that travel as JSON. */
const recordTypes = sql`id uuid, "legacyId" int, "externalKey" text, name text, "firstName" text, "lastName" text,
  nickname text, email text, "sharesEmail" boolean, phone text, "phoneInput" text, address text, "postalCode" text,
  city text, area text, company text, website text, note text, gender text, "birthYear" int`

export async function insertContacts(
  tx: Tx,
  workspaceId: string,
  contacts: readonly ContactRow[],
  now: Date,
): Promise<void> {
  if (contacts.length === 0) return
  await tx.query(
    sql`INSERT INTO contact (id, workspace_id, legacy_id, external_key, name, first_name, last_name, nickname, email,
                             shares_email, phone, phone_input, address, postal_code, city, area, company, website, note,
                             gender, birth_year, created_at, updated_at)
        SELECT id, ${workspaceId}::uuid, "legacyId", "externalKey", name, "firstName", "lastName", nickname, email,
               "sharesEmail", phone, "phoneInput", address, "postalCode", city, area, company, website, note,
               gender, "birthYear", ${now}::timestamptz, ${now}::timestamptz
        FROM jsonb_to_recordset(${json(contacts)}::jsonb) AS n(${recordTypes})`,
  )
}

/** Overwrites every field of contacts that the caller holds locked. */
export async function updateContacts(
  tx: Tx,
  workspaceId: string,
  contacts: readonly ContactRow[],
  now: Date,
): Promise<void> {
  if (contacts.length === 0) return
  await tx.query(
    sql`UPDATE contact c SET
          external_key = n."externalKey", name = n.name, first_name = n."firstName", last_name = n."lastName",
          nickname = n.nickname, email = n.email, shares_email = n."sharesEmail", phone = n.phone,
          phone_input = n."phoneInput", address = n.address, postal_code = n."postalCode", city = n.city, area = n.area,
          company = n.company, website = n.website, note = n.note, gender = n.gender, birth_year = n."birthYear",
          updated_at = ${now}::timestamptz
        FROM jsonb_to_recordset(${json(contacts)}::jsonb) AS n(${recordTypes})
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = n.id`,
  )
}

/** Takes key and address from contacts that the caller holds locked and gives others in the same transaction. */
export async function freeContacts(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.query(
    sql`UPDATE contact SET external_key = NULL, email = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
}

/** Locks living contacts against changes until the transaction ends, in the order of their ids; others are left out. */
export async function lockContacts(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<ContactRow[]> {
  return tx.query<ContactRow>(
    sql`SELECT ${contactColumns} FROM contact c
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ANY(${ids}::uuid[]) AND c.deleted_at IS NULL
        ORDER BY c.id FOR UPDATE`,
  )
}

/** Which of these are living contacts; they cannot be deleted until the transaction ends. */
export async function holdContacts(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT c.id FROM contact c
        WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ANY(${ids}::uuid[]) AND c.deleted_at IS NULL
        ORDER BY c.id FOR SHARE`,
  )
  return new Set(rows.map((row) => row.id))
}

export async function contactExists(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  return (await holdContacts(tx, workspaceId, [id])).has(id)
}

/** Marks contacts as deleted; the caller holds them locked and has taken them off their lists. */
export async function markContactsDeleted(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  now: Date,
  mergedInto: string | null = null,
): Promise<void> {
  await tx.query(
    sql`UPDATE contact SET deleted_at = ${now}::timestamptz, updated_at = ${now}::timestamptz,
               merged_into_id = ${mergedInto}::uuid
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
}

/** A contact that may be deleted already, with all that were ever merged into it, locked. Empty when unknown. */
export async function lockForErasure(tx: Tx, workspaceId: string, id: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    sql`WITH RECURSIVE person AS (
          SELECT id FROM contact WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid
          UNION
          SELECT c.id FROM contact c JOIN person p ON c.merged_into_id = p.id
          WHERE c.workspace_id = ${workspaceId}::uuid
        )
        SELECT id FROM contact WHERE workspace_id = ${workspaceId}::uuid AND id IN (SELECT id FROM person)
        ORDER BY id FOR UPDATE`,
  )
  return rows.map((row) => row.id)
}

/**
 * The addresses of contacts that are to be erased, and those at which they were reached once, unless somebody else has
 * them by now.
 */
export async function addressesToErase(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  reachedAt: readonly string[],
): Promise<string[]> {
  const rows = await tx.query<{ address: string }>(
    sql`SELECT own.address FROM contact, unnest(ARRAY[phone, email]) AS own(address)
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[]) AND own.address IS NOT NULL
        UNION
        SELECT reached.address FROM unnest(${reachedAt}::text[]) AS reached(address)
        WHERE NOT EXISTS (
          SELECT FROM contact c WHERE c.workspace_id = ${workspaceId}::uuid AND NOT c.id = ANY(${ids}::uuid[])
            AND c.deleted_at IS NULL AND (c.phone = reached.address OR lower(c.email) = lower(reached.address)))`,
  )
  return rows.map(({ address }) => address)
}

/** Empties every personal column, and deletes what was not deleted yet. */
export async function wipeContacts(tx: Tx, workspaceId: string, ids: readonly string[], now: Date): Promise<void> {
  await tx.query(
    sql`UPDATE contact SET
          external_key = NULL, name = NULL, first_name = NULL, last_name = NULL, nickname = NULL, email = NULL,
          shares_email = false, phone = NULL, phone_input = NULL, address = NULL, postal_code = NULL, city = NULL,
          area = NULL, company = NULL, website = NULL, note = NULL, gender = NULL, birth_year = NULL,
          deleted_at = coalesce(deleted_at, ${now}::timestamptz), erased_at = ${now}::timestamptz,
          updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
}

/** The country whose form telephone numbers without a country code have; null: they are refused. */
export async function defaultCountry(db: Queryable, workspaceId: string): Promise<Country | null> {
  const [row] = await db.query<{ country: string | null }>(
    sql`SELECT default_country AS country FROM workspace WHERE id = ${workspaceId}::uuid`,
  )
  return row?.country && isCountry(row.country) ? row.country : null
}

export async function setDefaultCountryRow(
  tx: Tx,
  workspaceId: string,
  country: Country | null,
  now: Date,
): Promise<void> {
  await tx.query(
    sql`UPDATE workspace SET default_country = ${country}, updated_at = ${now}::timestamptz
        WHERE id = ${workspaceId}::uuid`,
  )
}

/** Gives a violated rule of the table the error that callers expect; throws `error` itself when it is none. */
export function throwConflict(error: unknown): never {
  const constraint = violatedConstraint(error)
  if (constraint === 'contact_email_key') throw emailConflict()
  if (constraint === 'contact_external_key_key') throw externalKeyConflict()
  throw error
}

export function emailConflict(): ExpectedError {
  return new ExpectedError('CONTACT_CONFLICT', 'Another contact has this e-mail address.', { path: ['email'] })
}

export function externalKeyConflict(): ExpectedError {
  return new ExpectedError('CONTACT_CONFLICT', 'Another contact has this external key.', { path: ['externalKey'] })
}
