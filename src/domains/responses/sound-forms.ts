import type { Storage } from '../../providers/storage/index.ts'
import type { ReadyUpload } from './store.ts'

/**
 * What is made of a recording.
 * - `mp3`: for browsers
 * - `wav`: 16 bits at 16 kHz, for transcription
 */
export const SOUND_FORMS = ['mp3', 'wav'] as const
export type SoundForm = (typeof SOUND_FORMS)[number]

/** Where the bytes of a form lie, beside those of the upload. */
export function formKey(storageKey: string, form: SoundForm): string {
  return `${storageKey}.${form}`
}

const FORM_TYPES: Readonly<Record<SoundForm, string>> = { mp3: 'audio/mpeg', wav: 'audio/wav' }

/** A form as it is served; undefined until it was made. */
export function storedForm(
  { storage_key: key, mp3_size, wav_size }: ReadyUpload,
  form: SoundForm,
): Pick<ReadyUpload, 'storage_key' | 'media_type' | 'size'> | undefined {
  const size = { mp3: mp3_size, wav: wav_size }[form]
  return size ? { storage_key: formKey(key, form), media_type: FORM_TYPES[form], size } : undefined
}

/** Removes what was made of a recording; what was not is no matter. */
export async function removeForms(storage: Storage, storageKey: string): Promise<void> {
  for (const form of SOUND_FORMS) await storage.delete(formKey(storageKey, form))
}
