import { parentPort, type Transferable } from 'node:worker_threads'
import type { WorkerAnswer } from './worker-pool.ts'

/** The other end of a worker pool: runs one job after another. What `work` transfers is not copied. */
export function serveJobs<Job, Result>(
  work: (job: Job) => Promise<{ result: Result; transfer?: readonly Transferable[] }>,
): void {
  const port = parentPort
  if (!port) throw new Error('this module is for a thread of a worker pool')
  port.on('message', async (job: Job) => {
    try {
      const { result, transfer = [] } = await work(job)
      port.postMessage({ result } satisfies WorkerAnswer<Result>, [...transfer])
    } catch (error) {
      port.postMessage({ threw: error instanceof Error ? error.message : String(error) } satisfies WorkerAnswer<Result>)
    }
  })
}
