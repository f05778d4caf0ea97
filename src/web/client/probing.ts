import type { Api, FollowUp } from './api.ts'

/** Seconds between two looks; together a minute: a busy server may be late, and the person further by then. */
const PAUSES = [0.7, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 16]

/**
 * Waits for what becomes of answers (by field key) that may bring up a further question. Resolves with all follow-ups of the session
 * when that is settled; undefined when it takes too long or the server cannot be asked: then there is none.
 */
export async function followUpsOf(
  api: Api,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<FollowUp[] | undefined> {
  for (const pause of PAUSES) {
    await new Promise((resolve) => setTimeout(resolve, pause * 1_000))
    if (signal.aborted) return undefined
    try {
      const { answers, followUps = [] } = await api.session()
      if (keys.every((key) => answers[key]?.probing !== 'pending')) return followUps
    } catch {
      return undefined
    }
  }
  return undefined
}
