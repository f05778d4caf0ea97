/** The server understood and said no (docs/public-api.md). */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  /** What of the request was refused. */
  readonly path: readonly (string | number)[]
  readonly rule: string | undefined
  readonly issues: readonly { path: readonly (string | number)[]; rule: string }[]
  /** Seconds. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: unknown) {
    const error = (body as { error?: Partial<Refused> & { code?: string; message?: string } } | null)?.error
    super(error?.message ?? `status ${status}`)
    this.status = status
    this.code = error?.code ?? 'UNKNOWN'
    this.path = error?.path ?? []
    this.rule = error?.rule
    this.issues = error?.issues ?? []
    this.retryAfter = error?.retryAfter
  }

  /** Whether the same may succeed later. */
  get passes(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408
  }
}

/** Nothing came back: no network, no server, or too slow. */
export class Unreachable extends Error {}

const PATIENCE_MS = 20_000

export interface Answered {
  value: unknown
  upload: { fileName: string | null; mediaType: string; size: number } | null
  /** Whether a further question may still come of this answer. */
  probing?: 'pending' | 'settled' | null
}

export interface FollowUp {
  fieldKey: string
  /** The field key of the answer that it asks about. */
  follows: string
  number: number
  prompt: string
  /** BCP 47; null: not known. */
  language?: string | null
  type: string
  answered: boolean
}

export interface SessionView {
  status: 'started' | 'completed'
  answers: Record<string, Answered>
  followUps?: FollowUp[]
}

/** The calls of the public API below one link. */
export class Api {
  readonly base: string
  #token: string | undefined
  readonly #respondent: string | undefined
  readonly #begun: (token: string) => void
  #beginning: Promise<string> | undefined

  constructor(options: { base: string; token?: string; respondent?: string; begun: (token: string) => void }) {
    this.base = options.base
    this.#token = options.token
    this.#respondent = options.respondent
    this.#begun = options.begun
  }

  get hasSession(): boolean {
    return this.#token !== undefined
  }

  get token(): string | undefined {
    return this.#token
  }

  forget(): void {
    this.#token = undefined
  }

  /** What goes with every call of the session, which begins with the first one. */
  async headers(): Promise<Record<string, string>> {
    return { authorization: `Session ${this.#token ?? (await this.#begin())}` }
  }

  /** One session, however many answers are waiting for it. */
  #begin(): Promise<string> {
    this.#beginning ??= this.#send('POST', '/sessions', {}, { respondent: this.#respondent })
      .then((answer) => {
        const { session } = answer as { session: string }
        this.#token = session
        this.#begun(session)
        return session
      })
      .finally(() => {
        this.#beginning = undefined
      })
    return this.#beginning
  }

  async call<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer> {
    return (await this.#send(method, path, await this.headers(), body)) as Answer
  }

  session(): Promise<SessionView> {
    return this.call('GET', '/session')
  }

  /** What can be heard there; undefined when it cannot be had. Begins no session. */
  async sound(path: string, patienceMs: number): Promise<Blob | undefined> {
    try {
      const response = await fetch(this.base + path, {
        // The session by name: a cookie may be that of somebody else on this device, and frames have none.
        headers: this.hasSession ? await this.headers() : {},
        signal: AbortSignal.timeout(patienceMs),
      })
      return response.ok ? await response.blob() : undefined
    } catch {
      return undefined
    }
  }

  async #send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<unknown> {
    const isRaw = body instanceof Blob
    const type: Record<string, string> = body === undefined || isRaw ? {} : { 'content-type': 'application/json' }
    let response: Response
    let answer: unknown
    try {
      response = await fetch(this.base + path, {
        method,
        headers: { accept: 'application/json', ...type, ...headers },
        body: body === undefined ? undefined : isRaw ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      answer = await response.json().catch(() => null)
    } catch {
      throw new Unreachable()
    }
    if (!response.ok) throw new Refused(response.status, answer)
    return answer
  }
}

/** `/session/answers/{fieldKey}`. */
export function answerPath(key: string): string {
  return `/session/answers/${encodeURIComponent(key)}`
}
