import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeWav } from '../audio/wav.ts'
import { transcriptionConformance } from './conformance.ts'
import { createTranscription, fakeTranscription, type Transcription, TranscriptionError } from './index.ts'
import { languageCode } from './language-code.ts'
import { canHear, speak, tone, withPauses } from './test-speech.ts'
import { API_KEY, startTranscriptionServer, type Trouble } from './test-transcription-server.ts'

// Speech is heard for real, on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const openai = {
  adapter: 'openai',
  model: 'whisper-1',
  apiKey: API_KEY,
  timeoutMs: 20_000,
  retryMs: 1,
  workers: 4,
} as const
const sphinx = { adapter: 'pocketsphinx', timeoutMs: 50_000, workers: 2 } as const
const SAID = 'The delivery was late and the package was damaged. I would like to have my money back.'
const spoken = canHear ? speak(SAID) : new Uint8Array()

transcriptionConformance(
  'fake',
  () => fakeTranscription(),
  () => tone(2),
)
transcriptionConformance(
  'openai',
  async () => createTranscription({ ...openai, url: (await startTranscriptionServer(undefined, { delayMs: 20 })).url }),
  () => tone(2),
)
if (canHear)
  transcriptionConformance(
    'pocketsphinx',
    () => createTranscription(sphinx),
    () => spoken,
  )

const outcome = (engine: Transcription, language: string | null = null) =>
  engine.transcribe({ wav: tone(1), language }).then(
    ({ text }) => text,
    (error: unknown) => {
      if (!(error instanceof TranscriptionError)) throw error
      return [error.refusal, error.retryable, error.message]
    },
  )

test('nothing transcribes by default', async () => {
  const none = await createTranscription({ adapter: 'none' })
  expect(none).toMatchObject({ method: 'none', isAvailable: false, isLive: false })
  expect(await outcome(none)).toEqual(['unavailable', false, 'nothing transcribes here (TRANSCRIPTION=none)'])
})

describe('OpenAI’s protocol', () => {
  async function troubled(trouble?: Trouble, more: object = {}, server: { formats?: string[]; delayMs?: number } = {}) {
    const started = await startTranscriptionServer(trouble, server)
    return { server: started, engine: await createTranscription({ ...openai, url: started.url, ...more }) }
  }
  const body = (answer: unknown) => ({ status: 200, body: JSON.stringify(answer) })

  test('the recording, the model and the language travel in a form; what is heard comes with times and confidence', async () => {
    const { server, engine } = await troubled()
    server.say('Hyvää huomenta, kaikki')
    const heard = await engine.transcribe({ wav: tone(1.5), language: 'fi-FI' })
    expect(heard).toEqual({
      text: 'Hyvää huomenta, kaikki',
      language: 'fi',
      confidence: expect.closeTo(0.8),
      segments: [{ startMs: 0, endMs: 1_500, text: 'Hyvää huomenta, kaikki' }],
    })
    const asked = { model: 'whisper-1', language: 'fi', responseFormat: 'verbose_json', fileName: 'recording.wav' }
    expect(server.asked).toEqual([{ ...asked, seconds: 1.5 }])
  })

  test('without a language the one that is set is assumed, and without that none', async () => {
    const { server, engine } = await troubled(undefined, { language: 'sv-FI' })
    await outcome(engine)
    await outcome(engine, 'en')
    const plain = await createTranscription({ ...openai, url: server.url })
    await outcome(plain)
    expect(server.asked.map(({ language }) => language)).toEqual(['sv', 'en', undefined])
  })

  test('silence says nothing', async () => {
    const { engine } = await troubled()
    const wav = encodeWav(new Int16Array(16_000), 16_000)
    expect(await engine.transcribe({ wav, language: null })).toMatchObject({ text: '', segments: [], confidence: null })
  })

  test('a model that knows no verbose_json is asked for json, from then on at once', async () => {
    const { server, engine } = await troubled(undefined, {}, { formats: ['json'] })
    for (let n = 0; n < 2; n++) {
      const heard = await engine.transcribe({ wav: tone(1), language: null })
      expect(heard).toEqual({ text: 'word word', language: null, confidence: null, segments: null })
    }
    expect(server.asked).toHaveLength(2)
  })

  test('recordings that are sent together find that out together', async () => {
    const { engine } = await troubled(undefined, {}, { formats: ['json'] })
    expect(await Promise.all([outcome(engine), outcome(engine), outcome(engine)])).toEqual(Array(3).fill('word word'))
  })

  test('busy and broken servers are asked again, as long as they want to be waited for', async () => {
    const rate = { status: 429, headers: { 'retry-after': '1' } }
    const { server, engine } = await troubled((n) => [rate, { status: 503 }, 'cut' as const][n])
    const start = performance.now()
    expect(await outcome(engine)).toBe('word word')
    expect(performance.now() - start).toBeGreaterThan(900)
    expect(server.asked).toHaveLength(1)
  })

  test('a server that stays away, or asks for more patience than there is, is unavailable and may be tried later', async () => {
    const away = await troubled(() => ({ status: 500, body: 'out of\n order' }))
    expect(await outcome(away.engine)).toEqual(['unavailable', true, 'the server answered 500: out of order'])
    let requests = 0
    const busy = await troubled(() => {
      requests++
      return { status: 429, headers: { 'retry-after': '3600' } }
    })
    expect(await outcome(busy.engine)).toEqual(['unavailable', true, 'the server answered 429: '])
    expect(requests).toBe(1)
    const nobody = await createTranscription({ ...openai, url: 'http://127.0.0.1:9' })
    expect(await outcome(nobody)).toEqual(['unavailable', true, expect.stringMatching(/^the server did not answer: /)])
  })

  test('a key that is not taken is the operator’s matter, not the recording’s', async () => {
    const { engine } = await troubled(undefined, { apiKey: 'another' })
    const message = expect.stringContaining('the server answered 401')
    expect(await outcome(engine)).toEqual(['unavailable', false, message])
  })

  test('what it refuses is refused for good, and asked once', async () => {
    let requests = 0
    const { engine } = await troubled(() => {
      requests++
      return { status: 400, body: JSON.stringify({ error: { message: 'Audio file is too short.' } }) }
    })
    expect(await outcome(engine)).toEqual(['failed', false, expect.stringContaining('Audio file is too short.')])
    expect(requests).toBe(1)
  })

  test.each([
    ['a model that is not there', 404, 'The model does not exist'],
    ['a path that is not there', 405, 'Method Not Allowed'],
    ['a server that has moved', 301, ''],
    ['a bill that is not paid', 402, 'Insufficient balance'],
  ])('%s is the operator’s matter, not the recording’s', async (_, status, message) => {
    const { engine } = await troubled(() => ({ status, body: JSON.stringify({ error: { message } }) }))
    expect(await outcome(engine)).toEqual(['unavailable', false, expect.stringContaining(message)])
    const other = await troubled(undefined, { model: 'no-such-model' })
    expect(await outcome(other.engine)).toEqual(['unavailable', false, expect.stringContaining('does not exist')])
  })

  test('a language that it does not know is refused as such; one that is set here is the operator’s matter', async () => {
    const { server, engine } = await troubled()
    const message = expect.stringContaining('Bad language')
    expect(await outcome(engine, 'kab')).toEqual(['unsupported_language', false, message])
    const set = await createTranscription({ ...openai, url: server.url, language: 'kab' })
    expect(await outcome(set)).toEqual(['unavailable', false, message])
    const strict = { status: 422, body: JSON.stringify({ detail: [{ loc: ['body', 'language'], msg: 'not one of' }] }) }
    const another = await troubled(() => strict)
    expect(await outcome(another.engine, 'se')).toEqual(['unsupported_language', false, expect.anything()])
    // Nobody said any: then it is the recording that is refused.
    expect((await outcome(another.engine))[0]).toBe('failed')
  })

  test.each([
    ['no JSON', '<html>hello</html>'],
    ['no text', JSON.stringify({ language: 'english' })],
    ['text that is none', JSON.stringify({ text: 5 })],
    ['a list', '[]'],
    ['nothing', ''],
  ])('an answer with %s is a failure', async (_, answer) => {
    const { engine } = await troubled(() => ({ status: 200, body: answer }))
    const message = 'the server did not answer with a transcript'
    expect(await outcome(engine)).toEqual(['failed', false, message])
  })

  test('what makes no sense besides the text is left out', async () => {
    const segment = { start: 0, end: 1, text: 'hello', avg_logprob: -0.1 }
    const lies = [
      { text: ' hello\0 \ud800 ', language: 'klingonese', segments: 'many' },
      { text: 'hello', language: 7, segments: [{ ...segment, start: 5 }] },
      { text: 'hello', language: 'en_US', segments: [segment, { ...segment, start: -1 }] },
      { text: 'hello', segments: [{ ...segment, end: 1e9 }] },
      { text: 'hello', segments: [{ ...segment, avg_logprob: 3 }] },
    ]
    const { engine } = await troubled((n) => body(lies[n]))
    const nothing = { text: 'hello', language: null, segments: null }
    const listen = () => engine.transcribe({ wav: tone(1), language: null })
    expect(await listen()).toMatchObject({ ...nothing, text: 'hello \ufffd' })
    expect(await listen()).toMatchObject(nothing)
    expect(await listen()).toMatchObject({ ...nothing, language: 'en-US' })
    expect(await listen()).toMatchObject(nothing)
    expect(await listen()).toMatchObject({ confidence: null, segments: [{ startMs: 0, endMs: 1_000, text: 'hello' }] })
  })

  test('an endless transcript is cut, an endless answer refused', async () => {
    const long = await troubled(() => body({ text: `${'a'.repeat(99_999)}🙂${'b'.repeat(50_000)}` }))
    expect((await long.engine.transcribe({ wav: tone(1), language: null })).text).toBe('a'.repeat(99_999))
    const endless = await troubled(() => body({ text: 'a'.repeat(20_000_000) }))
    expect(await outcome(endless.engine)).toEqual(['failed', false, expect.stringContaining('more than 20000000')])
  })

  test('a server that does not answer is left, and the next recording is heard', async () => {
    const { server, engine } = await troubled((n) => (n === 0 ? 'hang' : undefined), { timeoutMs: 400, workers: 1 })
    const [first, second] = await Promise.all([outcome(engine), outcome(engine)])
    expect(first).toEqual(['failed', true, `${server.url} took longer than 400 ms`])
    expect(second).toBe('word word')
  })

  test('no more are sent at once than may be', async () => {
    const { server, engine } = await troubled(undefined, { workers: 2 }, { delayMs: 30 })
    await Promise.all(Array.from({ length: 8 }, () => outcome(engine)))
    expect(server.asked).toHaveLength(8)
    expect(server.peak()).toBe(2)
  })
})

test('languages by tag and by English name', () => {
  expect(['english', 'Finnish', 'en', 'en-gb', 'pt_BR', 'swedish', 'norwegian'].map(languageCode)).toEqual([
    'en',
    'fi',
    'en',
    'en-GB',
    'pt-BR',
    'sv',
    'no',
  ])
  expect(['', 'klingonese', 'x'.repeat(50), 'e', '../en', 'en fi'].map(languageCode)).toEqual(Array(6).fill(null))
})

describe.runIf(canHear)('pocketsphinx', () => {
  const folder = mkdtempSync(join(tmpdir(), 'saygraph-sphinx-'))
  beforeEach(() => vi.stubEnv('TMPDIR', folder))
  afterEach(() => vi.unstubAllEnvs())
  afterAll(() => rmSync(folder, { recursive: true }))
  const leftovers = () => readdirSync(folder)

  test('most words of clear speech are right, in utterances with times', async () => {
    const engine = await createTranscription(sphinx)
    const { text, language, confidence, segments } = await engine.transcribe({
      wav: withPauses([spoken, spoken], 2),
      language: 'en-US',
    })
    for (const word of ['delivery', 'package', 'damaged', 'would like', 'money']) expect(text).toContain(word)
    expect(language).toBe('en')
    expect(confidence).toBeGreaterThan(0.3)
    expect(segments!.length).toBeGreaterThanOrEqual(2)
    expect(segments!.at(-1)!.startMs).toBeGreaterThan(6_000)
    expect(engine.isDraft).toBe(true)
    await engine.close()
    expect(leftovers()).toEqual([])
  })

  test('it knows English only, and says nothing of silence', async () => {
    const engine = await createTranscription(sphinx)
    expect(await outcome(engine, 'fi')).toEqual([
      'unsupported_language',
      false,
      expect.stringContaining('only English'),
    ])
    const wav = encodeWav(new Int16Array(16_000), 16_000)
    expect(await engine.transcribe({ wav, language: null })).toMatchObject({ text: '', segments: [], confidence: null })
    await engine.close()
  })

  test('one that takes too long is ended, and nothing of it stays', async () => {
    const running = () => spawnSync('pgrep', ['-f', `^pocketsphinx.*${folder}`], { encoding: 'utf8' }).stdout.trim()
    const engine = await createTranscription(sphinx)
    const impatient = await import('./pocketsphinx.ts').then(({ pocketsphinx }) =>
      pocketsphinx({ timeoutMs: 150, workers: 1 }),
    )
    const error = await impatient.transcribe({ wav: spoken, language: null }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ refusal: 'failed', message: 'pocketsphinx_continuous took longer than 150 ms' })
    expect(running()).toBe('')
    await Promise.all([engine.close(), impatient.close()])
    expect(leftovers()).toEqual([])
  })

  test('auto finds it', async () => {
    const engine = await createTranscription({ ...sphinx, adapter: 'auto' })
    expect(engine.method).toBe('pocketsphinx')
    await engine.close()
  })
})

test('without the program it cannot be had, and auto does without', async () => {
  const missing = { ...sphinx, program: 'no-such-program' }
  await expect(createTranscription(missing)).rejects.toThrow(
    'no-such-program is not installed. Install Debian’s packages pocketsphinx and pocketsphinx-en-us'.replace('’', "'"),
  )
  expect((await createTranscription({ ...missing, adapter: 'auto' })).method).toBe('none')
  const wrong = await createTranscription({ ...missing, program: 'false' }).catch((error: unknown) => error)
  expect((wrong as Error).message).toContain('false ended with 1')
})

test('the fake remembers what it was asked and hears what it is told to', async () => {
  const engine = fakeTranscription({ isDraft: true })
  const error = new TranscriptionError('unavailable', 'too busy', { retryable: true })
  engine.hearNext({ text: 'moi', language: 'fi' })
  engine.hearNext(error)
  expect(await engine.transcribe({ wav: tone(1), language: 'fi' })).toMatchObject({ text: 'moi', language: 'fi' })
  await expect(engine.transcribe({ wav: tone(1), language: null })).rejects.toBe(error)
  const release = engine.hold()
  const held = engine.transcribe({ wav: tone(1), language: null })
  release()
  expect((await held).text).toBe('hello there')
  expect(engine.history.map(({ language }) => language)).toEqual(['fi', null, null])
})
