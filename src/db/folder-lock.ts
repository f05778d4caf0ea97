import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Another process has the data folder open. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
}

/**
 * Takes the folder for this process until the returned function is called or the process ends, however it ends.
 * The lock is the operating system's, taken through SQLite, which does that portably: unlike a file with a process id
 * in it, it cannot be left behind by a crash nor be fooled by a reused id.
 */
export function lockFolder(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, 'lock.sqlite'))
  const ownerFile = join(folder, 'owner.pid')
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new FolderInUseError(
      `The data folder ${folder} is in use by another Saygraph process${owner(ownerFile)}. ` +
        'Stop it, or give this one another DATA_DIR; several processes need DATABASE_URL.',
    )
  }
  writeFileSync(ownerFile, String(process.pid))
  return () => lock.close()
}

function owner(file: string): string {
  try {
    return ` (process ${readFileSync(file, 'utf8')})`
  } catch {
    return ''
  }
}
