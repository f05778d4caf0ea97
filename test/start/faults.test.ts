import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { startServer } from '../kit/server.ts'
import { attempt, freshFolder } from './attempt.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

test('every fault of the configuration is told at once, with 2 and nothing else', async () => {
  const started = await attempt({
    PORT: 'http',
    ROLE: 'worker',
    LOG_LEVEL: 'loud',
    APP_SECRET: 'short',
    GRAPHIQL: 'yes',
  })
  expect(started).toEqual({
    code: 2,
    out: '',
    err: [
      'The configuration has 7 faults:',
      '  - PORT must be a whole number from 0 to 65535',
      '  - GRAPHIQL must be on or off',
      '  - APP_SECRET must have at least 32 characters',
      '  - LOG_LEVEL must be trace, debug, info, warn, error, fatal or silent',
      '  - DATABASE_URL is needed with ROLE=worker: the embedded database belongs to one process',
      '  - STORAGE_DIR is needed with ROLE=worker: all processes must see the same files, so name the shared folder',
      '  - REDIS_URL is needed with ROLE=worker: rate limits must be counted together',
      '',
    ].join('\n'),
  })
})

test('a place to listen that is taken or not its own is told in a line, and the data folder is free again', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const env = { DATA_DIR: await freshFolder(), ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}) }
  expect(await attempt({ ...env, PORT: String(port), LOG_LEVEL: 'silent' })).toEqual({
    code: 1,
    out: '',
    err: `Cannot listen on 127.0.0.1:${port}: another process listens there. Stop it, or give this one another PORT.\n`,
  })
  const elsewhere = await attempt({ ...env, HOST: '192.0.2.1', PORT: '0', LOG_LEVEL: 'silent' })
  expect(elsewhere.code).toBe(1)
  expect(elsewhere.err).toMatch(/^Cannot listen on 192\.0\.2\.1: .*EADDRNOTAVAIL.*\n$/)
  const server = await startServer(env)
  expect(await server.stop()).toBe(0)
})

test('a data folder that is none is told in a line', async () => {
  const file = join(await freshFolder(), 'file')
  await writeFile(file, '')
  const { code, err } = await attempt({ DATA_DIR: join(file, 'data'), PORT: '0' })
  expect([code, err]).toEqual([1, expect.stringMatching(/^Cannot open the database in \S+: .*ENOTDIR.*\n$/)])
})

test('a database that cannot be reached is told in a line, without the password', async () => {
  const password = 'do-not-tell-anyone'
  for (const [place, reason] of [
    ['127.0.0.1:1/saygraph', 'ECONNREFUSED'],
    ['localhost:1/saygraph', 'ECONNREFUSED'],
    ['nowhere.invalid/saygraph', 'nowhere.invalid'],
  ] as const) {
    const { code, out, err } = await attempt({
      DATA_DIR: await freshFolder(),
      DATABASE_URL: `postgres://someone:${password}@${place}`,
      PORT: '0',
    })
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^[^\n]+\n$/)
    expect(err).toContain(`Cannot open the database ${place}: `)
    expect(err).toContain(reason)
    expect(err).not.toContain(password)
  }
})

test.runIf(onPostgres)('nor is a database that is not there', async () => {
  const url = new URL(process.env.TEST_DATABASE_URL!)
  url.pathname = '/no_such_database'
  const { code, err } = await attempt({ DATA_DIR: await freshFolder(), DATABASE_URL: url.href, PORT: '0' })
  expect([code, err]).toEqual([
    1,
    `Cannot open the database ${url.host}/no_such_database: database "no_such_database" does not exist\n`,
  ])
})
