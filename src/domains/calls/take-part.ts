import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import {
  type CampaignRow,
  type Candidate,
  respondentsOf,
  type SurveyContent,
  sayUnsaid,
  surveyOf,
} from '../campaigns/index.ts'
import { tryLegacyCounter } from '../legacy-id.ts'
import { type CallingStatus, moveStatus } from '../responses/index.ts'
import type { World } from '../world.ts'
import type { CallDeps } from './deps.ts'

/**
 * Prepares a step of a survey's calls before it holds what all who dial wait for: has said what nobody has said, and holds
 * the counter of respondents when receivers are about to become some. False: somebody else is numbering the same, maybe
 * very many, and the step should come again a moment later.
 */
export async function prepareToTakePart(
  deps: CallDeps,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  now: Date,
): Promise<boolean> {
  if (campaign.kind !== 'survey_calls') return true
  const { id, workspace_id: workspaceId, content } = campaign
  const unsaid = (await surveyOf(tx, workspaceId, content as SurveyContent))?.unsaid ?? []
  if (unsaid.length > 0) {
    if (!(await tryLegacyCounter(tx, workspaceId, 'voiceFile'))) return false
    await sayUnsaid(deps, tx, emit, campaign, unsaid)
  }
  const newcomers = await tx.query(
    sql`SELECT 1 FROM receiver
        WHERE workspace_id = ${workspaceId}::uuid AND campaign_id = ${id}::uuid AND state = 'waiting'
          AND ready_at <= ${now}::timestamptz AND respondent_id IS NULL LIMIT 1`,
  )
  return newcomers.length === 0 || tryLegacyCounter(tx, workspaceId, 'respondent')
}

/** Receivers of a survey's calls as respondents, who are about to be called. By receiver; empty for other campaigns. */
export async function takePart(
  world: World,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  candidates: readonly Candidate[],
  now: Date,
): Promise<Map<string, string>> {
  if (campaign.kind !== 'survey_calls') return new Map()
  const respondents = await respondentsOf(world, tx, emit, campaign, candidates)
  const moves = new Map([...respondents.values()].map((id) => [id, 'queued' as const]))
  const { allowRepeats } = campaign.content as SurveyContent
  await moveStatus(tx, emit, campaign.workspace_id, moves, now, { allowRepeats })
  return respondents
}

/** Whom a rule keeps from being called: their number is none, or no call was asked for after all. */
export async function releaseRespondents(
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  rows: readonly { id: string; rule: string }[],
  candidates: readonly Candidate[],
  now: Date,
): Promise<void> {
  if (campaign.kind !== 'survey_calls') return
  const moves = new Map<string, CallingStatus>()
  for (const { id, rule } of rows) {
    const { respondent_id: respondent, attempts } = candidates.find((candidate) => candidate.id === id)!
    if (respondent === null) continue
    moves.set(respondent, rule === 'NO_NUMBER' ? 'invalid' : attempts === 0 ? 'created' : 'called')
  }
  await moveStatus(tx, emit, campaign.workspace_id, moves, now)
}
