import type { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { json, sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { CalendarRules } from '../calendars/index.ts'
import { findReceivers, type Receiver, type ReceiverInput } from '../contacts/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { addSpeech, holdVoiceFiles } from '../voice-files/index.ts'
import { CLICK_TO_CALL_MS, campaignFields, checkSchedule, DEFAULT_ATTEMPTS } from './campaign-fields.ts'
import { type CampaignContentInput, type PreparedContent, prepareContent } from './content.ts'
import type { CampaignDeps, CampaignKind } from './deps.ts'
import { estimateCampaign } from './estimate.ts'
import { type CampaignSchedule, type CampaignState, initialState } from './state.ts'
import { expandTargets, insertTargets } from './targets.ts'

/** Up to so many receivers are named at once; a list may hold any number of people. */
export const MAX_TARGETS = 100_000

export interface CampaignFieldsInput {
  /** 1 to 200 characters. */
  name?: string | null
  /** Not more than an hour ago; absent or null: at once. */
  startsAt?: Date | null
  /** Nothing is begun after it. Null: never; absent for a click to call: a week after it begins. */
  endsAt?: Date | null
  /** When receivers may be addressed; absent or null: at any time. */
  calendar?: CalendarRules | null
  /** Any object of up to 16,000 bytes, handed back as it is. */
  meta?: Record<string, unknown> | null
  /** What a legacy API shows again in its own form. */
  legacyForm?: unknown
  /** Calls at once, from 1; a click to call has one. Null: as many as workspace and provider allow. */
  lines?: number | null
  /** Attempts to reach one receiver, 1 to 20. Default: 4, of a voice broadcast 1, of messages 3. */
  maxAttempts?: number | null
  /** Between attempts; the server's default is 15. */
  redialAfterMinutes?: number | null
  /** RSVP only, and required there. */
  acceptsWanted?: number | null
}

export interface CreateCampaignInput extends CampaignFieldsInput {
  kind: CampaignKind
  receivers: readonly ReceiverInput[]
  /** Absent: as the schedule says. */
  state?: 'active' | 'halted' | null
  content: CampaignContentInput
  idempotencyKey?: string | null
}

/** What is stored along with a campaign in its transaction, for what belongs to it and lives in another domain. */
export type AlongWith = (tx: Tx, emit: Emit, campaignId: string) => Promise<void>

/**
 * Makes a campaign and, unless it is halted or begins later, starts it. Telephone numbers and e-mail addresses among the
 * receivers become contacts. Throws INSUFFICIENT_SCOPE (`campaigns:write`), VALIDATION_FAILED (paths as in the input),
 * IDEMPOTENCY_CONFLICT. Contract: contract/multisender.md 5.4 to 5.9, 7.
 */
export async function createCampaign(
  deps: CampaignDeps,
  viewer: Viewer,
  { idempotencyKey, ...input }: CreateCampaignInput,
  alongWith?: AlongWith,
): Promise<{ id: string }> {
  requireScope(viewer, 'campaigns:write')
  const { world } = deps
  const { workspaceId } = viewer
  const { kind } = input
  const now = world.clock.now()
  const fields = parse(campaignFields, input)
  const endsAt =
    fields.endsAt === undefined && kind === 'click_to_call'
      ? new Date(Math.max(now.getTime(), fields.startsAt?.getTime() ?? 0) + CLICK_TO_CALL_MS)
      : fields.endsAt
  const schedule = { startsAt: fields.startsAt ?? null, endsAt: endsAt ?? null }
  checkSchedule(schedule, now)
  checkReceivers(input.receivers)
  if (kind === 'rsvp' && fields.acceptsWanted == null) {
    throw new ValidationError([{ path: ['acceptsWanted'], rule: 'required', message: 'is required' }])
  }
  const voices = deps.voiceFiles.speech.voices().map(({ code }) => code)
  const prepared = await prepareContent(world.db, workspaceId, kind, input.content, voices)
  const state = initialState(schedule, input.state === 'halted' ? 'halted' : 'active', now)
  const created = await world.events.write(workspaceId, (tx, emit) =>
    once(tx, { workspaceId, key: idempotencyKey, operation: 'createCampaign', input, now }, async () => {
      const reached = await findReceivers(world, tx, emit, workspaceId, input.receivers)
      const id = await insertCampaign(deps, tx, emit, workspaceId, { kind, fields, schedule, state, prepared }, reached)
      await alongWith?.(tx, emit, id)
      return { id }
    }),
  )
  deps.onDue()
  return created
}

export interface NewCampaign {
  kind: CampaignKind
  fields: z.output<typeof campaignFields>
  schedule: CampaignSchedule
  state: CampaignState
  prepared: PreparedContent
  /** Made by the server for its link. */
  standing?: boolean
}

/** Writes a campaign that was judged before, with its receivers. Returns its id. */
export async function insertCampaign(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { kind, fields, schedule, state, prepared, standing = false }: NewCampaign,
  reached: readonly Receiver[],
): Promise<string> {
  const { world } = deps
  const now = world.clock.now()
  const id = world.newId()
  const content = await speak(deps, tx, emit, workspaceId, prepared, fields.name ?? 'Campaign')
  const legacyId = await takeLegacyIds(tx, workspaceId, kind)
  await tx.query(
    sql`INSERT INTO campaign (id, workspace_id, legacy_id, kind, name, link_id, standing, state, starts_at, ends_at,
                              calendar, max_attempts, redial_after_seconds, lines, accepts_wanted, content,
                              content_fault, meta, legacy_form, due_at, started_at, created_at, updated_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${legacyId}::int, ${kind}::campaign_kind, ${fields.name ?? null},
                ${prepared.linkId ?? null}::uuid, ${standing}::boolean,
                ${state}::campaign_state, ${schedule.startsAt}::timestamptz, ${schedule.endsAt}::timestamptz,
                ${optional(fields.calendar)}::json, ${fields.maxAttempts ?? DEFAULT_ATTEMPTS[kind]}::int,
                ${redialSeconds(deps, fields.redialAfterMinutes)}::int,
                ${kind === 'click_to_call' ? 1 : (fields.lines ?? null)}::int,
                ${kind === 'click_to_call' ? 1 : kind === 'rsvp' ? (fields.acceptsWanted ?? null) : null}::int,
                ${json(content)}::json, ${prepared.fault}, ${optional(fields.meta)}::json,
                ${optional(fields.legacyForm)}::json, ${now}::timestamptz,
                ${state === 'active' ? now : null}::timestamptz, ${now}::timestamptz, ${now}::timestamptz)`,
  )
  await keepVoiceFiles(tx, workspaceId, id, [...prepared.voiceFileIds, ...spokenFiles(content)])
  const targets = await insertTargets(world, tx, { id, workspaceId }, reached)
  const count = await expandTargets(world, tx, { id, workspaceId, lastPosition: 0 }, targets)
  await tx.query(
    sql`INSERT INTO campaign_stats (id, workspace_id, receivers, updated_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${count}::int, ${now}::timestamptz)`,
  )
  await tx.query(
    sql`UPDATE campaign SET last_position = ${count}::int WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  await estimateCampaign(deps, tx, workspaceId, { id, kind, content })
  emit('campaign.created', { campaignId: id, kind })
  if (count > 0) emit('campaign.receiversAdded', { campaignId: id, count })
  return id
}

export function checkReceivers(receivers: readonly ReceiverInput[]): void {
  const refuse = (rule: string, message: string) => new ValidationError([{ path: ['receivers'], rule, message }])
  if (receivers.length === 0) throw refuse('too_short', 'must name at least one receiver')
  if (receivers.length > MAX_TARGETS) throw refuse('too_long', `must name at most ${MAX_TARGETS} receivers`)
}

export function redialSeconds(deps: CampaignDeps, minutes: number | null | undefined): number {
  return minutes == null ? deps.redialAfterSeconds : Math.round(minutes * 60)
}

/** JSON for a column that may be null. */
export function optional(value: unknown): string | null {
  return value == null ? null : json(value)
}

/** The content to be stored: what is said in it, and was not said `already`, is on its way to become voice files. */
export async function speak(
  deps: CampaignDeps,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { content, sayings }: PreparedContent,
  name: string,
  already: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  if (sayings.length === 0) return content
  const said: Record<string, string> = {}
  for (const [index, { key, text, voice }] of sayings.entries()) {
    if (Object.hasOwn(already, key)) {
      said[key] = already[key]!
      continue
    }
    const speech = { name: `${name}, part ${index + 1}`.slice(0, 200), description: null, text, voice }
    said[key] = await addSpeech({ world: deps.world, queue: deps.voiceFiles.queue }, tx, emit, workspaceId, speech)
  }
  return { ...(content as object), said }
}

export function spokenFiles(content: unknown): string[] {
  const { said } = content as { said?: Record<string, string> }
  return said ? Object.values(said) : []
}

/**
 * Says which voice files a campaign plays from now on. Throws VALIDATION_FAILED when one was deleted since the content
 * was looked at.
 */
export async function keepVoiceFiles(
  tx: Tx,
  workspaceId: string,
  campaignId: string,
  ids: readonly string[],
): Promise<void> {
  const held = await holdVoiceFiles(tx, workspaceId, ids)
  if (ids.some((id) => !held.has(id))) {
    const message = 'names a voice file that was deleted meanwhile'
    throw new ValidationError([{ path: ['content'], rule: 'unknown_voice_file', message }])
  }
  await tx.query(
    sql`DELETE FROM campaign_voice_file WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${campaignId}::uuid`,
  )
  await tx.query(
    sql`INSERT INTO campaign_voice_file (workspace_id, campaign_id, voice_file_id)
        SELECT DISTINCT ${workspaceId}::uuid, ${campaignId}::uuid, f FROM unnest(${ids}::uuid[]) AS f`,
  )
}
