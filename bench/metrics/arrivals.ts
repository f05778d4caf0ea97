/** What has a moment of its own, handed out by that moment, and of one moment in the order in which it came in. */
export class Arrivals<Item> {
  readonly #heap: { at: number; n: number; item: Item }[] = []
  #count = 0

  add(at: number, item: Item): void {
    const heap = this.#heap
    const added = { at, n: this.#count++, item }
    let place = heap.length
    heap.push(added)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(added, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = added
  }

  /** The next one, when its moment is before `limit`. */
  takeBefore(limit: number): Item | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.at >= limit) return undefined
    const last = heap.pop()!
    if (heap.length > 0) {
      let place = 0
      for (;;) {
        let child = 2 * place + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
        if (!isBefore(heap[child]!, last)) break
        heap[place] = heap[child]!
        place = child
      }
      heap[place] = last
    }
    return first.item
  }
}

function isBefore(a: { at: number; n: number }, b: { at: number; n: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.n < b.n)
}
