import { afterAll, describe, expect, it } from 'vitest'
import type { InsightProvider } from './insight.ts'

const QUESTION = 'How was your visit?'
const TEXTS = [
  'The staff were lovely, but I waited an hour at the till.',
  'Oikein hyvä palvelu, mutta jono oli pitkä.',
  'ok',
  '😀 \ud800 \u0000 …',
  '?',
]

/** What every adapter keeps. */
export function insightConformance(name: string, create: () => Promise<InsightProvider>): void {
  describe(`${name} as any other`, async () => {
    const provider = await create()
    afterAll(() => provider.close())

    it.each(TEXTS)('keeps its findings within their ranges, and their places within the text: %j', async (text) => {
      const customFields = ['Summary', 'Shoe size', '__proto__']
      const { found, usage } = await provider.analyze({ text, language: null, question: QUESTION, customFields })
      expect(['positive', 'neutral', 'negative', 'mixed']).toContain(found.sentiment)
      expect(found.sentimentScore).toBeGreaterThanOrEqual(0)
      expect(found.sentimentScore).toBeLessThanOrEqual(1)
      expect(typeof found.actionable).toBe('boolean')
      expect(Number.isInteger(found.clarity) && found.clarity >= 0 && found.clarity <= 100).toBe(true)
      expect(Object.keys(found.customFields)).toEqual(customFields)
      expect(found.customFields['Shoe size']).toBeNull()
      for (const { field, start, end } of found.evidence) {
        expect(field).toMatch(/^(?:sentiment|actionable|clarity|summary|topic:.+|custom:.+)$/su)
        expect(0 <= start && start < end && end <= text.length).toBe(true)
      }
      // What is stored as JSON, and shown, must be a text that PostgreSQL and clients take.
      for (const written of [found.summary, ...found.keyTopics, ...Object.values(found.customFields)]) {
        expect(written?.isWellFormed() ?? true).toBe(true)
        expect(written ?? '').not.toContain('\0')
      }
      const used = usage.inputTokens + usage.outputTokens
      if (provider.isPaid) expect(used).toBeGreaterThan(0)
      expect(used).toBeLessThanOrEqual(provider.tokensAtMost(text.length + QUESTION.length + 30))
    })

    it('asks one question, or none', async () => {
      const exchanges = [{ question: QUESTION, answer: 'It was ok' }]
      const { found } = await provider.followUp({ question: QUESTION, exchanges, language: 'en' })
      if (found === null) return
      expect(found.prompt).toMatch(/^[^\n]{3,300}\?$/)
      expect(found.prompt).not.toBe(QUESTION)
      expect(['why', 'what', 'when', 'how', 'who', 'where', 'more']).toContain(found.asks)
    })

    it('rejects with the reason of its signal', async () => {
      const signal = AbortSignal.abort(new Error('enough'))
      const request = { text: 'fine', language: null, question: QUESTION, customFields: [], signal }
      await expect(provider.analyze(request)).rejects.toThrow('enough')
      const exchanges = [{ question: QUESTION, answer: 'fine' }]
      await expect(provider.followUp({ question: QUESTION, exchanges, language: null, signal })).rejects.toThrow(
        'enough',
      )
    })
  })
}
