import type { Media } from '../telephony.ts'

/** What is played one after the other; silence is nothing played for a while. */
export type Part = { files: { uri: string; durationMs: number | undefined }[] } | { silenceMs: number }

/** Files and URLs that follow each other are one list, which Asterisk plays without a gap. */
export function partsOf(media: readonly Media[]): Part[] {
  const parts: Part[] = []
  for (const medium of media) {
    if (medium.kind === 'silence') {
      parts.push({ silenceMs: medium.durationMs })
      continue
    }
    // Asterisk chooses the file's ending by what the channel can play.
    const uri = `sound:${medium.kind === 'url' ? medium.url : medium.path.replace(/\.wav$/i, '')}`
    const file = { uri, durationMs: medium.durationMs }
    const last = parts.at(-1)
    if (last && 'files' in last) last.files.push(file)
    else parts.push({ files: [file] })
  }
  return parts
}
