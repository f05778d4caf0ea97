import { fork } from 'node:child_process'
import { caller } from './rpc.ts'

/** Starts a client process from a file of the kit. */
export function startClient(name: 'http-load' | 'socket-load') {
  const child = fork(new URL(`./${name}.ts`, import.meta.url).pathname, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  return { call: caller(child), stop: () => void child.kill() }
}
