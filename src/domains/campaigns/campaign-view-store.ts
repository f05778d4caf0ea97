import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { CalendarRules } from '../calendars/index.ts'
import type { CampaignKind } from './deps.ts'
import { UNITS_PER_CENT } from './prices.ts'
import type { CampaignState } from './state.ts'

/** A living campaign with its totals. */
export interface CampaignView {
  id: string
  /** Counted per kind. */
  legacyId: number
  kind: CampaignKind
  state: CampaignState
  startsAt: Date | null
  endsAt: Date | null
  calendar: CalendarRules | null
  maxAttempts: number
  acceptsWanted: number | null
  content: unknown
  meta: Record<string, unknown> | null
  legacyForm: unknown
  /** 0 without a table of prices. */
  estimateCents: number
  /** When it began to address receivers. */
  startedAt: Date | null
  createdAt: Date
  updatedAt: Date
  /** How many targets it was given. */
  targets: number
  dialedCalls: number
  answeredCalls: number
  notAnsweredCalls: number
  /** Of which nobody can tell what became. */
  unknownCalls: number
  /** Seconds of answered calls. */
  totalSeconds: number
  accepts: number
  declines: number
  optOuts: number
  noReplies: number
}

const view = sql`SELECT c.id, c.legacy_id AS "legacyId", c.kind, c.state, c.starts_at AS "startsAt", c.ends_at AS "endsAt",
    c.calendar, c.max_attempts AS "maxAttempts", c.accepts_wanted AS "acceptsWanted", c.content, c.meta,
    c.legacy_form AS "legacyForm", c.estimate::float8 / ${UNITS_PER_CENT}::int AS "estimateCents",
    c.started_at AS "startedAt", c.created_at AS "createdAt", c.updated_at AS "updatedAt",
    (SELECT coalesce(max(t.position), -1) + 1 FROM campaign_target t
     WHERE t.workspace_id = c.workspace_id AND t.campaign_id = c.id) AS targets,
    s.dialed_calls AS "dialedCalls", s.answered_calls AS "answeredCalls", s.not_answered_calls AS "notAnsweredCalls",
    s.unknown_calls AS "unknownCalls", s.total_seconds AS "totalSeconds", s.accepts, s.declines,
    s.opt_outs AS "optOuts", s.no_replies AS "noReplies"
  FROM campaign c JOIN campaign_stats s ON s.workspace_id = c.workspace_id AND s.id = c.id`

const living = (workspaceId: string, kind: CampaignKind): Sql =>
  sql`c.workspace_id = ${workspaceId}::uuid AND c.kind = ${kind}::campaign_kind AND c.deleted_at IS NULL`

export async function selectCampaign(
  db: Queryable,
  workspaceId: string,
  kind: CampaignKind,
  id: string | number,
): Promise<CampaignView | undefined> {
  const named = typeof id === 'number' ? sql`c.legacy_id = ${id}::int` : sql`c.id = ${id}::uuid`
  const [row] = await db.query<CampaignView>(sql`${view} WHERE ${living(workspaceId, kind)} AND ${named}`)
  return row
}

/** In the order of their numbers. */
export function selectCampaigns(
  db: Queryable,
  workspaceId: string,
  kind: CampaignKind,
  after: number,
  limit: number,
): Promise<CampaignView[]> {
  return db.query<CampaignView>(
    sql`${view} WHERE ${living(workspaceId, kind)} AND c.legacy_id > ${after}::int
        ORDER BY c.legacy_id LIMIT ${limit}::int`,
  )
}

/** Whom a campaign was told to address, as it was told, and what came of it so far. */
export interface TargetView {
  id: string
  legacyId: number
  campaignId: string
  /** Deleted ones as well: history keeps names and numbers, erasure does not. */
  contact: {
    legacyId: number
    firstName: string | null
    lastName: string | null
    email: string | null
    phone: string | null
  } | null
  list: { legacyId: number; name: string; memberCount: number } | null
  /** Of a contact, or summed up over those who were reached by a list or a segment first. */
  result: TargetResult
  createdAt: Date
  updatedAt: Date
}

export interface TargetResult {
  /** Whether anybody answered. */
  answered: boolean
  /** The best that came: an accept before a decline. */
  reply: 'accept' | 'decline' | null
  /** Seconds of answered calls. */
  talkSeconds: number
  attempts: number
  lastAttemptAt: Date | null
}

/** Somebody answered, whatever they said. */
const answered = sql`(r.answered_calls > 0 OR coalesce(
  r.outcome IN ('accepted', 'declined', 'opted_out', 'no_reply', 'heard'), false))`
const accepted = sql`coalesce(r.outcome = 'accepted', false)`
const declined = sql`coalesce(r.outcome IN ('declined', 'opted_out'), false)`

/** The targets of campaigns in their order; `targetIds`: only these. */
export async function selectTargets(
  db: Queryable,
  workspaceId: string,
  campaignIds: readonly string[],
  targetIds?: readonly string[],
): Promise<TargetView[]> {
  const only = targetIds ? sql`AND t.id = ANY(${targetIds}::uuid[])` : sql``
  // A person may be reached by several targets, and is called once: of a contact the result is that of the person. By
  // index for each target, since what was just made has no statistics that a planner could join by.
  const rows = await db.query<TargetRow>(
    sql`SELECT t.id, t.legacy_id, t.campaign_id, t.created_at, t.updated_at,
               c.legacy_id AS contact_legacy_id, c.first_name, c.last_name, c.email, c.phone,
               l.legacy_id AS list_legacy_id, l.name AS list_name, l.member_count,
               coalesce(p.answered, g.answered, false) AS answered,
               coalesce(p.accepted, g.accepted, false) AS accepted,
               coalesce(p.declined, g.declined, false) AS declined,
               coalesce(p.talk_seconds, g.talk_seconds, 0)::int AS talk_seconds,
               coalesce(p.attempts, g.attempts, 0)::int AS attempts,
               coalesce(p.last_attempt_at, g.last_attempt_at) AS last_attempt_at
        FROM campaign_target t
        LEFT JOIN contact c ON c.workspace_id = t.workspace_id AND c.id = t.contact_id
        LEFT JOIN contact_list l ON l.workspace_id = t.workspace_id AND l.id = t.list_id
        LEFT JOIN LATERAL (
          SELECT ${answered} AS answered, ${accepted} AS accepted, ${declined} AS declined, r.talk_seconds, r.attempts,
                 r.last_attempt_at
          FROM receiver r
          WHERE r.workspace_id = t.workspace_id AND r.campaign_id = t.campaign_id AND r.contact_id = t.contact_id
          LIMIT 1
        ) p ON true
        CROSS JOIN LATERAL (
          SELECT bool_or(${answered}) AS answered, bool_or(${accepted}) AS accepted, bool_or(${declined}) AS declined,
                 sum(r.talk_seconds) AS talk_seconds, sum(r.attempts) AS attempts,
                 max(r.last_attempt_at) AS last_attempt_at
          FROM receiver r WHERE r.workspace_id = t.workspace_id AND r.target_id = t.id
        ) g
        WHERE t.workspace_id = ${workspaceId}::uuid AND t.campaign_id = ANY(${campaignIds}::uuid[]) ${only}
        ORDER BY t.campaign_id, t.position`,
  )
  return rows.map(targetView)
}

interface TargetRow {
  id: string
  legacy_id: number
  campaign_id: string
  created_at: Date
  updated_at: Date
  contact_legacy_id: number | null
  first_name: string | null
  last_name: string | null
  email: string | null
  phone: string | null
  list_legacy_id: number | null
  list_name: string
  member_count: number
  answered: boolean
  accepted: boolean
  declined: boolean
  talk_seconds: number
  attempts: number
  last_attempt_at: Date | null
}

function targetView(row: TargetRow): TargetView {
  const { contact_legacy_id, list_legacy_id } = row
  const { email, phone } = row
  return {
    id: row.id,
    legacyId: row.legacy_id,
    campaignId: row.campaign_id,
    contact:
      contact_legacy_id === null
        ? null
        : { legacyId: contact_legacy_id, firstName: row.first_name, lastName: row.last_name, email, phone },
    list:
      list_legacy_id === null ? null : { legacyId: list_legacy_id, name: row.list_name, memberCount: row.member_count },
    result: {
      answered: row.answered,
      reply: row.accepted ? 'accept' : row.declined ? 'decline' : null,
      talkSeconds: row.talk_seconds,
      attempts: row.attempts,
      lastAttemptAt: row.last_attempt_at,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** One person whom a campaign addresses. */
export interface ReceiverView {
  /** Among the receivers of the campaign, from 1. */
  position: number
  contactLegacyId: number
  /** E.164; null when there is none, and after erasure. */
  phone: string | null
  result: TargetResult
}

export async function selectReceivers(
  db: Queryable,
  workspaceId: string,
  campaignId: string,
  after: number,
  limit: number,
): Promise<ReceiverView[]> {
  const rows = await db.query<ReceiverRow>(
    sql`SELECT r.position, c.legacy_id, c.phone, ${answered} AS answered, ${accepted} AS accepted,
               ${declined} AS declined, r.talk_seconds, r.attempts, r.last_attempt_at
        FROM receiver r JOIN contact c ON c.workspace_id = r.workspace_id AND c.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${campaignId}::uuid
          AND r.position > ${after}::int
        ORDER BY r.position LIMIT ${limit}::int`,
  )
  return rows.map((row) => ({
    position: row.position,
    contactLegacyId: row.legacy_id,
    phone: row.phone,
    result: {
      answered: row.answered,
      reply: row.accepted ? 'accept' : row.declined ? 'decline' : null,
      talkSeconds: row.talk_seconds,
      attempts: row.attempts,
      lastAttemptAt: row.last_attempt_at,
    },
  }))
}

interface ReceiverRow {
  position: number
  legacy_id: number
  phone: string | null
  answered: boolean
  accepted: boolean
  declined: boolean
  talk_seconds: number
  attempts: number
  last_attempt_at: Date | null
}

/** The receivers that contacts are, in whatever campaigns. */
export async function receiversOf(
  db: Queryable,
  workspaceId: string,
  contactIds: readonly string[],
): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    sql`SELECT id FROM receiver WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${contactIds}::uuid[])`,
  )
  return rows.map(({ id }) => id)
}

/** What a webhook tells of a campaign, a deleted one as well. */
export interface CampaignFacts {
  legacyId: number
  kind: CampaignKind
  meta: Record<string, unknown> | null
}

export async function selectFacts(
  db: Queryable,
  workspaceId: string,
  campaignId: string,
): Promise<CampaignFacts | undefined> {
  const [row] = await db.query<CampaignFacts>(
    sql`SELECT legacy_id AS "legacyId", kind, meta FROM campaign
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${campaignId}::uuid`,
  )
  return row
}

/** What a webhook tells of a receiver. */
export interface ReceiverFacts extends CampaignFacts {
  contactLegacyId: number
  /** As it was dialled last; null after erasure. */
  phone: string | null
}

/** Undefined for a receiver that is no more, and for one whose contact was erased. */
export async function selectReceiverFacts(
  db: Queryable,
  workspaceId: string,
  receiverId: string,
): Promise<ReceiverFacts | undefined> {
  const [row] = await db.query<ReceiverFacts>(
    sql`SELECT k.legacy_id AS "legacyId", k.kind, k.meta, c.legacy_id AS "contactLegacyId",
               coalesce((SELECT phone FROM call
                         WHERE call.workspace_id = r.workspace_id AND call.receiver_id = r.id
                         ORDER BY call.created_at DESC, call.id DESC LIMIT 1), c.phone) AS phone
        FROM receiver r
        JOIN campaign k ON k.workspace_id = r.workspace_id AND k.id = r.campaign_id
        JOIN contact c ON c.workspace_id = r.workspace_id AND c.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ${receiverId}::uuid AND c.erased_at IS NULL`,
  )
  return row
}
