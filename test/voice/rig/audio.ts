/** Telephone sound: 8 kHz, mono, 16 bits. */
export const RATE = 8_000

/** The samples of a WAV file with 16-bit mono PCM of 8 kHz; throws for others. */
export function readWav(bytes: Uint8Array): Int16Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString('latin1', at, at + 4)
    const size = file.readUInt32LE(at + 4)
    const body = at + 8
    if (id === 'fmt ') {
      const format = [file.readUInt16LE(body), file.readUInt16LE(body + 2), file.readUInt32LE(body + 4)].join()
      if (format !== `1,1,${RATE}` || file.readUInt16LE(body + 14) !== 16) {
        throw new Error(`not 8 kHz mono 16-bit PCM: ${format}`)
      }
    }
    if (id === 'data') {
      const samples = new Int16Array(Math.min(size, file.length - body) >> 1)
      for (let n = 0; n < samples.length; n++) samples[n] = file.readInt16LE(body + 2 * n)
      return samples
    }
    at = body + size + (size & 1)
  }
  throw new Error('no WAV file')
}

export function writeWav(samples: Int16Array): Uint8Array {
  const file = Buffer.alloc(44 + 2 * samples.length)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + 2 * samples.length, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(RATE, 24)
  file.writeUInt32LE(2 * RATE, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(2 * samples.length, 40)
  samples.forEach((sample, n) => {
    file.writeInt16LE(sample, 44 + 2 * n)
  })
  return file
}

const BIAS = 0x84
const LOUDEST = 32_635

/** ITU-T G.711, u-law. */
export function encodeUlaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const biased = Math.min(Math.abs(sample), LOUDEST) + BIAS
  let exponent = 7
  for (let mask = 0x4000; (biased & mask) === 0 && exponent > 0; mask >>= 1) exponent--
  return ~(sign | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff
}

export function decodeUlaw(byte: number): number {
  const bits = ~byte & 0xff
  const magnitude = (((bits & 0x0f) << 3) + BIAS) << ((bits & 0x70) >> 4)
  return bits & 0x80 ? BIAS - magnitude : magnitude - BIAS
}

export function silence(ms: number): Int16Array {
  return new Int16Array(Math.round((ms * RATE) / 1_000))
}

export function concat(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Without what is quiet at its two ends. */
export function trimmed(samples: Int16Array, quiet = 300): Int16Array {
  const loud = (sample: number) => Math.abs(sample) > quiet
  const from = samples.findIndex(loud)
  return from < 0 ? new Int16Array() : samples.slice(from, samples.findLastIndex(loud) + 1)
}

/** Windows quieter than this share of the needle's energy are taken for silence: what they resemble is chance. */
const SILENT = 1e-3
/** So much of the needle may stick out of the sound, as silence: the first and the last packet of a sound get lost. */
const SLACK = 0.1

/**
 * Where in `sound` something most like `needle` begins (`at`, a sample), and how like it is: the normalised correlation, 1
 * for the same at any loudness, about 0 for something else. `at` may be a little before the beginning. Exact for every
 * offset; a minute takes half a second.
 */
export function similarity(sound: Int16Array, needle: Int16Array): { best: number; at: number } {
  const found = { best: 0, at: -1 }
  const energy = needle.reduce((sum, sample) => sum + sample * sample, 0)
  const slack = new Int16Array(Math.floor(needle.length * SLACK))
  const hay = concat([slack, sound, slack])
  if (energy === 0 || hay.length < needle.length) return found
  const energyBefore = new Float64Array(hay.length + 1)
  for (let n = 0; n < hay.length; n++) energyBefore[n + 1] = energyBefore[n]! + hay[n]! * hay[n]!

  // Overlap-save: each block of the hay gives the correlations of `step` offsets.
  let size = 1_024
  while (size < Math.min(4 * needle.length, hay.length + needle.length)) size *= 2
  const step = size - needle.length + 1
  const [needleRe, needleIm] = [Float64Array.from({ length: size }, (_, n) => needle[n] ?? 0), new Float64Array(size)]
  fourier(needleRe, needleIm)
  const [re, im] = [new Float64Array(size), new Float64Array(size)]
  for (let from = 0; from + needle.length <= hay.length; from += step) {
    for (let n = 0; n < size; n++) re[n] = hay[from + n] ?? 0
    im.fill(0)
    fourier(re, im)
    for (let n = 0; n < size; n++) {
      const [a, b, c, d] = [re[n]!, im[n]!, needleRe[n]!, needleIm[n]!]
      // Times the needle's conjugate; conjugated once more, so that the same transform goes back.
      re[n] = a * c + b * d
      im[n] = a * d - b * c
    }
    fourier(re, im)
    const offsets = Math.min(step, hay.length - needle.length - from + 1)
    for (let n = 0; n < offsets; n++) {
      const at = from + n
      const heard = energyBefore[at + needle.length]! - energyBefore[at]!
      if (heard < SILENT * energy) continue
      const like = re[n]! / size / Math.sqrt(heard * energy)
      if (like > found.best) Object.assign(found, { best: like, at: at - slack.length })
    }
  }
  return found
}

/** The fast Fourier transform, in place; the length is a power of two. */
function fourier(re: Float64Array, im: Float64Array): void {
  const size = re.length
  for (let n = 1, reversed = 0; n < size; n++) {
    let bit = size >> 1
    for (; reversed & bit; bit >>= 1) reversed ^= bit
    reversed |= bit
    if (n < reversed) {
      const [a, b] = [re[n]!, im[n]!]
      re[n] = re[reversed]!
      im[n] = im[reversed]!
      re[reversed] = a
      im[reversed] = b
    }
  }
  const { cosines, sines } = turns(size)
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half)
    for (let block = 0; block < size; block += 2 * half) {
      for (let n = 0; n < half; n++) {
        const [low, high] = [block + n, block + n + half]
        const [cosine, sine] = [cosines[n * stride]!, sines[n * stride]!]
        const real = re[high]! * cosine - im[high]! * sine
        const imaginary = re[high]! * sine + im[high]! * cosine
        re[high] = re[low]! - real
        im[high] = im[low]! - imaginary
        re[low]! += real
        im[low]! += imaginary
      }
    }
  }
}

const tables = new Map<number, { cosines: Float64Array; sines: Float64Array }>()

/** The roots of unity for a transform of this size. */
function turns(size: number) {
  let table = tables.get(size)
  if (!table) {
    const of = (turn: (angle: number) => number) =>
      Float64Array.from({ length: size / 2 }, (_, n) => turn((2 * Math.PI * n) / size))
    table = { cosines: of(Math.cos), sines: of((angle) => -Math.sin(angle)) }
    tables.set(size, table)
  }
  return table
}
