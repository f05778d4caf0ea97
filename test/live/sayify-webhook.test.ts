import { createHmac } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type TestApp, testApp } from '../kit/app.ts'
import { type Receiver, startReceiver } from '../kit/receiver.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'

// Much is waited for here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const SECRET = 'my-webhook-secret'
const WAV = toneWav()

const trusted = getCACertificates('default')
let app: TestApp
let receiver: Receiver
beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  setDefaultCACertificates([...trusted, cert])
  receiver = await startReceiver(undefined, { key, cert })
  app = await testApp({ WEBHOOK_ALLOW: '127.0.0.1', WEBHOOK_ANALYSIS_WAIT: '600' })
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

test('a spoken answer reaches a Sayify receiver over TLS, once its analysis is there, signed', async () => {
  const authorization = `Bearer ${app.key}`
  const link = await send('/api/v1/links/', {
    headers: { authorization },
    body: {
      name: 'Product Feedback Survey',
      questions: [
        { prompt: 'Tell us about your experience', type: 'voice', field_key: 'experience' },
        { prompt: 'Rate your experience', type: 'rating', field_key: 'stars', configuration: { max_value: 7 } },
        {
          prompt: 'Select your preferred design',
          type: 'image_choice',
          field_key: 'design',
          configuration: {
            cards: [{ id: 'card-1', label: 'Blue', media_url: 'https://example.com/blue.jpg', media_type: 'image' }],
          },
        },
      ],
      on_finished: { webhook_url: `${receiver.url}hook`, webhook_secret: SECRET },
    },
  })
  const { session, responseId } = await send(`/i/${link.slug}/sessions`, { body: {} })
  const owner = { authorization: `Session ${session}` }
  await send(`/i/${link.slug}/session/answers/experience/upload`, { method: 'PUT', headers: owner, body: WAV })
  await send(`/i/${link.slug}/session/answers/stars`, { method: 'PUT', headers: owner, body: { value: 6 } })
  await send(`/i/${link.slug}/session/answers/design`, { method: 'PUT', headers: owner, body: { value: 'card-1' } })
  await send(`/i/${link.slug}/session/submit`, { headers: owner, body: {} })

  // The log has it at once, the receiver has to wait.
  const { data } = await app.graphql(
    `{ events(first: 10, types: [RESPONSE_SUBMITTED]) { ... on EventPage { events { response { id answers { id fieldKey } } } } }
       webhooks(first: 1) { nodes { deliveries(first: 5) { nodes { uuid state nextAttemptAt eventType } } } } }`,
  )
  const [event] = data!.events.events
  await until(async () => {
    const found = await app.graphql('{ webhooks(first: 1) { nodes { deliveries(first: 5) { nodes { state } } } } }')
    return found.data!.webhooks.nodes[0].deliveries.nodes.length === 1
  }, 'the delivery waits')
  expect(receiver.requests).toEqual([])

  const answerId = event.response.answers.find((answer: any) => answer.fieldKey === 'experience').id
  await app.graphql(
    `mutation ($response: ID!, $answer: ID!) { recordAnalysis(input: { responseId: $response, method: "by hand", answers: [{
       answerId: $answer, transcript: { text: "I really love the voice recording feature!" }, durationSeconds: 5.2,
       insight: { sentiment: POSITIVE, sentimentScore: 0.92, actionable: true, keyTopics: ["voice recording"], summary: "Happy" } }] }) {
       __typename } }`,
    { response: event.response.id, answer: answerId },
  )
  await until(() => receiver.requests.length > 0, 'the delivery')
  const [request] = receiver.requests
  expect(request!.path).toBe('/hook')
  expect(request!.headers).toMatchObject({
    'content-type': 'application/json',
    'x-sayify-event': 'response.submitted',
    'x-sayify-delivery-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'x-sayify-signature': `sha256=${createHmac('sha256', SECRET).update(request!.body).digest('hex')}`,
  })
  const body = JSON.parse(request!.body)
  expect(body).toMatchObject({
    event: 'response.submitted',
    link: { uuid: link.uuid, name: 'Product Feedback Survey', slug: link.slug },
    response: { uuid: responseId, status: 'completed' },
  })
  expect(body.response.answers).toMatchObject([
    {
      question_text: 'Tell us about your experience',
      transcription: 'I really love the voice recording feature!',
      duration: 5.2,
      ai_insights: {
        sentiment: 'positive',
        sentiment_score: 0.92,
        actionable: true,
        key_topics: ['voice recording'],
        summary: 'Happy',
      },
    },
    { value: 6, rating_details: { value: 6, max_value: 7, scale_type: 'stars' } },
    {
      value: 'card-1',
      selected_card: {
        card_id: 'card-1',
        label: 'Blue',
        media_url: 'https://example.com/blue.jpg',
        media_type: 'image',
      },
    },
  ])
  const audio = await fetch(
    new URL(
      new URL(body.response.answers[0].audio_url).pathname + new URL(body.response.answers[0].audio_url).search,
      app.localUrl,
    ),
  )
  // The MP3 that was made of it by then, or the recording itself.
  expect(audio.status).toBe(200)
  const bytes = Buffer.from(await audio.arrayBuffer())
  if (audio.headers.get('content-type') === 'audio/wav') expect(bytes).toEqual(WAV)
  else expect([audio.headers.get('content-type'), bytes.length > 500]).toEqual(['audio/mpeg', true])
})
