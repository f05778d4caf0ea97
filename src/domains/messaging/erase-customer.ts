import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { holdPool } from './pool-store.ts'

export interface EraseCustomerInput {
  /** The customer's address on a channel, as it came with messages. */
  customerChannelIdentifier: string
}

export interface ErasedCustomer {
  /** Where the customer was, on every channel; they stay, without a name. */
  threadIds: string[]
}

const schema = z.object({ customerChannelIdentifier: line(320) })

/**
 * Erases a customer from everything that was ever exchanged: the address, what was said in the messages and what came
 * with them, and clients' names of the conversations, which may be the address itself. That there were messages, when, and
 * of which country stays, so every number stays what it was. Whoever has the address later is somebody new. Erasing again,
 * or one who was never there, changes nothing. Throws INSUFFICIENT_SCOPE (`messages:write`), VALIDATION_FAILED.
 */
export async function eraseCustomer(world: World, viewer: Viewer, input: EraseCustomerInput): Promise<ErasedCustomer> {
  requireScope(viewer, 'messages:write')
  const { customerChannelIdentifier } = parse(schema, input)
  const { workspaceId } = viewer
  const threadIds = await world.events.write(workspaceId, (tx, emit) =>
    eraseIdentifiers(world, tx, emit, workspaceId, [customerChannelIdentifier]),
  )
  return { threadIds }
}

/** The same of telephone numbers (E.164) and e-mail addresses, as part of a greater change; also where clients wrote them otherwise. */
export async function eraseCustomersAt(
  world: Pick<World, 'clock'>,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) return
  await eraseIdentifiers(world, tx, emit, workspaceId, [...new Set(addresses.flatMap(spellingsOf))])
}

function spellingsOf(address: string): string[] {
  if (!address.startsWith('+')) return [address, address.toLowerCase()]
  const digits = address.slice(1)
  return [address, digits, `00${digits}`]
}

async function eraseIdentifiers(
  { clock }: Pick<World, 'clock'>,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  identifiers: readonly string[],
): Promise<string[]> {
  // Who adds messages meanwhile has done so, or finds nobody of this name.
  await holdPool(tx, workspaceId, 0, clock.now())
  const threads = await tx.query<{ id: string; reduced: string[] }>(
    sql`UPDATE message_thread SET customer_identifier = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND customer_identifier = ANY(${[...identifiers]}::text[])
        RETURNING id, reduced_conversation_ids AS reduced`,
  )
  if (threads.length === 0) return []
  const threadIds = threads.map(({ id }) => id)
  await tx.query(
    sql`UPDATE conversation SET key = 'erased-' || gen_random_uuid()
        WHERE workspace_id = ${workspaceId}::uuid AND (
          id = ANY(${threads.flatMap(({ reduced }) => reduced)}::uuid[])
          OR id IN (SELECT conversation_id FROM message
                    WHERE workspace_id = ${workspaceId}::uuid AND thread_id = ANY(${threadIds}::uuid[])))`,
  )
  await tx.query(
    sql`UPDATE message SET content = NULL, sealed_content = NULL, extra = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND thread_id = ANY(${threadIds}::uuid[])
          AND (content IS NOT NULL OR sealed_content IS NOT NULL OR extra IS NOT NULL)`,
  )
  emit('messages.customerErased', { threadIds })
  return threadIds
}
