import { afterAll, expect, test } from 'vitest'
import { createAudio } from './index.ts'
import { makeWav, sine } from './test-wav.ts'

const audio = createAudio({ workers: 1, timeoutMs: 60_000, maxDurationMs: 60_000, maxBytes: 10_000_000 })
afterAll(() => audio.close())

test.each([8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 44_100, 48_000])(
  'an MP3 of %d Hz plays as long as what it is made of',
  async (rate) => {
    for (const seconds of [0.04, 0.5, 1.2345, 3]) {
      const { facts, files } = await audio.convert(makeWav(sine(400, rate, seconds), { rate }), ['mp3'])
      const again = await audio.inspect(files.mp3)
      expect(Math.abs(again.durationMs - facts.durationMs), `${seconds} s`).toBeLessThanOrEqual(1)
      expect(again.silent).toBe(false)
    }
  },
)
