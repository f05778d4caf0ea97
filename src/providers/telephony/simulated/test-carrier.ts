import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CarrierOptions } from './carrier-server.ts'
import type { LedgerCall, LedgerEntry } from './ledger.ts'
import type { Population } from './population.ts'

type Options = Partial<Omit<CarrierOptions, 'people'>> & { people?: Partial<Population> }

export interface TestProcess {
  process: ChildProcess
  /** What it says, line by line. */
  next(): Promise<string>
  /** Ends it by a signal and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** Runs one of our files as a process of its own. */
export function runProcess(file: string, args: readonly string[]): TestProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines: string[] = []
  let rest = ''
  let wake = () => {}
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop()!
    lines.push(...parts)
    wake()
  })
  return {
    process: child,
    async next() {
      while (lines.length === 0) {
        const news = new Promise<void>((resolve) => {
          wake = resolve
        })
        const ended = await Promise.race([news.then(() => false), exited.then(() => true)])
        if (ended && lines.length === 0) throw new Error(`${file} has ended`)
      }
      return lines.shift()!
    },
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      await exited
    },
  }
}

export interface TestCarrier {
  url: string
  folder: string
  calls(): Promise<LedgerCall[]>
  entries(): Promise<LedgerEntry[]>
  /** Kills it and starts it again on the same ledger and port. */
  crash(whileDown?: () => Promise<void> | void): Promise<void>
  close(): Promise<void>
}

/** A carrier in a process of its own, with a ledger in a new folder. */
export async function testCarrier(options: Options = {}): Promise<TestCarrier> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-carrier-'))
  const start = async (port: number) => {
    const all = { ledger: join(folder, 'ledger.jsonl'), lines: 10, speed: 20, ...options, port }
    const running = runProcess('carrier-main.ts', [JSON.stringify(all)])
    return { running, url: (JSON.parse(await running.next()) as { url: string }).url }
  }
  let { running, url } = await start(0)
  const get = async <Value>(path: string) => (await (await fetch(url + path)).json()) as Value
  return {
    url,
    folder,
    calls: () => get('/ledger'),
    entries: () => get('/ledger/entries'),
    async crash(whileDown) {
      await running.kill()
      await whileDown?.()
      ;({ running, url } = await start(Number(new URL(url).port)))
    },
    async close() {
      await running.kill('SIGTERM')
      await rm(folder, { recursive: true })
    },
  }
}
