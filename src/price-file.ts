import { readFile } from 'node:fs/promises'
import { ConfigurationError } from './config/index.ts'
import { type PriceTable, priceTable } from './domains/campaigns/index.ts'
import { issuesOf } from './platform/validation.ts'

/** The price table that PRICES names. Throws ConfigurationError, which tells the file and everything wrong with it. */
export async function readPriceFile(file: string): Promise<PriceTable> {
  const fault = (what: string) => `PRICES names ${file}, ${what}`
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError([
      fault(error instanceof SyntaxError ? `which is no JSON: ${reason}` : `which cannot be read: ${reason}`),
    ])
  }
  const parsed = priceTable.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = issuesOf(parsed.error).map(({ path, message }) => {
    const place = path.map((part) => (part === '' ? '""' : part)).join('.')
    return fault(`where ${place || 'the whole'}: ${message}`)
  })
  throw new ConfigurationError(issues)
}
