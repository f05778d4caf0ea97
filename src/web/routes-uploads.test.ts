import { createHash, randomBytes } from 'node:crypto'
import { type ClientRequest, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { until } from '../../test/kit/world.ts'
import { sql } from '../db/sql.ts'
import { deleteLink } from '../domains/links/index.ts'
import { sweepUploads } from '../domains/responses/index.ts'
import { AudioError, fakeAudio } from '../providers/audio/index.ts'
import { PDF, WAV, wav } from './test-files.ts'
import { startTestServer } from './test-server.ts'

const MAX = 20_000_000
const HOUR = 3_600_000
const audio = fakeAudio()
const server = await startTestServer({ maxUploadBytes: MAX, audio })
const { id: linkId } = await server.addLink({
  name: 'Pieces',
  questions: [
    { prompt: 'Voice', type: 'voice' },
    { prompt: 'File', type: 'file_upload' },
    { prompt: 'Small', type: 'file_upload', configuration: { allowed_types: ['pdf'], max_size_mb: 0.001 } },
    { prompt: 'Text', type: 'text' },
  ],
})
const base = '/i/pieces/session'

interface Answer {
  status: number
  headers: Headers
  /** Read freely: what is not there fails the expectation. */
  body: any
}

async function call(path: string, method: string, session: string, headers: object = {}, body?: Uint8Array) {
  const response = await fetch(server.url + path, {
    method,
    body: body as BodyInit,
    headers: { 'tus-resumable': '1.0.0', authorization: `Session ${session}`, ...headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null } as Answer
}
async function open(slug = 'pieces'): Promise<{ session: string; responseId: string }> {
  const response = await fetch(`${server.url}/i/${slug}/sessions`, { method: 'POST' })
  return (await response.json()) as { session: string; responseId: string }
}
async function create(session: string, fieldKey: string, length: number, headers: object = {}) {
  const made = await call(`${base}/answers/${fieldKey}/uploads`, 'POST', session, {
    ...{ 'upload-length': String(length), ...headers },
  })
  expect([made.status, made.headers.get('tus-resumable')]).toEqual([201, '1.0.0'])
  return made.headers.get('location')!
}
const patch = (location: string, session: string, offset: number, body: Uint8Array, headers: object = {}) =>
  call(
    location,
    'PATCH',
    session,
    {
      ...{ 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream', ...headers },
    },
    body,
  )
const stands = async (location: string, session: string) => {
  const { status, headers } = await call(location, 'HEAD', session)
  return [status, headers.get('upload-offset'), headers.get('upload-length')]
}
const refused = ({ status, body }: Answer) => [status, body.error.code, body.error.rule]

async function storedOf(responseId: string, fieldKey: string): Promise<Buffer | undefined> {
  const [row] = await server.world.db.query<{ storage_key: string; sha256: string }>(
    sql`SELECT u.storage_key, u.sha256 FROM answer a JOIN upload u ON u.id = a.upload_id
        WHERE a.response_id = ${responseId}::uuid AND a.field_key = ${fieldKey} AND u.state = 'ready'`,
  )
  if (!row) return undefined
  const bytes = await buffer((await server.storage.read(row.storage_key))!.stream)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.sha256)
  return bytes
}
const pieces = async (responseId: string) => {
  const [row] = await server.world.db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM upload_piece p JOIN upload u ON u.id = p.upload_id
        WHERE u.response_id = ${responseId}::uuid`,
  )
  return row!.count
}

/** A PATCH that announces all of `body` and sends `sent` bytes of it; whoever has it may cut it off. */
function begin(location: string, session: string, offset: number, body: Uint8Array, sent: number): ClientRequest {
  const sending = request(server.url + location, {
    method: 'PATCH',
    headers: {
      ...{ 'tus-resumable': '1.0.0', authorization: `Session ${session}`, 'upload-offset': String(offset) },
      ...{ 'content-type': 'application/offset+octet-stream', 'content-length': String(body.length) },
    },
  })
  sending.on('error', () => {})
  sending.write(body.subarray(0, sent))
  return sending
}

describe('an upload in pieces', () => {
  it('becomes the answer with its last byte, as the plain one does', async () => {
    const { session, responseId } = await open()
    const metadata = { 'upload-metadata': `filetype YQ==,filename ${Buffer.from('C:\\réçu.wav').toString('base64')}` }
    const location = await create(session, 'voice', WAV.length, metadata)
    expect(location).toMatch(/^\/i\/pieces\/session\/uploads\/[0-9a-f-]{36}$/)
    expect(await stands(location, session)).toEqual([200, '0', String(WAV.length)])
    const first = await patch(location, session, 0, WAV.subarray(0, 100))
    expect([first.status, first.headers.get('upload-offset'), first.body]).toEqual([204, '100', null])
    expect(await server.answers(responseId)).toEqual([])
    expect(await stands(location, session)).toEqual([200, '100', String(WAV.length)])
    const last = await patch(location, session, 100, WAV.subarray(100))
    expect(last.status).toBe(200)
    expect(last.headers.get('upload-offset')).toBe(String(WAV.length))
    expect(last.body).toEqual({ answerId: expect.any(String), visible: ['voice', 'file', 'small', 'text'] })
    expect(await storedOf(responseId, 'voice')).toEqual(WAV)
    const state = await call(base, 'GET', session)
    expect(state.body.answers.voice.upload).toEqual({ fileName: 'réçu.wav', mediaType: 'audio/wav', size: WAV.length })
    expect(await pieces(responseId)).toBe(0)
    // Who has not heard of it asks, and is told that all is here.
    expect(await stands(location, session)).toEqual([200, String(WAV.length), String(WAV.length)])
    expect((await patch(location, session, WAV.length, new Uint8Array())).status).toBe(204)
    expect(refused(await patch(location, session, WAV.length, WAV))).toEqual([413, 'UPLOAD_REJECTED', 'too_large'])
  })

  it('may be large, and its bytes are those that were sent', async () => {
    const { session, responseId } = await open()
    const bytes = randomBytes(9_500_001)
    const location = await create(session, 'file', bytes.length)
    expect((await patch(location, session, 0, bytes)).status).toBe(200)
    expect(bytes.equals((await storedOf(responseId, 'file'))!)).toBe(true)
    expect(await pieces(responseId)).toBe(0)
  })

  it('keeps what came of a PATCH whose connection breaks, and goes on there', async () => {
    const { session, responseId } = await open()
    const bytes = randomBytes(9_000_000)
    const location = await create(session, 'file', bytes.length)
    const cut = begin(location, session, 0, bytes, 6_500_000)
    // What is kept while it comes, for the case that the server dies; the rest when the connection is gone.
    await until(async () => Number((await stands(location, session))[1]) >= 4_000_000, 'a first piece is kept')
    await until(() => cut.socket?.writableLength === 0, 'all was sent')
    cut.destroy()
    await until(async () => Number((await stands(location, session))[1]) > 5_000_000, 'the rest is kept')
    const [, offset] = await stands(location, session)
    expect(Number(offset)).toBeLessThanOrEqual(6_500_000)
    expect((await patch(location, session, Number(offset), bytes.subarray(Number(offset)))).status).toBe(200)
    expect(bytes.equals((await storedOf(responseId, 'file'))!)).toBe(true)
  })

  it('takes bytes at their place only', async () => {
    const { session, responseId } = await open()
    const location = await create(session, 'voice', WAV.length)
    expect(refused(await patch(location, session, 1, WAV))).toEqual([409, 'UPLOAD_REJECTED', 'wrong_offset'])
    await patch(location, session, 0, WAV.subarray(0, 50))
    for (const offset of [0, 49, 51, WAV.length]) {
      const { status, headers } = await patch(location, session, offset, WAV.subarray(50, 60))
      expect([offset, status, headers.get('tus-resumable')]).toEqual([offset, 409, '1.0.0'])
    }
    for (const wrong of ['-1', '1e3', 'x', '']) {
      const { status, body } = await patch(location, session, 0, WAV, { 'upload-offset': wrong })
      expect([status, body.error.path]).toEqual([400, ['upload-offset']])
    }
    expect(await stands(location, session)).toEqual([200, '50', String(WAV.length)])
    expect(await server.answers(responseId)).toEqual([])
  })

  it('of two PATCHes at once keeps one', async () => {
    const { session, responseId } = await open()
    const [a, b] = [randomBytes(500_000), randomBytes(500_000)]
    const location = await create(session, 'file', 1_000_000)
    const both = await Promise.all([patch(location, session, 0, a), patch(location, session, 0, b)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([204, 409])
    const ends = await Promise.all([patch(location, session, 500_000, a), patch(location, session, 500_000, b)])
    expect(ends.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const halves = [both, ends].map((answers) => (answers[0]!.status < 300 ? a : b))
    expect(Buffer.concat(halves).equals((await storedOf(responseId, 'file'))!)).toBe(true)
    await until(async () => (await pieces(responseId)) === 0, 'nothing is left of the other')
  })

  it('goes on past a connection that hangs', async () => {
    const { session, responseId } = await open()
    const bytes = randomBytes(300_000)
    const location = await create(session, 'file', bytes.length)
    const hanging = begin(location, session, 0, bytes, 200_000)
    await until(() => hanging.socket?.writableLength === 0, 'it was sent')
    expect((await patch(location, session, 0, bytes)).status).toBe(200)
    hanging.destroy()
    await until(async () => (await pieces(responseId)) === 0, 'what hung is gone')
    expect(bytes.equals((await storedOf(responseId, 'file'))!)).toBe(true)
  })

  it('can be sent by POST where nothing else gets through', async () => {
    const { session, responseId } = await open()
    const location = await create(session, 'voice', WAV.length)
    const headers = { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
    const post = (override: string) =>
      call(location, 'POST', session, { ...headers, 'x-http-method-override': override }, WAV)
    expect((await post('PUT')).status).toBe(400)
    expect((await post('PATCH')).status).toBe(200)
    expect(await storedOf(responseId, 'voice')).toEqual(WAV)
    const other = await create(session, 'voice', WAV.length)
    expect((await call(other, 'POST', session, { 'x-http-method-override': 'DELETE' })).status).toBe(204)
  })
})

describe('what is refused', () => {
  it('before a byte is sent: what is too large, empty, of no length, or for a question that takes a value', async () => {
    const { session } = await open()
    const attempt = async (fieldKey: string, length?: string, headers: object = {}) => {
      const named = length === undefined ? {} : { 'upload-length': length }
      const made = await call(`${base}/answers/${fieldKey}/uploads`, 'POST', session, { ...named, ...headers })
      expect(made.headers.get('tus-resumable')).toBe('1.0.0')
      return refused(made)
    }
    expect(await attempt('voice', String(MAX + 1))).toEqual([413, 'UPLOAD_REJECTED', 'too_large'])
    expect(await attempt('small', '1001')).toEqual([413, 'UPLOAD_REJECTED', 'too_large'])
    expect(await attempt('voice', '0')).toEqual([400, 'UPLOAD_REJECTED', 'empty'])
    expect(await attempt('voice')).toEqual([400, 'VALIDATION_FAILED', 'invalid'])
    expect(await attempt('voice', '1.5')).toEqual([400, 'VALIDATION_FAILED', 'invalid'])
    expect(await attempt('text', '10')).toEqual([400, 'VALIDATION_FAILED', 'needs_value'])
    expect(await attempt('nothing', '10')).toEqual([404, 'NOT_FOUND', undefined])
    const long = { 'upload-metadata': `filename ${'YQ=='.repeat(2_000)}` }
    expect(await attempt('voice', '10', long)).toEqual([400, 'VALIDATION_FAILED', 'invalid'])
    expect(await attempt('voice', '10', { 'tus-resumable': '0.2.2' })).toEqual([
      ...[412, 'UPLOAD_REJECTED', 'unsupported_version'],
    ])
    const anonymous = await call(`${base}/answers/voice/uploads`, 'POST', '', { 'upload-length': '10' })
    expect(refused(anonymous)).toEqual([401, 'UNAUTHENTICATED', undefined])
  })

  it('when more is sent than was announced, and when it is of another type', async () => {
    const { session } = await open()
    const location = await create(session, 'file', 100)
    expect(refused(await patch(location, session, 0, new Uint8Array(101)))).toEqual([
      ...[413, 'UPLOAD_REJECTED', 'too_large'],
    ])
    expect(refused(await patch(location, session, 0, WAV, { 'content-type': 'audio/wav' }))).toEqual([
      ...[415, 'UPLOAD_REJECTED', 'type_not_allowed'],
    ])
    // Without a length nobody knows before it has come.
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(64)),
    })
    const response = await fetch(server.url + location, {
      method: 'PATCH',
      body: endless,
      duplex: 'half',
      headers: {
        ...{ 'tus-resumable': '1.0.0', authorization: `Session ${session}`, 'upload-offset': '0' },
        'content-type': 'application/offset+octet-stream',
      },
    } as RequestInit)
    expect(response.status).toBe(413)
    expect(await stands(location, session)).toEqual([200, '0', '100'])
  })

  it('at its end, for what it is; then it is over', async () => {
    const { session, responseId } = await open()
    const attempt = async (fieldKey: string, bytes: Uint8Array) => {
      const location = await create(session, fieldKey, bytes.length)
      await patch(location, session, 0, bytes.subarray(0, 4))
      const last = await patch(location, session, 4, bytes.subarray(4))
      expect(last.headers.get('tus-resumable')).toBe('1.0.0')
      expect((await call(location, 'HEAD', session)).status).toBe(410)
      expect(refused(await patch(location, session, 4, bytes.subarray(4)))).toEqual([410, 'UPLOAD_REJECTED', 'expired'])
      return refused(last)
    }
    expect(await attempt('voice', PDF)).toEqual([415, 'UPLOAD_REJECTED', 'type_not_allowed'])
    expect(await attempt('small', WAV.subarray(0, 900))).toEqual([415, 'UPLOAD_REJECTED', 'type_not_allowed'])
    audio.answerNext({ silent: true })
    expect(await attempt('voice', WAV)).toEqual([400, 'UPLOAD_REJECTED', 'silent'])
    audio.answerNext(new AudioError('truncated', 'x'))
    expect(await attempt('voice', wav(900))).toEqual([400, 'UPLOAD_REJECTED', 'truncated'])
    expect(await server.answers(responseId)).toEqual([])
    await sweepUploads(server.world, server.storage)
    expect(await pieces(responseId)).toBe(0)
  })

  it('to anyone but its session', async () => {
    const { session } = await open()
    const { session: other } = await open()
    const location = await create(session, 'voice', WAV.length)
    await server.addLink({ name: 'Elsewhere', questions: [{ prompt: 'Voice', type: 'voice' }] })
    const { session: elsewhere } = await open('elsewhere')
    const moved = location.replace('/i/pieces/', '/i/elsewhere/')
    for (const [path, token] of [
      [location, other],
      [moved, elsewhere],
      [moved, session],
      [`${base}/uploads/nonsense`, session],
      [`${base}/uploads/${server.world.newId()}`, session],
    ] as const) {
      expect((await call(path, 'HEAD', token)).status).toBe(404)
      expect(refused(await patch(path, token, 0, WAV))).toEqual([404, 'NOT_FOUND', undefined])
      expect(refused(await call(path, 'DELETE', token))).toEqual([404, 'NOT_FOUND', undefined])
    }
    expect(await stands(location, session)).toEqual([200, '0', String(WAV.length)])
  })

  it('once the response is submitted, or the link is gone', async () => {
    const { session } = await open()
    const location = await create(session, 'voice', WAV.length)
    await patch(location, session, 0, WAV.subarray(0, 10))
    await call(`${base}/submit`, 'POST', session)
    expect(refused(await patch(location, session, 10, WAV.subarray(10)))).toEqual([409, 'SESSION_COMPLETED', undefined])
    expect((await call(location, 'HEAD', session)).status).toBe(409)
    const { id } = await server.addLink({ name: 'Doomed', questions: [{ prompt: 'Voice', type: 'voice' }] })
    const { session: late } = await open('doomed')
    await deleteLink(server.world, server.viewer, id)
    const made = await call('/i/doomed/session/answers/voice/uploads', 'POST', late, { 'upload-length': '10' })
    expect(refused(made)).toEqual([410, 'LINK_DELETED', undefined])
  })
})

describe('an upload that ends early', () => {
  it('is gone when it is called off', async () => {
    const { session, responseId } = await open()
    const location = await create(session, 'voice', WAV.length)
    await patch(location, session, 0, WAV.subarray(0, 100))
    expect((await call(location, 'DELETE', session)).status).toBe(204)
    expect((await call(location, 'HEAD', session)).status).toBe(410)
    expect((await call(location, 'DELETE', session)).status).toBe(410)
    const whole = await create(session, 'voice', WAV.length)
    await patch(whole, session, 0, WAV)
    expect((await call(whole, 'DELETE', session)).status).toBe(404)
    expect(await storedOf(responseId, 'voice')).toEqual(WAV)
  })

  it('is swept an hour after its last bytes, and what is whole stays', async () => {
    const before = server.clock.now()
    const { session, responseId } = await open()
    const location = await create(session, 'voice', WAV.length)
    server.clock.advance(HOUR - 1)
    await patch(location, session, 0, WAV.subarray(0, 100))
    server.clock.advance(HOUR - 1)
    await sweepUploads(server.world, server.storage)
    expect(await stands(location, session)).toEqual([200, '100', String(WAV.length)])
    await patch(location, session, 100, WAV.subarray(100, 200))
    server.clock.advance(HOUR)
    expect((await call(location, 'HEAD', session)).status).toBe(410)
    const whole = await create(session, 'voice', WAV.length)
    await patch(whole, session, 0, WAV)
    server.clock.advance(3 * HOUR)
    await sweepUploads(server.world, server.storage)
    await sweepUploads(server.world, server.storage)
    expect((await call(location, 'HEAD', session)).status).toBe(404)
    expect([await pieces(responseId), await storedOf(responseId, 'voice')]).toEqual([0, WAV])
    server.clock.set(before.toISOString())
  })
})

it('tells browsers of other origins what they may send and read', async () => {
  for (const path of [`${base}/answers/voice/uploads`, `${base}/uploads/${server.world.newId()}`]) {
    const { status, headers } = await fetch(server.url + path, { method: 'OPTIONS' })
    expect(status).toBe(204)
    expect(Object.fromEntries(headers)).toMatchObject({
      ...{ 'tus-resumable': '1.0.0', 'tus-version': '1.0.0', 'tus-extension': 'creation,termination' },
      ...{ 'tus-max-size': String(MAX), 'access-control-allow-origin': '*' },
      'access-control-allow-methods': expect.stringContaining('PATCH'),
      'access-control-allow-headers': expect.stringContaining('upload-offset'),
    })
  }
  const { session } = await open()
  const made = await call(`${base}/answers/voice/uploads`, 'POST', session, { 'upload-length': '10' })
  expect(made.headers.get('access-control-expose-headers')).toContain('Upload-Offset')
  expect(linkId).toBeDefined()
})
