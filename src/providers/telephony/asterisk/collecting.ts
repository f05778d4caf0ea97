import { DigitCollector } from '../collector.ts'
import type { CollectOutcome, CommandResult } from '../telephony.ts'
import type { Activity, ActivityDeps, CollectCommand } from './activity.ts'
import { partsOf } from './parts.ts'
import { Sound } from './sound.ts'

/** A `collect` under way. Asterisk only tells of keys: what they amount to is known here, and nowhere else. */
export class Collecting implements Activity {
  readonly command: CollectCommand
  readonly sound: Sound
  readonly #deps: ActivityDeps
  readonly #collector: DigitCollector
  #deadline: NodeJS.Timeout | undefined

  constructor(command: CollectCommand, attempt: string, deps: ActivityDeps) {
    this.command = command
    this.#deps = deps
    this.#collector = new DigitCollector(command)
    this.sound = new Sound({
      ...deps,
      ...{ commandId: command.id, attempt, parts: partsOf(command.media) },
      isUnderWay: () => deps.isUnderWay(this),
      forget: () => deps.forget(this),
      played: () => {
        this.#collector.played(deps.now())
        this.#waitForDigit()
      },
      failed: (at) => this.#finish('failed', at),
    })
  }

  begin(): Promise<CommandResult> {
    return this.sound.goOn()
  }

  presses(digit: string, at: Date): void {
    this.sound.stop()
    this.sound.skip()
    const outcome = this.#collector.press(digit, this.#deps.now())
    if (outcome) this.#finish(outcome, at)
    else this.#waitForDigit()
  }

  stop(): void {
    this.sound.stop()
    this.#finish('stopped')
  }

  recover(): Promise<void> {
    return this.sound.recover()
  }

  rest(): void {
    this.sound.rest()
    clearTimeout(this.#deadline)
  }

  #waitForDigit(): void {
    const { deadline } = this.#collector
    this.rest()
    if (deadline === undefined) return
    this.#deadline = setTimeout(() => this.#finish('timeout'), deadline - this.#deps.now())
  }

  #finish(outcome: CollectOutcome, at?: Date): void {
    this.rest()
    const { digits } = this.#collector
    this.#deps.finished(this, { type: 'collected', commandId: this.command.id, outcome, digits }, at)
  }
}
