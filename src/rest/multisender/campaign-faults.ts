import { type Issue, ValidationError } from '../../platform/errors.ts'

/** What the domain calls the fields of campaigns, and what this API does. */
export const CAMPAIGN_NAMES = {
  contactId: 'accountId',
  listId: 'groupId',
  maxAttempts: 'maxRedials',
  operationsText: 'operations',
  html: 'messageHtml',
  text: 'messageText',
} as const

const MESSAGES: Readonly<Record<string, string>> = {
  unknown_contact: 'must be an account of yours',
  unknown_list: 'must be a group of yours',
  unknown_voice_file: 'must be a voice file of yours',
}

/** Runs `attempt` and tells what is wrong as this API would: what the domain calls content is no level of its bodies. */
export async function inItsWords<Result>(attempt: () => Promise<Result>): Promise<Result> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const issues = error.issues.map(({ path, rule, message }) => {
      const at = path[0] === 'content' ? path.slice(1) : path
      // Neither of two, so that none of them by itself is required.
      if (at[0] === 'text' && rule === 'required') {
        return { path: at, rule: 'exactly_one', message: 'or messageHtml must be given' }
      }
      return { path: at, rule, message: MESSAGES[rule] ?? message }
    })
    throw new ValidationError(issues as unknown as [Issue, ...Issue[]])
  }
}
