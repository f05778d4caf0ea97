import { isMainThread, workerData } from 'node:worker_threads'
import { serveJobs } from './serve-jobs.ts'

export type TestJob =
  | { kind: 'double'; n: number }
  | { kind: 'fill'; bytes: number; value: number }
  | { kind: 'hang' | 'wait' | 'throw' | 'exit' | 'reject' | 'data' | 'count' }

let count = 0
if (!isMainThread) {
  serveJobs<TestJob, unknown>(async (job) => {
    count++
    switch (job.kind) {
      case 'double':
        return { result: 2 * job.n }
      case 'fill': {
        const bytes = new Uint8Array(job.bytes).fill(job.value)
        return { result: bytes, transfer: [bytes.buffer] }
      }
      case 'hang':
        for (;;) count++
      case 'wait':
        return new Promise(() => {})
      case 'throw':
        throw new Error('not that one')
      case 'reject':
        return Promise.reject('a bare word')
      case 'exit':
        return process.exit(3)
      case 'data':
        return { result: workerData }
      case 'count':
        return { result: count }
    }
  })
}
