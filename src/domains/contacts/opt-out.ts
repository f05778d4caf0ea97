import { z } from 'zod'
import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Sealer } from '../../platform/sealed.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { normalEmail, parsePhone } from './phone.ts'
import { type ContactRow, contactColumns, defaultCountry } from './store.ts'

/** The ways in which people are addressed. Each has opt-outs of its own. */
export const OUTREACH_CHANNELS = ['call', 'sms', 'email'] as const
export type OutreachChannel = (typeof OUTREACH_CHANNELS)[number]

/** Whom an opt-out is about: a contact's addresses, or an address that need not be a contact's. Exactly one. */
export interface OptOutInput {
  contactId?: string | null
  phone?: string | null
  email?: string | null
  channels: readonly OutreachChannel[]
}

const schema = z.object({
  contactId: z.string().nullish(),
  phone: line(100).nullish(),
  email: line(320).pipe(z.email('must be an e-mail address')).nullish(),
  channels: z.array(z.enum(OUTREACH_CHANNELS)).min(1, 'must name a channel'),
})

/** An address on a channel: E.164 for calls and SMS. */
export interface Address {
  channel: OutreachChannel
  address: string
}

/** The keyed hash that an opt-out is kept as; it outlives the erasure of the contact. */
function hashOf(sealer: Sealer, workspaceId: string, { channel, address }: Address): string {
  const normal = channel === 'email' ? normalEmail(address) : address
  return sealer.fingerprint(`${channel}:${normal}`, `opt-out ${workspaceId}`)
}

/**
 * Opts addresses out of channels: nothing may be sent there until they opt in again, whichever contact has the address.
 * Doing it again changes nothing. Throws INSUFFICIENT_SCOPE (`contacts:write`), NOT_FOUND, VALIDATION_FAILED (rule
 * `no_address` when the contact has none for a channel).
 */
export async function optOut(world: World, viewer: Viewer, input: OptOutInput): Promise<void> {
  const { addresses, contactId } = await target(world, viewer, input)
  await world.events.write(viewer.workspaceId, (tx, emit) =>
    recordOptOuts(world, tx, emit, viewer.workspaceId, contactId, addresses),
  )
}

/** Takes opt-outs back. Throws as `optOut` does. */
export async function optIn(world: World, viewer: Viewer, input: OptOutInput): Promise<void> {
  const { workspaceId } = viewer
  const { addresses, contactId } = await target(world, viewer, input)
  await world.events.write(workspaceId, async (tx, emit) => {
    await recordOptIns(world, tx, emit, workspaceId, contactId, addresses)
  })
}

/** The same within a change of its own: an inbound START. */
export async function recordOptIns(
  { sealer }: Pick<World, 'sealer'>,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  contactId: string | null,
  addresses: readonly Address[],
): Promise<void> {
  const hashes = addresses.map((each) => hashOf(sealer, workspaceId, each))
  const gone = await tx.query<{ channel: OutreachChannel }>(
    sql`DELETE FROM opt_out WHERE workspace_id = ${workspaceId}::uuid AND address_hash = ANY(${hashes}::text[])
        RETURNING channel`,
  )
  for (const { channel } of gone) emit('contact.optedIn', { contactId, channel })
}

/** For who learns of an opt-out within a change of its own: a keypress, an inbound STOP, an unsubscribe link. */
export async function recordOptOuts(
  { sealer, clock }: Pick<World, 'sealer' | 'clock'>,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  contactId: string | null,
  addresses: readonly Address[],
): Promise<void> {
  const hashes = addresses.map((each) => hashOf(sealer, workspaceId, each))
  const made = await tx.query<{ channel: OutreachChannel }>(
    sql`INSERT INTO opt_out (workspace_id, channel, address_hash, created_at)
        SELECT ${workspaceId}::uuid, o.channel, o.hash, ${clock.now()}::timestamptz
        FROM unnest(${addresses.map(({ channel }) => channel)}::text[], ${hashes}::text[]) AS o(channel, hash)
        ON CONFLICT DO NOTHING RETURNING channel`,
  )
  for (const { channel } of made) emit('contact.optedOut', { contactId, channel })
}

/** Which of the addresses are opted out, by their places in the list; one statement. */
export async function optedOutAmong(
  { sealer }: Pick<World, 'sealer'>,
  db: Queryable,
  workspaceId: string,
  addresses: readonly Address[],
): Promise<boolean[]> {
  if (addresses.length === 0) return []
  const hashes = addresses.map((each) => hashOf(sealer, workspaceId, each))
  const rows = await db.query<{ hash: string }>(
    sql`SELECT address_hash AS hash FROM opt_out
        WHERE workspace_id = ${workspaceId}::uuid AND channel = ANY(${[...OUTREACH_CHANNELS]}::text[])
          AND address_hash = ANY(${hashes}::text[])`,
  )
  const found = new Set(rows.map((row) => row.hash))
  return hashes.map((hash) => found.has(hash))
}

/** Whether nothing may be sent to an address. */
export async function isOptedOut(
  world: Pick<World, 'sealer'>,
  db: Queryable,
  workspaceId: string,
  address: Address,
): Promise<boolean> {
  return (await optedOutAmong(world, db, workspaceId, [address]))[0]!
}

/** The addresses of a contact on channels; those it lacks are left out. */
export function addressesOf(
  { phone, email }: { phone: string | null; email: string | null },
  channels: readonly OutreachChannel[] = OUTREACH_CHANNELS,
): Address[] {
  return channels.flatMap((channel) => {
    const address = channel === 'email' ? email : phone
    return address === null ? [] : [{ channel, address }]
  })
}

async function target(
  world: World,
  viewer: Viewer,
  input: OptOutInput,
): Promise<{ addresses: Address[]; contactId: string | null }> {
  requireScope(viewer, 'contacts:write')
  const { contactId, phone, email, channels } = parse(schema, input)
  const { workspaceId } = viewer
  if ([contactId, phone, email].filter((each) => each != null).length !== 1) {
    const message = 'name exactly one of contact, phone and e-mail'
    throw new ValidationError([{ path: [], rule: 'exactly_one', message }])
  }
  const distinct = [...new Set(channels)]
  const person =
    contactId != null ? await contactAddresses(world, workspaceId, contactId) : { phone: null, email: null }
  if (phone != null) person.phone = parsePhone(phone, await defaultCountry(world.db, workspaceId)) ?? null
  if (phone != null && person.phone === null) {
    throw new ValidationError([{ path: ['phone'], rule: 'phone_number', message: 'must be a valid number' }])
  }
  if (email != null) person.email = email
  const addresses = addressesOf(person, distinct)
  const without = distinct.find((channel) => !addresses.some((each) => each.channel === channel))
  if (without !== undefined) {
    const message = `there is no address for the channel ${without}`
    throw new ValidationError([{ path: ['channels', channels.indexOf(without)], rule: 'no_address', message }])
  }
  return { addresses, contactId: contactId ?? null }
}

async function contactAddresses(world: World, workspaceId: string, id: string) {
  const [contact] = isUuid(id)
    ? await world.db.query<ContactRow>(
        sql`SELECT ${contactColumns} FROM contact c
            WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ${id}::uuid AND c.deleted_at IS NULL`,
      )
    : []
  if (!contact) throw new NotFoundError('contact', ['contactId'])
  return { phone: contact.phone, email: contact.email }
}
