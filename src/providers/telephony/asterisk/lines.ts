/** For how long a listing is believed without looking again. */
const FRESH_MS = 500
/** For how long Asterisk may list a call whose end it has told; on a busy machine some milliseconds. */
const LISTED_YET_MS = 1_000

/**
 * Which lines are taken, by whatever process of ours. Asterisk is asked at most every so often and once for all who want
 * to know, so that fifty calls at once cost one look; in between this process counts its own.
 */
export class Lines {
  readonly #lines: number
  readonly #list: () => Promise<string[]>
  readonly #now: () => number
  #taken = new Set<string>()
  #listedAt = Number.NEGATIVE_INFINITY
  /** Asterisk may not know of them yet. */
  readonly #dialling = new Set<string>()
  #listing: Promise<void> | undefined
  /** When, of the last ones: a listing may have them all the same. */
  readonly #freedAt = new Map<string, number>()

  /** @param list ids of the live calls of all our processes */
  constructor(lines: number, list: () => Promise<string[]>, now: () => number) {
    this.#lines = lines
    this.#list = list
    this.#now = now
  }

  /** Takes a line for a call, if there is one. Rejects as `list` does. */
  async take(callId: string): Promise<boolean> {
    if (this.#now() - this.#listedAt > FRESH_MS) await this.#look()
    if (this.#taken.size >= this.#lines) return false
    this.#taken.add(callId)
    this.#dialling.add(callId)
    // One that was refused may be dialled again.
    this.#freedAt.delete(callId)
    return true
  }

  /** Asterisk has the call now: it holds its line for as long as it is listed. */
  made(callId: string): void {
    this.#dialling.delete(callId)
  }

  /** The call is over, or was never made. */
  free(callId: string): void {
    this.#taken.delete(callId)
    this.#dialling.delete(callId)
    this.#freedAt.set(callId, this.#now())
  }

  #look(): Promise<void> {
    this.#listing ??= this.#lookNow().finally(() => {
      this.#listing = undefined
    })
    return this.#listing
  }

  async #lookNow(): Promise<void> {
    const at = this.#now()
    // One that is made while the answer is under way may be missing in it.
    const before = new Set(this.#dialling)
    for (const [id, freedAt] of this.#freedAt) if (at - freedAt > LISTED_YET_MS) this.#freedAt.delete(id)
    const ids = await this.#list()
    this.#taken = new Set([...ids, ...before, ...this.#dialling])
    for (const id of this.#freedAt.keys()) this.#taken.delete(id)
    this.#listedAt = at
  }
}
