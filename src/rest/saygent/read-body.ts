import { Refused, type RequestBody } from '../legacy/index.ts'
import { readFields } from './bracketed.ts'

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'

/**
 * A body of any media type: JSON whatever it says it is, since curl calls everything a form; otherwise a form when it
 * says that or nothing. An empty one is none. Throws `Refused` for what is neither.
 */
export async function readBody(body: RequestBody): Promise<unknown> {
  const mediaType = body.contentType.split(';', 1)[0]!.trim().toLowerCase()
  const bytes = await body.bytes()
  if (mediaType === MULTIPART) return readFields(await partsOf(bytes, body.contentType))
  const text = textOf(bytes)
  if (text === '') return undefined
  const isJson = /^[{[]/.test(text)
  if (!isJson && (mediaType === FORM || mediaType === '')) return readFields(new URLSearchParams(text))
  try {
    return JSON.parse(text)
  } catch (error) {
    throw malformed((error as Error).message)
  }
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim()
  } catch {
    throw malformed('The body is not UTF-8.')
  }
}

/** PHP's curl sends arrays of fields like that. Files have no use here. */
async function partsOf(bytes: Buffer, contentType: string): Promise<[string, string][]> {
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData()
    return [...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  } catch {
    throw malformed('The parts of the body cannot be read.')
  }
}

function malformed(message: string): Refused {
  return new Refused({ kind: 'malformed_body', message })
}
