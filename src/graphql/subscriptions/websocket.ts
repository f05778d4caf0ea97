import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import { handleProtocols, makeServer } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { bearer } from '../../platform/bearer.ts'
import { ExpectedError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Context } from '../context.ts'
import { presentError } from '../errors.ts'
import type { Executor } from '../execution.ts'
import type { Connections } from './connections.ts'
import { drained } from './drained.ts'
import type { Hub, HubSubscription } from './hub.ts'

/** Close codes of our own, beside those of the graphql-transport-ws protocol. */
export const CLOSE_CODES = {
  /** No credential, a wrong one, or one that has ended. Clients should not retry with it. */
  UNAUTHENTICATED: 4401,
  /** The client does not read fast enough. It may connect again and continue from its last cursor. */
  SLOW_CONSUMER: 4480,
  /** The server is stopping. Clients should connect again. */
  RESTART: 1012,
  /** Not now: too many operations in this minute, or the server has trouble of its own. */
  TRY_AGAIN_LATER: 1013,
} as const

export interface WebSocketOptions {
  /** Origins whose pages may connect; requests without an Origin header are not from browsers and may always. */
  isAllowedOrigin(origin: string, request: IncomingMessage): boolean
  /** Bytes that may wait to be sent to one socket; the rest is read from the log again once they are sent. */
  maxBufferedBytes: number
  /** A socket whose reader takes in nothing for so long while so much waits is disconnected. Default 5 s. */
  stalledMs?: number
  /** The largest message that a client may send, in bytes. */
  maxMessageBytes: number
  /** How often sockets are pinged; one that has not answered by the next time is dropped. Default 15 s. */
  pingMs?: number
}

export interface WebSocketDeps {
  hub: Hub
  executor: Executor
  connections: Connections
  logger: Logger
  /** A context for the credential and the client's IP address. Throws UNAUTHENTICATED, RATE_LIMITED. */
  contextFor(credential: string, address: string | undefined): Promise<Context>
  /** The client's IP address, as its upgrade request tells it. */
  addressOf(request: IncomingMessage): string | undefined
  /** Parses and validates, with the caches and limits of the HTTP entrance. */
  prepare(payload: {
    query: string
    operationName?: string | null
    variables?: Record<string, unknown> | null
  }): ExecutionArgs | GraphQLError[]
}

const PATH = '/graphql'
const MAX_OPERATIONS = 100
const PING_MS = 15_000

interface Extra extends Record<PropertyKey, unknown> {
  socket: WebSocket
  credential: string
  address: string | undefined
}

/**
 * The graphql-transport-ws entrance. Subscription results take a lane of their own from the hub to the sockets: they
 * are written once per group of equal subscriptions and only framed per socket.
 */
export function attachWebSockets(server: Server, options: WebSocketOptions, deps: WebSocketDeps) {
  const { hub, executor, connections, logger, contextFor, addressOf, prepare } = deps
  const { maxBufferedBytes, stalledMs, pingMs = PING_MS } = options
  const sockets = new WebSocketServer({ noServer: true, maxPayload: options.maxMessageBytes, handleProtocols })
  const unanswered = new WeakSet<WebSocket>()

  const protocol = makeServer<Record<string, unknown>, Extra>({
    async onConnect(context) {
      const { socket, credential: header, address } = context.extra
      const credential = credentialOf(context.connectionParams) ?? header
      try {
        const { viewer } = await contextFor(credential, address)
        context.extra.credential = credential
        const forget = await connections.watch(
          viewer,
          () => contextFor(credential, address),
          (why) => socket.close(closeCode(why), why.message),
        )
        if (socket.readyState === socket.OPEN) socket.once('close', forget)
        else forget()
        return true
      } catch (error) {
        const known = error instanceof ExpectedError
        if (!known) logger.error({ err: error }, 'a socket could not be opened')
        socket.close(closeCode(error), known ? error.message : 'Try again later')
        return false
      }
    },
    async onSubscribe(context, id, payload) {
      try {
        if (Object.keys(context.subscriptions).length > MAX_OPERATIONS) {
          return [new GraphQLError(`More than ${MAX_OPERATIONS} operations at once on one socket.`)]
        }
        const args = prepare(payload)
        if (Array.isArray(args)) return args
        const { credential, address } = context.extra
        const contextValue = await contextFor(credential, address)
        return { ...args, contextValue, lane: { id, socket: context.extra.socket } } as ExecutionArgs
      } catch (error) {
        return [presentError(error, logger, id)]
      }
    },
    execute: (args) => executor.execute(args),
    subscribe: (args) => lane(args as ExecutionArgs & { lane: { id: string; socket: WebSocket } }),
    onError: (_context, _id, _payload, errors) => errors.map((error) => error.toJSON()),
  })

  /** Protocol-wise a stream that never yields, since the hub writes its messages; it ends when the hub fails. */
  async function lane({ lane: { id, socket }, ...args }: ExecutionArgs & { lane: { id: string; socket: WebSocket } }) {
    const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
    let ended = false
    let last: ExecutionResult | undefined
    let finish = () => {}
    let subscription: HubSubscription | undefined

    function end(result?: ExecutionResult): void {
      if (ended) return
      ended = true
      last = result
      subscription?.stop()
      finish()
    }

    try {
      subscription = await hub.subscribe(args, {
        next({ json }) {
          if (ended || socket.readyState !== socket.OPEN) return end()
          socket.send(`${head}${json}}`)
        },
        fail: (error) => end({ errors: [error] }),
        isFull: () => socket.bufferedAmount > maxBufferedBytes,
        ready: () =>
          drained(maxBufferedBytes / 2, {
            waiting: () => socket.bufferedAmount,
            isOpen: () => !ended && socket.readyState === socket.OPEN,
            onStalled() {
              socket.close(CLOSE_CODES.SLOW_CONSUMER, 'Slow consumer: continue from your last cursor')
              end()
            },
            stalledMs,
          }),
        isClosed: () => ended || socket.readyState !== socket.OPEN,
      })
      if (ended) subscription.stop()
    } catch (error) {
      return { errors: [error as GraphQLError] }
    }
    const stream: AsyncIterableIterator<ExecutionResult> = {
      async next() {
        if (!ended) {
          await new Promise<void>((resolve) => {
            finish = resolve
          })
        }
        const value = last
        last = undefined
        return value ? { done: false, value } : { done: true, value: undefined }
      },
      async return() {
        end()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => stream,
    }
    return stream
  }

  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'a socket failed'))
    socket.on('pong', () => unanswered.delete(socket))
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        // An operation is over for the protocol once its last message is on its way, since the client may use its id and
        // its place again as soon as it has that. Only where much waits already does its place wait for the reader.
        send(data) {
          if (socket.readyState !== socket.OPEN) return
          if (socket.bufferedAmount <= maxBufferedBytes) return socket.send(data)
          return new Promise((resolve, reject) => socket.send(data, (error) => (error ? reject(error) : resolve())))
        },
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) =>
          socket.on('message', (data) => {
            handle(String(data)).catch((error) => {
              logger.error({ err: error }, 'a socket message failed')
              socket.close(1011, 'Internal error')
            })
          }),
      },
      { socket, credential: bearer(request.headers.authorization) ?? '', address: addressOf(request) },
    )
    socket.once('close', (code, reason) => closed(code, String(reason)))
  })

  const ping = setInterval(() => {
    for (const socket of sockets.clients) {
      if (unanswered.has(socket)) socket.terminate()
      else {
        unanswered.add(socket)
        socket.ping()
      }
    }
  }, pingMs).unref()

  function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const path = request.url?.split('?', 1)[0]
    const { origin } = request.headers
    if (path !== PATH) refuse(stream, '404 Not Found')
    else if (origin !== undefined && !options.isAllowedOrigin(origin, request)) refuse(stream, '403 Forbidden')
    else sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request))
  }
  server.on('upgrade', upgrade)

  return {
    count: () => sockets.clients.size,
    /** Says goodbye to every socket; those that do not answer within `graceMs` are dropped. */
    async close(graceMs = 2_000): Promise<void> {
      server.off('upgrade', upgrade)
      clearInterval(ping)
      for (const socket of sockets.clients) socket.close(CLOSE_CODES.RESTART, 'Service restart')
      const gone = new Promise<void>((resolve) => sockets.close(() => resolve()))
      const deadline = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
      }, graceMs)
      await gone
      clearTimeout(deadline)
    },
  }
}

function closeCode(error: unknown): number {
  if (!(error instanceof ExpectedError)) return CLOSE_CODES.TRY_AGAIN_LATER
  if (error.code === 'UNAUTHENTICATED') return CLOSE_CODES.UNAUTHENTICATED
  return error.code === 'SHUTTING_DOWN' ? CLOSE_CODES.RESTART : CLOSE_CODES.TRY_AGAIN_LATER
}

/** `{ authorization: "Bearer …" }` as in the header, or `{ token: "…" }`. */
function credentialOf(params: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const { authorization, Authorization, token } = params ?? {}
  const header = authorization ?? Authorization
  if (typeof header === 'string') return bearer(header)
  return typeof token === 'string' ? token : undefined
}

function refuse(stream: Duplex, status: string): void {
  // Whoever has gone already must not take the process along.
  stream.on('error', () => {})
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
