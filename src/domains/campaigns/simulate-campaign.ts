import { z } from 'zod'
import { sql } from '../../db/sql.ts'
import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse } from '../../platform/validation.ts'
import { population } from '../../providers/telephony/index.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { optedOutAmong } from '../contacts/index.ts'
import { type CampaignRow, calendarOf, campaignColumns, scheduleOf } from './campaign-row.ts'
import { type CampaignDeps, isCallKind } from './deps.ts'
import { contactCapUntil, contactHistoryMs, decentHours, isCountryAllowed } from './policy.ts'
import { callCents, UNITS_PER_CENT } from './prices.ts'
import { type Candidate, candidateColumns, contactsWith, maxDurationMs, surroundingsOf } from './questions.ts'
import { simulateCampaign as foretell, type Simulation } from './simulation.ts'
import type { SurveyContent } from './survey/survey-script.ts'

export interface SimulateCampaignInput {
  id: string
  /** Of the simulated people, 1 to 100 characters; absent: those of the simulated provider, or of the seed `1`. */
  seed?: string | null
}

/** Of so many receivers a simulation is made at most. */
export const MAX_SIMULATED = 100_000

/**
 * Foretells what a campaign of a call kind will come to from now on (or from its start), with simulated people: nobody is
 * called and nothing is changed. On a simulated provider with no seed given it is what a real run then does. Receivers
 * that are settled, or being called, are left out; a halted campaign is taken as resumed. `key` of what comes back is the
 * receiver's id. Throws INSUFFICIENT_SCOPE (`campaigns:read`), NOT_FOUND (also for kinds that do not call),
 * CAMPAIGN_COMPLETED, CAMPAIGN_NOT_READY (what it says cannot be played, or not yet), VALIDATION_FAILED.
 */
export async function simulateCampaign(
  deps: CampaignDeps,
  viewer: Viewer,
  input: SimulateCampaignInput,
): Promise<Simulation> {
  requireScope(viewer, 'campaigns:read')
  const { id, seed } = parse(z.object({ id: z.string(), seed: line(100).nullish() }), input)
  const { workspaceId } = viewer
  const { db, clock } = deps.world
  const [campaign] = isUuid(id)
    ? await db.query<CampaignRow>(
        sql`SELECT ${campaignColumns} FROM campaign c
            JOIN campaign_stats s ON s.workspace_id = c.workspace_id AND s.id = c.id
            WHERE c.workspace_id = ${workspaceId}::uuid AND c.id = ${id}::uuid AND c.deleted_at IS NULL`,
      )
    : []
  if (!campaign || !isCallKind(campaign.kind)) throw new NotFoundError('campaign', ['id'])
  if (campaign.state === 'completed') throw new ExpectedError('CAMPAIGN_COMPLETED', 'The campaign is completed.')
  const surroundings = await surroundingsOf(deps, db, campaign)
  const { script, durations, policy, leftUnits } = surroundings
  if (!script) throw new ExpectedError('CAMPAIGN_NOT_READY', 'What the campaign says cannot be played (yet).')
  const candidates = await db.query<Candidate>(
    sql`SELECT ${candidateColumns('call')} FROM receiver r
        JOIN contact k ON k.workspace_id = r.workspace_id AND k.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND r.state = 'waiting'
        ORDER BY r.position LIMIT ${MAX_SIMULATED}::int`,
  )
  const numbers = candidates.flatMap(({ address }) => (address === null ? [] : [address]))
  const isOut = await optedOutAmong(
    deps.world,
    db,
    workspaceId,
    numbers.map((address) => ({ channel: 'call' as const, address })),
  )
  const out = new Set(numbers.filter((_, index) => isOut[index]))
  const now = clock.now()
  const history = await contactsWith(db, workspaceId, policy, candidates, now)
  const contactOf = new Map(candidates.map((candidate) => [candidate.id, candidate.contact_id]))
  const known = await deps.rehearse?.(numbers)
  const { limit: lines } = surroundings.providerLines
  const rehearsal = known ?? { people: population(), lines: lines ?? MAX_SIMULATED, calledBefore: () => 0 }
  return foretell({
    now,
    campaign: {
      ...scheduleOf(campaign),
      calendar: calendarOf(campaign),
      maxAttempts: campaign.max_attempts,
      redialAfterMs: campaign.redial_after_seconds * 1_000,
      acceptsWanted: campaign.accepts_wanted,
      accepts: campaign.accepts,
      redialUnfinished: campaign.kind === 'survey_calls' && (campaign.content as SurveyContent).redialUnfinished,
      order: surroundings.isStrict ? 'strict' : 'parallel',
      ...{ script, durations, ringTimeoutMs: deps.ringTimeoutMs, maxDurationMs: maxDurationMs(script, durations) },
    },
    lines: {
      campaign: campaign.lines,
      workspace: surroundings.workspaceLines.limit,
      provider: surroundings.providerLines.limit,
    },
    leftCents: leftUnits === null ? null : leftUnits / UNITS_PER_CENT,
    centsOf: (number, talkMs) => callCents(deps.prices, number, Math.round(talkMs / 1_000)),
    receivers: candidates.map(({ id: key, address, attempts, retry_at: retryAt }) => ({
      ...{ key, number: address, attempts, retryAt },
      optedOut: address !== null && out.has(address),
      countryAllowed: address === null || isCountryAllowed(policy, address),
      hasRoute: address === null || surroundings.reaches(address),
      decentHours: address === null ? [] : decentHours(policy, address),
    })),
    ...(contactHistoryMs(policy) === 0
      ? {}
      : {
          contactCapUntil: (key: string, dialledAt: readonly Date[], at: Date) =>
            contactCapUntil(policy, [...(history.get(contactOf.get(key)!) ?? []), ...dialledAt], at),
        }),
    rehearsal:
      seed == null ? rehearsal : { ...rehearsal, people: { ...rehearsal.people, seed }, calledBefore: () => 0 },
  })
}
