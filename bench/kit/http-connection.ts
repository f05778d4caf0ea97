import { connect, type Socket } from 'node:net'

export interface Answer {
  status: number
  body: Buffer
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/**
 * One kept-alive HTTP connection with one request at a time, written on the bare socket: the client shares the machine
 * with what it measures, so it must cost as little as possible.
 */
export class HttpConnection {
  readonly #socket: Socket
  #parts: Buffer[] = []
  #received = 0
  #expected = -1
  #bodyStart = 0
  #resolve: ((answer: Answer) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#reject?.(error))
    socket.on('close', () => this.#reject?.(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new HttpConnection(socket)))
      socket.once('error', reject)
    })
  }

  /** `request` is a whole request as text. */
  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#socket.destroyed) return reject(new Error('the server has closed the connection'))
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#reject = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#parts.push(chunk)
    this.#received += chunk.length
    if (this.#expected < 0) {
      const whole = this.#whole()
      const end = whole.indexOf(HEAD_END)
      if (end < 0) return
      this.#bodyStart = end + HEAD_END.length
      const head = whole.toString('latin1', 0, end)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)
      // Without a length the body is chunked, and its end is looked for.
      this.#expected = length ? this.#bodyStart + Number(length[1]) : Number.POSITIVE_INFINITY
    }
    const isWhole =
      this.#expected === Number.POSITIVE_INFINITY
        ? chunk.length >= LAST_CHUNK.length
          ? chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
          : this.#whole().subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
        : this.#received >= this.#expected
    if (!isWhole) return
    const whole = this.#whole()
    const answer = { status: Number(whole.toString('latin1', 9, 12)), body: whole.subarray(this.#bodyStart) }
    if (this.#expected === Number.POSITIVE_INFINITY) answer.body = unchunk(answer.body)
    this.#parts = []
    this.#received = 0
    this.#expected = -1
    const resolve = this.#resolve
    this.#resolve = undefined
    this.#reject = undefined
    resolve?.(answer)
  }

  #whole(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)]
    return this.#parts[0]!
  }
}

function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, end), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

/** The text of a request. */
export function httpRequest(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): string {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all: Record<string, string> = {
    host: 'localhost',
    ...headers,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
}
