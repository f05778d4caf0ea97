import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'

/** How long an address works when nobody says otherwise: long enough to listen, too short to be passed around. */
export const DEFAULT_TTL_SECONDS = 3_600

export interface SignMediaUrlOptions {
  publicUrl: URL
  secret: Uint8Array
  clock: Clock
  workspaceId: string
  uploadId: string
  /** Seconds from now, or null for an address that does not expire. Default 3600. */
  ttlSeconds?: number | null
  /** What the address ends in, for people and players that look at names; it decides nothing. */
  fileName?: string
}

/** The last second of the year 9999: what never comes, in digits. */
const NEVER = 253_402_300_799

/**
 * An address from which the bytes of one upload can be read without a credential until it expires, since an `<audio>`
 * element cannot send a header. Ask it only for uploads that the viewer may read.
 */
export function signMediaUrl(options: SignMediaUrlOptions): string {
  const { publicUrl, secret, clock, workspaceId, uploadId, ttlSeconds = DEFAULT_TTL_SECONDS, fileName } = options
  const expires = ttlSeconds === null ? NEVER : Math.floor(clock.now().getTime() / 1000) + ttlSeconds
  const name = fileName === undefined ? '' : `/${encodeURIComponent(fileName)}`
  const url = new URL(`/media/${uploadId}${name}`, publicUrl)
  url.searchParams.set('workspace', workspaceId)
  url.searchParams.set('expires', String(expires))
  url.searchParams.set('signature', sign(secret, workspaceId, uploadId, String(expires)).toString('base64url'))
  return url.href
}

const AUDIO_ENDINGS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'audio/webm': 'webm',
}

/** A name such as `audio.mp3` for a recording; undefined for what is none. */
export function audioFileName(mediaType: string): string | undefined {
  const ending = AUDIO_ENDINGS[mediaType]
  return ending && `audio.${ending}`
}

export interface SignedQuery {
  workspace: string
  /** Seconds since 1970, UTC. */
  expires: string
  signature: string
}

/** Whether this server signed exactly this and it has not expired. */
export function verifyMediaUrl(secret: Uint8Array, clock: Clock, uploadId: string, query: SignedQuery): boolean {
  const given = Buffer.from(query.signature, 'base64url')
  const right = sign(secret, query.workspace, uploadId, query.expires)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return false
  return Number(query.expires) * 1000 > clock.now().getTime()
}

function sign(secret: Uint8Array, workspaceId: string, uploadId: string, expires: string): Buffer {
  return createHmac('sha256', secret).update(`saygraph:media:${workspaceId}:${uploadId}:${expires}`).digest()
}
