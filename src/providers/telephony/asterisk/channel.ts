import type { CommandResult } from '../telephony.ts'
import { type AriAnswer, type AriClient, complaintOf, jsonOf } from './ari-client.ts'
import { beepId, recordingName } from './names.ts'

export const ACCEPTED: CommandResult = { outcome: 'accepted' }
export const GONE: CommandResult = { outcome: 'gone' }
export const NOT_ANSWERED: CommandResult = { outcome: 'not_answered' }

const BEEP = 'tone:1000/1000'

export interface RecordingRules {
  maxDurationSeconds: number
  maxSilenceSeconds: number
  terminateOn: 'none' | 'any' | '*' | '#'
}

/** What is said to Asterisk of one channel. Everything rejects with AriUnreachableError. */
export class Channel {
  readonly id: string
  readonly #ari: AriClient
  readonly #lobby: string

  /** @param lobby a bridge to leave the one in which Asterisk dials */
  constructor(id: string, { ari, lobby }: { ari: AriClient; lobby: string }) {
    this.id = id
    this.#ari = ari
    this.#lobby = lobby
  }

  async hangUp(): Promise<CommandResult> {
    return resultOf(await this.#ari.request('DELETE', `/channels/${this.id}`))
  }

  async setVariable(variable: string, value: string): Promise<CommandResult> {
    return resultOf(await this.#ari.request('POST', `/channels/${this.id}/variable`, { variable, value }))
  }

  /** Empty when it was never set; undefined when the channel is gone. */
  async variable(name: string): Promise<string | undefined> {
    const answer = await this.#ari.request('GET', `/channels/${this.id}/variable?variable=${name}`)
    if (answer.status === 404 && answer.bytes.includes('Channel')) return undefined
    return answer.status === 200 ? jsonOf<{ value: string }>(answer).value : ''
  }

  /** Undefined when the channel is gone, or Asterisk does not know the function. */
  async functionValue(name: string): Promise<string | undefined> {
    const answer = await this.#ari.request('GET', `/channels/${this.id}/variable?variable=${encodeURIComponent(name)}`)
    return answer.status === 200 ? jsonOf<{ value: string }>(answer).value : undefined
  }

  /** A channel that was dialled cannot be recorded in the bridge that Asterisk put it into. */
  async leaveBridge(): Promise<void> {
    const join = () => this.#ari.request('POST', `/bridges/${this.#lobby}/addChannel`, { channel: this.id })
    if ((await join()).status === 404) {
      // The first call of this Asterisk, or this one is gone.
      await this.#ari.request('POST', `/bridges/${this.#lobby}`, { type: 'holding', name: this.#lobby })
      await join()
    }
    await this.#ari.request('POST', `/bridges/${this.#lobby}/removeChannel`, { channel: this.id })
  }

  play(playbackId: string, media: string | readonly string[]): Promise<AriAnswer> {
    return this.#ari.request('POST', `/channels/${this.id}/play`, { media, playbackId })
  }

  stopPlayback(playbackId: string): Promise<AriAnswer> {
    return this.#ari.request('DELETE', `/playbacks/${playbackId}`)
  }

  async isPlaying(playbackId: string): Promise<boolean> {
    return (await this.#ari.request('GET', `/playbacks/${playbackId}`)).status === 200
  }

  /** A tone lasts until it is stopped. */
  beep(commandId: string): Promise<AriAnswer> {
    return this.play(beepId(this.id, commandId), BEEP)
  }

  stopBeep(commandId: string): Promise<AriAnswer> {
    return this.stopPlayback(beepId(this.id, commandId))
  }

  record(commandId: string, rules: RecordingRules): Promise<AriAnswer> {
    const fields = { name: recordingName(this.id, commandId), format: 'wav', ifExists: 'fail', ...rules }
    return this.#ari.request('POST', `/channels/${this.id}/record`, fields)
  }

  stopRecording(commandId: string): Promise<AriAnswer> {
    return this.#ari.request('POST', `/recordings/live/${recordingName(this.id, commandId)}/stop`)
  }

  async isRecording(commandId: string): Promise<boolean> {
    const path = `/recordings/live/${recordingName(this.id, commandId)}`
    return (await this.#ari.request('GET', path)).status === 200
  }

  /** The file of a recording that is over; undefined when there is none. */
  async recorded(commandId: string): Promise<Buffer | undefined> {
    const path = `/recordings/stored/${recordingName(this.id, commandId)}/file`
    const answer = await this.#ari.request('GET', path)
    return answer.status === 200 ? answer.bytes : undefined
  }
}

/** What an answer about a channel says of the command that it was asked for. */
export function resultOf(answer: AriAnswer): CommandResult {
  const { status } = answer
  if (status < 300) return ACCEPTED
  // 409: it has left the application, which is how it ends.
  if (status === 404 || status === 409) return GONE
  if (status === 412) return NOT_ANSWERED
  return { outcome: 'unknown', detail: complaintOf(answer) }
}
