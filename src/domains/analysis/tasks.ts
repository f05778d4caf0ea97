import { z } from 'zod'
import { defineTask } from '../../queue/index.ts'

/**
 * Prepares the sound of an answer, transcribes it, and judges whether a follow-up is to be asked. Two hours: the longest
 * conversion that AUDIO_TIMEOUT allows, and the wait for those before it.
 */
export const processAnswerTask = defineTask({
  name: 'process-answer',
  payload: z.object({ workspaceId: z.uuid(), answerId: z.uuid() }),
  expireInSeconds: 7_200,
})

/** Finds all that can be found in a submitted response, and says so. */
export const analyzeResponseTask = defineTask({
  name: 'analyze-response',
  payload: z.object({ workspaceId: z.uuid(), responseId: z.uuid() }),
  expireInSeconds: 7_200,
})

/** Has the recordings of a link listened to again, some responses at a time. */
export const retranscribeLinkTask = defineTask({
  name: 'retranscribe-link',
  payload: z.object({ workspaceId: z.uuid(), linkId: z.uuid(), all: z.boolean(), askedAt: z.iso.datetime() }),
})

/** Has the responses of a link analysed again, some at a time. */
export const reanalyzeLinkTask = defineTask({
  name: 'reanalyze-link',
  payload: z.object({ workspaceId: z.uuid(), linkId: z.uuid(), all: z.boolean(), askedAt: z.iso.datetime() }),
})

/** Settles what was given up: a process that dies is noticed after a minute, four times. */
export const settleAbandonedTask = defineTask({
  name: 'settle-abandoned',
  payload: z.object({}),
  cron: '*/5 * * * *',
})
