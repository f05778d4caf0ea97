import { z } from 'zod'
import type { Evidence, FollowUpFound, InsightFound, Span } from './insight.ts'
import { asJson } from './openai-chat.ts'
import { quoteFinder } from './quotes.ts'

/** What the model wrote is of no use; the message is told to it. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule'
}

const SENTIMENTS = ['positive', 'neutral', 'negative', 'mixed'] as const
const LACKS = ['why', 'what', 'when', 'how', 'who', 'where', 'more'] as const
const MAX_PROMPT = 300
/** Fields whose values say something about the text and not out of it, so that they need no quote. */
const DERIVED = /summary|sentiment|topic|keyword|theme|actionable|category|urgency|yhteenveto|tiivistelmä|aihe/iu
const ADDRESS = /(?:https?:\/\/|www\.)\S+|[\w.+-]+@[\w-]+\.\w+/giu

const quote = z.string().max(2_000)
const insight = z.strictObject({
  sentiment: z.enum(SENTIMENTS),
  sentiment_score: z.number().min(0).max(1),
  actionable: z.boolean(),
  clarity: z.number().min(0).max(100),
  key_topics: z.array(z.strictObject({ name: z.string().min(1).max(80), quote })).max(20),
  summary: z.string().max(1_000),
  custom_fields: z.array(
    z.strictObject({ name: z.string(), value: z.string().max(2_000).nullable(), quote: quote.nullable() }),
  ),
  evidence: z.array(z.strictObject({ finding: z.enum(['sentiment', 'actionable', 'clarity']), quote })).max(50),
})

const followUp = z.strictObject({
  prompt: z.string().max(MAX_PROMPT).nullable(),
  asks: z.enum(LACKS).nullable(),
  language: z.string().max(35).nullable(),
})

/** In the subset of JSON Schema that strict answers allow: all keys required, no others. */
export function insightSchema(customFields: readonly string[]): object {
  return object({
    sentiment: { type: 'string', enum: SENTIMENTS },
    sentiment_score: { type: 'number' },
    actionable: { type: 'boolean' },
    clarity: { type: 'integer' },
    key_topics: list(object({ name: { type: 'string' }, quote: { type: 'string' } })),
    summary: { type: 'string' },
    custom_fields: list(
      object({
        name: customFields.length > 0 ? { type: 'string', enum: customFields } : { type: 'string' },
        value: { type: ['string', 'null'] },
        quote: { type: ['string', 'null'] },
      }),
    ),
    evidence: list(
      object({ finding: { type: 'string', enum: ['sentiment', 'actionable', 'clarity'] }, quote: { type: 'string' } }),
    ),
  })
}

export const followUpSchema = object({
  prompt: { type: ['string', 'null'] },
  asks: { type: ['string', 'null'], enum: [...LACKS, null] },
  language: { type: ['string', 'null'] },
})

function object(properties: Record<string, object>): object {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

function list(items: object): object {
  return { type: 'array', items }
}

/**
 * What the model found. Topics and values whose quote is not in the text are dropped: they came from elsewhere. Throws
 * BrokenRule.
 */
export function readInsight(content: string, text: string, customFields: readonly string[]): InsightFound {
  const said = parsed(insight, content)
  const find = quoteFinder(text)
  const summary = plain(said.summary)
  withoutForeignAddresses(summary, text)
  const evidence: Evidence[] = []
  const cite = (field: string, span: Span | undefined) => {
    if (span) evidence.push({ field, ...span })
    return span !== undefined
  }
  for (const { finding, quote } of said.evidence) cite(finding, find(quote))
  const keyTopics = new Set<string>()
  for (const { name, quote } of said.key_topics) {
    const topic = plain(name)
    if (keyTopics.size < 5 && topic !== '' && cite(`topic:${topic}`, find(quote))) keyTopics.add(topic)
  }
  const values = new Map<string, string | null>(customFields.map((name) => [name, null]))
  for (const { name, value, quote } of said.custom_fields) {
    if (!values.has(name)) throw new BrokenRule('custom_fields holds a name that was not asked for')
    const given = value === null ? '' : plain(value)
    if (given === '') continue
    withoutForeignAddresses(given, text)
    if (cite(`custom:${name}`, quote === null ? undefined : find(quote)) || DERIVED.test(name)) values.set(name, given)
  }
  return {
    sentiment: said.sentiment,
    sentimentScore: said.sentiment_score,
    actionable: said.actionable,
    keyTopics: [...keyTopics],
    summary,
    clarity: Math.round(said.clarity),
    customFields: Object.fromEntries(values),
    evidence,
  }
}

/** One question that was not asked yet, or null. Throws BrokenRule. */
export function readFollowUp(content: string, asked: readonly string[]): FollowUpFound | null {
  const { prompt, asks, language } = parsed(followUp, content)
  const text = plain(prompt ?? '')
  if (text === '') return null
  if (!text.endsWith('?')) throw new BrokenRule('prompt must end with a question mark')
  withoutForeignAddresses(text, '')
  if (asked.some((question) => same(question, text))) throw new BrokenRule('prompt was asked before')
  return { prompt: text, language: languageTag(language), asks: asks ?? 'more' }
}

function parsed<Shape extends z.ZodType>(shape: Shape, content: string): z.output<Shape> {
  const value = asJson(content)
  if (value === undefined) throw new BrokenRule('it is not JSON')
  const result = shape.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new BrokenRule(`${issue?.path.join('.') || 'the object'}: ${issue?.message}`)
}

/** An address that the person did not name is nothing that was found. */
function withoutForeignAddresses(written: string, text: string): void {
  for (const [address] of written.matchAll(ADDRESS)) {
    if (!text.includes(address.replace(/[.,;:!?)]+$/, '')))
      throw new BrokenRule('it holds an address that is not in the answer')
  }
}

function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
}

function same(a: string, b: string): boolean {
  const bare = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
  return bare(a) === bare(b)
}

function languageTag(text: string | null): string | null {
  return text !== null && /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i.test(text) ? text : null
}
