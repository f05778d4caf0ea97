import { spawn } from 'node:child_process'
import { AudioError, type AudioFacts } from './audio.ts'
import type { Decoded } from './decoded.ts'

export interface Ffmpeg {
  program: string
  /** Of the file to decode. */
  path: string
  maxDurationMs: number
  timeoutMs: number
}

/** What only it decodes here. */
const CODECS = ['aac', 'vorbis', 'flac'] as const
/** What it calls the containers. The kind was told before, so that it does not try playlists and the like. */
const DEMUXERS: Readonly<Record<AudioFacts['container'], string>> = {
  wav: 'wav',
  mp3: 'mp3',
  ogg: 'ogg',
  webm: 'matroska',
  mp4: 'mov',
  adts: 'aac',
  flac: 'flac',
}
const MAX_ALLOC_BYTES = 64 * 1_024 * 1_024
const MAX_STDERR = 500
const BYTES_PER_SAMPLE = 4

export function ffmpegCanDecode(codec: string): codec is (typeof CODECS)[number] {
  return (CODECS as readonly string[]).includes(codec)
}

/**
 * Decodes in a child process without a shell, that may read this one file, and no network. It is ended when its time is
 * up; if this thread is ended before, the limit of its CPU time ends it.
 */
export function decodeWithFfmpeg(
  ffmpeg: Ffmpeg,
  facts: Pick<Decoded, 'container' | 'sampleRate' | 'channels' | 'claimedSeconds'> & { codec: (typeof CODECS)[number] },
): Decoded {
  return { ...facts, blocks: blocksOf(ffmpeg, facts) }
}

async function* blocksOf(
  { program, path, maxDurationMs, timeoutMs }: Ffmpeg,
  { container, codec, sampleRate }: Pick<Decoded, 'container' | 'sampleRate'> & { codec: string },
): AsyncGenerator<Float32Array> {
  const child = spawn(
    program,
    [
      ['-nostdin', '-hide_banner', '-loglevel', 'error'],
      ['-timelimit', String(Math.ceil(timeoutMs / 1_000)), '-max_alloc', String(MAX_ALLOC_BYTES)],
      ['-protocol_whitelist', 'file,pipe', '-f', DEMUXERS[container], '-codec_whitelist', codec, '-threads', '1'],
      ['-i', `file:${path}`, '-map', '0:a:0', '-vn', '-sn', '-dn', '-map_metadata', '-1'],
      // One second more than allowed, so that what is too long is seen to be.
      ['-ac', '1', '-ar', String(sampleRate), '-t', String(maxDurationMs / 1_000 + 1), '-f', 'f32le', 'pipe:1'],
    ].flat(),
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
    },
  )
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, MAX_STDERR)
  })
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`cannot be started: ${error.message}`))
    child.on('close', (code, signal) => resolve(code === 0 ? '' : (signal ?? `left with ${code}`)))
  })
  try {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      const whole = bytes.length - (bytes.length % BYTES_PER_SAMPLE)
      rest = bytes.subarray(whole)
      // A copy, because samples must lie at multiples of four.
      if (whole > 0) yield new Float32Array(new Uint8Array(bytes.subarray(0, whole)).buffer)
    }
    const failure = await ended
    if (failure.startsWith('cannot') || failure.startsWith('SIG')) throw new AudioError('failed', `ffmpeg ${failure}`)
    // It goes on past single frames that it cannot decode, and fails where there are many.
    if (failure) throw new AudioError('truncated', `ffmpeg ${failure}: ${oneLine(complaint, path)}`)
  } finally {
    child.kill('SIGKILL')
  }
}

function oneLine(text: string, path: string): string {
  return text
    .replaceAll(path, 'the file')
    .replace(/ @ 0x[0-9a-f]+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
