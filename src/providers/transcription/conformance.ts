import { afterAll, describe, expect, test } from 'vitest'
import { encodeWav } from '../audio/wav.ts'
import { type Transcription, TranscriptionError } from './transcription.ts'

const RATE = 16_000

/** What every adapter that transcribes must do. `speech` is a recording in English of at least 2 seconds. */
export function transcriptionConformance(
  name: string,
  make: () => Promise<Transcription> | Transcription,
  speech: () => Uint8Array,
): void {
  describe(`transcription conformance: ${name}`, async () => {
    const engine = await make()
    afterAll(() => engine.close())
    const silence = encodeWav(new Int16Array(RATE), RATE)

    test('it says who it is', () => {
      expect(engine.method).toMatch(/^\S.{0,198}$/)
      expect(engine.isAvailable).toBe(true)
    })

    test('words are heard in speech, each thing that is said of them in its bounds', async () => {
      for (const language of [null, 'en', 'en-GB']) {
        const { text, language: spoken, confidence, segments } = await engine.transcribe({ wav: speech(), language })
        expect(text).toMatch(/\w+ \w+/)
        expect(text).toBe(text.trim())
        if (spoken !== null) expect(Intl.getCanonicalLocales(spoken)).toEqual([spoken])
        if (confidence !== null) expect(confidence >= 0 && confidence <= 1).toBe(true)
        let before = 0
        for (const { startMs, endMs, text: part } of segments ?? []) {
          expect(startMs).toBeGreaterThanOrEqual(before)
          expect(endMs).toBeGreaterThanOrEqual(startMs)
          expect(text).toContain(part)
          before = startMs
        }
      }
    })

    test('several at once are all heard', async () => {
      const heard = await Promise.all([1, 2, 3].map(() => engine.transcribe({ wav: speech(), language: 'en' })))
      expect(heard.every(({ text }) => text !== '')).toBe(true)
    })

    test('whatever the bytes are, it answers or refuses', async () => {
      const cut = speech().slice(0, 10_001)
      const odd = [
        new Uint8Array(0),
        new Uint8Array(1_000).fill(0x41),
        encodeWav(new Int16Array(0), RATE),
        cut,
        silence,
      ]
      for (const wav of odd) {
        const outcome = await engine.transcribe({ wav, language: null }).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(TranscriptionError)
        else expect(outcome).toMatchObject({ text: expect.any(String) })
      }
    })

    test('it can be cancelled before and while it listens, and listens again', async () => {
      const reason = new Error('changed my mind')
      const signal = AbortSignal.abort(reason)
      await expect(engine.transcribe({ wav: speech(), language: null, signal })).rejects.toBe(reason)
      const stop = new AbortController()
      const during = engine.transcribe({ wav: speech(), language: null, signal: stop.signal })
      const waiting = engine.transcribe({ wav: speech(), language: null, signal: stop.signal })
      stop.abort(reason)
      await expect(during).rejects.toBe(reason)
      await expect(waiting).rejects.toBe(reason)
      expect((await engine.transcribe({ wav: speech(), language: null })).text).not.toBe('')
    })

    test('it hears nothing more once it is closed, and what is under way ends', async () => {
      const another = await make()
      const during = another.transcribe({ wav: speech(), language: null }).then(
        () => 'heard',
        (error: unknown) => error,
      )
      await another.close()
      const outcome = await during
      if (outcome !== 'heard') expect(outcome).toMatchObject({ refusal: 'unavailable', retryable: true })
      const error = await another.transcribe({ wav: speech(), language: null }).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TranscriptionError)
      expect((error as TranscriptionError).refusal).toBe('unavailable')
    })
  })
}
