import { z } from 'zod'

/** A kind of background work. One piece of it, queued with a payload, is a job. */
export interface Task<Payload extends z.ZodObject = z.ZodObject> {
  /** Also the name in the database, so a rename leaves the jobs behind that wait under the old one. */
  readonly name: string
  /** What JSON can carry: ids and small facts, since finished jobs are kept for a week and erasure does not look there. */
  readonly payload: Payload
  /** How many times a failed job is tried again. Default 3. */
  readonly retryLimit: number
  /** Seconds before the first retry; they about double with each, up to an hour. Default 30. */
  readonly retryDelay: number
  /** Seconds an attempt may take before it counts as failed; up to a day. Default 900. */
  readonly expireInSeconds: number
  /** Also queued by itself, with the payload `{}`, at these minutes (cron expression, UTC, the database's clock). */
  readonly cron?: string
}

export type TaskDefinition<Payload extends z.ZodObject> = Pick<Task<Payload>, 'name' | 'payload' | 'cron'> &
  Partial<Omit<Task, 'name' | 'payload' | 'cron'>>

export interface JobContext {
  /** Aborted when the job's time is up, when another process has taken it over, and when the queue gives up waiting to stop. */
  signal: AbortSignal
  /** Counts from 1. */
  attempt: number
}

/** Must bear being run again: a job whose process dies, or that fails after its effect, is run once more. */
export type Handler<Payload extends z.ZodObject> = (
  payload: z.output<Payload>,
  context: JobContext,
) => Promise<void> | void

/** A task together with what runs it; made by `implementTask`. */
export interface Implementation {
  readonly task: Task
  /** How many jobs of the task this process runs at once. */
  readonly atOnce: number
  run(data: unknown, context: JobContext): Promise<void>
}

/** Throws when a task with `cron` has a payload that refuses `{}`. */
export function defineTask<Payload extends z.ZodObject>(definition: TaskDefinition<Payload>): Task<Payload> {
  const task = { retryLimit: 3, retryDelay: 30, expireInSeconds: 900, ...definition }
  if (task.cron !== undefined) readPayload(task, {})
  return task
}

export function implementTask<Payload extends z.ZodObject>(
  task: Task<Payload>,
  handler: Handler<Payload>,
  { atOnce = 1 }: { atOnce?: number } = {},
): Implementation {
  return {
    task,
    atOnce,
    async run(data, context) {
      await handler(readPayload(task, data), context)
    },
  }
}

/** The payload as the handler gets it. A payload that does not fit is a defect of whoever queued it, not a caller's. */
export function readPayload<Payload extends z.ZodObject>(task: Task<Payload>, data: unknown): z.output<Payload> {
  const result = task.payload.safeParse(data)
  if (!result.success) throw new Error(`the payload of ${task.name} does not fit: ${z.prettifyError(result.error)}`)
  return result.data
}
