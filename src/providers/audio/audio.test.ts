import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createMp3Encoder } from 'wasm-media-encoders'
import { type Audio, AudioError, type AudioFacts, createAudio, fakeAudio } from './index.ts'
import { FIXTURES } from './test-fixtures.ts'
import { growingWebm } from './test-growing.ts'
import { listen } from './test-hearing.ts'
import { chunk, makeWav, sine, type WavKind } from './test-wav.ts'

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const LIMITS = { workers: 1, timeoutMs: 15_000, maxDurationMs: 60_000, maxBytes: 30_000_000, ffmpeg: 'ffmpeg' }
const opened: Audio[] = []
afterAll(() => Promise.all(opened.map((audio) => audio.close())))
function open(more: Partial<typeof LIMITS & { maxWaiting: number; ffmpeg: string | undefined }> = {}): Audio {
  const audio = createAudio({ ...LIMITS, ...more })
  opened.push(audio)
  return audio
}
const audio = open()

async function mp3Of(samples: Float32Array, sampleRate: 24_000 | 44_100 = 44_100): Promise<Uint8Array> {
  const encoder = await createMp3Encoder()
  encoder.configure({ sampleRate, channels: 1, bitrate: 64 })
  return Buffer.concat([encoder.encode([samples]).slice(), encoder.finalize().slice()])
}
const mp3 = await mp3Of(sine(1_000, 44_100))

/** The refusal, or `made`. Anything else is a defect. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'made'
  } catch (error) {
    if (error instanceof AudioError) return error.refusal
    throw error
  }
}
const refusalOf = (bytes: Uint8Array, from: Audio = audio) => outcome(from.convert(bytes, ['wav8k']))

describe('WAV', () => {
  const kinds: WavKind[] = ['u8', 's16', 's24', 's32', 'f32', 'f64', 'alaw', 'ulaw']
  test.each(kinds.flatMap((kind) => [1, 2, 6].map((channels) => [kind, channels] as const)))(
    '%s in %d channels',
    async (kind, channels) => {
      const wav = makeWav(sine(1_000, 22_050), { rate: 22_050, kind, channels })
      const { facts, files } = await audio.convert(wav, ['wav8k'])
      const codec = kind === 'alaw' || kind === 'ulaw' ? kind : 'pcm'
      expect(facts).toMatchObject({ container: 'wav', codec, sampleRate: 22_050, channels, durationMs: 1_000 })
      expect(facts.peak).toBeCloseTo(0.5, 1)
      const { rate, seconds, amplitudeAt } = listen(files.wav8k)
      expect([rate, seconds]).toEqual([8_000, 1])
      expect(amplitudeAt(1_000)).toBeCloseTo(0.5, kind === 's16' || kind.length > 3 ? 2 : 1)
      expect(amplitudeAt(2_000)).toBeLessThan(0.01)
    },
  )

  test.each([1_000, 7_999, 8_000, 11_025, 44_100, 48_000, 96_000, 192_000, 768_000])('of %d Hz', async (rate) => {
    const { facts, files } = await audio.convert(makeWav(sine(400, rate, 0.5), { rate }), ['mp3', 'wav8k', 'wav16k'])
    expect(facts).toMatchObject({ sampleRate: rate, durationMs: 500 })
    expect(listen(files.wav8k).amplitudeAt(400)).toBeCloseTo(0.5, 2)
    expect(listen(files.wav16k).amplitudeAt(400)).toBeCloseTo(0.5, 2)
    expect(await audio.inspect(files.mp3)).toMatchObject({ container: 'mp3', codec: 'mp3', channels: 1 })
  })

  test('with what other programs write around the samples', async () => {
    const before = [
      chunk('LIST', Buffer.from('INFOISFT odd')),
      chunk('odd ', Buffer.from('x')),
      chunk('fact', Buffer.alloc(4)),
    ]
    const wav = makeWav(sine(1_000, 8_000), { before, extensible: true })
    const trailing = Buffer.concat([wav, chunk('LIST', Buffer.alloc(20))])
    expect(await audio.inspect(trailing)).toMatchObject({ durationMs: 1_000 })
  })

  test.each([0, 0xffffffff])('made in a stream, with %d for a size', async (claimedBytes) => {
    expect(await audio.inspect(makeWav(sine(1_000, 8_000), { claimedBytes }))).toMatchObject({ durationMs: 1_000 })
  })

  test.each<[string, (format: Buffer) => void, string]>([
    ['no channels', (format) => format.writeUInt16LE(0, 2), 'hostile'],
    ['60000 channels', (format) => format.writeUInt16LE(60_000, 2), 'hostile'],
    ['a rate of 0', (format) => format.writeUInt32LE(0, 4), 'hostile'],
    ['a rate of 4 GHz', (format) => format.writeUInt32LE(0xffffffff, 4), 'hostile'],
    ['frames of no bytes', (format) => format.writeUInt16LE(0, 12), 'hostile'],
    ['frames of three bytes', (format) => format.writeUInt16LE(3, 12), 'hostile'],
    ['samples of 12 bits', (format) => format.writeUInt16LE(12, 14), 'unsupported_codec'],
    ['ADPCM', (format) => format.writeUInt16LE(2, 0), 'unsupported_codec'],
  ])('with %s is refused', async (_, patch, refusal) => {
    expect(await refusalOf(makeWav(sine(1_000, 8_000), { patch }))).toBe(refusal)
  })

  test('that promises 4 GB is refused', async () => {
    expect(await refusalOf(makeWav(sine(1_000, 8_000), { claimedBytes: 0xfffffff0 }))).toBe('truncated')
  })

  test('with nothing in it, and with floats that are no numbers', async () => {
    expect(await refusalOf(makeWav(new Float32Array()))).toBe('empty')
    const wild = new Float32Array(8_000).fill(Number.NaN)
    wild[10] = Number.POSITIVE_INFINITY
    wild[11] = 1e30
    expect(await audio.inspect(makeWav(wild, { kind: 'f32' }))).toMatchObject({ durationMs: 1_000, peak: 8 })
  })
})

describe.each([
  ['MP3', mp3, { container: 'mp3', codec: 'mp3', sampleRate: 44_100 }],
  ['WebM with Opus', FIXTURES.webm, { container: 'webm', codec: 'opus', sampleRate: 48_000 }],
  ['Ogg with Opus', FIXTURES.ogg, { container: 'ogg', codec: 'opus', sampleRate: 48_000 }],
  ['MP4 with Opus', FIXTURES.mp4, { container: 'mp4', codec: 'opus', sampleRate: 48_000, channels: 2 }],
  ...(hasFfmpeg
    ? ([
        ['M4A with AAC', FIXTURES.m4a, { container: 'mp4', codec: 'aac', sampleRate: 48_000 }],
        ['Ogg with Vorbis', FIXTURES.vorbis, { container: 'ogg', codec: 'vorbis', sampleRate: 8_000 }],
      ] as const)
    : []),
] as const)('%s', (_name, bytes, facts) => {
  test('is told by its content and made into the others', async () => {
    const made = await audio.convert(bytes, ['mp3', 'wav8k', 'wav16k'])
    expect(made.facts).toMatchObject({ channels: 1, silent: false, ...facts })
    expect(Math.abs(made.facts.durationMs - 1_000)).toBeLessThan(80)
    expect(made.facts.peak).toBeGreaterThan(0.3)
    const loudness = made.facts.peak
    for (const [wav, rate] of [
      [made.files.wav8k, 8_000],
      [made.files.wav16k, 16_000],
    ] as const) {
      const heard = listen(wav)
      expect(heard.rate).toBe(rate)
      expect(Math.abs(heard.seconds - made.facts.durationMs / 1_000)).toBeLessThan(0.001)
      expect(heard.amplitudeAt(1_000) / loudness).toBeGreaterThan(0.7)
      expect(heard.amplitudeAt(1_000) / loudness).toBeLessThan(1.05)
      expect(heard.amplitudeAt(700) / loudness).toBeLessThan(0.05)
    }
    const again = await audio.convert(made.files.mp3, ['wav16k'])
    expect(again.facts).toMatchObject({ container: 'mp3', channels: 1 })
    expect(Math.abs(again.facts.durationMs - made.facts.durationMs)).toBeLessThan(200)
    expect(listen(again.files.wav16k).amplitudeAt(1_000) / loudness).toBeGreaterThan(0.65)
  })

  test('cut at every tenth is refused or measured, never taken for the whole', async () => {
    for (let tenth = 0; tenth < 10; tenth++) {
      const part = bytes.subarray(0, Math.floor((bytes.length * tenth) / 10))
      const result = await audio.inspect(part).catch((error: unknown) => error)
      if (result instanceof AudioError) {
        expect(['empty', 'truncated', 'not_audio', 'hostile']).toContain(result.refusal)
      } else {
        expect(result).toMatchObject({ codec: facts.codec })
        expect([tenth, (result as { durationMs: number }).durationMs < 990]).toEqual([tenth, true])
      }
    }
  })

  test('with bytes spoilt at random is refused or converted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        async (changes) => {
          const spoilt = Uint8Array.from(bytes)
          for (const [at, value] of changes) spoilt[at] = value
          expect(await outcome(audio.convert(spoilt, ['mp3', 'wav8k']))).not.toBe('failed')
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('what is not audio', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'empty'],
    ['one byte', new Uint8Array([82]), 'not_audio'],
    ['a text', Buffer.from('RIFFRAFF is not a file of sounds'.repeat(50)), 'not_audio'],
    ['a page', Buffer.from('<!doctype html><title>x</title>'.repeat(50)), 'not_audio'],
    [
      'a zip',
      Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'), Buffer.alloc(2_000, 0xa5)]),
      'not_audio',
    ],
    ['a playlist', Buffer.from('#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n'), 'not_audio'],
    ['zeroes', new Uint8Array(100_000), 'not_audio'],
    ['a film without sound', FIXTURES.video, 'not_audio'],
    ['the head of a WAV file', makeWav(sine(1_000, 8_000)).subarray(0, 40), 'truncated'],
    ['the name of a WAV file', makeWav(sine(1_000, 8_000)).subarray(0, 12), 'truncated'],
  ])('%s', async (_, bytes, refusal) => {
    expect(await refusalOf(bytes)).toBe(refusal)
  })

  test('random bytes, with and without a beginning that promises something', async () => {
    const heads = [
      '',
      'RIFF\xff\xff\xff\xffWAVEfmt ',
      'OggS\0\x02',
      '\x1aE\xdf\xa3',
      'ID3\x04\0\0\0\0\x10\0',
      '\xff\xfb\x90\x64',
      '\0\0\0\x20ftypM4A ',
      'fLaC\0\0\0\x22',
      '\xff\xf1\x50\x80',
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 3_000 }), async (head, tail) => {
        expect(await refusalOf(Buffer.concat([Buffer.from(head, 'latin1'), tail]))).not.toBe('failed')
      }),
      { numRuns: 150 },
    )
  })
})

test('a WebM file that ends in junk does not keep a thread busy', async () => {
  const junk = Buffer.concat([FIXTURES.webm, Buffer.alloc(5_000, 0x02)])
  expect(await refusalOf(junk)).not.toBe('failed')
  const inside = Uint8Array.from(FIXTURES.webm)
  inside.fill(0x02, 700, 720)
  inside.fill(0x02, 2_600)
  expect(await refusalOf(inside)).not.toBe('failed')
  // Found at random: with mediabunny's own cache these bytes kept it busy for ever.
  const found = Uint8Array.from(FIXTURES.webm)
  for (const [at, value] of [
    [143, 0x7f],
    [180, 0x79],
    [213, 0],
    [269, 0xde],
    [353, 0xff],
    [373, 0],
  ] as const) {
    found[at] = value
  }
  expect(await refusalOf(found)).toBe('hostile')
})

test.each(['stts', 'stsc'])('an MP4 file whose %s counts billions of samples is refused', async (table) => {
  const spoilt = Buffer.from(FIXTURES.mp4)
  // Type, version, number of entries, then the count of samples first or second.
  spoilt.writeUInt32BE(0x7fffffff, spoilt.indexOf(table) + 12 + (table === 'stsc' ? 4 : 0))
  expect(await refusalOf(spoilt)).toBe('hostile')
})

test('an MP3 file with 10 MB of tags is read past them', async () => {
  const size = 10_000_000
  const id3 = Buffer.alloc(10 + size)
  id3.write('ID3\x04\0\0', 'latin1')
  for (let n = 0; n < 4; n++) id3[6 + n] = (size >> (7 * (3 - n))) & 127
  const facts = await audio.inspect(Buffer.concat([id3, mp3]))
  expect(facts).toMatchObject({ container: 'mp3' })
  expect(Math.abs(facts.durationMs - 1_000)).toBeLessThan(80)
  expect(await refusalOf(id3)).not.toBe('made')
  expect(await refusalOf(id3.subarray(0, 5_000))).not.toBe('made')
})

test('without ffmpeg, AAC is refused with its name', async () => {
  for (const ffmpeg of [undefined, 'no-such-program']) {
    const error = await open({ ffmpeg })
      .inspect(FIXTURES.m4a)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AudioError)
    expect(error).toMatchObject({
      refusal: 'unsupported_codec',
      message: 'aac in mp4 needs ffmpeg, which this server does not have',
      retryable: false,
    })
  }
})

test('silence is a fact, not a refusal', async () => {
  const { facts, waveform } = await audio.convert(makeWav(new Float32Array(16_000)), ['mp3', 'wav8k'])
  expect(facts).toMatchObject({ silent: true, peak: 0, durationMs: 2_000 })
  expect(waveform).toEqual(new Uint8Array(200))
})

test('the waveform follows the sound', async () => {
  const samples = sine(200, 8_000, 4).map((value, n) => (n < 16_000 ? value / 5 : value))
  const { waveform } = await audio.convert(makeWav(samples), [])
  expect(waveform).toHaveLength(200)
  expect([...waveform.subarray(1, 99)].every((value) => Math.abs(value - 25) <= 1)).toBe(true)
  expect([...waveform.subarray(101, 199)].every((value) => Math.abs(value - 127) <= 1)).toBe(true)
  expect((await audio.convert(makeWav(sine(200, 8_000, 0.01)), [])).waveform).toHaveLength(200)
})

describe('limits', () => {
  test('too many bytes, known in advance or not, and too much time', async () => {
    const small = open({ maxBytes: 10_000, maxDurationMs: 500 })
    expect(await refusalOf(makeWav(sine(1_000, 8_000)), small)).toBe('too_large')
    let pulled = 0
    const endless = (async function* () {
      for (;;) {
        pulled++
        yield Buffer.alloc(1_000)
      }
    })()
    expect(await outcome(small.inspect(endless))).toBe('too_large')
    expect(pulled).toBeLessThan(100)
    expect(await refusalOf(makeWav(sine(1_000, 8_000, 0.6)), small)).toBe('too_long')
    expect(await refusalOf(makeWav(sine(1_000, 8_000, 0.5)), small)).toBe('made')
    expect(await refusalOf(FIXTURES.webm, small)).toBe('too_long')
  })

  test('what takes too long fails and may be tried again, and the next one works', async () => {
    const hasty = open({ timeoutMs: 1 })
    const error = await hasty.inspect(mp3).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'AudioError', refusal: 'failed', retryable: true })
  })

  test('more at once than may wait is refused, to be tried again', async () => {
    const busy = open({ maxWaiting: 1 })
    const results = await Promise.all([1, 2, 3, 4].map(() => outcome(busy.inspect(mp3))))
    expect(results.sort()).toEqual(['made', 'made', 'unavailable', 'unavailable'])
    expect(await outcome(busy.inspect(mp3))).toBe('made')
  })
})

test('many at once, from streams, each its own result', async () => {
  const two = open({ workers: 2 })
  const made = await Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      const wav = makeWav(sine(300 + 100 * n, 8_000, 0.1 * (n + 1)))
      const stream = (async function* () {
        for (let at = 0; at < wav.length; at += 777) yield wav.subarray(at, at + 777)
      })()
      const { facts, files } = await two.convert(stream, ['wav8k'])
      return [facts.durationMs, listen(files.wav8k).amplitudeAt(300 + 100 * n) > 0.45]
    }),
  )
  expect(made).toEqual(Array.from({ length: 12 }, (_, n) => [100 * (n + 1), true]))
})

test('a source that fails is told as it is, and nothing is left behind', async () => {
  const before = await files()
  const failure = new Error('the line went dead')
  const source = (async function* () {
    yield Buffer.alloc(1_000)
    throw failure
  })()
  await expect(audio.inspect(source)).rejects.toBe(failure)
  const reason = new Error('changed my mind')
  await expect(audio.inspect(mp3, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  const stop = new AbortController()
  const during = audio.convert(makeWav(sine(300, 48_000, 20), { rate: 48_000 }), ['mp3'], { signal: stop.signal })
  stop.abort(reason)
  await expect(during).rejects.toBe(reason)
  expect(await refusalOf(mp3)).toBe('made')
  expect(await files()).toEqual(before)
})

async function files(): Promise<string[]> {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith('saygraph-audio-'))
  const lists = await Promise.all(folders.map((name) => readdir(join(tmpdir(), name)).catch(() => [])))
  return lists.flat()
}

test('closed, it refuses', async () => {
  const closed = open()
  const during = outcome(closed.inspect(mp3))
  await closed.close()
  expect(await during).toBe('unavailable')
  expect(await refusalOf(mp3, closed)).toBe('unavailable')
})

test('the fake remembers what it was asked', async () => {
  const fake = fakeAudio()
  fake.answerNext({ silent: true })
  expect(await fake.inspect(new Uint8Array(3))).toMatchObject({ silent: true, durationMs: 1_000 })
  const refusal = new AudioError('too_long', 'no')
  fake.answerNext(refusal)
  await expect(fake.convert(new Uint8Array(1), ['mp3'])).rejects.toBe(refusal)
  expect(Object.keys((await fake.convert(new Uint8Array(2), ['mp3', 'wav8k'])).files)).toEqual(['mp3', 'wav8k'])
  expect(fake.history).toEqual([
    { bytes: 3, targets: [] },
    { bytes: 1, targets: ['mp3'] },
    { bytes: 2, targets: ['mp3', 'wav8k'] },
  ])
})

describe('a file that still grows', () => {
  const wav = makeWav(sine(1_000, 16_000, 2), { rate: 16_000 })
  const parts = (bytes: Uint8Array) => [0.02, 0.1, 0.4, 0.7, 0.99, 1].map((n) => bytes.subarray(0, bytes.length * n))
  const grown = growingWebm()
  test.each([
    ['WebM of a browser', grown.filter((_, n) => n % 10 === 0 || n === grown.length - 1), 990],
    ['MP3', parts(mp3), 1_000],
    ['WAV', parts(wav), 2_000],
  ])('%s: what is there is taken', async (_, pieces, least) => {
    const lengths: number[] = []
    for (const [n, piece] of pieces.entries()) {
      const made = await audio.convert(piece, ['wav16k'], { partial: true }).catch((error: unknown) => error)
      if (!(made instanceof AudioError)) lengths.push((made as { facts: AudioFacts }).facts.durationMs)
      // Its header, or the first of its sound, is not here yet.
      else expect([n < 2, made.refusal]).toEqual([true, expect.stringMatching(/^(truncated|empty)$/)])
    }
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
    expect(new Set(lengths).size).toBeGreaterThan(2)
    expect(lengths.at(-1)).toBeGreaterThanOrEqual(least)
  })

  test('of it nothing is forgiven but the end', async () => {
    const text = Buffer.from('hello '.repeat(1_000))
    expect(await outcome(audio.convert(text, ['wav8k'], { partial: true }))).toBe('not_audio')
    expect(await outcome(audio.convert(wav.subarray(0, 20_000), ['wav8k']))).toBe('truncated')
  })
})
