export type Sentiment = 'positive' | 'neutral' | 'negative' | 'mixed'

/** A stretch of the text, in UTF-16 units, half open. */
export interface Span {
  start: number
  end: number
}

/** What a finding rests on. `field` names it: `sentiment`, `actionable`, `clarity`, `topic:battery`, `custom:Summary`. */
export interface Evidence extends Span {
  field: string
}

export interface InsightRequest {
  /** What was answered. It is data: whatever it demands, nothing of it is done. */
  text: string
  /** BCP 47; null: unknown. */
  language: string | null
  /** What was asked. */
  question: string
  /** What else is wanted, by name (`custom_fields` of the question). */
  customFields: readonly string[]
  signal?: AbortSignal
}

export interface InsightFound {
  sentiment: Sentiment
  /** From 0, as negative as can be, by 0.5 to 1 (contract/sayify.md 6.5: 0.92 of a strongly positive answer). */
  sentimentScore: number
  /** Whether something can be done about what was said. */
  actionable: boolean
  /** The most telling first. */
  keyTopics: readonly string[]
  summary: string
  /** From 0 to 100: how well the text answers the question. */
  clarity: number
  /** By name; null: the text does not say. */
  customFields: Readonly<Record<string, string | null>>
  evidence: readonly Evidence[]
}

/** What an answer may lack. */
export type Lack = 'why' | 'what' | 'when' | 'how' | 'who' | 'where' | 'more'

export interface FollowUpRequest {
  question: string
  /** The answer, then each follow-up with its reply, in order. The last reply is the unclear one. */
  exchanges: readonly { question: string; answer: string }[]
  language: string | null
  signal?: AbortSignal
}

export interface FollowUpFound {
  /** One question, in the language of the answer where that is known. */
  prompt: string
  language: string | null
  asks: Lack
}

/** What requests have used; all 0 where nothing is paid for. */
export interface Usage {
  inputTokens: number
  outputTokens: number
}

/** Understands answers. */
export interface InsightProvider {
  /** Who it is, stored with every insight: `heuristic-1`, `gpt-4o-mini`. */
  readonly method: string
  /** Whether its requests cost tokens, which a workspace has a budget of. */
  readonly isPaid: boolean
  /** The most tokens that a request about a text of this many UTF-16 units can use, all tries included. */
  tokensAtMost(length: number): number
  /** Rejects with InsightError, or with the signal's reason. */
  analyze(request: InsightRequest): Promise<{ found: InsightFound; usage: Usage }>
  /** Null: nothing sensible is left to ask. Rejects as `analyze`. */
  followUp(request: FollowUpRequest): Promise<{ found: FollowUpFound | null; usage: Usage }>
  /** Ends what is under way. */
  close(): Promise<void>
}

/** It did not answer, or with nothing of use; `usage` was spent all the same. */
export class InsightError extends Error {
  override readonly name = 'InsightError'
  readonly retryable: boolean
  readonly usage: Usage

  constructor(
    message: string,
    {
      retryable = false,
      usage = { inputTokens: 0, outputTokens: 0 },
      cause,
    }: { retryable?: boolean; usage?: Usage; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.retryable = retryable
    this.usage = usage
  }
}
