import { z } from 'zod'
import { DATE_RULES } from './dates.ts'
import {
  type Capture,
  type Entry,
  type ExpectedBody,
  type Json,
  type Recording,
  type RequestBody,
  UnreadableRecording,
} from './entry.ts'
import { KINDS, type Kind } from './forms.ts'
import { jsonOr, readPath } from './json-path.ts'

const json: z.ZodType<Json> = z.json()
const texts = z.record(z.string(), z.string())
const jsonPath = z.string().superRefine((path, context) => {
  try {
    readPath(path)
  } catch (error) {
    context.addIssue((error as Error).message)
  }
})
const pattern = z.string().refine(isPattern, 'must be a regular expression with a group')
const capture = z.union([
  jsonPath.transform((path): Capture => ({ path })),
  z.strictObject({ path: jsonPath, pattern: pattern.optional() }),
])
const kind = z.enum(KINDS as [Kind, ...Kind[]], `must be one of ${KINDS.join(', ')}`)

const settingsLine = z.strictObject({
  recording: z.string(),
  hosts: z.array(z.string()).default([]),
  ids: z.array(z.string()).default([]),
  kinds: texts.default({}),
  dates: z.enum(DATE_RULES).default('same'),
  /** Sent with every request, unless the request says otherwise; null there: not. */
  headers: texts.default({}),
})

const expectation = z
  .strictObject({
    status: z.int().min(100).max(599),
    headers: z.record(z.string(), z.string().nullable()).default({}),
    body: json.optional(),
    text: z.string().optional(),
  })
  .refine(({ body, text }) => body === undefined || text === undefined, 'has both body and text')

const requestLine = z
  .strictObject({
    method: z.string().regex(/^[A-Z]+$/, 'must be in capitals'),
    path: z.string().regex(/^(\/|https?:\/\/|\{\{)/, 'must begin with / or be an absolute URL'),
    headers: z.record(z.string(), z.string().nullable()).default({}),
    body: json.optional(),
    bodyBase64: z.base64().optional(),
    expect: expectation.optional(),
    note: z.string().optional(),
    match: z.record(jsonPath, kind).default({}),
    capture: z.record(z.string().regex(/^\w+$/, 'must be of letters, digits and _'), capture).default({}),
    until: z.record(jsonPath, json).optional(),
    key: z.string().nullish(),
    allowExtra: z.boolean().optional(),
  })
  .refine(({ body, bodyBase64 }) => body === undefined || bodyBase64 === undefined, 'has both body and bodyBase64')

const repeatLine = z.strictObject({
  repeat: z.int().min(1).max(10_000),
  entries: z.array(requestLine).min(1),
  note: z.string().optional(),
})

type RequestLine = z.output<typeof requestLine>

/**
 * Lines of JSON: the first may be the settings, each other one is a request, or `{ "repeat": n, "entries": [...] }`.
 * Empty lines and lines that begin with `#` or `//` are for people.
 */
export function readLines(content: string): Omit<Recording, 'name'> & { name: string } {
  const lines = content
    .split('\n')
    .map((text, index) => ({ line: index + 1, text: text.trim() }))
    .filter(({ text }) => text !== '' && !text.startsWith('#') && !text.startsWith('//'))
    .map(({ line, text }) => ({ line, value: parsed(text, line) }))
  const first = lines[0]?.value
  const hasSettings = isObject(first) && 'recording' in first
  const settings = check(settingsLine, hasSettings ? first : { recording: '' }, lines[0]?.line ?? 1)
  const entries = lines.slice(hasSettings ? 1 : 0).flatMap(({ line, value }) => {
    if (!isObject(value)) throw new UnreadableRecording(line, 'must be an object')
    if (!('repeat' in value)) return [entryOf(check(requestLine, value, line), settings.headers, line)]
    const { repeat, entries: repeated } = check(repeatLine, value, line)
    const once = repeated.map((request) => entryOf(request, settings.headers, line))
    return Array.from({ length: repeat }, () => once).flat()
  })
  const { recording: name, hosts, ids, kinds, dates } = settings
  return { name, hosts, ids, kinds, dates, entries }
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UnreadableRecording(line, `is no JSON: ${(error as Error).message}`)
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, line: number): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  // The rule that a key breaks is told one level below.
  const message = (issue!.code === 'invalid_key' && issue!.issues[0]?.message) || issue!.message
  throw new UnreadableRecording(line, `${issue!.path.join('.') || 'the line'}: ${message}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPattern(text: string): boolean {
  try {
    // With an empty alternative it matches anything, so that its groups can be counted.
    return new RegExp(`${text}|`).exec('')!.length > 1
  } catch {
    return false
  }
}

function entryOf(request: RequestLine, common: Record<string, string>, line: number): Entry {
  const { method, path, note, match, capture, until, key, allowExtra } = request
  const headers = Object.fromEntries(
    Object.entries({ ...lowerCase(common), ...lowerCase(request.headers) }).filter(
      (header): header is [string, string] => header[1] !== null,
    ),
  )
  const expect = request.expect && {
    status: request.expect.status,
    headers: lowerCase(request.expect.headers),
    body: expectedBody(request.expect),
  }
  return {
    line,
    note,
    method,
    url: path,
    headers,
    body: requestBody(request, headers),
    expect,
    match,
    capture,
    until,
    key,
    allowExtra,
  }
}

function requestBody({ body, bodyBase64 }: RequestLine, headers: Record<string, string>): RequestBody {
  if (bodyBase64 !== undefined) return { kind: 'bytes', bytes: Buffer.from(bodyBase64, 'base64') }
  if (body === undefined) return { kind: 'none' }
  const type = headers['content-type'] ?? ''
  const isForm = type.startsWith('application/x-www-form-urlencoded')
  if (typeof body === 'string') {
    if (isForm) return { kind: 'form', fields: [...new URLSearchParams(body)] }
    return jsonOr(body, /\bjson\b/.test(type))
  }
  if (!isForm || !isObject(body)) return { kind: 'json', value: body }
  return { kind: 'form', fields: Object.entries(body).map(([name, value]) => [name, String(value)]) }
}

/** A text is the body as it came, unless the recording says that JSON came: SaySimple answers `""`. */
function expectedBody({ body, text, headers }: z.output<typeof expectation>): ExpectedBody {
  if (text !== undefined) return { kind: 'text', text }
  if (body === undefined) return { kind: 'any' }
  const saysJson = /\bjson\b/.test(lowerCase(headers)['content-type'] ?? '')
  return typeof body === 'string' && !saysJson ? { kind: 'text', text: body } : { kind: 'json', value: body }
}

function lowerCase<Value>(headers: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
