import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import type { CallEvent, CallReport, Cause, Command } from '../../providers/telephony/index.ts'
import {
  addProgress,
  addSpend,
  advance,
  asks,
  awaitsReply,
  type CampaignRow,
  callCents,
  commandOf,
  type FlowState,
  isCalledElsewhere,
  LATE_NEWS_MS,
  lockWithFollowUps,
  OUTCOMES,
  outcomeOfWaiting,
  type Progress,
  patienceMs,
  type ReceiverOutcome,
  type Reply,
  recordProgress,
  START,
  type SurveyContent,
  type SurveyOutcome,
  settle,
  surveyOutcome,
  unitsOf,
} from '../campaigns/index.ts'
import { recordOptOuts } from '../contacts/index.ts'
import type { CallingStatus } from '../responses/index.ts'
import {
  type CallRow,
  type CallState,
  lockCalls,
  type ReceiverRow,
  type SettledAs,
  saveCalls,
  saveReceivers,
} from './call-row.ts'
import { type CallDeps, NEWS_MARGIN_MS } from './deps.ts'
import { SurveyBatch } from './survey-batch.ts'

/** What was learnt of a call, by whatever way. */
export type News = { callId: string } & (
  | { type: 'event'; event: CallEvent }
  /** The provider has taken it. */
  | { type: 'dialed' }
  /** The provider has not taken it, and never will. */
  | { type: 'not_dialed'; cause: Cause; retryAfterMs: number }
  /** What it knows when asked; `isFinal`: an id that it never heard of will not come any more. */
  | { type: 'report'; report: CallReport; isFinal: boolean }
  /** Nobody could be asked for too long. */
  | { type: 'lost' }
  /** Nothing more is waited for: an ended call counts as it is. */
  | { type: 'waited' }
)

/** What has to be said to the provider once the change is committed. */
export interface NextCommand {
  callId: string
  command: Command
}

/** States in their order. */
const RANK: Readonly<Record<CallState, number>> = { queued: 0, dialing: 1, ringing: 2, answered: 3, ended: 4 }

/**
 * Applies news of calls of one workspace in one transaction, in their order. News may be late, doubled and out of order:
 * a state never goes back, and what is told twice changes nothing the second time. Returns what is to be said next, and
 * which calls are settled.
 */
export async function applyNews(
  deps: CallDeps,
  workspaceId: string,
  news: readonly News[],
  campaignIds: readonly string[],
): Promise<{ commands: NextCommand[]; settled: string[] }> {
  const { speaks, ...said } = await deps.world.events.write(workspaceId, async (tx, emit) => {
    const campaigns = new Map((await lockWithFollowUps(tx, workspaceId, campaignIds)).map((row) => [row.id, row]))
    const ids = [...new Set(news.map(({ callId }) => callId))]
    const { calls, receivers } = await lockCalls(tx, workspaceId, ids)
    const batch = new Batch(deps, tx, emit, workspaceId, campaigns, receivers)
    for (const one of news) {
      const call = calls.get(one.callId)
      if (call) await batch.apply(call, one)
    }
    await batch.save()
    const settled = [...calls.values()].filter((call) => call.settled_at !== null).map(({ id }) => id)
    return { commands: batch.commands(), settled, speaks: batch.speaks }
  })
  if (speaks) deps.onSpeech?.()
  return said
}

class Batch {
  readonly #deps: CallDeps
  readonly #tx: Tx
  readonly #emit: Emit
  readonly #workspaceId: string
  readonly #campaigns: Map<string, CampaignRow>
  readonly #receivers: Map<string, ReceiverRow>
  readonly #now: Date
  readonly #changedCalls = new Set<CallRow>()
  readonly #changedReceivers = new Set<ReceiverRow>()
  readonly #progress = new Map<string, Progress>()
  /** Campaigns that have a line or a place free again. */
  readonly #freed = new Set<string>()
  readonly #spend: { at: Date; units: number }[] = []
  /** Without a length: not to be kept, so that the provider removes it as well. */
  readonly #recordings: { callId: string; commandId: string; durationMs: number | null }[] = []
  readonly #surveys: SurveyBatch
  /** Calls whose command is to be said, for the first time or again. */
  readonly #toCommand = new Set<CallRow>()
  /** Calls that were given up and turn out to be alive: nobody would talk to the person. */
  readonly #toHangUp = new Set<CallRow>()

  constructor(
    deps: CallDeps,
    tx: Tx,
    emit: Emit,
    workspaceId: string,
    campaigns: Map<string, CampaignRow>,
    receivers: Map<string, ReceiverRow>,
  ) {
    this.#deps = deps
    this.#tx = tx
    this.#emit = emit
    this.#workspaceId = workspaceId
    this.#campaigns = campaigns
    this.#receivers = receivers
    this.#now = deps.world.clock.now()
    this.#surveys = new SurveyBatch(deps, tx, emit, workspaceId)
  }

  async apply(call: CallRow, news: News): Promise<void> {
    switch (news.type) {
      case 'dialed':
        this.#reach(call, 'dialing', this.#now)
        break
      case 'not_dialed':
        await this.#takeBack(call, news.cause, news.retryAfterMs)
        break
      case 'event':
        await this.#event(call, news.event, 'reported')
        break
      case 'report':
        await this.#report(call, news.report, news.isFinal)
        break
      case 'lost':
        await this.#endUnknown(call)
        break
      case 'waited':
        if (call.state === 'ended' && call.settled_at === null) await this.#settle(call, 'reported')
    }
  }

  async save(): Promise<void> {
    const tx = this.#tx
    await saveCalls(tx, this.#workspaceId, [...this.#changedCalls])
    await saveReceivers(tx, this.#workspaceId, [...this.#changedReceivers], this.#now)
    await this.#keepRecordings()
    await this.#surveys.save()
    await addSpend(tx, this.#workspaceId, this.#spend)
    for (const campaign of this.#campaigns.values()) {
      const progress = this.#progress.get(campaign.id)
      const isFreed = this.#freed.has(campaign.id)
      if (!progress && !isFreed) continue
      const dueAt = isFreed && campaign.deleted_at === null ? this.#now : campaign.due_at
      await recordProgress(tx, this.#emit, campaign, progress ?? {}, { now: this.#now, dueAt })
    }
  }

  get speaks(): boolean {
    return this.#surveys.speaks
  }

  commands(): NextCommand[] {
    const { voiceFileMedia } = this.#deps
    const given = [...this.#toHangUp].map(({ id }) => ({
      callId: id,
      command: { id: 'given_up', kind: 'hangUp' } as const,
    }))
    const next = [...this.#toCommand].flatMap((call) => {
      if (!call.script || call.state !== 'answered') return []
      const { script } = call.script
      const durations = durationsOf(call)
      const command = commandOf(script, call.flow ?? START, (sound) =>
        sound.kind === 'silence'
          ? { kind: 'silence', durationMs: sound.durationMs }
          : voiceFileMedia(this.#workspaceId, sound.voiceFileId, durations[sound.voiceFileId]),
      )
      return command ? [{ callId: call.id, command }] : []
    })
    return [...given, ...next]
  }

  async #event(call: CallRow, event: CallEvent, as: SettledAs): Promise<void> {
    switch (event.type) {
      case 'ringing':
        this.#reach(call, 'ringing', event.at)
        break
      case 'answered':
        this.#reach(call, 'answered', event.at)
        await this.#flow(call, event)
        if (call.settled_as === 'unknown' && call.cause === null) this.#toHangUp.add(call)
        break
      case 'ended':
        await this.#end(call, event, as)
        break
      case 'recorded':
        if (event.outcome !== 'failed') {
          const { commandId, durationMs } = event
          this.#recordings.push({ callId: call.id, commandId, durationMs: isForgotten(call) ? null : durationMs })
        }
        await this.#flow(call, event)
        break
      default:
        // Whoever presses a key has answered, even when the news of that is lost.
        this.#reach(call, 'answered', event.at)
        await this.#flow(call, event)
    }
  }

  async #report(call: CallRow, report: CallReport, isFinal: boolean): Promise<void> {
    switch (report.state) {
      case 'in_progress': {
        const { stage, answeredAt } = report
        if (stage === 'answered') {
          const at = answeredAt ?? this.#now
          await this.#event(call, { type: 'answered', eventId: '', callId: call.id, at }, 'reconciled')
          if (call.state === 'answered') {
            this.#toCommand.add(call)
            this.#await(call)
          }
        } else {
          this.#reach(call, stage === 'ringing' ? 'ringing' : 'dialing', this.#now)
          if (call.settled_at === null) this.#dueIn(call, this.#deps.ringTimeoutMs)
        }
        break
      }
      case 'ended':
        await this.#end(call, report, 'reconciled')
        break
      case 'never_heard':
        if (!isFinal) break
        if (call.state === 'queued') await this.#takeBack(call, 'provider_fault', 0)
        else await this.#endUnknown(call)
        break
      case 'unknown':
        await this.#endUnknown(call)
    }
  }

  /** Goes forward to a state, never back. */
  #reach(call: CallRow, state: Exclude<CallState, 'queued' | 'ended'>, at: Date): void {
    if (call.settled_as === 'not_dialed') return
    this.#countDialed(call)
    if (state !== 'dialing') this.#follow(call, 'called')
    if (state === 'ringing' && call.ringing_at === null) this.#set(call, { ringing_at: at })
    if (state === 'answered' && call.answered_at === null) this.#set(call, { answered_at: at })
    if (RANK[state] <= RANK[call.state]) return
    this.#set(call, { state })
    this.#tell(`call.${state}`, call)
    if (state === 'answered') this.#await(call)
    else this.#dueIn(call, this.#deps.ringTimeoutMs + NEWS_MARGIN_MS)
  }

  /** Whatever is heard of a call, the provider took it. */
  #countDialed(call: CallRow): void {
    if (call.dialed_at !== null) return
    this.#set(call, { dialed_at: this.#now })
    this.#count(call, { dialed_calls: 1 })
    if (call.state !== 'queued') return
    this.#set(call, { state: 'dialing' })
    this.#tell('call.dialing', call)
  }

  async #flow(call: CallRow, event: CallEvent): Promise<void> {
    if (!call.script) return
    const before: FlowState = await this.#surveys.startOf(call)
    const advanced = advance(call.script.script, before, event)
    if (advanced === before) return
    const after = await this.#surveys.spoken(call, advanced)
    const outcomeBefore = surveyOf(call)
    this.#set(call, { flow: after, digits: after.digits })
    this.#surveys.answered(call, before, after, this.#campaigns.get(call.campaign_id)!)
    if (after.reply !== null && before.reply === null) this.#reply(call, after.reply)
    if (call.settled_at !== null && surveyOf(call) !== outcomeBefore) this.#recountSurvey(call, outcomeBefore)
    const optsOut = (after.reply === 'opt_out' && before.reply !== 'opt_out') || (after.optedOut && !before.optedOut)
    if (optsOut) await this.#optOut(call)
    if (call.state === 'ended') {
      // What it waited for has come.
      if (call.settled_at === null && !this.#isAwaitingReply(call)) await this.#settle(call, 'reported')
    } else if (after.step !== before.step && call.state === 'answered') {
      this.#toCommand.add(call)
      this.#await(call)
    }
  }

  #reply(call: CallRow, reply: Reply): void {
    this.#set(call, { reply })
    this.#emit('call.replied', { ...ids(call), reply })
    const receiver = this.#receivers.get(call.receiver_id)!
    const isLate = call.settled_at !== null
    // People are counted, not calls (contract/multisender.md 5.8).
    const isFirst = receiver.other_reply === null
    receiver.other_reply ??= reply
    if (isFirst) {
      if (reply === 'accept') this.#count(call, { accepts: 1, ...(isLate ? { surplus_accepts: 1 } : {}) })
      if (reply === 'decline') this.#count(call, { declines: 1 })
      if (reply === 'opt_out') this.#count(call, { opt_outs: 1 })
    }
    if (isLate) {
      this.#correct(call, receiver)
      return
    }
    // Its place among the accepts is taken, or free.
    this.#freed.add(call.campaign_id)
  }

  async #optOut(call: CallRow): Promise<void> {
    if (call.phone === null) return
    await recordOptOuts(this.#deps.world, this.#tx, this.#emit, this.#workspaceId, call.contact_id, [
      { channel: 'call', address: call.phone },
    ])
  }

  /** A call that was settled before turns out to be another than was thought. */
  #correct(call: CallRow, receiver: ReceiverRow): void {
    if (call.cause === 'answered' && call.reply !== null && isEmpty(surveyOf(call)))
      this.#count(call, { no_replies: -1 })
    // Another call is under way: its end settles the receiver, knowing of this reply.
    if (receiver.state === 'in_progress') return
    this.#settleReceiver(call, receiver)
  }

  async #end(
    call: CallRow,
    ending: { cause: Cause; answeredAt: Date | undefined; endedAt: Date; codes: { q850?: number; sip?: number } },
    as: SettledAs,
  ): Promise<void> {
    if (call.settled_as === 'not_dialed') return
    this.#countDialed(call)
    const { cause, answeredAt, endedAt, codes } = ending
    const answered_at = call.answered_at ?? answeredAt ?? null
    const known = {
      ...{ cause, q850: codes.q850 ?? null, sip: codes.sip ?? null, answered_at, ended_at: endedAt },
      duration_seconds: seconds(answered_at, endedAt, cause),
    }
    this.#follow(call, cause === 'invalid_number' ? 'invalid' : 'called')
    if (call.state !== 'ended') {
      this.#set(call, { ...known, state: 'ended' })
      this.#emit('call.ended', { ...ids(call), cause })
      if (this.#isAwaitingReply(call)) this.#dueIn(call, LATE_NEWS_MS)
      else await this.#settle(call, as)
      return
    }
    // It ended unknown, and now somebody can tell.
    if (call.settled_at === null || call.cause !== null) return
    this.#set(call, known)
    const cost = this.#costOf(call)
    this.#spend.push({ at: call.created_at, units: cost - call.cost })
    this.#count(call, { unknown_calls: -1, cost: cost - call.cost })
    this.#set(call, { cost })
    this.#countEnd(call)
    const receiver = this.#receivers.get(call.receiver_id)!
    const wasUnknown = receiver.state === 'settled' && receiver.outcome === 'unknown'
    // Who answered is not called again, though the attempt was taken for one that nobody can tell of.
    const isAnswered = receiver.state === 'waiting' && cause === 'answered'
    if (wasUnknown || isAnswered) this.#settleReceiver(call, receiver)
  }

  #isAwaitingReply(call: CallRow): boolean {
    return call.script !== null && awaitsReply(call.script.script, call.flow ?? START, call.cause)
  }

  async #endUnknown(call: CallRow): Promise<void> {
    if (call.settled_at !== null) return
    if (call.state !== 'ended') {
      this.#countDialed(call)
      this.#follow(call, 'called')
      this.#set(call, { state: 'ended', ended_at: this.#now, cause: null })
      this.#emit('call.ended', { ...ids(call), cause: null })
      await this.#settle(call, 'unknown')
    } else await this.#settle(call, 'reported')
  }

  async #settle(call: CallRow, as: SettledAs): Promise<void> {
    const flow = await this.#surveys.closed(call, this.#campaigns.get(call.campaign_id)!)
    if (flow !== call.flow) this.#set(call, { flow })
    const cost = this.#costOf(call)
    this.#spend.push({ at: call.created_at, units: cost - call.cost })
    // Of what ended with an open question the answer may come very late; it needs the script to be understood.
    const keepsScript = as === 'unknown' || this.#isAwaitingReply(call)
    this.#set(call, {
      cost,
      settled_at: this.#now,
      settled_as: as,
      due_at: null,
      ...(keepsScript ? {} : { script: null }),
    })
    this.#count(call, { cost })
    this.#countSurvey(call, 1)
    this.#countEnd(call)
    this.#emit('call.settled', { ...ids(call), settledAs: as })
    this.#freed.add(call.campaign_id)
    this.#settleReceiver(call, this.#receivers.get(call.receiver_id)!)
  }

  /** Counts how a call ended, once that is known. What it brought is counted when it is settled, whatever its end. */
  #countEnd(call: CallRow): void {
    const receiver = this.#receivers.get(call.receiver_id)!
    if (call.cause === null) this.#count(call, { unknown_calls: 1 })
    else if (call.cause === 'answered') {
      const talked = call.duration_seconds ?? 0
      this.#count(call, { answered_calls: 1, total_seconds: talked, ...(saidNothing(call) ? { no_replies: 1 } : {}) })
      receiver.answered_calls++
      receiver.talk_seconds += talked
      this.#changedReceivers.add(receiver)
    } else this.#count(call, { not_answered_calls: 1 })
  }

  #settleReceiver(call: CallRow, receiver: ReceiverRow): void {
    const campaign = this.#campaigns.get(call.campaign_id)!
    const reply = receiver.other_reply ?? call.reply
    const settlement = settle(
      {
        ...{ cause: call.cause, reply, recorded: this.#recordings.some(({ callId }) => callId === call.id) },
        asked: call.script ? asks(call.script.script) : true,
        ...(call.respondent_id === null ? {} : { survey: surveyOf(call) ?? 'nothing' }),
      },
      {
        attempts: receiver.attempts - receiver.earlier_attempts,
        maxAttempts: campaign.max_attempts,
        redialAfterMs: campaign.redial_after_seconds * 1_000,
        campaignOver: isOver(campaign),
        redialUnfinished: campaign.kind === 'survey_calls' && (campaign.content as SurveyContent).redialUnfinished,
      },
      call.ended_at ?? this.#now,
    )
    if (settlement.state === 'settled') {
      const { outcome } = settlement
      if (receiver.outcome !== outcome)
        this.#finish(call, receiver, outcome, outcome === 'no_answer' ? call.cause : null)
    } else if (receiver.state !== 'settled') {
      // Settled is settled: only a reply changes it.
      this.#wait(call, receiver, { retryAt: settlement.retryAt, readyAt: settlement.retryAt })
    }
  }

  /** No call was made for this attempt, so it does not count. */
  async #takeBack(call: CallRow, cause: Cause, retryAfterMs: number): Promise<void> {
    // What was heard of meanwhile was dialled after all.
    if (call.state !== 'queued') return
    this.#spend.push({ at: call.created_at, units: -call.cost })
    this.#set(call, {
      ...{ state: 'ended', cause, ended_at: this.#now, settled_at: this.#now, settled_as: 'not_dialed' },
      ...{ cost: 0, due_at: null, script: null },
    })
    this.#emit('call.ended', { ...ids(call), cause })
    this.#freed.add(call.campaign_id)
    const receiver = this.#receivers.get(call.receiver_id)!
    receiver.attempts--
    if (cause === 'invalid_number') this.#follow(call, 'invalid')
    if (receiver.other_reply !== null) {
      // Another call has brought a reply meanwhile; nobody is called again for it.
      if (cause !== 'invalid_number') this.#follow(call, 'called')
      this.#finish(call, receiver, OUTCOMES[receiver.other_reply], null)
    } else if (cause === 'invalid_number') {
      this.#finish(call, receiver, cause, null)
    } else if (isOver(this.#campaigns.get(call.campaign_id)!)) {
      if (call.respondent_id !== null && !(await isCalledElsewhere(this.#tx, this.#workspaceId, call))) {
        this.#follow(call, receiver.attempts === 0 ? 'created' : 'called')
      }
      const outcome = outcomeOfWaiting(receiver)
      this.#finish(call, receiver, outcome, outcome === 'not_called' ? 'CAMPAIGN_COMPLETED' : null)
    } else {
      const readyAt = new Date(this.#now.getTime() + retryAfterMs)
      this.#wait(call, receiver, { retryAt: retryAfterMs > 0 ? readyAt : null, readyAt })
    }
  }

  /** Its turn comes again. */
  #wait(call: CallRow, receiver: ReceiverRow, { retryAt, readyAt }: { retryAt: Date | null; readyAt: Date }): void {
    Object.assign(receiver, { state: 'waiting', retry_at: retryAt, ready_at: readyAt })
    this.#changedReceivers.add(receiver)
    this.#emit('receiver.waiting', about(call, receiver))
  }

  /** It has its outcome, for the first time or another one than was thought. */
  #finish(call: CallRow, receiver: ReceiverRow, outcome: ReceiverOutcome, reason: string | null): void {
    const previousOutcome = receiver.state === 'settled' ? receiver.outcome : null
    if (receiver.state !== 'settled') this.#count(call, { settled_receivers: 1 })
    Object.assign(receiver, { state: 'settled', outcome, reason, retry_at: null, settled_at: this.#now })
    this.#changedReceivers.add(receiver)
    this.#emit('receiver.settled', { ...about(call, receiver), outcome, reason, previousOutcome })
  }

  /** The respondent's status follows the call, as far as it may. */
  #follow(call: CallRow, status: CallingStatus): void {
    this.#surveys.follow(call, status)
  }

  #countSurvey(call: CallRow, by: 1 | -1, outcome = surveyOf(call)): void {
    if (outcome === 'surveyed' || outcome === 'partial') this.#count(call, { [outcome]: by })
  }

  /** An answer that came after the call was settled. */
  #recountSurvey(call: CallRow, before: SurveyOutcome | undefined): void {
    this.#countSurvey(call, -1, before)
    this.#countSurvey(call, 1)
    if (call.cause === 'answered' && call.reply === null && isEmpty(before)) this.#count(call, { no_replies: -1 })
    const receiver = this.#receivers.get(call.receiver_id)!
    if (receiver.state !== 'in_progress') this.#settleReceiver(call, receiver)
  }

  #costOf(call: CallRow): number {
    if (call.cause !== 'answered' || call.phone === null) return 0
    return unitsOf(callCents(this.#deps.prices, call.phone, call.duration_seconds ?? 0))
  }

  async #keepRecordings(): Promise<void> {
    for (const { callId, commandId, durationMs } of this.#recordings) {
      await this.#tx.query(
        sql`INSERT INTO recording (id, workspace_id, call_id, command_id, state, duration_ms, due_at, created_at)
            VALUES (${this.#deps.world.newId()}::uuid, ${this.#workspaceId}::uuid, ${callId}::uuid, ${commandId},
                    ${durationMs === null ? 'lost' : 'pending'}::recording_state, ${durationMs}::int,
                    ${this.#now}::timestamptz, ${this.#now}::timestamptz)
            ON CONFLICT (call_id, command_id) DO NOTHING`,
      )
    }
  }

  /** News of the present command must have come by then. */
  #await(call: CallRow): void {
    if (!call.script) return
    const { script } = call.script
    const durations = durationsOf(call)
    this.#dueIn(
      call,
      patienceMs(script, call.flow ?? START, (id) => durations[id] ?? 0),
    )
  }

  #dueIn(call: CallRow, ms: number): void {
    this.#set(call, { due_at: new Date(this.#now.getTime() + ms) })
  }

  #set(call: CallRow, changes: Partial<CallRow>): void {
    Object.assign(call, changes)
    this.#changedCalls.add(call)
  }

  #count(call: CallRow, more: Progress): void {
    const sum = this.#progress.get(call.campaign_id) ?? {}
    addProgress(sum, more)
    this.#progress.set(call.campaign_id, sum)
  }

  #tell(type: 'call.dialing' | 'call.ringing' | 'call.answered', call: CallRow): void {
    this.#emit(type, ids(call))
  }
}

/** How long what a call plays takes, in milliseconds by voice file: its script's, and what it asks besides. */
function durationsOf({ script, flow }: CallRow): Record<string, number> {
  const more = (flow?.survey?.followUps ?? []).flatMap(({ voiceFileId, durationMs }) =>
    voiceFileId !== null && durationMs !== null ? [[voiceFileId, durationMs] as const] : [],
  )
  return { ...script?.durations, ...Object.fromEntries(more) }
}

/** What a call of a survey has come to; undefined for other calls, and before one begins to ask. */
function surveyOf({ flow, respondent_id: respondentId }: CallRow): SurveyOutcome | undefined {
  return respondentId === null ? undefined : surveyOutcome(flow?.survey)
}

/** Whether an answered call has brought nothing: neither a reply nor an answer. */
function saidNothing(call: CallRow): boolean {
  return call.reply === null && isEmpty(surveyOf(call))
}

function isEmpty(outcome: SurveyOutcome | undefined): boolean {
  return outcome === undefined || outcome === 'nothing'
}

function ids({ campaign_id: campaignId, receiver_id: receiverId, id: callId, attempt }: CallRow) {
  return { campaignId, receiverId, callId, attempt }
}

function about({ campaign_id: campaignId }: CallRow, { id: receiverId, attempts }: ReceiverRow) {
  return { campaignId, receiverId, attempts }
}

/** Who answers was erased meanwhile, or the response that the call asks for was deleted: nothing that is said is kept. */
function isForgotten({ phone, flow, respondent_id: respondentId, settled_at: settledAt, script }: CallRow): boolean {
  const isEmptied = respondentId !== null && settledAt !== null && script === null && flow === null
  return phone === null || flow?.forgotten === true || isEmptied
}

/** Nobody of it is called any more. */
function isOver({ state, deleted_at: deletedAt }: CampaignRow): boolean {
  return state === 'completed' || deletedAt !== null
}

/** Of an answered call, from the answer to the end. */
function seconds(answeredAt: Date | null, endedAt: Date, cause: Cause): number | null {
  if (cause !== 'answered' || answeredAt === null) return null
  return Math.max(0, Math.round((endedAt.getTime() - answeredAt.getTime()) / 1_000))
}
