import type { Rehearsal } from '../../providers/telephony/index.ts'
import type { VoiceFileDeps } from '../voice-files/index.ts'
import type { World } from '../world.ts'
import type { OutreachPolicy } from './policy.ts'
import type { PriceTable } from './prices.ts'

/** What campaigns need beyond the world. */
export interface CampaignDeps {
  world: World
  /** For operations that say something. */
  voiceFiles: Pick<VoiceFileDeps, 'queue' | 'speech'>
  prices: PriceTable
  /** What the operator allows; workspaces may only be stricter. */
  policy: OutreachPolicy
  /** Between calls to a receiver that did not answer, unless its campaign says otherwise. */
  redialAfterSeconds: number
  /** From the request of a call on; then nobody has answered. Milliseconds. */
  ringTimeoutMs: number
  /** Whether the telephone provider has a way to a number (E.164); absent: to every number. */
  reaches?(number: string): boolean
  /** What a simulated provider would do with numbers; absent or undefined: the provider cannot tell. */
  rehearse?(numbers: readonly string[]): Promise<Rehearsal | undefined>
  /** A campaign of this process has something to do. */
  onDue(): void
}

/** The kinds that call; the others send messages. */
export const CALL_KINDS = ['voice_broadcast', 'click_to_call', 'rsvp', 'survey_calls'] as const
export const MESSAGE_KINDS = ['sms_broadcast', 'email_broadcast'] as const

export type CallKind = (typeof CALL_KINDS)[number]
export type MessageKind = (typeof MESSAGE_KINDS)[number]
export type CampaignKind = CallKind | MessageKind

export function isCallKind(kind: CampaignKind): kind is CallKind {
  return (CALL_KINDS as readonly string[]).includes(kind)
}
