import { createHmac } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  API_KEY,
  startTranscriptionServer,
  type TranscriptionServer,
} from '../../src/providers/transcription/test-transcription-server.ts'
import { type TestApp, testApp } from '../kit/app.ts'
import { type Receiver, startReceiver } from '../kit/receiver.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'

/** Spoken answers on their way to a Sayify receiver, through everything that is real but the ears of the server asked. */
const SECRET = 'my-webhook-secret'
const SAID = 'The delivery was terribly late, and the box was broken. Please send me a new one.'

const trusted = getCACertificates('default')
let app: TestApp
let receiver: Receiver
let ears: TranscriptionServer
let isAway = false
beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  setDefaultCACertificates([...trusted, cert])
  receiver = await startReceiver(undefined, { key, cert })
  ears = await startTranscriptionServer(() => (isAway ? { status: 401 } : undefined))
  ears.say(SAID)
  app = await testApp({
    ...{ WEBHOOK_ALLOW: '127.0.0.1', INSIGHT: 'heuristic' },
    ...{ TRANSCRIPTION: 'openai', TRANSCRIPTION_URL: ears.url, TRANSCRIPTION_API_KEY: API_KEY },
  })
})
afterAll(() => setDefaultCACertificates(trusted))

async function send(path: string, init: { method?: string; headers?: Record<string, string>; body?: unknown } = {}) {
  const isBytes = Buffer.isBuffer(init.body)
  const response = await fetch(new URL(path, app.localUrl), {
    method: init.method ?? 'POST',
    headers: { 'content-type': isBytes ? 'audio/wav' : 'application/json', ...init.headers },
    ...(init.body === undefined
      ? {}
      : { body: isBytes ? new Uint8Array(init.body as Buffer) : JSON.stringify(init.body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}`)
  return JSON.parse(text)
}

/** Answers a new link with a recording; what the receiver is told of it, and how long after the submission. */
async function spoken(slug: string) {
  const link = await send('/api/v1/links/', {
    headers: { authorization: `Bearer ${app.key}` },
    body: {
      ...{ name: 'Feedback', slug },
      questions: [{ prompt: 'How was your delivery?', type: 'voice', field_key: 'delivery' }],
      on_finished: { webhook_url: `${receiver.url}${slug}`, webhook_secret: SECRET },
    },
  })
  const { session, responseId } = await send(`/i/${link.slug}/sessions`, { body: {} })
  const owner = { authorization: `Session ${session}` }
  await send(`/i/${link.slug}/session/answers/delivery/upload`, { method: 'PUT', headers: owner, body: toneWav() })
  const start = performance.now()
  await send(`/i/${link.slug}/session/submit`, { headers: owner, body: {} })
  await until(() => receiver.requests.some(({ path }) => path === `/${slug}`), 'the delivery', 30_000)
  const request = receiver.requests.find(({ path }) => path === `/${slug}`)!
  const seconds = (performance.now() - start) / 1_000
  return { responseId, request, body: JSON.parse(request.body), seconds }
}

const response = async (id: string) => {
  const globalId = Buffer.from(`Response:${id}`).toString('base64')
  const { data } = await app.graphql(
    `query ($id: ID!) { response(id: $id) { analysis analyzedAt respondent { status }
       answers { transcript { origin version confidence segments { startMs endMs text } } insight { isStale }
                 upload { transcriptionState transcriptionFailure } } } }`,
    { id: globalId },
  )
  return data!.response
}

test('what is said arrives with its transcript and its insight, as documented, and once', {
  timeout: 60_000,
}, async () => {
  const { request, body, responseId, seconds } = await spoken('heard')
  expect(request.headers['x-sayify-signature']).toBe(
    `sha256=${createHmac('sha256', SECRET).update(request.body).digest('hex')}`,
  )
  const [answer] = body.response.answers
  expect(answer).toMatchObject({
    question_text: 'How was your delivery?',
    transcription: SAID,
    duration: expect.any(Number),
    ai_insights: {
      sentiment: 'negative',
      actionable: true,
      summary: expect.any(String),
      key_topics: expect.any(Array),
    },
  })
  expect(Object.keys(answer.ai_insights)).toEqual([
    'sentiment',
    'sentiment_score',
    'actionable',
    'key_topics',
    'summary',
  ])
  expect(answer.ai_insights.sentiment_score).toBeLessThan(0.5)
  expect(ears.asked).toHaveLength(1)
  // It was held back for what was on its way, not for as long as it might have been.
  expect(seconds).toBeLessThan(20)
  expect(await response(responseId)).toMatchObject({
    analysis: 'DONE',
    respondent: { status: 'ANALYZED' },
    answers: [
      {
        transcript: { origin: 'TRANSCRIBED', version: 1, segments: [{ startMs: 0, text: SAID }] },
        ...{ insight: { isStale: false }, upload: { transcriptionState: 'DONE' } },
      },
    ],
  })
  expect(receiver.requests.filter(({ path }) => path === '/heard')).toHaveLength(1)
})

test('where nobody can listen it is not held back for long, and is analysed once somebody can', {
  timeout: 60_000,
}, async () => {
  isAway = true
  const { body, responseId, seconds } = await spoken('unheard')
  expect(body.response.answers).toMatchObject([{ transcription: null, ai_insights: null }])
  expect(seconds).toBeLessThan(20)
  expect(await response(responseId)).toMatchObject({
    ...{ analysis: 'INCOMPLETE', analyzedAt: null, respondent: { status: 'SURVEYED' } },
    answers: [{ transcript: null, upload: { transcriptionState: 'UNAVAILABLE', transcriptionFailure: 'unavailable' } }],
  })
  isAway = false
  const { data } = await app.graphql(
    `mutation ($id: ID!) { retranscribe(input: { responseId: $id }) { ... on RetranscribePayload { recordings } } }`,
    { id: Buffer.from(`Response:${responseId}`).toString('base64') },
  )
  expect(data!.retranscribe).toEqual({ recordings: 1 })
  await until(async () => (await response(responseId)).analysis === 'DONE', 'the analysis', 30_000)
  expect((await response(responseId)).answers).toMatchObject([{ transcript: { origin: 'TRANSCRIBED' } }])
  const metrics = await (await fetch(new URL('/metrics', app.localUrl))).text()
  // Once when it was given, and once more when it was submitted.
  expect(metrics).toMatch(/saygraph_transcriptions_total\{outcome="unavailable"\} [12]\n/)
  expect(metrics).toContain('saygraph_transcriptions_total{outcome="done"} 2')
})
