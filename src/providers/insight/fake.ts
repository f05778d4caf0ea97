import {
  type FollowUpFound,
  type FollowUpRequest,
  InsightError,
  type InsightFound,
  type InsightProvider,
  type InsightRequest,
  type Usage,
} from './insight.ts'

type Outcome<Found> = Found | InsightError

export interface FakeInsight extends InsightProvider {
  /** Everything it was asked, in order. */
  readonly history: readonly (
    | { asked: 'analyze'; request: InsightRequest }
    | { asked: 'followUp'; request: FollowUpRequest }
  )[]
}

export interface FakeInsightOptions {
  method?: string
  isPaid?: boolean
  tokensAtMost?: number
  usage?: Usage
  /** Before it answers; the signal ends it. */
  delay?(): Promise<void>
  analyze?(request: InsightRequest): Outcome<Partial<InsightFound>>
  followUp?(request: FollowUpRequest): Outcome<FollowUpFound | null>
}

/** Finds what the test says, else little: a text of five words or more is clear. */
export function fakeInsight(options: FakeInsightOptions = {}): FakeInsight {
  const { method = 'fake', isPaid = false, tokensAtMost = 0, usage = { inputTokens: 0, outputTokens: 0 } } = options
  const history: FakeInsight['history'][number][] = []

  async function told<Found>(signal: AbortSignal | undefined, outcome: () => Outcome<Found>): Promise<Found> {
    signal?.throwIfAborted()
    await options.delay?.()
    signal?.throwIfAborted()
    const found = outcome()
    if (found instanceof InsightError) throw found
    return found
  }

  return {
    method,
    isPaid,
    history,
    tokensAtMost: () => tokensAtMost,
    async analyze(request) {
      history.push({ asked: 'analyze', request })
      const found = await told(request.signal, () => options.analyze?.(request) ?? {})
      const { text, customFields } = request
      return {
        found: {
          sentiment: 'neutral',
          sentimentScore: 0.5,
          actionable: false,
          keyTopics: [],
          summary: text.slice(0, 100).toWellFormed().replaceAll('\0', ' '),
          clarity: text.trim().split(/\s+/).length >= 5 ? 90 : 20,
          customFields: Object.fromEntries(customFields.map((name) => [name, null])),
          evidence: text === '' ? [] : [{ field: 'clarity', start: 0, end: text.length }],
          ...found,
        },
        usage,
      }
    },
    async followUp(request) {
      history.push({ asked: 'followUp', request })
      const found = await told(
        request.signal,
        (): Outcome<FollowUpFound | null> =>
          options.followUp
            ? options.followUp(request)
            : { prompt: `Could you say more (${request.exchanges.length})?`, language: 'en', asks: 'more' },
      )
      return { found, usage }
    },
    async close() {},
  }
}
