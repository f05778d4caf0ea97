import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { race } from '../../../test/kit/race.ts'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  refusal,
  START,
  type TestWorld,
  testWorld,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { AudioError } from '../../providers/audio/index.ts'
import { InsightError } from '../../providers/insight/index.ts'
import { TranscriptionError } from '../../providers/transcription/index.ts'
import { createContact } from '../contacts/index.ts'
import { deleteLink, deleteQuestion, listQuestions } from '../links/index.ts'
import { awaitingAnalysis, eraseAnswersOf, recordAnalysis } from '../responses/index.ts'
import {
  analyzeResponseTask,
  correctTranscript,
  processAnswerTask,
  reanalyze,
  retranscribe,
  retranscribeLink,
  settleAbandoned,
} from './index.ts'
import { analysisBench } from './test-analysis.ts'

const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const MINUTE = 60_000

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld({ poolSize: 12 })
})
beforeEach(async () => {
  kit.clock.set(START)
  // What an earlier test left due is not this one's.
  await kit.db.script('UPDATE answer SET process_due_at = NULL; UPDATE response SET analysis_due_at = NULL')
})

const head = () => headOf(kit.world, kit.workspaceId)
const told = async (after: number) => (await eventsAfter(kit.world, kit.workspaceId, after)).map(([, type]) => type)
const away = new TranscriptionError('unavailable', 'away', { retryable: true })
const MIXED = [
  { prompt: 'Voice', type: 'voice' as const },
  { prompt: 'Spoken', type: 'voice_text_fallback' as const, evaluatorConfig: { custom_fields: ['Summary'] } },
  { prompt: 'Text', type: 'text' as const },
  { prompt: 'Stars', type: 'rating' as const },
]
const ANSWERS = { voice: null, spoken: 'I wrote this instead', text: 'All of it was fine', stars: null }

describe('a spoken answer', () => {
  test('is prepared and transcribed at once, understood when it is submitted, and all of it is told', async () => {
    const bench = analysisBench(kit)
    const before = await head()
    const { ids, responseId, submit, link } = await bench.answered(undefined, undefined, { submitted: false })
    const segments = [{ startMs: 0, endMs: 900, text: 'I love it' }]
    bench.transcription.hearNext({ text: 'I love it so very much', language: 'en-GB', confidence: 0.8, segments })
    expect(await bench.work()).toEqual(['process-answer'])
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: null, analyzed: false },
      answers: [{ text: 'I love it so very much', sound: 'ready', heard: 'done', due: null, lease: null }],
      transcripts: [
        {
          ...{ version: 1, text: 'I love it so very much', language: 'en-GB', method: 'fake', origin: 'transcribed' },
          ...{ is_draft: false, confidence: 0.8, segments },
        },
      ],
      insights: [],
    })
    await submit()
    expect((await bench.stored(responseId)).response).toMatchObject({ analysis: 'pending', respondent: 'surveyed' })
    expect(await bench.work()).toEqual(['analyze-response'])
    const { response, insights } = await bench.stored(responseId)
    expect(response).toEqual({ analysis: 'done', due: null, analyzed: true, respondent: 'analyzed' })
    expect(insights).toEqual([
      {
        ...{
          key: 'voice',
          summary: 'I love it so very much',
          clarity: 90,
          custom_fields: {},
          method: 'fake',
          version: 1,
        },
        evidence: [{ field: 'clarity', start: 0, end: 22 }],
      },
    ])
    expect(bench.understanding!.history).toMatchObject([
      {
        asked: 'analyze',
        request: { text: 'I love it so very much', language: 'en-GB', question: 'Voice', customFields: [] },
      },
    ])
    expect(bench.transcription.history).toEqual([{ bytes: 6, language: null }])
    const events = await eventsAfter(kit.world, kit.workspaceId, before)
    const about = { linkId: link.id, responseId, answerId: ids.voice }
    expect(events.map(([, type, payload]) => [type, payload])).toEqual(
      expect.arrayContaining([
        ['answer.soundReady', about],
        ['answer.transcribed', { ...about, version: 1 }],
        ['response.analyzed', expect.objectContaining({ responseId })],
        ['respondent.statusChanged', expect.objectContaining({ from: 'surveyed', to: 'analyzed' })],
      ]),
    )
    // Nothing is left to do, and doing it again changes nothing.
    const settled = await bench.stored(responseId)
    await bench.run({ task: 'process-answer', payload: { workspaceId: kit.workspaceId, answerId: ids.voice } })
    await bench.run({ task: 'analyze-response', payload: { workspaceId: kit.workspaceId, responseId } })
    expect(await bench.stored(responseId)).toEqual(settled)
    expect(bench.transcription.history).toHaveLength(1)
  })

  test('with others: each with words is understood by what it says, a choice is not', async () => {
    const bench = analysisBench(kit)
    const { stars: _, ...answers } = ANSWERS
    const { responseId } = await bench.answered(MIXED, answers)
    await bench.work()
    const { response, insights } = await bench.stored(responseId)
    expect(response.analysis).toBe('done')
    expect(insights.map(({ key, summary, version }) => [key, summary, version])).toEqual([
      ['voice', 'hello there', 1],
      ['spoken', 'I wrote this instead', null],
      ['text', 'All of it was fine', null],
    ])
    const asked = bench.understanding!.history.map(
      (each) => 'customFields' in each.request && each.request.customFields,
    )
    expect(asked.map(String).toSorted()).toEqual(['', '', 'Summary'])
  })

  test('that nobody may evaluate is transcribed and not judged; text alone leaves nothing to do', async () => {
    const bench = analysisBench(kit)
    const silent = { enable_ai_evaluation: false }
    const spoken = await bench.answered([{ prompt: 'Voice', type: 'voice', configuration: silent }])
    const written = await bench.answered([{ prompt: 'Text', type: 'text', configuration: silent }], { text: 'Secret' })
    const chosen = await bench.answered([{ prompt: 'Date', type: 'date' }], { date: '2026-11-22' })
    expect(await bench.work()).toEqual(['process-answer', 'analyze-response'])
    expect(await bench.stored(spoken.responseId)).toMatchObject({
      ...{ response: { analysis: 'done' }, transcripts: [{ text: 'hello there' }], insights: [] },
    })
    for (const { responseId } of [written, chosen]) {
      expect((await bench.stored(responseId)).response).toMatchObject({ analysis: null, respondent: 'surveyed' })
    }
    expect(bench.understanding!.history).toEqual([])
  })

  test('that says nothing is done without an insight', async () => {
    const bench = analysisBench(kit)
    bench.transcription.hearNext({ text: '' })
    const { responseId } = await bench.answered()
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      ...{ response: { analysis: 'done' }, answers: [{ text: '', heard: 'done' }], insights: [] },
    })
  })

  test('is heard and understood as what its link is written in, unless the engine hears otherwise', async () => {
    const bench = analysisBench(kit)
    const of = { language: 'fi-FI' }
    bench.transcription.hearNext({ language: null })
    await bench.answered(MIXED, { voice: null, text: 'Kaikki hyvin' }, of)
    await bench.work()
    bench.transcription.hearNext({ language: 'sv' })
    await bench.answered(undefined, undefined, of)
    await bench.work()
    expect(bench.transcription.history.map(({ language }) => language)).toEqual(['fi-FI', 'fi-FI'])
    const asked = bench.understanding!.history.map(({ request }) => [request.question, request.language])
    expect(asked.toSorted()).toEqual([
      ['Text', 'fi-FI'],
      ['Voice', 'fi-FI'],
      ['Voice', 'sv'],
    ])
  })

  test('of a draft engine is a draft', async () => {
    const bench = analysisBench(kit, { method: 'pocketsphinx', isDraft: true })
    const { responseId } = await bench.answered()
    await bench.work()
    expect((await bench.stored(responseId)).transcripts).toMatchObject([{ method: 'pocketsphinx', is_draft: true }])
  })

  test('that is replaced while it is listened to: what was heard is thrown away, the new one is heard', async () => {
    const bench = analysisBench(kit)
    const { responseId, upload, ids } = await bench.answered(undefined, undefined, { submitted: false })
    await bench.start()
    const release = bench.transcription.hold()
    bench.transcription.hearNext({ text: 'the old one' })
    bench.transcription.hearNext({ text: 'the new one' })
    const old = bench.run(bench.jobs.shift()!)
    while (bench.transcription.history.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await upload('voice')).answerId).toBe(ids.voice)
    release()
    await old
    expect((await bench.stored(responseId)).transcripts).toEqual([])
    await bench.work()
    expect((await bench.stored(responseId)).transcripts).toMatchObject([{ version: 1, text: 'the new one' }])
  })

  test('of a deleted link and question is analysed all the same', async () => {
    const bench = analysisBench(kit)
    const { link, responseId } = await bench.answered(MIXED, { voice: null, spoken: 'I wrote this instead' })
    const questions = await listQuestions(kit.db, kit.workspaceId, link.id)
    await deleteQuestion(kit.world, kit.viewer, questions[1]!.id)
    await deleteLink(kit.world, kit.viewer, link.id)
    await bench.work()
    const { response, insights } = await bench.stored(responseId)
    expect([response.analysis, insights.length]).toEqual(['done', 2])
  })
})

describe('failures', () => {
  test('an engine that is away is asked again; when it stays away the analysis is incomplete, and says so', async () => {
    const bench = analysisBench(kit)
    const before = await head()
    const { responseId, ids } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    for (let n = 0; n < 3; n++) bench.transcription.hearNext(away)
    await bench.start()
    const [processing, analysis] = bench.jobs.splice(0) as [any, any]
    await expect(bench.run(processing)).rejects.toBe(away)
    expect((await bench.stored(responseId)).answers[0]).toMatchObject({ heard: null, lease: null })
    await bench.run(processing, { last: true })
    expect((await bench.stored(responseId)).answers[0]).toMatchObject({ heard: 'unavailable', failure: 'unavailable' })
    await bench.run(analysis, { last: true })
    const stored = await bench.stored(responseId)
    expect(stored.response).toMatchObject({ analysis: 'incomplete', analyzed: false, respondent: 'surveyed' })
    expect(stored.insights.map(({ key }) => key)).toEqual(['text'])
    expect((await told(before)).slice(-3)).toEqual([
      'answer.soundReady',
      'answer.transcriptionFailed',
      'response.analysisIncomplete',
    ])
    // Once asked again it is finished, and only what is missing is done.
    expect(await retranscribe(bench.deps, kit.viewer, { responseId })).toEqual({ recordings: 1 })
    expect((await bench.stored(responseId)).response.analysis).toBe('pending')
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: 'done', analyzed: true, respondent: 'analyzed' },
      insights: [{ key: 'voice' }, { key: 'text' }],
    })
    expect(ids).toBeDefined()
  })

  test.each([
    ['a language that it does not know', new TranscriptionError('unsupported_language', 'x'), 'unsupported_language'],
    ['a recording that it refuses', new TranscriptionError('failed', 'x'), 'failed'],
  ])('%s is never heard, which counts as found', async (_, error, failure) => {
    const bench = analysisBench(kit)
    bench.transcription.hearNext(error)
    const { responseId } = await bench.answered()
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: 'done', respondent: 'analyzed' },
      answers: [{ heard: 'failed', failure }],
      transcripts: [],
    })
    expect(bench.transcription.history).toHaveLength(1)
  })

  test('a sound that cannot be prepared is not listened to; asked again, both are tried', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered()
    bench.audio.answerNext(new AudioError('unsupported_codec', 'aac needs ffmpeg'))
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      ...{ response: { analysis: 'done' }, answers: [{ sound: 'failed', heard: 'failed', failure: 'no_sound' }] },
    })
    expect(bench.transcription.history).toEqual([])
    await retranscribe(bench.deps, kit.viewer, { responseId })
    await bench.work()
    expect((await bench.stored(responseId)).answers).toMatchObject([{ sound: 'ready', heard: 'done' }])
  })

  test('a sound that cannot be prepared is tried again when it is asked for, also of what somebody has heard', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered()
    bench.audio.answerNext(new AudioError('unsupported_codec', 'aac needs ffmpeg'))
    await bench.work()
    await correctTranscript(kit.world, kit.viewer, { answerId: ids.voice!, text: 'what was really said' })
    await bench.work()
    expect(await retranscribe(bench.deps, kit.viewer, { responseId })).toEqual({ recordings: 0 })
    const before = await head()
    expect(await bench.work()).toEqual(['process-answer'])
    expect(await told(before)).toEqual(['answer.soundReady'])
    expect(await bench.stored(responseId)).toMatchObject({
      ...{ response: { analysis: 'done' }, answers: [{ sound: 'ready', heard: 'done' }] },
      transcripts: [{ version: 1, origin: 'corrected' }],
    })
  })

  test('a storage that lost the sound is a fault of the last try only', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered()
    await bench.start()
    const [job] = bench.jobs.splice(0) as [any]
    bench.transcription.hearNext(away)
    await expect(bench.run(job)).rejects.toBe(away)
    for (const key of bench.storage.objects.keys()) if (key.endsWith('.wav')) bench.storage.objects.delete(key)
    await expect(bench.run(job)).rejects.toThrow('is not in storage')
    await bench.run(job, { last: true })
    expect((await bench.stored(responseId)).answers).toMatchObject([{ heard: 'failed', failure: 'failed' }])
  })

  test('an analyser that fails is asked again for what it failed in alone; at last the rest is left out', async () => {
    let broken = true
    const bench = analysisBench(kit, {
      insight: {
        analyze: ({ text }) => (broken && text.startsWith('All') ? new InsightError('busy', { retryable: true }) : {}),
      },
    })
    const { responseId } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await bench.start()
    const job = bench.jobs.find(({ task }) => task === 'analyze-response')!
    await expect(bench.run(job)).rejects.toThrow('busy')
    expect((await bench.stored(responseId)).insights.map(({ key }) => key)).toEqual(['voice'])
    await bench.run(job, { last: true })
    expect((await bench.stored(responseId)).response).toMatchObject({ analysis: 'incomplete', analyzed: false })
    broken = false
    await kit.db.query(sql`UPDATE response SET analysis = 'pending' WHERE id = ${responseId}::uuid`)
    await bench.run(job)
    expect(await bench.stored(responseId)).toMatchObject({ response: { analysis: 'done' }, insights: [{}, {}] })
    expect(bench.understanding!.history).toHaveLength(4)
  })

  test('work that is stopped settles nothing, and lets the recording go', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered(undefined, undefined, { submitted: false })
    await bench.start()
    const stop = new AbortController()
    bench.transcription.hold()
    const job = bench.jobs.shift()!
    const running = bench.run(job, { signal: stop.signal, last: true })
    while (bench.transcription.history.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const reason = new Error('stopping')
    stop.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect((await bench.stored(responseId)).answers).toMatchObject([{ sound: 'ready', heard: null, lease: null }])
  })

  test('jobs about what is gone, or of another workspace, do nothing', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered()
    const { workspaceId } = kit.otherViewer
    for (const of of [
      { workspaceId, id: ids.voice! },
      { workspaceId: kit.workspaceId, id: UNKNOWN },
    ]) {
      await bench.run({ task: 'process-answer', payload: { workspaceId: of.workspaceId, answerId: of.id } })
    }
    await bench.run({ task: 'analyze-response', payload: { workspaceId, responseId } })
    await bench.run({ task: 'analyze-response', payload: { workspaceId: kit.workspaceId, responseId: UNKNOWN } })
    expect(await bench.stored(responseId)).toMatchObject({ response: { analysis: 'pending' }, transcripts: [] })
  })
})

describe('two at once', () => {
  test('an answer is due once, however many processes look', async () => {
    const bench = analysisBench(kit)
    for (let n = 0; n < 5; n++) await bench.answered()
    await Promise.all([1, 2, 3].map(() => bench.start()))
    await bench.start()
    const keys = bench.jobs.map(({ payload }) => payload.answerId ?? payload.responseId)
    expect(keys).toHaveLength(10)
    expect(new Set(keys).size).toBe(10)
  })

  test('a queue that fails leaves everything due', async () => {
    const bench = analysisBench(kit)
    await bench.answered()
    const broken = { ...bench.deps, queue: { hurry() {}, send: async () => Promise.reject(new Error('no queue')) } }
    const { startAnalyses } = await import('./index.ts')
    await expect(startAnalyses(broken)).rejects.toThrow('no queue')
    expect(await bench.start()).toBe(2)
  })

  test('a recording is listened to once: the analysis waits for whoever is at it, and goes on at once then', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered()
    await bench.start()
    const [processing, analysis] = bench.jobs.splice(0) as [any, any]
    const release = bench.transcription.hold()
    const running = bench.run(processing)
    while (bench.transcription.history.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await bench.run(analysis)
    const { response, answers } = await bench.stored(responseId)
    expect(response).toMatchObject({ analysis: 'pending', due: answers[0].lease })
    expect(await bench.start()).toBe(0)
    release()
    await running
    expect(await bench.work()).toEqual(['analyze-response'])
    expect((await bench.stored(responseId)).response).toMatchObject({ analysis: 'done' })
    expect(bench.transcription.history).toHaveLength(1)
  })

  test('a recording whose listener has died is another’s after a minute', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered(undefined, undefined, { submitted: false })
    await kit.db.query(
      sql`UPDATE upload SET heard_until = ${new Date(kit.clock.now().getTime() + MINUTE)}::timestamptz
          WHERE response_id = ${responseId}::uuid`,
    )
    expect(await bench.work()).toEqual(['process-answer'])
    expect((await bench.stored(responseId)).answers).toMatchObject([{ heard: null }])
    kit.clock.advance(MINUTE)
    expect(await bench.work()).toEqual(['process-answer'])
    expect((await bench.stored(responseId)).answers).toMatchObject([{ heard: 'done', lease: null }])
    expect(ids).toBeDefined()
  })

  test('two analyses at once make one insight per answer, and tell once', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await bench.start()
    await bench.run(bench.jobs.find(({ task }) => task === 'process-answer')!)
    const before = await head()
    const job = bench.jobs.find(({ task }) => task === 'analyze-response')!
    expect(await race([1, 2, 3].map(() => () => bench.run(job)))).toEqual(['ok', 'ok', 'ok'])
    expect((await bench.stored(responseId)).insights.map(({ key }) => key)).toEqual(['voice', 'text'])
    expect(await told(before)).toEqual(['response.analyzed', 'respondent.statusChanged'])
  })
})

describe('without what listens or understands', () => {
  test('nothing of either: recordings are kept, prepared, and nothing is pending', async () => {
    const bench = analysisBench(kit, { insight: null, isAvailable: false })
    const before = await head()
    const { responseId } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: null, due: null, analyzed: false, respondent: 'surveyed' },
      answers: [{ sound: 'ready', heard: 'unavailable' }, { text: 'All of it was fine' }],
      ...{ transcripts: [], insights: [] },
    })
    expect((await told(before)).filter((type) => /analy|transcri/.test(type))).toEqual([])
  })

  test('nothing that listens: text is understood, the recording waits for an engine', async () => {
    const bench = analysisBench(kit, { isAvailable: false })
    const { responseId, link } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      ...{ response: { analysis: 'incomplete' }, insights: [{ key: 'text' }] },
    })
    const later = analysisBench(kit)
    for (const [key, bytes] of bench.storage.objects) later.storage.objects.set(key, bytes)
    expect(await retranscribe(later.deps, kit.viewer, { linkId: link.id })).toEqual({ recordings: 1 })
    await later.work()
    expect(await later.stored(responseId)).toMatchObject({
      ...{ response: { analysis: 'done' }, insights: [{ key: 'voice' }, { key: 'text' }] },
    })
  })

  test('nothing that understands: recordings are transcribed, which is all there is to find', async () => {
    const bench = analysisBench(kit, { insight: null })
    const spoken = await bench.answered()
    const written = await bench.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' })
    // Nobody waits for what is dropped.
    const ids = [spoken.responseId, written.responseId]
    const awaited = (understands: boolean) =>
      awaitingAnalysis(kit.db, kit.workspaceId, ids, { elsewhere: false, understands })
    expect(await awaited(false)).toEqual(new Set([spoken.responseId]))
    expect(await awaited(true)).toEqual(new Set(ids))
    await bench.work()
    expect((await bench.stored(spoken.responseId)).response).toMatchObject({ analysis: 'done', respondent: 'analyzed' })
    expect((await bench.stored(written.responseId)).response).toMatchObject({ analysis: null, respondent: 'surveyed' })
  })
})

describe('an analysis by somebody else', () => {
  const record = (responseId: string, answerId: string, final: boolean) =>
    recordAnalysis(kit.world, kit.viewer, {
      responseId,
      ...{ method: 'by hand', final },
      answers: [{ answerId, transcript: { text: 'what I heard myself' }, insight: { summary: 'mine' } }],
    })

  test('ends the one that is pending here when it is final; what comes late changes nothing', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered()
    await bench.start()
    const [processing, analysis] = bench.jobs.splice(0) as [any, any]
    const release = bench.transcription.hold()
    const running = bench.run(processing)
    while (bench.transcription.history.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await record(responseId, ids.voice!, true)
    release()
    await running
    await bench.run(analysis)
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: 'done', due: null, analyzed: true },
      answers: [{ text: 'what I heard myself', heard: 'done' }],
      transcripts: [{ version: 1, origin: 'recorded' }],
      insights: [{ summary: 'mine', method: 'by hand' }],
    })
  })

  test('that is not final is left alone, and the rest is found here', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await record(responseId, ids.voice!, false)
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: 'done' },
      transcripts: [{ origin: 'recorded' }],
      insights: [
        { key: 'voice', summary: 'mine' },
        { key: 'text', method: 'fake' },
      ],
    })
    expect(bench.transcription.history).toEqual([])
  })

  test('that says nothing of the words stands when those are heard here, or corrected', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await recordAnalysis(kit.world, kit.viewer, {
      ...{ responseId, method: 'by hand', final: false },
      answers: [{ answerId: ids.voice!, insight: { summary: 'mine' } }],
    })
    await bench.work()
    const expected = {
      response: { analysis: 'done' },
      insights: [
        { key: 'voice', summary: 'mine', version: null },
        { key: 'text', method: 'fake' },
      ],
    }
    expect(await bench.stored(responseId)).toMatchObject({ ...expected, transcripts: [{ version: 1 }] })
    await correctTranscript(kit.world, kit.viewer, { answerId: ids.voice!, text: 'what was really said' })
    await bench.work()
    kit.clock.advance(1_000)
    await reanalyze(bench.deps, kit.viewer, { responseId, all: true })
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      transcripts: [{ version: 1 }, { version: 2 }],
      insights: [...expected.insights, { key: 'text', method: 'fake' }],
    })
    // Recorded anew it is theirs all the same.
    await recordAnalysis(kit.world, kit.viewer, {
      ...{ responseId, method: 'by hand' },
      answers: [{ answerId: ids.voice!, insight: { summary: 'mine again' } }],
    })
    expect((await bench.stored(responseId)).insights[1]).toMatchObject({ summary: 'mine again', version: 2 })
  })

  test('that comes while an answer is understood here keeps its place', async () => {
    let interrupt = async () => {}
    const bench = analysisBench(kit, { insight: { delay: () => interrupt() } })
    const { responseId, ids } = await bench.answered()
    interrupt = async () => {
      await record(responseId, ids.voice!, false)
      interrupt = async () => {}
    }
    await bench.work()
    const { insights, response } = await bench.stored(responseId)
    expect(insights.map(({ summary, method, version }) => [summary, method, version])).toEqual([['mine', 'by hand', 2]])
    expect(response.analysis).toBe('done')
  })
})

describe('correcting a transcript', () => {
  const correct = (answerId: string, more: object = {}) =>
    correctTranscript(kit.world, kit.viewer, { answerId, text: 'what was really said here', language: 'en', ...more })

  test('makes a version of its own; what depended on the one before is made anew and told of again', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids, link } = await bench.answered()
    await bench.work()
    const before = await head()
    expect(await correct(ids.voice!, { expectedVersion: 1, by: 'Ann' })).toEqual({ id: ids.voice, version: 2 })
    expect((await bench.stored(responseId)).response).toMatchObject({ analysis: 'pending', analyzed: true })
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: 'done' },
      answers: [{ text: 'what was really said here' }],
      transcripts: [{ origin: 'transcribed' }, { version: 2, origin: 'corrected', method: 'Ann', language: 'en' }],
      insights: [{ version: 1 }, { version: 2, summary: 'what was really said here' }],
    })
    const about = { linkId: link.id, responseId, answerId: ids.voice }
    expect((await eventsAfter(kit.world, kit.workspaceId, before)).map(([, type, payload]) => [type, payload])).toEqual(
      [
        ['transcript.corrected', { ...about, version: 2 }],
        ['response.analyzed', expect.objectContaining({ responseId })],
      ],
    )
  })

  test('of a version that is not the newest is a conflict; of several at once one wins', async () => {
    const bench = analysisBench(kit)
    const { ids, responseId } = await bench.answered()
    await bench.work()
    expect(await refusal(correct(ids.voice!, { expectedVersion: 0 }))).toMatchObject({
      ...{ code: 'TRANSCRIPT_CHANGED', path: ['expectedVersion'], details: { version: 1 } },
    })
    const outcomes = await race([1, 2, 3].map(() => () => correct(ids.voice!, { expectedVersion: 1 })))
    expect(outcomes.toSorted()).toEqual(['TRANSCRIPT_CHANGED', 'TRANSCRIPT_CHANGED', 'ok'])
    expect((await bench.stored(responseId)).transcripts).toHaveLength(2)
    expect(await race([1, 2, 3].map(() => () => correct(ids.voice!)))).toEqual(['ok', 'ok', 'ok'])
    expect((await bench.stored(responseId)).transcripts.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5])
  })

  test('is never overridden by an engine: one that is listening, one that is asked again', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids } = await bench.answered()
    await bench.start()
    const [processing] = bench.jobs.splice(0) as [any]
    const release = bench.transcription.hold()
    const running = bench.run(processing)
    while (bench.transcription.history.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await correct(ids.voice!)
    release()
    await running
    expect(await retranscribe(bench.deps, kit.viewer, { responseId, all: true })).toEqual({ recordings: 0 })
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      ...{ answers: [{ text: 'what was really said here' }], transcripts: [{ version: 1, origin: 'corrected' }] },
    })
  })

  test('while an answer is understood makes that finding void', async () => {
    let interrupt = async () => {}
    const bench = analysisBench(kit, { insight: { delay: () => interrupt() } })
    const { responseId, ids } = await bench.answered()
    interrupt = async () => {
      interrupt = async () => {}
      await correct(ids.voice!)
    }
    const before = await head()
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({ response: { analysis: 'done' }, insights: [{ version: 2 }] })
    expect((await told(before)).filter((type) => type === 'response.analyzed')).toHaveLength(1)
  })

  test('before it is submitted leaves the analysis to the submission', async () => {
    const bench = analysisBench(kit)
    const { responseId, ids, submit } = await bench.answered(undefined, undefined, { submitted: false })
    await correct(ids.voice!)
    await bench.work()
    expect((await bench.stored(responseId)).response.analysis).toBeNull()
    await submit()
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({ insights: [{ summary: 'what was really said here' }] })
  })

  test('needs its scope, an answer of the workspace that is a recording, and text that can be stored', async () => {
    const bench = analysisBench(kit)
    const { ids } = await bench.answered(MIXED, { voice: null, spoken: 'I wrote this instead' })
    const reader = { ...kit.viewer, scopes: new Set(['responses:read' as const]) }
    const input = { answerId: ids.voice!, text: 'x' }
    expect(await codeOf(correctTranscript(kit.world, reader, input))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(correctTranscript(kit.world, kit.otherViewer, input))).toBe('NOT_FOUND')
    for (const answerId of [UNKNOWN, 'x', '']) expect(await codeOf(correct(answerId))).toBe('NOT_FOUND')
    expect(await brokenRules(correct(ids.spoken!))).toEqual(['answerId not_a_recording'])
    const wrong = { text: 'a\0b', language: 'not a language', expectedVersion: -1, by: ' ' }
    expect((await brokenRules(correct(ids.voice!, wrong))).map((rule) => rule.split(' ')[0])).toEqual([
      'text',
      'language',
      'expectedVersion',
      'by',
    ])
  })

  test('with a key happens once', async () => {
    const bench = analysisBench(kit)
    const { ids, responseId } = await bench.answered()
    const once = () => correct(ids.voice!, { idempotencyKey: `correct ${ids.voice}` })
    expect(await once()).toEqual(await once())
    expect((await bench.stored(responseId)).transcripts).toHaveLength(1)
  })
})

/** More submitted responses to the link, each with a recording. */
async function addResponses({ responseId, link }: { responseId: string; link: { id: string } }, count: number) {
  await kit.db.query(
    sql`INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, started_at, updated_at, submitted_at)
        SELECT gen_random_uuid(), r.workspace_id, r.link_id, r.respondent_id, gen_random_uuid(), 'web', 'completed', now(), now(), now()
        FROM response r, generate_series(1, ${count}::int) WHERE r.id = ${responseId}::uuid`,
  )
  await kit.db.query(
    sql`INSERT INTO upload (id, workspace_id, response_id, state, storage_key, sound_state, created_at)
        SELECT r.id, r.workspace_id, r.id, 'ready', 'key', 'ready', now() FROM response r
        WHERE r.link_id = ${link.id}::uuid AND r.id <> ${responseId}::uuid`,
  )
  await kit.db.query(
    sql`INSERT INTO answer (id, workspace_id, response_id, field_key, question_text, question_type, "order", upload_id, created_at, updated_at)
        SELECT r.id, r.workspace_id, r.id, 'voice', 'Voice', 'voice', 0, r.id, now(), now() FROM response r
        WHERE r.link_id = ${link.id}::uuid AND r.id <> ${responseId}::uuid`,
  )
}

describe('asking again', () => {
  test('for all makes new versions of what an engine made, and new insights', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered()
    await bench.work()
    expect(await retranscribe(bench.deps, kit.viewer, { responseId })).toEqual({ recordings: 0 })
    kit.clock.advance(1_000)
    expect(await retranscribe(bench.deps, kit.viewer, { responseId, all: true })).toEqual({ recordings: 1 })
    bench.transcription.hearNext({ text: 'heard better this time' })
    const before = await head()
    await bench.work()
    expect(await bench.stored(responseId)).toMatchObject({
      response: { analysis: 'done' },
      transcripts: [{ version: 1 }, { version: 2, text: 'heard better this time' }],
      insights: [{ version: 1 }, { version: 2 }],
    })
    expect(await told(before)).toEqual(['answer.transcribed', 'response.analyzed'])
  })

  test('for a link reaches every response of it and of no other, in batches, and again after a crash', async () => {
    const bench = analysisBench(kit, { isAvailable: false })
    const other = await bench.answered()
    const first = await bench.answered()
    await bench.work()
    await addResponses(first, 250)
    expect(await retranscribe(bench.deps, kit.viewer, { linkId: first.link.id })).toEqual({ recordings: 251 })
    const [job] = bench.jobs.splice(0) as [any]
    await bench.run(job)
    await bench.run(job)
    const counts = await kit.db.query(
      sql`SELECT analysis::text, count(*)::int FROM response
          WHERE link_id = ANY(${[first.link.id, other.link.id]}::uuid[]) GROUP BY 1 ORDER BY 2`,
    )
    expect(counts).toEqual([
      { analysis: 'incomplete', count: 1 },
      { analysis: 'pending', count: 251 },
    ])
  })

  test('for a link goes on where its process died, and asks for nothing twice', async () => {
    const bench = analysisBench(kit, { isAvailable: false })
    const first = await bench.answered()
    await addResponses(first, 250)
    await retranscribe(bench.deps, kit.viewer, { linkId: first.link.id })
    const [job] = bench.jobs.splice(0) as [any]
    let batches = 0
    const { events } = kit.world
    const write: typeof events.write = (...change) => {
      batches += 1
      if (batches === 2) throw new Error('died')
      return events.write(...change)
    }
    const { signal } = bench.options()
    const dying = { ...kit.world, events: { ...events, write } }
    await expect(retranscribeLink(dying, job.payload, signal)).rejects.toThrow('died')
    const uploads = sql`(SELECT a.upload_id FROM answer a JOIN response r ON r.id = a.response_id
                         WHERE r.link_id = ${first.link.id}::uuid)`
    // What was asked for is tried meanwhile, and fails as it did before.
    await kit.db.query(
      sql`UPDATE upload SET sound_state = 'failed', transcription_state = 'failed'
          WHERE transcription_state = 'pending' AND id IN ${uploads}`,
    )
    await bench.run(job)
    const states = await kit.db.query(
      sql`SELECT transcription_state::text AS heard, count(*)::int FROM upload WHERE id IN ${uploads} GROUP BY 1 ORDER BY 2`,
    )
    expect(states).toEqual([
      { heard: 'failed', count: 100 },
      { heard: 'pending', count: 151 },
    ])
  })

  test('for a response that is not submitted processes its answers', async () => {
    const bench = analysisBench(kit, { isAvailable: false })
    const { responseId } = await bench.answered(undefined, undefined, { submitted: false })
    await bench.work()
    const later = analysisBench(kit)
    for (const [key, bytes] of bench.storage.objects) later.storage.objects.set(key, bytes)
    await retranscribe(later.deps, kit.viewer, { responseId })
    expect(await later.work()).toEqual(['process-answer'])
    expect((await later.stored(responseId)).answers).toMatchObject([{ heard: 'done' }])
  })

  test('needs its scope and something of the workspace; with a key happens once', async () => {
    const bench = analysisBench(kit)
    const { responseId, link } = await bench.answered()
    const reader = { ...kit.viewer, scopes: new Set(['responses:read' as const]) }
    expect(await codeOf(retranscribe(bench.deps, reader, { responseId }))).toBe('INSUFFICIENT_SCOPE')
    for (const input of [{ responseId: UNKNOWN }, { linkId: UNKNOWN }, { responseId: 'x' }, { linkId: 'x' }]) {
      expect(await codeOf(retranscribe(bench.deps, kit.viewer, input))).toBe('NOT_FOUND')
    }
    for (const input of [{ responseId }, { linkId: link.id }]) {
      expect(await codeOf(retranscribe(bench.deps, kit.otherViewer, input))).toBe('NOT_FOUND')
    }
    for (const input of [{}, { responseId, linkId: link.id }]) {
      expect(await brokenRules(retranscribe(bench.deps, kit.viewer, input))).toEqual(['responseId exactly_one'])
    }
    await deleteLink(kit.world, kit.viewer, link.id)
    bench.jobs.length = 0
    const once = () => retranscribe(bench.deps, kit.viewer, { linkId: link.id, idempotencyKey: `again ${link.id}` })
    expect([await once(), await once()]).toEqual([{ recordings: 1 }, { recordings: 1 }])
    expect(bench.jobs).toHaveLength(1)
  })
})

test('what was erased while it was listened to or understood is not written again', async () => {
  let interrupt = async () => {}
  const bench = analysisBench(kit, { insight: { delay: () => interrupt() } })
  const { responseId } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
  const { id: contactId } = await createContact(kit.world, kit.viewer, { name: 'Ann' })
  await kit.db.query(
    sql`UPDATE respondent SET contact_id = ${contactId}::uuid
        WHERE id = (SELECT respondent_id FROM response WHERE id = ${responseId}::uuid)`,
  )
  interrupt = async () => {
    interrupt = async () => {}
    await kit.db.transaction((tx) => eraseAnswersOf(tx, kit.workspaceId, [contactId], kit.clock.now()))
  }
  await bench.work()
  const { answers, transcripts, insights } = await bench.stored(responseId)
  expect(answers.map(({ text }) => text)).toEqual([null, null])
  expect([transcripts, insights]).toEqual([[], []])
})

describe('asking for insights again', () => {
  const again = (bench: ReturnType<typeof analysisBench>, input: Parameters<typeof reanalyze>[2]) =>
    reanalyze(bench.deps, kit.viewer, input)
  const found = async (bench: ReturnType<typeof analysisBench>, responseId: string) =>
    (await bench.stored(responseId)).insights.map(({ key, method }) => [key, method])

  test('finds what nothing understood when it came, once', async () => {
    const none = analysisBench(kit, { insight: null })
    const { responseId, link } = await none.answered(MIXED, { voice: null, text: 'All of it was fine' })
    const written = await none.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' })
    await none.work()
    expect(await found(none, responseId)).toEqual([])
    const bench = analysisBench(kit)
    const before = await head()
    for (const { linkId, id } of [
      { linkId: link.id, id: responseId },
      { linkId: written.link.id, id: written.responseId },
    ]) {
      expect(await again(bench, { linkId })).toEqual({ responses: 1 })
      await bench.work()
      expect((await bench.stored(id)).response).toMatchObject({ analysis: 'done', respondent: 'analyzed' })
      expect(await again(bench, { linkId })).toEqual({ responses: 0 })
    }
    expect(await found(bench, responseId)).toEqual([
      ['voice', 'fake'],
      ['text', 'fake'],
    ])
    expect((await told(before)).filter((type) => type === 'response.analyzed')).toHaveLength(2)
    await bench.work()
    expect((await told(before)).filter((type) => type === 'response.analyzed')).toHaveLength(2)
  })

  test('finds anew what only the fallback understood; with all, also what the analyser did', async () => {
    let fails = true
    const bench = analysisBench(kit, {
      insight: { analyze: ({ text }) => (fails && text.startsWith('All') ? new InsightError('no such model') : {}) },
      fallback: { method: 'lists' },
    })
    const { responseId } = await bench.answered(MIXED, { voice: null, text: 'All of it was fine' })
    await bench.work()
    fails = false
    const text = ['text', 'lists (fake failed)']
    expect(await found(bench, responseId)).toEqual([['voice', 'fake'], text])
    kit.clock.advance(1_000)
    expect(await again(bench, { responseId })).toEqual({ responses: 1 })
    // Until it is there the other one stands.
    expect(await found(bench, responseId)).toHaveLength(2)
    await bench.work()
    expect(await found(bench, responseId)).toEqual([['voice', 'fake'], text, ['text', 'fake']])
    expect(await again(bench, { responseId })).toEqual({ responses: 0 })
    kit.clock.advance(1_000)
    expect(await again(bench, { responseId, all: true })).toEqual({ responses: 1 })
    await bench.work()
    expect((await found(bench, responseId)).map(([key]) => key)).toEqual(['voice', 'voice', 'text', 'text', 'text'])
  })

  test('says so where nothing understands, and changes nothing', async () => {
    const bench = analysisBench(kit)
    const { responseId, link } = await bench.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' })
    await bench.work()
    kit.clock.advance(1_000)
    const none = analysisBench(kit, { insight: null })
    for (const input of [{ responseId }, { linkId: link.id }]) {
      expect(await codeOf(again(none, { ...input, all: true }))).toBe('INSIGHT_UNAVAILABLE')
    }
    expect(none.jobs).toEqual([])
    expect((await none.stored(responseId)).response).toMatchObject({ analysis: 'done', due: null })
    // Whether it is there is said first.
    expect(await codeOf(again(none, { responseId: UNKNOWN }))).toBe('NOT_FOUND')
  })

  test('tries again what was left incomplete, and leaves open what is not submitted', async () => {
    const bench = analysisBench(kit, { isAvailable: false })
    const { responseId } = await bench.answered()
    const open = await bench.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' }, { submitted: false })
    await bench.work()
    expect((await bench.stored(responseId)).response.analysis).toBe('incomplete')
    const later = analysisBench(kit)
    for (const [key, bytes] of bench.storage.objects) later.storage.objects.set(key, bytes)
    expect(await again(later, { responseId })).toEqual({ responses: 1 })
    await later.work()
    expect(await later.stored(responseId)).toMatchObject({
      ...{ response: { analysis: 'done' }, transcripts: [{ version: 1 }], insights: [{ key: 'voice' }] },
    })
    expect(await again(later, { responseId: open.responseId, all: true })).toEqual({ responses: 0 })
    expect((await later.stored(open.responseId)).response.analysis).toBeNull()
  })

  test('of a link is done again after a crash, and finds nothing anew twice', async () => {
    const bench = analysisBench(kit)
    const { responseId, link } = await bench.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' })
    await bench.work()
    kit.clock.advance(1_000)
    expect(await again(bench, { linkId: link.id, all: true })).toEqual({ responses: 1 })
    const [job] = bench.jobs.splice(0) as [any]
    await bench.run(job)
    kit.clock.advance(1_000)
    await bench.work()
    await bench.run(job)
    expect(await bench.work()).toEqual([])
    expect(await found(bench, responseId)).toHaveLength(2)
  })

  test('leaves out what nobody may evaluate, and silence', async () => {
    const bench = analysisBench(kit)
    const questions = [
      { prompt: 'Secret', type: 'text' as const, configuration: { enable_ai_evaluation: false } },
      { prompt: 'Silent', type: 'voice' as const },
    ]
    bench.transcription.hearNext({ text: '' })
    const { responseId } = await bench.answered(questions, { secret: 'Mine', silent: null })
    await bench.work()
    kit.clock.advance(1_000)
    expect(await again(bench, { responseId, all: true })).toEqual({ responses: 0 })
  })

  test('needs its scope and something of the workspace; with a key happens once', async () => {
    const bench = analysisBench(kit)
    const { responseId, link } = await bench.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' })
    const reader = { ...kit.viewer, scopes: new Set(['responses:read' as const]) }
    expect(await codeOf(reanalyze(bench.deps, reader, { responseId }))).toBe('INSUFFICIENT_SCOPE')
    for (const input of [{ responseId }, { linkId: link.id }]) {
      expect(await codeOf(reanalyze(bench.deps, kit.otherViewer, input))).toBe('NOT_FOUND')
    }
    for (const input of [{}, { responseId, linkId: link.id }]) {
      expect(await brokenRules(again(bench, input))).toEqual(['responseId exactly_one'])
    }
    const once = () => again(bench, { linkId: link.id, idempotencyKey: `again ${link.id}` })
    expect([await once(), await once()]).toEqual([{ responses: 1 }, { responses: 1 }])
    expect(bench.jobs).toHaveLength(1)
  })
})

describe('what was given up', () => {
  const PROBED = [{ prompt: 'Text', type: 'text' as const, enableDynamicProbing: true }]
  /** A queue that has given up these, and what it says of them later. */
  const gaveUp = (task: { name: string }, payload: object, later: object[] = [payload]) => {
    const said = [[payload], later]
    return {
      abandoned: async ({ name }: { name: string }) => (name === task.name ? (said.shift() ?? []) : []) as any[],
    }
  }
  const settle = (queue: ReturnType<typeof gaveUp>) =>
    settleAbandoned({ world: kit.world, queue }, new AbortController().signal)

  test('an analysis is incomplete, is told of, and can be asked for again', async () => {
    const bench = analysisBench(kit)
    const { responseId } = await bench.answered([{ prompt: 'Text', type: 'text' }], { text: 'Fine' })
    const payload = { workspaceId: kit.workspaceId, responseId }
    // It is still due: nobody has begun.
    expect(await settle(gaveUp(analyzeResponseTask, payload))).toBe(0)
    await bench.start()
    bench.jobs.length = 0
    // Somebody has asked again meanwhile.
    expect(await settle(gaveUp(analyzeResponseTask, payload, []))).toBe(0)
    expect((await bench.stored(responseId)).response.analysis).toBe('pending')
    const before = await head()
    expect(await settle(gaveUp(analyzeResponseTask, payload))).toBe(1)
    expect((await bench.stored(responseId)).response).toMatchObject({ analysis: 'incomplete', respondent: 'surveyed' })
    expect(await told(before)).toEqual(['response.analysisIncomplete'])
    expect(await settle(gaveUp(analyzeResponseTask, payload))).toBe(0)
    expect(await reanalyze(bench.deps, kit.viewer, { responseId })).toEqual({ responses: 1 })
    await bench.work()
    expect((await bench.stored(responseId)).response.analysis).toBe('done')
  })

  test('an answer is asked about no more', async () => {
    const bench = analysisBench(kit)
    const { ids } = await bench.answered(PROBED, { text: 'Meh' }, { submitted: false })
    const probing = async () => {
      const [row] = await kit.db.query<{ probing: string }>(
        sql`SELECT probing::text FROM answer WHERE id = ${ids.text!}::uuid`,
      )
      return row!.probing
    }
    const payload = { workspaceId: kit.workspaceId, answerId: ids.text! }
    expect(await settle(gaveUp(processAnswerTask, payload))).toBe(0)
    await bench.start()
    bench.jobs.length = 0
    expect(await settle(gaveUp(processAnswerTask, payload, []))).toBe(0)
    expect(await probing()).toBe('pending')
    expect(await settle(gaveUp(processAnswerTask, payload))).toBe(1)
    expect(await probing()).toBe('settled')
  })

  test('what is gone meanwhile is passed over', async () => {
    for (const place of [{ workspaceId: kit.workspaceId }, { workspaceId: kit.otherViewer.workspaceId }]) {
      expect(await settle(gaveUp(analyzeResponseTask, { ...place, responseId: UNKNOWN }))).toBe(0)
      expect(await settle(gaveUp(processAnswerTask, { ...place, answerId: UNKNOWN }))).toBe(0)
    }
  })
})
