import { resolve } from 'node:path'
import { z } from 'zod'
import { type AllowRule, parseAllow } from '../platform/address-rules.ts'

/** Every setting that is wrong, at once. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
    this.faults = faults
  }
}

const integer = (lowest: number, highest: number) =>
  z.string().transform((text, context) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value
    context.addIssue(`must be a whole number from ${lowest} to ${highest}`)
    return z.NEVER
  })

const flag = z.enum(['on', 'off'], 'must be on or off').transform((text) => text === 'on')

/** Paths are the server's own, from the root of its host on. */
const serverUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#]+\/?$/.test(text) && URL.canParse(text),
    'must be an http or https URL without a path, such as https://say.example.com',
  )

const urlOf = (protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )

const origin = z
  .string()
  .refine(
    (text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text),
    'must be `*` or an origin such as https://app.example.com',
  )

const allowRules = z.string().transform((text, context): AllowRule[] => {
  const { rules, faults } = parseAllow(text)
  for (const fault of faults) context.addIssue(fault)
  return rules
})

/** The environment, as text. docs/configuration.md lists every name; a test holds it against this. */
const environment = z.object({
  PORT: integer(0, 65_535).default(4000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: serverUrl.optional(),
  LINK_ADDRESSES: z.enum(['path', 'subdomain'], 'must be path or subdomain').default('path'),
  TRUST_PROXY: flag.default(false),
  CORS_ORIGINS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(origin))
    .default([]),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: urlOf(['postgres:', 'postgresql:']).optional(),
  DATABASE_POOL: integer(2, 1_000).default(16),
  REDIS_URL: urlOf(['redis:', 'rediss:']).optional(),
  ROLE: z.enum(['all', 'api', 'worker'], 'must be all, api or worker').default('all'),
  APP_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  BOOTSTRAP_API_KEY: z
    .string()
    .regex(/^sk_live_\S{8,192}$/, 'must start with sk_live_ and have 16 to 200 characters')
    .optional(),
  STORAGE: z.enum(['files'], 'must be files').default('files'),
  STORAGE_DIR: z.string().optional(),
  MAX_UPLOAD_MB: integer(1, 10_240).default(100),
  MAX_BODY_KB: integer(16, 102_400).default(1_024),
  RATE_LIMIT: integer(1, 10_000_000).default(6_000),
  SUBSCRIBER_BUFFER_KB: integer(16, 102_400).default(1_024),
  WEBHOOK_ALLOW: allowRules.default([]),
  WEBHOOK_TIMEOUT: integer(1, 60).default(10),
  WEBHOOK_ANALYSIS_WAIT: integer(0, 3_600).default(0),
  SAYIFY_RATE_LIMIT: integer(0, 10_000_000).default(100),
  GRAPHIQL: flag.default(true),
  INTROSPECTION: flag.default(true),
  SAMPLE_LINK: flag.default(true),
  SHUTDOWN_SECONDS: integer(1, 600).default(10),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info'),
})

export type EnvironmentName = keyof z.input<typeof environment>
export const ENVIRONMENT_NAMES = Object.keys(environment.shape) as EnvironmentName[]

/** The settings of a server, in groups. */
export interface Config {
  role: 'all' | 'api' | 'worker'
  logLevel: z.output<typeof environment>['LOG_LEVEL']
  http: {
    port: number
    host: string
    /** The address that people and clients use; absent: that of the port. */
    publicUrl: URL | undefined
    linkAddresses: 'path' | 'subdomain'
    trustProxy: boolean
    corsOrigins: readonly string[]
    maxBodyBytes: number
    shutdownMs: number
  }
  graphql: {
    graphiql: boolean
    introspection: boolean
    operationsPerMinute: number
    /** Results that may wait for one subscriber. */
    maxBufferedBytes: number
  }
  webhooks: {
    /** What the guard of outbound requests lets through besides public addresses. */
    allow: readonly AllowRule[]
    /** For one attempt, from the look-up of the name to the end of the answer. */
    timeoutMs: number
    /** How long a Sayify webhook of a response waits for the analysis of its recordings; 0 does not wait. */
    analysisWaitMs: number
  }
  legacy: {
    /** Requests to Sayify's REST API per key; 0 is no limit. */
    sayifyPerMinute: number
  }
  database: { kind: 'embedded'; folder: string } | { kind: 'postgres'; url: string; poolSize: number }
  redisUrl: string | undefined
  storage: { adapter: 'files'; folder: string }
  maxUploadBytes: number
  secret: { given: string } | { file: string }
  firstStart: { apiKey: string | undefined; sampleLink: boolean }
}

/** Reads the environment. Throws ConfigurationError with all faults; an empty variable counts as absent. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const known = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, env[name] || undefined]))
  const result = environment.safeParse(known)
  const faults = result.success ? [] : result.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`)
  // Rules across settings are judged also when single ones are wrong, on the text as it is.
  if (known.ROLE === 'api' || known.ROLE === 'worker') {
    const missing = (name: EnvironmentName, why: string) => {
      if (!known[name]) faults.push(`${name} is needed with ROLE=${known.ROLE}: ${why}`)
    }
    missing('DATABASE_URL', 'the embedded database belongs to one process')
    missing('APP_SECRET', 'all processes must have the same')
    missing('STORAGE_DIR', 'all processes must see the same files, so name the shared folder')
    missing('REDIS_URL', 'rate limits must be counted together')
  }
  if (!result.success || faults.length > 0) throw new ConfigurationError(faults)
  const e = result.data
  const dataFolder = resolve(e.DATA_DIR)
  return {
    role: e.ROLE,
    logLevel: e.LOG_LEVEL,
    http: {
      port: e.PORT,
      host: e.HOST,
      publicUrl: e.PUBLIC_URL ? new URL(e.PUBLIC_URL) : undefined,
      linkAddresses: e.LINK_ADDRESSES,
      trustProxy: e.TRUST_PROXY,
      corsOrigins: e.CORS_ORIGINS,
      maxBodyBytes: e.MAX_BODY_KB * 1_024,
      shutdownMs: e.SHUTDOWN_SECONDS * 1_000,
    },
    graphql: {
      graphiql: e.GRAPHIQL,
      introspection: e.INTROSPECTION,
      operationsPerMinute: e.RATE_LIMIT,
      maxBufferedBytes: e.SUBSCRIBER_BUFFER_KB * 1_024,
    },
    webhooks: {
      allow: e.WEBHOOK_ALLOW,
      timeoutMs: e.WEBHOOK_TIMEOUT * 1_000,
      analysisWaitMs: e.WEBHOOK_ANALYSIS_WAIT * 1_000,
    },
    legacy: { sayifyPerMinute: e.SAYIFY_RATE_LIMIT },
    database: e.DATABASE_URL
      ? { kind: 'postgres', url: e.DATABASE_URL, poolSize: e.DATABASE_POOL }
      : { kind: 'embedded', folder: dataFolder },
    redisUrl: e.REDIS_URL,
    storage: { adapter: 'files', folder: e.STORAGE_DIR ? resolve(e.STORAGE_DIR) : resolve(dataFolder, 'storage') },
    maxUploadBytes: e.MAX_UPLOAD_MB * 1_000_000,
    secret: e.APP_SECRET ? { given: e.APP_SECRET } : { file: resolve(dataFolder, 'app-secret') },
    firstStart: { apiKey: e.BOOTSTRAP_API_KEY, sampleLink: e.SAMPLE_LINK },
  }
}
