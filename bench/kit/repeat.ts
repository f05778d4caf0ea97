import { HttpConnection } from './http-connection.ts'

export interface Throughput {
  /** Answered within the time. */
  count: number
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
}

/** Everybody starts again when done, until the time is up. */
export async function repeat(
  { port, connections, ms }: { port: number; connections: number; ms: number },
  once: (connection: HttpConnection, worker: number) => Promise<void>,
): Promise<Throughput> {
  // New ones every time: servers close what is idle while others have their turn.
  const pool = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port)))
  const latencies: number[] = []
  const started = performance.now()
  await Promise.all(
    pool.map(async (connection, worker) => {
      for (let before = started; before - started < ms; ) {
        await once(connection, worker)
        const after = performance.now()
        latencies.push(after - before)
        before = after
      }
    }),
  )
  const seconds = (performance.now() - started) / 1_000
  for (const connection of pool) connection.close()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]!
  return { count: latencies.length, perSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99) }
}
