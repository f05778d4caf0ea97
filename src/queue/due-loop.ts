import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'

export interface DueLoopDeps {
  clock: Clock
  logger: Logger
  /** How long to rest after a check found nothing to do, or failed. Milliseconds. */
  everyMs: number
}

export interface DueLoop {
  /**
   * Registers a check: it looks for rows whose `due_at` has come, does some, and returns how many. It is run again at
   * once as long as it did any, so it must not count what it leaves due. `nextDue` tells when it is worth looking again,
   * if that is sooner than the loop would. Throws when the name is taken.
   */
  add(name: string, run: () => Promise<number>, nextDue?: () => Promise<Date | undefined>): void
  start(): void
  /** Runs a check soon, without waiting for its turn: something for it to do has come up in this process. */
  wake(name: string): void
  /** Runs every check that is due by Clock until it finds nothing; of one that runs already it awaits the end. */
  tick(): Promise<void>
  /** No check begins any more; resolves when those that run are done. */
  stop(): Promise<void>
}

/** How soon a check is run again that did nothing although something is due: somebody else may be at it. */
const LEFT_DUE_MS = 250

interface Check {
  name: string
  run: () => Promise<number>
  nextDue: (() => Promise<Date | undefined>) | undefined
  /** By Clock, milliseconds since the epoch. */
  nextAt: number
  running?: Promise<void>
  /** Woken while it ran: what it was woken for may have come after it looked. */
  again?: boolean
}

/** Does what has a moment of its own (`due_at`), each check by itself, so that a slow one holds up no other. */
export function createDueLoop({ clock, logger, everyMs }: DueLoopDeps): DueLoop {
  const checks = new Map<string, Check>()
  let timer: NodeJS.Timeout | undefined
  let started = false
  let stopped = false

  /** Milliseconds until the check is due. A clock that was set back makes it due, rather than silent for that long. */
  function wait({ nextAt }: Check): number {
    const ms = nextAt - clock.now().getTime()
    return ms > everyMs ? 0 : Math.max(0, ms)
  }

  async function drain(check: Check): Promise<void> {
    let due: Date | undefined
    try {
      while (!stopped && (await check.run()) > 0) await nextTurn()
      due = stopped ? undefined : await check.nextDue?.()
    } catch (error) {
      logger.error({ err: error, check: check.name }, 'a check of what is due failed')
    }
    const now = clock.now().getTime()
    // What is due all the same was left by the check, which will not find it a moment later either.
    const soonest = Math.max(due?.getTime() ?? Number.POSITIVE_INFINITY, now + Math.min(everyMs, LEFT_DUE_MS))
    check.nextAt = check.again ? now : Math.min(now + everyMs, soonest)
    check.again = false
    check.running = undefined
    arm()
  }

  async function tick(): Promise<void> {
    if (stopped) return
    for (const check of checks.values()) {
      if (!check.running && wait(check) === 0) check.running = drain(check)
    }
    await Promise.all([...checks.values()].map((check) => check.running))
  }

  function arm(): void {
    clearTimeout(timer)
    const resting = [...checks.values()].filter((check) => !check.running)
    if (!started || stopped || resting.length === 0) return
    timer = setTimeout(
      () => {
        void tick()
        arm()
      },
      Math.min(...resting.map(wait)),
    )
  }

  return {
    add(name, run, nextDue) {
      if (checks.has(name)) throw new Error(`two checks are called ${name}`)
      checks.set(name, { name, run, nextDue, nextAt: clock.now().getTime() })
      arm()
    },
    start() {
      started = true
      arm()
    },
    wake(name) {
      const check = checks.get(name)
      if (!check) throw new Error(`no check is called ${name}`)
      if (check.running) check.again = true
      else check.nextAt = clock.now().getTime()
      arm()
    },
    tick,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await Promise.all([...checks.values()].map((check) => check.running))
    },
  }
}
