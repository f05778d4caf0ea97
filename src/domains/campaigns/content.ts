import { z } from 'zod'
import type { Queryable } from '../../db/database.ts'
import type { Issue } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse, text } from '../../platform/validation.ts'
import { findLinkById } from '../links/index.ts'
import { speechText, voiceFileIds } from '../voice-files/index.ts'
import type { CampaignKind } from './deps.ts'
import {
  type Operations,
  operationsSchema,
  parseOperations,
  replaceVoiceFiles,
  saidTexts,
  voiceFileReferences,
} from './operations.ts'
import { refuse, unplayable } from './playable.ts'
import {
  type ClickToCallContent,
  clickToCallScript,
  operationsScript,
  RSVP_VOICE_FILE_TYPES,
  type RsvpContent,
  rsvpScript,
  type StepScript,
} from './script.ts'
import { LINK_PLACEHOLDER, prepareSurvey, surveySchema } from './survey/survey-content.ts'

/** The content of a VoiceBroadcast as it is stored. */
export interface BroadcastContent {
  /** Null: `text` is not of our vocabulary, and nobody is called (contract/multisender.md 5.4). */
  operations: Operations | null
  /** As a legacy client sent it; shown again letter by letter. */
  operationsText: string | null
  /** The voice file of each text that is said, by its key. */
  said: Readonly<Record<string, string>>
}

export interface SmsContent {
  message: string
  /** Null: the provider's default. */
  sender: string | null
  /** The survey whose personal address stands in place of `{link}`; null: the message is the same for all. */
  linkId: string | null
}

/** Most personal addresses are not longer; what one costs in the end is known when it is written. */
const LONG_ADDRESS = 'x'.repeat(120)

/** A message as long as it is likely to become. */
export function longText({ message, linkId }: SmsContent): string {
  return linkId === null ? message : message.replaceAll(LINK_PLACEHOLDER, LONG_ADDRESS)
}

export interface EmailContent {
  subject: string
  html: string | null
  text: string | null
  /** Null: the server's. */
  fromEmail: string | null
  fromName: string | null
}

/** What a campaign says or sends, as its maker gives it; the form depends on the kind. Voice files are named by UUID. */
export type CampaignContentInput = Record<string, unknown>

const voiceFileId = z.string()
const actionButtons = z
  .array(
    z.strictObject({
      button: z.string().regex(/^[0-9]$/, 'must be one digit'),
      action: z.enum(['accept', 'decline', 'opt_out']),
    }),
  )
  .min(1, 'needs at least one button')
  .superRefine((buttons, context) => {
    buttons.forEach(({ button }, index) => {
      if (buttons.findIndex((other) => other.button === button) === index) return
      context.addIssue({
        ...{ code: 'custom', path: [index, 'button'], params: { rule: 'duplicate' } },
        message: 'must be another one than those before',
      })
    })
  })

const MAX_MESSAGE = 1_600
const MAX_HTML = 500_000

const SCHEMAS = {
  rsvp: z.strictObject({
    voiceFiles: z
      .array(z.strictObject({ type: z.enum(RSVP_VOICE_FILE_TYPES), voiceFileId }))
      .min(1, 'needs at least one voice file')
      .superRefine((files, context) => {
        files.forEach(({ type }, index) => {
          if (files.findIndex((other) => other.type === type) === index) return
          context.addIssue({
            ...{ code: 'custom', path: [index, 'type'], params: { rule: 'duplicate' } },
            message: 'must be another one than those before',
          })
        })
      }),
    actionButtons,
  }),
  click_to_call: z.strictObject({ voiceFileId, actionButtons }),
  voice_broadcast: z.union([
    z.strictObject({ operationsText: text(100_000) }),
    z.strictObject({ operations: operationsSchema }),
  ]),
  sms_broadcast: z
    .strictObject({
      linkId: z
        .string()
        .nullish()
        .transform((value) => value ?? null),
      message: text(MAX_MESSAGE).refine((value) => value.trim() !== '', {
        params: { rule: 'too_short' },
        message: 'must not be blank',
      }),
      sender: line(20)
        .nullish()
        .transform((value) => value ?? null),
    })
    .refine(({ linkId, message }) => linkId === null || message.includes(LINK_PLACEHOLDER), {
      path: ['message'],
      params: { rule: 'no_link' },
      message: `must contain ${LINK_PLACEHOLDER}, where the person's own address goes`,
    }),
  email_broadcast: z
    .strictObject({
      subject: line(998).refine((value) => !/[\r\n]/.test(value), {
        params: { rule: 'one_line' },
        message: 'must be one line',
      }),
      html: text(MAX_HTML)
        .nullish()
        .transform((value) => value || null),
      text: text(MAX_HTML)
        .nullish()
        .transform((value) => value || null),
      fromEmail: z
        .email('must be an e-mail address')
        .nullish()
        .transform((value) => value ?? null),
      fromName: line(200)
        .nullish()
        .transform((value) => value ?? null),
    })
    .refine(({ html, text }) => html !== null || text !== null, {
      path: ['text'],
      params: { rule: 'required' },
      message: 'needs text or HTML',
    }),
  survey_calls: surveySchema,
} as const satisfies Record<CampaignKind, z.ZodType>

export interface PreparedContent {
  /** To be stored, but for what is said. */
  content: unknown
  /** Why nobody can be called with it; null: it is fine. */
  fault: string | null
  /** The survey that it asks. */
  linkId?: string
  /** Each once. */
  voiceFileIds: string[]
  /** What has to be spoken by a voice first. */
  sayings: { key: string; text: string; voice: string }[]
}

/**
 * Judges the content of a campaign. Throws VALIDATION_FAILED with paths below `at`; a voice file must be of the workspace
 * and ready (rules `unknown_voice_file`, `not_ready`), a voice one of `voices` (`unknown_option`).
 */
export async function prepareContent(
  db: Queryable,
  workspaceId: string,
  kind: CampaignKind,
  input: unknown,
  voices: readonly string[],
  at: readonly (string | number)[] = ['content'],
): Promise<PreparedContent> {
  const parsed = parse(SCHEMAS[kind], input, at)
  if (kind === 'sms_broadcast' || kind === 'email_broadcast') {
    const { linkId } = parsed as { linkId?: string | null }
    if (linkId != null) {
      const link = isUuid(linkId) ? await findLinkById(db, workspaceId, linkId) : undefined
      const message = 'must be a link of your workspace'
      if (!link || link.deleted_at !== null) refuse([{ path: [...at, 'linkId'], rule: 'unknown_link', message }])
      return { content: parsed, fault: null, linkId, voiceFileIds: [], sayings: [] }
    }
    return { content: parsed, fault: null, voiceFileIds: [], sayings: [] }
  }
  if (kind === 'survey_calls') {
    return prepareSurvey(db, workspaceId, parsed as z.output<typeof surveySchema>, voices, at)
  }
  if (kind !== 'voice_broadcast') {
    const content = parsed as RsvpContent | ClickToCallContent
    const references =
      'voiceFiles' in content
        ? content.voiceFiles.map((file, index) => ({
            id: file.voiceFileId,
            path: [...at, 'voiceFiles', index, 'voiceFileId'],
          }))
        : [{ id: content.voiceFileId, path: [...at, 'voiceFileId'] }]
    refuse(await unplayable(db, workspaceId, references))
    return { content, fault: null, voiceFileIds: distinct(references), sayings: [] }
  }
  const given = parsed as { operations: Operations } | { operationsText: string }
  const isText = 'operationsText' in given
  const operationsText = isText ? given.operationsText : null
  const read = isText ? parseOperations(given.operationsText) : { operations: given.operations }
  const base = [...at, isText ? 'operationsText' : 'operations']
  const unusable = (issues: readonly Issue[]): PreparedContent => ({
    content: { operations: null, operationsText, said: {} } satisfies BroadcastContent,
    fault: issues.map(({ path, message }) => `${['operations', ...path].join('.')}: ${message}`).join('; '),
    ...{ voiceFileIds: [], sayings: [] },
  })
  if ('unsupported' in read) return unusable(read.unsupported)
  const operations = await byUuid(db, workspaceId, read.operations)
  const references = voiceFileReferences(operations).map(({ voiceFileId: id, path }) => ({
    id,
    path: [...base, ...path],
  }))
  const sayings = saidTexts(operations)
  const issues = [
    ...(await unplayable(db, workspaceId, references)),
    ...sayings
      .filter(({ voice }) => !voices.includes(voice))
      .map(({ path }) => ({
        ...{ path: [...base, ...path, 'voice'], rule: 'unknown_option' },
        message: voices.length === 0 ? 'this server has no text to speech' : `must be one of ${voices.join(', ')}`,
      })),
  ]
  // A legacy client never learnt of our vocabulary: what it cannot mean is kept, and refused when it would be dialled.
  if (issues.length > 0 && isText) {
    return unusable(issues.map((issue) => ({ ...issue, path: issue.path.slice(base.length) })))
  }
  refuse(issues)
  return {
    content: { operations, operationsText, said: {} } satisfies BroadcastContent,
    fault: null,
    voiceFileIds: distinct(references),
    sayings: sayings.map(({ key, text: said, voice }) => ({ key, text: speechText.parse(said), voice })),
  }
}

/**
 * What calls of a campaign do, where its content alone decides (calls of a survey: `surveyOf`). Undefined for content
 * that cannot be used, and while nobody has said what is to be said.
 */
export function scriptOf(kind: CampaignKind, content: unknown): StepScript | undefined {
  switch (kind) {
    case 'rsvp':
      return rsvpScript(content as RsvpContent)
    case 'click_to_call':
      return clickToCallScript(content as ClickToCallContent)
    case 'voice_broadcast': {
      const { operations, said } = content as BroadcastContent
      return operations === null ? undefined : operationsScript(operations, new Map(Object.entries(said)))
    }
    default:
      return undefined
  }
}

/** The same with the voice files that are named by their numbers, as a legacy API shows them, named by UUID. */
async function byUuid(db: Queryable, workspaceId: string, operations: Operations): Promise<Operations> {
  const numbers = voiceFileReferences(operations).map(({ voiceFileId }) => Number(voiceFileId))
  const ids = await voiceFileIds(db, workspaceId, numbers)
  return ids.size === 0 ? operations : replaceVoiceFiles(operations, (id) => ids.get(Number(id)) ?? id)
}

function distinct(references: readonly { id: string }[]): string[] {
  return [...new Set(references.map(({ id }) => id))]
}
