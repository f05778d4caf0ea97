import type { Database } from '../db/database.ts'
import type { Logger } from '../platform/logger.ts'
import { type EventFilter, type EventLog, isAbout, type LoggedEvent } from './log.ts'

/** Receives events in order, each once. Must not throw; slow work belongs elsewhere. */
export type EventListener = (event: LoggedEvent) => void

export interface Following {
  /** Everything up to here was given to the listener. */
  readonly position: number
  stop(): void
}

export interface FollowOptions extends EventFilter {
  /** Start after this position; absent: after the last event that this process has seen, a moment behind the end. */
  after?: number
  onEvent: EventListener
  /** The scan failed: CURSOR_EXPIRED, INVALID_CURSOR, or the database. Nothing more will come. */
  onError(error: unknown): void
}

export interface Tailer {
  /**
   * First what happened after `after`, then what happens, without gap or duplicate. Resolves once the listener is
   * live; events may arrive before that. Errors go to `onError` only.
   */
  follow(workspaceId: string, options: FollowOptions): Promise<Following>
  /**
   * Calls `listener` whenever there may be news in any workspace: after an append of this process, and when another
   * tells of one. Returns a function that stops it.
   */
  onNews(listener: () => void): () => void
  /** Positions this process has not seen yet, summed over the workspaces it follows; for metrics. */
  lag(): Promise<number>
  close(): Promise<void>
}

export interface TailerDeps {
  db: Database
  log: EventLog
  logger: Logger
  /** How often to look without being told, in ms: covers a lost notification. Default 1000. */
  pollMs?: number
}

const CHANNEL = 'saygraph_events'
/** Events kept in memory per followed workspace, so that a short absence costs no SQL. */
const RING_SIZE = 1_000
const SCAN_BATCH = 500
/** Other processes are told at most this often; their tailer reads everything new at each telling. */
const NOTIFY_EVERY_MS = 5

interface Tail {
  position: number
  /** The last events up to `position`, consecutive. */
  ring: LoggedEvent[]
  followers: Set<Follower>
}

interface Follower extends FollowOptions {
  position: number
  stopped: boolean
}

/** The one reader of the log in this process: it reads every new event once and hands it to all who follow. */
export async function createTailer({ db, log, logger, pollMs = 1_000 }: TailerDeps): Promise<Tailer> {
  const tails = new Map<string, Tail>()
  const opening = new Map<string, Promise<Tail>>()
  const listeners = new Set<() => void>()
  let closed = false
  let reading = false
  let newsWhileReading = false
  let notifyTimer: NodeJS.Timeout | undefined

  function news(): void {
    if (closed) return
    for (const listener of listeners) listener()
    readNews()
  }

  function readNews(): void {
    if (closed) return
    if (reading) {
      newsWhileReading = true
      return
    }
    reading = true
    void readAll().finally(() => {
      reading = false
      if (newsWhileReading) {
        newsWhileReading = false
        readNews()
      }
    })
  }

  async function readAll(): Promise<void> {
    try {
      const positions = new Map([...tails].map(([id, tail]) => [id, tail.position]))
      const events = await log.news(positions, SCAN_BATCH)
      for (const event of events) publish(event)
      if (events.length >= SCAN_BATCH) newsWhileReading = true
    } catch (error) {
      if (!closed) logger.warn({ err: error }, 'cannot read the event log; trying again')
    }
  }

  function publish(event: LoggedEvent): void {
    const tail = tails.get(event.workspaceId)
    if (!tail || event.position <= tail.position) return
    if (event.position > tail.position + 1) skipRemoved(tail, event)
    tail.position = event.position
    tail.ring.push(event)
    if (tail.ring.length > 2 * RING_SIZE) tail.ring.splice(0, tail.ring.length - RING_SIZE)
    for (const follower of tail.followers) give(follower, event)
  }

  /** Retention removed what this process had not read yet: whoever still needed it is told so, as a late reader is. */
  function skipRemoved(tail: Tail, next: LoggedEvent): void {
    tail.ring = []
    for (const follower of tail.followers) {
      if (follower.position >= next.position - 1) continue
      follower.stopped = true
      tail.followers.delete(follower)
      log.read(next.workspaceId, follower.position, 1).then(
        () => follower.onError(new Error(`events before ${next.position} are missing from the log`)),
        (error) => follower.onError(error),
      )
    }
  }

  function give(follower: Follower, event: LoggedEvent): void {
    if (follower.stopped || event.position <= follower.position) return
    follower.position = event.position
    if (follower.types && !follower.types.includes(event.type)) return
    if (follower.streamId && follower.streamId !== event.streamId) return
    const { about } = follower
    if (about && !isAbout(event, about)) return
    try {
      follower.onEvent(event)
    } catch (error) {
      logger.error({ err: error }, 'a listener of the event log threw')
    }
  }

  function openTail(workspaceId: string): Promise<Tail> {
    const known = tails.get(workspaceId)
    if (known) return Promise.resolve(known)
    const pending = opening.get(workspaceId)
    if (pending) return pending
    const opened = log
      .head(workspaceId)
      .then(({ position }) => {
        const tail: Tail = { position, ring: [], followers: new Set() }
        tails.set(workspaceId, tail)
        return tail
      })
      .finally(() => opening.delete(workspaceId))
    opening.set(workspaceId, opened)
    return opened
  }

  /** From the follower's position to the tail's. */
  async function catchUp(workspaceId: string, tail: Tail, follower: Follower): Promise<void> {
    while (!follower.stopped && follower.position < tail.position) {
      const oldest = tail.ring[0]?.position
      if (oldest !== undefined && follower.position >= oldest - 1) {
        for (const event of tail.ring) give(follower, event)
      } else {
        const page = await log.read(workspaceId, follower.position, SCAN_BATCH, follower)
        for (const event of page.events) give(follower, event)
        if (!follower.stopped) follower.position = Math.max(follower.position, page.position)
      }
    }
  }

  function closeIdle(workspaceId: string, tail: Tail): void {
    if (tail.followers.size === 0 && tails.get(workspaceId) === tail) tails.delete(workspaceId)
  }

  const stopAppends = log.onAppend(() => {
    news()
    if (db.kind === 'embedded' || notifyTimer || closed) return
    notifyTimer = setTimeout(() => {
      notifyTimer = undefined
      db.notify(CHANNEL, '').catch((error) => logger.warn({ err: error }, 'cannot tell other processes of news'))
    }, NOTIFY_EVERY_MS)
  })
  // One process owns the embedded database, so nobody else could have news.
  const stopListening = db.kind === 'embedded' ? undefined : await db.listen(CHANNEL, news)
  const poll = db.kind === 'embedded' ? undefined : setInterval(readNews, pollMs).unref()

  return {
    async follow(workspaceId, options) {
      const follower: Follower = { ...options, position: options.after ?? 0, stopped: false }
      let tail: Tail | undefined
      const following: Following = {
        get position() {
          return follower.position
        },
        stop() {
          follower.stopped = true
          tail?.followers.delete(follower)
          if (tail) closeIdle(workspaceId, tail)
        },
      }
      try {
        tail = await openTail(workspaceId)
        if (options.after === undefined) follower.position = tail.position
        // Also refuses a cursor from the future, which would otherwise silently miss events until then.
        else if (options.after !== tail.position) await log.read(workspaceId, options.after, 1, options)
        for (;;) {
          await catchUp(workspaceId, tail, follower)
          // Judged and acted on in one turn: even a promise that is settled already would let news pass in between.
          if (follower.stopped) {
            closeIdle(workspaceId, tail)
            break
          }
          if (tails.get(workspaceId) !== tail) {
            // A tail that lost its last follower meanwhile is no longer fed; the one that took its place is.
            tail = await openTail(workspaceId)
          } else if (follower.position >= tail.position) {
            tail.followers.add(follower)
            break
          }
        }
      } catch (error) {
        follower.stopped = true
        if (tail) closeIdle(workspaceId, tail)
        options.onError(error)
      }
      return following
    },
    onNews(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async lag() {
      let behind = 0
      for (const [id, tail] of tails) behind += Math.max(0, (await log.head(id)).position - tail.position)
      return behind
    },
    async close() {
      closed = true
      clearInterval(poll)
      clearTimeout(notifyTimer)
      stopAppends()
      await stopListening?.()
    },
  }
}
