import type { Faults, LedgerCall, LedgerEntry } from '../../src/providers/telephony/index.ts'

/** Instants are milliseconds of the wall's clock, which is the carrier's as well. */
export interface CampaignFacts {
  id: string
  name: string
  state: string
  acceptsWanted: number
  maxAttempts: number
  /** Calls may begin from here on, and until there. */
  opensAt: number
  closesAt: number
  /** As kept, and counted anew from the rows. */
  stats: Record<string, number>
  recounted: Record<string, number>
}

export interface ReceiverFacts {
  id: string
  campaignId: string
  phone: string
  state: string
  outcome: string | null
  attempts: number
}

export interface CallFacts {
  id: string
  campaignId: string
  receiverId: string
  attempt: number
  phone: string
  state: string
  cause: string | null
  reply: string | null
  settledAs: string | null
  createdAt: number
  dialedAt: number | null
  settledAt: number | null
}

export interface EventFacts {
  position: number
  type: string
  payload: { campaignId?: string; receiverId?: string; callId?: string; [name: string]: unknown }
}

/** All that is known when a run is over: what the carrier wrote down, and what our rows say. */
export interface Facts {
  ledger: { calls: LedgerCall[]; entries: LedgerEntry[]; live: number }
  faults: Faults
  campaigns: CampaignFacts[]
  receivers: ReceiverFacts[]
  calls: CallFacts[]
  events: EventFacts[]
  eventHead: number
  redialAfterMs: number
}
