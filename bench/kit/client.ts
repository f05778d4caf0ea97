import { fork } from 'node:child_process'
import { endWithUs } from './processes.ts'
import { caller } from './rpc.ts'

/** Starts a client process from a file of the kit. */
export function startClient(name: 'http-load' | 'socket-load') {
  const child = fork(new URL(`./${name}.ts`, import.meta.url).pathname, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  endWithUs(child)
  return { call: caller(child), stop: () => void child.kill() }
}
