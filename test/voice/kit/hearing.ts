import { RATE, similarity } from '../rig/audio.ts'

/** How like a prompt what was heard must be, and how unlike another one. */
export const ALIKE = 0.9
export const UNLIKE = 0.3

const WINDOW = RATE

/**
 * How like a prompt something in a sound is. On a machine too busy for Asterisk to keep time there is a gap in what a
 * phone hears, and only what is before and after it is found as a whole: then most seconds of the prompt must be.
 */
export function likeness(sound: Int16Array, prompt: Int16Array): { best: number; at: number } {
  const whole = similarity(sound, prompt)
  if (whole.best >= ALIKE) return whole
  const seconds = Array.from({ length: Math.floor(prompt.length / WINDOW) }, (_, n) =>
    similarity(sound, prompt.slice(n * WINDOW, (n + 1) * WINDOW)),
  )
  const best = seconds.map((one) => one.best).sort((a, b) => a - b)[seconds.length >> 1] ?? 0
  return best > whole.best ? { best, at: seconds[0]!.at } : whole
}
