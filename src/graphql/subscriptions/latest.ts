import type { ExecutionArgs } from 'graphql'
import type { EventFilter, Following, Tailer } from '../../events/index.ts'
import type { Frame, HubSubscription, Sink } from './sink.ts'

export interface LatestDeps {
  tailer: Tailer
  /** Runs the operation once, in a context of its own. Never throws. */
  execute(args: ExecutionArgs): Promise<Frame>
}

interface Member {
  sink: Sink
  shown?: Frame
  /** Its reader has to take in what it has first. */
  busy: boolean
}

interface Group {
  key: string
  args: ExecutionArgs
  everyMs: number
  members: Set<Member>
  joining: number
  frame?: Frame
  /** Something happened since the frame was made, or there is none. */
  isStale: boolean
  running: boolean
  /** On the process' own clock, in ms: sockets live in real time. */
  notBefore: number
  timer?: NodeJS.Timeout
  following: Promise<Following>
  failure?: unknown
}

/**
 * Subscriptions to a value that changes often, such as the statistics of a campaign: the present value at once, then,
 * whenever something has happened, the value as it is then, at most once in `everyMs` and only when it is another. What
 * lay in between is not told, and who is slow is told less, so there is nothing to resume and no cursor. Equal
 * subscriptions are executed once.
 */
export function createLatest({ tailer, execute }: LatestDeps) {
  const groups = new Map<string, Group>()

  function open(key: string, args: ExecutionArgs, workspaceId: string, filter: EventFilter, everyMs: number): Group {
    const group: Group = {
      ...{ key, args, everyMs, members: new Set<Member>(), joining: 0, isStale: true, running: false, notBefore: 0 },
      following: tailer.follow(workspaceId, {
        ...filter,
        onEvent() {
          group.isStale = true
          refresh(group)
        },
        onError(error) {
          group.failure = error
          const members = [...group.members]
          close(group)
          for (const { sink } of members) sink.fail(error as never)
        },
      }),
    }
    groups.set(key, group)
    return group
  }

  function isOpen(group: Group): boolean {
    return groups.get(group.key) === group
  }

  function refresh(group: Group): void {
    if (group.running || group.timer || !group.isStale || group.members.size === 0 || !isOpen(group)) return
    const wait = group.notBefore - performance.now()
    if (wait > 0) {
      group.timer = setTimeout(() => {
        group.timer = undefined
        refresh(group)
      }, wait).unref()
      return
    }
    group.running = true
    group.isStale = false
    group.notBefore = performance.now() + group.everyMs
    void execute(group.args).then((frame) => {
      group.running = false
      if (frame.json !== group.frame?.json) group.frame = frame
      for (const member of group.members) give(group, member)
      refresh(group)
    })
  }

  function give(group: Group, member: Member): void {
    const { frame } = group
    if (!frame || member.shown === frame || member.busy || !group.members.has(member)) return
    if (member.sink.isClosed()) {
      leave(group, member)
    } else if (member.sink.isFull()) {
      member.busy = true
      void member.sink.ready().then(() => {
        member.busy = false
        give(group, member)
      })
    } else {
      member.shown = frame
      member.sink.next(frame)
    }
  }

  function leave(group: Group, member: Member): void {
    group.members.delete(member)
    closeIdle(group)
  }

  function closeIdle(group: Group): void {
    if (group.members.size === 0 && group.joining === 0) close(group)
  }

  function close(group: Group): void {
    if (isOpen(group)) groups.delete(group.key)
    clearTimeout(group.timer)
    group.members.clear()
    void group.following.then((following) => following.stop())
  }

  return {
    /** Equal keys share executions. Rejects with what the log says when it cannot be read. */
    async subscribe(
      key: string,
      args: ExecutionArgs,
      { workspaceId, filter, everyMs }: { workspaceId: string; filter: EventFilter; everyMs: number },
      sink: Sink,
    ): Promise<HubSubscription> {
      const group = groups.get(key) ?? open(key, args, workspaceId, filter, everyMs)
      const member: Member = { sink, busy: false }
      group.joining++
      try {
        await group.following
        if (group.failure !== undefined) throw group.failure
        group.members.add(member)
        // Once whoever subscribes knows that it has begun.
        setImmediate(() => {
          if (group.isStale) refresh(group)
          else give(group, member)
        })
      } finally {
        group.joining--
        closeIdle(group)
      }
      return { stop: () => leave(group, member) }
    },
    size: () => ({
      groups: groups.size,
      subscribers: [...groups.values()].reduce((sum, { members }) => sum + members.size, 0),
    }),
  }
}
