import { type OpenAiOptions, openAiServer } from '../openai/index.ts'
import { InsightError, type InsightProvider, type Usage } from './insight.ts'
import { askChat, type Chat, DEFAULT_PARAMETERS, type Message, outputTokensAtMost } from './openai-chat.ts'
import { ANALYST, INTERVIEWER } from './openai-prompts.ts'
import { BrokenRule, followUpSchema, insightSchema, readFollowUp, readInsight } from './openai-reply.ts'

/** A piece of work is one answer, in all its rounds. */
export interface OpenAiInsightOptions extends OpenAiOptions {
  model: string
}

const MAX_DELAY_MS = 10_000
/** What we say ourselves, schemas included, measured generously. */
const FRAME_TOKENS = 2_000
/** No tokenizer makes more tokens than bytes, and a UTF-16 unit has three at most. */
const TOKENS_PER_UNIT = 3
/** What is said beyond is left out, in UTF-16 units. */
const MAX_TEXT = 20_000
/** An answer that breaks the rules is sent back once. */
const ROUNDS = 2

/**
 * A model behind OpenAI's `POST /v1/chat/completions`, with `response_format: json_schema`. What was said travels as a
 * JSON string within the user's message and nowhere else; what comes back is checked, and quotes are looked for in the
 * text. A model that refuses `temperature` or `max_tokens` is asked without, from then on at once. Waits ten seconds for
 * the next try at most. Tested against a server of our own that speaks this protocol; it
 * has not met OpenAI's.
 */
export function openAiInsight(options: OpenAiInsightOptions): InsightProvider {
  const { model } = options
  const chat: Chat = { model, parameters: DEFAULT_PARAMETERS }
  const server = openAiServer({ ...options, maxDelayMs: MAX_DELAY_MS })

  async function converse<Found>(
    { system, data, ...schema }: { system: string; data: object; name: string; schema: object },
    read: (content: string) => Found,
    signal: AbortSignal | undefined,
  ): Promise<{ found: Found; usage: Usage }> {
    const post = server.begin(signal)
    const messages: Message[] = [
      { role: 'system', content: system },
      { role: 'user', content: JSON.stringify(data) },
    ]
    let usage: Usage = { inputTokens: 0, outputTokens: 0 }
    for (let round = 1; ; round++) {
      const { content, usage: more } = await askChat(post, chat, { messages, schema }).catch((error: unknown) => {
        throw error instanceof InsightError ? withUsage(error, sum(usage, error.usage)) : error
      })
      usage = sum(usage, more)
      try {
        return { found: read(content), usage }
      } catch (error) {
        if (!(error instanceof BrokenRule)) throw error
        if (round === ROUNDS) throw new InsightError(`the model broke the rules: ${error.message}`, { usage })
        messages.push(
          { role: 'assistant', content },
          { role: 'user', content: `That breaks a rule: ${error.message}. Send the whole JSON object again.` },
        )
      }
    }
  }

  return {
    method: model,
    isPaid: true,
    tokensAtMost(length) {
      const output = outputTokensAtMost(chat.parameters)
      // The second round reads what the first one wrote as well.
      return ROUNDS * (FRAME_TOKENS + TOKENS_PER_UNIT * length + output) + output
    },
    analyze({ text, language, question, customFields, signal }) {
      const answer = cleaned(text, MAX_TEXT)
      const names = [...new Set(customFields)]
      return converse(
        {
          system: ANALYST,
          data: { question: cleaned(question, MAX_TEXT), language, custom_fields: names, answer },
          name: 'insight',
          schema: insightSchema(names),
        },
        (content) => readInsight(content, answer, names),
        signal,
      )
    },
    followUp({ question, exchanges, language, signal }) {
      const share = Math.floor(MAX_TEXT / Math.max(1, exchanges.length))
      const said = exchanges.map((exchange) => ({
        question: cleaned(exchange.question, share),
        answer: cleaned(exchange.answer, share),
      }))
      const asked = [question, ...exchanges.map((exchange) => exchange.question)]
      return converse(
        {
          system: INTERVIEWER,
          data: { question: cleaned(question, MAX_TEXT), language, exchanges: said },
          name: 'follow_up',
          schema: followUpSchema,
        },
        (content) => readFollowUp(content, asked),
        signal,
      )
    },
    close: () => server.close(),
  }
}

/** Every place stays where it is; what JSON would blow up to six letters becomes one. */
function cleaned(text: string, most: number): string {
  return text
    .slice(0, most)
    .toWellFormed()
    .replace(/(?![\n\t])\p{Cc}/gu, ' ')
}

function sum(a: Usage, b: Usage): Usage {
  return { inputTokens: a.inputTokens + b.inputTokens, outputTokens: a.outputTokens + b.outputTokens }
}

function withUsage(error: InsightError, usage: Usage): InsightError {
  return new InsightError(error.message, { retryable: error.retryable, usage, cause: error })
}
