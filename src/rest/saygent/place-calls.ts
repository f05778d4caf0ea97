import type { Viewer } from '../../domains/auth/index.ts'
import { type CalledRespondent, callRespondents } from '../../domains/campaigns/index.ts'
import { ExpectedError, type Issue, ValidationError } from '../../platform/errors.ts'
import type { SaygentDeps } from './deps.ts'
import type { Messages } from './entries.ts'
import { SURVEY_INVALID } from './words.ts'

/** What came of a respondent who was to be called; `messages` when the survey cannot be asked by phone at all. */
export type Placed = CalledRespondent | { messages: Messages }

/** Has respondents called, each survey by itself, so that one that cannot be asked keeps no other back. */
export async function placeCalls(
  { campaigns }: Pick<SaygentDeps, 'campaigns'>,
  viewer: Viewer,
  respondents: readonly { id: string; linkId: string }[],
): Promise<Map<string, Placed>> {
  const placed = new Map<string, Placed>()
  for (const ofLink of Map.groupBy(respondents, ({ linkId }) => linkId).values()) {
    const respondentIds = [...new Set(ofLink.map(({ id }) => id))]
    try {
      for (const each of await callRespondents(campaigns, viewer, { respondentIds }))
        placed.set(each.respondentId, each)
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error
      for (const id of respondentIds) placed.set(id, { messages: messagesOf(error) })
    }
  }
  return placed
}

function messagesOf(error: ExpectedError): Messages {
  return error instanceof ValidationError ? reasonOf(error.issues) : { request: error.message }
}

/** Why respondents cannot be called, in the words of this API. */
export function reasonOf(issues: readonly Issue[]): Messages {
  const { path, rule, message } = issues[0]!
  if (rule === 'link_deleted') return { survey_id: SURVEY_INVALID }
  if (path.includes('respondentIds')) return { respondent_ids: `Respondent ids ${message}` }
  return { survey_id: rule === 'unknown_link' ? SURVEY_INVALID : `Survey ${message}` }
}
