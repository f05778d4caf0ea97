import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { ENVIRONMENT_NAMES } from '../src/config/read-config.ts'
import { EVENT_CATALOG } from '../src/events/index.ts'
import { ERROR_CODES } from '../src/platform/errors.ts'
import { DEFAULT_RATES } from '../src/web/deps.ts'

/** The first cells of a document's tables, without their back-ticks. */
async function rows(document: string): Promise<string[][]> {
  const text = await readFile(new URL(`../docs/${document}`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(' | '))
}

test('docs/configuration.md lists every variable, and no other', async () => {
  const names = (await rows('configuration.md')).map(([name]) => name!.replaceAll('`', ''))
  expect(names.sort()).toEqual([...ENVIRONMENT_NAMES].sort())
})

test('docs/errors.md says of every code what the code says', async () => {
  const documented = await rows('errors.md')
  expect(documented).toEqual(
    Object.entries(ERROR_CODES).map(([code, { retryable, text }]) => [`\`${code}\``, retryable ? 'yes' : 'no', text]),
  )
})

test('docs/public-api.md tells every limit', async () => {
  const text = await readFile(new URL('../docs/public-api.md', import.meta.url), 'utf8')
  const told = /^Limits per address and minute: (.*)\.$/m
    .exec(text)![1]!
    .split(', ')
    .map((each) => Number.parseInt(each, 10))
  expect(Object.values(DEFAULT_RATES).map(({ seconds }) => seconds)).toEqual(told.map(() => 60))
  expect(told).toEqual(Object.values(DEFAULT_RATES).map(({ points }) => points))
})

test('docs/events.md lists every type with its payload and scope', async () => {
  const documented = (await rows('events.md')).filter(([type]) => type!.includes('.'))
  expect(documented).toEqual(
    Object.entries(EVENT_CATALOG).map(([type, { payload, scope }]) => [
      `\`${type}\``,
      Object.keys(payload.shape)
        .map((field) => `\`${field}\``)
        .join(', '),
      `\`${scope}\``,
    ]),
  )
})
