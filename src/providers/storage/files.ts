import { randomUUID } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { checkKey, type Storage } from './storage.ts'

/** Objects as files below `folder`, which is made when the first one is written. */
export function fileStorage(folder: string): Storage {
  const pathOf = (key: string) => {
    checkKey(key)
    return join(folder, key)
  }
  return {
    async write(key, source) {
      const path = pathOf(key)
      const partial = join(folder, '.partial', randomUUID())
      await mkdir(dirname(path), { recursive: true })
      await mkdir(dirname(partial), { recursive: true })
      try {
        const file = await open(partial, 'wx', 0o600)
        try {
          for await (const chunk of source) await file.writeFile(chunk)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(partial, path)
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    },
    async read(key, range) {
      const path = pathOf(key)
      const found = await fileAt(path)
      if (!found) return undefined
      const end = Math.min(range?.end ?? found.size - 1, found.size - 1)
      const start = range?.start ?? 0
      return { size: found.size, stream: start > end ? Readable.from([]) : createReadStream(path, { start, end }) }
    },
    async delete(key) {
      const path = pathOf(key)
      if (await fileAt(path)) await rm(path, { force: true })
    },
  }
}

/** Facts of the file; undefined when there is none. A folder on the way to other objects is not an object. */
async function fileAt(path: string): Promise<Stats | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
