import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { brokenRules, codeOf, eventsAfter, headOf, refusal, START, testWorld } from '../../../test/kit/world.ts'
import type { Database } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { AudioError, type AudioFacts, createAudio, encodeWav, fakeAudio } from '../../providers/audio/index.ts'
import { createSpeech as createSpeechProvider, fakeSpeech, SpeechError } from '../../providers/speech/index.ts'
import { memoryStorage, type Storage } from '../../providers/storage/index.ts'
import type { Viewer } from '../auth/index.ts'
import {
  createSpeech,
  deleteVoiceFile,
  findPlayable,
  getVoiceFile,
  type IncomingVoiceFile,
  listVoiceFiles,
  listVoices,
  MAX_FILES,
  type PrepareDeps,
  prepareVoiceFile,
  prepareVoiceFileTask,
  sweepVoiceFiles,
  updateVoiceFile,
  uploadVoiceFiles,
} from './index.ts'

const HOUR = 3_600_000
const MAX = 100_000
const { world, db, clock, viewer, otherViewer, workspaceId } = await testWorld({ poolSize: 12 })

let storage: ReturnType<typeof memoryStorage>
let speech: ReturnType<typeof fakeSpeech>
let audio: ReturnType<typeof fakeAudio>
/** What was queued and has not run. */
let jobs: { workspaceId: string; voiceFileId: string }[]
/** The queue's own tests show that what is sent in a transaction exists exactly when its change does. */
const queue = {
  async send(task: unknown, payload: unknown, options?: { tx?: unknown }) {
    expect([task, options?.tx !== undefined]).toEqual([prepareVoiceFileTask, true])
    jobs.push(payload as (typeof jobs)[number])
  },
}
const real = {
  speech: createSpeechProvider({ adapter: 'espeak', workers: 1, timeoutMs: 60_000 }),
  audio: createAudio({ workers: 1, timeoutMs: 60_000, maxDurationMs: 60_000, maxBytes: 10_000_000 }),
}
afterAll(() => Promise.all([real.speech.close(), real.audio.close()]))

beforeEach(() => {
  clock.set(START)
  storage = memoryStorage()
  speech = fakeSpeech()
  audio = fakeAudio()
  jobs = []
})
/** Whatever a test has left, deletion and two sweeps take all of it away. */
afterEach(async () => {
  for (const { id } of await listVoiceFiles(world, viewer)) await deleteVoiceFile(world, viewer, id)
  clock.advance(2 * HOUR)
  await sweep()
  expect([storage.objects.size, await rows()]).toEqual([0, []])
})

const deps = () => ({ world, queue: queue as never, speech, storage, maxUploadBytes: MAX })
const sweep = () => sweepVoiceFiles(world, storage)
const rows = () => db.query(sql`SELECT id FROM voice_file UNION ALL SELECT id FROM voice_file_arrival`)
const only = (...scopes: string[]): Viewer => ({ ...viewer, scopes: new Set(scopes) as Viewer['scopes'] })
const speak = (input: object = {}) =>
  createSpeech(deps(), viewer, { name: 'Greeting', text: 'Hello there', voice: 'en', ...input })
const prepare = (job = jobs.at(-1)!, { last = false, ...given }: Partial<PrepareDeps & { last: boolean }> = {}) =>
  prepareVoiceFile({ world, storage, speech, audio, ...given }, job, { signal: new AbortController().signal, last })
const get = (id: string) => getVoiceFile(world, viewer, id)
const keys = () => [...storage.objects.keys()].map((key) => key.replace(/^.*(?=\.)/, '')).toSorted()

async function* filesOf(...files: [name: string | null, ...chunks: Uint8Array[]][]): AsyncGenerator<IncomingVoiceFile> {
  for (const [fileName, ...chunks] of files) {
    yield {
      fileName,
      source: (async function* () {
        yield* chunks
      })(),
    }
  }
}
const upload = (...files: [name: string | null, ...chunks: Uint8Array[]][]) =>
  uploadVoiceFiles(deps(), viewer, filesOf(...files))

const tone = (seconds: number) =>
  encodeWav(
    Int16Array.from({ length: seconds * 16_000 }, (_, n) => 8_000 * Math.sin(n / 8)),
    16_000,
  )

describe('speech', () => {
  test('is pending until its job has made it ready', async () => {
    const before = await headOf(world, workspaceId)
    const { id } = await speak({ description: 'For callers' })
    expect(await get(id)).toEqual({
      ...{ id, legacyId: expect.any(Number), name: 'Greeting', description: 'For callers', kind: 'speech' },
      ...{ text: 'Hello there', voice: 'en', fileName: null, status: 'pending', failure: null, failureMessage: null },
      ...{ durationSeconds: null, mediaType: null, size: null },
      ...{ createdAt: '2026-11-22T10:00:00.000000Z', updatedAt: '2026-11-22T10:00:00.000000Z' },
    })
    expect(jobs).toEqual([{ workspaceId, voiceFileId: id }])
    expect(await findPlayable(db, workspaceId, id, 'mp3')).toBeUndefined()
    clock.advance(1_000)
    await prepare()
    expect(await get(id)).toMatchObject({
      status: 'ready',
      durationSeconds: 1,
      updatedAt: '2026-11-22T10:00:01.000000Z',
    })
    expect(keys()).toEqual(['.mp3', '.original', '.wav'])
    expect(await findPlayable(db, workspaceId, id, 'mp3')).toEqual({
      ...{ storage_key: `voice-files/${workspaceId}/${id}.mp3`, media_type: 'audio/mpeg', size: 3 },
    })
    expect(await findPlayable(db, otherViewer.workspaceId, id, 'mp3')).toBeUndefined()
    expect(await eventsAfter(world, workspaceId, before)).toEqual([
      [before + 1, 'voiceFile.created', { voiceFileId: id }],
      [before + 2, 'voiceFile.ready', { voiceFileId: id }],
    ])
  })

  test('said by eSpeak becomes an MP3 and a WAV of the same length', { timeout: 60_000 }, async () => {
    for (const voice of ['en-female', 'fi']) {
      const { id } = await speak({ text: 'Hello, this is a call from your neighbours at number 7.', voice })
      await prepare(jobs.at(-1), real)
      const file = await get(id)
      expect(file).toMatchObject({ status: 'ready', mediaType: 'audio/wav' })
      expect(file.durationSeconds).toBeGreaterThan(2)
      const facts: AudioFacts[] = []
      for (const form of ['original', 'mp3', 'wav'] as const) {
        const { storage_key, size } = (await findPlayable(db, workspaceId, id, form))!
        const bytes = storage.objects.get(storage_key)!
        expect(bytes.length).toBe(size)
        facts.push(await real.audio.inspect(bytes))
      }
      expect(facts.map(({ container, sampleRate, silent }) => [container, sampleRate, silent])).toEqual([
        ['wav', 22_050, false],
        ['mp3', expect.any(Number), false],
        ['wav', 8_000, false],
      ])
      for (const { durationMs } of facts) {
        expect(Math.abs(durationMs - file.durationSeconds! * 1_000)).toBeLessThanOrEqual(50)
      }
    }
  })

  test.each<[string, object, string[]]>([
    ['81 words', { text: 'one\t'.repeat(81) }, ['text too_many_words']],
    ['no word', { text: ' …\n' }, ['text nothing_to_say']],
    ['an unknown voice', { voice: 'en-robot' }, ['voice unknown_option']],
    ['no name', { name: ' ' }, ['name too_short']],
    ['a long name and text', { name: 'x'.repeat(201), text: 'x'.repeat(4_097) }, ['name too_long', 'text too_long']],
  ])('of %s is refused', async (_, input, broken) => {
    expect(await brokenRules(speak(input))).toEqual(broken)
    expect([jobs, await rows()]).toEqual([[], []])
  })

  test('may have 80 words and a name of 200 characters', async () => {
    const { id } = await speak({ text: ' one \n two '.repeat(40), name: 'x'.repeat(200) })
    expect((await get(id)).text).toBe(' one \n two '.repeat(40))
  })

  test('is refused at once where nobody can speak', async () => {
    const module = '@saygraph/no-such-package'
    for (const config of [{ adapter: 'none' }, { adapter: 'espeak', workers: 1, timeoutMs: 1_000, module }] as const) {
      const dumb = createSpeechProvider(config)
      const attempt = createSpeech({ ...deps(), speech: dumb }, viewer, { name: 'x', text: 'Hello', voice: 'en' })
      expect(await codeOf(attempt)).toBe('SPEECH_UNAVAILABLE')
      expect(listVoices({ speech: dumb }, viewer)).toEqual([])
      await dumb.close()
    }
    expect(await rows()).toEqual([])
    expect(listVoices(real, viewer).map(({ code }) => code)).toEqual([
      ...['en', 'fi', 'en-female', 'en-male', 'fi-female', 'fi-male'],
    ])
  })

  test('is made once under one key', async () => {
    const first = await speak({ idempotencyKey: 'one' })
    expect(await speak({ idempotencyKey: 'one' })).toEqual(first)
    expect(await codeOf(speak({ idempotencyKey: 'one', text: 'Other' }))).toBe('IDEMPOTENCY_CONFLICT')
    expect([jobs.length, (await listVoiceFiles(world, viewer)).length]).toEqual([1, 1])
  })
})

describe('an upload', () => {
  test('makes a voice file of each file, in their order', async () => {
    const before = await headOf(world, workspaceId)
    const wav = tone(1)
    const made = await upload(['C:\\a\\Grüße.v2.wav', wav.subarray(0, 9), wav.subarray(9)], [null, wav], ['.wav', wav])
    expect(made.map(({ name, fileName, size }) => [name, fileName, size])).toEqual([
      ['Grüße.v2', 'Grüße.v2.wav', wav.length],
      ['Voice file', null, wav.length],
      ['.wav', '.wav', wav.length],
    ])
    const views = await listVoiceFiles(world, viewer)
    expect(views.map(({ id, legacyId, status }) => [id, legacyId, status])).toEqual(
      made.map(({ id, legacyId }) => [id, legacyId, 'pending']),
    )
    expect(await getVoiceFile(world, viewer, made[1]!.legacyId)).toEqual(views[1])
    expect((await listVoiceFiles(world, viewer, { offset: 1, limit: 1 })).map(({ id }) => id)).toEqual([made[1]!.id])
    expect(jobs.map(({ voiceFileId }) => voiceFileId)).toEqual(made.map(({ id }) => id))
    expect((await eventsAfter(world, workspaceId, before)).map(([, type]) => type)).toEqual(
      made.map(() => 'voiceFile.created'),
    )
    for (const job of jobs) await prepare(job, real)
    for (const { id } of made) {
      expect(await get(id)).toMatchObject({ status: 'ready', durationSeconds: 1, mediaType: 'audio/wav' })
      const { storage_key } = (await findPlayable(db, workspaceId, id, 'original'))!
      expect(await buffer((await storage.read(storage_key))!.stream)).toEqual(Buffer.from(wav))
    }
    const [row] = await db.query(sql`SELECT sha256 FROM voice_file WHERE id = ${made[0]!.id}::uuid`)
    expect(row).toEqual({ sha256: createHash('sha256').update(wav).digest('hex') })
  })

  test('fails for what it is, in words', async () => {
    const before = await headOf(world, workspaceId)
    const cut = tone(2).subarray(0, 30_000)
    const made = await upload(['a.wav', Buffer.from('not audio at all, only text')], ['b.wav', cut], ['c.wav', tone(2)])
    const short = createAudio({ workers: 1, timeoutMs: 60_000, maxDurationMs: 1_000, maxBytes: MAX })
    await prepare(jobs[0], real)
    await prepare(jobs[1], real)
    await prepare(jobs[2], { audio: short })
    await short.close()
    const seen = await Promise.all(made.map(({ id }) => get(id)))
    expect(seen.map(({ status, failure }) => [status, failure])).toEqual([
      ['failed', 'not_audio'],
      ['failed', 'truncated'],
      ['failed', 'too_long'],
    ])
    expect(seen[0]!.failureMessage).toBe('the file is of no kind of audio that is known')
    for (const { failureMessage } of seen) expect(failureMessage).toMatch(/\w+ \w+/)
    expect((await eventsAfter(world, workspaceId, before)).slice(3)).toEqual(
      made.map(({ id }, n) => [...[before + 4 + n, 'voiceFile.failed', { voiceFileId: id, reason: seen[n]!.failure }]]),
    )
    expect(await findPlayable(db, workspaceId, made[0]!.id, 'original')).toBeUndefined()
  })

  test.each<[string, () => Promise<unknown>, object]>([
    ['too large', () => upload(['a', tone(1)], ['b', Buffer.alloc(MAX), Buffer.alloc(1)]), { path: ['files', 1] }],
    ['empty', () => upload(['a', Buffer.alloc(0)]), { path: ['files', 0], details: { rule: 'empty' } }],
    ['none', () => upload(), { code: 'VALIDATION_FAILED', details: { rule: 'required' } }],
    [
      'too many',
      () => upload(...Array.from({ length: MAX_FILES + 1 }, () => ['a', tone(0.1)] as [string, Uint8Array])),
      { code: 'VALIDATION_FAILED', details: { rule: 'too_many' } },
    ],
  ])('of which a file is %s leaves nothing', async (_, attempt, told) => {
    expect(await refusal(attempt())).toMatchObject({ code: 'UPLOAD_REJECTED', ...told })
    expect([jobs, storage.objects.size, await listVoiceFiles(world, viewer)]).toEqual([[], 0, []])
    await sweep()
    expect(await rows()).toEqual([])
  })

  test('of exactly the size allowed is taken', async () => {
    await upload(['a', Buffer.alloc(MAX)])
    expect(jobs).toHaveLength(1)
  })

  test('whose source fails leaves nothing but its error', async () => {
    const gone = new Error('the browser went away')
    async function* failing(): AsyncGenerator<IncomingVoiceFile> {
      yield* filesOf(['a.wav', tone(1)])
      throw gone
    }
    await expect(uploadVoiceFiles(deps(), viewer, failing())).rejects.toBe(gone)
    expect([jobs, storage.objects.size]).toEqual([[], 0])
  })

  test('that the sweep overtakes is refused, and leaves no bytes', async () => {
    async function* slow(): AsyncGenerator<IncomingVoiceFile> {
      yield* filesOf(['a.wav', tone(1)])
      clock.advance(HOUR)
      expect(await sweep()).toBe(1)
      yield* filesOf(['b.wav', tone(1)])
    }
    expect(await refusal(uploadVoiceFiles(deps(), viewer, slow()))).toMatchObject({ details: { rule: 'too_slow' } })
    expect([jobs, storage.objects.size, await listVoiceFiles(world, viewer)]).toEqual([[], 0, []])
  })

  test('whose process dies is swept when its hour is over', async () => {
    const crash = new Error('the process died')
    let died = false
    const dead: Database = {
      ...db,
      query: (statement) => {
        if (died) return Promise.reject(crash)
        died = statement.text.includes('INSERT INTO voice_file_arrival')
        return db.query(statement)
      },
      transaction: () => Promise.reject(crash),
    }
    const dying = { ...deps(), world: { ...world, db: dead } }
    await expect(uploadVoiceFiles(dying, viewer, filesOf(['a.wav', tone(1)], ['b', tone(1)]))).rejects.toBe(crash)
    expect(storage.objects.size).toBe(1)
    clock.advance(HOUR - 1)
    expect(await sweep()).toBe(0)
    clock.advance(1)
    expect([await sweep(), storage.objects.size, await rows()]).toEqual([1, 0, []])
  })

  test('whose commit was not heard of keeps its bytes', async () => {
    const lost = new Error('the connection was lost after the commit')
    const events = {
      ...world.events,
      write: (async (...given: Parameters<typeof world.events.write>) => {
        await world.events.write(...given)
        throw lost
      }) as typeof world.events.write,
    }
    const attempt = uploadVoiceFiles({ ...deps(), world: { ...world, events } }, viewer, filesOf(['a.wav', tone(1)]))
    await expect(attempt).rejects.toBe(lost)
    clock.advance(2 * HOUR)
    expect(await sweep()).toBe(0)
    await prepare(jobs[0], real)
    expect(await listVoiceFiles(world, viewer)).toMatchObject([{ status: 'ready' }])
  })
})

describe('preparing', () => {
  test('again ends in the same one result', async () => {
    const { id } = await speak()
    const before = await headOf(world, workspaceId)
    const [job] = jobs
    await Promise.all([prepare(job), prepare(job)])
    const ready = await get(id)
    await prepare(job)
    expect(await get(id)).toEqual(ready)
    expect(await eventsAfter(world, workspaceId, before)).toEqual([
      [before + 1, 'voiceFile.ready', { voiceFileId: id }],
    ])
    expect(keys()).toEqual(['.mp3', '.original', '.wav'])
  })

  test('goes on after a worker that died between any two of its steps', async () => {
    for (let steps = 0; ; steps++) {
      const { id } = await speak()
      let left = steps
      const died = new Error('the worker died')
      const step = () => {
        if (left-- === 0) throw died
      }
      const mortal: Storage = {
        read: (key) => storage.read(key),
        delete: (key) => storage.delete(key),
        async write(key, source) {
          step()
          await storage.write(key, source)
          step()
        },
      }
      const before = await headOf(world, workspaceId)
      const done = await prepare(jobs.at(-1), { storage: mortal }).then(
        () => true,
        (error) => {
          expect(error).toBe(died)
          return false
        },
      )
      expect(await get(id)).toMatchObject({ status: done ? 'ready' : 'pending' })
      if (done) {
        expect(steps).toBe(6)
        break
      }
      const said = speech.history.length
      await prepare()
      // What was said before is not said again.
      expect(speech.history.length - said).toBe(steps === 0 ? 1 : 0)
      expect(await get(id)).toMatchObject({ status: 'ready', durationSeconds: 1 })
      expect(await eventsAfter(world, workspaceId, before)).toHaveLength(1)
    }
  })

  test('rejects what may go better, and settles it at the last try', async () => {
    const { id } = await speak()
    const busy = new SpeechError('unavailable', 'too many', { retryable: true })
    speech.failNext(busy)
    await expect(prepare()).rejects.toBe(busy)
    audio.answerNext(new AudioError('failed', 'it took too long'))
    await expect(prepare()).rejects.toThrow('it took too long')
    const full = new Error('disk full')
    const stuck: Storage = { ...storage, write: () => Promise.reject(full) }
    await expect(prepare(undefined, { storage: stuck })).rejects.toBe(full)
    expect((await get(id)).status).toBe('pending')
    await prepare(undefined, { storage: stuck, last: true })
    expect(await get(id)).toMatchObject({ status: 'failed', failure: 'failed' })
    // No way back.
    await prepare()
    expect((await get(id)).status).toBe('failed')
  })

  test('settles what the voice will never say', async () => {
    const { id } = await speak()
    speech.failNext(new SpeechError('failed', 'the voice stayed silent'))
    await prepare()
    expect(await get(id)).toMatchObject({ failure: 'speech_failed', failureMessage: 'the voice stayed silent' })
  })

  test('that is aborted leaves the voice file pending', async () => {
    const { id } = await speak()
    const signal = AbortSignal.abort(new Error('shutting down'))
    await expect(prepareVoiceFile({ world, storage, speech, audio }, jobs[0]!, { signal, last: true })).rejects.toThrow(
      'shutting down',
    )
    expect((await get(id)).status).toBe('pending')
  })

  test('that never comes to an end has failed after a day', async () => {
    const { id } = await speak()
    clock.advance(24 * HOUR - 1)
    expect([await sweep(), (await get(id)).status]).toEqual([0, 'pending'])
    clock.advance(1)
    expect(await sweep()).toBe(1)
    expect(await get(id)).toMatchObject({ status: 'failed', failure: 'failed' })
    expect(await sweep()).toBe(0)
    await prepare()
    expect((await get(id)).status).toBe('failed')
  })
})

describe('naming and deleting', () => {
  test('changes what is given and says so', async () => {
    const { id } = await speak({ description: 'old' })
    const before = await headOf(world, workspaceId)
    clock.advance(1_000)
    await updateVoiceFile(world, viewer, id, { name: ' New ' })
    expect(await get(id)).toMatchObject({ name: 'New', description: 'old', updatedAt: '2026-11-22T10:00:01.000000Z' })
    await updateVoiceFile(world, viewer, id, { description: null })
    expect(await get(id)).toMatchObject({ name: 'New', description: null })
    expect(await brokenRules(updateVoiceFile(world, viewer, id, { name: '' }))).toEqual(['name too_short'])
    await deleteVoiceFile(world, viewer, id)
    expect((await eventsAfter(world, workspaceId, before)).map(([, type]) => type)).toEqual([
      ...['voiceFile.updated', 'voiceFile.updated', 'voiceFile.deleted'],
    ])
    const again = [
      () => deleteVoiceFile(world, viewer, id),
      () => updateVoiceFile(world, viewer, id, {}),
      () => get(id),
    ]
    for (const attempt of again) {
      expect(await codeOf(attempt())).toBe('NOT_FOUND')
    }
  })

  test('takes the bytes with the next sweep, and then the row', async () => {
    const { id } = await speak()
    await prepare()
    await deleteVoiceFile(world, viewer, id)
    expect([await listVoiceFiles(world, viewer), storage.objects.size]).toEqual([[], 3])
    expect(await findPlayable(db, workspaceId, id, 'mp3')).toBeUndefined()
    const dying: Storage = {
      ...storage,
      async delete(key) {
        await storage.delete(key)
        throw new Error('died')
      },
    }
    await expect(sweepVoiceFiles(world, dying)).rejects.toThrow('died')
    expect([storage.objects.size, (await rows()).length, await sweep()]).toEqual([2, 1, 0])
    clock.advance(600_000)
    expect([await sweep(), storage.objects.size, await rows()]).toEqual([1, 0, []])
  })

  test('while it is being prepared leaves no bytes, whoever is first', async () => {
    for (const swept of [false, true]) {
      const { id } = await speak()
      const slow: PrepareDeps['audio'] = {
        ...audio,
        async convert(...given) {
          await deleteVoiceFile(world, viewer, id)
          if (swept) expect(await sweep()).toBe(1)
          return audio.convert(...given)
        },
      }
      await prepare(jobs.at(-1), { audio: slow })
      expect(storage.objects.size).toBe(0)
      await sweep()
      expect(await rows()).toEqual([])
    }
  })

  test('and a worker that dies after it: the next try removes what it wrote', async () => {
    const { id } = await speak()
    const died = new Error('died')
    const slow: PrepareDeps['audio'] = {
      ...audio,
      async convert(...given) {
        await deleteVoiceFile(world, viewer, id)
        await sweep()
        return audio.convert(...given)
      },
    }
    const mortal: Storage = { ...storage, delete: () => Promise.reject(died) }
    await expect(prepare(undefined, { audio: slow, storage: mortal })).rejects.toBe(died)
    expect(storage.objects.size).toBe(2)
    await prepare()
    expect(storage.objects.size).toBe(0)
  })
})

test('other workspaces see nothing of it, and scopes are needed', async () => {
  const { id } = await speak()
  const { legacyId } = await get(id)
  for (const attempt of [
    () => getVoiceFile(world, otherViewer, id),
    () => getVoiceFile(world, otherViewer, legacyId),
    () => getVoiceFile(world, viewer, 'nonsense'),
    () => getVoiceFile(world, viewer, 1.5),
    () => getVoiceFile(world, viewer, 2 ** 40),
    () => updateVoiceFile(world, otherViewer, id, { name: 'x' }),
    () => deleteVoiceFile(world, otherViewer, id),
    () => deleteVoiceFile(world, viewer, 'nonsense'),
  ]) {
    expect(await codeOf(attempt())).toBe('NOT_FOUND')
  }
  expect(await listVoiceFiles(world, otherViewer)).toEqual([])
  const reader = only('voiceFiles:read')
  for (const attempt of [
    () => createSpeech(deps(), reader, { name: 'x', text: 'x', voice: 'en' }),
    () => uploadVoiceFiles(deps(), reader, filesOf()),
    () => updateVoiceFile(world, reader, id, {}),
    () => deleteVoiceFile(world, reader, id),
    () => getVoiceFile(world, only('contacts:read', 'campaigns:write'), id),
    () => listVoiceFiles(world, only('voiceFiles:write')),
    () => Promise.resolve().then(() => listVoices(real, only('voiceFiles:write'))),
  ]) {
    expect(await codeOf(attempt())).toBe('INSUFFICIENT_SCOPE')
  }
})
