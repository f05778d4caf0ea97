import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { findLinkById, type LinkRow } from '../links/index.ts'
import {
  type AddedRespondent,
  type AddRespondentsInput,
  addRespondents,
  moveStatus,
  type RespondentStatus,
} from '../responses/index.ts'
import { prepareContent } from './content.ts'
import type { CampaignDeps } from './deps.ts'
import { lockCampaigns } from './progress.ts'
import { askedInFull } from './questions.ts'
import { reachRespondents, standingCampaign } from './standing-campaign.ts'
import { surveyOf } from './survey/survey-content.ts'
import type { SurveyContent } from './survey/survey-script.ts'

export interface CallRespondentsInput {
  /** Up to MAX_RESPONDENTS; naming one twice is naming it once. */
  respondentIds: readonly string[]
  idempotencyKey?: string | null
}

export interface CalledRespondent {
  respondentId: string
  /**
   * `queued`: will be called, or is being called. `unchanged`: has answered, and the survey asks nobody twice, or has
   * answered all that a phone can ask and not yet the rest. `invalid`: has no number that could be called.
   */
  outcome: 'queued' | 'unchanged' | 'invalid'
  /** From now on. */
  status: RespondentStatus
}

export const MAX_RESPONDENTS = 100_000

/**
 * Has respondents called, as soon as the rules let them be, with the questions of their link (contract/saygent.md 5.3).
 * Each link has a campaign for that, which is made with the first call. Asking again for who waits or is being called
 * changes nothing; who was called before is called anew. Returns what comes of each, in their order. Throws
 * INSUFFICIENT_SCOPE (`campaigns:write`), VALIDATION_FAILED (`unknown_respondent` and `link_deleted` with their index; `nothing_to_ask` when no
 * question of the link can be asked by phone), IDEMPOTENCY_CONFLICT.
 */
export async function callRespondents(
  deps: CampaignDeps,
  viewer: Viewer,
  { respondentIds, idempotencyKey }: CallRespondentsInput,
): Promise<CalledRespondent[]> {
  requireScope(viewer, 'campaigns:write')
  const { world } = deps
  const { workspaceId } = viewer
  if (respondentIds.length > MAX_RESPONDENTS) {
    const message = `must name at most ${MAX_RESPONDENTS} respondents`
    throw new ValidationError([{ path: ['respondentIds'], rule: 'too_long', message }])
  }
  const input = { respondentIds }
  const key = { workspaceId, key: idempotencyKey, operation: 'callRespondents', input, now: world.clock.now() }
  const called = await world.events.write(workspaceId, (tx, emit) =>
    once(tx, key, () => callAll(deps, tx, emit, workspaceId, respondentIds)),
  )
  deps.onDue()
  return called
}

/**
 * `addRespondents`, and those who were added are called, all or nothing. Throws what both throw; nobody is added when the
 * link has nothing that a phone can ask.
 */
export async function addAndCallRespondents(
  deps: CampaignDeps,
  viewer: Viewer,
  input: Omit<AddRespondentsInput, 'callNow'>,
): Promise<AddedRespondent[]> {
  requireScope(viewer, 'responses:write')
  requireScope(viewer, 'campaigns:write')
  const { workspaceId } = viewer
  const added = await addRespondents(
    deps.world,
    viewer,
    { ...input, callNow: true },
    {
      prepare: async (tx, emit, link) => void (await surveyCampaignOf(deps, tx, emit, workspaceId, link)),
      call: async (tx, emit, respondentIds) => void (await callAll(deps, tx, emit, workspaceId, respondentIds)),
    },
  )
  deps.onDue()
  return added
}

/** What came of people of whom some were to be called. */
export interface AddedAndCalled {
  /** Of each, in their order. */
  added: AddedRespondent[]
  /** Why nobody can be called; null: those who were to be called are, as far as they were added. */
  notCalled: Issue[] | null
}

/**
 * `addRespondents`, and those of them who say `callNow` are called, in one change. What keeps a link from being asked by
 * phone keeps nobody from being added to it. Throws INSUFFICIENT_SCOPE (`responses:write`; with `callNow` also
 * `campaigns:write`), NOT_FOUND (the link).
 */
export async function addRespondentsCallingSome(
  deps: CampaignDeps,
  viewer: Viewer,
  input: Omit<AddRespondentsInput, 'callNow' | 'idempotencyKey'>,
): Promise<AddedAndCalled> {
  requireScope(viewer, 'responses:write')
  const isCalling = input.respondents.some(({ callNow }) => callNow === true)
  if (isCalling) requireScope(viewer, 'campaigns:write')
  const { workspaceId } = viewer
  let notCalled: Issue[] | null = null
  const added = await addRespondents(deps.world, viewer, input, {
    async prepare(tx, emit, link) {
      // The change may be run again.
      notCalled = null
      try {
        await surveyCampaignOf(deps, tx, emit, workspaceId, link)
      } catch (error) {
        // Judged before anything was written.
        if (!(error instanceof ValidationError)) throw error
        notCalled = [...error.issues]
      }
    },
    async call(tx, emit, respondentIds) {
      if (notCalled === null) await callAll(deps, tx, emit, workspaceId, respondentIds)
    },
  })
  if (isCalling) deps.onDue()
  return { added, notCalled }
}

interface Respondent {
  id: string
  link_id: string
  contact_id: string | null
  is_gone: boolean
}

async function callAll(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  respondentIds: readonly string[],
): Promise<CalledRespondent[]> {
  const rows = await tx.query<Respondent>(
    sql`SELECT p.id, p.link_id, p.contact_id, l.deleted_at IS NOT NULL AS is_gone FROM respondent p
        JOIN link l ON l.workspace_id = p.workspace_id AND l.id = p.link_id
        WHERE p.workspace_id = ${workspaceId}::uuid AND p.id = ANY(${respondentIds.filter(isUuid)}::uuid[])`,
  )
  const known = new Map(rows.map((row) => [row.id, row]))
  const issues = respondentIds.flatMap((id, index): Issue[] => {
    const path = ['respondentIds', index]
    if (!known.has(id)) return [{ path, rule: 'unknown_respondent', message: 'must be a respondent of your workspace' }]
    return known.get(id)!.is_gone ? [{ path, rule: 'link_deleted', message: 'must be of a link that exists' }] : []
  })
  if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
  const called = new Map<string, CalledRespondent>()
  const links = [...new Set(rows.map(({ link_id: linkId }) => linkId))].sort()
  await holdStanding(tx, workspaceId, links)
  for (const linkId of links) {
    const ofLink = [...new Set(respondentIds)].map((id) => known.get(id)!).filter((each) => each.link_id === linkId)
    for (const each of await callOfLink(deps, tx, emit, workspaceId, linkId, ofLink))
      called.set(each.respondentId, each)
  }
  return respondentIds.map((id) => called.get(id)!)
}

async function callOfLink(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  linkId: string,
  respondents: readonly Respondent[],
): Promise<CalledRespondent[]> {
  const link = (await findLinkById(tx, workspaceId, linkId))!
  const campaign = await surveyCampaignOf(deps, tx, emit, workspaceId, link)
  const { allowRepeats } = campaign.content as SurveyContent
  // Now that the campaign is held, what it is about stays as it is: they may have answered while it was waited for.
  const ids = respondents.map(({ id }) => id)
  const statuses = await tx.query<{ id: string; status: RespondentStatus }>(
    sql`SELECT id, status FROM respondent WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${ids}::uuid[])`,
  )
  const statusOf = new Map(statuses.map((row) => [row.id, row.status]))
  // By whatever campaign: nobody is called by two at once.
  const live = await tx.query<{ respondent_id: string }>(
    sql`SELECT r.respondent_id FROM receiver r
        JOIN campaign c ON c.workspace_id = r.workspace_id AND c.id = r.campaign_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.respondent_id = ANY(${ids}::uuid[]) AND r.state <> 'settled'
          AND c.kind = 'survey_calls'
          AND (c.id = ${campaign.id}::uuid OR r.state = 'in_progress' OR (c.state = 'active' AND c.deleted_at IS NULL))`,
  )
  const isLive = new Set(live.map(({ respondent_id: id }) => id))
  const survey = await surveyOf(tx, workspaceId, campaign.content as SurveyContent)
  const asked = survey ? await askedInFull(tx, workspaceId, survey.script, ids) : new Set<string>()
  const judged = respondents.map((respondent): CalledRespondent & { contactId: string | null } => {
    const { id: respondentId, contact_id: contactId } = respondent
    const status = statusOf.get(respondentId)!
    const isDone = status === 'surveyed' || status === 'analyzed'
    if (isLive.has(respondentId)) return { respondentId, contactId, outcome: 'queued', status }
    if (contactId === null || status === 'invalid') return { respondentId, contactId, outcome: 'invalid', status }
    if ((isDone && !allowRepeats) || asked.has(respondentId))
      return { respondentId, contactId, outcome: 'unchanged', status }
    return { respondentId, contactId, outcome: 'queued', status: 'queued' }
  })
  const toCall = judged.filter(({ outcome, respondentId }) => outcome === 'queued' && !isLive.has(respondentId))
  await reachRespondents(
    deps,
    tx,
    emit,
    campaign,
    toCall.map(({ respondentId, contactId }) => ({ respondentId, contactId: contactId! })),
  )
  const moves = new Map(toCall.map(({ respondentId }) => [respondentId, 'queued' as const]))
  await moveStatus(tx, emit, workspaceId, moves, deps.world.clock.now(), { allowRepeats })
  return judged.map(({ respondentId, outcome, status }) => ({ respondentId, outcome, status }))
}

/** Locks the campaigns that links have, in the order of their ids, as whoever hears of calls does. */
async function holdStanding(tx: Tx, workspaceId: string, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length < 2) return
  const campaigns = await tx.query<{ id: string }>(
    sql`SELECT id FROM campaign WHERE workspace_id = ${workspaceId}::uuid AND link_id = ANY(${linkIds}::uuid[])
          AND kind = 'survey_calls' AND standing AND deleted_at IS NULL AND state <> 'completed'`,
  )
  await lockCampaigns(
    tx,
    workspaceId,
    campaigns.map(({ id }) => id),
  )
}

/** The campaign that calls the respondents of a link, made with what every survey says when there is none. */
async function surveyCampaignOf(deps: CampaignDeps, tx: Tx, emit: Emit, workspaceId: string, link: LinkRow) {
  const what = { linkId: link.id, kind: 'survey_calls' as const, name: link.name }
  return standingCampaign(deps, tx, emit, workspaceId, what, async () => {
    const voices = deps.voiceFiles.speech.voices().map(({ code }) => code)
    return prepareContent(tx, workspaceId, 'survey_calls', { linkId: link.id }, voices, ['link'])
  })
}
