import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { testDatabase } from '../test/kit/database.ts'
import { createLogger } from './platform/logger.ts'
import { fingerprintOf, readOrMakeSecret } from './platform/secret.ts'
import { serverSecret } from './server-secret.ts'

const logger = createLogger('silent')
const [SECRET, OTHER, THIRD] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string]

test('a database is used with one secret, until another is accepted, and then with that', async () => {
  const db = await testDatabase()
  const database = { kind: 'embedded', folder: '' } as const
  const start = (given: string, acceptedSecret?: string) =>
    serverSecret({ secret: { given }, acceptedSecret, database }, db, logger)
  const together = await Promise.allSettled([start(SECRET), start(SECRET)])
  expect(together.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  expect(await start(SECRET)).toBe(SECRET)
  await expect(start(OTHER)).rejects.toThrow(`ACCEPT_APP_SECRET=${fingerprintOf(OTHER)}.`)
  // What was accepted is one secret, not any.
  await expect(start(THIRD, fingerprintOf(OTHER))).rejects.toThrow('not the secret')
  expect(await start(SECRET, fingerprintOf(OTHER))).toBe(SECRET)
  expect(await start(OTHER, fingerprintOf(OTHER))).toBe(OTHER)
  expect(await start(OTHER)).toBe(OTHER)
  await expect(start(SECRET)).rejects.toThrow('not the secret')
})

test('the file is made once, whole, for its owner only, also by servers that start at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-secret-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'data', 'app-secret')
  const made = await Promise.all(Array.from({ length: 8 }, () => readOrMakeSecret(file)))
  expect(new Set(made).size).toBe(1)
  expect(made[0]).toMatch(/^[\w-]{43}$/)
  expect(await readFile(file, 'utf8')).toBe(made[0])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(join(folder, 'data'))).toEqual(['app-secret'])
})
