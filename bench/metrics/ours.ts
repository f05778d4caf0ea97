import { migrate } from '../../src/db/migrate.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { createWorkspace, SCOPES, type Viewer } from '../../src/domains/auth/index.ts'
import {
  createMessageWriter,
  type ImportRow,
  importMessages,
  type MessagingDeps,
} from '../../src/domains/messaging/index.ts'
import type { World } from '../../src/domains/world.ts'
import { createEventLog } from '../../src/events/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createSealer } from '../../src/platform/sealed.ts'
import { type Generated, messageInput, resolveInput } from './generate.ts'

export interface Ours {
  deps: MessagingDeps
  world: World
  viewer: Viewer
  close(): Promise<void>
}

/** The domain as a server has it, on an empty database, with a workspace. */
export async function openOurs(url: string): Promise<Ours> {
  const world = await openWorld(url)
  await migrate(world.db)
  const { workspaceId } = await createWorkspace(world, { slug: 'bench', name: 'Bench' })
  return oursOn(world, workspaceId)
}

/** The same on a database that a server has made, with its first workspace. */
export async function openServers(url: string): Promise<Ours> {
  const world = await openWorld(url)
  const [workspace] = await world.db.raw<{ id: string }>('SELECT id FROM workspace ORDER BY created_at LIMIT 1')
  return oursOn(world, workspace!.id)
}

async function openWorld(url: string): Promise<World> {
  const db = await openPostgres({ url, logger: createLogger('warn') })
  const clock = systemClock
  const newId = idGenerator(clock)
  const sealer = createSealer(new Uint8Array(32).fill(1))
  return { db, clock, newId, sealer, events: createEventLog({ db, clock, newId }) }
}

function oursOn(world: World, workspaceId: string): Ours {
  const viewer: Viewer = {
    ...{ workspaceId, workspaceSlug: 'bench', apiKeyId: world.newId(), credential: 'apiKey', expiresAt: null },
    scopes: new Set(SCOPES),
  }
  return { deps: { world, writer: createMessageWriter(world) }, world, viewer, close: () => world.db.close() }
}

/** As many as come with one chunk of a body. */
const ROWS_OF_A_CHUNK = 200

/** Imports the next so many messages with the resolutions among them, as the bulk entrance does; or all that are left. */
export async function importNext(
  ours: Ours,
  items: Iterator<Generated>,
  messages = Number.POSITIVE_INFINITY,
): Promise<void> {
  for await (const results of importMessages(ours.deps, ours.viewer, chunks(items, messages))) {
    for (const result of results) if (result.status === 'refused') throw result.error
  }
}

async function* chunks(items: Iterator<Generated>, messages: number): AsyncGenerator<ImportRow[]> {
  let rows: ImportRow[] = []
  for (let left = messages; left > 0; ) {
    const { value: item, done } = items.next()
    if (done) break
    if (item.kind === 'message') left--
    // The text only matters to an import with a key.
    rows.push({
      text: '',
      content: item.kind === 'message' ? { message: messageInput(item) } : { resolution: resolveInput(item) },
    })
    if (rows.length < ROWS_OF_A_CHUNK) continue
    yield rows
    rows = []
  }
  yield rows
}
