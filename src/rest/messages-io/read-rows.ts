import type { ImportRow, MessageInput, ResolveInput } from '../../domains/messaging/index.ts'
import { unreadable } from '../../domains/messaging/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { readInstant } from '../../platform/instants.ts'

/** Longer lines are no messages; without a limit a missing newline would gather the whole body in memory. */
const MAX_LINE_CHARACTERS = 1_000_000

/**
 * The rows of a body with one JSON object per line, those of each chunk together; blank lines are passed over. Throws
 * VALIDATION_FAILED for what is not UTF-8, has an endless line, or stops before its end.
 */
export async function* messageRows(source: AsyncIterable<Uint8Array>): AsyncGenerator<ImportRow[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const bytes of source) {
    const lines = (rest + decoded(decoder, bytes)).split('\n')
    rest = lines.pop()!
    if (rest.length > MAX_LINE_CHARACTERS)
      throw broken(`has a line of more than ${MAX_LINE_CHARACTERS} characters`, 'too_long')
    const rows = lines.flatMap((line) => (line.trim() === '' ? [] : [rowOf(line.trim())]))
    if (rows.length > 0) yield rows
  }
  rest += decoded(decoder)
  if (rest.trim() !== '') yield [rowOf(rest.trim())]
}

function decoded(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined })
  } catch {
    throw broken('is not UTF-8', 'encoding')
  }
}

function rowOf(text: string): ImportRow {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { text, content: { unreadable: unreadable('malformed', 'is no JSON') } }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { text, content: { unreadable: unreadable('malformed', 'is no JSON object') } }
  }
  const row = value as Record<string, unknown>
  const time = row.time === undefined || row.time === null ? null : readInstant(String(row.time))
  if (time === undefined) {
    const message = 'must be ISO 8601 with a zone, such as 2026-02-14T12:03:59Z'
    return { text, content: { unreadable: unreadable('instant', message, ['time']) } }
  }
  const { type = 'message' } = row
  // The domain judges what is in it, whatever that is. What is said may be called as SaySimple calls it.
  if (type === 'message') {
    const { direction, message, content = message, ...others } = row
    const isTwice = content !== message && message !== undefined && message !== null
    if (isTwice)
      return {
        text,
        content: { unreadable: unreadable('once', 'has content twice, as `message` as well', ['message']) },
      }
    const way = typeof direction === 'string' ? direction.toLowerCase() : direction
    return { text, content: { message: { ...others, content, direction: way, time } as unknown as MessageInput } }
  }
  if (type === 'resolution') return { text, content: { resolution: { ...row, time } as unknown as ResolveInput } }
  return { text, content: { unreadable: unreadable('unknown_option', 'must be message or resolution', ['type']) } }
}

export function broken(message: string, rule = 'malformed'): ValidationError {
  return new ValidationError([{ path: ['body'], rule, message }])
}
