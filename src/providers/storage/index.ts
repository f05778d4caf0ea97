import { fileStorage } from './files.ts'
import { memoryStorage } from './memory.ts'
import { type S3StorageOptions, s3Storage } from './s3.ts'
import type { Storage } from './storage.ts'

export { memoryStorage } from './memory.ts'
export type { ByteRange, Storage } from './storage.ts'
export { StorageError, type StorageFailure } from './storage-error.ts'

/** Every way to store objects, as configuration. */
export type StorageConfig =
  | { adapter: 'files'; folder: string }
  | ({ adapter: 's3' } & S3StorageOptions)
  | { adapter: 'memory' }

export function createStorage(config: StorageConfig): Storage {
  switch (config.adapter) {
    case 'files':
      return fileStorage(config.folder)
    case 's3':
      return s3Storage(config)
    case 'memory':
      return memoryStorage()
  }
}
