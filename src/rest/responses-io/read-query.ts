import type { ResponseFilter } from '../../domains/reporting/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { readInstant } from '../../platform/instants.ts'

export const FORMATS = ['csv', 'ndjson', 'zip'] as const
export type Format = (typeof FORMATS)[number]

export type Query = Readonly<Record<string, string>>

/** Names of parameters beside those of the filter. */
const OTHERS = ['link', 'format', 'bom']
const SIGNED = ['workspace', 'expires', 'signature']
const OF_FILTER = [
  ...[
    'status',
    'channel',
    'search',
    'submittedFrom',
    'submittedBefore',
    'sentiment',
    'topic',
    'hasRecording',
    'analyzed',
  ],
] as const satisfies readonly (keyof ResponseFilter)[]

/** Every parameter once. Throws VALIDATION_FAILED for one that is given twice or that there is none of. */
export function onceEach(query: Record<string, unknown>): Query {
  const known = [...OTHERS, ...SIGNED, ...OF_FILTER]
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') throw invalid(name, 'once', 'must be given once')
    // A filter that is misspelled must not export everything.
    if (!known.includes(name))
      throw invalid(name, 'unknown', `is no parameter; there are ${known.slice(0, -3).join(', ')}`)
  }
  return query as Query
}

export function formatOf({ format = 'csv' }: Query): Format {
  return option('format', format, FORMATS)
}

export function bomOf({ bom = 'true' }: Query): boolean {
  return flag('bom', bom)
}

/** The UUID of a global id of the graph, or what else names a link: its number, its UUID, its slug. */
export function linkOf({ link }: Query): string {
  if (link === undefined || link === '')
    throw invalid('link', 'required', 'must name a link: by its number, id or slug')
  const [type, id = ''] = Buffer.from(link, 'base64url').toString().split(':')
  return type === 'Link' && isUuid(id) ? id : link
}

export function filterOf(query: Query): ResponseFilter {
  const { status, channel, search, submittedFrom, submittedBefore, sentiment, topic, hasRecording, analyzed } = query
  return {
    status: status && option('status', status, ['started', 'completed'] as const),
    channel: channel && option('channel', channel, ['web', 'phone'] as const),
    search,
    submittedFrom: submittedFrom && instant('submittedFrom', submittedFrom),
    submittedBefore: submittedBefore && instant('submittedBefore', submittedBefore),
    sentiment: sentiment && option('sentiment', sentiment, ['positive', 'neutral', 'negative', 'mixed'] as const),
    topic,
    hasRecording: hasRecording === undefined ? null : flag('hasRecording', hasRecording),
    analyzed: analyzed === undefined ? null : flag('analyzed', analyzed),
  } as ResponseFilter
}

/** The parameters by which an address asks for the same. */
export function parametersOf(format: Format, filter: ResponseFilter | null | undefined): Record<string, string> {
  const parameters: Record<string, string> = { format }
  for (const name of OF_FILTER) {
    const value = filter?.[name]
    if (value == null) continue
    parameters[name] = value instanceof Date ? value.toISOString() : String(value)
  }
  return parameters
}

function option<Option extends string>(name: string, given: string, options: readonly Option[]): Option {
  const found = options.find((each) => each === given.toLowerCase())
  if (found === undefined) throw invalid(name, 'unknown_option', `must be one of ${options.join(', ')}`)
  return found
}

function flag(name: string, given: string): boolean {
  if (given !== 'true' && given !== 'false') throw invalid(name, 'boolean', 'must be true or false')
  return given === 'true'
}

function instant(name: string, given: string): Date {
  const found = readInstant(given)
  if (!found) throw invalid(name, 'instant', 'must be ISO 8601, such as 2026-02-14T12:03:59Z')
  return found
}

function invalid(name: string, rule: string, message: string): ValidationError {
  return new ValidationError([{ path: [name], rule, message }])
}
