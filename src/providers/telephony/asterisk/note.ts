import type { CommandResult } from '../telephony.ts'
import type { Channel } from './channel.ts'
import { playbackId } from './names.ts'

/**
 * What a call is told to do, kept in a variable of its channel for whoever takes it over: as `ID KIND ATTEMPT PARTS`.
 */
export interface Note {
  /** Of the command; empty when there was none. */
  id: string
  kind: string
  attempt: string
  /** How many parts it has, when it is something that is played. */
  parts: number
}

const VARIABLE = 'SAYGRAPH_COMMAND'

/** Before what it says is begun: behind something that is played, Asterisk lets the request wait. */
export function writeNote(channel: Channel, { id, kind, attempt, parts }: Note): Promise<CommandResult> {
  return channel.setVariable(VARIABLE, `${id} ${kind} ${attempt} ${parts}`)
}

/** The last command; undefined when the call is gone. */
export async function readNote(channel: Channel): Promise<Note | undefined> {
  const text = await channel.variable(VARIABLE)
  if (text === undefined) return undefined
  const [id = '', kind = '', attempt = '', parts = '0'] = text.split(' ')
  return { id, kind, attempt, parts: Number(parts) }
}

/** Stops whatever another process has begun. `quietly`: for what nobody waits for. */
export async function stopNoted(
  channel: Channel,
  { id, kind, attempt, parts }: Note,
  quietly: (work: Promise<unknown>) => void,
): Promise<void> {
  if (kind === 'record') {
    quietly(channel.stopBeep(id))
    await channel.stopRecording(id)
    return
  }
  const ids = Array.from({ length: parts }, (_, n) => playbackId(channel.id, id, attempt, n))
  await Promise.all(ids.map((one) => channel.stopPlayback(one)))
}
