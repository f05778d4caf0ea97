import { type Evidence, quoteEvidence, recordAnalysis, type StoredEvidence } from '../../domains/responses/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { idOf, idOrNull } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, IDEMPOTENCY_KEY } from './mutation-kit.ts'

const { NotFoundError, ConflictError } = ERRORS

export const SentimentEnum = builder.enumType('Sentiment', {
  description: 'The feeling that an answer speaks of (contract/sayify.md 6.5).',
  values: {
    POSITIVE: { value: 'positive', description: 'Content.' },
    NEUTRAL: { value: 'neutral', description: 'Neither content nor discontent.' },
    NEGATIVE: { value: 'negative', description: 'Discontent.' },
    MIXED: { value: 'mixed', description: 'Content with one thing, discontent with another.' },
  } as const,
})

const FindingKindEnum = builder.enumType('InsightFinding', {
  description: 'What an insight says, one by one.',
  values: {
    SENTIMENT: { value: 'sentiment', description: '`sentiment` and `sentimentScore`.' },
    ACTIONABLE: { value: 'actionable', description: '`actionable`.' },
    CLARITY: { value: 'clarity', description: '`clarity`.' },
    SUMMARY: { value: 'summary', description: '`summary`.' },
    TOPIC: { value: 'topic', description: 'One of the `keyTopics`.' },
    CUSTOM_FIELD: { value: 'customField', description: 'One of the `customFields`.' },
  } as const,
})

const TranscriptOriginEnum = builder.enumType('TranscriptOrigin', {
  description: 'Who made a transcript.',
  values: {
    TRANSCRIBED: { value: 'transcribed', description: 'An engine that this server asked.' },
    RECORDED: { value: 'recorded', description: 'Somebody else, by `recordAnalysis`.' },
    CORRECTED: { value: 'corrected', description: 'A person, by `correctTranscript`. No engine takes its place.' },
  } as const,
})

const InsightOriginEnum = builder.enumType('InsightOrigin', {
  description: 'Who found an insight.',
  values: {
    FOUND: { value: 'found', description: 'The analyser of this server.' },
    FALLBACK: {
      value: 'fallback',
      description:
        'The heuristic, in place of a model that failed or had no budget left; `method` says why. `reanalyze` has the model find it.',
    },
    RECORDED: { value: 'recorded', description: 'Somebody else, by `recordAnalysis`. No analyser takes its place.' },
  } as const,
})

const TranscriptSegment = builder
  .objectRef<{ startMs: number; endMs: number; text: string }>('TranscriptSegment')
  .implement({
    description: 'A stretch of what was said.',
    fields: (t) => ({
      startMs: t.exposeInt('startMs', { description: 'Where it begins, in milliseconds from the start.' }),
      endMs: t.exposeInt('endMs', { description: 'Where it ends, in milliseconds from the start.' }),
      text: t.exposeString('text', { description: 'What is said in it.' }),
    }),
  })

export const Transcript = builder.prismaNode('Transcript', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'responses:read' },
  description: 'What a recording says, as text. A new one takes the place of an earlier one, which is kept.',
  fields: (t) => ({
    answer: t.relation('answer', { description: 'The answer whose recording it is of.' }),
    version: t.exposeInt('version', { description: 'Counts from 1 per answer; the highest is the present one.' }),
    text: t.exposeString('text', { description: 'What is said; empty when nothing is.' }),
    language: t.exposeString('language', {
      nullable: true,
      description: 'A BCP 47 tag such as `fi` or `en-GB`, as recorded; null when nobody said.',
    }),
    method: t.exposeString('method', { description: 'Who or what made it: the name of a model or of a person.' }),
    origin: t.field({
      type: TranscriptOriginEnum,
      description: 'Whether an engine, somebody else or a correction made it.',
      select: { origin: true },
      resolve: (transcript) => transcript.origin,
    }),
    isDraft: t.exposeBoolean('isDraft', {
      description: 'Whether its engine is known to mishear so much that it is a draft.',
    }),
    confidence: t.exposeFloat('confidence', {
      nullable: true,
      description: 'From 0 to 1: how sure the engine is of its words; null when it does not say.',
    }),
    segments: t.field({
      type: [TranscriptSegment],
      nullable: true,
      description: 'What was said when, in order, at most 20,000 stretches; null when nobody says.',
      select: { segments: true },
      resolve: (transcript) => transcript.segments as (typeof TranscriptSegment.$inferType)[] | null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
})

const InsightField = builder.objectRef<{ name: string; value: string | null }>('InsightField').implement({
  description: 'What an answer says of something that its question asks for by name.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As `evaluatorConfig.custom_fields` of the question calls it.' }),
    value: t.exposeString('value', { nullable: true, description: 'In words; null: the answer does not say.' }),
  }),
})

const POSITIONS =
  'in UTF-16 code units (as JavaScript counts) from the start of the text that the insight was read from'
const START = `Where it begins, ${POSITIONS}.`
const END = `Where it ends, counted as \`start\`: the first unit after it.`

const InsightEvidence = builder.objectRef<Evidence & { quote: string }>('InsightEvidence').implement({
  description:
    'A stretch of text that a finding rests on. The text is that of `Insight.transcript`; of an insight without one it is `Answer.text`.',
  fields: (t) => ({
    finding: t.field({
      type: FindingKindEnum,
      description: 'Which finding.',
      resolve: (evidence) => evidence.finding,
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'Which topic or custom field; null for other findings.',
    }),
    start: t.exposeInt('start', { description: START }),
    end: t.exposeInt('end', { description: END }),
    quote: t.exposeString('quote', { description: 'The words that stand there.' }),
  }),
})

export const Insight = builder.prismaNode('Insight', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'responses:read' },
  description: 'What an analysis says of an answer, as recorded; null where it says nothing.',
  fields: (t) => ({
    answer: t.relation('answer', { description: 'The answer it is about.' }),
    transcript: t.relation('transcript', {
      nullable: true,
      description: 'What it was read from, also when there is a newer one by now; null when the reply was text.',
    }),
    isStale: t.boolean({
      description: 'Whether the answer has a newer transcript than the one it was read from.',
      select: {
        transcriptId: true,
        answer: { select: { transcripts: { select: { id: true }, orderBy: [{ version: 'desc' as const }], take: 1 } } },
      },
      resolve: ({ transcriptId, answer }) => (answer.transcripts[0]?.id ?? null) !== transcriptId,
    }),
    sentiment: t.field({
      type: SentimentEnum,
      nullable: true,
      description: 'The feeling that the answer speaks of.',
      select: { sentiment: true },
      resolve: (insight) => insight.sentiment,
    }),
    sentimentScore: t.exposeFloat('sentimentScore', {
      nullable: true,
      description: 'From 0, as negative as can be, by 0.5 to 1, as positive as can be.',
    }),
    actionable: t.exposeBoolean('actionable', {
      nullable: true,
      description: 'Whether something can be done about what was said.',
    }),
    keyTopics: t.exposeStringList('keyTopics', { description: 'What it is about, up to 50 topics.' }),
    summary: t.exposeString('summary', { nullable: true, description: 'The answer in short.' }),
    clarity: t.exposeInt('clarity', {
      nullable: true,
      description: 'From 0 to 100: how well the answer answers the question.',
    }),
    // Parts of one stored value, which cost little beside the insight itself: so does asking for them of a page.
    customFields: t.field({
      type: [InsightField],
      extensions: { listSize: 1 },
      description: 'What was looked for by name, at most 50 fields; empty when nothing was.',
      select: { customFields: true },
      resolve: ({ customFields }) =>
        Object.entries((customFields ?? {}) as Record<string, string | null>).map(([name, value]) => ({ name, value })),
    }),
    evidence: t.field({
      type: [InsightEvidence],
      extensions: { listSize: 4 },
      description: 'What the findings rest on, at most 500 stretches of text; empty when nobody says.',
      select: { evidence: true, transcript: { select: { text: true } }, answer: { select: { text: true } } },
      resolve: ({ evidence, transcript, answer }) =>
        quoteEvidence(evidence as StoredEvidence[] | null, transcript?.text ?? answer.text),
    }),
    method: t.exposeString('method', { description: 'Who or what made it, as recorded.' }),
    origin: t.field({
      type: InsightOriginEnum,
      description: 'Whether the analyser here, what stands in for it, or somebody else made it.',
      select: { origin: true },
      resolve: (insight) => insight.origin,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was recorded.' }),
  }),
})

const TranscriptInput = builder.inputType('TranscriptInput', {
  description: 'What a recording says, the whole of it.',
  fields: (t) => ({
    text: t.string({
      required: true,
      description: 'Up to 100,000 characters; empty when nothing is said. It becomes the text of the answer.',
    }),
    language: t.string({ description: 'A BCP 47 tag such as `fi` or `en-GB`.' }),
  }),
})

const InsightFieldInput = builder.inputType('InsightFieldInput', {
  description: 'What an answer says of something that was looked for by name.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Up to 200 characters; each name at most once.' }),
    value: t.string({ description: 'Up to 5,000 characters; null: the answer does not say.' }),
  }),
})

const InsightEvidenceInput = builder.inputType('InsightEvidenceInput', {
  description:
    'A stretch of text that a finding rests on: of the transcript that is given with it, else of the newest one; of a reply that is no recording, of `Answer.text`.',
  fields: (t) => ({
    finding: t.field({
      type: FindingKindEnum,
      required: true,
      description: 'Which finding; one that this insight has.',
    }),
    name: t.string({ description: 'Which topic or custom field of this insight; absent for other findings.' }),
    start: t.int({ required: true, description: START }),
    end: t.int({ required: true, description: END }),
  }),
})

const InsightInput = builder.inputType('InsightInput', {
  description: 'What an answer says. It takes the place of an earlier one as a whole, so it must say something.',
  fields: (t) => ({
    sentiment: t.field({ type: SentimentEnum, description: 'The feeling that the answer speaks of.' }),
    sentimentScore: t.float({ description: 'From 0, as negative as can be, by 0.5 to 1, as positive as can be.' }),
    actionable: t.boolean({ description: 'Whether something can be done about what was said.' }),
    keyTopics: t.stringList({ description: 'What it is about: up to 50 topics of up to 200 characters.' }),
    summary: t.string({ description: 'The answer in short, up to 5,000 characters.' }),
    clarity: t.int({ description: 'From 0 to 100: how well the answer answers the question.' }),
    customFields: t.field({ type: [InsightFieldInput], description: 'What was looked for by name, up to 50 fields.' }),
    evidence: t.field({
      type: [InsightEvidenceInput],
      description: 'What the findings rest on, up to 500 stretches of text.',
    }),
  }),
})

const AnswerAnalysisInput = builder.inputType('AnswerAnalysisInput', {
  description: 'What was found in one answer; what is absent or null stays as it is.',
  fields: (t) => ({
    answerId: t.id({ required: true, description: 'Global id of an answer of the response; each at most once.' }),
    transcript: t.field({
      type: TranscriptInput,
      description: 'What the recording says. For answers to voice questions that are a recording only.',
    }),
    durationSeconds: t.float({
      description: 'How long the recording is, in seconds, 0 to 86,400. For recordings only, as the transcript.',
    }),
    insight: t.field({
      type: InsightInput,
      description: 'What the answer says; read from the transcript where it is a recording.',
    }),
  }),
})

const RecordAnalysisInput = builder.inputType('RecordAnalysisInput', {
  description: 'What an analysis found in the answers of a response.',
  fields: (t) => ({
    responseId: t.id({ required: true, description: 'Global id of a response that was submitted.' }),
    answers: t.field({
      type: [AnswerAnalysisInput],
      required: true,
      description: 'What was found, up to 1,000 answers; empty when there was nothing to find.',
    }),
    method: t.string({
      required: true,
      description: "Who or what found it, 1 to 200 characters, such as a model's name and version.",
    }),
    final: t.boolean({
      description:
        'Whether all is found that will be; true when absent. Then `analyzedAt` is set, the respondent is `ANALYZED`, and the event `RESPONSE_ANALYZED` tells of it. False: more follows.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const RecordAnalysisPayload = builder.objectRef<{ id: string }>('RecordAnalysisPayload').implement({
  description: 'All of it was stored.',
  extensions: { payload: true },
  fields: (t) => ({
    response: t.prismaField({
      type: 'Response',
      description: 'The response, with what was found.',
      resolve: (query, { id }, _args, context) =>
        context.reader.response.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

builder.mutationField('recordAnalysis', (t) =>
  t.field({
    type: RecordAnalysisPayload,
    description:
      'Stores transcripts, durations and insights of the answers of a submitted response: all of them, or none. Earlier ones are kept beside. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RecordAnalysisInput, required: true, description: 'What was found.' }) },
    resolve: (_root, { input }, { world, viewer }) =>
      asData(async () =>
        recordAnalysis(world, viewer, {
          ...input,
          responseId: idOf('Response', input.responseId, ['responseId']),
          // What is no id of an answer is none of this response, and is told of with all else that is wrong.
          answers: input.answers.map((answer) => ({ ...answer, answerId: idOrNull('Answer', answer.answerId) ?? '' })),
        }),
      ),
  }),
)
