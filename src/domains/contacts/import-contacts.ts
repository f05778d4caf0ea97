import { createHash } from 'node:crypto'
import { z } from 'zod'
import { sql, violatedConstraint } from '../../db/sql.ts'
import { ExpectedError, type Issue, NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { importBatch, importSingly } from './import-batch.ts'
import { IMPORT_KEYS, type ImportKey, type ImportRow, type RefusedRow, rowJudge } from './import-row.ts'
import {
  beginImport,
  findImport,
  type ImportRun,
  insertRefusals,
  listRefusals,
  lockImport,
  saveImport,
} from './import-store.ts'
import { insertMembers, lockList } from './membership-store.ts'
import { defaultCountry } from './store.ts'

/** How many rows one transaction takes. Part of the rule that continues an import: batches begin at its multiples. */
export const IMPORT_BATCH = 500

const MAX_ATTEMPTS = 3

export interface ImportOptions {
  /** What the caller calls this import; the same rows under the same key continue it. Absent: one of its own. */
  key?: string | null
  /** Which field says which contact a row is about; null: every row makes a new one. */
  matchBy?: ImportKey | null
  dryRun?: boolean
  /** A list that the contacts of all rows are added to. */
  listId?: string | null
}

const schema = z.object({
  key: line(200).nullish(),
  matchBy: z.enum(IMPORT_KEYS, `must be one of ${IMPORT_KEYS.join(', ')}`).nullish(),
  dryRun: z.boolean().optional(),
  listId: z.string().nullish(),
})

/**
 * Imports rows as they come, in batches of a transaction each; memory holds one batch. A row that is wrong is refused and
 * noted, the others are stored. An upload that broke off is continued by sending the same again under its key: rows that
 * were dealt with are compared and passed over. Returns how it ended.
 * @param rows field by field, as texts or as values of JSON; what it throws ends the import as `failed`, like any failure
 * Throws INSUFFICIENT_SCOPE (`contacts:write`), VALIDATION_FAILED, NOT_FOUND (the list), IDEMPOTENCY_CONFLICT (the key
 * belongs to other rows or options).
 */
export async function importContacts(
  world: World,
  viewer: Viewer,
  options: ImportOptions,
  rows: AsyncIterable<Readonly<Record<string, unknown>> | UnreadableRow>,
): Promise<ImportRun> {
  requireScope(viewer, 'contacts:write')
  const { key, matchBy = null, dryRun = false, listId = null } = parse(schema, options)
  const { workspaceId } = viewer
  if (listId !== null && !(await listExists(world, workspaceId, listId))) {
    throw new NotFoundError('contact list', ['listId'])
  }
  const id = world.newId()
  const optionsHash = sha256(JSON.stringify({ matchBy, dryRun, listId }))
  const run = await world.db.transaction((tx) =>
    beginImport(tx, workspaceId, { id, key: key ?? id, optionsHash, dryRun }, world.clock.now()),
  )
  if (run.optionsHash !== optionsHash) throw otherImport('with other options')

  const judge = rowJudge(await defaultCountry(world.db, workspaceId))
  const task: Task = { world, workspaceId, importId: run.id, matchBy, dryRun, listId }
  let state: Progress = { rows: 0, hash: '' }
  let batch: Batch = { rows: [], refused: [], hash: createHash('sha256'), size: 0 }
  try {
    for await (const values of rows) {
      const row = state.rows + batch.size + 1
      const judged = values instanceof UnreadableRow ? { row, issues: [values.issue] } : judge(row, values)
      if ('issues' in judged) batch.refused.push(judged)
      else batch.rows.push(judged)
      batch.hash.update(JSON.stringify(values)).update('\n')
      if (++batch.size < IMPORT_BATCH) continue
      state = await settle(task, state, batch, 'running')
      batch = { rows: [], refused: [], hash: createHash('sha256'), size: 0 }
    }
    await settle(task, state, batch, 'finished')
  } catch (error) {
    if (!(error instanceof ExpectedError)) {
      // What the caller is told is that something went wrong here; why, the log says.
      await fail(task, 'the server could not go on; send the same again under the same key').catch(() => {})
    } else if (error.code !== 'IDEMPOTENCY_CONFLICT') await fail(task, error.message)
    throw error
  }
  return (await findImport(world.db, workspaceId, run.id))!
}

/** A row of which nothing can be understood; it is refused like one that breaks a rule. */
export class UnreadableRow {
  readonly issue: Issue
  constructor(message: string) {
    this.issue = { path: [], rule: 'malformed', message }
  }
}

interface Task {
  world: World
  workspaceId: string
  importId: string
  matchBy: ImportKey | null
  dryRun: boolean
  listId: string | null
}

/** What was read so far, whether now or by an earlier upload. */
interface Progress {
  rows: number
  hash: string
}

interface Batch {
  rows: ImportRow[]
  refused: RefusedRow[]
  hash: ReturnType<typeof createHash>
  size: number
}

/** Stores a batch and how far the import is with it, unless an earlier upload did. */
async function settle(task: Task, before: Progress, batch: Batch, state: 'running' | 'finished'): Promise<Progress> {
  const { world, workspaceId, importId, listId } = task
  const hash = batch.size === 0 ? before.hash : sha256(`${before.hash}${batch.hash.digest('hex')}`)
  const after = { rows: before.rows + batch.size, hash }
  await retried((importRows) =>
    world.events.write(workspaceId, async (tx, emit) => {
      const run = await lockImport(tx, workspaceId, importId)
      const shorter = state === 'finished' && run.rowsDone > after.rows
      const longer = run.state === 'finished' && run.rowsDone < after.rows
      if (shorter || longer) {
        throw otherImport('of another length')
      }
      // Batches of an earlier upload have ended where these do, and only the last one's hash is known.
      if (run.rowsDone > after.rows) return
      if (run.rowsDone === after.rows && run.rowsHash !== '') {
        if (run.rowsHash !== hash) throw otherImport('with other rows')
        if (state === 'running' || run.state === 'finished') return
      } else {
        if (run.rowsDone !== before.rows || run.rowsHash !== before.hash) throw otherImport('with other rows')
        const outcome = await importRows(world, tx, workspaceId, batch.rows, {
          key: task.matchBy,
          dryRun: task.dryRun,
        })
        const refused = [...batch.refused, ...outcome.refused]
        await insertRefusals(tx, workspaceId, importId, refused)
        if (listId !== null && outcome.contactIds.length > 0) {
          if (!(await lockList(tx, workspaceId, listId))) throw new NotFoundError('contact list', ['listId'])
          const members = outcome.contactIds.map((contactId) => ({ id: world.newId(), contactId }))
          const added = await insertMembers(tx, workspaceId, listId, members, world.clock.now())
          if (added > 0) emit('contactList.membersChanged', { contactListId: listId, added, removed: 0 })
        }
        run.created += outcome.created
        run.updated += outcome.updated
        run.failed += refused.length
      }
      Object.assign(run, { rowsDone: after.rows, rowsHash: hash, state, message: null })
      await saveImport(tx, workspaceId, run, world.clock.now())
      const { rowsDone, created, updated, failed } = run
      emit('contacts.imported', { importId, state, rowsDone, created, updated, failed })
    }),
  )
  return after
}

/**
 * Somebody who changes a contact at the same time may take an address that was free when the batch looked. The last
 * attempt goes row by row.
 */
async function retried(attempt: (importRows: typeof importBatch) => Promise<void>): Promise<void> {
  for (let left = MAX_ATTEMPTS - 1; ; left--) {
    try {
      return await attempt(left === 0 ? importSingly : importBatch)
    } catch (error) {
      if (left === 0 || violatedConstraint(error) === undefined) throw error
    }
  }
}

/** Notes why the input ended too early; what was stored stays, and can be continued. */
async function fail({ world, workspaceId, importId }: Task, message: string): Promise<void> {
  await world.events.write(workspaceId, async (tx, emit) => {
    const run = await lockImport(tx, workspaceId, importId)
    if (run.state === 'finished') return
    await saveImport(tx, workspaceId, { ...run, state: 'failed', message: message.slice(0, 500) }, world.clock.now())
    const { rowsDone, created, updated, failed } = run
    emit('contacts.imported', { importId, state: 'failed', rowsDone, created, updated, failed })
  })
}

function otherImport(how: string): ExpectedError {
  return new ExpectedError('IDEMPOTENCY_CONFLICT', `This key belongs to an import ${how}.`, { path: ['key'] })
}

async function listExists({ db }: World, workspaceId: string, id: string): Promise<boolean> {
  if (!isUuid(id)) return false
  const rows = await db.query(
    sql`SELECT 1 FROM contact_list
        WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL`,
  )
  return rows.length > 0
}

/** One import. Throws INSUFFICIENT_SCOPE (`contacts:read`), NOT_FOUND. */
export async function getImport(world: World, viewer: Viewer, id: string): Promise<ImportRun> {
  requireScope(viewer, 'contacts:read')
  const run = isUuid(id) ? await findImport(world.db, viewer.workspaceId, id) : undefined
  if (!run) throw new NotFoundError('contact import', ['id'])
  return run
}

const REPORT_PAGE = 1_000

/** The refused rows of an import, in their order, read page by page. Throws as `getImport` does, before the first. */
export async function importReport(world: World, viewer: Viewer, id: string): Promise<AsyncIterable<RefusedRow>> {
  const run = await getImport(world, viewer, id)
  return (async function* () {
    for (let after = 0; ; ) {
      const page = await listRefusals(world.db, viewer.workspaceId, run.id, after, REPORT_PAGE)
      yield* page
      if (page.length < REPORT_PAGE) return
      after = page.at(-1)!.row
    }
  })()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
