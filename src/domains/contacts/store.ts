import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

export async function insertContact(
  tx: Tx,
  contact: {
    id: string
    workspaceId: string
    legacyId: number
    name: string | null
    email: string | null
    phone: string | null
    now: Date
  },
): Promise<void> {
  await tx.query(
    sql`INSERT INTO contact (id, workspace_id, legacy_id, name, email, phone, created_at, updated_at)
        VALUES (${contact.id}::uuid, ${contact.workspaceId}::uuid, ${contact.legacyId}, ${contact.name},
                ${contact.email}, ${contact.phone}, ${contact.now}::timestamptz, ${contact.now}::timestamptz)`,
  )
}

export async function contactExists(tx: Tx, workspaceId: string, id: string): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT id FROM contact WHERE workspace_id = ${workspaceId}::uuid AND id = ${id}::uuid`,
  )
  return rows.length > 0
}
