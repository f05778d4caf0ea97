import { ExpectedError } from '../../platform/errors.ts'
import { rateLimited } from '../../platform/rate-limiter.ts'
import { type Audio, AudioError } from '../../providers/audio/index.ts'
import { type Transcription, TranscriptionError } from '../../providers/transcription/index.ts'
import type { LinkRow } from '../links/index.ts'
import { checkChangeable, sessionResponse, type TokenSigner } from '../responses/index.ts'
import type { World } from '../world.ts'

/** Twenty minutes of what browsers record, or two of WAV: a draft is of what was just said. */
const MAX_BYTES = 10_000_000
/** Whoever speaks has said something else by then. */
const PATIENCE_MS = 15_000
const BUSY_SECONDS = 5

export interface DraftDeps {
  world: World
  signer: TokenSigner
  audio: Pick<Audio, 'convert'>
  transcription: Transcription
}

export type DraftTranscript = (
  link: LinkRow,
  input: { token: string; source: AsyncIterable<Uint8Array>; signal: AbortSignal },
) => Promise<{ text: string }>

/**
 * Tells a person what was understood of a recording that still goes on, where the link says so (`live_transcription`)
 * and the engine is quick enough. Nothing of it is kept. Empty as long as nothing can be heard. One at a time for each
 * session, in this process. Throws NOT_FOUND (there are no drafts here, no such session), UPLOAD_REJECTED (rules
 * `too_large`, and those of recordings), RATE_LIMITED (another draft of the session is under way, or the engine is too
 * busy), SESSION_COMPLETED, LINK_DELETED, or the signal's reason.
 */
export function createDrafter({ world, signer, audio, transcription }: DraftDeps): DraftTranscript {
  const underWay = new Set<string>()

  async function draft(
    source: AsyncIterable<Uint8Array>,
    language: string | null,
    signal: AbortSignal,
  ): Promise<string> {
    const { facts, files } = await audio.convert(limited(source), ['wav16k'], { signal, partial: true })
    if (facts.silent) return ''
    const { text } = await transcription.transcribe({ wav: files.wav16k, language, signal })
    return text
  }

  return async (link, { token, source, signal }) => {
    if (link.settings.live_transcription !== true || !transcription.isAvailable || !transcription.isLive) {
      throw new ExpectedError('NOT_FOUND', 'Nothing is transcribed here while it is recorded.')
    }
    const response = await sessionResponse(world, signer, link, token)
    checkChangeable(response, link)
    if (underWay.has(response.id)) throw rateLimited(BUSY_SECONDS)
    underWay.add(response.id)
    const patience = AbortSignal.timeout(PATIENCE_MS)
    try {
      return { text: await draft(source, link.language, AbortSignal.any([signal, patience])) }
    } catch (error) {
      signal.throwIfAborted()
      if (patience.aborted) throw rateLimited(BUSY_SECONDS)
      return { text: nothingHeard(error) }
    } finally {
      underWay.delete(response.id)
    }
  }
}

/** What a failure means to somebody who speaks: nothing as yet, or that this recording is of no use. */
function nothingHeard(error: unknown): string {
  if (error instanceof AudioError) {
    // Its header may still be on its way.
    if (error.refusal === 'truncated' || error.refusal === 'empty') return ''
    if (error.retryable) throw rateLimited(BUSY_SECONDS)
    throw new ExpectedError('UPLOAD_REJECTED', `The recording cannot be used: ${error.message}.`, {
      path: ['body'],
      details: { rule: error.refusal },
    })
  }
  if (!(error instanceof TranscriptionError)) throw error
  if (error.refusal === 'unavailable') throw rateLimited(BUSY_SECONDS)
  return ''
}

async function* limited(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > MAX_BYTES) {
      throw new ExpectedError('UPLOAD_REJECTED', `A draft is made of at most ${MAX_BYTES} bytes.`, {
        path: ['body'],
        details: { rule: 'too_large' },
      })
    }
    yield chunk
  }
}
