import { afterEach, describe, expect, test } from 'vitest'
import { encodeWav } from '../audio/wav.ts'
import { speechConformance } from './conformance.ts'
import { createSpeech, fakeSpeech, type Speech, type SpeechConfig, SpeechError } from './index.ts'
import { API_KEY, startSpeechServer, type Trouble } from './test-speech-server.ts'

const TIMEOUT = 20_000
const espeak = { adapter: 'espeak', workers: 1, timeoutMs: TIMEOUT } as const
const openai = { adapter: 'openai', model: 'tts-1', apiKey: API_KEY, timeoutMs: TIMEOUT, retryMs: 1 } as const

speechConformance('fake', fakeSpeech)
speechConformance('espeak', () => createSpeech(espeak))
speechConformance('openai', async () => createSpeech({ ...openai, url: (await startSpeechServer()).url }))

const opened: Speech[] = []
afterEach(() => Promise.all(opened.splice(0).map((speech) => speech.close())))
function open(config: SpeechConfig): Speech {
  const speech = createSpeech(config)
  opened.push(speech)
  return speech
}
async function failure(speech: Speech): Promise<SpeechError> {
  const error = await speech.synthesize({ text: 'Hello', voice: 'en' }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(SpeechError)
  return error as SpeechError
}

describe('espeak', () => {
  test('without its package, everything is refused', async () => {
    const speech = open({ ...espeak, module: '@echogarden/not-installed' })
    expect(await failure(speech)).toMatchObject({ refusal: 'unavailable', retryable: false })
    expect(await failure(speech)).toMatchObject({ refusal: 'unavailable' })
  })

  test('what takes too long fails and may be tried again', async () => {
    const speech = open({ ...espeak, timeoutMs: 1 })
    expect(await failure(speech)).toMatchObject({
      refusal: 'failed',
      retryable: true,
      message: 'took longer than 1 ms',
    })
  })
})

test('none: no voices, and everything is refused', async () => {
  const speech = open({ adapter: 'none' })
  expect(speech.voices()).toEqual([])
  expect(await failure(speech)).toMatchObject({ refusal: 'unavailable', retryable: false })
})

describe('openai', () => {
  async function troubled(trouble: Trouble, more: Partial<Extract<SpeechConfig, { adapter: 'openai' }>> = {}) {
    const server = await startSpeechServer(trouble)
    return { server, speech: open({ ...openai, url: server.url, ...more }) }
  }

  test('sends what the protocol wants, with our names of voices', async () => {
    const { server, speech } = await troubled(() => undefined, { voices: { en: 'shimmer' } })
    await speech.synthesize({ text: ' Hi\n"there" ', voice: 'en' })
    await speech.synthesize({ text: 'Moi', voice: 'fi-female' })
    expect(server.requests.map(({ body }) => JSON.parse(body))).toEqual([
      { model: 'tts-1', input: 'Hi "there"', voice: 'shimmer', response_format: 'wav' },
      { model: 'tts-1', input: 'Moi', voice: 'nova', response_format: 'wav' },
    ])
  })

  test.each<[string, ReturnType<Trouble>]>([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '0' } }],
    ['500', { status: 500 }],
    ['503', { status: 503, body: 'busy' }],
    ['a broken connection', 'cut'],
  ])('tries again after %s', async (_, fate) => {
    const { server, speech } = await troubled((n) => (n < 2 ? fate : undefined))
    expect((await speech.synthesize({ text: 'Hello', voice: 'en' })).sampleRate).toBe(24_000)
    expect(server.requests).toHaveLength(3)
  })

  test('gives up after as many tries as are allowed', async () => {
    const { server, speech } = await troubled(() => ({ status: 503, body: 'no  room' }), { tries: 3 })
    const error = await failure(speech)
    expect(error).toMatchObject({ refusal: 'failed', retryable: true, message: 'the server answered 503: no room' })
    expect(server.requests).toHaveLength(3)
  })

  test('does not wait longer than it makes sense', async () => {
    const { server, speech } = await troubled(() => ({ status: 429, headers: { 'retry-after': '3600' } }))
    expect(await failure(speech)).toMatchObject({ refusal: 'failed', retryable: true })
    expect(server.requests).toHaveLength(1)
  })

  test('a wrong key is told and not tried again, and not repeated in the message', async () => {
    const { server, speech } = await troubled(() => undefined, { apiKey: 'sk-wrong' })
    const error = await failure(speech)
    expect(error).toMatchObject({ refusal: 'failed', retryable: false })
    expect(error.message).toBe('the server answered 401: {"error":{"message":"Incorrect API key provided"}}')
    expect(server.requests).toHaveLength(1)
  })

  const silent = encodeWav(new Int16Array(24_000), 24_000)
  test.each<[string, string | Uint8Array, string]>([
    ['silence', silent, 'the voice stayed silent'],
    ['no samples', encodeWav(new Int16Array(0), 24_000), 'the voice stayed silent'],
    ['nothing', '', 'the server did not answer with a WAV file of PCM'],
    ['JSON', '{"ok":true}', 'the server did not answer with a WAV file of PCM'],
    ['half a file', silent.subarray(0, 10_000), 'the server did not answer with a WAV file of PCM'],
    ['half a header', silent.subarray(0, 30), 'the server did not answer with a WAV file of PCM'],
  ])('an answer of %s is a failure', async (_, body, message) => {
    const { server, speech } = await troubled(() => ({ status: 200, body }))
    expect(await failure(speech)).toMatchObject({ refusal: 'failed', retryable: false, message })
    expect(server.requests).toHaveLength(1)
  })

  test('a file of a stream, whose header leaves its size open, is understood', async () => {
    const wav = encodeWav(
      Int16Array.from({ length: 2_400 }, (_, n) => (n % 100) * 100),
      24_000,
    )
    new DataView(wav.buffer).setUint32(4, 0xffffffff, true)
    new DataView(wav.buffer).setUint32(40, 0xffffffff, true)
    const { speech } = await troubled(() => ({ status: 200, body: wav }))
    expect((await speech.synthesize({ text: 'Hello', voice: 'en' })).samples).toHaveLength(2_400)
  })

  test('a server that does not answer is left', async () => {
    const { speech, server } = await troubled(() => 'hang', { timeoutMs: 300 })
    const error = await failure(speech)
    expect(error).toMatchObject({ refusal: 'failed', retryable: true })
    expect(error.message).toBe(`${new URL(server.url).origin} took longer than 300 ms`)
  })
})

test('the fake remembers what it said and fails when told to', async () => {
  const speech = fakeSpeech()
  await speech.synthesize({ text: 'one two', voice: 'fi' })
  const error = new SpeechError('failed', 'no voice today')
  speech.failNext(error)
  await expect(speech.synthesize({ text: 'three', voice: 'en-female' })).rejects.toBe(error)
  await speech.synthesize({ text: 'four', voice: 'en' })
  expect(speech.history).toEqual([
    { text: 'one two', voice: 'fi' },
    { text: 'three', voice: 'en-female' },
    { text: 'four', voice: 'en' },
  ])
})
