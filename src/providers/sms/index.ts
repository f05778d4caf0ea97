import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/logger.ts'
import { type HttpSmsOptions, httpSms } from './http.ts'
import { memorySms } from './memory.ts'
import { outboxSms } from './outbox.ts'
import { type SmppOptions, smppSms } from './smpp.ts'
import type { SmsSender } from './sms.ts'

export type { HttpSmsOptions } from './http.ts'
export { type BodyTemplate, templateFault } from './http-template.ts'
export {
  DEFAULT_WEBHOOK_MAPPING,
  parseHttpInbound,
  parseHttpReceipt,
  type SmsWebhookMapping,
  webhookMapping,
  webhookPayload,
} from './http-webhook.ts'
export { type MemorySms, memorySms } from './memory.ts'
export { type SmsEncoding, type SmsParts, smsParts } from './segments.ts'
export type { SmppOptions } from './smpp.ts'
export type { Sms, SmsEvent, SmsFailure, SmsListener, SmsRefusal, SmsResult, SmsSender } from './sms.ts'

/** Every way to send text messages, as configuration. */
export type SmsConfig =
  | { adapter: 'outbox'; folder: string }
  | ({ adapter: 'smpp' } & SmppOptions)
  | ({ adapter: 'http' } & HttpSmsOptions)
  | { adapter: 'memory' }

/** An SMPP sender connects at once. Throws for a template of an HTTP gateway that is none. */
export function createSms(config: SmsConfig, world: { clock: Clock; logger?: Logger }): SmsSender {
  switch (config.adapter) {
    case 'outbox':
      return outboxSms(config.folder, world.clock)
    case 'smpp':
      return smppSms(config, world)
    case 'http':
      return httpSms(config)
    case 'memory':
      return memorySms()
  }
}
