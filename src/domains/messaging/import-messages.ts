import { createHash } from 'node:crypto'
import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { IDEMPOTENCY_DAYS, idempotencyKey } from '../idempotency.ts'
import type { World } from '../world.ts'
import type { MessagingDeps } from './add-message.ts'
import type { Entry, Outcome } from './entry.ts'
import type { MessageInput, ResolveInput } from './input.ts'
import { parseMessage, parseResolution, refusalOf } from './parse-message.ts'

/** One row of an import: the text that it was read from, and what it says or why it cannot be read. */
export interface ImportRow {
  text: string
  content: { message: MessageInput } | { resolution: ResolveInput } | { unreadable: ExpectedError }
}

/** What became of one row, counted from 1. */
export type RowResult =
  | { row: number; status: 'added'; id: string; conversationId: string | null }
  | { row: number; status: 'resolved'; conversationId: string }
  /** It was dealt with by an earlier attempt under the same key. */
  | { row: number; status: 'done_before' }
  | { row: number; status: 'refused'; error: ExpectedError }

/** Rows that are stored in one transaction, */
const BATCH = 2_000
/** or fewer of so many characters; with the one that is read meanwhile that is what an import takes of memory. */
const BATCH_CHARACTERS = 8_000_000

/**
 * Stores messages and resolutions as they come, in their order, a batch per transaction, and tells what became of each
 * row. What is wrong with a row is told there, and the others are stored. With `key`, each batch is committed together with
 * how far the import is, so a repetition of a broken one goes on where that stopped. Throws INSUFFICIENT_SCOPE
 * (`messages:write`), VALIDATION_FAILED, IDEMPOTENCY_CONFLICT when the rows done before were others or the same import is
 * running at the same time.
 */
export async function* importMessages(
  deps: MessagingDeps,
  viewer: Viewer,
  rows: AsyncIterable<readonly ImportRow[]>,
  { key: given }: { key?: string | null | undefined } = {},
): AsyncGenerator<RowResult[]> {
  requireScope(viewer, 'messages:write')
  const key = idempotencyKey(given)
  const done = key === null ? { rows: 0, digest: '' } : await progressOf(deps.world, viewer.workspaceId, key)
  const hash = createHash('sha256')
  let row = 0
  /** The batch that is being written while the next is read. */
  let writing: Promise<RowResult[]> | undefined
  const batches = batchesOf(rows)
  try {
    for (;;) {
      const { value: batch, done: isOver } = await batches.next()
      if (isOver) break
      const before: RowResult[] = []
      while (batch.length > 0 && row < done.rows) {
        hash.update(batch.shift()!.text).update('\n')
        before.push({ row: ++row, status: 'done_before' })
        if (row === done.rows && hash.copy().digest('hex') !== done.digest) throw otherImport()
      }
      // While the last one is being written.
      const checked = readRows(batch, deps.world.clock.now())
      if (writing) yield await writing
      writing = undefined
      if (before.length > 0) yield before
      if (batch.length === 0) continue
      const from = row
      row += batch.length
      if (key !== null) for (const { text } of batch) hash.update(text).update('\n')
      const progress = key === null ? undefined : { key, from, to: row, digest: hash.copy().digest('hex') }
      writing = writeRows(deps, viewer.workspaceId, checked, from, progress)
      // It is awaited after the next batch was read; until then nobody else looks at it.
      writing.catch(() => {})
    }
    if (row < done.rows) throw otherImport()
    if (writing) yield await writing
  } finally {
    await batches.return(undefined)
  }
}

interface Progress {
  key: string
  from: number
  to: number
  digest: string
}

/** Rows as they were checked: what is to be stored, and of each row its place among that or what is wrong with it. */
interface Rows {
  entries: Entry[]
  parsed: (number | ExpectedError)[]
}

function readRows(rows: readonly ImportRow[], now: Date): Rows {
  const entries: Entry[] = []
  const parsed = rows.map(({ content }) => {
    if ('unreadable' in content) return content.unreadable
    try {
      const entry = 'message' in content ? parseMessage(content.message, now) : parseResolution(content.resolution, now)
      return entries.push(entry) - 1
    } catch (error) {
      return refusalOf(error)
    }
  })
  return { entries, parsed }
}

async function writeRows(
  { world, writer }: MessagingDeps,
  workspaceId: string,
  { entries, parsed }: Rows,
  from: number,
  progress: Progress | undefined,
): Promise<RowResult[]> {
  const outcomes = await writer.write(
    workspaceId,
    entries,
    progress && ((tx) => saveProgress(tx, workspaceId, progress, world.clock.now())),
  )
  return parsed.map((one, index) => resultOf(from + index + 1, one, outcomes, entries))
}

function resultOf(
  row: number,
  one: number | ExpectedError,
  outcomes: readonly Outcome[],
  entries: readonly Entry[],
): RowResult {
  if (one instanceof ExpectedError) return { row, status: 'refused', error: one }
  const outcome = outcomes[one]!
  if (!outcome.ok) return { row, status: 'refused', error: outcome.error }
  if (entries[one]!.type === 'resolution') return { row, status: 'resolved', conversationId: outcome.id }
  return { row, status: 'added', id: outcome.id, conversationId: outcome.conversationId }
}

/** Regroups rows as they come into batches: of BATCH rows, or of fewer that have BATCH_CHARACTERS. */
async function* batchesOf(rows: AsyncIterable<readonly ImportRow[]>): AsyncGenerator<ImportRow[], undefined> {
  let gathered: ImportRow[] = []
  let characters = 0
  for await (const some of rows) {
    for (const row of some) {
      gathered.push(row)
      characters += row.text.length
      if (gathered.length < BATCH && characters < BATCH_CHARACTERS) continue
      yield gathered
      gathered = []
      characters = 0
    }
  }
  if (gathered.length > 0) yield gathered
}

async function progressOf({ db }: World, workspaceId: string, key: string): Promise<{ rows: number; digest: string }> {
  const [row] = await db.query<{ rows: number; digest: string }>(
    sql`SELECT rows_done AS rows, digest FROM message_import WHERE workspace_id = ${workspaceId}::uuid AND key = ${key}`,
  )
  return row ?? { rows: 0, digest: '' }
}

async function saveProgress(
  tx: Tx,
  workspaceId: string,
  { key, from, to, digest }: Progress,
  now: Date,
): Promise<void> {
  const saved = await tx.query(
    sql`INSERT INTO message_import AS i (workspace_id, key, rows_done, digest, created_at, updated_at)
        SELECT ${workspaceId}::uuid, ${key}, ${to}::int, ${digest}, ${now}::timestamptz, ${now}::timestamptz
        ON CONFLICT (workspace_id, key) DO UPDATE
        SET rows_done = excluded.rows_done, digest = excluded.digest, updated_at = excluded.updated_at
        WHERE i.rows_done = ${from}::int
        RETURNING key`,
  )
  if (saved.length > 0) return
  throw new ExpectedError('IDEMPOTENCY_CONFLICT', 'An import under this key is running.', { path: ['idempotencyKey'] })
}

function otherImport(): ExpectedError {
  return new ExpectedError('IDEMPOTENCY_CONFLICT', 'An import under this key began with other rows.', {
    path: ['idempotencyKey'],
  })
}

const FORGET_BATCH = 1_000

/** Forgets imports that nothing was added to for IDEMPOTENCY_DAYS, up to a batch of them. Returns how many. */
export async function forgetImports({ db, clock }: World): Promise<number> {
  const gone = await db.query(
    sql`DELETE FROM message_import WHERE (workspace_id, key) IN (
          SELECT workspace_id, key FROM message_import
          WHERE updated_at < ${clock.now()}::timestamptz - make_interval(days => ${IDEMPOTENCY_DAYS}::int)
          LIMIT ${FORGET_BATCH}::int) RETURNING key`,
  )
  return gone.length
}

/** That a row, or a field of it, cannot be taken for what it should be. */
export function unreadable(rule: string, message: string, path: string[] = []): ValidationError {
  return new ValidationError([{ path, rule, message }])
}
