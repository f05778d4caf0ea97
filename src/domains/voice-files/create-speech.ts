import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { parse, text } from '../../platform/validation.ts'
import { MAX_TEXT } from '../../providers/speech/index.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { PENDING_MS, type VoiceFileDeps } from './deps.ts'
import { NAMING } from './fields.ts'
import { insertVoiceFile } from './store.ts'
import { prepareVoiceFileTask } from './tasks.ts'

/** contract/multisender.md 5.11 (57). */
export const MAX_WORDS = 80

export interface CreateSpeechInput {
  /** 1 to 200 characters. */
  name: string
  /** Up to 2,000 characters. */
  description?: string | null
  /** What is said: plain text with at least one letter or digit, and at most MAX_WORDS words between spaces. */
  text: string
  /** The code of one of `listVoices`. */
  voice: string
  idempotencyKey?: string | null
}

const words = (value: string) => value.split(/\s+/).filter((word) => word !== '').length

/** What a voice can be asked to say: plain text with something in it, and at most MAX_WORDS words. */
export const speechText = text(MAX_TEXT)
  .refine((value) => words(value) <= MAX_WORDS, {
    params: { rule: 'too_many_words' },
    message: `must have at most ${MAX_WORDS} words`,
  })
  .refine((value) => /[\p{L}\p{N}]/u.test(value), {
    params: { rule: 'nothing_to_say' },
    message: 'must have a letter or a digit',
  })

/**
 * Makes a voice file of what a voice says. It is pending until a job of the queue has synthesised and converted it.
 * Throws INSUFFICIENT_SCOPE (`voiceFiles:write`), SPEECH_UNAVAILABLE, VALIDATION_FAILED, IDEMPOTENCY_CONFLICT.
 */
export async function createSpeech(
  { world, queue, speech }: Pick<VoiceFileDeps, 'world' | 'queue' | 'speech'>,
  viewer: Viewer,
  { idempotencyKey, ...input }: CreateSpeechInput,
): Promise<{ id: string }> {
  requireScope(viewer, 'voiceFiles:write')
  const codes = speech.voices().map(({ code }) => code)
  if (codes.length === 0) {
    throw new ExpectedError('SPEECH_UNAVAILABLE', 'This server has no text to speech; upload a recording instead.')
  }
  const voices = z.string().refine((code) => codes.includes(code), {
    params: { rule: 'unknown_option' },
    message: `must be one of ${codes.join(', ')}`,
  })
  const {
    name,
    description = null,
    text,
    voice,
  } = parse(z.object({ ...NAMING, text: speechText, voice: voices }), input)
  const { workspaceId } = viewer
  const now = world.clock.now()
  return world.events.write(workspaceId, (tx, emit) =>
    once(tx, { workspaceId, key: idempotencyKey, operation: 'createSpeech', input, now }, async () => ({
      id: await addSpeech({ world, queue }, tx, emit, workspaceId, { name, description, text, voice }),
    })),
  )
}

/** For who needs speech within a change of its own; what is said was judged before. Returns the id of the voice file. */
export async function addSpeech(
  { world, queue }: Pick<VoiceFileDeps, 'world' | 'queue'>,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  speech: { name: string; description: string | null; text: string; voice: string },
): Promise<string> {
  const now = world.clock.now()
  const id = world.newId()
  const legacyId = await takeLegacyIds(tx, workspaceId, 'voiceFile')
  await insertVoiceFile(tx, {
    ...{ id, workspaceId, legacyId, ...speech, kind: 'speech', now, dueAt: new Date(now.getTime() + PENDING_MS) },
    ...{ fileName: null, size: null, sha256: null },
  })
  await queue.send(prepareVoiceFileTask, { workspaceId, voiceFileId: id }, { tx })
  emit('voiceFile.created', { voiceFileId: id })
  return id
}
