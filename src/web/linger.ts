import type { FastifyInstance } from 'fastify'

/** How long a caller whose body was refused may take to read why. */
const LINGER_MS = 2_000
/** How much of the rest is read and thrown away: what a caller has sent already by then. */
const DRAIN_BYTES = 16_000_000

/**
 * Deals with requests that were answered before their body had come, a refused gigabyte for instance. The rest is
 * skipped when it is short, so that the connection stays good; a longer one is cut off, but not at once: closing a
 * socket with unread bytes resets it, and the caller would see a broken connection instead of the answer.
 */
export function closeUnread(app: FastifyInstance): void {
  app.addHook('onResponse', (request, _reply, done) => {
    const { raw } = request
    if (!raw.complete && !raw.destroyed) {
      const timer = setTimeout(() => {
        if (!raw.complete) raw.socket.destroy()
      }, LINGER_MS)
      timer.unref()
      raw.once('close', () => clearTimeout(timer))
      raw.on('error', () => {})
      raw.unpipe()
      let drained = 0
      raw.on('data', (chunk: Uint8Array) => {
        drained += chunk.length
        if (drained > DRAIN_BYTES) raw.pause()
      })
      raw.resume()
    }
    done()
  })
}
