/** Lets `most` run at one time, the others in their order. */
export function gate(most: number): <T>(run: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = []
  let running = 0
  return async (run) => {
    if (running >= most) await new Promise<void>((go) => queue.push(go))
    else running++
    try {
      return await run()
    } finally {
      // Whoever is next takes over this place.
      const next = queue.shift()
      if (next) next()
      else running--
    }
  }
}
