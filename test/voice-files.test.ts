import { connect } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { createMp3Encoder } from 'wasm-media-encoders'
import { sql } from '../src/db/sql.ts'
import { createAudio, encodeWav } from '../src/providers/audio/index.ts'
import { testApp } from './kit/app.ts'
import { until } from './kit/world.ts'

/** Voice files from end to end: a whole server with its queue, its voices, its converters and its storage. */
const app = await testApp({ MAX_UPLOAD_MB: '1' })
const audio = createAudio({ workers: 1, timeoutMs: 60_000, maxDurationMs: 60_000, maxBytes: 10_000_000 })
afterAll(() => audio.close())

const FIELDS = `id uuid legacyId name kind status failureReason failureMessage durationSeconds mediaType size mp3Size wavSize
  mp3Url wavUrl originalUrl fileName text voiceCode sha256`

const wav = Buffer.from(
  encodeWav(
    Int16Array.from({ length: 24_000 }, (_, n) => 8_000 * Math.sin(n / 8)),
    16_000,
  ),
)
const encoder = await createMp3Encoder()
encoder.configure({ sampleRate: 44_100, channels: 1, bitrate: 64 })
const tone = Float32Array.from({ length: 44_100 }, (_, n) => 0.5 * Math.sin(n / 9))
const mp3 = Buffer.concat([encoder.encode([tone]).slice(), encoder.finalize().slice()])
const garbage = Buffer.from('this is a letter, and not a sound')

const send = (body: BodyInit, headers: Record<string, string> = {}, query = '', key: string | null = app.key) =>
  fetch(new URL(`/voice-files${query}`, app.localUrl), {
    method: 'POST',
    body,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
  })

function form(...files: [name: string, bytes: Buffer, part?: string][]): FormData {
  const data = new FormData()
  for (const [name, bytes, part = 'files'] of files) data.append(part, new Blob([new Uint8Array(bytes)]), name)
  return data
}

async function settled(legacyId: number): Promise<Record<string, any>> {
  let file: Record<string, any> = {}
  await until(
    async () => {
      const { data } = await app.graphql(
        `query ($id: String!) { nodeByLegacyId(system: MULTISENDER, type: VOICE_FILE, id: $id) { ... on VoiceFile { ${FIELDS} } } }`,
        { id: String(legacyId) },
      )
      file = data!.nodeByLegacyId
      return file.status !== 'PENDING'
    },
    'the voice file is settled',
    60_000,
  )
  return file
}

const ids = async () =>
  (await app.db.query<{ id: string }>(sql`SELECT id FROM voice_file ORDER BY id`)).map((row) => row.id)
/** What is there now and was not before. A file of an earlier test that was deleted may be swept meanwhile. */
const madeSince = async (before: readonly string[]) => (await ids()).filter((id) => !before.includes(id))

/** The types and payloads of what a subscription tells, from before `act` until `enough` of them are there. */
async function told(enough: number, act: () => Promise<unknown>): Promise<{ type: string; voiceFile: any }[]> {
  const { data } = await app.graphql('{ eventCursor }')
  const end = new AbortController()
  const response = await fetch(new URL('/graphql', app.localUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${app.key}`, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({
      query: `subscription ($after: String) {
        events(after: $after, types: [VOICE_FILE_CREATED, VOICE_FILE_READY, VOICE_FILE_FAILED, VOICE_FILE_UPDATED, VOICE_FILE_DELETED]) {
          type payload voiceFile { uuid mp3Url }
        }
      }`,
      variables: { after: data!.eventCursor },
    }),
    signal: end.signal,
  })
  const events: { type: string; voiceFile: any }[] = []
  await act()
  let text = ''
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString()
    const lines = text.split('\n')
    text = lines.pop()!
    for (const line of lines) {
      const next = line.startsWith('data: {') ? JSON.parse(line.slice(6)) : undefined
      if (next?.data?.events) events.push(next.data.events)
    }
    if (events.length >= enough) break
  }
  end.abort()
  return events
}

describe('an upload', () => {
  it('of two files makes two voice files, of which one is none', { timeout: 60_000 }, async () => {
    const response = await send(form(['Greeting.wav', wav], ['letter.mp3', garbage]))
    expect(response.status).toBe(201)
    const { voiceFiles } = (await response.json()) as { voiceFiles: Record<string, any>[] }
    expect(voiceFiles).toEqual([
      {
        ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), legacyId: expect.any(Number), name: 'Greeting' },
        ...{ fileName: 'Greeting.wav', size: wav.length, status: 'pending' },
      },
      expect.objectContaining({ name: 'letter', size: garbage.length }),
    ])
    const good = await settled(voiceFiles[0]!.legacyId)
    expect(good).toMatchObject({
      ...{ uuid: voiceFiles[0]!.id, status: 'READY', kind: 'UPLOAD', failureReason: null, durationSeconds: 1.5 },
      ...{ mediaType: 'audio/wav', size: wav.length, fileName: 'Greeting.wav', text: null, voiceCode: null },
    })
    const bad = await settled(voiceFiles[1]!.legacyId)
    expect(bad).toMatchObject({
      ...{ status: 'FAILED', failureReason: 'NOT_AUDIO', durationSeconds: null, mediaType: null },
      ...{ failureMessage: 'the file is of no kind of audio that is known' },
      ...{ mp3Url: null, wavUrl: null, originalUrl: null },
    })
  })

  it('of an MP3 as the whole body becomes what can be played', { timeout: 60_000 }, async () => {
    const response = await send(new Uint8Array(mp3), { 'content-type': 'audio/mpeg' }, '?filename=song.mp3')
    expect(response.status).toBe(201)
    const { voiceFiles } = (await response.json()) as { voiceFiles: Record<string, any>[] }
    const file = await settled(voiceFiles[0]!.legacyId)
    expect(file).toMatchObject({ status: 'READY', name: 'song', mediaType: 'audio/mpeg' })
    for (const [url, type, size] of [
      [file.mp3Url, 'audio/mpeg', file.mp3Size],
      [file.wavUrl, 'audio/wav', file.wavSize],
      [file.originalUrl, 'audio/mpeg', mp3.length],
    ]) {
      const address = new URL(new URL(url).pathname + new URL(url).search, app.localUrl)
      const whole = await fetch(address)
      expect([whole.status, whole.headers.get('content-type')]).toEqual([200, type])
      const bytes = Buffer.from(await whole.arrayBuffer())
      expect(bytes.length).toBe(size)
      expect((await audio.inspect(bytes)).durationMs).toBeCloseTo(file.durationSeconds * 1_000, -2)
      const part = await fetch(address, { headers: { range: 'bytes=100-199' } })
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-199/${size}`])
      expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(100, 200))
      expect((await fetch(address, { headers: { range: `bytes=${size}-` } })).status).toBe(416)
      const head = await fetch(address, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)])
      // Signed for this form of this file, and for nothing else.
      const other = new URL(address)
      other.pathname = other.pathname.replace(/[^/]+$/, type === 'audio/wav' ? 'audio.mp3' : 'audio-8khz.wav')
      expect((await fetch(other)).status).toBe(403)
      other.pathname = other.pathname.replace(/[^/]+$/, 'audio.ogg')
      expect((await fetch(other)).status).toBe(404)
    }
    const { data } = await app.graphql(
      'mutation ($input: DeleteVoiceFileInput!) { deleteVoiceFile(input: $input) { ... on DeleteVoiceFilePayload { deletedVoiceFileId } } }',
      { input: { id: file.id } },
    )
    expect(data!.deleteVoiceFile.deletedVoiceFileId).toBe(file.id)
    const { pathname, search } = new URL(file.mp3Url)
    expect((await fetch(new URL(pathname + search, app.localUrl))).status).toBe(404)
    const gone = await app.graphql('query ($id: ID!) { voiceFile(id: $id) { id } node(id: $id) { id } }', {
      id: file.id,
    })
    expect(gone.data).toEqual({ voiceFile: null, node: null })
  })

  it.each<[string, () => Promise<Response>, number, string, unknown[]]>([
    ['too large', () => send(form(['a', wav], ['b', Buffer.alloc(1_000_001)])), 413, 'UPLOAD_REJECTED', ['files', 1]],
    ['too large of itself', () => send(new Uint8Array(1_200_000)), 413, 'UPLOAD_REJECTED', ['files']],
    ['empty', () => send(form(['a', Buffer.alloc(0)])), 400, 'UPLOAD_REJECTED', ['files', 0]],
    ['without a body', () => send(''), 400, 'UPLOAD_REJECTED', ['files', 0]],
    ['in another part', () => send(form(['a', wav, 'file'])), 400, 'VALIDATION_FAILED', ['body']],
    ['without a file', () => send(form()), 400, 'VALIDATION_FAILED', ['files']],
    [
      'broken',
      () => send('--x\r\ncontent-disp', { 'content-type': 'multipart/form-data; boundary=x' }),
      ...([400, 'VALIDATION_FAILED', ['body']] as [number, string, unknown[]]),
    ],
    [
      'without a boundary',
      () => send('x', { 'content-type': 'multipart/form-data' }),
      ...([400, 'VALIDATION_FAILED', ['body']] as [number, string, unknown[]]),
    ],
    ['without a key', () => send(form(['a', wav]), {}, '', null), 401, 'UNAUTHENTICATED', []],
    ['with a wrong key', () => send(form(['a', wav]), {}, '', 'sk_live_wrong'), 401, 'UNAUTHENTICATED', []],
  ])('that is %s is refused and leaves nothing', async (_, attempt, status, code, path) => {
    const before = await ids()
    const response = await attempt()
    const { error } = (await response.json()) as { error: Record<string, unknown> }
    expect([response.status, error]).toEqual([
      status,
      expect.objectContaining({ code, path, message: expect.stringMatching(/\w/), retryable: false }),
    ])
    expect(await madeSince(before)).toEqual([])
  })

  it('needs its scope', async () => {
    const { data } = await app.graphql(
      'mutation { createApiKey(input: { name: "reader", scopes: [VOICE_FILES_READ] }) { ... on CreateApiKeyPayload { key } } }',
    )
    const response = await send(form(['a', wav]), {}, '', data!.createApiKey.key)
    const { error } = (await response.json()) as { error: Record<string, unknown> }
    expect([response.status, error.code]).toEqual([403, 'INSUFFICIENT_SCOPE'])
  })

  it('that breaks off leaves nothing', async () => {
    const before = await ids()
    const arrivals = () =>
      app.db.query<{ discarded: boolean }>(sql`SELECT discarded FROM voice_file_arrival WHERE NOT discarded`)
    const socket = connect(Number(app.localUrl.port), app.localUrl.hostname)
    socket.on('error', () => {})
    socket.write(
      `POST /voice-files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${app.key}\r\ncontent-type: audio/wav\r\ncontent-length: ${wav.length}\r\n\r\n`,
    )
    socket.write(wav.subarray(0, 10_000))
    await until(async () => (await arrivals()).length === 1, 'the upload has begun')
    socket.destroy()
    await until(async () => (await arrivals()).length === 0, 'the upload is given up')
    expect(await madeSince(before)).toEqual([])
  })
})

describe('speech', () => {
  it('is told of, and plays as long in every form', { timeout: 60_000 }, async () => {
    const { data: offered } = await app.graphql('{ voices { code language gender description } }')
    expect(offered!.voices).toContainEqual({
      ...{ code: 'fi-female', language: 'fi', gender: 'FEMALE', description: 'Finnish, female' },
    })
    let made: Record<string, any> = {}
    const events = await told(2, async () => {
      const { data } = await app.graphql(
        `mutation ($input: CreateSpeechInput!) { createSpeech(input: $input) {
          ... on CreateSpeechPayload { voiceFile { ${FIELDS} } } ... on Error { message }
        } }`,
        { input: { name: 'Hello', text: 'Hyvää huomenta, täällä soittaa naapuri.', voiceCode: 'fi-female' } },
      )
      made = data!.createSpeech.voiceFile
      expect(made).toMatchObject({ status: 'PENDING', mp3Url: null, kind: 'SPEECH', voiceCode: 'fi-female' })
    })
    expect(events.map(({ type, voiceFile }) => [type, voiceFile.uuid])).toEqual([
      ['VOICE_FILE_CREATED', made.uuid],
      ['VOICE_FILE_READY', made.uuid],
    ])
    const file = await settled(made.legacyId)
    expect(file.durationSeconds).toBeGreaterThan(1)
    for (const url of [file.mp3Url, file.wavUrl, file.originalUrl]) {
      const { pathname, search } = new URL(url)
      const bytes = Buffer.from(await (await fetch(new URL(pathname + search, app.localUrl))).arrayBuffer())
      const { durationMs, silent } = await audio.inspect(bytes)
      expect(Math.abs(durationMs - file.durationSeconds * 1_000)).toBeLessThanOrEqual(50)
      expect(silent).toBe(false)
    }
  })

  it('that cannot be is told of with its reason, and so are changes and deletion', { timeout: 60_000 }, async () => {
    let id = ''
    const failed = await told(2, async () => {
      id = ((await (await send(form(['x.wav', garbage]))).json()) as any).voiceFiles[0].id
    })
    expect(failed.at(-1)).toEqual({
      ...{ type: 'VOICE_FILE_FAILED', payload: { voiceFileId: id, reason: 'not_audio' } },
      voiceFile: { uuid: id, mp3Url: null },
    })
    const global = Buffer.from(`VoiceFile:${id}`).toString('base64url')
    const changed = await told(2, async () => {
      await app.graphql('mutation ($id: ID!) { updateVoiceFile(input: { id: $id, name: "Y" }) { __typename } }', {
        id: global,
      })
      await app.graphql('mutation ($id: ID!) { deleteVoiceFile(input: { id: $id }) { __typename } }', { id: global })
    })
    expect(changed.map(({ type }) => type)).toEqual(['VOICE_FILE_UPDATED', 'VOICE_FILE_DELETED'])
  })

  it('is refused by a server that cannot speak', async () => {
    const dumb = await testApp({ SPEECH: 'none' })
    const { data } = await dumb.graphql(`{ voices { code } }`)
    expect(data).toEqual({ voices: [] })
    const { data: refused } = await dumb.graphql(
      `mutation { createSpeech(input: { name: "x", text: "Hello", voiceCode: "en" }) { __typename ... on Error { code retryable } } }`,
    )
    expect(refused!.createSpeech).toEqual({
      ...{ __typename: 'UnavailableError', code: 'SPEECH_UNAVAILABLE', retryable: false },
    })
  })
})

describe('the list', () => {
  it('is filtered by status, and leaves out what was deleted', async () => {
    const { data } = await app.graphql(
      `{ ready: voiceFiles(first: 100, status: READY) { totalCount nodes { status } }
         failed: voiceFiles(first: 100, status: FAILED) { totalCount nodes { status } }
         all: voiceFiles(first: 100) { totalCount nodes { createdAt } } }`,
    )
    const { ready, failed, all } = data!
    expect([ready.totalCount, failed.totalCount, all.totalCount]).toEqual([2, 1, 3])
    expect(new Set(ready.nodes.map((file: { status: string }) => file.status))).toEqual(new Set(['READY']))
    const instants = all.nodes.map((file: { createdAt: string }) => file.createdAt)
    expect(instants).toEqual(instants.toSorted().toReversed())
  })
})
