const HEADER_BYTES = 44
const BYTES_PER_SAMPLE = 2
const PCM = 1

/** A WAV file of 16-bit mono samples. */
export function encodeWav(samples: Int16Array, sampleRate: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + samples.length * BYTES_PER_SAMPLE)
  bytes.set(wavHeader(samples.length * BYTES_PER_SAMPLE, sampleRate))
  const view = new DataView(bytes.buffer)
  for (let n = 0; n < samples.length; n++) view.setInt16(HEADER_BYTES + n * BYTES_PER_SAMPLE, samples[n] ?? 0, true)
  return bytes
}

/** The first 44 bytes of a WAV file with `dataBytes` bytes of 16-bit mono samples. */
export function wavHeader(dataBytes: number, sampleRate: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES))
  const text = (at: number, word: string) => {
    for (let n = 0; n < word.length; n++) view.setUint8(at + n, word.charCodeAt(n))
  }
  text(0, 'RIFF')
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, PCM, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * BYTES_PER_SAMPLE, true)
  view.setUint16(32, BYTES_PER_SAMPLE, true)
  view.setUint16(34, 8 * BYTES_PER_SAMPLE, true)
  text(36, 'data')
  view.setUint32(40, dataBytes, true)
  return new Uint8Array(view.buffer)
}
