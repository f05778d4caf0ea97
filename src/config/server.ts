import { resolve } from 'node:path'
import { z } from 'zod'
import { flag, printable, type Settings } from './kinds.ts'

/** The process itself, its secrets and its first start. */
export const serverSettings = {
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all'),
  DATA_DIR: z.string().default('./data'),
  APP_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  ACCEPT_APP_SECRET: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'must be the 16 hex digits that the refused start named')
    .optional(),
  BOOTSTRAP_API_KEY: z
    .string()
    .regex(/^sk_live_\S{8,192}$/, 'must start with sk_live_ and have 16 to 200 characters')
    .optional(),
  METRICS_TOKEN: printable.min(16, 'must have at least 16 characters').optional(),
  SAMPLE_LINK: flag.default(true),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info'),
}

export interface ServerConfig {
  role: 'all' | 'api' | 'worker'
  logLevel: Settings<typeof serverSettings>['LOG_LEVEL']
  secret: { given: string } | { file: string }
  /** The fingerprint of the secret that may take the place of the one that the database has been used with. */
  acceptedSecret: string | undefined
  /** What opens `/metrics`; absent: it is open. */
  metricsToken: string | undefined
  firstStart: { apiKey: string | undefined; sampleLink: boolean }
}

export function serverOf(e: Settings<typeof serverSettings>, dataFolder: string): ServerConfig {
  return {
    role: e.ROLE,
    logLevel: e.LOG_LEVEL,
    secret: e.APP_SECRET ? { given: e.APP_SECRET } : { file: resolve(dataFolder, 'app-secret') },
    acceptedSecret: e.ACCEPT_APP_SECRET,
    metricsToken: e.METRICS_TOKEN,
    firstStart: { apiKey: e.BOOTSTRAP_API_KEY, sampleLink: e.SAMPLE_LINK },
  }
}
