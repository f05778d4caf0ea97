import { encodeGlobalId, idOrNull } from '../global-id.ts'

/** An id that no object has: what is not a global id of the type is refused like an unknown one. */
export const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The UUID within the global id of a voice file. */
export function voiceFileUuid(globalId: string): string {
  return idOrNull('VoiceFile', globalId) ?? NOBODY
}

/** Operations of a voice broadcast as they are given, with UUIDs for the global ids of voice files. */
export function operationsIn(operations: unknown): unknown {
  return replaceVoiceFileIds(operations, voiceFileUuid)
}

/** The same the other way round, for showing them. */
export function operationsOut(operations: unknown): unknown {
  return replaceVoiceFileIds(operations, (id) => encodeGlobalId('VoiceFile', id))
}

/** Deeper than operations can be; what is deeper is refused by whoever reads them. */
const MAX_DEPTH = 32

/** Any JSON: it is not judged here. */
function replaceVoiceFileIds(value: unknown, replacement: (id: string) => string, depth = 0): unknown {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => replaceVoiceFileIds(item, replacement, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'voiceFileId' && typeof item === 'string'
        ? replacement(item)
        : replaceVoiceFileIds(item, replacement, depth + 1),
    ]),
  )
}
