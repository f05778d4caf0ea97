import { type Received, startReceiver } from '../../../test/kit/receiver.ts'

export const API_KEY = 'sk-of-the-test'

interface Schema {
  type?: string | string[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean
}

export interface Asked {
  model: string
  messages: { role: string; content: string }[]
  temperature?: number
  max_tokens?: number
  max_completion_tokens?: number
  response_format: { type: string; json_schema: { name: string; strict: boolean; schema: Schema } }
}

/** What the server does with its n-th request: a model's content, a raw answer, silence, or a cut connection. */
export type Turn =
  | { content: unknown; finish?: string; refusal?: string; usage?: object | null }
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'hang'
  | 'cut'

/**
 * A server of OpenAI's `POST /v1/chat/completions` that holds requests to the protocol and plays a model, one that is
 * `refusing` these parameters.
 */
export async function startChatServer(play: (asked: Asked, n: number) => Turn, refusing: readonly string[] = []) {
  return startReceiver((received, response) => {
    const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    const asked = judged(received)
    if (typeof asked === 'string') return answer(400, JSON.stringify({ error: { message: asked } }))
    const refused = refusing.find((parameter) => parameter in asked)
    if (refused) return answer(400, JSON.stringify({ error: REFUSALS[refused] }))
    const turn = play(asked, received.n)
    if (turn === 'hang') return
    if (turn === 'cut') return void response.destroy()
    if ('status' in turn) return answer(turn.status, turn.body ?? '', turn.headers)
    const { content, finish = 'stop', refusal = null, usage = { prompt_tokens: 100, completion_tokens: 20 } } = turn
    const message = {
      role: 'assistant',
      content: typeof content === 'string' || content === null ? content : JSON.stringify(content),
      refusal,
    }
    const choices = [{ index: 0, message, finish_reason: finish }]
    answer(200, JSON.stringify({ id: 'c-1', object: 'chat.completion', model: asked.model, choices, usage }))
  })
}

/** As OpenAI's says it. */
const REFUSALS: Readonly<Record<string, object>> = {
  temperature: {
    message:
      "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
    ...{ type: 'invalid_request_error', param: 'temperature', code: 'unsupported_value' },
  },
  max_tokens: {
    message:
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ...{ type: 'invalid_request_error', param: 'max_tokens', code: 'unsupported_parameter' },
  },
  max_completion_tokens: { message: 'Unrecognized request argument supplied: max_completion_tokens' },
}

/** The request, or what is wrong with it. */
function judged({ path, headers, body }: Received): Asked | string {
  if (path !== '/v1/chat/completions') return 'Invalid URL'
  if (headers.authorization !== `Bearer ${API_KEY}`) return 'Incorrect API key provided'
  const asked = JSON.parse(body) as Asked
  const { model, messages, temperature = 0, max_tokens, max_completion_tokens, ...rest } = asked
  const { response_format: format, ...others } = rest
  if (Object.keys(others).length > 0) return `Unrecognized request argument: ${Object.keys(others)}`
  if (typeof model !== 'string' || temperature !== 0) return 'Bad request'
  if (max_tokens !== undefined && max_completion_tokens !== undefined) return 'Too many bounds'
  if ((max_tokens ?? max_completion_tokens ?? 1) <= 0) return 'Bad request'
  if (!messages.every(({ role, content }) => /^(system|user|assistant)$/.test(role) && typeof content === 'string')) {
    return 'Bad messages'
  }
  if (format?.type !== 'json_schema' || format.json_schema.strict !== true) return 'Bad response_format'
  return looseObject(format.json_schema.schema) ?? asked
}

/** Strict schemas name all keys of every object, and allow no others. */
function looseObject(schema: Schema): string | undefined {
  if (schema.type === 'array') return looseObject(schema.items ?? {})
  if (schema.type !== 'object') return undefined
  if (schema.additionalProperties !== false) return 'additionalProperties must be false'
  const { properties = {}, required = [] } = schema
  if (Object.keys(properties).some((key) => !required.includes(key))) return 'all keys must be required'
  return Object.values(properties).map(looseObject).find(Boolean)
}
