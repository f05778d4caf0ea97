import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyPluginAsync } from 'fastify'
import { importMessages, type MessagingDeps, type RowResult } from '../../domains/messaging/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { bytesOf } from '../../platform/incoming.ts'
import { answerFailures, type EntranceDeps, viewerOf } from '../entrance.ts'
import { broken, messageRows } from './read-rows.ts'

export interface MessagesIoDeps extends EntranceDeps {
  messaging: MessagingDeps
}

const NDJSON = 'application/x-ndjson; charset=utf-8'

/** `POST /messages/import`: messages and resolutions as NDJSON, streamed; docs/metrics.md describes it. */
export function messagesIoPlugin(deps: MessagesIoDeps): FastifyPluginAsync {
  return async (app) => {
    answerFailures(app, deps, 'importing messages failed')
    // The body is read as it comes, by the rows that the domain takes.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))

    app.post('/messages/import', async (request, reply) => {
      const viewer = await viewerOf(deps, request)
      const key = request.headers['idempotency-key']
      if (Array.isArray(key)) throw invalid('idempotencyKey', 'once', 'must be given once')
      const { results = 'all' } = request.query as Record<string, unknown>
      if (results !== 'all' && results !== 'refused')
        throw invalid('results', 'unknown_option', 'must be all or refused')
      const rows = messageRows(bytesOf(request.raw, broken))
      const spool = await openSpool()
      try {
        const told = { rows: 0, added: 0, resolved: 0, doneBefore: 0, refused: 0 }
        for await (const some of importMessages(deps.messaging, viewer, rows, { key: key ?? null })) {
          const lines: string[] = []
          for (const result of some) {
            told.rows++
            told[COUNTED[result.status]]++
            if (results === 'all' || result.status === 'refused') lines.push(`${JSON.stringify(lineOf(result))}\n`)
          }
          await spool.write(lines.join(''))
        }
        await spool.write(`${JSON.stringify({ summary: told })}\n`)
        reply.headers({ 'content-type': NDJSON, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        return reply.send(spool.read())
      } catch (error) {
        await spool.drop()
        throw error
      }
    })
  }
}

const COUNTED = { added: 'added', resolved: 'resolved', done_before: 'doneBefore', refused: 'refused' } as const

function lineOf(result: RowResult): object {
  if (result.status !== 'refused') return result
  const { row, status, error } = result
  const { code, message, path, retryable } = error
  const issues = error instanceof ValidationError ? { issues: error.issues } : {}
  return { row, status, error: { code, message, path, retryable, ...issues } }
}

/**
 * Results wait in a file until the body was read: most clients read nothing before they have sent everything, and
 * neither memory nor they would last otherwise.
 */
async function openSpool() {
  const path = join(tmpdir(), `saygraph-import-${randomUUID()}.ndjson`)
  const file = await open(path, 'wx', 0o600)
  return {
    write: async (text: string): Promise<void> => {
      if (text !== '') await file.appendFile(text)
    },
    read() {
      const stream = createReadStream(path)
      stream.once('close', () => void Promise.allSettled([file.close(), unlink(path)]))
      return stream
    },
    drop: () => Promise.allSettled([file.close(), unlink(path)]),
  }
}

function invalid(name: string, rule: string, message: string): ValidationError {
  return new ValidationError([{ path: [name], rule, message }])
}
