import { type Transferable, Worker } from 'node:worker_threads'

/**
 * Why a job came to nothing.
 * - `timeout`: it took longer than allowed; its thread was ended
 * - `crashed`: its thread died under it, or could not be started
 * - `threw`: the job threw; the message is its own
 * - `overloaded`: too many jobs wait already
 * - `closed`: the pool is closed
 */
export type WorkerFailure = 'timeout' | 'crashed' | 'threw' | 'overloaded' | 'closed'

export class WorkerError extends Error {
  override readonly name = 'WorkerError'
  readonly failure: WorkerFailure

  constructor(failure: WorkerFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

export interface WorkerPoolOptions {
  /** Of the thread's module, which calls serveJobs. */
  url: URL
  /** Threads at most; each is started when it is first needed. */
  size: number
  /** For one job, from its start in a thread on. */
  timeoutMs: number
  /** Jobs that may wait for a thread. Default 1000. */
  maxWaiting?: number
  /** What every thread is given at its start. */
  workerData?: unknown
  /** Of a thread's JavaScript heap, in 2^20 bytes; buffers and WebAssembly are outside of it. */
  maxHeapMb?: number
}

export interface WorkerPool<Job, Result> {
  /**
   * Runs one job, one at a time per thread, in the order of arrival. Rejects with WorkerError, or with the signal's
   * reason when it aborts; a thread that is at work then is ended, since what it does may be synchronous.
   */
  run(job: Job, options?: { signal?: AbortSignal | undefined; transfer?: Transferable[] }): Promise<Result>
  /** Jobs in threads and jobs that wait. */
  load(): { running: number; waiting: number }
  /** Ends all threads; what runs and waits is rejected. */
  close(): Promise<void>
}

/** What a thread answers. */
export type WorkerAnswer<Result> = { result: Result } | { threw: string }

interface Waiting<Job, Result> {
  job: Job
  transfer: Transferable[]
  resolve(result: Result): void
  reject(error: unknown): void
  /** Called as it leaves the queue or ends. */
  settled(): void
}

/** Threads for work that would hold up everybody else. A thread that hangs or dies is replaced by the next job. */
export function createWorkerPool<Job, Result>(options: WorkerPoolOptions): WorkerPool<Job, Result> {
  const { url, size, timeoutMs, maxWaiting = 1_000, workerData, maxHeapMb } = options
  const idle: Worker[] = []
  const running = new Map<Waiting<Job, Result>, { worker: Worker; stop(error: unknown): void }>()
  const waiting: Waiting<Job, Result>[] = []
  const ending = new Set<Promise<unknown>>()
  let closed = false

  function startWorker(): Worker {
    const worker = new Worker(url, {
      workerData,
      execArgv: [],
      ...(maxHeapMb && { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } }),
    })
    // Of an idle thread: nobody waits for it.
    worker.on('error', () => {})
    worker.on('exit', () => {
      const at = idle.indexOf(worker)
      if (at >= 0) idle.splice(at, 1)
    })
    return worker
  }

  function end(worker: Worker): void {
    const ended: Promise<unknown> = worker.terminate().finally(() => ending.delete(ended))
    ending.add(ended)
  }

  function next(): void {
    while (!closed && running.size < size) {
      const entry = waiting.shift()
      if (!entry) return
      start(entry)
    }
  }

  function start(entry: Waiting<Job, Result>): void {
    const worker = idle.pop() ?? startWorker()
    worker.ref()
    const finish = (keep: boolean, settle: () => void) => {
      if (!running.delete(entry)) return
      clearTimeout(timer)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      if (keep && !closed) {
        worker.unref()
        idle.push(worker)
      } else {
        end(worker)
      }
      entry.settled()
      settle()
      next()
    }
    const fail = (error: unknown) => finish(false, () => entry.reject(error))
    const onMessage = (answer: WorkerAnswer<Result>) =>
      finish(true, () =>
        'result' in answer ? entry.resolve(answer.result) : entry.reject(new WorkerError('threw', answer.threw)),
      )
    const onError = (error: Error) => fail(new WorkerError('crashed', `the thread died: ${error.message}`))
    const onExit = (code: number) => fail(new WorkerError('crashed', `the thread left with ${code}`))
    const timer = setTimeout(() => fail(new WorkerError('timeout', `took longer than ${timeoutMs} ms`)), timeoutMs)
    running.set(entry, { worker, stop: fail })
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    try {
      worker.postMessage(entry.job, entry.transfer)
    } catch (error) {
      fail(new WorkerError('threw', `the job cannot be sent: ${(error as Error).message}`))
    }
  }

  return {
    run(job, { signal, transfer = [] } = {}) {
      return new Promise<Result>((resolve, reject) => {
        signal?.throwIfAborted()
        if (closed) throw new WorkerError('closed', 'the pool is closed')
        if (running.size >= size && waiting.length >= maxWaiting) {
          throw new WorkerError('overloaded', `${waiting.length} jobs wait already`)
        }
        const entry: Waiting<Job, Result> = {
          job,
          transfer,
          resolve,
          reject,
          settled: () => signal?.removeEventListener('abort', onAbort),
        }
        const onAbort = () => {
          const at = waiting.indexOf(entry)
          if (at < 0) return running.get(entry)?.stop(signal?.reason)
          waiting.splice(at, 1)
          entry.settled()
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', onAbort)
        waiting.push(entry)
        next()
      })
    },
    load: () => ({ running: running.size, waiting: waiting.length }),
    async close() {
      closed = true
      const error = new WorkerError('closed', 'the pool was closed')
      for (const entry of waiting.splice(0)) {
        entry.settled()
        entry.reject(error)
      }
      for (const { stop } of [...running.values()]) stop(error)
      for (const worker of idle.splice(0)) end(worker)
      await Promise.allSettled(ending)
    },
  }
}
