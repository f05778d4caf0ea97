import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import type { Entry, Outcome } from './entry.ts'
import type { AddedMessage, MessageInput } from './input.ts'
import type { MessageWriter } from './message-writer.ts'
import { parseMessage } from './parse-message.ts'

export interface MessagingDeps {
  world: World
  writer: MessageWriter
}

export interface AddOptions {
  /** A repetition under the same key adds nothing and returns the same. */
  idempotencyKey?: string | null | undefined
}

/**
 * Adds a message to the pool; agents, channels, tags, teams and conversations come into being with it. Returns once it
 * is committed, with everything that is counted of it. Throws INSUFFICIENT_SCOPE (`messages:write`), VALIDATION_FAILED
 * (paths as in MessageInput), CONVERSATION_RESOLVED, MESSAGES_REDUCED, IDEMPOTENCY_CONFLICT.
 */
export async function addMessage(
  { world, writer }: MessagingDeps,
  viewer: Viewer,
  input: MessageInput,
  { idempotencyKey }: AddOptions = {},
): Promise<AddedMessage> {
  requireScope(viewer, 'messages:write')
  const entries: Entry[] = [parseMessage(input, world.clock.now())]
  const [outcome] =
    idempotencyKey === undefined || idempotencyKey === null
      ? await writer.write(viewer.workspaceId, entries)
      : await writer.writeOnce(viewer.workspaceId, entries, { key: idempotencyKey, operation: 'addMessage', input })
  return addedBy(outcome!)
}

/** Throws what an entry was refused for. */
export function addedBy(outcome: Outcome): AddedMessage {
  if (!outcome.ok) throw outcome.error
  return { id: outcome.id, threadId: outcome.threadId!, conversationId: outcome.conversationId }
}
