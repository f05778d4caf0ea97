import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { parseAllow } from '../../platform/address-rules.ts'
import type { Resolve } from './connector.ts'
import { createOutbound, type Outbound, type OutboundOptions } from './outbound.ts'

/** A real server on a free port of 127.0.0.1, gone with the test. */
export interface TestServer {
  port: number
  /** `http://127.0.0.1:PORT`. */
  url: string
  /** Every connection that was ever made, by its socket. */
  sockets: Socket[]
}

async function listening(server: Server, protocol: string, host = '127.0.0.1'): Promise<TestServer> {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `${protocol}://127.0.0.1:${port}`, sockets }
}

export const httpServer = (listener: RequestListener, host?: string) =>
  listening(createHttpServer(listener), 'http', host)

/** Handshakes that a client breaks off are the test's business, not errors of the server. */
export const httpsServer = (options: ServerOptions, listener: RequestListener) =>
  listening(
    createHttpsServer(options, listener).on('tlsClientError', () => {}),
    'https',
  )

/** What happens to a connection as soon as its first bytes have come. */
export const rawServer = (onRequest: (socket: Socket) => void) =>
  listening(
    createServer((socket) => socket.once('data', () => onRequest(socket))),
    'http',
  )

/** Answers 200 with what it was sent. */
export const echo: RequestListener = async (request, response) => {
  const body = await text(request)
  response.end(JSON.stringify({ method: request.method, path: request.url, headers: request.headers, body }))
}

/** A sender that may reach 127.0.0.1 unless told otherwise. */
export function testOutbound({
  allow = '127.0.0.1',
  ...options
}: Partial<Omit<OutboundOptions, 'allow'>> & { allow?: string } = {}): Outbound {
  const outbound = createOutbound({ allow: parseAllow(allow).rules, timeoutMs: 10_000, ...options })
  onTestFinished(() => outbound.close())
  return outbound
}

/** A resolver that knows these names, and counts who was looked up. */
export function names(addresses: Record<string, string>): Resolve & { looked: string[] } {
  const looked: string[] = []
  const resolve: Resolve = async (host) => {
    looked.push(host)
    const address = addresses[host] ?? addresses['*']
    return address ? [{ address, family: 4 }] : []
  }
  return Object.assign(resolve, { looked })
}

/** The addresses of a name at its nth query, counted for each type from 0. */
export type Zone = (name: string, type: 'A' | 'AAAA', nth: number) => readonly string[] | 'no such name' | 'silence'

const TYPES = new Map([
  [1, 'A'],
  [28, 'AAAA'],
] as const)

/** A DNS server on UDP, and a resolver that asks it and nobody else. */
export async function dnsServer(zone: Zone): Promise<{ server: string; queries: string[]; resolve: Resolve }> {
  const queries: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const code = query.readUInt16BE(at + 1)
    const type = TYPES.get(code as 1 | 28)!
    const asked = `${type} ${labels.join('.')}`
    const answer = zone(labels.join('.'), type, queries.filter((earlier) => earlier === asked).length)
    queries.push(asked)
    if (answer === 'silence') return
    const addresses = answer === 'no such name' ? [] : answer
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(answer === 'no such name' ? 0x8183 : 0x8180, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(addresses.length, 6)
    const records = addresses.map((address) => {
      const data = bytesOf(address)
      // A pointer to the question's name, type, class IN, no time to live, length.
      return Buffer.concat([Buffer.from([0xc0, 12, 0, code, 0, 1, 0, 0, 0, 0, 0, data.length]), data])
    })
    socket.send(Buffer.concat([header, query.subarray(12, at + 5), ...records]), from.port, from.address)
  })
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
  const resolver = new Resolver({ timeout: 60_000, tries: 1 })
  const server = `127.0.0.1:${socket.address().port}`
  resolver.setServers([server])
  onTestFinished(() => {
    resolver.cancel()
    socket.close()
  })
  const ask = async (family: 4 | 6, host: string) => {
    try {
      const found = await (family === 4 ? resolver.resolve4(host) : resolver.resolve6(host))
      return found.map((address) => ({ address, family }))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENODATA') return []
      throw error
    }
  }
  return { server, queries, resolve: async (host) => (await Promise.all([ask(4, host), ask(6, host)])).flat() }
}

function bytesOf(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number))
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
