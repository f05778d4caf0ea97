/** Numbers that only look random: the same ones for the same seed, on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 inclusive to 1 exclusive (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  /** Between both, small ones as often as large ones by their order of magnitude. */
  logUniform(least: number, greatest: number): number {
    return least * (greatest / least) ** this.next()
  }
}

/** Picks 0 most often, 1 half as often, 2 a third as often (Zipf's law with exponent 1). */
export function zipf(size: number): (random: Random) => number {
  const sums: number[] = []
  let total = 0
  for (let rank = 1; rank <= size; rank++) {
    total += 1 / rank
    sums.push(total)
  }
  return (random) => {
    const sought = random.next() * total
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle]! > sought) high = middle
      else low = middle + 1
    }
    return low
  }
}
