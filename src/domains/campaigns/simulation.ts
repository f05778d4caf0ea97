import { setImmediate as othersTurn } from 'node:timers/promises'
import { FakeClock } from '../../platform/clock.ts'
import {
  type CallEvent,
  type Cause,
  fakeTelephony,
  type Media,
  type Rehearsal,
} from '../../providers/telephony/index.ts'
import type { CalendarRules } from '../calendars/index.ts'
import { type Blocker, type BlockingRule, blockersOf, type DialQuestion, HOPELESS } from './blockers.ts'
import { advance, commandOf } from './flow.ts'
import { type FlowState, type Reply, START, type SurveyState } from './flow-state.ts'
import { sumCents } from './prices.ts'
import { asks, type CallScript } from './script.ts'
import { awaitsReply, LATE_NEWS_MS, outcomeOfWaiting, type ReceiverOutcome, settle } from './settlement.ts'
import { RememberedHours } from './simulation-hours.ts'
import { WaitingQueue } from './simulation-queue.ts'
import type { Sound } from './sound.ts'
import { type CampaignSchedule, type CampaignState, dueState, initialState } from './state.ts'
import { closedSurvey, surveyOutcome, surveyStart } from './survey/survey-flow.ts'
import { isSurveyScript } from './survey/survey-script.ts'

/** A campaign as it stands, and everything that decides about its calls. */
export interface SimulationInput {
  now: Date
  campaign: CampaignSchedule & {
    calendar: CalendarRules
    /** Calls to one person, the first included. */
    maxAttempts: number
    redialAfterMs: number
    acceptsWanted: number | null
    /** So far; absent: none. */
    accepts?: number
    /** Whether who hung up in the middle of a survey is called again. */
    redialUnfinished?: boolean
    /** `strict`: one at a time, in passes over all, and whoever is first blocks the others. */
    order: 'strict' | 'parallel'
    script: CallScript
    /** Milliseconds, by voice file. */
    durations: ReadonlyMap<string, number>
    ringTimeoutMs: number
    maxDurationMs: number
  }
  /** How many are free for this campaign; null: no limit. */
  lines: { campaign: number | null; workspace: number | null; provider: number | null }
  /** What may still be spent, in cents; null: no cap. */
  leftCents: number | null
  /** What an answered call costs, in cents. */
  centsOf: (number: string, talkMs: number) => number
  /** Those that wait, in their order. */
  receivers: readonly WaitingReceiver[]
  /** When the caps on contacts let a receiver be called again that the simulation called at `dialledAt`; null: now. */
  contactCapUntil?: (key: string, dialledAt: readonly Date[], now: Date) => Date | null
  rehearsal: Rehearsal
  /** Where it is broken off; absent: after 200,000 calls, or 400 days. */
  limits?: { calls?: number; days?: number }
}

export interface WaitingReceiver {
  /** Unlike for each. */
  key: string
  /** E.164. */
  number: string | null
  optedOut: boolean
  countryAllowed: boolean
  /** Absent: the provider has a way to it. */
  hasRoute?: boolean
  decentHours: readonly CalendarRules[]
  /** So far; absent: none. */
  attempts?: number
  /** Not before. */
  retryAt?: Date | null
}

/** What a campaign would come to. */
export interface Simulation {
  /** Every state that it enters, the first one included. */
  states: { at: Date; state: CampaignState }[]
  /** In the order in which they are dialled. */
  calls: SimulatedCall[]
  /** In the order given. An outcome of null: none within the limits, or ever. */
  receivers: { key: string; attempts: number; outcome: ReceiverOutcome | null }[]
  totals: {
    calls: number
    answered: number
    accepts: number
    declines: number
    optOuts: number
    talkMs: number
    cents: number
    outcomes: Partial<Record<ReceiverOutcome, number>>
  }
  /** By the hour of the dial, and of the accept. Hours without either are left out. */
  hours: { hour: Date; calls: number; accepts: number }[]
  end: { state: CampaignState /** Null: it is not completed. */; at: Date | null }
  /** Which limit broke it off. */
  truncated: 'calls' | 'time' | null
}

export interface SimulatedCall {
  key: string
  /** 1 is the first. */
  attempt: number
  dialledAt: Date
  answeredAt: Date | null
  /** Null: still under way where the simulation was broken off. */
  endedAt: Date | null
  cause: Cause | null
  reply: Reply | null
  cents: number
}

const MAX_CALLS = 200_000
const MAX_DAYS = 400
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** A simulation shares its process with others; so many instants are reckoned in one go. */
const INSTANTS_PER_TURN = 200
const SEAT = 'simulation'

/** Waits of a receiver's own, over which others may be called. What is in neither set holds for the whole campaign. */
const OWN_WAITS: ReadonlySet<BlockingRule> = new Set(['REDIAL_WAIT', 'QUIET_HOURS', 'CONTACT_CAP', 'SPEND_CAP'])

interface Receiver extends WaitingReceiver {
  position: number
  attempts: number
  retryAt: Date | null
  /** Milliseconds; when it is worth looking at again. */
  readyAt: number
  dialledAt: Date[]
  outcome: ReceiverOutcome | null
  /** Of a survey, in earlier calls. */
  answers: SurveyState['answers']
}

interface LiveCall {
  receiver: Receiver
  record: SimulatedCall
  flow: FlowState
  recorded: boolean
  /** The most that it can cost. */
  reservedCents: number
}

/**
 * Foretells a campaign: the engine's own rules on a clock that jumps from one happening to the next, with the people of a
 * simulated carrier. It is active from `now` or from its start on, as nobody halts it. The same input gives the same
 * result. What others do meanwhile is not foreseen: neither their calls on the same lines, nor that a month ends and a cap
 * on spending begins anew.
 */
export async function simulateCampaign(input: SimulationInput): Promise<Simulation> {
  return new Course(input).run()
}

class Course {
  readonly #input: SimulationInput
  readonly #clock: FakeClock
  readonly #carrier: ReturnType<typeof fakeTelephony>
  readonly #receivers: Receiver[]
  readonly #waiting: WaitingQueue<Receiver>
  /** Those whose calls could cost more than may still be spent, the cheapest first. */
  readonly #tooDear = new WaitingQueue<Receiver>((a, b) => {
    const [ofA, ofB] = [this.#mostCents(a), this.#mostCents(b)]
    return ofA < ofB || (ofA === ofB && a.position < b.position)
  })
  /** Those whom nothing in sight lets be called. */
  readonly #aside: Receiver[] = []
  readonly #live = new Map<string, LiveCall>()
  /** Ended calls whose question was open, in the order of their ends: the engine waits for late news of them. */
  readonly #ended: { at: number; settle: () => void }[] = []
  readonly #calls: SimulatedCall[] = []
  readonly #states: { at: Date; state: CampaignState }[]
  readonly #hours = new Map<number, { calls: number; accepts: number }>()
  readonly #asked: boolean
  readonly #openingHours = new RememberedHours()
  #state: CampaignState
  #accepts: number
  /** Calls under way that have brought no reply yet. */
  #undecided = 0
  #unsettled: number
  #spentCents = 0
  #reservedCents = 0
  #pausedUntil: Date | null = null
  /** Something happened that may let somebody be called. */
  #hasNews = true
  /** Milliseconds; when time alone may do so. */
  #wakeAt = Number.POSITIVE_INFINITY
  #truncated: Simulation['truncated'] = null

  constructor(input: SimulationInput) {
    const { campaign, rehearsal, now } = input
    this.#input = input
    this.#clock = new FakeClock(now)
    this.#carrier = fakeTelephony({ ...rehearsal, clock: this.#clock, remembered: 0 })
    this.#receivers = input.receivers.map((receiver, position) => ({
      ...receiver,
      position,
      attempts: receiver.attempts ?? 0,
      retryAt: receiver.retryAt ?? null,
      readyAt: receiver.retryAt?.getTime() ?? Number.NEGATIVE_INFINITY,
      dialledAt: [],
      outcome: null,
      answers: {},
    }))
    this.#waiting = new WaitingQueue(
      campaign.order === 'strict'
        ? (a, b) => a.attempts < b.attempts || (a.attempts === b.attempts && a.position < b.position)
        : (a, b) => a.readyAt < b.readyAt || (a.readyAt === b.readyAt && a.position < b.position),
    )
    for (const receiver of this.#receivers) this.#waiting.add(receiver)
    this.#asked = asks(campaign.script)
    this.#unsettled = this.#receivers.length
    this.#accepts = campaign.accepts ?? 0
    this.#state = initialState(campaign, 'active', now)
    this.#states = [{ at: now, state: this.#state }]
  }

  async run(): Promise<Simulation> {
    const { now, limits } = this.#input
    const until = now.getTime() + (limits?.days ?? MAX_DAYS) * DAY_MS
    const listening = await this.#carrier.listen(SEAT, { event: (event) => this.#hear(event) })
    for (let instants = 1; ; instants++) {
      if (this.#hasNews || this.#now() >= this.#wakeAt) await this.#review()
      if (this.#truncated || (this.#state === 'completed' && this.#live.size === 0)) break
      const next = Math.min(
        this.#carrier.nextDue()?.getTime() ?? Number.POSITIVE_INFINITY,
        this.#ended[0]?.at ?? Number.POSITIVE_INFINITY,
        this.#wakeAt,
      )
      // Nothing will ever happen any more.
      if (next === Number.POSITIVE_INFINITY) break
      if (next > until) {
        this.#truncated = 'time'
        break
      }
      await this.#carrier.advance(next - this.#now())
      while (this.#ended[0] && this.#ended[0].at <= this.#now()) this.#ended.shift()!.settle()
      if (instants % INSTANTS_PER_TURN === 0) await othersTurn()
    }
    await listening.close()
    return this.#result()
  }

  #now(): number {
    return this.#clock.now().getTime()
  }

  /** Does what is due: enters the campaign's next state, and dials as many as may be. */
  async #review(): Promise<void> {
    this.#hasNews = false
    this.#wakeAt = Number.POSITIVE_INFINITY
    if (this.#enterDueState() === 'active') {
      await this.#dialAll()
      // Those who are left may all have been given up.
      this.#enterDueState()
    }
    if (this.#state === 'completed') {
      for (const receiver of [...this.#waiting.clear(), ...this.#tooDear.clear(), ...this.#aside.splice(0)]) {
        this.#settle(receiver, outcomeOfWaiting(receiver))
      }
      return
    }
    const { startsAt, endsAt } = this.#input.campaign
    if (this.#state === 'scheduled') this.#wake(startsAt)
    // The end itself is still within the campaign.
    if (endsAt) this.#wake(new Date(endsAt.getTime() + 1))
  }

  #wake(at: Date | null): void {
    if (at && at.getTime() > this.#now()) this.#wakeAt = Math.min(this.#wakeAt, at.getTime())
  }

  #enterDueState(): CampaignState {
    const { campaign } = this.#input
    const at = this.#clock.now()
    const progress = { accepts: this.#accepts, acceptsWanted: campaign.acceptsWanted, unsettled: this.#unsettled }
    const next = dueState(this.#state, campaign, progress, at)
    if (next !== this.#state) this.#states.push({ at, state: next })
    this.#state = next
    return next
  }

  /** One after the other, each judged by what those before it have changed. */
  async #dialAll(): Promise<void> {
    const isStrict = this.#input.campaign.order === 'strict'
    this.#affordAgain()
    for (let first = this.#waiting.first(); first; first = this.#waiting.first()) {
      if (!isStrict && first.readyAt > this.#now()) {
        this.#wake(new Date(first.readyAt))
        return
      }
      const blockers = blockersOf(this.#question(first), this.#openingHours)
      if (blockers.length === 0) {
        this.#waiting.take()
        if (!(await this.#dial(first))) return
        continue
      }
      const common = blockers.filter(({ rule }) => !OWN_WAITS.has(rule) && !HOPELESS.has(rule))
      if (common.length > 0) {
        this.#wake(latest(common))
        return
      }
      if (blockers.some(({ rule }) => HOPELESS.has(rule))) {
        this.#waiting.take()
        this.#settle(first, outcomeOfWaiting(first))
        continue
      }
      if (isStrict) {
        this.#wake(latest(blockers))
        return
      }
      this.#waiting.take()
      if (blockers.some(({ rule }) => rule === 'SPEND_CAP')) {
        this.#tooDear.add(first)
      } else if (blockers.every(({ until }) => until)) {
        first.readyAt = latest(blockers)!.getTime()
        this.#waiting.add(first)
      } else {
        this.#aside.push(first)
      }
    }
  }

  /** A call that cost less than it could have leaves money for others; no more of them are judged than it may pay for. */
  #affordAgain(): void {
    let left = this.#leftCents() ?? 0
    for (let first = this.#tooDear.first(); first; first = this.#tooDear.first()) {
      left -= this.#mostCents(first)
      if (left < 0) return
      this.#tooDear.take()
      first.readyAt = this.#now()
      this.#waiting.add(first)
    }
  }

  #leftCents(): number | null {
    const { leftCents } = this.#input
    return leftCents === null ? null : sumCents([leftCents, -this.#spentCents, -this.#reservedCents])
  }

  #question(receiver: Receiver): DialQuestion {
    const { campaign, lines, contactCapUntil } = this.#input
    const now = this.#clock.now()
    const used = this.#live.size
    return {
      now,
      campaign: { ...campaign, state: this.#state, accepts: this.#accepts, inFlight: this.#undecided },
      receiver: {
        state: 'waiting',
        attempts: receiver.attempts,
        retryAt: receiver.retryAt,
        isNext: campaign.order === 'parallel' || used === 0,
        hasNumber: receiver.number !== null,
        optedOut: receiver.optedOut,
        countryAllowed: receiver.countryAllowed,
        hasRoute: receiver.hasRoute !== false,
        decentHours: receiver.decentHours,
        contactCapUntil: contactCapUntil?.(receiver.key, receiver.dialledAt, now) ?? null,
      },
      costs: {
        leftCents: this.#leftCents(),
        callCents: this.#mostCents(receiver),
        campaignLines: { used, limit: lines.campaign },
        workspaceLines: { used, limit: lines.workspace },
        providerLines: { used, limit: lines.provider },
        providerPausedUntil: this.#pausedUntil,
      },
    }
  }

  #mostCents({ number }: Receiver): number {
    return number === null ? 0 : this.#input.centsOf(number, this.#input.campaign.maxDurationMs)
  }

  /** Says whether others may be dialled as well. */
  async #dial(receiver: Receiver): Promise<boolean> {
    const { campaign, limits } = this.#input
    if (this.#calls.length >= (limits?.calls ?? MAX_CALLS)) {
      this.#waiting.add(receiver)
      this.#truncated = 'calls'
      return false
    }
    const dialledAt = this.#clock.now()
    const callId = callIdOf(this.#calls.length)
    const to = receiver.number!
    const { ringTimeoutMs, maxDurationMs } = campaign
    const result = await this.#carrier.dial({ callId, seat: SEAT, to, ringTimeoutMs, maxDurationMs })
    if (result.outcome === 'refused' && 'retryAfterMs' in result) {
      this.#waiting.add(receiver)
      this.#pausedUntil = new Date(dialledAt.getTime() + result.retryAfterMs)
      this.#wake(this.#pausedUntil)
      return false
    }
    const record: SimulatedCall = {
      ...{ key: receiver.key, attempt: ++receiver.attempts, dialledAt },
      ...{ answeredAt: null, endedAt: null, cause: null, reply: null, cents: 0 },
    }
    const call = { receiver, record, flow: START, recorded: false, reservedCents: this.#mostCents(receiver) }
    receiver.dialledAt.push(dialledAt)
    this.#calls.push(record)
    this.#hour(dialledAt).calls++
    this.#live.set(callId, call)
    this.#undecided++
    this.#reservedCents = sumCents([this.#reservedCents, call.reservedCents])
    if (result.outcome !== 'accepted') this.#end(callId, call, 'invalid_number', undefined, dialledAt)
    return true
  }

  async #hear(event: CallEvent): Promise<void> {
    const call = this.#live.get(event.callId)
    if (!call) return
    const { script } = this.#input.campaign
    const isFirst = isSurveyScript(script) && call.flow.step === null && !call.flow.survey
    const before = isFirst ? { ...call.flow, survey: surveyStart(call.receiver.answers) } : call.flow
    call.flow = advance(script, before, event)
    if (event.type === 'recorded' && event.outcome !== 'failed') call.recorded = true
    if (event.type === 'answered') call.record.answeredAt = event.at
    if (before.reply === null && call.flow.reply !== null) this.#reply(call, call.flow.reply, event.at)
    if (event.type === 'ended') {
      const { cause, answeredAt, endedAt } = event
      const end = () => this.#end(event.callId, call, cause, answeredAt, endedAt)
      if (!awaitsReply(script, call.flow, cause)) end()
      else this.#ended.push({ at: this.#now() + LATE_NEWS_MS, settle: end })
    } else if (call.flow.step !== before.step) {
      const command = commandOf(script, call.flow, (sound) => this.#media(sound))
      if (command) await this.#carrier.command(event.callId, command)
    }
  }

  #reply(call: LiveCall, reply: Reply, at: Date): void {
    call.record.reply = reply
    this.#undecided--
    this.#hasNews = true
    if (reply !== 'accept') return
    this.#accepts++
    this.#hour(at).accepts++
  }

  #end(callId: string, call: LiveCall, cause: Cause, answeredAt: Date | undefined, endedAt: Date): void {
    const { receiver, record, recorded, flow, reservedCents } = call
    const { maxAttempts, redialAfterMs, redialUnfinished } = this.#input.campaign
    receiver.answers = flow.survey?.answers ?? receiver.answers
    this.#live.delete(callId)
    this.#hasNews = true
    if (flow.reply === null) this.#undecided--
    const talkMs = answeredAt ? endedAt.getTime() - answeredAt.getTime() : 0
    const cents = answeredAt ? this.#input.centsOf(receiver.number!, talkMs) : 0
    Object.assign(record, { answeredAt: answeredAt ?? null, endedAt, cause, cents })
    this.#reservedCents = sumCents([this.#reservedCents, -reservedCents])
    this.#spentCents = sumCents([this.#spentCents, cents])
    const settlement = settle(
      {
        ...{ cause, reply: flow.reply, asked: this.#asked, recorded },
        ...(isSurveyScript(this.#input.campaign.script)
          ? { survey: surveyOutcome(flow.survey && closedSurvey(this.#input.campaign.script, flow.survey)) }
          : {}),
      },
      {
        ...{ attempts: receiver.attempts, maxAttempts, redialAfterMs, campaignOver: this.#state === 'completed' },
        ...(redialUnfinished === undefined ? {} : { redialUnfinished }),
      },
      endedAt,
    )
    if (settlement.state === 'settled') {
      this.#settle(receiver, settlement.outcome)
      return
    }
    receiver.retryAt = settlement.retryAt
    receiver.readyAt = settlement.retryAt.getTime()
    this.#waiting.add(receiver)
  }

  #settle(receiver: Receiver, outcome: ReceiverOutcome): void {
    receiver.outcome = outcome
    this.#unsettled--
  }

  #media(sound: Sound): Media {
    if (sound.kind === 'silence') return sound
    const durationMs = this.#input.campaign.durations.get(sound.voiceFileId) ?? 0
    return { kind: 'file', path: sound.voiceFileId, durationMs }
  }

  #hour(at: Date): { calls: number; accepts: number } {
    const hour = Math.floor(at.getTime() / HOUR_MS)
    let counts = this.#hours.get(hour)
    if (!counts) {
      counts = { calls: 0, accepts: 0 }
      this.#hours.set(hour, counts)
    }
    return counts
  }

  #result(): Simulation {
    const calls = this.#calls
    const outcomes: Partial<Record<ReceiverOutcome, number>> = {}
    for (const { outcome } of this.#receivers) if (outcome) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    const count = (holds: (call: SimulatedCall) => boolean) => calls.filter(holds).length
    const completed = this.#states.find(({ state }) => state === 'completed')
    return {
      states: this.#states,
      calls,
      receivers: this.#receivers.map(({ key, attempts, outcome }) => ({ key, attempts, outcome })),
      totals: {
        calls: calls.length,
        answered: count(({ answeredAt }) => answeredAt !== null),
        accepts: count(({ reply }) => reply === 'accept'),
        declines: count(({ reply }) => reply === 'decline'),
        optOuts: count(({ reply }) => reply === 'opt_out'),
        talkMs: calls.reduce(
          (sum, { answeredAt, endedAt }) =>
            sum + (answeredAt && endedAt ? endedAt.getTime() - answeredAt.getTime() : 0),
          0,
        ),
        cents: this.#spentCents,
        outcomes,
      },
      hours: [...this.#hours]
        .sort(([a], [b]) => a - b)
        .map(([hour, counts]) => ({ hour: new Date(hour * HOUR_MS), ...counts })),
      end: { state: this.#state, at: completed?.at ?? null },
      truncated: this.#truncated,
    }
  }
}

/** The latest time that any of them names; null when none does. */
function latest(blockers: readonly Blocker[]): Date | null {
  return blockers.reduce<Date | null>(
    (last, { until }) => (until && (last === null || until > last) ? until : last),
    null,
  )
}

/** Ids need not be random where nobody else dials. */
function callIdOf(n: number): string {
  return `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
}
