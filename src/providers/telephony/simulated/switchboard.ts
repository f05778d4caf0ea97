import type { CallEvent } from '../telephony.ts'

/** Who hears of a seat's calls. */
export interface Post {
  /** `n` names the delivery, for `done`. */
  deliver(n: number, event: CallEvent): void
  replaced(): void
}

interface Seat {
  post: Post | undefined
  /** The process that listened last: a listener that comes back is not another one. */
  holder: string | undefined
  /** Delivered or not, but never acknowledged; in the order in which they arrived. */
  open: Map<number, CallEvent>
}

export interface Attached {
  /** The delivery has been dealt with and need not be repeated. */
  done(n: number): void
  detach(): void
}

/** How much is kept for a seat that nobody listens to. */
const KEPT = 50_000

/** Brings events to those who listen, and keeps for the next listener what was not acknowledged. */
export class Switchboard {
  readonly #seats = new Map<string, Seat>()
  readonly #forgetful: boolean
  readonly #onNewHolder: (seat: string) => void
  #n = 0

  constructor(options: { forgetful: boolean; onNewHolder: (seat: string) => void }) {
    this.#forgetful = options.forgetful
    this.#onNewHolder = options.onNewHolder
  }

  publish(name: string, event: CallEvent): void {
    const seat = this.#seat(name)
    if (!seat.post && this.#forgetful) return
    const n = ++this.#n
    seat.open.set(n, event)
    if (seat.open.size > KEPT) seat.open.delete(seat.open.keys().next().value!)
    seat.post?.deliver(n, event)
  }

  /** Takes the seat from whoever has it, and is told at once what was not acknowledged. */
  attach(name: string, holder: string, post: Post): Attached {
    const seat = this.#seat(name)
    seat.post?.replaced()
    if (this.#forgetful) seat.open.clear()
    if (seat.holder !== undefined && seat.holder !== holder) this.#onNewHolder(name)
    seat.post = post
    seat.holder = holder
    for (const [n, event] of [...seat.open]) post.deliver(n, event)
    return {
      done: (n) => seat.open.delete(n),
      detach() {
        if (seat.post === post) seat.post = undefined
      },
    }
  }

  #seat(name: string): Seat {
    let seat = this.#seats.get(name)
    if (!seat) {
      seat = { post: undefined, holder: undefined, open: new Map() }
      this.#seats.set(name, seat)
    }
    return seat
  }
}
