import { encodeUlaw, RATE } from './audio.ts'

/** What a phone sends: sound, or a key that is held down for so long. */
export type Sent = Int16Array | { press: string; ms: number }

const PACKET_MS = 20
const SAMPLES = (RATE * PACKET_MS) / 1_000
const PCMU = 0
/** As the phones' SDP says, and as Asterisk offers it. */
export const TELEPHONE_EVENT = 101
const KEYS = '0123456789*#'
/** RFC 4733: in units of -dBm0. */
const KEY_VOLUME = 10
const KEY_END = 0x80

const ETHERNET = 14
const IP = 20
const UDP = 8
const RTP = 12
const LINK_ETHERNET = 1

/**
 * One RTP stream as a capture file, for sipp to play: u-law and RFC 4733 events. Keys are rounded to whole packets; sound
 * is filled up to one.
 */
export function writeCapture(parts: readonly Sent[]): Uint8Array {
  const file: Uint8Array[] = [captureHeader()]
  let sequence = 1_000
  let ticks = 0
  let marked = true
  const packet = (type: number, timestamp: number, payload: Uint8Array) => {
    file.push(...captured(ticks * PACKET_MS, rtpPacket(type, marked, sequence++, timestamp, payload)))
    marked = false
  }
  for (const part of parts) {
    if (part instanceof Int16Array) {
      for (let from = 0; from < part.length; from += SAMPLES) {
        const payload = new Uint8Array(SAMPLES)
        for (let n = 0; n < SAMPLES; n++) payload[n] = encodeUlaw(part[from + n] ?? 0)
        packet(PCMU, ticks * SAMPLES, payload)
        ticks++
      }
    } else {
      const event = KEYS.indexOf(part.press)
      if (event < 0 || part.press.length !== 1) throw new Error(`not a key: ${part.press}`)
      const began = ticks * SAMPLES
      const count = Math.max(1, Math.round(part.ms / PACKET_MS))
      const tell = (packets: number, end: number) => {
        const duration = packets * SAMPLES
        packet(TELEPHONE_EVENT, began, Uint8Array.of(event, KEY_VOLUME | end, duration >> 8, duration & 0xff))
      }
      // The marker tells the first packet of an event, and of the sound after it.
      marked = true
      for (let n = 1; n <= count; n++, ticks++) tell(n, 0)
      // RFC 4733 2.5.1.4: the last one is sent three times.
      for (let n = 0; n < 3; n++) tell(count, KEY_END)
      marked = true
    }
  }
  return Buffer.concat(file)
}

function captureHeader(): Uint8Array {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65_535, 16)
  header.writeUInt32LE(LINK_ETHERNET, 20)
  return header
}

function captured(ms: number, packet: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(Math.floor(ms / 1_000), 0)
  header.writeUInt32LE((ms % 1_000) * 1_000, 4)
  header.writeUInt32LE(packet.length, 8)
  header.writeUInt32LE(packet.length, 12)
  return [header, packet]
}

/** From loopback to loopback; sipp puts its own ports in. */
function rtpPacket(type: number, marker: boolean, sequence: number, timestamp: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(ETHERNET + IP + UDP + RTP + payload.length)
  bytes.writeUInt16BE(0x0800, 12)
  const ip = bytes.subarray(ETHERNET)
  ip[0] = 0x45
  ip.writeUInt16BE(ip.length, 2)
  ip[8] = 64
  ip[9] = 17
  ip.set([127, 0, 0, 1], 12)
  ip.set([127, 0, 0, 1], 16)
  const udp = ip.subarray(IP)
  udp.writeUInt16BE(6_000, 0)
  udp.writeUInt16BE(6_000, 2)
  udp.writeUInt16BE(udp.length, 4)
  const rtp = udp.subarray(UDP)
  rtp[0] = 0x80
  rtp[1] = (marker ? 0x80 : 0) | type
  rtp.writeUInt16BE(sequence & 0xffff, 2)
  rtp.writeUInt32BE(timestamp, 4)
  rtp.writeUInt32BE(0x5a97a9f1, 8)
  rtp.set(payload, RTP)
  return bytes
}

/** One RTP packet with u-law sound, as it went by. */
export interface Heard {
  /** Milliseconds of the wall's clock. */
  at: number
  /** UDP ports. */
  from: number
  to: number
  /** Of the RTP stream, in samples. */
  timestamp: number
  payload: Uint8Array
}

/** The packets of a capture file (Ethernet, as loopback is captured) that grows: each call of `next` gives what is new. */
export class CaptureReader {
  #rest: Buffer = Buffer.alloc(0)
  #begun = false

  next(bytes: Uint8Array): Heard[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    let at = 0
    if (!this.#begun) {
      if (this.#rest.length < 24) return []
      if (this.#rest.readUInt32LE(0) !== 0xa1b2c3d4 || this.#rest.readUInt32LE(20) !== LINK_ETHERNET) {
        throw new Error('not a capture of Ethernet with microseconds')
      }
      this.#begun = true
      at = 24
    }
    const packets: Heard[] = []
    while (at + 16 <= this.#rest.length) {
      const size = this.#rest.readUInt32LE(at + 8)
      if (at + 16 + size > this.#rest.length) break
      const ms = this.#rest.readUInt32LE(at) * 1_000 + this.#rest.readUInt32LE(at + 4) / 1_000
      const packet = readPacket(ms, this.#rest.subarray(at + 16, at + 16 + size))
      if (packet) packets.push(packet)
      at += 16 + size
    }
    this.#rest = this.#rest.subarray(at)
    return packets
  }
}

function readPacket(at: number, frame: Buffer): Heard | undefined {
  const ip = frame.subarray(ETHERNET)
  if (ip.length < IP + UDP + RTP || ip[0]! >> 4 !== 4 || ip[9] !== 17) return undefined
  const udp = ip.subarray((ip[0]! & 0x0f) * 4)
  const rtp = udp.subarray(UDP, udp.readUInt16BE(4))
  if (rtp.length <= RTP || rtp[0] !== 0x80 || (rtp[1]! & 0x7f) !== PCMU) return undefined
  return {
    ...{ at, from: udp.readUInt16BE(0), to: udp.readUInt16BE(2), timestamp: rtp.readUInt32BE(4) },
    payload: rtp.subarray(RTP),
  }
}
