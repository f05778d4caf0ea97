import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { isVoice } from '../links/index.ts'
import type { World } from '../world.ts'
import {
  type AnalyzableAnswer,
  type AnalyzedResponse,
  insertInsights,
  insertTranscripts,
  listAnalyzable,
  lockForAnalysis,
  markAnalyzed,
  setDurations,
} from './analysis-store.ts'
import { toStoredEvidence } from './evidence.ts'
import { finishAnalysis } from './finish-analysis.ts'
import { type InsightInput, insightInput, strayEvidence } from './insight-input.ts'
import { transcriptInput } from './transcript-input.ts'

/** A day: longer than any recording that is taken. */
const MAX_DURATION_SECONDS = 86_400
/** More than a link has questions; bounds what one call can ask for. */
const MAX_ANSWERS = 1_000

/** What was found in one answer. What is absent or null stays as it is. */
export interface AnswerAnalysis {
  answerId: string
  /** What the recording says, the whole of it; empty when nothing is said. `language` is a BCP 47 tag. */
  transcript?: { text: string; language?: string | null } | null
  /** Of the recording, in seconds. */
  durationSeconds?: number | null
  /** Takes the place of an earlier one as a whole, so it must say something. */
  insight?: InsightInput | null
}

export interface RecordAnalysisInput {
  responseId: string
  answers: readonly AnswerAnalysis[]
  /** Who or what found it, such as `whisper-large-v3` or a person's name. */
  method: string
  /** Default true: all is found that will be. False: more follows, nobody is told yet. */
  final?: boolean | null
  idempotencyKey?: string | null
}

/**
 * Stores what an analysis found in the answers of a submitted response: all of it, or nothing. Transcripts and insights
 * are added beside earlier ones, of which they take the place; a transcript becomes the answer's text, a duration that
 * of its recording. When `final`, the respondent is analysed, `response.analyzed` is told, once per call, and what is
 * still under way here is not waited for; otherwise that is only spared what was recorded. The link may have been deleted
 * meanwhile. Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND (the response),
 * VALIDATION_FAILED (rules of its own: `not_submitted` at `responseId`, `unknown` and `duplicate` at an `answerId`,
 * `not_a_recording` where a transcript or a duration is of none, `unknown` where evidence is for nothing that its insight
 * says), IDEMPOTENCY_CONFLICT.
 */
export async function recordAnalysis(
  world: World,
  viewer: Viewer,
  input: RecordAnalysisInput,
): Promise<{ id: string }> {
  requireScope(viewer, 'responses:write')
  const { idempotencyKey, ...asked } = input
  const { responseId: id } = asked
  if (!isUuid(id)) throw new NotFoundError('response', ['responseId'])
  const { workspaceId } = viewer
  const key = { workspaceId, key: idempotencyKey, operation: 'recordAnalysis', input: asked, now: world.clock.now() }
  return world.events.write(workspaceId, async (tx, emit) => {
    // Before the key is looked at: of a response that was deleted since there is nothing to return again.
    const response = await lockForAnalysis(tx, workspaceId, id)
    if (!response) throw new NotFoundError('response', ['responseId'])
    return once(tx, key, async () => {
      const analysis = parse(analysisOf(response, await listAnalyzable(tx, workspaceId, id)), asked)
      // Only now: whoever waited for the lock comes after whoever had it.
      const now = world.clock.now()
      await store(world, tx, { workspaceId, method: analysis.method, now }, analysis.answers)
      if (analysis.final ?? true) await finishAnalysis(tx, emit, { ...response, id, workspaceId }, now)
      else await markAnalyzed(tx, workspaceId, id, { final: false, now })
      return { id }
    })
  })
}

/** Judges one input: its own rules together with those of the response that it speaks of. */
function analysisOf(response: AnalyzedResponse, answers: readonly AnalyzableAnswer[]) {
  const known = new Map(answers.map((answer) => [answer.id, answer]))
  // Filled while the list is judged: a rule of the whole list is passed over when an item is not of its type.
  const named = new Set<string>()
  const answer = z
    .object({
      answerId: z
        .string()
        .refine((id) => known.has(id), {
          params: { rule: 'unknown' },
          message: 'must be an answer of this response',
        })
        .refine((id) => !named.has(id) && named.add(id), {
          params: { rule: 'duplicate' },
          message: 'must not be named twice',
        }),
      transcript: transcriptInput.nullish(),
      durationSeconds: z
        .number('must be a number')
        .min(0, 'must not be negative')
        .max(MAX_DURATION_SECONDS, `must be at most ${MAX_DURATION_SECONDS} seconds`)
        .nullish(),
      insight: insightInput.nullish(),
    })
    .superRefine(({ answerId, transcript, durationSeconds, insight }, context) => {
      const of = known.get(answerId)
      const read = transcript?.text ?? of?.text ?? ''
      for (const { path, rule, message } of insight ? strayEvidence(insight, read) : []) {
        context.addIssue({ code: 'custom', path: ['insight', ...path], params: { rule }, message })
      }
      if (!of || (isVoice(of.question_type) && of.upload_id !== null)) return
      for (const [path, found] of Object.entries({ transcript, durationSeconds })) {
        if (found == null) continue
        const message = 'needs an answer that is a recording; this one is not'
        context.addIssue({ code: 'custom', path: [path], params: { rule: 'not_a_recording' }, message })
      }
    })
  return z.object({
    responseId: z.string().refine(() => response.status === 'completed', {
      params: { rule: 'not_submitted' },
      message: 'must be a response that was submitted; answers to this one may still change',
    }),
    answers: z.array(answer).max(MAX_ANSWERS, `must have at most ${MAX_ANSWERS} answers`),
    method: line(200),
    final: z.boolean('must be true or false').nullish(),
  })
}

type Found = z.output<ReturnType<typeof analysisOf>>['answers']

/** Transcripts first: an insight refers to the newest. */
async function store(world: World, tx: Tx, finding: Parameters<typeof insertTranscripts>[1], found: Found) {
  const transcripts = found.flatMap(({ answerId, transcript }) =>
    transcript ? { id: world.newId(), answerId, text: transcript.text, language: transcript.language ?? null } : [],
  )
  const durations = found.flatMap(({ answerId, durationSeconds }) =>
    durationSeconds == null ? [] : { answerId, durationSeconds },
  )
  const insights = found.flatMap(({ answerId, insight }) =>
    insight
      ? {
          id: world.newId(),
          answerId,
          sentiment: insight.sentiment ?? null,
          sentimentScore: insight.sentimentScore ?? null,
          actionable: insight.actionable ?? null,
          keyTopics: insight.keyTopics ?? [],
          summary: insight.summary ?? null,
          clarity: insight.clarity ?? null,
          customFields: insight.customFields
            ? Object.fromEntries(insight.customFields.map(({ name, value }) => [name, value ?? null]))
            : null,
          evidence: insight.evidence?.map((each) => toStoredEvidence({ ...each, name: each.name ?? null })) ?? null,
        }
      : [],
  )
  await insertTranscripts(tx, finding, transcripts, { origin: 'recorded' })
  await setDurations(tx, finding.workspaceId, durations)
  await insertInsights(tx, finding, insights)
}
