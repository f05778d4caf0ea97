import type { Queryable } from '../../../src/db/database.ts'
import { sql } from '../../../src/db/sql.ts'
import { COUNTERS } from '../../../src/domains/campaigns/index.ts'
import { recount } from '../../kit/recount.ts'
import type { PhoneCall } from '../rig/rig.ts'

export interface CallFacts {
  id: string
  receiverId: string
  phone: string
  attempt: number
  state: string
  cause: string | null
  reply: string | null
  settledAs: string | null
  q850: number | null
  sip: number | null
  createdAt: Date
  dialedAt: Date | null
  answeredAt: Date | null
  settledAt: Date | null
}

/** What the server has written down of a campaign, and what the phones have. */
export interface Facts {
  campaign: { state: string; maxAttempts: number }
  stats: Record<string, number>
  recounted: Record<string, number>
  receivers: { id: string; phone: string; state: string; outcome: string | null; attempts: number }[]
  calls: CallFacts[]
  /** Those to its receivers. */
  phoneCalls: PhoneCall[]
}

/** @param number Multisender's */
export async function factsOf(db: Queryable, number: string, phoneCalls: readonly PhoneCall[]): Promise<Facts> {
  const [campaign] = await db.query<{ id: string; state: string; maxAttempts: number }>(
    sql`SELECT id, state, max_attempts AS "maxAttempts" FROM campaign WHERE legacy_id = ${Number(number)}::int`,
  )
  const id = campaign!.id
  const [kept] = await db.query<Record<string, unknown>>(sql`SELECT * FROM campaign_stats WHERE id = ${id}::uuid`)
  const recounted = await recount({ db }, id)
  const receivers = await db.query<Facts['receivers'][number]>(
    sql`SELECT r.id, k.phone, r.state, r.outcome, r.attempts FROM receiver r JOIN contact k ON k.id = r.contact_id
        WHERE r.campaign_id = ${id}::uuid ORDER BY r.position`,
  )
  const numbers = new Set(receivers.map(({ phone }) => phone))
  return {
    ...{ campaign: campaign!, recounted, receivers },
    stats: Object.fromEntries(COUNTERS.filter((one) => one in recounted).map((one) => [one, Number(kept![one])])),
    calls: await db.query<CallFacts>(
      sql`SELECT id, receiver_id AS "receiverId", phone, attempt, state, cause, reply, settled_as AS "settledAs", q850, sip,
                 created_at AS "createdAt", dialed_at AS "dialedAt", answered_at AS "answeredAt",
                 settled_at AS "settledAt"
          FROM call WHERE campaign_id = ${id}::uuid ORDER BY created_at, id`,
    ),
    phoneCalls: phoneCalls.filter(({ number: called }) => numbers.has(called)),
  }
}

/** What only a telephone, or the network behind it, can say. */
const BY_THE_PHONE: ReadonlySet<string> = new Set([
  ...['answered', 'busy', 'no_answer', 'refused', 'unreachable', 'invalid_number'],
])

/** Clocks of two programs on one machine, read in whole milliseconds. */
const ROUNDING_MS = 5

/**
 * Holds what the server has written down to what the phones have: each attempt rang at most once, none rang that was not
 * written down before, and everything came to its end. In words; none: all is well.
 */
export function judge({ campaign, stats, recounted, receivers, calls, phoneCalls }: Facts): string[] {
  const found: string[] = []
  if (campaign.state !== 'completed') found.push(`the campaign is ${campaign.state}`)
  for (const [counter, value] of Object.entries(recounted)) {
    if (stats[counter] !== value) found.push(`${counter} is ${stats[counter]}, counted anew ${value}`)
  }
  for (const call of calls) {
    if (call.settledAt === null) found.push(`call ${call.id} is not settled`)
  }
  for (const { id, phone, state, attempts } of receivers) {
    const own = calls.filter(({ receiverId }) => receiverId === id)
    const dialled = own.filter(({ settledAs }) => settledAs !== 'not_dialed')
    const rang = phoneCalls.filter(({ number }) => number === phone)
    if (state !== 'settled') found.push(`${phone} is ${state}`)
    if (dialled.length !== attempts) found.push(`${phone} has ${attempts} attempts and ${dialled.length} calls`)
    if (dialled.length > campaign.maxAttempts) found.push(`${phone} was called ${dialled.length} times`)
    if (rang.length > dialled.length) found.push(`${phone} rang ${rang.length} times for ${dialled.length} attempts`)
    // An attempt lasts from its row to its settlement, and those of one person do not overlap.
    const taken = new Set<string>()
    for (const { at, sipCallId, answeredAt } of rang) {
      const attempt = own.findLast(({ createdAt }) => createdAt.getTime() <= at.getTime() + ROUNDING_MS)
      if (!attempt) found.push(`${phone} rang at ${at.toISOString()} without an attempt`)
      else if (taken.has(attempt.id)) found.push(`${phone} rang twice for attempt ${attempt.attempt}: ${sipCallId}`)
      else if (attempt.settledAt && at > attempt.settledAt) found.push(`${phone} rang after its attempt was settled`)
      else if (attempt.settledAs === 'not_dialed') found.push(`${phone} rang for an attempt that was taken back`)
      else if (attempt.cause === 'answered' && !answeredAt)
        found.push(`${phone} did not answer attempt ${attempt.attempt}`)
      else if (answeredAt && attempt.cause !== null && attempt.cause !== 'answered') {
        found.push(`${phone} answered attempt ${attempt.attempt}, which is ${attempt.cause}`)
      }
      if (attempt) taken.add(attempt.id)
    }
    for (const { id: callId, settledAs, cause, sip } of own) {
      // Asterisk's records have no SIP code, and 21 as well for a channel whose dialling was under way as the server died.
      const isMadeUp = cause === 'refused' && sip === null
      if (BY_THE_PHONE.has(cause ?? '') && !isMadeUp && !taken.has(callId)) {
        found.push(`call ${callId} is ${cause}, and ${phone} did not ring`)
      }
      if (settledAs === 'not_dialed' && taken.has(callId)) found.push(`call ${callId} was taken back and rang`)
    }
  }
  return found
}

/** How many of what: for tests to say what they saw. */
export function tally(words: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word ?? 'none'] = (counts[word ?? 'none'] ?? 0) + 1
  return counts
}
