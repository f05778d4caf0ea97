import type { Logger } from '../../../platform/logger.ts'
import type { CallEvent, Ending } from '../telephony.ts'
import { EventStream } from './ari-events.ts'
import type { AriChannel, AriEvent } from './ari-types.ts'
import { Call, type CallDeps } from './call.ts'
import type { CallRecord } from './call-records.ts'
import { endingOf, NORMAL_CLEARING, notDialled, REJECTED } from './endings.ts'
import { type LiveCall, liveCallOf } from './live-call.ts'
import { commandIdIn } from './names.ts'

export interface SeatOptions extends CallDeps {
  app: string
  /** Of all our applications. */
  prefix: string
  holder: string
  pingMs: number
  logger: Pick<Logger, 'error' | 'warn'>
  /** Its live calls. */
  list(): Promise<LiveCall[]>
  recorded(callId: string): CallRecord | undefined
  publish(event: CallEvent): void
  /** What instant it was in Asterisk a moment ago. */
  heardAt(at: Date): void
  ended(callId: string, ending: Ending): void
  connected(): void
  disconnected(): void
  replaced(): void
  closed(): void
}

/** How many calls that are over are remembered as such, so that late news of them do not bring them back. */
const REMEMBERED = 1_000
/** Longer than a created call is tried to be dialled. */
const DIALLED_WITHIN_MS = 2_500

/** The calls of one seat, and what Asterisk says of them. */
export class Seat {
  readonly calls = new Map<string, Call>()
  readonly #options: SeatOptions
  readonly #stream: EventStream
  readonly #over = new Set<string>()
  #isLeft = false

  constructor(options: SeatOptions) {
    this.#options = options
    this.#stream = new EventStream({
      ...options,
      event: (event) => this.#hear(event),
      connected: () => this.#meet(),
      replaced: () => {
        this.#leave()
        options.replaced()
      },
    })
  }

  /** Whether it is listened to at this moment. */
  get stands(): boolean {
    return this.#stream.stands
  }

  /** A call of this seat is about to be made. */
  begin(id: string, to: string, maxDurationMs: number): Call {
    return this.#add({ id, to, maxDurationMs }, true)
  }

  forget(call: Call): void {
    call.over()
    this.calls.delete(call.id)
  }

  async close(): Promise<void> {
    this.#stream.close()
    this.#leave()
    this.#options.closed()
  }

  #leave(): void {
    this.#isLeft = true
    for (const call of this.calls.values()) call.over()
    this.calls.clear()
  }

  #add(call: { id: string; to: string; maxDurationMs: number }, isSole: boolean): Call {
    const { app, publish } = this.#options
    const added = new Call(this.#options, { ...call, app }, publish, isSole)
    this.calls.set(call.id, added)
    if (!isSole) this.#prove(added)
    return added
  }

  /** A process that died may have made a channel and not dialled it; one that lives does so within this time. */
  #prove(call: Call): void {
    const prove = () =>
      call.hangUpUnlessDialled().catch((error) => {
        this.#options.logger.warn({ err: error, callId: call.id }, 'a call that may never be dialled was not looked at')
      })
    setTimeout(() => void prove(), DIALLED_WITHIN_MS).unref()
  }

  /** Looks what became of its calls while nobody listened. */
  async #meet(): Promise<void> {
    const { list, recorded, connected } = this.#options
    const before = [...this.calls.values()]
    const live = await list()
    if (this.#isLeft) return
    const ids = new Set(live.map(({ callId }) => callId))
    for (const call of before) if (!ids.has(call.id) && call.isMade) this.forget(call)
    for (const { callId, to, maxDurationMs, stage, since } of live) {
      if (this.#over.has(callId)) continue
      const known = this.calls.get(callId)
      const call = known ?? this.#add({ id: callId, to, maxDurationMs }, false)
      if (!known && stage === 'dialling') call.metSilent()
      if (stage !== 'answered') call.stage = stage === 'ringing' ? 'ringing' : call.stage
      else call.answers(recorded(callId)?.answeredAt ?? since, known !== undefined)
    }
    await Promise.all([...this.calls.values()].map((call) => call.commands.recover()))
    if (!this.#isLeft) connected()
  }

  #hear(event: AriEvent): void {
    const at = new Date(event.timestamp)
    this.#options.heardAt(at)
    switch (event.type) {
      case 'StasisStart':
        this.#callOf(event.channel)?.enters()
        break
      case 'ChannelStateChange': {
        const call = this.#callOf(event.channel)
        if (event.channel.state === 'Up') call?.answers(at, true)
        else if (event.channel.state.startsWith('Ring')) call?.rings(at)
        break
      }
      case 'Dial': {
        const call = this.#callOf(event.peer)
        call?.dials()
        // A call with early media has no other ringing.
        if (event.dialstatus === 'RINGING' || event.dialstatus === 'PROGRESS') call?.rings(at)
        break
      }
      case 'ChannelDtmfReceived':
        this.#callOf(event.channel)?.presses(event.digit, at)
        break
      case 'ChannelHangupRequest':
        this.#callOf(event.channel)?.hangsUp()
        break
      case 'ChannelDestroyed':
        this.#end(event, at)
        break
      case 'PlaybackStarted':
        this.#targetOf(event.playback)?.commands.playbackStarts(event.playback.id, at)
        break
      case 'PlaybackContinuing':
        this.#targetOf(event.playback)?.commands.playbackContinues(event.playback.id, at)
        break
      case 'PlaybackFinished':
        this.#targetOf(event.playback)?.commands.playbackFinishes(event.playback, at)
        break
      case 'RecordingStarted':
      case 'RecordingFinished':
      case 'RecordingFailed': {
        const { recording } = event
        const call = this.#targetOf(recording)
        const commandId = call && commandIdIn(recording.name, call.id)
        if (commandId === undefined) break
        if (event.type === 'RecordingStarted') call?.commands.recordingStarts(commandId, at)
        else if (event.type === 'RecordingFinished') call?.commands.recordingEnds(commandId, at)
        else call?.commands.recordingFails(recording, commandId, at)
      }
    }
  }

  #end({ channel, cause, tech_cause: sip }: Extract<AriEvent, { type: 'ChannelDestroyed' }>, at: Date): void {
    const { recorded, ended, publish } = this.#options
    const call = this.calls.get(channel.id)
    if (this.#over.has(channel.id)) return
    this.#over.add(channel.id)
    if (this.#over.size > REMEMBERED) this.#over.delete(this.#over.values().next().value!)
    const wasAnswered = channel.state === 'Up'
    const answeredAt =
      call?.answeredAt ??
      (wasAnswered ? (recorded(channel.id)?.answeredAt ?? new Date(channel.creationtime)) : undefined)
    const rang = channel.state.startsWith('Ring') || call?.stage === 'ringing'
    const isCancelled = cause === NORMAL_CLEARING && !call?.isGivenUp
    const isUnheard = call?.wasNeverDialled || (cause === REJECTED && call?.isRejectedUnheard)
    const ending =
      isUnheard && !wasAnswered && !rang && !isCancelled
        ? notDialled(at)
        : endingOf({ at, answeredAt, rang, q850: cause, sip })
    if (call) this.forget(call)
    ended(channel.id, ending)
    publish({ type: 'ended', eventId: `${channel.id}.ended`, callId: channel.id, at, ...ending })
  }

  /** Of a channel that is new here: dialled by another process. Undefined when somebody else put it here. */
  #callOf(channel: AriChannel): Call | undefined {
    const known = this.calls.get(channel.id)
    if (known || this.#over.has(channel.id)) return known
    const live = liveCallOf(channel, this.#options.prefix)
    if (!live) return undefined
    return this.#add({ id: live.callId, to: live.to, maxDurationMs: live.maxDurationMs }, false)
  }

  #targetOf({ target_uri: uri }: { target_uri: string }): Call | undefined {
    return this.calls.get(uri.replace(/^channel:/, ''))
  }
}
