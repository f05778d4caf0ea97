export interface Due {
  cancel(): void
}

interface Entry {
  at: number
  order: number
  /** Undefined once cancelled. */
  run: (() => void) | undefined
}

/** What is to happen when. Of what is due at the same instant, what was planned first happens first. */
export class Timeline {
  readonly #heap: Entry[] = []
  #order = 0

  /** Plans `run` for the instant `at`, in milliseconds since the epoch. */
  plan(at: number, run: () => void): Due {
    const entry: Entry = { at, order: this.#order++, run }
    this.#heap.push(entry)
    this.#rise(this.#heap.length - 1)
    return {
      cancel() {
        entry.run = undefined
      },
    }
  }

  /** When the next thing is due; undefined when nothing is planned. */
  next(): number | undefined {
    while (this.#heap[0] && !this.#heap[0].run) this.#pop()
    return this.#heap[0]?.at
  }

  /** Does the one next thing that is due at `now` or before; says whether there was one. */
  runOne(now: number): boolean {
    const at = this.next()
    if (at === undefined || at > now) return false
    this.#pop().run?.()
    return true
  }

  #pop(): Entry {
    const top = this.#heap[0]!
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    return top
  }

  #rise(index: number): void {
    let at = index
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(this.#heap[at]!, this.#heap[parent]!)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(): void {
    let at = 0
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let least = at
      if (this.#heap[left] && before(this.#heap[left], this.#heap[least]!)) least = left
      if (this.#heap[right] && before(this.#heap[right], this.#heap[least]!)) least = right
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = entry
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
