import type { Client } from 'pg'

/** A submitted response of each link, to speak of in events. */
export interface Subject {
  linkUuid: string
  responseId: string
  respondentId: string
}

export async function readSubjects(client: Client): Promise<Map<string, Subject>> {
  const { rows } = await client.query<{ link_id: string; id: string; respondent_id: string }>(
    "SELECT link_id, id, respondent_id FROM response WHERE status = 'completed'",
  )
  return new Map(
    rows.map((row) => [row.link_id, { linkUuid: row.link_id, responseId: row.id, respondentId: row.respondent_id }]),
  )
}

/** Appends `response.submitted` for each subject to the log, as a process of its own would, in one transaction. */
export async function appendSubmitted(client: Client, subjects: readonly Subject[]): Promise<void> {
  const payloads = subjects.map(({ linkUuid, responseId, respondentId }) => ({
    linkId: linkUuid,
    responseId,
    respondentId,
    channel: 'web',
  }))
  await client.query(
    `WITH head AS (
       UPDATE event_head SET position = position + $1::int RETURNING workspace_id, position - $1::int AS base
     )
     INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
     SELECT head.workspace_id, head.base + e.n, gen_random_uuid(), 'response.submitted',
            (e.payload->>'linkId')::uuid, now(), e.payload
     FROM head, jsonb_array_elements($2::jsonb) WITH ORDINALITY AS e(payload, n)`,
    [payloads.length, JSON.stringify(payloads)],
  )
}
