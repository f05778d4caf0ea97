/** What a `BoundedMap` holds, with the mark of its last round. */
interface Entry<Value> {
  value: Value
  used: boolean
}

/**
 * A map of at most `limit` entries, for what can be made again. When it is full, the oldest entry goes that was not
 * used since it was last looked at ("second chance"): nearly the least recently used one, while a hit costs no more than
 * setting a flag.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Entry<Value>>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.used = true
    return entry.value
  }

  set(key: Key, value: Value): void {
    while (this.#entries.size >= this.#limit) this.#evict()
    this.#entries.set(key, { value, used: false })
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key)
      if (!entry.used) return
      entry.used = false
      this.#entries.set(key, entry)
    }
  }
}
