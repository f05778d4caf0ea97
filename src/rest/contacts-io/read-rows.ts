import { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { UnreadableRow } from '../../domains/contacts/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import type { ColumnFields } from './columns.ts'

type Row = Readonly<Record<string, unknown>> | UnreadableRow

/** Longer rows are no contacts; without a limit a missing quote or newline would gather the whole body in memory. */
const MAX_ROW_CHARACTERS = 100_000

/**
 * The rows of a CSV body as they arrive, with the first line as the names of columns. Nothing is read ahead of what is
 * taken, apart from one chunk and what the parser holds of it. Throws VALIDATION_FAILED when it is no CSV.
 */
export async function* csvRows(
  source: AsyncIterable<Uint8Array>,
  fieldOf: ColumnFields,
  delimiter: string,
  unguard: (cell: string) => string,
): AsyncGenerator<Row> {
  const parser = parse({
    delimiter,
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
  })
  const text = Readable.from(decoded(source), { objectMode: true, highWaterMark: 1 })
  text.on('error', (error) => parser.destroy(error))
  let columns: ReturnType<ColumnFields>[] | undefined
  try {
    for await (const record of text.pipe(parser) as AsyncIterable<string[]>) {
      if (columns === undefined) columns = header(record, fieldOf)
      else if (record.length > columns.length) yield new UnreadableRow('has more cells than the header')
      else yield rowOf(columns, record.map(unguard))
    }
  } catch (error) {
    if (error instanceof CsvError) throw broken(`is no CSV: ${error.code.toLowerCase().replaceAll('_', ' ')}`)
    throw error
  } finally {
    text.destroy()
  }
  if (columns === undefined) throw broken('has no header')
}

function header(names: readonly string[], fieldOf: ColumnFields): ReturnType<ColumnFields>[] {
  const columns = names.map((name) => fieldOf(name.trim()))
  const known = columns.filter((field) => field !== undefined)
  if (known.length === 0) throw broken('has no column that is a field of contacts', 'no_columns')
  const twice = known.find((field, n) => known.indexOf(field) !== n)
  if (twice !== undefined) throw broken(`has two columns for ${twice}`, 'column_twice')
  return columns
}

function rowOf(columns: readonly ReturnType<ColumnFields>[], cells: readonly string[]): Record<string, string> {
  const row: Record<string, string> = {}
  cells.forEach((cell, n) => {
    const field = columns[n]
    if (field !== undefined) row[field] = cell
  })
  return row
}

/** The rows of a body with one JSON object per line, as they arrive; blank lines are passed over. */
export async function* ndjsonRows(source: AsyncIterable<Uint8Array>, fieldOf: ColumnFields): AsyncGenerator<Row> {
  let rest = ''
  for await (const text of decoded(source)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    if (rest.length > MAX_ROW_CHARACTERS) throw broken(`has a line of more than ${MAX_ROW_CHARACTERS} characters`)
    for (const line of lines) if (line.trim() !== '') yield objectOf(line, fieldOf)
  }
  if (rest.trim() !== '') yield objectOf(rest, fieldOf)
}

function objectOf(line: string, fieldOf: ColumnFields): Row {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return new UnreadableRow('is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new UnreadableRow('is no JSON object')
  const row: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(value)) {
    const field = fieldOf(name)
    if (field !== undefined) row[field] = each
  }
  return row
}

/** UTF-8 as text. Throws VALIDATION_FAILED for what is none, and when the body stops before its end. */
async function* decoded(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const text = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw broken('is not UTF-8', 'encoding')
    }
  }
  for await (const bytes of source) {
    const part = text(bytes)
    if (part !== '') yield part
  }
  const last = text()
  if (last !== '') yield last
}

export function broken(message: string, rule = 'malformed'): ValidationError {
  const issue: Issue = { path: ['body'], rule, message }
  return new ValidationError([issue])
}
