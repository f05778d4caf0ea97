import { z } from 'zod'
import { OpenAiFailure, type Post } from '../openai/index.ts'
import { InsightError, type Usage } from './insight.ts'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface Question {
  model: string
  messages: readonly Message[]
  /** Of the answer, by JSON Schema. */
  schema: { name: string; schema: object }
}

export interface Reply {
  content: string
  usage: Usage
}

/** Of what one request may write. */
export const MAX_OUTPUT_TOKENS = 1_500
const MAX_REPLY_BYTES = 1_000_000
/** Where a server does not say what it used: short words have about three letters and a space. */
const BYTES_PER_TOKEN = 3

const tokens = z.int().min(0).max(1_000_000_000)
const completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: tokens, completion_tokens: tokens }).nullish().catch(null),
})

/** One answer of `POST /v1/chat/completions`. Rejects with InsightError, or as `post` does when its signal aborts. */
export async function askChat(post: Post, { model, messages, schema: { name, schema } }: Question): Promise<Reply> {
  const body = JSON.stringify({
    model,
    messages,
    temperature: 0,
    max_tokens: MAX_OUTPUT_TOKENS,
    response_format: { type: 'json_schema', json_schema: { name, strict: true, schema } },
  })
  const bytes = await post({ path: '/v1/chat/completions', body, maxBytes: MAX_REPLY_BYTES }).catch(
    (error: unknown) => {
      throw error instanceof OpenAiFailure ? insightError(error, body, messages) : error
    },
  )
  return readReply(body, bytes.toString())
}

/** What was read may have been paid for, and what was written as well. */
function insightError(failure: OpenAiFailure, body: string, messages: readonly Message[]): InsightError {
  const { fault, message, retryable, cause } = failure
  switch (fault) {
    case 'closed':
      return new InsightError('insight was closed', { retryable })
    case 'late': {
      const usage = { inputTokens: roughTokens(JSON.stringify(messages)), outputTokens: 0 }
      return new InsightError(message, { retryable, usage, cause })
    }
    case 'too_long': {
      const usage = { inputTokens: roughTokens(body), outputTokens: MAX_OUTPUT_TOKENS }
      return new InsightError(message, { retryable, usage })
    }
    default:
      return new InsightError(message, { retryable, cause })
  }
}

function readReply(request: string, text: string): Reply {
  const usage = { inputTokens: roughTokens(request), outputTokens: roughTokens(text) }
  const parsed = completion.safeParse(asJson(text))
  if (!parsed.success) throw new InsightError('the server answered with something else than a completion', { usage })
  const { choices, usage: said } = parsed.data
  if (said) Object.assign(usage, { inputTokens: said.prompt_tokens, outputTokens: said.completion_tokens })
  const { message, finish_reason: reason } = choices[0]!
  if (message.refusal) throw new InsightError('the model refused to answer', { usage })
  if (reason === 'length') throw new InsightError('the model had not ended within its tokens', { usage })
  if (reason === 'content_filter') throw new InsightError("the server's filter stopped the answer", { usage })
  return { content: message.content ?? '', usage }
}

/** Of what nobody counted. */
export function roughTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)
}

/** Undefined of what is no JSON. */
export function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
