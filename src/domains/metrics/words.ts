import { empty, type Sql, sql } from '../../db/sql.ts'
import type { Grouping } from './request.ts'
import type { Selection } from './selection.ts'

/**
 * Which words sums and facts are read by: of those that something is kept by, "all" (0), an agent, a provider, a tag or
 * a channel.
 */
export interface Words {
  /** The words; undefined where the group says which. */
  ids: readonly number[] | undefined
  /** Joins the words of the groups, as `g` with their key; empty without groups. */
  key: Sql
  from: Sql
}

/** The words that a selection can be read by alone; undefined: it needs a look at the items. */
export function wordsOf(
  { agents, providers, channels, tags, customers, conversations }: Selection,
  groupBy: Grouping | undefined,
  word: Sql,
): Words | undefined {
  if (customers || conversations) return undefined
  const restricted = [agents, providers, channels, tags].filter((list) => list !== null)
  // An item has several tags, so those of two cannot be added up.
  if (restricted.length > 1 || (tags !== null && tags.length > 1)) return undefined
  if (groupBy === undefined) return { ids: restricted[0] ?? [0], key: sql`NULL::text`, from: empty }
  if (restricted.length > 0) return undefined
  switch (groupBy) {
    case 'agent':
    case 'provider':
      return {
        ids: undefined,
        key: sql`g.value`,
        from: sql`JOIN message_word g ON g.id = ${word} AND g.kind = ${groupBy}`,
      }
    case 'tag':
    case 'team': {
      const prefix = groupBy === 'tag' ? 'user:' : 'team:'
      return {
        ids: undefined,
        key: sql`substr(g.value, ${prefix.length + 1}::int)`,
        from: sql`JOIN message_word g ON g.id = ${word} AND g.kind = 'tag' AND starts_with(g.value, ${prefix})`,
      }
    }
    case 'channel':
      return { ids: undefined, key: sql`g.channel`, from: sql`JOIN message_channel g ON g.id = ${word}` }
    case 'country':
      return undefined
  }
}

/** Of groups the words are those of the workspace, so that each is found by its own place in the index. */
export function ofWords({ ids }: Words, word: Sql, workspaceId: string, groupBy: Grouping | undefined): Sql {
  if (ids) return sql`${word} = ANY(${ids}::int[])`
  if (groupBy === 'channel') {
    return sql`${word} = ANY(ARRAY(SELECT id FROM message_channel WHERE workspace_id = ${workspaceId}::uuid))`
  }
  const kind = groupBy === 'team' ? 'tag' : groupBy
  return sql`${word} = ANY(ARRAY(SELECT id FROM message_word WHERE workspace_id = ${workspaceId}::uuid AND kind = ${kind}))`
}
