import type { DraftTranscript } from '../domains/analysis/index.ts'
import type { SpeakQuestion, TokenSigner } from '../domains/responses/index.ts'
import type { World } from '../domains/world.ts'
import type { Logger } from '../platform/logger.ts'
import type { Rate, RateLimiter } from '../platform/rate-limiter.ts'
import type { Audio } from '../providers/audio/index.ts'
import type { Speech } from '../providers/speech/index.ts'
import type { Storage } from '../providers/storage/index.ts'
import type { Transcription } from '../providers/transcription/index.ts'

/** What one address may do; generous, since an office or a school shares one. */
export interface WebRates {
  /** Sessions opened. Default 60 a minute. */
  sessions: Rate
  /** Answers saved or taken back one by one, and pages posted. Default 600 a minute. */
  answers: Rate
  /** Files and recordings sent. Default 60 a minute. */
  uploads: Rate
  /** Pieces of files and recordings sent, and questions about how much is here. Default 600 a minute. */
  pieces: Rate
  /** Questions read aloud. Default 120 a minute. */
  speech: Rate
  /** Recordings listened to again, part by part. Default 300 a minute. */
  recordings: Rate
  /** Drafts of what is being said. Default 300 a minute. */
  drafts: Rate
  /** Responses submitted. Default 60 a minute. */
  submits: Rate
}

export const DEFAULT_RATES: WebRates = {
  sessions: { points: 60, seconds: 60 },
  answers: { points: 600, seconds: 60 },
  uploads: { points: 60, seconds: 60 },
  pieces: { points: 600, seconds: 60 },
  speech: { points: 120, seconds: 60 },
  recordings: { points: 300, seconds: 60 },
  drafts: { points: 300, seconds: 60 },
  submits: { points: 60, seconds: 60 },
}

export interface WebDeps {
  world: World
  signer: TokenSigner
  storage: Storage
  /** Listens to recordings before they become answers, and makes what is read aloud playable. */
  audio: Audio
  /** Reads questions aloud. */
  speech: Pick<Speech, 'voices' | 'synthesize'>
  /** Drafts what is being said. */
  transcription: Transcription
  limiter: RateLimiter
  logger: Logger
  /** The most bytes of one upload, whatever its question allows. */
  maxUploadBytes: number
  /** The server's own address: its host stands for the oldest workspace, `<workspace>.<host>` for the others. */
  publicUrl: URL
  /** Limits per address of the caller. */
  rates?: Partial<WebRates>
}

/** The same with nothing left open. */
export type Web = Omit<WebDeps, 'rates'> & { rates: WebRates; speak: SpeakQuestion; draft: DraftTranscript }

/** Takes one point of what this caller may do. Throws RATE_LIMITED. */
export function take(web: Web, name: keyof WebRates, ip: string): Promise<void> {
  return web.limiter.take(`web:${name}`, ip, web.rates[name])
}
