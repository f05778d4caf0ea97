import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { now } from './processes.ts'
import { serve } from './rpc.ts'

/** Many WebSockets in one process, written on bare sockets: it reads no more of a message than its length. */
export interface Opening {
  port: number
  path: string
  protocol?: string
  /** What each socket says after the handshake, in order; each but the last is answered before the next is said. */
  greetings: string[][]
}

export interface Delivery {
  /** When the last of them came, on the clock of `now`. */
  at: number
  /** The first message that came. */
  sample: string
}

const OPCODES = { close: 8, ping: 9, pong: 10 }
const LENGTH_16 = 126
const LENGTH_64 = 127

let sockets: Socket[] = []
let received = 0
let sample = ''
let expected = Number.POSITIVE_INFINITY
let reached: (() => void) | undefined
let delivery: Promise<Delivery> | undefined
let failure: Error | undefined

function frame(opcode: number, text: string): Buffer {
  const payload = Buffer.from(text)
  const mask = randomBytes(4)
  const head =
    payload.length < LENGTH_16
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length])
      : Buffer.from([0x80 | opcode, 0x80 | LENGTH_16, payload.length >> 8, payload.length & 255])
  for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i & 3]!
  return Buffer.concat([head, mask, payload])
}

/** Counts the frames of one socket; while it is `greeting`, each is an answer, and `onAnswer` says whether more come. */
function reader(socket: Socket, greeting: boolean, onAnswer: () => boolean) {
  let rest: Buffer | undefined
  /** Bytes of the present frame's payload that are still to come and not needed. */
  let skip = 0
  return (chunk: Buffer) => {
    let data = rest ? Buffer.concat([rest, chunk]) : chunk
    rest = undefined
    if (skip > 0) {
      const passed = Math.min(skip, data.length)
      skip -= passed
      data = data.subarray(passed)
    }
    let at = 0
    while (at < data.length) {
      const left = data.length - at
      if (left < 2) break
      const opcode = data[at]! & 15
      let length = data[at + 1]! & 127
      let start = 2
      if (length === LENGTH_16) {
        if (left < 4) break
        length = data.readUInt16BE(at + 2)
        start = 4
      } else if (length === LENGTH_64) throw new Error('a message that large was not expected')
      const needsText = greeting || opcode >= OPCODES.close || sample === ''
      if (needsText && left < start + length) break
      if (opcode === OPCODES.ping)
        socket.write(frame(OPCODES.pong, data.toString('utf8', at + start, at + start + length)))
      else if (opcode === OPCODES.close) {
        failure = new Error(`the server closed a socket: ${data.toString('latin1', at + start, at + start + length)}`)
      } else if (greeting) greeting = onAnswer()
      else {
        if (sample === '') sample = data.toString('utf8', at + start, at + start + length)
        if (++received === expected) reached?.()
      }
      const end = at + start + length
      if (end > data.length) skip = end - data.length
      at = Math.min(end, data.length)
    }
    if (at < data.length) rest = data.subarray(at)
  }
}

function open({
  port,
  path,
  protocol,
  greetings,
}: Omit<Opening, 'greetings'> & { greetings: string[] }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = [...greetings]
    const socket = connect(port, '127.0.0.1', () => {
      const lines = [
        `GET ${path} HTTP/1.1`,
        'host: localhost',
        'connection: Upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        `sec-websocket-key: ${randomBytes(16).toString('base64')}`,
        ...(protocol ? [`sec-websocket-protocol: ${protocol}`] : []),
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    })
    socket.setNoDelay(true)
    socket.once('error', reject)
    /** Says the next thing; false when nothing will be answered any more. */
    const speak = () => {
      const next = waiting.shift()
      if (next !== undefined) socket.write(frame(1, next))
      if (waiting.length > 0) return true
      resolve(socket)
      return false
    }
    let head = Buffer.alloc(0)
    const onHead = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!head.toString('latin1', 9, 12).startsWith('101')) return reject(new Error(head.toString('latin1', 0, end)))
      socket.off('data', onHead)
      const read = reader(socket, speak(), speak)
      socket.on('data', read)
      if (head.length > end + 4) read(head.subarray(end + 4))
    }
    socket.on('data', onHead)
  })
}

/** At once, so that the server's backlog is not what is measured. */
const OPENING_AT_ONCE = 50

serve({
  async open({ greetings, ...to }: Opening) {
    let next = 0
    await Promise.all(
      Array.from({ length: OPENING_AT_ONCE }, async () => {
        while (next < greetings.length) {
          const mine = greetings[next++]!
          sockets.push(await open({ ...to, greetings: mine }))
        }
      }),
    )
    return sockets.length
  },
  /** Begins to count: `delivered` resolves once that many messages have come. */
  expect(count: number) {
    received = 0
    sample = ''
    expected = count
    delivery = new Promise((resolve) => {
      reached = () => resolve({ at: now(), sample })
    })
  },
  async delivered(withinMs: number) {
    const late = setTimeout(() => {
      throw failure ?? new Error(`${received} of ${expected} came in time`)
    }, withinMs)
    const done = await delivery
    clearTimeout(late)
    return done
  },
  cpu() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
  close() {
    for (const socket of sockets) socket.destroy()
    sockets = []
  },
})
