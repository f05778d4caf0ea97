import { ExpectedError } from '../platform/errors.ts'

/**
 * A place in one workspace's event log, as text that clients keep and give back. It names the workspace, so that a
 * cursor of another workspace is as good as any other nonsense.
 */
export function encodeEventCursor(workspaceId: string, position: number): string {
  return Buffer.from(`e1:${workspaceId}:${position}`).toString('base64url')
}

/** The position that `cursor` names. Throws INVALID_CURSOR for anything that `encodeEventCursor` did not make. */
export function decodeEventCursor(workspaceId: string, cursor: string): number {
  const match = /^e1:([0-9a-f-]{36}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString())
  const position = Number(match?.[2])
  // Decoding is lenient, so the text itself is compared: a position has one cursor and no other spelling.
  if (match?.[1] !== workspaceId || encodeEventCursor(workspaceId, position) !== cursor) throw invalidEventCursor()
  return position
}

export function invalidEventCursor(): ExpectedError {
  return new ExpectedError('INVALID_CURSOR', 'This is not a cursor of your event log.', { path: ['after'] })
}
