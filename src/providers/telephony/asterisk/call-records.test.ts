import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TelephonyUnavailableError } from '../telephony.ts'
import { CallRecords, type CallRecordsOptions } from './call-records.ts'
import { recordedEnding } from './endings.ts'

const logger = { warn: () => {} }
let folder: string
let path: string
const made: CallRecords[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'records-'))
  path = join(folder, 'calls.csv')
})
afterEach(async () => {
  for (const records of made.splice(0)) await records.close()
  await rm(folder, { recursive: true })
})

function open(options: Partial<CallRecordsOptions> = {}): CallRecords {
  const records = new CallRecords({ path, logger, ...options })
  made.push(records)
  return records
}
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const START = 1_795_946_528
const line = (event: string, n: number, second: number, extra = '') =>
  `"${event}","${START + second}.483295","${id(n)}","${id(n)}","${extra.replaceAll('"', '""')}"\n`
const hangup = (n: number, second: number, cause: number) =>
  line('HANGUP', n, second, JSON.stringify({ hangupcause: cause, hangupsource: '', dialstatus: '' }))
const at = (second: number) => new Date((START + second) * 1_000 + 483)

test('calls are told as Asterisk wrote them, also by lines that have more in them', async () => {
  await writeFile(path, line('CHAN_START', 1, 0) + line('ANSWER', 1, 2) + line('DTMF', 1, 3) + hangup(1, 9, 16))
  await appendFile(
    path,
    `"${id(2)}","CHAN_START","${START}.000000","PJSIP/x","Stasis","app,+358401234567,60000","","","",""\n`,
  )
  await appendFile(path, `"CHAN_START","${START}.000000","1795946528.12","of another program"\nnonsense\n`)
  const records = open()
  await records.refresh()
  expect(records.find(id(1))).toEqual({
    ...{ startedAt: at(0), answeredAt: at(2), lastAt: at(9), mayHaveRung: true },
    ended: { at: at(9), q850: 16 },
  })
  expect(records.find(id(2))).toMatchObject({ answeredAt: undefined, ended: undefined })
  expect(records.find(id(3))).toBeUndefined()
})

test.each([
  [16, true, 'answered'],
  [0, true, 'answered'],
  [16, false, 'cancelled'],
  [17, false, 'busy'],
  [19, false, 'no_answer'],
  [21, false, 'refused'],
  [1, false, 'invalid_number'],
  [34, false, 'unreachable'],
  [18, false, 'unreachable'],
  [127, false, 'provider_fault'],
  [0, false, 'provider_fault'],
] as const)('Asterisk says %d, answered: %s', async (q850, answered, cause) => {
  await writeFile(path, line('CHAN_START', 1, 0) + (answered ? line('ANSWER', 1, 1) : '') + hangup(1, 2, q850))
  const records = open()
  await records.refresh()
  expect(recordedEnding(records.find(id(1))!)).toEqual({
    ...{ cause, answeredAt: answered ? at(1) : undefined, endedAt: at(2) },
    codes: { q850 },
  })
})

test('a call without an end, of an Asterisk that was killed, ends with the last that is known', async () => {
  await writeFile(path, line('CHAN_START', 1, 0) + line('ANSWER', 1, 2) + line('CHAN_START', 2, 1))
  const records = open()
  await records.refresh()
  const endings = [1, 2].map((n) => recordedEnding(records.find(id(n))!))
  expect(endings).toEqual([
    { cause: 'answered', answeredAt: at(2), endedAt: at(2), codes: {} },
    { cause: 'provider_fault', answeredAt: undefined, endedAt: at(1), codes: {} },
  ])
})

test('only what is new is read, lines that are half written when they are whole', async () => {
  await writeFile(path, line('CHAN_START', 1, 0))
  const records = open()
  await records.refresh()
  const next = line('CHAN_START', 2, 1)
  await appendFile(path, next.slice(0, 30))
  await records.refresh()
  expect(records.find(id(2))).toBeUndefined()
  await appendFile(path, next.slice(30))
  await Promise.all([records.refresh(), records.refresh(), records.refresh()])
  expect(records.find(id(2))).toBeDefined()
})

test('a refresh sees what was written before it was asked for, whoever else asks', async () => {
  await writeFile(path, line('CHAN_START', 0, 0))
  const records = open()
  for (let n = 1; n < 50; n++) {
    const earlier = records.refresh()
    await appendFile(path, line('CHAN_START', n, n))
    await records.refresh()
    expect(records.find(id(n))).toBeDefined()
    await earlier
  }
})

test('the file is rotated, or cut', async () => {
  await writeFile(path, line('CHAN_START', 1, 0))
  const records = open()
  await records.refresh()
  await appendFile(path, line('CHAN_START', 2, 1))
  await rename(path, `${path}.1`)
  await records.refresh()
  await writeFile(path, line('CHAN_START', 3, 2))
  await records.refresh()
  expect([1, 2, 3].map((n) => records.find(id(n)) !== undefined)).toEqual([true, true, true])
  await truncate(path)
  await appendFile(path, 'x\n')
  await records.refresh()
  await appendFile(path, line('CHAN_START', 4, 3))
  await records.refresh()
  expect(records.find(id(4))).toBeDefined()
})

test('of a large file the end is read, and older calls are told apart from unknown ones by their time', async () => {
  await writeFile(path, Array.from({ length: 2_000 }, (_, n) => line('CHAN_START', n, n)).join(''))
  const records = open({ tailBytes: 20_000 })
  await records.refresh()
  expect(records.find(id(1_999))).toBeDefined()
  expect(records.find(id(1_000))).toBeUndefined()
  expect([at(1_000), at(1_999), undefined].map((instant) => records.covers(instant))).toEqual([false, true, false])
})

test('the oldest calls are forgotten, and not taken for calls that never were', async () => {
  await writeFile(path, Array.from({ length: 100 }, (_, n) => line('CHAN_START', n, n)).join(''))
  const records = open({ remembered: 10 })
  await records.refresh()
  expect([89, 90].map((n) => records.find(id(n)) !== undefined)).toEqual([false, true])
  expect([at(80), at(95), undefined].map((instant) => records.covers(instant))).toEqual([false, true, false])
})

test('before the first call there is no file; a folder that is not there is a fault', async () => {
  const records = open()
  expect(records.covers(new Date())).toBe(false)
  await records.refresh()
  expect([records.covers(new Date(Date.now() + 1)), records.covers(undefined)]).toEqual([true, true])
  // A file that was rotated away may have it.
  expect(records.covers(new Date(Date.now() - 60_000))).toBe(false)
  await expect(open({ path: join(folder, 'nowhere/calls.csv') }).refresh()).rejects.toThrow(TelephonyUnavailableError)
  await expect(open({ path: folder }).refresh()).rejects.toThrow('the call records cannot be read: EISDIR')
})

test('when a call that has ended is not there, nothing is concluded from the file', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  try {
    await writeFile(path, line('CHAN_START', 1, 0))
    const records = open()
    await records.refresh()
    records.expect(id(2))
    vi.advanceTimersByTime(5_000)
    await vi.waitFor(() => expect(records.areTold).toBe(false))
    expect(records.covers(undefined)).toBe(false)
    records.expect(id(1))
    vi.advanceTimersByTime(5_000)
    await vi.waitFor(() => expect(records.areTold).toBe(true))
  } finally {
    vi.useRealTimers()
  }
})

test('a channel that nobody asked to be dialled has refused nothing, where the file tells such apart', async () => {
  const dialled = (text: string) => text.replace(',"', ',"saygraph-dialled","')
  await writeFile(path, hangup(1, 1, 21) + dialled(hangup(2, 2, 21)) + hangup(3, 3, 21) + dialled(hangup(4, 4, 17)))
  const records = open()
  await records.refresh()
  const causes = [1, 2, 3, 4].map((n) => recordedEnding(records.find(id(n))!).cause)
  // Of the first nothing says yet that the file tells.
  expect(causes).toEqual(['refused', 'refused', 'provider_fault', 'busy'])
})
