import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { lockForAnalysis } from './analysis-store.ts'
import { lockRespondent, type RespondentStatus } from './store.ts'

/**
 * Empties what contacts have said, and what was made of it: values and texts of answers, transcripts, insights,
 * what was asked about them, the address noted with a response, what a legacy API was told of a respondent. Uploads are left to the sweep, which removes their bytes. Responses and answers stay,
 * with what was asked, so that counts stay true. Returns the responses.
 */
export async function eraseAnswersOf(
  tx: Tx,
  workspaceId: string,
  contactIds: readonly string[],
  now: Date,
): Promise<string[]> {
  const ids = await lockResponsesOf(tx, workspaceId, contactIds)
  await tx.query(
    sql`UPDATE respondent SET legacy_form = NULL, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])
          AND legacy_form IS NOT NULL`,
  )
  if (ids.length === 0) return ids
  await tx.query(
    sql`DELETE FROM insight i USING answer a
        WHERE i.workspace_id = ${workspaceId}::uuid AND a.workspace_id = i.workspace_id AND a.id = i.answer_id
          AND a.response_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    sql`DELETE FROM transcript t USING answer a
        WHERE t.workspace_id = ${workspaceId}::uuid AND a.workspace_id = t.workspace_id AND a.id = t.answer_id
          AND a.response_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    // A follow-up may repeat what was said.
    sql`UPDATE answer
        SET value = NULL, text = NULL, upload_id = NULL, process_due_at = NULL, updated_at = ${now}::timestamptz,
            question_text = CASE WHEN follow_up_id IS NULL THEN question_text ELSE '' END,
            probing = CASE WHEN probing IS NOT NULL THEN 'settled'::probing_state END
        WHERE workspace_id = ${workspaceId}::uuid AND response_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    sql`UPDATE follow_up SET prompt = ''
        WHERE workspace_id = ${workspaceId}::uuid AND response_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    sql`UPDATE upload SET state = 'discarded', due_at = ${now}::timestamptz, file_name = NULL, waveform = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND response_id = ANY(${ids}::uuid[])`,
  )
  await tx.query(
    // What was said in a call is gone: nothing is waited for any more.
    sql`UPDATE response SET respondent_email = NULL, awaits_recordings = false, updated_at = ${now}::timestamptz
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  return ids
}

/**
 * Locks the responses that contacts have given, in the order of their ids, for who is about to lock respondents: who
 * submits a response holds it before its respondent. Returns their ids.
 */
export async function lockResponsesOf(tx: Tx, workspaceId: string, contactIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT r.id FROM response r JOIN respondent p ON p.workspace_id = r.workspace_id AND p.id = r.respondent_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND p.contact_id = ANY(${contactIds}::uuid[])
        ORDER BY r.id FOR UPDATE OF r`,
  )
  return rows.map(({ id }) => id)
}

/** The participations of contacts. */
export async function respondentsOf(tx: Tx, workspaceId: string, contactIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    sql`SELECT id FROM respondent
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])`,
  )
  return rows.map(({ id }) => id)
}

/**
 * Removes a response with its answers and what was made of them. Uploads are left to the sweep, which removes their bytes;
 * until then they belong to no response. Counts follow. An anonymous respondent whom nothing else knows is removed as
 * well. Undefined when there is no such response.
 */
export async function removeResponse(
  tx: Tx,
  workspaceId: string,
  id: string,
  now: Date,
): Promise<{ linkId: string; respondentId: string } | undefined> {
  const response = await lockForAnalysis(tx, workspaceId, id)
  if (!response) return undefined
  const { link_id: linkId, respondent_id: respondentId, status } = response
  // Transcripts, insights, words for search, and follow-ups with their replies go with the answers.
  await tx.query(sql`DELETE FROM answer WHERE workspace_id = ${workspaceId}::uuid AND response_id = ${id}::uuid`)
  await tx.query(
    sql`UPDATE upload SET response_id = NULL, state = 'discarded', due_at = ${now}::timestamptz, file_name = NULL,
               waveform = NULL
        WHERE workspace_id = ${workspaceId}::uuid AND response_id = ${id}::uuid`,
  )
  await tx.query(sql`DELETE FROM response WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`)
  if (status === 'completed') {
    await tx.query(
      sql`UPDATE link SET response_count = response_count - 1
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${linkId}::uuid`,
    )
  }
  // A page may be opening a session of it.
  await lockRespondent(tx, workspaceId, respondentId)
  await tx.query(
    sql`DELETE FROM respondent p WHERE p.workspace_id = ${workspaceId}::uuid AND p.id = ${respondentId}::uuid
          AND p.contact_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM response r WHERE r.workspace_id = p.workspace_id AND r.respondent_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM receiver r WHERE r.workspace_id = p.workspace_id AND r.respondent_id = p.id)
          AND NOT EXISTS (SELECT 1 FROM call c WHERE c.workspace_id = p.workspace_id AND c.respondent_id = p.id)`,
  )
  return { linkId, respondentId }
}

/**
 * The participation that stands for this one: its own, unless its contact was merged into one that took part as well, and
 * then that one's.
 */
export async function standingFor(db: Queryable, workspaceId: string, respondentId: string): Promise<string> {
  const [row] = await db.query<{ id: string }>(
    sql`WITH RECURSIVE person AS (
          SELECT p.link_id, c.id, c.merged_into_id
          FROM respondent p JOIN contact c ON c.workspace_id = p.workspace_id AND c.id = p.contact_id
          WHERE p.workspace_id = ${workspaceId}::uuid AND p.id = ${respondentId}::uuid AND c.merged_into_id IS NOT NULL
          UNION ALL
          SELECT d.link_id, c.id, c.merged_into_id FROM person d JOIN contact c ON c.id = d.merged_into_id
          WHERE c.workspace_id = ${workspaceId}::uuid
        )
        SELECT p.id FROM person k JOIN respondent p ON p.link_id = k.link_id AND p.contact_id = k.id
        WHERE p.workspace_id = ${workspaceId}::uuid AND k.merged_into_id IS NULL
        ORDER BY p.id LIMIT 1`,
  )
  return row?.id ?? respondentId
}

/** How far each status is: of two participations that become one the further one's counts. */
const RANK: readonly RespondentStatus[] = ['invalid', 'created', 'queued', 'called', 'surveyed', 'analyzed']

/**
 * Makes a contact the respondent that a duplicate of it was. Where both take part in a link, the responses move to the
 * participation of the one that is kept; the other's stays with the duplicate, empty, so that its personal address and
 * its number keep leading somewhere: to the one that is kept, by `standingFor`. The caller holds the duplicate's responses.
 */
export async function moveRespondents(
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { from, to }: { from: string; to: string },
  now: Date,
): Promise<void> {
  const both = await tx.query<{
    link_id: string
    from_id: string
    from_status: RespondentStatus
    to_id: string
    to_status: RespondentStatus
  }>(
    sql`SELECT f.link_id, f.id AS from_id, f.status AS from_status, t.id AS to_id, t.status AS to_status
        FROM respondent f JOIN respondent t ON t.workspace_id = f.workspace_id AND t.link_id = f.link_id
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.contact_id = ${from}::uuid AND t.contact_id = ${to}::uuid
        ORDER BY f.id, t.id FOR UPDATE OF f, t`,
  )
  for (const pair of both) {
    await tx.query(
      sql`UPDATE response SET respondent_id = ${pair.to_id}::uuid
          WHERE workspace_id = ${workspaceId}::uuid AND respondent_id = ${pair.from_id}::uuid`,
    )
    if (RANK.indexOf(pair.from_status) <= RANK.indexOf(pair.to_status)) continue
    await tx.query(
      sql`UPDATE respondent SET status = ${pair.from_status}::respondent_status, updated_at = ${now}::timestamptz
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${pair.to_id}::uuid`,
    )
    const change = { linkId: pair.link_id, respondentId: pair.to_id, from: pair.to_status, to: pair.from_status }
    emit('respondent.statusChanged', change)
  }
  await tx.query(
    sql`UPDATE respondent SET contact_id = ${to}::uuid
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ${from}::uuid
          AND id <> ALL(${both.map((pair) => pair.from_id)}::uuid[])`,
  )
}
