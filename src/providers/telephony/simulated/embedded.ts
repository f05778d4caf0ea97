import { setTimeout as sleep } from 'node:timers/promises'
import type { Telephony } from '../telephony.ts'
import { type LocalOptions, localCarrier } from './local.ts'

/** A clock that was set is noticed after this long. */
const LOOK_EVERY_MS = 250
const REMEMBERED = 10_000

/**
 * The simulated carrier within the server's own process, in real time: what `npm start` calls with. Its calls end with
 * the process and are forgotten: asked about one that it does not know, it answers `unknown`.
 *
 * @param options.speed how much faster than the wall's its clock runs; `clock` must run as fast.
 */
export function embeddedCarrier(options: LocalOptions & { speed?: number }): Telephony {
  const { clock, speed = 1 } = options
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const arm = () => {
    clearTimeout(timer)
    const next = carrier.exchange.nextDue()
    if (next === undefined || closed) return
    const wait = Math.max(0, (next - clock.now().getTime()) / speed)
    timer = setTimeout(run, Math.min(wait, LOOK_EVERY_MS))
  }
  const run = () => {
    carrier.exchange.runDue(clock.now().getTime())
    arm()
  }
  const carrier = localCarrier(
    { remembered: REMEMBERED, ...options },
    {
      remembers: false,
      onPlanned: arm,
      async travel(ms) {
        if (ms > 0) await sleep(ms / speed)
      },
    },
  )
  return {
    ...carrier.telephony,
    async close() {
      closed = true
      clearTimeout(timer)
      await carrier.telephony.close()
    },
  }
}
