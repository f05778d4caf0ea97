import { connect, createServer, type Server, type Socket } from 'node:net'

export interface DatabaseProxy {
  url: string
  state: {
    /** Whoever comes is sent away. */
    shut: boolean
    /** How often somebody came. */
    arrivals: number
    /** How many answers to a commit are yet to be lost, with their connection, once it was carried out. */
    losing: number
  }
  /** Breaks every connection. */
  cut(): void
  close(): Promise<unknown>
}

/** What the server answers when it has carried out a commit. */
const COMMITTED = Buffer.from('COMMIT\0')

/** A way to a PostgreSQL server on which things get lost. */
export async function databaseProxy(url: string): Promise<DatabaseProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const state = { shut: false, arrivals: 0, losing: 0 }
  const server: Server = createServer((socket) => {
    state.arrivals++
    if (state.shut) return socket.destroy()
    const onward = connect(Number(target.port || 5432), target.hostname)
    for (const end of [socket, onward]) {
      sockets.add(end)
      end.on('error', () => {})
      end.on('close', () => {
        sockets.delete(end)
        socket.destroy()
        onward.destroy()
      })
    }
    socket.pipe(onward)
    onward.on('data', (bytes) => {
      if (state.losing > 0 && bytes.includes(COMMITTED)) {
        state.losing--
        socket.destroy()
      } else socket.write(bytes)
    })
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as { port: number }).port)
  function cut() {
    for (const socket of sockets) socket.destroy()
  }
  return {
    ...{ url: through.href, state, cut },
    close() {
      cut()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}
