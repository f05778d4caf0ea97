import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { MESSAGE_KINDS, nextDueCampaign } from '../campaigns/index.ts'
import { MESSAGE_CHANNELS, type MessageChannel, type MessageDeps } from './deps.ts'
import { handOver, type Outcome } from './hand-over.ts'
import { createPace, type Pace } from './pace.ts'
import { type PlannedMessage, planMessages } from './plan-messages.ts'
import { clearProvider, type HandedOver, pauseProvider, settleMessages } from './settle-messages.ts'

export interface MessageSender {
  /**
   * A due check: commits messages of one campaign and begins to hand them over, as many as there is room for, and does not
   * wait for them. Returns how many campaigns it did something for.
   */
  run(): Promise<number>
  /** When a campaign is due next; undefined too while there is no room, since who ends tells. */
  nextRun(): Promise<Date | undefined>
  /** How many messages are on their way. */
  inFlight(): number
  /** Resolves when what is on its way now, by one channel or by all, is recorded. */
  settled(channel?: MessageChannel): Promise<void>
  /** Begins nothing any more; resolves when all is recorded or `graceMs` have passed. What is cut off is recovered later. */
  stop(graceMs: number): Promise<void>
}

export interface MessageSenderOptions {
  /** There is room again, or something is due earlier than it was. */
  onProgress?(): void
}

/** Messages of one process on their way at one time; SMTP keeps a connection for each. */
const WIDEST: Readonly<Record<MessageChannel, number>> = { sms: 100, email: 20 }
/** How often recording is tried when the database is away, and how long to wait in between. */
const RECORD_ATTEMPTS = 5
const RECORD_AGAIN_MS = 1_000

/**
 * Sends what campaigns have to say: each message is committed before it is handed over, and what came of it is recorded
 * with all that ended meanwhile, so that a busy provider costs few transactions.
 */
export function createMessageSender(deps: MessageDeps, { onProgress }: MessageSenderOptions = {}): MessageSender {
  const { logger, world } = deps
  const paces = Object.fromEntries(
    MESSAGE_CHANNELS.map((channel) => [channel, createPace(world.clock, WIDEST[channel])]),
  ) as Record<MessageChannel, Pace>
  const inFlight: Record<MessageChannel, number> = { sms: 0, email: 0 }
  const ailing = new Set<MessageChannel>()
  const running = new Map<Promise<void>, MessageChannel>()
  let done: HandedOver[] = []
  let recording: Promise<void> | undefined
  let stopped = false

  async function begin(message: PlannedMessage): Promise<void> {
    inFlight[message.channel]++
    try {
      const outcome = await handOver(deps, message)
      const heeded = await heed(message, outcome)
      done.push({ message, outcome, ...heeded })
      recording ??= record()
      await recording
    } finally {
      inFlight[message.channel]--
      onProgress?.()
    }
  }

  /** Learns of the provider from what it said. */
  async function heed({ channel, createdAt }: PlannedMessage, outcome: Outcome) {
    const pace = paces[channel]
    const at = pace.acceptedAt()
    const isWell = at !== null && at >= createdAt
    if (outcome.kind === 'sent') {
      pace.accepted()
      if (ailing.has(channel) && !pace.isPaused()) {
        ailing.delete(channel)
        await told(clearProvider(deps, channel))
      }
    }
    if (outcome.kind !== 'later' || outcome.ailment === null) return { pausedUntil: null, isWell }
    const isNews = !pace.isPaused()
    const pausedUntil = pace.refused(outcome.ailment)
    if (isNews) {
      ailing.add(channel)
      logger.warn({ provider: channel, until: pausedUntil, detail: outcome.detail }, 'a provider takes no messages')
      await told(pauseProvider(deps, channel, pausedUntil, outcome.detail))
    }
    return { pausedUntil, isWell }
  }

  /** What a provider says of itself is not worth losing a message over. */
  async function told(telling: Promise<void>): Promise<void> {
    await telling.catch((error) => logger.error({ err: error }, 'the state of a provider could not be recorded'))
  }

  /** Records until nothing is left; what ends meanwhile is recorded together. */
  async function record(): Promise<void> {
    for (;;) {
      await nextTurn()
      const batch = done
      done = []
      if (batch.length === 0) {
        // Said in the same turn: what is done from now on is for the next round.
        recording = undefined
        return
      }
      for (const group of byCampaign(batch)) await recordGroup(group)
    }
  }

  async function recordGroup(group: HandedOver[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await settleMessages(deps, group[0]!.message, group)
      } catch (error) {
        logger.error({ err: error, messages: group.length }, 'what came of messages could not be recorded')
        if (attempt === RECORD_ATTEMPTS) return
        await sleep(RECORD_AGAIN_MS * attempt)
      }
    }
  }

  const roomOf = () => ({ sms: paces.sms.width() - inFlight.sms, email: paces.email.width() - inFlight.email })

  return {
    async run() {
      if (stopped) return 0
      const planned = await planMessages(deps, roomOf())
      if (!planned) return 0
      for (const message of planned) {
        const sending = begin(message).finally(() => running.delete(sending))
        running.set(sending, message.channel)
      }
      return 1
    },
    async nextRun() {
      const room = roomOf()
      return room.sms > 0 && room.email > 0 ? nextDueCampaign(world, MESSAGE_KINDS) : undefined
    },
    inFlight: () => running.size,
    async settled(channel) {
      await Promise.all(
        [...running].flatMap(([sending, of]) => (channel === undefined || of === channel ? [sending] : [])),
      )
    },
    async stop(graceMs) {
      stopped = true
      if (running.size > 0) await Promise.race([Promise.all(running.keys()), sleep(graceMs, undefined, { ref: false })])
    },
  }
}

function byCampaign(handedOver: readonly HandedOver[]): HandedOver[][] {
  return [...Map.groupBy(handedOver, ({ message }) => message.campaignId).values()]
}
