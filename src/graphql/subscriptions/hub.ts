import { type DocumentNode, type ExecutionArgs, GraphQLError, type GraphQLSchema, getOperationAST } from 'graphql'
import type { EventLog } from '../../events/index.ts'
import {
  decodeEventCursor,
  type EventFilter,
  type Following,
  type LoggedEvent,
  type Tailer,
} from '../../events/index.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Context } from '../context.ts'
import { presentError } from '../errors.ts'
import type { Executor } from '../execution.ts'
import type { EventSource } from './event-source.ts'
import { createLatest } from './latest.ts'
import { coerced, rootField, withoutCursor } from './operation.ts'
import type { Frame, HubSubscription, Sink } from './sink.ts'

export type { Frame, HubSubscription, Sink }

export interface Hub {
  /**
   * First what happened after the cursor, then what happens, without gap or duplicate. Subscriptions that are equal in
   * operation, variables (but for the cursor), workspace and scopes share one execution per event. Resolves when the
   * subscription has begun, before what it missed was sent; rejects with a presentable GraphQLError when it cannot.
   */
  subscribe(args: ExecutionArgs, sink: Sink): Promise<HubSubscription>
  /** Distinct executions and their subscribers, for metrics. */
  size(): { groups: number; subscribers: number }
}

export interface HubDeps {
  schema: GraphQLSchema
  executor: Executor
  tailer: Tailer
  events: EventLog
  sources: Record<string, EventSource>
  /** A new context for the same viewer: events are executed in batches that share loads, each batch afresh. */
  renew(context: Context): Context
  logger: Logger
  /** Events that may wait for execution in one group; more are left in the log until their turn. Default 2000. */
  maxQueued?: number
}

const MAX_QUEUED = 2_000
/** Events executed together; their loads share statements. */
const BATCH = 100
/** Results kept per group, so that a client that was away for a moment costs no execution. */
const KEPT_FRAMES = 200

interface Member {
  sink: Sink
  position: number
  stopped: boolean
}

interface Group {
  key: string
  workspaceId: string
  args: ExecutionArgs
  filter: EventFilter
  members: Set<Member>
  /** Members that still begin or catch up; the group must not end under them. */
  joining: number
  /** Every event of the filter after this position is in `frames` or still to come. */
  keptFrom: number
  frames: Frame[]
  queue: LoggedEvent[]
  /** The queue was full: what came since is read from the log again. */
  behind: boolean
  /** The last event that it was told of, and the last position that was executed. */
  seen: number
  done: number
  working: boolean
  following: Promise<Following>
  failure?: unknown
}

export function createHub({
  schema,
  executor,
  tailer,
  events,
  sources,
  renew,
  logger,
  maxQueued = MAX_QUEUED,
}: HubDeps): Hub {
  const groups = new Map<string, Group>()
  const documentIds = new WeakMap<DocumentNode, number>()
  let documents = 0
  let subscribers = 0

  function idOf(document: DocumentNode): number {
    let id = documentIds.get(document)
    if (id === undefined) {
      id = ++documents
      documentIds.set(document, id)
    }
    return id
  }

  async function execute(args: ExecutionArgs, batch: readonly LoggedEvent[]): Promise<Frame[]> {
    const renewed = { ...args, contextValue: renew(args.contextValue as Context) }
    return Promise.all(
      batch.map(async (event) => {
        const result = await executor.executeEvent(renewed, event)
        return { position: event.position, result, json: JSON.stringify(result) }
      }),
    )
  }

  const latest = createLatest({
    tailer,
    async execute(args) {
      const result = await executor.executeEvent({ ...args, contextValue: renew(args.contextValue as Context) }, {})
      return { position: 0, result, json: JSON.stringify(result) }
    },
  })

  /** Failures of the log, in words for clients. */
  function presenting(sink: Sink): Sink {
    return { ...sink, fail: (error) => sink.fail(presentError(error, logger, '')) }
  }

  function open(key: string, args: ExecutionArgs, filter: EventFilter, workspaceId: string): Group {
    const group: Group = {
      key,
      workspaceId,
      args,
      filter,
      members: new Set(),
      joining: 0,
      keptFrom: 0,
      frames: [],
      queue: [],
      behind: false,
      seen: 0,
      done: 0,
      working: false,
      following: tailer.follow(workspaceId, {
        ...filter,
        onEvent(event) {
          group.seen = event.position
          if (group.behind) return
          if (group.queue.length >= maxQueued) group.behind = true
          else group.queue.push(event)
          if (!group.working) {
            group.working = true
            // Events of one reading arrive in one turn: let all of them come before the batch is cut.
            queueMicrotask(() => void work(group))
          }
        },
        onError: (error) => abandon(group, error),
      }),
    }
    group.following = group.following.then((following) => {
      group.keptFrom = Math.max(group.keptFrom, following.position)
      return following
    })
    groups.set(key, group)
    return group
  }

  async function work(group: Group): Promise<void> {
    while ((group.queue.length > 0 || group.behind) && groups.get(group.key) === group) {
      const batch = await nextBatch(group)
      for (const frame of await execute(group.args, batch)) {
        group.frames.push(frame)
        for (const member of group.members) {
          give(member, frame)
          if (!member.sink.isFull()) continue
          group.members.delete(member)
          void catchUp(group, member)
        }
      }
      if (group.frames.length > 2 * KEPT_FRAMES) {
        group.keptFrom = group.frames[group.frames.length - KEPT_FRAMES - 1]!.position
        group.frames.splice(0, group.frames.length - KEPT_FRAMES)
      }
      // What was given is sent between turns only, and readers must not look slow because nothing was.
      if (group.queue.length > 0 || group.behind) await nextTurn()
    }
    group.working = false
  }

  async function nextBatch(group: Group): Promise<LoggedEvent[]> {
    const queued = group.queue.splice(0, BATCH)
    if (queued.length > 0) {
      group.done = queued.at(-1)!.position
      return queued
    }
    try {
      const page = await events.read(group.workspaceId, group.done, BATCH, group.filter)
      group.done = page.position
      // What was told of while the page was read is in the next one.
      if (page.position >= group.seen) group.behind = false
      return page.events
    } catch (error) {
      abandon(group, error)
      return []
    }
  }

  function abandon(group: Group, error: unknown): void {
    group.failure = error
    for (const member of group.members) fail(group, member, error)
    close(group)
  }

  function give(member: Member, frame: Frame): void {
    if (member.stopped || frame.position <= member.position) return
    member.position = frame.position
    member.sink.next(frame)
  }

  function fail(group: Group, member: Member, error: unknown): void {
    if (!stop(member)) return
    member.sink.fail(presentError(error, logger, (group.args.contextValue as Context).requestId))
  }

  function close(group: Group): void {
    if (groups.get(group.key) === group) groups.delete(group.key)
    group.following.then((following) => following.stop())
  }

  /** Whether it was still going on. */
  function stop(member: Member): boolean {
    if (member.stopped) return false
    member.stopped = true
    subscribers--
    return true
  }

  function leave(group: Group, member: Member): void {
    stop(member)
    group.members.delete(member)
    closeIdle(group)
  }

  function closeIdle(group: Group): void {
    if (group.members.size === 0 && group.joining === 0) close(group)
  }

  /**
   * Brings a member to where the group is, at the pace of its reader and by the group's own results where it still has
   * them, and lets it in. Between its last look and its joining nothing is awaited, so no event comes in between.
   */
  async function catchUp(group: Group, member: Member): Promise<void> {
    const send = async (frame: Frame) => {
      give(member, frame)
      if (member.sink.isFull()) await member.sink.ready()
    }
    group.joining++
    try {
      if (member.sink.isFull()) await member.sink.ready()
      while (!member.stopped && !member.sink.isClosed()) {
        if (group.failure !== undefined) throw group.failure
        if (member.position < group.keptFrom) {
          const page = await events.read(group.workspaceId, member.position, BATCH, group.filter)
          for (const frame of await execute(group.args, page.events)) await send(frame)
          member.position = Math.max(member.position, page.position)
        } else {
          const missed = group.frames.find((frame) => frame.position > member.position)
          if (missed) {
            await send(missed)
          } else {
            group.members.add(member)
            return
          }
        }
      }
    } catch (error) {
      fail(group, member, error)
    } finally {
      group.joining--
      closeIdle(group)
    }
  }

  return {
    async subscribe(args, sink) {
      const context = args.contextValue as Context
      try {
        const { viewer } = context
        const operation = getOperationAST(args.document, args.operationName)!
        const variables = coerced(schema, operation, args.variableValues ?? {})
        const { name, values } = rootField(schema, operation, variables)
        const source = sources[name]
        if (!source) throw new GraphQLError(`The subscription ${name} has no events.`)
        executor.checkComplexity(args)
        const { latestEveryMs, ...filter } = await source(values, context)
        const after = values.after == null ? undefined : decodeEventCursor(viewer.workspaceId, values.after as string)
        const key = JSON.stringify([
          viewer.workspaceId,
          [...viewer.scopes].sort(),
          idOf(args.document),
          args.operationName ?? null,
          withoutCursor(operation, variables),
        ])
        if (latestEveryMs !== undefined) {
          const { workspaceId } = viewer
          return await latest.subscribe(key, args, { workspaceId, filter, everyMs: latestEveryMs }, presenting(sink))
        }
        const group = groups.get(key) ?? open(key, args, filter, viewer.workspaceId)
        const member: Member = { sink, position: after ?? 0, stopped: false }
        group.joining++
        try {
          const following = await group.following
          if (group.failure !== undefined) throw group.failure
          if (after === undefined) member.position = following.position
          // Refuses an expired cursor and one from the future.
          else if (after !== following.position) await events.read(viewer.workspaceId, after, 1, filter)
          subscribers++
          void catchUp(group, member)
        } finally {
          group.joining--
          closeIdle(group)
        }
        return { stop: () => leave(group, member) }
      } catch (error) {
        throw presentError(error, logger, context.requestId)
      }
    },
    size: () => {
      const others = latest.size()
      return { groups: groups.size + others.groups, subscribers: subscribers + others.subscribers }
    },
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
