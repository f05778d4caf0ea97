import { z } from 'zod'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { jsonObject, jsonValue, line } from '../../platform/validation.ts'
import { calendarRules } from '../calendars/index.ts'
import type { CampaignKind } from './deps.ts'
import { LATEST_START_MS } from './state.ts'

const MAX_META = 16_000
const MAX_LEGACY_FORM = 64_000
export const MAX_ATTEMPTS = 20
const MAX_LINES = 10_000
const MAX_REDIAL_MINUTES = 7 * 24 * 60

const instant = z.date('must be an instant')

/** What every kind of campaign has, as it is given. */
export const campaignFields = z.object({
  name: line(200).nullish(),
  startsAt: instant.nullish(),
  endsAt: instant.nullish(),
  calendar: calendarRules.nullish(),
  meta: jsonObject(MAX_META).nullish(),
  legacyForm: jsonValue(MAX_LEGACY_FORM).nullish(),
  lines: z.int().min(1, 'must be at least 1').max(MAX_LINES, `must be at most ${MAX_LINES}`).nullish(),
  maxAttempts: z.int().min(1, 'must be at least 1').max(MAX_ATTEMPTS, `must be at most ${MAX_ATTEMPTS}`).nullish(),
  redialAfterMinutes: z
    .number()
    .min(0, 'must not be negative')
    .max(MAX_REDIAL_MINUTES, `must be at most ${MAX_REDIAL_MINUTES}`)
    .nullish(),
  acceptsWanted: z.int().min(1, 'must be at least 1').max(10_000_000, 'must be at most 10000000').nullish(),
})

/** The first call and three redials (contract/multisender.md 7.2); a broadcast is said once, a message tried thrice. */
export const DEFAULT_ATTEMPTS: Readonly<Record<CampaignKind, number>> = {
  rsvp: 4,
  click_to_call: 4,
  voice_broadcast: 1,
  survey_calls: 3,
  sms_broadcast: 3,
  email_broadcast: 3,
}

/** How long a ClickToCall goes on when nothing is said (contract/multisender.md 5.5). */
export const CLICK_TO_CALL_MS = 7 * 86_400_000

/** Throws VALIDATION_FAILED when the times make no sense (contract/multisender.md 7.3). */
export function checkSchedule(
  { startsAt, endsAt }: { startsAt: Date | null; endsAt: Date | null },
  now: Date,
  given: { startsAt: boolean; endsAt: boolean } = { startsAt: true, endsAt: true },
): void {
  const issues: Issue[] = []
  if (given.startsAt && startsAt !== null && startsAt.getTime() < now.getTime() - LATEST_START_MS) {
    const message = 'must not be more than one hour in the past'
    issues.push({ path: ['startsAt'], rule: 'too_early', message })
  }
  if (given.endsAt && endsAt !== null && endsAt <= now) {
    issues.push({ path: ['endsAt'], rule: 'in_the_past', message: 'must be in the future' })
  } else if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
    issues.push({ path: ['endsAt'], rule: 'before_start', message: 'must be after the start' })
  }
  if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
}
