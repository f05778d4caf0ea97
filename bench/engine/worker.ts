import { createServer } from 'node:http'
import { migrate } from '../../src/db/migrate.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { sql } from '../../src/db/sql.ts'
import { createWorkspace, SCOPES, type Viewer } from '../../src/domains/auth/index.ts'
import { type CallDeps, createSwitchboard } from '../../src/domains/calls/index.ts'
import { createCampaign, NO_LIMITS, NO_PRICES } from '../../src/domains/campaigns/index.ts'
import type { World } from '../../src/domains/world.ts'
import { createEventLog } from '../../src/events/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createSealer } from '../../src/platform/sealed.ts'
import { createDueLoop } from '../../src/queue/index.ts'
import { serve } from '../kit/rpc.ts'
import { instantTelephony } from './instant-telephony.ts'

/** The engine as a worker process has it, with a provider that takes no time; without all else that a server does. */
const logger = createLogger('warn')
const db = await openPostgres({ url: process.env.DATABASE_URL!, poolSize: Number(process.env.DATABASE_POOL), logger })
await migrate(db)
const clock = systemClock
const newId = idGenerator(clock)
const sealer = createSealer(new Uint8Array(32).fill(1))
const world: World = { db, clock, newId, sealer, events: createEventLog({ db, clock, newId }) }
const telephony = instantTelephony()
const deps: CallDeps = {
  ...{ world, telephony, logger, policy: NO_LIMITS, prices: NO_PRICES, redialAfterSeconds: 60, ringTimeoutMs: 45_000 },
  voiceFiles: { queue: undefined as never, speech: { voices: () => [] } as never },
  voiceFileMedia: (_, voiceFileId) => ({ kind: 'url', url: `http://media.test/${voiceFileId}` }),
  onDue() {},
}
const board = createSwitchboard(deps, { onFreed: () => dueLoop.wake('dial'), onTaken: () => dueLoop.wake('follow') })
const dueLoop = createDueLoop({ clock, logger, everyMs: 5_000 })
dueLoop.add('keep', board.keepSeats, board.nextKeep)
dueLoop.add('follow', board.follow, board.nextFollow)
dueLoop.add('dial', board.dial, board.nextDial)
await board.keepSeats()
dueLoop.start()

let phone = 0

/** Numbers that nobody has yet. */
function people(count: number): { phone: string }[] {
  return Array.from({ length: count }, () => ({ phone: `+35840${String(++phone).padStart(7, '0')}` }))
}

serve({
  /** A workspace with a voice file. */
  async workspace() {
    const { workspaceId } = await createWorkspace(world, { slug: 'bench', name: 'Bench' })
    const voiceFileId = newId()
    const now = clock.now()
    await db.query(
      sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, status, duration_seconds, media_type, sha256,
                                  size, mp3_size, wav_size, created_at, updated_at)
          VALUES (${voiceFileId}::uuid, ${workspaceId}::uuid, 1, 'a question', 'upload', 'ready', 1, 'audio/mpeg', 'aa', 1,
                  1, 1, ${now}::timestamptz, ${now}::timestamptz)`,
    )
    return { workspaceId, voiceFileId }
  },
  /** A halted campaign to so many new people; returns its id, and the milliseconds that it took. */
  async create({
    workspaceId,
    voiceFileId,
    receivers,
  }: {
    workspaceId: string
    voiceFileId: string
    receivers: number
  }) {
    const viewer: Viewer = {
      ...{ workspaceId, workspaceSlug: 'bench', apiKeyId: newId(), credential: 'apiKey', expiresAt: null },
      scopes: new Set(SCOPES),
    }
    const reached = people(receivers)
    const started = performance.now()
    const { id } = await createCampaign(deps, viewer, {
      ...{ kind: 'rsvp', state: 'halted', acceptsWanted: 1_000_000, receivers: reached },
      content: { voiceFiles: [{ type: 'start', voiceFileId }], actionButtons: [{ button: '1', action: 'accept' }] },
    })
    return { id, ms: performance.now() - started }
  },
  answers(yes: boolean) {
    telephony.answers = yes
  },
  /** Something is due. */
  wake() {
    dueLoop.wake('dial')
  },
  endAll: () => telephony.endAll(),
})

// Only says that it is there.
createServer((_request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
