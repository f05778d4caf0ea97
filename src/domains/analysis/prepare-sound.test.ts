import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventsAfter, headOf, loadLink, START, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import type { Database } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { AudioError, fakeAudio, WAVEFORM_POINTS } from '../../providers/audio/index.ts'
import { memoryStorage, type Storage } from '../../providers/storage/index.ts'
import { createLink, type LinkRow } from '../links/index.ts'
import { clearAnswer, openSession, sweepUploads, uploadAnswer } from '../responses/index.ts'
import { prepareSound } from './prepare-sound.ts'

const HOUR = 3_600_000
const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])

let kit: TestWorld
let storage: ReturnType<typeof memoryStorage>
let audio: ReturnType<typeof fakeAudio>
let link: LinkRow
let token: string
let responseId: string
let uploadId: string
let answerId: string
let key: string

beforeAll(async () => {
  kit = await testWorld({ poolSize: 8 })
})
beforeEach(async () => {
  kit.clock.set(START)
  storage = memoryStorage()
  audio = fakeAudio()
  const { id } = await createLink(kit.world, kit.viewer, {
    name: 'Sounds',
    questions: [{ prompt: 'Voice', type: 'voice' }],
  })
  link = await loadLink(kit.world, kit.workspaceId, id)
  ;({ token, responseId } = await openSession(kit.world, kit.signer, link, { channel: 'web' }))
  ;({ uploadId, answerId } = await upload())
  key = `uploads/${kit.workspaceId}/${uploadId}`
})

const upload = () =>
  uploadAnswer({ ...kit, storage, audio, maxUploadBytes: 1_000 }, link, {
    ...{ token, fieldKey: 'voice', fileName: null },
    source: (async function* () {
      yield WAV
    })(),
  })
const row = async () =>
  (
    await kit.db.query(
      sql`SELECT sound_state::text, sound_failure, duration_seconds, length(waveform) AS points, mp3_size, wav_size
          FROM upload WHERE id = ${uploadId}::uuid`,
    )
  )[0]
const prepare = (
  options: { last?: boolean; signal?: AbortSignal; storage?: Storage; db?: Database; workspaceId?: string } = {},
) =>
  prepareSound(
    { world: { ...kit.world, db: options.db ?? kit.db }, storage: options.storage ?? storage, audio },
    { workspaceId: options.workspaceId ?? kit.workspaceId, uploadId },
    { signal: options.signal ?? new AbortController().signal, last: options.last ?? false },
  )
const READY = {
  ...{ sound_state: 'ready', sound_failure: null, duration_seconds: 1, points: WAVEFORM_POINTS },
  ...{ mp3_size: 3, wav_size: 6 },
}
const keys = () => [...storage.objects.keys()].toSorted()

describe('a recording', () => {
  test('gets its forms, waveform and length, and that is said once', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    audio.answerNext({ durationMs: 2_500 })
    expect(await prepare()).toBe('ready')
    expect(await row()).toEqual(READY)
    expect(String(storage.objects.get(`${key}.mp3`))).toBe('mp3')
    expect(String(storage.objects.get(`${key}.wav`))).toBe('wav16k')
    expect(await prepare()).toBe('ready')
    expect(audio.history.map(({ targets }) => targets)).toEqual([[], ['mp3', 'wav16k']])
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'answer.soundReady', { linkId: link.id, responseId, answerId }],
    ])
  })

  test('keeps the length that is known, and gets one when it is not', async () => {
    await kit.db.query(sql`UPDATE upload SET duration_seconds = NULL WHERE id = ${uploadId}::uuid`)
    audio.answerNext({ durationMs: 7_000 })
    await prepare()
    expect(await row()).toMatchObject({ duration_seconds: 7 })
  })

  test('of another workspace is not touched', async () => {
    expect(await prepare({ workspaceId: kit.otherViewer.workspaceId })).toBe('failed')
    expect([audio.history.length, await row()]).toEqual([1, expect.objectContaining({ sound_state: 'pending' })])
  })

  test('prepared twice at once is made twice and told of once', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    audio.answerNext({ durationMs: 2_500 })
    audio.answerNext({ durationMs: 2_500 })
    expect(await Promise.all([prepare(), prepare()])).toEqual(['ready', 'ready'])
    expect([await row(), keys()]).toEqual([READY, [key, `${key}.mp3`, `${key}.wav`]])
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toHaveLength(1)
  })

  test.each(['truncated', 'unsupported_codec', 'hostile'] as const)('that is %s fails at once', async (refusal) => {
    const before = await headOf(kit.world, kit.workspaceId)
    audio.answerNext(new AudioError(refusal, 'x'))
    expect(await prepare()).toBe('failed')
    expect(await row()).toMatchObject({ sound_state: 'failed', sound_failure: refusal, mp3_size: null })
    expect(await prepare()).toBe('failed')
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'answer.soundFailed', { linkId: link.id, responseId, answerId, reason: refusal }],
    ])
  })

  test('that may go better later is tried again, and fails the last time', async () => {
    audio.answerNext(new AudioError('unavailable', 'busy'))
    await expect(prepare()).rejects.toThrow('busy')
    expect(await row()).toMatchObject({ sound_state: 'pending' })
    const gone = { ...storage, read: async () => undefined }
    await expect(prepare({ storage: gone })).rejects.toThrow('not in storage')
    audio.answerNext(new AudioError('unavailable', 'busy'))
    expect(await prepare({ last: true })).toBe('failed')
    expect(await row()).toMatchObject({ sound_state: 'failed', sound_failure: 'unavailable' })
  })

  test('that one gave up and another has made is ready', async () => {
    let made: Promise<string> | undefined
    const meanwhile = {
      ...storage,
      async read(name: string) {
        made = prepare()
        await made
        return storage.read(name).then(() => Promise.reject(new Error('away')))
      },
    }
    expect(await prepare({ storage: meanwhile, last: true })).toBe('ready')
    expect([await made, await row()]).toEqual(['ready', expect.objectContaining({ sound_state: 'ready' })])
  })

  test('whose preparation is stopped stays pending', async () => {
    const stop = new AbortController()
    const stopping = {
      ...storage,
      write: async () => {
        stop.abort(new Error('the server stops'))
        throw new Error('whatever')
      },
    }
    await expect(prepare({ storage: stopping, signal: stop.signal, last: true })).rejects.toThrow('the server stops')
    expect(await row()).toMatchObject({ sound_state: 'pending' })
  })
})

describe('when the process dies', () => {
  test.each(['first', 'second'])('after writing the %s form, another makes all of it', async (which) => {
    let writes = 0
    const dying: Storage = {
      ...storage,
      async write(name, source) {
        await storage.write(name, source)
        if (++writes === (which === 'first' ? 1 : 2)) throw new Error('the process died')
      },
    }
    await expect(prepare({ storage: dying })).rejects.toThrow('died')
    expect(await row()).toMatchObject({ sound_state: 'pending', mp3_size: null })
    audio.answerNext({ durationMs: 2_500 })
    expect([await prepare(), await row()]).toEqual(['ready', READY])
  })

  test('while the recording is taken back, no form of it is left', async () => {
    // Dies after the sweep has passed, having written one form more.
    const dying: Storage = {
      ...storage,
      async write(name, source) {
        await clearAnswer(kit.world, kit.signer, link, { token, fieldKey: 'voice' })
        expect(await sweepUploads(kit.world, storage)).toBe(1)
        expect(keys()).toEqual([])
        await storage.write(name, source)
        throw new Error('the process died')
      },
    }
    await expect(prepare({ storage: dying })).rejects.toThrow('died')
    expect(keys()).toEqual([`${key}.mp3`])
    kit.clock.advance(2 * HOUR)
    await sweepUploads(kit.world, storage)
    expect([keys(), await row()]).toEqual([[], undefined])
  })
})

describe('a recording that is replaced', () => {
  test('meanwhile: what was made of it is thrown away', async () => {
    const before = await headOf(kit.world, kit.workspaceId)
    const slow: Storage = {
      ...storage,
      async write(name, source) {
        if (name.endsWith('.mp3')) {
          await clearAnswer(kit.world, kit.signer, link, { token, fieldKey: 'voice' })
          await sweepUploads(kit.world, storage)
        }
        await storage.write(name, source)
      },
    }
    expect(await prepare({ storage: slow })).toBe('failed')
    expect(keys()).toEqual([])
    expect((await eventsAfter(kit.world, kit.workspaceId, before)).map(([, type]) => type)).toEqual([])
    kit.clock.advance(2 * HOUR)
    await sweepUploads(kit.world, storage)
    expect(await row()).toBeUndefined()
  })

  test('later goes with its forms', async () => {
    await prepare()
    const second = await upload()
    kit.clock.advance(2 * HOUR)
    await sweepUploads(kit.world, storage)
    expect(keys()).toEqual([`uploads/${kit.workspaceId}/${second.uploadId}`])
    expect(await row()).toBeUndefined()
  })

  test('is not prepared any more', async () => {
    await clearAnswer(kit.world, kit.signer, link, { token, fieldKey: 'voice' })
    expect(await prepare()).toBe('failed')
    expect(audio.history).toHaveLength(1)
  })
})
