import type { ChildProcess } from 'node:child_process'

type Method = (argument: any) => unknown

const methods = new Map<string, Method>()

/** Offers functions to the parent process. */
export function serve(named: Record<string, Method>): void {
  if (methods.size === 0 && process.send) {
    process.on('message', async ({ id, name, argument }: { id: number; name: string; argument: unknown }) => {
      try {
        process.send!({ id, result: await methods.get(name)!(argument) })
      } catch (error) {
        process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
    })
  }
  for (const [name, method] of Object.entries(named)) methods.set(name, method)
}

/** Calls a function that a child process serves. Rejects when it throws there, or when the process ends. */
export function caller(child: ChildProcess) {
  const waiting = new Map<number, { resolve(value: any): void; reject(error: Error): void }>()
  let last = 0
  child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    const { resolve, reject } = waiting.get(id) ?? {}
    waiting.delete(id)
    if (error !== undefined) reject?.(new Error(error))
    else resolve?.(result)
  })
  let ended: Error | undefined
  child.on('exit', (code, signal) => {
    ended = new Error(`the process ended with ${code ?? signal}`)
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  })
  return <Result>(name: string, argument: unknown = null): Promise<Result> =>
    new Promise<Result>((resolve, reject) => {
      if (ended) return reject(ended)
      waiting.set(++last, { resolve, reject })
      child.send({ id: last, name, argument })
    })
}
