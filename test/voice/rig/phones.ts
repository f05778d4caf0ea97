import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeUlaw, RATE, readWav } from './audio.ts'
import { type Child, startChild, untilReady } from './children.ts'
import { type Part, type People, type Performance, perform } from './people.ts'
import { phoneScenario } from './phone-scenario.ts'
import type { Ports } from './ports.ts'
import { CaptureReader, type Heard, writeCapture } from './rtp.ts'
import { speak } from './speech.ts'

/** One call as the phones wrote it down. Instants are of the wall's clock. */
export interface PhoneCall {
  /** As it was dialled, with or without `+`. */
  number: string
  /** The user of the caller's address. */
  from: string
  sipCallId: string
  /** When the INVITE came. */
  at: Date
  answeredAt: Date | undefined
  endedAt: Date | undefined
  /** Undefined while the call goes on, and of a phone that was left alone. */
  ended: 'cancelled' | 'refused' | 'by-caller' | 'by-phone' | undefined
  /** The UDP port at which the phone hears. */
  mediaPort: number
}

export interface Phones {
  /** Every call that ever reached a phone, in order; an INVITE that is sent again is the same call. */
  calls(): Promise<PhoneCall[]>
  /** What that phone has heard until now, from its answer on, with silence wherever nothing came. */
  heard(call: PhoneCall): Promise<Int16Array>
  /** What the person of this ending does, from the answer on, or what it says with its n-th part that speaks. */
  said(ending: string, part?: number): Int16Array
  close(): Promise<void>
}

/** sipp's time is the local date and time, which is UTC here, and seconds since 1970. */
const LINE = /^\S+\t\S+\t(\d+\.\d+) (\d+) ([a-z-]+) (.*)$/
/** sipp takes every fourth port, and begins anew after so many. */
const MEDIA_STEP = 4
const MEDIA_PORTS = 10_000
/** A packet that comes so much later than the stream says begins a new stretch. */
const LATE_MS = 200

/** Phones behind one SIP port: one sipp, and one tcpdump that overhears what Asterisk sends to them. */
export async function startPhones(folder: string, ports: Ports, people: People): Promise<Phones> {
  const performances = await performAll(people)
  const children: Child[] = []
  const close = async () => {
    await Promise.all(children.map((child) => child.kill('SIGKILL')))
  }
  try {
    const played: Record<string, { capture: string; hangsUpAfterMs: number }> = {}
    for (const [ending, { sent, hangsUpAfterMs }] of Object.entries(performances)) {
      const capture = join(folder, `person-${Object.keys(played).length}.pcap`)
      await writeFile(capture, writeCapture(sent))
      played[ending] = { capture, hangsUpAfterMs }
    }
    const scenario = join(folder, 'phones.xml')
    await writeFile(scenario, phoneScenario(people, played))
    const log = join(folder, 'phones.log')
    await writeFile(log, '')
    children.push(await startSipp(folder, ports, scenario, log))
    const capture = join(folder, 'heard.pcap')
    children.push(await startCapture(folder, ports, capture))
    const heard = overheard(capture)
    return {
      calls: async () => readCalls(await readFile(log, 'latin1'), ports.media),
      async heard(call) {
        // What is on its way from the kernel to the file.
        await sleep(100)
        const calls = readCalls(await readFile(log, 'latin1'), ports.media)
        const next = calls.find(({ at, mediaPort }) => at > call.at && mediaPort === call.mediaPort)
        const from = (call.answeredAt ?? call.at).getTime()
        return pieceTogether(
          (await heard(call.mediaPort)).filter(
            ({ at }) => at >= call.at.getTime() && !(next && at >= next.at.getTime()),
          ),
          from,
        )
      },
      said(ending, part) {
        const performance = performances[ending]
        const said = part === undefined ? performance?.whole : performance?.spoken[part]
        if (!said) throw new Error(`nobody says this: ${ending}${part === undefined ? '' : `, part ${part}`}`)
        return said
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What everybody who answers sends. */
async function performAll(people: People): Promise<Record<string, Performance>> {
  const performances: Record<string, Performance> = {}
  for (const [ending, person] of Object.entries(people)) {
    if (person.kind !== 'answers') continue
    const sounds = new Map<Part, Int16Array>()
    await Promise.all(
      person.parts.map(async (part) => {
        if ('say' in part) sounds.set(part, await speak(part.say, 'en-us+f3'))
        if ('wav' in part) sounds.set(part, readWav(await readFile(part.wav)))
      }),
    )
    performances[ending] = perform(person.parts, (part) => sounds.get(part)!)
  }
  return performances
}

async function startSipp(folder: string, ports: Ports, scenario: string, log: string): Promise<Child> {
  const options = [
    ...['-sf', scenario, '-i', '127.0.0.1', '-p', `${ports.phones}`, '-mi', '127.0.0.1', '-mp', `${ports.media}`],
    ...['-nostdin', '-trace_logs', '-log_file', log, '-trace_err', '-error_file', join(folder, 'phones-errors.log')],
    // A phone does what the scenario says; an unexpected message is none of its business.
    ...['-default_behaviors', 'none'],
    ...(process.env.TEST_VOICE_KEEP ? ['-trace_msg', '-message_file', join(folder, 'phones-messages.log')] : []),
    // It writes a screenful of statistics, and would end itself on a machine that is busy.
    ...['-f', '3600', '-watchdog_minor_maxtriggers', '1000000', '-watchdog_major_maxtriggers', '1000000'],
  ]
  const child = await startChild(['sipp', ...options], { cwd: folder, log: join(folder, 'sipp.log') })
  await untilReady(child, 'sipp', async () => {
    const address = `0100007F:${ports.phones.toString(16).toUpperCase().padStart(4, '0')} `
    return (await readFile('/proc/net/udp', 'latin1')).includes(address)
  })
  return child
}

async function startCapture(folder: string, ports: Ports, file: string): Promise<Child> {
  const [first, last] = [ports.rtp[0]!.first, ports.rtp.at(-1)!.last]
  const options = ['-i', 'lo', '-n', '-p', '--immediate-mode', '-U', '-B', '16384', '-Z', 'root', '-w', file]
  const filter = `udp and src host 127.0.0.1 and src portrange ${first}-${last}`
  const child = await startChild(['tcpdump', ...options, filter], { cwd: folder, log: join(folder, 'tcpdump.log') })
  await untilReady(child, 'tcpdump', async () => (await child.output()).includes('listening on'))
  return child
}

/** The packets to a port so far; what was read of the file is not read again. */
function overheard(file: string): (port: number) => Promise<readonly Heard[]> {
  const reader = new CaptureReader()
  const packets = new Map<number, Heard[]>()
  let position = 0
  let reading = Promise.resolve()
  const readOn = async () => {
    const handle = await open(file)
    try {
      const { size } = await handle.stat()
      const bytes = Buffer.alloc(size - position)
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, position)
      position += bytesRead
      for (const packet of reader.next(bytes.subarray(0, bytesRead))) {
        const those = packets.get(packet.to)
        if (those) those.push(packet)
        else packets.set(packet.to, [packet])
      }
    } finally {
      await handle.close()
    }
  }
  return async (port) => {
    // One after the other: the position is theirs together.
    reading = reading.then(readOn)
    await reading
    return packets.get(port) ?? []
  }
}

/**
 * Asterisk sends nothing while it plays nothing, so a stretch begins when its first packet came. The last packet of a
 * sound is a short one, too early by its timestamp, and may lack some samples of the sound's end.
 */
function pieceTogether(packets: readonly Heard[], fromMs: number): Int16Array {
  const pieces: { at: number; payload: Uint8Array }[] = []
  let [end, timestamp, offsetMs] = [0, -1, 0]
  for (const packet of packets) {
    const arrived = packet.at - fromMs
    const isNext = packet.timestamp === timestamp && arrived - (offsetMs + (end * 1_000) / RATE) < LATE_MS
    if (!isNext) end = Math.max(end, Math.round((arrived * RATE) / 1_000), 0)
    offsetMs = arrived - (end * 1_000) / RATE
    pieces.push({ at: end, payload: packet.payload })
    end += packet.payload.length
    timestamp = (packet.timestamp + packet.payload.length) >>> 0
  }
  const samples = new Int16Array(end)
  for (const { at, payload } of pieces) {
    for (let n = 0; n < payload.length; n++) samples[at + n] = decodeUlaw(payload[n]!)
  }
  return samples
}

export function readCalls(log: string, firstMediaPort: number): PhoneCall[] {
  const calls = new Map<string, PhoneCall>()
  // The last line may be half written.
  for (const line of log.slice(0, log.lastIndexOf('\n') + 1).split('\n')) {
    const [, seconds, n, word, more] = LINE.exec(line) ?? []
    if (!seconds) continue
    const at = new Date(Number(seconds) * 1_000)
    if (word === 'invite') {
      const [sipCallId, number] = more!.split(' ') as [string, string]
      calls.set(n!, {
        ...{ number, from: /sip:([^@>]*)@/.exec(more!)?.[1] ?? '', sipCallId, at },
        ...{ answeredAt: undefined, endedAt: undefined, ended: undefined },
        mediaPort: firstMediaPort + ((MEDIA_STEP * (Number(n) - 1)) % MEDIA_PORTS),
      })
      continue
    }
    const call = calls.get(n!)
    if (!call) continue
    if (word === 'answered') call.answeredAt = at
    else {
      call.endedAt ??= at
      call.ended ??= ENDINGS[word!]
    }
  }
  return [...calls.values()]
}

const ENDINGS: Record<string, PhoneCall['ended']> = {
  cancelled: 'cancelled',
  refused: 'refused',
  'heard-bye': 'by-caller',
  'said-bye': 'by-phone',
}
