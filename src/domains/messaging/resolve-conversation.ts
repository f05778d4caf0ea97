import { requireScope, type Viewer } from '../auth/index.ts'
import type { AddOptions, MessagingDeps } from './add-message.ts'
import type { ResolveInput } from './input.ts'
import { parseResolution } from './parse-message.ts'

/**
 * Resolves a conversation for good; its tags are added to the conversation. Returns its id. Throws INSUFFICIENT_SCOPE
 * (`messages:write`), VALIDATION_FAILED, NOT_FOUND (path `conversation`), CONVERSATION_RESOLVED when it was before,
 * MESSAGES_REDUCED, IDEMPOTENCY_CONFLICT.
 */
export async function resolveConversation(
  { world, writer }: MessagingDeps,
  viewer: Viewer,
  input: ResolveInput,
  { idempotencyKey }: AddOptions = {},
): Promise<string> {
  requireScope(viewer, 'messages:write')
  const entries = [parseResolution(input, world.clock.now())]
  const [outcome] =
    idempotencyKey === undefined || idempotencyKey === null
      ? await writer.write(viewer.workspaceId, entries)
      : await writer.writeOnce(viewer.workspaceId, entries, {
          ...{ key: idempotencyKey, operation: 'resolveConversation', input },
        })
  if (!outcome!.ok) throw outcome!.error
  return outcome!.id
}
