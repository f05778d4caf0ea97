import pg from 'pg'
import { settleMetrics } from '../../src/domains/messaging/index.ts'
import { METRICS, type MetricName, readMetric } from '../../src/domains/metrics/index.ts'
import { count } from '../kit/figures.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { createDatabase, withClient } from '../kit/postgres.ts'
import { now } from '../kit/processes.ts'
import { type Spread, spread } from '../kit/statistics.ts'
import { BareLoader, createBareTables, indexBareTables } from './bare-tables.ts'
import { formulations } from './baseline.ts'
import { generate } from './generate.ts'
import { importNext, type Ours, openOurs } from './ours.ts'
import {
  ASKED,
  type Asked,
  EARLY_MONTH,
  NARROWINGS,
  type Outcome,
  PERIODS,
  type Question,
  requestOf,
} from './questions.ts'

/** Sums and counts, and what else is told by values of single messages: medians and different ones. */
const SUM_TARGET = 50
const DISTINCT_TARGET = 10
/** A month must not cost more because others were added: at the most by this between the least and the greatest size. */
const FLAT = 0.8
/** Of the whole, when a month near the beginning is looked at. */
const STAGES = [0.1, 0.3, 1]

const SETTLED = 10_000

const KINDS = [
  ['sums and counts', SUM_TARGET],
  ['medians and different ones', DISTINCT_TARGET],
] as const

const ROUNDS = 5
/** Questions that take their time are asked less often. */
const BUDGET_MS = 15_000
/** What is over at once is repeated within a round for so long. */
const LEAST_ROUND_MS = 4
/** Another way to ask is given up when it takes so many times longer than the best one yet. */
const PATIENCE = 1.5
const LEAST_PATIENCE_MS = 500

/** What an engineer would set for such questions. */
const THEIR_SETTINGS = "SET work_mem = '256MB'; SET jit = off"

interface Answered {
  question: Question
  /** Milliseconds, round by round. */
  ours: number[]
  series: number[]
  theirs: number[]
}

/** Every metric over short and long periods, against plain SQL over the same messages. */
export async function reading({ messages, quick }: Setting & { messages: number }): Promise<Section> {
  const [our, their] = [await createDatabase(), await createDatabase()]
  const ours = await openOurs(our.url)
  const bare = new pg.Client({ connectionString: their.url })
  await bare.connect()
  try {
    const { rate: ourRate, flat } = await loadOurs(ours, messages, quick)
    const theirRate = await loadTheirs(bare, messages)
    await bare.query(THEIR_SETTINGS)
    const answered: Answered[] = []
    const differences: string[] = []
    for (const period of PERIODS) {
      for (const narrowing of NARROWINGS) {
        process.stderr.write(`  ${period.name}, ${narrowing.name} …\n`)
        for (const asked of ASKED) {
          const question = { asked, period, narrowing }
          const { difference, ...times } = await ask(ours, bare, question, quick)
          answered.push({ question, ...times })
          if (difference) differences.push(difference)
        }
      }
    }
    if (differences.length > 0) {
      throw new Error(`metrics differ from plain SQL over the same messages:\n${differences.join('\n')}`)
    }
    return {
      title: 'Conversation metrics: reading',
      text: [
        `${count(messages)} generated messages of ${count(messages / 10)} conversations over two years, on ${CHANNELS_TOLD}, by 50 agents, with 200 tags (the most frequent agents and tags far more often than the others); some of them late, automatic, with opening hours; 60 % of the conversations resolved. Every metric without a filter, for the busiest agent and tag and for one in the middle, over a calendar month, 30 days that begin at some moment of a day, a year and two years. Ours by \`readMetric\`, as REST and GraphQL call it, after the job \`settle-metrics\`, as ten minutes after the last message.`,
        "Compared with plain SQL over the same messages in one table with small numbers for agents and the like, tags in an array with a GIN index, and indexes on time, agent and time, conversation and time, thread and time; resolutions in a second one. Each question is asked in several ways, and the fastest of them counts (with `jit` off and a `work_mem` of 256 MB; ours with the server's defaults). All answers are compared: they are the same.",
        'Some answers cannot be so many times faster: where plain SQL needs nothing but a short range of one index (the resolved conversations of a month, the messages of one agent), a fiftieth of its time is less than a round trip to the database. The figures below say how many questions reach their target.',
        table(answered),
      ],
      comparisons: [...verdicts(answered), flatness(flat)],
      figures: [
        ['messages loaded per second, ours with everything that is counted', `${count(ourRate)}/s`],
        ['the same, by COPY and then indexing', `${count(theirRate)}/s`],
        ['size of the database, ours', await sizeOf(our.url)],
        ['size of the database, the bare tables', await sizeOf(their.url)],
        ...tallies(answered),
        ['a round trip of a prepared `SELECT 1`, below which nothing can be', await roundTrip(bare)],
        ...flatFigures(flat, messages),
      ],
    }
  } finally {
    await bare.end()
    await ours.close()
    await our.drop()
    await their.drop()
  }
}

const CHANNELS_TOLD = '8 channels with 3 addresses each'

/** Milliseconds of each metric over the same month, round by round, by how many messages there are in all. */
type Flat = Record<Asked, number[][]>

async function loadOurs(ours: Ours, messages: number, quick: boolean): Promise<{ rate: number; flat: Flat }> {
  const flat = Object.fromEntries(ASKED.map((asked) => [asked, []])) as unknown as Flat
  const items = generate(messages)
  let loaded = 0
  let ms = 0
  // Statements are to be planned for tables with rows.
  await importNext(ours, items, SETTLED)
  await ours.world.db.raw('ANALYZE')
  loaded = SETTLED
  for (const share of STAGES) {
    const started = now()
    const wanted = Math.round(share * messages)
    await importNext(ours, items, wanted - loaded)
    // Resolutions come even after the last message.
    if (wanted === messages) await importNext(ours, items)
    loaded = wanted
    ms += now() - started
    // As a job does once nothing was written for some minutes.
    await settleMetrics(ours.world, { quietMs: 0 })
    await ours.world.db.raw('VACUUM ANALYZE')
    process.stderr.write(`  ${count(loaded)} messages …\n`)
    for (const asked of ASKED) {
      const request = requestOf({ asked, period: EARLY_MONTH, narrowing: NARROWINGS[0]! }, false)
      const run = () => readMetric(ours.world, ours.viewer, request)
      await run()
      const times: number[] = []
      for (let round = 0; round < (quick ? ROUNDS : 2 * ROUNDS); round++) times.push((await timed(run)).ms)
      flat[asked].push(times)
    }
  }
  return { rate: (messages - SETTLED) / (ms / 1_000), flat }
}

async function loadTheirs(bare: pg.Client, messages: number): Promise<number> {
  const started = now()
  await createBareTables(bare)
  const loader = new BareLoader(bare)
  for (const item of generate(messages)) await loader.add(item)
  await loader.flush()
  await indexBareTables(bare)
  const rate = messages / ((now() - started) / 1_000)
  await bare.query('VACUUM ANALYZE')
  return rate
}

async function ask(
  ours: Ours,
  bare: pg.Client,
  question: Question,
  quick: boolean,
): Promise<{ ours: number[]; series: number[]; theirs: number[]; difference: string | undefined }> {
  const read = (withSeries: boolean) => () =>
    readMetric(ours.world, ours.viewer, requestOf(question, withSeries)).then(({ value, groups }) =>
      groupOf(question.asked) ? Object.fromEntries(groups.map((group) => [group.key, group.value!])) : value,
    )
  const { statement, outcome: theirs, ms } = await fastest(bare, formulations(question))
  const outcome = await read(false)()
  await read(true)()
  const rounds = Math.max(1, Math.min(quick ? 3 : ROUNDS, Math.floor(BUDGET_MS / ms)))
  const contenders = {
    ours: read(false),
    series: read(true),
    theirs: () => query(bare, statement),
  }
  const times: Record<keyof typeof contenders, number[]> = { ours: [], series: [], theirs: [] }
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(contenders) as (keyof typeof contenders)[]
    if (round % 2 === 1) names.reverse()
    for (const name of names) times[name].push((await timed(contenders[name])).ms)
  }
  const { asked, period, narrowing } = question
  return {
    ...times,
    difference: isSame(outcome, theirs)
      ? undefined
      : `${asked}, ${period.name}, ${narrowing.name}: ${JSON.stringify(outcome)} and ${JSON.stringify(theirs)}`,
  }
}

/** Of several ways to ask the same, the fastest with its time and answer. Throws when two answer differently. */
async function fastest(bare: pg.Client, statements: readonly string[]) {
  let best: { statement: string; outcome: Outcome; ms: number } | undefined
  for (const statement of statements) {
    const patience = best ? Math.max(LEAST_PATIENCE_MS, Math.ceil(PATIENCE * best.ms)) : 0
    await bare.query(`SET statement_timeout = ${patience}`)
    try {
      // Twice, so that none pays for being the first.
      const first = await timed(() => query(bare, statement))
      const { ms, result: outcome } = first.ms > LEAST_PATIENCE_MS ? first : await timed(() => query(bare, statement))
      if (best && !isSame(best.outcome, outcome)) {
        throw new Error(`${best.statement}\nand\n${statement}\ndiffer: ${JSON.stringify([best.outcome, outcome])}`)
      }
      if (!best || ms < best.ms) best = { statement, outcome, ms }
    } catch (error) {
      if ((error as { code?: string }).code !== QUERY_CANCELED) throw error
    }
  }
  await bare.query('SET statement_timeout = 0')
  return best!
}

const QUERY_CANCELED = '57014'

const names = new Map<string, string>()

/** Prepared, as ours are. */
async function query(bare: pg.Client, text: string): Promise<Outcome> {
  const name = names.get(text) ?? `ask${names.size}`
  names.set(text, name)
  const { rows, fields } = await bare.query<{ key: string; value: number | null }>({ name, text })
  if (fields.length === 1) return rows[0]!.value
  return Object.fromEntries(rows.map(({ key, value }) => [key, value!]))
}

/** The mean time of a run that is repeated until there is something to measure, and what the last one returned. */
async function timed<Result>(run: () => Promise<Result>): Promise<{ ms: number; result: Result }> {
  const started = now()
  for (let runs = 1; ; runs++) {
    const result = await run()
    const ms = now() - started
    if (ms >= LEAST_ROUND_MS) return { ms: ms / runs, result }
  }
}

/** Counts are equal; times, in seconds, to the millisecond. */
function isSame(a: Outcome, b: Outcome): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= 0.001 + 1e-9 * Math.abs(a)
  if (a === null || b === null || typeof a === 'number' || typeof b === 'number') return a === b
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

function groupOf(asked: Asked): string | undefined {
  return asked.split(' by ')[1]
}

function targetOf(asked: Asked): number {
  const { aggregate } = METRICS[asked.split(' by ')[0] as MetricName]
  return aggregate === 'count' || aggregate === 'average' ? SUM_TARGET : DISTINCT_TARGET
}

const ratioOf = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spread(theirs.map((ms, round) => ms / ours[round]!))

/** Of each kind of question the one with the least ratio. */
function verdicts(answered: readonly Answered[]): Comparison[] {
  const least = (what: string, some: readonly Answered[], which: 'ours' | 'series', target: number): Comparison => {
    const [worst] = some.toSorted(
      (a, b) => ratioOf(a[which], a.theirs).median - ratioOf(b[which], b.theirs).median,
    ) as [Answered]
    const { asked, period, narrowing } = worst.question
    return {
      what: `${what}, the least of ${some.length}: ${asked}, ${period.name}, ${narrowing.name}`,
      ratio: ratioOf(worst[which], worst.theirs),
      ours: `${ms(worst[which])} ms`,
      theirs: `${ms(worst.theirs)} ms`,
      target,
    }
  }
  return [
    ...KINDS.flatMap(([kind, target]) =>
      NARROWINGS.map((narrowing) =>
        least(
          `${kind}, ${narrowing.name}`,
          answered.filter(({ question }) => question.narrowing === narrowing && targetOf(question.asked) === target),
          'ours',
          target,
        ),
      ),
    ),
    least('with the series of the legacy API, against SQL without it', answered, 'series', 1),
  ]
}

/** How many questions reach what. */
function tallies(answered: readonly Answered[]): [string, string][] {
  return KINDS.flatMap(([kind, target]) =>
    NARROWINGS.map((narrowing): [string, string] => {
      const some = answered.filter(
        ({ question }) => question.narrowing === narrowing && targetOf(question.asked) === target,
      )
      const faster = (least: number) => some.filter(({ ours, theirs }) => ratioOf(ours, theirs).median >= least).length
      return [
        `${kind}, ${narrowing.name}: at least ${target} times faster, faster at all, of`,
        `${faster(target)}, ${faster(1)}, ${some.length}`,
      ]
    }),
  )
}

async function roundTrip(bare: pg.Client): Promise<string> {
  const times: number[] = []
  for (let round = 0; round < 2 * ROUNDS; round++) times.push((await timed(() => query(bare, 'SELECT 1 AS value'))).ms)
  return `${ms(times)} ms`
}

/** Everything that was asked. */
function table(answered: readonly Answered[]): string {
  const cell = ({ ours, series, theirs }: Answered) =>
    `${factor(ratioOf(ours, theirs).median)} (${ms(ours)}, ${ms(series)}; ${ms(theirs)})`
  const rows = NARROWINGS.flatMap((narrowing) =>
    ASKED.map((asked) => {
      const cells = PERIODS.map((period) =>
        cell(
          answered.find(
            ({ question }) =>
              question.asked === asked && question.period === period && question.narrowing === narrowing,
          )!,
        ),
      )
      return `| ${asked}, ${narrowing.name} | ${cells.join(' | ')} |`
    }),
  )
  return [
    'How many times faster (ours, ours with the series of the legacy API; SQL without a series; medians in milliseconds):',
    '',
    `| | ${PERIODS.map(({ name }) => name).join(' | ')} |`,
    `|---|${'---|'.repeat(PERIODS.length)}`,
    ...rows,
  ].join('\n')
}

const factor = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(1))
const ms = (values: readonly number[]) => {
  const { median } = spread(values)
  return median < 10 ? median.toFixed(2) : median < 100 ? median.toFixed(1) : count(median)
}

/** All metrics together, by the median of each, so that what takes half a millisecond does not decide by chance. */
function flatness(flat: Flat): Comparison {
  const [first, last] = [0, STAGES.length - 1].map((stage) =>
    ASKED.reduce((sum, asked) => sum + spread(flat[asked][stage]!).median, 0),
  ) as [number, number]
  return {
    what: `every metric over one early month when everything is loaded, against when ${STAGES[0]! * 100} % are`,
    ratio: spread([first / last]),
    ours: `${ms([last])} ms`,
    theirs: `${ms([first])} ms`,
    target: FLAT,
  }
}

function flatFigures(flat: Flat, messages: number): [string, string][] {
  const sizes = STAGES.map((share) => count(share * messages)).join(', ')
  return ASKED.map((asked) => [
    `${asked} over one early month with ${sizes} messages`,
    `${flat[asked].map((times) => ms(times)).join(', ')} ms`,
  ])
}

function sizeOf(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query('SELECT pg_database_size(current_database())::float8 AS bytes')
    return `${count(rows[0].bytes / 2 ** 20)} MiB`
  })
}
