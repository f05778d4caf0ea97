import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { caller } from './rpc.ts'

const PROBE = new URL('./probe.ts', import.meta.url).href
export const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
const READY_WITHIN_MS = 60_000

/** The first key of a measured server. */
export const KEY = 'sk_live_benchmarkonlybenchmarkonly01'

export interface Started {
  port: number
  child: ChildProcess
  call: ReturnType<typeof caller>
  /** Milliseconds of processor time that the process has used. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A child must not outlive this process. */
export function endWithUs(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** The environment of a measured Saygraph: nothing of the caller's, quiet, and without a limit that would be measured. */
export function serverEnv(env: Record<string, string>): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    LOG_LEVEL: 'warn',
    RATE_LIMIT: '10000000',
    BOOTSTRAP_API_KEY: KEY,
    SAMPLE_LINK: 'off',
    // The load comes from one machine; each session says another address, since the public API limits by address.
    TRUST_PROXY: 'on',
    NODE_ENV: 'production',
    ...env,
  }
}

/** Starts a file in a process of its own, which listens on `PORT`; resolves once it accepts connections there. */
export async function startProcess(file: string, env: Record<string, string>): Promise<Started> {
  const port = await freePort()
  const profile = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : []
  const child = spawn(process.execPath, ['--expose-gc', ...profile, '--import', PROBE, file], {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  endWithUs(child)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const call = caller(child)
  const deadline = Date.now() + READY_WITHIN_MS
  while (!(await isReady(port))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${file} did not become ready`)
    }
    await sleep(20)
  }
  return {
    port,
    child,
    call,
    cpu: () => call<number>('cpu'),
    async stop() {
      child.kill('SIGTERM')
      const grace = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(grace)
    },
  }
}

export function startSaygraph(env: Record<string, string>): Promise<Started> {
  return startProcess(MAIN, serverEnv(env))
}

/** Every measured server answers here. */
export async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}

/** Milliseconds on the clock that all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
