import { isIP } from 'node:net'
import { firstWorkspace, workspaceBySlug } from '../domains/auth/index.ts'
import { findLinkBySlug, type LinkRow } from '../domains/links/index.ts'
import type { World } from '../domains/world.ts'
import { ExpectedError } from '../platform/errors.ts'

/** Anything else in an address cannot be a slug, and need not reach the database. */
const WORKSPACE_SLUG = /^[a-z0-9-]{1,63}$/
const LINK_SLUG = /^[A-Za-z0-9_-]{1,200}$/

export interface Address {
  /** The host that was asked, without its port. */
  hostname: string
  /** From `/w/{workspace}/i/…`; absent: the host names it. */
  workspace?: string
  slug: string
}

/**
 * The link at a public address, also a deleted one. Throws NOT_FOUND, the same for an unknown host, workspace or slug.
 */
export async function linkAt(world: World, publicUrl: URL, address: Address): Promise<LinkRow> {
  const workspace = await workspaceAt(world, publicUrl, address)
  const link =
    workspace && LINK_SLUG.test(address.slug) ? await findLinkBySlug(world.db, workspace.id, address.slug) : undefined
  if (!link) throw new ExpectedError('NOT_FOUND', 'No link has this address.', { path: ['link'] })
  return link
}

async function workspaceAt(world: World, publicUrl: URL, { hostname, workspace }: Address) {
  if (workspace !== undefined) return WORKSPACE_SLUG.test(workspace) ? workspaceBySlug(world, workspace) : undefined
  const host = bare(hostname)
  const own = bare(publicUrl.hostname)
  if (host === own || host === 'localhost' || isIP(host)) return firstWorkspace(world)
  const dot = host.indexOf('.')
  const parent = host.slice(dot + 1)
  const label = host.slice(0, dot)
  const isOurs = dot > 0 && (parent === own || parent === 'localhost')
  return isOurs && WORKSPACE_SLUG.test(label) ? workspaceBySlug(world, label) : undefined
}

/** Lower-case, without the brackets of an IPv6 address or a final dot. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}
