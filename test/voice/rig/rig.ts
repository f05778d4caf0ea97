import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ARI_PASSWORD, ARI_USER, asteriskConfiguration, PHONES, rtp } from './asterisk-configuration.ts'
import { type AsteriskPackage, asteriskPackage } from './asterisk-package.ts'
import { type Child, startChild, untilReady } from './children.ts'
import { type Answerer, knownPeople, type Part, type People, RING_MS } from './people.ts'
import { type Phones, startPhones } from './phones.ts'
import { takePorts } from './ports.ts'

export type { Answerer, Part } from './people.ts'
export type { PhoneCall } from './phones.ts'

export interface RigOptions {
  /** From ringing to the answer, of those who have no time of their own; default 300. */
  ringMs?: number
  /** Who answers, by the end of the number, beside those whom every rig knows (people.ts). */
  people?: Record<string, readonly Part[] | Answerer>
  /** Changes Asterisk's configuration files, by name, before they are written. */
  configure?: (files: Record<string, string>) => void
}

export interface Rig {
  /** The address of Asterisk's HTTP server, without a path. */
  ari: { url: string; user: string; password: string }
  /** `PJSIP/{number}@phones`; numbers are E.164, with `+` or without. */
  endpoint: string
  /** Channel events: unique id, event, seconds since 1970 with microseconds, ... (asterisk-configuration.ts). */
  celFile: string
  cdrFile: string
  /** Everything that this rig wrote; below it `etc`, `log/messages.log`, `spool/recording`. */
  folder: string
  asterisk: {
    readonly pid: number
    readonly version: string
    /** SIGKILL. Phones that talk go on until what they do is over. */
    kill(): Promise<void>
    /** Once more, at the same place; resolves when ARI answers. */
    start(): Promise<void>
    /** Of the present process. */
    cpuSeconds(): Promise<number>
  }
  phones: Pick<Phones, 'calls' | 'heard'>
  said: Phones['said']
  /** Ends what was started, and removes the folder unless TEST_VOICE_KEEP is set. */
  close(): Promise<void>
}

/** The kernel's clock ticks in a second, in /proc/PID/stat. */
const TICKS = 100

/**
 * Starts Asterisk and phones on 127.0.0.1, beside other rigs; about a second. In a suite of `describeVoice`:
 *
 *     rig = await startRig({ people: { '0700': [{ silenceMs: 300 }, { say: 'Hello?' }, { press: '5' }] } })
 *     // originate rig.endpoint with +358401230700 as its number, record, and then
 *     similarity(recording, rig.said('0700', 0)).best          // 0.99
 *     const [call] = await rig.phones.calls()                  // its sipCallId is the channel's protocol_id
 *     similarity(await rig.phones.heard(call), prompt).best
 *
 * A person's sound begins with the answer, and a recording some packets later: begin with a silence. Keys take no time
 * in a recording.
 */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const asterisk = await asteriskPackage()
  const ports = await takePorts()
  const folder = await mkdtemp(join(tmpdir(), 'voice-'))
  const [celFile, cdrFile] = [join(folder, 'cel.csv'), join(folder, 'cdr.csv')]
  const ari = { url: `http://127.0.0.1:${ports.ari}`, user: ARI_USER, password: ARI_PASSWORD }
  let running: Child | undefined
  let phones: Phones | undefined
  let starts = 0
  let version = ''

  async function start() {
    if (running?.running) throw new Error('Asterisk is running')
    // A phone that was left alone goes on sending; its sound must not get into a call of the next Asterisk.
    const { first, last } = ports.rtp[starts++ % ports.rtp.length]!
    await writeFile(join(folder, 'etc/rtp.conf'), rtp(first, last))
    const command = [...asterisk.command, '-f', '-C', join(folder, 'etc/asterisk.conf')]
    const child = await startChild(command, { cwd: folder, log: join(folder, 'asterisk.log') })
    running = child
    await untilReady(child, 'Asterisk', async () => {
      const authorization = `Basic ${Buffer.from(`${ari.user}:${ari.password}`).toString('base64')}`
      const answer = await fetch(`${ari.url}/ari/asterisk/info`, { headers: { authorization } }).catch(() => undefined)
      if (!answer?.ok) return false
      const info = (await answer.json()) as { system: { version: string }; status: unknown }
      version = info.system.version
      return true
    })
  }
  async function close() {
    await Promise.all([running?.kill('SIGKILL'), phones?.close()])
    await ports.release()
    if (!process.env.TEST_VOICE_KEEP) await rm(folder, { recursive: true, force: true })
  }

  try {
    const places = { asterisk, folder, sipPort: ports.sip, ariPort: ports.ari, phonesPort: ports.phones }
    const files = asteriskConfiguration({ ...places, celFile, cdrFile })
    options.configure?.(files)
    await furnish(folder, asterisk, files)
    const started = await Promise.allSettled([
      start(),
      startPhones(folder, ports, peopleOf(options)).then((these) => {
        phones = these
      }),
    ])
    const failure = started.find((one) => one.status === 'rejected')
    if (failure) throw failure.reason
  } catch (error) {
    await close()
    throw error
  }

  return {
    ...{ ari, endpoint: `PJSIP/{number}@${PHONES}`, celFile, cdrFile, folder, close },
    asterisk: {
      get pid() {
        return running!.pid
      },
      get version() {
        return version
      },
      kill: () => running!.kill('SIGKILL'),
      start,
      async cpuSeconds() {
        const fields = (await readFile(`/proc/${running!.pid}/stat`, 'latin1')).split(') ')[1]!.split(' ')
        return (Number(fields[11]) + Number(fields[12])) / TICKS
      },
    },
    phones: phones!,
    said: phones!.said,
  }
}

function peopleOf({ ringMs = RING_MS, people = {} }: RigOptions): People {
  const all = knownPeople(ringMs)
  for (const [ending, person] of Object.entries(people)) {
    const { parts, ringMs: own = ringMs } = 'parts' in person ? person : { parts: person }
    all[ending] = { kind: 'answers', ringMs: own, parts }
  }
  return all
}

/** The folders that Asterisk expects to be there, its sounds (Debian's installation would make the link), and its files. */
async function furnish(folder: string, asterisk: AsteriskPackage, files: Record<string, string>): Promise<void> {
  for (const path of ['etc', 'lib', 'c', 'log', 'data/sounds', 'spool/recording', 'spool/tmp']) {
    await mkdir(join(folder, path), { recursive: true })
  }
  for (const name of ['documentation', 'rest-api', 'static-http']) {
    await symlink(join(asterisk.data, name), join(folder, 'data', name))
  }
  await symlink(join(asterisk.data, 'sounds/en_US_f_Allison'), join(folder, 'data/sounds/en'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'etc', name), text)
}
