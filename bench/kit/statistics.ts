/** A figure over several rounds. */
export interface Spread {
  median: number
  min: number
  max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/** Round by round: what ran in the same round ran on the same machine in the same mood. */
export function ratios(ours: readonly number[], theirs: readonly number[]): Spread {
  return spread(ours.map((value, round) => value / theirs[round]!))
}

/**
 * Runs the contenders in turns, A B C A B C, and returns what each measured, by name. The order is turned round every
 * second time, so that none always runs after the same neighbour.
 */
export async function interleave<Result>(
  rounds: number,
  contenders: Record<string, () => Promise<Result>>,
): Promise<Record<string, Result[]>> {
  const results: Record<string, Result[]> = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(contenders)
    if (round % 2 === 1) names.reverse()
    for (const name of names) results[name]!.push(await contenders[name]!())
  }
  return results
}
