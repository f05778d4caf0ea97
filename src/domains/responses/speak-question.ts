import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { sql } from '../../db/sql.ts'
import { ExpectedError, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { type Audio, AudioError, encodeWav } from '../../providers/audio/index.ts'
import { MAX_TEXT, type Speech, SpeechError, type Voice } from '../../providers/speech/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { type LinkRow, listQuestions } from '../links/index.ts'
import type { World } from '../world.ts'
import { listFollowUps } from './follow-ups.ts'
import { linkDeleted, sessionResponse } from './open-session.ts'
import type { TokenSigner } from './tokens.ts'

/** What was said is kept so long, whatever becomes of the link, and is said anew then. */
const KEEP_MS = 30 * 24 * 3_600_000
const NEXT_TURN_MS = 600_000
const BATCH = 100
const BUSY_SECONDS = 5

export interface SpeakDeps {
  world: World
  signer: TokenSigner
  storage: Storage
  speech: Pick<Speech, 'voices' | 'synthesize'>
  audio: Pick<Audio, 'convert'>
}

export interface SpokenQuestion {
  mp3: Uint8Array
  /** The same as long as the same voice says the same. */
  hash: string
  /** It was asked of one person only. */
  isPersonal: boolean
}

export type SpeakQuestion = (
  link: LinkRow,
  input: {
    fieldKey: string
    /** Of the session, for what was asked in it only. */
    token: string | undefined
    /** BCP 47, of a voice there is. Absent: the one in which the question was asked; of the link; of the first voice. */
    language: string | undefined
  },
) => Promise<SpokenQuestion>

/**
 * Reads questions of a link aloud. What is asked of everyone is said once and kept; what was asked about an answer is
 * not kept, since it may repeat what a person said. The same words are said once at a time. Throws NOT_FOUND (no such
 * question, nothing to say, or the link's `tts_enabled` is off), SPEECH_UNAVAILABLE (also when no voice speaks the
 * question's language, and none was asked for), VALIDATION_FAILED at `lang`,
 * RATE_LIMITED (too much is being said already), LINK_DELETED.
 */
export function createSpeaker({ world, signer, storage, speech, audio }: SpeakDeps): SpeakQuestion {
  const underWay = new Map<string, Promise<Uint8Array>>()

  /** One that comes while the same is being made gets what is made for the first. */
  function shared(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const running = underWay.get(key)
    if (running) return running
    const made = make().finally(() => underWay.delete(key))
    underWay.set(key, made)
    return made
  }

  async function say(text: string, voice: Voice): Promise<Uint8Array> {
    try {
      const { samples, sampleRate } = await speech.synthesize({ text: text.slice(0, MAX_TEXT), voice: voice.code })
      return (await audio.convert(encodeWav(samples, sampleRate), ['mp3'])).files.mp3
    } catch (error) {
      throw asExpected(error)
    }
  }

  async function sayAndKeep(workspaceId: string, hash: string, text: string, voice: Voice): Promise<Uint8Array> {
    const key = spokenKey(workspaceId, hash)
    const known = await world.db.query(
      sql`SELECT 1 FROM spoken_text WHERE workspace_id = ${workspaceId}::uuid AND hash = ${hash}`,
    )
    const stored = known.length > 0 ? await storage.read(key) : undefined
    if (stored) return buffer(stored.stream)
    const mp3 = await say(text, voice)
    // The row comes first: whatever happens from here on, the sweep knows of the bytes.
    const dueAt = new Date(world.clock.now().getTime() + KEEP_MS)
    await world.db.query(
      sql`INSERT INTO spoken_text (workspace_id, hash, due_at)
          VALUES (${workspaceId}::uuid, ${hash}, ${dueAt}::timestamptz)
          ON CONFLICT (workspace_id, hash) DO UPDATE SET due_at = excluded.due_at`,
    )
    await storage.write(key, once(mp3))
    return mp3
  }

  return async (link, { fieldKey, token, language }) => {
    if (link.deleted_at !== null) throw linkDeleted()
    if (link.settings.tts_enabled !== true) throw notRead('The questions of this link are not read aloud.')
    const { workspace_id: workspaceId } = link
    const questions = await listQuestions(world.db, workspaceId, link.id)
    const own = questions.find((question) => question.field_key === fieldKey)
    const asked = own ?? (token === undefined ? undefined : await followUpOf(link, token, fieldKey))
    if (!asked) throw new NotFoundError(`question "${fieldKey}"`, ['fieldKey'])
    const voice = voiceFor(speech.voices(), language, ['language' in asked ? asked.language : null, link.language])
    const hash = createHash('sha256')
      .update(JSON.stringify([voice.code, asked.prompt]))
      .digest('hex')
    const mp3 = await shared(`${workspaceId} ${hash}`, () =>
      own ? sayAndKeep(workspaceId, hash, asked.prompt, voice) : say(asked.prompt, voice),
    )
    return { mp3, hash, isPersonal: own === undefined }
  }

  async function followUpOf(link: LinkRow, token: string, fieldKey: string) {
    const response = await sessionResponse(world, signer, link, token)
    const followUps = await listFollowUps(world.db, link.workspace_id, response.id)
    return followUps.find((followUp) => followUp.field_key === fieldKey)
  }
}

/** Removes what was said long ago: the bytes first, then the row. Returns how many are gone. */
export async function sweepSpokenQuestions({ db, clock }: World, storage: Storage): Promise<number> {
  const now = clock.now()
  const nextTurn = new Date(now.getTime() + NEXT_TURN_MS)
  const due = await db.query<{ workspace_id: string; hash: string }>(
    sql`UPDATE spoken_text SET due_at = ${nextTurn}::timestamptz
        WHERE (workspace_id, hash) IN (SELECT workspace_id, hash FROM spoken_text WHERE due_at <= ${now}::timestamptz
                                       ORDER BY due_at LIMIT ${BATCH}::int FOR UPDATE SKIP LOCKED)
        RETURNING workspace_id, hash`,
  )
  for (const { workspace_id: workspaceId, hash } of due) {
    await storage.delete(spokenKey(workspaceId, hash))
    // Unless it was said again meanwhile.
    await db.query(
      sql`DELETE FROM spoken_text
          WHERE workspace_id = ${workspaceId}::uuid AND hash = ${hash} AND due_at = ${nextTurn}::timestamptz`,
    )
  }
  return due.length
}

/** `known`: what the words are known to be written in, the most specific first. A voice of another language mangles them. */
function voiceFor(voices: readonly Voice[], language: string | undefined, known: readonly (string | null)[]): Voice {
  const [first] = voices
  if (!first) throw new ExpectedError('SPEECH_UNAVAILABLE', 'This server has no text to speech.')
  const speaking = (tag: string) => voices.find((voice) => voice.language === tag.split('-', 1)[0]!.toLowerCase())
  if (language !== undefined) {
    const voice = speaking(language)
    if (voice) return voice
    const message = `must be one of ${[...new Set(voices.map((each) => each.language))].join(', ')}`
    throw new ValidationError([{ path: ['lang'], rule: 'unknown_option', message }])
  }
  const tags = known.filter((tag) => tag !== null)
  if (tags.length === 0) return first
  for (const tag of tags) {
    const voice = speaking(tag)
    if (voice) return voice
  }
  throw new ExpectedError('SPEECH_UNAVAILABLE', `No voice of this server speaks ${tags[0]}.`)
}

function asExpected(error: unknown): unknown {
  const refusal = error instanceof SpeechError || error instanceof AudioError ? error.refusal : undefined
  if (refusal === 'empty_text') return notRead('There is nothing to say in this question.')
  if (refusal !== 'unavailable') return error
  return new ExpectedError('RATE_LIMITED', 'Too much is being read aloud at this moment.', {
    details: { retryAfter: BUSY_SECONDS },
  })
}

function notRead(message: string): ExpectedError {
  return new ExpectedError('NOT_FOUND', message, { path: ['fieldKey'] })
}

function spokenKey(workspaceId: string, hash: string): string {
  return `speech/${workspaceId}/${hash}.mp3`
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
