import type { Queryable, Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { holdLink, listQuestions } from '../links/index.ts'
import type { World } from '../world.ts'
import { parseAnswerValue } from './answer-value.ts'
import { completeLocked, standingOf } from './complete-response.ts'
import { followUpQuestion, listFollowUps, settleWithoutReplies } from './follow-ups.ts'
import { keepAnswer } from './keep-answer.ts'
import { asText } from './record-answer.ts'
import {
  insertResponse,
  latestResponseOf,
  listAnswers,
  lockRespondent,
  lockResponse,
  type PlacedQuestion,
  type ResponseRow,
} from './store.ts'

/** What is known of a person when a call begins to ask. */
export interface PhoneSession {
  /** By field key; a recording or a file is an answer of null. */
  answers: Record<string, unknown>
  /** Why nothing is to be asked: everything was answered meanwhile, or the link takes no more. Null: all may be. */
  closed: 'answered' | 'link_closed' | null
}

/**
 * Begins the response of a respondent whose call was answered, or goes on with the one that is open, whoever began it.
 * The caller is the dialling engine: there is no viewer, the workspace bounds it.
 */
export async function openPhoneSession(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  respondentId: string,
): Promise<PhoneSession> {
  const open = await lockOpenResponse(tx, workspaceId, respondentId)
  if (open) {
    const answers = await listAnswers(tx, workspaceId, open.id)
    return { answers: Object.fromEntries(answers.map((each) => [each.field_key, each.value])), closed: null }
  }
  const respondent = await lockRespondent(tx, workspaceId, respondentId)
  const link = respondent && (await holdLink(tx, workspaceId, respondent.link_id))
  const isAnswered = respondent?.status === 'surveyed' || respondent?.status === 'analyzed'
  if (isAnswered) return { answers: {}, closed: 'answered' }
  if (!respondent || !link || link.deleted_at !== null) return { answers: {}, closed: 'link_closed' }
  if (link.max_responses !== null && link.response_count >= link.max_responses)
    return { answers: {}, closed: 'link_closed' }
  // The page may have opened one while the row was waited for.
  if (await lockOpenResponse(tx, workspaceId, respondentId)) {
    return openPhoneSession(world, tx, emit, workspaceId, respondentId)
  }
  const { link_id: linkId } = respondent
  const [id, sessionId, now] = [world.newId(), world.newId(), world.clock.now()]
  await insertResponse(tx, { id, workspaceId, linkId, respondentId, sessionId, channel: 'phone', now })
  emit('response.started', { linkId, responseId: id, respondentId, channel: 'phone' })
  return { answers: {}, closed: null }
}

export interface PhoneAnswer {
  fieldKey: string
  /** Of a recording: null. */
  value: unknown
  recordingId: string | null
}

/**
 * Saves what was answered in a call. What the question does not take any more, and what comes after the response was
 * submitted, is left out. Says whether there was a response to save it in.
 */
export async function recordPhoneAnswers(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { respondentId, callId, answers }: { respondentId: string; callId: string; answers: readonly PhoneAnswer[] },
): Promise<boolean> {
  const response = await lockOpenResponse(tx, workspaceId, respondentId)
  if (!response) return false
  const questions = await listQuestions(tx, workspaceId, response.link_id)
  const asked = new Map<string, PlacedQuestion>()
  for (const followUp of await listFollowUps(tx, workspaceId, response.id)) {
    const question = followUpQuestion(followUp, questions)
    if (question) asked.set(question.field_key, question)
  }
  questions.forEach((question, place) => {
    asked.set(question.field_key, { ...question, place })
  })
  for (const { fieldKey, value, recordingId } of answers) {
    const question = asked.get(fieldKey)
    if (!question || (recordingId === null && !fits(question, value))) continue
    await keepAnswer(world, tx, emit, response, question, {
      ...(recordingId === null ? { value, text: asText(value) } : { value: undefined, text: null }),
      ...{ uploadId: null, phone: { callId, recordingId } },
    })
  }
  return true
}

/**
 * What was answered in the responses of respondents that are open, by the respondent's id and by field key; a recording or
 * a file is an answer of null. Those who have none are left out.
 */
export async function openAnswersOf(
  db: Queryable,
  workspaceId: string,
  respondentIds: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  if (respondentIds.length === 0) return new Map()
  const rows = await db.query<{ respondent_id: string; answers: Record<string, unknown> }>(
    sql`SELECT r.respondent_id,
               coalesce((SELECT json_object_agg(a.field_key, a.value) FROM answer a
                         WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = r.id), '{}') AS answers
        FROM (SELECT DISTINCT ON (respondent_id) respondent_id, id, status FROM response
              WHERE workspace_id = ${workspaceId}::uuid AND respondent_id = ANY(${[...respondentIds]}::uuid[])
              ORDER BY respondent_id, started_at DESC, id DESC) r
        WHERE r.status = 'started'`,
  )
  return new Map(rows.map(({ respondent_id: id, answers }) => [id, answers]))
}

/** What was asked about what somebody said in a call. */
export interface AskedByPhone {
  /** The field keys of answers and replies about which nothing more is asked. */
  judged: string[]
  /** Those that have no reply, in the order of what they follow. */
  open: { fieldKey: string; follows: string; prompt: string; isLast: boolean }[]
}

/** What the open response of a respondent has been asked besides its questions; nothing once it is submitted. */
export async function followUpsOfCall(tx: Tx, workspaceId: string, respondentId: string): Promise<AskedByPhone> {
  const response = await latestResponseOf(tx, workspaceId, respondentId)
  if (!response || response.status === 'completed') return { judged: [], open: [] }
  const questions = await listQuestions(tx, workspaceId, response.link_id)
  const answers = await listAnswers(tx, workspaceId, response.id)
  const answered = new Set(answers.map((answer) => answer.field_key))
  const open = (await listFollowUps(tx, workspaceId, response.id)).flatMap((followUp) => {
    const { field_key: fieldKey, follows, prompt } = followUp
    const question = answered.has(fieldKey) ? undefined : followUpQuestion(followUp, questions)
    return question ? { fieldKey, follows, prompt, isLast: question.follows!.isLast } : []
  })
  const judged = answers.flatMap(({ field_key: key, probing }) => (probing === 'pending' ? [] : key))
  return { judged, open }
}

/**
 * Submits the response of a respondent who has answered by phone all that a phone can ask, once the recordings of it are
 * here. What is left for the page, `unaskable`, is not missed, but for a `later` visit: then the response stays open as
 * long as any of it is shown and not answered. Returns whether something is left for the page.
 */
export async function finishPhoneResponse(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { respondentId, unaskable, later }: { respondentId: string; unaskable: readonly string[]; later: boolean },
): Promise<{ left: boolean }> {
  const response = await lockOpenResponse(tx, workspaceId, respondentId)
  if (!response) return { left: false }
  const standing = await standingOf(tx, response)
  const answered = new Set(standing.answers.map((answer) => answer.field_key))
  const left = unaskable.some((fieldKey) => standing.visible.has(fieldKey) && !answered.has(fieldKey))
  if (left && later) return { left }
  const missing = standing.missing.filter(({ path }) => !unaskable.includes(String(path[0])))
  if (missing.length > 0) return { left: false }
  if (await awaitsRecordings(tx, response)) {
    await tx.query(
      sql`UPDATE response SET awaits_recordings = true
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${response.id}::uuid`,
    )
  } else {
    // Of a link that is full it stays open, as the page's does that comes too late.
    await completeLocked(tx, emit, response, standing, world.clock.now())
  }
  return { left: false }
}

/**
 * Submits a response whose last recording has come, or will not. What a recording was the only answer to, and must be
 * answered, keeps it open.
 */
export async function recordingSettled(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  responseId: string,
): Promise<void> {
  await settleWithoutReplies(tx, workspaceId, responseId)
  const [row] = await tx.query<{ session_id: string; awaits_recordings: boolean }>(
    sql`SELECT session_id, awaits_recordings FROM response
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${responseId}::uuid`,
  )
  const response = row?.awaits_recordings ? await lockResponse(tx, row.session_id) : undefined
  if (!response || response.status === 'completed' || (await awaitsRecordings(tx, response))) return
  await tx.query(
    sql`UPDATE response SET awaits_recordings = false
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${responseId}::uuid`,
  )
  const standing = await standingOf(tx, response)
  const isLost = ({ path }: { path: readonly (string | number)[] }) =>
    standing.questions.some(({ field_key: key, type }) => key === path[0] && type.startsWith('voice'))
  if (standing.missing.some(isLost)) return
  // Or it stays open, as above.
  await completeLocked(tx, emit, response, standing, world.clock.now())
}

/** Locks the newest response of a respondent, if it is not submitted; before the respondent itself, as the page does. */
async function lockOpenResponse(tx: Tx, workspaceId: string, respondentId: string): Promise<ResponseRow | undefined> {
  const latest = await latestResponseOf(tx, workspaceId, respondentId)
  if (!latest || latest.status === 'completed') return undefined
  const locked = await lockResponse(tx, latest.session_id)
  return locked?.status === 'started' ? locked : undefined
}

async function awaitsRecordings(tx: Tx, { workspace_id: workspaceId, id }: ResponseRow): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT 1 FROM answer a
        JOIN recording r ON r.workspace_id = a.workspace_id AND r.id = a.recording_id
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.response_id = ${id}::uuid AND a.upload_id IS NULL
          AND r.state = 'pending' LIMIT 1`,
  )
  return rows.length > 0
}

function fits(question: Parameters<typeof parseAnswerValue>[0], value: unknown): boolean {
  try {
    parseAnswerValue(question, value)
    return true
  } catch (error) {
    if (error instanceof ValidationError) return false
    throw error
  }
}
