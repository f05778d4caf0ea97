import type { Queryable } from '../../db/database.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { readinessOf } from '../voice-files/index.ts'

/** What speaks against playing voice files that a content names: rules `unknown_voice_file` and `not_ready`. */
export async function unplayable(
  db: Queryable,
  workspaceId: string,
  references: readonly { id: string; path: (string | number)[] }[],
): Promise<Issue[]> {
  const known = await readinessOf(
    db,
    workspaceId,
    references.map(({ id }) => id),
  )
  return references.flatMap(({ id, path }) => {
    const file = known.get(id)
    if (!file) return [{ path, rule: 'unknown_voice_file', message: 'must be a voice file of your workspace' }]
    if (file.status === 'ready') return []
    const message = `the voice file must be ready; it is ${file.status}`
    return [{ path, rule: 'not_ready', message }]
  })
}

export function refuse(issues: readonly Issue[]): void {
  if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
}
