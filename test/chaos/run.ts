import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { sql } from '../../src/db/sql.ts'
import { authenticate, browserTokens, createWorkspace } from '../../src/domains/auth/index.ts'
import type { World } from '../../src/domains/world.ts'
import { createEventLog } from '../../src/events/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createSealer } from '../../src/platform/sealed.ts'
import { chance, within } from '../../src/providers/telephony/simulated/chance.ts'
import { type TestCarrier, testCarrier } from '../../src/providers/telephony/simulated/test-carrier.ts'
import { recount } from '../kit/recount.ts'
import { type MadeCampaign, makeCampaigns } from './campaigns.ts'
import { makeDatabase } from './database.ts'
import type { CallFacts, EventFacts, Facts, ReceiverFacts } from './facts.ts'
import { judge, type Verdict } from './judge.ts'
import { faultsOf, LINES, peopleOf, REDIAL_AFTER_MS } from './setting.ts'
import { Workers } from './workers.ts'

export interface RunOptions {
  seed: string
  receivers: number
  /** How often a worker is killed at least. */
  kills: number
  /** A PostgreSQL server. */
  server: string
  timeoutMs: number
}

export interface RunResult extends Verdict {
  /** Where all facts and the logs are, when something was wrong. */
  kept?: string
}

const WORKERS = 2
const KEY = 'sk_live_chaoschaoschaoschaos'
/** How long nobody is killed after some worker is ready. */
const WILD_LIFE = { minMs: 0, maxMs: 3_000 }
/** Longer than a lease lasts. */
const CALM_LIFE = { minMs: 9_000, maxMs: 16_000 }
/** How often two are killed in one moment. */
const BOTH = 0.2
/** When all is over, news may still be on their way. */
const LAST_NEWS_MS = 14_000

/** Campaigns to many people, while everything that can go wrong does and the workers are killed again and again. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, receivers, kills, server, timeoutMs } = options
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-chaos-'))
  const database = await makeDatabase(server)
  const logger = createLogger('silent')
  const db = await openPostgres({ url: database.url, logger, poolSize: 4 })
  const faults = faultsOf(seed)
  let carrier: TestCarrier | undefined
  let workers: Workers | undefined
  const abandon = () => workers?.abandon()
  process.once('exit', abandon)
  try {
    await migrate(db)
    carrier = await testCarrier({ lines: LINES, speed: 1, people: peopleOf(seed), faults })
    const { world, viewer } = await workspaceOn(db)
    workers = new Workers({
      ...{ DATABASE_URL: database.url, DATA_DIR: folder, APP_SECRET: 'only for tests, and long enough for that' },
      ...{ BOOTSTRAP_API_KEY: KEY, SAMPLE_LINK: 'off', LOG_LEVEL: 'warn', SHUTDOWN_SECONDS: '10' },
      CARRIER_URL: carrier.url,
    })
    await workers.start(WORKERS)
    await workers.someReady()
    const campaigns = await makeCampaigns(world, viewer, receivers)
    const started = performance.now()
    await ordeal(workers, options, () => isOver(db))
    const seconds = (performance.now() - started) / 1_000
    await sleep(LAST_NEWS_MS)
    await workers.stop()
    const facts = await factsOf(world, viewer.workspaceId, carrier, campaigns, faults)
    const { complaints, figures } = judge(facts)
    const logged = workers.log().filter((line) => isFailure(line))
    if (logged.length > 0) complaints.push(`${logged.length} failures were logged, the first: ${logged[0]}`)
    if (workers.kills < kills) complaints.push(`only ${workers.kills} kills in ${timeoutMs} ms`)
    const result = { complaints, figures: { kills: workers.kills, ...figures, seconds: Math.round(seconds) } }
    if (complaints.length === 0) return result
    const kept = join(tmpdir(), `saygraph-chaos-${seed}.json`)
    await writeFile(kept, JSON.stringify({ ...facts, complaints, log: workers.log() }))
    return { ...result, kept }
  } finally {
    process.off('exit', abandon)
    await workers?.stop()
    await carrier?.close()
    await db.close()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function workspaceOn(db: Database) {
  const clock = systemClock
  const newId = idGenerator(clock)
  const sealer = createSealer(new Uint8Array(32).fill(1))
  const world: World = { db, clock, newId, sealer, events: createEventLog({ db, clock, newId }) }
  const { key } = await createWorkspace(world, { slug: 'default', name: 'Chaos', key: KEY })
  const tokens = browserTokens(world, new Uint8Array(32).fill(2))
  return { world, viewer: await authenticate({ world, tokens, logger: createLogger('silent') }, key) }
}

/**
 * Kills workers until all is over: as often as is wanted in short order, then at times that let their seats be taken over.
 * Drawn from the seed, as far as time lets it.
 */
async function ordeal(
  workers: Workers,
  { seed, kills, timeoutMs }: RunOptions,
  isDone: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (let n = 0; performance.now() < deadline; n++) {
    const draw = (what: string) => chance(seed, 'kill', n, what)
    const isEnough = workers.kills >= kills
    await workers.someReady()
    const until = performance.now() + within(isEnough ? CALM_LIFE : WILD_LIFE, draw('life'))
    while (performance.now() < until) {
      if (isEnough && (await isDone())) return
      await sleep(100)
    }
    workers.check()
    const index = Math.floor(draw('which') * WORKERS)
    await workers.crash(index)
    if (draw('both') < BOTH) await workers.crash((index + 1) % WORKERS)
  }
}

async function isOver(db: Database): Promise<boolean> {
  const [row] = await db.query<{ over: boolean }>(
    sql`SELECT NOT EXISTS (SELECT FROM campaign WHERE state <> 'completed')
           AND NOT EXISTS (SELECT FROM receiver WHERE state <> 'settled')
           AND NOT EXISTS (SELECT FROM call WHERE settled_at IS NULL) AS over`,
  )
  return row!.over
}

/** pino's levels: 50 is an error. What is no JSON was said by Node itself. */
function isFailure(line: string): boolean {
  return !line.startsWith('{') || (JSON.parse(line) as { level: number }).level >= 50
}

async function factsOf(
  { db, events }: World,
  workspaceId: string,
  carrier: TestCarrier,
  made: readonly MadeCampaign[],
  faults: Facts['faults'],
): Promise<Facts> {
  const rows = await db.query<{ id: string; state: string } & Record<string, unknown>>(
    sql`SELECT c.state, s.* FROM campaign c JOIN campaign_stats s ON s.id = c.id`,
  )
  const campaigns: Facts['campaigns'] = []
  for (const { id, name, acceptsWanted, maxAttempts, opensAt, closesAt } of made) {
    const { state, ...kept } = rows.find((row) => row.id === id)!
    const stats = Object.fromEntries(Object.entries(kept).map(([counter, value]) => [counter, Number(value)]))
    const recounted = await recount({ db }, id)
    campaigns.push({ ...{ id, name, acceptsWanted, maxAttempts, opensAt, closesAt }, state, stats, recounted })
  }
  return {
    ledger: {
      calls: await carrier.calls(),
      entries: await carrier.entries(),
      live: ((await (await fetch(`${carrier.url}/calls`)).json()) as unknown[]).length,
    },
    ...{ faults, campaigns, redialAfterMs: REDIAL_AFTER_MS },
    receivers: await db.query<ReceiverFacts>(
      sql`SELECT r.id, r.campaign_id AS "campaignId", k.phone, r.state, r.outcome, r.attempts
          FROM receiver r JOIN contact k ON k.id = r.contact_id`,
    ),
    calls: (
      await db.query<Omit<CallFacts, 'createdAt' | 'dialedAt' | 'settledAt'> & Record<string, Date | null>>(
        sql`SELECT id, campaign_id AS "campaignId", receiver_id AS "receiverId", attempt, phone, state, cause, reply,
                   settled_as AS "settledAs", created_at AS "createdAt", dialed_at AS "dialedAt",
                   settled_at AS "settledAt"
            FROM call`,
      )
    ).map((row) => ({
      ...(row as unknown as CallFacts),
      createdAt: (row.createdAt as Date).getTime(),
      dialedAt: (row.dialedAt as Date | null)?.getTime() ?? null,
      settledAt: (row.settledAt as Date | null)?.getTime() ?? null,
    })),
    events: await db.query<EventFacts>(
      sql`SELECT position, type, payload FROM event WHERE workspace_id = ${workspaceId}::uuid ORDER BY position`,
    ),
    eventHead: (await events.head(workspaceId)).position,
  }
}
