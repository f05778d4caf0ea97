import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SendOptions as BossOptions, type Db, type Job, PgBoss } from 'pg-boss'
import type { z } from 'zod'
import type { Database, Queryable, Tx } from '../db/database.ts'
import { json, sql } from '../db/sql.ts'
import type { Logger } from '../platform/logger.ts'
import { type Implementation, readPayload, type Task } from './task.ts'

export interface QueueDeps {
  db: Database
  logger: Logger
  /**
   * Seconds between two looks for a task's next job while there is none; at least 0.5. Default 2: a look takes 1 ms of
   * the embedded database's only session, so even 40 tasks leave 98 % of it to requests, and background work bears the
   * wait. After a job the next one is fetched at once.
   */
  pollSeconds?: number
}

export interface StartOptions {
  /** Whether this process runs jobs, queues those of `cron` and looks after the tables; otherwise it only sends. */
  work: boolean
}

export interface SendOptions {
  /** Queued in this transaction: the job exists exactly when the change does. */
  tx?: Tx
  /** Not queued when a job of the task with this key still waits for its first attempt. */
  singletonKey?: string
  /** Seconds before the job may run. What has a moment of its own belongs on its row as `due_at`, under Clock. */
  startAfter?: number
}

/** How many jobs of a task are in a state: `created`, `retry` (both wait), `active`, `failed` or `cancelled`. */
export interface JobCount {
  task: string
  state: string
  count: number
}

export interface Queue {
  /**
   * Makes the tables and queues that are missing, then starts to work. Call it once, with all implementations whatever
   * the role, and await it before anything is sent.
   */
  start(implementations: readonly Implementation[], options: StartOptions): Promise<void>
  /** Throws when the payload does not fit, and before `start` is done. */
  send<Payload extends z.ZodObject>(
    task: Task<Payload>,
    payload: z.input<Payload>,
    options?: SendOptions,
  ): Promise<void>
  /** Has this process look for the next jobs of a task at once: some were queued a moment ago. */
  hurry(task: Task): void
  /**
   * The payloads of jobs of a task that failed for good in the last week, each once, as long as no job with the same
   * payload waits or runs; 1,000 at a time, the oldest first, after the first `skip`. They stay in it whatever is done
   * about them. With a `payload` only that one. Nothing before `start`.
   */
  abandoned<Payload extends z.ZodObject>(
    task: Task<Payload>,
    options?: { tx?: Tx; skip?: number; payload?: object },
  ): Promise<z.output<Payload>[]>
  /** What waits, runs or has failed in the last week, all processes together; nothing before `start`. */
  counts(): Promise<JobCount[]>
  /**
   * Takes no new jobs, and waits up to `graceMs` for those that run; what still runs then is aborted and given back to
   * the queue, for another process or the next start. The database is not used any more once this resolves, except by
   * handlers that ignore their signal.
   */
  stop(graceMs: number): Promise<void>
}

const UNIQUE_VIOLATION = '23505'
/** A process that died is noticed after this long without a sign of life, and its jobs are run again. */
const HEARTBEAT_SECONDS = 60
const RETRY_DELAY_MAX_SECONDS = 3_600
/** Dependent jobs, which are not used here; their look-up cannot be switched off alone. */
const FLOW_INTERVAL_SECONDS = 3_600
/** More at once is a fault of something else. */
const MOST_ABANDONED = 1_000
/** Each turn means that the waiting job was taken in between two statements. */
const MAX_SEND_TURNS = 10

/**
 * Background work in the database (pg-boss, schema `pgboss`), over our own connections. What a queue knows of time is
 * the database's clock.
 */
export function createQueue({ db, logger, pollSeconds = 2 }: QueueDeps): Queue {
  let starting: Promise<PgBoss> | undefined
  let started: PgBoss | undefined
  let stopping: Promise<void> | undefined
  let tasks: Task[] = []
  /** What fetches jobs here, by the name of the task. */
  const workers = new Map<string, string[]>()
  /** Ids of the jobs whose handler runs, with their task. */
  const running = new Map<string, string>()

  async function launch(implementations: readonly Implementation[], work: boolean): Promise<PgBoss> {
    const boss = new PgBoss({
      db: over(db),
      backend: db.kind === 'embedded' ? 'pglite' : 'postgres',
      supervise: work,
      schedule: work,
      flowIntervalSeconds: FLOW_INTERVAL_SECONDS,
      // Nothing but this process works on the embedded database, so nobody else vacuums or rebuilds behind its back.
      ...(db.kind === 'embedded' ? { reindex: false, monitorVacuum: false } : {}),
    })
    boss.on('error', (error) => logger.error({ err: error }, 'the queue met an error'))
    boss.on('warning', ({ message, data }) => logger.warn({ data }, message))
    try {
      await boss.start()
      await makeQueues(boss)
      if (work) await plan(boss)
      if (work) {
        for (const implementation of implementations) {
          // One worker each, since a worker that has done a job is told to look for the next by its id.
          for (let n = 0; n < implementation.atOnce; n++) await employ(boss, implementation)
        }
      }
      return boss
    } catch (error) {
      await boss.stop({ graceful: false })
      throw error
    }
  }

  async function makeQueues(boss: PgBoss): Promise<void> {
    const known = new Set((await boss.getQueues()).map((queue) => queue.name))
    for (const { name } of tasks) {
      if (known.has(name)) continue
      // `short`: one waiting job per key, see `send`.
      await boss.createQueue(name, { policy: 'short' })
      // Has pg-boss remember the queue, so that `send` within a transaction need not ask outside of it.
      await boss.findJobs(name, { id: randomUUID() })
    }
  }

  /** The schedules in the database become those of the tasks; a start that changes nothing writes nothing. */
  async function plan(boss: PgBoss): Promise<void> {
    const planned = new Map((await boss.getSchedules()).map((schedule) => [schedule.name, schedule]))
    for (const task of tasks) {
      const before = planned.get(task.name)
      planned.delete(task.name)
      if (task.cron === undefined) {
        if (before) await boss.unschedule(task.name)
        continue
      }
      // A machine that was off at the time, as laptops are at night, catches up once.
      const options = { ...jobOptions(task), missed: 'once' as const }
      if (before?.cron === task.cron && sameContent(before.options, options)) continue
      await boss.schedule(task.name, task.cron, {}, options)
    }
    for (const name of planned.keys()) await boss.unschedule(name)
  }

  async function employ(boss: PgBoss, { task, run }: Implementation): Promise<void> {
    const options = { batchSize: 1 as const, pollingIntervalSeconds: pollSeconds }
    const worker: string = await boss.work<object>(task.name, options, async ([job]) => {
      const { id, data, signal, retryCount } = job as Job<object>
      const attempt = retryCount + 1
      running.set(id, task.name)
      try {
        await run(data, { signal, attempt })
      } catch (error) {
        logger.error({ err: error, task: task.name, job: id, attempt }, 'a job failed')
        throw error
      } finally {
        running.delete(id)
        boss.notifyWorker(worker)
      }
    })
    workers.set(task.name, [...(workers.get(task.name) ?? []), worker])
  }

  async function shutDown(boss: PgBoss, graceMs: number): Promise<void> {
    const drained = Promise.all(tasks.map((task) => boss.offWork(task.name, { wait: true })))
    const impatience = new AbortController()
    await Promise.race([drained, sleep(graceMs, undefined, { signal: impatience.signal }).catch(() => {})])
    impatience.abort()
    const abandoned = [...running]
    // Fails what still runs, so that its late result counts for nothing, then aborts it.
    await boss.stop({ graceful: false })
    await drained
    for (const [id, task] of abandoned) {
      logger.warn({ task, job: id }, 'a job was given back unfinished')
      // That attempt must not have been its last, and the job need not wait for a fault that was not its own.
      await boss.retry(task, id)
      await boss.update({ name: task, options: { id, startAfter: 0 } })
    }
  }

  return {
    async start(implementations, { work }) {
      if (starting) throw new Error('the queue has started before')
      tasks = implementations.map((implementation) => implementation.task)
      const names = tasks.map((task) => task.name)
      const double = names.find((name, index) => names.indexOf(name) !== index)
      if (double !== undefined) throw new Error(`two tasks are called ${double}`)
      starting = launch(implementations, work).catch((error) => {
        // Of processes that start at once on an empty database one makes the queue's tables; then they are there.
        if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error
        return launch(implementations, work)
      })
      started = await starting
    },

    async send(task, payload, { tx, singletonKey, startAfter } = {}) {
      if (!started) throw new Error(`cannot queue ${task.name}: the queue has not started`)
      const data: object = JSON.parse(JSON.stringify(payload))
      readPayload(task, data)
      // Without a key all waiting jobs would count as one.
      const key = singletonKey ?? randomUUID()
      const options = {
        ...jobOptions(task),
        singletonKey: key,
        startAfter,
        db: over(tx ?? db),
      }
      for (let turn = 0; turn < MAX_SEND_TURNS; turn++) {
        if ((await started.send(task.name, data, options)) !== null) return
        // The job that waits must not run before our commit, when it would not see our change: fetching skips locked rows.
        const waiting = await (tx ?? db).query(
          sql`SELECT id FROM pgboss.job WHERE name = ${task.name} AND singleton_key = ${key} AND state = 'created'
              FOR SHARE`,
        )
        if (waiting.length > 0) return
      }
      throw new Error(`cannot queue ${task.name}: its key keeps being taken`)
    },

    hurry({ name }) {
      if (stopping) return
      for (const worker of workers.get(name) ?? []) started?.notifyWorker(worker)
    },

    async abandoned(task, { tx, skip = 0, payload } = {}) {
      if (!started) return []
      const only = payload === undefined ? null : json(payload)
      const rows = await (tx ?? db).query<{ data: object }>(
        sql`SELECT f.data FROM pgboss.job f
            WHERE f.name = ${task.name} AND f.state = 'failed' AND f.data = coalesce(${only}::jsonb, f.data)
              AND NOT EXISTS (
                SELECT 1 FROM pgboss.job o
                WHERE o.name = f.name AND o.data = f.data AND o.state IN ('created', 'retry', 'active'))
            GROUP BY f.data ORDER BY min(f.created_on), f.data
            OFFSET ${skip}::int LIMIT ${MOST_ABANDONED}::int`,
      )
      return rows.map(({ data }) => readPayload(task, data))
    },

    async counts() {
      if (!started) return []
      return db.query<JobCount>(
        sql`SELECT name AS task, state::text AS state, count(*)::int AS count FROM pgboss.job
            WHERE state <> 'completed' AND name = ANY(${tasks.map((task) => task.name)}::text[])
            GROUP BY 1, 2 ORDER BY 1, 2`,
      )
    },

    stop(graceMs) {
      stopping ??= (async () => {
        const boss = await starting?.catch(() => undefined)
        if (boss) await shutDown(boss, graceMs)
      })()
      return stopping
    },
  }
}

function over(queryable: Queryable): Db {
  return { executeSql: async (text, values) => ({ rows: await queryable.raw(text, values) }) }
}

/** Given with each job and not kept on its queue, so that a release that changes a task changes it at once. */
function jobOptions({ retryLimit, retryDelay, expireInSeconds }: Task): BossOptions {
  return {
    retryLimit,
    retryDelay,
    retryBackoff: true,
    retryDelayMax: RETRY_DELAY_MAX_SECONDS,
    expireInSeconds,
    heartbeatSeconds: HEARTBEAT_SECONDS,
  }
}

/** Whether two flat objects have the same entries, in any order. */
function sameContent(one: object | null | undefined, other: object): boolean {
  const text = (object: object) => JSON.stringify(Object.entries(object).toSorted())
  return one !== null && one !== undefined && text(one) === text(other)
}
