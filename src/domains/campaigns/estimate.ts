import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { smsParts } from '../../providers/sms/index.ts'
import { readinessOf } from '../voice-files/index.ts'
import { longText, type SmsContent, scriptOf } from './content.ts'
import type { CampaignDeps, CampaignKind } from './deps.ts'
import { callCents, emailCents, smsCents, unitsOf } from './prices.ts'
import { longestTalkMs, voiceFilesOf } from './script.ts'
import { surveyOf } from './survey/survey-content.ts'
import type { SurveyContent } from './survey/survey-script.ts'

/** What is still being spoken by a voice, until it is known. */
const UNKNOWN_MS = 10_000

/**
 * Estimates what a campaign costs if each receiver is reached once and stays to the end, and writes it down: 0 unless the
 * server has a price table (contract/multisender.md A17).
 */
export async function estimateCampaign(
  { prices }: CampaignDeps,
  tx: Tx,
  workspaceId: string,
  { id, kind, content }: { id: string; kind: CampaignKind; content: unknown },
): Promise<void> {
  const costsNothing =
    Object.keys(prices.call).length === 0 && Object.keys(prices.sms).length === 0 && prices.emailCents === 0
  if (costsNothing) return
  const column = kind === 'email_broadcast' ? sql`c.email` : sql`c.phone`
  const addresses = await tx.query<{ address: string }>(
    sql`SELECT ${column} AS address FROM receiver r
        JOIN contact c ON c.workspace_id = r.workspace_id AND c.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND ${column} IS NOT NULL`,
  )
  const centsOf = await pricing()
  const units = addresses.reduce((sum, { address }) => sum + unitsOf(centsOf(address)), 0)
  await tx.query(
    sql`UPDATE campaign SET estimate = ${units}::bigint WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )

  async function pricing(): Promise<(address: string) => number> {
    if (kind === 'email_broadcast') return () => emailCents(prices)
    if (kind === 'sms_broadcast') {
      const segments = smsParts(longText(content as SmsContent)).segments
      return (address) => smsCents(prices, address, segments)
    }
    const script =
      kind === 'survey_calls'
        ? (await surveyOf(tx, workspaceId, content as SurveyContent))?.script
        : scriptOf(kind, content)
    if (!script) return () => 0
    const files = await readinessOf(tx, workspaceId, voiceFilesOf(script))
    const durations = new Map(
      voiceFilesOf(script).map((file) => [file, files.get(file)?.durationMs ?? UNKNOWN_MS] as const),
    )
    const seconds = Math.ceil(longestTalkMs(script, durations) / 1_000)
    return (address) => callCents(prices, address, seconds)
  }
}
