/** A stretch of what was said, in milliseconds from the beginning of the recording. */
export interface Segment {
  startMs: number
  endMs: number
  text: string
}

export interface TranscriptionRequest {
  /** 16-bit WAV at 16 kHz, mono (`wav16k` of providers/audio). */
  wav: Uint8Array
  /** A BCP 47 tag of what is probably spoken; null: unknown. */
  language: string | null
  signal?: AbortSignal
}

export interface Transcribed {
  /** Empty when nothing is said. */
  text: string
  /** BCP 47; null when the engine does not say. */
  language: string | null
  /** From 0 to 1, when the engine says. */
  confidence: number | null
  /** In order; null when the engine does not say. */
  segments: readonly Segment[] | null
}

/** Turns speech into text. */
export interface Transcription {
  /** Who it is, stored with every transcript: `whisper-1`, `pocketsphinx`. */
  readonly method: string
  /** False: nothing is transcribed here, and whoever asks is refused with `unavailable`. */
  readonly isAvailable: boolean
  /** Whether it is known to mishear so much that its transcripts are drafts. */
  readonly isDraft: boolean
  /** Whether it is quick enough to be asked again and again while somebody still speaks. */
  readonly isLive: boolean
  /** Rejects with TranscriptionError, or with the signal's reason. */
  transcribe(request: TranscriptionRequest): Promise<Transcribed>
  /** Ends what is under way. */
  close(): Promise<void>
}

/**
 * - `unavailable`: nothing transcribes here, or it is too busy; `retryable` says which
 * - `unsupported_language`: it does not know this language
 * - `failed`: it should have worked, or it took too long
 */
export type TranscriptionRefusal = 'unavailable' | 'unsupported_language' | 'failed'

export class TranscriptionError extends Error {
  override readonly name = 'TranscriptionError'
  readonly refusal: TranscriptionRefusal
  /** Whether the same recording may be transcribed later. */
  readonly retryable: boolean

  constructor(
    refusal: TranscriptionRefusal,
    message: string,
    { retryable = false, cause }: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.refusal = refusal
    this.retryable = retryable
  }
}
