import { sql } from '../../src/db/sql.ts'
import type { Viewer } from '../../src/domains/auth/index.ts'
import { type CalendarRules, WEEKDAYS } from '../../src/domains/calendars/index.ts'
import { type CampaignDeps, createCampaign, NO_LIMITS, NO_PRICES } from '../../src/domains/campaigns/index.ts'
import type { World } from '../../src/domains/world.ts'
import { BUTTONS, CAMPAIGNS, type CampaignPlan, REDIAL_AFTER_MS } from './setting.ts'

export interface MadeCampaign extends CampaignPlan {
  id: string
  opensAt: number
  closesAt: number
}

/** When, after its making, the window of a campaign opens, or closes. */
const EDGE_MS = { opens: 12_000, closes: 15_000 }
const HALF_A_DAY_MS = 12 * 3_600_000
const PROMPT_SECONDS = 0.5

/** Campaigns to `receivers` people in all, everybody with a number of their own. */
export async function makeCampaigns(world: World, viewer: Viewer, receivers: number): Promise<MadeCampaign[]> {
  const { workspaceId } = viewer
  const voiceFileId = await readyVoiceFile(world, workspaceId)
  const deps: CampaignDeps = {
    ...{
      world,
      policy: NO_LIMITS,
      prices: NO_PRICES,
      redialAfterSeconds: REDIAL_AFTER_MS / 1_000,
      ringTimeoutMs: 45_000,
    },
    // Nothing is spoken here, so the queue is never asked.
    voiceFiles: { queue: undefined as never, speech: { voices: () => [] } as never },
    onDue() {},
  }
  let phone = 1_000_000
  const campaigns: MadeCampaign[] = []
  for (const plan of CAMPAIGNS) {
    const { window } = plan
    const now = world.clock.now().getTime()
    const edge = edgeOf(window, now)
    const { id } = await createCampaign(deps, viewer, {
      kind: 'rsvp',
      name: plan.name,
      acceptsWanted: plan.acceptsWanted,
      maxAttempts: plan.maxAttempts,
      lines: plan.lines,
      redialAfterMinutes: REDIAL_AFTER_MS / 60_000,
      calendar: calendarOf(window, edge),
      endsAt: plan.endsAfterMs === null ? null : new Date(now + plan.endsAfterMs),
      receivers: Array.from({ length: Math.round(receivers * plan.share) }, () => ({ phone: `+35840${++phone}` })),
      content: {
        voiceFiles: [{ type: 'start', voiceFileId }],
        actionButtons: BUTTONS.map((button) => ({ ...button })),
      },
    })
    campaigns.push({
      ...plan,
      id,
      opensAt: window === 'opens' ? edge : 0,
      closesAt: window === 'closes' ? edge : Number.POSITIVE_INFINITY,
    })
  }
  return campaigns
}

/** A full second, as windows have them. */
function edgeOf(window: CampaignPlan['window'], now: number): number {
  return window === 'none' ? 0 : Math.ceil((now + EDGE_MS[window]) / 1_000) * 1_000
}

/** A window of some hours that begins or ends at the instant. */
function calendarOf(window: CampaignPlan['window'], edge: number): CalendarRules | null {
  if (window === 'none') return null
  const time = (at: number) => new Date(at).toISOString().slice(11, 19)
  const far = edge + (window === 'opens' ? HALF_A_DAY_MS : -HALF_A_DAY_MS)
  const shift = window === 'opens' ? { from: time(edge), to: time(far) } : { from: time(far), to: time(edge) }
  return { timeZone: 'UTC', weekly: Object.fromEntries(WEEKDAYS.map((day) => [day, [shift]])) }
}

/** A voice file that is ready, without the audio, which a simulated carrier does not fetch. */
async function readyVoiceFile({ db, newId, clock }: World, workspaceId: string): Promise<string> {
  const id = newId()
  const now = clock.now()
  await db.query(
    sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, status, duration_seconds, media_type, sha256, size,
                                mp3_size, wav_size, created_at, updated_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, 1, 'a question', 'upload', 'ready', ${PROMPT_SECONDS}::float8,
                'audio/mpeg', 'aa', 1, 1, 1, ${now}::timestamptz, ${now}::timestamptz)`,
  )
  return id
}
