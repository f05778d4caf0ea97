import type { Segment, Transcribed } from './transcription.ts'

/** Of an hour of fast speech, with room to spare; engines that loop say more. */
const MAX_CHARACTERS = 100_000
const MAX_SEGMENTS = 20_000

/**
 * What an engine says, as it may be stored: well-formed text without NUL and within bounds, a confidence between 0 and
 * 1, segments in order and within a day; what does not make sense is left out, since the words count.
 */
export function heard({ text, language, confidence, segments }: Transcribed): Transcribed {
  const isSure = confidence !== null && confidence >= 0 && confidence <= 1
  return {
    text: clean(text),
    language,
    confidence: isSure ? confidence : null,
    segments: segments && isOrdered(segments) ? segments.map((each) => ({ ...each, text: clean(each.text) })) : null,
  }
}

function clean(text: string): string {
  const whole = text.toWellFormed().replaceAll('\0', '').trim()
  // A character that the cut went through is left out.
  return whole.length <= MAX_CHARACTERS ? whole : whole.slice(0, MAX_CHARACTERS).replace(/[\ud800-\udbff]$/, '')
}

const DAY_MS = 86_400_000

function isOrdered(segments: readonly Segment[]): boolean {
  let before = 0
  return (
    segments.length <= MAX_SEGMENTS &&
    segments.every(({ startMs, endMs }) => {
      const fits = startMs >= before && endMs >= startMs && endMs <= DAY_MS
      before = startMs
      return fits
    })
  )
}
