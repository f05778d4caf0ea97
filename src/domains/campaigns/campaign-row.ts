import { type Sql, sql } from '../../db/sql.ts'
import type { CalendarRules } from '../calendars/index.ts'
import type { CampaignKind } from './deps.ts'
import type { CampaignProgress, CampaignSchedule, CampaignState } from './state.ts'

/** A campaign as its row and its statistics have it. */
export interface CampaignRow {
  id: string
  workspace_id: string
  kind: CampaignKind
  link_id: string | null
  standing: boolean
  state: CampaignState
  starts_at: Date | null
  ends_at: Date | null
  calendar: CalendarRules | null
  max_attempts: number
  redial_after_seconds: number
  lines: number | null
  accepts_wanted: number | null
  content: unknown
  content_fault: string | null
  last_position: number
  started_at: Date | null
  deleted_at: Date | null
  due_at: Date | null
  receivers: number
  settled_receivers: number
  dialed_calls: number
  answered_calls: number
  total_seconds: number
  accepts: number
}

/** Of `campaign` as `c` and `campaign_stats` as `s`. */
export const campaignColumns: Sql = sql`c.id, c.workspace_id, c.kind, c.link_id, c.standing, c.state, c.starts_at, c.ends_at, c.calendar,
  c.max_attempts, c.redial_after_seconds, c.lines, c.accepts_wanted, c.content, c.content_fault, c.last_position,
  c.started_at, c.deleted_at, c.due_at, s.receivers, s.settled_receivers, s.dialed_calls, s.answered_calls,
  s.total_seconds, s.accepts`

export function scheduleOf({ starts_at, ends_at }: Pick<CampaignRow, 'starts_at' | 'ends_at'>): CampaignSchedule {
  return { startsAt: starts_at, endsAt: ends_at }
}

export function progressOf(
  row: Pick<CampaignRow, 'accepts' | 'accepts_wanted' | 'receivers' | 'settled_receivers' | 'standing'>,
): CampaignProgress {
  return {
    accepts: row.accepts,
    acceptsWanted: row.accepts_wanted,
    // Of one that is there for whoever comes there is never an end.
    unsettled: row.standing ? Number.POSITIVE_INFINITY : row.receivers - row.settled_receivers,
  }
}

/** Open at all times. */
const ALWAYS: CalendarRules = {
  timeZone: 'UTC',
  weekly: Object.fromEntries(
    ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].map((day) => [
      day,
      [{ from: '00:00:00', to: '00:00:00' }],
    ]),
  ),
}

export function calendarOf({ calendar }: Pick<CampaignRow, 'calendar'>): CalendarRules {
  return calendar ?? ALWAYS
}
