import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import type { RespondentStatus } from './store.ts'

/** From where each status is entered (contract/saygent.md 6). Surveyed and analyzed follow from responses. */
const FROM = {
  queued: ['created', 'called'],
  called: ['created', 'queued'],
  invalid: ['created', 'queued', 'called'],
  /** No call will be made after all. */
  created: ['queued'],
} as const satisfies Partial<Record<RespondentStatus, readonly RespondentStatus[]>>

export type CallingStatus = keyof typeof FROM

/** From where a survey that asks people more than once calls them as well. */
const ANSWERED: readonly RespondentStatus[] = ['surveyed', 'analyzed']

/**
 * Lets respondents follow what becomes of their calls; a status that cannot be entered from the present one changes
 * nothing. The rows are locked in the order of their ids.
 */
export async function moveStatus(
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  moves: ReadonlyMap<string, CallingStatus>,
  now: Date,
  { allowRepeats = false }: { allowRepeats?: boolean } = {},
): Promise<void> {
  if (moves.size === 0) return
  const rows = await tx.query<{ id: string; link_id: string; status: RespondentStatus }>(
    sql`SELECT id, link_id, status FROM respondent
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${[...moves.keys()]}::uuid[]) ORDER BY id FOR UPDATE`,
  )
  const changes = rows.flatMap(({ id, link_id: linkId, status: from }) => {
    const to = moves.get(id)!
    const isRepeated = to === 'queued' && allowRepeats && ANSWERED.includes(from)
    return isRepeated || (FROM[to] as readonly RespondentStatus[]).includes(from) ? [{ id, linkId, from, to }] : []
  })
  if (changes.length === 0) return
  await tx.query(
    sql`UPDATE respondent p SET status = n.status, updated_at = ${now}::timestamptz
        FROM unnest(${changes.map(({ id }) => id)}::uuid[], ${changes.map(({ to }) => to)}::respondent_status[])
          AS n(id, status)
        WHERE p.workspace_id = ${workspaceId}::uuid AND p.id = n.id`,
  )
  for (const { id: respondentId, linkId, from, to } of changes) {
    emit('respondent.statusChanged', { linkId, respondentId, from, to })
  }
}
