import { expect, test } from 'vitest'
import { testWorld } from '../../../test/kit/world.ts'
import {
  createMessageWriter,
  type ImportRow,
  importMessages,
  type MessagingDeps,
  type RowResult,
  updateMessageSettings,
} from './index.ts'

const t = await testWorld()
// What it takes to keep what is said is not looked at here.
await updateMessageSettings(t.world, t.viewer, { contentPolicy: 'drop' })
const writer = createMessageWriter(t.world)
/** How many rows, and characters of content, each transaction was given. */
let written: { rows: number; characters: number }[] = []
const deps: MessagingDeps = {
  world: t.world,
  writer: {
    ...writer,
    write(workspaceId, entries, also) {
      const characters = JSON.stringify(entries).length
      written.push({ rows: entries.length, characters })
      return writer.write(workspaceId, entries, also)
    },
  },
}

function row(n: number, characters: number): ImportRow {
  const message = {
    ...{ direction: 'in' as const, channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' },
    ...{ customerChannelIdentifier: '+31687654321', time: new Date(Date.UTC(2026, 0, 1) + n * 60_000) },
    content: { textContent: `${n} `.padEnd(characters, 'x') },
  }
  return { text: JSON.stringify(message), content: { message } }
}

/** Imports rows as they come, so many together; stops where the source does. */
async function statuses(rows: readonly ImportRow[], together: number, end = rows.length, key?: string) {
  async function* source() {
    for (let from = 0; from < end; from += together) yield rows.slice(from, Math.min(from + together, end))
    if (end < rows.length) throw new Error('broke off')
  }
  written = []
  const told: RowResult[] = []
  for await (const some of importMessages(deps, t.viewer, source(), { key })) told.push(...some)
  return Object.fromEntries([...Map.groupBy(told, ({ status }) => status)].map(([status, all]) => [status, all.length]))
}

test('long rows are stored in batches that are no larger than short ones', async () => {
  const rows = Array.from({ length: 70 }, (_, n) => row(n, 250_000))
  for (const together of [1, 70]) {
    expect(await statuses(rows, together)).toEqual({ added: 70 })
    expect(written.map((one) => one.rows)).toEqual([32, 32, 6])
  }
  for (const { characters } of written) expect(characters).toBeLessThan(8_500_000)
})

test('short rows are stored 2,000 at a time', async () => {
  const rows = Array.from({ length: 4_100 }, (_, n) => row(n, 10))
  expect(await statuses(rows, 700)).toEqual({ added: 4_100 })
  expect(written.map((one) => one.rows)).toEqual([2_000, 2_000, 100])
})

test('an import goes on where it broke off, however the rows come the second time', async () => {
  const rows = Array.from({ length: 100 }, (_, n) => row(n, n % 2 === 0 ? 250_000 : 10))
  await expect(statuses(rows, 7, 90, 'move-in')).rejects.toThrow('broke off')
  await writer.idle()
  expect(written.map((one) => one.rows)).toEqual([63])
  expect(await statuses(rows, 50, 100, 'move-in')).toEqual({ done_before: 63, added: 37 })
  expect(await statuses(rows, 1, 100, 'move-in')).toEqual({ done_before: 100 })
})
