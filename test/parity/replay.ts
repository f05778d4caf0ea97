import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { request, FormData as UndiciFormData } from 'undici'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { Bindings } from './bindings.ts'
import { withoutCredentials } from './credentials.ts'
import type { Capture, Entry, Expectation, Json, Recording } from './entry.ts'
import { readPath, valueAt } from './json-path.ts'
import { type Difference, differences, type MatchContext, readRules } from './match.ts'
import { type Addresses, isWanted, type Prepared, prepare } from './prepare.ts'
import { isSwap, tokenSigner } from './signed-token.ts'
import { fill, fillJson, mentions, UnknownName } from './templates.ts'
import { isRecordedUrl, pathFault, urlFault } from './urls.ts'

export interface ReplayOptions extends Addresses {
  key?: string
  allowExtra?: boolean
  keyOrder?: boolean
  /** How long one answer may take. Default 30 seconds. */
  timeoutMs?: number
}

export interface Outcome {
  line: number
  method: string
  /** As recorded, without credentials. */
  url: string
  note?: string
  /** A step without an expectation. */
  setUp: boolean
  /** Left alone, since its origin was not asked for. */
  skipped: boolean
  status?: number
  differences: Difference[]
}

interface Answer {
  status: number
  headers: Record<string, string>
  bytes: Buffer
  /** Undefined when the body is no JSON. */
  json: Json | undefined
}

const DEFAULT_TIMEOUT_MS = 30_000

/** Sends the requests of a recording one after the other and tells of each how its answer differs. */
export async function* replay(recording: Recording, options: ReplayOptions): AsyncGenerator<Outcome> {
  const bindings = new Bindings(recording.ids, recording.kinds)
  const values = new Map<string, Json>()
  if (options.key !== undefined) values.set('key', options.key)
  const sign = options.key === undefined ? undefined : tokenSigner(options.server, options.key)
  if (mentions(recording.entries, 'workspace')) values.set('workspace', await workspaceOf(options))
  for (const entry of recording.entries) {
    const { line, method, note } = entry
    const url = withoutCredentials(entry.url)
    const outcome: Outcome = { line, method, url, note, setUp: !entry.expect, skipped: false, differences: [] }
    if (isWanted(entry, options)) await replayOne(entry, outcome)
    else outcome.skipped = true
    yield outcome
  }

  async function replayOne(entry: Entry, outcome: Outcome): Promise<void> {
    const found = outcome.differences
    try {
      const asked = sign && isSwap(entry) ? withToken(entry, await sign()) : entry
      const prepared = prepare(asked, options, values, bindings, options.key)
      const answer = await sendUntil(entry, prepared, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
      outcome.status = answer.status
      found.push(...(entry.expect ? judged(entry, entry.expect, answer, prepared) : setUpFault(answer)))
      for (const [name, capture] of Object.entries(entry.capture)) {
        const value = captured(capture, answer)
        if (value !== undefined) values.set(name, value)
        else found.push({ path: capture.path, why: 'missing', detail: `nothing to capture as {{${name}}}` })
      }
    } catch (error) {
      if (error instanceof UnknownName) found.push({ path: 'request', why: 'missing', detail: error.message })
      else found.push({ path: 'request', why: 'missing', detail: `no answer: ${reasonOf(error)}` })
    }
  }

  function judged(entry: Entry, expect: Expectation, answer: Answer, { about }: Prepared): Difference[] {
    const context: MatchContext = {
      bindings,
      dates: recording.dates,
      hosts: recording.hosts,
      server: options.server,
      rules: readRules(entry.match),
      allowExtra: entry.allowExtra ?? options.allowExtra ?? false,
      keyOrder: options.keyOrder ?? false,
      about,
    }
    const found: Difference[] = []
    if (answer.status !== expect.status) {
      found.push({ path: 'status', why: 'value', expected: expect.status, actual: answer.status })
    }
    for (const [name, expected] of Object.entries(expect.headers)) {
      const filled = expected === null ? null : fill(expected, values)
      found.push(...headerDifferences(name, filled, answer.headers[name], context))
    }
    return [...found, ...bodyDifferences(expect, answer, context)]
  }

  function bodyDifferences({ body }: Expectation, answer: Answer, context: MatchContext): Difference[] {
    const actual = answer.json ?? shown(answer.bytes)
    if (body.kind === 'json') {
      const expected = fillJson(body.value, values)
      if (answer.json !== undefined) return differences(expected, answer.json, context)
      const detail = answer.bytes.length === 0 ? 'no body' : 'no JSON'
      return [{ path: 'body', why: 'type', expected, actual, detail }]
    }
    if (body.kind === 'text') {
      const expected = fill(body.text, values)
      return answer.bytes.toString() === expected ? [] : [{ path: 'body', why: 'value', expected, actual }]
    }
    if (body.kind === 'bytes' && !body.bytes.equals(answer.bytes)) {
      return [
        { path: 'body', why: 'value', expected: `${body.bytes.length} bytes`, actual: `${answer.bytes.length} bytes` },
      ]
    }
    return []
  }
}

function withToken(entry: Entry, token: string): Entry {
  return { ...entry, key: null, headers: { ...entry.headers, authorization: `Bearer ${token}` } }
}

function captured({ path, pattern }: Capture, { json }: Answer): Json | undefined {
  const value = valueAt(json, readPath(path))
  if (pattern === undefined) return value
  return typeof value === 'string' ? new RegExp(pattern).exec(value)?.[1] : undefined
}

function headerDifferences(
  name: string,
  expected: string | null,
  actual: string | undefined,
  context: MatchContext,
): Difference[] {
  const path = `headers.${name}`
  if (expected === null) return actual === undefined ? [] : [{ path, why: 'extra', actual }]
  if (actual === undefined) return [{ path, why: 'missing', expected }]
  if (name === 'content-type') {
    const form = (type: string) =>
      (expected.includes(';') ? type : type.split(';')[0]!).replace(/\s/g, '').toLowerCase()
    return form(expected) === form(actual) ? [] : [{ path, why: 'value', expected, actual }]
  }
  if (name === 'location') {
    const isPath = expected.startsWith('/')
    // A path may be answered by the whole address; RFC 9110 lets a server write either.
    const whole = isPath && URL.canParse(actual)
    const isOurs = whole || isRecordedUrl(expected, context.hosts)
    const fault = isOurs
      ? urlFault(whole ? new URL(expected, context.server).href : expected, actual, context)
      : isPath
        ? pathFault(expected, actual, context)
        : undefined
    if (fault) return [{ path, why: 'form', expected, actual, detail: fault }]
    if (isOurs || isPath) return []
  }
  return differences(expected, actual, { ...context, rules: [] }).map((difference) => ({ ...difference, path }))
}

function setUpFault({ status, json, bytes }: Answer): Difference[] {
  const failed = status < 200 || status > 299
  // GraphQL tells of faults within a 200.
  const errors = valueAt(json, ['errors'])
  if (!failed && errors === undefined) return []
  return [
    {
      path: 'status',
      why: 'value',
      expected: '2xx',
      actual: status,
      detail: `the step failed: ${brief(errors ?? json ?? shown(bytes))}`,
    },
  ]
}

async function send({ method, url, headers, body }: Prepared, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs)
  const sent = body instanceof FormData ? undiciForm(body) : body
  const {
    statusCode,
    headers: answered,
    body: stream,
  } = await request(url, {
    method: method as 'GET',
    headers,
    body: sent ?? null,
    signal,
  })
  const bytes = Buffer.from(await stream.arrayBuffer())
  const flat = Object.fromEntries(
    Object.entries(answered).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
  return { status: statusCode, headers: flat, bytes, json: jsonOf(bytes) }
}

/** How often something that takes its time is asked for again. */
const AGAIN_MS = 100

/** Sends a request until its answer has what the entry waits for, for as long as one answer may take. */
async function sendUntil({ until = {} }: Entry, prepared: Prepared, timeoutMs: number): Promise<Answer> {
  const awaited = Object.entries(until)
  const end = performance.now() + timeoutMs
  for (;;) {
    const answer = await send(prepared, timeoutMs)
    const isThere = awaited.every(([path, value]) => isDeepStrictEqual(valueAt(answer.json, readPath(path)), value))
    // What never comes is told as the difference that it is.
    if (isThere || performance.now() > end) return answer
    await sleep(AGAIN_MS)
  }
}

/** Node's own FormData is of another copy of undici than the one that sends. */
function undiciForm(form: FormData): UndiciFormData {
  const copy = new UndiciFormData()
  for (const [name, value] of form) copy.append(name, value as string)
  return copy
}

function jsonOf(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}

function shown(bytes: Buffer): string {
  const text = bytes.toString()
  return text.includes('\uFFFD') || text.includes('\0') ? `${bytes.length} bytes` : text
}

function brief(value: Json): string {
  return JSON.stringify(value).slice(0, 300)
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error
  if (name === 'TimeoutError') return 'it took too long'
  return message || (cause instanceof Error ? cause.message : name)
}

/** The UUID of the workspace that the key belongs to. */
async function workspaceOf({ server, key }: ReplayOptions): Promise<string> {
  const { body } = await request(new URL('/graphql', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
    body: JSON.stringify({ query: '{ viewer { workspace { id } } }' }),
  })
  const id = valueAt(jsonOf(Buffer.from(await body.arrayBuffer())), ['data', 'viewer', 'workspace', 'id'])
  if (typeof id !== 'string') throw new Error('the server does not tell the workspace of this key')
  return decodeGlobalId(id).id
}
