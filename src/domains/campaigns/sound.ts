export type Sound = { kind: 'voice_file'; voiceFileId: string } | { kind: 'silence'; durationMs: number }

/** How long sounds play, in milliseconds. */
export function playedMs(sounds: readonly Sound[], durationOf: (voiceFileId: string) => number): number {
  return sounds.reduce(
    (sum, sound) => sum + (sound.kind === 'silence' ? sound.durationMs : durationOf(sound.voiceFileId)),
    0,
  )
}
