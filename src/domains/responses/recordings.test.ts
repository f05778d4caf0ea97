import { afterAll, beforeAll, expect, test } from 'vitest'
import { toneMp3, toneWav } from '../../../test/kit/sound.ts'
import { loadLink, refusal, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createAudio } from '../../providers/audio/index.ts'
import { FIXTURES } from '../../providers/audio/test-fixtures.ts'
import { makeWav, sine } from '../../providers/audio/test-wav.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import { prepareSound } from '../analysis/prepare-sound.ts'
import { createLink, type LinkRow } from '../links/index.ts'
import { openSession, uploadAnswer } from './index.ts'

/** Without ffmpeg, so that AAC and Vorbis are known but not decoded, as on a server that does not have it. */
const audio = createAudio({ workers: 1, timeoutMs: 30_000, maxDurationMs: 60_000, maxBytes: 10_000_000 })
afterAll(() => audio.close())
const storage = memoryStorage()
const mp3 = await toneMp3(2)
/** With the frame in which an encoder says how much it wrote; without it a cut cannot be told from an end. */
const told = (await audio.convert(toneWav(2), ['mp3'])).files.mp3

let kit: TestWorld
let link: LinkRow
let token: string

beforeAll(async () => {
  kit = await testWorld()
  const { id } = await createLink(kit.world, kit.viewer, {
    name: 'Recordings',
    questions: [{ prompt: 'Voice', type: 'voice', configuration: { max_duration: 30 } }],
  })
  link = await loadLink(kit.world, kit.workspaceId, id)
  ;({ token } = await openSession(kit.world, kit.signer, link, { channel: 'web' }))
})

const upload = (bytes: Uint8Array, fileName: string | null = null) =>
  uploadAnswer({ ...kit, storage, audio, maxUploadBytes: 10_000_000 }, link, {
    ...{ token, fieldKey: 'voice', fileName },
    source: (async function* () {
      if (bytes.length > 0) yield bytes
    })(),
  })
const rowOf = async (uploadId: string) =>
  (
    await kit.db.query<{ media_type: string; duration_seconds: number | null; sound_state: string; failure: string }>(
      sql`SELECT media_type, duration_seconds, sound_state::text, sound_failure AS failure FROM upload
          WHERE id = ${uploadId}::uuid`,
    )
  )[0]!

test.each<[string, Uint8Array, string, number | null]>([
  ['of a browser, whose header has no length', FIXTURES.webm, 'audio/webm', 1],
  ['as Ogg', FIXTURES.ogg, 'audio/ogg', 1],
  ['as MP4 with Opus', FIXTURES.mp4, 'audio/mp4', 1],
  ['as MP3', mp3, 'audio/mpeg', 2],
  ['as WAV', toneWav(3), 'audio/wav', 3],
  ['a little longer than its question allows', toneWav(34), 'audio/wav', 34],
])('a recording %s is taken, with its length, and prepared', async (_, bytes, mediaType, seconds) => {
  const { uploadId } = await upload(bytes)
  const row = await rowOf(uploadId)
  expect(row).toMatchObject({ media_type: mediaType, sound_state: 'pending' })
  expect(Math.abs(row.duration_seconds! - seconds!)).toBeLessThan(0.1)
  const options = { signal: new AbortController().signal, last: false }
  const deps = { world: kit.world, storage, audio }
  expect(await prepareSound(deps, { workspaceId: kit.workspaceId, uploadId }, options)).toBe('ready')
  const key = `uploads/${kit.workspaceId}/${uploadId}`
  const made = await audio.inspect(storage.objects.get(`${key}.mp3`)!)
  expect(made).toMatchObject({ container: 'mp3', silent: false })
  expect(await audio.inspect(storage.objects.get(`${key}.wav`)!)).toMatchObject({ sampleRate: 16_000, channels: 1 })
})

test.each<[string, Uint8Array, string]>([
  ['AAC, as Safari makes it', FIXTURES.m4a, 'audio/mp4'],
  ['Vorbis', FIXTURES.vorbis, 'audio/ogg'],
])('%s is taken where it cannot be decoded, and settled as such', async (_, bytes, mediaType) => {
  const { uploadId } = await upload(bytes)
  expect(await rowOf(uploadId)).toMatchObject({ media_type: mediaType, duration_seconds: null, sound_state: 'pending' })
  const options = { signal: new AbortController().signal, last: false }
  const deps = { world: kit.world, storage, audio }
  expect(await prepareSound(deps, { workspaceId: kit.workspaceId, uploadId }, options)).toBe('failed')
  expect(await rowOf(uploadId)).toMatchObject({ sound_state: 'failed', failure: 'unsupported_codec' })
})

test.each<[string, Uint8Array, string | null, string]>([
  ['of no bytes', new Uint8Array(), 'a.webm', 'empty'],
  ['that is text with another name', Buffer.from('no sound at all'), 'a.webm', 'type_not_allowed'],
  ['that is noise', Buffer.from([1, 2, 3, 0, 5]), 'a.wav', 'type_not_allowed'],
  ['that is a film without sound', FIXTURES.video, 'a.mp4', 'not_audio'],
  ['of silence', makeWav(new Float32Array(16_000)), null, 'silent'],
  ['of one second that promises 4 GB', makeWav(sine(440, 8_000), { claimedBytes: 0xfffffff0 }), null, 'truncated'],
  ['of a header and nothing else', makeWav(new Float32Array()), null, 'empty'],
  [
    'with 60000 channels',
    makeWav(sine(440, 8_000), { patch: (format) => format.writeUInt16LE(60_000, 2) }),
    null,
    'hostile',
  ],
  ['cut off in the middle, as Ogg', FIXTURES.ogg.subarray(0, FIXTURES.ogg.length / 2), null, 'truncated'],
  ['cut off in the middle, as MP4', FIXTURES.mp4.subarray(0, FIXTURES.mp4.length / 2), null, 'truncated'],
  ['cut off in the middle, as MP3 that says how long it is', told.subarray(0, told.length / 2), null, 'truncated'],
  ['longer than its question allows', toneWav(36), null, 'too_long'],
  ['longer than the server allows', toneWav(61), null, 'too_long'],
])('a recording %s is refused', async (_, bytes, fileName, rule) => {
  expect(await refusal(upload(bytes, fileName))).toMatchObject({ code: 'UPLOAD_REJECTED', details: { rule } })
})
