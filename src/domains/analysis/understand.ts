import {
  type FollowUpFound,
  InsightError,
  type InsightFound,
  type InsightProvider,
  type Usage,
} from '../../providers/insight/index.ts'
import type { AnalysisDeps } from './deps.ts'
import { bookInsight, reserveInsight } from './insight-budget.ts'

export type UnderstandDeps = Pick<AnalysisDeps, 'world' | 'insight' | 'fallback' | 'monthlyTokens'>

export interface UnderstandInput {
  workspaceId: string
  text: string
  language: string | null
  question: string
  customFields: readonly string[]
}

export interface AskFollowUpInput {
  workspaceId: string
  question: string
  exchanges: readonly { question: string; answer: string }[]
  language: string | null
}

export interface TryOptions {
  /** Whether nobody will try again, so that the fallback answers also for what might pass. Default false. */
  last?: boolean
}

/** `fallback`: what stands in for the analyser. */
export type Understander = 'found' | 'fallback'

/**
 * What is said in an answer, and who says so; null where nothing analyses. What costs tokens is paid from the
 * workspace's budget. The fallback answers, and `method` says why, when the budget is used up or the analyser fails for
 * good; what may pass rejects with InsightError, for another try.
 */
export async function understand(
  deps: UnderstandDeps,
  { workspaceId, ...request }: UnderstandInput,
  signal: AbortSignal,
  options: TryOptions = {},
): Promise<{ found: InsightFound; method: string; origin: Understander } | null> {
  const names = request.customFields.reduce((sum, name) => sum + name.length, 0)
  const length = request.text.length + request.question.length + names
  return tried(deps, workspaceId, length, options, (provider) => provider.analyze({ ...request, signal }))
}

/** One question more; null where nothing analyses, `found` null when nothing sensible is left to ask. As `understand`. */
export async function askFollowUp(
  deps: UnderstandDeps,
  { workspaceId, ...request }: AskFollowUpInput,
  signal: AbortSignal,
  options: TryOptions = {},
): Promise<{ found: FollowUpFound | null; method: string } | null> {
  const said = request.exchanges.reduce((sum, { question, answer }) => sum + question.length + answer.length, 0)
  const length = said + request.question.length
  return tried(deps, workspaceId, length, options, (provider) => provider.followUp({ ...request, signal }))
}

async function tried<Found>(
  { world, insight, fallback, monthlyTokens = null }: UnderstandDeps,
  workspaceId: string,
  length: number,
  { last = false }: TryOptions,
  ask: (provider: InsightProvider) => Promise<{ found: Found; usage: Usage }>,
): Promise<{ found: Found; method: string; origin: Understander } | null> {
  if (!insight) return null
  const instead = async (why: string) => {
    if (!fallback) throw new InsightError(why)
    const { found } = await ask(fallback)
    return { found, method: `${fallback.method} (${why})`, origin: 'fallback' as const }
  }
  const tokens = insight.isPaid ? insight.tokensAtMost(length) : 0
  const reservation = insight.isPaid
    ? await reserveInsight(world, { workspaceId, tokens, byDefault: monthlyTokens })
    : undefined
  if (reservation === null) return instead('the budget of the month is used up')
  let usage: Usage = { inputTokens: 0, outputTokens: 0 }
  try {
    const answer = await ask(insight)
    usage = answer.usage
    return { found: answer.found, method: insight.method, origin: 'found' }
  } catch (error) {
    if (!(error instanceof InsightError)) throw error
    usage = error.usage
    if (error.retryable && !last) throw error
    if (!fallback) throw error
    return await instead(`${insight.method} failed`)
  } finally {
    if (reservation) await bookInsight(world, reservation, usage)
  }
}
