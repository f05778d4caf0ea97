import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

export type WordKind = 'agent' | 'provider' | 'tag'

/** How many numbers a process remembers. Beyond that it looks them up each time. */
const REMEMBERED = 200_000

/** Numbers of words and channels, by what they stand for. They never change, so a process remembers those it has seen. */
export class WordNumbers {
  readonly #known = new Map<string, number>()
  readonly #tags = new Map<number, string>()

  /** The numbers of texts, where all of them are remembered. */
  known(
    workspaceId: string,
    words: ReadonlySet<string>,
    channels: ReadonlySet<string>,
  ): ReadonlyMap<string, number> | undefined {
    const numbers = new Map<string, number>()
    for (const texts of [words, channels]) {
      for (const text of texts) {
        const number = this.#known.get(`${workspaceId}\n${text}`)
        if (number === undefined) return undefined
        numbers.set(text, number)
      }
    }
    return numbers
  }

  /**
   * The numbers of these texts, new ones made; only for whoever holds the workspace's pool. To be remembered once it is
   * committed: `commit` is to be called then.
   */
  async take(
    tx: Tx,
    workspaceId: string,
    words: ReadonlySet<string>,
    channels: ReadonlySet<string>,
  ): Promise<{ numbers: ReadonlyMap<string, number>; commit(): void }> {
    const prefix = `${workspaceId}\n`
    const numbers = new Map<string, number>()
    const missing = (texts: ReadonlySet<string>) =>
      [...texts].filter((text) => {
        const known = this.#known.get(prefix + text)
        if (known !== undefined) numbers.set(text, known)
        return known === undefined
      })
    const newWords = missing(words)
    const newChannels = missing(channels)
    const learnt: [string, number][] = []
    const learn = (text: string, id: number) => {
      numbers.set(text, id)
      learnt.push([prefix + text, id])
    }
    if (newWords.length > 0) {
      const [kinds, values] = columns(newWords)
      const found = await tx.query<{ id: number; kind: WordKind; value: string }>(
        sql`WITH given AS (SELECT * FROM unnest(${kinds}::text[], ${values}::text[]) AS g(kind, value)),
                 known AS (SELECT w.id, w.kind, w.value FROM message_word w JOIN given USING (kind, value)
                           WHERE w.workspace_id = ${workspaceId}::uuid),
                 made AS (INSERT INTO message_word (workspace_id, kind, value)
                          SELECT ${workspaceId}::uuid, kind, value FROM given
                          EXCEPT SELECT ${workspaceId}::uuid, kind, value FROM known
                          RETURNING id, kind, value)
            SELECT * FROM known UNION ALL SELECT * FROM made`,
      )
      for (const { id, kind, value } of found) learn(wordText(kind, value), id)
    }
    if (newChannels.length > 0) {
      const [names, identifiers] = columns(newChannels)
      const found = await tx.query<{ id: number; channel: string; tenant_identifier: string }>(
        sql`WITH given AS (SELECT * FROM unnest(${names}::text[], ${identifiers}::text[]) AS g(channel, tenant_identifier)),
                 known AS (SELECT c.id, c.channel, c.tenant_identifier FROM message_channel c
                           JOIN given USING (channel, tenant_identifier) WHERE c.workspace_id = ${workspaceId}::uuid),
                 made AS (INSERT INTO message_channel (workspace_id, channel, tenant_identifier)
                          SELECT ${workspaceId}::uuid, channel, tenant_identifier FROM given
                          EXCEPT SELECT ${workspaceId}::uuid, channel, tenant_identifier FROM known
                          RETURNING id, channel, tenant_identifier)
            SELECT * FROM known UNION ALL SELECT * FROM made`,
      )
      for (const { id, channel, tenant_identifier } of found) learn(channelText(channel, tenant_identifier), id)
    }
    return {
      numbers,
      commit: () => {
        if (this.#known.size + learnt.length > REMEMBERED) this.#known.clear()
        for (const [text, id] of learnt) this.#known.set(text, id)
      },
    }
  }

  /** Whether tags, by their numbers, are the user's. Looks up those that were not met yet. */
  async userTags(tx: Tx, workspaceId: string, ids: readonly number[]): Promise<(id: number) => boolean> {
    const unknown = ids.filter((id) => !this.#tags.has(id))
    if (unknown.length > 0) {
      const rows = await tx.query<{ id: number; value: string }>(
        sql`SELECT id, value FROM message_word WHERE workspace_id = ${workspaceId}::uuid AND id = ANY(${unknown}::int[])`,
      )
      if (this.#tags.size > REMEMBERED) this.#tags.clear()
      for (const { id, value } of rows) this.#tags.set(id, value)
    }
    const values = new Map(ids.map((id) => [id, this.#tags.get(id)]))
    return (id) => values.get(id)?.startsWith('user:') ?? false
  }
}

export function wordText(kind: WordKind, value: string): string {
  return `${kind}\n${value}`
}

export function channelText(channel: string, tenantIdentifier: string): string {
  return `${channel}\n${tenantIdentifier}`
}

function columns(texts: readonly string[]): [string[], string[]] {
  const pairs = texts.map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)] as const)
  return [pairs.map(([first]) => first), pairs.map(([, second]) => second)]
}
