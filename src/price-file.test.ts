import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigurationError } from './config/index.ts'
import { readPriceFile } from './price-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-prices-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function faults(text: string): Promise<readonly string[]> {
  const file = join(folder, 'prices.json')
  await writeFile(file, text)
  const error = await readPriceFile(file).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConfigurationError)) throw error ?? new Error('it was read')
  return error.faults.map((fault) => fault.replace(file, 'FILE'))
}

test('reads the table that docs/configuration.md shows', async () => {
  const docs = await readFile(new URL('../docs/configuration.md', import.meta.url), 'utf8')
  const [, example] = docs.match(/```json\n(.*?)```/s)!
  const file = join(folder, 'docs.json')
  await writeFile(file, example!)
  expect(await readPriceFile(file)).toEqual(JSON.parse(example!))
})

test('tells the file and everything that is wrong with it', async () => {
  const call = { perCallCents: 0, perMinuteCents: -1, incrementSeconds: 0 }
  expect(
    await faults(JSON.stringify({ call: { '': call, '358': { ...call, perMinuteCents: 1, incrementSeconds: 1 } } })),
  ).toEqual([
    'PRICES names FILE, where call.358: must be empty or begin an E.164 number, such as +358',
    'PRICES names FILE, where call."".perMinuteCents: must not be negative',
    'PRICES names FILE, where call."".incrementSeconds: must be at least 1',
  ])
  expect(await faults('[]')).toEqual([expect.stringMatching(/^PRICES names FILE, where the whole: .*expected object/)])
  expect(await faults('{"call": ')).toEqual([expect.stringMatching(/^PRICES names FILE, which is no JSON: /)])
})

test('tells which file cannot be read', async () => {
  const file = join(folder, 'nowhere.json')
  await expect(readPriceFile(file)).rejects.toThrow(
    `The configuration has a fault:\n  - PRICES names ${file}, which cannot be read: ENOENT: no such file or directory`,
  )
  await expect(readPriceFile(folder)).rejects.toThrow('which cannot be read: EISDIR')
})
