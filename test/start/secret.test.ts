import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { startServer } from '../kit/server.ts'
import { attempt, freshFolder } from './attempt.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000 })

const SECRET = 'the first secret, which is long enough'
const OTHER = 'another secret, which is long enough too'

const environment = async () => ({
  DATA_DIR: await freshFolder(),
  ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
})

/** Starts, stops, and tells what was logged. */
async function startAndStop(env: Record<string, string>): Promise<string> {
  const server = await startServer(env, 100_000)
  onTestFinished(() => server.kill())
  expect(await server.stop()).toBe(0)
  return server.log()
}

test('the same secret starts; another is refused in one line, until it is accepted', async () => {
  const env = await environment()
  await startAndStop({ ...env, APP_SECRET: SECRET })
  await startAndStop({ ...env, APP_SECRET: SECRET })

  const refused = await attempt({ ...env, APP_SECRET: OTHER, PORT: '0', LOG_LEVEL: 'warn' })
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(/^APP_SECRET is not the secret that this database has been used with\. [^\n]+\n$/)
  for (const word of [
    'opt-out',
    'encrypted messages',
    'webhooks',
    'media addresses',
    'tokens',
    'Put the old one back',
  ]) {
    expect(refused.err).toContain(word)
  }
  expect(refused.err).not.toContain(OTHER)

  const ACCEPT_APP_SECRET = /ACCEPT_APP_SECRET=([0-9a-f]{16})\./.exec(refused.err)![1]!
  expect(await startAndStop({ ...env, APP_SECRET: OTHER, ACCEPT_APP_SECRET })).toContain('ACCEPT_APP_SECRET')
})

test('without the file of the secret the start is refused', async () => {
  const env = await environment()
  const file = join(env.DATA_DIR, 'app-secret')
  // Beside PostgreSQL the file is easily forgotten.
  expect((await startAndStop(env)).includes('APP_SECRET is not set')).toBe(onPostgres)
  await rm(file)
  const refused = await attempt({ ...env, PORT: '0', LOG_LEVEL: 'silent' })
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.err).toContain(`The secret in ${file} is not the secret that this database has been used with.`)
})
