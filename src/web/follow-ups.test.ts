import { describe, expect, it } from 'vitest'
import { sql } from '../db/sql.ts'
import { probeAnswer } from '../domains/analysis/probe-answer.ts'
import { fakeInsight } from '../providers/insight/index.ts'
import { TestBrowser } from './test-browser.ts'
import { WAV } from './test-files.ts'
import { startTestServer } from './test-server.ts'

const server = await startTestServer()
const KEY = 'change__follow_up_1'

/** A link that probes its first question, and what an analyser that never has enough does with an answer to it. */
async function probedLink(name: string, type: 'text' | 'voice' = 'text') {
  const { id } = await server.addLink({
    name,
    questions: [
      { prompt: 'What would you change?', fieldKey: 'change', type, enableDynamicProbing: true, fallbackToText: false },
      { prompt: 'Would you come again?', fieldKey: 'again', type: 'yes_no', required: true },
    ],
  })
  return id
}

async function ask(answerId: string, prompt = 'Why is that?') {
  // A recording is judged by its transcript.
  await server.world.db.query(sql`UPDATE answer SET text = coalesce(text, 'okay') WHERE id = ${answerId}::uuid`)
  const insight = fakeInsight({
    analyze: () => ({ clarity: 10 }),
    followUp: () => ({ prompt, language: 'en', asks: 'why' }),
  })
  const { workspaceId } = server.viewer
  await probeAnswer(
    { world: server.world, insight, fallback: null },
    { workspaceId, answerId },
    { signal: new AbortController().signal, last: true },
  )
}

interface Json {
  [key: string]: Json
}

async function call(path: string, method: string, session?: string, body?: unknown) {
  const isRaw = body instanceof Uint8Array
  const response = await fetch(server.url + path, {
    method,
    body: body === undefined ? undefined : isRaw ? new Uint8Array(body) : JSON.stringify(body),
    headers: {
      accept: 'application/json',
      ...(body !== undefined && !isRaw && { 'content-type': 'application/json' }),
      ...(session && { authorization: `Session ${session}` }),
    },
  })
  return { status: response.status, body: (await response.json()) as Json }
}

describe('the JSON API', () => {
  it('says what was asked about an answer, and takes the reply as any other answer', async () => {
    await probedLink('Asked')
    const opened = (await call('/i/asked/sessions', 'POST')).body
    expect((opened.link!.questions as unknown as Json[]).map((each) => each.enable_dynamic_probing)).toEqual([
      true,
      false,
    ])
    const session = String(opened.session)
    const base = '/i/asked/session'
    const put = (key: string, value: unknown) => call(`${base}/answers/${key}`, 'PUT', session, { value })
    const view = async () => (await call(base, 'GET', session)).body
    const { answerId } = (await put('change', 'It was okay')).body
    expect((await view()).answers).toEqual({
      change: { value: 'It was okay', upload: null, transcript: null, probing: 'pending' },
    })
    expect((await view()).followUps).toEqual([])

    await ask(String(answerId))
    const words = { prompt: 'Why is that?', language: 'en' }
    const asked = { fieldKey: KEY, follows: 'change', number: 1, ...words, type: 'text', answered: false }
    expect(await view()).toMatchObject({
      answers: { change: { probing: 'settled' } },
      followUps: [asked],
      visible: ['change', KEY, 'again'],
    })
    const reply = await put(KEY, 'Too loud')
    expect([reply.status, reply.body.visible]).toEqual([200, ['change', KEY, 'again']])
    expect(await view()).toMatchObject({
      answers: { [KEY]: { value: 'Too loud', probing: 'pending' } },
      followUps: [{ ...asked, answered: true }],
    })
    const taken = await call(`${base}/answers/${KEY}`, 'DELETE', session)
    expect(taken.status).toBe(200)
    // Another answer is another matter.
    expect((await put('change', 'The lift')).body.visible).toEqual(['change', 'again'])
    const gone = await put(KEY, 'Too loud')
    expect([gone.status, gone.body.error!.code, gone.body.error!.path]).toEqual([404, 'NOT_FOUND', ['fieldKey']])
    // What is still judged holds nobody up.
    await put('again', true)
    expect((await call(`${base}/submit`, 'POST', session)).status).toBe(200)
  })

  it('takes a recording as the reply to a spoken answer, and no text where that question takes none', async () => {
    await probedLink('Spoken', 'voice')
    const session = String((await call('/i/spoken/sessions', 'POST')).body.session)
    const base = '/i/spoken/session'
    const spoken = await call(`${base}/answers/change/upload`, 'PUT', session, WAV)
    await ask(String(spoken.body.answerId))
    const written = await call(`${base}/answers/${KEY}`, 'PUT', session, { value: 'No' })
    expect([written.status, written.body.error!.rule]).toEqual([400, 'needs_upload'])
    const reply = await call(`${base}/answers/${KEY}/upload`, 'PUT', session, WAV)
    expect(reply.status).toBe(200)
    expect((await call(base, 'GET', session)).body.answers).toMatchObject({
      [KEY]: { value: null, upload: { mediaType: 'audio/wav' }, probing: 'pending' },
    })
    // A session does not reach the follow-ups of another one.
    const other = String((await call('/i/spoken/sessions', 'POST')).body.session)
    const foreign = await call(`${base}/answers/${KEY}/upload`, 'PUT', other, WAV)
    expect([foreign.status, foreign.body.error!.code]).toEqual([404, 'NOT_FOUND'])
  })
})

describe('the page without script', () => {
  it('asks on its next round', async () => {
    const linkId = await probedLink('Form')
    const browser = new TestBrowser(server.url)
    await browser.open('/i/form')
    // What must be answered is missing, so the form comes back.
    await browser.submit({ 'What would you change?': 'It was okay' })
    const [answer] = await server.world.db.query<{ id: string }>(
      sql`SELECT a.id FROM answer a JOIN response r ON r.id = a.response_id WHERE r.link_id = ${linkId}::uuid`,
    )
    await ask(answer!.id, 'Why <is> that?')
    await browser.submit({ 'Would you come again?': 'yes' })
    expect(browser.prompts.map((prompt) => prompt.replace(/\s*\(.*\)$/, ''))).toContain('Why <is> that?')
    const [open] = await server.responses(linkId)
    expect(open!.status).toBe('started')
    await browser.submit({ 'Why <is> that?': 'Too loud' })
    const [done] = await server.responses(linkId)
    expect(done!.status).toBe('completed')
    expect(await server.answers(done!.id)).toMatchObject([
      { field_key: 'again', value: true },
      { field_key: 'change', value: 'It was okay' },
      { field_key: KEY, value: 'Too loud' },
    ])
  })
})
