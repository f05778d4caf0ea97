import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/kit/world.ts'
import { createAudio, encodeWav } from '../providers/audio/index.ts'
import { FIXTURES } from '../providers/audio/test-fixtures.ts'
import { growingWebm } from '../providers/audio/test-growing.ts'
import { fakeTranscription, TranscriptionError } from '../providers/transcription/index.ts'
import { startTestServer } from './test-server.ts'

const audio = createAudio({ workers: 1, timeoutMs: 15_000, maxDurationMs: 60_000, maxBytes: 30_000_000 })
afterAll(() => audio.close())
let engine = fakeTranscription()
const server = await startTestServer({
  audio,
  transcription: {
    ...engine,
    get isLive() {
      return isLive
    },
    transcribe: (request) => engine.transcribe(request),
  },
})
let isLive = true
let links = 0
beforeEach(() => {
  engine = fakeTranscription()
  isLive = true
})

async function opened(
  settings: Record<string, unknown> = { live_transcription: true },
  language: string | null = null,
) {
  const slug = `live-${++links}`
  await server.addLink({ name: 'Live', slug, settings, language, questions: [{ prompt: 'Voice', type: 'text' }] })
  const url = `${server.url}/w/acme/i/${slug}`
  const { session } = await (await fetch(`${url}/sessions`, { method: 'POST' })).json()
  const draft = async (body: Uint8Array, token: string | null = session) => {
    const response = await fetch(`${url}/session/live-transcript`, {
      method: 'POST',
      headers: { 'content-type': 'audio/webm', ...(token === null ? {} : { authorization: `Session ${token}` }) },
      body: body as Uint8Array<ArrayBuffer>,
    })
    return { status: response.status, headers: response.headers, ...((await response.json()) as Record<string, any>) }
  }
  return { url, session: session as string, draft }
}

test('what is there of a recording that grows is heard, and nothing of it is kept', async () => {
  const { draft } = await opened()
  const heard: number[] = []
  const grown = growingWebm()
  for (const piece of [3, 20, 40, grown.length - 1]) {
    engine.hearNext({ text: `heard ${piece}` })
    expect(await draft(grown[piece]!)).toMatchObject({ status: 200, text: `heard ${piece}` })
    heard.push(engine.history.at(-1)!.bytes)
  }
  expect(heard).toEqual(heard.toSorted((a, b) => a - b))
  expect(new Set(heard).size).toBeGreaterThan(2)
  expect(await server.files()).toEqual([])
})

test('the engine is told what is probably spoken', async () => {
  for (const language of ['fi', null]) {
    const { draft } = await opened(undefined, language)
    await draft(FIXTURES.webm)
    expect(engine.history.at(-1)).toMatchObject({ language })
  }
})

test('before the first words there is nothing, and the engine is not asked', async () => {
  const { draft } = await opened()
  const silence = encodeWav(new Int16Array(16_000), 16_000)
  for (const body of [FIXTURES.webm.subarray(0, 20), new Uint8Array(0), silence]) {
    expect(await draft(body)).toMatchObject({ status: 200, text: '' })
  }
  engine.hearNext(new TranscriptionError('unsupported_language', 'x'))
  expect(await draft(FIXTURES.webm)).toMatchObject({ status: 200, text: '' })
  expect(engine.history).toHaveLength(1)
})

test('only where the link says so and the engine is quick enough', async () => {
  const { draft } = await opened({})
  expect(await draft(FIXTURES.webm)).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } })
  const live = await opened()
  isLive = false
  expect(await live.draft(FIXTURES.webm)).toMatchObject({ status: 404, error: { code: 'NOT_FOUND' } })
})

test('only for an open session', async () => {
  const { draft, url, session } = await opened()
  expect(await draft(FIXTURES.webm, null)).toMatchObject({ status: 401, error: { code: 'UNAUTHENTICATED' } })
  expect(await draft(FIXTURES.webm, 'x')).toMatchObject({ status: 404 })
  await fetch(`${url}/session/submit`, { method: 'POST', headers: { authorization: `Session ${session}` } })
  expect(await draft(FIXTURES.webm)).toMatchObject({ status: 409, error: { code: 'SESSION_COMPLETED' } })
})

test('what is no recording, or too much of one, is refused', async () => {
  const { draft } = await opened()
  expect(await draft(Buffer.from('hello'.repeat(1_000)))).toMatchObject({
    error: { code: 'UPLOAD_REJECTED', rule: 'not_audio', path: ['body'] },
  })
  expect(await draft(Buffer.alloc(10_000_001))).toMatchObject({
    ...{ status: 413, error: { code: 'UPLOAD_REJECTED', rule: 'too_large' } },
  })
})

test('one at a time for a session; others do not wait for it', async () => {
  const { draft } = await opened()
  const other = await opened()
  const release = engine.hold()
  const first = draft(FIXTURES.webm)
  await until(() => engine.history.length === 1, 'the first is heard')
  const second = await draft(FIXTURES.webm)
  expect(second).toMatchObject({ status: 429, error: { code: 'RATE_LIMITED', retryAfter: 5 } })
  expect(second.headers.get('retry-after')).toBe('5')
  const third = other.draft(FIXTURES.webm)
  await until(() => engine.history.length === 2, 'the other is heard')
  release()
  expect([(await first).status, (await third).status, (await draft(FIXTURES.webm)).status]).toEqual([200, 200, 200])
})

test('an engine that is away or busy is told as that', async () => {
  const { draft } = await opened()
  engine.hearNext(new TranscriptionError('unavailable', 'x', { retryable: true }))
  expect(await draft(FIXTURES.webm)).toMatchObject({ status: 429, error: { retryable: true } })
})

test('a page that is left ends the work, whether it was sending or waiting', async () => {
  const { draft, url, session } = await opened()
  const headers = { authorization: `Session ${session}`, 'content-type': 'audio/webm', 'content-length': '100000' }
  const sending = httpRequest(`${url}/session/live-transcript`, { method: 'POST', headers })
  sending.on('error', () => {})
  sending.write(FIXTURES.webm)
  await sleep(100)
  expect((await draft(FIXTURES.webm)).status).toBe(429)
  sending.destroy()
  await until(async () => (await draft(FIXTURES.webm)).status === 200, 'the session is free')
  engine.hold()
  const before = engine.history.length
  const leaving = new AbortController()
  const waiting = fetch(`${url}/session/live-transcript`, {
    ...{ method: 'POST', signal: leaving.signal, body: FIXTURES.webm as Uint8Array<ArrayBuffer> },
    headers: { authorization: `Session ${session}`, 'content-type': 'audio/webm' },
  })
  waiting.catch(() => {})
  await until(() => engine.history.length > before, 'it is heard')
  leaving.abort()
  engine = fakeTranscription()
  await until(async () => (await draft(FIXTURES.webm)).status === 200, 'the session is free again')
})
