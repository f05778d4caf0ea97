import { createWorkerPool, WorkerError } from '../../platform/worker-pool.ts'
import type { HeuristicJob, HeuristicResult } from './heuristic/worker.ts'
import { InsightError, type InsightProvider } from './insight.ts'

export interface HeuristicOptions {
  /** For one answer, the start of the thread included. Default 30,000. */
  timeoutMs?: number
}

const FREE = { inputTokens: 0, outputTokens: 0 }

/**
 * Word lists and rules for English and Finnish, in a thread of this process; it knows what it was told and understands
 * nothing. bench/insight measures how often it is right. Raise the number in `method` whenever findings change.
 */
export function heuristicInsight({ timeoutMs = 30_000 }: HeuristicOptions = {}): InsightProvider {
  const pool = createWorkerPool<HeuristicJob, HeuristicResult>({
    url: new URL('./heuristic/worker.ts', import.meta.url),
    size: 1,
    timeoutMs,
  })

  async function run(job: HeuristicJob, signal: AbortSignal | undefined): Promise<HeuristicResult> {
    try {
      return await pool.run(job, { signal })
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error
      throw new InsightError(`the analyser failed: ${error.message}`, {
        retryable: error.failure !== 'threw',
        cause: error,
      })
    }
  }

  return {
    method: 'heuristic-1',
    isPaid: false,
    tokensAtMost: () => 0,
    async analyze({ signal, ...request }) {
      const result = await run({ kind: 'analyze', request }, signal)
      if (!('insight' in result)) throw new InsightError('the thread answered something else')
      return { found: result.insight, usage: FREE }
    },
    async followUp({ signal, ...request }) {
      const result = await run({ kind: 'follow-up', request }, signal)
      if (!('followUp' in result)) throw new InsightError('the thread answered something else')
      return { found: result.followUp, usage: FREE }
    },
    close: () => pool.close(),
  }
}
