import { fork } from 'node:child_process'
import { endWithUs } from './processes.ts'
import { caller } from './rpc.ts'

/** Starts a client process from a file of the kit, or another one. */
export function startClient(file: 'http-load' | 'socket-load' | URL) {
  const url = typeof file === 'string' ? new URL(`./${file}.ts`, import.meta.url) : file
  const child = fork(url.pathname, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  endWithUs(child)
  return { call: caller(child), stop: () => void child.kill() }
}
