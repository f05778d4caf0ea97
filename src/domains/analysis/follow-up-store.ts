import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { FollowUpFound } from '../../providers/insight/index.ts'

export type TranscriptionState = 'pending' | 'done' | 'failed' | 'unavailable'

/** What somebody said or wrote. */
export interface Said {
  id: string
  field_key: string
  /** Null of a recording that was not transcribed. */
  text: string | null
  /** BCP 47, of the newest transcript. */
  language: string | null
  probing: 'pending' | 'settled' | null
}

/** An answer to a question of a link, with everything that its probing is decided upon. */
export interface ProbedAnswer extends Said {
  workspace_id: string
  response_id: string
  link_id: string
  /** Null once it was deleted. */
  question_id: string | null
  question_text: string
  /** BCP 47, of the link; null: nobody said. */
  link_language: string | null
  /** Whether more may be asked: the response is not submitted, its link is there. */
  is_open: boolean
  /** In the order in which they were asked. */
  exchanges: { id: string; number: number; prompt: string; reply: Said | null }[]
}

/** The answer itself, or the one that it replies to a follow-up of. Undefined when it is gone. */
export async function findProbed(
  db: Queryable,
  workspaceId: string,
  answerId: string,
): Promise<ProbedAnswer | undefined> {
  const [row] = await db.query<ProbedAnswer>(
    sql`SELECT a.id, a.field_key, a.text, a.probing, a.workspace_id, a.response_id, r.link_id, a.question_id, a.question_text,
               l.language AS link_language,
               r.status = 'started' AND l.deleted_at IS NULL AS is_open,
               (SELECT t.language FROM transcript t WHERE t.answer_id = a.id ORDER BY t.version DESC LIMIT 1) AS language,
               coalesce((
                 SELECT json_agg(json_build_object('id', f.id, 'number', f.number, 'prompt', f.prompt, 'reply',
                          CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'field_key', p.field_key, 'text', p.text,
                            'probing', p.probing, 'language', (SELECT t.language FROM transcript t WHERE t.answer_id = p.id
                                                               ORDER BY t.version DESC LIMIT 1)) END) ORDER BY f.number)
                 FROM follow_up f LEFT JOIN answer p ON p.workspace_id = f.workspace_id AND p.follow_up_id = f.id
                 WHERE f.workspace_id = a.workspace_id AND f.answer_id = a.id), '[]'::json) AS exchanges
        FROM answer a
        JOIN response r ON r.workspace_id = a.workspace_id AND r.id = a.response_id
        JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.id = coalesce(
          (SELECT f.answer_id FROM answer p JOIN follow_up f ON f.workspace_id = p.workspace_id AND f.id = p.follow_up_id
           WHERE p.workspace_id = ${workspaceId}::uuid AND p.id = ${answerId}::uuid), ${answerId}::uuid)`,
  )
  return row
}

/** The answer and the replies, in the order in which they were given. */
export function saidIn(answer: ProbedAnswer): Said[] {
  return [answer, ...answer.exchanges.flatMap(({ reply }) => reply ?? [])]
}

/** Locks a response against changes of its answers, and holds its link, deleted or not. */
export async function holdResponse(tx: Tx, workspaceId: string, id: string): Promise<void> {
  await tx.query(
    sql`SELECT 1 FROM response r JOIN link l ON l.workspace_id = r.workspace_id AND l.id = r.link_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${id}::uuid FOR UPDATE OF r FOR KEY SHARE OF l`,
  )
}

/** Nothing more is judged of these answers until somebody says something new. */
export async function settleProbing(tx: Tx, workspaceId: string, answerIds: readonly string[]): Promise<void> {
  await tx.query(
    sql`UPDATE answer SET probing = 'settled'
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${answerIds}::uuid[]) AND probing = 'pending'`,
  )
}

export async function insertFollowUp(
  tx: Tx,
  followUp: {
    id: string
    answer: ProbedAnswer
    fieldKey: string
    number: number
    found: FollowUpFound
    method: string
    now: Date
  },
): Promise<void> {
  const { id, answer, found, method, now } = followUp
  await tx.query(
    sql`INSERT INTO follow_up (id, workspace_id, response_id, answer_id, field_key, number, prompt, language, asks, method,
                               created_at)
        VALUES (${id}::uuid, ${answer.workspace_id}::uuid, ${answer.response_id}::uuid, ${answer.id}::uuid,
                ${followUp.fieldKey}, ${followUp.number}::int, ${found.prompt}, ${found.language}, ${found.asks}, ${method},
                ${now}::timestamptz)`,
  )
}
