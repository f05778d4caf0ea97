import { describe, expect, it } from 'vitest'
import { sql } from '../db/sql.ts'
import { updateLink } from '../domains/links/index.ts'
import { sweepSpokenQuestions } from '../domains/responses/index.ts'
import { createRateLimiter } from '../platform/rate-limiter.ts'
import { createAudio } from '../providers/audio/index.ts'
import { fakeSpeech, SpeechError } from '../providers/speech/index.ts'
import { startTestServer } from './test-server.ts'

const DAY = 86_400_000
const speech = fakeSpeech()
const audio = createAudio({ workers: 1, timeoutMs: 30_000, maxDurationMs: 600_000, maxBytes: 30_000_000 })
const server = await startTestServer({ speech, audio })
const settings = { tts_enabled: true }
const { id } = await server.addLink({
  name: 'Spoken',
  settings,
  questions: [
    { prompt: 'What went wrong & why?', type: 'voice', fieldKey: 'what' },
    { prompt: '???', type: 'text', fieldKey: 'marks' },
    { prompt: `${'word '.repeat(990)}`, type: 'text', fieldKey: 'long' },
    { prompt: 'Mikä meni pieleen?', type: 'text', fieldKey: 'ä/ö. mp3' },
  ],
})
await server.addLink({ name: 'Silent', questions: [{ prompt: 'A', type: 'text' }] })

async function hear(path: string, headers: Record<string, string> = {}, url = server.url) {
  const response = await fetch(`${url}/i/${path}`, { headers })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes }
}
const codeOf = (bytes: Buffer) => JSON.parse(String(bytes)).error.code
const rows = () => server.world.db.query<{ hash: string }>(sql`SELECT hash FROM spoken_text`)

describe('a question read aloud', () => {
  it('is an MP3 that any browser plays, said once for all', async () => {
    const before = speech.history.length
    const all = await Promise.all(Array.from({ length: 5 }, () => hear('spoken/speech/what.mp3')))
    for (const { status, headers, bytes } of all) {
      expect(status).toBe(200)
      expect(Object.fromEntries(headers)).toMatchObject({
        ...{ 'content-type': 'audio/mpeg', 'cache-control': 'public, max-age=300', 'accept-ranges': 'bytes' },
        ...{ 'access-control-allow-origin': '*', 'content-length': String(bytes.length) },
      })
      expect(bytes.equals(all[0]!.bytes)).toBe(true)
    }
    expect(await audio.inspect(all[0]!.bytes)).toMatchObject({ container: 'mp3', silent: false })
    expect(speech.history.slice(before)).toEqual([{ text: 'What went wrong & why?', voice: 'en' }])
    const again = await hear('spoken/speech/what.mp3')
    expect([again.bytes.equals(all[0]!.bytes), speech.history.length]).toEqual([true, before + 1])
    const etag = again.headers.get('etag')!
    expect((await hear('spoken/speech/what.mp3', { 'if-none-match': etag })).status).toBe(304)
  })

  it('comes in parts, as some players want it', async () => {
    const whole = (await hear('spoken/speech/what.mp3')).bytes
    const part = await hear('spoken/speech/what.mp3', { range: 'bytes=10-19' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${whole.length}`])
    expect(part.bytes.equals(whole.subarray(10, 20))).toBe(true)
    expect((await hear('spoken/speech/what.mp3', { range: `bytes=${whole.length}-` })).status).toBe(416)
  })

  it('is said by a voice of the language that is asked for', async () => {
    await hear('spoken/speech/what.mp3?lang=fi')
    expect(speech.history.at(-1)?.voice).toBe('fi')
    await hear(`spoken/speech/${encodeURIComponent('ä/ö. mp3')}.mp3?lang=fi`)
    expect(speech.history.at(-1)).toEqual({ text: 'Mikä meni pieleen?', voice: 'fi' })
    for (const lang of ['sv', '', 'en%00', 'x'.repeat(500)]) {
      const { status, bytes } = await hear(`spoken/speech/what.mp3?lang=${lang}`)
      expect([lang, status, codeOf(bytes)]).toEqual([lang, 400, 'VALIDATION_FAILED'])
    }
  })

  it('is said by a voice of the language of its link, and by none of another', async () => {
    const questions = [{ prompt: 'Mitä kuuluu?', type: 'text' as const, fieldKey: 'it' }]
    await server.addLink({ name: 'Suomeksi', language: 'fi-FI', settings, questions })
    expect((await hear('suomeksi/speech/it.mp3')).status).toBe(200)
    expect(speech.history.at(-1)).toEqual({ text: 'Mitä kuuluu?', voice: 'fi' })
    await hear('suomeksi/speech/it.mp3?lang=FI-fi')
    expect(speech.history.at(-1)?.voice).toBe('fi')
    await server.addLink({ name: 'Sámegillii', slug: 'sami', language: 'se', settings, questions })
    const { status, bytes } = await hear('sami/speech/it.mp3')
    expect([status, codeOf(bytes)]).toEqual([404, 'SPEECH_UNAVAILABLE'])
  })

  it('is cut where a voice stops, however long it is', async () => {
    expect((await hear('spoken/speech/long.mp3')).status).toBe(200)
    expect(speech.history.at(-1)!.text.length).toBeLessThanOrEqual(4_096)
  })

  it('is new when the question is', async () => {
    const { id: linkId } = await server.addLink({
      ...{ name: 'Changing', settings },
      questions: [{ prompt: 'Before', type: 'text', fieldKey: 'it' }],
    })
    const before = await hear('changing/speech/it.mp3')
    await server.world.db.query(sql`UPDATE question SET prompt = 'After all' WHERE link_id = ${linkId}::uuid`)
    const after = await hear('changing/speech/it.mp3', { 'if-none-match': before.headers.get('etag')! })
    expect([after.status, speech.history.at(-1)?.text]).toEqual([200, 'After all'])
  })
})

it('what was asked about an answer is read to who gave it, and not kept', async () => {
  const opened = await fetch(`${server.url}/i/spoken/sessions`, { method: 'POST' })
  const { session, responseId } = (await opened.json()) as { session: string; responseId: string }
  const headers = { authorization: `Session ${session}`, 'content-type': 'application/json' }
  const saved = await fetch(`${server.url}/i/spoken/session/answers/marks`, {
    ...{ method: 'PUT', headers, body: JSON.stringify({ value: 'Slow' }) },
  })
  const { answerId } = (await saved.json()) as { answerId: string }
  await server.world.db.query(
    sql`INSERT INTO follow_up (id, workspace_id, response_id, answer_id, field_key, number, prompt, language, asks, method,
                               created_at)
        VALUES (${server.world.newId()}::uuid, ${server.viewer.workspaceId}::uuid, ${responseId}::uuid, ${answerId}::uuid,
                'marks__follow_up_1', 1, 'Miksi?', 'fi-FI', 'why', 'test', ${server.clock.now()}::timestamptz)`,
  )
  const kept = (await rows()).length
  const path = 'spoken/speech/marks__follow_up_1.mp3'
  const heard = await hear(path, { authorization: `Session ${session}` })
  expect([heard.status, heard.headers.get('cache-control')]).toEqual([200, 'private, max-age=300'])
  expect(speech.history.at(-1)).toEqual({ text: 'Miksi?', voice: 'fi' })
  expect((await rows()).length).toBe(kept)
  expect((await hear(path)).status).toBe(404)
  const other = await fetch(`${server.url}/i/spoken/sessions`, { method: 'POST' })
  const stranger = ((await other.json()) as { session: string }).session
  expect((await hear(path, { authorization: `Session ${stranger}` })).status).toBe(404)
})

describe('what cannot be read aloud', () => {
  it('says so', async () => {
    const refused = async (path: string, url = server.url) => {
      const { status, bytes, headers } = await hear(path, {}, url)
      expect(headers.get('cache-control')).toBe('no-store')
      return [status, codeOf(bytes)]
    }
    expect(await refused('silent/speech/a.mp3')).toEqual([404, 'NOT_FOUND'])
    expect(await refused('spoken/speech/nothing.mp3')).toEqual([404, 'NOT_FOUND'])
    expect(await refused('spoken/speech/what.wav')).toEqual([404, 'NOT_FOUND'])
    expect(await refused('spoken/speech/marks.mp3')).toEqual([404, 'NOT_FOUND'])
    expect(await refused('nowhere/speech/what.mp3')).toEqual([404, 'NOT_FOUND'])
    const { id: paused } = await server.addLink({ name: 'Off', settings, questions: [{ prompt: 'A', type: 'text' }] })
    await updateLink(server.world, server.viewer, paused, { settings: { tts_enabled: false } })
    expect(await refused('off/speech/a.mp3')).toEqual([404, 'NOT_FOUND'])
  })

  it('is not kept: the next one tries again', async () => {
    const { id: linkId } = await server.addLink({
      ...{ name: 'Failing', settings },
      questions: [{ prompt: 'Never said before', type: 'text', fieldKey: 'it' }],
    })
    speech.failNext(new SpeechError('unavailable', 'busy', { retryable: true }))
    const busy = await hear('failing/speech/it.mp3')
    expect([busy.status, busy.headers.get('retry-after'), codeOf(busy.bytes)]).toEqual([429, '5', 'RATE_LIMITED'])
    speech.failNext(new Error('the voice is hoarse'))
    expect((await hear('failing/speech/it.mp3')).status).toBe(500)
    expect((await hear('failing/speech/it.mp3')).status).toBe(200)
    expect(linkId).toBeDefined()
  })
})

it('is swept after thirty days, and said again when it is asked for again, also when its bytes are lost', async () => {
  await hear('spoken/speech/what.mp3')
  const start = server.clock.now()
  server.clock.advance(30 * DAY - 1)
  expect(await sweepSpokenQuestions(server.world, server.storage)).toBe(0)
  server.clock.advance(1)
  expect(await sweepSpokenQuestions(server.world, server.storage)).toBeGreaterThan(0)
  expect([await rows(), await server.files()]).toEqual([[], []])
  const said = speech.history.length
  await hear('spoken/speech/what.mp3')
  expect([speech.history.length, (await rows()).length, (await server.files()).length]).toEqual([said + 1, 1, 1])
  const [{ hash }] = (await rows()) as [{ hash: string }]
  await server.storage.delete(`speech/${server.viewer.workspaceId}/${hash}.mp3`)
  expect((await hear('spoken/speech/what.mp3')).status).toBe(200)
  expect([speech.history.length, (await server.files()).length]).toEqual([said + 2, 1])
  server.clock.set(start.toISOString())
  expect(id).toBeDefined()
})

it('is limited per address', async () => {
  const limited = await startTestServer({
    ...{ speech: fakeSpeech(), audio, limiter: createRateLimiter(), rates: { speech: { points: 2, seconds: 60 } } },
  })
  await limited.addLink({ name: 'Spoken', settings, questions: [{ prompt: 'Hello', type: 'text', fieldKey: 'it' }] })
  const statuses = []
  for (let n = 0; n < 3; n++) statuses.push((await hear('spoken/speech/it.mp3', {}, limited.url)).status)
  expect(statuses).toEqual([200, 200, 429])
})
