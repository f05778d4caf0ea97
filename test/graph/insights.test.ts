import { expect, it, vi } from 'vitest'
import { API_KEY, type Asked, startChatServer, type Turn } from '../../src/providers/insight/test-chat-server.ts'
import { testApp } from '../kit/app.ts'
import { until } from '../kit/world.ts'

// What happens in the background takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

/** A model behind the protocol that finds the same in every answer, and uses 6,000 tokens each time. */
const asked: Asked[] = []
let turn: Turn | undefined
const server = await startChatServer((request) => {
  asked.push(request)
  const { answer } = JSON.parse(request.messages[1]!.content)
  const content = {
    sentiment: 'mixed',
    sentiment_score: 0.5,
    actionable: true,
    clarity: 91,
    key_topics: [{ name: 'queue', quote: 'queue' }],
    summary: `Said: ${answer.slice(0, 20)}`,
    custom_fields: [],
    evidence: [{ finding: 'sentiment', quote: 'long' }],
  }
  return turn ?? { content, usage: { prompt_tokens: 5_900, completion_tokens: 100 } }
})
const app = await testApp({
  INSIGHT: 'openai',
  INSIGHT_URL: server.url,
  INSIGHT_API_KEY: API_KEY,
  INSIGHT_MODEL: 'small-1',
  INSIGHT_MONTHLY_TOKENS: '20000',
})

async function data(query: string, variables: Record<string, unknown> = {}, key = app.key) {
  const { data, errors } = await app.graphql(query, variables, key)
  if (errors) throw new Error(JSON.stringify(errors))
  return data!
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') {
  const response = await fetch(new URL(path, app.localUrl), {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}`)
  return JSON.parse(text)
}

const { createLink } = await data(`mutation {
  createLink(input: { name: "Visit", questions: [{ prompt: "How was your visit?", fieldKey: "visit", type: TEXT }] }) {
    ... on CreateLinkPayload { link { id slug } } ... on Error { message } } }`)

/** Somebody answers by text; what was found once it was. */
async function insightOf(value: string) {
  const { session } = await post(`/i/${createLink.link.slug}/sessions`, {})
  const owner = { authorization: `Session ${session}` }
  await post(`/i/${createLink.link.slug}/session/answers/visit`, { value }, owner, 'PUT')
  await post(`/i/${createLink.link.slug}/session/submit`, {}, owner)
  let found: Record<string, unknown> | undefined
  await until(async () => {
    const { link } = await data(
      `query ($id: ID!) { link(id: $id) { responses(first: 50) { nodes { analyzedAt answers {
         text insight { sentiment sentimentScore actionable keyTopics summary clarity
           evidence { finding name start end quote } method origin } } } } } }`,
      { id: createLink.link.id },
    )
    const response = link.responses.nodes.find((node: any) => node.answers[0]?.text === value)
    found = response?.analyzedAt ? response.answers[0].insight : undefined
    return found !== undefined
  }, 'the response is analysed')
  return found!
}

const BUDGET =
  '{ insightBudget { month monthlyTokens isDefault requests inputTokens outputTokens reservedTokens exhaustedAt } }'

it('shows what a model found, what it cost, and leaves answers to the heuristic when the budget is used up', async () => {
  expect((await data(BUDGET)).insightBudget).toMatchObject({
    monthlyTokens: 20_000,
    isDefault: true,
    requests: 0,
    exhaustedAt: null,
  })
  expect(await insightOf('The queue was long.')).toEqual({
    sentiment: 'MIXED',
    sentimentScore: 0.5,
    actionable: true,
    keyTopics: ['queue'],
    summary: 'Said: The queue was long.',
    clarity: 91,
    evidence: [
      { finding: 'SENTIMENT', name: null, start: 14, end: 18, quote: 'long' },
      { finding: 'TOPIC', name: 'queue', start: 4, end: 9, quote: 'queue' },
    ],
    method: 'small-1',
    origin: 'FOUND',
  })
  await insightOf('A very long queue, again.')
  expect((await data(BUDGET)).insightBudget).toMatchObject({
    requests: 2,
    inputTokens: 11_800,
    outputTokens: 200,
    reservedTokens: 0,
  })
  const third = await insightOf('The food was cold and the staff were rude.')
  expect(third).toMatchObject({
    sentiment: 'NEGATIVE',
    actionable: true,
    method: 'heuristic-1 (the budget of the month is used up)',
    origin: 'FALLBACK',
  })
  expect(asked).toHaveLength(2)
  const { insightBudget } = await data(BUDGET)
  expect(insightBudget.exhaustedAt).not.toBeNull()
  const { events } = await data(
    '{ events(first: 10, types: [INSIGHT_BUDGET_EXHAUSTED]) { ... on EventPage { events { type payload } } } }',
  )
  expect(events.events).toEqual([
    { type: 'INSIGHT_BUDGET_EXHAUSTED', payload: { month: insightBudget.month, monthlyTokens: 20_000 } },
  ])
})

it('takes a budget of its own, bound to the workspace', async () => {
  const update = async (input: object, key = app.key) => {
    const { updateInsightBudget } = await data(
      `mutation ($input: UpdateInsightBudgetInput!) { updateInsightBudget(input: $input) { __typename
         ... on UpdateInsightBudgetPayload { insightBudget { monthlyTokens isDefault } }
         ... on Error { code message path } } }`,
      { input },
      key,
    )
    return updateInsightBudget.insightBudget ?? updateInsightBudget
  }
  const other = await app.otherWorkspace('elsewhere')
  expect(await update({ monthlyTokens: 1_000_000_000_000 }, other.key)).toEqual({
    monthlyTokens: 1_000_000_000_000,
    isDefault: false,
  })
  expect((await data(BUDGET)).insightBudget).toMatchObject({ monthlyTokens: 20_000, isDefault: true })
  expect(await update({ monthlyTokens: -1 })).toMatchObject({
    code: 'VALIDATION_FAILED',
    path: ['monthlyTokens'],
    message: expect.stringContaining('at least 0'),
  })
  expect(await update({ monthlyTokens: null })).toEqual({ monthlyTokens: null, isDefault: false })
  turn = { content: 'I am sorry, I cannot do that.' }
  expect(await insightOf('A lovely day, thank you.')).toMatchObject({
    sentiment: 'POSITIVE',
    method: 'heuristic-1 (small-1 failed)',
  })
  turn = undefined
  const { reanalyze } = await data(
    `mutation ($input: ReanalyzeInput!) { reanalyze(input: $input) {
       ... on ReanalyzePayload { responses } ... on Error { code } } }`,
    { input: { linkId: createLink.link.id } },
  )
  // Those that the heuristic has understood.
  expect(reanalyze).toEqual({ responses: 2 })
  expect(await insightOf('What a long queue.')).toMatchObject({ method: 'small-1' })
  expect(await update({})).toEqual({ monthlyTokens: 20_000, isDefault: true })
})
