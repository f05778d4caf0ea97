/** Fields by their names in lower case, unfolded; of several of one name the first. Octets as Latin-1. */
export type Fields = ReadonlyMap<string, string>

/** A part of a message: what its Content-Type says, and its content with the transfer encoding undone, as Latin-1. */
export interface MimePart {
  fields: Fields
  /** In lower case, such as `message/delivery-status`. */
  type: string
  content: string
  /** Of a multipart, in their order. */
  parts: readonly MimePart[]
}

const DEEPEST = 10
const MOST_PARTS = 100

/** Reads a message (RFC 5322, MIME) as far as it makes sense; never throws. `raw` is octets as Latin-1. */
export function readPart(raw: string, depth = 0): MimePart {
  const { head, body } = headAndBody(raw)
  const fields = readFields(head)
  const contentType = fields.get('content-type') ?? 'text/plain'
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  const boundary = type.startsWith('multipart/') ? parameter(contentType, 'boundary') : undefined
  const parts = boundary && depth < DEEPEST ? split(body, boundary).map((part) => readPart(part, depth + 1)) : []
  return { fields, type, content: decoded(body, fields.get('content-transfer-encoding')), parts }
}

/** Fields of a header, or of a group of a delivery status. */
export function readFields(head: string): Fields {
  const fields = new Map<string, string>()
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim())
  }
  return fields
}

/** This part and all below, each before its own parts. */
export function* walk(part: MimePart): Generator<MimePart> {
  yield part
  for (const inner of part.parts) yield* walk(inner)
}

function headAndBody(raw: string): { head: string; body: string } {
  // A part may begin with the empty line: it has no header then.
  const end = raw.match(/^\r?\n|\r?\n\r?\n/)
  if (!end) return { head: raw, body: '' }
  return { head: raw.slice(0, end.index), body: raw.slice(end.index! + end[0].length) }
}

function parameter(value: string, name: string): string | undefined {
  const match = value.match(new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i'))
  return match?.[1]?.replace(/\\(.)/g, '$1') ?? match?.[2]
}

function split(body: string, boundary: string): string[] {
  const parts: string[] = []
  let current: string[] | undefined
  for (const line of body.split('\n')) {
    const bare = line.trimEnd()
    const isDelimiter = bare === `--${boundary}`
    const isEnd = bare === `--${boundary}--`
    if (!isDelimiter && !isEnd) {
      current?.push(line)
      continue
    }
    if (current) parts.push(current.join('\n').replace(/\r$/, ''))
    current = []
    if (isEnd || parts.length === MOST_PARTS) return parts
  }
  if (current) parts.push(current.join('\n'))
  return parts
}

function decoded(body: string, encoding = ''): string {
  switch (encoding.trim().toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString('latin1')
    case 'quoted-printable':
      return body
        .replace(/[ \t]*=[ \t]*\r?\n/g, '')
        .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    default:
      return body
  }
}
