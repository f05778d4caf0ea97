import { AudioError } from './audio.ts'
import type { ByteSource } from './decoded.ts'

/** How an MP4 or QuickTime file begins, after the size of its first box. */
const BEGINNINGS = ['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip']
/** Boxes on the way to the tables of samples. */
const CONTAINERS = ['moov', 'trak', 'mdia', 'minf', 'stbl']
/** Where in a table's entry a count of samples stands, and how long an entry is. */
const TABLES: Readonly<Record<string, { countAt: number; entryBytes: number }>> = {
  stts: { countAt: 0, entryBytes: 8 },
  ctts: { countAt: 0, entryBytes: 8 },
  stsc: { countAt: 4, entryBytes: 12 },
}
const TABLE_HEAD_BYTES = 8
const MAX_TABLE_BYTES = 32_000_000
const MAX_BOXES = 10_000

/**
 * Throws AudioError `hostile` for an MP4 file whose tables count more samples than it has bytes: mediabunny would count
 * up to billions; and `truncated` for one that ends before it says what its bytes mean, which mediabunny would take for
 * one without sound. Other files pass.
 */
export function checkBoxes(source: ByteSource): void {
  if (!BEGINNINGS.includes(name(source.read(4, 4)))) return
  let boxes = 0
  const met = new Set<string>()
  const walk = (from: number, to: number): void => {
    for (let at = from; at + 8 <= to; ) {
      if (++boxes > MAX_BOXES) throw new AudioError('hostile', `the MP4 file has more than ${MAX_BOXES} boxes`)
      const head = source.read(at, 16)
      const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
      const short = view.getUint32(0)
      const type = name(head.subarray(4, 8))
      const headBytes = short === 1 ? 16 : 8
      const size = short === 0 ? to - at : short === 1 && head.length === 16 ? Number(view.getBigUint64(8)) : short
      if (size < headBytes) return
      met.add(type)
      const [start, end] = [at + headBytes, Math.min(at + size, to)]
      if (CONTAINERS.includes(type)) walk(start, end)
      const table = TABLES[type]
      if (table) checkTable(source, start, end, table)
      at += size
    }
  }
  walk(0, source.size)
  if (met.has('mdat') && !met.has('moov')) throw new AudioError('truncated', 'the MP4 file ends before its description')
}

function checkTable(
  source: ByteSource,
  start: number,
  end: number,
  { countAt, entryBytes }: { countAt: number; entryBytes: number },
): void {
  if (end - start > MAX_TABLE_BYTES) throw new AudioError('hostile', 'the MP4 file has a table that is too large')
  const bytes = source.read(start, end - start)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let samples = 0
  for (let at = TABLE_HEAD_BYTES; at + entryBytes <= bytes.length; at += entryBytes) {
    samples += view.getUint32(at + countAt)
    if (samples > source.size) {
      throw new AudioError('hostile', 'the MP4 file counts more samples than it has bytes')
    }
  }
}

function name(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
