import { type Recording, UnreadableRecording } from './entry.ts'
import { readHar } from './read-har.ts'
import { readLines } from './read-lines.ts'

/** A recording of either form. Throws UnreadableRecording with the line and the rule that it breaks. */
export function readRecording(text: string, name: string): Recording {
  // A byte order mark is common in HARs of some proxies.
  const content = text.replace(/^\uFEFF/, '')
  const recording = looksLikeHar(content) ? readHar(content) : readLines(content)
  if (recording.entries.length === 0) throw new UnreadableRecording(1, 'it holds no request')
  return { ...recording, name: recording.name || name }
}

/** A HAR is one object with `log`; lines of JSON hold one object each. */
function looksLikeHar(content: string): boolean {
  return /^\s*\{\s*"log"\s*:/.test(content)
}
