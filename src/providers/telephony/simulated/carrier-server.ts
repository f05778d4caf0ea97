import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { checkIds, type DialRequest } from '../telephony.ts'
import { acceleratedClock } from './accelerated-clock.ts'
import { Exchange } from './exchange.ts'
import { type Faults, NO_FAULTS } from './faults.ts'
import { type LedgerEntry, openLedger } from './ledger.ts'
import type { Population } from './population.ts'
import { Switchboard } from './switchboard.ts'
import { type CarrierFacts, REPLACED } from './wire.ts'

export interface CarrierOptions {
  /** 0 picks a free one. */
  port: number
  /** The file of its ledger; made when it is not there, continued when it is. */
  ledger: string
  people: Population
  faults?: Partial<Faults>
  lines: number
  /** How many times as fast as the wall's its clock runs. A ledger that is continued must be continued at its speed. */
  speed: number
  /** What its clock says when it begins (not when a ledger is continued), as ISO 8601; absent: the wall's time. */
  startsAt?: string
}

export interface RunningCarrier {
  url: string
  close(): Promise<void>
}

/**
 * The simulated carrier as a server of its own, on 127.0.0.1 and without authentication: what it calls does not exist.
 * Its ledger on disk outlives it and its clients. Begun anew on the same ledger, it still refuses ids that it has dialled
 * before, and the calls that were in progress have ended.
 *
 * `POST /calls`, `GET /calls`, `POST /reports`, `POST /calls/{id}/commands`, `GET|DELETE /recordings/{id}/{command}`,
 * `POST /counts`, `GET /carrier`, events over WebSocket at `/events?seat=&holder=`; for judges: `GET /ledger` (each call
 * that was dialled) and `GET /ledger/entries` (everything, refused requests included).
 */
export async function startCarrier(options: CarrierOptions): Promise<RunningCarrier> {
  const { people, lines, speed } = options
  const faults = { ...NO_FAULTS, ...options.faults }
  const ledger = openLedger(options.ledger)
  const entries: LedgerEntry[] = [...ledger.entries]
  const begun = entries.find((entry) => entry.what === 'started')
  const since = new Date(begun?.since ?? Date.now())
  const startsAt = new Date(begun?.startsAt ?? options.startsAt ?? since)
  const clock = acceleratedClock({ speed, since, startsAt })
  const now = () => clock.now().getTime()
  const write = (entry: LedgerEntry) => {
    ledger.append(entry)
    entries.push(entry)
  }
  write({ at: now(), what: 'started', since: since.getTime(), startsAt: startsAt.getTime() })

  const switchboard = new Switchboard({
    forgetful: faults.forgetful,
    onNewHolder: (seat) => exchange.forgetCollects(seat),
  })
  const exchange: Exchange = new Exchange({
    people,
    faults,
    lines,
    history: entries,
    onEntry: write,
    publish: (seat, event) => switchboard.publish(seat, event),
  })
  let timer: NodeJS.Timeout | undefined
  let closed = false
  /** Whatever is asked is asked after what is due by now has happened. */
  const run = () => {
    clearTimeout(timer)
    exchange.runDue(now())
    const next = exchange.nextDue()
    if (next !== undefined && !closed) timer = setTimeout(run, Math.max(0, (next - now()) / speed))
  }

  async function dial(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { dial: asked, deadline } = await body<{ dial: DialRequest; deadline: number }>(request)
    checkIds(asked.callId)
    const fault = exchange.nextDialFault(asked.to)
    if (fault.delayMs > 0) await sleep(fault.delayMs / speed)
    if (fault.lost === 'request' || closed) {
      response.destroy()
      return
    }
    if (Date.now() > deadline) {
      // The client has given up, and may have been told that this id was never heard of.
      answer(response, { outcome: 'refused', reason: 'provider_fault', detail: 'Too late.', retryAfterMs: 0 })
      return
    }
    run()
    const result = exchange.dial(asked, now())
    run()
    if (fault.lost === 'answer') response.destroy()
    else answer(response, result)
  }

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse, ids: string[]) => unknown> = {
    'GET carrier': (_, response) => answer(response, { lines, speed, since, startsAt } satisfies CarrierFacts),
    'POST calls': dial,
    'GET calls': (_, response) => answer(response, exchange.active()),
    async 'POST reports'(request, response) {
      const callIds = await body<string[]>(request)
      run()
      answer(
        response,
        callIds.map((callId) => exchange.report(callId) ?? { callId, state: 'never_heard' }),
      )
    },
    async 'POST commands'(request, response, [callId = '']) {
      const command = await body<Parameters<Exchange['command']>[1]>(request)
      checkIds(callId, command.id)
      run()
      const lost = exchange.nextCommandFault(callId, command.id)
      if (lost === 'request') return response.destroy()
      const result = exchange.command(callId, command, now())
      run()
      if (lost === 'answer') response.destroy()
      else answer(response, result)
    },
    'GET recordings'(_, response, [callId = '', commandId = '']) {
      const bytes = exchange.recording(callId, commandId)
      if (bytes) response.writeHead(200, { 'content-type': 'audio/wav' }).end(bytes)
      else response.writeHead(404).end()
    },
    'DELETE recordings'(_, response, [callId = '', commandId = '']) {
      exchange.discardRecording(callId, commandId, now())
      response.writeHead(204).end()
    },
    async 'POST counts'(request, response) {
      const numbers = await body<string[]>(request)
      answer(response, { people, lines, counts: numbers.map((number) => exchange.timesCalled(number)) })
    },
    'GET ledger': (_, response) => answer(response, exchange.calls()),
    'GET entries': (_, response) => answer(response, entries),
  }

  const server = createServer((request, response) => {
    const [, ...path] = new URL(request.url ?? '/', 'http://carrier').pathname.split('/')
    // `/calls/{id}/commands` and `/ledger/entries` are named by their last word, `/recordings/{id}/{command}` by its first.
    const name = path.length === 1 || path[0] === 'recordings' ? path[0] : path.at(-1)
    const route = routes[`${request.method} ${name}`]
    if (!route) {
      response.writeHead(404).end()
      return
    }
    const ids = path[0] === 'recordings' ? path.slice(1) : path.slice(1, -1)
    Promise.resolve(route(request, response, ids)).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' }).end(error.message)
    })
  })
  // Longer than clients keep a connection, so that none is closed under a request that is just being sent.
  server.keepAliveTimeout = 60_000

  const sockets = new WebSocketServer({ server, path: '/events' })
  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    const query = new URL(request.url ?? '/', 'http://carrier').searchParams
    const attached = switchboard.attach(query.get('seat') ?? '', query.get('holder') ?? '', {
      deliver: (n, event) => socket.send(JSON.stringify({ n, event })),
      replaced: () => socket.close(REPLACED, 'somebody else has taken the seat'),
    })
    socket.on('message', (data) => attached.done(Number(data.toString())))
    socket.on('close', () => attached.detach())
    // An error is followed by `close`.
    socket.on('error', () => {})
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      closed = true
      clearTimeout(timer)
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      ledger.close()
    },
  }
}

async function body<Value>(request: IncomingMessage): Promise<Value> {
  return JSON.parse(await text(request)) as Value
}

function answer(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
