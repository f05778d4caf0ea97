import { z } from 'zod'
import { parse } from '../../platform/validation.ts'
import type { Usage } from '../../providers/insight/index.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import {
  beginMonth,
  bookTokens,
  findBudget,
  markExhausted,
  type NewReservation,
  readSpend,
  releaseExpired,
  removeBudget,
  reserveTokens,
  saveBudget,
} from './insight-budget-store.ts'

/** What a workspace may have an analyser that costs money use, and what it has used of it. Months are by UTC. */
export interface InsightBudget {
  /** The month's first day, `2026-11-01`. */
  month: string
  /** 0: none; null: as many as are wanted. */
  monthlyTokens: number | null
  /** Whether nothing was set for the workspace, so that the server's default counts. */
  isDefault: boolean
  requests: number
  inputTokens: number
  outputTokens: number
  /** Of requests that are under way. */
  reservedTokens: number
  /** When the budget had no room for a request for the first time in this month. */
  exhaustedAt: Date | null
}

export interface UpdateInsightBudgetInput {
  /** 0 to 10^12; null: as many as are wanted; absent: the server's default. */
  monthlyTokens?: number | null | undefined
}

/** Longer than any request is allowed to take; whoever has not booked by then has died. */
const RESERVATION_MS = 30 * 60_000
const MOST_TOKENS = 1_000_000_000_000

const schema = z.object({
  monthlyTokens: z
    .int('must be a whole number')
    .min(0, 'must be at least 0')
    .max(MOST_TOKENS, `must be at most ${MOST_TOKENS}`)
    .nullish(),
})

/** `byDefault`: of the server. Throws INSUFFICIENT_SCOPE (`responses:read`). */
export async function getInsightBudget(world: World, viewer: Viewer, byDefault: number | null): Promise<InsightBudget> {
  if (!viewer.scopes.has('responses:write')) requireScope(viewer, 'responses:read')
  const now = world.clock.now()
  const month = monthOf(now)
  const own = await findBudget(world.db, viewer.workspaceId)
  const spend = await readSpend(world.db, viewer.workspaceId, month, now)
  return {
    month,
    monthlyTokens: own ? own.monthly_tokens : byDefault,
    isDefault: own === undefined,
    requests: spend?.requests ?? 0,
    inputTokens: spend?.input_tokens ?? 0,
    outputTokens: spend?.output_tokens ?? 0,
    reservedTokens: spend?.reserved_tokens ?? 0,
    exhaustedAt: spend?.exhausted_at ?? null,
  }
}

/** Sets it from now on. Throws INSUFFICIENT_SCOPE (`responses:write`), VALIDATION_FAILED. */
export async function updateInsightBudget(
  world: World,
  viewer: Viewer,
  input: UpdateInsightBudgetInput,
  byDefault: number | null,
): Promise<InsightBudget> {
  requireScope(viewer, 'responses:write')
  const { monthlyTokens } = parse(schema, input)
  const { workspaceId } = viewer
  await world.events.write(workspaceId, async (tx, emit) => {
    if (monthlyTokens === undefined) await removeBudget(tx, workspaceId)
    else await saveBudget(tx, workspaceId, monthlyTokens, world.clock.now())
    emit('insightBudget.changed', {})
  })
  return getInsightBudget(world, viewer, byDefault)
}

export type Reservation = Pick<NewReservation, 'id' | 'workspaceId' | 'month'>

/**
 * Takes tokens for a request that is about to be made. Null when the month has no room for them; when that is because
 * of what was used already, and not of requests under way, it is told, once in a month.
 */
export async function reserveInsight(
  world: World,
  { workspaceId, tokens, byDefault }: { workspaceId: string; tokens: number; byDefault: number | null },
): Promise<Reservation | null> {
  const now = world.clock.now()
  const month = monthOf(now)
  const own = await findBudget(world.db, workspaceId)
  const limit = own ? own.monthly_tokens : byDefault
  await beginMonth(world.db, workspaceId, month)
  await releaseExpired(world.db, workspaceId, now)
  const expiresAt = new Date(now.getTime() + RESERVATION_MS)
  const reservation: NewReservation = { id: world.newId(), workspaceId, month, tokens, expiresAt }
  if (await reserveTokens(world.db, reservation, limit)) return reservation
  await world.events.write(workspaceId, async (tx, emit) => {
    if (limit !== null && (await markExhausted(tx, reservation, limit, now))) {
      emit('insightBudget.exhausted', { month, monthlyTokens: limit })
    }
  })
  return null
}

/** Ends a reservation by what was really used, which may be nothing. */
export function bookInsight(world: World, reservation: Reservation, usage: Usage): Promise<void> {
  return bookTokens(world.db, reservation, usage)
}

function monthOf(now: Date): string {
  return `${now.toISOString().slice(0, 7)}-01`
}
