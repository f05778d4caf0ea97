import { randomUUID } from 'node:crypto'
import type { Queryable } from '../../src/db/database.ts'
import { json, sql } from '../../src/db/sql.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'

const newId = idGenerator(systemClock)

export interface DeliveryRow {
  workspaceId: string
  webhookId: string
  state: 'pending' | 'succeeded' | 'dead' | 'cancelled'
  /** When it was made, tried and settled. */
  at: Date
  payload?: Record<string, string>
  position?: number
  /** The status that each attempt was answered with; null for one that was not. */
  attempts: readonly (number | null)[]
}

/** A delivery with its attempts, as the dispatcher leaves them behind. For reading: it leads to no request by itself. */
export async function addDelivery(db: Queryable, row: DeliveryRow): Promise<{ id: string; attempts: string[] }> {
  const { workspaceId, webhookId, state, at, payload = {}, position = 1, attempts } = row
  const id = newId()
  const isSettled = state !== 'pending'
  await db.query(
    sql`INSERT INTO webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, position, order_key,
                                      occurred_at, payload, state, attempt_count, attempts_since_start, due_at,
                                      settled_at, created_at)
        VALUES (${id}::uuid, ${workspaceId}::uuid, ${webhookId}::uuid, ${randomUUID()}::uuid, 'response.submitted',
                ${position}::bigint, ${randomUUID()}::uuid, ${at}, ${json(payload)}::jsonb, ${state}::delivery_state,
                ${attempts.length}::int, ${attempts.length}::int, ${isSettled ? null : at}::timestamptz,
                ${isSettled ? at : null}::timestamptz, ${at})`,
  )
  const ids = attempts.map(() => newId())
  for (const [index, status] of attempts.entries()) {
    const failure = status === null ? 'timeout' : status < 300 ? null : 'status'
    await db.query(
      sql`INSERT INTO webhook_attempt (id, workspace_id, delivery_id, number, url, started_at, duration_ms, status_code,
                                       failure, message, response_body)
          VALUES (${ids[index]}::uuid, ${workspaceId}::uuid, ${id}::uuid, ${index + 1}::int,
                  'https://hooks.invalid/', ${at}, 12, ${status}::int, ${failure}::attempt_failure,
                  ${failure === null ? null : `attempt ${index + 1} failed`}, ${status === null ? null : 'seen'})`,
    )
  }
  return { id, attempts: ids }
}
