import { sql } from '../../db/sql.ts'
import {
  type CallEvent,
  type Command,
  type DialResult,
  type Listening,
  TelephonyUnavailableError,
} from '../../providers/telephony/index.ts'
import { CALL_KINDS, LATE_NEWS_MS, nextDueCampaign } from '../campaigns/index.ts'
import { applyNews, type News, type NextCommand } from './apply-news.ts'
import { placesOf } from './call-row.ts'
import type { CallDeps } from './deps.ts'
import { dialDue, type PlannedCall } from './dial-due.ts'
import { followCalls } from './follow-calls.ts'
import { ORPHANS_EVERY_MS, orphanWatch } from './hang-up-orphans.ts'
import {
  adoptSeats,
  clearSeats,
  LATE_REPLIES_MS,
  LEASE_MS,
  leaveSeats,
  lookAfterSeat,
  newSeat,
  nextFreeSeat,
  renewSeats,
  retireSeats,
} from './seats.ts'

/** A process's part of the dialling engine: it holds seats, dials, hears of calls and tells them what to do next. */
export interface Switchboard {
  /** Dials what is due of one campaign. Returns whether there was one: it is run again until there is none. */
  dial(): Promise<number>
  /** When a campaign is due next. */
  nextDial(): Promise<Date | undefined>
  /** Looks after calls whose news did not come. Returns how many. */
  follow(): Promise<number>
  /** When a call of our seats is due next. */
  nextFollow(): Promise<Date | undefined>
  /** Keeps its seats, takes those of processes that died. To be run at least every LEASE_MS / 3. */
  keepSeats(): Promise<number>
  /** When seats are to be kept again, or can be taken. */
  nextKeep(): Promise<Date | undefined>
  /** Calls that this process has dialled or heard of and that are not settled yet. */
  inFlight(): number
  /** Resolves when all that was heard so far is in the database, and what follows from it was said. */
  settled(): Promise<void>
  /**
   * Begins nothing more; what was heard is written down; others may take the seats. Calls go on, and whoever takes the
   * seats follows them; where the provider would forget them with this process they are waited for, up to `drainMs`.
   */
  stop(drainMs?: number): Promise<void>
}

/** News that are applied in one transaction. */
const BATCH = 256
/** A command that may not have arrived is repeated, under the same id. */
const REPEAT_MS = 500
const REPEATS = 3
/** How often it is said that the provider is still out of reach. */
const TELL_AGAIN_MS = 60_000
/** So often within its lease a process says that its seats are still its own. */
const KEPT_PER_LEASE = 3
/** How often a process that stops looks whether its calls are over. */
const DRAIN_LOOK_MS = 250

export interface SwitchboardHooks {
  /** There is something to dial again. */
  onFreed?: () => void
  /** There are calls to be followed that nobody has looked after for a while. */
  onTaken?: () => void
}

export function createSwitchboard(deps: CallDeps, { onFreed, onTaken }: SwitchboardHooks = {}): Switchboard {
  const { world, telephony, logger } = deps
  const holder = world.newId()
  const listening = new Map<string, Listening>()
  /** By call id; kept while the call is of interest. */
  const places = new Map<string, { workspaceId: string; campaignId: string }>()
  /** Seats of processes that are gone, and since when they are ours. */
  const taken = new Map<string, number>()
  const onItsWay = new Set<string>()
  const background = new Set<Promise<void>>()
  let seat: string | undefined
  let leaseUntil = 0
  let dialSettlesWithinMs = 0
  let remembers = true
  let draining = false
  const orphans = orphanWatch(deps)
  /** When calls that nobody follows are looked for next. */
  let orphansAt = 0
  /** When it was last said that the provider cannot be reached; undefined: it can. */
  let outOfReachToldAt: number | undefined
  let stopped = false

  // News gather while earlier ones are written, so that a busy process writes many in one transaction.
  let queue: { news: News; done: () => void; failed: (error: unknown) => void }[] = []
  let writing: Promise<void> | undefined

  function report(news: readonly News[]): Promise<void> {
    const all = news.map((one) => new Promise<void>((done, failed) => void queue.push({ news: one, done, failed })))
    writing ??= writeAll()
    return Promise.all(all).then(() => {})
  }

  async function writeAll(): Promise<void> {
    // What comes at the same moment is written together.
    await new Promise((resolve) => setImmediate(resolve))
    while (queue.length > 0) {
      const batch = queue.slice(0, BATCH)
      queue = queue.slice(BATCH)
      try {
        await write(batch.map(({ news }) => news))
        for (const { done } of batch) done()
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
    }
    writing = undefined
  }

  async function write(news: readonly News[]): Promise<void> {
    const unknown = [...new Set(news.map(({ callId }) => callId).filter((id) => !places.has(id)))]
    if (unknown.length > 0) for (const [id, place] of await placesOf(world.db, unknown)) places.set(id, place)
    const byWorkspace = new Map<string, News[]>()
    for (const one of news) {
      // A call that is not ours: of another server on the same provider, or of a database that was restored.
      const place = places.get(one.callId)
      if (!place) continue
      const own = byWorkspace.get(place.workspaceId)
      if (own) own.push(one)
      else byWorkspace.set(place.workspaceId, [one])
    }
    for (const [workspaceId, own] of byWorkspace) {
      const campaigns = [...new Set(own.map(({ callId }) => places.get(callId)!.campaignId))].sort()
      const { commands, settled: over } = await applyNews(deps, workspaceId, own, campaigns)
      for (const next of commands) say(next)
      for (const id of over) places.delete(id)
      if (own.some((one) => one.type === 'event' && one.event.type === 'recorded')) deps.onRecorded?.()
    }
    onFreed?.()
  }

  function inBackground(work: Promise<void>): void {
    const guarded = work
      .catch((error) => logger.error({ err: error }, 'the switchboard failed'))
      .then(() => {
        background.delete(guarded)
      })
    background.add(guarded)
  }

  function say({ callId, command }: NextCommand): void {
    inBackground(sayUntilHeard(callId, command))
  }

  async function sayUntilHeard(callId: string, command: Command): Promise<void> {
    for (let times = 0; times <= REPEATS && !stopped; times++) {
      const { outcome } = await telephony.command(callId, command)
      if (outcome !== 'unknown') return
      await new Promise((resolve) => setTimeout(resolve, REPEAT_MS).unref())
    }
    // Whoever looks after the call says it again.
  }

  async function hear(event: CallEvent): Promise<void> {
    await report([{ callId: event.callId, type: 'event', event }])
  }

  async function sit(name: string): Promise<void> {
    const leave = () => {
      listening.delete(name)
      if (seat === name) seat = undefined
    }
    const heard = await telephony.listen(name, {
      event: hear,
      connected() {
        // What happened while nobody listened may be lost.
        if (!stopped && listening.has(name)) inBackground(lookAfter(name))
      },
      replaced() {
        leave()
        logger.warn({ seat: name }, 'another process has taken a seat of this one')
      },
    })
    listening.set(name, heard)
  }

  async function lookAfter(name: string): Promise<void> {
    const now = world.clock.now()
    const within = (ms: number) => new Date(now.getTime() + ms)
    await lookAfterSeat(world, name, { now, queuedAt: within(dialSettlesWithinMs), repliesAt: within(LATE_NEWS_MS) })
    onTaken?.()
  }

  async function keepSeats(): Promise<number> {
    if (stopped) return 0
    const { names, until } = await renewSeats(world, holder)
    for (const name of [...listening.keys()].filter((one) => !names.includes(one))) {
      await listening.get(name)?.close()
      listening.delete(name)
      taken.delete(name)
      if (seat === name) seat = undefined
    }
    leaseUntil = until.getTime()
    if (!(await meetProvider())) return 0
    for (const name of await adoptSeats(world, holder)) {
      taken.set(name, world.clock.now().getTime())
      orphansAt = 0
      await sit(name)
      await lookAfter(name)
      logger.info({ seat: name }, 'took over the calls of a process that is gone')
    }
    // Held, but not heard: listening failed before.
    for (const name of names) if (!listening.has(name)) await sit(name).then(() => lookAfter(name))
    await retireTaken()
    await clearSeats(world)
    if (seat === undefined) {
      const name = await newSeat(world, holder)
      await sit(name)
      seat = name
      leaseUntil = world.clock.now().getTime() + LEASE_MS
      onFreed?.()
    }
    // Not waited for: a lease must not run out meanwhile.
    if (world.clock.now().getTime() >= orphansAt) {
      orphansAt = world.clock.now().getTime() + ORPHANS_EVERY_MS
      inBackground(hangUpOrphans())
    }
    return 0
  }

  async function hangUpOrphans(): Promise<void> {
    try {
      await orphans.look()
    } catch (error) {
      if (!(error instanceof TelephonyUnavailableError)) throw error
      // It is asked again in a minute.
    }
  }

  /** Leaves those of taken seats that nothing can come for any more. */
  async function retireTaken(): Promise<void> {
    const before = world.clock.now().getTime() - LATE_REPLIES_MS
    const idle = [...taken].flatMap(([name, at]) => (at < before ? [name] : []))
    if (idle.length === 0) return
    for (const name of await retireSeats(world, holder, idle)) {
      taken.delete(name)
      await listening.get(name)?.close()
      listening.delete(name)
    }
  }

  /** Asks the provider who it is; false while it cannot be asked. */
  async function meetProvider(): Promise<boolean> {
    try {
      const { lines, ...told } = await telephony.capabilities()
      if (outOfReachToldAt !== undefined) logger.warn({}, 'the telephony provider can be reached again')
      outOfReachToldAt = undefined
      dialSettlesWithinMs = told.dialSettlesWithinMs
      remembers = told.remembers
      await world.db.query(
        sql`UPDATE provider_state SET lines = ${lines}::int
            WHERE port = 'telephony' AND lines IS DISTINCT FROM ${lines}::int`,
      )
      return true
    } catch (error) {
      if (!(error instanceof TelephonyUnavailableError)) throw error
      const now = world.clock.now().getTime()
      if (outOfReachToldAt === undefined || now - outOfReachToldAt >= TELL_AGAIN_MS) {
        outOfReachToldAt = now
        logger.warn({ reason: error.message }, 'the telephony provider cannot be reached')
      }
      return false
    }
  }

  async function dial(): Promise<number> {
    // Never without a seat that is surely ours: calls nobody hears of would be dialled.
    if (draining || seat === undefined || world.clock.now().getTime() >= leaseUntil) return 0
    const calls = await dialDue(deps, seat, dialSettlesWithinMs)
    if (!calls) return 0
    for (const call of calls) {
      places.set(call.id, call)
      onItsWay.add(call.id)
    }
    // Without waiting: how long a provider takes to answer must not hold up the next campaign.
    for (const call of calls) inBackground(dialOne(call))
    return 1
  }

  async function dialOne(call: PlannedCall): Promise<void> {
    try {
      if (stopped || world.clock.now().getTime() >= leaseUntil) return
      const { id, phone, seat: from, maxDurationMs } = call
      const result = await telephony.dial({
        ...{ callId: id, seat: from, to: phone, ringTimeoutMs: deps.ringTimeoutMs, maxDurationMs },
      })
      const news = await newsOf(id, result)
      if (news) await report([news])
    } finally {
      onItsWay.delete(call.id)
    }
  }

  async function newsOf(callId: string, result: DialResult): Promise<News | undefined> {
    if (result.outcome === 'accepted') return { callId, type: 'dialed' }
    // There may be a call: to be found out once it must have reached the provider, if it ever does.
    if (result.outcome === 'unknown' || result.reason === 'duplicate') return undefined
    if (!('retryAfterMs' in result)) return { callId, type: 'not_dialed', cause: 'invalid_number', retryAfterMs: 0 }
    const { reason, detail, retryAfterMs } = result
    const until = new Date(world.clock.now().getTime() + retryAfterMs)
    await world.db.query(
      sql`UPDATE provider_state SET paused_until = greatest(paused_until, ${until}::timestamptz), detail = ${detail}
          WHERE port = 'telephony'`,
    )
    logger.warn({ reason, detail, retryAfterMs }, 'the provider takes no calls at present')
    return { callId, type: 'not_dialed', cause: 'provider_fault', retryAfterMs }
  }

  async function follow(): Promise<number> {
    if (stopped) return 0
    const news = await followCalls(deps, [...listening.keys()], {
      isOnItsWay: (id) => onItsWay.has(id),
      dialSettlesWithinMs,
    })
    if (news.length > 0) await report(news)
    return news.length
  }

  async function settled(): Promise<void> {
    while (writing || background.size > 0) {
      await writing
      await Promise.all(background)
    }
  }

  /** Calls of our seats that are under way. */
  async function live(): Promise<number> {
    const [row] = await world.db.query<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM call WHERE settled_at IS NULL AND seat = ANY(${[...listening.keys()]}::text[])`,
    )
    return row?.count ?? 0
  }

  return {
    dial,
    nextDial: () => nextDueCampaign(world, CALL_KINDS),
    follow,
    async nextFollow() {
      const [row] = await world.db.query<{ due_at: Date | null }>(
        sql`SELECT min(due_at) AS due_at FROM call WHERE settled_at IS NULL AND seat = ANY(${[...listening.keys()]}::text[])`,
      )
      return row?.due_at ?? undefined
    },
    keepSeats,
    async nextKeep() {
      if (stopped || leaseUntil === 0) return undefined
      const own = leaseUntil - LEASE_MS + LEASE_MS / KEPT_PER_LEASE
      const free = await nextFreeSeat(world, holder)
      return new Date(Math.min(own, free?.getTime() ?? Number.POSITIVE_INFINITY))
    },
    inFlight: () => places.size,
    settled,
    async stop(drainMs = 0) {
      draining = true
      const until = Date.now() + drainMs
      while (!remembers && (await live()) > 0 && Date.now() < until) {
        await follow()
        await keepSeats()
        await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS))
      }
      stopped = true
      await Promise.all([...listening.values()].map((one) => one.close()))
      await settled()
      listening.clear()
      await leaveSeats(world, holder)
    },
  }
}
