import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { patientConnector } from './connector.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

test('many requests at once are connected in small groups, and all are answered', async () => {
  const connected: number[] = []
  const server = createServer((_, response) => setTimeout(() => response.end('x'), 30))
  server.on('connection', () => connected.push(performance.now()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const agent = new Agent({ connections: 20, connect: patientConnector(1_000) })
  closers.push(() => agent.destroy())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { statusCode, body } = await agent.request({ origin, path: '/', method: 'GET' })
      await body.dump()
      return statusCode
    }),
  )
  expect(new Set(answers)).toEqual(new Set([200]))
  // Twenty connections take five groups.
  expect(connected.at(-1)! - connected[0]!).toBeGreaterThanOrEqual(10)
})

test('a connection that fails makes room for the next', async () => {
  const agent = new Agent({ connections: 20, connect: patientConnector(1_000) })
  closers.push(() => agent.destroy())
  const failures = await Promise.all(
    Array.from({ length: 12 }, () =>
      agent.request({ origin: 'http://127.0.0.1:1', path: '/', method: 'GET' }).catch((error) => error.code),
    ),
  )
  expect(new Set(failures)).toEqual(new Set(['ECONNREFUSED']))
})
