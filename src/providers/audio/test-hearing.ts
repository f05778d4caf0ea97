import { readWav } from './read-wav.ts'

/** What a 16-bit mono WAV file sounds like. */
export function listen(wav: Uint8Array): { rate: number; seconds: number; amplitudeAt(hertz: number): number } {
  const { samples, sampleRate: rate } = readWav(wav)!
  const part = samples.subarray(samples.length / 10, (samples.length * 9) / 10)
  return {
    rate,
    seconds: samples.length / rate,
    amplitudeAt(hertz) {
      let [re, im] = [0, 0]
      part.forEach((value, n) => {
        re += value * Math.cos((2 * Math.PI * hertz * n) / rate)
        im += value * Math.sin((2 * Math.PI * hertz * n) / rate)
      })
      return (2 * Math.hypot(re, im)) / part.length / 32_767
    },
  }
}
