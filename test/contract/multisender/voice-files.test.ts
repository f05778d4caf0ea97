import { describe, expect, it } from 'vitest'
import { encodeWav } from '../../../src/providers/audio/index.ts'
import { until } from '../../kit/world.ts'
import { failure, fitsLiteral, HOST, multisenderServer, NOW } from './kit.ts'
import * as literals from './literals.ts'

const server = await multisenderServer({ MAX_UPLOAD_MB: '1' })
const { call, ok, app, acme, other, clock } = server
const GONE = failure(404, 'Nothing with this id exists.')

const tone = Int16Array.from({ length: 24_000 }, (_, n) => 8_000 * Math.sin(n / 8))
const wav = Buffer.from(encodeWav(tone, 16_000))
const BOUNDARY = '----tests'
const MULTIPART = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

/** A multipart body: texts are fields, the rest are files. */
function form(...parts: [name: string, content: string | Buffer, fileName?: string][]): Buffer {
  const chunks = parts.map(([name, content, fileName]) => {
    const file = typeof content === 'string' ? '' : `; filename="${fileName ?? 'a.wav'}"\r\nContent-Type: audio/wav`
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from('\r\n')])
  })
  return Buffer.concat([...chunks, Buffer.from(`--${BOUNDARY}--\r\n`)])
}
const upload = (body: Buffer, options: object = {}) =>
  call('POST', '/v1/voice_files', { body, headers: MULTIPART, ...options })
async function settled(id: string): Promise<any> {
  let file: any
  await until(
    async () => {
      file = await ok(200, 'GET', `/v1/voice_files/${id}`)
      return file.status !== 'pending'
    },
    'the voice file is settled',
    60_000,
  )
  return file
}
const count = async (token = acme.token) => (await ok(200, 'GET', '/v1/voice_files', { token })).length
const address = (name: string) =>
  expect.stringMatching(
    new RegExp(`^${HOST}/media/voice/[0-9a-f-]{36}/${name}\\?.*expires=253402300799&signature=`),
  ) as string

describe('voice codes', () => {
  it('are listed', async () => {
    const { status, json } = await call('GET', '/v1/voice_files/text_to_speech/voice_codes')
    expect(status).toBe(200)
    fitsLiteral(json, literals.VOICE_CODES)
    expect(json.map(({ voiceCode }: any) => voiceCode)).toEqual(expect.arrayContaining(['en', 'fi']))
  })
})

describe('speech', () => {
  it('is made of a text, and is ready after a while', { timeout: 60_000 }, async () => {
    const body = { name: 'Greeting', text: 'Press five to accept.', voiceCode: 'en' }
    fitsLiteral(body, literals.SPEECH_REQUEST)
    const { status, json, headers } = await call('POST', '/v1/voice_files/text_to_speech', { body })
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/voice_files/1`])
    const made = {
      voiceFileId: '1',
      name: 'Greeting',
      description: null,
      url: address('original'),
      mp3Url: null,
      wavUrl: null,
      duration: 0,
      status: 'pending',
      text: body.text,
      voiceCode: 'en',
      updatedAt: NOW,
      createdAt: NOW,
    }
    expect(json).toEqual(made)
    expect(Object.keys(json)).toEqual(Object.keys(made))
    const ready = await settled('1')
    expect(ready).toEqual({
      ...made,
      mp3Url: address('audio.mp3'),
      wavUrl: address('audio-8khz.wav'),
      duration: expect.any(Number),
      status: 'ready',
    })
    await ok(200, 'PUT', '/v1/voice_files/1', { body: { description: 'Said' } })
    fitsLiteral(await ok(200, 'GET', '/v1/voice_files/1'), literals.VOICE_FILE)
    fitsLiteral(await ok(200, 'GET', '/v1/voice_files'), literals.VOICE_FILES)
    expect([ready.duration >= 1, ready.duration <= 4]).toEqual([true, true])
    for (const url of [ready.url, ready.mp3Url, ready.wavUrl]) {
      const { pathname, search } = new URL(url)
      const { status, headers } = await fetch(new URL(pathname + search, app.localUrl))
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^audio\//)])
    }
  })

  it('is refused by field', async () => {
    const none = await call('POST', '/v1/voice_files/text_to_speech', { body: {} })
    expect([none.status, none.text]).toEqual([
      400,
      failure(400, 'Validation failed', {
        name: ['name is required'],
        text: ['text is required'],
        voiceCode: ['voiceCode is required'],
      }),
    ])
    const wrong = { name: ' ', text: 'word '.repeat(81), voiceCode: 'sv' }
    const { status, json } = await call('POST', '/v1/voice_files/text_to_speech', { body: wrong })
    expect([status, json.errors]).toEqual([
      400,
      {
        name: ['name must not be blank'],
        text: ['text must have at most 80 words'],
        voiceCode: [expect.stringMatching(/^voiceCode must be one of en, fi/)],
      },
    ])
    expect(await count()).toBe(1)
    await ok(201, 'POST', '/v1/voice_files/text_to_speech', {
      body: { ...wrong, name: 'x', text: 'word '.repeat(80), voiceCode: 'fi' },
    })
  })
})

describe('an upload', () => {
  it('makes a voice file of each file', { timeout: 60_000 }, async () => {
    const body = form(['note', 'x'], ['files', wav, 'greeting.wav'], ['files[]', Buffer.from('no sound'), 'letter.mp3'])
    const { status, json, headers } = await upload(body)
    expect([status, headers.location]).toEqual([201, `${HOST}/v1/voice_files/3`])
    const made = (id: string, name: string, fileName: string, size: number) => ({
      voiceFileId: id,
      name,
      description: null,
      duration: 0,
      fileName,
      url: address('original'),
      mp3Url: null,
      wavUrl: null,
      size: String(size),
      status: 'pending',
      updatedAt: NOW,
      createdAt: NOW,
    })
    expect(json).toEqual({
      files: [made('3', 'greeting', 'greeting.wav', wav.length), made('4', 'letter', 'letter.mp3', 8)],
    })
    const keys = Object.keys(JSON.parse(literals.UPLOADED.replaceAll("'", '"')).files[0])
    for (const file of json.files) expect(Object.keys(file)).toEqual(keys)
    expect(await settled('3')).toMatchObject({ status: 'ready', duration: 2, text: null, voiceCode: null })
    expect(await settled('4')).toMatchObject({ status: 'failed', duration: 0, mp3Url: null, wavUrl: null })
  })

  it('takes its token from a field before the files, and nothing from a stranger', async () => {
    const before = await count()
    const withToken = form(['access_token', acme.token], ['files', wav])
    expect((await upload(withToken, { token: null })).status).toBe(201)
    expect((await upload(withToken, { token: other.token })).status).toBe(201)
    const missing = 'An access token is needed: send it as the header X-Access-Token.'
    for (const body of [form(['files', wav]), form(['files', wav], ['access_token', acme.token])]) {
      const { status, text, headers } = await upload(body, { token: null })
      expect([status, text, headers.connection]).toEqual([401, failure(401, missing), 'close'])
    }
    const wrong = await upload(form(['access_token', 'lt_x'], ['files', wav]), { token: null })
    expect([wrong.status, wrong.text]).toEqual([401, failure(401, 'The access token is not valid.')])
    expect([await count(), await count(other.token)]).toEqual([before + 1, 1])
  })

  it('is at a second address as well', async () => {
    const { status, headers } = await call('POST', '/v1/voice_files/upload', {
      body: form(['files', wav]),
      headers: MULTIPART,
    })
    expect([status, headers.location]).toEqual([201, expect.stringMatching(/\/v1\/voice_files\/\d+$/)])
  })

  it('is taken whole or not at all', async () => {
    const before = await count()
    const large = Buffer.alloc(1_100_000)
    const cases: [Buffer, number, string, Record<string, string[]>?][] = [
      [form(), 400, 'Validation failed', { files: ['files must hold at least one file'] }],
      [form(['files', 'a text']), 400, 'Validation failed', { files: ['files must hold at least one file'] }],
      [
        form(['files', wav], ['audio', wav]),
        400,
        'Validation failed',
        { files: ['files must be the name of every file part'] },
      ],
      [
        form(['files', wav], ['files', Buffer.alloc(0)]),
        400,
        'Validation failed',
        { 'files.1': ['The file is empty.'] },
      ],
      [form(['files', wav], ['files', large]), 413, 'The file is larger than 1000000 bytes.'],
      [
        form(['files', wav]).subarray(0, 20_000),
        400,
        'Validation failed',
        { body: ['body cannot be read: it stopped before it was complete'] },
      ],
      [
        form(...Array.from({ length: 21 }, (): [string, Buffer] => ['files', wav])),
        400,
        'Validation failed',
        { files: ['files must hold at most 20 files'] },
      ],
    ]
    for (const [body, status, message, errors] of cases) {
      const reply = await upload(body)
      expect([reply.status, reply.text]).toEqual([status, failure(status, message, errors)])
    }
    expect(await count()).toBe(before)
  })

  it('has to be multipart', async () => {
    for (const type of ['application/json', 'audio/wav', '']) {
      const { status, text } = await call('POST', '/v1/voice_files', { body: wav, headers: { 'content-type': type } })
      expect([status, text], type).toEqual([
        415,
        failure(415, `The body must be multipart/form-data, not ${type || 'of no type'}.`),
      ])
    }
    const unbound = await call('POST', '/v1/voice_files', {
      body: form(['files', wav]),
      headers: { 'content-type': 'multipart/form-data' },
    })
    expect(unbound.status).toBe(400)
    expect((await call('POST', '/v1/voice_files')).status).toBe(400)
  })
})

describe('voice files', () => {
  it('are renamed, also one by one', async () => {
    clock.advance(60_000)
    const body = { name: ' Welcome ', description: 'Played at the start' }
    fitsLiteral(body, literals.VOICE_FILE_REQUEST)
    const { status, json } = await call('PUT', '/v1/voice_files/3', { body })
    expect([status, json.name, json.description, json.updatedAt]).toEqual([
      200,
      'Welcome',
      'Played at the start',
      '2017-01-01 12:01:00',
    ])
    expect((await ok(200, 'PUT', '/v1/voice_files/3', { body: { description: null } })).name).toBe('Welcome')
    expect((await ok(200, 'GET', '/v1/voice_files/3')).description).toBe(null)
    const wrong = await call('PUT', '/v1/voice_files/3', { body: { name: '', description: 'x'.repeat(2_001) } })
    expect([wrong.status, wrong.json.errors]).toEqual([
      400,
      {
        name: ['name must not be blank'],
        description: ['description must have at most 2000 characters'],
      },
    ])
  })

  it('are deleted', async () => {
    const { status, text } = await call('DELETE', '/v1/voice_files/3')
    expect([status, text]).toEqual([204, ''])
    expect((await ok(200, 'GET', '/v1/voice_files')).map((each: any) => each.voiceFileId)).not.toContain('3')
  })

  it.each(['GET', 'PUT', 'DELETE'])('of others are as unknown as those that are none: %s', async (method) => {
    for (const [id, token] of [
      ['2', other.token],
      ['3', undefined],
      ['x', undefined],
      ['text', undefined],
    ] as const) {
      const { status, text } = await call(method, `/v1/voice_files/${id}`, { body: '{', ...(token ? { token } : {}) })
      expect([status, text], id).toEqual([404, GONE])
    }
    expect((await call(method, '/v1/voice_files/text_to_speech')).status).toBe(405)
  })
})
