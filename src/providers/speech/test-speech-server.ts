import { startReceiver } from '../../../test/kit/receiver.ts'
import { encodeWav } from '../audio/wav.ts'

export const API_KEY = 'sk-of-the-test'
const SAMPLE_RATE = 24_000

/** What stands in for speech, for one request; undefined lets the server speak. */
export type Trouble = (
  n: number,
) => { status: number; headers?: Record<string, string>; body?: string | Uint8Array } | 'cut' | 'hang' | undefined

/** A server of OpenAI's `POST /v1/audio/speech` that says a tone of its own for each voice, 0.3 s for each word. */
export async function startSpeechServer(trouble: Trouble = () => undefined) {
  return startReceiver(({ path, headers, body, n }, response) => {
    const troubled = trouble(n)
    if (troubled === 'hang') return
    if (troubled === 'cut') return void response.destroy()
    if (troubled) {
      const { status, headers: more = {}, body: answer = '' } = troubled
      return void response.writeHead(status, more).end(answer)
    }
    const fail = (status: number, message: string) =>
      void response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: { message } }))
    if (path !== '/v1/audio/speech') return fail(404, 'Invalid URL')
    if (headers.authorization !== `Bearer ${API_KEY}`) return fail(401, 'Incorrect API key provided')
    const { model, input, voice, response_format, ...others } = JSON.parse(body)
    if (model !== 'tts-1' || response_format !== 'wav' || Object.keys(others).length > 0)
      return fail(400, 'Bad request')
    if (typeof input !== 'string' || input === '' || input.length > 4_096) return fail(400, 'Bad input')
    const hertz = { nova: 220, onyx: 110, shimmer: 240 }[String(voice)]
    if (!hertz) return fail(400, 'Unknown voice')
    const samples = new Int16Array(input.trim().split(/\s+/).length * 0.3 * SAMPLE_RATE)
    for (let at = 0; at < samples.length; at++) samples[at] = 9_000 * Math.sin((2 * Math.PI * hertz * at) / SAMPLE_RATE)
    response.writeHead(200, { 'content-type': 'audio/wav' }).end(encodeWav(samples, SAMPLE_RATE))
  })
}
