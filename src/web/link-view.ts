import { type LinkRow, listQuestions, probingOf, type QuestionRow } from '../domains/links/index.ts'
import { checkOpen } from '../domains/responses/index.ts'
import { type ErrorCode, ExpectedError } from '../platform/errors.ts'
import type { WebDeps } from './deps.ts'

/** A link as anyone may see it (docs/public-api.md). */
export interface PublicLink {
  name: string
  description: string | null
  /** BCP 47: what it is written in; null: nobody said. */
  language: string | null
  /** Whether it takes new sessions. */
  open: boolean
  /** Why it does not: LINK_PAUSED or LINK_FULL. */
  closed: ErrorCode | null
  /** Whether questions can be heard. */
  tts: boolean
  /** Whether what is said can be shown while it is recorded. */
  liveTranscription: boolean
  /** What whoever has submitted is told; null: the link does not say. */
  thankYouMessage: string | null
  /** Where they go then. */
  redirectUrl: string | null
  questions: PublicQuestion[]
}

/** The names are those of the link's owner API (contract/sayify.md 6.1), since configuration and condition are, too. */
export interface PublicQuestion {
  prompt: string
  type: QuestionRow['type']
  field_key: string
  required: boolean
  configuration: QuestionRow['configuration']
  condition: QuestionRow['condition']
  fallback_to_text: boolean
  /** Whether an unclear answer may be asked about. */
  enable_dynamic_probing: boolean
}

/** Throws LINK_DELETED. */
export async function publicLink(
  { world, speech, transcription }: Pick<WebDeps, 'world' | 'speech' | 'transcription'>,
  link: LinkRow,
): Promise<PublicLink> {
  const closed = closedBecause(link)
  const questions = await listQuestions(world.db, link.workspace_id, link.id)
  const { settings } = link
  return {
    name: link.name,
    description: settings.description || null,
    language: link.language,
    open: closed === null,
    closed,
    tts: settings.tts_enabled === true && speech.voices().length > 0,
    liveTranscription: transcribesLive(transcription, link),
    thankYouMessage: settings.thankYouMessage || null,
    redirectUrl: settings.redirectUrl || null,
    questions: questions.map((question) => ({
      prompt: question.prompt,
      type: question.type,
      field_key: question.field_key,
      required: question.required,
      configuration: question.configuration,
      condition: question.condition,
      fallback_to_text: question.fallback_to_text,
      enable_dynamic_probing: probingOf(question) !== null,
    })),
  }
}

/** Whether what is said is shown while it is recorded: the link wants it, and the server can. */
export function transcribesLive({ isAvailable, isLive }: WebDeps['transcription'], { settings }: LinkRow): boolean {
  return settings.live_transcription === true && isAvailable && isLive
}

/** Null for a link that takes new sessions. Throws LINK_DELETED. */
export function closedBecause(link: LinkRow): ErrorCode | null {
  try {
    checkOpen(link)
    return null
  } catch (error) {
    if (error instanceof ExpectedError && error.code !== 'LINK_DELETED') return error.code
    throw error
  }
}
