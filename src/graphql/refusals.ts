/** Anything else never reaches the GraphQL server, which would take it for text. */
export function isParameters(body: unknown): boolean {
  if (Array.isArray(body)) return true // refused there, as a batch
  return typeof body === 'object' && body !== null && Object.keys(body).length > 0
}

export function badRequest(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 })
}

/** What Fastify refuses before GraphQL sees it, in the form of a GraphQL answer. */
export function refusedBody(error: unknown, maxBodyBytes: number) {
  const { statusCode: status = 500, message } = error as Error & { statusCode?: number }
  const answer = (code: string, text: string, more: object = {}) => ({
    status,
    result: { errors: [{ message: text, extensions: { code, retryable: status >= 500, ...more } }] },
  })
  if (status === 413) {
    return answer('PAYLOAD_TOO_LARGE', `The body is larger than ${maxBodyBytes} bytes.`, { limit: maxBodyBytes })
  }
  return status < 500 ? answer('BAD_REQUEST', message) : answer('INTERNAL_SERVER_ERROR', 'Something went wrong.')
}
