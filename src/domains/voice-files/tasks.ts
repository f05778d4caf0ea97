import { z } from 'zod'
import { defineTask } from '../../queue/index.ts'

/**
 * Synthesises a voice file that is spoken, and converts it. Two hours: the longest conversion that AUDIO_TIMEOUT allows,
 * and the wait for those before it.
 */
export const prepareVoiceFileTask = defineTask({
  name: 'prepare-voice-file',
  payload: z.object({ workspaceId: z.uuid(), voiceFileId: z.uuid() }),
  expireInSeconds: 7_200,
})
