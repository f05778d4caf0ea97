import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import {
  addProgress,
  addSpend,
  type BlockingRule,
  type CampaignRow,
  earliest,
  type Progress,
  recordProgress,
} from '../campaigns/index.ts'
import {
  insertMessages,
  insertParts,
  type MessageRow,
  type ReceiverRow,
  saveMessages,
  saveReceivers,
} from './message-row.ts'

/**
 * Changes to messages and receivers of one locked campaign, made in memory and written at once. What is said twice changes
 * nothing the second time, and what is certain is never replaced by what is less so: a delivery stays one, and whoever was
 * sent a message was sent it.
 */
export class MessageBatch {
  readonly #tx: Tx
  readonly #emit: Emit
  readonly #campaign: CampaignRow
  readonly #now: Date
  readonly #changedMessages = new Set<MessageRow>()
  readonly #newMessages: (MessageRow & { contact_id: string })[] = []
  readonly #changedReceivers = new Set<ReceiverRow>()
  readonly #parts: { messageId: string; providerId: string }[] = []
  readonly #spend: { at: Date; units: number }[] = []
  readonly #progress: Progress = {}
  /** The first instant at which a receiver that waits again is judged. */
  #readyAt: Date | null = null

  constructor(tx: Tx, emit: Emit, campaign: CampaignRow, now: Date) {
    this.#tx = tx
    this.#emit = emit
    this.#campaign = campaign
    this.#now = now
  }

  /** Begins an attempt with a new message, or with one that rested; `units` are reserved until `dueAt` at the least. */
  begin(
    receiver: ReceiverRow,
    message: MessageRow,
    made: { contactId: string } | null,
    units: number,
    dueAt: Date,
  ): void {
    Object.assign(message, { cost: units, due_at: dueAt, failure: null })
    if (made) this.#newMessages.push({ ...message, contact_id: made.contactId })
    else this.#changedMessages.add(message)
    this.#spend.push({ at: this.#now, units })
    this.#set(receiver, {
      ...{ state: 'in_progress', attempts: receiver.attempts + 1, last_attempt_at: this.#now, retry_at: null },
    })
    this.#emit('outboundMessage.queued', this.#ids(message))
    this.#emit('receiver.inProgress', this.#about(receiver))
  }

  /** The provider took it; `providerIds` are its names for the parts. */
  sent(message: MessageRow, receiver: ReceiverRow, providerIds: readonly string[]): void {
    if (message.state !== 'queued' && message.state !== 'unknown') return
    this.#name(message, providerIds)
    this.#becomeSent(message)
    this.#settle(receiver, 'sent', null)
  }

  /** It was delivered, as the provider says. */
  delivered(message: MessageRow, receiver: ReceiverRow, at: Date): void {
    // Of a torn one only parts can arrive.
    if (message.state === 'delivered' || message.torn) return
    if (message.state === 'failed') {
      // A provider that says both has seen it arrive; what it refused was never on its way.
      if (message.sent_at === null) return
      this.#count({ messages_failed: -1 })
    }
    if (message.sent_at === null) this.#becomeSent(message)
    this.#set(message, { state: 'delivered', delivered_at: at, failed_at: null, failure: null, due_at: null })
    this.#count({ messages_delivered: 1 })
    this.#emit('outboundMessage.delivered', this.#ids(message))
    this.#settle(receiver, 'delivered', null)
  }

  /** It was sent, and did not arrive. It costs what it costs. */
  bounced(message: MessageRow, receiver: ReceiverRow, failure: { reason: string; detail: string }, at: Date): void {
    if (message.state === 'delivered' || message.state === 'failed') return
    if (message.sent_at === null) this.#becomeSent(message)
    this.#fail(message, receiver, failure, at)
  }

  /** The provider will not take it: it reached nobody, and costs nothing. */
  refused(message: MessageRow, receiver: ReceiverRow, failure: { reason: string; detail: string }): void {
    if (message.sent_at !== null || message.state === 'failed') return
    this.#giveBack(message, receiver)
    this.#fail(message, receiver, failure, this.#now)
  }

  /** Nobody can tell whether it was sent, or it is `torn`: only parts of it were. It keeps what it may cost. */
  unknown(
    message: MessageRow,
    receiver: ReceiverRow,
    { providerIds, detail, torn = false }: { providerIds: readonly string[]; detail: string; torn?: boolean },
  ): void {
    if (message.state !== 'queued') return
    this.#name(message, providerIds)
    this.#set(message, { state: 'unknown', failure: detail, torn, due_at: null })
    this.#count({ cost: message.cost })
    this.#settle(receiver, 'unknown', null)
  }

  /** The process that sent it is gone. */
  lost(message: MessageRow, receiver: ReceiverRow): void {
    const detail = 'the process that sent it ended before it knew what came of it'
    this.unknown(message, receiver, { providerIds: [], detail })
  }

  /**
   * It was not sent, and may be later: it rests, and its receiver waits until `readyAt`. Without `failure` it may have
   * been, and is handed over again under its id. `counts`: whether this was one of the receiver's attempts.
   */
  later(
    message: MessageRow,
    receiver: ReceiverRow,
    {
      failure,
      readyAt,
      counts,
    }: { failure: { reason: string; detail: string } | null; readyAt: Date; counts: boolean },
  ): void {
    if (message.state !== 'queued') return
    const { state, deleted_at, max_attempts } = this.#campaign
    const isOver = state === 'completed' || deleted_at !== null
    if (counts ? isOver || receiver.attempts >= max_attempts : isOver) {
      if (failure) this.refused(message, receiver, failure)
      else this.lost(message, receiver)
      return
    }
    this.#giveBack(message, receiver)
    this.#set(message, { due_at: null, failure: failure?.detail ?? null })
    const attempts = counts ? receiver.attempts : receiver.attempts - 1
    this.#set(receiver, { state: 'waiting', attempts, retry_at: counts && failure ? readyAt : null })
    this.wait(receiver, readyAt)
    this.#emit('receiver.waiting', this.#about(receiver))
  }

  /** A waiting receiver is judged then. */
  wait(receiver: ReceiverRow, until: Date): void {
    this.#set(receiver, { ready_at: until })
    if (this.#readyAt === null || until < this.#readyAt) this.#readyAt = until
  }

  /** A rule keeps a waiting receiver from ever being addressed (again). */
  giveUp(receiver: ReceiverRow, message: MessageRow | undefined, rule: BlockingRule): void {
    if (message && message.failure === null) {
      this.lost(message, receiver)
      return
    }
    if (message) this.#setFailed(message, message.failure!, this.#now)
    this.#settle(receiver, receiver.attempts === 0 ? 'not_called' : 'failed', rule)
  }

  /** A resting message that is not handed over again: another one takes its place. */
  drop(message: MessageRow): void {
    if (message.failure === null) this.#set(message, { state: 'unknown', failure: GIVEN_UP })
    else this.#setFailed(message, message.failure, this.#now)
  }

  /** Writes everything. `dueAt`: when the engine looks at the campaign next; absent: as before, or earlier. */
  async save(dueAt?: Date | null): Promise<void> {
    const { workspace_id: workspaceId, deleted_at, due_at } = this.#campaign
    await insertMessages(this.#tx, workspaceId, this.#newMessages)
    await saveMessages(this.#tx, workspaceId, [...this.#changedMessages])
    await insertParts(this.#tx, workspaceId, this.#parts)
    await saveReceivers(this.#tx, workspaceId, [...this.#changedReceivers], this.#now)
    await addSpend(this.#tx, workspaceId, this.#spend)
    const next = dueAt === undefined ? earliest(due_at, this.#readyAt) : dueAt
    await recordProgress(this.#tx, this.#emit, this.#campaign, this.#progress, {
      ...{ now: this.#now, dueAt: deleted_at === null ? next : null },
    })
  }

  #becomeSent(message: MessageRow): void {
    // Of a message of which nothing was known the cost is counted already.
    if (message.state !== 'unknown') this.#count({ cost: message.cost })
    this.#set(message, { state: 'sent', sent_at: this.#now, failure: null, due_at: null })
    this.#count({ messages_sent: 1 })
    this.#emit('outboundMessage.sent', this.#ids(message))
  }

  #fail(message: MessageRow, receiver: ReceiverRow, failure: { reason: string; detail: string }, at: Date): void {
    this.#setFailed(message, failure.detail, at)
    this.#settle(receiver, 'failed', failure.reason)
  }

  #setFailed(message: MessageRow, detail: string, at: Date): void {
    this.#set(message, { state: 'failed', failed_at: at, failure: detail, due_at: null })
    this.#count({ messages_failed: 1 })
    this.#emit('outboundMessage.failed', this.#ids(message))
  }

  #giveBack(message: MessageRow, receiver: ReceiverRow): void {
    this.#spend.push({ at: receiver.last_attempt_at ?? message.created_at, units: -message.cost })
    if (message.state === 'unknown') this.#count({ cost: -message.cost })
    this.#set(message, { cost: 0 })
  }

  #name(message: MessageRow, providerIds: readonly string[]): void {
    const [first] = providerIds
    if (first !== undefined) this.#set(message, { provider_id: first })
    if (providerIds.length < 2) return
    for (const providerId of providerIds) this.#parts.push({ messageId: message.id, providerId })
  }

  #settle(receiver: ReceiverRow, outcome: string, reason: string | null): void {
    if (receiver.state === 'settled' && receiver.outcome === outcome) return
    const previousOutcome = receiver.state === 'settled' ? receiver.outcome : null
    if (receiver.state !== 'settled') this.#count({ settled_receivers: 1 })
    this.#set(receiver, {
      state: 'settled',
      outcome,
      reason,
      retry_at: null,
      settled_at: receiver.settled_at ?? this.#now,
    })
    this.#emit('receiver.settled', { ...this.#about(receiver), outcome, reason, previousOutcome })
  }

  #set<Row extends MessageRow | ReceiverRow>(row: Row, changes: Partial<Row>): void {
    Object.assign(row, changes)
    if ('receiver_id' in row) this.#changedMessages.add(row)
    else this.#changedReceivers.add(row as ReceiverRow)
  }

  #count(more: Progress): void {
    addProgress(this.#progress, more)
  }

  #ids({ id, receiver_id: receiverId }: MessageRow) {
    return { campaignId: this.#campaign.id, receiverId, outboundMessageId: id }
  }

  #about({ id, attempts }: ReceiverRow) {
    return { campaignId: this.#campaign.id, receiverId: id, attempts }
  }
}

/** Of a message whose process died, and whose receiver has another address since. */
const GIVEN_UP = 'nobody knows whether it was sent; another one went to a new address'
