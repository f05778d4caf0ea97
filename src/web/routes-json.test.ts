import { request as httpRequest } from 'node:http'
import { describe, expect, it } from 'vitest'
import { sql } from '../db/sql.ts'
import { createContact } from '../domains/contacts/index.ts'
import { deleteLink, updateLink } from '../domains/links/index.ts'
import { inviteRespondent, sweepUploads } from '../domains/responses/index.ts'
import { createRateLimiter } from '../platform/rate-limiter.ts'
import { EXE, MP3, PDF, PNG, WAV, WEBM } from './test-files.ts'
import { ALL_TYPES } from './test-links.ts'
import { startTestServer } from './test-server.ts'

const server = await startTestServer()
const limited = await startTestServer({
  limiter: createRateLimiter(),
  rates: { answers: { points: 2, seconds: 60 } },
})

/** Read freely: what is not there is undefined, and the expectation fails. */
interface Json {
  [key: string]: Json
}

/** Calls the API below a link. A value is sent as JSON, bytes as they are. */
async function call(
  path: string,
  method = 'GET',
  body?: unknown,
  { session, ...headers }: Record<string, string> = {},
  origin = server.url,
) {
  const isRaw = body instanceof Uint8Array || body instanceof FormData
  const response = await fetch(origin + path, {
    method,
    body: body === undefined ? undefined : isRaw ? (body as BodyInit) : JSON.stringify(body),
    headers: {
      accept: 'application/json',
      ...(body !== undefined && !isRaw && { 'content-type': 'application/json' }),
      ...(session && { authorization: `Session ${session}` }),
      ...headers,
    },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: (text ? JSON.parse(text) : null) as Json }
}

async function open(slug: string, body?: unknown) {
  const { status, body: opened } = await call(`/i/${slug}/sessions`, 'POST', body)
  expect(status).toBe(201)
  const session = String(opened.session)
  return { session, responseId: String(opened.responseId) }
}

/** An answer without a recording that nobody probes. */
function plain(value: unknown) {
  return { value, upload: null, transcript: null, probing: null }
}

function multipart(name: string, bytes: Uint8Array) {
  const form = new FormData()
  form.append('note', 'before the file')
  form.append('file', new File([new Uint8Array(bytes)], name))
  return form
}

describe('the whole way', () => {
  it('answers all eleven types, resumes, submits once', async () => {
    await server.addLink({
      name: 'All types',
      settings: { description: 'Please', thankYouMessage: 'Cheers', redirectUrl: 'https://example.com/thanks' },
      questions: ALL_TYPES,
    })
    const link = await call('/i/all-types')
    expect(link.status).toBe(200)
    expect(link.body).toMatchObject({ name: 'All types', description: 'Please', open: true, closed: null })
    expect(link.body).toMatchObject({
      ...{ tts: false, liveTranscription: false },
      ...{ thankYouMessage: 'Cheers', redirectUrl: 'https://example.com/thanks' },
    })
    expect((link.body.questions as unknown as Json[])[4]).toEqual({
      prompt: 'How many people came?',
      type: 'number',
      field_key: 'people',
      required: true,
      configuration: { min: 1, max: 10, step: 1 },
      condition: {},
      fallback_to_text: true,
      enable_dynamic_probing: false,
    })

    const opened = await call('/i/all-types/sessions', 'POST')
    expect(opened.status).toBe(201)
    expect(opened.body.link).toEqual(link.body)
    const cookie = opened.headers.get('set-cookie')!
    expect(cookie).toMatch(/^saygraph_session=[\w-]{43}; Path=\/i\/all-types; HttpOnly; SameSite=Lax$/)
    const session = String(opened.body.session)
    const base = '/i/all-types/session'
    const put = (key: string, value: unknown) => call(`${base}/answers/${key}`, 'PUT', { value }, { session })

    expect((await put('issues', 'None at all')).status).toBe(200)
    await put('else', 'No')
    await put('source', ['Google', 'Other'])
    await put('people', 3)
    await put('rating', 5)
    await put('design', 'blue')
    await put('email', 'ann@example.com')
    await put('date', '2026-05-31')
    const hidden = await put('again', true)
    expect(hidden.body.visible).not.toContain('why_not')
    const shown = await put('again', false)
    expect(shown.body.visible).toContain('why_not')
    await put('why_not', 'Too far')
    const voice = await call(`${base}/answers/visit/upload?filename=visit.wav`, 'PUT', WAV, { session })
    expect(voice.status).toBe(200)
    const file = await call(`${base}/answers/file/upload`, 'POST', multipart('réçu.pdf', PDF), { session })
    expect(file.status).toBe(200)

    // Resumed by the cookie alone.
    const state = await call(base, 'GET', undefined, { cookie: cookie.split(';')[0]! })
    expect(state.body.status).toBe('started')
    expect(state.body.answers).toEqual({
      visit: { ...plain(null), upload: { fileName: 'visit.wav', mediaType: 'audio/wav', size: WAV.length } },
      issues: plain('None at all'),
      else: plain('No'),
      source: plain(['Google', 'Other']),
      people: plain(3),
      rating: plain(5),
      design: plain('blue'),
      email: plain('ann@example.com'),
      date: plain('2026-05-31'),
      again: plain(false),
      why_not: plain('Too far'),
      file: { ...plain(null), upload: { fileName: 'réçu.pdf', mediaType: 'application/pdf', size: PDF.length } },
    })
    expect(state.body.visible).toHaveLength(12)

    // An answer to a question that ends up hidden is removed.
    await put('again', true)
    const submitted = await call(`${base}/submit`, 'POST', undefined, { session })
    expect(submitted.body).toEqual({
      responseId: opened.body.responseId,
      thankYouMessage: 'Cheers',
      redirectUrl: 'https://example.com/thanks',
    })
    const again = await call(`${base}/submit`, 'POST', {}, { session })
    expect(again.body).toEqual(submitted.body)
    const kept = await server.answers(String(opened.body.responseId))
    expect(kept.map((answer) => answer.field_key)).not.toContain('why_not')
    expect(kept).toHaveLength(11)
    const [{ count }] = (await server.world.db.query<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM event WHERE type = 'response.submitted'`,
    )) as [{ count: number }]
    expect(count).toBe(1)
    const late = await put('people', 4)
    expect([late.status, late.body.error!.code]).toEqual([409, 'SESSION_COMPLETED'])
  })

  it('names what is missing and what is wrong', async () => {
    await server.addLink({ name: 'Strict', questions: ALL_TYPES })
    const { session } = await open('strict')
    const submit = await call('/i/strict/session/submit', 'POST', undefined, { session })
    expect(submit.status).toBe(400)
    expect(submit.body.error).toMatchObject({ code: 'VALIDATION_FAILED', rule: 'required', retryable: false })
    const issues = submit.body.error!.issues as unknown as { path: string[] }[]
    expect(issues.map((issue) => issue.path)).toEqual([['people'], ['email'], ['again']])
    const wrong = await call('/i/strict/session/answers/people', 'PUT', { value: 11 }, { session })
    expect(wrong.status).toBe(400)
    expect(wrong.body.error).toMatchObject({
      code: 'VALIDATION_FAILED',
      path: ['value'],
      rule: 'too_large',
      issues: [{ path: ['value'], rule: 'too_large', message: 'must be at most 10' }],
    })
    for (const [key, value] of [
      ['people', '3'],
      ['people', 1.5],
      ['people', null],
      ['rating', 6],
      ['source', ['Google', 'Google']],
      ['design', 'green'],
      ['email', 'nobody'],
      ['date', '2026-02-30'],
      ['again', 'yes'],
      ['else', 'a\0b'],
      ['visit', 'text'],
    ] as const) {
      const { status, body } = await call(`/i/strict/session/answers/${key}`, 'PUT', { value }, { session })
      expect([key, value, status, body.error!.code]).toEqual([key, value, 400, 'VALIDATION_FAILED'])
    }
    const unknown = await call('/i/strict/session/answers/nothing', 'PUT', { value: 1 }, { session })
    expect([unknown.status, unknown.body.error!.code]).toEqual([404, 'NOT_FOUND'])
    for (const method of ['PUT', 'DELETE']) {
      const nul = await call('/i/strict/session/answers/a%00b', method, { value: 1 }, { session })
      expect([nul.status, nul.body.error!.code]).toEqual([404, 'NOT_FOUND'])
    }
  })

  it('takes answers back', async () => {
    const { id } = await server.addLink({ name: 'Back', questions: [{ prompt: 'A', type: 'text' }] })
    const { session } = await open('back')
    await call('/i/back/session/answers/a', 'PUT', { value: 'x' }, { session })
    const gone = await call('/i/back/session/answers/a', 'DELETE', undefined, { session })
    expect([gone.status, gone.body]).toEqual([200, { visible: ['a'] }])
    const [response] = await server.responses(id)
    expect(await server.answers(response!.id)).toEqual([])
  })

  it('takes field keys of any length and characters', async () => {
    const fieldKey = `ä/ö ${'长'.repeat(190)}`
    await server.addLink({ name: 'Keys', questions: [{ prompt: 'A', type: 'text', fieldKey }] })
    const { session } = await open('keys')
    const path = `/i/keys/session/answers/${encodeURIComponent(fieldKey)}`
    const saved = await call(path, 'PUT', { value: 'x' }, { session })
    expect([saved.status, saved.body.visible]).toEqual([200, [fieldKey]])
  })

  it('continues the response of a personal address, and lets it answer once', async () => {
    const { id: linkId } = await server.addLink({ name: 'Personal', questions: [{ prompt: 'A', type: 'text' }] })
    const contact = await createContact(server.world, server.viewer, { name: 'Ann', email: 'ann@example.com' })
    const { id } = await inviteRespondent(server.world, server.viewer, { linkId, contactId: contact.id })
    const respondent = server.signer.sign('respondent', id)
    const first = await open('personal', { respondent })
    const second = await open('personal', { respondent })
    expect(second).toEqual(first)
    await call('/i/personal/session/submit', 'POST', undefined, first)
    const third = await call('/i/personal/sessions', 'POST', { respondent })
    expect([third.status, third.body.error!.code]).toEqual([409, 'SESSION_COMPLETED'])
    for (const wrong of ['nonsense', server.signer.sign('session', id), server.signer.sign('respondent', linkId)]) {
      const refused = await call('/i/personal/sessions', 'POST', { respondent: wrong })
      expect([refused.status, refused.body.error!.path]).toEqual([404, ['respondent']])
    }
    const number = await call('/i/personal/sessions', 'POST', { respondent: 5 })
    expect([number.status, number.body.error!.path]).toEqual([400, ['respondent']])
  })
})

describe('links that take nothing', () => {
  it('says so', async () => {
    const questions = [{ prompt: 'A', type: 'text' as const }]
    const { id: paused } = await server.addLink({ name: 'Paused', questions })
    await server.addLink({ name: 'Full', questions, maxResponses: 1 })
    const { id: deleted } = await server.addLink({ name: 'Deleted', questions })
    const before = await open('deleted')
    const during = await open('paused')
    await updateLink(server.world, server.viewer, paused, { status: 'paused' })
    const full = await open('full')
    const surplus = await open('full')
    await call('/i/full/session/submit', 'POST', undefined, full)
    await deleteLink(server.world, server.viewer, deleted)

    const refusal = async (path: string, method: string, session?: string) => {
      const { status, body } = await call(path, method, undefined, session ? { session } : {})
      return [status, body.error?.code]
    }
    expect(await refusal('/i/paused/sessions', 'POST')).toEqual([403, 'LINK_PAUSED'])
    expect((await call('/i/paused')).body).toMatchObject({ open: false, closed: 'LINK_PAUSED' })
    // Who had begun may finish.
    expect((await call('/i/paused/session/answers/a', 'PUT', { value: 'x' }, during)).status).toBe(200)
    expect((await call('/i/paused/session/submit', 'POST', undefined, during)).status).toBe(200)
    expect(await refusal('/i/full/sessions', 'POST')).toEqual([403, 'LINK_FULL'])
    expect(await refusal('/i/full/session/submit', 'POST', surplus.session)).toEqual([403, 'LINK_FULL'])
    expect(await refusal('/i/deleted', 'GET')).toEqual([410, 'LINK_DELETED'])
    expect(await refusal('/i/deleted/sessions', 'POST')).toEqual([410, 'LINK_DELETED'])
    expect(await refusal('/i/deleted/session', 'GET', before.session)).toEqual([410, 'LINK_DELETED'])
    expect(await refusal('/i/deleted/session/answers/a', 'DELETE', before.session)).toEqual([410, 'LINK_DELETED'])
    expect(await refusal('/i/deleted/session/submit', 'POST', before.session)).toEqual([410, 'LINK_DELETED'])
    expect(await refusal('/i/nowhere', 'GET')).toEqual([404, 'NOT_FOUND'])
    expect(await refusal('/i/a%00b', 'GET')).toEqual([404, 'NOT_FOUND'])
    expect(await refusal('/w/nobody/i/full', 'GET')).toEqual([404, 'NOT_FOUND'])
  })
})

describe('whose link it is', () => {
  it('is said by the address or by the host, and an unknown host is like an unknown slug', async () => {
    const other = await server.addWorkspace('other')
    await server.addLink({ name: 'Where', settings: { description: 'acme' } })
    await server.addLink({ name: 'Where', settings: { description: 'other' } }, other)
    const at = (host: string, path = '/i/where') =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const headers = { host, accept: 'application/json' }
        httpRequest({ port: server.port, path, headers }, async (response) => {
          const chunks = await response.toArray()
          resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() })
        })
          .on('error', reject)
          .end()
      })
    const who = async (host: string, path?: string) => JSON.parse((await at(host, path)).text).description
    for (const host of ['feedback.example', 'FEEDBACK.example:8080', 'localhost:4000', '127.0.0.1', '[::1]:80']) {
      expect([host, await who(host)]).toEqual([host, 'acme'])
    }
    expect(await who('other.feedback.example')).toBe('other')
    expect(await who('other.localhost:4000')).toBe('other')
    expect(await who('acme.feedback.example')).toBe('acme')
    expect(await who('localhost', '/w/other/i/where')).toBe('other')
    const unknown = await at('localhost', '/i/unknown')
    expect(unknown.status).toBe(404)
    for (const host of [
      'evil.example',
      'x.other.feedback.example',
      'nobody.localhost',
      'feedback.example.evil',
      '.localhost',
    ]) {
      expect([host, await at(host)]).toEqual([host, unknown])
    }
  })

  it("takes another link's or workspace's session for an unknown one, byte for byte", async () => {
    const stranger = await server.addWorkspace('stranger')
    const questions = [{ prompt: 'A', type: 'text' as const }]
    await server.addLink({ name: 'Mine', questions })
    await server.addLink({ name: 'Yours', questions })
    await server.addLink({ name: 'Mine', questions }, stranger)
    const yours = await open('yours')
    const theirs = (await call('/w/stranger/i/mine/sessions', 'POST')).body
    const calls: [string, string, unknown][] = [
      ['', 'GET', undefined],
      ['/answers/a', 'PUT', { value: 'x' }],
      ['/answers/a', 'DELETE', undefined],
      ['/answers/a/upload', 'PUT', PDF],
      ['/submit', 'POST', undefined],
    ]
    for (const [path, method, body] of calls) {
      const results = []
      for (const session of ['A'.repeat(43), 'x', yours.session, String(theirs.session)]) {
        const { status, text } = await call(`/i/mine/session${path}`, method, body, { session })
        results.push([status, text])
      }
      expect(results[0]![0]).toBe(404)
      expect(new Set(results.map(String)).size).toBe(1)
    }
    const none = await call('/i/mine/session')
    expect([none.status, none.body.error!.code]).toEqual([401, 'UNAUTHENTICATED'])
  })
})

describe('uploads', () => {
  it('judges content, and leaves nothing of what it refuses', async () => {
    const { id } = await server.addLink({ name: 'Files', questions: ALL_TYPES })
    const { session } = await open('files')
    const [response] = await server.responses(id)
    const before = await server.files()
    const send = async (key: string, name: string, bytes: Uint8Array, method = 'PUT') => {
      const path = `/i/files/session/answers/${key}/upload`
      const body = method === 'PUT' ? bytes : multipart(name, bytes)
      const headers = { session, ...(method === 'PUT' && { 'content-disposition': `attachment; filename="${name}"` }) }
      const { status, body: answer } = await call(path, method, body, headers)
      return [status, answer.error?.rule]
    }
    for (const method of ['PUT', 'POST']) {
      expect(await send('file', 'report.pdf', EXE, method)).toEqual([415, 'type_not_allowed'])
      expect(await send('visit', 'voice.mp3', Buffer.from('just text'), method)).toEqual([415, 'type_not_allowed'])
      expect(await send('visit', 'voice.wav', PNG, method)).toEqual([415, 'type_not_allowed'])
      expect(await send('file', 'empty.pdf', Buffer.alloc(0), method)).toEqual([400, 'empty'])
      expect(await send('file', 'big.pdf', Buffer.concat([PDF, Buffer.alloc(1_000_000)]), method)).toEqual([
        413,
        'too_large',
      ])
      expect(await send('people', 'n.pdf', PDF, method)).toEqual([400, 'needs_value'])
    }
    expect(await server.answers(response!.id)).toEqual([])
    await sweepUploads(server.world, server.storage)
    expect(await server.files()).toEqual(before)
    for (const [name, bytes] of [
      ['a.mp3', MP3],
      ['a.webm', WEBM],
      ['a.wav', WAV],
    ] as const) {
      expect([name, await send('visit', name, bytes)]).toEqual([name, [200, undefined]])
    }
    expect(await send('file', 'renamed.pdf', PNG)).toEqual([200, undefined])
    const state = await call('/i/files/session', 'GET', undefined, { session })
    expect(state.body.answers!.file).toEqual({
      ...plain(null),
      upload: { fileName: 'renamed.pdf', mediaType: 'image/png', size: PNG.length },
    })
    const form = new FormData()
    form.append('file', 'only text')
    const textOnly = await call('/i/files/session/answers/file/upload', 'POST', form, { session })
    expect([textOnly.status, textOnly.body.error!.code]).toEqual([400, 'VALIDATION_FAILED'])
  })

  it('replaces an upload, and the sweep removes the earlier one', async () => {
    await server.addLink({ name: 'Replaced', questions: ALL_TYPES })
    const { session } = await open('replaced')
    const path = '/i/replaced/session/answers/file/upload'
    await sweepUploads(server.world, server.storage)
    const before = await server.files()
    await call(path, 'PUT', PDF, { session })
    await call(path, 'PUT', PNG, { session })
    expect(await server.files()).toHaveLength(before.length + 2)
    expect(await sweepUploads(server.world, server.storage)).toBe(1)
    expect(await server.files()).toHaveLength(before.length + 1)
    await call('/i/replaced/session/answers/file', 'DELETE', undefined, { session })
    expect(await sweepUploads(server.world, server.storage)).toBe(1)
    expect(await server.files()).toEqual(before)
  })

  /** Sends up to `total` bytes by hand; resolves with the answer and how many bytes were taken. */
  function stream(path: string, session: string, total: number, headers: Record<string, string | number>, head = PDF) {
    return new Promise<{ status: number; text: string; sent: number }>((resolve, reject) => {
      let sent = 0
      let answered = false
      const outgoing = httpRequest(
        { port: server.port, path, method: 'PUT', headers: { authorization: `Session ${session}`, ...headers } },
        async (response) => {
          answered = true
          const text = Buffer.concat(await response.toArray()).toString()
          outgoing.destroy()
          resolve({ status: response.statusCode!, text, sent })
        },
      )
      outgoing.on('error', (error) => answered || reject(error))
      outgoing.write(head)
      const block = Buffer.alloc(1_000_000)
      const more = () => {
        while (!answered && sent < total) {
          sent += block.length
          if (!outgoing.write(block)) return void outgoing.once('drain', more)
        }
        if (!answered) outgoing.end()
      }
      more()
    })
  }

  it('refuses a gigabyte early, with flat memory and no file', async () => {
    await server.addLink({ name: 'Giant', questions: [{ prompt: 'F', type: 'file_upload' }] })
    const { session } = await open('giant')
    const before = await server.files()
    const path = '/i/giant/session/answers/f/upload'
    const memory = process.memoryUsage().rss
    const streamed = await stream(path, session, 1_000_000_000, {})
    expect(streamed.status).toBe(413)
    expect(JSON.parse(streamed.text).error).toMatchObject({ code: 'UPLOAD_REJECTED', rule: 'too_large' })
    expect(streamed.sent).toBeLessThan(100_000_000)
    const announced = await stream(path, session, 1_000_000_000, { 'content-length': 1_000_000_000 })
    expect(announced.status).toBe(413)
    const boundary = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    const type = 'multipart/form-data; boundary=x'
    const wrapped = await stream(path, session, 1_000_000_000, { 'content-type': type }, Buffer.from(boundary + PDF))
    expect(wrapped.status).toBe(413)
    expect(wrapped.sent).toBeLessThan(100_000_000)
    expect(process.memoryUsage().rss - memory).toBeLessThan(150_000_000)
    await sweepUploads(server.world, server.storage)
    expect(await server.files()).toEqual(before)
  })

  it('keeps nothing of a body that breaks off', async () => {
    const { id } = await server.addLink({ name: 'Broken', questions: [{ prompt: 'F', type: 'file_upload' }] })
    const { session } = await open('broken')
    const before = await server.files()
    const path = '/i/broken/session/answers/f/upload'
    const part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    // The body ends where the caller said, but without its last boundary.
    for (const size of [0, 10, 300_000]) {
      const body = Buffer.concat([Buffer.from(part), PDF, Buffer.alloc(size)])
      const cut = await call(path, 'POST', body, { session, 'content-type': 'multipart/form-data; boundary=x' })
      expect([size, cut.status, cut.body.error!.rule]).toEqual([size, 400, 'malformed'])
    }
    const noBoundary = await call(path, 'POST', Buffer.from('x'), { session, 'content-type': 'multipart/form-data' })
    expect([noBoundary.status, noBoundary.body.error!.rule]).toEqual([400, 'malformed'])
    // The connection breaks.
    for (const headers of [{ 'content-length': 500_000 }, {}, { 'content-type': 'multipart/form-data; boundary=x' }]) {
      await new Promise<void>((resolve) => {
        const all = { authorization: `Session ${session}`, ...headers }
        const outgoing = httpRequest({ port: server.port, path, method: 'POST', headers: all })
        outgoing.on('error', () => resolve())
        outgoing.on('close', () => resolve())
        outgoing.write('content-type' in headers ? part + PDF : PDF)
        setTimeout(() => outgoing.destroy(), 100)
      })
    }
    await expect
      .poll(async () => {
        await sweepUploads(server.world, server.storage)
        const rows = await server.world.db.query(
          sql`SELECT 1 FROM upload u JOIN response r ON r.id = u.response_id WHERE r.link_id = ${id}::uuid`,
        )
        return rows.length
      })
      .toBe(0)
    expect(await server.files()).toEqual(before)
    const [response] = await server.responses(id)
    expect(await server.answers(response!.id)).toEqual([])
    expect(server.logged.filter(({ message }) => message.includes('failed'))).toEqual([])
  })
})

describe('the envelope', () => {
  it('limits an address, and says when to come back', async () => {
    await limited.addLink({ name: 'Limited', questions: [{ prompt: 'A', type: 'text' }] })
    const at = (path: string, method: string, body?: unknown, session = '') =>
      call(`/i/limited${path}`, method, body, { session }, limited.url)
    const session = String((await at('/sessions', 'POST')).body.session)
    const save = () => at('/session/answers/a', 'PUT', { value: 'x' }, session)
    expect([(await save()).status, (await save()).status]).toEqual([200, 200])
    const third = await save()
    expect(third.status).toBe(429)
    expect(third.body.error).toMatchObject({ code: 'RATE_LIMITED', retryable: true })
    expect(third.headers.get('retry-after')).toBe(String(third.body.error!.retryAfter))
  })

  it('is the same for bodies that nobody understands', async () => {
    await server.addLink({ name: 'Odd', questions: [{ prompt: 'A', type: 'text' }] })
    const { session } = await open('odd')
    const send = async (body: string, type: string, path = '/session/answers/a') => {
      const headers = { authorization: `Session ${session}`, 'content-type': type }
      const response = await fetch(`${server.url}/i/odd${path}`, { method: 'PUT', body, headers })
      return [response.status, ((await response.json()) as Json).error!.code]
    }
    expect(await send('{', 'application/json')).toEqual([400, 'VALIDATION_FAILED'])
    expect(await send('', 'application/json')).toEqual([400, 'VALIDATION_FAILED'])
    expect(await send('[]', 'application/json')).toEqual([400, 'VALIDATION_FAILED'])
    expect(await send('<a/>', 'text/xml')).toEqual([415, 'VALIDATION_FAILED'])
    expect(await send('{"__proto__":{"value":1}}', 'application/json')).toEqual([400, 'VALIDATION_FAILED'])
    expect(await send(`{"value":"${'x'.repeat(1_100_000)}"}`, 'application/json')).toEqual([413, 'PAYLOAD_TOO_LARGE'])
  })

  it('masks defects and logs them by the request id', async () => {
    await server.addLink({ name: 'Defect', questions: [{ prompt: 'A', type: 'text' }] })
    const { session } = await open('defect')
    const { query } = server.world.db
    server.world.db.query = async () => {
      throw new Error('the secret inside')
    }
    const failed = await call('/i/defect/session', 'GET', undefined, { session }).finally(() => {
      server.world.db.query = query
    })
    expect(failed.status).toBe(500)
    expect(failed.text).not.toContain('secret inside')
    const [, requestId] = /Request id: (\S+)\.$/.exec(String(failed.body.error!.message))!
    const entry = server.logged.find(({ fields }) => (fields as { requestId?: string }).requestId === requestId)
    expect(String((entry!.fields as { err: Error }).err)).toContain('the secret inside')
    server.logged.length = 0
  })

  it('may be called by pages of other origins, without credentials', async () => {
    await server.addLink({ name: 'Cors', questions: [{ prompt: 'A', type: 'text' }] })
    for (const path of ['/i/cors', '/i/cors/sessions', '/w/acme/i/cors/session/answers/a/upload']) {
      const preflight = await fetch(server.url + path, {
        method: 'OPTIONS',
        headers: { origin: 'https://shop.example', 'access-control-request-method': 'PUT' },
      })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
      expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
      expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT')
      expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    }
    for (const path of ['/i/cors', '/i/nowhere', '/i/cors/session']) {
      const { headers } = await call(path)
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })
})
