import { type CalendarRules, isOpen, nextOpening } from '../calendars/index.ts'
import { unitsOf } from './prices.ts'
import type { CampaignSchedule, CampaignState } from './state.ts'

/** Every rule that can hold a dial back, with what it means. The engine dials if and only if none does. */
export const BLOCKING_RULES = {
  // The campaign
  CAMPAIGN_HALTED: 'The campaign is halted.',
  CAMPAIGN_COMPLETED: 'The campaign is completed.',
  CAMPAIGN_NOT_STARTED: 'The campaign begins later.',
  CAMPAIGN_ENDED: 'The end of the campaign has passed.',
  CAMPAIGN_DELETED: 'The campaign was deleted.',
  WORKSPACE_DEACTIVATED: 'The workspace is closed.',
  CONTENT_UNSUPPORTED: 'What the campaign says is not understood.',
  AUDIO_NOT_READY: 'What the campaign says is not ready to be played.',
  LINK_PAUSED: 'The link takes no responses at present.',
  LINK_FULL: 'The link has all the responses it asked for.',
  LINK_DELETED: 'The link was deleted.',
  WINDOW_CLOSED: 'The campaign does not call at this hour.',
  ENOUGH_ACCEPTS: 'As many as were wanted have accepted.',
  ACCEPTS_RESERVED: 'Calls under way could bring all accepts that are still wanted.',
  // The receiver
  SETTLED: 'The receiver has its outcome.',
  IN_PROGRESS: 'A call to the receiver is under way.',
  NO_ATTEMPTS_LEFT: 'The receiver was called as often as allowed.',
  REDIAL_WAIT: 'The last call to the receiver was not long enough ago.',
  NOT_ITS_TURN: 'Receivers are called in order, and another one is first.',
  // The law and decency
  NO_NUMBER: 'There is no number to call.',
  ALREADY_ANSWERED: 'The person has answered the survey.',
  OPTED_OUT: 'The person does not want to be called.',
  COUNTRY_NOT_ALLOWED: 'Numbers of this country are not called.',
  NO_ROUTE: 'The server has no way to telephones of this country.',
  QUIET_HOURS: 'It is too early or too late where the person is.',
  CONTACT_CAP: 'The person was contacted as often as allowed, by all campaigns together.',
  // What it costs, in money and lines
  SPEND_CAP: 'The call could cost more than may still be spent.',
  CAMPAIGN_LINES: 'All lines of the campaign are in use.',
  WORKSPACE_LINES: 'All lines of the workspace are in use.',
  PROVIDER_LINES: 'All lines of the provider are in use.',
  PROVIDER_PAUSED: 'The provider asked to wait, or is ill.',
} as const satisfies Record<string, string>

export type BlockingRule = keyof typeof BLOCKING_RULES

export interface Blocker {
  rule: BlockingRule
  /** When the rule holds no longer, as far as time decides it; null: something else must happen, or nothing can. */
  until: Date | null
}

/** Everything that decides whether a receiver may be called. Gathered at one instant; the rules themselves look at nothing else. */
export interface DialQuestion {
  now: Date
  campaign: CampaignSchedule & {
    state: CampaignState
    /** The daily window. */
    calendar: CalendarRules
    /** Calls to one person, the first included. */
    maxAttempts: number
    acceptsWanted: number | null
    accepts: number
    /** Calls under way, each of which may bring an accept. */
    inFlight: number
    /** Absent: all is well. */
    deleted?: boolean
    workspaceDeactivated?: boolean
    contentUnsupported?: boolean
    audioNotReady?: boolean
    /** Of a survey: why its link takes no responses. */
    linkClosed?: 'paused' | 'full' | 'deleted'
  }
  receiver: {
    state: 'waiting' | 'in_progress' | 'settled'
    attempts: number
    /** Not before; null: at once. */
    retryAt: Date | null
    /** Whether all that come before it are settled or wait for a later pass. Always true where no order is kept. */
    isNext: boolean
    hasNumber: boolean
    optedOut: boolean
    /** The survey, and may not do so again. Absent: it has not. */
    alreadyAnswered?: boolean
    countryAllowed: boolean
    /** Whether the provider has a way to the number. Absent: it has. */
    hasRoute?: boolean
    /** The hours in which people may be called, in each zone that the person may be in. */
    decentHours: readonly CalendarRules[]
    /** When the cap on contacts lets another one through; null: now. */
    contactCapUntil: Date | null
  }
  costs: {
    /** Null: no cap. */
    leftCents: number | null
    /** The most that this call can cost. */
    callCents: number
    campaignLines: Lines
    workspaceLines: Lines
    providerLines: Lines
    /** Null: it takes calls. */
    providerPausedUntil: Date | null
  }
}

export interface Lines {
  used: number
  /** Null: no limit. */
  limit: number | null
}

/** What the rules ask of opening hours. Who asks at ten thousand instants may remember the answers. */
export interface OpeningHours {
  isOpen(rules: CalendarRules, at: Date): boolean
  /** The first instant from `at` on at which all are open; undefined: there is none in sight. */
  firstOpening(all: readonly CalendarRules[], at: Date): Date | undefined
}

export const OPENING_HOURS: OpeningHours = {
  isOpen,
  firstOpening: (all, at) => firstInstant(at, all.map(opening)),
}

/** "Why not now?": every rule that holds the dial back, in the order of BLOCKING_RULES. Empty: dial. */
export function blockersOf(question: DialQuestion, hours: OpeningHours = OPENING_HOURS): Blocker[] {
  const { now, campaign, receiver, costs } = question
  const found: Blocker[] = []
  const block = (rule: BlockingRule, holds: boolean, until: Date | null = null) => {
    if (holds) found.push({ rule, until })
  }
  const full = ({ used, limit }: Lines) => limit !== null && used >= limit
  const wanted = campaign.acceptsWanted === null ? Number.POSITIVE_INFINITY : campaign.acceptsWanted - campaign.accepts

  block('CAMPAIGN_HALTED', campaign.state === 'halted')
  block('CAMPAIGN_COMPLETED', campaign.state === 'completed')
  const notStarted = campaign.startsAt !== null && now < campaign.startsAt
  block('CAMPAIGN_NOT_STARTED', notStarted || campaign.state === 'scheduled', notStarted ? campaign.startsAt : null)
  block('CAMPAIGN_ENDED', campaign.endsAt !== null && now > campaign.endsAt)
  block('CAMPAIGN_DELETED', campaign.deleted === true)
  block('WORKSPACE_DEACTIVATED', campaign.workspaceDeactivated === true)
  block('CONTENT_UNSUPPORTED', campaign.contentUnsupported === true)
  block('AUDIO_NOT_READY', campaign.audioNotReady === true)
  block('LINK_PAUSED', campaign.linkClosed === 'paused')
  block('LINK_FULL', campaign.linkClosed === 'full')
  block('LINK_DELETED', campaign.linkClosed === 'deleted')
  if (!hours.isOpen(campaign.calendar, now)) {
    block('WINDOW_CLOSED', true, hours.firstOpening([campaign.calendar], now) ?? null)
  }
  block('ENOUGH_ACCEPTS', wanted <= 0)
  block('ACCEPTS_RESERVED', wanted > 0 && campaign.inFlight >= wanted)

  block('SETTLED', receiver.state === 'settled')
  block('IN_PROGRESS', receiver.state === 'in_progress')
  block('NO_ATTEMPTS_LEFT', receiver.attempts >= campaign.maxAttempts)
  block('REDIAL_WAIT', receiver.retryAt !== null && now < receiver.retryAt, receiver.retryAt)
  block('NOT_ITS_TURN', !receiver.isNext)

  block('NO_NUMBER', !receiver.hasNumber)
  block('ALREADY_ANSWERED', receiver.alreadyAnswered === true)
  block('OPTED_OUT', receiver.optedOut)
  block('COUNTRY_NOT_ALLOWED', !receiver.countryAllowed)
  block('NO_ROUTE', receiver.hasRoute === false)
  if (receiver.decentHours.some((each) => !hours.isOpen(each, now))) {
    block('QUIET_HOURS', true, hours.firstOpening(receiver.decentHours, now) ?? null)
  }
  block('CONTACT_CAP', receiver.contactCapUntil !== null && now < receiver.contactCapUntil, receiver.contactCapUntil)

  // In whole units: what is left is a difference of cents, and may lack the last bit of a price that it just covers.
  block('SPEND_CAP', costs.leftCents !== null && unitsOf(costs.callCents) > unitsOf(costs.leftCents))
  block('CAMPAIGN_LINES', full(costs.campaignLines))
  block('WORKSPACE_LINES', full(costs.workspaceLines))
  block('PROVIDER_LINES', full(costs.providerLines))
  const paused = costs.providerPausedUntil
  block('PROVIDER_PAUSED', paused !== null && now < paused, paused)
  return found
}

const DAY_MS = 86_400_000

/** Rules that nothing will lift for this receiver, whatever comes of the campaign: it need not wait any longer. */
export const HOPELESS: ReadonlySet<BlockingRule> = new Set<BlockingRule>([
  'CONTENT_UNSUPPORTED',
  'LINK_FULL',
  'LINK_DELETED',
  'NO_NUMBER',
  'ALREADY_ANSWERED',
  'OPTED_OUT',
  'COUNTRY_NOT_ALLOWED',
  'NO_ROUTE',
  'NO_ATTEMPTS_LEFT',
])

/** Rules that nothing will lift for this receiver, as things stand. */
const FINAL: ReadonlySet<BlockingRule> = new Set([
  'CAMPAIGN_COMPLETED',
  'CAMPAIGN_ENDED',
  'CAMPAIGN_DELETED',
  'CONTENT_UNSUPPORTED',
  'ENOUGH_ACCEPTS',
  'SETTLED',
  'NO_ATTEMPTS_LEFT',
  'LINK_FULL',
  'LINK_DELETED',
  'NO_NUMBER',
  'ALREADY_ANSWERED',
  'OPTED_OUT',
  'COUNTRY_NOT_ALLOWED',
  'NO_ROUTE',
])

/**
 * The first instant at which time alone would let the receiver be called: all windows open, all waits over. Other rules
 * may still hold it back then. Undefined: never, because of a rule that is final or because the campaign ends before.
 */
export function nextAttemptAt(question: DialQuestion): Date | undefined {
  if (blockersOf(question).some(({ rule }) => FINAL.has(rule))) return undefined
  const { now, campaign, receiver, costs } = question
  const waits = [campaign.startsAt, receiver.retryAt, receiver.contactCapUntil, costs.providerPausedUntil]
  const after = (wait: Date | null) => (from: Date) => (wait !== null && wait > from ? wait : from)
  const at = firstInstant(now, [...waits.map(after), opening(campaign.calendar), ...receiver.decentHours.map(opening)])
  return at === undefined || (campaign.endsAt !== null && at > campaign.endsAt) ? undefined : at
}

/** The first instant from the one given on at which a rule allows it; undefined: there is none in sight. */
type FirstFrom = (from: Date) => Date | undefined

const opening =
  (hours: CalendarRules): FirstFrom =>
  (from) =>
    nextOpening(hours, from)

/** Windows repeat by the week; those that have not met in two meet, if ever, on a holiday that nobody waits for. */
const MEETING_DAYS = 15

/** The first instant that suits all. Each is asked in turn from where the others have come to, until none moves it. */
function firstInstant(now: Date, rules: readonly FirstFrom[]): Date | undefined {
  let at = now
  let horizon = Number.POSITIVE_INFINITY
  while (at.getTime() <= horizon) {
    const before = at
    for (const first of rules) {
      const next = first(at)
      if (!next) return undefined
      at = next
    }
    if (at.getTime() === before.getTime()) return at
    // Counted from where the single waits are over.
    if (horizon === Number.POSITIVE_INFINITY) horizon = at.getTime() + MEETING_DAYS * DAY_MS
  }
  return undefined
}
