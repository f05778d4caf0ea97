import { z } from 'zod'
import { ValidationError } from '../../platform/errors.ts'
import { line } from '../../platform/validation.ts'
import { SCOPES, type Scope } from './scopes.ts'
import { requireScope, type Viewer } from './viewer.ts'

/** What is known of a user, in the words of contract/multisender.md 5.10. */
export interface UserProfile {
  username: string | null
  firstName: string | null
  lastName: string | null
  company: string | null
  phone: string | null
}

export const email = line(320).pipe(z.email('must be an e-mail address'))

/** Null takes a value away. */
export const profile = {
  username: line(200).nullish(),
  firstName: line(200).nullish(),
  lastName: line(200).nullish(),
  company: line(200).nullish(),
  phone: line(50).nullish(),
}

export const scopesField = z.array(z.enum(SCOPES)).min(1, 'must name at least one scope').optional()

export interface ProfileInput {
  /** 1 to 200 characters. */
  username?: string | null
  firstName?: string | null
  lastName?: string | null
  company?: string | null
  /** 1 to 50 characters, as given. */
  phone?: string | null
}

/** What a user may do: all there is and will be, or these. */
export interface Grant {
  allScopes: boolean
  scopes: Scope[]
}

/** Whoever gives scopes has them. Absent: all of the giver's. Throws VALIDATION_FAILED (`not_yours`). */
export function grantOf(viewer: Viewer, scopes: readonly Scope[] | undefined): Grant {
  if (scopes === undefined) {
    const allScopes = SCOPES.every((scope) => viewer.scopes.has(scope))
    return { allScopes, scopes: allScopes ? [] : [...viewer.scopes] }
  }
  for (const [index, scope] of scopes.entries()) {
    if (viewer.scopes.has(scope)) continue
    const message = `your own credential lacks ${scope}, so it cannot be given`
    throw new ValidationError([{ path: ['scopes', index], rule: 'not_yours', message }])
  }
  return { allScopes: false, scopes: [...new Set(scopes)] }
}

/** The scopes that a grant stands for today. */
export function scopesOf({ allScopes, scopes }: { allScopes: boolean; scopes: readonly string[] }): Set<Scope> {
  return new Set(allScopes ? SCOPES : SCOPES.filter((scope) => scopes.includes(scope)))
}

/**
 * Whoever sets another's password could then enter as that user: so it needs all that the user may do, and a
 * credential that does not end, as the password does not. Throws INSUFFICIENT_SCOPE, VALIDATION_FAILED (`key_expires`).
 */
export function requirePowerOver(viewer: Viewer, grant: Grant): void {
  for (const scope of scopesOf(grant)) requireScope(viewer, scope)
  requireLasting(viewer)
}

export function requireLasting(viewer: Viewer): void {
  if (viewer.expiresAt === null) return
  const message = 'your own credential ends, so it cannot give a password, which does not'
  throw new ValidationError([{ path: [], rule: 'key_expires', message }])
}
