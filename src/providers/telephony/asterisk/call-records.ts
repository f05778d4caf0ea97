import type { Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from '../../../platform/logger.ts'
import { TelephonyUnavailableError } from '../telephony.ts'
import { DIALLED } from './names.ts'

/** What Asterisk's channel event log says of a call. */
export interface CallRecord {
  startedAt: Date
  answeredAt: Date | undefined
  /** With Asterisk's cause, which is what it made of the SIP code (the log does not have that one). */
  ended: { at: Date; q850: number } | undefined
  /** False: it is known that nobody asked for it to be dialled. */
  mayHaveRung: boolean
  /** The last that was written of it. */
  lastAt: Date
}

export interface CallRecordsOptions {
  /** What cel_custom writes: CSV with at least event, instant, channel and extra (docs/asterisk.md). */
  path: string
  logger: Pick<Logger, 'warn'>
  /** How much of the end of the file is read at first. A call takes about 500 bytes. */
  tailBytes?: number
  /** How many calls are kept in memory, the latest ones. */
  remembered?: number
}

const TAIL_BYTES = 32_000_000
const REMEMBERED = 100_000
const CHUNK_BYTES = 1_000_000
/** A line without an end is no line of ours. */
const LONGEST_LINE = 100_000
// Whatever else a line has, and in whatever order.
const EVENT = /"(CHAN_START|ANSWER|HANGUP|CHAN_END)"/
const TIME = /"(\d{9,11})\.(\d{6})"/
const CHANNEL = /"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/
const CAUSE = /""hangupcause"":(\d+)/
const NEWLINE = 10
const WRITTEN_WITHIN_MS = 2_000

/**
 * Asterisk's own records of calls, for those that nobody heard the end of. The file is read from its end backwards once
 * and forwards from then on, each time only what is new; it may be rotated.
 */
export class CallRecords {
  readonly #path: string
  readonly #logger: Pick<Logger, 'warn'>
  readonly #tailBytes: number
  readonly #remembered: number
  /** Oldest first, by what was last written of them. */
  readonly #calls = new Map<string, CallRecord>()
  #file: FileHandle | undefined
  #inode = 0
  #offset = 0
  /** What was read of a line that has no end yet. */
  #rest = Buffer.alloc(0)
  /** Since when every call is in memory. */
  #since: Date | undefined
  /** Whether there were earlier ones in the file. */
  #isCut = false
  #skipLine = false
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined
  #closed = false
  #isProven = false
  #areTold = true
  /** Whether the file says of a call that it was to be dialled; older configurations leave that out. */
  #saysDialled = false

  constructor({ path, logger, tailBytes = TAIL_BYTES, remembered = REMEMBERED }: CallRecordsOptions) {
    this.#path = path
    this.#logger = logger
    this.#tailBytes = tailBytes
    this.#remembered = remembered
  }

  /** Reads what is new. Rejects with TelephonyUnavailableError when the file cannot be read. */
  refresh(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined
      })
      return this.#reading
    }
    // What is being read may have been looked at before what the caller waits for was written.
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.refresh()
      })
    return this.#next
  }

  /** As of the last `refresh`. */
  find(callId: string): CallRecord | undefined {
    return this.#calls.get(callId)
  }

  /** False once calls turned out to be missing: this is not the file that Asterisk writes to. */
  get areTold(): boolean {
    return this.#areTold
  }

  /** A call has ended and must be in the records soon. */
  expect(callId: string): void {
    if (this.#isProven || this.#closed) return
    this.#isProven = true
    const prove = async () => {
      await this.refresh()
      const isThere = this.#calls.has(callId)
      if (!isThere) {
        this.#logger.warn({ path: this.#path, callId }, 'a call that has ended is not in the call records')
        // The next call is looked for again.
        this.#isProven = false
      }
      this.#areTold = isThere
    }
    setTimeout(() => void prove().catch(() => {}), WRITTEN_WITHIN_MS).unref()
  }

  /** Whether a call that began at `instant` (undefined: nobody knows when) would be in memory. */
  covers(instant: Date | undefined): boolean {
    if (!this.#since || !this.#areTold) return false
    return instant ? instant >= this.#since : !this.#isCut
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reading?.catch(() => {})
    await this.#file?.close()
    this.#file = undefined
  }

  async #read(): Promise<void> {
    try {
      await this.#readOrFail()
    } catch (error) {
      throw new TelephonyUnavailableError(`the call records cannot be read: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  async #readOrFail(): Promise<void> {
    if (this.#closed) throw new Error('closed')
    const now = await statOf(this.#path)
    if (this.#file && now?.ino !== this.#inode) {
      // Rotated: what was written to the old file until then, first.
      await this.#readOn()
      await this.#file.close()
      this.#file = undefined
    }
    if (!now) {
      // Asterisk makes the file with its first call; its folder must be there, or it never will.
      await stat(dirname(this.#path))
      this.#since ??= new Date()
      return
    }
    if (!this.#file) {
      const isFirst = this.#inode === 0
      this.#file = await open(this.#path)
      this.#inode = now.ino
      this.#rest = Buffer.alloc(0)
      this.#offset = 0
      if (isFirst) this.#startAt(now)
    } else if (now.size < this.#offset) {
      this.#logger.warn({ path: this.#path }, 'the call records have been cut: they are read from the start')
      this.#offset = 0
      this.#rest = Buffer.alloc(0)
    }
    await this.#readOn()
  }

  #startAt({ size, birthtime }: Stats): void {
    // An older file may have been rotated away.
    this.#since ??= birthtime
    if (size <= this.#tailBytes) return
    this.#offset = size - this.#tailBytes
    this.#skipLine = true
  }

  async #readOn(): Promise<void> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await this.#file!.read(chunk, 0, CHUNK_BYTES, this.#offset)
      if (bytesRead === 0) break
      this.#offset += bytesRead
      const end = chunk.lastIndexOf(NEWLINE, bytesRead - 1)
      if (end < 0) {
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)])
        if (this.#rest.length > LONGEST_LINE) this.#rest = Buffer.alloc(0)
        continue
      }
      const text = Buffer.concat([this.#rest, chunk.subarray(0, end)]).toString('latin1')
      this.#rest = Buffer.from(chunk.subarray(end + 1, bytesRead))
      for (const line of text.split('\n')) this.#take(line)
    }
    for (const [id, { lastAt }] of this.#calls) {
      if (this.#calls.size <= this.#remembered) break
      this.#calls.delete(id)
      this.#isCut = true
      this.#since = lastAt
    }
  }

  #take(line: string): void {
    if (this.#skipLine) {
      // The middle of a line: what comes after it is the first that is known.
      this.#skipLine = false
      this.#isCut = true
      this.#since = undefined
      return
    }
    const event = EVENT.exec(line)?.[1]
    const [, seconds, micros] = TIME.exec(line) ?? []
    const id = CHANNEL.exec(line)?.[1]
    if (event === undefined || seconds === undefined || id === undefined) return
    const at = new Date(Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000))
    this.#since ??= at
    const known = this.#calls.get(id)
    // Of the last channel with this id; ids are used once.
    const record = known ?? { startedAt: at, answeredAt: undefined, ended: undefined, mayHaveRung: false, lastAt: at }
    record.lastAt = at
    if (line.includes(DIALLED.value)) {
      this.#saysDialled = true
      record.mayHaveRung = true
    } else if (event === 'HANGUP' && !known?.mayHaveRung) record.mayHaveRung = !this.#saysDialled
    if (event === 'ANSWER') record.answeredAt ??= at
    if (event === 'HANGUP') record.ended = { at, q850: Number(CAUSE.exec(line)?.[1] ?? 0) }
    if (event === 'CHAN_END') record.ended ??= { at, q850: 0 }
    if (!known) this.#calls.set(id, record)
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
