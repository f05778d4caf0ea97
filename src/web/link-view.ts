import { type LinkRow, listQuestions, type QuestionRow } from '../domains/links/index.ts'
import { checkOpen } from '../domains/responses/index.ts'
import type { World } from '../domains/world.ts'
import { type ErrorCode, ExpectedError } from '../platform/errors.ts'

/** A link as anyone may see it (docs/public-api.md). */
export interface PublicLink {
  name: string
  description: string | null
  /** Whether it takes new sessions. */
  open: boolean
  /** Why it does not: LINK_PAUSED or LINK_FULL. */
  closed: ErrorCode | null
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
}

/** Throws LINK_DELETED. */
export async function publicLink(world: World, link: LinkRow): Promise<PublicLink> {
  const closed = closedBecause(link)
  const questions = await listQuestions(world.db, link.workspace_id, link.id)
  return {
    name: link.name,
    description: link.settings.description || null,
    open: closed === null,
    closed,
    questions: questions.map((question) => ({
      prompt: question.prompt,
      type: question.type,
      field_key: question.field_key,
      required: question.required,
      configuration: question.configuration,
      condition: question.condition,
      fallback_to_text: question.fallback_to_text,
    })),
  }
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
