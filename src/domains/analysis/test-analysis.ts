import { loadLink, type TestWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { fakeInsight } from '../../providers/insight/index.ts'
import { memoryStorage } from '../../providers/storage/index.ts'
import { fakeTranscription } from '../../providers/transcription/index.ts'
import { createLink, type QuestionInput } from '../links/index.ts'
import { openSession, recordAnswer, submitResponse, uploadAnswer } from '../responses/index.ts'
import type { World } from '../world.ts'
import {
  type AnalysisDeps,
  analyzeResponse,
  processAnswer,
  reanalyzeLink,
  retranscribeLink,
  startAnalyses,
  type WorkOptions,
} from './index.ts'

// biome-ignore lint/suspicious/noExplicitAny: rows and payloads of tests, whose shape the test says.
type Row = any

const WAV = Buffer.concat([Buffer.from('524946462400000057415645666d742010000000', 'hex'), Buffer.alloc(100)])

/** The pipeline on a real database, with fakes of what listens and understands, and a queue that the test runs. */
export function analysisBench(
  kit: TestWorld,
  {
    insight = {},
    fallback = null,
    ...engine
  }: {
    insight?: Parameters<typeof fakeInsight>[0] | null
    fallback?: Parameters<typeof fakeInsight>[0] | null
  } & Parameters<typeof fakeTranscription>[0] = {},
) {
  const { world, signer, viewer, workspaceId, db } = kit
  const storage = memoryStorage()
  const audio = fakeAudio()
  const transcription = fakeTranscription(engine)
  const jobs: { task: string; payload: Row }[] = []
  const understanding = insight && fakeInsight(insight)
  const deps: AnalysisDeps & { queue: { hurry(): void } } = {
    ...{ world, storage, audio, transcription, insight: understanding, fallback: fallback && fakeInsight(fallback) },
    queue: { send: async ({ name }, payload) => void jobs.push({ task: name, payload }), hurry() {} },
  }
  const options = (more: Partial<WorkOptions> = {}): WorkOptions => ({
    ...{ signal: new AbortController().signal, last: false },
    ...more,
  })
  const runs: Record<string, (payload: Row, options: WorkOptions) => Promise<void>> = {
    'process-answer': (payload, how) => processAnswer(deps, payload, how),
    'analyze-response': (payload, how) => analyzeResponse(deps, payload, how),
    'reanalyze-link': (payload, how) => reanalyzeLink(world, payload, how.signal),
    'retranscribe-link': (payload, how) => retranscribeLink(world, payload, how.signal),
  }

  return {
    ...{ deps, storage, audio, transcription, understanding, jobs, options },
    start: (on: World = world) => startAnalyses({ ...deps, world: on }),
    run: (job: { task: string; payload: Row }, how: Partial<WorkOptions> = {}) =>
      runs[job.task]!(job.payload, options(how)),
    /** Queues what is due and runs it, until nothing is. */
    async work(how: Partial<WorkOptions> = {}): Promise<string[]> {
      const done: string[] = []
      for (;;) {
        await startAnalyses(deps)
        const job = jobs.shift()
        if (!job) return done
        done.push(job.task)
        await runs[job.task]!(job.payload, options(how))
      }
    },
    /** A link whose response has these answers: text, or `WAV` for a recording. */
    async answered(
      questions: QuestionInput[] = [{ prompt: 'Voice', type: 'voice' }],
      answers: Record<string, string | null> = { voice: null },
      { submitted = true, language = null }: { submitted?: boolean; language?: string | null } = {},
    ) {
      const { id: linkId } = await createLink(world, viewer, { name: 'Spoken', language, questions })
      const link = await loadLink(world, workspaceId, linkId)
      const { token, responseId } = await openSession(world, signer, link, { channel: 'web' })
      const upload = (fieldKey: string) =>
        uploadAnswer({ ...kit, storage, audio, maxUploadBytes: 10_000 }, link, {
          ...{ token, fieldKey, fileName: null },
          source: (async function* () {
            yield WAV
          })(),
        })
      const ids: Record<string, string> = {}
      for (const [fieldKey, value] of Object.entries(answers)) {
        const saved = value === null ? upload(fieldKey) : recordAnswer(world, signer, link, { token, fieldKey, value })
        ids[fieldKey] = (await saved).answerId
      }
      const submit = () => submitResponse(world, signer, link, { token })
      if (submitted) await submit()
      return { link, token, responseId, ids, upload, submit }
    },
    /** Everything that the pipeline can have changed of a response. */
    async stored(responseId: string) {
      const [response] = await db.query<Row>(
        sql`SELECT r.analysis::text, r.analysis_due_at AS due, r.analyzed_at IS NOT NULL AS analyzed, p.status::text AS respondent
            FROM response r JOIN respondent p ON p.id = r.respondent_id WHERE r.id = ${responseId}::uuid`,
      )
      const answers = await db.query<Row>(
        sql`SELECT a.field_key AS key, a.text, u.sound_state::text AS sound, u.transcription_state::text AS heard,
                   u.transcription_failure AS failure, a.process_due_at AS due, u.heard_until AS lease
            FROM answer a LEFT JOIN upload u ON u.id = a.upload_id WHERE a.response_id = ${responseId}::uuid
            ORDER BY a."order", a.field_key`,
      )
      const transcripts = await db.query<Row>(
        sql`SELECT a.field_key AS key, t.version, t.text, t.language, t.method, t.origin::text, t.is_draft, t.confidence,
                   t.segments
            FROM transcript t JOIN answer a ON a.id = t.answer_id WHERE a.response_id = ${responseId}::uuid
            ORDER BY a."order", a.field_key, t.version`,
      )
      const insights = await db.query<Row>(
        sql`SELECT a.field_key AS key, i.summary, i.clarity, i.custom_fields, i.evidence, i.method, t.version
            FROM insight i JOIN answer a ON a.id = i.answer_id LEFT JOIN transcript t ON t.id = i.transcript_id
            WHERE a.response_id = ${responseId}::uuid ORDER BY a."order", a.field_key, i.created_at, i.id`,
      )
      return { response: response!, answers, transcripts, insights }
    },
  }
}
