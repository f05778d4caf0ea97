import type { Tx } from '../../db/database.ts'
import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Queue } from '../../queue/index.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { findLinkById } from '../links/index.ts'
import { lockForAnalysis } from '../responses/index.ts'
import type { World } from '../world.ts'
import { type Asked, lockResponsesAfter } from './analysis-store.ts'
import type { reanalyzeLinkTask, retranscribeLinkTask } from './tasks.ts'

export interface AskDeps {
  world: World
  queue: Pick<Queue, 'send'>
}

export interface AskInput {
  /** Exactly one of these two. */
  responseId?: string | null
  linkId?: string | null
  all?: boolean | null
  idempotencyKey?: string | null
}

/** A job that does for a link what was asked for. */
export interface LinkJob {
  workspaceId: string
  linkId: string
  all: boolean
  askedAt: string
}

/** Something that can be done again to responses. */
export interface Again {
  operation: string
  task: typeof retranscribeLinkTask | typeof reanalyzeLinkTask
  /** Has it done to locked responses; returns how much. */
  begin(tx: Tx, workspaceId: string, responseIds: readonly string[], asked: Asked, now: Date): Promise<number>
  /** How much there is of it in a link. */
  count(tx: Tx, workspaceId: string, linkId: string, asked: Asked): Promise<number>
}

/**
 * Has something done again to a response, or in the background to all of a link, deleted or not. Returns how much.
 * `ready` throws where nothing could be done of what is known. Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND,
 * VALIDATION_FAILED (rule `exactly_one`), IDEMPOTENCY_CONFLICT.
 */
export async function askAgain(
  { world, queue }: AskDeps,
  viewer: Viewer,
  input: AskInput,
  again: Again,
  { ready = () => {} }: { ready?: () => void } = {},
): Promise<{ amount: number }> {
  requireScope(viewer, 'responses:write')
  const { idempotencyKey, ...asked } = input
  const { responseId, linkId, all } = { ...asked, all: asked.all ?? false }
  if ((responseId == null) === (linkId == null)) {
    const message = 'must be given, or linkId, but not both'
    throw new ValidationError([{ path: ['responseId'], rule: 'exactly_one', message }])
  }
  const { workspaceId } = viewer
  const now = world.clock.now()
  const of = { all, askedAt: now }
  const key = { workspaceId, key: idempotencyKey, operation: again.operation, input: asked, now }
  return world.events.write(workspaceId, (tx) =>
    once(tx, key, async () => {
      if (responseId != null) {
        const known = isUuid(responseId) && (await lockForAnalysis(tx, workspaceId, responseId))
        if (!known) throw new NotFoundError('response', ['responseId'])
        ready()
        return { amount: await again.begin(tx, workspaceId, [responseId], of, now) }
      }
      const known = isUuid(linkId!) && (await findLinkById(tx, workspaceId, linkId!))
      if (!known) throw new NotFoundError('link', ['linkId'])
      ready()
      await queue.send(again.task, { workspaceId, linkId: linkId!, all, askedAt: now.toISOString() }, { tx })
      return { amount: await again.count(tx, workspaceId, linkId!, of) }
    }),
  )
}

/** How many responses one transaction locks. */
const BATCH = 100
const FIRST = '00000000-0000-0000-0000-000000000000'

/**
 * Does what was promised of a link. Goes on where it was when its process dies: each batch is done once, and its end is
 * remembered as those of callers are, for longer than a job is tried. What failed once more meanwhile stays so.
 */
export async function doAgain(
  world: World,
  { workspaceId, linkId, all, askedAt }: LinkJob,
  again: Pick<Again, 'begin' | 'operation'>,
  signal: AbortSignal,
): Promise<void> {
  for (let after: string | null = FIRST; after !== null; ) {
    signal.throwIfAborted()
    const from: string = after
    const now = world.clock.now()
    const operation = `${again.operation} of a link`
    const input = { linkId, all, askedAt, from }
    const key = `${operation} ${linkId} ${all} ${askedAt} ${from}`
    after = await world.events.write(workspaceId, (tx) =>
      once(tx, { workspaceId, key, operation, input, now }, async () => {
        const ids = await lockResponsesAfter(tx, workspaceId, linkId, from, BATCH)
        await again.begin(tx, workspaceId, ids, { all, askedAt: new Date(askedAt) }, now)
        return ids.at(-1) ?? null
      }),
    )
  }
}
