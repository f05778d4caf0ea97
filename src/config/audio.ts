import { z } from 'zod'
import { integer, type Settings } from './kinds.ts'

/** Uploads are audio, so the limit of both is one. */
export const audioSettings = {
  AUDIO_WORKERS: integer(1, 64).default(1),
  AUDIO_TIMEOUT: integer(1, 3_600).default(120),
  AUDIO_MAX_MINUTES: integer(1, 600).default(60),
  FFMPEG: z.string().default('ffmpeg'),
  MAX_UPLOAD_MB: integer(1, 10_240).default(100),
}

export interface AudioConfig {
  workers: number
  /** For one conversion. */
  timeoutMs: number
  maxDurationMs: number
  maxBytes: number
  /** The program, by name or path; absent: do without. */
  ffmpeg: string | undefined
}

export function audioOf(e: Settings<typeof audioSettings>): AudioConfig {
  return {
    workers: e.AUDIO_WORKERS,
    timeoutMs: e.AUDIO_TIMEOUT * 1_000,
    maxDurationMs: e.AUDIO_MAX_MINUTES * 60_000,
    maxBytes: e.MAX_UPLOAD_MB * 1_000_000,
    ffmpeg: e.FFMPEG === 'off' ? undefined : e.FFMPEG,
  }
}
