import DataLoader from 'dataloader'
import type { WorkspaceReader } from '../db/reader/index.ts'

/** The models whose rows are loaded one by one from several places of an operation. */
export type NodeModel =
  | 'workspace'
  | 'link'
  | 'question'
  | 'contact'
  | 'contactList'
  | 'contactListMember'
  | 'segment'
  | 'contactImport'
  | 'respondent'
  | 'response'
  | 'answer'
  | 'transcript'
  | 'insight'
  | 'followUp'
  | 'apiKey'
  | 'user'
  | 'subuser'
  | 'voiceFile'
  | 'campaign'
  | 'campaignStats'
  | 'campaignTarget'
  | 'receiver'
  | 'call'
  | 'recording'
  | 'outboundMessage'
  | 'webhook'
  | 'webhookDelivery'
  | 'webhookAttempt'

/**
 * What there is of a model to whoever has the id: a webhook that has ended with its link is no more, nor a deleted subuser,
 * voice file or campaign.
 */
const EXISTING: Partial<Record<NodeModel, object>> = {
  webhook: { retiredAt: null },
  subuser: { deactivatedAt: null },
  voiceFile: { deletedAt: null },
  campaign: { deletedAt: null },
}

type Query = { select?: object; include?: object }
type Row = { id: string }

/** Gathers loads of one operation into few statements: one per model and selection, one per kind of count. */
export interface Batches {
  /**
   * The row with this id in the shape of `query`; null when there is none in the workspace, or `only` does not hold for it.
   */
  node(model: NodeModel, id: string, query: Query, only?: object): Promise<Row | null>
  /** How many rows of a to-many relation a row has, of those that `where` names. */
  count(model: NodeModel, relation: string, id: string, where: object): Promise<number>
}

interface FindMany {
  findMany(args: object): Promise<Record<string, unknown>[]>
}

export function createBatches(reader: WorkspaceReader): Batches {
  const loaders = new Map<string, DataLoader<string, unknown>>()
  const models = reader as unknown as Record<NodeModel, FindMany>

  function loader<Value>(key: string, load: (ids: readonly string[]) => Promise<Map<string, Value>>, absent: Value) {
    let found = loaders.get(key) as DataLoader<string, Value> | undefined
    if (!found) {
      found = new DataLoader<string, Value>(async (ids) => {
        const values = await load(ids)
        return ids.map((id) => values.get(id) ?? absent)
      })
      loaders.set(key, found as DataLoader<string, unknown>)
    }
    return found
  }

  return {
    node(model, id, query, only = {}) {
      const { select, include } = query
      const shape = select ? { select: { ...select, id: true } } : include ? { include } : {}
      return loader<Row | null>(
        `node ${model} ${JSON.stringify([shape, only])}`,
        async (ids) => {
          const rows = (await models[model].findMany({
            ...shape,
            where: { ...EXISTING[model], ...only, id: { in: [...ids] } },
          })) as unknown as Row[]
          return new Map(rows.map((row) => [row.id, row]))
        },
        null,
      ).load(id)
    },
    count(model, relation, id, where) {
      return loader(
        `count ${model}.${relation} ${JSON.stringify(where)}`,
        async (ids) => {
          const rows = await models[model].findMany({
            where: { id: { in: [...ids] } },
            select: { id: true, _count: { select: { [relation]: { where } } } },
          })
          return new Map(rows.map((row) => [row.id as string, (row._count as Record<string, number>)[relation]!]))
        },
        0,
      ).load(id)
    },
  }
}
