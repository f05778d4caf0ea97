import { HttpConnection } from './http-connection.ts'
import { addressOf, answerLink } from './population.ts'
import { serve } from './rpc.ts'

/** The client, in a process of its own. */
export interface Load {
  port: number
  /** A whole request as text, sent again and again. */
  request: string
  connections: number
  ms: number
}

export interface Throughput {
  /** Answered within the time. */
  count: number
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
}

export interface Answering {
  port: number
  slugs: string[]
  connections: number
  ms: number
}

let sessions = Math.floor(Math.random() * 2 ** 22)

/** Everybody starts again when done, until the time is up. */
async function repeat(
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

serve({
  load: ({ request, ...load }: Load) =>
    repeat(load, async (connection) => {
      const { status } = await connection.send(request)
      if (status !== 200) throw new Error(`status ${status}`)
    }),
  answer: ({ slugs, ...load }: Answering) =>
    repeat(load, (connection, worker) => answerLink(connection, slugs[worker % slugs.length]!, addressOf(sessions++))),
})
