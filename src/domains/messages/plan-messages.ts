import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { smsParts } from '../../providers/sms/index.ts'
import {
  afterEnd,
  type Blocker,
  blockersOf,
  type CampaignRow,
  type Candidate,
  candidateColumns,
  channelOf,
  clockDue,
  commonBlockers,
  type DialQuestion,
  type EmailContent,
  earliest,
  enterState,
  followClock,
  HOPELESS,
  holdSpend,
  liftedAt,
  type MessageKind,
  moneyAgainAt,
  nextAttemptAt,
  nextReady,
  PATIENT_MS,
  questionsOf,
  type SmsContent,
  surroundingsOf,
  UNITS_PER_CENT,
  withDueCampaign,
} from '../campaigns/index.ts'
import { LEASE_MS, MESSAGE_CHANNELS, type MessageChannel, type MessageDeps } from './deps.ts'
import { MessageBatch } from './message-batch.ts'
import { type MessageRow, RECEIVER_COLUMNS, type ReceiverRow, restingMessages } from './message-row.ts'
import { personalTexts } from './personal-text.ts'

/** A message that is committed and has to be handed over now. */
export interface PlannedMessage {
  id: string
  workspaceId: string
  campaignId: string
  channel: MessageChannel
  address: string
  content: SmsContent | EmailContent
  /** Until then it is this process's own. */
  lease: Date
  /** When it was first about to be sent. */
  createdAt: Date
}

/** How many receivers are judged in one transaction. */
const BATCH = 100
/** How soon one looks again at receivers that somebody else was changing. */
const BUSY_MS = 1_000

const KINDS: Readonly<Record<MessageChannel, MessageKind>> = { sms: 'sms_broadcast', email: 'email_broadcast' }

/**
 * Does what is due of one campaign: its state follows the clock, and receivers whom nothing holds back get a message, at
 * most as many as there is `room` for. It is committed with its id before anybody sends it. Undefined when nothing is due.
 */
export async function planMessages(
  deps: MessageDeps,
  room: Readonly<Record<MessageChannel, number>>,
): Promise<PlannedMessage[] | undefined> {
  const kinds = MESSAGE_CHANNELS.filter((channel) => room[channel] > 0).map((channel) => KINDS[channel])
  if (kinds.length === 0) return undefined
  return withDueCampaign(deps, kinds, (tx, emit, campaign) => planStep(deps, tx, emit, campaign, room))
}

async function planStep(
  deps: MessageDeps,
  tx: Tx,
  emit: Emit,
  campaign: CampaignRow,
  room: Readonly<Record<MessageChannel, number>>,
): Promise<PlannedMessage[]> {
  const { world } = deps
  const { workspace_id: workspaceId } = campaign
  const now = world.clock.now()
  if (!(await followClock(world, tx, emit, campaign))) return []
  await holdSpend(tx, workspaceId, now)
  const surroundings = await surroundingsOf(deps, tx, campaign)
  const general = commonBlockers(surroundings)
  if (general.length > 0) {
    await enterState(tx, emit, campaign, 'active', { now, dueAt: earliest(clockDue(campaign), liftedAt(general, now)) })
    return []
  }
  const channel = channelOf(campaign.kind) as MessageChannel
  const limit = Math.min(BATCH, room[channel])
  const candidates = await candidatesOf(tx, campaign, channel, limit, now)
  const questions = await questionsOf(world, tx, workspaceId, surroundings, candidates, undefined)
  const resting = await restingMessages(
    tx,
    workspaceId,
    candidates.map(({ id }) => id),
  )
  const batch = new MessageBatch(tx, emit, campaign, now)
  const lease = new Date(now.getTime() + LEASE_MS)
  const content = campaign.content as SmsContent | EmailContent
  const segmentsOf = (text: string) => (channel === 'sms' ? smsParts(text).segments : null)
  const chosen: MessageCandidate[] = []
  let reserved = 0
  for (const [index, question] of questions.entries()) {
    const candidate = candidates[index]!
    if (question.costs.leftCents !== null) question.costs.leftCents -= reserved / UNITS_PER_CENT
    const blockers = blockersOf(question)
    const hopeless = blockers.find(({ rule }) => HOPELESS.has(rule))
    if (hopeless) {
      batch.giveUp(candidate, resting.get(candidate.id), hopeless.rule)
      continue
    }
    if (blockers.length > 0) {
      batch.wait(candidate, judgedAgainAt(question, blockers, campaign))
      continue
    }
    reserved += surroundings.unitsFor(candidate.address!)
    chosen.push(candidate)
  }
  // Only those: whoever is not texted does not become a respondent.
  const texts = await personalTexts(deps, tx, emit, campaign, chosen)
  const planned: PlannedMessage[] = []
  let leftUnits = surroundings.leftUnits ?? Number.POSITIVE_INFINITY
  for (const candidate of chosen) {
    const own = texts ? { ...(content as SmsContent), message: texts.get(candidate.id)! } : content
    const units = surroundings.unitsFor(candidate.address!, (own as SmsContent).message)
    // A personal address may be longer than it was judged by.
    if (units > leftUnits) {
      batch.wait(candidate, moneyAgainAt(now))
      continue
    }
    leftUnits -= units
    const rests = resting.get(candidate.id)
    // An id is one message to one address, whoever asks again.
    const again = rests?.address === candidate.address ? rests : undefined
    if (rests && !again) batch.drop(rests)
    const segments = segmentsOf((own as SmsContent).message)
    const message = again ?? messageFor(world.newId(), campaign.id, candidate, segments, now)
    batch.begin(candidate, message, again ? null : { contactId: candidate.contact_id }, units, lease)
    const { id, created_at: createdAt } = message
    planned.push({
      ...{
        id,
        workspaceId,
        campaignId: campaign.id,
        channel,
        address: candidate.address!,
        content: own,
        lease,
        createdAt,
      },
    })
  }
  // Written first: those who wait are asked below when their time comes.
  await batch.save(campaign.due_at)
  if (campaign.state === 'active') {
    const next = candidates.length === limit ? now : await nextReady(tx, campaign, { now, otherwise: busyUntil(now) })
    await enterState(tx, emit, campaign, 'active', { now, dueAt: earliest(clockDue(campaign), next) })
  }
  return planned
}

type MessageCandidate = Candidate & ReceiverRow

function messageFor(
  id: string,
  campaignId: string,
  { id: receiverId, address }: MessageCandidate,
  segments: number | null,
  now: Date,
): MessageRow {
  return {
    ...{
      id,
      campaign_id: campaignId,
      receiver_id: receiverId,
      state: 'queued',
      address,
      segments,
      torn: false,
      cost: 0,
    },
    ...{ provider_id: null, failure: null, due_at: null, sent_at: null, delivered_at: null, failed_at: null },
    created_at: now,
  }
}

/** When it is worth looking again at a receiver that something holds back. */
function judgedAgainAt(question: DialQuestion, blockers: readonly Blocker[], campaign: CampaignRow): Date {
  const { now } = question
  if (blockers.some(({ rule }) => rule === 'SPEND_CAP')) return moneyAgainAt(now)
  const at = nextAttemptAt(question)
  if (at && at > now) return at
  // Never: then the end of the campaign settles it, or else somebody has to change something.
  return at === undefined && campaign.ends_at ? afterEnd(campaign.ends_at) : new Date(now.getTime() + PATIENT_MS)
}

function busyUntil(now: Date): Date {
  return new Date(now.getTime() + BUSY_MS)
}

/**
 * Receivers whose turn it is. Those whose contact is being merged or erased just now are left for the next time: waiting
 * for them while holding the campaign could wait in a circle.
 */
async function candidatesOf(
  tx: Tx,
  { id, workspace_id: workspaceId }: CampaignRow,
  channel: MessageChannel,
  limit: number,
  now: Date,
): Promise<MessageCandidate[]> {
  return tx.query<MessageCandidate>(
    sql`SELECT ${candidateColumns(channel)}, ${RECEIVER_COLUMNS} FROM receiver r
        JOIN contact k ON k.workspace_id = r.workspace_id AND k.id = r.contact_id
        WHERE r.workspace_id = ${workspaceId}::uuid AND r.campaign_id = ${id}::uuid AND r.state = 'waiting'
          AND r.ready_at <= ${now}::timestamptz
        ORDER BY r.ready_at, r.position LIMIT ${limit}::int
        FOR UPDATE OF r SKIP LOCKED FOR KEY SHARE OF k SKIP LOCKED`,
  )
}
