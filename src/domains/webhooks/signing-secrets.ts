import type { Sealer } from '../../platform/sealed.ts'
import type { SecretRow } from './store.ts'

/** What a webhook signs with at `now`, the present secret first; empty: nothing. Throws when they cannot be decrypted. */
export function signingSecrets(
  sealer: Sealer,
  webhookId: string,
  secret: SecretRow | null | undefined,
  now: Date,
): string[] {
  if (!secret) return []
  const { sealed, previous_sealed, previous_until } = secret
  const isValid = previous_sealed !== null && previous_until !== null && new Date(previous_until) > now
  return [sealed, ...(isValid ? [previous_sealed] : [])].map((each) => sealer.open(each, webhookId))
}
