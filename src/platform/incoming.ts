import type { Readable } from 'node:stream'

/**
 * The bytes of a stream. Whoever stops early leaves it open: destroying it would take down the connection, and with it
 * the answer that says why. Throws what `broken` makes of the words when it stops before its end.
 */
export async function* bytesOf(stream: Readable, broken: (message: string) => Error): AsyncGenerator<Uint8Array> {
  try {
    yield* stream.iterator({ destroyOnReturn: false })
  } catch {
    throw broken('stopped before it was complete')
  }
}

/** Whether Fastify or its reader of multipart bodies refused a body by a rule, rather than for its end. */
export function isBodyRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && code.startsWith('FST_') && code !== 'FST_MP_PREMATURE_CLOSE'
}

/** `filename*` or `filename` of a Content-Disposition header (RFC 6266). */
export function dispositionName(header: string | undefined): string | null {
  if (header === undefined) return null
  const extended = /(?:^|;)\s*filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/i.exec(header)?.[1]
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended)
    } catch {
      // Fall back to the plain name.
    }
  }
  const plain = /(?:^|;)\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header)
  if (!plain) return null
  return plain[1]?.replace(/\\(.)/g, '$1') ?? plain[2] ?? null
}
