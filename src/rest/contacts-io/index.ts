import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import {
  exportContacts,
  getImport,
  type ImportKey,
  type ImportRun,
  importContacts,
  importReport,
} from '../../domains/contacts/index.ts'
import type { World } from '../../domains/world.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { bytesOf } from '../../platform/incoming.ts'
import { unguardCell } from '../csv-cells.ts'
import { answerFailures, type EntranceDeps, viewerOf } from '../entrance.ts'
import { columnFields } from './columns.ts'
import { broken, csvRows, ndjsonRows } from './read-rows.ts'
import { csvOf, ndjsonOf } from './write-rows.ts'

export interface ContactsIoDeps extends EntranceDeps {
  world: World
}

const TYPES = { csv: 'text/csv; charset=utf-8', ndjson: 'application/x-ndjson; charset=utf-8' } as const
type Format = keyof typeof TYPES

type Query = Record<string, unknown>

/**
 * Contacts in and out, streamed: `POST /contacts/import`, `GET /contacts/imports/{id}` and its `/report`,
 * `GET /contacts/export`. With `Authorization: Bearer`, like GraphQL; docs/contacts.md describes them.
 */
export function contactsIoPlugin(deps: ContactsIoDeps): FastifyPluginAsync {
  const { world } = deps
  return async (app) => {
    answerFailures(app, deps, 'moving contacts failed')
    // Bodies are read as they come, by the rows that the domain takes.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))

    app.post('/contacts/import', async (request, reply) => {
      const viewer = await viewerOf(deps, request)
      const query = request.query as Query
      const format = formatOf(text(query, 'format') ?? request.headers['content-type'])
      const fieldOf = columnFields(text(query, 'mapping'))
      const delimiter = text(query, 'delimiter') ?? ','
      if (!/^[^"\r\n]$/.test(delimiter)) throw invalid('delimiter', 'one_character', 'must be one character')
      const source = bytesOf(request.raw, broken)
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
      const viewer = await viewerOf(deps, request)
      const { id } = request.params as { id: string }
      return summary(await getImport(world, viewer, idOf('ContactImport', id)!))
    })

    app.get('/contacts/imports/:id/report', { exposeHeadRoute: false }, async (request, reply) => {
      const viewer = await viewerOf(deps, request)
      const { id } = request.params as { id: string }
      const refused = await importReport(world, viewer, idOf('ContactImport', id)!)
      return stream(reply, 'ndjson', lines(refused))
    })

    app.get('/contacts/export', { exposeHeadRoute: false }, async (request, reply) => {
      const viewer = await viewerOf(deps, request)
      const query = request.query as Query
      const format = formatOf(text(query, 'format') ?? 'csv')
      const contacts = await exportContacts(world, viewer, {
        listId: idOf('ContactList', text(query, 'listId')),
        segmentId: idOf('Segment', text(query, 'segmentId')),
      })
      reply.header('content-disposition', `attachment; filename="contacts.${format}"`)
      return stream(reply, format, format === 'csv' ? csvOf(contacts) : ndjsonOf(contacts))
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
