import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { probingOf, type QuestionRow } from '../links/index.ts'
import type { PlacedQuestion } from './store.ts'

/** A question that was asked about an unclear answer. */
export interface FollowUpRow {
  id: string
  /** The answer that it is about, and the key and question of that. */
  answer_id: string
  follows: string
  question_id: string | null
  field_key: string
  /** From 1, per answer. */
  number: number
  prompt: string
  /** BCP 47, as far as known. */
  language: string | null
}

/** What was asked in a response besides the questions of its link, in the order of those and of its asking. */
export async function listFollowUps(db: Queryable, workspaceId: string, responseId: string): Promise<FollowUpRow[]> {
  return db.query<FollowUpRow>(
    sql`SELECT f.id, f.answer_id, a.field_key AS follows, a.question_id, f.field_key, f.number, f.prompt, f.language
        FROM follow_up f JOIN answer a ON a.workspace_id = f.workspace_id AND a.id = f.answer_id
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.response_id = ${responseId}::uuid
        ORDER BY a."order", a.id, f.number`,
  )
}

/**
 * A follow-up as a question: it is answered as the one that it follows, but need not be, and is shown exactly as long as
 * that one is. Its id is the follow-up's. Undefined once that question was deleted, or became one that cannot be probed.
 */
export function followUpQuestion(followUp: FollowUpRow, questions: readonly QuestionRow[]): PlacedQuestion | undefined {
  const place = questions.findIndex((question) => question.id === followUp.question_id)
  const parent = questions[place]
  if (!parent || !isOpenEnded(parent)) return undefined
  const probing = probingOf(parent)
  return {
    ...parent,
    ...{ id: followUp.id, prompt: followUp.prompt, field_key: followUp.field_key, required: false, place },
    ...{ condition: {}, enable_dynamic_probing: false },
    follows: {
      ...{ questionId: parent.id, answerId: followUp.answer_id, fieldKey: followUp.follows },
      isLast: probing === null || followUp.number >= probing.maxFollowUps,
    },
  }
}

function isOpenEnded({ type }: QuestionRow): boolean {
  return type === 'text' || type === 'voice' || type === 'voice_text_fallback'
}

/** The questions of a link with each follow-up after what it follows. */
export function withFollowUps(
  questions: readonly QuestionRow[],
  followUps: readonly FollowUpRow[],
): (QuestionRow | PlacedQuestion)[] {
  return questions.flatMap((question) => [
    question,
    ...followUps
      .filter(({ question_id: id }) => id === question.id)
      .flatMap((followUp) => followUpQuestion(followUp, questions) ?? []),
  ])
}

/** The field keys of these questions that are shown, follow-ups among them, in their order. */
export function withShownFollowUps(
  visible: ReadonlySet<string>,
  questions: readonly QuestionRow[],
  followUps: readonly FollowUpRow[],
): Set<string> {
  const isShown = (question: QuestionRow | PlacedQuestion) =>
    visible.has('follows' in question && question.follows ? question.follows.fieldKey : question.field_key)
  const asked = withFollowUps(questions, followUps).filter(isShown)
  return new Set(asked.map((question) => question.field_key))
}

/**
 * Forgets what followed from an answer that is replaced: what it was heard as, what was made of it, what was asked about
 * it and what was replied. Returns the uploads that nothing has any more.
 */
export async function forgetWhatFollowed(tx: Tx, workspaceId: string, answerId: string): Promise<string[]> {
  const replies = await tx.query<{ upload_id: string | null }>(
    sql`DELETE FROM answer r USING follow_up f
        WHERE f.workspace_id = ${workspaceId}::uuid AND f.answer_id = ${answerId}::uuid
          AND r.workspace_id = f.workspace_id AND r.follow_up_id = f.id RETURNING r.upload_id`,
  )
  for (const gone of [sql`follow_up`, sql`insight`, sql`transcript`]) {
    await tx.query(sql`DELETE FROM ${gone} WHERE workspace_id = ${workspaceId}::uuid AND answer_id = ${answerId}::uuid`)
  }
  return replies.flatMap((row) => row.upload_id ?? [])
}

/** An answer whose reply is new is judged again. */
export async function probeAgain(tx: Tx, workspaceId: string, answerId: string): Promise<void> {
  await tx.query(
    sql`UPDATE answer SET probing = 'pending' WHERE workspace_id = ${workspaceId}::uuid AND id = ${answerId}::uuid`,
  )
}

/** Nothing is judged any more for a reply that was taken back. */
export async function settleWithoutReplies(tx: Tx, workspaceId: string, responseId: string): Promise<void> {
  await tx.query(
    sql`UPDATE answer p SET probing = 'settled'
        WHERE p.workspace_id = ${workspaceId}::uuid AND p.response_id = ${responseId}::uuid AND p.probing = 'pending'
          AND EXISTS (SELECT 1 FROM follow_up f WHERE f.workspace_id = p.workspace_id AND f.answer_id = p.id)
          AND NOT EXISTS (
            SELECT 1 FROM follow_up f JOIN answer r ON r.workspace_id = f.workspace_id AND r.follow_up_id = f.id
            WHERE f.workspace_id = p.workspace_id AND f.answer_id = p.id AND r.probing = 'pending')`,
  )
}
