import { serve } from './rpc.ts'

/** Loaded before a measured server (`node --expose-gc --import`), ours included: it tells what the process used. */
serve({
  /** Milliseconds of processor time since the start. */
  cpu() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
  /** Bytes, after garbage collection. */
  async memory() {
    const collect = (globalThis as { gc?: () => void }).gc!
    for (let n = 0; n < 3; n++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, heap: heapUsed + external }
  },
})
// The server itself decides when the process may end.
process.channel?.unref()
