import { TEST_KEY } from '../../kit/app.ts'
import { until } from '../../kit/world.ts'
import { readWav } from '../rig/audio.ts'

/** Multisender's REST interface as its clients use it. */
export class Multisender {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async request(method: string, path: string, body?: unknown): Promise<any> {
    const isForm = body instanceof FormData
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: {
        ...{ accept: 'application/json', 'x-access-token': TEST_KEY },
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** Has a text spoken by the server. */
  async speak(text: string): Promise<Prompt> {
    const { voiceFileId } = await this.request('POST', '/v1/voice_files/text_to_speech', {
      ...{ name: text.slice(0, 40), text, voiceCode: 'en' },
    })
    return this.#ready(voiceFileId)
  }

  /** Uploads a WAV file. */
  async upload(name: string, wav: Uint8Array): Promise<Prompt> {
    const form = new FormData()
    form.append('files', new Blob([new Uint8Array(wav)], { type: 'audio/wav' }), `${name}.wav`)
    const { files } = await this.request('POST', '/v1/voice_files', form)
    return this.#ready(files[0].voiceFileId)
  }

  async #ready(voiceFileId: string): Promise<Prompt> {
    const path = `/v1/voice_files/${voiceFileId}`
    await until(async () => (await this.request('GET', path)).status === 'ready', `voice file ${voiceFileId}`, 60_000)
    const { wavUrl } = await this.request('GET', path)
    const wav = await fetch(wavUrl)
    return { voiceFileId, samples: readWav(new Uint8Array(await wav.arrayBuffer())) }
  }

  /** Starts an RSVP call that may call at any hour; returns its number. */
  async rsvp(changes: RsvpChanges): Promise<string> {
    const { rsvpCallId } = await this.request('POST', '/v1/rsvp_calls', {
      endTime: written(new Date(Date.now() + 3_600_000)),
      ...{ activeFrom: '00:00:00', activeTo: '00:00:00' },
      activeWeekdays: DAYS.map((weekday) => ({ weekday, active: '1' })),
      actionButtons: [
        { button: '5', action: 'accept' },
        { button: '9', action: 'decline' },
      ],
      // More than there are people: everybody is called.
      acceptsWanted: 1_000,
      ...changes,
    })
    return rsvpCallId
  }
}

/** A voice file, and what it sounds like on a telephone. */
export interface Prompt {
  voiceFileId: string
  samples: Int16Array
}

export interface RsvpChanges {
  voiceFiles: { type: string; voiceFileId: string }[]
  receivers: { accountId?: string | null; groupId?: string | null; phone?: string | null }[]
  [field: string]: unknown
}

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

export function written(instant: Date): string {
  return instant.toISOString().slice(0, 19).replace('T', ' ')
}
