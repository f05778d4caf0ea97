import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ByteRange, parseRange } from './byte-range.ts'
import { NotFoundError } from './errors.ts'

/** A file that somebody sent, or what was made of it. */
export interface StoredBytes {
  storage_key: string
  media_type: string
  size: number
  /** What a download is called. */
  file_name: string
}

/** Where such bytes are kept. */
export interface ByteStore {
  read(key: string, range?: ByteRange): Promise<{ stream: Readable } | undefined>
}

/** A file is somebody else's: it may be shown and played, and can do nothing. */
const CONTENT_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
/** Shown in place; everything else is handed over as a download. SVG is a program, so it is not among them. */
const INLINE = /^(audio|video|image)\/(?!svg)/

/**
 * Answers a `GET` or `HEAD` with bytes, with byte ranges so that players can seek: 200, 206, or 416 for a range beyond
 * the end. Whoever calls has judged who may have them, and says how long they may be kept. Throws NOT_FOUND when they
 * are gone; the answer says nothing of them then.
 */
export async function serveBytes(
  request: Pick<FastifyRequest, 'method' | 'headers'>,
  reply: FastifyReply,
  store: ByteStore,
  { storage_key: key, media_type: mediaType, size, file_name: fileName }: StoredBytes,
): Promise<FastifyReply> {
  const range = parseRange(request.headers.range, size)
  const isRead = request.method !== 'HEAD' && range !== 'unsatisfiable'
  const object = isRead ? await store.read(key, range) : undefined
  if (isRead && !object) throw new NotFoundError('file')
  reply.headers({
    'accept-ranges': 'bytes',
    'content-security-policy': CONTENT_POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  if (!INLINE.test(mediaType)) {
    reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeName(fileName)}`)
  }
  if (range === 'unsatisfiable') {
    return reply.code(416).header('content-range', `bytes */${size}`).send()
  }
  const length = range ? range.end - range.start + 1 : size
  reply.code(range ? 206 : 200)
  if (range) reply.header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  reply.headers({ 'content-type': mediaType, 'content-length': length })
  return reply.send(object?.stream)
}

/** As RFC 8187 wants it: `encodeURIComponent` leaves four characters alone that may not stand there. */
function encodeName(name: string): string {
  const safe = name.toWellFormed()
  return encodeURIComponent(safe).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
