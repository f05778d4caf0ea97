/** Small files that are what they say, for tests. */
const text = (value: string) => Buffer.from(value, 'latin1')

export const PDF = text('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')

export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** One tenth of a second of silence at 8 kHz, 8 bits. */
export const WAV = wav(800)

export function wav(samples: number): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(36 + samples, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(8_000, 24)
  header.writeUInt32LE(8_000, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(samples, 40)
  return Buffer.concat([header, Buffer.alloc(samples, 128)])
}

/** Two frames of MPEG 1 layer 3, 128 kbit/s, 44.1 kHz. */
const MP3_FRAME = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x00]), Buffer.alloc(413)])
export const MP3 = Buffer.concat([MP3_FRAME, MP3_FRAME])

/** The EBML header that every WebM file starts with, and an empty segment. */
export const WEBM = Buffer.from(
  '1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806780',
  'hex',
)

/** A Windows program: `MZ` and the PE signature. */
export const EXE = Buffer.concat([
  text('MZ'),
  Buffer.alloc(58),
  Buffer.from([64, 0, 0, 0]),
  text('PE\0\0'),
  Buffer.alloc(64),
])
