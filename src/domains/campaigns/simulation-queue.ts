/** Who waits to be called; the first by `before` comes first. Adding and taking cost the logarithm of the length. */
export class WaitingQueue<Item> {
  readonly #heap: Item[] = []
  readonly #before: (a: Item, b: Item) => boolean

  /** `before` is a total order: of two items, one is before the other. */
  constructor(before: (a: Item, b: Item) => boolean) {
    this.#before = before
  }

  get length(): number {
    return this.#heap.length
  }

  first(): Item | undefined {
    return this.#heap[0]
  }

  add(item: Item): void {
    let at = this.#heap.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(item, this.#heap[parent]!)) break
      this.#heap[at] = this.#heap[parent]!
      at = parent
    }
    this.#heap[at] = item
  }

  take(): Item | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (this.#heap.length > 0) this.#sink(last!)
    return first
  }

  /** Everybody, in no order; nobody waits any more. */
  clear(): Item[] {
    return this.#heap.splice(0)
  }

  #sink(item: Item): void {
    let at = 0
    for (;;) {
      let least = 2 * at + 1
      const right = least + 1
      if (least >= this.#heap.length) break
      if (right < this.#heap.length && this.#before(this.#heap[right]!, this.#heap[least]!)) least = right
      if (!this.#before(this.#heap[least]!, item)) break
      this.#heap[at] = this.#heap[least]!
      at = least
    }
    this.#heap[at] = item
  }
}
