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

/** `en=alloy,fi-male=onyx`: a voice of ours is spoken by a voice of the server's. */
const voiceNames = z.string().transform((text, context): Record<string, string> => {
  const pairs = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (pairs.every((pair) => /^[a-z]+(-[a-z]+)?=[^=\s]+$/.test(pair))) {
    return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]))
  }
  context.addIssue('must be pairs such as en=alloy,fi-male=onyx')
  return z.NEVER
})

/** `smpp://smsc.example:2775`: a host, maybe a port, and nothing else. */
const hostUrl = (schemes: readonly [string, string]) =>
  z
    .string()
    .refine(
      (text) =>
        /^[a-z]+:\/\/[^/?#@\s]+\/?$/.test(text) &&
        URL.canParse(text) &&
        schemes.includes(text.slice(0, text.indexOf(':'))),
      `must be a host and a port such as ${schemes[0]}://host.example:1234, or with ${schemes[1]}:// for TLS`,
    )

const printable = z.string().regex(/^[!-~]+$/, 'must be printable ASCII without spaces')

const WEBHOOK_FIELDS = ['receipt-id', 'status', 'code', 'delivered', 'failed', 'from', 'to', 'text', 'id'] as const

/** `receipt-id=/data/id,delivered=DELIVRD|OK`: where a gateway's webhooks say what. */
const webhookFields = z.string().transform((text, context): Partial<Record<WebhookField, string>> => {
  const pairs = text.split(',').map((part) => part.trim().split('=') as [WebhookField, string])
  const isFine = ([name, value, ...rest]: [WebhookField, string, ...string[]]) =>
    WEBHOOK_FIELDS.includes(name) &&
    rest.length === 0 &&
    (name === 'delivered' || name === 'failed' ? /^[^|\s]+(\|[^|\s]+)*$/ : /^(\/([^~/]|~[01])*)+$/).test(value)
  if (pairs.every(isFine)) return Object.fromEntries(pairs)
  context.addIssue(
    `must be pairs such as receipt-id=/data/id,delivered=DELIVRD|OK of JSON Pointers, or of words for delivered and failed; the names are ${WEBHOOK_FIELDS.join(', ')}`,
  )
  return z.NEVER
})

const httpHeader = z.string().transform((text, context): Record<string, string> => {
  const [, name, value] = text.match(/^([\w!#$%&'*+.^`|~-]+):\s*([!-~]([ -~]*[!-~])?)$/) ?? []
  if (name && value) return { [name.toLowerCase()]: value }
  context.addIssue('must be a header such as Authorization: Bearer abc')
  return z.NEVER
})

const isJson = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const gatewayBody = z.string().transform((template, context): { format: 'json' | 'form'; template: string } => {
  const format = isJson(template) ? 'json' : 'form'
  const isForm = /^[^=&\s{]+=[^&\s]*(&[^=&\s]+=[^&\s]*)*$/.test(template)
  const isFilled = template.includes('{text}') && /\{(to|toDigits)\}/.test(template)
  if (isFilled && (format === 'json' || isForm)) return { format, template }
  context.addIssue('must be JSON or a form with {to} or {toDigits}, and {text}, such as to={to}&text={text}')
  return z.NEVER
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
  SPEECH: z.enum(['espeak', 'openai', 'none'], 'must be espeak, openai or none').default('espeak'),
  SPEECH_URL: serverUrl.optional(),
  SPEECH_API_KEY: z
    .string()
    .regex(/^[!-~]+$/, 'must be printable ASCII without spaces')
    .optional(),
  SPEECH_MODEL: z.string().default('tts-1'),
  SPEECH_VOICES: voiceNames.default({}),
  SPEECH_TIMEOUT: integer(1, 600).default(30),
  SPEECH_WORKERS: integer(1, 64).default(1),
  AUDIO_WORKERS: integer(1, 64).default(1),
  AUDIO_TIMEOUT: integer(1, 3_600).default(120),
  AUDIO_MAX_MINUTES: integer(1, 600).default(60),
  FFMPEG: z.string().default('ffmpeg'),
  TELEPHONY: z.enum(['simulated'], 'must be simulated').default('simulated'),
  CARRIER_URL: serverUrl.optional(),
  CARRIER_SEED: z.string().default('1'),
  CARRIER_LINES: integer(1, 10_000).default(100),
  SMS: z.enum(['outbox', 'smpp', 'http'], 'must be outbox, smpp or http').default('outbox'),
  SMS_DIR: z.string().optional(),
  SMPP_URL: hostUrl(['smpp', 'smpps']).optional(),
  SMPP_SYSTEM_ID: printable.max(15, 'must have at most 15 characters').optional(),
  SMPP_PASSWORD: printable.optional(),
  SMPP_SYSTEM_TYPE: printable.max(12, 'must have at most 12 characters').optional(),
  SMPP_WINDOW: integer(1, 1_000).default(10),
  SMPP_LONG_MESSAGES: z.enum(['udh', 'payload'], 'must be udh or payload').default('udh'),
  SMPP_RECEIPT_IDS: z.enum(['same', 'decimal', 'hexadecimal'], 'must be same, decimal or hexadecimal').default('same'),
  SMS_HTTP_URL: urlOf(['http:', 'https:']).optional(),
  SMS_HTTP_BODY: gatewayBody.optional(),
  SMS_HTTP_HEADER: httpHeader.default({}),
  SMS_HTTP_ID: z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, 'must be a JSON Pointer such as /messages/0/id')
    .optional(),
  SMS_HTTP_IDEMPOTENT: flag.default(false),
  SMS_HTTP_TIMEOUT: integer(1, 120).default(30),
  SMS_HTTP_WEBHOOK: webhookFields.default({}),
  EMAIL: z.enum(['outbox', 'smtp'], 'must be outbox or smtp').default('outbox'),
  EMAIL_DIR: z.string().optional(),
  SMTP_URL: hostUrl(['smtp', 'smtps']).optional(),
  SMTP_STARTTLS: flag.default(true),
  SMTP_USER: z.string().optional(),
  SMTP_PASSWORD: z.string().optional(),
  SMTP_RETURN_PATH: z
    .string()
    .regex(/^[^\s@<>]+@[^\s@<>]+$/, 'must be an e-mail address')
    .optional(),
  SMTP_CONNECTIONS: integer(1, 100).default(5),
  SMTP_TIMEOUT: integer(1, 600).default(30),
  SMTP_VERIFY: flag.default(false),
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

export type WebhookField = (typeof WEBHOOK_FIELDS)[number]

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
  storage:
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
  /** Text to speech. */
  speech:
    | { adapter: 'espeak'; workers: number; timeoutMs: number }
    | {
        adapter: 'openai'
        url: string
        apiKey: string | undefined
        model: string
        /** Names of the server's voices by our codes. */
        voices: Readonly<Record<string, string>>
        timeoutMs: number
      }
    | { adapter: 'none' }
  audio: {
    workers: number
    /** For one conversion. */
    timeoutMs: number
    maxDurationMs: number
    maxBytes: number
    /** The program, by name or path; absent: do without. */
    ffmpeg: string | undefined
  }
  telephony: /** Simulated people in this process. */
    | { adapter: 'simulated'; seed: string; lines: number }
    /** Simulated people in a process of their own. */
    | { adapter: 'carrier'; url: string }
  sms:
    | { adapter: 'outbox'; folder: string }
    | {
        adapter: 'smpp'
        host: string
        port: number
        tls: boolean
        systemId: string
        password: string
        systemType: string
        /** Messages without an answer at one time. */
        window: number
        longMessages: 'udh' | 'payload'
        receiptIds: 'same' | 'decimal' | 'hexadecimal'
      }
    | {
        adapter: 'http'
        url: string
        body: { format: 'json' | 'form'; template: string }
        headers: Readonly<Record<string, string>>
        /** A JSON Pointer to the message's id in the gateway's answer. */
        idPointer: string | undefined
        idempotent: boolean
        timeoutMs: number
        /** What differs from the defaults of webhooks. */
        webhook: Readonly<Partial<Record<WebhookField, string>>>
      }
  email:
    | { adapter: 'outbox'; folder: string }
    | {
        adapter: 'smtp'
        host: string
        port: number
        security: 'starttls' | 'tls' | 'off'
        auth: { user: string; password: string } | undefined
        returnPath: string | undefined
        connections: number
        /** For each silence of the relay. */
        timeoutMs: number
        verifyAtStart: boolean
      }
  maxUploadBytes: number
  secret: { given: string } | { file: string }
  firstStart: { apiKey: string | undefined; sampleLink: boolean }
}

/** What a choice demands. */
const NEEDS: Readonly<Record<string, readonly EnvironmentName[]>> = {
  'STORAGE=s3': ['S3_ENDPOINT', 'S3_REGION', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'],
  'SPEECH=openai': ['SPEECH_URL'],
  'SMS=smpp': ['SMPP_URL', 'SMPP_SYSTEM_ID', 'SMPP_PASSWORD'],
  'SMS=http': ['SMS_HTTP_URL', 'SMS_HTTP_BODY'],
  'EMAIL=smtp': ['SMTP_URL'],
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
    if (known.STORAGE !== 's3') {
      missing('STORAGE_DIR', 'all processes must see the same files, so name the shared folder')
    }
    missing('REDIS_URL', 'rate limits must be counted together')
  }
  for (const [choice, needs] of Object.entries(NEEDS)) {
    const [name = '', value] = choice.split('=')
    if (known[name] !== value) continue
    for (const need of needs) if (!known[need]) faults.push(`${need} is needed with ${choice}`)
  }
  for (const [given, other] of [
    ['SMTP_USER', 'SMTP_PASSWORD'],
    ['SMTP_PASSWORD', 'SMTP_USER'],
  ] as const) {
    if (known[given] && !known[other]) faults.push(`${other} is needed with ${given}`)
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
    storage: storageOf(e, dataFolder),
    speech: speechOf(e),
    audio: {
      workers: e.AUDIO_WORKERS,
      timeoutMs: e.AUDIO_TIMEOUT * 1_000,
      maxDurationMs: e.AUDIO_MAX_MINUTES * 60_000,
      maxBytes: e.MAX_UPLOAD_MB * 1_000_000,
      ffmpeg: e.FFMPEG === 'off' ? undefined : e.FFMPEG,
    },
    telephony: e.CARRIER_URL
      ? { adapter: 'carrier', url: e.CARRIER_URL }
      : { adapter: 'simulated', seed: e.CARRIER_SEED, lines: e.CARRIER_LINES },
    sms: smsOf(e, dataFolder),
    email: emailOf(e, dataFolder),
    maxUploadBytes: e.MAX_UPLOAD_MB * 1_000_000,
    secret: e.APP_SECRET ? { given: e.APP_SECRET } : { file: resolve(dataFolder, 'app-secret') },
    firstStart: { apiKey: e.BOOTSTRAP_API_KEY, sampleLink: e.SAMPLE_LINK },
  }
}

type Environment = z.output<typeof environment>

function storageOf(e: Environment, dataFolder: string): Config['storage'] {
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

function speechOf(e: Environment): Config['speech'] {
  const timeoutMs = e.SPEECH_TIMEOUT * 1_000
  switch (e.SPEECH) {
    case 'espeak':
      return { adapter: 'espeak', workers: e.SPEECH_WORKERS, timeoutMs }
    case 'openai': {
      const { SPEECH_URL: url = '', SPEECH_API_KEY: apiKey, SPEECH_MODEL: model, SPEECH_VOICES: voices } = e
      return { adapter: 'openai', url, apiKey, model, voices, timeoutMs }
    }
    case 'none':
      return { adapter: 'none' }
  }
}

function smsOf(e: Environment, dataFolder: string): Config['sms'] {
  switch (e.SMS) {
    case 'outbox':
      return { adapter: 'outbox', folder: e.SMS_DIR ? resolve(e.SMS_DIR) : resolve(dataFolder, 'sms') }
    case 'smpp': {
      const { scheme, host, port } = hostAndPort(e.SMPP_URL ?? '', { smpp: 2775, smpps: 3550 })
      return {
        adapter: 'smpp',
        host,
        port,
        tls: scheme === 'smpps',
        systemId: e.SMPP_SYSTEM_ID ?? '',
        password: e.SMPP_PASSWORD ?? '',
        systemType: e.SMPP_SYSTEM_TYPE ?? '',
        window: e.SMPP_WINDOW,
        longMessages: e.SMPP_LONG_MESSAGES,
        receiptIds: e.SMPP_RECEIPT_IDS,
      }
    }
    case 'http':
      return {
        adapter: 'http',
        url: e.SMS_HTTP_URL ?? '',
        body: e.SMS_HTTP_BODY ?? { format: 'json', template: '' },
        headers: e.SMS_HTTP_HEADER,
        idPointer: e.SMS_HTTP_ID,
        idempotent: e.SMS_HTTP_IDEMPOTENT,
        timeoutMs: e.SMS_HTTP_TIMEOUT * 1_000,
        webhook: e.SMS_HTTP_WEBHOOK,
      }
  }
}

function emailOf(e: Environment, dataFolder: string): Config['email'] {
  if (e.EMAIL === 'outbox') {
    return { adapter: 'outbox', folder: e.EMAIL_DIR ? resolve(e.EMAIL_DIR) : resolve(dataFolder, 'email') }
  }
  const { scheme, host, port } = hostAndPort(e.SMTP_URL ?? '', { smtp: 587, smtps: 465 })
  return {
    adapter: 'smtp',
    host,
    port,
    security: scheme === 'smtps' ? 'tls' : e.SMTP_STARTTLS ? 'starttls' : 'off',
    auth: e.SMTP_USER && e.SMTP_PASSWORD ? { user: e.SMTP_USER, password: e.SMTP_PASSWORD } : undefined,
    returnPath: e.SMTP_RETURN_PATH,
    connections: e.SMTP_CONNECTIONS,
    timeoutMs: e.SMTP_TIMEOUT * 1_000,
    verifyAtStart: e.SMTP_VERIFY,
  }
}

function hostAndPort(url: string, ports: Readonly<Record<string, number>>) {
  const { protocol, hostname, port } = new URL(url)
  const scheme = protocol.slice(0, -1)
  return { scheme, host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : (ports[scheme] ?? 0) }
}
