import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
  /** The place of this request among all that arrived, from 0. */
  n: number
}

export interface Receiver {
  url: string
  requests: Received[]
  /** How many requests are being answered, and the most that ever were. */
  open(): number
  peak(): number
  close(): Promise<void>
}

/** What a receiver does with a request; the default answers 204. */
export type Answer = (request: Received, response: ServerResponse) => void | Promise<void>

/** A real HTTP server that keeps all that it is sent; closed when the file is done. */
export async function startReceiver(
  answer: Answer = (_, response) => void response.writeHead(204).end(),
  tls?: { key: string; cert: string },
): Promise<Receiver> {
  const requests: Received[] = []
  let open = 0
  let peak = 0
  const listener: RequestListener = async (incoming, response) => {
    open++
    peak = Math.max(peak, open)
    response.once('close', () => open--)
    let body = ''
    incoming.setEncoding('utf8')
    try {
      for await (const chunk of incoming) body += chunk
    } catch {
      return // the sender died in the middle
    }
    const request = { path: incoming.url ?? '', headers: incoming.headers, body, n: requests.length }
    requests.push(request)
    await answer(request, response)
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  afterAll(close)
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    open: () => open,
    peak: () => peak,
    close,
  }
}
