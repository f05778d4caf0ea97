import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SoundForm } from '../../domains/responses/index.ts'
import { VOICE_FILE_FORMS, type VoiceFileForm } from '../../domains/voice-files/index.ts'
import type { Clock } from '../../platform/clock.ts'

/** How long an address works when nobody says otherwise: long enough to listen, too short to be passed around. */
export const DEFAULT_TTL_SECONDS = 3_600

export interface SignMediaUrlOptions {
  publicUrl: URL
  secret: Uint8Array
  clock: Clock
  workspaceId: string
  uploadId: string
  /** Seconds from now, or null for an address that does not expire. Default 3600. */
  ttlSeconds?: number | null
  /**
   * The address is the same for all who ask within so many seconds, so that a player that keeps what it fetched need not
   * fetch it for each of them; it then works for up to as much longer. Default 1.
   */
  sharedSeconds?: number
  /** What the address ends in, for people and players that look at names; it decides nothing. */
  fileName?: string
}

/** The last second of the year 9999: what never comes, in digits. */
const NEVER = 253_402_300_799

/**
 * An address from which the bytes of one upload can be read without a credential until it expires, since an `<audio>`
 * element cannot send a header. Ask it only for uploads that the viewer may read.
 */
export function signMediaUrl(options: SignMediaUrlOptions): string {
  const { uploadId, fileName } = options
  const name = fileName === undefined ? '' : `/${encodeURIComponent(fileName)}`
  return signedUrl(`/media/${uploadId}${name}`, uploadId, options)
}

function signedUrl(
  path: string,
  resource: string,
  options: Omit<SignMediaUrlOptions, 'uploadId' | 'fileName'>,
): string {
  const { publicUrl, secret, clock, workspaceId, ttlSeconds = DEFAULT_TTL_SECONDS, sharedSeconds = 1 } = options
  const until = (lasting: number) => Math.floor(clock.now().getTime() / 1000) + lasting
  const expires = ttlSeconds === null ? NEVER : Math.ceil(until(ttlSeconds) / sharedSeconds) * sharedSeconds
  const url = new URL(path, publicUrl)
  url.searchParams.set('workspace', workspaceId)
  url.searchParams.set('expires', String(expires))
  url.searchParams.set('signature', sign(secret, workspaceId, resource, String(expires)).toString('base64url'))
  return url.href
}

/** What a form of a voice file is called in its address; players look at the ending. */
const FORM_NAMES = { original: 'original', mp3: 'audio.mp3', wav: 'audio-8khz.wav' } as const satisfies Record<
  VoiceFileForm,
  string
>

/** The form that an address names; undefined when it names none. */
export function formNamed(fileName: string): VoiceFileForm | undefined {
  return VOICE_FILE_FORMS.find((form) => FORM_NAMES[form] === fileName)
}

export interface SignVoiceFileUrlOptions extends Omit<SignMediaUrlOptions, 'uploadId' | 'fileName'> {
  voiceFileId: string
  form: VoiceFileForm
}

/** The same for one form of a voice file. */
export function signVoiceFileUrl({ voiceFileId, form, ...options }: SignVoiceFileUrlOptions): string {
  return signedUrl(`/media/voice/${voiceFileId}/${FORM_NAMES[form]}`, voiceFileResource(voiceFileId, form), options)
}

/** What a signature for a form of a voice file is for. */
export function voiceFileResource(voiceFileId: string, form: VoiceFileForm): string {
  return `voice/${voiceFileId}/${form}`
}

export interface SignRecordingUrlOptions extends Omit<SignMediaUrlOptions, 'uploadId' | 'fileName'> {
  recordingId: string
}

/** The same for a recording of a call. */
export function signRecordingUrl({ recordingId, ...options }: SignRecordingUrlOptions): string {
  return signedUrl(`/media/recordings/${recordingId}/audio.wav`, recordingResource(recordingId), options)
}

/** What a signature for a recording is for. */
export function recordingResource(recordingId: string): string {
  return `recordings/${recordingId}`
}

/**
 * What a form of a recording is called in its address; whoever may read the recording may read its forms. A recording
 * that came as WAV is `audio.wav` itself.
 */
export function uploadFormName(form: SoundForm): string {
  return form === 'mp3' ? 'audio.mp3' : 'audio-16khz.wav'
}

const AUDIO_ENDINGS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'audio/webm': 'webm',
}

/** A name such as `audio.mp3` for a recording; undefined for what is none. */
export function audioFileName(mediaType: string): string | undefined {
  const ending = AUDIO_ENDINGS[mediaType]
  return ending && `audio.${ending}`
}

export interface SignedQuery {
  workspace: string
  /** Seconds since 1970, UTC. */
  expires: string
  signature: string
}

/** Whether this server signed exactly this and it has not expired; of an upload the resource is its id. */
export function verifyMediaUrl(secret: Uint8Array, clock: Clock, resource: string, query: SignedQuery): boolean {
  const given = Buffer.from(query.signature, 'base64url')
  const right = sign(secret, query.workspace, resource, query.expires)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return false
  return Number(query.expires) * 1000 > clock.now().getTime()
}

function sign(secret: Uint8Array, workspaceId: string, resource: string, expires: string): Buffer {
  return createHmac('sha256', secret).update(`saygraph:media:${workspaceId}:${resource}:${expires}`).digest()
}
