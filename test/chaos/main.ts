import { parseArgs } from 'node:util'
import { run } from './run.ts'

/**
 * `npm run chaos -- --runs 3 --seed 1 --receivers 2000 --kills 20`: run after run with seeds counted up from the first.
 * Says one line for each, and fails when a promise was not kept in any.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    receivers: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '5' },
  },
})
const numbers = Object.entries(values).map(([name, text]) => [name, Number(text)] as const)
const wrong = numbers.filter(([, value]) => !Number.isInteger(value) || value < 1).map(([name]) => `--${name}`)
if (wrong.length > 0) {
  process.stderr.write(`${wrong.join(', ')}: must be a whole number from 1\n`)
  process.exit(2)
}
const { runs, seed, receivers, kills, minutes } = Object.fromEntries(numbers) as Record<keyof typeof values, number>
const server = process.env.TEST_DATABASE_URL
if (!server) {
  process.stderr.write('TEST_DATABASE_URL must name a PostgreSQL server: processes that are killed need one.\n')
  process.exit(2)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

let failed = 0
for (let n = 0; n < runs; n++) {
  const { complaints, figures, kept } = await run({
    ...{ seed: String(seed + n), receivers, kills, server, timeoutMs: minutes * 60_000 },
  })
  const line = Object.entries(figures).map(([name, value]) => `${name} ${value}`)
  process.stdout.write(`${complaints.length === 0 ? 'ok' : 'FAILED'} seed ${seed + n}: ${line.join(', ')}\n`)
  for (const complaint of complaints.slice(0, 20)) process.stdout.write(`  ${complaint}\n`)
  if (complaints.length > 20) process.stdout.write(`  and ${complaints.length - 20} more\n`)
  if (kept) process.stdout.write(`  all of it: ${kept}\n`)
  if (complaints.length > 0) failed++
}
process.exit(failed === 0 ? 0 : 1)
