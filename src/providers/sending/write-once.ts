import { randomUUID } from 'node:crypto'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Writes a file that is not there yet; with a file of this name there, nothing happens. It appears whole or not at all,
 * and of several writers one wins. Makes `folder` when needed; `name` must be checked by the caller.
 */
export async function writeOnce(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const partial = join(folder, '.partial', randomUUID())
  await mkdir(join(folder, '.partial'), { recursive: true })
  try {
    const file = await open(partial, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(partial, join(folder, name))
  } catch (error) {
    // A link, unlike a rename, never replaces what is there.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(partial, { force: true })
  }
}

/** Removes files of a folder; those that are not there are removed already. `names` must be checked by the caller. */
export async function removeFiles(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { force: true })
}
