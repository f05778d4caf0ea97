import { sql } from '../../db/sql.ts'
import type { SmsEvent } from '../../providers/sms/index.ts'
import { recordOptIns, recordOptOuts } from '../contacts/index.ts'
import type { World } from '../world.ts'
import { wishOf } from './stop-words.ts'

export type InboundSms = Extract<SmsEvent, { type: 'inbound' }>

/** Who was texted longer ago than this is not meant by a STOP, in days. */
const STOP_DAYS = 90
const DAY_MS = 86_400_000

/**
 * Does what a person who texts back wants. STOP opts the number out of SMS in every workspace that texted it lately, since
 * nobody can tell which of them is meant; START takes that back, however long ago it was. Anything else changes nothing.
 * Returns how many workspaces were concerned. May be repeated.
 */
export async function recordInbound(world: World, { from, text, at, part }: InboundSms): Promise<number> {
  const wish = part ? undefined : wishOf(text)
  if (!wish || !from.startsWith('+')) return 0
  const since = wish === 'stop' ? new Date(at.getTime() - STOP_DAYS * DAY_MS) : new Date(0)
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
