import type { Logger } from '../../../platform/logger.ts'
import type { CallEvent, Command, CommandResult, Stage } from '../telephony.ts'
import type { AriClient } from './ari-client.ts'
import { Channel, GONE } from './channel.ts'
import { Commands } from './commands.ts'
import { DIALLED } from './names.ts'
import { eventOf, type Told } from './told.ts'

export interface CallDeps {
  ari: AriClient
  logger: Pick<Logger, 'warn'>
  /** Milliseconds by Asterisk's clock, as far as it is known. */
  now(): number
  /** A bridge to leave the one in which Asterisk dials. */
  lobby: string
}

const OVERTIME_MS = 2_000
/** How long a call that is just being dialled is waited for to be hung up. */
const MADE_WITHIN_MS = 1_000

/** One call in Asterisk, from being asked for to its end. What is done in it once it is answered is up to its commands. */
export class Call {
  readonly id: string
  readonly app: string
  readonly to: string
  readonly maxDurationMs: number
  /** What is done in it, and what Asterisk tells of that. */
  readonly commands: Commands
  stage: Stage = 'dialling'
  answeredAt: Date | undefined
  /** Whether Asterisk has it, as far as is known. */
  isMade: boolean
  readonly #deps: CallDeps
  readonly #channel: Channel
  readonly #publish: (event: CallEvent) => void
  readonly #isBegunHere: boolean
  readonly #entered = Promise.withResolvers<void>()
  #isHangingUp = false
  #isOver = false
  #isGivenUp = false
  #isDialled = false
  /** It was silent when this process took it over. */
  #wasMetSilent = false
  #end: NodeJS.Timeout | undefined

  /** @param isBegunHere whether this process is making it just now, and no other has told it to do anything */
  constructor(
    deps: CallDeps,
    call: { id: string; app: string; to: string; maxDurationMs: number },
    publish: (event: CallEvent) => void,
    isBegunHere: boolean,
  ) {
    this.#deps = deps
    this.id = call.id
    this.app = call.app
    this.to = call.to
    this.maxDurationMs = call.maxDurationMs
    this.isMade = !isBegunHere
    this.#channel = new Channel(call.id, deps)
    this.#publish = publish
    this.#isBegunHere = isBegunHere
    this.commands = new Commands(
      { channel: this.#channel, now: deps.now, quietly: (work) => this.#quietly(work), publish, call: this },
      isBegunHere,
    )
  }

  /** Rejects with AriUnreachableError. */
  command(command: Command): Promise<CommandResult> {
    // Nothing may hold up the end of a call.
    return command.kind === 'hangUp' ? this.#hangUp() : this.commands.give(command)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isHangingUp(): boolean {
    return this.#isHangingUp
  }

  /** Whether nobody waits for it any more. */
  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /**
   * Whether no phone can have rung, at its end: Asterisk then says what it says of a refusal. Who began the call can
   * tell, and who found that nobody was going to dial it.
   */
  get wasNeverDialled(): boolean {
    return (this.#isBegunHere || this.#isGivenUp) && !this.#isDialled && this.stage === 'dialling'
  }

  /** Another process began it, and was gone long enough for a phone to say something; none had. */
  metSilent(): void {
    this.#wasMetSilent = true
  }

  /**
   * Whether a rejection of it is Asterisk's own: of a channel that nobody dialled. A phone would have said so before this
   * process took the call over.
   */
  get isRejectedUnheard(): boolean {
    return this.#wasMetSilent && this.stage === 'dialling'
  }

  /** Of a call that another process began: unless that has dialled it by now, nobody will, and it is hung up. */
  async hangUpUnlessDialled(): Promise<void> {
    if (this.#isOver || this.#isDialled || this.stage !== 'dialling') return
    if ((await this.#channel.functionValue(DIALLED.variable)) !== '') return
    this.giveUp()
    await this.#hangUp()
  }

  /** Its channel may come into being although the request was given up. Nobody dials it then, and no phone rings. */
  giveUp(): void {
    this.#isGivenUp = true
  }

  /** Resolves when it is in its application, or after so long. */
  async entered(atMostMs: number): Promise<void> {
    await Promise.race([this.#entered.promise, new Promise((resolve) => setTimeout(resolve, atMostMs))])
  }

  // What Asterisk tells of the channel.

  enters(): void {
    this.isMade = true
    this.#entered.resolve()
    if (this.#isGivenUp) this.#quietly(this.#hangUp())
  }

  dials(): void {
    this.#isDialled = true
  }

  rings(at: Date): void {
    if (this.stage !== 'dialling' || this.#isOver) return
    this.stage = 'ringing'
    this.#tell('ringing', at, { type: 'ringing' })
  }

  /** `isNews`: it was heard, not found out. */
  answers(at: Date, isNews: boolean): void {
    if (this.stage === 'answered' || this.#isOver) return
    this.stage = 'answered'
    this.answeredAt = at
    const settled = this.#settleIn(isNews)
    // Of a call that was taken over it may wait behind what is under way, which is to be followed meanwhile.
    if (isNews) this.commands.ready = settled
    // Asterisk ends it by itself; this is for an Asterisk without func_timeout.
    if (this.maxDurationMs > 0) {
      this.#end = setTimeout(() => this.#quietly(this.#hangUp()), this.maxDurationMs + OVERTIME_MS)
    }
    if (isNews) this.#tell('answered', at, { type: 'answered' })
  }

  presses(digit: string, at: Date): void {
    this.#tell(`key.${at.getTime()}.${digit}`, at, { type: 'keypress', digit })
    this.commands.presses(digit, at)
  }

  hangsUp(): void {
    this.#isHangingUp = true
  }

  /** It has ended: nothing more happens by itself. */
  over(): void {
    this.#isOver = true
    clearTimeout(this.#end)
    this.commands.over()
  }

  async #hangUp(): Promise<CommandResult> {
    if (this.#isOver) return GONE
    if (!this.isMade) await this.entered(MADE_WITHIN_MS)
    return this.#channel.hangUp()
  }

  /** Takes the call out of the bridge in which it was dialled, and sets its end. */
  async #settleIn(isNews: boolean): Promise<void> {
    const { logger, now } = this.#deps
    const elapsed = Math.max(0, now() - (this.answeredAt?.getTime() ?? now()))
    const left = Math.max(1, this.maxDurationMs - elapsed) / 1_000
    try {
      await Promise.all([
        // Without a known duration it keeps the limit of a call that was not answered.
        this.maxDurationMs > 0 && this.#channel.setVariable('TIMEOUT(absolute)', left.toFixed(3)),
        isNews ? this.#channel.leaveBridge() : undefined,
      ])
    } catch (error) {
      // Looked after once more before its first command.
      if (isNews) this.commands.isSole = false
      logger.warn({ err: error, callId: this.id }, 'an answered call could not be prepared')
    }
  }

  #tell(name: string, at: Date, told: Told): void {
    this.#publish(eventOf(this.id, name, at, told))
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error) => {
      this.#deps.logger.warn({ err: error, callId: this.id }, 'Asterisk could not be told something')
    })
  }
}
