/** How samples lie in a WAV file, by its own names. */
export type WavKind = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'alaw' | 'ulaw'

const TAGS: Record<WavKind, [tag: number, bytes: number]> = {
  u8: [1, 1],
  s16: [1, 2],
  s24: [1, 3],
  s32: [1, 4],
  f32: [3, 4],
  f64: [3, 8],
  alaw: [6, 1],
  ulaw: [7, 1],
}

/** A sine of amplitude 0.5. */
export function sine(hertz: number, rate: number, seconds = 1): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / rate),
  )
}

/** A WAV file of any kind, written without the code that is tested. */
export function makeWav(
  samples: Float32Array,
  {
    rate = 8_000,
    kind = 's16',
    channels = 1,
    extensible = false,
    before = [],
    claimedBytes,
    patch = () => {},
  }: {
    rate?: number
    kind?: WavKind
    /** Each gets the same. */
    channels?: number
    extensible?: boolean
    /** Chunks between the format and the samples. */
    before?: Buffer[]
    claimedBytes?: number
    /** Spoils the format chunk. */
    patch?: (format: Buffer) => void
  } = {},
): Uint8Array {
  const [tag, bytes] = TAGS[kind]
  const data = Buffer.alloc(samples.length * channels * bytes)
  samples.forEach((value, n) => {
    for (let channel = 0; channel < channels; channel++)
      writeSample(data, (n * channels + channel) * bytes, kind, value)
  })
  const format = Buffer.alloc(extensible ? 40 : 16)
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(rate, 4)
  format.writeUInt32LE(rate * channels * bytes, 8)
  format.writeUInt16LE(channels * bytes, 12)
  format.writeUInt16LE(bytes * 8, 14)
  if (extensible) {
    format.writeUInt16LE(22, 16)
    format.writeUInt16LE(tag, 24)
  }
  patch(format)
  const chunks = [chunk('fmt ', format), ...before, chunk('data', data, claimedBytes)]
  const size = 4 + chunks.reduce((sum, { length }) => sum + length, 0)
  const riff = Buffer.from('RIFF    WAVE')
  riff.writeUInt32LE(size, 4)
  return new Uint8Array(Buffer.concat([riff, ...chunks]))
}

export function chunk(name: string, content: Buffer, size = content.length): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(size, 4)
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
}

function writeSample(data: Buffer, at: number, kind: WavKind, value: number): void {
  const whole = (bits: number) => Math.round(value * (2 ** (bits - 1) - 1))
  switch (kind) {
    case 'u8':
      return void data.writeUInt8(whole(8) + 128, at)
    case 's16':
      return void data.writeInt16LE(whole(16), at)
    case 's24':
      return void data.writeIntLE(whole(24), at, 3)
    case 's32':
      return void data.writeInt32LE(whole(32), at)
    case 'f32':
      return void data.writeFloatLE(value, at)
    case 'f64':
      return void data.writeDoubleLE(value, at)
    case 'alaw':
      return void data.writeUInt8(alaw(whole(16)), at)
    case 'ulaw':
      return void data.writeUInt8(ulaw(whole(16)), at)
  }
}

/** After G.711's tables: the segment by comparison, not by shifting back what a decoder shifts. */
function alaw(sample: number): number {
  const negative = sample < 0
  const magnitude = Math.min(4_095, (negative ? -sample - 1 : sample) >> 3)
  const segment = [31, 63, 127, 255, 511, 1_023, 2_047, 4_095].findIndex((end) => magnitude <= end)
  const step = segment < 2 ? (magnitude >> 1) & 15 : (magnitude >> segment) & 15
  return ((segment << 4) | step) ^ (negative ? 0x55 : 0xd5)
}

function ulaw(sample: number): number {
  const magnitude = Math.min(8_158, Math.abs(sample) >> 2) + 33
  const segment = [63, 127, 255, 511, 1_023, 2_047, 4_095, 8_191].findIndex((end) => magnitude <= end)
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((magnitude >> (segment + 1)) & 15)) & 0xff
}
