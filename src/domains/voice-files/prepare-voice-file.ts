import { createHash } from 'node:crypto'
import { type Audio, AudioError, type AudioFacts, encodeWav } from '../../providers/audio/index.ts'
import { type Speech, SpeechError } from '../../providers/speech/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import type { World } from '../world.ts'
import { removeBytes } from './remove-bytes.ts'
import { storageKey, type VoiceFileForm } from './storage-keys.ts'
import { findPending, isLiving, markFailed, markReady, type PendingRow, type VoiceFileFailure } from './store.ts'

export interface PrepareDeps {
  world: World
  storage: Storage
  speech: Speech
  audio: Audio
}

export interface PrepareOptions {
  signal: AbortSignal
  /** Whether nobody will try again, so that whatever goes wrong makes the voice file `failed`. */
  last: boolean
}

/** Told by its content, which is also what is served. */
const MEDIA_TYPES: Readonly<Record<AudioFacts['container'], string>> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  webm: 'audio/webm',
  mp4: 'audio/mp4',
  adts: 'audio/aac',
  flac: 'audio/flac',
}

/**
 * Makes a pending voice file ready: says its text when it has one, and converts. What cannot be is settled as failed;
 * what may go better later rejects, unless it is the last try. May run any number of times, also at the same time: it
 * writes the same objects, and the row takes one result only.
 */
export async function prepareVoiceFile(
  deps: PrepareDeps,
  { workspaceId, voiceFileId: id }: { workspaceId: string; voiceFileId: string },
  { signal, last }: PrepareOptions,
): Promise<void> {
  const { world, storage } = deps
  const file = await findPending(world.db, workspaceId, id)
  if (file) {
    try {
      const facts = await convert(deps, file, signal)
      await world.events.write(workspaceId, async (tx, emit) => {
        if (await markReady(tx, file, facts, world.clock.now())) emit('voiceFile.ready', { voiceFileId: id })
      })
    } catch (error) {
      signal.throwIfAborted()
      const verdict = verdictOn(error, last)
      if (!verdict) throw error
      await fail(world, file, verdict.failure, verdict.message)
    }
  }
  // Deleted before or meanwhile, and maybe swept: what was written since, here or by a process that died, goes now.
  if (!(await isLiving(world.db, workspaceId, id))) await removeBytes(storage, workspaceId, id)
}

/** Settles a voice file that is still pending as failed, and says so. */
export async function fail(
  world: World,
  file: { id: string; workspace_id: string },
  failure: VoiceFileFailure,
  message: string,
): Promise<void> {
  await world.events.write(file.workspace_id, async (tx, emit) => {
    if (await markFailed(tx, file, failure, message, world.clock.now())) {
      emit('voiceFile.failed', { voiceFileId: file.id, reason: failure })
    }
  })
}

async function convert({ storage, speech, audio }: PrepareDeps, file: PendingRow, signal: AbortSignal) {
  const keyOf = (form: VoiceFileForm) => storageKey(file.workspace_id, file.id, form)
  const { text, voice } = file
  if (text !== null && voice !== null) await speak(storage, speech, keyOf('original'), { text, voice, signal })
  const stored = await storage.read(keyOf('original'))
  if (!stored) throw new Error(`the bytes of the voice file ${file.id} are not in storage`)
  const hash = createHash('sha256')
  async function* source() {
    for await (const chunk of stored!.stream as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      yield chunk
    }
  }
  const { facts, files } = await audio
    .convert(source(), ['mp3', 'wav8k'], { signal })
    .finally(() => stored.stream.destroy())
  await storage.write(keyOf('mp3'), once(files.mp3))
  await storage.write(keyOf('wav'), once(files.wav8k))
  return {
    size: stored.size,
    sha256: hash.digest('hex'),
    durationSeconds: facts.durationMs / 1_000,
    mediaType: MEDIA_TYPES[facts.container],
    mp3Size: files.mp3.length,
    wavSize: files.wav8k.length,
  }
}

/** What an earlier try has said stays: a voice may say the same text differently, and conversions must be of one. */
async function speak(
  storage: Storage,
  speech: Speech,
  key: string,
  request: { text: string; voice: string; signal: AbortSignal },
): Promise<void> {
  const before = await storage.read(key)
  before?.stream.destroy()
  if (before) return
  const { samples, sampleRate } = await speech.synthesize(request)
  await storage.write(key, once(encodeWav(samples, sampleRate)))
}

/** Why the voice file has failed for good; undefined when it may be tried again. */
function verdictOn(error: unknown, last: boolean): { failure: VoiceFileFailure; message: string } | undefined {
  if (error instanceof AudioError && !error.retryable) {
    return { failure: error.refusal as VoiceFileFailure, message: error.message }
  }
  if (error instanceof SpeechError && (last || !error.retryable)) {
    return { failure: 'speech_failed', message: error.message }
  }
  // The message of anything else is for the operator, and in the log of the tries before.
  return last ? { failure: 'failed', message: 'it could not be converted; the log of the server says why' } : undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
