import type { Audio } from './audio.ts'
import { type AudioThreadsOptions, audioThreads } from './threads.ts'

export {
  AUDIO_TARGETS,
  type Audio,
  AudioError,
  type AudioFacts,
  type AudioOptions,
  type AudioRefusal,
  type AudioSource,
  type AudioTarget,
  type Converted,
  WAVEFORM_POINTS,
} from './audio.ts'
export { fakeAudio } from './fake.ts'
export { encodeWav } from './wav.ts'

/** There is one way to handle audio; what it finds installed makes the difference. */
export type AudioConfig = AudioThreadsOptions

export function createAudio(config: AudioConfig): Audio {
  return audioThreads(config)
}
