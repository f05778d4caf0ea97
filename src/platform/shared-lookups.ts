/**
 * Lets calls with the same key that come while a lookup is under way share the next one: a frontend's server sends
 * many requests at once with one API key. Every call is answered by a lookup that began after it, so it sees all that
 * was committed before it.
 */
export function shareLookups<Value>(look: (key: string) => Promise<Value>): (key: string) => Promise<Value> {
  const running = new Map<string, { settled: Promise<unknown>; next?: Promise<Value> }>()

  function begin(key: string): Promise<Value> {
    const value = look(key)
    const entry: { settled: Promise<unknown>; next?: Promise<Value> } = {
      settled: value
        .catch(() => {})
        .then(() => {
          if (!entry.next) running.delete(key)
        }),
    }
    running.set(key, entry)
    return value
  }

  return (key) => {
    const entry = running.get(key)
    if (!entry) return begin(key)
    entry.next ??= entry.settled.then(() => begin(key))
    return entry.next
  }
}
