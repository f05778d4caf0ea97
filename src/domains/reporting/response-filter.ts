import { empty, join, type Sql, sql } from '../../db/sql.ts'
import { isStorable } from '../../platform/validation.ts'

export type Sentiment = 'positive' | 'neutral' | 'negative' | 'mixed'

/** Which responses; what is given must all hold, null is not given. */
export interface ResponseFilter {
  status?: 'started' | 'completed' | null | undefined
  channel?: 'web' | 'phone' | null | undefined
  /** Within the respondent's e-mail address or the text of an answer, in any case. */
  search?: string | null | undefined
  /** Inclusive. */
  submittedFrom?: Date | null | undefined
  /** Exclusive. */
  submittedBefore?: Date | null | undefined
  /** Of the newest insight of an answer. */
  sentiment?: Sentiment | null | undefined
  /** Among the topics of the newest insight of an answer, in any case; with `sentiment`, of the same answer. */
  topic?: string | null | undefined
  /** Whether an answer is a recording. */
  hasRecording?: boolean | null | undefined
  /** Whether an analysis has found all that it will. */
  analyzed?: boolean | null | undefined
}

/** Types of answers that may be recordings. */
const SPOKEN = ['voice', 'voice_text_fallback'] as const

type Where = Record<string, unknown>

/** The filter for the reader, in Prisma's words. The same as `meets`, and tested against it. */
export function responseWhere(filter: ResponseFilter | null | undefined): Where {
  const { status, channel, search, submittedFrom, submittedBefore, sentiment, topic, hasRecording, analyzed } =
    filter ?? {}
  const all: Where[] = []
  if (status) all.push({ status })
  if (channel) all.push({ channel })
  if (submittedFrom) all.push({ submittedAt: { gte: submittedFrom } })
  if (submittedBefore) all.push({ submittedAt: { lt: submittedBefore } })
  if (search) {
    const containing = { contains: search, mode: 'insensitive' }
    all.push({ OR: [{ respondentEmail: containing }, { answers: { some: { text: containing } } }] })
  }
  if (sentiment || topic) {
    const found = {
      isNewest: true,
      ...(sentiment ? { sentiment } : {}),
      ...(topic ? { topicKeys: { has: keyOf(topic) } } : {}),
    }
    all.push({ answers: { some: { insights: { some: found } } } })
  }
  const recorded = { questionType: { in: [...SPOKEN] }, uploadId: { not: null } }
  if (hasRecording != null) all.push({ answers: hasRecording ? { some: recorded } : { none: recorded } })
  if (analyzed != null) all.push({ analyzedAt: analyzed ? { not: null } : null })
  if (!isLookedFor(search) || !isLookedFor(topic)) return { id: { in: [] } }
  return all.length > 0 ? { AND: all } : {}
}

/** The filter as a condition on a response `r`. */
export function meets(filter: ResponseFilter | null | undefined): Sql {
  const { status, channel, search, submittedFrom, submittedBefore, sentiment, topic, hasRecording, analyzed } =
    filter ?? {}
  if (!isLookedFor(search) || !isLookedFor(topic)) return sql`false`
  const all: Sql[] = [sql`true`]
  if (status) all.push(sql`r.status = ${status}::response_status`)
  if (channel) all.push(sql`r.channel = ${channel}::response_channel`)
  if (submittedFrom) all.push(sql`r.submitted_at >= ${submittedFrom}::timestamptz`)
  if (submittedBefore) all.push(sql`r.submitted_at < ${submittedBefore}::timestamptz`)
  if (search) {
    const pattern = `%${search.replace(/[\\%_]/g, (each) => `\\${each}`)}%`
    const said = sql`${answersOf} AND fa.text ILIKE ${pattern}`
    all.push(sql`(r.respondent_email ILIKE ${pattern} OR EXISTS (${said}))`)
  }
  if (sentiment || topic) {
    const ofTopic = topic ? sql`AND fi.topic_keys @> ARRAY[${keyOf(topic)}]` : empty
    const ofSentiment = sentiment ? sql`AND fi.sentiment = ${sentiment}::sentiment` : empty
    all.push(sql`EXISTS (
      SELECT 1 FROM answer fa JOIN insight fi ON fi.workspace_id = fa.workspace_id AND fi.answer_id = fa.id
      WHERE fa.workspace_id = r.workspace_id AND fa.response_id = r.id AND fi.is_newest ${ofSentiment} ${ofTopic})`)
  }
  if (hasRecording != null) {
    const recorded = sql`EXISTS (${answersOf} AND fa.upload_id IS NOT NULL
      AND fa.question_type IN ('voice', 'voice_text_fallback'))`
    all.push(hasRecording ? recorded : sql`NOT ${recorded}`)
  }
  if (analyzed != null) all.push(analyzed ? sql`r.analyzed_at IS NOT NULL` : sql`r.analyzed_at IS NULL`)
  return join(all, ' AND ')
}

const answersOf = sql`SELECT 1 FROM answer fa WHERE fa.workspace_id = r.workspace_id AND fa.response_id = r.id`

/** As the database keeps topics to be compared. */
function keyOf(topic: string): string {
  return topic.trim().toLowerCase()
}

/** What cannot be stored is in no row, and the database refuses to look for it. */
function isLookedFor(text: string | null | undefined): boolean {
  return text == null || isStorable(text)
}
