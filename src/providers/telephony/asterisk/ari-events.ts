import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Logger } from '../../../platform/logger.ts'
import { type AriClient, AriUnreachableError, complaintOf, jsonOf } from './ari-client.ts'
import { type AriEvent, WANTED } from './ari-types.ts'

export interface EventStreamOptions {
  ari: AriClient
  /** The Stasis application. */
  app: string
  /** Names this process: a listener that comes back must not take an application from who took it meanwhile. */
  holder: string
  logger: Pick<Logger, 'error' | 'warn'>
  /** How often the other side is asked whether it is still there. */
  pingMs: number
  event(event: AriEvent): void
  /** The connection stands, for the first time or again. It counts as gone when this rejects. */
  connected(): Promise<void>
  disconnected(): void
  replaced(): void
}

const FIRST_BACKOFF_MS = 50
const LONGEST_BACKOFF_MS = 2_000

/**
 * The events of one Stasis application, over a WebSocket that comes back by itself. In Asterisk the latest WebSocket of
 * an application has it; the one before it is told, stays open and hears nothing more.
 */
export class EventStream {
  readonly #options: EventStreamOptions
  readonly #gone = new AbortController()
  #socket: WebSocket | undefined
  #stands = false

  constructor(options: EventStreamOptions) {
    this.#options = options
    void this.#follow()
  }

  get stands(): boolean {
    return this.#stands
  }

  close(): void {
    this.#gone.abort()
    this.#socket?.terminate()
  }

  async #follow(): Promise<void> {
    const { logger, app, disconnected, replaced } = this.#options
    let backoff = FIRST_BACKOFF_MS
    // Once: whoever claims it after that is the newer holder, also before this one has ever stood.
    for (let isClaimed = false; !this.#gone.signal.aborted; ) {
      try {
        if (!(isClaimed ? await this.#isStillOurs() : await this.#claim())) {
          replaced()
          return
        }
        isClaimed = true
        const stood = await this.#listen()
        if (this.#gone.signal.aborted) return
        if (stood) {
          backoff = FIRST_BACKOFF_MS
          logger.warn({ app }, 'the connection to Asterisk is gone')
          disconnected()
        }
      } catch (error) {
        if (!this.#gone.signal.aborted) logger.warn({ err: error, app }, 'Asterisk cannot be listened to')
      }
      // Processes that lost the same Asterisk must not come back in step.
      const pause = backoff / 2 + (Math.random() * backoff) / 2
      await sleep(pause, undefined, { signal: this.#gone.signal }).catch(() => {})
      backoff = Math.min(2 * backoff, LONGEST_BACKOFF_MS)
    }
  }

  /** Resolves when the connection is gone, with whether it ever stood; never when another has taken the application. */
  #listen(): Promise<boolean> {
    const { ari, app, event, connected, pingMs, logger, replaced } = this.#options
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(ari.eventsUrl(app), {
        headers: { authorization: ari.authorization },
        handshakeTimeout: pingMs,
      })
      this.#socket = socket
      let heard = true
      let stood = false
      const pings = setInterval(() => {
        // Half-open: nothing came since the last ping, not even its answer.
        if (!heard) socket.terminate()
        heard = false
        if (socket.readyState === WebSocket.OPEN) socket.ping()
      }, pingMs)
      socket.on('open', async () => {
        try {
          await this.#filter()
          await connected()
          stood = socket.readyState === WebSocket.OPEN
          this.#stands = stood
        } catch (error) {
          logger.warn({ err: error, app }, 'Asterisk was left again')
          socket.terminate()
        }
      })
      socket.on('pong', () => {
        heard = true
      })
      socket.on('message', (data) => {
        heard = true
        const told = JSON.parse(data.toString()) as AriEvent
        if (told.type === 'ApplicationReplaced') {
          this.close()
          replaced()
        } else event(told)
      })
      let failure: Error | undefined
      socket.on('error', (error) => {
        failure = error
      })
      socket.on('close', () => {
        clearInterval(pings)
        this.#stands = false
        if (failure && !stood) reject(failure)
        else resolve(stood)
      })
    })
  }

  async #filter(): Promise<void> {
    const { ari, app } = this.#options
    const answer = await ari.request('PUT', `/applications/${encodeURIComponent(app)}/eventFilter`, {
      allowed: WANTED.map((type) => ({ type })),
    })
    if (answer.status !== 200) throw new AriUnreachableError(complaintOf(answer), false, {})
  }

  async #claim(): Promise<boolean> {
    const { ari, holder } = this.#options
    const answer = await ari.request('POST', `/asterisk/variable`, { variable: this.#mark, value: holder })
    if (answer.status !== 204) throw new AriUnreachableError(complaintOf(answer), false, {})
    return true
  }

  async #isStillOurs(): Promise<boolean> {
    const { ari, holder } = this.#options
    const answer = await ari.request('GET', `/asterisk/variable?${new URLSearchParams({ variable: this.#mark })}`)
    if (answer.status !== 200) throw new AriUnreachableError(complaintOf(answer), false, {})
    const { value } = jsonOf<{ value?: string }>(answer)
    if (value === holder) return true
    // Asterisk has been started anew, and nobody has come before us.
    return !value && this.#claim()
  }

  /** A global variable of Asterisk that names the holder of the application. */
  get #mark(): string {
    return `SAYGRAPH_HOLDER_${this.#options.app}`
  }
}
