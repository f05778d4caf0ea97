import type { Api } from './api.ts'
import { play, silence } from './player.ts'

/** Then the browser reads. */
const PATIENCE_MS = 10_000

/** Reads questions aloud: the server's voice, else the browser's own. */
export class ReadAloud {
  readonly #api: Api
  readonly #changed: () => void
  /** Whether the person wants to hear: the next questions are then read without asking. */
  isWanted = false
  #reading: string | undefined

  constructor(api: Api, changed: () => void) {
    this.#api = api
    this.#changed = changed
  }

  isReading(key: string): boolean {
    return this.#reading === key
  }

  /** `language`: BCP 47, what the text is written in. */
  read(key: string, text: string, language: string): void {
    this.stop()
    this.#reading = key
    const ended = () => {
      if (this.#reading !== key) return
      this.#reading = undefined
      this.#changed()
    }
    // Follow-up questions are the session's own, so the address alone would not do.
    const sound = this.#api.sound(`/speech/${encodeURIComponent(key)}.mp3?lang=${language}`, PATIENCE_MS)
    play(sound, { ended, failed: () => speak(text, language, ended) })
    this.#changed()
  }

  stop(): void {
    if (this.#reading === undefined) return
    this.#reading = undefined
    silence()
    window.speechSynthesis?.cancel()
    this.#changed()
  }
}

function speak(text: string, language: string, ended: () => void): void {
  if (!window.speechSynthesis) {
    ended()
    return
  }
  const utterance = new SpeechSynthesisUtterance(text)
  utterance.lang = language
  utterance.onend = ended
  utterance.onerror = ended
  window.speechSynthesis.speak(utterance)
}
