import { FolderInUseError } from './db/folder-lock.ts'

/** Something around the server stands in the way of its start. The message is for the person who starts it. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
}

/** Awaits a step of the start. What makes it fail is told in one line, which says `what` could not be done. */
export async function startStep<T>(what: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    if (error instanceof FolderInUseError) throw new StartFailure(error.message, { cause: error })
    throw new StartFailure(`Cannot ${what}: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  if ((error as { code?: unknown } | null)?.code === 'EADDRINUSE') {
    return 'another process listens there. Stop it, or give this one another PORT.'
  }
  // One for each address that a host name stands for; the whole has no message of its own.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join('; ')
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ')
}
