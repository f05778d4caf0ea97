/** How one element of a row, which PostgreSQL sends as a JSON array, becomes a value of the result. */
export type Field = { name: string } & (
  | { as: 'value' }
  /** A list column; a null in it reads as empty. */
  | { as: 'list' }
  | { as: 'date' }
  | { as: 'bigint' }
  | { as: 'bytes' }
  | { as: 'row'; row: DecodeRow }
  | { as: 'rows'; row: DecodeRow; reversed: boolean }
)

export type DecodeRow = (row: unknown[]) => object

/** PostgreSQL takes at most this many arguments; a wider row is an array of arrays of this size. */
export const MAX_ARGUMENTS = 100

/** The SQL of a row. */
export function rowSql(values: string[]): string {
  if (values.length <= MAX_ARGUMENTS) return `json_build_array(${values.join(', ')})`
  const parts: string[] = []
  for (let i = 0; i < values.length; i += MAX_ARGUMENTS) parts.push(rowSql(values.slice(i, i + MAX_ARGUMENTS)))
  return rowSql(parts)
}

/**
 * Compiles the reader of a row: a function with one object literal is several times faster than a loop over names,
 * and this runs once a row. The source holds names of fields of the schema and indexes, nothing of a caller.
 */
export function decoderOf(fields: Field[]): DecodeRow {
  const rows = fields.map((field) => ('row' in field ? field.row : undefined))
  const entries = fields.map((field, i) => {
    const at = fields.length <= MAX_ARGUMENTS ? `r[${i}]` : `r[${Math.floor(i / MAX_ARGUMENTS)}][${i % MAX_ARGUMENTS}]`
    return `${JSON.stringify(field.name)}: ${expression(field, at, i)}`
  })
  const source = `return (r) => ({ ${entries.join(', ')} })`
  return new Function('date', 'bytes', 'many', 'rows', source)(readDate, readBytes, decodeRows, rows) as DecodeRow
}

function expression(field: Field, at: string, i: number): string {
  switch (field.as) {
    case 'value':
      return at
    case 'list':
      return `${at} ?? []`
    case 'date':
      return `${at} === null ? null : date(${at})`
    case 'bigint':
      return `${at} === null ? null : BigInt(${at})`
    case 'bytes':
      return `${at} === null ? null : bytes(${at})`
    case 'row':
      return `${at} === null ? null : rows[${i}](${at})`
    case 'rows':
      return `many(${at}, rows[${i}], ${field.reversed})`
  }
}

/** As Prisma gives them. */
function readBytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

/** Decodes in place. */
export function decodeRows(rows: unknown[], row: DecodeRow, reversed: boolean): object[] {
  for (let i = 0; i < rows.length; i++) rows[i] = row(rows[i] as unknown[])
  return (reversed ? rows.reverse() : rows) as object[]
}

const UTC_LENGTH = '2026-01-02T03:04:05+00:00'.length

/**
 * PostgreSQL's JSON form of a timestamptz. Microseconds are cut off, as Prisma does. The usual form (UTC, four-digit
 * year) is read by hand, which takes a third of the time of `new Date(text)`.
 */
export function readDate(text: string): Date {
  const length = text.length
  if (length < UTC_LENGTH || text.charCodeAt(4) !== 45 || !text.endsWith('+00:00')) return new Date(text)
  const two = (at: number) => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528
  let ms = 0
  if (length > UTC_LENGTH) {
    const end = length - 6
    ms = (text.charCodeAt(20) - 48) * 100
    if (end > 21) ms += (text.charCodeAt(21) - 48) * 10
    if (end > 22) ms += text.charCodeAt(22) - 48
  }
  const year = two(0) * 100 + two(2)
  // Date.UTC takes years below 100 for the twentieth century.
  if (year < 100) return new Date(text)
  return new Date(Date.UTC(year, two(5) - 1, two(8), two(11), two(14), two(17), ms))
}
