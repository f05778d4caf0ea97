import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { line, parse } from '../../platform/validation.ts'
import type { World } from '../world.ts'
import { describeKey, generateKey } from './api-key-secret.ts'
import { SCOPES } from './scopes.ts'
import {
  findFirstWorkspace,
  findWorkspaceBySlug,
  insertKey,
  insertWorkspace,
  lockWorkspaceCreation,
  type WorkspaceRow,
} from './store.ts'

/** Part of a host name and of addresses, so: lower-case letters, digits and inner hyphens, up to 63. */
const WORKSPACE_SLUG = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

const schema = z.object({
  slug: z.string().regex(WORKSPACE_SLUG, 'must be 1 to 63 lower-case letters, digits and inner hyphens'),
  name: line(200),
  key: z
    .string()
    .min(16, 'must have at least 16 characters')
    .startsWith('sk_live_', 'must start with sk_live_')
    .max(200)
    .optional(),
})

export interface WorkspaceInput {
  slug: string
  name: string
  key?: string
}

export interface NewWorkspace {
  workspaceId: string
  slug: string
  /** The first key, with all scopes; it cannot be read again. */
  key: string
}

/** A workspace with its event log and a first key. `key` sets that key instead of a random one. */
export async function createWorkspace(world: World, input: WorkspaceInput): Promise<NewWorkspace> {
  const workspace = prepare(world, input)
  await world.events.write(workspace.workspaceId, (tx, emit) => insert(world, tx, emit, workspace))
  return workspace
}

/**
 * The workspace of a fresh server; undefined when there is one already. Servers that start at the same time on one
 * database make one between them.
 */
export async function ensureFirstWorkspace(world: World, input: WorkspaceInput): Promise<NewWorkspace | undefined> {
  const workspace = prepare(world, input)
  return world.events.write(workspace.workspaceId, async (tx, emit) => {
    await lockWorkspaceCreation(tx)
    if (await findFirstWorkspace(tx)) return undefined
    await insert(world, tx, emit, workspace)
    return workspace
  })
}

function prepare(world: World, input: WorkspaceInput) {
  const { slug, name, key = generateKey() } = parse(schema, input)
  return { workspaceId: world.newId(), slug, name, key }
}

async function insert(world: World, tx: Tx, emit: Emit, { workspaceId, slug, name, key }: ReturnType<typeof prepare>) {
  const now = world.clock.now()
  const id = world.newId()
  await insertWorkspace(tx, { id: workspaceId, slug, name }, now)
  const fields = { name: 'First key', scopes: SCOPES, createdAt: now, expiresAt: null, requestsPerHour: null }
  await insertKey(tx, { id, workspaceId, ...describeKey(key), ...fields })
  emit('apiKey.created', { apiKeyId: id })
}

export async function workspaceBySlug(world: World, slug: string): Promise<WorkspaceRow | undefined> {
  // What no workspace can have is not asked for: among such texts are some that the database refuses to look at.
  if (!WORKSPACE_SLUG.test(slug)) return undefined
  return findWorkspaceBySlug(world.db, slug)
}

/** The oldest workspace: the one that a server's own host name stands for. */
export function firstWorkspace(world: World): Promise<WorkspaceRow | undefined> {
  return findFirstWorkspace(world.db)
}
