import { writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { engine } from './engine/index.ts'
import { fanOut } from './fan-out/index.ts'
import { importing } from './import/index.ts'
import { insight } from './insight/index.ts'
import type { Section, Setting } from './kit/measurement.ts'
import { postgresVersion } from './kit/postgres.ts'
import { metricsIngest, metricsRead } from './metrics/index.ts'
import { nestedRead } from './nested-read/index.ts'
import { report } from './report.ts'
import { responses } from './responses/index.ts'
import { search } from './search/index.ts'
import { startUp } from './start-up/index.ts'
import { voice, voiceObstacle } from './voice/index.ts'
import { webhooks } from './webhooks/index.ts'

const REPORT = new URL('./REPORT.md', import.meta.url)

interface Benchmark {
  run(setting: Setting): Promise<Section>
  needsPostgres: boolean
  /** Why it cannot run on this machine; undefined when it can. */
  obstacle?(): Promise<string | undefined>
}

const BENCHMARKS: Record<string, Benchmark> = {
  'nested-read': { run: nestedRead, needsPostgres: true },
  'fan-out': { run: fanOut, needsPostgres: true },
  responses: { run: responses, needsPostgres: false },
  'start-up': { run: startUp, needsPostgres: false },
  webhooks: { run: webhooks, needsPostgres: true },
  import: { run: importing, needsPostgres: true },
  engine: { run: engine, needsPostgres: true },
  'metrics-ingest': { run: metricsIngest, needsPostgres: true },
  search: { run: search, needsPostgres: true },
  'metrics-read': { run: metricsRead, needsPostgres: true },
  insight: { run: insight, needsPostgres: false },
  voice: { run: voice, needsPostgres: true, obstacle: voiceObstacle },
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    held: { type: 'boolean' },
    write: { type: 'boolean' },
  },
})
const names = values.only?.split(',') ?? Object.keys(BENCHMARKS)
const unknown = names.filter((name) => !(name in BENCHMARKS))
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}.\n`,
  )
  process.exit(2)
}

// So that the servers end as well.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

// The committed report is that of a whole run.
const write = values.write ?? (!values.quick && !values.only)
const held = values.held ?? write
const started = performance.now()
const before = loadavg()[0]!
const version = await postgresVersion()
const sections: Section[] = []
const skipped: string[] = []
for (const name of names) {
  const { run, needsPostgres, obstacle } = BENCHMARKS[name]!
  if (version === undefined) {
    const what = needsPostgres ? name : `the PostgreSQL part of ${name}`
    skipped.push(`${what}, since no PostgreSQL server was reached (BENCH_DATABASE_URL)`)
    process.stderr.write(`${skipped.at(-1)}\n`)
  }
  if (needsPostgres && version === undefined) continue
  const why = await obstacle?.()
  if (why !== undefined) {
    skipped.push(`${name}: ${why}`)
    process.stderr.write(`${skipped.at(-1)}\n`)
    continue
  }
  process.stderr.write(`${name} …\n`)
  sections.push(await run({ quick: values.quick, held, postgres: version !== undefined }))
}
const text = report(sections, {
  postgresVersion: version,
  quick: values.quick,
  skipped,
  minutes: (performance.now() - started) / 60_000,
  load: [before, loadavg()[0]!],
})
process.stdout.write(text)
if (write) await writeFile(REPORT, text)
process.exit()
