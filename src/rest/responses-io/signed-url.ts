import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'

/** Long enough to click it, too short to be passed around; a download that began goes on. */
const TTL_SECONDS = 600

export interface SignExportUrlOptions {
  publicUrl: URL
  secret: Uint8Array
  clock: Clock
  workspaceId: string
  linkId: string
  /** Further parameters of the export, as in its query. */
  parameters: Readonly<Record<string, string>>
}

/**
 * An address from which an export can be read without a credential for ten minutes, since a browser that downloads cannot
 * send a header. It tells what may be read and nothing else: no parameter of it can be changed. Give it to those only who
 * may read responses.
 */
export function signExportUrl({ publicUrl, secret, clock, workspaceId, linkId, parameters }: SignExportUrlOptions): {
  url: string
  expiresAt: Date
} {
  const expires = Math.floor(clock.now().getTime() / 1_000) + TTL_SECONDS
  const query = { ...parameters, link: linkId, workspace: workspaceId, expires: String(expires) }
  const url = new URL('/responses/export', publicUrl)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  url.searchParams.set('signature', sign(secret, query).toString('base64url'))
  return { url: url.href, expiresAt: new Date(expires * 1_000) }
}

/** The workspace and the link that an address was signed for; undefined unless it was by this server, as it is, and still works. */
export function verifyExportUrl(
  secret: Uint8Array,
  clock: Clock,
  { signature, ...query }: Readonly<Record<string, string>>,
): { workspaceId: string; linkId: string } | undefined {
  const given = Buffer.from(signature ?? '', 'base64url')
  const right = sign(secret, query)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
  if (Number(query.expires) * 1_000 <= clock.now().getTime()) return undefined
  return { workspaceId: query.workspace!, linkId: query.link! }
}

function sign(secret: Uint8Array, query: Readonly<Record<string, string>>): Buffer {
  const sorted = Object.entries(query).sort(([one], [other]) => (one < other ? -1 : 1))
  return createHmac('sha256', secret)
    .update(`saygraph:export:${JSON.stringify(sorted)}`)
    .digest()
}
