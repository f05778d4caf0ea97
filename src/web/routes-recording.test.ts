import { describe, expect, it } from 'vitest'
import { sql } from '../db/sql.ts'
import { probeAnswer } from '../domains/analysis/probe-answer.ts'
import { deleteLink } from '../domains/links/index.ts'
import { createRateLimiter } from '../platform/rate-limiter.ts'
import { fakeInsight } from '../providers/insight/index.ts'
import { PDF, WAV, wav } from './test-files.ts'
import { startTestServer } from './test-server.ts'

const server = await startTestServer()
const { id: linkId } = await server.addLink({
  name: 'Heard',
  questions: [
    { prompt: 'How was it?', type: 'voice', fieldKey: 'visit', enableDynamicProbing: true, fallbackToText: true },
    { prompt: 'And why? (ä/ö)', type: 'voice_text_fallback', fieldKey: 'ä/ö %2f' },
    { prompt: 'A file', type: 'file_upload', fieldKey: 'file' },
    { prompt: 'A word', type: 'text', fieldKey: 'word' },
  ],
})
const MP3 = 'what was made of it'

type Headers = Record<string, string>

async function begin(base = 'i/heard'): Promise<string> {
  const opened = await fetch(`${server.url}/${base}/sessions`, { method: 'POST' })
  return ((await opened.json()) as { session: string }).session
}

async function send(method: string, path: string, session: string, body?: Uint8Array | object): Promise<any> {
  const isRaw = body instanceof Uint8Array
  const response = await fetch(`${server.url}/i/heard/session/${path}`, {
    method,
    headers: { authorization: `Session ${session}`, ...(body && !isRaw && { 'content-type': 'application/json' }) },
    body: isRaw ? new Uint8Array(body) : body && JSON.stringify(body),
  })
  expect(response.status, `${method} ${path}`).toBe(200)
  return response.json()
}
const speak = (session: string, key: string, bytes: Uint8Array = WAV): Promise<{ answerId: string }> =>
  send('PUT', `answers/${encodeURIComponent(key)}/upload`, session, bytes)

const of = (session: string): Headers => ({ authorization: `Session ${session}` })

async function hear(key: string, headers: Headers, { method = 'GET', base = 'i/heard', url = server.url } = {}) {
  const path = `${base}/session/answers/${encodeURIComponent(key)}/recording`
  const response = await fetch(`${url}/${path}`, { method, headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: Object.fromEntries(response.headers), bytes }
}
async function refusal(...asked: Parameters<typeof hear>) {
  const { status, headers, bytes } = await hear(...asked)
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  expect(headers['content-type']).toMatch(/^application\/json/)
  const { code, path } = JSON.parse(String(bytes)).error
  return [status, code, ...path]
}
const NONE = [404, 'NOT_FOUND', 'fieldKey']
const NO_SESSION = [404, 'NOT_FOUND', 'session']

async function storageKey(answerId: string): Promise<string> {
  const [row] = await server.world.db.query<{ storage_key: string }>(
    sql`SELECT u.storage_key FROM answer a JOIN upload u ON u.id = a.upload_id WHERE a.id = ${answerId}::uuid`,
  )
  return row!.storage_key
}

async function prepare(answerId: string): Promise<void> {
  const bytes = Buffer.from(MP3)
  await server.storage.write(
    `${await storageKey(answerId)}.mp3`,
    (async function* () {
      yield bytes
    })(),
  )
  await server.world.db.query(
    sql`UPDATE upload SET mp3_size = ${bytes.length}::int WHERE id = (SELECT upload_id FROM answer WHERE id = ${answerId}::uuid)`,
  )
}

describe('a recording that the server has', () => {
  it('is heard again as it came, and as an MP3 once that was made', async () => {
    const session = await begin()
    const { answerId } = await speak(session, 'visit')
    const original = await hear('visit', of(session))
    expect(original.status).toBe(200)
    expect(original.headers).toMatchObject({
      ...{ 'content-type': 'audio/wav', 'content-length': String(WAV.length), 'accept-ranges': 'bytes' },
      ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'access-control-allow-origin': '*' },
      'content-security-policy': expect.stringMatching(/^default-src 'none';.* sandbox$/),
    })
    expect(original.headers['content-disposition']).toBeUndefined()
    expect(original.bytes.equals(WAV)).toBe(true)

    await prepare(answerId)
    const made = await hear('visit', of(session))
    expect([made.headers['content-type'], String(made.bytes)]).toEqual(['audio/mpeg', MP3])
    const head = await hear('visit', of(session), { method: 'HEAD' })
    expect([head.status, head.headers['content-length'], head.bytes.length]).toEqual([200, String(MP3.length), 0])
    expect(head.headers['content-type']).toBe('audio/mpeg')
  })

  it('comes in parts', async () => {
    const session = await begin()
    await speak(session, 'ä/ö %2f')
    const part = await hear('ä/ö %2f', { ...of(session), range: 'bytes=0-3' })
    expect([part.status, part.headers['content-range'], String(part.bytes)]).toEqual([
      ...[206, `bytes 0-3/${WAV.length}`, 'RIFF'],
    ])
    const beyond = await hear('ä/ö %2f', { ...of(session), range: `bytes=${WAV.length}-` })
    expect([beyond.status, beyond.headers['content-range'], beyond.bytes.length]).toEqual([
      ...[416, `bytes */${WAV.length}`, 0],
    ])
  })

  it('is its session’s, by the header or the cookie, the header first, and nobody else’s', async () => {
    const [mine, theirs] = [await begin(), await begin()]
    await speak(mine, 'visit')
    const cookie = (session: string) => ({ cookie: `saygraph_session=${session}` })
    expect((await hear('visit', cookie(mine))).bytes.equals(WAV)).toBe(true)
    expect((await hear('visit', { ...cookie(theirs), ...of(mine) }, { base: 'w/acme/i/heard' })).status).toBe(200)
    expect(await refusal('visit', of(theirs))).toEqual(NONE)
    expect(await refusal('visit', { ...cookie(mine), ...of(theirs) })).toEqual(NONE)
    expect(await refusal('visit', of('x'.repeat(60)))).toEqual(NO_SESSION)
    expect(await refusal('visit', {})).toEqual([401, 'UNAUTHENTICATED'])
    // The same question of another link, and another workspace.
    await server.addLink({ name: 'Else', questions: [{ prompt: 'How?', type: 'voice', fieldKey: 'visit' }] })
    expect(await refusal('visit', of(mine), { base: 'i/else' })).toEqual(NO_SESSION)
    const other = await server.addWorkspace('other')
    await server.addLink({ name: 'Heard', questions: [{ prompt: 'How?', type: 'voice', fieldKey: 'visit' }] }, other)
    expect(await refusal('visit', of(mine), { base: 'w/other/i/heard' })).toEqual(NO_SESSION)
  })

  it('is the last one, and none when it was taken back, written, or is no recording', async () => {
    const session = await begin()
    expect(await refusal('visit', of(session))).toEqual(NONE)
    await speak(session, 'visit')
    await speak(session, 'visit', wav(1_600))
    expect((await hear('visit', of(session))).bytes.equals(wav(1_600))).toBe(true)
    await send('PUT', 'answers/visit', session, { value: 'It was fine' })
    expect(await refusal('visit', of(session))).toEqual(NONE)
    await speak(session, 'visit')
    await send('DELETE', 'answers/visit', session)
    expect(await refusal('visit', of(session))).toEqual(NONE)
    await send('PUT', 'answers/file/upload', session, PDF)
    await send('PUT', 'answers/word', session, { value: 'fine' })
    for (const key of ['file', 'word', 'nowhere', '\0', 'visit__follow_up_1']) {
      expect(await refusal(key, of(session)), key).toEqual(NONE)
    }
  })

  it('may be the reply to a further question', async () => {
    const [session, other] = [await begin(), await begin()]
    const { answerId } = await speak(session, 'visit')
    await server.world.db.query(sql`UPDATE answer SET text = 'okay' WHERE id = ${answerId}::uuid`)
    const insight = fakeInsight({
      analyze: () => ({ clarity: 10 }),
      followUp: () => ({ prompt: 'Why is that?', language: 'en', asks: 'why' }),
    })
    await probeAnswer(
      { world: server.world, insight, fallback: null },
      { workspaceId: server.viewer.workspaceId, answerId },
      { signal: new AbortController().signal, last: true },
    )
    const key = 'visit__follow_up_1'
    expect(await refusal(key, of(session))).toEqual(NONE)
    await speak(session, key, wav(2_400))
    expect((await hear(key, of(session))).bytes.equals(wav(2_400))).toBe(true)
    expect(await refusal(key, of(other))).toEqual(NONE)
  })

  it('says that it is gone when storage has lost it, as an error and nothing else', async () => {
    const session = await begin()
    const { answerId } = await speak(session, 'visit')
    await server.storage.delete(await storageKey(answerId))
    expect(await refusal('visit', { ...of(session), range: 'bytes=0-3' })).toEqual([404, 'NOT_FOUND'])
    const { headers } = await hear('visit', of(session))
    expect(headers['content-range'] ?? headers['accept-ranges']).toBeUndefined()
  })

  it('is not heard any more once it was submitted, or the link deleted', async () => {
    const [sent, open] = [await begin(), await begin()]
    for (const session of [sent, open]) await speak(session, 'visit')
    await send('POST', 'submit', sent)
    expect(await refusal('visit', of(sent))).toEqual([409, 'SESSION_COMPLETED'])
    expect((await hear('visit', of(open))).status).toBe(200)
    await deleteLink(server.world, server.viewer, linkId)
    expect(await refusal('visit', of(open))).toEqual([410, 'LINK_DELETED'])
  })

  it('is not asked for without end', async () => {
    const busy = await startTestServer({
      ...{ limiter: createRateLimiter(), rates: { recordings: { points: 2, seconds: 60 } } },
    })
    await busy.addLink({ name: 'Busy', questions: [{ prompt: 'How?', type: 'voice', fieldKey: 'visit' }] })
    const ask = () => hear('visit', {}, { base: 'i/busy', url: busy.url })
    const statuses = [(await ask()).status, (await ask()).status, (await ask()).status]
    expect(statuses).toEqual([401, 401, 429])
  })
})
