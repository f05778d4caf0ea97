import { readFile } from 'node:fs/promises'
import { parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { buildSchema } from '../../src/graphql/schema.ts'
import { testApp } from '../kit/app.ts'
import { populate } from './population.ts'

/** What an analyser of the user's own does, over the wire: hears of a response, reads it, writes what it found. */
const app = await testApp()
const p = await populate(app, { ...(await app.otherWorkspace('heard')), slug: 'heard' })
const ask = (query: string, variables: object = {}, key = p.key) =>
  app.graphql(query, variables as Record<string, unknown>, key)

const ANSWERS = `answers { id fieldKey text upload { durationSeconds }
  transcript { id version text language method createdAt answer { id } }
  insight { sentiment sentimentScore actionable keyTopics summary clarity origin customFields { name value }
    evidence { finding name start end quote } method answer { id } transcript { id version } } }`
const RECORD = `mutation ($input: RecordAnalysisInput!) { recordAnalysis(input: $input) {
  __typename
  ... on RecordAnalysisPayload { response { id analyzedAt respondent { status } ${ANSWERS} } }
  ... on ValidationError { issues { path rule } }
  ... on Error { code path message }
} }`

async function record(input: object, key = p.key) {
  const { data, errors } = await ask(
    RECORD,
    { input: { responseId: p.ids.Response, method: 'a model', ...input } },
    key,
  )
  if (errors) throw new Error(JSON.stringify(errors))
  return data!.recordAnalysis
}
async function answers(): Promise<Record<string, any>[]> {
  const { data } = await ask(`query ($id: ID!) { response(id: $id) { ${ANSWERS} } }`, { id: p.ids.Response })
  return data!.response.answers
}
const spoken = (await answers()).find(({ transcript }) => transcript)!
const written = (await answers()).find(({ fieldKey }) => fieldKey === p.fieldKeys.text)!

async function analyzed(after: string | null) {
  const { data } = await ask(
    `query ($after: String) { events(after: $after, first: 100, types: [RESPONSE_ANALYZED]) {
      ... on EventPage { cursor events { type payload response { id } respondent { status } } }
    } }`,
    { after },
  )
  return data!.events
}

describe('what an analysis found', () => {
  it('is read from the answer, the recording and the response', async () => {
    expect(spoken).toMatchObject({
      text: 'Well, says heard',
      upload: { durationSeconds: 1.5 },
      transcript: { version: 1, text: 'Well, says heard', language: 'en', method: 'Ears of heard' },
      insight: {
        ...{ sentiment: 'POSITIVE', sentimentScore: 0.9, actionable: false, keyTopics: ['heard'], summary: 'heard' },
        ...{ clarity: 80, customFields: [{ name: 'Who', value: 'heard' }] },
        evidence: [
          { finding: 'SENTIMENT', name: null, start: 0, end: 4, quote: 'Well' },
          { finding: 'TOPIC', name: 'heard', start: 11, end: 16, quote: 'heard' },
        ],
        ...{ method: 'Ears of heard', answer: { id: spoken.id }, transcript: { id: spoken.transcript.id, version: 1 } },
      },
    })
    expect(spoken.transcript.answer).toEqual({ id: spoken.id })
    expect(written).toMatchObject({ text: 'Fine, says heard', upload: null, transcript: null, insight: null })
    const { data } = await ask(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Transcript { text } ... on Insight { summary } ... on Response { analyzedAt } } }',
      { ids: [p.ids.Transcript, p.ids.Insight, p.ids.Response] },
    )
    expect(data!.nodes).toEqual([
      { text: 'Well, says heard' },
      { summary: 'heard' },
      { analyzedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ])
  })

  it('takes the place of what was found before, and is told of as one event', async () => {
    const { cursor } = await analyzed(null)
    const result = await record({
      answers: [
        {
          ...{ answerId: spoken.id, durationSeconds: 0.25 },
          transcript: { text: 'On second hearing: splendid' },
          insight: { sentiment: 'MIXED' },
        },
        { answerId: written.id, insight: { summary: 'Fine' } },
      ],
    })
    expect(result).toMatchObject({
      __typename: 'RecordAnalysisPayload',
      response: { id: p.ids.Response, analyzedAt: expect.any(String), respondent: { status: 'ANALYZED' } },
    })
    const found = (id: string) => result.response.answers.find((answer: { id: string }) => answer.id === id)
    expect(found(spoken.id)).toMatchObject({
      text: 'On second hearing: splendid',
      upload: { durationSeconds: 0.25 },
      transcript: { version: 2, text: 'On second hearing: splendid', language: null, method: 'a model' },
      insight: {
        sentiment: 'MIXED',
        sentimentScore: null,
        keyTopics: [],
        origin: 'RECORDED',
        transcript: { version: 2 },
      },
    })
    expect(found(written.id)).toMatchObject({ transcript: null, insight: { summary: 'Fine', transcript: null } })
    expect(await answers()).toEqual(result.response.answers)
    const responseId = Buffer.from(p.ids.Response, 'base64url').toString().split(':')[1]
    expect((await analyzed(cursor)).events).toEqual([
      {
        type: 'RESPONSE_ANALYZED',
        payload: { linkId: expect.any(String), respondentId: expect.any(String), responseId },
        response: { id: p.ids.Response },
        respondent: { status: 'ANALYZED' },
      },
    ])
  })

  it('rests on stretches of the text that it was read from, also when there is a newer one', async () => {
    const text = 'Ei 🙂 mutta jono on pitkä'
    const at = (words: string) => ({ start: text.indexOf(words), end: text.indexOf(words) + words.length })
    await record({
      answers: [
        {
          ...{ answerId: spoken.id, transcript: { text } },
          insight: {
            ...{ sentiment: 'MIXED', clarity: 0, keyTopics: ['jono'] },
            customFields: [{ name: 'Place' }, { name: 'Mood', value: '🙂' }],
            evidence: [
              { finding: 'TOPIC', name: 'jono', ...at('jono') },
              { finding: 'CUSTOM_FIELD', name: 'Mood', ...at('🙂') },
              { finding: 'CLARITY', ...at('pitkä') },
            ],
          },
        },
        {
          answerId: written.id,
          insight: { actionable: true, evidence: [{ finding: 'ACTIONABLE', start: 6, end: 10 }] },
        },
      ],
    })
    const heard = (await answers()).find(({ id }) => id === spoken.id)!
    expect(heard.insight).toMatchObject({
      clarity: 0,
      customFields: [
        { name: 'Place', value: null },
        { name: 'Mood', value: '🙂' },
      ],
    })
    for (const { start, end, quote } of heard.insight.evidence) expect(text.slice(start, end)).toBe(quote)
    expect(heard.insight.evidence.map(({ finding, name, quote }: any) => [finding, name, quote])).toEqual([
      ['TOPIC', 'jono', 'jono'],
      ['CUSTOM_FIELD', 'Mood', '🙂'],
      ['CLARITY', null, 'pitkä'],
    ])
    expect((await answers()).find(({ id }) => id === written.id)!.insight.evidence).toEqual([
      { finding: 'ACTIONABLE', name: null, start: 6, end: 10, quote: 'says' },
    ])
    await record({ answers: [{ answerId: spoken.id, transcript: { text: 'Otherwise' } }] })
    const later = (await answers()).find(({ id }) => id === spoken.id)!
    expect(later).toMatchObject({ text: 'Otherwise', insight: { evidence: heard.insight.evidence } })
  })

  it('is found by search', async () => {
    const { data } = await ask('{ responses(first: 9, filter: { search: "OTHERwise" }) { nodes { id } } }')
    expect(data!.responses.nodes).toEqual([{ id: p.ids.Response }])
  })

  it('may come in parts, of which only the last is news', async () => {
    const { cursor } = await analyzed(null)
    await record({ answers: [{ answerId: spoken.id, transcript: { text: 'part' } }], final: false })
    expect((await analyzed(cursor)).events).toEqual([])
    await record({ answers: [], final: true })
    expect((await analyzed(cursor)).events).toHaveLength(1)
  })
})

describe('what is refused', () => {
  it('is told of all at once, and nothing is stored', async () => {
    const before = await answers()
    const { cursor } = await analyzed(null)
    const refused = await record({
      answers: [
        { answerId: spoken.id, transcript: { text: 'a\0b' }, insight: { sentimentScore: 2 } },
        { answerId: written.id, transcript: { text: 'typed' } },
        { answerId: spoken.id, transcript: { text: 'again' } },
        { answerId: p.ids.Response, insight: {} },
      ],
    })
    expect(refused).toMatchObject({ __typename: 'ValidationError', code: 'VALIDATION_FAILED' })
    expect(refused.issues).toEqual([
      { path: ['answers', '0', 'transcript', 'text'], rule: 'unstorable_character' },
      { path: ['answers', '0', 'insight', 'sentimentScore'], rule: 'too_large' },
      { path: ['answers', '1', 'transcript'], rule: 'not_a_recording' },
      { path: ['answers', '2', 'answerId'], rule: 'duplicate' },
      { path: ['answers', '3', 'answerId'], rule: 'unknown' },
      { path: ['answers', '3', 'insight'], rule: 'required' },
    ])
    expect(await answers()).toEqual(before)
    expect((await analyzed(cursor)).events).toEqual([])
  })

  it('is a response that was not submitted', async () => {
    const { data } = await ask('{ responses(first: 1, filter: { status: STARTED }) { nodes { id } } }')
    const [open] = data!.responses.nodes
    expect(await record({ responseId: open.id, answers: [] })).toMatchObject({
      __typename: 'ValidationError',
      issues: [{ path: ['responseId'], rule: 'not_submitted' }],
    })
  })

  it('is reading with the scope to write alone', async () => {
    const { data } = await ask(
      'mutation { createApiKey(input: { name: "ears", scopes: [RESPONSES_WRITE] }) { ... on CreateApiKeyPayload { key } } }',
    )
    const write = (fields: string) =>
      ask(
        `mutation ($input: RecordAnalysisInput!) { recordAnalysis(input: $input) { ... on RecordAnalysisPayload { response { ${fields} } } } }`,
        { input: { responseId: p.ids.Response, answers: [], method: 'ears' } },
        data!.createApiKey.key,
      )
    const { data: written, errors } = await write('id analyzedAt')
    expect(errors).toBeUndefined()
    expect(written!.recordAnalysis.response).toEqual({ id: p.ids.Response, analyzedAt: expect.any(String) })
    const below = await write('answers { text }')
    expect(below.errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'responses:read' })
  })
})

it('is shown in the documentation as it is', async () => {
  const text = await readFile(new URL('../../docs/graphql.md', import.meta.url), 'utf8')
  const examples = [...text.matchAll(/```graphql\n(.*?)```/gs)].map(([, example]) => example!)
  expect(examples.filter((example) => example.includes('recordAnalysis'))).toHaveLength(1)
  for (const example of examples) expect(validate(buildSchema(), parse(example)), example).toEqual([])
})

describe('transcripts', () => {
  const TRANSCRIPTS = `transcript { version } insight { isStale transcript { version } }
    transcripts { version text language method origin isDraft confidence segments { startMs endMs text } }`
  const CORRECT = `mutation ($input: CorrectTranscriptInput!) { correctTranscript(input: $input) {
    __typename
    ... on CorrectTranscriptPayload { answer { text ${TRANSCRIPTS} } }
    ... on Error { code path message }
  } }`
  const correct = async (input: object, key = p.key) =>
    (await ask(CORRECT, { input: { answerId: p.spokenAnswer, ...input } }, key)).data!.correctTranscript

  it('are corrected by a person: a version of its own, and what was read from the one before is stale', async () => {
    const { version } = (await answers()).find(({ id }) => id === p.spokenAnswer)!.transcript
    const by = { text: 'Well, I said', language: 'en', by: 'Ann', expectedVersion: version }
    const { answer } = await correct(by)
    expect(answer.transcripts[0]).toEqual({
      ...{ version: version + 1, text: 'Well, I said', language: 'en', method: 'Ann', origin: 'CORRECTED' },
      ...{ isDraft: false, confidence: null, segments: null },
    })
    expect(answer.transcripts.at(-1)).toMatchObject({ version: 1, origin: 'RECORDED' })
    expect(answer).toMatchObject({ text: 'Well, I said', insight: { isStale: true } })
    expect(await correct(by)).toMatchObject({
      ...{ __typename: 'ConflictError', code: 'TRANSCRIPT_CHANGED', path: ['expectedVersion'] },
    })
  })

  it('are asked for again, but not where somebody said what is said', async () => {
    const again = `mutation ($input: RetranscribeInput!) { retranscribe(input: $input) {
      ... on RetranscribePayload { recordings } ... on Error { code } } }`
    for (const input of [
      { responseId: p.ids.Response, all: true },
      { linkId: p.ids.Link, all: true },
    ]) {
      expect((await ask(again, { input })).data!.retranscribe).toEqual({ recordings: 0 })
    }
  })

  it('are not understood again where nothing understands, which is said', async () => {
    const again = `mutation ($input: ReanalyzeInput!) { reanalyze(input: $input) {
      __typename ... on ReanalyzePayload { responses } ... on Error { code } } }`
    const asked = async (input: object) => (await ask(again, { input })).data!.reanalyze
    const unavailable = { __typename: 'UnavailableError', code: 'INSIGHT_UNAVAILABLE' }
    expect(await asked({ responseId: p.ids.Response })).toEqual(unavailable)
    expect(await asked({ linkId: p.ids.Link, all: true })).toEqual(unavailable)
  })
})
