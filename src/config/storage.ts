import { resolve } from 'node:path'
import { z } from 'zod'
import { type Settings, serverUrl } from './kinds.ts'

export const storageSettings = {
  STORAGE: z.enum(['files', 's3'], 'must be files or s3').default('files'),
  STORAGE_DIR: z.string().optional(),
  S3_ENDPOINT: serverUrl.optional(),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be a region such as eu-north-1')
    .optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket, such as saygraph-recordings')
    .optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_PREFIX: z
    .string()
    .max(200, 'must have at most 200 characters')
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/,
      'must be letters, digits, `.`, `_` and `-` between slashes, such as saygraph/uploads',
    )
    .optional(),
  S3_ADDRESSES: z.enum(['path', 'host'], 'must be path or host').default('path'),
}

export const storageNeeds = {
  'STORAGE=s3': ['S3_ENDPOINT', 'S3_REGION', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
} as const

export type StorageConfig =
  | { adapter: 'files'; folder: string }
  | {
      adapter: 's3'
      endpoint: string
      region: string
      bucket: string
      accessKeyId: string
      secretAccessKey: string
      prefix: string | undefined
      addressing: 'path' | 'host'
    }

export function storageOf(e: Settings<typeof storageSettings>, dataFolder: string): StorageConfig {
  if (e.STORAGE === 'files') {
    return { adapter: 'files', folder: e.STORAGE_DIR ? resolve(e.STORAGE_DIR) : resolve(dataFolder, 'storage') }
  }
  return {
    adapter: 's3',
    endpoint: e.S3_ENDPOINT ?? '',
    region: e.S3_REGION ?? '',
    bucket: e.S3_BUCKET ?? '',
    accessKeyId: e.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: e.S3_SECRET_ACCESS_KEY ?? '',
    prefix: e.S3_PREFIX,
    addressing: e.S3_ADDRESSES,
  }
}
