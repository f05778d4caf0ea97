import { fileStorage } from './files.ts'
import { memoryStorage } from './memory.ts'
import type { Storage } from './storage.ts'

export { memoryStorage } from './memory.ts'
export type { ByteRange, Storage } from './storage.ts'

/** Every way to store objects, as configuration. */
export type StorageConfig = { adapter: 'files'; folder: string } | { adapter: 'memory' }

export function createStorage(config: StorageConfig): Storage {
  switch (config.adapter) {
    case 'files':
      return fileStorage(config.folder)
    case 'memory':
      return memoryStorage()
  }
}
