import { expect, test } from 'vitest'
import { concat, decodeUlaw, encodeUlaw, RATE, readWav, silence, similarity, trimmed, writeWav } from './audio.ts'
import { CaptureReader, type Sent, writeCapture } from './rtp.ts'

/** Something like speech: noise whose loudness comes and goes, another for each seed. */
function babble(seed: number, seconds: number): Int16Array {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
  let smooth = 0
  return Int16Array.from({ length: seconds * RATE }, (_, n) => {
    smooth = 0.7 * smooth + random()
    return 6_000 * smooth * (1 + Math.sin(n / 900 + seed))
  })
}
const overUlaw = (samples: Int16Array) => samples.map((sample) => decodeUlaw(encodeUlaw(sample)))

test('a WAV file is read as it was written', () => {
  const samples = babble(1, 0.1)
  expect(readWav(writeWav(samples))).toEqual(samples)
  const cut = writeWav(samples).subarray(0, 244)
  expect(readWav(cut)).toEqual(samples.slice(0, 100))
  expect(() => readWav(new Uint8Array(100))).toThrow('no WAV')
  const stereo = Buffer.from(writeWav(samples))
  stereo.writeUInt16LE(2, 22)
  expect(() => readWav(stereo)).toThrow('not 8 kHz mono')
})

test('u-law knows every code, and errs little', () => {
  for (let code = 0; code < 256; code++) {
    // 0x7f is minus zero.
    expect(encodeUlaw(decodeUlaw(code))).toBe(code === 0x7f ? 0xff : code)
  }
  expect([0, 1_000, -1_000, 32_767, -32_768].map((sample) => decodeUlaw(encodeUlaw(sample)))).toEqual([
    0, 988, -988, 32_124, -32_124,
  ])
})

test('what is quiet at the ends goes', () => {
  const loud = Int16Array.of(1_000, 10, -2_000)
  expect(trimmed(concat([silence(5), loud, silence(7)]))).toEqual(loud)
  expect(trimmed(silence(100))).toHaveLength(0)
})

test('something is found where it is, softer and through u-law, and something else is not', () => {
  const [said, other] = [babble(2, 1.5), babble(3, 1.5)]
  const soft = overUlaw(said).map((sample) => sample / 4)
  const hay = concat([babble(4, 20), silence(3_000), soft, babble(5, 30), silence(5_000)])
  const found = similarity(hay, said)
  expect(found.at).toBe(23 * RATE)
  expect(found.best).toBeGreaterThan(0.99)
  expect(found.best).toBeLessThanOrEqual(1)
  expect(similarity(hay, other).best).toBeLessThan(0.2)
})

test('it is exact at the edges of its blocks, and nothing is like silence', () => {
  const needle = babble(6, 0.1)
  const hay = babble(7, 3)
  for (const at of [0, 1, 3_295, 3_296, 3_297, 6_594, hay.length - needle.length]) {
    const with_ = hay.slice()
    with_.set(needle, at)
    const found = similarity(with_, needle)
    expect(found.at).toBe(at)
    expect(found.best).toBeCloseTo(1, 6)
  }
  expect(similarity(silence(1_000), needle)).toEqual({ best: 0, at: -1 })
  expect(similarity(needle, hay)).toEqual({ best: 0, at: -1 })
  expect(similarity(hay, silence(1_000))).toEqual({ best: 0, at: -1 })
})

test('the first and the last packet may be missing', () => {
  const said = babble(12, 1)
  const found = similarity(said.slice(160, -160), said)
  expect(found.at).toBe(-160)
  expect(found.best).toBeGreaterThan(0.95)
  expect(similarity(said.slice(said.length / 2), said).best).toBeLessThan(0.2)
})

test('a minute is looked through in a moment', () => {
  const hay = babble(8, 60)
  const began = process.cpuUsage()
  expect(similarity(hay, hay.slice(40 * RATE, 42 * RATE)).at).toBe(40 * RATE)
  // In microseconds of processor time, however long it waits for others: a fifth of a second.
  expect(process.cpuUsage(began).user).toBeLessThan(4_000_000)
})

test('a capture has what was sent, sound in packets of 20 ms around the keys', () => {
  const [before, after] = [babble(9, 0.1), babble(10, 0.06)]
  const parts: Sent[] = [before, { press: '#', ms: 100 }, after]
  const file = Buffer.from(writeCapture(parts))
  const packets = new CaptureReader().next(file)
  expect(packets).toHaveLength(8)
  expect(packets.map(({ at, timestamp }) => [at, timestamp])).toEqual(
    [0, 1, 2, 3, 4, 10, 11, 12].map((n) => [n * 20, n * 160]),
  )
  const sound = concat(packets.map(({ payload }) => Int16Array.from(payload, decodeUlaw)))
  expect(sound).toEqual(overUlaw(concat([before, after])))

  // Five of the key held down, and three that say it is over, all with the time of its beginning.
  const events = captureFrames(file).filter((rtp) => (rtp[1]! & 0x7f) === 101)
  expect(events.map((rtp) => [rtp.readUInt32BE(4), rtp[12], rtp[13]! >> 7, rtp.readUInt16BE(14)])).toEqual([
    ...[160, 320, 480, 640, 800].map((duration) => [800, 11, 0, duration]),
    ...[800, 800, 800].map((duration) => [800, 11, 1, duration]),
  ])
  expect(() => writeCapture([{ press: 'x', ms: 100 }])).toThrow('not a key')
})

test('a capture that grows is read bit by bit', () => {
  const file = writeCapture([babble(11, 0.2)])
  const reader = new CaptureReader()
  const packets = []
  for (let at = 0; at < file.length; at += 97) packets.push(...reader.next(file.subarray(at, at + 97)))
  expect(packets).toEqual(new CaptureReader().next(file))
})

function captureFrames(file: Buffer): Buffer[] {
  const frames = []
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8)) {
    frames.push(file.subarray(at + 16 + 42, at + 16 + file.readUInt32LE(at + 8)))
  }
  return frames
}
