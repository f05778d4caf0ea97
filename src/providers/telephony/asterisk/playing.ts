import type { CallEvent, CommandResult } from '../telephony.ts'
import type { Activity, ActivityDeps, PlayCommand } from './activity.ts'
import { partsOf } from './parts.ts'
import { Sound } from './sound.ts'

/** A `play` under way. */
export class Playing implements Activity {
  readonly command: PlayCommand
  readonly sound: Sound
  readonly #deps: ActivityDeps

  /** @param at the part that another process has come to */
  constructor(command: PlayCommand, attempt: string, deps: ActivityDeps, at = 0) {
    this.command = command
    this.#deps = deps
    this.sound = new Sound({
      ...deps,
      ...{ commandId: command.id, attempt, parts: partsOf(command.media), at },
      isUnderWay: () => deps.isUnderWay(this),
      forget: () => deps.forget(this),
      played: () => this.#finish('finished'),
      failed: (failedAt) => this.#finish('failed', failedAt),
    })
  }

  begin(): Promise<CommandResult> {
    return this.sound.goOn()
  }

  presses(digit: string, at: Date): void {
    const { interruptedBy } = this.command
    if (interruptedBy !== undefined && !interruptedBy.includes(digit)) return
    this.sound.stop()
    this.#finish('interrupted', at)
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
  }

  #finish(outcome: Extract<CallEvent, { type: 'playback' }>['outcome'], at?: Date): void {
    this.rest()
    this.#deps.finished(this, { type: 'playback', commandId: this.command.id, outcome }, at)
  }
}
