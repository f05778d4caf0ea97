import {
  type Audio,
  AudioError,
  type AudioFacts,
  type AudioSource,
  type AudioTarget,
  WAVEFORM_POINTS,
} from './audio.ts'

const FACTS: AudioFacts = {
  container: 'wav',
  codec: 'pcm',
  durationMs: 1_000,
  sampleRate: 8_000,
  channels: 1,
  peak: 0.5,
  silent: false,
}

/**
 * The fake of this port: says of every file the same, or what `answerNext` was given, and makes files that hold the
 * target's name. Remembers what was asked.
 */
export function fakeAudio(): Audio & {
  readonly history: { bytes: number; targets: readonly AudioTarget[] }[]
  answerNext(answer: Partial<AudioFacts> | Error): void
} {
  const history: { bytes: number; targets: readonly AudioTarget[] }[] = []
  const answers: (Partial<AudioFacts> | Error)[] = []
  async function take(source: AudioSource, targets: readonly AudioTarget[], signal?: AbortSignal): Promise<AudioFacts> {
    signal?.throwIfAborted()
    let bytes = 0
    for await (const chunk of source instanceof Uint8Array ? [source] : source) bytes += chunk.length
    history.push({ bytes, targets })
    const answer = answers.shift()
    if (answer instanceof Error) throw answer
    if (bytes === 0) throw new AudioError('empty', 'the file has no bytes')
    return { ...FACTS, ...answer }
  }
  return {
    history,
    answerNext: (answer) => void answers.push(answer),
    inspect: (source, options) => take(source, [], options?.signal),
    async convert<Target extends AudioTarget>(
      source: AudioSource,
      targets: readonly Target[],
      options?: { signal?: AbortSignal },
    ) {
      const facts = await take(source, targets, options?.signal)
      const files = Object.fromEntries(targets.map((target) => [target, new TextEncoder().encode(target)]))
      return {
        facts,
        files: files as Record<Target, Uint8Array<ArrayBuffer>>,
        waveform: new Uint8Array(WAVEFORM_POINTS),
      }
    },
    async close() {},
  }
}
