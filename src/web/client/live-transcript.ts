import { type Api, Refused } from './api.ts'

/** How long after one answer the next is asked for. */
const PAUSE_MS = 4_000

/**
 * Shows what the server hears while somebody speaks. A server that is busy is asked again; any other failure ends it: the
 * recording is what counts.
 */
export class LiveTranscript {
  #isOn = true

  /** `soFar`: the recording up to now; undefined while there is nothing new, in a pause for instance. */
  constructor(api: Api, soFar: () => Blob | undefined, heard: (text: string) => void) {
    void this.#run(api, soFar, heard)
  }

  stop(): void {
    this.#isOn = false
  }

  async #run(api: Api, soFar: () => Blob | undefined, heard: (text: string) => void): Promise<void> {
    while (this.#isOn) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      const recording = this.#isOn ? soFar() : undefined
      if (!recording) continue
      try {
        const { text } = await api.call<{ text: string }>('POST', '/session/live-transcript', recording)
        if (this.#isOn) heard(text)
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 429) return
      }
    }
  }
}
