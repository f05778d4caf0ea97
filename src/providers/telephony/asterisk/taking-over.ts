import type { CommandResult } from '../telephony.ts'
import type { Activity, ActivityDeps, PlayCommand, RecordCommand } from './activity.ts'
import { ACCEPTED, GONE } from './channel.ts'
import { playbackId } from './names.ts'
import { readNote, stopNoted } from './note.ts'
import { partsOf } from './parts.ts'
import { Playing } from './playing.ts'
import { Recording } from './recording.ts'
import type { Told } from './told.ts'

export interface Found {
  /** Of the command that was looked for. */
  result: CommandResult
  /** It is under way, and followed by this from now on. */
  doing?: Playing | Recording
  /** It is over, and this is still to be told. */
  told?: Told
}

/**
 * Finds out what another process, or this one when it could not hear, has begun. Undefined: it is not `command`, or
 * nothing is left of it; what else was under way is stopped, and `command` is to be begun.
 */
export async function takeOver(command: Activity['command'], deps: ActivityDeps): Promise<Found | undefined> {
  const { channel, quietly } = deps
  const note = await readNote(channel)
  if (note === undefined) return { result: GONE }
  if (note.id === command.id) {
    if (command.kind === 'record') return findRecording(command, deps)
    if (command.kind === 'play') return findPlayback(command, note.attempt, deps)
  }
  // The digits of a collection are known to nobody any more.
  if (note.id !== '') await stopNoted(channel, note, quietly)
  else await channel.leaveBridge()
  return undefined
}

async function findRecording(command: RecordCommand, deps: ActivityDeps): Promise<Found | undefined> {
  const { channel, quietly, tellFound } = deps
  if (await channel.isRecording(command.id)) {
    return { result: ACCEPTED, doing: new Recording(command, deps, true) }
  }
  if (command.beep) quietly(channel.stopBeep(command.id))
  return (await tellFound(command.id)) ? { result: ACCEPTED } : undefined
}

async function findPlayback(command: PlayCommand, attempt: string, deps: ActivityDeps): Promise<Found | undefined> {
  const { channel } = deps
  const parts = partsOf(command.media)
  const isPlaying = await Promise.all(
    parts.map((_, n) => channel.isPlaying(playbackId(channel.id, command.id, attempt, n))),
  )
  const at = isPlaying.indexOf(true)
  if (at >= 0) return { result: ACCEPTED, doing: new Playing(command, attempt, deps, at) }
  // In a pause, perhaps: what may not have been heard is said again.
  if (parts.some((part) => 'silenceMs' in part)) return undefined
  return { result: ACCEPTED, told: { type: 'playback', commandId: command.id, outcome: 'finished' } }
}
