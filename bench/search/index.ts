import type { Database } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { sql } from '../../src/db/sql.ts'
import { createWorkspace, SCOPES, type Viewer } from '../../src/domains/auth/index.ts'
import { createLink } from '../../src/domains/links/index.ts'
import { exportResponses, linkSummaries, searchAnswers } from '../../src/domains/reporting/index.ts'
import type { World } from '../../src/domains/world.ts'
import { createEventLog } from '../../src/events/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createSealer } from '../../src/platform/sealed.ts'
import { count, milliseconds } from '../kit/figures.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { createDatabase } from '../kit/postgres.ts'
import { interleave, ratios } from '../kit/statistics.ts'
import { fill } from './fill.ts'

const PAGE = { limit: 21, after: null, before: null, backward: false }

/** What is looked for, and the pattern that finds as much of it as a pattern can. */
const SEARCHES: [what: string, query: string, patterns: string[]][] = [
  ['a rare word', 'w19999', ['w19999']],
  ['a rare word beside a common one', 'w1999 delivery', ['w1999', 'deliver']],
  ['a common word', 'delivery', ['deliver']],
  ['a phrase', '"friendly staff"', ['friendly staff']],
]

/** Searching, summing up and exporting what people said. */
export async function search({ quick }: Setting): Promise<Section> {
  const answers = quick ? 10_000 : 100_000
  const database = await createDatabase()
  const db = await openPostgres({ url: database.url, logger: createLogger('silent') })
  try {
    await migrate(db)
    const { world, viewer, linkId } = await linkWithAnswers(db, answers)
    const rounds = quick ? 3 : 9
    const comparisons: Comparison[] = []
    for (const [what, query, patterns] of SEARCHES) {
      const ours = () => timed(() => searchAnswers(world, viewer, { query }, PAGE))
      const theirs = () => timed(() => byPattern(db, viewer.workspaceId, patterns))
      const measured = await interleave(rounds + 1, { ours, theirs })
      const [mine, other] = [measured.ours!.slice(1), measured.theirs!.slice(1)]
      comparisons.push({
        ...{ what: `the best 20 answers with ${what}, against ILIKE`, ratio: ratios(other, mine) },
        ...{ ours: milliseconds(mine), theirs: milliseconds(other) },
      })
    }
    const summing = await interleave(quick ? 2 : 5, {
      summary: () => timed(() => linkSummaries(world, viewer, [linkId], { granularity: 'day' })),
    })
    const written = await exported(world, viewer, linkId)
    return {
      title: 'Searching and exporting answers',
      text: [
        `${count(answers)} answers of 30 words each, in one process with its connections to PostgreSQL, without HTTP. Ours ranks all that has the words, up to 10,000, by stems in two languages, and marks where they are. ILIKE finds the newest 20 with the letters, unranked, by reading the texts.`,
      ],
      comparisons,
      figures: [
        [`the summary of a link with ${count(answers)} responses, by day`, milliseconds(summing.summary!)],
        ['exporting it: responses per second, read and gathered', `${count(written.perSecond)}/s`],
        ['and the most that memory grew by meanwhile', `${(written.grown / 1_048_576).toFixed(0)} MiB`],
      ],
    }
  } finally {
    await db.close()
    await database.drop()
  }
}

async function linkWithAnswers(
  db: Database,
  answers: number,
): Promise<{ world: World; viewer: Viewer; linkId: string }> {
  const newId = idGenerator(systemClock)
  const events = createEventLog({ db, clock: systemClock, newId })
  const world: World = { db, clock: systemClock, newId, events, sealer: createSealer(new Uint8Array(32)) }
  const { workspaceId } = await createWorkspace(world, { slug: 'bench', name: 'Bench' })
  const viewer: Viewer = {
    ...{ workspaceId, workspaceSlug: 'bench', apiKeyId: newId(), credential: 'apiKey' },
    ...{ scopes: new Set(SCOPES), expiresAt: null },
  }
  const { id } = await createLink(world, viewer, {
    name: 'Visit',
    questions: [
      { prompt: 'Say', fieldKey: 'say', type: 'text' },
      { prompt: 'Recommend?', fieldKey: 'nps', type: 'rating', configuration: { scale_type: 'nps' } },
    ],
  })
  await fill(world, workspaceId, id, answers)
  await db.script('ANALYZE')
  return { world, viewer, linkId: id }
}

/** Milliseconds. */
async function timed(run: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await run()
  return performance.now() - before
}

function byPattern(db: Database, workspaceId: string, patterns: readonly string[]) {
  return db.query(
    sql`SELECT a.id, a.text FROM answer a
        WHERE a.workspace_id = ${workspaceId}::uuid AND a.question_type IN ('voice', 'voice_text_fallback', 'text')
          AND a.text ILIKE ALL(${patterns.map((each) => `%${each}%`)}::text[])
        ORDER BY a.id DESC LIMIT 21`,
  )
}

async function exported(world: World, viewer: Viewer, linkId: string): Promise<{ perSecond: number; grown: number }> {
  const { responses } = await exportResponses(world, viewer, linkId, {})
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let [number, most] = [0, before]
  const started = performance.now()
  for await (const _ of responses()) if (++number % 1_000 === 0) most = Math.max(most, process.memoryUsage().rss)
  return { perSecond: (number / (performance.now() - started)) * 1_000, grown: most - before }
}
