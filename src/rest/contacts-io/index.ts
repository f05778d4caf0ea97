import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Viewer } from '../../domains/auth/index.ts'
import {
  exportContacts,
  getImport,
  type ImportKey,
  type ImportRun,
  importContacts,
  importReport,
} from '../../domains/contacts/index.ts'
import type { World } from '../../domains/world.ts'
import { ERROR_CODES, type ErrorCode, ExpectedError, type Issue, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import { columnFields } from './columns.ts'
import { unguardCell } from './csv-cells.ts'
import { broken, csvRows, ndjsonRows } from './read-rows.ts'
import { csvOf, ndjsonOf } from './write-rows.ts'

export interface ContactsIoDeps {
  world: World
  logger: Logger
  /** Throws UNAUTHENTICATED. */
  authenticate(credential: string): Promise<Viewer>
  /** Throws RATE_LIMITED. */
  limit(viewer: Viewer): Promise<void>
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  INSUFFICIENT_SCOPE: 403,
  NOT_FOUND: 404,
  IDEMPOTENCY_CONFLICT: 409,
  RATE_LIMITED: 429,
}

const TYPES = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson; charset=utf-8' } as const
type Format = keyof typeof TYPES

type Query = Record<string, unknown>

/**
 * Contacts in and out, streamed: `POST /contacts/import`, `GET /contacts/imports/{id}` and its `/report`,
 * `GET /contacts/export`. With `Authorization: Bearer`, like GraphQL; docs/contacts.md describes them.
 */
export function contactsIoPlugin({ world, logger, authenticate, limit }: ContactsIoDeps): FastifyPluginAsync {
  async function viewerOf({ headers }: FastifyRequest): Promise<Viewer> {
    const credential = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (credential === undefined) throw new ExpectedError('UNAUTHENTICATED', 'Send a key as `Authorization: Bearer`.')
    const viewer = await authenticate(credential)
    await limit(viewer)
    return viewer
  }

  return async (app) => {
    // Bodies are read as they come, by the rows that the domain takes.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))

    app.post('/contacts/import', async (request, reply) => {
      const viewer = await viewerOf(request)
      const query = request.query as Query
      const format = formatOf(text(query, 'format') ?? request.headers['content-type'])
      const fieldOf = columnFields(text(query, 'mapping'))
      const delimiter = text(query, 'delimiter') ?? ','
      if (!/^[^"\r\n]$/.test(delimiter)) throw invalid('delimiter', 'one_character', 'must be one character')
      const source = bytesOf(request.raw)
      const rows = format === 'csv' ? csvRows(source, fieldOf, delimiter, unguardCell) : ndjsonRows(source, fieldOf)
      const options = {
        key: text(query, 'key') ?? null,
        matchBy: (text(query, 'matchBy') ?? null) as ImportKey | null,
        dryRun: flag(query, 'dryRun'),
        listId: idOf('ContactList', text(query, 'listId')),
      }
      return reply.send(summary(await importContacts(world, viewer, options, rows)))
    })

    app.get('/contacts/imports/:id', { exposeHeadRoute: false }, async (request) => {
      const viewer = await viewerOf(request)
      const { id } = request.params as { id: string }
      return summary(await getImport(world, viewer, idOf('ContactImport', id)!))
    })

    app.get('/contacts/imports/:id/report', { exposeHeadRoute: false }, async (request, reply) => {
      const viewer = await viewerOf(request)
      const { id } = request.params as { id: string }
      const refused = await importReport(world, viewer, idOf('ContactImport', id)!)
      return stream(reply, 'ndjson', lines(refused))
    })

    app.get('/contacts/export', { exposeHeadRoute: false }, async (request, reply) => {
      const viewer = await viewerOf(request)
      const query = request.query as Query
      const format = formatOf(text(query, 'format') ?? 'csv')
      const contacts = await exportContacts(world, viewer, {
        listId: idOf('ContactList', text(query, 'listId')),
        segmentId: idOf('Segment', text(query, 'segmentId')),
      })
      reply.header('content-disposition', `attachment; filename="contacts.${format}"`)
      return stream(reply, format, format === 'csv' ? csvOf(contacts) : ndjsonOf(contacts))
    })

    app.setErrorHandler((error, request, reply) => {
      for (const header of Object.keys(reply.getHeaders())) reply.removeHeader(header)
      reply.header('cache-control', 'no-store')
      // What is left of a body that is not read ends with its connection.
      if (!request.raw.complete) reply.header('connection', 'close')
      if (error instanceof ExpectedError) {
        const { code, message, path, retryable, details } = error
        if (code === 'RATE_LIMITED') reply.header('retry-after', String(details.retryAfter ?? 1))
        const issues = error instanceof ValidationError ? { issues: error.issues } : {}
        return reply.code(STATUS[code] ?? 400).send({ error: { code, message, path, retryable, ...issues } })
      }
      logger.error({ err: error, requestId: request.id }, 'moving contacts failed')
      const { retryable } = ERROR_CODES.INTERNAL_SERVER_ERROR
      const message = `Something failed on the server. Request id: ${request.id}.`
      return reply.code(500).send({ error: { code: 'INTERNAL_SERVER_ERROR', message, path: [], retryable } })
    })
  }
}

function summary({ id, key, state, dryRun, rowsDone, created, updated, failed, message }: ImportRun) {
  return {
    id,
    key,
    state,
    dryRun,
    rowsDone,
    created,
    updated,
    failed,
    message,
    report: `/contacts/imports/${id}/report`,
  }
}

function stream(reply: FastifyReply, format: Format, source: AsyncIterable<string>): FastifyReply {
  reply.headers({ 'content-type': TYPES[format], 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  return reply.send(Readable.from(source, { objectMode: false }))
}

async function* lines(items: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const item of items) yield `${JSON.stringify(item)}\n`
}

/** Whoever stops early leaves the request open, and with it the answer that says why. */
async function* bytesOf(request: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* request.iterator({ destroyOnReturn: false })
  } catch {
    throw broken('stopped before it was complete')
  }
}

function formatOf(named: string | undefined): Format {
  const [type = ''] = (named ?? '').toLowerCase().split(/\s*;/, 1)
  if (type === 'csv' || type === 'text/csv') return 'csv'
  if (type === 'ndjson' || type === 'application/x-ndjson' || type === 'application/jsonl') return 'ndjson'
  throw invalid('format', 'unknown_option', 'must be csv or ndjson, here or by the content type')
}

function text(query: Query, name: string): string | undefined {
  const value = query[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalid(name, 'once', 'must be given once')
}

function flag(query: Query, name: string): boolean {
  const value = text(query, name) ?? 'false'
  if (value !== 'true' && value !== 'false') throw invalid(name, 'boolean', 'must be true or false')
  return value === 'true'
}

/** The UUID of a global id of the graph or a UUID itself; what is neither names nothing. */
function idOf(typename: string, named: string | undefined): string | null {
  if (named === undefined) return null
  if (isUuid(named)) return named
  const [type, id = ''] = Buffer.from(named, 'base64url').toString().split(':')
  return type === typename && isUuid(id) ? id : 'unknown'
}

function invalid(name: string, rule: string, message: string): ValidationError {
  const issue: Issue = { path: [name], rule, message }
  return new ValidationError([issue])
}
