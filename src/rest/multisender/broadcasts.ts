import type { CampaignView } from '../../domains/campaigns/index.ts'
import { writeDateTime } from './date-times.ts'
import { failure } from './schemas.ts'

/** What calls, e-mails and SMS have in common: one moment, and no change once it has come (contract/multisender.md 7.4). */

interface BroadcastForm {
  /** As it was sent. */
  actionTime: string
}

/** One that is absent or past means now; it is shown again all the same (contract/multisender.md A4). */
export function momentInput(
  actionTime: Date | null | undefined,
  now: Date,
): { startsAt?: Date | null; legacyForm?: BroadcastForm | null } {
  if (actionTime === undefined) return {}
  if (actionTime === null) return { startsAt: null, legacyForm: null }
  if (actionTime > now) return { startsAt: actionTime, legacyForm: null }
  return { startsAt: null, legacyForm: { actionTime: writeDateTime(actionTime) } }
}

/** Without a moment of its own it is that of the creation. */
export function writeMoment({ startsAt, legacyForm, createdAt }: CampaignView): string {
  if (startsAt) return writeDateTime(startsAt)
  return (legacyForm as Partial<BroadcastForm> | null)?.actionTime ?? writeDateTime(createdAt)
}

export function writeEditable({ startedAt, state }: CampaignView): 'y' | 'n' {
  return startedAt === null && state !== 'completed' ? 'y' : 'n'
}

export function writeMoments({ updatedAt, createdAt }: CampaignView) {
  return { updatedAt: writeDateTime(updatedAt), createdAt: writeDateTime(createdAt) }
}

export const notEditable = {
  status: 409,
  description: 'It has begun: `editable` is `n`.',
  schema: failure,
  example: { status: 409, message: 'The campaign has begun and can no longer be changed.' },
}
