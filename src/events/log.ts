import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Tx } from '../db/database.ts'
import { json, type Sql, sql } from '../db/sql.ts'
import type { Clock } from '../platform/clock.ts'
import { ExpectedError } from '../platform/errors.ts'
import type { NewId } from '../platform/ids.ts'
import { EVENT_CATALOG, type EventPayload, type EventType } from './catalog.ts'
import { encodeEventCursor, invalidEventCursor } from './cursor.ts'

/** One entry of the log. `position` counts from 1 within its workspace, in commit order, without holes. */
export interface LoggedEvent<Type extends EventType = EventType> {
  workspaceId: string
  position: number
  id: string
  type: Type
  streamId: string | null
  occurredAt: Date
  payload: EventPayload<Type>
}

/**
 * Says what happened; it is appended when the transaction is about to commit, to the log of the workspace that is
 * written to, or of `workspaceId` where one transaction changes two.
 */
export type Emit = <Type extends EventType>(type: Type, payload: EventPayload<Type>, workspaceId?: string) => void

export interface EventFilter {
  /** Only these types; absent: all. */
  types?: readonly EventType[]
  /** Only events of this aggregate; absent: all. */
  streamId?: string
  /**
   * Only events whose payload has this id in one of these fields, be it alone or in a list; absent: all. Best with the
   * aggregate that it belongs to.
   */
  about?: { fields: readonly string[]; id: string }
}

export interface Page {
  events: LoggedEvent[]
  /** Everything up to this position was looked at; the next page starts after it. */
  position: number
  /** Whether events were left for a next page. */
  more: boolean
}

export interface EventLog {
  /**
   * Runs `change` in a transaction and appends what it emits as the last statement before the commit: the head row of
   * the workspace is locked only from there to the commit. Nothing is appended, and no position used, when it throws.
   * Heads of several workspaces are locked in the order of their ids, so that none waits for another in a circle. `lastly`
   * gives statements of the change that nobody waits for before: they are sent with the events and the commit.
   *
   * When the database gives the transaction up so that others can go on (a deadlock, a failure to serialize), it is run
   * again, up to TRIES times in all. So `change` may run more than once: what it leaves outside of its transaction, for
   * its caller or for `lastly`, it has to begin anew each time.
   */
  write<T>(workspaceId: string, change: (tx: Tx, emit: Emit) => Promise<T>, lastly?: () => readonly Sql[]): Promise<T>
  /**
   * Up to `limit` events after `after`, oldest first; within a transaction when `tx` is given. Throws CURSOR_EXPIRED
   * and INVALID_CURSOR.
   */
  read(workspaceId: string, after: number, limit: number, filter?: EventFilter, tx?: Tx): Promise<Page>
  /** The last position, and up to where retention has removed events. */
  head(workspaceId: string, tx?: Tx): Promise<{ position: number; pruned: number }>
  /** What is new in several workspaces at once: up to `limit` events each, after the position given for each. */
  news(positions: ReadonlyMap<string, number>, limit: number): Promise<LoggedEvent[]>
  /** Removes what is older than each workspace's retention. Returns how many events went. */
  prune(): Promise<number>
  /** Calls `listener` after each commit of this process that appended events. Returns a function that stops it. */
  onAppend(listener: (workspaceId: string) => void): () => void
}

export interface EventLogDeps {
  db: Database
  clock: Clock
  newId: NewId
}

/** How many events one statement of `prune` removes, so that it never holds the log for long. */
const PRUNE_BATCH = 5_000

/** How often a transaction is run in all that the database gives up for the sake of others. */
const TRIES = 3
/** The most that is waited before the next time; by chance, so that two who met do not meet again. */
const MOST_PAUSE_MS = 50
/** SQLSTATEs of PostgreSQL: serialization_failure, deadlock_detected. Nothing of the transaction is left, and it may be run again. */
const GIVEN_UP: ReadonlySet<unknown> = new Set(['40001', '40P01'])

interface Row {
  workspace_id: string
  position: number
  id: string
  type: EventType
  stream_id: string | null
  occurred_at: Date
  payload: EventPayload
}

export function createEventLog({ db, clock, newId }: EventLogDeps): EventLog {
  const listeners = new Set<(workspaceId: string) => void>()

  /** Appends the events and takes their positions. Fails when the workspace has no log. */
  function appending(workspaceId: string, events: { type: EventType; payload: object }[]): Sql {
    const now = clock.now()
    const rows = events.map(({ type, payload }, index) => {
      const { stream, payload: schema } = EVENT_CATALOG[type]
      const checked = schema.parse(payload) as Record<string, unknown>
      return { n: index + 1, id: newId(), type, stream_id: stream === null ? null : checked[stream], payload: checked }
    })
    // Without a head there is no base, and no position may be null.
    return sql`WITH head AS (
          UPDATE event_head SET position = position + ${rows.length}::int
          WHERE workspace_id = ${workspaceId}::uuid RETURNING position - ${rows.length}::int AS base
        )
        INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
        SELECT ${workspaceId}::uuid, (SELECT base FROM head) + e.n, e.id, e.type, e.stream_id, ${now}::timestamptz,
               e.payload
        FROM jsonb_to_recordset(${json(rows)}::jsonb) AS e(n int, id uuid, type text, stream_id uuid, payload jsonb)`
  }

  async function writeOnce<T>(
    workspaceId: string,
    change: (tx: Tx, emit: Emit) => Promise<T>,
    lastly: () => readonly Sql[] = () => [],
  ): Promise<T> {
    const logs = new Map<string, { type: EventType; payload: object }[]>()
    const emit: Emit = (type, payload, log = workspaceId) => {
      const events = logs.get(log)
      if (events) events.push({ type, payload })
      else logs.set(log, [{ type, payload }])
    }
    const appends = () => [
      ...lastly(),
      ...[...logs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([log, events]) => appending(log, events)),
    ]
    const result = await db
      .transaction((tx) => change(tx, emit), appends)
      .catch((error) => {
        if (!hasNoPosition(error)) throw error
        throw new Error(`the workspace ${[...logs.keys()].join(' or ')} has no event log`, { cause: error })
      })
    for (const log of logs.keys()) for (const listener of listeners) listener(log)
    return result
  }

  return {
    async write(workspaceId, change, lastly) {
      for (let left = TRIES - 1; ; left--) {
        try {
          return await writeOnce(workspaceId, change, lastly)
        } catch (error) {
          if (left === 0 || !GIVEN_UP.has((error as { code?: unknown }).code)) throw error
        }
        await sleep(Math.random() * MOST_PAUSE_MS)
      }
    },

    async read(workspaceId, after, limit, filter = {}, tx = undefined) {
      const types = filter.types ? sql`AND type = ANY(${filter.types}::text[])` : sql``
      const stream = filter.streamId ? sql`AND stream_id = ${filter.streamId}::uuid` : sql``
      // A list contains an id, and so does, by PostgreSQL's rules, the id itself.
      const about = filter.about
        ? sql`AND EXISTS (SELECT FROM unnest(${[...filter.about.fields]}::text[]) AS field
                          WHERE payload -> field @> to_jsonb(${filter.about.id}::text))`
        : sql``
      // One statement, so one snapshot: retention that passes by in between must not look like "nothing happened".
      const found = await (tx ?? db).query<{ head: number; pruned: number } & (Row | { position: null })>(
        sql`SELECT h.position AS head, h.pruned, e.workspace_id, e.position, e.id, e.type, e.stream_id, e.occurred_at, e.payload
            FROM event_head h
            LEFT JOIN LATERAL (
              SELECT * FROM event
              WHERE workspace_id = ${workspaceId}::uuid AND position > ${after}::bigint AND position <= h.position
              ${types} ${stream} ${about}
              ORDER BY position LIMIT ${limit}::int
            ) e ON true
            WHERE h.workspace_id = ${workspaceId}::uuid
            ORDER BY e.position`,
      )
      const { head, pruned } = found[0] ?? { head: 0, pruned: 0 }
      if (after > head) throw invalidEventCursor()
      if (after < pruned) throw expired(workspaceId, pruned)
      const rows = found.filter((row) => row.position !== null)
      const more = rows.length === limit && rows.at(-1)!.position < head
      return { events: rows.map(toEvent), position: more ? rows.at(-1)!.position : head, more }
    },

    async head(workspaceId, tx = undefined) {
      const [row] = await (tx ?? db).query<{ position: number; pruned: number }>(
        sql`SELECT position, pruned FROM event_head WHERE workspace_id = ${workspaceId}::uuid`,
      )
      return row ?? { position: 0, pruned: 0 }
    },

    async news(positions, limit) {
      if (positions.size === 0) return []
      const rows = await db.query<Row>(
        sql`SELECT e.workspace_id, e.position, e.id, e.type, e.stream_id, e.occurred_at, e.payload
            FROM unnest(${[...positions.keys()]}::uuid[], ${[...positions.values()]}::bigint[]) AS known(workspace_id, position)
            CROSS JOIN LATERAL (
              SELECT * FROM event
              WHERE event.workspace_id = known.workspace_id AND event.position > known.position
              ORDER BY event.position LIMIT ${limit}::int
            ) e
            ORDER BY e.workspace_id, e.position`,
      )
      return rows.map(toEvent)
    },

    async prune() {
      const now = clock.now()
      const due = await db.query<{ workspace_id: string; upto: number }>(
        sql`SELECT w.id AS workspace_id, last.position AS upto
            FROM workspace w
            CROSS JOIN LATERAL (
              SELECT max(position) AS position FROM (
                SELECT position, occurred_at FROM event WHERE workspace_id = w.id ORDER BY position LIMIT ${PRUNE_BATCH}::int
              ) oldest
              WHERE occurred_at < ${now}::timestamptz - make_interval(days => w.event_retention_days)
            ) last
            WHERE last.position IS NOT NULL`,
      )
      let removed = 0
      for (const { workspace_id, upto } of due) {
        // The mark moves in the same transaction, and by position: a log whose clock jumped still loses a prefix only.
        removed += await db.transaction(async (tx) => {
          await tx.query(
            sql`UPDATE event_head SET pruned = greatest(pruned, ${upto}::bigint) WHERE workspace_id = ${workspace_id}::uuid`,
          )
          const [gone] = await tx.query<{ count: number }>(
            sql`WITH gone AS (
                  DELETE FROM event WHERE workspace_id = ${workspace_id}::uuid AND position <= ${upto}::bigint RETURNING 1
                ) SELECT count(*)::int AS count FROM gone`,
          )
          return gone?.count ?? 0
        })
      }
      return removed
    },

    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Whether an event's payload has what `about` of a filter asks for. */
export function isAbout({ payload }: LoggedEvent, { fields, id }: NonNullable<EventFilter['about']>): boolean {
  return fields.some((field) => {
    const value = (payload as Record<string, unknown>)[field]
    return Array.isArray(value) ? value.includes(id) : value === id
  })
}

/** What the database says of an event for which there was no head to count from. */
function hasNoPosition(error: unknown): boolean {
  const { code, table, column } = error as { code?: string; table?: string; column?: string }
  return code === '23502' && table === 'event' && column === 'position'
}

function expired(workspaceId: string, pruned: number): ExpectedError {
  return new ExpectedError('CURSOR_EXPIRED', 'Events after this cursor were removed by retention.', {
    path: ['after'],
    details: { oldestCursor: encodeEventCursor(workspaceId, pruned) },
  })
}

function toEvent(row: Row): LoggedEvent {
  return {
    workspaceId: row.workspace_id,
    position: row.position,
    id: row.id,
    type: row.type,
    streamId: row.stream_id,
    occurredAt: row.occurred_at,
    payload: row.payload,
  }
}
