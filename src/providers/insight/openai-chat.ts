import { z } from 'zod'
import { OpenAiFailure, type Post } from '../openai/index.ts'
import { InsightError, type Usage } from './insight.ts'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface Question {
  messages: readonly Message[]
  /** Of the answer, by JSON Schema. */
  schema: { name: string; schema: object }
}

export interface Reply {
  content: string
  usage: Usage
}

/** Of what one request may write; and of what it may think besides. */
const MAX_OUTPUT_TOKENS = 1_500
const MAX_THINKING_TOKENS = 12_000
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

/**
 * What a model is asked besides the question, by parameter. Models that think do not let themselves be told a
 * temperature, and call the bound otherwise, since what they think counts to it: theirs is wider.
 */
export interface ChatParameters {
  temperature?: 0
  max_tokens?: number
  max_completion_tokens?: number
}

/** What most servers take. */
export const DEFAULT_PARAMETERS: ChatParameters = { temperature: 0, max_tokens: MAX_OUTPUT_TOKENS }

/** How one model is asked, as far as it was found out: `parameters` change when it refuses one. */
export interface Chat {
  model: string
  parameters: ChatParameters
}

/** The most tokens that an answer can have. */
export function outputTokensAtMost({ max_tokens: most, max_completion_tokens: withThoughts }: ChatParameters): number {
  return most ?? withThoughts ?? MAX_THINKING_TOKENS
}

/**
 * One answer of `POST /v1/chat/completions`; asked again at once when the model refuses a parameter. Rejects with
 * InsightError, or as `post` does when its signal aborts.
 */
export async function askChat(post: Post, chat: Chat, question: Question): Promise<Reply> {
  const { messages, schema } = question
  for (;;) {
    // Another answer may find out meanwhile what the model refuses.
    const { parameters } = chat
    const body = JSON.stringify({
      ...{ model: chat.model, messages, ...parameters },
      response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } },
    })
    try {
      const bytes = await post({ path: '/v1/chat/completions', body, maxBytes: MAX_REPLY_BYTES })
      return readReply(body, bytes.toString())
    } catch (error) {
      if (!(error instanceof OpenAiFailure)) throw error
      const accepted = withoutRefused(parameters, error)
      if (!accepted) throw insightError(error, body, messages, outputTokensAtMost(parameters))
      chat.parameters = accepted
    }
  }
}

/** What servers say of a text that leaves no room for the answer, naming the parameter: another text may be taken. */
const TOO_LARGE = /too (?:large|long|many)|context (?:length|window)|at most|less than|exceed/i

/** What to ask with instead when it is a parameter that was refused; undefined when it is something else. */
function withoutRefused(parameters: ChatParameters, { status, message }: OpenAiFailure): ChatParameters | undefined {
  if ((status !== 400 && status !== 422) || TOO_LARGE.test(message)) return undefined
  const { temperature, max_tokens, max_completion_tokens, ...others } = parameters
  if (temperature !== undefined && /\btemperature\b/.test(message)) {
    const { temperature: _, ...rest } = parameters
    return rest
  }
  const rest = temperature === undefined ? others : { ...others, temperature }
  if (max_tokens !== undefined && /\bmax_tokens\b/.test(message)) {
    return { ...rest, max_completion_tokens: MAX_THINKING_TOKENS }
  }
  return max_completion_tokens !== undefined && /\bmax_completion_tokens\b/.test(message) ? rest : undefined
}

/** What was read may have been paid for, and what was written as well. */
function insightError(
  failure: OpenAiFailure,
  body: string,
  messages: readonly Message[],
  outputTokens: number,
): InsightError {
  const { fault, message, retryable, cause } = failure
  switch (fault) {
    case 'closed':
      return new InsightError('insight was closed', { retryable })
    case 'late': {
      const usage = { inputTokens: roughTokens(JSON.stringify(messages)), outputTokens: 0 }
      return new InsightError(message, { retryable, usage, cause })
    }
    case 'too_long': {
      const usage = { inputTokens: roughTokens(body), outputTokens }
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
