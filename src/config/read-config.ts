import { resolve } from 'node:path'
import { z } from 'zod'
import { type AudioConfig, audioOf, audioSettings } from './audio.ts'
import { ConfigurationError } from './configuration-error.ts'
import { type DatabaseConfig, databaseOf, databaseSettings } from './database.ts'
import { type EmailConfig, emailNeeds, emailOf, emailPairs, emailSettings } from './email.ts'
import { type GraphqlConfig, graphqlOf, graphqlSettings } from './graphql.ts'
import { type HttpConfig, httpOf, httpSettings } from './http.ts'
import { type InsightConfig, insightNeeds, insightOf, insightSettings } from './insight.ts'
import { type LegacyConfig, legacyOf, legacySettings } from './legacy.ts'
import { type MessageConfig, messageSettings, messagesOf } from './messages.ts'
import { type OutreachConfig, outreachOf, outreachSettings } from './outreach.ts'
import { type ServerConfig, serverOf, serverSettings } from './server.ts'
import { type SmsConfig, smsNeeds, smsOf, smsSettings } from './sms.ts'
import { type SpeechConfig, speechNeeds, speechOf, speechSettings } from './speech.ts'
import { type StorageConfig, storageNeeds, storageOf, storageSettings } from './storage.ts'
import {
  type TelephonyConfig,
  telephonyAlternatives,
  telephonyNeeds,
  telephonyOf,
  telephonySettings,
} from './telephony.ts'
import {
  type TranscriptionConfig,
  transcriptionNeeds,
  transcriptionOf,
  transcriptionSettings,
} from './transcription.ts'
import { type WebhookConfig, webhookSettings, webhooksOf } from './webhooks.ts'

/**
 * The environment, as text; faults are told in this order. docs/configuration.md lists every name; a test holds it
 * against this.
 */
const environment = z.object({
  ...httpSettings,
  ...databaseSettings,
  ...storageSettings,
  ...speechSettings,
  ...audioSettings,
  ...transcriptionSettings,
  ...insightSettings,
  ...telephonySettings,
  ...smsSettings,
  ...emailSettings,
  ...messageSettings,
  ...outreachSettings,
  ...graphqlSettings,
  ...webhookSettings,
  ...legacySettings,
  ...serverSettings,
})

export type EnvironmentName = keyof z.input<typeof environment>
export const ENVIRONMENT_NAMES = Object.keys(environment.shape) as EnvironmentName[]

/** The settings of a server, in groups. */
export interface Config extends ServerConfig {
  http: HttpConfig
  graphql: GraphqlConfig
  webhooks: WebhookConfig
  legacy: LegacyConfig
  database: DatabaseConfig
  redisUrl: string | undefined
  storage: StorageConfig
  speech: SpeechConfig
  audio: AudioConfig
  transcription: TranscriptionConfig
  insight: InsightConfig
  telephony: TelephonyConfig
  sms: SmsConfig
  email: EmailConfig
  messages: MessageConfig
  outreach: OutreachConfig
  maxUploadBytes: number
}

/** What a choice demands. */
const NEEDS: Readonly<Record<string, readonly EnvironmentName[]>> = {
  ...storageNeeds,
  ...speechNeeds,
  ...transcriptionNeeds,
  ...insightNeeds,
  ...telephonyNeeds,
  ...smsNeeds,
  ...emailNeeds,
}

/** What a choice demands one of. */
const ALTERNATIVES: Readonly<Record<string, readonly EnvironmentName[]>> = telephonyAlternatives

const PAIRS: readonly (readonly [EnvironmentName, EnvironmentName])[] = emailPairs

/** Reads the environment. Throws ConfigurationError with all faults; an empty variable counts as absent. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const known = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, env[name] || undefined]))
  const result = environment.safeParse(known)
  const faults = result.success ? [] : result.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`)
  // Rules across settings are judged also when single ones are wrong, on the text as it is.
  faults.push(...missingSettings(known))
  if (!result.success || faults.length > 0) throw new ConfigurationError(faults)
  const e = result.data
  const dataFolder = resolve(e.DATA_DIR)
  return {
    ...serverOf(e, dataFolder),
    http: httpOf(e),
    graphql: graphqlOf(e),
    webhooks: webhooksOf(e),
    legacy: legacyOf(e),
    database: databaseOf(e, dataFolder),
    redisUrl: e.REDIS_URL,
    storage: storageOf(e, dataFolder),
    speech: speechOf(e),
    audio: audioOf(e),
    transcription: transcriptionOf(e),
    insight: insightOf(e),
    telephony: telephonyOf(e),
    sms: smsOf(e, dataFolder),
    email: emailOf(e, dataFolder),
    messages: messagesOf(e),
    outreach: outreachOf(e, e.TELEPHONY !== 'simulated' || e.SMS !== 'outbox'),
    maxUploadBytes: e.MAX_UPLOAD_MB * 1_000_000,
  }
}

/** What other settings demand and nobody set. */
function missingSettings(known: Readonly<Partial<Record<EnvironmentName, string>>>): string[] {
  const faults: string[] = []
  const need = (name: EnvironmentName, because: string) => {
    if (!known[name]) faults.push(`${name} is needed with ${because}`)
  }
  if (known.ROLE === 'api' || known.ROLE === 'worker') {
    const role = `ROLE=${known.ROLE}`
    need('DATABASE_URL', `${role}: the embedded database belongs to one process`)
    need('APP_SECRET', `${role}: all processes must have the same`)
    if (known.STORAGE !== 's3') {
      need('STORAGE_DIR', `${role}: all processes must see the same files, so name the shared folder`)
    }
    need('REDIS_URL', `${role}: rate limits must be counted together`)
  }
  for (const [choice, needs] of Object.entries(NEEDS)) {
    const [name, value] = choice.split('=')
    if (known[name as EnvironmentName] === value) for (const each of needs) need(each, choice)
  }
  for (const [choice, names] of Object.entries(ALTERNATIVES)) {
    const [name, value] = choice.split('=')
    if (known[name as EnvironmentName] === value && !names.some((each) => known[each])) {
      faults.push(`${names.join(' or ')} is needed with ${choice}`)
    }
  }
  for (const [one, other] of PAIRS) {
    if (known[one]) need(other, one)
    if (known[other]) need(one, other)
  }
  return faults
}
