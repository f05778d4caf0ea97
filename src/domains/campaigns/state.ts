/**
 * What a campaign is doing (contract/multisender.md 7.1, which says `waitingToActive`, `active`, `halt`, `complete`).
 * `completed` is final. A daily window that closes changes nothing: an active campaign then simply does not dial.
 */
export type CampaignState = 'scheduled' | 'active' | 'halted' | 'completed'

export interface CampaignSchedule {
  /** Absent: at once. */
  startsAt: Date | null
  /** Nothing is begun after it. Absent: never. */
  endsAt: Date | null
}

/** How far the work has come. */
export interface CampaignProgress {
  accepts: number
  /** Absent: as many as there are. */
  acceptsWanted: number | null
  /** Receivers that may still be called, or are being called. */
  unsettled: number
}

/** How far in the past a start may lie. */
export const LATEST_START_MS = 3_600_000

/** The state that a campaign begins in. `wish` is what its maker asked for; `active` is the same as asking nothing. */
export function initialState(schedule: CampaignSchedule, wish: 'active' | 'halted', now: Date): CampaignState {
  return wish === 'halted' ? 'halted' : begun(schedule, now)
}

/**
 * The state that follows from time and progress alone; the same when nothing follows. Halted campaigns do not complete
 * by their progress: calls that were under way finish and count, and resuming tells that all is done.
 */
export function dueState(
  state: CampaignState,
  schedule: CampaignSchedule,
  { accepts, acceptsWanted, unsettled }: CampaignProgress,
  now: Date,
): CampaignState {
  if (state === 'completed') return state
  if (schedule.endsAt && now > schedule.endsAt) return 'completed'
  const next = state === 'scheduled' ? begun(schedule, now) : state
  const isDone = unsettled === 0 || (acceptsWanted !== null && accepts >= acceptsWanted)
  return next === 'active' && isDone ? 'completed' : next
}

/** The state that a person's wish leads to; undefined when it cannot be granted, because the campaign is completed. */
export function wishedState(
  state: CampaignState,
  wish: 'active' | 'halted',
  schedule: CampaignSchedule,
  now: Date,
): CampaignState | undefined {
  if (state === 'completed') return undefined
  if (wish === 'halted') return 'halted'
  return state === 'halted' ? begun(schedule, now) : state
}

function begun({ startsAt }: CampaignSchedule, now: Date): 'scheduled' | 'active' {
  return startsAt !== null && startsAt > now ? 'scheduled' : 'active'
}
