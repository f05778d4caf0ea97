import type { World } from '../world.ts'
import { eachWorkspace } from './each-workspace.ts'
import { dayOf } from './fact.ts'
import { FactSums } from './fact-sums.ts'
import { addFactSums, findFactDays, saveSummedBefore, sumDays } from './fact-sums-store.ts'
import { factsOf } from './fold-conversation.ts'
import { deleteFacts, findConversationsById, saveFacts } from './history-store.ts'
import { holdPool } from './pool-store.ts'
import { type EndPlace, findPools, markSettled, pageOfUnsettled, type UnsettledEnd } from './settling-store.ts'
import { runAll } from './writes.ts'

export interface SettleOptions {
  /** Ends it after a page. */
  signal?: AbortSignal | undefined
  /** How long nothing must have been written to what is settled, however old it is: an import may be under way. */
  quietMs?: number | undefined
}

/** How long nothing must have come for a conversation to be taken for over (docs/metrics.md). */
const SILENCE_MS = 24 * 3_600_000
const QUIET_MS = 10 * 60_000
/** How many conversations one transaction settles, so that it never keeps those who add messages waiting for long. */
const PAGE = 500
/** How many days one transaction sums up. */
const SUMMED_DAYS = 4
/** Days before that of the last message of which messages may well come late. */
const DAYS_THAT_MOVE = 1
const BEGINNING: EndPlace = { at: new Date(0), conversationId: '00000000-0000-0000-0000-000000000000' }

/**
 * Keeps by agent and by tag how conversations ended in silence, which nobody does before, because it would have to be
 * moved with every message; and sums up the facts of days that are over. Values stay what they are; they are read faster.
 * A page per transaction; whatever is left goes on the next time. Returns how many conversations were settled; throws what failed once every workspace had its turn.
 */
export async function settleMetrics(world: World, options: SettleOptions = {}): Promise<number> {
  return eachWorkspace(await findPools(world.db), ({ workspaceId }) => settleWorkspace(world, workspaceId, options))
}

/** The same of one workspace. */
export async function settleWorkspace(
  world: World,
  workspaceId: string,
  { signal, quietMs = QUIET_MS }: SettleOptions = {},
): Promise<number> {
  let settled = 0
  const now = world.clock.now().getTime()
  const until = { silence: new Date(now - SILENCE_MS), quiet: new Date(now - quietMs) }
  for (let after: EndPlace | undefined = BEGINNING; after && !signal?.aborted; ) {
    const page: UnsettledEnd[] = await pageOfUnsettled(world.db, workspaceId, until, after, PAGE)
    const quiet = page.filter(({ isQuiet }) => isQuiet).map(({ conversationId }) => conversationId)
    if (quiet.length > 0) settled += await settleEnds(world, workspaceId, quiet, until.silence)
    after = page.length < PAGE ? undefined : page.at(-1)
  }
  for (let isDone = false; !isDone && !signal?.aborted; ) isDone = await sumUpDays(world, workspaceId)
  return settled
}

/** Sums up the facts of the next days that are over. Returns whether there are no more. */
async function sumUpDays(world: World, workspaceId: string): Promise<boolean> {
  return world.db.transaction(async (tx) => {
    const now = world.clock.now()
    const { summedBefore } = await holdPool(tx, workspaceId, 0, now)
    const { firstFact, lastMessage } = await findFactDays(tx, workspaceId)
    if (firstFact === null || lastMessage === null) return true
    // Not beyond the last message, since what comes in order, however old, is not to be summed up before it is all there.
    const until = Math.min(dayOf(now.getTime()), lastMessage) - DAYS_THAT_MOVE
    const from = Math.max(summedBefore, firstFact)
    const to = Math.min(from + SUMMED_DAYS, until)
    if (to <= from) return true
    await sumDays(tx, workspaceId, from, to)
    await saveSummedBefore(tx, workspaceId, to)
    return to === until
  })
}

async function settleEnds(world: World, workspaceId: string, ids: readonly string[], silence: Date): Promise<number> {
  return world.db.transaction(async (tx) => {
    const { summedBefore } = await holdPool(tx, workspaceId, 0, world.clock.now())
    // Something may have come for them before the pool was held.
    const due = (await findConversationsById(tx, workspaceId, ids)).filter(
      ({ resolution, settled, lastAt }) => resolution === null && !settled && lastAt <= silence.getTime(),
    )
    const gone = due.flatMap(factsOf).filter(({ kind }) => kind === 'U')
    const added = due.flatMap((one) => factsOf({ ...one, settled: true })).filter(({ kind }) => kind === 'S')
    const sums = new FactSums(summedBefore)
    sums.add(added, 1)
    await runAll(tx, [
      deleteFacts(workspaceId, gone),
      saveFacts(workspaceId, added),
      ...addFactSums(workspaceId, sums),
      markSettled(
        workspaceId,
        due.map(({ id }) => id),
      ),
    ])
    return due.length
  })
}
