export interface Voice {
  /** Stable; what callers name and what is stored. Stands for a language and a gender (contract/multisender.md 5.11). */
  code: string
  language: 'en' | 'fi'
  gender: 'female' | 'male'
  description: string
}

/** Every voice there is, the default of each language first. */
export const VOICES = [
  { code: 'en', language: 'en', gender: 'male', description: 'English, male' },
  { code: 'fi', language: 'fi', gender: 'male', description: 'Finnish, male' },
  { code: 'en-female', language: 'en', gender: 'female', description: 'English, female' },
  { code: 'en-male', language: 'en', gender: 'male', description: 'English, male' },
  { code: 'fi-female', language: 'fi', gender: 'female', description: 'Finnish, female' },
  { code: 'fi-male', language: 'fi', gender: 'male', description: 'Finnish, male' },
] as const satisfies readonly Voice[]

export type VoiceCode = (typeof VOICES)[number]['code']

/** Characters that one text may have. */
export const MAX_TEXT = 4_096

export interface SpeechRequest {
  /** Plain text: markup is read out, control characters are left out. */
  text: string
  /** A code of `voices()`. */
  voice: string
  signal?: AbortSignal
}

/** What was said. */
export interface Spoken {
  /** Mono. */
  samples: Int16Array<ArrayBuffer>
  /** In Hz. */
  sampleRate: number
}

export interface Speech {
  /** What can be asked for; empty when there is no speech. */
  voices(): readonly Voice[]
  /** Rejects with SpeechError, or with the signal's reason when it aborts. Never resolves with silence. */
  synthesize(request: SpeechRequest): Promise<Spoken>
  /** Ends what is under way. */
  close(): Promise<void>
}

/**
 * - `unknown_voice`, `empty_text`, `text_too_long`: the request cannot be met; `empty_text` is one without any letter
 *   or digit
 * - `unavailable`: there is no speech on this server, or too much of it is asked for at once
 * - `failed`: it should have worked
 */
export type SpeechRefusal = 'unknown_voice' | 'empty_text' | 'text_too_long' | 'unavailable' | 'failed'

export class SpeechError extends Error {
  override readonly name = 'SpeechError'
  readonly refusal: SpeechRefusal
  /** Whether the same request may succeed later. */
  readonly retryable: boolean

  constructor(refusal: SpeechRefusal, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.refusal = refusal
    this.retryable = options.retryable ?? false
  }
}

/** The voice and the cleaned text of a request. Throws SpeechError; adapters call it first. */
export function checkRequest({ text, voice }: SpeechRequest): { text: string; voice: VoiceCode } {
  const known = VOICES.find(({ code }) => code === voice)
  if (!known) {
    const codes = VOICES.map(({ code }) => code).join(', ')
    throw new SpeechError('unknown_voice', `the voice must be one of ${codes}`)
  }
  if (text.length > MAX_TEXT) throw new SpeechError('text_too_long', `the text has more than ${MAX_TEXT} characters`)
  const clean = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\uFFFD]+/gu, ' ')
    .trim()
  if (!/[\p{L}\p{N}]/u.test(clean)) throw new SpeechError('empty_text', 'the text has no letter and no digit')
  return { text: clean, voice: known.code }
}

/** Below this of 32768, everywhere, nothing is heard. */
const SILENCE = 64

/** Throws SpeechError when nothing can be heard. Adapters call it last. */
export function checkSpoken(spoken: Spoken): Spoken {
  if (spoken.samples.some((sample) => Math.abs(sample) >= SILENCE)) return spoken
  throw new SpeechError('failed', 'the voice stayed silent')
}
