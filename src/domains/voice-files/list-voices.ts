import type { Voice } from '../../providers/speech/index.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { VoiceFileDeps } from './deps.ts'

export type { Voice } from '../../providers/speech/index.ts'

/** The voices that `createSpeech` takes; none when this server cannot speak. Throws INSUFFICIENT_SCOPE (`voiceFiles:read`). */
export function listVoices({ speech }: Pick<VoiceFileDeps, 'speech'>, viewer: Viewer): readonly Voice[] {
  requireScope(viewer, 'voiceFiles:read')
  return speech.voices()
}
