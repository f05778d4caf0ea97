import { NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Queue } from '../../queue/index.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { findLinkById } from '../links/index.ts'
import { lockForAnalysis } from '../responses/index.ts'
import type { World } from '../world.ts'
import { askAgain, countAskable, lockResponsesAfter } from './analysis-store.ts'
import { retranscribeLinkTask } from './tasks.ts'

export interface RetranscribeDeps {
  world: World
  queue: Pick<Queue, 'send'>
}

export interface RetranscribeInput {
  /** Exactly one of these two. */
  responseId?: string | null
  linkId?: string | null
  /** Default false: recordings without a transcript only. True: also those that an engine has transcribed. */
  all?: boolean | null
  idempotencyKey?: string | null
}

export interface Retranscribed {
  /** How many recordings are listened to again; of a link those that there were when it was asked for. */
  recordings: number
}

/**
 * Has recordings listened to again: those that have no transcript, because nothing could listen then or it failed, or
 * all that an engine has transcribed. What somebody recorded or corrected stays. What depends on it is analysed again;
 * of a link this is begun in the background. Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND, VALIDATION_FAILED
 * (rule `exactly_one`), IDEMPOTENCY_CONFLICT.
 */
export async function retranscribe(
  { world, queue }: RetranscribeDeps,
  viewer: Viewer,
  input: RetranscribeInput,
): Promise<Retranscribed> {
  requireScope(viewer, 'responses:write')
  const { idempotencyKey, ...asked } = input
  const { responseId, linkId, all } = { ...asked, all: asked.all ?? false }
  if ((responseId == null) === (linkId == null)) {
    const message = 'must be given, or linkId, but not both'
    throw new ValidationError([{ path: ['responseId'], rule: 'exactly_one', message }])
  }
  const { workspaceId } = viewer
  const now = world.clock.now()
  const key = { workspaceId, key: idempotencyKey, operation: 'retranscribe', input: asked, now }
  return world.events.write(workspaceId, (tx) =>
    once(tx, key, async () => {
      if (responseId != null) {
        const known = isUuid(responseId) && (await lockForAnalysis(tx, workspaceId, responseId))
        if (!known) throw new NotFoundError('response', ['responseId'])
        return { recordings: await askAgain(tx, workspaceId, [responseId], { all, askedAt: now }, now) }
      }
      // A deleted link keeps its responses.
      const known = isUuid(linkId!) && (await findLinkById(tx, workspaceId, linkId!))
      if (!known) throw new NotFoundError('link', ['linkId'])
      await queue.send(retranscribeLinkTask, { workspaceId, linkId: linkId!, all, askedAt: now.toISOString() }, { tx })
      return { recordings: await countAskable(tx, workspaceId, linkId!, { all, askedAt: now }) }
    }),
  )
}

/** How many responses one transaction locks. */
const BATCH = 100
const FIRST = '00000000-0000-0000-0000-000000000000'

/** Does what `retranscribe` has promised of a link. Begins anew when its process dies; nothing is asked for twice. */
export async function retranscribeLink(
  world: World,
  { workspaceId, linkId, all, askedAt }: { workspaceId: string; linkId: string; all: boolean; askedAt: string },
  signal: AbortSignal,
): Promise<void> {
  for (let after: string | undefined = FIRST; after !== undefined; ) {
    signal.throwIfAborted()
    const from: string = after
    after = await world.events.write(workspaceId, async (tx) => {
      const ids = await lockResponsesAfter(tx, workspaceId, linkId, from, BATCH)
      await askAgain(tx, workspaceId, ids, { all, askedAt: new Date(askedAt) }, world.clock.now())
      return ids.at(-1)
    })
  }
}
