import { Readable } from 'node:stream'
import { fileTypeFromBuffer, fileTypeFromStream, supportedExtensions } from 'file-type'
import type { Configuration, QuestionRow } from '../links/index.ts'

/** How many leading bytes are enough to judge what a file is. */
export const SNIFF_BYTES = 65_536

/** Extensions of recordings that browsers and telephones make, as `file-type` names their content. */
const AUDIO: ReadonlyMap<string, string> = new Map([
  ['webm', 'audio/webm'],
  ['mp4', 'audio/mp4'],
  ['m4a', 'audio/mp4'],
  ['ogg', 'audio/ogg'],
  ['oga', 'audio/ogg'],
  ['opus', 'audio/ogg'],
  ['wav', 'audio/wav'],
  ['mp3', 'audio/mpeg'],
])

/** Names for one kind of content. */
const SYNONYMS: Readonly<Record<string, string>> = { jpeg: 'jpg', tiff: 'tif', htm: 'html', mpeg: 'mpg' }

/** Content without a signature, told by the name, once the bytes are known to be text. */
const TEXT_TYPES: ReadonlyMap<string, string> = new Map([
  ['txt', 'text/plain'],
  ['csv', 'text/csv'],
  ['md', 'text/markdown'],
  ['json', 'application/json'],
])

export interface JudgedType {
  extension: string
  mediaType: string
}

/** The office formats of before 2007, which share one kind of container and are told apart by the name only. */
const OLD_OFFICE: ReadonlyMap<string, string> = new Map([
  ['doc', 'application/msword'],
  ['xls', 'application/vnd.ms-excel'],
  ['ppt', 'application/vnd.ms-powerpoint'],
])

/**
 * What the bytes are, by their content; undefined when that cannot be told. `whole` opens all of them, for archives
 * whose kind is written further back than the head reaches: many word processors put the pictures first.
 */
export async function judgeContent(
  head: Uint8Array,
  fileName: string | null,
  whole?: () => Promise<Readable | undefined>,
): Promise<JudgedType | undefined> {
  let found = await fileTypeFromBuffer(head)
  if (found?.ext === 'zip' && head.length >= SNIFF_BYTES) {
    const stream = await whole?.()
    if (stream) {
      found = (await fileTypeFromStream(Readable.toWeb(stream))) ?? found
      stream.destroy()
    }
  }
  if (found?.ext === 'cfb') {
    const named = nameEnding(fileName)
    const mediaType = OLD_OFFICE.get(named)
    if (mediaType) return { extension: named, mediaType }
  }
  if (found) return { extension: canonical(found.ext), mediaType: found.mime }
  if (!isText(head)) return undefined
  const named = nameEnding(fileName) || 'txt'
  const extension = hasSignature(named) ? 'txt' : named
  return { extension, mediaType: TEXT_TYPES.get(extension) ?? 'text/plain' }
}

/** Whether content of this kind would have been recognised, so that text which bears its name is not it. */
function hasSignature(extension: string): boolean {
  // XML is recognised by a prolog that it may lack.
  return (supportedExtensions as ReadonlySet<string>).has(extension) && extension !== 'xml'
}

/** The media type to store when the question takes such content; undefined when it does not. */
export function acceptedType(question: QuestionRow, judged: JudgedType | undefined): string | undefined {
  if (question.type !== 'file_upload') return judged && AUDIO.get(judged.extension)
  const { allowed_types = [] } = question.configuration as Configuration<'file_upload'>
  if (allowed_types.length === 0) return judged?.mediaType ?? 'application/octet-stream'
  const allowed = new Set(allowed_types.map((type) => canonical(type.replace(/^\./, ''))))
  return judged && allowed.has(judged.extension) ? judged.mediaType : undefined
}

function nameEnding(fileName: string | null): string {
  return canonical(/\.([A-Za-z0-9]{1,10})$/.exec(fileName ?? '')?.[1] ?? '')
}

function canonical(extension: string): string {
  const lower = extension.toLowerCase()
  return SYNONYMS[lower] ?? lower
}

function isText(head: Uint8Array): boolean {
  if (head.includes(0)) return false
  // The head may end within a character; everything before must be whole.
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}
