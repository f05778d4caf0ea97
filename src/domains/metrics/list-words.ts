import { sql } from '../../db/sql.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'

/** Every agent that a message or resolution ever named, ascending. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export function listAgents(world: World, viewer: Viewer): Promise<string[]> {
  return listWords(world, viewer, 'agent', '')
}

/** Every tag of the user's, without `user:`, ascending. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export function listTags(world: World, viewer: Viewer): Promise<string[]> {
  return listWords(world, viewer, 'tag', 'user:')
}

/**
 * Of them those that a conversation carries, by a message or its resolution: tags of messages without one are none of it
 * (contract/saysimple.md 11). Throws INSUFFICIENT_SCOPE (`messages:read`).
 */
export async function listConversationTags({ db }: World, viewer: Viewer): Promise<string[]> {
  requireScope(viewer, 'messages:read')
  const rows = await db.query<{ value: string }>(
    sql`SELECT substr(w.value, ${'user:'.length + 1}::int) AS value FROM message_word w
        WHERE w.workspace_id = ${viewer.workspaceId}::uuid AND w.kind = 'tag' AND starts_with(w.value, 'user:')
          -- A conversation is present by each of its tags, also when its messages were reduced.
          AND EXISTS (SELECT FROM metric_fact f
                      WHERE f.workspace_id = w.workspace_id AND f.kind = 'V' AND f.word_id = w.id)
        ORDER BY value COLLATE "C"`,
  )
  return rows.map(({ value }) => value)
}

/** Every team, without `team:`, ascending. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export function listTeams(world: World, viewer: Viewer): Promise<string[]> {
  return listWords(world, viewer, 'tag', 'team:')
}

async function listWords({ db }: World, viewer: Viewer, kind: string, prefix: string): Promise<string[]> {
  requireScope(viewer, 'messages:read')
  const rows = await db.query<{ value: string }>(
    sql`SELECT substr(value, ${prefix.length + 1}::int) AS value FROM message_word
        WHERE workspace_id = ${viewer.workspaceId}::uuid AND kind = ${kind} AND starts_with(value, ${prefix})
        ORDER BY value COLLATE "C"`,
  )
  return rows.map(({ value }) => value)
}

export interface Channel {
  /** Such as `WHATSAPP`. */
  channel: string
  tenantChannelIdentifier: string
}

/** Every channel with every address of the workspace on it, ascending. Throws INSUFFICIENT_SCOPE (`messages:read`). */
export async function listChannels({ db }: World, viewer: Viewer): Promise<Channel[]> {
  requireScope(viewer, 'messages:read')
  return db.query<Channel & object>(
    sql`SELECT channel, tenant_identifier AS "tenantChannelIdentifier" FROM message_channel c
        WHERE workspace_id = ${viewer.workspaceId}::uuid
          -- A channel that only came with what was refused is none.
          AND EXISTS (SELECT FROM message_thread t WHERE t.workspace_id = c.workspace_id AND t.channel_id = c.id)
        ORDER BY channel COLLATE "C", tenant_identifier COLLATE "C"`,
  )
}
