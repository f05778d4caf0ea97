import type { Queryable } from '../../db/database.ts'
import { type Sql, sql } from '../../db/sql.ts'
import { smsParts } from '../../providers/sms/index.ts'
import { optedOutAmong } from '../contacts/index.ts'
import { openAnswersOf, type RespondentStatus } from '../responses/index.ts'
import { type Readiness, readinessOf } from '../voice-files/index.ts'
import type { DialQuestion, Lines } from './blockers.ts'
import { type CampaignRow, calendarOf, progressOf, scheduleOf } from './campaign-row.ts'
import { longText, type SmsContent, scriptOf } from './content.ts'
import { type CampaignDeps, type CampaignKind, isCallKind } from './deps.ts'
import {
  contactCapUntil,
  contactHistoryMs,
  decentHours,
  type EffectivePolicy,
  isCountryAllowed,
  mergePolicy,
} from './policy.ts'
import { readPolicy } from './policy-store.ts'
import { emailCents, longestCallCents, smsCents, UNITS_PER_CENT, unitsOf } from './prices.ts'
import { type CallScript, longestTalkMs, voiceFilesOf } from './script.ts'
import { dueState } from './state.ts'
import { type Survey, surveyOf } from './survey/survey-content.ts'
import { asksNothing } from './survey/survey-flow.ts'
import type { Saying, SurveyContent, SurveyScript } from './survey/survey-script.ts'

export type Channel = 'call' | 'sms' | 'email'

export function channelOf(kind: CampaignKind): Channel {
  if (isCallKind(kind)) return 'call'
  return kind === 'sms_broadcast' ? 'sms' : 'email'
}

/** The port's name in `provider_state`. */
export const PROVIDERS = { call: 'telephony', sms: 'sms', email: 'email' } as const satisfies Record<Channel, string>

/** What all receivers of a campaign have in common at one instant. */
export interface Surroundings {
  now: Date
  campaign: DialQuestion['campaign']
  channel: Channel
  /** Receivers are called one after another, in their order. */
  isStrict: boolean
  policy: EffectivePolicy
  campaignLines: Lines
  workspaceLines: Lines
  providerLines: Lines
  providerPausedUntil: Date | null
  /** Ten-thousandths of a cent. */
  leftUnits: number | null
  /** Of call kinds, unless the content cannot be used. */
  script: CallScript | undefined
  /** Of a survey: what nobody has said yet. */
  unsaid: readonly Saying[]
  /** Of a survey: whom its link has asked, whether again, and what. */
  survey: { linkId: string; allowRepeats: boolean; script: SurveyScript } | undefined
  /** Milliseconds, by voice file. */
  durations: ReadonlyMap<string, number>
  /** The most that an attempt can cost at an address, or an SMS whose `text` is known; ten-thousandths of a cent. */
  unitsFor(address: string, text?: string): number
  /** The most that a call can cost to numbers of each prefix that has a price; ten-thousandths of a cent. */
  tariff(): Record<string, number>
  /** Whether the provider has a way to an address. */
  reaches(address: string): boolean
}

/** Not longer than this, whatever the script says: a call that hangs must not hold its line for ever. */
const MAX_CALL_MS = 3_600_000
/** For the time between the commands of a call. */
const TALK_MARGIN_MS = 10_000

/** How long a call with a script may last at most, in milliseconds: whole seconds, which is what is charged. */
export function maxDurationMs(script: CallScript, durations: ReadonlyMap<string, number>): number {
  return Math.min(MAX_CALL_MS, Math.ceil((longestTalkMs(script, durations) + TALK_MARGIN_MS) / 1_000) * 1_000)
}

/** What holds for a workspace: the operator's limits and its own. */
export async function policyOf(
  { policy }: Pick<CampaignDeps, 'policy'>,
  db: Queryable,
  workspaceId: string,
): Promise<EffectivePolicy> {
  return mergePolicy(policy, await readPolicy(db, workspaceId))
}

/**
 * Gathers what decides about all receivers of a campaign. Within a transaction that holds the provider's row it stays so.
 * `known` is the workspace's policy, where the caller had to ask for it before.
 */
export async function surroundingsOf(
  deps: Pick<CampaignDeps, 'world' | 'policy' | 'prices' | 'reaches'>,
  db: Queryable,
  campaign: CampaignRow,
  known?: EffectivePolicy,
): Promise<Surroundings> {
  const { world, prices } = deps
  const now = world.clock.now()
  const { workspace_id: workspaceId, kind } = campaign
  const channel = channelOf(kind)
  const policy = known ?? (await policyOf(deps, db, workspaceId))
  // One statement, so one instant: a call that is settled with an accept is in one of the two counts, never in neither.
  const [counts] = await db.query<{
    provider_live: number
    workspace_live: number
    campaign_live: number
    undecided: number
    lines: number | null
    paused_until: Date | null
    deactivated_at: Date | null
    spent: string | number | null
  }>(
    sql`SELECT live.*, p.lines, p.paused_until, w.deactivated_at,
               (SELECT amount FROM spend WHERE workspace_id = ${workspaceId}::uuid
                  AND month = ${monthOf(now)}::date) AS spent
        FROM (
          SELECT count(*)::int AS provider_live,
                 (count(*) FILTER (WHERE workspace_id = ${workspaceId}::uuid))::int AS workspace_live,
                 (count(*) FILTER (WHERE campaign_id = ${campaign.id}::uuid))::int AS campaign_live,
                 (count(*) FILTER (WHERE campaign_id = ${campaign.id}::uuid AND reply IS NULL))::int AS undecided
          FROM call WHERE settled_at IS NULL AND ${channel === 'call'}::boolean
        ) live, provider_state p, workspace w
        WHERE p.port = ${PROVIDERS[channel]} AND w.id = ${workspaceId}::uuid`,
  )
  const survey =
    kind === 'survey_calls' ? await surveyOf(db, workspaceId, campaign.content as SurveyContent) : undefined
  const script = survey?.script ?? (campaign.content_fault === null ? scriptOf(kind, campaign.content) : undefined)
  const unsaid = survey?.unsaid ?? []
  const files = script ? await readinessOf(db, workspaceId, voiceFilesOf(script)) : new Map<string, Readiness>()
  const durations = new Map([...files].map(([id, { durationMs }]) => [id, durationMs ?? 0] as const))
  const missing = script ? voiceFilesOf(script).filter((id) => files.get(id)?.status !== 'ready') : []
  // What is on its way may yet come; a voice file that failed or is gone never will.
  const isComing = missing.every((id) => files.get(id)?.status === 'pending')
  const cap = policy.monthlySpendCapCents
  const usable = script && missing.length === 0 && unsaid.length === 0 ? script : undefined
  const units = unitsFor()
  return {
    ...{ now, channel, policy, script: usable, durations, unsaid },
    survey: survey && {
      linkId: survey.link.id,
      allowRepeats: (campaign.content as SurveyContent).allowRepeats,
      script: survey.script,
    },
    isStrict: kind === 'click_to_call',
    campaign: {
      ...scheduleOf(campaign),
      // As the clock has it: the engine follows a moment later.
      state: dueState(campaign.state, scheduleOf(campaign), progressOf(campaign), now),
      calendar: calendarOf(campaign),
      maxAttempts: campaign.max_attempts,
      acceptsWanted: campaign.accepts_wanted,
      accepts: campaign.accepts,
      inFlight: counts!.undecided,
      deleted: campaign.deleted_at !== null,
      workspaceDeactivated: counts!.deactivated_at !== null,
      contentUnsupported: campaign.content_fault !== null || (missing.length > 0 && !isComing),
      audioNotReady: (missing.length > 0 && isComing) || unsaid.length > 0,
      ...closed(survey),
    },
    campaignLines: { used: counts!.campaign_live, limit: campaign.lines },
    workspaceLines: { used: counts!.workspace_live, limit: channel === 'call' ? policy.lines : null },
    providerLines: { used: counts!.provider_live, limit: counts!.lines },
    providerPausedUntil: counts!.paused_until,
    leftUnits: cap === null ? null : unitsOf(cap) - Number(counts!.spent ?? 0),
    unitsFor: units,
    tariff: () => {
      const prefixes = channel === 'call' ? Object.keys(prices.call) : []
      return Object.fromEntries(prefixes.map((prefix) => [prefix, units(prefix)]))
    },
    reaches: (address) => channel !== 'call' || (deps.reaches?.(address) ?? true),
  }

  function closed(of: Survey | undefined): Pick<DialQuestion['campaign'], 'linkClosed'> {
    if (!of) return {}
    const { deleted_at: deletedAt, status, max_responses: most, response_count: count } = of.link
    if (deletedAt !== null) return { linkClosed: 'deleted' }
    if (most !== null && count >= most) return { linkClosed: 'full' }
    return status === 'paused' ? { linkClosed: 'paused' } : {}
  }

  function unitsFor(): Surroundings['unitsFor'] {
    if (channel === 'email') return () => unitsOf(emailCents(prices))
    if (channel === 'sms') {
      const { segments } = smsParts(longText(campaign.content as SmsContent))
      return (address, text) =>
        unitsOf(smsCents(prices, address, text === undefined ? segments : smsParts(text).segments))
    }
    const longest = usable ? maxDurationMs(usable, durations) : 0
    return (address) => unitsOf(longestCallCents(prices, address, longest))
  }
}

/** The first day of the month in UTC, `YYYY-MM-DD`. */
export function monthOf(at: Date): string {
  return `${at.toISOString().slice(0, 7)}-01`
}

/** The question about a receiver of whom nothing speaks against being addressed. */
export function aboutAnybody({ now, campaign, ...rest }: Surroundings): DialQuestion {
  const { campaignLines, workspaceLines, providerLines, providerPausedUntil } = rest
  return {
    now,
    campaign,
    receiver: {
      ...{ state: 'waiting', attempts: 0, retryAt: null, isNext: true, hasNumber: true, optedOut: false },
      ...{ countryAllowed: true, decentHours: [], contactCapUntil: null },
    },
    costs: { leftCents: null, callCents: 0, campaignLines, workspaceLines, providerLines, providerPausedUntil },
  }
}

/** A receiver with what decides about it. */
export interface Candidate {
  id: string
  contact_id: string
  state: 'waiting' | 'in_progress' | 'settled'
  attempts: number
  /** Of them: those before it was asked to be called anew. */
  earlier_attempts: number
  /** In a survey, once known. */
  respondent_id: string | null
  position: number
  retry_at: Date | null
  /** E.164, or an e-mail address; null: there is none (any more). */
  address: string | null
}

/** Of `receiver` as `r`, joined with `contact` as `k`. */
export function candidateColumns(channel: Channel): Sql {
  const address = channel === 'email' ? sql`k.email` : sql`k.phone`
  return sql`r.id, r.contact_id, r.state, r.attempts, r.earlier_attempts, r.respondent_id, r.position, r.retry_at,
    CASE WHEN k.deleted_at IS NULL THEN ${address} END AS address`
}

/** What is asked of the judge (`blockersOf`) about each candidate, in their order. `head` is whose turn it is. */
export async function questionsOf(
  world: CampaignDeps['world'],
  db: Queryable,
  workspaceId: string,
  surroundings: Surroundings,
  candidates: readonly Candidate[],
  head: string | undefined,
): Promise<DialQuestion[]> {
  const { now, channel, policy } = surroundings
  const reachable = candidates.flatMap(({ address }) => (address === null ? [] : [{ channel, address }]))
  const optedOut = await optedOutAmong(world, db, workspaceId, reachable)
  const isOut = new Map(reachable.map(({ address }, index) => [address, optedOut[index]!]))
  const history = await contactsWith(db, workspaceId, policy, candidates, now)
  const isCountryBound = channel !== 'email'
  const done = await answeredBy(db, workspaceId, surroundings.survey, candidates)
  return candidates.map((candidate) => {
    const { address } = candidate
    return {
      now,
      campaign: surroundings.campaign,
      receiver: {
        state: candidate.state,
        attempts: candidate.attempts - candidate.earlier_attempts,
        retryAt: candidate.retry_at,
        isNext: !surroundings.isStrict || head === undefined || head === candidate.id,
        hasNumber: address !== null,
        optedOut: address !== null && isOut.get(address)!,
        alreadyAnswered: done.has(candidate.id),
        countryAllowed: !isCountryBound || address === null || isCountryAllowed(policy, address),
        hasRoute: address === null || surroundings.reaches(address),
        decentHours: isCountryBound && address !== null ? decentHours(policy, address) : [],
        contactCapUntil: contactCapUntil(policy, history.get(candidate.contact_id) ?? [], now),
      },
      costs: {
        leftCents: surroundings.leftUnits === null ? null : surroundings.leftUnits / UNITS_PER_CENT,
        callCents: address === null ? 0 : surroundings.unitsFor(address) / UNITS_PER_CENT,
        campaignLines: surroundings.campaignLines,
        workspaceLines: surroundings.workspaceLines,
        providerLines: surroundings.providerLines,
        providerPausedUntil: surroundings.providerPausedUntil,
      },
    }
  })
}

/** Who of the candidates has answered the survey already and may not do so again, or all of it that a phone can ask. */
async function answeredBy(
  db: Queryable,
  workspaceId: string,
  survey: Surroundings['survey'],
  candidates: readonly Candidate[],
): Promise<Set<string>> {
  if (!survey) return new Set()
  const { linkId, allowRepeats, script } = survey
  const taking = await participationsOf(db, workspaceId, linkId, candidates)
  const respondents = [...taking.values()].map(({ id }) => id)
  const asked = await askedInFull(db, workspaceId, script, respondents)
  const isDone = ({ id, respondent_id }: Candidate) => {
    const respondent = taking.get(respondent_id ?? id)
    if (respondent && asked.has(respondent.id)) return true
    return !allowRepeats && (respondent?.status === 'surveyed' || respondent?.status === 'analyzed')
  }
  return new Set(candidates.filter(isDone).map(({ id }) => id))
}

/** Of how many respondents answers are held at once. */
const ASKED_PAGE = 500

/**
 * Whose response is open and lacks nothing that a phone can ask, because the rest is left for the page or was said there:
 * a call would only say goodbye. Returns ids of respondents.
 */
export async function askedInFull(
  db: Queryable,
  workspaceId: string,
  script: SurveyScript,
  respondentIds: readonly string[],
): Promise<Set<string>> {
  const asked = new Set<string>()
  for (let from = 0; from < respondentIds.length; from += ASKED_PAGE) {
    const answers = await openAnswersOf(db, workspaceId, respondentIds.slice(from, from + ASKED_PAGE))
    for (const [id, given] of answers) if (asksNothing(script, given)) asked.add(id)
  }
  return asked
}

/** The respondents that receivers are, by their own id, or by the receiver's where it was told of a person only. */
export async function participationsOf(
  db: Queryable,
  workspaceId: string,
  linkId: string,
  candidates: readonly Pick<Candidate, 'id' | 'contact_id' | 'respondent_id'>[],
): Promise<Map<string, { id: string; status: RespondentStatus }>> {
  if (candidates.length === 0) return new Map()
  const known = candidates.flatMap(({ respondent_id: id }) => id ?? [])
  const unknown = candidates.filter(({ respondent_id: id }) => id === null)
  const rows = await db.query<{ key: string; id: string; status: RespondentStatus }>(
    sql`SELECT id AS key, id, status FROM respondent
        WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${known}::uuid[])
        UNION ALL
        (SELECT DISTINCT ON (r.id) r.id AS key, p.id, p.status
         FROM receiver r
         JOIN respondent p ON p.workspace_id = r.workspace_id AND p.link_id = ${linkId}::uuid AND p.contact_id = r.contact_id
         WHERE r.workspace_id = ${workspaceId}::uuid AND r.id = ANY(${unknown.map(({ id }) => id)}::uuid[])
         ORDER BY r.id, p.legacy_id DESC)`,
  )
  return new Map(rows.map(({ key, id, status }) => [key, { id, status }]))
}

/** When the persons were contacted by whatever campaign, as far back as the caps look. */
export async function contactsWith(
  db: Queryable,
  workspaceId: string,
  policy: EffectivePolicy,
  candidates: readonly Candidate[],
  now: Date,
): Promise<Map<string, Date[]>> {
  const historyMs = contactHistoryMs(policy)
  const found = new Map<string, Date[]>()
  if (historyMs === 0 || candidates.length === 0) return found
  const since = new Date(now.getTime() - historyMs)
  const ids = candidates.map((candidate) => candidate.contact_id)
  const rows = await db.query<{ contact_id: string; at: Date }>(
    sql`SELECT contact_id, created_at AS at FROM call
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${ids}::uuid[])
          AND created_at > ${since}::timestamptz AND settled_as IS DISTINCT FROM 'not_dialed'
        UNION ALL
        SELECT contact_id, created_at FROM outbound_message
        WHERE workspace_id = ${workspaceId}::uuid AND contact_id = ANY(${ids}::uuid[])
          AND created_at > ${since}::timestamptz
          -- What never left, or rests after a refusal, reached nobody.
          AND (sent_at IS NOT NULL OR state = 'unknown' OR due_at IS NOT NULL)`,
  )
  for (const { contact_id, at } of rows) {
    const contacts = found.get(contact_id)
    if (contacts) contacts.push(at)
    else found.set(contact_id, [at])
  }
  return found
}

/** Whose turn it is where an order is kept: of those who wait, who was tried least often and stands first. */
export async function headOf(db: Queryable, workspaceId: string, campaignId: string): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(
    sql`SELECT id FROM receiver
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${campaignId}::uuid AND state = 'waiting'
        ORDER BY attempts, position LIMIT 1`,
  )
  return row?.id
}
