import { z } from 'zod'
import type { Queryable, Tx } from '../../../db/database.ts'
import { json, sql } from '../../../db/sql.ts'
import type { Emit } from '../../../events/index.ts'
import type { Issue } from '../../../platform/errors.ts'
import { isUuid } from '../../../platform/ids.ts'
import { text } from '../../../platform/validation.ts'
import { findLinkById, type LinkRow, listQuestions, type QuestionRow } from '../../links/index.ts'
import { addSpeech } from '../../voice-files/index.ts'
import type { CampaignDeps } from '../deps.ts'
import { saidKey } from '../operations.ts'
import { refuse, unplayable } from '../playable.ts'
import type { Sound } from '../sound.ts'
import { type Saying, type SurveyContent, type SurveyScript, surveyScript } from './survey-script.ts'

const MAX_PHRASE = 1_000
const MAX_SMS = 1_000
/** Where the personal address stands in a message. */
export const LINK_PLACEHOLDER = '{link}'

const phrase = z.union([
  z.strictObject({ voiceFileId: z.string() }),
  z.strictObject({
    text: text(MAX_PHRASE).refine((value) => value.trim() !== '', {
      params: { rule: 'too_short' },
      message: 'must not be blank',
    }),
  }),
])

export const surveySchema = z.strictObject({
  linkId: z.string(),
  voice: z.string().nullish(),
  greeting: phrase.nullish(),
  goodbye: phrase.nullish(),
  prompts: z
    .array(z.strictObject({ fieldKey: z.string(), voiceFileId: z.string(), explainsKeys: z.boolean().nullish() }))
    .nullish(),
  optOutKey: z
    .string()
    .regex(/^[0-9*]$/, 'must be a digit or *')
    .nullish(),
  tries: z.int('must be a whole number').min(1, 'must be at least 1').max(5, 'must be at most 5').nullish(),
  answerSeconds: z.number('must be a number').min(2, 'must be at least 2').max(60, 'must be at most 60').nullish(),
  redialUnfinished: z.boolean().nullish(),
  allowRepeats: z.boolean().nullish(),
  followUpSms: text(MAX_SMS)
    .refine((value) => value.includes(LINK_PLACEHOLDER), {
      params: { rule: 'no_link' },
      message: `must contain ${LINK_PLACEHOLDER}, where the person's own address goes`,
    })
    .nullish(),
})

const DEFAULT_TRIES = 3
const DEFAULT_ANSWER_SECONDS = 6
const DEFAULT_OPT_OUT_KEY = '*'

/**
 * Judges the content of a survey's calls. Unless it says otherwise the voice is one that speaks the link's language,
 * or else the first of the server's; `optOutKey` of null means none. Throws VALIDATION_FAILED: `unknown_link`,
 * `nothing_to_ask`, `unknown_option` (the voice), `unknown_field_key`, `duplicate`, and those of voice files.
 */
export async function prepareSurvey(
  db: Queryable,
  workspaceId: string,
  given: z.output<typeof surveySchema>,
  voices: readonly string[],
  at: readonly (string | number)[],
) {
  const link = isUuid(given.linkId) ? await findLinkById(db, workspaceId, given.linkId) : undefined
  const content: Omit<SurveyContent, 'said'> = {
    linkId: given.linkId,
    voice: given.voice ?? voiceOf(link?.language, voices),
    greeting: given.greeting ?? null,
    goodbye: given.goodbye ?? null,
    prompts: (given.prompts ?? []).map((each) => ({ ...each, explainsKeys: each.explainsKeys ?? false })),
    optOutKey: given.optOutKey === undefined ? DEFAULT_OPT_OUT_KEY : given.optOutKey,
    tries: given.tries ?? DEFAULT_TRIES,
    answerSeconds: given.answerSeconds ?? DEFAULT_ANSWER_SECONDS,
    redialUnfinished: given.redialUnfinished ?? false,
    allowRepeats: given.allowRepeats ?? false,
    followUpSms: given.followUpSms ?? null,
  }
  if (!link || link.deleted_at !== null) {
    refuse([{ path: [...at, 'linkId'], rule: 'unknown_link', message: 'must be a link of your workspace' }])
  }
  const questions = await listQuestions(db, workspaceId, content.linkId)
  const issues = faultsOf(content, questions, voices, at)
  const references = voiceFilesOf(content, at)
  issues.push(...(await unplayable(db, workspaceId, references)))
  const sayings = new Map<string, Saying>()
  const script = surveyScript(link!, questions, content, (saying) => {
    sayings.set(saidKey(saying), saying)
    return undefined
  })
  if (issues.length === 0 && script.asks.length === 0) {
    const message = 'must have a question that a phone can ask'
    issues.push({ path: [...at, 'linkId'], rule: 'nothing_to_ask', message })
  }
  refuse(issues)
  return {
    content: { ...content, said: {} } satisfies SurveyContent,
    fault: null,
    linkId: content.linkId,
    voiceFileIds: [...new Set(references.map(({ id }) => id))],
    sayings: [...sayings].map(([key, saying]) => ({ key, ...saying })),
  }
}

/** The code of a voice begins with what it speaks: `fi-f`. */
function voiceOf(language: string | null | undefined, voices: readonly string[]): string | null {
  const primary = language?.split('-', 1)[0]
  return voices.find((code) => code.split('-', 1)[0] === primary) ?? voices[0] ?? null
}

function faultsOf(
  { voice, prompts }: Pick<SurveyContent, 'voice' | 'prompts'>,
  questions: readonly QuestionRow[],
  voices: readonly string[],
  at: readonly (string | number)[],
): Issue[] {
  const issues: Issue[] = []
  if (voice !== null && !voices.includes(voice)) {
    const message = voices.length === 0 ? 'this server has no text to speech' : `must be one of ${voices.join(', ')}`
    issues.push({ path: [...at, 'voice'], rule: 'unknown_option', message })
  }
  prompts.forEach(({ fieldKey }, index) => {
    const path = [...at, 'prompts', index, 'fieldKey']
    if (!questions.some((question) => question.field_key === fieldKey)) {
      issues.push({ path, rule: 'unknown_field_key', message: 'must be the field key of a question of the link' })
    } else if (prompts.findIndex((other) => other.fieldKey === fieldKey) !== index) {
      issues.push({ path, rule: 'duplicate', message: 'must be another one than those before' })
    }
  })
  return issues
}

/** The voice files that a content names, with where it does. */
function voiceFilesOf(
  { greeting, goodbye, prompts }: Pick<SurveyContent, 'greeting' | 'goodbye' | 'prompts'>,
  at: readonly (string | number)[],
): { id: string; path: (string | number)[] }[] {
  const phrases = Object.entries({ greeting, goodbye }).flatMap(([name, own]) =>
    own && 'voiceFileId' in own ? [{ id: own.voiceFileId, path: [...at, name, 'voiceFileId'] }] : [],
  )
  return [
    ...phrases,
    ...prompts.map(({ voiceFileId: id }, index) => ({ id, path: [...at, 'prompts', index, 'voiceFileId'] })),
  ]
}

/** A survey as it is asked now. */
export interface Survey {
  link: LinkRow
  script: SurveyScript
  /** What nobody has said yet. */
  unsaid: Saying[]
}

/** The survey that a content asks, with the link's questions as they are now. Undefined when the link is gone. */
export async function surveyOf(
  db: Queryable,
  workspaceId: string,
  content: SurveyContent,
): Promise<Survey | undefined> {
  const link = await findLinkById(db, workspaceId, content.linkId)
  if (!link) return undefined
  const questions = await listQuestions(db, workspaceId, content.linkId)
  const unsaid = new Map<string, Saying>()
  const script = surveyScript(link, questions, content, (saying): Sound | undefined => {
    const voiceFileId = content.said[saidKey(saying)]
    if (voiceFileId !== undefined) return { kind: 'voice_file', voiceFileId }
    unsaid.set(saidKey(saying), saying)
    return undefined
  })
  return { link, script, unsaid: [...unsaid.values()] }
}

/**
 * Has a voice say what the calls of a survey need and nobody has said: its questions were changed. The caller holds the
 * campaign, whose content is brought up to date.
 */
export async function sayUnsaid(
  { world, voiceFiles }: Pick<CampaignDeps, 'world' | 'voiceFiles'>,
  tx: Tx,
  emit: Emit,
  campaign: { id: string; workspace_id: string; content: unknown },
  unsaid: readonly Saying[],
): Promise<void> {
  const { id, workspace_id: workspaceId } = campaign
  const content = campaign.content as SurveyContent
  const said: Record<string, string> = { ...content.said }
  for (const saying of unsaid) {
    const speech = { name: saying.text.slice(0, 100).trim(), description: null, ...saying }
    said[saidKey(saying)] = await addSpeech({ world, queue: voiceFiles.queue }, tx, emit, workspaceId, speech)
  }
  campaign.content = { ...content, said }
  await tx.query(
    sql`UPDATE campaign SET content = ${json(campaign.content)}::json
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  await tx.query(
    sql`INSERT INTO campaign_voice_file (workspace_id, campaign_id, voice_file_id)
        SELECT ${workspaceId}::uuid, ${id}::uuid, f FROM unnest(${unsaid.map((saying) => said[saidKey(saying)]!)}::uuid[]) AS f
        ON CONFLICT DO NOTHING`,
  )
}
