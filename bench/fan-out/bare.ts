import { createServer } from 'node:http'
import pg from 'pg'
import { WebSocketServer } from 'ws'
import { serve } from '../kit/rpc.ts'

/**
 * The floor: each socket belongs to the topic of its path, and on word from PostgreSQL the message of each topic is
 * sent to its sockets. The messages were given beforehand: nothing is read, executed or written as JSON.
 */
const server = createServer((_request, response) => response.end())
const sockets = new WebSocketServer({ server })
const topics = new Map<string, Set<import('ws').WebSocket>>()
sockets.on('connection', (socket, { url = '/' }) => {
  const topic = topics.get(url) ?? new Set()
  topics.set(url, topic.add(socket))
  socket.on('close', () => topic.delete(socket))
})

let message = Buffer.alloc(0)
const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
client.on('notification', ({ payload }) => {
  // A buffer is written as it is; a text would be encoded anew for each socket.
  const { topics: to, times } = JSON.parse(payload!) as { topics: string[]; times: number }
  for (let n = 0; n < times; n++) {
    for (const topic of to) for (const socket of topics.get(topic)!) socket.send(message, { binary: false })
  }
})
await client.connect()
await client.query('LISTEN bench_broadcast')

serve({
  message(text: string) {
    message = Buffer.from(text)
  },
})
server.listen(Number(process.env.PORT), '127.0.0.1')
