import { type Api, answerPath, Refused, Unreachable } from './api.ts'
import type { Shelf, Take } from './shelf.ts'
import { abandon, sendFile } from './tus.ts'

/** How an answer stands with the server. */
export type Standing =
  | { state: 'none' }
  /** Kept on this device; `offline` when the last attempt found no server. */
  | { state: 'waiting'; offline: boolean }
  | { state: 'sending'; part: number }
  | { state: 'saved' }
  | { state: 'refused'; rule: string }

type Entry = ({ kind: 'value'; value: unknown } | { kind: 'take'; take: Take; blob: Blob }) & { abort: AbortController }

/** Seconds between attempts that found no server; the browser's word that it is online again comes sooner. */
const PAUSES = [2, 4, 8, 15]

/**
 * Carries answers to the server, each until the server has it or refuses it. What is given is kept on the device first.
 * Of several answers to one question only the last counts. Small answers do not wait for files.
 */
export class Outbox {
  readonly #api: Api
  readonly #shelf: Shelf
  readonly #changed: (key: string) => void
  /** The page can go no further: the link was closed, the response was submitted elsewhere. */
  readonly #stopped: (refused: Refused) => void
  readonly #entries = new Map<string, Entry>()
  readonly #standings = new Map<string, Standing>()
  readonly #busy = { value: false, take: false }
  #halted = false
  /** End the pauses between attempts. */
  readonly #wakers = new Set<() => void>()
  #settled: (() => void)[] = []

  constructor(options: {
    api: Api
    shelf: Shelf
    changed: (key: string) => void
    stopped: (refused: Refused) => void
  }) {
    this.#api = options.api
    this.#shelf = options.shelf
    this.#changed = options.changed
    this.#stopped = options.stopped
    addEventListener('online', () => this.#wake())
  }

  /** What a former visit left. */
  restore(values: ReadonlyMap<string, unknown>, takes: readonly { take: Take; blob: Blob }[]): void {
    for (const [key, value] of values) this.#add(key, { kind: 'value', value, abort: new AbortController() })
    for (const { take, blob } of takes) {
      if (take.whole) this.#add(take.key, { kind: 'take', take, blob, abort: new AbortController() })
    }
  }

  /** `undefined` takes the answer back. */
  async giveValue(key: string, value: unknown): Promise<void> {
    this.#drop(key)
    this.#add(key, { kind: 'value', value, abort: new AbortController() })
    await this.#shelf.putValue(key, value)
    await this.#shelf.removeTake(key)
  }

  /** The take and its pieces are on the shelf already. */
  async giveTake(take: Take, blob: Blob): Promise<void> {
    this.#drop(take.key)
    this.#add(take.key, { kind: 'take', take, blob, abort: new AbortController() })
    await this.#shelf.removeValue(take.key)
  }

  /** Forgets what has not gone yet, without a word to the server. */
  async forget(key: string): Promise<void> {
    this.#drop(key)
    this.#stand(key, { state: 'none' })
    // Both now: whoever forgets in order to begin anew puts the next thing there in a moment.
    await Promise.all([this.#shelf.removeValue(key), this.#shelf.removeTake(key)])
  }

  standing(key: string): Standing {
    return this.#standings.get(key) ?? { state: 'none' }
  }

  /** Whether everything that was given is with the server. */
  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  get isOffline(): boolean {
    return [...this.#standings.values()].some((standing) => standing.state === 'waiting' && standing.offline)
  }

  /** The files on their way, together: 0 to 1. */
  get progress(): number {
    let bytes = 0
    let sent = 0
    for (const [key, entry] of this.#entries) {
      if (entry.kind !== 'take') continue
      const standing = this.standing(key)
      bytes += entry.blob.size
      sent += standing.state === 'sending' ? entry.blob.size * standing.part : 0
    }
    return bytes === 0 ? 1 : sent / bytes
  }

  /** Resolves when nothing is left to send. */
  async emptied(): Promise<void> {
    while (!this.isEmpty) await new Promise<void>((resolve) => this.#settled.push(resolve))
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    this.#stand(key, { state: 'waiting', offline: false })
    this.#wake()
    void this.#work(entry.kind)
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    // Nobody waits for what is gone.
    this.#wake()
    entry.abort.abort()
    if (entry.kind === 'take' && entry.take.uploadUrl !== undefined) void abandon(this.#api, entry.take.uploadUrl)
  }

  #stand(key: string, standing: Standing): void {
    this.#standings.set(key, standing)
    this.#changed(key)
  }

  async #work(kind: Entry['kind']): Promise<void> {
    if (this.#busy[kind] || this.#halted) return
    this.#busy[kind] = true
    let failures = 0
    try {
      for (;;) {
        const next = [...this.#entries].find(([, entry]) => entry.kind === kind)
        if (!next || this.#halted) break
        const [key, entry] = next
        const pause = await this.#attempt(key, entry, PAUSES[Math.min(failures, PAUSES.length - 1)]!)
        failures = pause === 0 ? 0 : failures + 1
        if (pause > 0) await this.#pause(pause)
      }
    } finally {
      this.#busy[kind] = false
      for (const settle of this.#settled.splice(0)) settle()
    }
  }

  /** Tries once. Returns how many seconds to wait before the next attempt. */
  async #attempt(key: string, entry: Entry, pause: number): Promise<number> {
    const isCurrent = () => this.#entries.get(key) === entry
    this.#stand(key, { state: 'sending', part: 0 })
    try {
      if (entry.kind === 'value') await this.#sendValue(key, entry.value)
      else await this.#sendTake(entry, isCurrent)
      if (isCurrent()) await this.#finish(key, entry, { state: 'saved' })
      return 0
    } catch (error) {
      if (!isCurrent()) return 0
      if (error instanceof Unreachable) {
        this.#stand(key, { state: 'waiting', offline: true })
        return pause
      }
      if (!(error instanceof Refused)) {
        this.#stand(key, { state: 'waiting', offline: false })
        return pause
      }
      if (error.passes) {
        this.#stand(key, { state: 'waiting', offline: false })
        return error.retryAfter ?? pause
      }
      if (error.code === 'UPLOAD_REJECTED' || error.code === 'VALIDATION_FAILED') {
        await this.#finish(key, entry, { state: 'refused', rule: error.rule ?? error.issues[0]?.rule ?? 'invalid' })
        return 0
      }
      if (error.code === 'NOT_FOUND' && error.path[0] === 'fieldKey') {
        // This question alone is gone: deleted by the link's owner, or no longer asked about another answer.
        await this.#finish(key, entry, { state: 'none' })
        return 0
      }
      this.#halted = true
      this.#stopped(error)
      return 0
    }
  }

  async #sendValue(key: string, value: unknown): Promise<void> {
    const path = answerPath(key)
    if (value !== undefined) return void (await this.#api.call('PUT', path, { value }))
    // Nothing was ever answered: there is nothing to take back.
    if (this.#api.hasSession) await this.#api.call('DELETE', path)
  }

  #sendTake(entry: Entry & { kind: 'take' }, isCurrent: () => boolean): Promise<void> {
    const { take, blob, abort } = entry
    return sendFile(this.#api, {
      key: take.key,
      blob,
      name: take.name,
      url: take.uploadUrl,
      begun: async (url) => {
        take.uploadUrl = url
        if (isCurrent()) await this.#shelf.putTake(take)
      },
      progress: (part) => isCurrent() && this.#stand(take.key, { state: 'sending', part }),
      signal: abort.signal,
    })
  }

  async #finish(key: string, entry: Entry, standing: Standing): Promise<void> {
    this.#entries.delete(key)
    this.#stand(key, standing)
    if (entry.kind === 'value') await this.#shelf.removeValue(key)
    else await this.#shelf.removeTake(key)
  }

  #wake(): void {
    for (const wake of this.#wakers) wake()
  }

  #pause(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#wakers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, seconds * 1_000)
      this.#wakers.add(wake)
    })
  }
}
