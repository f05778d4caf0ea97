const REMEMBERED = 10_000

/**
 * Runs `send` once for each id, as long as it is remembered; whoever comes later gets the first one's result. What was
 * refused was not sent, so it may be tried again.
 */
export function oncePerId<Result extends { outcome: string }>(
  most = REMEMBERED,
): (id: string, send: () => Promise<Result>) => Promise<Result> {
  const results = new Map<string, Promise<Result>>()
  const settled = new Set<string>()
  return (id, send) => {
    const earlier = results.get(id)
    if (earlier) return earlier
    const forget = () => {
      results.delete(id)
    }
    const sending = send().then(
      (result) => {
        if (result.outcome === 'refused') forget()
        else settled.add(id)
        // Only what is settled is forgotten: the oldest first.
        for (const oldest of settled) {
          if (settled.size <= most) break
          settled.delete(oldest)
          results.delete(oldest)
        }
        return result
      },
      (error) => {
        forget()
        throw error
      },
    )
    results.set(id, sending)
    return sending
  }
}
