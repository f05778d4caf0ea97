import type { LedgerCall } from '../../src/providers/telephony/index.ts'
import { arrivals } from '../../src/providers/telephony/simulated/faults.ts'
import type { CallFacts, CampaignFacts, EventFacts, Facts } from './facts.ts'
import { BUTTONS, DIAL_SETTLES_MS } from './setting.ts'

export interface Verdict {
  /** What was promised and not kept, in words; none: all was kept. */
  complaints: string[]
  figures: Record<string, number>
}

/** Clocks are read in whole milliseconds. */
const ROUNDING_MS = 2
/** From the wire through a busy process into the database: what was told so shortly before a settlement came after it. */
const HEARING_MS = 1_000

/**
 * Holds a run to what the engine promises. The carrier's ledger is the witness; our rows are what is judged, and are used
 * as evidence only where the ledger cannot know: when we took a call for settled.
 */
export function judge(facts: Facts): Verdict {
  const complaints = [
    ...dialledOnce(facts),
    ...notTooOften(facts),
    ...withinWindows(facts),
    ...allSettled(facts),
    ...countsAreExact(facts),
    ...rowsAgreeWithLedger(facts),
    ...facts.campaigns.flatMap((campaign) => exactTarget(facts, campaign)),
    ...eventsAreWhole(facts),
  ]
  return { complaints, figures: figuresOf(facts) }
}

/** No attempt is dialled twice: the carrier refuses that, but it must not even be asked. */
function dialledOnce({ ledger }: Facts): string[] {
  return ledger.calls.flatMap(({ callId, duplicates }) =>
    duplicates === 0 ? [] : [`call ${callId} was asked for ${duplicates + 1} times`],
  )
}

/** Nobody is called more often than allowed, or again too soon, or by two calls at once. */
function notTooOften({ ledger, campaigns, receivers, redialAfterMs }: Facts): string[] {
  const allowed = new Map(campaigns.map(({ id, maxAttempts }) => [id, maxAttempts]))
  const byPhone = Map.groupBy(ledger.calls, ({ to }) => to)
  return receivers.flatMap(({ phone, campaignId }) => {
    const calls = byPhone.get(phone) ?? []
    const most = allowed.get(campaignId)!
    const found = calls.length > most ? [`${phone} was called ${calls.length} times, allowed are ${most}`] : []
    for (const [index, call] of calls.entries()) {
      const before = calls[index - 1]
      if (!before) continue
      const earliest = (before.endedAt ?? Number.POSITIVE_INFINITY) + redialAfterMs - ROUNDING_MS
      if (call.dialledAt < earliest) found.push(`${phone} was called again ${earliest - call.dialledAt} ms too soon`)
    }
    return found
  })
}

/**
 * A call is begun within the window: committed in it, and at the carrier not later than a request can travel. The other
 * edge knows no such grace.
 */
function withinWindows(facts: Facts): string[] {
  const ledger = new Map(facts.ledger.calls.map((call) => [call.callId, call]))
  return callsWithCampaign(facts).flatMap(([call, { name, opensAt, closesAt }]) => {
    const dialled = ledger.get(call.id)
    if (!dialled) return []
    const isIn =
      Math.min(call.createdAt, dialled.dialledAt) >= opensAt &&
      call.createdAt < closesAt + ROUNDING_MS &&
      dialled.dialledAt < closesAt + DIAL_SETTLES_MS
    return isIn ? [] : [`call ${call.id} of ${name} was dialled outside the window`]
  })
}

/** Everything came to its end, here and at the carrier. */
function allSettled({ campaigns, receivers, calls, ledger }: Facts): string[] {
  return [
    ...campaigns.flatMap(({ name, state }) => (state === 'completed' ? [] : [`campaign ${name} is ${state}`])),
    ...receivers.flatMap(({ id, state }) => (state === 'settled' ? [] : [`receiver ${id} is ${state}`])),
    ...calls.flatMap(({ id, settledAt }) => (settledAt !== null ? [] : [`call ${id} is not settled`])),
    ...(ledger.live === 0 ? [] : [`the carrier has ${ledger.live} live calls`]),
    ...ledger.calls.flatMap(({ callId, endedAt }) =>
      endedAt === undefined ? [`call ${callId} has not ended by the ledger`] : [],
    ),
  ]
}

function countsAreExact({ campaigns }: Facts): string[] {
  return campaigns.flatMap(({ name, stats, recounted }) =>
    Object.entries(recounted).flatMap(([counter, value]) =>
      stats[counter] === value ? [] : [`${counter} of ${name} is ${stats[counter]}, counted anew ${value}`],
    ),
  )
}

/** What we say of a call is what the carrier says. It remembers all calls, so there is none of which nobody can tell. */
function rowsAgreeWithLedger({ ledger, calls, receivers }: Facts): string[] {
  const found: string[] = []
  const rows = new Map(calls.map((call) => [call.id, call]))
  const phones = new Map(receivers.map(({ id, phone }) => [id, phone]))
  for (const dialled of ledger.calls) {
    const row = rows.get(dialled.callId)
    if (!row) {
      found.push(`call ${dialled.callId} was dialled and has no row`)
      continue
    }
    if (row.settledAs === 'not_dialed') found.push(`call ${row.id} was dialled and taken back`)
    if (row.settledAs === 'unknown') found.push(`call ${row.id} is unknown although the carrier could tell`)
    if (dialled.to !== phones.get(row.receiverId)) found.push(`call ${row.id} rang at somebody else`)
    if (row.cause !== (dialled.cause ?? null)) found.push(`call ${row.id} is ${row.cause}, it was ${dialled.cause}`)
    const given = replyOf(dialled)
    if (row.reply !== null && row.reply !== given?.reply) found.push(`call ${row.id}: ${row.reply} was never said`)
  }
  const taken = new Set(ledger.calls.map(({ callId }) => callId))
  for (const { id, settledAs } of calls) {
    if (!taken.has(id) && settledAs !== 'not_dialed') found.push(`call ${id} is ${settledAs} and was never dialled`)
  }
  const dialledTimes = Map.groupBy(
    calls.filter(({ settledAs }) => settledAs !== 'not_dialed'),
    ({ receiverId }) => receiverId,
  )
  for (const { id, attempts } of receivers) {
    const times = dialledTimes.get(id)?.length ?? 0
    if (times !== attempts) found.push(`receiver ${id} has ${attempts} attempts and ${times} calls`)
  }
  return found
}

interface Given {
  reply: (typeof BUTTONS)[number]['action']
  at: number
}

/** What a person said by the first key of meaning. */
function replyOf({ keys }: LedgerCall): Given | undefined {
  for (const { at, digit } of keys) {
    const button = BUTTONS.find((one) => one.button === digit)
    if (button) return { reply: button.action, at }
  }
  return undefined
}

/**
 * When the first news of a key reached the listener's end, or would have if somebody had listened; undefined: the carrier
 * lost all of it. Ringing and the answer are a call's first two pieces of news, the key and what was collected with it the
 * next two (a second key press takes the place of the latter when the first came while nothing was collected: it says the
 * same). Drawn by the carrier's own function, so this is what it did.
 */
function newsOfKey(faults: Facts['faults'], { to, nth }: LedgerCall, pressedAt: number): number | undefined {
  const delays = [3, 4].flatMap((sequence) => arrivals(faults, to, nth, sequence))
  return delays.length === 0 ? undefined : pressedAt + Math.min(...delays)
}

/**
 * The engine never causes more accepts than were wanted. Judged by the ledger, instant by instant: whenever a call of the
 * campaign is dialled, the people who have accepted, the calls that can still bring an accept and this one are together
 * not more than wanted. Left out are only accepts that the engine could not know of, and for each of them the ledger must
 * show why:
 * - all news of it was lost by the carrier (`newsOfKey`), or
 * - the first news of it came after the call was settled; then it is among the surplus.
 */
function exactTarget(facts: Facts, campaign: CampaignFacts): string[] {
  const { name, acceptsWanted, stats } = campaign
  const found: string[] = []
  const causedByUs = stats.accepts! - stats.surplus_accepts!
  if (causedByUs > acceptsWanted) found.push(`${name}: ${causedByUs} accepts, wanted were ${acceptsWanted}`)

  const rows = new Map(facts.calls.map((call) => [call.id, call]))
  const isLate = new Set(lateReplies(facts.events))
  const own = facts.ledger.calls.filter(({ callId }) => rows.get(callId)?.campaignId === campaign.id)
  let surplus = 0
  const places = own.map((dialled) => {
    const row = rows.get(dialled.callId)!
    const given = replyOf(dialled)
    const isExcused = given?.reply === 'accept' && (row.reply === null || isLate.has(row.id))
    if (isExcused && given) {
      const knownAt = newsOfKey(facts.faults, dialled, given.at)
      if (row.reply === null && knownAt !== undefined) {
        found.push(`${name}: an accept in call ${row.id} was told and is not known`)
      }
      if (row.reply !== null) surplus++
      if (row.reply !== null && row.settledAt !== null && (knownAt ?? Infinity) < row.settledAt - HEARING_MS) {
        const ms = row.settledAt - knownAt!
        found.push(`${name}: call ${row.id} was settled ${ms} ms after its accept was told`)
      }
    }
    // Until when it takes a place: for good once it is accepted.
    const freeAt = Math.min(
      dialled.endedAt ?? Number.POSITIVE_INFINITY,
      row.settledAt ?? Number.POSITIVE_INFINITY,
      given ? given.at : Number.POSITIVE_INFINITY,
    )
    return {
      from: dialled.dialledAt,
      until: given?.reply === 'accept' && !isExcused ? Number.POSITIVE_INFINITY : freeAt,
    }
  })
  if (surplus !== stats.surplus_accepts) {
    found.push(`${name}: ${stats.surplus_accepts} accepts are called surplus, ${surplus} came too late`)
  }
  for (const { from } of places) {
    const taken = places.filter((place) => place.from <= from && place.until > from).length
    if (taken > acceptsWanted) found.push(`${name}: ${taken} could accept at ${from}, wanted are ${acceptsWanted}`)
  }
  return found
}

/** Calls whose reply came after they were settled. */
function lateReplies(events: readonly EventFacts[]): string[] {
  const settled = new Set<string>()
  return events.flatMap(({ type, payload: { callId } }) => {
    if (type === 'call.settled') settled.add(callId!)
    return type === 'call.replied' && settled.has(callId!) ? [callId!] : []
  })
}

const CALL_STATES = ['call.queued', 'call.dialing', 'call.ringing', 'call.answered', 'call.ended', 'call.settled']

/** The log has no hole, tells every call's states in their order and once, and nothing of a settled call but a late reply. */
function eventsAreWhole({ events, eventHead, calls, receivers }: Facts): string[] {
  const found: string[] = []
  events.forEach(({ position }, index) => {
    if (position !== index + 1) found.push(`the event at place ${index + 1} has position ${position}`)
  })
  if (events.length !== eventHead) found.push(`there are ${events.length} events and the head is at ${eventHead}`)

  const ofCalls = Map.groupBy(
    events.filter(({ type }) => type.startsWith('call.')),
    ({ payload }) => payload.callId!,
  )
  for (const call of calls) {
    const types = (ofCalls.get(call.id) ?? []).map(({ type }) => type)
    const ranks = types.filter((type) => type !== 'call.replied').map((type) => CALL_STATES.indexOf(type))
    const told = () => types.map((type) => type.slice('call.'.length)).join(', ')
    if (ranks.some((rank, index) => rank <= (ranks[index - 1] ?? -1))) {
      found.push(`call ${call.id} was told out of order: ${told()}`)
    }
    const needed = call.settledAs === 'not_dialed' ? ['queued', 'ended'] : ['queued', 'dialing', 'ended', 'settled']
    const missing = needed.filter((state) => !types.includes(`call.${state}`))
    if (missing.length > 0) found.push(`call ${call.id} was never told to be ${missing.join(', ')}`)
    const replies = types.filter((type) => type === 'call.replied').length
    if (replies !== (call.reply === null ? 0 : 1)) found.push(`${replies} replies were told of call ${call.id}`)
  }
  for (const id of ofCalls.keys()) if (!calls.some((call) => call.id === id)) found.push(`events of no call ${id}`)

  const late = Map.groupBy(lateReplies(events), (id) => calls.find((call) => call.id === id)?.receiverId)
  const settlements = Map.groupBy(
    events.filter(({ type }) => type === 'receiver.settled'),
    ({ payload }) => payload.receiverId!,
  )
  let silent = 0
  for (const { id, outcome } of receivers) {
    const told = settlements.get(id) ?? []
    if (told.length === 0) silent++
    else if (told.at(-1)!.payload.outcome !== outcome) {
      found.push(`receiver ${id} is ${outcome}, told was ${told.at(-1)!.payload.outcome}`)
    }
    const corrections = late.get(id)?.length ?? 0
    if (told.length > 1 + corrections) found.push(`receiver ${id} was settled ${told.length} times`)
  }
  const together = events.reduce(
    (sum, { type, payload }) => sum + (type === 'receiver.allSettled' ? Number(payload.count) : 0),
    0,
  )
  // Of those settled together some may be corrected later.
  const corrected = [...settlements.keys()].filter((id) => late.has(id)).length
  if (together < silent || together > silent + corrected) {
    found.push(`${silent} receivers were settled without a word, ${together} together`)
  }
  return found
}

function callsWithCampaign({ calls, campaigns }: Facts): [CallFacts, CampaignFacts][] {
  const byId = new Map(campaigns.map((campaign) => [campaign.id, campaign]))
  return calls.map((call) => [call, byId.get(call.campaignId)!])
}

function figuresOf({ ledger, calls, campaigns }: Facts): Record<string, number> {
  const sum = (counter: string) => campaigns.reduce((total, { stats }) => total + (stats[counter] ?? 0), 0)
  return {
    calls: ledger.calls.length,
    takenBack: calls.filter(({ settledAs }) => settledAs === 'not_dialed').length,
    reconciled: calls.filter(({ settledAs }) => settledAs === 'reconciled').length,
    unknown: sum('unknown_calls'),
    accepts: sum('accepts'),
    surplus: sum('surplus_accepts'),
    acceptsByLedger: ledger.calls.filter((call) => replyOf(call)?.reply === 'accept').length,
  }
}
