import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from './configuration-error.ts'
import { outreachOf } from './outreach.ts'
import { ENVIRONMENT_NAMES, readConfig } from './read-config.ts'

function faults(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults
    throw error
  }
  return []
}

const DEFAULTS = {
  role: 'all',
  logLevel: 'info',
  http: {
    port: 4000,
    host: '127.0.0.1',
    publicUrl: undefined,
    linkAddresses: 'path',
    proxies: null,
    corsOrigins: [],
    maxBodyBytes: 1_048_576,
    shutdownMs: 10_000,
  },
  graphql: { graphiql: true, introspection: true, operationsPerMinute: 6_000, maxBufferedBytes: 1_048_576 },
  webhooks: { allow: [], timeoutMs: 10_000, analysisWaitMs: undefined },
  legacy: { sayifyPerMinute: 100, saygentPerHour: 200, saygentHttpStatus: 'always-200', timeZone: 'UTC' },
  database: { kind: 'embedded', folder: resolve('data') },
  redisUrl: undefined,
  storage: { adapter: 'files', folder: resolve('data/storage') },
  speech: { adapter: 'espeak', workers: 1, timeoutMs: 30_000 },
  audio: { workers: 1, timeoutMs: 120_000, maxDurationMs: 3_600_000, maxBytes: 100_000_000, ffmpeg: 'ffmpeg' },
  transcription: { adapter: 'none' },
  insight: { adapter: 'heuristic', monthlyTokens: null },
  telephony: { adapter: 'simulated', seed: '1', lines: 100 },
  sms: { adapter: 'outbox', folder: resolve('data/sms') },
  email: { adapter: 'outbox', folder: resolve('data/email') },
  messages: { smsFrom: 'Saygraph', emailFrom: undefined, providerSecret: undefined },
  outreach: {
    policy: { quietHours: null, countries: null, contactCap: null, monthlySpendCapCents: null, lines: null },
    redialAfterSeconds: 900,
    ringTimeoutMs: 45_000,
    pricesFile: undefined,
  },
  maxUploadBytes: 100_000_000,
  secret: { file: resolve('data/app-secret') },
  acceptedSecret: undefined,
  metricsToken: undefined,
  firstStart: { apiKey: undefined, sampleLink: true },
}

test('nothing needs to be set', () => {
  expect(readConfig({})).toEqual(DEFAULTS)
})

test('an empty variable counts as absent, one of another program as none of ours', () => {
  const empty = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, '']))
  expect(readConfig({ ...empty, PATH: '/bin', PORTS: 'x', port: '1' })).toEqual(DEFAULTS)
})

test('everything can be set', () => {
  const key = 'sk_live_0123456789abcdefghij'
  expect(
    readConfig({
      PORT: '0',
      HOST: '::',
      PUBLIC_URL: 'https://say.example',
      LINK_ADDRESSES: 'subdomain',
      TRUST_PROXY: 'on',
      CORS_ORIGINS: ' https://a.example, http://localhost:3000 ,,*',
      DATA_DIR: '/var/lib/saygraph',
      DATABASE_URL: 'postgresql://saygraph@db/saygraph',
      DATABASE_POOL: '40',
      REDIS_URL: 'rediss://cache:6380/1',
      ROLE: 'api',
      APP_SECRET: 's'.repeat(32),
      ACCEPT_APP_SECRET: '0123456789abcdef',
      METRICS_TOKEN: 'for-prometheus-only',
      BOOTSTRAP_API_KEY: key,
      STORAGE: 'files',
      STORAGE_DIR: '/mnt/files',
      SPEECH: 'espeak',
      SPEECH_WORKERS: '4',
      SPEECH_TIMEOUT: '5',
      AUDIO_WORKERS: '8',
      AUDIO_TIMEOUT: '60',
      AUDIO_MAX_MINUTES: '10',
      FFMPEG: '/opt/bin/ffmpeg',
      TELEPHONY: 'simulated',
      CARRIER_SEED: 'demo',
      CARRIER_LINES: '5',
      SMS: 'outbox',
      SMS_DIR: '/mnt/sms',
      EMAIL: 'outbox',
      EMAIL_DIR: '/mnt/email',
      SMS_FROM: '+358401234567',
      EMAIL_FROM: '"Acme, Inc." <hello@acme.example>',
      PROVIDER_SECRET: 'callbacks-only-12',
      QUIET_HOURS: '22:30-07:00',
      ALLOWED_COUNTRIES: ' fi, SE,FI,,XK',
      CONTACT_CAP: '3/7',
      SPEND_CAP_CENTS: '0',
      WORKSPACE_LINES: '12',
      REDIAL_AFTER: '0',
      RING_TIMEOUT: '20',
      PRICES: '/etc/saygraph/prices.json',
      LEGACY_TIME_ZONE: 'Europe/Helsinki',
      MAX_UPLOAD_MB: '5',
      MAX_BODY_KB: '64',
      RATE_LIMIT: '10',
      SUBSCRIBER_BUFFER_KB: '256',
      WEBHOOK_ALLOW: '10.0.0.0/8, fd00::1, Hooks.internal, *.corp.example ,',
      WEBHOOK_TIMEOUT: '60',
      WEBHOOK_ANALYSIS_WAIT: '3600',
      SAYIFY_RATE_LIMIT: '0',
      SAYGENT_RATE_LIMIT: '0',
      SAYGENT_HTTP_STATUS: 'matching',
      GRAPHIQL: 'off',
      INTROSPECTION: 'off',
      SAMPLE_LINK: 'off',
      SHUTDOWN_SECONDS: '30',
      TRANSCRIPTION: 'pocketsphinx',
      TRANSCRIPTION_TIMEOUT: '60',
      TRANSCRIPTION_WORKERS: '3',
      INSIGHT: 'none',
      INSIGHT_MONTHLY_TOKENS: '0',
      LOG_LEVEL: 'warn',
    }),
  ).toEqual({
    role: 'api',
    logLevel: 'warn',
    http: {
      port: 0,
      host: '::',
      publicUrl: new URL('https://say.example'),
      linkAddresses: 'subdomain',
      proxies: { hops: 1 },
      corsOrigins: ['https://a.example', 'http://localhost:3000', '*'],
      maxBodyBytes: 65_536,
      shutdownMs: 30_000,
    },
    graphql: { graphiql: false, introspection: false, operationsPerMinute: 10, maxBufferedBytes: 262_144 },
    webhooks: {
      allow: [
        { kind: 'range', network: '10.0.0.0', prefix: 8 },
        { kind: 'range', network: 'fd00::1', prefix: 128 },
        { kind: 'host', name: 'hooks.internal' },
        { kind: 'subdomains', of: 'corp.example' },
      ],
      timeoutMs: 60_000,
      analysisWaitMs: 3_600_000,
    },
    legacy: {
      sayifyPerMinute: 0,
      saygentPerHour: 0,
      saygentHttpStatus: 'matching',
      timeZone: 'Europe/Helsinki',
    },
    database: { kind: 'postgres', url: 'postgresql://saygraph@db/saygraph', poolSize: 40 },
    redisUrl: 'rediss://cache:6380/1',
    storage: { adapter: 'files', folder: '/mnt/files' },
    speech: { adapter: 'espeak', workers: 4, timeoutMs: 5_000 },
    audio: { workers: 8, timeoutMs: 60_000, maxDurationMs: 600_000, maxBytes: 5_000_000, ffmpeg: '/opt/bin/ffmpeg' },
    transcription: { adapter: 'pocketsphinx', timeoutMs: 60_000, workers: 3 },
    insight: { adapter: 'none', monthlyTokens: 0 },
    telephony: { adapter: 'simulated', seed: 'demo', lines: 5 },
    sms: { adapter: 'outbox', folder: '/mnt/sms' },
    email: { adapter: 'outbox', folder: '/mnt/email' },
    messages: {
      smsFrom: '+358401234567',
      emailFrom: { name: 'Acme, Inc.', address: 'hello@acme.example' },
      providerSecret: 'callbacks-only-12',
    },
    outreach: {
      policy: {
        quietHours: { from: '22:30', to: '07:00' },
        countries: ['FI', 'SE', 'XK'],
        contactCap: { contacts: 3, days: 7 },
        monthlySpendCapCents: 0,
        lines: 12,
      },
      redialAfterSeconds: 0,
      ringTimeoutMs: 20_000,
      pricesFile: '/etc/saygraph/prices.json',
    },
    maxUploadBytes: 5_000_000,
    secret: { given: 's'.repeat(32) },
    acceptedSecret: '0123456789abcdef',
    metricsToken: 'for-prometheus-only',
    firstStart: { apiKey: key, sampleLink: false },
  })
})

const SMS_FROM =
  'SMS_FROM must be a number such as +358401234567, a short code, or a name of up to 11 letters and digits'
const EMAIL_FROM = 'EMAIL_FROM must be an e-mail address, or a name and one such as Saygraph <hello@example.com>'
const SMSC = 'SMPP_URL must be a host and a port such as smpp://host.example:1234, or with smpps:// for TLS'
const RELAY = 'SMTP_URL must be a host and a port such as smtp://host.example:1234, or with smtps:// for TLS'
const BODY = 'SMS_HTTP_BODY must be JSON or a form with {to} or {toDigits}, and {text}, such as to={to}&text={text}'
const FIELDS =
  'SMS_HTTP_WEBHOOK must be pairs such as receipt-id=/data/id,delivered=DELIVRD|OK of JSON Pointers, or of words for delivered and failed; the names are receipt-id, status, code, delivered, failed, from, to, text, id'
const DIAL = 'PJSIP/{number}@trunk, with {number}, {digits} or {national}'
const ORIGIN = 'CORS_ORIGINS must be `*` or an origin such as https://app.example.com'
const PUBLIC = 'PUBLIC_URL must be an http or https URL without a path, such as https://say.example.com'
const QUIET = 'QUIET_HOURS must be off, or two different times such as 21:00-08:00'
const COUNTRIES = 'ALLOWED_COUNTRIES must be country codes of two letters (ISO 3166-1) such as FI,SE'
const CAP = 'CONTACT_CAP must be a number of contacts up to 1000 and of days up to 366, such as 3/7'
const ZONE = 'LEGACY_TIME_ZONE must be UTC or an IANA time zone such as Europe/Helsinki'
test.each([
  ['PORT', ['-1', '65536', '4e3', '0x10', '80.5', ' 80', 'http'], 'PORT must be a whole number from 0 to 65535'],
  ['INSIGHT', ['gpt', 'on'], 'INSIGHT must be heuristic, openai or none'],
  ['INSIGHT_TIMEOUT', ['0', '601', '1m'], 'INSIGHT_TIMEOUT must be a whole number from 1 to 600'],
  [
    'INSIGHT_MONTHLY_TOKENS',
    ['-1', '1e6', 'unlimited'],
    'INSIGHT_MONTHLY_TOKENS must be a whole number from 0 to 1000000000000',
  ],
  ['DATABASE_POOL', ['1', '1001'], 'DATABASE_POOL must be a whole number from 2 to 1000'],
  ['TELEPHONY', ['sip'], 'TELEPHONY must be simulated or asterisk'],
  [
    'ASTERISK_URL',
    ['asterisk:8088', 'ws://asterisk:8088', 'http://user:secret@asterisk:8088', 'http://asterisk:8088?x'],
    'ASTERISK_URL must be the http or https URL of Asterisk, without credentials and without /ari, such as http://127.0.0.1:8088',
  ],
  [
    'ASTERISK_URL',
    ['http://asterisk:8088/ari', 'http://pbx/x/ari/'],
    'ASTERISK_URL must not end in /ari: that is added',
  ],
  ['ASTERISK_USER', ['a:b', 'a b'], 'ASTERISK_USER must be a name without colons and spaces'],
  [
    'ASTERISK_ENDPOINT',
    [
      'PJSIP/trunk',
      '{number}@trunk',
      'PJSIP/{number}@a&PJSIP/{number}@b',
      'PJSIP/{number}@{trunk}',
      'PJSIP/{number} x',
    ],
    `ASTERISK_ENDPOINT must be a dial string such as ${DIAL}`,
  ],
  [
    'ASTERISK_ROUTES',
    [',', 'FI', 'PJSIP/{number}@x', 'XX=PJSIP/{number}@x', 'FI=PJSIP/{number}@x,fi=PJSIP/{number}@y', 'FI=x'],
    `ASTERISK_ROUTES must be pairs of a country and a dial string, each country once, such as FI=${DIAL}`,
  ],
  [
    'ASTERISK_CALLER_ID',
    ['0401234567', '358401234567', '+0401234567'],
    'ASTERISK_CALLER_ID must be a number in E.164 such as +358401234567',
  ],
  ['ASTERISK_LINES', ['0', '10001'], 'ASTERISK_LINES must be a whole number from 1 to 10000'],
  ['ASTERISK_CALL_RECORDS', ['calls.csv', './x'], 'ASTERISK_CALL_RECORDS must be the absolute path of a file'],
  [
    'ASTERISK_APP',
    ['say.graph', 'a b', 'x'.repeat(33)],
    'ASTERISK_APP must be up to 32 letters, digits, hyphens and underscores',
  ],
  ['CARRIER_LINES', ['0', '10001'], 'CARRIER_LINES must be a whole number from 1 to 10000'],
  [
    'CARRIER_URL',
    ['127.0.0.1:7000', 'http://127.0.0.1:7000/x'],
    'CARRIER_URL must be an http or https URL without a path, such as https://say.example.com',
  ],
  ['MAX_UPLOAD_MB', ['0', '10241'], 'MAX_UPLOAD_MB must be a whole number from 1 to 10240'],
  ['MAX_BODY_KB', ['15', '102401'], 'MAX_BODY_KB must be a whole number from 16 to 102400'],
  ['RATE_LIMIT', ['0', '10000001'], 'RATE_LIMIT must be a whole number from 1 to 10000000'],
  ['SUBSCRIBER_BUFFER_KB', ['15', '102401'], 'SUBSCRIBER_BUFFER_KB must be a whole number from 16 to 102400'],
  ['WEBHOOK_TIMEOUT', ['0', '61', '2.5'], 'WEBHOOK_TIMEOUT must be a whole number from 1 to 60'],
  ['WEBHOOK_ANALYSIS_WAIT', ['3601', '-1'], 'WEBHOOK_ANALYSIS_WAIT must be a whole number from 0 to 3600'],
  ['SAYIFY_RATE_LIMIT', ['10000001', '-1'], 'SAYIFY_RATE_LIMIT must be a whole number from 0 to 10000000'],
  ['SAYGENT_RATE_LIMIT', ['1000001', '-1'], 'SAYGENT_RATE_LIMIT must be a whole number from 0 to 1000000'],
  ['SAYGENT_HTTP_STATUS', ['200', 'always'], 'SAYGENT_HTTP_STATUS must be always-200 or matching'],
  [
    'WEBHOOK_ALLOW',
    ['10.0.0/8', '10.0.0/8,10.0.0.0/8'],
    'WEBHOOK_ALLOW has "10.0.0/8", which is not an IP address, a range such as 10.0.0.0/8, or a host name such as hooks.internal or *.internal',
  ],
  ['SHUTDOWN_SECONDS', ['0', '601'], 'SHUTDOWN_SECONDS must be a whole number from 1 to 600'],
  [
    'PUBLIC_URL',
    ['say.example', 'ftp://say.example', 'https://', 'https://say.example/base', 'https://a.example?b'],
    PUBLIC,
  ],
  ['LINK_ADDRESSES', ['host'], 'LINK_ADDRESSES must be path or subdomain'],
  [
    'TRUST_PROXY',
    ['true', 'ON', '0', '10', 'proxy.internal', '10.0.0.0/8,proxy.internal', '10.0.0.1/8', ','],
    'TRUST_PROXY must be on, off, a number of proxies from 1 to 9, or IP addresses and ranges such as 10.0.0.0/8, separated by commas',
  ],
  ['GRAPHIQL', ['no'], 'GRAPHIQL must be on or off'],
  ['INTROSPECTION', ['no'], 'INTROSPECTION must be on or off'],
  ['SAMPLE_LINK', ['no'], 'SAMPLE_LINK must be on or off'],
  ['CORS_ORIGINS', ['app.example', 'https://app.example/', 'https://a.example,https://b.example/path', 'null'], ORIGIN],
  ['DATABASE_URL', ['mysql://db/x', 'db'], 'DATABASE_URL must be a URL that starts with postgres:// or postgresql://'],
  ['REDIS_URL', ['http://cache', 'cache'], 'REDIS_URL must be a URL that starts with redis:// or rediss://'],
  ['ROLE', ['both'], 'ROLE must be all, api or worker'],
  ['METRICS_TOKEN', ['0123456789abcde'], 'METRICS_TOKEN must have at least 16 characters'],
  ['METRICS_TOKEN', ['with a space in it'], 'METRICS_TOKEN must be printable ASCII without spaces'],
  ['APP_SECRET', ['s'.repeat(31)], 'APP_SECRET must have at least 32 characters'],
  [
    'ACCEPT_APP_SECRET',
    ['on', '0123456789ABCDEF'],
    'ACCEPT_APP_SECRET must be the 16 hex digits that the refused start named',
  ],
  [
    'BOOTSTRAP_API_KEY',
    ['0123456789abcdef', 'sk_live_1234567', `sk_live_${'x'.repeat(193)}`, 'sk_live_with a space'],
    'BOOTSTRAP_API_KEY must start with sk_live_ and have 16 to 200 characters',
  ],
  ['STORAGE', ['S3', 'memory'], 'STORAGE must be files or s3'],
  [
    'S3_ENDPOINT',
    ['minio:9000', 'https://minio/base'],
    'S3_ENDPOINT must be an http or https URL without a path, such as https://say.example.com',
  ],
  ['S3_REGION', ['EU', 'eu/1'], 'S3_REGION must be a region such as eu-north-1'],
  [
    'S3_BUCKET',
    ['ab', 'Recordings', 'a/b', 'ab-'],
    'S3_BUCKET must be the name of a bucket, such as saygraph-recordings',
  ],
  [
    'S3_PREFIX',
    ['/a', 'a/', 'a//b', '../a', 'a b'],
    'S3_PREFIX must be letters, digits, `.`, `_` and `-` between slashes, such as saygraph/uploads',
  ],
  ['S3_ADDRESSES', ['virtual'], 'S3_ADDRESSES must be path or host'],
  ['SPEECH', ['flite'], 'SPEECH must be espeak, openai or none'],
  [
    'SPEECH_URL',
    ['tts', 'https://tts/v1'],
    'SPEECH_URL must be an http or https URL without a path, such as https://say.example.com',
  ],
  ['SPEECH_API_KEY', ['a b', 'a\nb', 'ä'], 'SPEECH_API_KEY must be printable ASCII without spaces'],
  ['SPEECH_VOICES', ['alloy', 'en=', 'EN=a', 'en=a b'], 'SPEECH_VOICES must be pairs such as en=alloy,fi-male=onyx'],
  ['SPEECH_TIMEOUT', ['0', '601'], 'SPEECH_TIMEOUT must be a whole number from 1 to 600'],
  ['SPEECH_WORKERS', ['0', '65'], 'SPEECH_WORKERS must be a whole number from 1 to 64'],
  ['AUDIO_WORKERS', ['0', '65'], 'AUDIO_WORKERS must be a whole number from 1 to 64'],
  ['AUDIO_TIMEOUT', ['0', '3601'], 'AUDIO_TIMEOUT must be a whole number from 1 to 3600'],
  ['AUDIO_MAX_MINUTES', ['0', '601'], 'AUDIO_MAX_MINUTES must be a whole number from 1 to 600'],
  ['SMS', ['memory', 'twilio'], 'SMS must be outbox, smpp or http'],
  ['SMPP_URL', ['smsc:2775', 'http://smsc:2775', 'smpp://u:p@smsc', 'smpp://smsc/path', 'smpp://smsc:x'], SMSC],
  ['SMPP_SYSTEM_ID', ['x'.repeat(16)], 'SMPP_SYSTEM_ID must have at most 15 characters'],
  ['SMPP_PASSWORD', ['a b', 'ä'], 'SMPP_PASSWORD must be printable ASCII without spaces'],
  ['SMPP_SYSTEM_TYPE', ['x'.repeat(13)], 'SMPP_SYSTEM_TYPE must have at most 12 characters'],
  ['SMPP_WINDOW', ['0', '1001'], 'SMPP_WINDOW must be a whole number from 1 to 1000'],
  ['SMPP_LONG_MESSAGES', ['sar'], 'SMPP_LONG_MESSAGES must be udh or payload'],
  ['SMPP_RECEIPT_IDS', ['hex'], 'SMPP_RECEIPT_IDS must be same, decimal or hexadecimal'],
  ['SMS_HTTP_URL', ['gateway/send', 'ftp://x'], 'SMS_HTTP_URL must be a URL that starts with http:// or https://'],
  ['SMS_HTTP_BODY', ['{"to":"{to}"}', '{to: "{to}", "{text}"}', 'to={to}', 'to={to} text={text}'], BODY],
  [
    'SMS_HTTP_HEADER',
    ['Bearer x', 'A:', 'A: b\r\nC: d'],
    'SMS_HTTP_HEADER must be a header such as Authorization: Bearer abc',
  ],
  ['SMS_HTTP_ID', ['id', '/~2'], 'SMS_HTTP_ID must be a JSON Pointer such as /messages/0/id'],
  ['SMS_HTTP_IDEMPOTENT', ['yes'], 'SMS_HTTP_IDEMPOTENT must be on or off'],
  ['SMS_HTTP_TIMEOUT', ['0', '121'], 'SMS_HTTP_TIMEOUT must be a whole number from 1 to 120'],
  ['SMS_HTTP_WEBHOOK', ['receipt-id', 'status=status', 'sender=/x', 'delivered=a||b', 'from=/x=y', ','], FIELDS],
  ['EMAIL', ['sendgrid'], 'EMAIL must be outbox or smtp'],
  ['SMTP_URL', ['mail:587', 'https://mail', 'smtp://u:p@mail', 'smtp://mail/x'], RELAY],
  ['SMTP_STARTTLS', ['optional'], 'SMTP_STARTTLS must be on or off'],
  ['SMTP_RETURN_PATH', ['bounces', 'a b@c', '<a@b>'], 'SMTP_RETURN_PATH must be an e-mail address'],
  ['SMTP_CONNECTIONS', ['0', '101'], 'SMTP_CONNECTIONS must be a whole number from 1 to 100'],
  ['SMTP_TIMEOUT', ['0', '601'], 'SMTP_TIMEOUT must be a whole number from 1 to 600'],
  ['SMTP_VERIFY', ['1'], 'SMTP_VERIFY must be on or off'],
  ['SMS_FROM', ['12', 'Twelve chars', '0401234567890', 'Sää', ' '], SMS_FROM],
  ['EMAIL_FROM', ['hello', 'Acme hello@acme.example', '<hello@acme.example>', 'a@b@c'], EMAIL_FROM],
  ['PROVIDER_SECRET', ['x'.repeat(15)], 'PROVIDER_SECRET must have at least 16 characters'],
  ['QUIET_HOURS', ['on', '21-8', '21:00-24:00', '21:00-21:00', '9:00-10:00', '21:00-08:00,12:00-13:00'], QUIET],
  ['ALLOWED_COUNTRIES', ['Finland', 'FI SE', 'FI,XX', ','], COUNTRIES],
  ['CONTACT_CAP', ['3', '0/7', '3/0', '1001/7', '3/367', '3/7d', '-1/7'], CAP],
  ['SPEND_CAP_CENTS', ['-1', '9.5', '1000000001'], 'SPEND_CAP_CENTS must be a whole number from 0 to 1000000000'],
  ['WORKSPACE_LINES', ['0', '100001'], 'WORKSPACE_LINES must be a whole number from 1 to 100000'],
  ['REDIAL_AFTER', ['-1', '10081', '15m'], 'REDIAL_AFTER must be a whole number from 0 to 10080'],
  ['LEGACY_TIME_ZONE', ['+02:00', 'EST', 'Helsinki', 'Europe/Turku'], ZONE],
  ['LOG_LEVEL', ['verbose'], 'LOG_LEVEL must be trace, debug, info, warn, error, fatal or silent'],
])('%s', (name, values, fault) => {
  // Word for word, so that nothing of a wrong secret is in it.
  for (const value of values) expect([value, ...faults({ [name]: value })]).toEqual([value, fault])
})

test('nights are quiet once somebody can be woken, unless told otherwise', () => {
  const quiet = (QUIET_HOURS: 'off' | undefined, reachesPhones: boolean) =>
    outreachOf({ QUIET_HOURS, REDIAL_AFTER: 15, RING_TIMEOUT: 45 }, reachesPhones).policy.quietHours
  expect(quiet(undefined, true)).toEqual({ from: '21:00', to: '08:00' })
  expect(quiet(undefined, false)).toBeNull()
  expect(quiet('off', true)).toBeNull()
  const gateway = { SMS_HTTP_URL: 'https://sms.example', SMS_HTTP_BODY: 'to={to}&text={text}' }
  expect(readConfig({ SMS: 'http', ...gateway }).outreach.policy.quietHours).toEqual({ from: '21:00', to: '08:00' })
})

test('nights are quiet with Asterisk', () => {
  const asterisk = {
    ASTERISK_URL: 'http://x',
    ASTERISK_USER: 'u',
    ASTERISK_PASSWORD: 'p',
    ASTERISK_ENDPOINT: 'a/{number}',
  }
  const { outreach } = readConfig({ TELEPHONY: 'asterisk', ...asterisk })
  expect(outreach.policy.quietHours).toEqual({ from: '21:00', to: '08:00' })
})

test('a carrier in a process of its own has people and lines of its own', () => {
  const CARRIER_URL = 'http://127.0.0.1:7000'
  expect(readConfig({ CARRIER_URL, CARRIER_SEED: 'x' }).telephony).toEqual({ adapter: 'carrier', url: CARRIER_URL })
})

describe('rules across settings', () => {
  const NEEDED = {
    DATABASE_URL: 'the embedded database belongs to one process',
    APP_SECRET: 'all processes must have the same',
    STORAGE_DIR: 'all processes must see the same files, so name the shared folder',
    REDIS_URL: 'rate limits must be counted together',
  }
  const given = {
    DATABASE_URL: 'postgres://db/x',
    APP_SECRET: 's'.repeat(32),
    STORAGE_DIR: '/mnt/files',
    REDIS_URL: 'redis://cache',
  }

  test.each(['api', 'worker'])('ROLE=%s needs what processes share', (ROLE) => {
    expect(faults({ ROLE })).toEqual(
      Object.entries(NEEDED).map(([name, why]) => `${name} is needed with ROLE=${ROLE}: ${why}`),
    )
    expect(faults({ ROLE, ...given })).toEqual([])
    for (const [name, why] of Object.entries(NEEDED)) {
      expect(faults({ ROLE, ...given, [name]: '' })).toEqual([`${name} is needed with ROLE=${ROLE}: ${why}`])
    }
  })

  const BUCKET = {
    S3_ENDPOINT: 'http://minio:9000',
    S3_REGION: 'eu-north-1',
    S3_BUCKET: 'recordings',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'secret',
  }

  test('STORAGE=s3 needs a bucket and a key, and is shared storage', () => {
    const { STORAGE_DIR, ...others } = given
    expect(faults({ STORAGE: 's3' })).toEqual(Object.keys(BUCKET).map((name) => `${name} is needed with STORAGE=s3`))
    expect(faults({ STORAGE: 's3', ROLE: 'worker', ...others, ...BUCKET })).toEqual([])
    expect(faults({ ROLE: 'worker', ...others, ...BUCKET })).toHaveLength(1)
    const bucket = {
      adapter: 's3',
      endpoint: 'http://minio:9000',
      region: 'eu-north-1',
      bucket: 'recordings',
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    }
    const { storage } = readConfig({ STORAGE: 's3', STORAGE_DIR, ...BUCKET })
    expect(storage).toEqual({ ...bucket, prefix: undefined, addressing: 'path' })
    expect(readConfig({ STORAGE: 's3', ...BUCKET, S3_PREFIX: 'say/graph', S3_ADDRESSES: 'host' }).storage).toEqual({
      ...bucket,
      prefix: 'say/graph',
      addressing: 'host',
    })
  })

  test('SPEECH=openai needs a server; the others need nothing', () => {
    expect(faults({ SPEECH: 'openai' })).toEqual(['SPEECH_URL is needed with SPEECH=openai'])
    const server = { SPEECH: 'openai', SPEECH_URL: 'https://tts.example' }
    const speech = { adapter: 'openai', url: 'https://tts.example', timeoutMs: 30_000 }
    expect(readConfig(server).speech).toEqual({ ...speech, apiKey: undefined, model: 'tts-1', voices: {} })
    const more = { SPEECH_API_KEY: 'sk-1', SPEECH_MODEL: 'kokoro', SPEECH_VOICES: ' en=alloy, fi-male=onyx:2 ,' }
    const voices = { en: 'alloy', 'fi-male': 'onyx:2' }
    expect(readConfig({ ...server, ...more }).speech).toEqual({ ...speech, apiKey: 'sk-1', model: 'kokoro', voices })
    expect(readConfig({ SPEECH: 'none', FFMPEG: 'off' })).toMatchObject({
      speech: { adapter: 'none' },
      audio: { ffmpeg: undefined },
    })
  })

  test('INSIGHT=openai needs a server; the others need nothing', () => {
    expect(faults({ INSIGHT: 'openai' })).toEqual(['INSIGHT_URL is needed with INSIGHT=openai'])
    const server = { INSIGHT: 'openai', INSIGHT_URL: 'https://llm.example' }
    const insight = { adapter: 'openai', url: 'https://llm.example', apiKey: undefined, model: 'gpt-4o-mini' }
    expect(readConfig(server).insight).toEqual({ ...insight, timeoutMs: 60_000, monthlyTokens: null })
    const more = { INSIGHT_API_KEY: 'sk-1', INSIGHT_MODEL: 'big', INSIGHT_TIMEOUT: '5', INSIGHT_MONTHLY_TOKENS: '9' }
    expect(readConfig({ ...server, ...more }).insight).toEqual({
      ...insight,
      apiKey: 'sk-1',
      model: 'big',
      timeoutMs: 5_000,
      monthlyTokens: 9,
    })
  })

  test('TRANSCRIPTION=openai needs a server; the others need nothing', () => {
    expect(faults({ TRANSCRIPTION: 'openai' })).toEqual(['TRANSCRIPTION_URL is needed with TRANSCRIPTION=openai'])
    const server = { TRANSCRIPTION: 'openai', TRANSCRIPTION_URL: 'https://hear.example' }
    const plain = { adapter: 'openai', url: 'https://hear.example', timeoutMs: 300_000, workers: 1 }
    const unset = { apiKey: undefined, model: 'whisper-1', language: undefined }
    expect(readConfig(server).transcription).toEqual({ ...plain, ...unset })
    const more = { TRANSCRIPTION_API_KEY: 'sk-1', TRANSCRIPTION_MODEL: 'large', TRANSCRIPTION_LANGUAGE: 'fi' }
    const set = { apiKey: 'sk-1', model: 'large', language: 'fi' }
    expect(readConfig({ ...server, ...more }).transcription).toEqual({ ...plain, ...set })
    expect(readConfig({ TRANSCRIPTION: 'auto' }).transcription).toEqual({
      adapter: 'auto',
      timeoutMs: 300_000,
      workers: 1,
    })
    expect(faults({ TRANSCRIPTION: 'whisper', TRANSCRIPTION_LANGUAGE: 'Finnish!' })).toEqual([
      'TRANSCRIPTION must be none, auto, openai or pocketsphinx',
      'TRANSCRIPTION_LANGUAGE must be a language tag such as fi or en-GB',
    ])
  })

  test('TELEPHONY=asterisk needs an account, and a way to some country', () => {
    const account = { ASTERISK_URL: 'http://asterisk:8088', ASTERISK_USER: 'us', ASTERISK_PASSWORD: 'secret' }
    const needed = Object.keys(account).map((name) => `${name} is needed with TELEPHONY=asterisk`)
    const route = 'ASTERISK_ENDPOINT or ASTERISK_ROUTES is needed with TELEPHONY=asterisk'
    expect(faults({ TELEPHONY: 'asterisk' })).toEqual([...needed, route])
    expect(faults({ TELEPHONY: 'asterisk', ...account, ASTERISK_LINES: '0' })).toHaveLength(2)
    const plain = {
      adapter: 'asterisk',
      url: 'http://asterisk:8088',
      user: 'us',
      password: 'secret',
      routes: { endpoint: 'PJSIP/{number}@trunk', byCountry: {} },
      callerId: undefined,
      lines: 30,
      callRecords: undefined,
      app: 'saygraph',
    }
    const asterisk = { TELEPHONY: 'asterisk', ...account, ASTERISK_ENDPOINT: 'PJSIP/{number}@trunk' }
    expect(readConfig(asterisk).telephony).toEqual(plain)
    // Chosen by name, it is not outdone by a carrier that was tried before.
    expect(readConfig({ ...asterisk, CARRIER_URL: 'http://127.0.0.1:7000' }).telephony).toEqual(plain)
    const more = {
      ASTERISK_URL: 'https://pbx.example/asterisk',
      ASTERISK_ENDPOINT: '',
      ASTERISK_ROUTES: ' fi=PJSIP/{national}@elisa, US=PJSIP/sip:{digits}@twilio:5060=x ,',
      ASTERISK_CALLER_ID: '+358401234567',
      ASTERISK_LINES: '5',
      ASTERISK_CALL_RECORDS: '/var/log/asterisk/cel-custom/saygraph.csv',
      ASTERISK_APP: 'test-2',
    }
    expect(readConfig({ ...asterisk, ...more }).telephony).toEqual({
      ...plain,
      url: 'https://pbx.example/asterisk',
      routes: {
        endpoint: undefined,
        byCountry: { FI: 'PJSIP/{national}@elisa', US: 'PJSIP/sip:{digits}@twilio:5060=x' },
      },
      callerId: '+358401234567',
      lines: 5,
      callRecords: '/var/log/asterisk/cel-custom/saygraph.csv',
      app: 'test-2',
    })
  })

  test('SMS=smpp needs an SMSC and an account', () => {
    const account = { SMPP_URL: 'smpp://smsc.example', SMPP_SYSTEM_ID: 'us', SMPP_PASSWORD: 'secret' }
    expect(faults({ SMS: 'smpp' })).toEqual(Object.keys(account).map((name) => `${name} is needed with SMS=smpp`))
    const plain = {
      adapter: 'smpp',
      host: 'smsc.example',
      port: 2775,
      tls: false,
      systemId: 'us',
      password: 'secret',
      systemType: '',
      window: 10,
      longMessages: 'udh',
      receiptIds: 'same',
    }
    expect(readConfig({ SMS: 'smpp', ...account }).sms).toEqual(plain)
    const more = {
      SMPP_URL: 'smpps://[::1]:9',
      SMPP_SYSTEM_TYPE: 'type',
      SMPP_WINDOW: '3',
      SMPP_LONG_MESSAGES: 'payload',
      SMPP_RECEIPT_IDS: 'decimal',
    }
    const changed = { systemType: 'type', window: 3, longMessages: 'payload', receiptIds: 'decimal' }
    expect(readConfig({ SMS: 'smpp', ...account, ...more }).sms).toEqual({
      ...plain,
      host: '::1',
      port: 9,
      tls: true,
      ...changed,
    })
    expect(readConfig({ SMS: 'smpp', ...account, SMPP_URL: 'smpps://smsc.example/' }).sms).toMatchObject({ port: 3550 })
  })

  test('SMS=http needs a gateway and what it wants to read', () => {
    expect(faults({ SMS: 'http' })).toEqual([
      'SMS_HTTP_URL is needed with SMS=http',
      'SMS_HTTP_BODY is needed with SMS=http',
    ])
    const gateway = { SMS: 'http', SMS_HTTP_URL: 'http://gw/send', SMS_HTTP_BODY: 'to={toDigits}&text={text}' }
    const plain = {
      adapter: 'http',
      url: 'http://gw/send',
      body: { format: 'form', template: 'to={toDigits}&text={text}' },
      headers: {},
      idPointer: undefined,
      idempotent: false,
      timeoutMs: 30_000,
      webhook: {},
    }
    expect(readConfig(gateway).sms).toEqual(plain)
    const template = '{"to":"{to}","body":"{text}"}'
    const more = {
      SMS_HTTP_BODY: template,
      SMS_HTTP_HEADER: 'Authorization: Bearer a b',
      SMS_HTTP_ID: '/messages/0/id',
      SMS_HTTP_IDEMPOTENT: 'on',
      SMS_HTTP_TIMEOUT: '5',
      SMS_HTTP_WEBHOOK: 'receipt-id=/data/id, delivered=OK|DELIVRD,from=/msisdn',
    }
    expect(readConfig({ ...gateway, ...more }).sms).toEqual({
      ...plain,
      body: { format: 'json', template },
      headers: { authorization: 'Bearer a b' },
      idPointer: '/messages/0/id',
      idempotent: true,
      timeoutMs: 5_000,
      webhook: { 'receipt-id': '/data/id', delivered: 'OK|DELIVRD', from: '/msisdn' },
    })
  })

  test('EMAIL=smtp needs a relay, and is encrypted unless told otherwise', () => {
    expect(faults({ EMAIL: 'smtp' })).toEqual(['SMTP_URL is needed with EMAIL=smtp'])
    expect(faults({ SMTP_USER: 'u' })).toEqual(['SMTP_PASSWORD is needed with SMTP_USER'])
    expect(faults({ SMTP_PASSWORD: 'p' })).toEqual(['SMTP_USER is needed with SMTP_PASSWORD'])
    const relay = { EMAIL: 'smtp', SMTP_URL: 'smtp://mail.example' }
    const plain = {
      adapter: 'smtp',
      host: 'mail.example',
      port: 587,
      security: 'starttls',
      auth: undefined,
      returnPath: undefined,
      connections: 5,
      timeoutMs: 30_000,
      verifyAtStart: false,
    }
    expect(readConfig(relay).email).toEqual(plain)
    expect(readConfig({ ...relay, SMTP_STARTTLS: 'off', SMTP_URL: 'smtp://mail:25' }).email).toEqual({
      ...plain,
      host: 'mail',
      port: 25,
      security: 'off',
    })
    const more = {
      SMTP_URL: 'smtps://mail.example',
      SMTP_STARTTLS: 'off',
      SMTP_USER: 'u',
      SMTP_PASSWORD: 'p ä',
      SMTP_RETURN_PATH: 'bounces@say.example',
      SMTP_CONNECTIONS: '2',
      SMTP_TIMEOUT: '7',
      SMTP_VERIFY: 'on',
    }
    expect(readConfig({ ...relay, ...more }).email).toEqual({
      ...plain,
      port: 465,
      security: 'tls',
      auth: { user: 'u', password: 'p ä' },
      returnPath: 'bounces@say.example',
      connections: 2,
      timeoutMs: 7_000,
      verifyAtStart: true,
    })
  })

  test('all faults are told at once, of single settings and across them', () => {
    const WEBHOOK_ALLOW = 'localhost, 10.0.0.1/8, 10.0.0.1, ::1/64'
    const env = { ...given, ROLE: 'api', PORT: 'x', LOG_LEVEL: 'y', REDIS_URL: '', WEBHOOK_ALLOW }
    expect(() => readConfig(env)).toThrow(
      'The configuration has 5 faults:\n' +
        '  - PORT must be a whole number from 0 to 65535\n' +
        '  - WEBHOOK_ALLOW has "10.0.0.1/8", which is not the start of its range; write 10.0.0.0/8 or 10.0.0.1\n' +
        '  - WEBHOOK_ALLOW has "::1/64", which is not the start of its range; write ::/64 or ::1\n' +
        '  - LOG_LEVEL must be trace, debug, info, warn, error, fatal or silent\n' +
        '  - REDIS_URL is needed with ROLE=api: rate limits must be counted together',
    )
    expect(() => readConfig({ PORT: 'x' })).toThrow('The configuration has a fault:\n  - PORT must')
  })
})
