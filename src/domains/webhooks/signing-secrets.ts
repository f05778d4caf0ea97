import type { Queryable } from '../../db/database.ts'
import type { World } from '../world.ts'
import { findSecret } from './store.ts'

/** What a webhook signs with at `now`, the present secret first; empty: nothing. Throws when they cannot be decrypted. */
export async function signingSecrets(
  { sealer }: World,
  db: Queryable,
  webhook: { id: string; workspaceId: string },
  now: Date,
): Promise<string[]> {
  const row = await findSecret(db, webhook.workspaceId, webhook.id)
  if (!row) return []
  const previous = row.previous_until && row.previous_until > now ? row.previous_sealed : null
  return [row.sealed, previous].flatMap((sealed) => (sealed === null ? [] : sealer.open(sealed, webhook.id)))
}
