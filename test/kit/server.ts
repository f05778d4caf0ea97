import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

export interface ServerProcess {
  url: string
  process: ChildProcess
  /** What it has written to standard output and standard error so far. */
  output(): string
  /** The part of it that is the log. */
  log(): string
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Tells it to stop; resolves with its exit code, when all that it wrote was read. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Below what the system gives to connections and to whoever does not mind, so that it is still free when it is used. */
const PORTS = { from: 20_000, count: 12_000 }
const given = new Set<number>()

/** A port that is free, also a while later and while a server that has it is started again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + randomInt(PORTS.count)
    if (given.has(port)) continue
    given.add(port)
    const probe = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => probe.close(resolve))
    return port
  }
}

/** Starts `src/main.ts` as its users do and waits until it is ready. Rejects with its output when it ends before. */
export async function startServer(env: Record<string, string>, timeoutMs = 120_000): Promise<ServerProcess> {
  const port = Number(env.PORT ?? (await freePort()))
  // Tests ask again and again how far something has come: the faster the machine, the sooner a limit would end that.
  const defaults = { LOG_LEVEL: 'warn', INSIGHT: 'none', RATE_LIMIT: '1000000' }
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...defaults, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let log = ''
  child.stdout!.on('data', (data) => {
    output += data
  })
  child.stderr!.on('data', (data) => {
    output += data
    log += data
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + timeoutMs
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the server ended with ${child.exitCode}:\n${output}`)
    const ready = await fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    )
    if (ready) break
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`the server was not ready in time:\n${output}`)
    }
    await sleep(25)
  }
  return {
    url,
    process: child,
    output: () => output,
    log: () => log,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return closed
    },
  }
}
