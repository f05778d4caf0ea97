import { type Issue, ValidationError } from '../../platform/errors.ts'
import type { LinkRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { completeLocked, standingOf } from './complete-response.ts'
import { linkFull, lockSession, sessionResponse } from './open-session.ts'
import type { TokenSigner } from './tokens.ts'

/**
 * Completes a response. Every required question that is shown must be answered; answers to questions that ended up
 * hidden are removed. Submitting again changes nothing and succeeds, since the first answer may have been lost on its
 * way. Throws VALIDATION_FAILED (one issue per unanswered question, rule `required`, path `[fieldKey]`), NOT_FOUND,
 * LINK_DELETED, LINK_FULL.
 */
export async function submitResponse(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  { token }: { token: string },
): Promise<{ responseId: string }> {
  const found = await sessionResponse(world, signer, link, token)
  if (found.status === 'completed') return { responseId: found.id }
  const { workspace_id: workspaceId } = found
  const now = world.clock.now()
  return world.events.write(workspaceId, async (tx, emit) => {
    const response = await lockSession(tx, found.session_id)
    if (response.status === 'completed') return { responseId: response.id }
    const standing = await standingOf(tx, response)
    if (standing.missing.length > 0) throw new ValidationError(standing.missing as [Issue, ...Issue[]])
    if (!(await completeLocked(tx, emit, response, standing, now))) throw linkFull()
    return { responseId: response.id }
  })
}
