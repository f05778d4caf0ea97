import { integer, type Settings, urlOf } from './kinds.ts'

export const databaseSettings = {
  DATABASE_URL: urlOf(['postgres:', 'postgresql:']).optional(),
  DATABASE_POOL: integer(2, 1_000).default(16),
  REDIS_URL: urlOf(['redis:', 'rediss:']).optional(),
}

export type DatabaseConfig = { kind: 'embedded'; folder: string } | { kind: 'postgres'; url: string; poolSize: number }

export function databaseOf(e: Settings<typeof databaseSettings>, dataFolder: string): DatabaseConfig {
  return e.DATABASE_URL
    ? { kind: 'postgres', url: e.DATABASE_URL, poolSize: e.DATABASE_POOL }
    : { kind: 'embedded', folder: dataFolder }
}
