import { linkAddresses, ownSenders } from './addresses.ts'
import type { Config } from './config/index.ts'
import type { CampaignDeps } from './domains/campaigns/index.ts'
import {
  createMessageSender,
  hearSms,
  type MessageDeps,
  recoverMessages,
  sweepOutboxes,
  unsubscribePath,
} from './domains/messages/index.ts'
import type { TokenSigner } from './domains/responses/index.ts'
import { RECOVER_MESSAGES, SEND_MESSAGES, SWEEP_OUTBOXES } from './jobs/index.ts'
import type { Logger } from './platform/logger.ts'
import { createEmail } from './providers/email/index.ts'
import { createSms } from './providers/sms/index.ts'
import type { DueLoop } from './queue/index.ts'
import { startStep } from './start-failure.ts'

export interface MessageParts {
  config: Config
  campaigns: Pick<CampaignDeps, 'world' | 'policy' | 'prices'>
  logger: Logger
  dueLoop: DueLoop
  publicUrl: URL
  signer: TokenSigner
}

export interface Messages {
  /** Something may be due. */
  wake(): void
  inFlight(): number
  /** What is on its way is waited for, as long as the server may take to stop; then nothing is sent or heard any more. */
  stop(): Promise<void>
}

/** Constructs what texts and mails people, in a process that does so. Throws when the relay is to be asked and says no. */
export async function composeMessages(parts: MessageParts): Promise<Messages> {
  const { config, campaigns, logger, dueLoop, publicUrl, signer } = parts
  const { world } = campaigns
  const linkUrl = linkAddresses(config, publicUrl)
  const { clock } = world
  const email = createEmail(config.email, { clock })
  if (config.email.adapter === 'smtp' && config.email.verifyAtStart) {
    await startStep(`reach the relay ${config.email.host}:${config.email.port}`, verified(email.verify()))
  }
  const sms = createSms(config.sms, { clock, logger })
  const deps: MessageDeps = {
    ...{ ...campaigns, sms, email, logger },
    from: ownSenders(config, publicUrl),
    personalUrl: (workspaceSlug, linkSlug, respondentId) =>
      linkUrl(workspaceSlug, linkSlug, { r: signer.sign('respondent', respondentId) }),
    // One click is for https only (RFC 8058), which a server on its own machine need not have.
    unsubscribeUrl: (messageId) =>
      publicUrl.protocol === 'https:' ? new URL(unsubscribePath(signer, messageId), publicUrl).href : undefined,
  }
  const wake = () => dueLoop.wake(SEND_MESSAGES)
  const sender = createMessageSender(deps, { onProgress: wake })
  const deafen = hearSms(deps, sender)
  dueLoop.add(SEND_MESSAGES, sender.run, sender.nextRun)
  dueLoop.add(RECOVER_MESSAGES, () => recoverMessages(deps, wake))
  dueLoop.add(SWEEP_OUTBOXES, () => sweepOutboxes(world, deps))
  return {
    wake,
    inFlight: sender.inFlight,
    async stop() {
      await sender.stop(config.http.shutdownMs / 2)
      await Promise.all([sms.close(), email.close()])
      await sender.settled()
      deafen()
    },
  }
}

async function verified(verifying: Promise<string | undefined>): Promise<void> {
  const problem = await verifying
  if (problem !== undefined) throw new Error(problem)
}
