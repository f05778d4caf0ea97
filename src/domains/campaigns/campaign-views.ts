import type { Queryable } from '../../db/database.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Viewer } from '../auth/index.ts'
import { isLegacyId } from '../legacy-id.ts'
import {
  type CampaignFacts,
  type CampaignView,
  type ReceiverFacts,
  type ReceiverView,
  selectCampaign,
  selectCampaigns,
  selectFacts,
  selectReceiverFacts,
  selectReceivers,
  selectTargets,
  type TargetView,
} from './campaign-view-store.ts'
import type { CampaignKind } from './deps.ts'
import { mayReadCampaigns } from './find-by-number.ts'

interface Read {
  db: Queryable
}

const PAGE = 100
/** So many targets of several campaigns are read at once; those of one campaign always are. */
const TARGETS_AT_ONCE = 20_000
const RECEIVERS_AT_ONCE = 1_000

/**
 * A campaign of a kind by its UUID, or by its number as legacy clients know it; for whoever may read or write campaigns.
 * Throws INSUFFICIENT_SCOPE (`campaigns:read`), NOT_FOUND (also for a deleted one and one of another kind).
 */
export async function getCampaignView(
  { db }: Read,
  viewer: Viewer,
  kind: CampaignKind,
  id: string | number,
): Promise<CampaignView> {
  mayReadCampaigns(viewer)
  const known = typeof id === 'number' ? isLegacyId(id) : isUuid(id)
  const found = known ? await selectCampaign(db, viewer.workspaceId, kind, id) : undefined
  if (!found) throw new NotFoundError('campaign', ['id'])
  return found
}

/**
 * All campaigns of a kind in the order of their numbers, in groups as they are taken, so that memory holds one group:
 * few enough that the targets of a group can be read at once. Throws, before the first, INSUFFICIENT_SCOPE
 * (`campaigns:read`).
 */
export function listCampaignViews({ db }: Read, viewer: Viewer, kind: CampaignKind): AsyncIterable<CampaignView[]> {
  mayReadCampaigns(viewer)
  return (async function* () {
    for (let after = 0; ; ) {
      const page = await selectCampaigns(db, viewer.workspaceId, kind, after, PAGE)
      yield* grouped(page)
      if (page.length < PAGE) return
      after = page.at(-1)!.legacyId
    }
  })()
}

function* grouped(campaigns: readonly CampaignView[]): Generator<CampaignView[]> {
  let group: CampaignView[] = []
  let targets = 0
  for (const campaign of campaigns) {
    if (group.length > 0 && targets + campaign.targets > TARGETS_AT_ONCE) {
      yield group
      group = []
      targets = 0
    }
    group.push(campaign)
    targets += campaign.targets
  }
  if (group.length > 0) yield group
}

/**
 * Whom campaigns were told to address, by campaign and in their order, with what came of it; `targetIds`: only these.
 * Throws INSUFFICIENT_SCOPE.
 */
export async function campaignTargets(
  { db }: Read,
  viewer: Viewer,
  campaignIds: readonly string[],
  targetIds?: readonly string[],
): Promise<Map<string, TargetView[]>> {
  mayReadCampaigns(viewer)
  const targets = await selectTargets(db, viewer.workspaceId, campaignIds, targetIds)
  return Map.groupBy(targets, ({ campaignId }) => campaignId)
}

/** Every person whom a campaign addresses, in their order, read page by page as they are taken. Throws INSUFFICIENT_SCOPE. */
export function listReceiverViews({ db }: Read, viewer: Viewer, campaignId: string): AsyncIterable<ReceiverView> {
  mayReadCampaigns(viewer)
  return (async function* () {
    for (let after = 0; ; ) {
      const page = await selectReceivers(db, viewer.workspaceId, campaignId, after, RECEIVERS_AT_ONCE)
      yield* page
      if (page.length < RECEIVERS_AT_ONCE) return
      after = page.at(-1)!.position
    }
  })()
}

/** What a webhook tells of a campaign. For who delivers: it asks for no scope. */
export function campaignForDelivery(
  { db }: Read,
  workspaceId: string,
  campaignId: string,
): Promise<CampaignFacts | undefined> {
  return selectFacts(db, workspaceId, campaignId)
}

/** What a webhook tells of a receiver; undefined once it is erased. For who delivers: it asks for no scope. */
export function receiverForDelivery(
  { db }: Read,
  workspaceId: string,
  receiverId: string,
): Promise<ReceiverFacts | undefined> {
  return selectReceiverFacts(db, workspaceId, receiverId)
}
