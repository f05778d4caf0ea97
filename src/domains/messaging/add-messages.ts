import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { type AddOptions, addedBy, type MessagingDeps } from './add-message.ts'
import type { Entry } from './entry.ts'
import type { AddedMessage, MessageInput } from './input.ts'
import { parseMessage, refusalOf } from './parse-message.ts'

/** What became of one of several messages; paths in errors are those of the message alone. */
export type MessageResult = { ok: AddedMessage; error?: undefined } | { ok?: undefined; error: ExpectedError }

/** How many messages one call takes. */
export const MAX_MESSAGES_AT_ONCE = 10_000

/**
 * Adds messages in one transaction, in their order; those that are refused are left out. Throws INSUFFICIENT_SCOPE
 * (`messages:write`), IDEMPOTENCY_CONFLICT, and VALIDATION_FAILED when there are more than MAX_MESSAGES_AT_ONCE.
 */
export async function addMessages(
  { world, writer }: MessagingDeps,
  viewer: Viewer,
  inputs: readonly MessageInput[],
  { idempotencyKey }: AddOptions = {},
): Promise<MessageResult[]> {
  requireScope(viewer, 'messages:write')
  if (inputs.length > MAX_MESSAGES_AT_ONCE) {
    const message = `must be at most ${MAX_MESSAGES_AT_ONCE}`
    throw new ValidationError([{ path: ['messages'], rule: 'too_long', message }])
  }
  const now = world.clock.now()
  const entries: Entry[] = []
  const parsed = inputs.map((input) => {
    try {
      return entries.push(parseMessage(input, now)) - 1
    } catch (error) {
      return refusalOf(error)
    }
  })
  const outcomes =
    idempotencyKey === undefined || idempotencyKey === null
      ? await writer.write(viewer.workspaceId, entries)
      : await writer.writeOnce(viewer.workspaceId, entries, {
          ...{ key: idempotencyKey, operation: 'addMessages', input: inputs },
        })
  return parsed.map((one) => {
    if (one instanceof ExpectedError) return { error: one }
    const outcome = outcomes[one]!
    return outcome.ok ? { ok: addedBy(outcome) } : { error: outcome.error }
  })
}
