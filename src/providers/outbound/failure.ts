/** What kept an answer from coming; stable words for whoever stores or shows them. */
export type Failure = 'timeout' | 'dns' | 'connect' | 'tls' | 'reset' | 'blocked' | 'redirect' | 'protocol'

/** The other side's doing. Its message is one line for an operator. */
export class OutboundFailure extends Error {
  override readonly name = 'OutboundFailure'
  readonly failure: Failure
  /** Of the answer that had begun, or of the redirect that led nowhere. */
  readonly status: number | undefined

  constructor(failure: Failure, message: string, status?: number) {
    super(oneLine(message))
    this.failure = failure
    this.status = status
  }
}

const MAX_MESSAGE = 500

/** Certificates and name servers are quoted in messages, and they may say anything. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_MESSAGE)
    .toWellFormed()
}

/** What the system tells about an error. */
export function factsOf(error: Error): { code: string; syscall: string | undefined; reason: string } {
  const { code = '', syscall, reason } = error as NodeJS.ErrnoException & { reason?: unknown }
  // OpenSSL's message is a trace; its reason is the sentence.
  return { code: String(code), syscall, reason: typeof reason === 'string' ? reason : error.message }
}

/** The failure behind an error of a connection that stood. Anything unknown is a defect and comes back as it is. */
export function failureOf(error: Error, host: string, status?: number): Error {
  if (error instanceof OutboundFailure) return error
  const { code, syscall, reason } = factsOf(error)
  const failed = (failure: Failure, message: string) => new OutboundFailure(failure, message, status)
  // A length that does not fit is a broken head while there is no status, and an early end afterwards.
  const misfit = code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return failed('protocol', `the headers of ${host}'s answer are too large`)
  if (isGarbage(error, code) || (misfit && status === undefined)) {
    return failed('protocol', `what ${host} answered is not HTTP/1.1: ${reason.match(/\((.+)\)$/)?.[1] ?? reason}`)
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return failed('tls', `the encrypted connection to ${host} failed: ${reason}`)
  }
  if (code === 'ETIMEDOUT') return failed('timeout', `the connection to ${host} went dead (ETIMEDOUT)`)
  if (misfit || syscall || code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || error.name === 'HTTPParserError') {
    return failed(
      'reset',
      `${host} closed the connection ${status ? 'in the middle of its answer' : 'before it answered'}`,
    )
  }
  return error
}

/** undici calls it a parser's error also when the end came too early, and a socket's when the answer made no sense. */
function isGarbage({ name, message }: Error, code: string): boolean {
  return name === 'HTTPParserError' ? !message.includes('EOF') : code === 'UND_ERR_SOCKET' && message.startsWith('bad ')
}
