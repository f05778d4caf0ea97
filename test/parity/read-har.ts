import { z } from 'zod'
import { type Entry, type ExpectedBody, type Recording, type RequestBody, UnreadableRecording } from './entry.ts'
import { jsonOr } from './json-path.ts'
import { lineAt, lineOf, linesOfElements } from './line-of.ts'

const header = z.object({ name: z.string(), value: z.string() })
const parameter = z.object({
  name: z.string(),
  value: z.string().default(''),
  fileName: z.string().optional(),
  contentType: z.string().optional(),
})

/** What is read of HAR 1.2; the rest of it may be anything. */
const har = z.object({
  log: z.object({
    entries: z.array(
      z.object({
        comment: z.string().optional(),
        request: z.object({
          method: z.string().min(1),
          url: z.string().refine((url) => URL.canParse(url), 'must be an absolute URL'),
          headers: z.array(header).default([]),
          postData: z
            .object({
              mimeType: z.string().default(''),
              text: z.string().optional(),
              encoding: z.string().optional(),
              params: z.array(parameter).default([]),
            })
            .optional(),
        }),
        response: z.object({
          status: z.int(),
          headers: z.array(header).default([]),
          content: z
            .object({
              size: z.number().optional(),
              mimeType: z.string().default(''),
              text: z.string().optional(),
              encoding: z.string().optional(),
            })
            .default({ mimeType: '' }),
        }),
      }),
    ),
  }),
})

type HarEntry = z.output<typeof har>['log']['entries'][number]

/** The connection's own, what fetches a part or a cached copy, and what a browser adds for itself. */
const NOT_SENT =
  /^(:.*|host|connection|content-length|accept-encoding|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-.*|cookie|if-.*|range|sec-.*|priority|dnt)$/i
/** Of the headers of an answer, what an API means rather than what a server adds. */
const COMPARED: ReadonlySet<string> = new Set(['content-type', 'location'])

/** HAR 1.2. Requests that were never answered are left out. Throws UnreadableRecording. */
export function readHar(content: string): Recording {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    const position = Number(/position (\d+)/.exec((error as Error).message)?.[1] ?? content.length)
    throw new UnreadableRecording(lineAt(content, position), `is no JSON: ${(error as Error).message}`)
  }
  const result = har.safeParse(value)
  if (!result.success) {
    const { path, message } = result.error.issues[0]!
    throw new UnreadableRecording(lineOf(content, path), `${path.join('.')}: ${message}`)
  }
  const lines = linesOfElements(content, ['log', 'entries'])
  const answered = result.data.log.entries
    .map((entry, index) => ({ entry, line: lines[index]! }))
    .filter(({ entry }) => entry.response.status > 0)
  const hosts = [...new Set(answered.map(({ entry }) => new URL(entry.request.url).host))]
  const entries = answered.map(({ entry, line }) => entryOf(entry, line))
  return { name: '', hosts, ids: [], kinds: {}, dates: 'same', entries }
}

function entryOf({ comment, request, response }: HarEntry, line: number): Entry {
  const headers = Object.fromEntries(
    request.headers.filter(({ name }) => !NOT_SENT.test(name)).map(({ name, value }) => [name.toLowerCase(), value]),
  )
  const body = requestBody(request)
  // It names a boundary that the new body does not have.
  if (body.kind === 'multipart') delete headers['content-type']
  const expected = response.headers.map(({ name, value }) => [name.toLowerCase(), value] as const)
  return {
    line,
    note: comment || undefined,
    method: request.method.toUpperCase(),
    url: request.url,
    headers,
    body,
    expect: {
      status: response.status,
      // HARs keep the parameters of a type as the server happened to write them.
      headers: Object.fromEntries(
        expected
          .filter(([name]) => COMPARED.has(name))
          .map(([name, text]) => [name, name === 'content-type' ? text.split(';')[0]!.trim() : text]),
      ),
      body: expectedBody(response),
    },
    match: {},
    capture: {},
  }
}

function requestBody({ postData }: HarEntry['request']): RequestBody {
  if (!postData) return { kind: 'none' }
  const { mimeType, text, encoding, params } = postData
  if (encoding === 'base64' && text !== undefined) return { kind: 'bytes', bytes: Buffer.from(text, 'base64') }
  if (mimeType.startsWith('application/x-www-form-urlencoded')) {
    const fields = text === undefined ? params.map(formField) : [...new URLSearchParams(text)]
    return { kind: 'form', fields }
  }
  if (mimeType.startsWith('multipart/form-data') && params.length > 0) return { kind: 'multipart', parts: params }
  if (text === undefined || text === '') return { kind: 'none' }
  return jsonOr(text, /\bjson\b/.test(mimeType))
}

/** Exporters disagree about whether parameters are percent-encoded; those that are cannot be read as anything else. */
function formField({ name, value }: { name: string; value: string }): [string, string] {
  const decoded = (text: string) =>
    /%[0-9a-f]{2}/i.test(text) ? ([...new URLSearchParams(`x=${text}`)][0]?.[1] ?? '') : text
  return [decoded(name), decoded(value)]
}

function expectedBody({ content, status }: HarEntry['response']): ExpectedBody {
  const { text, encoding, mimeType, size } = content
  if (text === undefined || text === '') {
    // Some exporters leave bodies out and keep the size.
    const leftOut = status !== 204 && (size === undefined || size > 0)
    return leftOut ? { kind: 'any' } : { kind: 'text', text: '' }
  }
  const bytes = encoding === 'base64' ? Buffer.from(text, 'base64') : Buffer.from(text)
  const isJson = /\bjson\b/.test(mimeType)
  if (encoding === 'base64' && !isJson && !mimeType.startsWith('text/')) return { kind: 'bytes', bytes }
  return jsonOr(bytes.toString(), isJson)
}
