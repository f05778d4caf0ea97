import type { Viewer } from '../../domains/auth/index.ts'
import type { EventType, Following, Tailer } from '../../events/index.ts'
import type { Clock } from '../../platform/clock.ts'
import { ExpectedError } from '../../platform/errors.ts'

/** Ends one long-lived connection, telling the client why: UNAUTHENTICATED, SHUTTING_DOWN or INTERNAL_SERVER_ERROR. */
export type End = (why: ExpectedError) => void

export interface Connections {
  /**
   * Watches over a connection: it is ended when its key is revoked or its user gets another password or is deactivated, in whatever process, and when its credential
   * expires. `recheck` is called once the watch stands, so that a revocation just before cannot slip through.
   * Returns a function that forgets the connection.
   */
  watch(viewer: Viewer, recheck: () => Promise<unknown>, end: End): Promise<() => void>
  /** Ends all of them: the server is stopping. */
  endAll(): void
  count(): number
}

const EXPIRY_CHECK_MS = 1_000

/** After these, what was entered with before opens nothing any more. */
const ENDINGS: readonly EventType[] = [
  'apiKey.revoked',
  'user.passwordChanged',
  'user.tokenRotated',
  'user.deactivated',
]

export function createConnections({
  tailer,
  clock,
}: {
  tailer: Tailer
  clock: Clock
}): Connections & { close(): void } {
  const open = new Set<{ viewer: Viewer; end: End }>()
  const watches = new Map<string, { users: number; following: Promise<Following> }>()

  function endWhere(
    condition: (viewer: Viewer) => boolean,
    why = new ExpectedError('UNAUTHENTICATED', 'The credential has ended.'),
  ): void {
    for (const connection of [...open]) {
      if (condition(connection.viewer)) {
        open.delete(connection)
        connection.end(why)
      }
    }
  }

  const expiry = setInterval(() => {
    const now = clock.now()
    endWhere((viewer) => viewer.expiresAt !== null && viewer.expiresAt <= now)
  }, EXPIRY_CHECK_MS).unref()

  function follow(workspaceId: string) {
    const known = watches.get(workspaceId)
    if (known) return known
    const opened = {
      users: 0,
      following: tailer.follow(workspaceId, {
        types: ENDINGS,
        onEvent: (event) => {
          const { apiKeyId, userId } = event.payload as { apiKeyId?: string; userId?: string }
          endWhere((viewer) => (userId === undefined ? viewer.apiKeyId === apiKeyId : viewer.userId === userId))
        },
        // Without the watch a revoked key would stay: better to let clients connect again.
        onError: () => {
          watches.delete(workspaceId)
          const why = new ExpectedError('INTERNAL_SERVER_ERROR', 'The server has trouble. Connect again.')
          endWhere((viewer) => viewer.workspaceId === workspaceId, why)
        },
      }),
    }
    watches.set(workspaceId, opened)
    return opened
  }

  return {
    async watch(viewer, recheck, end) {
      const connection = { viewer, end }
      const shared = follow(viewer.workspaceId)
      shared.users++
      open.add(connection)
      const forget = () => {
        open.delete(connection)
        if (--shared.users > 0) return
        if (watches.get(viewer.workspaceId) === shared) watches.delete(viewer.workspaceId)
        void shared.following.then((following) => following.stop())
      }
      let forgotten = false
      const once = () => {
        if (!forgotten) forget()
        forgotten = true
      }
      try {
        await shared.following
        await recheck()
      } catch (error) {
        once()
        throw error
      }
      return once
    },
    endAll() {
      for (const { end } of [...open]) end(new ExpectedError('SHUTTING_DOWN', 'The server is stopping.'))
      open.clear()
    },
    count: () => open.size,
    close: () => clearInterval(expiry),
  }
}
