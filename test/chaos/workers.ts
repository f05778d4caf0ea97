import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../kit/server.ts'

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

interface Worker {
  process: ChildProcess
  isReady: boolean
}

/** Server processes that are killed and started again, as often as one likes. */
export class Workers {
  readonly #env: Record<string, string>
  readonly #running: Worker[] = []
  #log = ''
  kills = 0

  constructor(env: Record<string, string>) {
    this.#env = env
  }

  /** What all of them have logged, line by line. */
  log(): string[] {
    return this.#log.split('\n').filter((line) => line !== '')
  }

  async start(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await this.#start(n)
  }

  async #start(index: number): Promise<void> {
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, ...this.#env, PORT: String(await freePort()) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const worker: Worker = { process: child, isReady: false }
    // It says welcome when it is there.
    child.stdout!.once('data', () => {
      worker.isReady = true
    })
    child.stdout!.resume()
    child.stderr!.on('data', (data) => {
      this.#log += data
    })
    this.#running[index] = worker
  }

  /** Waits until one of them is there. Throws when one has ended by itself. */
  async someReady(): Promise<void> {
    while (!this.#running.some(({ isReady }) => isReady)) {
      this.check()
      await sleep(20)
    }
  }

  /** Throws when one has ended by itself. */
  check(): void {
    const ended = this.#running.find(
      ({ process: { exitCode, signalCode } }) => exitCode !== null || signalCode !== null,
    )
    if (ended) throw new Error(`a worker has ended by itself:\n${this.#log.slice(-4_000)}`)
  }

  /** Kills one as a crash would, whether it is ready or still starting, and starts it again at once. */
  async crash(index: number): Promise<void> {
    await this.#kill(this.#running[index]!)
    this.kills++
    await this.#start(index)
  }

  /** Tells all to stop in good order; those that do not are killed. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#running.splice(0).map(async (worker) => {
        const { process: child } = worker
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGTERM')
        await Promise.race([once(child, 'exit'), sleep(15_000)])
        if (child.exitCode === null && child.signalCode === null) await this.#kill(worker)
      }),
    )
  }

  /** At once, for when we are told to end ourselves. */
  abandon(): void {
    for (const { process: child } of this.#running) child.kill('SIGKILL')
  }

  async #kill({ process: child }: Worker): Promise<void> {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}
