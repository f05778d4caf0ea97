import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** A program that the rig started, and that does not outlive the process of the test, however that ends. */
export interface Child {
  readonly pid: number
  readonly running: boolean
  /** What it has written. */
  output(): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Runs a program with nothing of our environment but the path; what it says goes to a file. */
export async function startChild(command: readonly string[], options: { cwd: string; log: string }): Promise<Child> {
  const output = openSync(options.log, 'a')
  // A program that is killed cannot end its children; the kernel does that for setpriv, which becomes the program.
  const child: ChildProcess = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    cwd: options.cwd,
    stdio: ['ignore', output, output],
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: options.cwd, LANG: 'C', TZ: 'UTC' },
  })
  const exited = once(child, 'exit')
  exited.catch(() => {})
  await once(child, 'spawn')
  return {
    pid: child.pid!,
    get running() {
      return child.exitCode === null && child.signalCode === null
    },
    async output() {
      const file = await open(options.log)
      try {
        return await file.readFile('utf8')
      } finally {
        await file.close()
      }
    },
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await exited
    },
  }
}

/** Waits until `holds`; fails with the end of what the program said when it has ended, or when it takes too long. */
export async function untilReady(child: Child, what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 45_000
  while (!(await holds())) {
    const late = performance.now() > deadline
    if (late || !child.running) {
      const said = (await child.output()).trim().split('\n').slice(-15).join('\n')
      throw new Error(`${what} ${late ? 'is not ready' : 'has ended'}: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
