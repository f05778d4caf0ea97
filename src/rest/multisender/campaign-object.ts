import { z } from 'zod'
import { WEEKDAYS } from '../../domains/calendars/index.ts'
import {
  type ActionButton,
  type CampaignView,
  type ClickToCallContent,
  campaignTargets,
  numbersOfVoiceFiles,
  type RsvpContent,
  type TargetView,
} from '../../domains/campaigns/index.ts'
import { type CampaignAddresses, campaignAddresses } from '../../domains/webhooks/index.ts'
import type { Call } from '../legacy/index.ts'
import type { MultisenderDeps } from './deps.ts'

/** Parts of the objects that stand for RSVP calls and click to calls. */

export const timeOfDay = z.string().meta({ pattern: '^\\d\\d:\\d\\d:\\d\\d$', description: '`HH:MM:SS`.' })
export const activeWeekday = z.object({ weekday: z.enum(WEEKDAYS), active: z.enum(['1', '0']) })
export const actionButton = z.object({ button: z.string(), action: z.enum(['accept', 'decline']) })

/** What stands around campaigns, by their UUIDs: read for many at once. */
export interface Surroundings {
  targets: ReadonlyMap<string, readonly TargetView[]>
  /** Of voice files, by their UUIDs. */
  numbers: ReadonlyMap<string, number>
  addresses: ReadonlyMap<string, CampaignAddresses>
}

export async function surroundingsOf(
  { world }: Pick<MultisenderDeps, 'world'>,
  { viewer }: Pick<Call, 'viewer'>,
  views: readonly CampaignView[],
): Promise<Surroundings> {
  const ids = views.map(({ id }) => id)
  return {
    targets: await campaignTargets(world, viewer, ids),
    numbers: await numbersOfVoiceFiles(world, viewer, views.flatMap(voiceFilesOf)),
    addresses: await campaignAddresses(world.db, viewer.workspaceId, ids),
  }
}

function voiceFilesOf({ content }: CampaignView): string[] {
  const { voiceFiles, voiceFileId } = content as Partial<RsvpContent & ClickToCallContent>
  return voiceFiles?.map((file) => file.voiceFileId) ?? (voiceFileId ? [voiceFileId] : [])
}

/** The UUID of a voice file; one that is unknown is refused by the domain, with its place. */
export function lookedUp(found: ReadonlyMap<number, string>, number: number): string {
  return found.get(number) ?? 'unknown'
}

/** A key that opts out, which only the graph can give a campaign, declines as well. */
export function writeButtons(buttons: readonly ActionButton[]) {
  return buttons.map(({ button, action }) => ({ button, action: action === 'accept' ? action : 'decline' }))
}

/** Of calls that nobody can tell the end of nothing was heard either. */
export function countNotAnswered({ notAnsweredCalls, unknownCalls }: CampaignView): number {
  return notAnsweredCalls + unknownCalls
}
