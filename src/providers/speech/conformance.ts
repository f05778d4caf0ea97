import { afterAll, describe, expect, test } from 'vitest'
import { MAX_TEXT, type Speech, SpeechError } from './speech.ts'

/** What every adapter that speaks must do. */
export function speechConformance(name: string, make: () => Promise<Speech> | Speech): void {
  describe(`speech conformance: ${name}`, async () => {
    const speech = await make()
    afterAll(() => speech.close())

    const refusal = (text: string, voice = 'en') =>
      speech.synthesize({ text, voice }).then(
        () => 'spoken',
        (error: unknown) => (error instanceof SpeechError ? [error.refusal, error.retryable] : error),
      )

    test('English and Finnish, women and men, and a default for each language', () => {
      const voices = speech.voices()
      expect(new Set(voices.map(({ language, gender }) => `${language} ${gender}`))).toEqual(
        new Set(['en female', 'en male', 'fi female', 'fi male']),
      )
      expect(voices.map(({ code }) => code)).toEqual(expect.arrayContaining(['en', 'fi']))
      expect(new Set(voices.map(({ code }) => code)).size).toBe(voices.length)
      for (const { code, language, description } of voices) {
        expect(code.split('-')[0]).toBe(language)
        expect(description).not.toBe('')
      }
    })

    test('every voice can be heard', async () => {
      for (const { code: voice } of speech.voices()) {
        const { samples, sampleRate } = await speech.synthesize({ text: 'Good morning, hyvää huomenta.', voice })
        expect(samples).toBeInstanceOf(Int16Array)
        expect(sampleRate).toBeGreaterThanOrEqual(8_000)
        const seconds = samples.length / sampleRate
        expect([voice, seconds > 0.5 && seconds < 10]).toEqual([voice, true])
        expect(samples.some((sample) => Math.abs(sample) > 1_000)).toBe(true)
      }
    })

    test('women and men differ', async () => {
      const speak = async (voice: string) => (await speech.synthesize({ text: 'Good morning', voice })).samples
      expect(await speak('en-female')).not.toEqual(await speak('en-male'))
      expect(await speak('fi-female')).not.toEqual(await speak('fi-male'))
    })

    test('more text takes longer', async () => {
      const seconds = async (text: string) => {
        const { samples, sampleRate } = await speech.synthesize({ text, voice: 'fi' })
        return samples.length / sampleRate
      }
      expect(await seconds('yksi kaksi kolme neljä viisi kuusi')).toBeGreaterThan(2 * (await seconds('yksi')))
    })

    test('refuses voices that are not on the list', async () => {
      for (const voice of ['', 'EN', 'en-us', 'fi+f2', 'sv', '../en', '__proto__', 'toString']) {
        expect([voice, await refusal('Hello', voice)]).toEqual([voice, ['unknown_voice', false]])
      }
    })

    test('refuses a text without anything to say, and one that is too long', async () => {
      for (const text of ['', '   ', '\n\t', '\0\u0007', '...', '—', '\ud800']) {
        expect([text, await refusal(text)]).toEqual([text, ['empty_text', false]])
      }
      expect(await refusal('a'.repeat(MAX_TEXT + 1))).toEqual(['text_too_long', false])
    })

    test.each([
      'a < b & c > d',
      '<speak><break time="3600s"/>hello</speak>',
      '</speak>still here',
      '<![CDATA[ hello',
      '&lt; &#0; &nosuch; &',
      'hello\0there\u001b[31m',
      '[[hello]] {{x}} %s %n',
      'lone \ud800 surrogate \udc00',
      '👋 hello 𝒽𝑒𝓁𝓁𝑜',
      'مرحبا 你好 hello',
      '<audio src="file:///etc/passwd"/> hello',
    ])('says %j as a text', async (text) => {
      const { samples, sampleRate } = await speech.synthesize({ text, voice: 'en' })
      expect(samples.length).toBeGreaterThan(0)
      // The pauses and files that markup asks for are not made.
      expect(samples.length / sampleRate).toBeLessThan(30)
    })

    test('takes several at once', async () => {
      const texts = Array.from({ length: 6 }, (_, n) => 'one '.repeat(n + 1))
      const lengths = await Promise.all(
        texts.map(async (text) => (await speech.synthesize({ text, voice: 'en' })).samples.length),
      )
      expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
      expect(new Set(lengths).size).toBe(lengths.length)
    })

    test('can be cancelled before and while it speaks, and speaks again', async () => {
      const reason = new Error('changed my mind')
      const before = speech.synthesize({ text: 'Hello', voice: 'en', signal: AbortSignal.abort(reason) })
      await expect(before).rejects.toBe(reason)
      const stop = new AbortController()
      const during = speech.synthesize({ text: 'Hello '.repeat(600), voice: 'en', signal: stop.signal })
      stop.abort(reason)
      await expect(during).rejects.toBe(reason)
      expect(await refusal('Hello')).toBe('spoken')
    })

    test('says nothing more once it is closed', async () => {
      const another = await make()
      await another.close()
      const error = await another.synthesize({ text: 'Hello', voice: 'en' }).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(SpeechError)
      expect((error as SpeechError).refusal).toBe('unavailable')
    })
  })
}
