/** Lets so many in at once; the others wait, in the order in which they came. */
export interface Turns {
  /** Runs `work` when it has its turn. Rejects with the signal's reason when that aborts before. */
  take<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
  /** How many wait for their turn. */
  waiting(): number
}

/** Those of one process. */
export function createTurns(atOnce: number): Turns {
  const line: (() => void)[] = []
  let inside = 0

  function enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (inside < atOnce) {
      inside++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const onTurn = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        line.splice(line.indexOf(onTurn), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      line.push(onTurn)
    })
  }

  function leave(): void {
    const next = line.shift()
    if (next) next()
    else inside--
  }

  return {
    async take(work, signal) {
      await enter(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
    waiting: () => line.length,
  }
}
