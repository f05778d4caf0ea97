import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestEngine, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people } from '../../../test/kit/outreach.ts'
import { INSTANT_SPEECH, presses, surveyLink } from '../../../test/kit/surveys.ts'
import { eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { fakeInsight } from '../../providers/insight/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import type { Behaviour } from '../../providers/telephony/index.ts'
import { fakeTranscription } from '../../providers/transcription/index.ts'
import type { Task } from '../../queue/index.ts'
import { processAnswer, startAnalyses } from '../analysis/index.ts'
import { callRespondents } from '../campaigns/index.ts'
import type { CreateLinkInput } from '../links/index.ts'
import { eraseContact } from '../people/index.ts'
import { addRespondents, respondentsByNumber } from '../responses/index.ts'
import { createSwitchboard, fetchRecordings, LEASE_MS, type Switchboard } from './index.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>
let lastPhone = 7_000
let before: number
const boards: Switchboard[] = []

beforeAll(async () => {
  t = await testWorld()
  kit = outreachKit(t, '')
}, 60_000)
beforeEach(async () => {
  before = await headOf(t.world, t.workspaceId)
})
afterEach(async () => {
  for (const board of boards.splice(0)) await board.stop()
})

const QUESTIONS = [
  {
    ...{ prompt: 'What would you change?', fieldKey: 'change', type: 'voice', required: true },
    ...{ enableDynamicProbing: true, configuration: { max_duration: 30 } },
  },
] as CreateLinkInput['questions']
const FIRST = 'change__follow_up_1'
const VAGUE = 'It was okay'
const CLEAR = 'The shower was cold on both mornings'
/** Prompts: the greeting, the question, a moment of waiting, and so on; each recording is spoken. */
const TALKS: Partial<Behaviour> = { replies: presses(), speaksMs: 3_000, patienceMs: 60_000 }

interface Setting {
  behaviour?: Partial<Behaviour>
  questions?: CreateLinkInput['questions']
  /** What is heard in recordings, in their order. */
  heard?: string[]
  transcription?: ReturnType<typeof fakeTranscription>
  /** Whether recordings come during the call. */
  fetches?: boolean
}

/** A person who is about to be called, and everything that works in the background. */
async function calling({
  behaviour = TALKS,
  questions = QUESTIONS,
  heard = [],
  fetches = true,
  ...rest
}: Setting = {}) {
  const engine = await testEngine(t, {
    changes: INSTANT_SPEECH,
    people: people({ patienceMs: 60_000, scripts: [{ endsWith: '', calls: [behaviour] }] }),
  })
  boards.push(engine.board)
  const linkId = await surveyLink(t, questions)
  const [person] = await addRespondents(t.world, t.viewer, {
    linkId,
    respondents: [{ phone: `+35840125${++lastPhone}` }],
  })
  if (person?.outcome !== 'added') throw new Error('not added')
  await callRespondents(engine.deps, t.viewer, { respondentIds: [person.id] })
  const storage = memoryStorage()
  const transcription = rest.transcription ?? fakeTranscription()
  for (const text of heard) transcription.hearNext({ text })
  const jobs: { workspaceId: string; answerId: string }[] = []
  const queue = {
    async send(task: Task, payload: object) {
      if (task.name === 'process-answer') jobs.push(payload as (typeof jobs)[number])
    },
    hurry() {},
  }
  const insight = fakeInsight()
  const deps = {
    world: t.world,
    queue: queue as never,
    storage,
    audio: fakeAudio(),
    transcription,
    insight,
    fallback: null,
  }
  /** Fetches what was said and judges it, as the processes beside the one that talks do. */
  async function background() {
    await fetchRecordings({ world: t.world, telephony: engine.fake, storage })
    await startAnalyses(deps)
    for (const job of jobs.splice(0))
      await processAnswer(deps, job, { signal: new AbortController().signal, last: true })
  }
  const [campaign] = await t.db.query<{ id: string }>(
    sql`SELECT id FROM campaign WHERE link_id = ${linkId}::uuid AND kind = 'survey_calls'`,
  )
  return {
    ...{ engine, linkId, person, insight, background, campaignId: campaign!.id, call: () => engine.fake.calls()[0]! },
    /** Lets the call go on, with all that works beside it, until it is over or `holds`. */
    async talk(holds: () => Promise<boolean> = async () => false, board: Pick<TestEngine, 'run'> = engine) {
      for (let n = 0; n < 2_000; n++) {
        await board.run(new Date(t.clock.now().getTime() + 300))
        if (fetches) await background()
        if (await holds()) return
        const [call] = engine.fake.calls()
        if (call?.endedAt !== undefined && t.clock.now().getTime() - call.endedAt > 10_000) break
      }
      await background()
    },
    async answers() {
      return t.db.query<{
        field_key: string
        follow_up_id: string | null
        recorded: boolean
        in_call: boolean
        probing: string
      }>(
        sql`SELECT a.field_key, a.follow_up_id, a.recording_id IS NOT NULL AND a.upload_id IS NOT NULL AS recorded,
                   a.call_id = ${engine.fake.calls()[0]!.callId}::uuid AS in_call, a.probing
            FROM answer a JOIN response r ON r.id = a.response_id WHERE r.respondent_id = ${person.id}::uuid ORDER BY a.id`,
      )
    },
    async response() {
      const [row] = await t.db.query<{ status: string }>(
        sql`SELECT status FROM response WHERE respondent_id = ${person.id}::uuid`,
      )
      return row!.status
    },
    status: async () => (await respondentsByNumber(t.world, t.viewer, [person.legacyId])).get(person.legacyId)!.status,
    /** What the call did, command by command. */
    did() {
      const { callId } = engine.fake.calls()[0]!
      return engine.fake.history.flatMap((entry) =>
        entry.what === 'command' && entry.callId === callId ? entry.kind : [],
      )
    },
    /** The state of the survey as it is stored. */
    async survey() {
      const [row] = await t.db.query<{ at: string; waits: number | null; asked: number }>(
        sql`SELECT flow->'survey'->>'at' AS at, (flow->'survey'->>'waits')::int AS waits,
                   coalesce(json_array_length(flow->'survey'->'followUps'), 0) AS asked
            FROM call WHERE respondent_id = ${person.id}::uuid`,
      )
      return row ?? { at: null, waits: null, asked: 0 }
    },
  }
}

const events = async (type: string) =>
  (await eventsAfter(t.world, t.workspaceId, before)).flatMap(([, each, payload]) => (each === type ? [payload] : []))
const livingSpeech = async () => {
  const [row] = await t.db.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM voice_file WHERE name = 'Follow-up' AND deleted_at IS NULL`,
  )
  return row!.count
}

describe('a vague answer in a call', () => {
  test('is asked about in the same call, and the reply points to what it follows', async () => {
    const c = await calling({ heard: [VAGUE, CLEAR] })
    await c.talk()
    expect(c.did()).toEqual(['play', 'play', 'record', ...waits(2), 'play', 'record', ...waits(1), 'play', 'hangUp'])
    const [answer, reply] = await c.answers()
    expect(answer).toEqual({
      field_key: 'change',
      follow_up_id: null,
      recorded: true,
      in_call: true,
      probing: 'settled',
    })
    expect(reply).toMatchObject({ field_key: FIRST, recorded: true, in_call: true, probing: 'settled' })
    const [followUp] = await t.db.query<{ id: string; prompt: string }>(
      sql`SELECT f.id, f.prompt FROM follow_up f JOIN response r ON r.id = f.response_id
          WHERE r.respondent_id = ${c.person.id}::uuid`,
    )
    expect(reply!.follow_up_id).toBe(followUp!.id)
    expect([await c.response(), await c.status()]).toEqual(['completed', 'surveyed'])
    expect(await kit.outcomes(c.campaignId)).toEqual(['surveyed 1'])
    await kit.expectExactStats(c.campaignId)
    expect(await events('followUp.asked')).toHaveLength(1)
    expect(await events('response.submitted')).toHaveLength(1)
    // What a voice said for this call only is gone.
    expect(await livingSpeech()).toBe(0)
  })

  test('is asked about as often as its question allows', async () => {
    const c = await calling({ heard: [VAGUE, 'Dunno', 'No'] })
    await c.talk()
    expect((await c.answers()).map(({ field_key: key }) => key)).toEqual(['change', FIRST, 'change__follow_up_2'])
    expect(await c.response()).toBe('completed')
  })

  test('is asked about at once where it was judged while something else was asked', async () => {
    const c = await calling({
      behaviour: {
        ...TALKS,
        replies: presses(undefined, undefined, '1').map((reply) => reply && { ...reply, afterMs: 6_000 }),
      },
      questions: [
        ...QUESTIONS!,
        { prompt: 'And would you come again?', fieldKey: 'again', type: 'yes_no', required: true },
      ],
      heard: [VAGUE, CLEAR],
    })
    await c.talk()
    expect((await c.answers()).map(({ field_key: key }) => key).sort()).toEqual(['again', 'change', FIRST].sort())
    expect(c.did().slice(0, 4)).toEqual(['play', 'play', 'record', 'collect'])
    expect(await c.response()).toBe('completed')
    await kit.expectExactStats(c.campaignId)
  })
})

describe('waiting in a call', () => {
  test('ends after a while when recordings only come later; then nothing is asked any more', async () => {
    const c = await calling({ heard: [VAGUE], fetches: false })
    await c.talk()
    expect(c.did()).toEqual(['play', 'play', 'record', ...waits(5), 'play', 'hangUp'])
    expect([await c.response(), await c.status()]).toEqual(['completed', 'surveyed'])
    expect(await c.answers()).toMatchObject([{ field_key: 'change', recorded: true, probing: 'settled' }])
    expect(await events('followUp.asked')).toEqual([])
  })

  test.each([
    ['nobody can transcribe', { transcription: fakeTranscription({ isAvailable: false }) }],
    ['the answer is clear', { heard: [CLEAR] }],
  ])('is short where %s', async (_why, setting) => {
    const c = await calling(setting)
    await c.talk()
    expect(c.did()).toEqual(['play', 'play', 'record', ...waits(1), 'play', 'hangUp'])
    expect(await c.answers()).toMatchObject([{ field_key: 'change', probing: 'settled' }])
    expect(await c.response()).toBe('completed')
  })

  test.each([
    ['waits', 2, []],
    ['is asked', 4, []],
  ])('by hanging up while the call %s the person has answered all the same', async (_when, prompt, more) => {
    const c = await calling({ behaviour: { ...TALKS, hangsUp: { prompt, afterMs: 300 } }, heard: [VAGUE, ...more] })
    await c.talk()
    expect([await c.response(), await c.status()]).toEqual(['completed', 'surveyed'])
    expect((await c.answers()).map(({ field_key: key }) => key)).toEqual(['change'])
    expect(await kit.outcomes(c.campaignId)).toEqual(['surveyed 1'])
    await kit.expectExactStats(c.campaignId)
    expect(await livingSpeech()).toBe(0)
  })

  test('can be opted out of', async () => {
    const c = await calling({ behaviour: { ...TALKS, replies: presses(undefined, undefined, '*') }, heard: [VAGUE] })
    await c.talk()
    expect(await kit.outcomes(c.campaignId)).toEqual(['opted_out 1'])
    await kit.expectExactStats(c.campaignId)
  })

  test('of somebody who is erased meanwhile asks nothing more, and keeps nothing of what was asked', async () => {
    const c = await calling({ heard: [VAGUE] })
    await c.talk(async () => (await c.survey()).at === 'waiting')
    const [row] = await t.db.query<{ contact_id: string }>(
      sql`SELECT contact_id FROM respondent WHERE id = ${c.person.id}::uuid`,
    )
    await eraseContact(t.world, t.viewer, row!.contact_id)
    await c.talk()
    expect(c.engine.fake.calls()[0]!.endedAt).toBeDefined()
    expect(c.did().filter((kind) => kind === 'record')).toHaveLength(1)
    expect(await c.answers()).toMatchObject([{ recorded: false }])
    const asked = await t.db.query(
      sql`SELECT f.prompt FROM follow_up f JOIN response r ON r.id = f.response_id
          WHERE r.respondent_id = ${c.person.id}::uuid`,
    )
    expect(asked).toEqual([{ prompt: '' }])
    expect(await livingSpeech()).toBe(0)
  })
})

describe('a process that dies', () => {
  test.each([
    ['while it waits', async (survey: { at: string | null }) => survey.at === 'waiting'],
    [
      'while it asks',
      async (survey: { at: string | null; asked: number }) => survey.at === 'recording' && survey.asked > 0,
    ],
  ])('%s is followed by another, and what was asked is asked once', async (_when, dies) => {
    const c = await calling({ heard: [VAGUE, CLEAR], behaviour: { ...TALKS, speaksMs: 4_000 } })
    const dying = createSwitchboard(c.engine.deps)
    boards.push(dying)
    await dying.keepSeats()
    await dying.dial()
    await dying.settled()
    const alive: Pick<TestEngine, 'run'> = {
      async run(until) {
        await c.engine.fake.advance(until!.getTime() - t.clock.now().getTime())
        await dying.settled()
      },
    }
    await c.talk(async () => dies(await c.survey()), alive)
    expect(await dies(await c.survey())).toBe(true)
    // It says no word any more; its seat is free once its lease is over.
    await c.engine.fake.advance(LEASE_MS + 1)
    await c.talk()
    expect(c.engine.fake.calls()).toHaveLength(1)
    expect((await c.answers()).map(({ field_key: key, recorded }) => [key, recorded])).toEqual([
      ['change', true],
      [FIRST, true],
    ])
    expect(c.did().filter((kind) => kind === 'record')).toHaveLength(2)
    expect(await events('followUp.asked')).toHaveLength(1)
    expect([await c.response(), await c.status()]).toEqual(['completed', 'surveyed'])
    expect(await kit.outcomes(c.campaignId)).toEqual(['surveyed 1'])
    await kit.expectExactStats(c.campaignId)
    expect(await livingSpeech()).toBe(0)
  })
})

/** Each wait is a command. */
function waits(count: number): string[] {
  return Array(count).fill('play')
}
