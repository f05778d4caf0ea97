import { z } from 'zod'
import { type AllowRule, parseAllow } from '../platform/address-rules.ts'
import { integer, type Settings } from './kinds.ts'

const allowRules = z.string().transform((text, context): AllowRule[] => {
  const { rules, faults } = parseAllow(text)
  for (const fault of faults) context.addIssue(fault)
  return rules
})

export const webhookSettings = {
  WEBHOOK_ALLOW: allowRules.default([]),
  WEBHOOK_TIMEOUT: integer(1, 60).default(10),
  WEBHOOK_ANALYSIS_WAIT: integer(0, 3_600).optional(),
}

export interface WebhookConfig {
  /** What the guard of outbound requests lets through besides public addresses. */
  allow: readonly AllowRule[]
  /** For one attempt, from the look-up of the name to the end of the answer. */
  timeoutMs: number
  /**
   * How long a Sayify webhook of a response waits for its analysis, also for one by somebody else; 0 does not wait.
   * Absent: a while for what is analysed here, not at all for anything else.
   */
  analysisWaitMs: number | undefined
}

export function webhooksOf(e: Settings<typeof webhookSettings>): WebhookConfig {
  return {
    allow: e.WEBHOOK_ALLOW,
    timeoutMs: e.WEBHOOK_TIMEOUT * 1_000,
    analysisWaitMs: e.WEBHOOK_ANALYSIS_WAIT === undefined ? undefined : e.WEBHOOK_ANALYSIS_WAIT * 1_000,
  }
}
