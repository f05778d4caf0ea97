import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { milliseconds } from '../kit/figures.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { createDatabase } from '../kit/postgres.ts'
import { freePort, MAIN, serverEnv } from '../kit/processes.ts'
import { interleave, ratios } from '../kit/statistics.ts'

const FLOOR = new URL('./floor.ts', import.meta.url).pathname
const ASK_EVERY_MS = 10
const PATIENCE_MS = 60_000

/** From the start of the process until it is ready, with a database that exists. */
export async function startUp({ quick, postgres }: Setting): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-bench-'))
  const database = postgres ? await createDatabase() : undefined
  try {
    const embedded = { DATA_DIR: join(folder, 'embedded') }
    const server = { DATA_DIR: join(folder, 'server'), DATABASE_URL: database?.url ?? '' }
    const contenders: Record<string, () => Promise<number>> = {
      embedded: () => untilReady(embedded),
      embeddedFloor: () => floor({ DATA_FOLDER: join(embedded.DATA_DIR, 'postgres') }),
    }
    const first = { embedded: await untilReady(embedded), server: 0 }
    if (database) {
      first.server = await untilReady(server)
      contenders.server = () => untilReady(server)
      contenders.serverFloor = () => floor({ DATABASE_URL: database.url })
    }
    const results = await interleave(quick ? 3 : 9, contenders)
    const compare = (what: string, ours: string, theirs: string): Comparison => ({
      what,
      ratio: ratios(results[theirs]!, results[ours]!),
      ours: milliseconds(results[ours]!),
      theirs: milliseconds(results[theirs]!),
    })
    return {
      title: 'Start',
      text: [
        `From the start of the process (\`node src/main.ts\`, no build, no compile cache of ours) until \`/health/ready\` says yes, asked every ${ASK_EVERY_MS} ms, on a database that an earlier start made and that was closed in good order. The floor is a Node process that opens the same database and has the answer to \`SELECT 1\`. The ratio is the floor's time to ours.`,
      ],
      comparisons: [
        compare('embedded database, second start', 'embedded', 'embeddedFloor'),
        ...(database ? [compare('PostgreSQL, second start', 'server', 'serverFloor')] : []),
      ],
      figures: [
        ['embedded database, very first start, which creates it (once)', milliseconds([first.embedded])],
        ...(database
          ? [['PostgreSQL, first start on an empty database (once)', milliseconds([first.server])] as [string, string]]
          : []),
      ],
    }
  } finally {
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function untilReady(env: Record<string, string>): Promise<number> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, [MAIN], {
    env: { ...serverEnv(env), PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  while (!(await isReady(port))) {
    if (child.exitCode !== null || performance.now() - started > PATIENCE_MS)
      throw new Error('the server did not start')
    await sleep(ASK_EVERY_MS)
  }
  const ms = performance.now() - started
  child.kill('SIGTERM')
  await exited
  return ms
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path: '/health/ready', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}

async function floor(env: Record<string, string>): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [FLOOR], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(child.stdout!, 'data')
  const ms = performance.now() - started
  await exited
  return ms
}
