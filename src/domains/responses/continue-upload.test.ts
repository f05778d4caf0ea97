import { buffer } from 'node:stream/consumers'
import { beforeAll, expect, test } from 'vitest'
import { loadLink, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import type { Database } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { createEventLog } from '../../events/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { memoryStorage, type Storage } from '../../providers/storage/index.ts'
import { createLink, type LinkRow } from '../links/index.ts'
import { beginUpload, continueUpload, openSession, sweepUploads, type UploadDeps, uploadProgress } from './index.ts'

const HOUR = 3_600_000
const BYTES = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(2_000, 7)])

let kit: TestWorld
let link: LinkRow

beforeAll(async () => {
  kit = await testWorld()
  const { id } = await createLink(kit.world, kit.viewer, {
    name: 'Pieces',
    questions: [{ prompt: 'File', type: 'file_upload' }],
  })
  link = await loadLink(kit.world, kit.workspaceId, id)
})

/** What a process does with its database and its storage, until it dies: nothing reaches either from then on. */
function mortal(storage: Storage, livesFor: number, dies: 'before' | 'after') {
  let steps = 0
  const died = () => steps > livesFor
  async function step<T>(act: () => Promise<T>): Promise<T> {
    if (died()) throw new Error('dead')
    steps++
    if (!died()) return act()
    if (dies === 'after') await act()
    throw new Error('the process died')
  }
  const db: Database = {
    ...kit.db,
    query: (statement) => step(() => kit.db.query(statement)),
    transaction: (run, lastly) => step(() => kit.db.transaction(run, lastly)),
  }
  return {
    died,
    world: { ...kit.world, db, events: createEventLog({ ...kit.world, db }) },
    storage: {
      write: (key, source) => step(() => storage.write(key, source)),
      read: (key, range) => step(() => storage.read(key, range)),
      delete: (key) => step(() => storage.delete(key)),
    } satisfies Storage,
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

test.each(['before', 'after'] as const)(
  'dying %s any step of it loses nothing that was acknowledged, and nothing is left over',
  async (dies) => {
    let outlived = false
    for (let livesFor = 0; !outlived; livesFor++) {
      expect(livesFor).toBeLessThan(100)
      const storage = memoryStorage()
      const { token, responseId } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
      const healthy: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
      const input = { token, fieldKey: 'file', fileName: null, size: BYTES.length }
      const { uploadId } = await beginUpload(healthy, link, input)
      const send = (deps: UploadDeps, offset: number, end: number) =>
        continueUpload(deps, link, {
          ...{ token, uploadId, offset, announced: end - offset, source: once(BYTES.subarray(offset, end)) },
        })
      const process = mortal(storage, livesFor, dies)
      const dying = { ...healthy, world: process.world, storage: process.storage }
      let acknowledged = 0
      await (async () => {
        acknowledged = (await send(dying, 0, 1_000)).receivedSize
        acknowledged = (await send(dying, 1_000, BYTES.length)).receivedSize
      })().catch((error: Error) => {
        if (!process.died()) throw error
      })
      outlived = !process.died()

      // Another process, to which the client turns.
      const { receivedSize } = await uploadProgress(healthy, link, { token, uploadId })
      expect(receivedSize).toBeGreaterThanOrEqual(acknowledged)
      if (receivedSize < BYTES.length) await send(healthy, receivedSize, BYTES.length)
      const [row] = await kit.db.query<{ storage_key: string }>(
        sql`SELECT u.storage_key FROM answer a JOIN upload u ON u.id = a.upload_id
            WHERE a.response_id = ${responseId}::uuid AND u.state = 'ready' AND u.size = ${BYTES.length}::int`,
      )
      const stored = await storage.read(row!.storage_key)
      expect((await buffer(stored!.stream)).equals(BYTES)).toBe(true)
      kit.clock.advance(2 * HOUR)
      await sweepUploads(kit.world, storage)
      expect([livesFor, [...storage.objects.keys()]]).toEqual([livesFor, [row!.storage_key]])
      expect(await kit.db.query(sql`SELECT id FROM upload_piece`)).toEqual([])
    }
  },
)

test('an upload that nobody finishes leaves nothing, wherever its process died', async () => {
  for (let livesFor = 0; livesFor < 8; livesFor++) {
    const storage = memoryStorage()
    const { token } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
    const healthy: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
    const input = { token, fieldKey: 'file', fileName: null, size: BYTES.length }
    const { uploadId } = await beginUpload(healthy, link, input)
    const process = mortal(storage, livesFor, 'after')
    const dying = { ...healthy, world: process.world, storage: process.storage }
    await continueUpload(dying, link, {
      ...{ token, uploadId, offset: 0, announced: null, source: once(BYTES.subarray(0, 500)) },
    }).catch(() => {})
    kit.clock.advance(HOUR)
    await sweepUploads(kit.world, storage)
    expect([livesFor, storage.objects.size]).toEqual([livesFor, 0])
    expect(await kit.db.query(sql`SELECT id FROM upload_piece`)).toEqual([])
    expect(await kit.db.query(sql`SELECT id FROM upload WHERE id = ${uploadId}::uuid`)).toEqual([])
  }
})

test('a source that breaks off is kept as far as it came', async () => {
  const storage = memoryStorage()
  const { token } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
  const deps: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
  const input = { token, fieldKey: 'file', fileName: null, size: BYTES.length }
  const { uploadId } = await beginUpload(deps, link, input)
  const broken = new Error('the connection is gone')
  async function* breaking() {
    yield BYTES.subarray(0, 700)
    throw broken
  }
  const piece = { token, uploadId, offset: 0, announced: BYTES.length, source: breaking() }
  await expect(continueUpload(deps, link, piece)).rejects.toBe(broken)
  expect(await uploadProgress(deps, link, { token, uploadId })).toEqual({
    receivedSize: 700,
    expectedSize: BYTES.length,
  })
})

test('who brings the end is refused when others have brought a part of it meanwhile', async () => {
  const storage = memoryStorage()
  const { token } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
  const deps: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
  const input = { token, fieldKey: 'file', fileName: null, size: BYTES.length }
  const { uploadId } = await beginUpload(deps, link, input)
  const send = (source: AsyncIterable<Uint8Array>) =>
    continueUpload(deps, link, { token, uploadId, offset: 0, announced: null, source })
  async function* overtaken() {
    yield Buffer.alloc(1_000)
    await send(once(BYTES.subarray(0, 500)))
    yield Buffer.alloc(BYTES.length - 1_000)
  }
  expect(await refusal(send(overtaken()))).toMatchObject({ details: { rule: 'wrong_offset' } })
  expect(await uploadProgress(deps, link, { token, uploadId })).toMatchObject({ receivedSize: 500 })
  expect(storage.objects.size).toBe(1)
})

test('a storage that fails does not end the upload', async () => {
  const storage = memoryStorage()
  const { token } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
  const deps: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
  const input = { token, fieldKey: 'file', fileName: null, size: BYTES.length }
  const { uploadId } = await beginUpload(deps, link, input)
  const all = () => ({ token, uploadId, offset: 0, announced: BYTES.length, source: once(BYTES) })
  const full = { ...storage, write: () => Promise.reject(new Error('the disk is full')) }
  const failed = continueUpload({ ...deps, storage: full }, link, all())
  await expect(failed).rejects.not.toBeInstanceOf(ExpectedError)
  expect(await uploadProgress(deps, link, { token, uploadId })).toMatchObject({ receivedSize: 0 })
  expect((await continueUpload(deps, link, all())).answer).toMatchObject({ answerId: expect.any(String) })
})

test('an upload that brings a little every half hour is over after a day', async () => {
  const storage = memoryStorage()
  const { token } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
  const deps: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
  const { uploadId } = await beginUpload(deps, link, { token, fieldKey: 'file', fileName: null, size: BYTES.length })
  const send = (offset: number) =>
    continueUpload(deps, link, {
      token,
      uploadId,
      offset,
      announced: 1,
      source: once(BYTES.subarray(offset, offset + 1)),
    })
  for (let n = 0; n < 47; n++) {
    kit.clock.advance(HOUR / 2)
    await send(n)
    await sweepUploads(kit.world, storage)
  }
  expect(storage.objects.size).toBe(47)
  kit.clock.advance(HOUR / 2)
  expect(await refusal(send(47))).toMatchObject({ details: { rule: 'expired' } })
  await sweepUploads(kit.world, storage)
  expect(storage.objects.size).toBe(0)
})

test('a sixth upload of a response ends the oldest, whatever question they are for', async () => {
  const storage = memoryStorage()
  const deps: UploadDeps = { ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
  const session = async () => (await openSession(kit.world, kit.signer, link, { channel: 'web' })).token
  const [token, other] = [await session(), await session()]
  const begin = async (of: string) => {
    kit.clock.advance(1_000)
    return (await beginUpload(deps, link, { token: of, fieldKey: 'file', fileName: null, size: BYTES.length })).uploadId
  }
  const piece = (uploadId: string) =>
    continueUpload(deps, link, { token, uploadId, offset: 0, announced: 9, source: once(BYTES.subarray(0, 9)) })
  const others = await begin(other)
  const first = await begin(token)
  await piece(first)
  const later = [await begin(token), await begin(token), await begin(token), await begin(token)]
  expect(await uploadProgress(deps, link, { token, uploadId: first })).toMatchObject({ receivedSize: 9 })
  later.push(await begin(token))
  expect(await refusal(piece(first))).toMatchObject({ details: { rule: 'expired' } })
  for (const uploadId of later) await piece(uploadId)
  expect(await uploadProgress(deps, link, { token: other, uploadId: others })).toMatchObject({ receivedSize: 0 })
  await sweepUploads(kit.world, storage)
  expect(storage.objects.size).toBe(5)
  // What is whole no longer counts.
  for (const uploadId of later.slice(1)) {
    await continueUpload(deps, link, { token, uploadId, offset: 9, announced: null, source: once(BYTES.subarray(9)) })
  }
  await begin(token)
  await begin(token)
  expect(await uploadProgress(deps, link, { token, uploadId: later[0]! })).toMatchObject({ receivedSize: 9 })
})
