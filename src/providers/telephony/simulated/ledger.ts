import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Cause } from '../causes.ts'
import type { DialResult } from '../telephony.ts'

/** What a carrier knows to have happened, in the order in which it did. Instants are milliseconds by its clock. */
export type LedgerEntry = { at: number } & Happening

type Happening =
  /** The carrier began, or began again: calls that were in progress have ended. With the pace of its clock. */
  | { what: 'started'; since: number; startsAt: number }
  /** A dial request was taken up. `nth`: which call to the number it is, from 0; absent when it made no call. */
  | { what: 'dial'; callId: string; seat: string; to: string; from?: string; nth?: number; result: DialResultName }
  | { what: 'ringing' | 'answered'; callId: string }
  | { what: 'command'; callId: string; commandId: string; kind: string }
  | { what: 'keypress'; callId: string; digit: string }
  | { what: 'discarded'; callId: string; commandId: string }
  | { what: 'recorded'; callId: string; commandId: string; durationMs: number; speaksMs: number }
  | { what: 'ended'; callId: string; cause: Cause; q850?: number; sip?: number }

export type DialResultName = 'accepted' | Extract<DialResult, { outcome: 'refused' }>['reason']

/** One dialled call, as the ledger has it: what a test judges by. */
export interface LedgerCall {
  callId: string
  seat: string
  to: string
  from?: string
  nth: number
  dialledAt: number
  answeredAt?: number
  endedAt?: number
  cause?: Cause
  q850?: number
  sip?: number
  keys: { at: number; digit: string }[]
  recordings: { commandId: string; durationMs: number; speaksMs: number }[]
  /** Further requests with the same id, all of them refused. */
  duplicates: number
}

/** The calls of a ledger, in the order in which they were dialled. */
export class LedgerBook {
  readonly calls = new Map<string, LedgerCall>()
  readonly #timesCalled = new Map<string, number>()

  add(entry: LedgerEntry): void {
    if (entry.what === 'started') {
      for (const call of this.calls.values()) {
        if (call.endedAt === undefined) {
          Object.assign(call, { endedAt: entry.at, cause: call.answeredAt ? 'answered' : 'provider_fault', q850: 41 })
        }
      }
      return
    }
    const { at, callId } = entry
    const call = this.calls.get(callId)
    if (entry.what === 'dial') {
      if (entry.result === 'duplicate' && call) call.duplicates++
      if (entry.result !== 'accepted') return
      const { seat, to, from, nth = 0 } = entry
      this.calls.set(callId, { callId, seat, to, from, nth, dialledAt: at, keys: [], recordings: [], duplicates: 0 })
      this.#timesCalled.set(to, nth + 1)
      return
    }
    if (!call) return
    if (entry.what === 'answered') call.answeredAt = at
    if (entry.what === 'keypress') call.keys.push({ at, digit: entry.digit })
    if (entry.what === 'recorded') {
      const { commandId, durationMs, speaksMs } = entry
      call.recordings.push({ commandId, durationMs, speaksMs })
    }
    if (entry.what === 'discarded') {
      call.recordings = call.recordings.filter(({ commandId }) => commandId !== entry.commandId)
    }
    if (entry.what === 'ended') {
      const { cause, q850, sip } = entry
      Object.assign(call, { endedAt: at, cause, q850, sip })
    }
  }

  /** How many calls the number has had. */
  timesCalled(number: string): number {
    return this.#timesCalled.get(number) ?? 0
  }
}

export interface LedgerFile {
  readonly entries: readonly LedgerEntry[]
  /** Returns when the entry is with the operating system: it survives the end of every process, this one included. */
  append(entry: LedgerEntry): void
  close(): void
}

/** A ledger as a file of JSON lines. A last line that was cut off by a crash never counted. */
export function openLedger(path: string): LedgerFile {
  const file = openSync(path, 'a+', 0o600)
  const text = readFileSync(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const entries = whole
    .split('\n')
    .filter((line) => line !== '' && isWhole(line))
    .map((line) => JSON.parse(line) as LedgerEntry)
  if (whole.length < text.length) writeSync(file, '\n')
  return {
    entries,
    append(entry) {
      writeSync(file, `${JSON.stringify(entry)}\n`)
    },
    close() {
      fsyncSync(file)
      closeSync(file)
    },
  }
}

/** A cut-off line that was closed by a later start is one that never counted. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
