import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../platform/clock.ts'
import type { Logger } from '../../../platform/logger.ts'
import { EventOrder } from '../simulated/order.ts'
import {
  type ActiveCall,
  type CallReport,
  type CommandResult,
  checkIds,
  type DialRequest,
  type DialResult,
  isE164,
  type Stage,
  type Telephony,
  TelephonyUnavailableError,
} from '../telephony.ts'
import { AriClient, AriUnreachableError, complaintOf, jsonOf } from './ari-client.ts'
import type { AriChannel } from './ari-types.ts'
import { Call } from './call.ts'
import { CallRecords } from './call-records.ts'
import { Endings, notDialled } from './endings.ts'
import { Lines } from './lines.ts'
import { argumentsOf, type LiveCall, liveCallOf } from './live-call.ts'
import { DIALLED, recordingName } from './names.ts'
import { endpointOf, type Routes } from './route.ts'
import { Seat } from './seat.ts'

export interface AsteriskConfig {
  /** Of Asterisk's HTTP server: `http://asterisk:8088`, with a path where http.conf has a prefix. */
  url: string
  user: string
  password: string
  routes: Routes
  /** E.164. Who calls when a request does not say; absent: what pjsip.conf says. */
  callerId: string | undefined
  lines: number
  /** The file that Asterisk's channel event log is written to, as this process sees it. */
  callRecords: string | undefined
  /** Before the seats' names: several installations may share one Asterisk. */
  app: string
}

export interface AsteriskOptions extends AsteriskConfig {
  clock: Clock
  logger: Pick<Logger, 'error' | 'warn'>
  /** Default 5000. */
  requestTimeoutMs?: number
  /** Default 5000. */
  pingMs?: number
}

const REQUEST_TIMEOUT_MS = 5_000
const PING_MS = 5_000
const RETRY_AFTER_MS = 2_000
/** For how long a created call is tried to be dialled; usually it takes one attempt. */
const DIAL_MS = 2_000
const DIAL_AGAIN_MS = 5
/** Its events say when; when they do not come, it is tried without. */
const ENTERS_WITHIN_MS = 200
/**
 * What a call may last beyond its ringing time while nobody listens: longer than it takes until the seat of a process that
 * died is taken, or who answered just then would be cut off.
 */
const UNANSWERED_MARGIN_MS = 20_000
/** The log is written a moment after the end of a call, and told of a moment before. */
const SETTLE_LOOKS = 4
const SETTLE_MS = 250
/** Of UUIDs with a time. */
const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/

/**
 * Asterisk 20 or later, by its REST Interface. A seat is a Stasis application; a call is a channel that is created in the
 * application and then dialled, so that it stays there when it is answered while nobody listens (docs/asterisk.md and
 * docs/decisions/0009).
 */
export function asteriskTelephony(options: AsteriskOptions): Telephony {
  const { clock, logger, lines, routes, callerId } = options
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS, pingMs = PING_MS } = options
  const ari = new AriClient({ ...options, requestTimeoutMs })
  const records = options.callRecords ? new CallRecords({ path: options.callRecords, logger }) : undefined
  const holder = randomUUID()
  const prefix = `${options.app}.`
  const lobby = `${options.app}-lobby`
  const endings = new Endings()
  const seats = new Map<string, Seat>()
  const line = new Lines(lines, listIds, () => clock.now().getTime())
  let skewMs = 0
  const now = () => clock.now().getTime() + skewMs
  const callDeps = { ari, logger, now, lobby }

  /** For what may be asked again at any time. */
  async function ask(method: 'GET' | 'DELETE', path: string, ...fine: number[]) {
    try {
      const answer = await ari.request(method, path)
      if (answer.status < 300 || fine.includes(answer.status)) return answer
      throw new TelephonyUnavailableError(complaintOf(answer))
    } catch (error) {
      if (!(error instanceof AriUnreachableError)) throw error
      throw new TelephonyUnavailableError(`Asterisk at ${ari.origin} does not answer: ${error.message}`, {
        cause: error,
      })
    }
  }

  async function listIds(): Promise<string[]> {
    const apps = jsonOf<{ name: string; channel_ids: string[] }[]>(await ask('GET', '/applications'))
    return apps.flatMap((app) => (app.name.startsWith(prefix) ? app.channel_ids : []))
  }

  /** Live calls of all our seats, by id. */
  async function listCalls(): Promise<Map<string, LiveCall>> {
    const channels = jsonOf<AriChannel[]>(await ask('GET', '/channels'))
    const calls = channels.flatMap((channel) => liveCallOf(channel, prefix) ?? [])
    return new Map(calls.map((call) => [call.callId, call]))
  }

  function known(callId: string): Call | undefined {
    for (const seat of seats.values()) {
      const call = seat.calls.get(callId)
      if (call) return call
    }
    return undefined
  }

  function stageOf(live: LiveCall): Stage {
    const call = known(live.callId)
    return live.stage === 'dialling' && call ? call.stage : live.stage
  }

  async function reportOf(callId: string, live: LiveCall | undefined): Promise<CallReport | 'unsettled'> {
    const ended = endings.get(callId)
    if (ended) return { callId, state: 'ended', ...ended }
    const record = records?.find(callId)
    if (live) {
      const answeredAt = live.stage === 'answered' ? (known(callId)?.answeredAt ?? record?.answeredAt) : undefined
      return { callId, state: 'in_progress', stage: stageOf(live), seat: live.seat, answeredAt }
    }
    const isMade = known(callId)?.isMade ?? false
    if (!records) {
      if (isMade) return 'unsettled'
      return { callId, state: 'unknown', detail: 'Asterisk tells of ended calls by ASTERISK_CALL_RECORDS only.' }
    }
    if (record?.ended) return { callId, state: 'ended', ...endings.fromRecord(callId, record) }
    if (record || isMade) return 'unsettled'
    if (records.covers(instantIn(callId))) return { callId, state: 'never_heard' }
    return { callId, state: 'unknown', detail: 'The call records do not reach back that far.' }
  }

  /** A call that is neither live nor ended: it is ending right now, or Asterisk was killed during it. */
  function abandoned(callId: string): CallReport {
    const record = records?.find(callId)
    if (record) return { callId, state: 'ended', ...endings.fromRecord(callId, record) }
    return { callId, state: 'unknown', detail: 'Asterisk has lost the call.' }
  }

  async function reconcile(callIds: readonly string[]): Promise<CallReport[]> {
    const reports = new Map<string, CallReport>()
    let open = callIds
    for (let looks = 0; open.length > 0; looks++) {
      if (looks > 0) await sleep(SETTLE_MS)
      // The list first: a call that ends in between is in the records then.
      const live = await listCalls()
      await records?.refresh()
      const unsettled: string[] = []
      for (const callId of open) {
        const report = await reportOf(callId, live.get(callId))
        if (report !== 'unsettled') reports.set(callId, report)
        else if (looks === SETTLE_LOOKS) reports.set(callId, abandoned(callId))
        else unsettled.push(callId)
      }
      open = unsettled
    }
    return callIds.map((callId) => reports.get(callId)!)
  }

  async function dial(request: DialRequest): Promise<DialResult> {
    const { callId, to } = request
    checkIds(callId)
    if (!isE164(to)) return { outcome: 'refused', reason: 'invalid_number', detail: 'The number is not E.164.' }
    const endpoint = endpointOf(routes, to)
    const fault = (detail: string): DialResult => {
      line.free(callId)
      return { outcome: 'refused', reason: 'provider_fault', detail, retryAfterMs: RETRY_AFTER_MS }
    }
    // Says nothing about the number. Who asks `reaches` does not come here.
    if (endpoint === undefined) return fault('ASTERISK_ROUTES has no route for this country.')
    const seat = seats.get(request.seat)
    try {
      if (known(callId) || endings.get(callId)) return DUPLICATE
      await records?.refresh()
      if (records?.find(callId)) return DUPLICATE
      // Nobody would hear of it.
      if (seat && !seat.stands) return fault('The connection to Asterisk is gone.')
      if (!(await line.take(callId))) {
        return { outcome: 'refused', reason: 'congested', detail: 'All lines are taken.', retryAfterMs: RETRY_AFTER_MS }
      }
      // The same request at the same time: the line is that one's.
      if (known(callId)) return DUPLICATE
    } catch (error) {
      if (error instanceof TelephonyUnavailableError) return fault(error.message)
      throw error
    }
    const app = prefix + request.seat
    const appArgs = argumentsOf(request)
    const call = seat?.begin(callId, to, request.maxDurationMs)
    const forget = () => {
      if (call) seat?.forget(call)
    }
    try {
      const created = await ari.request('POST', '/channels/create', {
        endpoint,
        app,
        appArgs,
        channelId: callId,
        variables: {
          // For a channel that calls out, the caller is who is called.
          'CALLERID(num)': to,
          'CALLERID(name)': `${app},${appArgs}`,
          // `i`: or it is told to the trunk once more, by a re-INVITE at the answer.
          ...((request.from ?? callerId) && { 'CONNECTEDLINE(num,i)': request.from ?? callerId }),
          // When this process dies it ends nevertheless. The answer sets another.
          'TIMEOUT(absolute)': String((request.ringTimeoutMs + UNANSWERED_MARGIN_MS) / 1_000),
        },
      })
      if (created.status === 409) {
        forget()
        line.free(callId)
        return DUPLICATE
      }
      if (created.status !== 200) {
        forget()
        return fault(complaintOf(created))
      }
      line.made(callId)
      return await ring(request)
    } catch (error) {
      if (!(error instanceof AriUnreachableError)) throw error
      if (error.unsent && !call?.isMade) {
        forget()
        return fault(error.message)
      }
      line.made(callId)
      giveUp(call, forget)
      return { outcome: 'unknown', detail: error.message }
    }
  }

  /** Nobody can tell whether the request has reached Asterisk. */
  function giveUp(call: Call | undefined, forget: () => void): void {
    if (!call || call.isMade) return
    call.giveUp()
    setTimeout(() => {
      if (!call.isMade) forget()
    }, settlesWithinMs()).unref()
  }

  // The look at the lines, the channel, its mark, and the dialling; each with its own deadline.
  const settlesWithinMs = () => 4 * requestTimeoutMs + DIAL_MS

  /** Dials a channel that is there. Until then no phone can ring. */
  async function ring({ callId, ringTimeoutMs }: DialRequest): Promise<DialResult> {
    const timeout = Math.max(1, Math.ceil(ringTimeoutMs / 1_000))
    await known(callId)?.entered(ENTERS_WITHIN_MS)
    // Said before: whoever takes the call over tells by it whether a phone may be about to ring.
    let path = 'variable'
    for (const until = Date.now() + DIAL_MS; ; ) {
      const isDialling = path === 'dial'
      const answer = await ari.request('POST', `/channels/${callId}/${path}`, isDialling ? { timeout } : DIALLED)
      if (isDialling && answer.status < 300) {
        known(callId)?.dials()
        return { outcome: 'accepted' }
      }
      // An Asterisk that cannot be told so dials nevertheless.
      if (!isDialling && answer.status !== 404 && answer.status !== 409) {
        path = 'dial'
        continue
      }
      // It is not in its application yet.
      if (answer.status === 409 && Date.now() < until) {
        await sleep(DIAL_AGAIN_MS)
        continue
      }
      // It will not be dialled by anybody. 404: it went before, as it does when nobody listens to its application.
      if (answer.status !== 404) await ari.request('DELETE', `/channels/${callId}`)
      if (!endings.get(callId)) endings.keep(callId, notDialled(new Date(now())))
      line.free(callId)
      return { outcome: 'unknown', detail: complaintOf(answer) }
    }
  }

  /** A call that this process does not follow, as it is at this moment. */
  async function stranger(callId: string): Promise<Call | undefined> {
    const answer = await ask('GET', `/channels/${callId}`, 404)
    const live = answer.status === 404 ? undefined : liveCallOf(jsonOf<AriChannel>(answer), prefix)
    if (!live) return undefined
    const { to, maxDurationMs, stage } = live
    const call = new Call(callDeps, { id: callId, app: prefix + live.seat, to, maxDurationMs }, () => {}, false)
    call.stage = stage
    return call
  }

  const telephony: Telephony = {
    async capabilities() {
      await ask('GET', '/asterisk/ping')
      await records?.refresh()
      return {
        lines,
        remembers: records?.areTold ?? false,
        dialSettlesWithinMs: settlesWithinMs(),
      }
    },

    async listen(name, listener) {
      const order = new EventOrder(listener, logger)
      const before = seats.get(name)
      await before?.close()
      return new Promise((resolve, reject) => {
        const seat: Seat = new Seat({
          ...callDeps,
          app: prefix + name,
          prefix,
          holder,
          pingMs,
          list: async () => {
            const live = await listCalls()
            await records?.refresh().catch((error) => logger.warn({ err: error }, 'the call records cannot be read'))
            return [...live.values()].filter((call) => call.seat === name)
          },
          recorded: (callId) => records?.find(callId),
          publish: (event) => order.add(event, () => {}),
          heardAt(at) {
            skewMs = at.getTime() - clock.now().getTime()
          },
          ended(callId, ending) {
            endings.keep(callId, ending)
            line.free(callId)
            records?.expect(callId)
          },
          connected() {
            listener.connected?.()
            resolve({
              async close() {
                await seat.close()
                if (seats.get(name) === seat) seats.delete(name)
                order.stop()
                await order.idle()
              },
            })
          },
          disconnected: () => listener.disconnected?.(),
          replaced() {
            if (seats.get(name) === seat) seats.delete(name)
            order.stop()
            reject(new TelephonyUnavailableError('another has taken the seat'))
            listener.replaced?.()
          },
          closed: () => reject(new TelephonyUnavailableError('closed before there was a connection')),
        })
        seats.set(name, seat)
      })
    },

    dial,

    async command(callId, command): Promise<CommandResult> {
      checkIds(callId, command.id)
      try {
        if (endings.get(callId)) return { outcome: 'gone' }
        const call = known(callId) ?? (await stranger(callId))
        return call ? await call.command(command) : { outcome: 'gone' }
      } catch (error) {
        if (error instanceof AriUnreachableError || error instanceof TelephonyUnavailableError) {
          return { outcome: 'unknown', detail: error.message }
        }
        throw error
      }
    },

    reconcile,

    async active(): Promise<ActiveCall[]> {
      const calls = [...(await listCalls()).values()].filter(({ callId }) => !endings.get(callId))
      return calls.map((call) => ({ callId: call.callId, seat: call.seat, to: call.to, stage: stageOf(call) }))
    },

    reaches: (number) => endpointOf(routes, number) !== undefined,

    async recording(callId, commandId) {
      checkIds(callId, commandId)
      const answer = await ask('GET', `/recordings/stored/${recordingName(callId, commandId)}/file`, 404)
      return answer.status === 404 ? undefined : new Uint8Array(answer.bytes)
    },

    async discardRecording(callId, commandId) {
      checkIds(callId, commandId)
      await ask('DELETE', `/recordings/stored/${recordingName(callId, commandId)}`, 404)
    },

    async close() {
      await Promise.all([...seats.values()].map((seat) => seat.close()))
      seats.clear()
      await records?.close()
      await ari.close()
    },
  }
  return telephony
}

const DUPLICATE: DialResult = { outcome: 'refused', reason: 'duplicate', detail: 'The id was dialled before.' }

function instantIn(callId: string): Date | undefined {
  const [, high, low] = callId.match(UUID_V7) ?? []
  return high === undefined ? undefined : new Date(Number.parseInt(`${high}${low}`, 16))
}
