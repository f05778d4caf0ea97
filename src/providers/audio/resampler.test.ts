import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createResampler } from './resampler.ts'

function tone(hertz: number, rate: number, seconds = 1): Float32Array {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / rate),
  )
}

function resample(samples: Float32Array, from: number, to: number, block = 4_096): Float32Array {
  const { push, end } = createResampler(from, to)
  const pieces: number[] = []
  for (let at = 0; at < samples.length; at += block) pieces.push(...push(samples.subarray(at, at + block)))
  return Float32Array.from([...pieces, ...end()])
}

/** Without the beginning and the end, where silence meets the tone. */
const middle = (samples: Float32Array) => samples.subarray(samples.length / 10, (samples.length * 9) / 10)
const loudest = (samples: Float32Array) => middle(samples).reduce((top, value) => Math.max(top, Math.abs(value)), 0)

/** The amplitude of one frequency. */
function strength(samples: Float32Array, hertz: number, rate: number): number {
  const part = middle(samples)
  let [re, im] = [0, 0]
  part.forEach((value, n) => {
    re += value * Math.cos((2 * Math.PI * hertz * n) / rate)
    im += value * Math.sin((2 * Math.PI * hertz * n) / rate)
  })
  return (2 * Math.hypot(re, im)) / part.length
}

function correlation(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let n = 0; n < Math.min(a.length, b.length); n++) {
    ab += a[n]! * b[n]!
    aa += a[n]! ** 2
    bb += b[n]! ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

const RATES: [number, number][] = [
  [48_000, 8_000],
  [44_100, 8_000],
  [22_050, 8_000],
  [16_000, 8_000],
  [11_025, 8_000],
  [8_000, 16_000],
  [8_000, 24_000],
  [44_100, 22_050],
  [44_101, 16_000],
  [96_000, 24_000],
]

describe.each(RATES)('from %d to %d Hz', (from, to) => {
  test.each([100, 1_000, 3_000])('%d Hz keeps its amplitude and its frequency, and nothing else appears', (hertz) => {
    const output = resample(tone(hertz, from), from, to)
    expect(output).toHaveLength(to)
    expect(strength(output, hertz, to)).toBeCloseTo(0.5, 3)
    const wanted = tone(hertz, to)
    const rest = middle(output.map((value, n) => value - wanted[n]!))
    expect(Math.max(...rest.map(Math.abs))).toBeLessThan(0.001)
  })

  test('a constant stays what it is', () => {
    const output = middle(resample(new Float32Array(from).fill(0.25), from, to))
    expect(Math.max(...output.map((value) => Math.abs(value - 0.25)))).toBeLessThan(1e-5)
  })
})

test.each([4_100, 4_500, 5_000, 7_000, 10_000, 15_000, 20_000])('%d Hz does not come back at 8 kHz', (hertz) => {
  for (const from of [44_100, 48_000]) {
    // 4 kHz is the most that 8 kHz can hold; 60 dB below 0.5.
    expect(loudest(resample(tone(hertz, from), from, 8_000))).toBeLessThan(0.0005)
  }
})

test('what a telephone carries survives the way there and back', () => {
  const rate = 48_000
  const chord = [300, 440, 1_000, 1_777, 2_500, 3_300].map((hertz) => tone(hertz, rate))
  const original = chord[0]!.map((_, n) => chord.reduce((sum, part) => sum + part[n]! / chord.length, 0))
  const back = resample(resample(original, rate, 8_000), 8_000, rate)
  expect(back).toHaveLength(original.length)
  expect(correlation(original, back)).toBeGreaterThan(0.999)
})

test('the same comes out however the stream is cut, and as many samples as the time takes', () => {
  const rates = fc.constantFrom(8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 12_345)
  fc.assert(
    fc.property(
      rates,
      rates,
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 1, max: 700 }),
      (from, to, length, block) => {
        const samples = Float32Array.from({ length }, (_, n) => Math.sin(n * n * 0.001))
        const whole = resample(samples, from, to, 1 << 20)
        expect(whole).toHaveLength(from === to ? length : Math.ceil((length * to) / from - 1e-9))
        expect(resample(samples, from, to, block)).toEqual(whole)
        expect(whole.every(Number.isFinite)).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})
