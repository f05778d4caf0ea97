import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { storageConformance } from './conformance.ts'
import { createStorage, type Storage, StorageError } from './index.ts'
import type { S3StorageOptions } from './s3.ts'
import { BUCKET, type Fate, startS3Server, startTroubledProxy } from './test-bucket-server.ts'

const MEGABYTE = 1_000_000
const root = await mkdtemp(join(tmpdir(), 'saygraph-s3-'))
afterAll(() => rm(root, { recursive: true }))
const { port, options } = await startS3Server(root)

let made = 0
const prefix = () => `test/${++made}`
const s3 = (more: Partial<S3StorageOptions> = {}) => createStorage({ adapter: 's3', ...options, ...more })

storageConformance('s3, path addresses', () => s3({ prefix: prefix() }))
storageConformance('s3, host addresses', () =>
  s3({
    prefix: prefix(),
    addressing: 'host',
    endpoint: `http://s3.store.test:${port}`,
    lookup: (_name, { all }, done) =>
      all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  }),
)

async function troubled(fateOf: (request: string, n: number) => Fate, more: Partial<S3StorageOptions> = {}) {
  const counts = new Map<string, number>()
  const place = prefix()
  const proxy = await startTroubledProxy(port, (line) => {
    const kind = line.replace(/uploadId=[^&]*/, 'uploadId').replace(`/${BUCKET}/${place}/`, '')
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return fateOf(kind, counts.get(kind) ?? 0)
  })
  return { storage: s3({ endpoint: proxy.endpoint, prefix: place, ...more }), direct: s3({ prefix: place }), counts }
}

async function* bytes(length: number, fill = 7): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0; left -= MEGABYTE) yield Buffer.alloc(Math.min(left, MEGABYTE), fill)
}
const sizeOf = async (storage: Storage, key: string) => {
  const found = await storage.read(key)
  return found && (await buffer(found.stream)).length
}

async function failure(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StorageError)
  return error as StorageError
}

test.each<[string, Fate]>([
  ['a connection that breaks before the answer', 'cut before'],
  ['an answer that is lost', 'cut after'],
  ['500', { status: 500 }],
  ['503 with its XML', { status: 503, body: '<Error><Code>SlowDown</Code></Error>' }],
  ['429', { status: 429 }],
])('every request is tried again after %s', async (_, fate) => {
  const { storage, counts } = await troubled((_request, n) => (n === 1 ? fate : 'pass'))
  await storage.write('large', bytes(11 * MEGABYTE))
  await storage.write('small', bytes(10))
  expect(await sizeOf(storage, 'large')).toBe(11 * MEGABYTE)
  expect((await storage.read('small', { start: 2, end: 3 }))?.size).toBe(10)
  await storage.delete('large')
  expect(await storage.read('large')).toBeUndefined()
  expect([...counts.values()].every((count) => count >= 2)).toBe(true)
})

test('gives up after as many tries as are allowed, and says why', async () => {
  const { storage, counts } = await troubled(() => ({ status: 503 }), { tries: 3 })
  const { failure: reason, status, retryable, message } = await failure(storage.read('a'))
  expect({ reason, status, retryable }).toEqual({ reason: 'unreachable', status: 503, retryable: true })
  expect(message).toMatch(/^GET test\/\d+\/a: answered 503$/)
  expect([...counts]).toEqual([['GET a', 3]])
})

test('nobody there is a failure of its own, without the secret in it', async () => {
  const error = await failure(s3({ endpoint: 'http://127.0.0.1:1', tries: 2, secretAccessKey: 'hush' }).read('a'))
  expect(error.failure).toBe('unreachable')
  expect(`${error.message}${error.stack}`).not.toContain('hush')
})

test('a wrong secret, an unknown key and a missing bucket are told apart and not tried again', async () => {
  const wrong = [
    [{ secretAccessKey: 'wrong' }, 'forbidden', 'SignatureDoesNotMatch'],
    [{ accessKeyId: 'nobody' }, 'forbidden', 'InvalidAccessKeyId'],
    [{ bucket: 'missing' }, 'no_bucket', 'NoSuchBucket'],
  ] as const
  for (const [more, reason, code] of wrong) {
    const storage = s3(more)
    const work = [storage.read('a'), storage.read('a', { start: 0, end: 1 }), storage.write('a', bytes(3))]
    for (const error of await Promise.all(work.map(failure))) {
      expect([error.failure, error.code, error.retryable]).toEqual([reason, code, false])
    }
  }
  expect((await failure(s3({ bucket: 'missing' }).delete('a'))).failure).toBe('no_bucket')
})

test('an upload that cannot be finished is aborted and leaves what was there', async () => {
  // s3rver does not know how to abort, so that it was asked is all that can be seen.
  const { storage, direct, counts } = await troubled((request) =>
    request.includes('partNumber=2') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : 'pass',
  )
  await direct.write('large', bytes(5))
  expect((await failure(storage.write('large', bytes(11 * MEGABYTE)))).failure).toBe('forbidden')
  expect(await sizeOf(direct, 'large')).toBe(5)
  expect(counts.get('DELETE large?uploadId')).toBe(1)
})

test('a fault inside an answer of 200 is a fault', async () => {
  const { storage, direct } = await troubled((request) =>
    request === 'POST large?uploadId'
      ? { status: 200, body: '<Error><Code>InternalError</Code><Message>try again</Message></Error>' }
      : 'pass',
  )
  const error = await failure(storage.write('large', bytes(6 * MEGABYTE)))
  expect([error.failure, error.code]).toEqual(['unreachable', 'InternalError'])
  expect(await direct.read('large')).toBeUndefined()
})

test('an answer that breaks off in the middle is never taken for the whole', async () => {
  const { storage } = await troubled((request) => (request.startsWith('GET') ? 'cut half' : 'pass'))
  await storage.write('large', bytes(MEGABYTE))
  for (const range of [undefined, { start: 1, end: MEGABYTE - 1 }]) {
    const { size, stream } = (await storage.read('large', range))!
    expect(size).toBe(MEGABYTE)
    await expect(buffer(stream)).rejects.toThrow()
  }
})

test('a server that ignores ranges is read rightly', async () => {
  const { storage } = await troubled(() => ({ status: 200, body: '0123456789' }))
  const { size, stream } = (await storage.read('ten', { start: 3, end: 5 }))!
  expect([size, (await buffer(stream)).toString()]).toEqual([10, '345'])
  const beyond = (await storage.read('ten', { start: 10, end: 12 }))!
  expect([beyond.size, (await buffer(beyond.stream)).toString()]).toEqual([10, ''])
})
