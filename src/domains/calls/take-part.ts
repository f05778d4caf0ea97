import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { type CampaignRow, type Candidate, respondentsOf, type SurveyContent } from '../campaigns/index.ts'
import { type CallingStatus, moveStatus } from '../responses/index.ts'
import type { World } from '../world.ts'

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
