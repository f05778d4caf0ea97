import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  loadLink,
  refusal,
  START,
  type TestWorld,
  testWorld,
} from '../../../test/kit/world.ts'
import type { Database } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { createEventLog } from '../../events/index.ts'
import { AudioError, fakeAudio } from '../../providers/audio/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import { createLink, deleteLink, type LinkRow } from '../links/index.ts'
import type { World } from '../world.ts'
import {
  clearAnswer,
  findReadyUpload,
  openSession,
  recordAnswer,
  submitResponse,
  sweepUploads,
  uploadAnswer,
} from './index.ts'
import { insertUpload } from './store.ts'

const HOUR = 3_600_000
const MAX = 2_000_000
const PDF = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n', 'latin1')
const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])

let kit: TestWorld
let storage: ReturnType<typeof memoryStorage>
let audio: ReturnType<typeof fakeAudio>
let link: LinkRow
let token: string
let responseId: string

beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
})
beforeEach(async () => {
  storage = memoryStorage()
  audio = fakeAudio()
  const { id } = await createLink(kit.world, kit.viewer, {
    name: 'Uploads',
    questions: [
      { prompt: 'Resume', type: 'file_upload', configuration: { allowed_types: ['pdf', 'docx'], max_size_mb: 0.001 } },
      { prompt: 'Voice', type: 'voice' },
      { prompt: 'Short', type: 'voice', configuration: { max_duration: 30 } },
      { prompt: 'Anything', type: 'file_upload', condition: { field: 'text', operator: 'equals', value: 'yes' } },
      { prompt: 'Text', type: 'text' },
    ],
  })
  link = await loadLink(kit.world, kit.workspaceId, id)
  const session = await openSession(kit.world, kit.signer, link, { channel: 'web' })
  token = session.token
  responseId = session.responseId
})
/** Each test leaves nothing: whatever happened, two sweeps an hour apart remove all that no answer refers to. */
afterEach(async () => {
  kit.clock.advance(2 * HOUR)
  await sweepUploads(kit.world, storage)
  const kept = await kit.db.query<{ storage_key: string }>(
    sql`SELECT u.storage_key FROM upload u JOIN answer a ON a.upload_id = u.id
        WHERE u.response_id = ${responseId}::uuid AND u.state = 'ready' AND u.due_at IS NULL`,
  )
  expect([...storage.objects.keys()].toSorted()).toEqual(kept.map((row) => row.storage_key).toSorted())
  const [rows] = await kit.db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM upload WHERE response_id = ${responseId}::uuid`,
  )
  expect(rows?.count).toBe(kept.length)
  kit.clock.set(START)
})

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part
}
const upload = (
  fieldKey: string,
  source: AsyncIterable<Uint8Array>,
  fileName: string | null = null,
  world: World = kit.world,
) =>
  uploadAnswer({ world, signer: kit.signer, storage, audio, maxUploadBytes: MAX }, link, {
    token,
    fieldKey,
    fileName,
    source,
  })
const sweep = () => sweepUploads(kit.world, storage)
const states = () =>
  kit.db.query<{ state: string; due_at: Date | null }>(
    sql`SELECT state::text, due_at FROM upload WHERE response_id = ${responseId}::uuid ORDER BY created_at, id`,
  )
const answered = async () =>
  (
    await kit.db.query<{ field_key: string }>(
      sql`SELECT field_key FROM answer WHERE response_id = ${responseId}::uuid ORDER BY field_key`,
    )
  ).map((row) => row.field_key)
const soundOf = async (uploadId: string) =>
  (await kit.db.query(sql`SELECT sound_state::text, duration_seconds FROM upload WHERE id = ${uploadId}::uuid`))[0]
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('an upload', () => {
  test('of a response that has just been deleted is none', async () => {
    const [id, gone] = [kit.world.newId(), kit.world.newId()]
    const upload = { id, response: { id: gone, workspace_id: kit.workspaceId }, storageKey: `uploads/${id}` }
    const now = kit.world.clock.now()
    const times = { dueAt: now, now }
    expect(await insertUpload(kit.db, { ...upload, ...times, fileName: null })).toBe(false)
  })

  test('answers its question, with its facts, when all of it is there', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    const { answerId, uploadId } = await upload(
      'resume',
      chunks(PDF.subarray(0, 3), PDF.subarray(3)),
      'C:\\docs\\Ann\u202e\n CV.pdf ',
    )
    expect(await findReadyUpload(kit.db, kit.workspaceId, uploadId)).toEqual({
      storage_key: `uploads/${kit.workspaceId}/${uploadId}`,
      media_type: 'application/pdf',
      size: PDF.length,
      file_name: 'Ann CV.pdf',
      mp3_size: null,
      wav_size: null,
    })
    const [row] = await kit.db.query(sql`SELECT sha256, state::text, due_at FROM upload WHERE id = ${uploadId}::uuid`)
    expect(row).toEqual({ sha256: sha256(PDF), state: 'ready', due_at: null })
    const [answer] = await kit.db.query(
      sql`SELECT id, upload_id, value, question_text FROM answer WHERE response_id = ${responseId}::uuid`,
    )
    expect(answer).toEqual({ id: answerId, upload_id: uploadId, value: null, question_text: 'Resume' })
    expect(await buffer((await storage.read(`uploads/${kit.workspaceId}/${uploadId}`))!.stream)).toEqual(PDF)
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'response.answered', { linkId: link.id, responseId, answerId, fieldKey: 'resume' }],
    ])
    expect(await findReadyUpload(kit.db, kit.otherViewer.workspaceId, uploadId)).toBeUndefined()
    await submitResponse(kit.world, kit.signer, link, { token }) // nothing was required
  })

  test.each<[string | null, string | null]>([
    [null, null],
    ['', null],
    ['../../etc/passwd', 'passwd'],
    ['a/', null],
    ['\0\ud800', null],
    [`${'x'.repeat(254)}😀.pdf`, 'x'.repeat(254)],
    ['x'.repeat(400), 'x'.repeat(255)],
    ['naïve 日本.pdf', 'naïve 日本.pdf'],
  ])('named %j is shown as %j', async (sent, shown) => {
    const { uploadId } = await upload('resume', chunks(PDF), sent)
    expect((await findReadyUpload(kit.db, kit.workspaceId, uploadId))?.file_name).toBe(shown)
  })

  test.each<[string, string, () => AsyncIterable<Uint8Array>, string | null, string]>([
    ['larger than its question allows', 'resume', () => chunks(PDF, Buffer.alloc(1_000)), 'a.pdf', 'too_large'],
    ['larger than the server takes', 'voice', () => chunks(WAV, Buffer.alloc(MAX)), null, 'too_large'],
    ['empty', 'resume', () => chunks(), 'a.pdf', 'empty'],
    ['empty, in several parts', 'resume', () => chunks(Buffer.alloc(0), Buffer.alloc(0)), 'a.pdf', 'empty'],
    ['not what its name says', 'resume', () => chunks(Buffer.from('plain text')), 'a.pdf', 'type_not_allowed'],
    ['of another type', 'resume', () => chunks(WAV), 'a.pdf', 'type_not_allowed'],
    ['not a recording', 'voice', () => chunks(PDF), 'a.wav', 'type_not_allowed'],
    ['noise', 'voice', () => chunks(Buffer.from([1, 2, 3, 0])), 'a.wav', 'type_not_allowed'],
  ])('that is %s is refused', async (_, fieldKey, source, name, rule) => {
    expect(await refusal(upload(fieldKey, source(), name))).toMatchObject({
      code: 'UPLOAD_REJECTED',
      path: ['value'],
      details: { rule },
    })
    expect(await answered()).toEqual([])
    expect((await states()).map((row) => row.state)).toEqual(['discarded'])
    expect(await sweep()).toBe(1)
    expect([storage.objects.size, await states()]).toEqual([0, []])
  })

  test('of exactly the size allowed is taken', async () => {
    const full = Buffer.concat([PDF, Buffer.alloc(1_000 - PDF.length)])
    await upload('resume', chunks(full))
    expect(await refusal(upload('resume', chunks(full, Buffer.alloc(1))))).toMatchObject({
      details: { rule: 'too_large' },
    })
    expect(await answered()).toEqual(['resume'])
  })

  test('that is too large is not read to its end', async () => {
    let read = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read += 100_000
        yield Buffer.alloc(100_000)
      }
    }
    expect(await codeOf(upload('voice', endless()))).toBe('UPLOAD_REJECTED')
    expect(read).toBeLessThanOrEqual(MAX + 100_000)
  })

  test('whose source fails in the middle leaves nothing but its error', async () => {
    const failure = new Error('the browser went away')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield WAV
      throw failure
    }
    await expect(upload('voice', failing())).rejects.toBe(failure)
    expect([await answered(), storage.objects.size]).toEqual([[], 0])
    expect(await sweep()).toBe(1)
    expect(await states()).toEqual([])
  })

  test('does not fit a question that takes a value, nor an unknown one, nor a session that is over', async () => {
    expect(await brokenRules(upload('text', chunks(PDF)))).toEqual(['value needs_value'])
    expect(await codeOf(upload('nothing', chunks(PDF)))).toBe('NOT_FOUND')
    await submitResponse(kit.world, kit.signer, link, { token })
    expect(await codeOf(upload('resume', chunks(PDF)))).toBe('SESSION_COMPLETED')
    expect(await states()).toEqual([])
  })

  test('during which the session is submitted, or the link deleted, is refused and swept', async () => {
    async function* during(happens: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
      yield WAV
      await happens()
      yield WAV
    }
    expect(
      await codeOf(
        upload(
          'voice',
          during(() => submitResponse(kit.world, kit.signer, link, { token })),
        ),
      ),
    ).toBe('SESSION_COMPLETED')
    const other = await openSession(kit.world, kit.signer, link, { channel: 'web' })
    const attempt = uploadAnswer({ world: kit.world, signer: kit.signer, storage, audio, maxUploadBytes: MAX }, link, {
      token: other.token,
      fieldKey: 'voice',
      fileName: null,
      source: during(() => deleteLink(kit.world, kit.viewer, link.id)),
    })
    expect(await codeOf(attempt)).toBe('LINK_DELETED')
    expect(await sweep()).toBe(2)
    expect(storage.objects.size).toBe(0)
  })
})

describe('a recording is listened to', () => {
  test.each<[string, Parameters<typeof audio.answerNext>[0], string]>([
    ['silent', { silent: true, peak: 0 }, 'silent'],
    ['too long for its question', { durationMs: 35_001 }, 'too_long'],
    ['too long for the server', new AudioError('too_long', 'an hour'), 'too_long'],
    ['cut off', new AudioError('truncated', 'half'), 'truncated'],
    ['hostile', new AudioError('hostile', 'contradicts itself'), 'hostile'],
    ['empty within', new AudioError('empty', 'no samples'), 'empty'],
    ['a film', new AudioError('not_audio', 'no track'), 'not_audio'],
    ['too large to decode', new AudioError('too_large', 'bytes'), 'too_large'],
  ])('and refused when it is %s', async (_, heard, rule) => {
    audio.answerNext(heard)
    const { code, path, details, message } = await refusal(upload('short', chunks(WAV)))
    expect([code, path, details]).toEqual(['UPLOAD_REJECTED', ['value'], { rule }])
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(await answered()).toEqual([])
    expect([await sweep(), storage.objects.size]).toEqual([1, 0])
  })

  test.each<[string, Parameters<typeof audio.answerNext>[0]]>([
    ['its codec is not decoded here', new AudioError('unsupported_codec', 'aac')],
    ['too much is being decoded', new AudioError('unavailable', 'busy')],
    ['it should have worked', new AudioError('failed', 'out of time')],
  ])('and taken unheard when %s', async (_, error) => {
    audio.answerNext(error)
    const { uploadId } = await upload('short', chunks(WAV))
    expect(await soundOf(uploadId)).toEqual({ sound_state: 'pending', duration_seconds: null })
  })

  test('and taken unheard when that takes too long', async () => {
    const stuck = {
      inspect: (_: unknown, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    }
    const { uploadId } = await uploadAnswer({ ...kit, storage, audio: stuck, maxUploadBytes: MAX, judgeMs: 20 }, link, {
      ...{ token, fieldKey: 'short', fileName: null, source: chunks(WAV) },
    })
    expect(await soundOf(uploadId)).toEqual({ sound_state: 'pending', duration_seconds: null })
  })

  test('whose storage fails is not taken, and not called bad', async () => {
    const failing = { ...storage, read: () => Promise.reject(new Error('the storage is away')) }
    await expect(
      uploadAnswer({ ...kit, storage: failing, audio, maxUploadBytes: MAX }, link, {
        ...{ token, fieldKey: 'short', fileName: null, source: chunks(WAV) },
      }),
    ).rejects.toThrow('the storage is away')
    expect(await answered()).toEqual([])
  })

  test('and its length is known at once; it is due to be processed, a file is not', async () => {
    audio.answerNext({ durationMs: 34_999 })
    const { uploadId } = await upload('short', chunks(WAV))
    expect(await soundOf(uploadId)).toEqual({ sound_state: 'pending', duration_seconds: 34.999 })
    const file = await upload('resume', chunks(PDF))
    expect(await soundOf(file.uploadId)).toEqual({ sound_state: null, duration_seconds: null })
    expect(audio.history).toHaveLength(1)
    const due = await kit.db.query(
      sql`SELECT field_key FROM answer WHERE response_id = ${responseId}::uuid AND process_due_at <= ${kit.clock.now()}`,
    )
    expect(due).toEqual([{ field_key: 'short' }])
  })
})

describe('what is replaced or taken back', () => {
  test('by another upload, a value, a clearing or by being hidden is swept', async () => {
    const first = await upload('voice', chunks(WAV))
    const second = await upload('voice', chunks(WAV, WAV))
    expect(second.answerId).toBe(first.answerId)
    expect(await findReadyUpload(kit.db, kit.workspaceId, first.uploadId)).toBeUndefined()
    expect([await sweep(), [...storage.objects.keys()]]).toEqual([1, [`uploads/${kit.workspaceId}/${second.uploadId}`]])

    await recordAnswer(kit.world, kit.signer, link, { token, fieldKey: 'voice', value: 'typed' })
    expect([await sweep(), storage.objects.size]).toEqual([1, 0])

    await upload('voice', chunks(WAV))
    await clearAnswer(kit.world, kit.signer, link, { token, fieldKey: 'voice' })
    expect([await sweep(), storage.objects.size]).toEqual([1, 0])

    await upload('anything', chunks(PDF)) // its condition does not hold
    await submitResponse(kit.world, kit.signer, link, { token })
    expect([await sweep(), storage.objects.size, await answered()]).toEqual([1, 0, []])
  })

  test('a failed replacement keeps the first', async () => {
    const { uploadId } = await upload('voice', chunks(WAV))
    expect(await codeOf(upload('voice', chunks(PDF)))).toBe('UPLOAD_REJECTED')
    await sweep()
    expect([...storage.objects.keys()]).toEqual([`uploads/${kit.workspaceId}/${uploadId}`])
    expect(await findReadyUpload(kit.db, kit.workspaceId, uploadId)).toBeDefined()
  })

  test('two uploads at the same time leave one', async () => {
    await Promise.all([
      upload('voice', chunks(WAV)),
      upload('voice', chunks(WAV, WAV)),
      upload('voice', chunks(WAV, WAV, WAV)),
    ])
    expect(await sweep()).toBe(2)
    expect([storage.objects.size, (await states()).map((row) => row.state)]).toEqual([1, ['ready']])
  })
})

describe('after a crash', () => {
  test.each(['before', 'after'])(
    '%s the bytes were written, the sweep removes bytes and row when the hour is over',
    async (when) => {
      const crash = new Error('the process died')
      const dead = { write: storage.write, delete: storage.delete, read: storage.read }
      const dying = {
        ...dead,
        async write(key: string, source: AsyncIterable<Uint8Array>) {
          if (when === 'after') await storage.write(key, source)
          throw crash
        },
      }
      // A dead process does not tidy up either: nothing reaches the database after the crash.
      let died = false
      const db: Database = {
        ...kit.db,
        query: (statement) => {
          if (died) return Promise.reject(crash)
          died = statement.text.includes('INSERT INTO upload')
          return kit.db.query(statement)
        },
      }
      const deps = { world: { ...kit.world, db }, signer: kit.signer, storage: dying, audio, maxUploadBytes: MAX }
      await expect(
        uploadAnswer(deps, link, { token, fieldKey: 'voice', fileName: null, source: chunks(WAV) }),
      ).rejects.toBe(crash)
      expect(storage.objects.size).toBe(when === 'after' ? 1 : 0)
      expect(await states()).toEqual([{ state: 'pending', due_at: new Date(kit.clock.now().getTime() + HOUR) }])

      kit.clock.advance(-HOUR) // a clock set back
      expect(await sweep()).toBe(0)
      kit.clock.advance(2 * HOUR - 1)
      expect(await sweep()).toBe(0)
      kit.clock.advance(1)
      expect(await sweep()).toBe(1)
      expect([storage.objects.size, await states(), await answered()]).toEqual([0, [], []])
    },
  )

  test('of the sweep, between bytes and row, the next sweep finishes', async () => {
    await codeOf(upload('voice', chunks(PDF)))
    const failing = {
      ...storage,
      async delete(key: string) {
        await storage.delete(key)
        throw new Error('died')
      },
    }
    await expect(sweepUploads(kit.world, failing)).rejects.toThrow('died')
    expect([storage.objects.size, (await states()).length, await sweep()]).toEqual([0, 1, 0])
    kit.clock.advance(600_000)
    expect([await sweep(), await states()]).toEqual([1, []])
  })

  test('an answer whose commit was not heard of keeps its bytes', async () => {
    const unsure: Database = {
      ...kit.db,
      async transaction(run, lastly) {
        await kit.db.transaction(run, lastly)
        throw new Error('the connection was lost after the commit')
      },
    }
    const world = { ...kit.world, db: unsure, events: createEventLog({ ...kit.world, db: unsure }) }
    await expect(upload('voice', chunks(WAV), null, world)).rejects.toThrow('after the commit')
    expect([await answered(), (await states()).map((row) => row.state)]).toEqual([['voice'], ['ready']])
    kit.clock.advance(2 * HOUR)
    await sweep()
    expect(storage.objects.size).toBe(1)
  })
})

describe('the sweep', () => {
  test('that overtakes a slow upload leaves no bytes behind', async () => {
    let swept = 0
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield WAV
      kit.clock.advance(2 * HOUR)
      swept = await sweep()
      yield WAV
    }
    expect(await refusal(upload('voice', slow()))).toMatchObject({
      code: 'UPLOAD_REJECTED',
      details: { rule: 'too_slow' },
    })
    expect(swept).toBe(1)
    expect([storage.objects.size, await states(), await answered()]).toEqual([0, [], []])
  })

  test('takes each once, also when two run', async () => {
    for (let n = 0; n < 7; n++) await upload('voice', chunks(WAV))
    const counts = await Promise.all([sweep(), sweep()])
    expect(counts[0]! + counts[1]!).toBe(6)
    expect([storage.objects.size, (await states()).length]).toEqual([1, 1])
    expect(storage.history.filter((entry) => /^delete [^.]+$/.test(entry))).toHaveLength(6)
  })

  test('does not stop at bytes that will not go, and tries them again', async () => {
    for (let n = 0; n < 4; n++) await upload('voice', chunks(WAV))
    const [stuck, , , last] = [...storage.objects.keys()]
    const sticky = {
      ...storage,
      delete: (key: string) => (key === stuck ? Promise.reject(new Error('will not go')) : storage.delete(key)),
    }
    await expect(sweepUploads(kit.world, sticky)).rejects.toThrow('will not go')
    expect([[...storage.objects.keys()], (await states()).length]).toEqual([[stuck, last], 2])
    kit.clock.advance(600_000)
    expect([await sweep(), [...storage.objects.keys()]]).toEqual([1, [last]])
  })

  test('lets what is in use and what is on its way alone', async () => {
    await upload('voice', chunks(WAV))
    async function* meanwhile(): AsyncGenerator<Uint8Array> {
      yield PDF
      expect(await sweep()).toBe(0)
    }
    await upload('resume', meanwhile())
    kit.clock.advance(48 * HOUR)
    expect([await sweep(), storage.objects.size]).toEqual([0, 2])
  })
})
