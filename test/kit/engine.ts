import { sql } from '../../src/db/sql.ts'
import { type CallDeps, createSwitchboard, LEASE_MS, type Switchboard } from '../../src/domains/calls/index.ts'
import { CALL_KINDS, type CampaignDeps, NO_LIMITS, NO_PRICES } from '../../src/domains/campaigns/index.ts'
import { takeLegacyIds } from '../../src/domains/legacy-id.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { type FakeTelephony, fakeTelephony, type Population, population } from '../../src/providers/telephony/index.ts'
import type { TestWorld } from './world.ts'

export interface TestEngine {
  deps: CallDeps
  fake: FakeTelephony
  board: Switchboard
  /** Runs the engine and the network until nothing is due any more, or until the instant. */
  run(until?: Date): Promise<void>
}

const STALL_MS = 1_000

/** Everybody answers and presses 1. */
export const FRIENDLY = population({
  ...{ seed: 'friendly', unknownNumbers: 0, busy: 0, ringsOut: 0, declines: 0, unreachable: 0, fault: 0 },
  ...{ hangsUp: 0, drops: 0, keys: { '1': 1 } },
})

/** An engine on a test's world, with the fake of the telephony port on the same clock. */
export async function testEngine(
  test: TestWorld,
  options: {
    people?: Population
    lines?: number
    faults?: Parameters<typeof fakeTelephony>[0]['faults']
    changes?: Partial<CampaignDeps>
  } = {},
): Promise<TestEngine> {
  const { world, clock, db } = test
  const { people = FRIENDLY, lines = 100, faults, changes } = options
  const fake = fakeTelephony({ clock, people, lines, ...(faults ? { faults } : {}) })
  const deps: CallDeps = {
    world,
    voiceFiles: { queue: unused(), speech: { voices: () => [] } as never },
    prices: NO_PRICES,
    policy: NO_LIMITS,
    redialAfterSeconds: 900,
    ringTimeoutMs: 45_000,
    rehearse: async (numbers) => fake.rehearsal!(numbers),
    onDue() {},
    ...changes,
    telephony: fake,
    logger: createLogger('silent'),
    voiceFileMedia: (_workspaceId, voiceFileId, durationMs) => ({
      ...{ kind: 'url', url: `http://media.test/${voiceFileId}` },
      ...(durationMs === undefined ? {} : { durationMs }),
    }),
  }
  const board = createSwitchboard(deps)

  let keptAt = Number.NEGATIVE_INFINITY

  /** Does all that is due by the clock as it stands. Returns what is due next in the database. */
  async function work(): Promise<Date | undefined> {
    const now = clock.now().getTime()
    if (now - keptAt > LEASE_MS / 4) {
      await board.keepSeats()
      keptAt = now
    }
    for (;;) {
      await board.settled()
      await fake.settle()
      await board.settled()
      const { dial, follow } = await nextDue()
      const isDue = (date: Date | null) => date !== null && date <= clock.now()
      let did = 0
      if (isDue(follow)) did += await board.follow()
      if (isDue(dial)) did += await board.dial()
      if (did > 0) continue
      const dates = [dial, follow].filter((date) => date !== null)
      return dates.length === 0 ? undefined : new Date(Math.min(...dates.map((date) => date.getTime())))
    }
  }

  async function nextDue(): Promise<{ dial: Date | null; follow: Date | null }> {
    const [row] = await db.query<{ dial: Date | null; follow: Date | null }>(
      sql`SELECT (SELECT min(due_at) FROM campaign
                  WHERE deleted_at IS NULL AND kind = ANY(${[...CALL_KINDS]}::campaign_kind[])) AS dial,
                 (SELECT min(due_at) FROM call WHERE settled_at IS NULL) AS follow`,
    )
    return row!
  }

  return {
    deps,
    fake,
    board,
    async run(until) {
      for (;;) {
        const due = await work()
        const instants = [due, fake.nextDue()].filter((date) => date !== undefined).map((date) => date.getTime())
        const next = Math.min(...instants)
        if (instants.length === 0 || (until && next > until.getTime())) break
        // To the very instant of what is next, and there the engine reacts before anything else happens. What is due and
        // was not done waits for something else, such as the lease of a process that is gone.
        const ms = next - clock.now().getTime()
        await fake.advance(ms > 0 ? ms : STALL_MS)
      }
      if (until && until > clock.now()) await fake.advance(until.getTime() - clock.now().getTime())
      await work()
    },
  }
}

/** For what a test never comes to. */
function unused(): never {
  return {
    send() {
      throw new Error('nothing is sent to the queue in this test')
    },
  } as never
}

/** A voice file that is ready, without the audio. */
export async function readyVoiceFile(test: TestWorld, seconds = 3, workspaceId = test.workspaceId): Promise<string> {
  const id = test.world.newId()
  const legacyId = await test.db.transaction((tx) => takeLegacyIds(tx, workspaceId, 'voiceFile'))
  await test.db.query(
    sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, status, duration_seconds, media_type, sha256, size,
                                mp3_size, wav_size, created_at, updated_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${legacyId}::int,
                'a voice file', 'upload', 'ready', ${seconds}::float8, 'audio/mpeg', 'aa', 1, 1, 1,
                ${test.clock.now()}::timestamptz, ${test.clock.now()}::timestamptz)`,
  )
  return id
}
