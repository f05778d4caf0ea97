import { z } from 'zod'
import { defineTask } from '../queue/index.ts'

/** Removes events that are older than their workspace keeps them. */
export const pruneEventsTask = defineTask({ name: 'prune-events', payload: z.object({}), cron: '7 * * * *' })

/** Removes deliveries of webhooks that are older than their workspace keeps events; before the events themselves go. */
export const pruneDeliveriesTask = defineTask({ name: 'prune-deliveries', payload: z.object({}), cron: '3 * * * *' })

/** Reduces messages that are older than their workspace keeps them. */
export const reduceMessagesTask = defineTask({
  name: 'reduce-messages',
  payload: z.object({}),
  cron: '37 * * * *',
  expireInSeconds: 3_500,
})

/** Keeps what is read of conversations in a way that is read faster, once nothing more comes for them. */
export const settleMetricsTask = defineTask({
  name: 'settle-metrics',
  payload: z.object({}),
  cron: '*/10 * * * *',
  expireInSeconds: 3_500,
})

/** Removes idempotency keys past their time. */
export const forgetIdempotencyKeysTask = defineTask({
  name: 'forget-idempotency-keys',
  payload: z.object({}),
  cron: '23 3 * * *',
})
