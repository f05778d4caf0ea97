import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../platform/clock.ts'
import type { Logger } from '../../../platform/logger.ts'
import { checkIds, type DialResult, type Listener, type Telephony } from '../telephony.ts'
import { Exchange, type ExchangeOptions } from './exchange.ts'
import { NO_FAULTS } from './faults.ts'
import { EventOrder } from './order.ts'
import { population } from './population.ts'
import { Switchboard } from './switchboard.ts'

export interface LocalOptions extends Partial<Pick<ExchangeOptions, 'people' | 'lines' | 'onEntry' | 'calledBefore'>> {
  clock: Clock
  faults?: Partial<ExchangeOptions['faults']>
  remembered?: number
  logger?: Pick<Logger, 'error'>
}

export const DEFAULT_LINES = 100

export interface LocalCarrier {
  telephony: Telephony
  exchange: Exchange
  /** Resolves when no listener has anything to do any more. */
  idle(): Promise<void>
}

/**
 * An exchange within this process, behind the port. Who drives it runs what is due; `onPlanned` is called when there may
 * be something new to be due. `remembers`: whether this exchange has heard of every call there ever was.
 */
export function localCarrier(
  options: LocalOptions,
  driver: { remembers: boolean; onPlanned: () => void; travel: (ms: number) => Promise<void> },
): LocalCarrier {
  const { clock, people = population(), lines = DEFAULT_LINES, logger } = options
  const faults = { ...NO_FAULTS, ...options.faults }
  const switchboard = new Switchboard({
    forgetful: faults.forgetful,
    onNewHolder: (seat) => exchange.forgetCollects(seat),
  })
  const exchange: Exchange = new Exchange({
    ...options,
    people,
    lines,
    faults,
    publish: (seat, event) => switchboard.publish(seat, event),
  })
  const orders = new Set<EventOrder>()
  const leaves = new Set<() => void>()
  const now = () => clock.now().getTime()

  return {
    exchange,
    async idle() {
      while ([...orders].some((order) => order.busy)) await Promise.all([...orders].map((order) => order.idle()))
    },
    telephony: {
      async capabilities() {
        return { lines, remembers: driver.remembers, dialSettlesWithinMs: 0 }
      },
      async listen(seat: string, listener: Listener) {
        const order = new EventOrder(listener, logger)
        orders.add(order)
        const attached = switchboard.attach(seat, randomUUID(), {
          deliver: (n, event) => order.add(event, () => attached.done(n)),
          replaced() {
            leave()
            listener.replaced?.()
          },
        })
        const leave = () => {
          attached.detach()
          order.stop()
          leaves.delete(leave)
        }
        leaves.add(leave)
        listener.connected?.()
        return {
          async close() {
            leave()
            await order.idle()
            orders.delete(order)
          },
        }
      },
      async dial(request): Promise<DialResult> {
        checkIds(request.callId)
        const fault = exchange.nextDialFault(request.to)
        await driver.travel(fault.delayMs)
        if (fault.lost === 'request') return { outcome: 'unknown', detail: 'The request was lost.' }
        const result = exchange.dial(request, now())
        driver.onPlanned()
        return fault.lost === 'answer' ? { outcome: 'unknown', detail: 'The answer was lost.' } : result
      },
      async command(callId, command) {
        checkIds(callId, command.id)
        const lost = exchange.nextCommandFault(callId, command.id)
        if (lost === 'request') return { outcome: 'unknown', detail: 'The request was lost.' }
        const result = exchange.command(callId, command, now())
        driver.onPlanned()
        return lost === 'answer' ? { outcome: 'unknown', detail: 'The answer was lost.' } : result
      },
      async reconcile(callIds) {
        return callIds.map(
          (callId) =>
            exchange.report(callId) ??
            (driver.remembers
              ? { callId, state: 'never_heard' }
              : { callId, state: 'unknown', detail: 'This carrier forgets when its process ends.' }),
        )
      },
      async active() {
        return exchange.active()
      },
      async recording(callId, commandId) {
        return exchange.recording(callId, commandId)
      },
      async discardRecording(callId, commandId) {
        exchange.discardRecording(callId, commandId, now())
      },
      async rehearsal(numbers) {
        const counts = new Map(numbers.map((number) => [number, exchange.timesCalled(number)]))
        return { people, lines, calledBefore: (number) => counts.get(number) ?? 0 }
      },
      async close() {
        for (const leave of leaves) leave()
        await Promise.all([...orders].map((order) => order.idle()))
      },
    },
  }
}
