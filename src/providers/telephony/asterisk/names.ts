/** Names that Asterisk keeps for us: made of call and command, so that any process finds them. */

export function recordingName(callId: string, commandId: string): string {
  return `${callId}.${commandId}`
}

/** Undefined for recordings of somebody else. */
export function commandIdIn(name: string, callId: string): string | undefined {
  return name.startsWith(`${callId}.`) ? name.slice(callId.length + 1) : undefined
}

/** A command that is begun anew, by another process, is another attempt. */
export function playbackId(callId: string, commandId: string, attempt: string, part: number): string {
  return `${callId}.${commandId}.${attempt}.${part}`
}

export function beepId(callId: string, commandId: string): string {
  return playbackId(callId, commandId, 'beep', 0)
}

/** Set of a channel before the request to dial it; the call records have it as well. */
export const DIALLED = { variable: 'CHANNEL(userfield)', value: 'saygraph-dialled' } as const
