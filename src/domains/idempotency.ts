import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Tx } from '../db/database.ts'
import { json, sql } from '../db/sql.ts'
import { ExpectedError } from '../platform/errors.ts'
import { line, parse } from '../platform/validation.ts'
import type { World } from './world.ts'

export interface OnceOptions {
  workspaceId: string
  /** Chosen by the caller, 1 to 200 characters; null or absent: no protection, the effect happens every time. */
  key: string | null | undefined
  /** The verb, so that one key cannot stand for two different things. */
  operation: string
  /** What was asked for, without the key; compared by content. */
  input: unknown
  now: Date
}

/** How long a key is remembered. */
export const IDEMPOTENCY_DAYS = 7

/**
 * Runs `effect` unless the same key has done so before, in which case its result is returned again. The key is
 * committed with the effect: a crash before the commit leaves neither. Of two callers at the same time one waits for
 * the other. `effect` must return what JSON can carry. Throws IDEMPOTENCY_CONFLICT when the input differs.
 */
export async function once<Result>(tx: Tx, options: OnceOptions, effect: () => Promise<Result>): Promise<Result> {
  const { workspaceId, operation, input, now } = options
  const key = idempotencyKey(options.key)
  if (key === null) return effect()
  const hash = createHash('sha256').update(canonical(input)).digest('hex')
  const inserted = await tx.query(
    sql`INSERT INTO idempotency (workspace_id, key, operation, input_hash, result, created_at)
        VALUES (${workspaceId}::uuid, ${key}, ${operation}, ${hash}, 'null', ${now}::timestamptz)
        ON CONFLICT DO NOTHING RETURNING key`,
  )
  if (inserted.length === 0) {
    const [done] = await tx.query<{ operation: string; input_hash: string; result: Result }>(
      sql`SELECT operation, input_hash, result FROM idempotency WHERE workspace_id = ${workspaceId}::uuid AND key = ${key}`,
    )
    if (done?.operation !== operation || done.input_hash !== hash) {
      throw new ExpectedError('IDEMPOTENCY_CONFLICT', 'This idempotency key was used before with another input.', {
        path: ['idempotencyKey'],
      })
    }
    return done.result
  }
  const result = await effect()
  await tx.query(
    sql`UPDATE idempotency SET result = ${json(result)}::jsonb WHERE workspace_id = ${workspaceId}::uuid AND key = ${key}`,
  )
  return result
}

/** The key as it is kept; null: none was given. Throws VALIDATION_FAILED. */
export function idempotencyKey(key: string | null | undefined): string | null {
  return parse(z.object({ idempotencyKey: line(200).nullish() }), { idempotencyKey: key }).idempotencyKey ?? null
}

/** How many keys one statement forgets, so that none runs for long. */
const FORGET_BATCH = 5_000

/** Removes keys that are older than IDEMPOTENCY_DAYS, up to a batch of them. Returns how many are gone. */
export async function forgetIdempotencyKeys({ db, clock }: World): Promise<number> {
  const [gone] = await db.query<{ count: number }>(
    sql`WITH gone AS (
          DELETE FROM idempotency WHERE (workspace_id, key) IN (
            SELECT workspace_id, key FROM idempotency
            WHERE created_at < ${clock.now()}::timestamptz - make_interval(days => ${IDEMPOTENCY_DAYS}::int)
            ORDER BY created_at LIMIT ${FORGET_BATCH}::int
          ) RETURNING 1
        ) SELECT count(*)::int AS count FROM gone`,
  )
  return gone?.count ?? 0
}

/** JSON with sorted keys and without undefined, so that equal inputs are equal text. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, item) =>
      item !== null && typeof item === 'object' && !Array.isArray(item) && !(item instanceof Date)
        ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    ) ?? 'null'
  )
}
