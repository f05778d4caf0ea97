import type { IncomingHttpHeaders } from 'node:http'
import { WebSocket } from 'ws'
import { until } from '../kit/world.ts'

export interface Result {
  data?: Record<string, any> | null
  errors?: { message: string; extensions?: Record<string, any> }[]
}

export interface Message {
  type: string
  id?: string
  payload?: any
}

export const EVENTS = 'subscription Events($after: String) { events(after: $after) { cursor type payload } }'

/** The place that a cursor names, which only tests look into. */
export function positionOf(cursor: string): number {
  const position = /^e1:[0-9a-f-]{36}:(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]
  if (position === undefined) throw new Error(`not a cursor: ${cursor}`)
  return Number(position)
}

export function socketUrl(server: URL | string): string {
  return new URL('/graphql', server).href.replace(/^http/, 'ws')
}

export interface Socket {
  ws: WebSocket
  messages: Message[]
  /** How it was closed by the server; undefined while open. */
  closed(): { code: number; reason: string } | undefined
  whenClosed(): Promise<{ code: number; reason: string }>
  send(message: Message): void
  /** Sends `connection_init` and waits for the answer. */
  init(payload?: object): Promise<void>
  /** Starts an operation; its results are collected. */
  run(query: string, variables?: object, id?: string): Operation
}

export interface Operation {
  results: Result[]
  /** The payload of an `error` message. */
  refused(): Result['errors']
  completed(): boolean
  complete(): void
}

/** A socket at the level of the protocol, to see what a client library would hide. */
export async function openSocket(
  server: URL | string,
  { protocol = 'graphql-transport-ws', headers = {} }: { protocol?: string; headers?: Record<string, string> } = {},
): Promise<Socket> {
  const ws = new WebSocket(socketUrl(server), protocol, { headers })
  const messages: Message[] = []
  const operations = new Map<string, { results: Result[]; refused?: Result['errors']; completed: boolean }>()
  let closed: { code: number; reason: string } | undefined
  let count = 0
  ws.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    messages.push(message)
    const operation = operations.get(message.id ?? '')
    if (message.type === 'next') operation?.results.push(message.payload)
    if (message.type === 'error' && operation) operation.refused = message.payload
    if (message.type === 'complete' && operation) operation.completed = true
  })
  ws.on('close', (code, reason) => {
    closed = { code, reason: String(reason) }
  })
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })
  ws.on('error', () => {})
  const send = (message: Message) => ws.send(JSON.stringify(message))
  return {
    ws,
    messages,
    closed: () => closed,
    async whenClosed() {
      await until(() => closed !== undefined, 'the socket is closed')
      return closed!
    },
    send,
    async init(payload) {
      send({ type: 'connection_init', payload })
      await until(() => closed !== undefined || messages.some(({ type }) => type === 'connection_ack'), 'an answer')
      if (closed) throw new Error(`closed with ${closed.code} ${closed.reason}`)
    },
    run(query, variables = {}, id = `operation-${++count}`) {
      const operation = { results: [] as Result[], refused: undefined as Result['errors'], completed: false }
      operations.set(id, operation)
      send({ type: 'subscribe', id, payload: { query, variables } })
      return {
        results: operation.results,
        refused: () => operation.refused,
        completed: () => operation.completed,
        complete: () => send({ type: 'complete', id }),
      }
    },
  }
}

/** An open socket of this key. */
export async function connect(server: URL | string, key: string): Promise<Socket> {
  const socket = await openSocket(server)
  await socket.init({ authorization: `Bearer ${key}` })
  return socket
}

export interface Stream {
  status: number
  results: Result[]
  /** The stream has ended: with `complete`, or because the connection did. */
  ended(): 'complete' | 'cut' | undefined
  abort(): void
}

/** A subscription by SSE. */
export async function openStream(
  server: URL | string,
  key: string | null,
  query: string,
  variables: object = {},
): Promise<Stream> {
  const controller = new AbortController()
  const response = await fetch(new URL('/graphql', server), {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ query, variables }),
    signal: controller.signal,
  })
  const results: Result[] = []
  let ended: 'complete' | 'cut' | undefined
  void read()
  return { status: response.status, results, ended: () => ended, abort: () => controller.abort() }

  async function read(): Promise<void> {
    let text = ''
    let complete = false
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk
        const blocks = text.split('\n\n')
        text = blocks.pop()!
        for (const block of blocks) {
          if (block.startsWith('event: complete')) complete = true
          const data = /^data: (.+)$/m.exec(block)?.[1]
          if (data) results.push(JSON.parse(data))
        }
      }
    } catch {
      // Cut off, by either side.
    }
    ended = complete ? 'complete' : 'cut'
  }
}

/** The status with which the server refuses an upgrade. */
export async function refusedUpgrade(
  server: URL | string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  const ws = new WebSocket(socketUrl(server).replace('/graphql', path), 'graphql-transport-ws', { headers })
  return new Promise((resolve, reject) => {
    ws.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve({ status: response.statusCode!, headers: response.headers })
    })
    ws.once('open', () => {
      ws.close()
      reject(new Error('the upgrade was not refused'))
    })
    ws.on('error', reject)
  })
}
