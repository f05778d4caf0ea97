/**
 * - `original`: what was uploaded or synthesised
 * - `mp3`: for browsers
 * - `wav`: 16 bits at 8 kHz, for telephones
 */
export const VOICE_FILE_FORMS = ['original', 'mp3', 'wav'] as const
export type VoiceFileForm = (typeof VOICE_FILE_FORMS)[number]

/** Where the bytes of a form lie: made of ids only, so that whatever runs twice writes and removes the same objects. */
export function storageKey(workspaceId: string, id: string, form: VoiceFileForm): string {
  return `voice-files/${workspaceId}/${id}.${form}`
}
