import type { AddressInfo } from 'node:net'
import multipart from '@fastify/multipart'
import fastify from 'fastify'
import { afterAll } from 'vitest'
import { readWav } from '../audio/read-wav.ts'

export const API_KEY = 'sk-of-the-test'

/** What a request had in its form. */
export interface Asked {
  model: string | undefined
  language: string | undefined
  responseFormat: string | undefined
  fileName: string
  /** Of the recording, in seconds. */
  seconds: number
}

/** What stands in for a transcript, for the request `n`, counted from 0; undefined lets the server listen. */
export type Trouble = (
  n: number,
) => { status: number; headers?: Record<string, string>; body?: string } | 'cut' | 'hang' | undefined

export interface TranscriptionServer {
  url: string
  asked: Asked[]
  /** What it hears from now on in whatever is not silent; absent: a word for each half second. */
  say(text: string | undefined): void
  /** How many requests it has been sent at most at once. */
  peak(): number
}

/**
 * A server of OpenAI's `POST /v1/audio/transcriptions`. It takes the form apart and decodes the recording, refuses what
 * OpenAI's would, and hears nothing in silence.
 */
export async function startTranscriptionServer(
  trouble: Trouble = () => undefined,
  { formats = ['json', 'verbose_json'], delayMs = 0 }: { formats?: readonly string[]; delayMs?: number } = {},
): Promise<TranscriptionServer> {
  const asked: Asked[] = []
  let n = 0
  let said: string | undefined
  let open = 0
  let peak = 0
  const app = fastify()
  await app.register(multipart, { limits: { fileSize: 25_000_000 } })
  app.addHook('onRequest', async (_request, reply) => {
    peak = Math.max(peak, ++open)
    reply.raw.once('close', () => open--)
  })
  const refuse = (message: string) => ({ error: { message, type: 'invalid_request_error' } })
  app.post('/v1/audio/transcriptions', async (request, reply) => {
    const troubled = trouble(n++)
    if (troubled === 'hang') return reply.hijack()
    if (troubled === 'cut') return void request.raw.socket.destroy()
    if (troubled) {
      const { status, headers = {}, body = '' } = troubled
      return reply.code(status).headers(headers).type('application/json').send(body)
    }
    if (request.headers.authorization !== `Bearer ${API_KEY}`) {
      return reply.code(401).send(refuse('Incorrect API key provided'))
    }
    const fields: Record<string, string> = {}
    let file: { name: string; bytes: Buffer } | undefined
    for await (const part of request.parts()) {
      if (part.type === 'file') file = { name: part.filename, bytes: await part.toBuffer() }
      else fields[part.fieldname] = String(part.value)
    }
    const { model, language, response_format: responseFormat = 'json', ...others } = fields
    if (!file || Object.keys(others).length > 0) return reply.code(400).send(refuse('Bad form'))
    if (model !== 'whisper-1') return reply.code(404).send(refuse('The model does not exist'))
    if (!formats.includes(responseFormat)) {
      const message = `response_format '${responseFormat}' is not compatible with this model`
      return reply.code(400).send(refuse(message))
    }
    if (language !== undefined && !/^[a-z]{2}$/.test(language)) return reply.code(400).send(refuse('Bad language'))
    const wav = readWav(file.bytes)
    if (wav?.sampleRate !== 16_000) return reply.code(400).send(refuse('The file could not be decoded'))
    const seconds = wav.samples.length / wav.sampleRate
    asked.push({ model, language, responseFormat, fileName: file.name, seconds })
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    const isSilent = wav.samples.every((sample) => Math.abs(sample) < 100)
    const text = isSilent ? '' : (said ?? Array.from({ length: Math.ceil(seconds * 2) }, () => 'word').join(' '))
    if (responseFormat === 'json') return { text }
    const segments =
      text === '' ? [] : [{ id: 0, start: 0, end: seconds, text: ` ${text}`, avg_logprob: Math.log(0.8) }]
    return {
      task: 'transcribe',
      language: language === 'fi' ? 'finnish' : 'english',
      duration: seconds,
      text,
      segments,
    }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  afterAll(() => {
    app.server.closeAllConnections()
    return app.close()
  })
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    asked,
    say(text) {
      said = text
    },
    peak: () => peak,
  }
}
