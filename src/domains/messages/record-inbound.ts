import { sql } from '../../db/sql.ts'
import { recordOptIns, recordOptOuts } from '../contacts/index.ts'
import type { World } from '../world.ts'
import { wishOf } from './stop-words.ts'
import { type InboundSms, tellReceived } from './tell-received.ts'

/** Who was texted longer ago than this is not meant by a STOP, in days. */
const STOP_DAYS = 90
const DAY_MS = 86_400_000

/**
 * Does what a person who texts back wants. STOP opts the number out of SMS in every workspace that texted it lately, since
 * nobody can tell which of them is meant; START takes that back, however long ago it was. Anything else changes nothing.
 * Whatever it says, the workspace that texted the number last is told that something came. Returns how many workspaces a
 * wish concerned. May be repeated.
 */
export async function recordInbound(world: World, sms: InboundSms): Promise<number> {
  const { from, text, at, part } = sms
  if (!from.startsWith('+')) return 0
  const lately = new Date(at.getTime() - STOP_DAYS * DAY_MS)
  const wish = part ? undefined : wishOf(text)
  const concerned = wish ? await grant(world, wish, from, wish === 'stop' ? lately : new Date(0)) : 0
  await tellReceived(world, sms, lately)
  return concerned
}

async function grant(world: World, wish: 'stop' | 'start', from: string, since: Date): Promise<number> {
  const meant = await world.db.query<{ workspace_id: string; contact_id: string }>(
    sql`SELECT DISTINCT ON (workspace_id) workspace_id, contact_id FROM outbound_message
        WHERE address = ${from} AND created_at > ${since}::timestamptz
        ORDER BY workspace_id, created_at DESC`,
  )
  const record = wish === 'stop' ? recordOptOuts : recordOptIns
  for (const { workspace_id: workspaceId, contact_id: contactId } of meant) {
    await world.events.write(workspaceId, (tx, emit) =>
      record(world, tx, emit, workspaceId, contactId, [{ channel: 'sms', address: from }]),
    )
  }
  return meant.length
}
