import { empty, join, type Sql, sql } from '../../db/sql.ts'
import type { ItemsRequest } from './items.ts'
import { type Words, wordsOf } from './words.ts'

/**
 * How facts are found that a request can be answered from: they are kept for all, for each agent and for each tag, and
 * say themselves of which channel, provider and country they are. Undefined where the items have to be looked at.
 */
export function factWords({ selection, groupBy }: ItemsRequest): Words | undefined {
  const own = { ...selection, channels: null, providers: null }
  switch (groupBy) {
    case 'channel':
    case 'provider':
    case 'country': {
      const words = wordsOf(own, undefined, sql`f.word_id`)
      return words && { ...words, ...columnKey(groupBy) }
    }
    default:
      return wordsOf(own, groupBy, sql`f.word_id`)
  }
}

function columnKey(groupBy: 'channel' | 'provider' | 'country'): Pick<Words, 'key' | 'from'> {
  switch (groupBy) {
    case 'channel':
      return { key: sql`g.channel`, from: sql`JOIN message_channel g ON g.id = f.channel_id` }
    case 'provider':
      return { key: sql`g.value`, from: sql`JOIN message_word g ON g.id = f.provider_id` }
    case 'country':
      return { key: sql`f.country`, from: empty }
  }
}

/** Of `metric_fact` as `f`: those of the channels and providers that were asked for. */
export function ofPlaces({ selection: { channels, providers } }: ItemsRequest): Sql {
  return join(
    [
      sql`true`,
      ...(channels ? [sql`f.channel_id = ANY(${channels}::int[])`] : []),
      ...(providers ? [sql`f.provider_id = ANY(${providers}::int[])`] : []),
    ],
    ' AND ',
  )
}
