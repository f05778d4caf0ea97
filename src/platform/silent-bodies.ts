import type { IncomingMessage, Server } from 'node:http'

/**
 * Ends requests whose body stops arriving for `limitMs`: with 408, or by closing the connection when an answer has
 * begun. Without it whoever announces a body and sends nothing holds a socket, and what the body is written to, until
 * they go. How long a body takes in all is no matter here, nor is time during which the server itself does not read.
 */
export function endSilentBodies(server: Server, limitMs: number): void {
  server.on('request', (request, response) => {
    if (!announcesBody(request)) return
    // Node looks after the silence of the socket, and asks the request while it is incomplete, the response later.
    request.setTimeout(limitMs, () => {
      // The body has bytes that nobody has taken: it is the server that waits.
      if (request.readableLength > 0) request.socket.setTimeout(limitMs)
      else if (response.headersSent) request.socket.destroy()
      else server.emit('clientError', new SilentBodyError(), request.socket)
    })
    // Without this Node would end an answer that takes its time.
    response.on('timeout', () => {})
  })
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Answered as Node's own time limits are. */
class SilentBodyError extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT'

  constructor() {
    super('the body of a request stopped arriving')
  }
}
