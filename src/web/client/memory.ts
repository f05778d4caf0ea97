/** What is remembered of a page between two visits: small, and gone after the submission. */
export interface Remembered {
  /** The session, for browsers that keep no cookies and for tabs that were closed. */
  token?: string
  /** The field key of the question that was looked at. */
  at?: string
}

const PREFIX = 'saygraph:'

/** Storage that is full, forbidden or absent is no reason to stop: the page then forgets when it is closed. */
export class Memory {
  readonly #name: string

  constructor(owner: string) {
    this.#name = PREFIX + owner
  }

  read(): Remembered {
    try {
      return JSON.parse(localStorage.getItem(this.#name) ?? '{}') as Remembered
    } catch {
      return {}
    }
  }

  write(change: Remembered): void {
    try {
      localStorage.setItem(this.#name, JSON.stringify({ ...this.read(), ...change }))
    } catch {}
  }

  clear(): void {
    try {
      localStorage.removeItem(this.#name)
    } catch {}
  }
}
