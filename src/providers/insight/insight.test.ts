import { expect, test } from 'vitest'
import { insightConformance } from './conformance.ts'
import { createInsight, fakeInsight, type InsightProvider } from './index.ts'
import { API_KEY, startChatServer } from './test-chat-server.ts'

insightConformance('the heuristic', async () => created({ adapter: 'heuristic' }))
insightConformance('the fake', async () => fakeInsight())
insightConformance('a model', async () => {
  const server = await startChatServer(({ messages, response_format: { json_schema } }) => {
    const { answer = '', custom_fields: names = [] } = JSON.parse(messages[1]!.content)
    if (json_schema.name === 'follow_up') return { content: { prompt: 'Why so?', asks: 'why', language: 'en' } }
    return {
      content: {
        sentiment: 'neutral',
        sentiment_score: 0.5,
        actionable: false,
        clarity: 50,
        key_topics: [{ name: answer.slice(0, 20) || 'none', quote: answer.slice(0, 20) }],
        summary: answer,
        custom_fields: names.map((name: string) => ({ name, value: answer || null, quote: 'not in the text' })),
        evidence: [{ finding: 'clarity', quote: answer }],
      },
    }
  })
  return created({ adapter: 'openai', url: server.url, apiKey: API_KEY, model: 'small-1', timeoutMs: 5_000 })
})

test('none is nobody', () => {
  expect(createInsight({ adapter: 'none' })).toBeNull()
})

function created(config: Parameters<typeof createInsight>[0]): InsightProvider {
  const provider = createInsight(config)
  if (!provider) throw new Error('nobody was created')
  return provider
}
