import type { Clock } from '../../platform/clock.ts'
import type { EmailSender } from './email.ts'
import { memoryEmail } from './memory.ts'
import { outboxEmail } from './outbox.ts'
import { type SmtpOptions, smtpEmail } from './smtp.ts'

export { type BounceReport, type DeliveryStatus, parseBounce } from './bounce.ts'
export {
  type Email,
  type EmailRefusal,
  type EmailResult,
  type EmailSender,
  idOfMessageId,
  type Mailbox,
} from './email.ts'
export { type MemoryEmail, memoryEmail } from './memory.ts'
export type { SmtpOptions } from './smtp.ts'

/** Every way to send e-mail, as configuration. */
export type EmailConfig =
  | { adapter: 'outbox'; folder: string }
  | ({ adapter: 'smtp' } & SmtpOptions)
  | { adapter: 'memory' }

/** Connects to nothing before the first message or `verify`. */
export function createEmail(config: EmailConfig, world: { clock: Clock }): EmailSender {
  switch (config.adapter) {
    case 'outbox':
      return outboxEmail(config.folder, world.clock)
    case 'smtp':
      return smtpEmail(config, world)
    case 'memory':
      return memoryEmail()
  }
}
