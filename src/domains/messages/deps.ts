import type { Logger } from '../../platform/logger.ts'
import type { EmailSender, Mailbox } from '../../providers/email/index.ts'
import type { SmsSender } from '../../providers/sms/index.ts'
import type { CampaignDeps } from '../campaigns/index.ts'

/** How messages travel. */
export const MESSAGE_CHANNELS = ['sms', 'email'] as const
export type MessageChannel = (typeof MESSAGE_CHANNELS)[number]

/** What sending needs beyond campaigns. */
export interface MessageDeps extends Pick<CampaignDeps, 'world' | 'policy' | 'prices'> {
  sms: SmsSender
  email: EmailSender
  logger: Logger
  /** Of campaigns that name none. */
  from: { sms: string; email: Mailbox }
  /** The personal way of a respondent into a link. */
  personalUrl(workspaceSlug: string, linkSlug: string, respondentId: string): string
  /** Where one click ends e-mail to the receiver of a message; undefined: nowhere that mail programs would go. */
  unsubscribeUrl(messageId: string): string | undefined
}

/**
 * How long a message is the sending process's own, in milliseconds: longer than any provider takes. Later it is taken for
 * lost, with the process.
 */
export const LEASE_MS = 15 * 60_000
