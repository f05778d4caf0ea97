import type { Tx } from '../../db/database.ts'
import { wasRefused } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import { type ErrorCode, ExpectedError } from '../../platform/errors.ts'
import { type OnceOptions, once } from '../idempotency.ts'
import type { World } from '../world.ts'
import type { Entry, Outcome } from './entry.ts'
import { WordNumbers } from './word-store.ts'
import { writeBatch } from './write-batch.ts'

/**
 * Gathers messages of many callers into few transactions: while one is committed, those that come meanwhile wait for
 * the next. Made once per process.
 */
export interface MessageWriter {
  /**
   * Stores entries in their order and resolves, once they are committed, to what became of each. With `also`, they have
   * a transaction to themselves, which it is part of; when that throws nothing is stored.
   */
  write(
    workspaceId: string,
    entries: readonly Entry[],
    also?: (tx: Tx, outcomes: Outcome[], emit: Emit) => Promise<void>,
  ): Promise<Outcome[]>
  /** The same, but once only for one key: later the outcomes of the first time are returned. */
  writeOnce(workspaceId: string, entries: readonly Entry[], key: WriteKey): Promise<Outcome[]>
  /** Resolves when nothing is being written any more. */
  idle(): Promise<void>
}

export type WriteKey = Pick<OnceOptions, 'key' | 'operation' | 'input'>

/** How many entries one transaction takes of several callers. */
const GATHERED = 2_000

interface Request {
  entries: readonly Entry[]
  /** Runs the request by itself; absent: it may share a transaction. */
  alone?: () => Promise<Outcome[]>
  done(outcomes: Outcome[]): void
  failed(error: unknown): void
}

export function createMessageWriter(world: World): MessageWriter {
  const deps = { world, words: new WordNumbers() }
  const queues = new Map<string, Request[]>()
  const running = new Map<string, Promise<void>>()

  async function inTransaction(
    workspaceId: string,
    entries: readonly Entry[],
    around: (tx: Tx, emit: Emit, write: () => Promise<Outcome[]>) => Promise<Outcome[]>,
  ): Promise<Outcome[]> {
    let written: Awaited<ReturnType<typeof writeBatch>> | undefined
    let isOnItsWay = false
    try {
      const outcomes = await world.events.write(
        workspaceId,
        (tx, emit) => {
          // Of a transaction that was given up nothing counts; the key of `writeOnce` may be somebody else's by now.
          written = undefined
          isOnItsWay = false
          return around(tx, emit, async () => {
            written = await writeBatch(deps, tx, emit, workspaceId, entries)
            return written.outcomes
          })
        },
        () => {
          isOnItsWay = true
          return written?.writes ?? []
        },
      )
      written?.commit()
      return outcomes
    } catch (error) {
      throw isOnItsWay && !wasRefused(error) ? new UnclearCommit(error) : error
    }
  }

  const plainly = (workspaceId: string, entries: readonly Entry[]) =>
    inTransaction(workspaceId, entries, (_tx, _emit, write) => write())

  async function run(workspaceId: string): Promise<void> {
    const queue = queues.get(workspaceId)!
    while (queue.length > 0) {
      const [first] = queue as [Request]
      if (first.alone) {
        queue.shift()
        await first.alone().then(first.done, first.failed)
        continue
      }
      const batch: Request[] = []
      for (
        let entries = 0;
        queue[0] && !queue[0].alone && (batch.length === 0 || entries + queue[0].entries.length <= GATHERED);
      ) {
        const next = queue.shift()!
        batch.push(next)
        entries += next.entries.length
      }
      await writeTogether(workspaceId, batch)
    }
    queues.delete(workspaceId)
    running.delete(workspaceId)
  }

  async function writeTogether(workspaceId: string, batch: readonly Request[]): Promise<void> {
    try {
      const outcomes = await plainly(
        workspaceId,
        batch.flatMap(({ entries }) => entries),
      )
      let from = 0
      for (const { entries, done } of batch) {
        done(outcomes.slice(from, from + entries.length))
        from += entries.length
      }
    } catch (error) {
      // What may be stored must not be stored again.
      if (batch.length === 1 || error instanceof UnclearCommit) {
        for (const { failed } of batch) failed(error)
        return
      }
      // What one of them broke is not the others' fault.
      for (const { entries, done, failed } of batch) await plainly(workspaceId, entries).then(done, failed)
    }
  }

  function enqueue(
    workspaceId: string,
    entries: readonly Entry[],
    alone?: () => Promise<Outcome[]>,
  ): Promise<Outcome[]> {
    return new Promise((done, failed) => {
      const request: Request = { entries, done, failed, ...(alone && { alone }) }
      const queue = queues.get(workspaceId)
      if (queue) queue.push(request)
      else {
        queues.set(workspaceId, [request])
        // Those that come in the same turn of the event loop are written together.
        running.set(
          workspaceId,
          new Promise<void>((resolve) => setImmediate(resolve)).then(() => run(workspaceId)),
        )
      }
    })
  }

  return {
    async write(workspaceId, entries, also) {
      if (!also) return entries.length === 0 ? [] : enqueue(workspaceId, entries)
      return enqueue(workspaceId, entries, () =>
        inTransaction(workspaceId, entries, async (tx, emit, write) => {
          const outcomes = await write()
          await also(tx, outcomes, emit)
          return outcomes
        }),
      )
    },
    async writeOnce(workspaceId, entries, key) {
      const now = world.clock.now()
      return enqueue(workspaceId, entries, () =>
        inTransaction(workspaceId, entries, async (tx, _emit, write) => {
          const told = await once(tx, { ...key, workspaceId, now }, async () => (await write()).map(toPlain))
          return told.map(fromPlain)
        }),
      )
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

/** The connection broke after the commit was sent, so nobody knows whether it was carried out. */
class UnclearCommit extends Error {
  constructor(cause: unknown) {
    super('it is not known whether messages were stored: the answer to the commit was lost', { cause })
  }
}

/** An outcome as JSON carries it. */
type PlainOutcome =
  | Extract<Outcome, { ok: true }>
  | {
      ok: false
      code: ErrorCode
      message: string
      path: readonly (string | number)[]
      details: Record<string, unknown>
    }

function toPlain(outcome: Outcome): PlainOutcome {
  if (outcome.ok) return outcome
  const { code, message, path, details } = outcome.error
  return { ok: false, code, message, path, details: { ...details } }
}

function fromPlain(outcome: PlainOutcome): Outcome {
  if (outcome.ok) return outcome
  const { code, message, path, details } = outcome
  return { ok: false, error: new ExpectedError(code, message, { path: [...path], details }) }
}
