import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { codeOf, eventsAfter, headOf, loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { type FakeInsight, fakeInsight, InsightError } from '../../providers/insight/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import { createLink, deleteLink, deleteQuestion, type QuestionInput, updateQuestion } from '../links/index.ts'
import { eraseContact } from '../people/index.ts'
import {
  addRespondents,
  clearAnswer,
  openSession,
  recordAnswer,
  sessionState,
  submitResponse,
  uploadAnswer,
} from '../responses/index.ts'
import type { WorkOptions } from './deps.ts'
import { probeAnswer } from './probe-answer.ts'

const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])
const VAGUE = 'It was okay.'
const CLEAR = 'The shower in room twelve was cold on both mornings.'
const FIRST = 'change__follow_up_1'
const SECOND = 'change__follow_up_2'

let t: TestWorld
let storage: ReturnType<typeof memoryStorage>
beforeAll(async () => {
  t = await testWorld({ poolSize: 12 })
  storage = memoryStorage()
})

const PROBED: QuestionInput = {
  ...{ prompt: 'What would you change?', fieldKey: 'change', type: 'voice_text_fallback', enableDynamicProbing: true },
}

/** An open session of a link that probes its first question. */
async function session(more: Partial<QuestionInput> = {}, others: QuestionInput[] = [], respondentId?: string) {
  const { id: linkId } = await createLink(t.world, t.viewer, {
    name: 'Probed',
    questions: [{ ...PROBED, ...more }, ...others],
  })
  const link = await loadLink(t.world, t.workspaceId, linkId)
  const { token, responseId } = await openSession(t.world, t.signer, link, { channel: 'web' })
  const before = await headOf(t.world, t.workspaceId)
  const put = async (value: unknown, fieldKey = 'change') =>
    (await recordAnswer(t.world, t.signer, link, { token, fieldKey, value })).answerId
  return {
    ...{ link, linkId, token, responseId, put, respondentId },
    async speak(fieldKey = 'change') {
      const deps = { world: t.world, signer: t.signer, storage, audio: fakeAudio(), maxUploadBytes: 10_000 }
      const source = (async function* () {
        yield WAV
      })()
      return (await uploadAnswer(deps, link, { token, fieldKey, fileName: null, source })).answerId
    },
    clear: (fieldKey: string) => clearAnswer(t.world, t.signer, link, { token, fieldKey }),
    submit: () => submitResponse(t.world, t.signer, link, { token }),
    state: () => sessionState(t.world, t.signer, link, token),
    async asked() {
      const { followUps } = await sessionState(t.world, t.signer, link, token)
      return followUps.map(({ field_key: key, prompt, isAnswered }) => [key, prompt, isAnswered])
    },
    async probing() {
      const { answers } = await sessionState(t.world, t.signer, link, token)
      return Object.fromEntries([...answers].map(([key, answer]) => [key, answer.probing]))
    },
    async events(type: string) {
      return (await eventsAfter(t.world, t.workspaceId, before)).flatMap(([, each, payload]) =>
        each === type ? [payload] : [],
      )
    },
  }
}

const probe = (answerId: string, insight: FakeInsight | null = fakeInsight(), options: Partial<WorkOptions> = {}) =>
  probeAnswer(
    { world: t.world, insight, fallback: null },
    { workspaceId: t.workspaceId, answerId },
    { signal: new AbortController().signal, last: false, ...options },
  )

/** As a transcription leaves a recording. */
async function hear(answerId: string, text: string | null) {
  if (text === null) {
    await t.db.query(
      sql`UPDATE upload SET transcription_state = 'unavailable' WHERE id = (SELECT upload_id FROM answer WHERE id = ${answerId}::uuid)`,
    )
    return
  }
  await t.db.query(
    sql`INSERT INTO transcript (id, workspace_id, answer_id, version, text, language, method, created_at)
        VALUES (${t.world.newId()}::uuid, ${t.workspaceId}::uuid, ${answerId}::uuid, 1, ${text}, 'fi', 'ears',
                ${t.clock.now()}::timestamptz)`,
  )
  await t.db.query(sql`UPDATE answer SET text = ${text} WHERE id = ${answerId}::uuid`)
}

const countOf = async (table: 'follow_up' | 'transcript' | 'insight', answerId: string) => {
  const [row] = await t.db.query<{ count: number }>(
    sql`SELECT (SELECT count(*) FROM follow_up WHERE answer_id = ${answerId}::uuid)::int AS follow_up,
               (SELECT count(*) FROM transcript WHERE answer_id = ${answerId}::uuid)::int AS transcript,
               (SELECT count(*) FROM insight WHERE answer_id = ${answerId}::uuid)::int AS insight`,
  )
  return (row as unknown as Record<string, number>)[table]
}

describe('an unclear answer', () => {
  test('is asked about as often as its question allows, one question at a time', async () => {
    const s = await session()
    const insight = fakeInsight({
      analyze: () => ({ clarity: 59 }),
      followUp: ({ exchanges }) => ({ prompt: `Why (${exchanges.length})?`, language: 'en', asks: 'why' }),
    })
    const answerId = await s.put(VAGUE)
    expect(await s.probing()).toEqual({ change: 'pending' })
    await probe(answerId, insight)
    expect(await s.asked()).toEqual([[FIRST, 'Why (1)?', false]])
    expect(await s.probing()).toEqual({ change: 'settled' })
    expect([...(await s.state()).visible]).toEqual(['change', FIRST])
    // Told again, it asks no more: what was asked is open.
    await probe(answerId, insight)
    expect(await s.asked()).toHaveLength(1)

    const replyId = await s.put('Dunno', FIRST)
    expect(await s.probing()).toEqual({ change: 'pending', [FIRST]: 'pending' })
    await probe(replyId, insight)
    expect(await s.asked()).toEqual([
      [FIRST, 'Why (1)?', true],
      [SECOND, 'Why (2)?', false],
    ])
    expect(await s.probing()).toEqual({ change: 'settled', [FIRST]: 'settled' })
    // After the last one nothing is judged.
    const before = insight.history.length
    const lastId = await s.put('Because.', SECOND)
    expect((await s.probing())[SECOND]).toBe('settled')
    await probe(lastId, insight)
    expect(insight.history).toHaveLength(before)

    const [first] = await s.events('followUp.asked')
    expect(first).toMatchObject({ linkId: s.linkId, responseId: s.responseId, answerId, fieldKey: FIRST })
    expect(
      insight.history
        .filter(({ asked }) => asked === 'analyze')
        .map(({ request }) => (request as { text: string }).text),
    ).toEqual([VAGUE, `${VAGUE}\nDunno`])
    expect(insight.history.findLast(({ asked }) => asked === 'followUp')!.request).toMatchObject({
      question: PROBED.prompt,
      exchanges: [
        { question: PROBED.prompt, answer: VAGUE },
        { question: 'Why (1)?', answer: 'Dunno' },
      ],
    })
    expect([...(await s.state()).answers.keys()]).toEqual(['change', FIRST, SECOND])
  })

  test.each<[string, Partial<QuestionInput>, number, number]>([
    ['is clear at the threshold', {}, 60, 0],
    ['is not below it', {}, 59, 1],
    ['is judged by the threshold of its question', { evaluatorConfig: { clarity_threshold: 20 } }, 20, 0],
  ])('%s', async (_what, more, clarity, asked) => {
    const s = await session(more)
    await probe(await s.put(VAGUE), fakeInsight({ analyze: () => ({ clarity }) }))
    expect(await s.asked()).toHaveLength(asked)
    expect(await s.probing()).toEqual({ change: 'settled' })
  })

  test.each<[string, Partial<QuestionInput>]>([
    ['nobody asks to', { enableDynamicProbing: false }],
    ['it may have no follow-up', { evaluatorConfig: { max_follow_ups: 0 } }],
    ['nobody may evaluate it', { configuration: { enable_ai_evaluation: false } }],
    ['it is chosen, not said', { type: 'yes_no' }],
  ])('is not probed where %s', async (_why, more) => {
    const s = await session(more)
    const insight = fakeInsight()
    await probe(await s.put(more.type === 'yes_no' ? true : VAGUE), insight)
    expect(await s.probing()).toEqual({ change: null })
    expect(insight.history).toEqual([])
  })

  test('is not asked about when nothing sensible is left to ask, or nothing analyses', async () => {
    for (const insight of [fakeInsight({ followUp: () => null }), null]) {
      const s = await session()
      await probe(await s.put(VAGUE), insight)
      expect([await s.asked(), await s.probing()]).toEqual([[], { change: 'settled' }])
    }
  })

  test('is asked about in words that can be kept', async () => {
    const s = await session()
    const prompt = `  Why\0? ${'x'.repeat(500)}`
    await probe(await s.put(VAGUE), fakeInsight({ followUp: () => ({ prompt, language: null, asks: 'why' }) }))
    const [[, kept]] = (await s.asked()) as [[string, string]]
    expect(kept).toMatch(/^Why\? x+$/)
    expect(kept).toHaveLength(400)
  })

  test('is not asked about under the key of a question of the link', async () => {
    const s = await session({}, [{ prompt: 'Other', fieldKey: FIRST, type: 'text' }])
    await probe(await s.put(VAGUE))
    expect([await s.asked(), await s.probing()]).toEqual([[], { change: 'settled' }])
  })

  test('in writing is judged as what its link is written in', async () => {
    const s = await session()
    await t.db.query(sql`UPDATE link SET language = 'fi' WHERE id = ${s.linkId}::uuid`)
    const insight = fakeInsight()
    await probe(await s.put(VAGUE), insight)
    expect(insight.history.map(({ asked, request }) => [asked, request.language])).toEqual([
      ['analyze', 'fi'],
      ['followUp', 'fi'],
    ])
  })

  test('of another workspace does not exist', async () => {
    const s = await session()
    const answerId = await s.put(VAGUE)
    await probeAnswer(
      { world: t.world, insight: fakeInsight(), fallback: null },
      { workspaceId: t.otherViewer.workspaceId, answerId },
      { signal: new AbortController().signal, last: true },
    )
    expect([await s.asked(), await s.probing()]).toEqual([[], { change: 'pending' }])
  })
})

describe('a recording', () => {
  test('is judged by its transcript, in the language of that', async () => {
    const s = await session({ type: 'voice' })
    const answerId = await s.speak()
    await hear(answerId, VAGUE)
    const insight = fakeInsight()
    await probe(answerId, insight)
    expect(insight.history[0]!.request).toMatchObject({ text: VAGUE, language: 'fi' })
    expect((await s.state()).answers.get('change')!.transcript).toBe(VAGUE)
    // The reply is spoken as well, and not judged before it was heard.
    const replyId = await s.speak(FIRST)
    await hear(replyId, 'Dunno')
    await probe(replyId, insight)
    expect((await s.asked()).map(([key]) => key)).toEqual([FIRST, SECOND])
  })

  test.each([
    ['that nobody can transcribe', null],
    ['in which nothing is said', ' '],
  ])('%s is not asked about, and nobody waits', async (_which, text) => {
    const s = await session({ type: 'voice' })
    const answerId = await s.speak()
    await hear(answerId, text)
    const insight = fakeInsight()
    await probe(answerId, insight)
    expect([await s.asked(), await s.probing(), insight.history]).toEqual([[], { change: 'settled' }, []])
  })

  test('that is still listened to is waited for by whoever judges a part that is heard', async () => {
    const s = await session({ type: 'voice', evaluatorConfig: { max_follow_ups: 3 } })
    const never = fakeInsight({ analyze: () => ({ clarity: 0 }) })
    const answerId = await s.speak()
    await hear(answerId, VAGUE)
    await probe(answerId, never)
    const firstId = await s.speak(FIRST)
    await hear(firstId, 'Dunno')
    await probe(firstId, never)
    // Both replies are given anew, the second is heard first.
    const again = await s.speak(FIRST)
    const second = await s.speak(SECOND)
    await hear(second, 'No idea')
    await probe(second, never)
    expect((await s.probing())[SECOND]).toBe('pending')
    await hear(again, 'Still no idea')
    await probe(again, never)
    expect((await s.asked()).map(([key]) => key)).toEqual([FIRST, SECOND, 'change__follow_up_3'])
    expect(Object.values(await s.probing())).toEqual(['settled', 'settled', 'settled'])
  })
})

describe('meanwhile', () => {
  /** An analyser that lets something happen while it thinks. */
  const thinking = (happens: () => Promise<unknown>) => {
    let once = true
    return fakeInsight({
      async delay() {
        if (!once) return
        once = false
        await happens()
      },
    })
  }

  test('the answer was replaced: the new one is judged, the old one is not asked about', async () => {
    const s = await session()
    const answerId = await s.put(VAGUE)
    await probe(
      answerId,
      thinking(() => s.put(CLEAR)),
    )
    expect([await s.asked(), await s.probing()]).toEqual([[], { change: 'pending' }])
    await probe(answerId)
    expect([await s.asked(), await s.probing()]).toEqual([[], { change: 'settled' }])
  })

  test('the answer was taken back', async () => {
    const s = await session()
    await probe(
      await s.put(VAGUE),
      thinking(() => s.clear('change')),
    )
    expect([await s.asked(), await s.probing()]).toEqual([[], {}])
  })

  test.each<[string, (s: Awaited<ReturnType<typeof session>>) => Promise<unknown>]>([
    ['the response was submitted', (s) => s.submit()],
    ['the link was deleted', (s) => deleteLink(t.world, t.viewer, s.linkId)],
  ])('%s: nothing is asked, and nothing is pending', async (_what, happens) => {
    const s = await session()
    const answerId = await s.put(VAGUE)
    await probe(
      answerId,
      thinking(() => happens(s)),
    )
    const [row] = await t.db.query(sql`SELECT probing FROM answer WHERE id = ${answerId}::uuid`)
    expect(row).toEqual({ probing: 'settled' })
    expect(await countOf('follow_up', answerId)).toBe(0)
    expect(await s.events('followUp.asked')).toEqual([])
  })

  test('another worker asked the same', async () => {
    const s = await session()
    const answerId = await s.put(VAGUE)
    // One in the middle of the other, and two at once where the database takes both.
    await probe(
      answerId,
      thinking(() => probe(answerId)),
    )
    expect(await s.asked()).toHaveLength(1)
    const other = await session()
    const otherId = await other.put(VAGUE)
    await Promise.all([probe(otherId), probe(otherId), ...(onPostgres ? [probe(otherId), probe(otherId)] : [])])
    expect(await other.asked()).toHaveLength(1)
    expect(await other.events('followUp.asked')).toHaveLength(1)
  })
})

describe('an analyser that fails', () => {
  const fails = (retryable: boolean) => fakeInsight({ analyze: () => new InsightError('away', { retryable }) })

  test('is asked again, until nobody will any more', async () => {
    const s = await session()
    const answerId = await s.put(VAGUE)
    await expect(probe(answerId, fails(true))).rejects.toThrow('away')
    expect(await s.probing()).toEqual({ change: 'pending' })
    await probe(answerId, fails(true), { last: true })
    expect([await s.asked(), await s.probing()]).toEqual([[], { change: 'settled' }])
  })

  test('is not what ends the work', async () => {
    const s = await session()
    const answerId = await s.put(VAGUE)
    const stop = new AbortController()
    const stopping = fakeInsight({ delay: async () => stop.abort(new Error('stopping')) })
    await expect(probe(answerId, stopping, { signal: stop.signal, last: true })).rejects.toThrow('stopping')
    expect(await s.probing()).toEqual({ change: 'pending' })
  })
})

describe('what was asked', () => {
  async function asked(more: Partial<QuestionInput> = {}, others: QuestionInput[] = []) {
    const s = await session(more, others)
    const answerId = await s.put(VAGUE)
    await probe(answerId)
    return { ...s, answerId }
  }

  test('goes with an answer that is replaced, and all that came of it', async () => {
    const s = await session({ type: 'voice_text_fallback' })
    const answerId = await s.speak()
    await hear(answerId, VAGUE)
    await t.db.query(
      sql`INSERT INTO insight (id, workspace_id, answer_id, key_topics, summary, method, created_at)
          VALUES (${t.world.newId()}::uuid, ${t.workspaceId}::uuid, ${answerId}::uuid, '{}', 'okay', 'x', now())`,
    )
    await probe(answerId)
    await hear(await s.speak(FIRST), 'Dunno')
    const uploads = () =>
      t.db.query<{ state: string; count: number }>(
        sql`SELECT state::text, count(*)::int AS count FROM upload WHERE response_id = ${s.responseId}::uuid GROUP BY 1 ORDER BY 1`,
      )
    expect(await uploads()).toEqual([{ state: 'ready', count: 2 }])
    expect(await s.put(CLEAR)).toBe(answerId)
    expect([await s.asked(), [...(await s.state()).answers.keys()]]).toEqual([[], ['change']])
    expect(await uploads()).toEqual([{ state: 'discarded', count: 2 }])
    for (const table of ['follow_up', 'transcript', 'insight'] as const) expect(await countOf(table, answerId)).toBe(0)
    expect(await s.probing()).toEqual({ change: 'pending' })
    expect((await s.state()).answers.get('change')!.transcript).toBeNull()
  })

  test('stays when the same is sent again', async () => {
    const s = await asked()
    await s.put('Dunno', FIRST)
    await s.put(VAGUE)
    expect((await s.asked()).map(([key, , isAnswered]) => [key, isAnswered])).toEqual([[FIRST, true]])
    const replyId = await s.put('Dunno', FIRST)
    await probe(replyId)
    await s.put('Dunno', FIRST)
    expect(await s.probing()).toEqual({ change: 'settled', [FIRST]: 'settled' })
  })

  test('goes with an answer that is taken back; a reply can be taken back alone', async () => {
    const s = await asked()
    await s.put('Dunno', FIRST)
    await s.clear(FIRST)
    expect([(await s.asked())[0]![2], await s.probing()]).toEqual([false, { change: 'settled' }])
    await s.put('Dunno', FIRST)
    const { visible } = await s.clear('change')
    expect([[...visible], await s.asked(), await s.probing()]).toEqual([['change'], [], {}])
    expect(await codeOf(s.put('Dunno', FIRST))).toBe('NOT_FOUND')
  })

  test('is answered by the rules of its question, and never must be', async () => {
    const s = await asked({ configuration: { max_characters: 20 }, required: true })
    expect(await codeOf(s.put('x'.repeat(21), FIRST))).toBe('VALIDATION_FAILED')
    expect(await codeOf(s.put('x', 'change__follow_up_9'))).toBe('NOT_FOUND')
    const other = await asked()
    expect(
      await codeOf(recordAnswer(t.world, t.signer, other.link, { token: s.token, fieldKey: FIRST, value: 'x' })),
    ).toBe('NOT_FOUND')
    await s.submit()
    expect(await codeOf(s.put('late', FIRST))).toBe('SESSION_COMPLETED')
  })

  test('is shown as long as what it follows, and depends on nothing else', async () => {
    const s = await session({ condition: { field: 'again', operator: 'equals', value: true } }, [
      { prompt: 'Again?', fieldKey: 'again', type: 'yes_no' },
      {
        ...{ prompt: 'Never', fieldKey: 'never', type: 'text' },
        condition: { field: FIRST, operator: 'contains', value: 'Dunno' },
      },
    ])
    await s.put(true, 'again')
    await probe(await s.put(VAGUE))
    await s.put('Dunno', FIRST)
    expect([...(await s.state()).visible]).toEqual(['change', FIRST, 'again'])
    await s.put(false, 'again')
    expect([...(await s.state()).visible]).toEqual(['again'])
    await s.submit()
    const rows = await t.db.query(
      sql`SELECT (SELECT string_agg(field_key, ',') FROM answer WHERE response_id = ${s.responseId}::uuid) AS answers,
                 (SELECT count(*)::int FROM follow_up WHERE response_id = ${s.responseId}::uuid) AS asked`,
    )
    expect(rows).toEqual([{ answers: 'again', asked: 0 }])
  })

  test('stays with its answer when the question or the link is deleted, and is shown no more', async () => {
    const s = await asked()
    await s.put('Dunno', FIRST)
    const { questions } = await s.state()
    await deleteQuestion(t.world, t.viewer, questions[0]!.id)
    expect([await s.asked(), [...(await s.state()).visible]]).toEqual([[], []])
    expect(await codeOf(s.put('More', FIRST))).toBe('NOT_FOUND')
    await probe(s.answerId)
    await s.submit()
    await deleteLink(t.world, t.viewer, s.linkId)
    const rows = await t.db.query(
      sql`SELECT a.field_key, a.question_id, f.prompt IS NOT NULL AS asked FROM answer a
          LEFT JOIN follow_up f ON f.id = a.follow_up_id WHERE a.response_id = ${s.responseId}::uuid ORDER BY a.id`,
    )
    expect(rows).toEqual([
      { field_key: 'change', question_id: null, asked: false },
      { field_key: FIRST, question_id: null, asked: true },
    ])
  })

  test('is not shown once its question is of a kind that is not probed', async () => {
    const s = await asked()
    const { questions } = await s.state()
    await updateQuestion(t.world, t.viewer, questions[0]!.id, { type: 'yes_no' })
    expect([...(await s.state()).visible]).toEqual(['change'])
    expect(await codeOf(s.put('x', FIRST))).toBe('NOT_FOUND')
  })

  test('is forgotten with the person, since it may repeat what was said', async () => {
    const { id: linkId } = await createLink(t.world, t.viewer, { name: 'Personal', questions: [PROBED] })
    const link = await loadLink(t.world, t.workspaceId, linkId)
    const [added] = await addRespondents(t.world, t.viewer, {
      linkId,
      respondents: [{ phone: '+358401230001', firstName: 'Aino' }],
    })
    if (added?.outcome !== 'added') throw new Error('not added')
    const { token, responseId } = await openSession(t.world, t.signer, link, {
      channel: 'web',
      respondentToken: t.signer.sign('respondent', added.id),
    })
    const put = (fieldKey: string, value: string) => recordAnswer(t.world, t.signer, link, { token, fieldKey, value })
    const secret = fakeInsight({ followUp: () => ({ prompt: 'Why was Aino ill?', language: 'en', asks: 'why' }) })
    await probe((await put('change', VAGUE)).answerId, secret)
    await put(FIRST, 'Flu')
    const [row] = await t.db.query<{ contact_id: string }>(
      sql`SELECT contact_id FROM respondent WHERE id = ${added.id}::uuid`,
    )
    await eraseContact(t.world, t.viewer, row!.contact_id)
    const left = await t.db.query(
      sql`SELECT a.question_text, a.text, a.value, a.probing, a.process_due_at, f.prompt FROM answer a
          LEFT JOIN follow_up f ON f.id = a.follow_up_id WHERE a.response_id = ${responseId}::uuid ORDER BY a.id`,
    )
    const nothing = { text: null, value: null, probing: 'settled', process_due_at: null }
    expect(left).toEqual([
      { ...nothing, question_text: PROBED.prompt, prompt: null },
      { ...nothing, question_text: '', prompt: '' },
    ])
  })
})
