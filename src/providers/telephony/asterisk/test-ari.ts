import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

interface TestChannel {
  id: string
  state: string
  app: string
  args: string
  callerName: string
  variables: Record<string, string>
}

export interface AriRequest {
  method: string
  /** After `/ari`, with its query. */
  path: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever it was
  body: any
}

type Answer = { status: number; body?: unknown } | 'never' | 'reset'

/** As much of ARI as the adapter uses, without a telephone behind it: tests say what happens. */
export interface TestAri {
  url: string
  requests: AriRequest[]
  channels: Map<string, TestChannel>
  playbacks: Set<string>
  liveRecordings: Set<string>
  storedRecordings: Map<string, Uint8Array>
  globals: Map<string, string>
  /** Answers instead of the server; undefined: as usual. */
  instead: (request: AriRequest) => Answer | undefined
  /** Whether WebSockets answer pings. */
  ponging: boolean
  connections(app: string): number
  /** An event of an application, of this instant. */
  tell(app: string, event: Record<string, unknown>, at?: Date): void
  channel(id: string): Record<string, unknown>
  /** Events of a channel that changes. */
  state(id: string, state: 'Ringing' | 'Up'): void
  end(id: string, cause: number, sip?: number): void
  dropConnections(): void
  close(): Promise<void>
}

export async function testAri(): Promise<TestAri> {
  const sockets = new Map<string, WebSocket>()
  const all = new Set<WebSocket>()
  const server = createServer((request, response) => void serve(request, response))
  let upgrades: WebSocketServer[] = []

  const json = (response: ServerResponse, status: number, body: unknown = {}) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(status === 204 ? '' : body instanceof Uint8Array ? body : JSON.stringify(body))
  }

  async function serve(request: IncomingMessage, response: ServerResponse) {
    let text = ''
    for await (const chunk of request) text += chunk
    const path = request.url!.replace(/^.*?\/ari/, '')
    const told: AriRequest = { method: request.method!, path, body: text ? JSON.parse(text) : undefined }
    ari.requests.push(told)
    const answer = ari.instead(told) ?? usual(told)
    if (answer === 'never') return
    if (answer === 'reset') request.socket.destroy()
    else json(response, answer.status, answer.body)
  }

  const NO_CHANNEL = { status: 404, body: { message: 'Channel not found' } }

  function usual({ method, path, body }: AriRequest): { status: number; body?: unknown } {
    const { pathname, searchParams } = new URL(path, 'http://x')
    const [, kind, id = '', verb = ''] = pathname.split('/')
    switch (`${method} ${kind}`) {
      case 'PUT applications':
        return { status: 200 }
      case 'GET applications': {
        const apps = [...new Set([...ari.channels.values()].map(({ app }) => app))]
        const ids = (name: string) => [...ari.channels.values()].filter(({ app }) => app === name).map((one) => one.id)
        return { status: 200, body: apps.map((name) => ({ name, channel_ids: ids(name) })) }
      }
      case 'POST asterisk':
        ari.globals.set(body.variable, body.value)
        return { status: 204 }
      case 'GET asterisk':
        return { status: 200, body: { value: ari.globals.get(searchParams.get('variable')!) ?? '' } }
      case 'POST bridges':
        return { status: 204 }
      case 'GET playbacks':
        return { status: ari.playbacks.has(id) ? 200 : 404 }
      case 'DELETE playbacks':
        return { status: ari.playbacks.delete(id) ? 204 : 404 }
      case 'GET recordings':
        if (id === 'live') return { status: ari.liveRecordings.has(verb) ? 200 : 404 }
        return { status: ari.storedRecordings.has(verb) ? 200 : 404, body: ari.storedRecordings.get(verb) }
      case 'DELETE recordings':
        return { status: ari.storedRecordings.delete(verb) ? 204 : 404 }
      case 'POST recordings':
        return { status: ari.liveRecordings.delete(verb) ? 204 : 404 }
    }
    if (kind !== 'channels') return { status: 404 }
    if (method === 'POST' && id === 'create') {
      if (ari.channels.has(body.channelId)) return { status: 409 }
      ari.channels.set(body.channelId, {
        ...{ id: body.channelId, state: 'Down', app: body.app, args: body.appArgs },
        ...{ callerName: body.variables['CALLERID(name)'], variables: {} },
      })
      ari.tell(body.app, { type: 'StasisStart', channel: ari.channel(body.channelId) })
      return { status: 200, body: ari.channel(body.channelId) }
    }
    if (id === '') return { status: 200, body: [...ari.channels.keys()].map((one) => ari.channel(one)) }
    const channel = ari.channels.get(id)
    if (!channel) return NO_CHANNEL
    switch (`${method} ${verb}`) {
      case 'GET ':
        return { status: 200, body: ari.channel(id) }
      case 'DELETE ':
        ari.end(id, 16)
        return { status: 204 }
      case 'POST dial':
        return { status: 204 }
      case 'POST variable':
        channel.variables[body.variable] = body.value
        return { status: 204 }
      case 'GET variable': {
        const name = searchParams.get('variable')!
        // A function is empty when nothing was set; a variable is not there.
        const value = channel.variables[name] ?? (name.endsWith(')') ? '' : undefined)
        return value === undefined
          ? { status: 404, body: { message: 'Provided variable was not found' } }
          : { status: 200, body: { value } }
      }
      case 'POST play':
        ari.playbacks.add(body.playbackId)
        return { status: 201 }
      case 'POST record':
        if (ari.storedRecordings.has(body.name)) return { status: 409, body: { message: 'it already exists' } }
        ari.liveRecordings.add(body.name)
        return { status: 201 }
    }
    return { status: 404 }
  }

  server.on('upgrade', (request, socket, head) => {
    const upgrade = new WebSocketServer({ noServer: true, autoPong: ari.ponging })
    upgrades.push(upgrade)
    upgrade.handleUpgrade(request, socket, head, (connection) => {
      const app = new URL(request.url!, 'http://x').searchParams.get('app')!
      const before = sockets.get(app)
      sockets.set(app, connection)
      all.add(connection)
      if (before) before.send(JSON.stringify({ type: 'ApplicationReplaced', timestamp: stamp(new Date()) }))
      connection.on('close', () => {
        all.delete(connection)
        if (sockets.get(app) === connection) sockets.delete(app)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const ari: TestAri = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    channels: new Map(),
    playbacks: new Set(),
    liveRecordings: new Set(),
    storedRecordings: new Map(),
    globals: new Map(),
    instead: () => undefined,
    ponging: true,
    connections: (app) => (sockets.has(app) ? 1 : 0),
    tell(app, event, at = new Date()) {
      sockets.get(app)?.send(JSON.stringify({ timestamp: stamp(at), ...event }))
    },
    channel(id) {
      const { state, app, args, callerName } = ari.channels.get(id)!
      return {
        ...{ id, state, caller: { name: callerName, number: '' }, creationtime: stamp(new Date()) },
        dialplan: { app_name: 'Stasis', app_data: `${app},${args}` },
      }
    },
    state(id, state) {
      const channel = ari.channels.get(id)!
      channel.state = state
      ari.tell(channel.app, { type: 'ChannelStateChange', channel: ari.channel(id) })
    },
    end(id, cause, sip) {
      const { app } = ari.channels.get(id)!
      const channel = ari.channel(id)
      ari.channels.delete(id)
      ari.tell(app, { type: 'ChannelHangupRequest', channel })
      ari.tell(app, { type: 'ChannelDestroyed', channel, cause, tech_cause: sip })
    },
    dropConnections() {
      for (const socket of all) socket.terminate()
    },
    async close() {
      for (const socket of all) socket.terminate()
      for (const upgrade of upgrades) upgrade.close()
      upgrades = []
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return ari
}

function stamp(at: Date): string {
  return at.toISOString().replace('Z', '+0000')
}
