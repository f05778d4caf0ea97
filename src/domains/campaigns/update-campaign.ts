import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { ExpectedError, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { findReceivers, type Receiver, type ReceiverInput } from '../contacts/index.ts'
import { once } from '../idempotency.ts'
import { campaignFields, checkSchedule } from './campaign-fields.ts'
import { type CampaignRow, progressOf, scheduleOf } from './campaign-row.ts'
import { type CampaignContentInput, prepareContent } from './content.ts'
import {
  type AlongWith,
  type CampaignFieldsInput,
  checkReceivers,
  keepVoiceFiles,
  optional,
  redialSeconds,
  speak,
  spokenFiles,
} from './create-campaign.ts'
import type { CampaignDeps, CampaignKind } from './deps.ts'
import { estimateCampaign } from './estimate.ts'
import { enterState, lockCampaigns, recordProgress } from './progress.ts'
import { releaseWaitingRespondents } from './release-respondents.ts'
import { type CampaignState, dueState, wishedState } from './state.ts'
import { dropUnreached, expandTargets, insertTargets, readTargets, type Target } from './targets.ts'

/** The kinds whose content is said once to all. */
const BROADCASTS: ReadonlySet<CampaignKind> = new Set(['voice_broadcast', 'sms_broadcast', 'email_broadcast'])

export interface UpdateCampaignInput extends CampaignFieldsInput {
  id: string
  /** When given, the campaign must be of this kind; otherwise it is not found. */
  kind?: CampaignKind
  content?: CampaignContentInput | null
  /** In place of those it had; only while the campaign has not begun. Receivers are added by `addReceivers`. */
  receivers?: readonly ReceiverInput[] | null
  state?: 'active' | 'halted' | null
}

/** What may still be changed when a campaign is completed: nothing that decides about calls. */
const HARMLESS: ReadonlySet<string> = new Set(['id', 'kind', 'name', 'meta', 'legacyForm'])

/**
 * Changes what is given; what is absent stays (contract/multisender.md A7). A broadcast that has begun cannot be changed
 * (7.4); an RSVP campaign and a click to call can, until they are completed (7.1). Throws INSUFFICIENT_SCOPE
 * (`campaigns:write`), NOT_FOUND, VALIDATION_FAILED, CAMPAIGN_COMPLETED, CAMPAIGN_NOT_EDITABLE.
 */
export async function updateCampaign(
  deps: CampaignDeps,
  viewer: Viewer,
  input: UpdateCampaignInput,
  alongWith?: AlongWith,
): Promise<{ id: string }> {
  requireScope(viewer, 'campaigns:write')
  const { world } = deps
  const { workspaceId } = viewer
  const { id } = input
  const changes = parse(campaignFields, input)
  if (input.receivers) checkReceivers(input.receivers)
  const voices = deps.voiceFiles.speech.voices().map(({ code }) => code)
  await world.events.write(workspaceId, async (tx, emit) => {
    const now = world.clock.now()
    // Contacts before the campaign: whoever creates contacts holds their counter, and campaigns are made holding it.
    if (input.receivers) await requireLiving(tx, workspaceId, id, input.kind)
    const reached = input.receivers ? await findReceivers(world, tx, emit, workspaceId, input.receivers) : null
    const campaign = await lockLiving(tx, workspaceId, id, input.kind)
    const asked = Object.entries(input)
      .filter(([, value]) => value !== undefined)
      .map(([key]) => key)
    if (campaign.state === 'completed' && asked.some((key) => !HARMLESS.has(key))) throw completed()
    const begun = campaign.started_at !== null
    // Those who wait are asked what is asked now; what is said once to all stays as some have heard it.
    const isBroadcast = BROADCASTS.has(campaign.kind)
    const changesWhat = asked.some((key) => !HARMLESS.has(key) && key !== 'state')
    if (begun && ((isBroadcast && changesWhat) || input.receivers)) {
      throw new ExpectedError('CAMPAIGN_NOT_EDITABLE', 'The campaign has begun and can no longer be changed.')
    }
    const schedule = {
      startsAt: changes.startsAt === undefined ? campaign.starts_at : changes.startsAt,
      endsAt: changes.endsAt === undefined ? campaign.ends_at : changes.endsAt,
    }
    const given = { startsAt: changes.startsAt !== undefined, endsAt: changes.endsAt !== undefined }
    if (given.startsAt || given.endsAt) checkSchedule(schedule, now, given)
    let { content } = campaign
    let fault = campaign.content_fault
    if (input.content) {
      const prepared = await prepareContent(tx, workspaceId, campaign.kind, input.content, voices)
      if ((prepared.linkId ?? null) !== campaign.link_id) {
        const message = 'must be the link that the campaign was made for'
        throw new ValidationError([{ path: ['content', 'linkId'], rule: 'other_link', message }])
      }
      const { said } = campaign.content as { said?: Record<string, string> }
      content = await speak(deps, tx, emit, workspaceId, prepared, changes.name ?? 'Campaign', said)
      fault = prepared.fault
      await keepVoiceFiles(tx, workspaceId, id, [...prepared.voiceFileIds, ...spokenFiles(content)])
    }
    const isSet = (value: unknown) => value !== undefined
    const wanted =
      campaign.kind === 'rsvp' ? (changes.acceptsWanted ?? campaign.accepts_wanted) : campaign.accepts_wanted
    await tx.query(
      sql`UPDATE campaign
          SET name = CASE WHEN ${isSet(changes.name)}::boolean THEN ${changes.name ?? null}::text ELSE name END,
              starts_at = ${schedule.startsAt}::timestamptz, ends_at = ${schedule.endsAt}::timestamptz,
              calendar = CASE WHEN ${isSet(changes.calendar)}::boolean THEN ${optional(changes.calendar)}::json ELSE calendar END,
              max_attempts = coalesce(${changes.maxAttempts ?? null}::int, max_attempts),
              redial_after_seconds = CASE WHEN ${isSet(changes.redialAfterMinutes)}::boolean
                THEN ${redialSeconds(deps, changes.redialAfterMinutes)}::int ELSE redial_after_seconds END,
              lines = CASE WHEN ${isSet(changes.lines) && campaign.kind !== 'click_to_call'}::boolean
                THEN ${changes.lines ?? null}::int ELSE lines END,
              accepts_wanted = ${wanted}::int, content = ${json(content)}::json, content_fault = ${fault},
              meta = CASE WHEN ${isSet(changes.meta)}::boolean THEN ${optional(changes.meta)}::json ELSE meta END,
              legacy_form = CASE WHEN ${isSet(changes.legacyForm)}::boolean THEN ${optional(changes.legacyForm)}::json
                                 ELSE legacy_form END,
              updated_at = ${now}::timestamptz
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
    )
    Object.assign(campaign, {
      ...{
        starts_at: schedule.startsAt,
        ends_at: schedule.endsAt,
        accepts_wanted: wanted,
        content,
        content_fault: fault,
      },
    })
    if (reached) await replaceReceivers(deps, tx, emit, campaign, reached)
    if (input.receivers || input.content) await estimateCampaign(deps, tx, workspaceId, campaign)
    emit('campaign.updated', { campaignId: id })
    await alongWith?.(tx, emit, id)
    if (campaign.state === 'completed') return
    await follow(deps, tx, emit, campaign, input.state ?? null)
  })
  deps.onDue()
  return { id }
}

/**
 * Halts a campaign or lets it go on. Within the second nothing more is begun; calls in progress finish and count. Asking
 * for the state it is in changes nothing. Throws INSUFFICIENT_SCOPE (`campaigns:write`), NOT_FOUND, CAMPAIGN_COMPLETED.
 */
export async function setCampaignState(
  deps: CampaignDeps,
  viewer: Viewer,
  { id, kind, state }: { id: string; kind?: CampaignKind; state: 'active' | 'halted' },
): Promise<{ id: string }> {
  requireScope(viewer, 'campaigns:write')
  const { world } = deps
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    const campaign = await lockLiving(tx, viewer.workspaceId, id, kind)
    if (campaign.state === 'completed') throw completed()
    await follow(deps, tx, emit, campaign, state)
  })
  deps.onDue()
  return { id }
}

/**
 * Adds receivers after those that are there; whoever is among them already stays where they are. Throws
 * INSUFFICIENT_SCOPE (`campaigns:write`), NOT_FOUND, VALIDATION_FAILED, CAMPAIGN_COMPLETED, IDEMPOTENCY_CONFLICT.
 */
export async function addReceivers(
  deps: CampaignDeps,
  viewer: Viewer,
  {
    id,
    kind,
    receivers,
    idempotencyKey,
  }: {
    id: string
    kind?: CampaignKind
    receivers: readonly ReceiverInput[]
    idempotencyKey?: string | null
  },
): Promise<{ targetIds: string[] }> {
  requireScope(viewer, 'campaigns:write')
  const { world } = deps
  const { workspaceId } = viewer
  checkReceivers(receivers)
  const now = world.clock.now()
  const added = await world.events.write(workspaceId, (tx, emit) =>
    once(
      tx,
      { workspaceId, key: idempotencyKey, operation: 'addReceivers', input: { id, receivers }, now },
      async () => {
        // Contacts before the campaign, as above.
        await requireLiving(tx, workspaceId, id, kind)
        const reached = await findReceivers(world, tx, emit, workspaceId, receivers)
        const campaign = await lockLiving(tx, workspaceId, id, kind)
        if (campaign.state === 'completed') throw completed()
        const targets = await insertTargets(world, tx, { id, workspaceId }, reached)
        await reach(deps, tx, emit, campaign, targets)
        await estimateCampaign(deps, tx, workspaceId, campaign)
        return { targetIds: targets.map(({ targetId }) => targetId) }
      },
    ),
  )
  deps.onDue()
  return added
}

/**
 * Deletes a campaign: nothing more is begun, calls in progress finish, and what happened stays in the history of its
 * contacts. No change of state is told (contract/multisender.md A14). Throws INSUFFICIENT_SCOPE, NOT_FOUND.
 */
export async function deleteCampaign(
  deps: CampaignDeps,
  viewer: Viewer,
  id: string,
  kind?: CampaignKind,
): Promise<void> {
  requireScope(viewer, 'campaigns:write')
  const { world } = deps
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    const now = world.clock.now()
    const campaign = await lockLiving(tx, workspaceId, id, kind)
    await releaseWaitingRespondents(tx, emit, campaign, now)
    await tx.query(
      sql`UPDATE campaign SET deleted_at = ${now}::timestamptz, updated_at = ${now}::timestamptz, due_at = NULL
          WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
    )
    await keepVoiceFiles(tx, workspaceId, id, [])
    emit('campaign.deleted', { campaignId: id })
  })
}

/** What follows from a wish, from the times and from what was reached; the engine looks at it at once. */
async function follow(
  deps: Pick<CampaignDeps, 'world'>,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  wish: 'active' | 'halted' | null,
): Promise<void> {
  const now = deps.world.clock.now()
  const schedule = scheduleOf(campaign)
  // A start that was moved may lie in the future again, as long as nobody was addressed.
  const isPutOff =
    campaign.state === 'active' && campaign.dialed_calls === 0 && schedule.startsAt !== null && schedule.startsAt > now
  const state =
    wish === null ? (isPutOff ? 'scheduled' : campaign.state) : wishedState(campaign.state, wish, schedule, now)!
  await beginWith(deps, tx, emit, campaign, state)
  // Nobody was left in it.
  if (campaign.state === 'completed') return
  const due = dueState(state, schedule, progressOf(campaign), now)
  if (due === 'completed') await recordProgress(tx, emit, Object.assign(campaign, { state }), {}, { now, dueAt: null })
  else await enterState(tx, emit, campaign, due, { now, dueAt: now })
}

async function replaceReceivers(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  reached: readonly Receiver[],
): Promise<void> {
  const { world } = deps
  const { id, workspace_id: workspaceId } = campaign
  await tx.query(sql`DELETE FROM receiver WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${id}::uuid`)
  await tx.query(
    sql`DELETE FROM campaign_target WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${id}::uuid`,
  )
  await tx.query(
    sql`UPDATE campaign_stats SET receivers = 0, settled_receivers = 0
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  Object.assign(campaign, { receivers: 0, settled_receivers: 0, last_position: 0 })
  await reach(deps, tx, emit, campaign, await insertTargets(world, tx, { id, workspaceId }, reached))
}

/** Makes receivers of targets and counts them. */
export async function reach(
  { world }: Pick<CampaignDeps, 'world'>,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  targets: readonly Target[],
): Promise<void> {
  const { id, workspace_id: workspaceId, last_position: lastPosition } = campaign
  const now = world.clock.now()
  const count = await expandTargets(world, tx, { id, workspaceId, lastPosition }, targets)
  if (count === 0) return
  campaign.last_position += count
  await tx.query(
    sql`UPDATE campaign SET last_position = ${campaign.last_position}::int
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  emit('campaign.receiversAdded', { campaignId: id, count })
  await recordProgress(tx, emit, campaign, { receivers: count }, { now, dueAt: now })
}

/**
 * If a campaign that comes into `state` begins with it, whoever its lists and segments name now are its receivers: they are
 * evaluated when they are used. One that begins with nobody is completed.
 */
export async function beginWith(
  deps: Pick<CampaignDeps, 'world'>,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  state: CampaignState,
): Promise<void> {
  if (campaign.state !== 'scheduled' && campaign.started_at !== null) return
  const someone = { ...progressOf(campaign), unsettled: 1 }
  if (dueState(state, scheduleOf(campaign), someone, deps.world.clock.now()) !== 'active') return
  await refreshReceivers(deps, tx, emit, campaign, await readTargets(tx, campaign.workspace_id, campaign.id))
}

/** Brings the receivers of a campaign that is about to begin up to date with the lists and segments it was told. */
async function refreshReceivers(
  deps: Pick<CampaignDeps, 'world'>,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  targets: readonly Target[],
): Promise<void> {
  // Those who came first: a campaign that nobody is left in, for a moment, would be completed.
  await reach(deps, tx, emit, campaign, targets)
  const gone = await dropUnreached(tx, { id: campaign.id, workspaceId: campaign.workspace_id }, targets)
  const now = deps.world.clock.now()
  if (gone > 0) await recordProgress(tx, emit, campaign, { receivers: -gone }, { now, dueAt: now })
}

async function lockLiving(tx: Tx, workspaceId: string, id: string, kind?: CampaignKind): Promise<CampaignRow> {
  const campaign = isUuid(id) ? (await lockCampaigns(tx, workspaceId, [id]))[0] : undefined
  if (!campaign || campaign.deleted_at !== null || (kind && campaign.kind !== kind))
    throw new NotFoundError('campaign', ['id'])
  return campaign
}

async function requireLiving(tx: Tx, workspaceId: string, id: string, kind?: CampaignKind): Promise<void> {
  const found = isUuid(id)
    ? await tx.query<{ kind: CampaignKind }>(
        sql`SELECT kind FROM campaign WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL`,
      )
    : []
  if (found.length === 0 || (kind && found[0]!.kind !== kind)) throw new NotFoundError('campaign', ['id'])
}

function completed(): ExpectedError {
  return new ExpectedError('CAMPAIGN_COMPLETED', 'The campaign is completed.')
}
