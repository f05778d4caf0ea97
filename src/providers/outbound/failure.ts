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
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') {
    return new OutboundFailure('protocol', `the headers of ${host}'s answer are too large`, status)
  }
  if (code.startsWith('HPE_') || (code === 'UND_ERR_SOCKET' && reason.startsWith('bad '))) {
    return new OutboundFailure('protocol', `what ${host} answered is not HTTP/1.1: ${reason}`, status)
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return new OutboundFailure('tls', `the encrypted connection to ${host} failed: ${reason}`, status)
  }
  if (code === 'ETIMEDOUT') {
    return new OutboundFailure('timeout', `the connection to ${host} went dead (ETIMEDOUT)`, status)
  }
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || syscall || code === 'ECONNRESET') {
    const when = status === undefined ? 'before it answered' : 'in the middle of its answer'
    return new OutboundFailure('reset', `${host} closed the connection ${when}`, status)
  }
  return error
}
