import { z } from 'zod'
import { sql } from '../../db/sql.ts'
import { parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { type CalendarRules, calendarRules } from '../calendars/index.ts'
import type { World } from '../world.ts'
import { addCalendar, holdPool } from './pool-store.ts'

/** When the business is open, for metrics in business hours, and for which replies. */
export interface BusinessCalendarView {
  /** Counts from 1 within the workspace. */
  version: number
  rules: CalendarRules
  /** Of the versions whose moment has come when a clock starts, the last one counts; of one moment, the newest. */
  effectiveFrom: Date
  createdAt: Date
}

export interface BusinessCalendarInput {
  rules: unknown
  /** Absent: now. A moment that is past counts for what is computed from now on. */
  effectiveFrom?: Date | null | undefined
}

/** No message is of an earlier time, or a later one. */
const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(9999, 0, 1)

const schema = z.object({
  rules: calendarRules,
  effectiveFrom: z
    .date()
    .refine((date) => date.getTime() >= EARLIEST && date.getTime() < LATEST, {
      params: { rule: 'out_of_range' },
      message: 'must be between 1970 and 9998',
    })
    .nullish(),
})

/**
 * Adds a version of the business calendar; earlier ones stay, for what they were in force for. Throws
 * INSUFFICIENT_SCOPE (`messages:write`), VALIDATION_FAILED (paths below `rules` as in CalendarRules).
 */
export async function setBusinessCalendar(
  world: World,
  viewer: Viewer,
  input: BusinessCalendarInput,
): Promise<BusinessCalendarView> {
  requireScope(viewer, 'messages:write')
  const { rules, effectiveFrom } = parse(schema, input)
  const { workspaceId } = viewer
  const now = world.clock.now()
  const from = effectiveFrom ?? now
  return world.events.write(workspaceId, async (tx, emit) => {
    // Whoever writes messages holds it, too: a batch sees the versions of before or of after, never of in between.
    await holdPool(tx, workspaceId, 0, now)
    const version = await addCalendar(tx, workspaceId, { rules, effectiveFrom: from }, now)
    emit('workspace.messageSettingsChanged', {})
    return { version, rules, effectiveFrom: from, createdAt: now }
  })
}

/** How many versions are shown. */
export const MAX_CALENDARS_SHOWN = 100

/**
 * The versions of the business calendar, the newest first, at most MAX_CALENDARS_SHOWN. Throws INSUFFICIENT_SCOPE
 * (`messages:read`).
 */
export async function getBusinessCalendars(world: World, viewer: Viewer): Promise<BusinessCalendarView[]> {
  requireScope(viewer, 'messages:read')
  const rows = await world.db.query<{ version: number; rules: CalendarRules; effective_from: Date; created_at: Date }>(
    sql`SELECT version, rules, effective_from, created_at FROM business_calendar
        WHERE workspace_id = ${viewer.workspaceId}::uuid ORDER BY version DESC LIMIT ${MAX_CALENDARS_SHOWN}::int`,
  )
  return rows.map((row) => ({
    version: row.version,
    rules: row.rules,
    effectiveFrom: row.effective_from,
    createdAt: row.created_at,
  }))
}
