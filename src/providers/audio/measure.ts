import { type AudioFacts, WAVEFORM_POINTS } from './audio.ts'

/** Below this peak nothing is heard: 48 dB under full scale. */
const SILENCE = 0.004
const STRETCHES_PER_SECOND = 100

/** Collects what there is to know of a sound as it passes. */
export function createMeter(sampleRate: number) {
  const stretch = Math.max(1, Math.round(sampleRate / STRETCHES_PER_SECOND))
  const peaks: number[] = []
  let samples = 0
  let peak = 0
  let inStretch = 0
  let loudest = 0
  return {
    samples: () => samples,
    push(block: Float32Array): void {
      samples += block.length
      for (let n = 0; n < block.length; n++) {
        const value = Math.abs(block[n]!)
        if (value > loudest) loudest = value
        if (++inStretch < stretch) continue
        peaks.push(loudest)
        peak = Math.max(peak, loudest)
        inStretch = loudest = 0
      }
    },
    end(): Pick<AudioFacts, 'durationMs' | 'peak' | 'silent'> & { waveform: Uint8Array<ArrayBuffer> } {
      if (inStretch > 0) peaks.push(loudest)
      peak = Math.max(peak, loudest)
      return {
        durationMs: Math.round((samples / sampleRate) * 1_000),
        peak,
        silent: peak < SILENCE,
        waveform: waveformOf(peaks),
      }
    },
  }
}

function waveformOf(peaks: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: WAVEFORM_POINTS }, (_, point) => {
    const from = Math.floor((point * peaks.length) / WAVEFORM_POINTS)
    const to = Math.max(from + 1, Math.floor(((point + 1) * peaks.length) / WAVEFORM_POINTS))
    return Math.round(255 * Math.min(1, Math.max(0, ...peaks.slice(from, to))))
  })
}
