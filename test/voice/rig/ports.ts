import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Ports of one rig, all on 127.0.0.1. */
export interface Ports {
  ari: number
  sip: number
  phones: number
  /** Asterisk's RTP: each start of Asterisk takes the next of these ranges. */
  rtp: readonly { first: number; last: number }[]
  /** The first of the phones' media ports, of which sipp uses 10,000. */
  media: number
  release(): Promise<void>
}

/** Below the ports that Linux gives to whoever asks for none. */
const BLOCKS = { first: 10_000, size: 1_000, count: 10 }
const RTP_RANGES = { first: 40, size: 320, count: 3 }
/**
 * The phones' media ports are bound by nobody (sipp sends from a raw socket), so all rigs share them. sipp binds the
 * first few, to echo.
 */
const MEDIA = { first: 20_000, size: 20 }

/** Takes a block of ports that no other rig has, until it is released or this process ends. */
export async function takePorts(): Promise<Ports> {
  for (let n = 0; n < BLOCKS.count; n++) {
    const base = BLOCKS.first + n * BLOCKS.size
    // Whoever listens on the first port has the block.
    const lock = await listen(base)
    if (!lock) continue
    const release = async () => {
      lock.close()
      await once(lock, 'close')
    }
    const [ari, sip, phones] = [base + 2, base + 4, base + 6] as const
    const probe = await listen(ari)
    const isFree = probe && (await isFreeForUdp(sip)) && (await isFreeForUdp(phones))
    probe?.close()
    if (!isFree) {
      await release()
      continue
    }
    const rtp = Array.from({ length: RTP_RANGES.count }, (_, range) => {
      const first = base + RTP_RANGES.first + range * RTP_RANGES.size
      return { first, last: first + RTP_RANGES.size - 1 }
    })
    return { ari, sip, phones, rtp, media: MEDIA.first + n * MEDIA.size, release }
  }
  throw new Error('no ports are free for the voice rig')
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().unref()
  server.listen(port, '127.0.0.1')
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  )
}

async function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  socket.bind(port, '127.0.0.1')
  return once(socket, 'listening').then(
    () => {
      socket.close()
      return true
    },
    () => false,
  )
}
