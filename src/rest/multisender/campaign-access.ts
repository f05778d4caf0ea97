import {
  type CampaignKind,
  type CampaignView,
  campaignTargets,
  deleteCampaign,
  findByNumber,
  getCampaignView,
  listCampaignViews,
  type TargetView,
} from '../../domains/campaigns/index.ts'
import type { Call } from '../legacy/index.ts'
import type { GivenReceiver } from './campaign-fields.ts'
import type { MultisenderDeps } from './deps.ts'
import { readId } from './ids.ts'
import { namedBy, receiverInputs } from './receivers.ts'

type Asked = Pick<Call, 'viewer' | 'params'>

/** How the operations of one kind of campaign come to what they are about; `param` is what its paths call its id. */
export function campaignAccess({ world, campaigns }: MultisenderDeps, kind: CampaignKind, param: string) {
  const find = ({ viewer, params }: Asked) => getCampaignView(world, viewer, kind, readId(params[param]!))
  return {
    /** The one that the path names. Throws NOT_FOUND. */
    find,
    async locate(asked: Call): Promise<void> {
      await find(asked)
    },
    byId: ({ viewer }: Pick<Call, 'viewer'>, id: string) => getCampaignView(world, viewer, kind, id),
    async targetsOf({ viewer }: Pick<Call, 'viewer'>, { id }: CampaignView): Promise<TargetView[]> {
      return (await campaignTargets(world, viewer, [id])).get(id) ?? []
    },
    /** Receivers as the domain takes them. */
    async receivers({ viewer }: Pick<Call, 'viewer'>, given: readonly GivenReceiver[]) {
      return receiverInputs(given, await findByNumber(world, viewer, namedBy(given)))
    },
    /** All of them, written a group at a time. */
    list<Written>(
      { viewer }: Pick<Call, 'viewer'>,
      write: (views: readonly CampaignView[]) => Written[] | Promise<Written[]>,
    ): AsyncIterable<Written> {
      const groups = listCampaignViews(world, viewer, kind)
      return (async function* () {
        for await (const views of groups) yield* await write(views)
      })()
    },
    async remove(asked: Asked): Promise<{ status: 204 }> {
      await deleteCampaign(campaigns, asked.viewer, (await find(asked)).id, kind)
      return { status: 204 }
    },
  }
}
