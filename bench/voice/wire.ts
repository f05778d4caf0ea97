import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { endWithUs } from '../kit/processes.ts'

/** Something that Asterisk said, or was told, about a call; at the instant at which the kernel had it. */
export interface Heard {
  /** Milliseconds of the wall's clock. */
  at: number
  callId: string
  /** `answered`, `key`, `played`: events; `play`, `hangUp`, `other`: requests. */
  what: 'answered' | 'key' | 'played' | 'play' | 'hangUp' | 'other'
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/
const READY_WITHIN_MS = 10_000

/** Overhears what goes to Asterisk's HTTP server and comes from it, whoever talks to it: all are measured alike. */
export async function listenIn(port: number, file: string) {
  const options = ['-i', 'lo', '-n', '-p', '--immediate-mode', '-U', '-B', '16384', '-s', '0', '-Z', 'root', '-w', file]
  const child: ChildProcess = spawn('tcpdump', [...options, `tcp port ${port}`], { stdio: 'ignore' })
  endWithUs(child)
  for (const until = Date.now() + READY_WITHIN_MS; !(existsSync(file) && statSync(file).size > 0); await sleep(20)) {
    if (Date.now() > until) throw new Error('tcpdump is not ready')
  }
  return {
    /** All that went by so far. */
    async heard(): Promise<Heard[]> {
      // From the kernel to the file.
      await sleep(200)
      return readHeard(await readFile(file), port)
    },
    stop: () => void child.kill(),
  }
}

const ETHERNET = 14

/** One direction of a connection: what came in order, and what came too early. */
interface Stream {
  next: number
  early: Map<number, { at: number; payload: Buffer }>
  rest: Buffer
  isSocket: boolean
}

export function readHeard(capture: Buffer, port: number): Heard[] {
  const found: Heard[] = []
  const streams = new Map<string, Stream>()
  for (let at = 24; at + 16 <= capture.length; ) {
    const size = capture.readUInt32LE(at + 8)
    const ms = capture.readUInt32LE(at) * 1_000 + capture.readUInt32LE(at + 4) / 1_000
    const ip = capture.subarray(at + 16 + ETHERNET, at + 16 + size)
    at += 16 + size
    if (ip[0]! >> 4 !== 4 || ip[9] !== 6) continue
    const tcp = ip.subarray((ip[0]! & 0x0f) * 4)
    const [from, to, sequence, flags] = [tcp.readUInt16BE(0), tcp.readUInt16BE(2), tcp.readUInt32BE(4), tcp[13]!]
    const key = `${from} ${to}`
    const isSyn = (flags & 0x02) !== 0
    if (isSyn) {
      streams.set(key, { next: (sequence + 1) >>> 0, early: new Map(), rest: Buffer.alloc(0), isSocket: false })
      continue
    }
    const payload = tcp.subarray((tcp[12]! >> 4) * 4)
    const stream = streams.get(key)
    if (!stream || payload.length === 0) continue
    stream.early.set(sequence, { at: ms, payload })
    for (;;) {
      const packet = stream.early.get(stream.next)
      if (!packet) break
      stream.early.delete(stream.next)
      stream.next = (stream.next + packet.payload.length) >>> 0
      if (from === port) readEvents(stream, packet, found)
      else readRequest(packet, found)
    }
  }
  return found.sort((a, b) => a.at - b.at)
}

/** A request begins with a packet: nobody sends the next one before the answer. */
function readRequest({ at, payload }: { at: number; payload: Buffer }, found: Heard[]): void {
  const [, method, path] = /^(GET|POST|PUT|DELETE) (\S+) HTTP\/1\.1\r\n/.exec(payload.toString('latin1')) ?? []
  const callId = path && UUID.exec(path)?.[0]
  if (!callId) return
  const isPlay = method === 'POST' && /\/channels\/[^/]+\/play/.test(path)
  const isHangUp = method === 'DELETE' && /\/channels\/[^/?]+(\?|$)/.test(path)
  found.push({ at, callId, what: isPlay ? 'play' : isHangUp ? 'hangUp' : 'other' })
}

/** The WebSocket of an application; answers to requests have no head that says so. */
function readEvents(stream: Stream, { at, payload }: { at: number; payload: Buffer }, found: Heard[]): void {
  if (!stream.isSocket) {
    const text = payload.toString('latin1')
    if (!text.startsWith('HTTP/1.1 101')) return
    stream.isSocket = true
    stream.rest = payload.subarray(text.indexOf('\r\n\r\n') + 4)
  } else stream.rest = Buffer.concat([stream.rest, payload])
  for (;;) {
    const { rest } = stream
    if (rest.length < 2) return
    const short = rest[1]! & 0x7f
    const head = short === 126 ? 4 : short === 127 ? 10 : 2
    if (rest.length < head) return
    const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
    if (rest.length < head + length) return
    if ((rest[0]! & 0x0f) === 1) {
      const event = eventIn(rest.toString('utf8', head, head + length))
      if (event) found.push({ at, ...event })
    }
    stream.rest = rest.subarray(head + length)
  }
}

function eventIn(text: string): Omit<Heard, 'at'> | undefined {
  const { type, channel, playback } = JSON.parse(text) as {
    type: string
    channel?: { id: string; state: string }
    playback?: { target_uri: string }
  }
  if (type === 'PlaybackFinished') return { callId: playback!.target_uri.replace('channel:', ''), what: 'played' }
  if (type === 'ChannelDtmfReceived') return { callId: channel!.id, what: 'key' }
  if (channel?.state === 'Up' && (type === 'StasisStart' || type === 'ChannelStateChange')) {
    return { callId: channel.id, what: 'answered' }
  }
  return undefined
}

/** From what is told of a call to what is said next, by what it is, in milliseconds. */
export interface Delays {
  /** From the answer to the first request, and to the first prompt. */
  answeredToRequest: number[]
  answeredToPlay: number[]
  keyToRequest: number[]
  keyToPlay: number[]
  playedToHangUp: number[]
}

export function delaysOf(heard: readonly Heard[], fromMs: number, toMs: number): Delays {
  const delays: Delays = {
    ...{ answeredToRequest: [], answeredToPlay: [], keyToRequest: [], keyToPlay: [], playedToHangUp: [] },
  }
  const calls = Map.groupBy(
    heard.filter(({ at }) => at >= fromMs && at <= toMs),
    ({ callId }) => callId,
  )
  for (const steps of calls.values()) {
    const add = (name: keyof Delays, from: Heard | undefined, is: (step: Heard) => boolean) => {
      const next = from && steps.find((step) => step.at >= from.at && is(step))
      if (next) delays[name].push(next.at - from.at)
    }
    const isRequest = ({ what }: Heard) => what === 'play' || what === 'hangUp' || what === 'other'
    const answered = steps.find(({ what }) => what === 'answered')
    add('answeredToRequest', answered, isRequest)
    add('answeredToPlay', answered, ({ what }) => what === 'play')
    const key = steps.find(({ what }) => what === 'key')
    add('keyToRequest', key, isRequest)
    add('keyToPlay', key, ({ what }) => what === 'play')
    const hangUp = steps.find(({ what }) => what === 'hangUp')
    const played = hangUp && steps.findLast(({ what, at }) => what === 'played' && at <= hangUp.at)
    add('playedToHangUp', played, ({ what }) => what === 'hangUp')
  }
  return delays
}
