import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { race } from '../../../test/kit/race.ts'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  loadLink,
  refusal,
  START,
  type TestWorld,
  testWorld,
  worldOn,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { FakeClock } from '../../platform/clock.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import { createContact } from '../contacts/index.ts'
import { createLink, deleteLink, deleteQuestion, type LinkRow, listQuestions } from '../links/index.ts'
import {
  type AnswerAnalysis,
  findReadyUpload,
  inviteRespondent,
  openSession,
  type RecordAnalysisInput,
  recordAnalysis,
  recordAnswer,
  submitResponse,
  sweepUploads,
  uploadAnswer,
} from './index.ts'

const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])
const PDF = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n', 'latin1')
const LATER = '2026-11-22T10:01:00.000Z'

let kit: TestWorld
let storage: ReturnType<typeof memoryStorage>
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
  storage = memoryStorage()
})

/** A response whose answers are two recordings, a text written instead of one, a file and a text. */
async function answered({ submitted = true, personal = false } = {}) {
  kit.clock.set(START)
  const { id: linkId } = await createLink(kit.world, kit.viewer, {
    name: 'Heard',
    questions: [
      { prompt: 'Voice', type: 'voice' },
      { prompt: 'Spoken', type: 'voice_text_fallback' },
      { prompt: 'Written', type: 'voice_text_fallback' },
      { prompt: 'File', type: 'file_upload' },
      { prompt: 'Text', type: 'text' },
    ],
  })
  const link = await loadLink(kit.world, kit.workspaceId, linkId)
  let respondentToken: string | undefined
  if (personal) {
    const { id: contactId } = await createContact(kit.world, kit.viewer, { name: 'Ann' })
    const invited = await inviteRespondent(kit.world, kit.viewer, { linkId, contactId })
    respondentToken = kit.signer.sign('respondent', invited.id)
  }
  const session = await openSession(kit.world, kit.signer, link, {
    channel: 'web',
    ...(respondentToken && { respondentToken }),
  })
  const { token, responseId } = session
  const upload = async (fieldKey: string, bytes: Buffer) =>
    uploadAnswer({ ...kit, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }, link, {
      ...{ token, fieldKey, fileName: null },
      source: (async function* () {
        yield bytes
      })(),
    })
  const write = (fieldKey: string, value: string) =>
    recordAnswer(kit.world, kit.signer, link, { token, fieldKey, value })
  const voice = await upload('voice', WAV)
  const spoken = await upload('spoken', WAV)
  const ids = {
    voice: voice.answerId,
    spoken: spoken.answerId,
    written: (await write('written', 'I wrote this')).answerId,
    file: (await upload('file', PDF)).answerId,
    text: (await write('text', 'Fine')).answerId,
  }
  if (submitted) await submitResponse(kit.world, kit.signer, link, { token })
  kit.clock.set(LATER)
  const [row] = await kit.db.query<{ respondent_id: string }>(
    sql`SELECT respondent_id FROM response WHERE id = ${responseId}::uuid`,
  )
  return { link, token, responseId, respondentId: row!.respondent_id, ids, uploads: [voice.uploadId, spoken.uploadId] }
}

const record = (responseId: string, answers: AnswerAnalysis[], more: Partial<RecordAnalysisInput> = {}) =>
  recordAnalysis(kit.world, kit.viewer, { responseId, answers, method: 'ears', ...more })
const head = () => headOf(kit.world, kit.workspaceId)

/** Everything an analysis can have changed of a response. */
async function stored(responseId: string) {
  const [response] = await kit.db.query<object>(
    sql`SELECT r.analyzed_at, r.updated_at, p.status::text AS respondent, p.updated_at AS moved_at
        FROM response r JOIN respondent p ON p.id = r.respondent_id WHERE r.id = ${responseId}::uuid`,
  )
  const answers = await kit.db.query<object>(
    sql`SELECT a.field_key, a.text, a.updated_at, u.duration_seconds
        FROM answer a LEFT JOIN upload u ON u.id = a.upload_id WHERE a.response_id = ${responseId}::uuid ORDER BY a."order"`,
  )
  const transcripts = await kit.db.query<{ id: string; text: string; version: number }>(
    sql`SELECT t.id, a.field_key, t.version, t.text, t.language, t.method, t.created_at
        FROM transcript t JOIN answer a ON a.id = t.answer_id WHERE a.response_id = ${responseId}::uuid
        ORDER BY a."order", t.version`,
  )
  const insights = await kit.db.query<{ transcript_id: string | null; summary: string; created_at: Date }>(
    sql`SELECT a.field_key, i.transcript_id, i.sentiment::text, i.sentiment_score, i.actionable, i.key_topics, i.summary,
               i.method, i.created_at
        FROM insight i JOIN answer a ON a.id = i.answer_id WHERE a.response_id = ${responseId}::uuid
        ORDER BY a."order", i.created_at, i.id`,
  )
  return { response: response!, answers, transcripts, insights }
}

describe('recording an analysis', () => {
  test('stores what was found, moves the respondent and says so', async () => {
    const { link, responseId, respondentId, ids } = await answered()
    const before = await head()
    const made = await record(
      responseId,
      [
        {
          answerId: ids.voice,
          transcript: { text: 'I love it', language: 'en-GB' },
          durationSeconds: 5.25,
          insight: {
            sentiment: 'positive',
            sentimentScore: 0.92,
            actionable: true,
            keyTopics: ['love', 'it'],
            summary: 'Loves it',
          },
        },
        { answerId: ids.text, insight: { sentiment: 'mixed' } },
        { answerId: ids.written, transcript: null, durationSeconds: null, insight: null },
      ],
      { method: ' whisper-1 ' },
    )
    expect(made).toEqual({ id: responseId })
    const now = new Date(LATER)
    const { response, answers, transcripts, insights } = await stored(responseId)
    expect(response).toEqual({ analyzed_at: now, updated_at: now, respondent: 'analyzed', moved_at: now })
    const then = new Date(START)
    expect(answers).toEqual([
      { field_key: 'voice', text: 'I love it', updated_at: now, duration_seconds: 5.25 },
      { field_key: 'spoken', text: null, updated_at: then, duration_seconds: 1 },
      { field_key: 'written', text: 'I wrote this', updated_at: then, duration_seconds: null },
      { field_key: 'file', text: null, updated_at: then, duration_seconds: null },
      { field_key: 'text', text: 'Fine', updated_at: then, duration_seconds: null },
    ])
    expect(transcripts).toEqual([
      {
        ...{ id: expect.any(String), field_key: 'voice', version: 1, text: 'I love it', language: 'en-GB' },
        ...{ method: 'whisper-1', created_at: now },
      },
    ])
    expect(insights).toEqual([
      {
        ...{ field_key: 'voice', transcript_id: transcripts[0]!.id, sentiment: 'positive', sentiment_score: 0.92 },
        ...{ actionable: true, key_topics: ['love', 'it'], summary: 'Loves it', method: 'whisper-1', created_at: now },
      },
      {
        ...{ field_key: 'text', transcript_id: null, sentiment: 'mixed', sentiment_score: null, actionable: null },
        ...{ key_topics: [], summary: null, method: 'whisper-1', created_at: now },
      },
    ])
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'response.analyzed', { linkId: link.id, responseId, respondentId }],
      [before + 2, 'respondent.statusChanged', { linkId: link.id, respondentId, from: 'surveyed', to: 'analyzed' }],
    ])
  })

  test('again adds versions; an insight is read from the newest transcript, and is the newest itself', async () => {
    const { responseId, ids } = await answered()
    await record(responseId, [{ answerId: ids.voice, transcript: { text: 'first' }, insight: { summary: 'of first' } }])
    await record(responseId, [{ answerId: ids.voice, transcript: { text: '' } }])
    // Another process, whose clock is behind.
    const behind = worldOn(kit.db, new FakeClock(START))
    await recordAnalysis(behind, kit.viewer, {
      ...{ responseId, method: 'eyes' },
      answers: [{ answerId: ids.voice, insight: { summary: 'of second' } }],
    })
    const { answers, transcripts, insights } = await stored(responseId)
    expect(answers[0]).toMatchObject({ field_key: 'voice', text: '' })
    expect(transcripts.map(({ version, text }) => [version, text])).toEqual([
      [1, 'first'],
      [2, ''],
    ])
    expect(insights.map(({ summary, transcript_id }) => [summary, transcript_id])).toEqual([
      ['of first', transcripts[0]!.id],
      ['of second', transcripts[1]!.id],
    ])
    const [order] = await kit.db.query(
      sql`SELECT array_agg(summary ORDER BY created_at) AS summaries, count(DISTINCT created_at)::int AS moments
          FROM insight WHERE answer_id = ${ids.voice}::uuid`,
    )
    expect(order).toEqual({ summaries: ['of first', 'of second'], moments: 2 })
  })

  test('says once per call that it is final, and nothing while it is not', async () => {
    const { link, responseId, respondentId, ids } = await answered({ personal: true })
    const before = await head()
    await record(responseId, [{ answerId: ids.voice, transcript: { text: 'part' } }], { final: false })
    expect((await stored(responseId)).response).toMatchObject({ analyzed_at: null, respondent: 'surveyed' })
    expect(await head()).toBe(before)
    await record(responseId, [], { final: true })
    await record(responseId, [], { final: null })
    const analyzed = { linkId: link.id, responseId, respondentId }
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'response.analyzed', analyzed],
      [before + 2, 'respondent.statusChanged', { linkId: link.id, respondentId, from: 'surveyed', to: 'analyzed' }],
      [before + 3, 'response.analyzed', analyzed],
    ])
    kit.clock.advance(60_000)
    await record(responseId, [], { final: false })
    expect((await stored(responseId)).response).toMatchObject({
      analyzed_at: new Date(LATER),
      updated_at: kit.clock.now(),
    })
  })

  test('with the same key happens once', async () => {
    const { responseId, ids } = await answered()
    const answers = [{ answerId: ids.voice, transcript: { text: 'once' } }]
    const more = { idempotencyKey: `analysis-${responseId}` }
    const made = await record(responseId, answers, more)
    const before = await head()
    expect(await record(responseId, answers, more)).toEqual(made)
    expect(await head()).toBe(before)
    expect((await stored(responseId)).transcripts).toHaveLength(1)
    expect(await codeOf(record(responseId, [], more))).toBe('IDEMPOTENCY_CONFLICT')
  })

  test('works after the link was deleted', async () => {
    const { link, responseId, ids } = await answered()
    await deleteLink(kit.world, kit.viewer, link.id)
    await record(responseId, [{ answerId: ids.voice, transcript: { text: 'still here' } }])
    expect((await stored(responseId)).transcripts).toMatchObject([{ text: 'still here' }])
  })

  test('leaves recordings to their answers: the sweep takes none', async () => {
    const { responseId, ids, uploads } = await answered()
    await record(responseId, [{ answerId: ids.voice, durationSeconds: 0 }])
    kit.clock.advance(86_400_000)
    await sweepUploads(kit.world, storage)
    for (const upload of uploads) {
      expect(await findReadyUpload(kit.db, kit.workspaceId, upload)).toMatchObject({ media_type: 'audio/wav' })
    }
  })

  test('goes with the answer', async () => {
    const { responseId, ids } = await answered()
    await record(responseId, [{ answerId: ids.voice, transcript: { text: 'gone' }, insight: { summary: 'gone' } }])
    await kit.db.query(sql`DELETE FROM answer WHERE id = ${ids.voice}::uuid`)
    const { transcripts, insights } = await stored(responseId)
    expect([transcripts, insights]).toEqual([[], []])
  })
})

describe('refusals', () => {
  test('name every fault at once and store nothing', async () => {
    const { responseId, ids } = await answered()
    const other = await answered()
    const before = await stored(responseId)
    const headBefore = await head()
    const found = brokenRules(
      record(
        responseId,
        [
          { answerId: ids.voice, transcript: { text: 'kept back' } },
          { answerId: ids.spoken, transcript: { text: 'a\0b', language: 'not a language' }, durationSeconds: -1 },
          { answerId: ids.written, transcript: { text: 'typed' }, durationSeconds: 1 },
          { answerId: ids.file, durationSeconds: 86_401 },
          {
            answerId: ids.text,
            insight: {
              ...{ sentiment: 'angry' as never, sentimentScore: 1.01, summary: '\ud800' },
              keyTopics: ['fine', ' ', 'x'.repeat(201)],
            },
          },
          { answerId: other.ids.voice, insight: {} },
          { answerId: 'nonsense', transcript: { text: 'x' } },
          { answerId: ids.voice },
        ],
        { method: ' ' },
      ),
    )
    expect((await found).toSorted()).toEqual(
      [
        'answers.1.transcript.text unstorable_character',
        'answers.1.transcript.language language_tag',
        'answers.1.durationSeconds too_small',
        'answers.2.transcript not_a_recording',
        'answers.2.durationSeconds not_a_recording',
        'answers.3.durationSeconds too_large',
        'answers.3.durationSeconds not_a_recording',
        'answers.4.insight.sentiment unknown_option',
        'answers.4.insight.sentimentScore too_large',
        'answers.4.insight.summary unstorable_character',
        'answers.4.insight.keyTopics.1 too_short',
        'answers.4.insight.keyTopics.2 too_long',
        'answers.5.answerId unknown',
        'answers.5.insight required',
        'answers.6.answerId unknown',
        'answers.7.answerId duplicate',
        'method too_short',
      ].toSorted(),
    )
    expect(await stored(responseId)).toEqual(before)
    expect(await head()).toBe(headBefore)
  })

  test.each<[string, string, Partial<AnswerAnalysis>]>([
    ['a transcript that is too long', 'transcript.text too_long', { transcript: { text: 'x'.repeat(100_001) } }],
    ['a language of two', 'transcript.language language_tag', { transcript: { text: '', language: 'en,fi' } }],
    ['a score below 0', 'insight.sentimentScore too_small', { insight: { sentimentScore: -0.01 } }],
    ['a score that is no number', 'insight.sentimentScore type', { insight: { sentimentScore: Number.NaN } }],
    ['a duration without end', 'durationSeconds type', { durationSeconds: Number.POSITIVE_INFINITY }],
    ['too many topics', 'insight.keyTopics too_long', { insight: { keyTopics: Array(51).fill('x') } }],
    ['an insight of nothing', 'insight required', { insight: { sentiment: null, keyTopics: [] } }],
    ['a blank summary', 'insight.summary too_short', { insight: { summary: '\n' } }],
    ['a clarity in parts', 'insight.clarity type', { insight: { clarity: 0.5 } }],
    ['a clarity above 100', 'insight.clarity too_large', { insight: { clarity: 101 } }],
    ['too many fields', 'insight.customFields too_long', { insight: { customFields: fields(51) } }],
    [
      'a field named twice',
      'insight.customFields.1.name duplicate',
      { insight: { customFields: [{ name: 'a' }, { name: ' a', value: 'x' }] } },
    ],
    ['a field without a name', 'insight.customFields.0.name too_short', { insight: { customFields: [{ name: ' ' }] } }],
    ['evidence for nothing', 'insight.evidence.0.finding unknown', cited({ finding: 'summary' })],
    ['evidence for an unknown topic', 'insight.evidence.0.name unknown', cited({ finding: 'topic', name: 'b' })],
    ['evidence for no topic', 'insight.evidence.0.name unknown', cited({ finding: 'topic' })],
    ['evidence for an unknown field', 'insight.evidence.0.name unknown', cited({ finding: 'customField', name: 'a' })],
    ['evidence with a needless name', 'insight.evidence.0.name unknown', cited({ name: 'a' })],
    ['evidence of no kind', 'insight.evidence.0.finding unknown_option', cited({ finding: 'mood' as never })],
    ['evidence before the text', 'insight.evidence.0.start too_small', cited({ start: -1 })],
    ['evidence in parts', 'insight.evidence.0.end type', cited({ end: 1.5 })],
    ['evidence of no length', 'insight.evidence.0.end too_small', cited({ start: 2, end: 2 })],
    ['evidence beyond the text', 'insight.evidence.0.end too_large', cited({ end: 7 })],
    ['evidence of half a character', 'insight.evidence.0 unstorable_character', cited({ start: 4, end: 5 })],
    ['evidence of a text that is not known', 'insight.evidence.0.end too_large', { insight: cited({}).insight }],
    ['half a character', 'transcript.text unstorable_character', { transcript: { text: 'x\udc00' } }],
  ])('%s', async (_what, rule, found) => {
    const { responseId, ids } = await shared()
    expect(await brokenRules(record(responseId, [{ answerId: ids.voice, ...found }]))).toEqual([`answers.0.${rule}`])
  })

  test('what is at the limits is taken', async () => {
    const { responseId, ids } = await answered()
    const insight = {
      ...{ sentimentScore: 1, keyTopics: Array(50).fill('x'.repeat(200)), summary: 'x'.repeat(5_000) },
      ...{ actionable: false, sentiment: 'neutral' as const },
    }
    await record(
      responseId,
      [
        {
          ...{ answerId: ids.voice, durationSeconds: 86_400, insight },
          transcript: { text: 'x'.repeat(100_000), language: 'sl-rozaj-biske-1994' },
        },
        { answerId: ids.spoken, transcript: { text: '\n“ø” 🎙' }, insight: { sentimentScore: 5e-324 } },
      ],
      { method: 'x'.repeat(200) },
    )
    const { insights, transcripts } = await stored(responseId)
    expect(transcripts[1]).toMatchObject({ text: '\n“ø” 🎙', language: null })
    expect(insights[0]).toMatchObject({ sentiment_score: 1, actionable: false, key_topics: insight.keyTopics })
    expect(insights[1]).toMatchObject({ sentiment_score: 5e-324 })
  })

  test('a response that is not submitted, together with what else is wrong', async () => {
    const { responseId, ids } = await answered({ submitted: false })
    expect(await brokenRules(record(responseId, [{ answerId: ids.voice, transcript: { text: 'early' } }]))).toEqual([
      'responseId not_submitted',
    ])
    expect(await brokenRules(record(responseId, [{ answerId: UNKNOWN }]))).toEqual([
      'responseId not_submitted',
      'answers.0.answerId unknown',
    ])
    expect((await stored(responseId)).transcripts).toEqual([])
  })

  test("knows nothing of another workspace's responses", async () => {
    const { responseId, ids } = await shared()
    const noResponse = {
      code: 'NOT_FOUND',
      message: 'No response with this id exists in your workspace.',
      path: ['responseId'],
      details: {},
    }
    const input = { answers: [{ answerId: ids.voice }], method: 'ears' }
    for (const id of [responseId, UNKNOWN, 'x']) {
      expect(await refusal(recordAnalysis(kit.world, kit.otherViewer, { ...input, responseId: id }))).toEqual(
        noResponse,
      )
    }
    const weak = { ...kit.viewer, scopes: new Set(['responses:read'] as const) }
    expect(await refusal(recordAnalysis(kit.world, weak, { ...input, responseId }))).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      details: { scope: 'responses:write' },
    })
  })
})

const fields = (count: number) => Array.from({ length: count }, (_, n) => ({ name: `${n}` }))

/** An insight with one stretch of a text of six UTF-16 units; the smiling face is the last two. */
function cited(evidence: Partial<NonNullable<NonNullable<AnswerAnalysis['insight']>['evidence']>[number]>) {
  return {
    transcript: { text: 'abcd🙂' },
    insight: {
      ...{ sentiment: 'neutral' as const, keyTopics: ['a'] },
      evidence: [{ finding: 'sentiment' as const, start: 0, end: 6, ...evidence }],
    },
  }
}

let once: ReturnType<typeof answered> | undefined
/** For tests that change nothing. */
function shared() {
  once ??= answered()
  return once
}

describe('races', () => {
  test('of several recorders: each is a version of its own, and none is lost', async () => {
    const { responseId, ids } = await answered()
    const before = await head()
    const results = await race(
      Array.from(
        { length: 8 },
        (_, n) => () =>
          record(responseId, [
            {
              answerId: ids[n % 2 ? 'voice' : 'spoken'],
              transcript: { text: `text ${n}` },
              insight: { summary: `${n}` },
            },
            { answerId: ids[n % 2 ? 'spoken' : 'voice'], transcript: { text: `text ${n}` } },
          ]),
      ),
    )
    expect(results).toEqual(Array(8).fill('ok'))
    const { answers, transcripts, insights } = await stored(responseId)
    expect(transcripts.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(new Set(transcripts.map(({ text }) => text)).size).toBe(8)
    // The recorders came in one order, for all that they wrote.
    expect(transcripts.slice(0, 8).map(({ text }) => text)).toEqual(transcripts.slice(8).map(({ text }) => text))
    expect(answers.slice(0, 2)).toMatchObject([{ text: transcripts[7]!.text }, { text: transcripts[7]!.text }])
    for (const { summary, transcript_id } of insights) {
      expect(transcripts.find(({ id }) => id === transcript_id)?.text).toBe(`text ${summary}`)
    }
    const events = await eventsAfter(kit.world, kit.workspaceId, before)
    expect(events.filter(([, type]) => type === 'response.analyzed')).toHaveLength(8)
    expect(events.filter(([, type]) => type === 'respondent.statusChanged')).toHaveLength(1)
  })

  test.runIf(onPostgres)(
    'with a deletion of the link or of its questions: nothing fails, all is stored',
    async () => {
      for (let round = 0; round < 20; round++) {
        const all = await Promise.all([answered(), answered()])
        const findings = ({ responseId, ids }: (typeof all)[number]) =>
          record(responseId, [
            { answerId: ids.spoken, transcript: { text: 'b' } },
            { answerId: ids.voice, transcript: { text: 'a' } },
          ])
        const questions = await listQuestions(kit.db, kit.workspaceId, all[1].link.id)
        const results = await race([
          () => findings(all[0]),
          () => findings(all[1]),
          () => deleteLink(kit.world, kit.viewer, (all[0].link as LinkRow).id),
          () => deleteQuestion(kit.world, kit.viewer, questions[0]!.id),
          () => findings(all[0]),
          () => findings(all[1]),
        ])
        expect(results).toEqual(Array(6).fill('ok'))
        for (const { responseId } of all) expect((await stored(responseId)).transcripts).toHaveLength(4)
      }
    },
    60_000,
  )
})
