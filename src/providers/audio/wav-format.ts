import { AudioError } from './audio.ts'
import { type ByteSource, MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE } from './decoded.ts'

export interface WavFormat {
  codec: 'pcm' | 'alaw' | 'ulaw'
  sampleRate: number
  channels: number
  /** Of one sample of all channels. */
  frameBytes: number
  /** One sample as a number from -1 to 1. */
  sampleAt(view: DataView, at: number): number
  dataStart: number
  /** What is there. */
  dataBytes: number
  /** What the header says; undefined when it leaves it open, as files that were made in a stream do. */
  claimedBytes: number | undefined
}

const MAX_CHUNKS = 1_000
const EXTENSIBLE = 0xfffe
/** Written by those who do not know the size yet. */
const OPEN_SIZES = [0, 0xffffffff, 0x7fffffff]

/** Whether it begins as a WAV file does. */
export function isWav(source: ByteSource): boolean {
  const head = source.read(0, 12)
  return word(head, 0) === 'RIFF' && word(head, 8) === 'WAVE'
}

/** Reads the header up to the samples. Throws AudioError `truncated`, `hostile` or `unsupported_codec`. */
export function wavFormat(source: ByteSource): WavFormat {
  let format: Omit<WavFormat, 'dataStart' | 'dataBytes' | 'claimedBytes'> | undefined
  for (let at = 12, n = 0; n < MAX_CHUNKS && at + 8 <= source.size; n++) {
    const head = source.read(at, 8)
    const name = word(head, 0)
    const size = viewOf(head).getUint32(4, true)
    const start = at + 8
    if (name === 'fmt ') format = readFormat(source.read(start, Math.min(size, 40)))
    if (name === 'data') {
      if (!format) throw new AudioError('hostile', 'the WAV file has samples before it says what they are')
      const left = source.size - start
      const open = OPEN_SIZES.includes(size)
      return {
        ...format,
        dataStart: start,
        dataBytes: open ? left : Math.min(size, left),
        claimedBytes: open ? undefined : size,
      }
    }
    at = start + size + (size % 2)
  }
  throw new AudioError('truncated', 'the WAV file ends before its samples')
}

function readFormat(chunk: Uint8Array): Omit<WavFormat, 'dataStart' | 'dataBytes' | 'claimedBytes'> {
  if (chunk.length < 16) throw new AudioError('truncated', 'the WAV file ends in its header')
  const view = viewOf(chunk)
  const outer = view.getUint16(0, true)
  const tag = outer === EXTENSIBLE && chunk.length >= 26 ? view.getUint16(24, true) : outer
  const channels = view.getUint16(2, true)
  const sampleRate = view.getUint32(4, true)
  const frameBytes = view.getUint16(12, true)
  const bits = view.getUint16(14, true)
  if (channels < 1 || channels > MAX_CHANNELS) throw new AudioError('hostile', `a WAV file with ${channels} channels`)
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    throw new AudioError('hostile', `a WAV file with ${sampleRate} samples per second`)
  }
  const reader = READERS[`${tag}/${bits}`]
  if (!reader) throw new AudioError('unsupported_codec', `a WAV file of format ${tag} with ${bits} bits`)
  if (frameBytes !== (channels * bits) / 8) {
    throw new AudioError('hostile', `a WAV file with ${channels} channels of ${bits} bits in ${frameBytes} bytes`)
  }
  return { ...reader, sampleRate, channels, frameBytes }
}

const pcm = (sampleAt: WavFormat['sampleAt']) => ({ codec: 'pcm' as const, sampleAt })

/** By format tag and bits per sample. */
const READERS: Readonly<Record<string, Pick<WavFormat, 'codec' | 'sampleAt'>>> = {
  '1/8': pcm((view, at) => (view.getUint8(at) - 128) / 128),
  '1/16': pcm((view, at) => view.getInt16(at, true) / 32_768),
  '1/24': pcm((view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65_536) / 8_388_608),
  '1/32': pcm((view, at) => view.getInt32(at, true) / 2_147_483_648),
  '3/32': pcm((view, at) => finite(view.getFloat32(at, true))),
  '3/64': pcm((view, at) => finite(view.getFloat64(at, true))),
  '6/8': { codec: 'alaw', sampleAt: (view, at) => ALAW[view.getUint8(at)]! },
  '7/8': { codec: 'ulaw', sampleAt: (view, at) => ULAW[view.getUint8(at)]! },
}

/** Floats may hold anything; what is far outside would deafen. */
function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-8, Math.min(8, value)) : 0
}

/** ITU-T G.711. */
const ALAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55
  const exponent = (bits >> 4) & 7
  const mantissa = bits & 15
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1)
  return (bits & 0x80 ? magnitude : -magnitude) / 32_768
})

const ULAW = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff
  const magnitude = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84
  return (bits & 0x80 ? -magnitude : magnitude) / 32_768
})

function word(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
