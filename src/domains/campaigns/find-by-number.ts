import type { Queryable } from '../../db/database.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { receiverIds } from '../contacts/index.ts'
import { voiceFileIds, voiceFileNumbers } from '../voice-files/index.ts'

/** UUIDs by number. */
export interface FoundByNumber {
  contacts: ReadonlyMap<number, string>
  lists: ReadonlyMap<number, string>
  voiceFiles: ReadonlyMap<number, string>
}

/**
 * What a legacy client names in a campaign by its numbers; unknown ones are missing. Whoever may make campaigns may name
 * whom they address. Throws INSUFFICIENT_SCOPE (`campaigns:write`).
 */
export async function findByNumber(
  { db }: { db: Queryable },
  viewer: Viewer,
  named: { contacts?: readonly number[]; lists?: readonly number[]; voiceFiles?: readonly number[] },
): Promise<FoundByNumber> {
  requireScope(viewer, 'campaigns:write')
  const { workspaceId } = viewer
  const { contacts = [], lists = [], voiceFiles = [] } = named
  const receivers = await receiverIds(db, workspaceId, { contacts, lists })
  return { ...receivers, voiceFiles: await voiceFileIds(db, workspaceId, voiceFiles) }
}

/** The numbers of the voice files that campaigns play, by UUID. Throws INSUFFICIENT_SCOPE. */
export async function numbersOfVoiceFiles(
  { db }: { db: Queryable },
  viewer: Viewer,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  mayReadCampaigns(viewer)
  return voiceFileNumbers(db, viewer.workspaceId, [...new Set(ids)])
}

/** Whoever may write campaigns sees what they wrote. */
export function mayReadCampaigns(viewer: Viewer): void {
  if (!viewer.scopes.has('campaigns:write')) requireScope(viewer, 'campaigns:read')
}
