import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, expect, test } from 'vitest'
import { storageConformance } from './conformance.ts'
import { createStorage, memoryStorage } from './index.ts'

const MEGABYTE = 1_000_000
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const root = await mkdtemp(join(tmpdir(), 'saygraph-storage-'))
afterAll(() => rm(root, { recursive: true }))

const folder = () => mkdtemp(join(root, 'files-'))

storageConformance('memory', () => createStorage({ adapter: 'memory' }))
storageConformance('files', async () =>
  createStorage({ adapter: 'files', folder: join(await folder(), 'not-yet-made') }),
)

test('files: a failed write leaves no file behind', async () => {
  const path = await folder()
  const storage = createStorage({ adapter: 'files', folder: path })
  await expect(
    storage.write(
      'a/b',
      (async function* () {
        yield Buffer.alloc(MEGABYTE)
        throw new Error('gone')
      })(),
    ),
  ).rejects.toThrow('gone')
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  expect(entries.filter((entry) => entry.isFile())).toEqual([])
})

test('files: 50 MB pass through without being held in memory', async () => {
  const storage = createStorage({ adapter: 'files', folder: await folder() })
  const chunk = Buffer.alloc(MEGABYTE / 2, 7)
  let highest = 0
  let calls = 0
  const held = () => {
    if (calls++ % 20 === 0) collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    highest = Math.max(highest, heapUsed + external)
  }
  held()
  const before = highest
  await storage.write(
    'large',
    (async function* () {
      for (let n = 0; n < 100; n++) {
        held()
        yield chunk
      }
    })(),
  )
  const { size, stream } = (await storage.read('large'))!
  let read = 0
  for await (const part of stream) {
    read += part.length
    held()
  }
  expect([size, read]).toEqual([50 * MEGABYTE, 50 * MEGABYTE])
  expect(highest - before).toBeLessThan(20 * MEGABYTE)
})

test('memory: remembers what was done, in order', async () => {
  const storage = memoryStorage()
  await storage.write('a', (async function* () {})())
  await storage.delete('a')
  await storage.delete('b')
  expect(storage.history).toEqual(['write a', 'delete a', 'delete b'])
  expect([...storage.objects.keys()]).toEqual([])
})
